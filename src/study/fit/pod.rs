//! The pod that is asked about, as the API server would admit it and as its controller would create it.

use crate::api::{
    self, LabelSelector, Name, Object, OwnerReference, Pod, PodTemplate, SelectorOperator, SelectorRequirement,
    VolumeSource, well_known,
};
use crate::input::manifest::LoadedPod;
use crate::scheduler::{PodInfo, PodTraits};
use crate::study::cluster_view::ClusterView;
use std::sync::Arc;

/// The hash in the names and labels of pods of a Deployment's revision that the cluster does not run yet.
const NEW_REVISION: &str = "new";

/// The pod that is asked about.
#[derive(Clone, Debug)]
pub struct PodToFit {
    /// `Pod`, or the workload's kind.
    pub kind: &'static str,
    /// Name of the Pod or workload.
    pub name: Name,
    prototype: PodInfo,
}

impl PodToFit {
    /// Admits the pod. Its workload's selector is noted in `view`, since default topology spread looks at it.
    ///
    /// # Errors
    /// Why the API server would refuse the pod, in its own words.
    pub fn new(
        loaded: &LoadedPod,
        objects: &[Object],
        view: &mut ClusterView,
        notes: &mut Vec<String>,
    ) -> Result<Self, String> {
        let mut template = PodTemplate::clone(&loaded.template);
        let owner = match loaded.kind {
            "Pod" => loaded.owner.clone(),
            "Deployment" => Some(revision(loaded, objects, &mut template, view)),
            kind => {
                if let Some(selector) = &loaded.selector {
                    view.add_owner(kind, &loaded.meta, selector);
                }
                Some(OwnerReference { kind: kind.into(), name: loaded.meta.name.clone() })
            }
        };
        if loaded.node_name.is_some() {
            notes.push("spec.nodeName of the pod is left out: the scheduler chooses the node".to_owned());
        }
        let volumes = template.spec.volumes.len();
        // Their claims are made for each pod, and do not exist yet.
        let made_for_each = [VolumeSource::Ephemeral, VolumeSource::ClaimTemplate];
        template.spec.volumes.retain(|volume| !made_for_each.contains(&volume.source));
        if template.spec.volumes.len() < volumes {
            notes.push(format!(
                "{} {}/{}: volumes whose claims are made for each pod are left out",
                loaded.kind, loaded.meta.namespace, loaded.meta.name
            ));
        }
        let template = admit(&loaded.meta.namespace, &template, view, notes);
        if let Some(refusal) = view.admission.violation(&loaded.meta.namespace, &template.spec, &loaded.meta.name) {
            return Err(refusal);
        }
        view.note_namespace(&loaded.meta.namespace);
        let meta = api::ObjectMeta { owner, deletion_time: None, uid: "".into(), ..loaded.meta.clone() };
        let pod = Pod { meta, template: Arc::new(template), ..Pod::default() };
        let traits = Arc::new(PodTraits::of(&pod.template.spec));
        let prototype = PodInfo::new(view.next_pod_id(0), &pod, traits, view.version);
        Ok(Self { kind: loaded.kind, name: loaded.meta.name.clone(), prototype })
    }

    /// A pod like all of them.
    #[must_use]
    pub const fn info(&self) -> &PodInfo {
        &self.prototype
    }

    /// The pod with this number, from 0. Its id is the one after those of the view's pods, counted on by the number.
    #[must_use]
    pub fn instance(&self, view: &ClusterView, number: usize) -> Arc<PodInfo> {
        let mut pod = self.prototype.clone();
        pod.id = view.next_pod_id(number);
        pod.name = format!("{}-{number}", self.name).into();
        Arc::new(pod)
    }
}

/// Admits the pod, and notes a priority class that is not known.
fn admit(namespace: &Name, template: &PodTemplate, view: &ClusterView, notes: &mut Vec<String>) -> PodTemplate {
    let admitted = view.admission.admit(namespace, template);
    let class = &template.spec.priority_class_name;
    if !class.is_empty() && !view.admission.has_priority_class(class) && admitted.spec.priority == 0 {
        notes.push(format!("PriorityClass {class} is not among the objects: priority 0 is taken"));
    }
    admitted
}

/// The ReplicaSet that a Deployment creates its pods through: the one that runs this template already, so that its pods
/// count as siblings, else a new one.
fn revision(
    loaded: &LoadedPod,
    objects: &[Object],
    template: &mut PodTemplate,
    view: &mut ClusterView,
) -> OwnerReference {
    let key = well_known::POD_TEMPLATE_HASH;
    let same = objects.iter().find_map(|object| match object {
        Object::ReplicaSet(set)
            if set.meta.namespace == loaded.meta.namespace
                && set
                    .meta
                    .owner
                    .as_ref()
                    .is_some_and(|owner| &*owner.kind == "Deployment" && owner.name == loaded.meta.name)
                && set.template.labels.without(key) == template.labels.without(key)
                && set.template.spec == template.spec =>
        {
            Some(set)
        }
        _ => None,
    });
    if let Some(set) = same {
        template.labels = set.template.labels.clone();
        return OwnerReference { kind: "ReplicaSet".into(), name: set.meta.name.clone() };
    }
    template.labels = template.labels.with(key, NEW_REVISION);
    let mut selector: LabelSelector = loaded.selector.clone().unwrap_or_default();
    selector.requirements.push(SelectorRequirement {
        key: key.into(),
        operator: SelectorOperator::In,
        values: vec![NEW_REVISION.into()],
    });
    let name: Name = format!("{}-{NEW_REVISION}", loaded.meta.name).into();
    let meta = api::ObjectMeta { name: name.clone(), ..loaded.meta.clone() };
    view.add_owner("ReplicaSet", &meta, &selector);
    OwnerReference { kind: "ReplicaSet".into(), name }
}
