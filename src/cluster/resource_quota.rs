//! ResourceQuotas: their specs and statuses, what the objects of a namespace count, and whether a request fits.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, ClaimId, Cluster, NamespaceId, ObjectHead, PodId, ResourceQuotaId, ServiceId, TemplateId};
use crate::api::quota::{
    CountedObject, CountedPod, PodDeletion, Quantities, QuotaState, check_request, matches_when_counted,
    matching_resources, usage,
};
use crate::api::{self, Kind, Name, PodPhase, Quantity};
use crate::units::SimTime;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A ResourceQuota.
#[derive(Clone, Debug)]
pub struct ResourceQuota {
    /// Spec.
    pub object: Arc<api::ResourceQuota>,
    /// Namespace.
    pub namespace: NamespaceId,
    /// `status.hard`: the spec's as the resource quota controller last saw it.
    pub status_hard: Quantities,
    /// `status.used`: raised by admission, counted anew by the controller.
    pub status_used: Quantities,
    /// Version and creation.
    pub head: ObjectHead,
    /// Whether the object was removed.
    pub removed: bool,
}

/// All ResourceQuotas, and the pods of the namespaces that have some.
#[derive(Clone, Debug, Default)]
pub(super) struct Quotas {
    objects: Vec<ResourceQuota>,
    by_namespace: BTreeMap<NamespaceId, NamespaceQuotas>,
}

/// The quotas of a namespace that exist, by name, and what its pods count. Pods of one template count the same as long as
/// they are neither resized nor being deleted, so that their number is enough.
#[derive(Clone, Debug, Default)]
struct NamespaceQuotas {
    quotas: BTreeMap<Name, ResourceQuotaId>,
    by_template: BTreeMap<(TemplateId, bool), i64>,
    apart: BTreeSet<PodId>,
}

/// How a pod is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CountedAs {
    /// It is not: it is gone, or its namespace has no quotas.
    Nothing,
    /// As one of its template; the flag says whether it has ended.
    OfTemplate(TemplateId, bool),
    /// By itself.
    Apart,
}

impl NamespaceQuotas {
    fn count(&mut self, pod: PodId, counted: CountedAs, change: i64) {
        match counted {
            CountedAs::Nothing => {}
            CountedAs::OfTemplate(template, has_ended) => {
                let key = (template, has_ended);
                let count = self.by_template.entry(key).or_insert(0);
                *count += change;
                if *count == 0 {
                    self.by_template.remove(&key);
                }
            }
            CountedAs::Apart if change > 0 => _ = self.apart.insert(pod),
            CountedAs::Apart => _ = self.apart.remove(&pod),
        }
    }
}

impl Quotas {
    /// How many there ever were.
    pub(super) const fn len(&self) -> usize {
        self.objects.len()
    }
}

impl Cluster {
    /// A ResourceQuota.
    pub fn resource_quota(&self, id: ResourceQuotaId) -> &ResourceQuota {
        &self.quotas.objects[id.index()]
    }

    /// Every ResourceQuota that exists, in order of creation.
    pub fn resource_quotas(&self) -> impl Iterator<Item = (ResourceQuotaId, &ResourceQuota)> {
        let quotas = self.quotas.objects.iter().enumerate().filter(|(_, quota)| !quota.removed);
        quotas.map(|(index, quota)| (ResourceQuotaId::from_index(index), quota))
    }

    /// The ResourceQuotas of a namespace, in order of their names.
    pub fn quotas_of(&self, namespace: NamespaceId) -> impl Iterator<Item = ResourceQuotaId> {
        self.quotas.by_namespace.get(&namespace).into_iter().flat_map(|quotas| quotas.quotas.values().copied())
    }

    /// Creates a ResourceQuota, or replaces the spec of the one with its name. What exists before the run begins was
    /// counted before: a quota of the start knows its usage from the first moment on.
    pub fn apply_resource_quota(&mut self, object: api::ResourceQuota, now: SimTime) -> ResourceQuotaId {
        let namespace = self.namespace(&object.meta.namespace, now);
        let name = object.meta.name.clone();
        let id = if let Some(id) = self.find::<ResourceQuotaId>(Kind::ResourceQuota, namespace, &name) {
            let quota = &mut self.quotas.objects[id.index()];
            if *quota.object != object {
                quota.object = Arc::new(object);
                quota.head.change(&mut self.versions);
            }
            id
        } else {
            let id = ResourceQuotaId::from_index(self.quotas.objects.len());
            self.index.add(Kind::ResourceQuota, id, Some(namespace), &name);
            let head = ObjectHead::new(&mut self.versions, now);
            self.quotas.objects.push(ResourceQuota {
                object: Arc::new(object),
                namespace,
                status_hard: Quantities::default(),
                status_used: Quantities::default(),
                head,
                removed: false,
            });
            self.watch_pods_of(namespace);
            self.quotas.by_namespace.entry(namespace).or_default().quotas.insert(name, id);
            id
        };
        self.changes.push(Change::ResourceQuotaSpec(id));
        if now == SimTime::ZERO {
            let used = self.counted_usage(id, now);
            let hard = self.resource_quota(id).object.hard.clone();
            self.set_resource_quota_status(id, hard, used);
        }
        id
    }

