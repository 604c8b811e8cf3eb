//! Whether the pod's requests fit a node.

use super::super::plugin::Plugin;
use crate::api::scheduler_config::NodeResourcesFitArgs;
use crate::api::{Name, is_extended_resource_name};
use crate::scheduler::framework::{Failure, Reason, Rejected, Words};
use crate::scheduler::view::{NodeInfo, PodInfo, Resources};
use crate::units::{Bytes, MilliCpu};

/// Something is short that the node would have if it were empty.
static INSUFFICIENT: Reason = Reason::unschedulable(Plugin::NodeResourcesFit, WORDS);
/// Some request exceeds all that the node has.
static INSUFFICIENT_IF_EMPTY: Reason = Reason::unresolvable(Plugin::NodeResourcesFit, WORDS);

const WORDS: Words = Words::Made { write: name_resources, differ_by_node: |_| false };

/// What NodeResourcesFit found short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "any combination occurs")]
pub struct Shortage {
    /// The node has no room for one more pod.
    pub pods: bool,
    /// `cpu`.
    pub cpu: bool,
    /// `memory`.
    pub memory: bool,
    /// `ephemeral-storage`.
    pub ephemeral_storage: bool,
    /// Bit k: the k-th scalar resource of the pod's requests. A pod with more than 60 has its last ones share a bit.
    pub scalars: u64,
    /// Some request exceeds all that the node has.
    pub unresolvable: bool,
}

/// How many bits of a failure's detail are taken by the resources that every node has; those of scalars follow.
const COMMON_RESOURCES: u32 = 4;

impl Shortage {
    /// Whether nothing is short.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        !(self.pods || self.cpu || self.memory || self.ephemeral_storage) && self.scalars == 0
    }

    /// The outcome of the filter.
    ///
    /// # Errors
    /// If something is short.
    pub fn into_result(self) -> Result<(), Failure> {
        if self.is_empty() {
            return Ok(());
        }
        let reason = if self.unresolvable { &INSUFFICIENT_IF_EMPTY } else { &INSUFFICIENT };
        let common = u64::from(self.pods)
            | u64::from(self.cpu) << 1
            | u64::from(self.memory) << 2
            | u64::from(self.ephemeral_storage) << 3;
        Err(Failure::with_detail(reason, self.scalars << COMMON_RESOURCES | common))
    }
}

/// `Too many pods` and `Insufficient ...`, in the order in which the filter looks at them.
fn name_resources(rejected: &Rejected<'_>, each: &mut dyn FnMut(&str)) {
    let common = ["Too many pods", "Insufficient cpu", "Insufficient memory", "Insufficient ephemeral-storage"];
    for (bit, text) in common.into_iter().enumerate() {
        if rejected.detail & 1 << bit != 0 {
            each(text);
        }
    }
    let scalars = rejected.detail >> COMMON_RESOURCES;
    for (position, (name, _)) in rejected.pod.requests().requests.scalar.iter().enumerate() {
        if scalars & scalar_bit(position) != 0 {
            each(&format!("Insufficient {name}"));
        }
    }
}

/// The bit of the scalar resource at `position` of a pod's requests.
const fn scalar_bit(position: usize) -> u64 {
    1 << if position < 59 { position } else { 59 }
}

/// Rejects a node where the pod's requests do not fit.
pub fn filter(args: &NodeResourcesFitArgs, pod: &PodInfo, node: &NodeInfo) -> Result<(), Failure> {
    let shortage = shortage(
        &args.ignored_resources,
        &args.ignored_resource_groups,
        &pod.requests().requests,
        node.allocatable(),
        node.requested(),
        node.free_pods(),
    );
    shortage.into_result()
}

