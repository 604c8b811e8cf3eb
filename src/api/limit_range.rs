//! LimitRanges: defaults and bounds for the resources of a namespace's containers and pods.
//!
//! Mirrors the admission plugin LimitRanger and the defaulting of LimitRanges (Kubernetes 1.36). Bounds of claims and
//! images are read and not enforced. Where several bounds are violated the real message lists them in the random order of
//! a Go map; here they come in the order of the resources.

use super::{ApiObject, Container, Kind, Name, ObjectMeta, PodSpec, ResourceAmounts, ResourceList, container_requests};
use crate::units::{Bytes, MilliCpu};
use std::fmt::Write as _;

/// `type` of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitType {
    /// Each container.
    Container,
    /// The pod as a whole.
    Pod,
    /// Claims, image streams and anything else: nothing of a pod.
    Other,
}

/// One of `spec.limits`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRangeItem {
    /// What it bounds.
    pub limit_type: LimitType,
    /// `max`.
    pub max: ResourceList,
    /// `min`.
    pub min: ResourceList,
    /// `default`: limits of containers that have none, after [`LimitRangeItem::set_defaults`].
    pub default: ResourceList,
    /// `defaultRequest`: requests of containers that have none, after [`LimitRangeItem::set_defaults`].
    pub default_request: ResourceList,
    /// `maxLimitRequestRatio` in thousandths, by resource.
    pub max_limit_request_ratio: Vec<(Name, i64)>,
}

impl LimitRangeItem {
    /// What the API server fills in (`SetDefaults_LimitRangeItem`): `default` from `max`, then `defaultRequest` from
    /// `default`, then from `min`. Items of other types than Container have no defaults.
    pub fn set_defaults(&mut self) {
        if self.limit_type == LimitType::Container {
            fill(&mut self.default, &self.max);
            fill(&mut self.default_request, &self.default);
            fill(&mut self.default_request, &self.min);
        }
    }
}

/// A `LimitRange`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitRange {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.limits`.
    pub limits: Vec<LimitRangeItem>,
}

impl ApiObject for LimitRange {
    fn kind(&self) -> Kind {
        Kind::LimitRange
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}

impl LimitRange {
    /// Gives containers without a request or limit the defaults. A request that the API server copied from a limit was
    /// there first, since it does so on reading the pod, before admission.
    pub fn default_resources(&self, spec: &mut PodSpec) {
        // Of several items with a default for one resource the last one counts.
        let (mut limits, mut requests) = (ResourceList::default(), ResourceList::default());
        for item in self.limits.iter().rev().filter(|item| item.limit_type == LimitType::Container) {
            fill(&mut limits, &item.default);
            fill(&mut requests, &item.default_request);
        }
        for container in spec.containers.iter_mut().chain(&mut spec.init_containers) {
            fill(&mut container.limits, &limits);
            fill(&mut container.requests, &requests);
        }
    }