    /// Writes a ResourceQuota's status.
    pub fn set_resource_quota_status(&mut self, id: ResourceQuotaId, hard: Quantities, used: Quantities) {
        let quota = &mut self.quotas.objects[id.index()];
        if !quota.removed && (quota.status_hard != hard || quota.status_used != used) {
            (quota.status_hard, quota.status_used) = (hard, used);
            quota.head.change(&mut self.versions);
            self.changes.push(Change::ResourceQuotaStatus(id));
        }
    }

    /// Removes a ResourceQuota.
    pub fn remove_resource_quota(&mut self, id: ResourceQuotaId) {
        let quota = &mut self.quotas.objects[id.index()];
        if quota.removed {
            return;
        }
        quota.removed = true;
        quota.head.change(&mut self.versions);
        let (namespace, name) = (quota.namespace, quota.object.meta.name.clone());
        self.index.remove(Kind::ResourceQuota, id, Some(namespace), &name);
        if let Some(quotas) = self.quotas.by_namespace.get_mut(&namespace) {
            quotas.quotas.remove(&name);
            if quotas.quotas.is_empty() {
                self.quotas.by_namespace.remove(&namespace);
            }
        }
        self.changes.push(Change::ResourceQuotaRemoved(id));
    }

    /// Counts the pods of a namespace that gets its first quota.
    fn watch_pods_of(&mut self, namespace: NamespaceId) {
        if self.quotas.by_namespace.contains_key(&namespace) {
            return;
        }
        let mut quotas = NamespaceQuotas::default();
        for (id, pod) in self.pods().filter(|(_, pod)| pod.namespace == namespace) {
            quotas.count(id, self.count_of(id, pod), 1);
        }
        self.quotas.by_namespace.insert(namespace, quotas);
    }

    fn count_of(&self, id: PodId, pod: &super::Pod) -> CountedAs {
        if !pod.exists() {
            CountedAs::Nothing
        } else if pod.deletion.is_some() || self.resize_of(id).is_some() {
            CountedAs::Apart
        } else {
            CountedAs::OfTemplate(pod.template, pod.phase.is_terminal())
        }
    }

    /// How a pod is counted before it changes.
    pub(super) fn counted_as(&self, id: PodId) -> CountedAs {
        let pod = self.pod(id);
        if !self.quotas.by_namespace.contains_key(&pod.namespace) {
            return CountedAs::Nothing;
        }
        self.count_of(id, pod)
    }

    /// Counts a pod anew that was counted otherwise before.
    pub(super) fn recount(&mut self, id: PodId, before: CountedAs) {
        let after = self.counted_as(id);
        if before != after
            && let Some(quotas) = self.quotas.by_namespace.get_mut(&self.pods[id.index()].namespace)
        {
            quotas.count(id, before, -1);
            quotas.count(id, after, 1);
        }
    }

    /// What the objects of its namespace count for a quota, of the resources that it bounds and some kind counts
    /// (`CalculateUsage`).
    pub fn counted_usage(&self, id: ResourceQuotaId, now: SimTime) -> Quantities {
        let quota = self.resource_quota(id);
        let spec = &quota.object;
        let mut total = Quantities::default();
        for kind in Kind::ALL.iter().copied().filter(|kind| !kind.is_cluster_scoped()) {
            let bounded = matching_resources(kind, spec.hard.names());
            if bounded.is_empty() {
                continue;
            }
            for resource in &bounded {
                total.insert(resource.clone(), Quantity::ZERO);
            }
            let mut used = Quantities::default();
            self.each_counted(kind, quota.namespace, now, |object, count| {
                if matches_when_counted(spec, object) {
                    used.add_times(&usage(object), count);
                }
            });
            total.add_times(&used.masked(|name| bounded.contains(name)), 1);
        }
        total
    }