/// What is short when `requests` come to a node that offers `allocatable`, of which `requested` is taken, with room for
/// `free_pods` more pods (`fitsRequest`, kube-scheduler 1.36). Ignored resources and groups cover extended resources only.
pub fn shortage(
    ignored_resources: &[Name],
    ignored_groups: &[Name],
    requests: &Resources,
    allocatable: &Resources,
    requested: &Resources,
    free_pods: i64,
) -> Shortage {
    let mut shortage = Shortage { pods: free_pods < 1, ..Shortage::default() };
    if requests.cpu == MilliCpu::ZERO
        && requests.memory == Bytes::ZERO
        && requests.ephemeral_storage == Bytes::ZERO
        && requests.scalar.is_empty()
    {
        return shortage;
    }
    let mut is_short = |request: i64, allocatable: i64, requested: i64| {
        let short = request > 0 && request > allocatable.saturating_sub(requested);
        shortage.unresolvable |= short && request > allocatable;
        short
    };
    let cpu = is_short(requests.cpu.get(), allocatable.cpu.get(), requested.cpu.get());
    let memory = is_short(requests.memory.get(), allocatable.memory.get(), requested.memory.get());
    let ephemeral_storage = is_short(
        requests.ephemeral_storage.get(),
        allocatable.ephemeral_storage.get(),
        requested.ephemeral_storage.get(),
    );
    let mut scalars = 0;
    for (position, (name, request)) in requests.scalar.iter().enumerate() {
        if *request == 0 || is_ignored(ignored_resources, ignored_groups, name) {
            continue;
        }
        let offered = allocatable.scalar(name).unwrap_or(0);
        if is_short(*request, offered, requested.scalar(name).unwrap_or(0)) {
            scalars |= scalar_bit(position);
        }
    }
    Shortage { cpu, memory, ephemeral_storage, scalars, ..shortage }
}

/// Whether the filter leaves a resource out.
fn is_ignored(resources: &[Name], groups: &[Name], name: &str) -> bool {
    if resources.is_empty() && groups.is_empty() {
        return false;
    }
    let group = name.split('/').next().unwrap_or(name);
    is_extended_resource_name(name)
        && (resources.iter().any(|ignored| **ignored == *name) || groups.iter().any(|ignored| **ignored == *group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortages_are_listed_and_graded() {
        let resources = |cpu, gpu: Option<i64>| Resources {
            cpu: MilliCpu::new(cpu),
            scalar: gpu.map(|gpu| ("nvidia.com/gpu".into(), gpu)).into_iter().collect(),
            ..Resources::default()
        };
        let cases = [
            (resources(500, None), 0, 1, "", false, "fits"),
            (resources(700, None), 500, 1, "cpu ", false, "would fit an empty node"),
            (resources(1100, None), 0, 1, "cpu ", true, "never fits"),
            (resources(0, None), 2000, 1, "", false, "requests nothing"),
            (resources(0, None), 0, 0, "pods ", false, "too many pods, requests nothing"),
            (resources(700, Some(1)), 500, 0, "pods cpu gpu ", true, "everything is listed"),
            (resources(0, Some(0)), 2000, 1, "", false, "a request of zero fits anywhere"),
        ];
        for (requests, used, free_pods, expected, unresolvable, why) in cases {
            let found = shortage(&[], &[], &requests, &resources(1000, None), &resources(used, None), free_pods);
            let mut listed = String::new();
            for (short, name) in
                [(found.pods, "pods "), (found.cpu, "cpu "), (found.memory, "memory "), (found.scalars != 0, "gpu ")]
            {
                listed += if short { name } else { "" };
            }
            assert_eq!((listed.as_str(), found.unresolvable), (expected, unresolvable), "{why}");
        }
    }

    #[test]
    fn ignored_resources_are_extended_ones() {
        let (resources, groups) = (["a.com/x".into(), "hugepages-2Mi".into()], ["b.com".into()]);
        let cases = [("a.com/x", true), ("a.com/y", false), ("b.com/y", true), ("hugepages-2Mi", false)];
        for (name, expected) in cases {
            assert_eq!(is_ignored(&resources, &groups, name), expected, "{name}");
        }
    }
}