    /// What of the bounds a pod violates, as the API server says it.
    #[must_use]
    pub fn violations(&self, spec: &PodSpec) -> Vec<String> {
        let mut found = Vec::new();
        for item in &self.limits {
            match item.limit_type {
                LimitType::Container => {
                    for container in spec.containers.iter().chain(&spec.init_containers) {
                        check("Container", item, &container.requests, &container.limits, &mut found);
                    }
                }
                LimitType::Pod => {
                    let sum = |list: fn(&Container) -> &ResourceList, named: &ResourceList| {
                        let mut sum =
                            container_requests(spec, |container, _| ResourceAmounts::from_list(list(container)));
                        sum.replace_by_pod_level(named, &ResourceAmounts::from_list(named));
                        as_list(sum)
                    };
                    let requests = sum(|container| &container.requests, &spec.pod_requests);
                    let limits = sum(|container| &container.limits, &spec.pod_limits);
                    check("Pod", item, &requests, &limits, &mut found);
                }
                LimitType::Other => {}
            }
        }
        found
    }
}

/// Requests above limits, which the API server refuses as invalid (`ValidateResourceRequirements`): a manifest has
/// been checked when it was read, but a default limit may be below a request.
#[must_use]
pub fn requests_above_limits(spec: &PodSpec) -> Vec<String> {
    let mut found = Vec::new();
    for (field, containers) in [("containers", &spec.containers), ("initContainers", &spec.init_containers)] {
        for (index, container) in containers.iter().enumerate() {
            for (resource, request) in entries(&container.requests) {
                if let Some(limit) = amount(&container.limits, resource).filter(|limit| request > *limit) {
                    found.push(format!(
                        "spec.{field}[{index}].resources.requests: Invalid value: \"{}\": must be less than or equal to \
                         {resource} limit of {}",
                        shown(resource, request),
                        shown(resource, limit),
                    ));
                }
            }
        }
    }
    found
}

/// Several messages as one (`utilerrors.NewAggregate`).
#[must_use]
pub fn aggregate(messages: &[String]) -> String {
    match messages {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

fn check(what: &str, item: &LimitRangeItem, requests: &ResourceList, limits: &ResourceList, found: &mut Vec<String>) {
    for (resource, enforced) in entries(&item.min) {
        let bound = format!("minimum {resource} usage per {what} is {}", shown(resource, enforced));
        match (amount(requests, resource), amount(limits, resource)) {
            (None, _) => found.push(format!("{bound}. No request is specified")),
            (Some(request), _) if request < enforced => {
                found.push(format!("{bound}, but request is {}", shown(resource, request)));
            }
            (_, Some(limit)) if limit < enforced => {
                found.push(format!("{bound}, but limit is {}", shown(resource, limit)));
            }
            _ => {}
        }
    }
    for (resource, enforced) in entries(&item.max) {
        let bound = format!("maximum {resource} usage per {what} is {}", shown(resource, enforced));
        match (amount(limits, resource), amount(requests, resource)) {
            (None, _) => found.push(format!("{bound}.  No limit is specified")),
            (Some(limit), _) if limit > enforced => {
                found.push(format!("{bound}, but limit is {}", shown(resource, limit)));
            }
            (_, Some(request)) if request > enforced => {
                found.push(format!("{bound}, but request is {}", shown(resource, request)));
            }
            _ => {}
        }
    }
    for (resource, milli) in &item.max_limit_request_ratio {
        let mut bound = format!("{resource} max limit to request ratio per {what} is ");
        // Writing to a text cannot fail.
        let _ = write!(bound, "{}", shown("cpu", *milli));
        let positive = |list| amount(list, resource).filter(|amount| *amount > 0);
        match (positive(requests), positive(limits)) {
            (None, _) => found.push(format!("{bound}, but no request is specified or request is 0")),
            (_, None) => found.push(format!("{bound}, but no limit is specified or limit is 0")),
            (Some(request), Some(limit)) => {
                if i128::from(limit) * 1000 > i128::from(*milli) * i128::from(request) {
                    #[expect(clippy::cast_precision_loss, reason = "a ratio for a message, as upstream computes it")]
                    let ratio = limit as f64 / request as f64;
                    found.push(format!("{bound}, but provided ratio is {ratio:.6}"));
                }
            }
        }
    }
}

/// The amounts of a list: cpu in millicores, everything else in whole units.
fn entries(list: &ResourceList) -> Vec<(&str, i64)> {
    let named = [
        ("cpu", list.cpu.map(MilliCpu::get)),
        ("ephemeral-storage", list.ephemeral_storage.map(Bytes::get)),
        ("memory", list.memory.map(Bytes::get)),
    ];
    let named = named.into_iter().filter_map(|(name, amount)| Some((name, amount?)));
    named.chain(list.scalar.iter().map(|(name, amount)| (&**name, *amount))).collect()
}

fn amount(list: &ResourceList, resource: &str) -> Option<i64> {
    match resource {
        "cpu" => list.cpu.map(MilliCpu::get),
        "memory" => list.memory.map(Bytes::get),
        "ephemeral-storage" => list.ephemeral_storage.map(Bytes::get),
        name => list.scalar(name),
    }
}

/// Adds those entries that `list` lacks.
fn fill(list: &mut ResourceList, from: &ResourceList) {
    if list.cpu.is_none() {
        (list.cpu, list.formats.cpu) = (from.cpu, from.formats.cpu);
    }
    if list.memory.is_none() {
        (list.memory, list.formats.memory) = (from.memory, from.formats.memory);
    }
    if list.ephemeral_storage.is_none() {
        list.ephemeral_storage = from.ephemeral_storage;
        list.formats.ephemeral_storage = from.formats.ephemeral_storage;
    }
    if from.scalar.iter().any(|(name, _)| list.scalar(name).is_none()) {
        let mut scalar = list.scalar.to_vec();
        scalar.extend(from.scalar.iter().filter(|(name, _)| list.scalar(name).is_none()).cloned());
        scalar.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        list.scalar = scalar.into();
    }
}

fn as_list(sum: ResourceAmounts) -> ResourceList {
    ResourceList {
        cpu: sum.cpu,
        memory: sum.memory,
        ephemeral_storage: sum.ephemeral_storage,
        scalar: sum.scalar.into(),
        ..ResourceList::default()
    }
}

/// An amount as a quantity: `500m`, `2`, `256Mi`.
fn shown(resource: &str, amount: i64) -> String {
    if resource == "cpu" {
        return if amount % 1000 == 0 { (amount / 1000).to_string() } else { format!("{amount}m") };
    }
    let is_bytes = matches!(resource, "memory" | "ephemeral-storage") || resource.starts_with("hugepages-");
    let units = [(40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki")];
    match units.into_iter().find(|(shift, _)| is_bytes && amount != 0 && amount % (1_i64 << shift) == 0) {
        Some((shift, unit)) => format!("{}{unit}", amount >> shift),
        None => amount.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(cpu: Option<i64>, mebibytes: Option<i64>) -> ResourceList {
        ResourceList {
            cpu: cpu.map(MilliCpu::new),
            memory: mebibytes.map(|count| Bytes::new(count << 20)),
            ..ResourceList::default()
        }
    }

    fn item(limit_type: LimitType) -> LimitRangeItem {
        LimitRangeItem {
            limit_type,
            max: ResourceList::default(),
            min: ResourceList::default(),
            default: ResourceList::default(),
            default_request: ResourceList::default(),
            max_limit_request_ratio: Vec::new(),
        }
    }

    fn pod(containers: &[(ResourceList, ResourceList)]) -> PodSpec {
        let container = |(requests, limits): &(ResourceList, ResourceList)| Container {
            requests: requests.clone(),
            limits: limits.clone(),
            ..Container::default()
        };
        PodSpec { containers: containers.iter().map(container).collect(), ..PodSpec::default() }
    }

    #[test]
    fn defaults_fill_gaps() {
        let mut given = item(LimitType::Container);
        given.default = list(Some(500), Some(256));
        given.default_request = list(Some(200), None);
        given.max = list(Some(2000), None);
        given.min = list(Some(50), None);
        given.set_defaults();
        let range = LimitRange { limits: vec![given], ..LimitRange::default() };
        let none = || list(None, None);
        let cases = [
            ((none(), none()), (list(Some(200), Some(256)), list(Some(500), Some(256))), "nothing given"),
            (
                (list(Some(1000), None), list(Some(1000), None)),
                (list(Some(1000), Some(256)), list(Some(1000), Some(256))),
                "a request copied from the limit stays",
            ),
            (
                (list(Some(3000), Some(64)), none()),
                (list(Some(3000), Some(64)), list(Some(500), Some(256))),
                "a default limit may be below the request",
            ),
        ];
        for (given, (requests, limits), why) in cases {
            let mut spec = pod(&[given]);
            range.default_resources(&mut spec);
            assert_eq!((&spec.containers[0].requests, &spec.containers[0].limits), (&requests, &limits), "{why}");
        }
    }

    #[test]
    fn defaults_of_the_range_itself() {
        let mut given = item(LimitType::Container);
        given.max = list(Some(2000), None);
        given.min = list(None, Some(16));
        given.set_defaults();
        assert_eq!(given.default, list(Some(2000), None), "the limit from max");
        assert_eq!(given.default_request, list(Some(2000), Some(16)), "the request from the limit, else from min");
        let mut given = item(LimitType::Pod);
        given.max = list(Some(2000), None);
        given.set_defaults();
        assert_eq!(given.default, ResourceList::default(), "pods have no defaults");
    }

    #[test]
    fn bounds() {
        let mut container = item(LimitType::Container);
        container.max = list(Some(2000), None);
        container.min = list(Some(50), None);
        let mut whole = item(LimitType::Pod);
        whole.max = list(None, Some(512));
        let mut ratio = item(LimitType::Container);
        ratio.max_limit_request_ratio = vec![(Name::from("cpu"), 2500)];
        let both = |cpu, mebibytes| (list(cpu, mebibytes), list(cpu, mebibytes));
        let cases = [
            (&container, vec![both(Some(1000), None)], "", "within"),
            (
                &container,
                vec![both(Some(3000), None)],
                "maximum cpu usage per Container is 2, but limit is 3",
                "the limit is looked at first",
            ),
            (
                &container,
                vec![both(Some(10), None)],
                "minimum cpu usage per Container is 50m, but request is 10m",
                "below",
            ),
            (
                &container,
                vec![both(None, None)],
                "minimum cpu usage per Container is 50m. No request is specified; \
                 maximum cpu usage per Container is 2.  No limit is specified",
                "nothing given, and no default either",
            ),
            (&whole, vec![both(None, Some(256)), both(None, Some(256))], "", "the sum is within"),
            (
                &whole,
                vec![both(None, Some(256)), both(None, Some(257))],
                "maximum memory usage per Pod is 512Mi, but limit is 513Mi",
                "the sum is above",
            ),
            (&ratio, vec![(list(Some(200), None), list(Some(500), None))], "", "exactly the ratio"),
            (
                &ratio,
                vec![(list(Some(200), None), list(Some(600), None))],
                "cpu max limit to request ratio per Container is 2500m, but provided ratio is 3.000000",
                "above the ratio",
            ),
            (
                &ratio,
                vec![both(None, None)],
                "cpu max limit to request ratio per Container is 2500m, but no request is specified or request is 0",
                "no ratio",
            ),
        ];
        for (given, containers, expected, why) in cases {
            let range = LimitRange { limits: vec![given.clone()], ..LimitRange::default() };
            assert_eq!(range.violations(&pod(&containers)).join("; "), expected, "{why}");
        }
    }

    #[test]
    fn requests_above_a_default_limit_are_invalid() {
        let spec = pod(&[(list(Some(3000), Some(64)), list(Some(500), Some(256)))]);
        assert_eq!(
            aggregate(&requests_above_limits(&spec)),
            "spec.containers[0].resources.requests: Invalid value: \"3\": must be less than or equal to cpu limit of 500m"
        );
    }
}