    /// Calls `count` with the objects of a kind in a namespace with quotas, and how many there are of each sort.
    fn each_counted(
        &self,
        kind: Kind,
        namespace: NamespaceId,
        now: SimTime,
        mut count: impl FnMut(&CountedObject<'_>, i64),
    ) {
        match kind {
            Kind::Pod => {
                let Some(quotas) = self.quotas.by_namespace.get(&namespace) else { return };
                for ((template, has_ended), number) in &quotas.by_template {
                    let spec = &self.template(*template).template.spec;
                    let phase = if *has_ended { PodPhase::Succeeded } else { PodPhase::Running };
                    let pod = CountedPod { spec, phase, deletion: None, status: None, now };
                    count(&CountedObject::Pod(pod), *number);
                }
                for id in &quotas.apart {
                    count(&CountedObject::Pod(self.counted_pod(*id, now)), 1);
                }
            }
            Kind::Service => {
                for id in self.index.of_kind::<ServiceId>(kind, namespace) {
                    count(&CountedObject::Service(&self.service(id).object), 1);
                }
            }
            Kind::PersistentVolumeClaim => {
                for id in self.index.of_kind::<ClaimId>(kind, namespace) {
                    count(&CountedObject::Claim(&self.storage.claim(id).object), 1);
                }
            }
            _ => {
                let number = self.index.ids_of_kind(kind, namespace).count();
                count(&CountedObject::Other(kind), i64::try_from(number).unwrap_or(i64::MAX));
            }
        }
    }

    /// The first time after `now` at which a pod of a namespace that is being deleted stops counting.
    pub fn next_pod_to_expire(&self, namespace: NamespaceId, now: SimTime) -> Option<SimTime> {
        let apart = self.quotas.by_namespace.get(&namespace).into_iter().flat_map(|quotas| &quotas.apart);
        let expiries = apart.filter_map(|id| Some(self.counted_pod(*id, now).deletion?.counts_until()));
        expiries.filter(|expiry| *expiry >= now).min()
    }

    /// A pod of the cluster as quotas see it.
    pub fn counted_pod(&self, id: PodId, now: SimTime) -> CountedPod<'_> {
        let pod = self.pod(id);
        let deletion = pod
            .deletion
            .map(|deletion| PodDeletion { timestamp: deletion.requested + deletion.grace, grace: deletion.grace });
        let status = self.resize_of(id).map(|resize| &resize.status);
        CountedPod { spec: &self.current_template(id).spec, phase: pod.phase, deletion, status, now }
    }

    /// Charges a request to create an object of this name, or to change `old` into it, to the quotas of its namespace. Says
    /// why the API server refuses it, in its words, if it does; then nothing is charged.
    pub fn charge(
        &mut self,
        namespace: NamespaceId,
        object: &CountedObject<'_>,
        old: Option<&CountedObject<'_>>,
        name: &str,
    ) -> Option<String> {
        let quotas = &self.quotas.by_namespace.get(&namespace)?.quotas;
        let ids: Vec<ResourceQuotaId> = quotas.values().copied().collect();
        let state = |id: &ResourceQuotaId| {
            let quota = &self.quotas.objects[id.index()];
            QuotaState { quota: &quota.object, hard: &quota.status_hard, used: &quota.status_used }
        };
        let states: Vec<QuotaState<'_>> = ids.iter().map(state).collect();
        match check_request(&states, object, old) {
            Ok(after) => {
                for (id, used) in ids.into_iter().zip(after) {
                    if let Some(used) = used {
                        let hard = self.quotas.objects[id.index()].status_hard.clone();
                        self.set_resource_quota_status(id, hard, used);
                    }
                }
                None
            }
            Err(error) => Some(error.as_response(object.kind(), name)),
        }
    }
}

impl Apply for api::ResourceQuota {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Admission
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_resource_quota(self.clone(), now);
        None
    }
}

impl Resource for ResourceQuotaId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::ResourceQuota
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.resource_quota(self).object.meta.name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.resource_quota(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.resource_quota(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.quotas.objects[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_resource_quota(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Container, LabelSelector, ObjectMeta, PodSpec, PodTemplate, ResourceList};
    use crate::cluster::{Disruption, NewPod};
    use crate::units::{MilliCpu, SimDuration};
    use proptest::prelude::*;

    fn quota(hard: &[(&str, &str)]) -> api::ResourceQuota {
        let hard = hard.iter().map(|(name, text)| (Name::from(*name), text.parse().unwrap())).collect();
        let meta = ObjectMeta { name: "q".into(), namespace: "shop".into(), ..ObjectMeta::default() };
        api::ResourceQuota { meta, hard, ..api::ResourceQuota::default() }
    }

    fn template(cluster: &mut Cluster, milli: i64) -> TemplateId {
        let requests = ResourceList { cpu: Some(MilliCpu::new(milli)), ..ResourceList::default() };
        let spec = PodSpec { containers: vec![Container { requests, ..Container::default() }], ..PodSpec::default() };
        cluster.intern_template(&Arc::new(PodTemplate { spec, ..PodTemplate::default() }))
    }

    #[test]
    fn a_request_is_charged_only_if_it_is_admitted() {
        let mut cluster = Cluster::default();
        let id = cluster.apply_resource_quota(quota(&[("pods", "2"), ("requests.cpu", "1")]), SimTime::ZERO);
        let namespace = cluster.resource_quota(id).namespace;
        let (small, large) = (template(&mut cluster, 400), template(&mut cluster, 700));
        let mut create = |name: &str, template| {
            let created = cluster.create_pod(NewPod::bare(name.into(), namespace, template), SimTime::ZERO);
            (created.map_err(|refusal| refusal.message).err(), cluster.resource_quota(id).status_used.to_string())
        };
        let cases = [
            ("a", small, None, "pods=1,requests.cpu=400m"),
            (
                "b",
                large,
                Some(
                    "exceeded quota: q, requested: requests.cpu=700m, used: requests.cpu=400m, limited: requests.cpu=1",
                ),
                "pods=1,requests.cpu=400m",
            ),
            ("c", small, None, "pods=2,requests.cpu=800m"),
            (
                "d",
                small,
                Some(
                    "exceeded quota: q, requested: pods=1,requests.cpu=400m, used: pods=2,requests.cpu=800m, \
                     limited: pods=2,requests.cpu=1",
                ),
                "pods=2,requests.cpu=800m",
            ),
        ];
        for (name, template, refusal, used) in cases {
            let refusal = refusal.map(|text| format!("pods \"{name}\" is forbidden: {text}"));
            assert_eq!(create(name, template), (refusal, used.to_owned()), "{name}");
        }
    }

    #[test]
    fn a_quota_that_was_not_counted_yet_refuses_everything_that_it_bounds() {
        let mut cluster = Cluster::default();
        let now = SimTime::from_secs(1);
        let id = cluster.apply_resource_quota(quota(&[("services", "1")]), now);
        let namespace = cluster.resource_quota(id).namespace;
        let service = |name: &str| api::Service {
            meta: ObjectMeta { name: name.into(), namespace: "shop".into(), ..ObjectMeta::default() },
            selector: Some(LabelSelector::default()),
            ..api::Service::default()
        };
        // Its status bounds nothing yet.
        let charge = |cluster: &mut Cluster, name: &str| {
            cluster.charge(namespace, &CountedObject::Service(&service(name)), None, name)
        };
        assert_eq!(charge(&mut cluster, "a"), None);
        let hard = cluster.resource_quota(id).object.hard.clone();
        cluster.set_resource_quota_status(id, hard.clone(), Quantities::default());
        let unknown = "services \"a\" is forbidden: status unknown for quota: q, resources: services";
        assert_eq!(charge(&mut cluster, "a").as_deref(), Some(unknown));
        let counted = cluster.counted_usage(id, now);
        cluster.set_resource_quota_status(id, hard, counted);
        assert_eq!(charge(&mut cluster, "a"), None);
    }

    proptest! {
        #[test]
        fn what_is_counted_as_it_changes_is_what_a_look_at_every_pod_gives(
            steps in prop::collection::vec(any::<(u8, u8)>(), 1..60),
        ) {
            let mut cluster = Cluster::default();
            let [shop, other] = ["shop", "other"].map(|name| cluster.namespace(&name.into(), SimTime::ZERO));
            let templates = [template(&mut cluster, 100), template(&mut cluster, 250)];
            let (mut pods, mut id) = (Vec::new(), None);
            for (step, (verb, number)) in steps.into_iter().enumerate() {
                let now = SimTime::from_secs(i64::try_from(step).unwrap());
                let pod = pods.get(usize::from(number) % pods.len().max(1)).copied();
                match (verb % 6, pod) {
                    (0, _) => id = Some(cluster.apply_resource_quota(quota(&[("cpu", "9"), ("count/pods", "9")]), now)),
                    (1 | 2, _) | (_, None) => {
                        let namespace = if number % 3 == 0 { other } else { shop };
                        let new = NewPod::bare(format!("p{step}").into(), namespace, templates[usize::from(number % 2)]);
                        pods.push(cluster.add_pod(new, now));
                    }
                    (3, Some(pod)) => cluster.end_pod(pod, PodPhase::Failed, "", now),
                    (4, Some(pod)) => cluster.delete_pod(pod, SimDuration::from_secs(3), Disruption::Deletion, now),
                    (_, Some(pod)) => cluster.remove_pod(pod, now),
                }
                let Some(id) = id else { continue };
                let mut expected = Quantities::default();
                for resource in ["cpu", "count/pods"] {
                    expected.insert(resource, Quantity::ZERO);
                }
                for (pod, state) in cluster.pods().filter(|(_, pod)| pod.exists()) {
                    if state.namespace == shop {
                        let counted = usage(&CountedObject::Pod(cluster.counted_pod(pod, now)));
                        expected.add_times(&counted.masked(|name| name == "cpu" || name == "count/pods"), 1);
                    }
                }
                prop_assert_eq!(cluster.counted_usage(id, now), expected);
            }
        }
    }
}
