//! Which node groups are similar, and how a scale-up is split between them (`processors/nodegroupset`).

use super::environment::{GroupId, NodeGroup};
use super::options::Options;
use super::template::Template;
use crate::api::{Labels, ResourceList, well_known};
use crate::cluster::POOL_LABEL;
use crate::scheduler::NodeInfo;
use crate::units::MilliCpu;

/// Labels whose values may differ between similar groups, whatever the cloud.
const IGNORED_LABELS: [&str; 8] = [
    well_known::HOSTNAME,
    well_known::ZONE_BETA,
    well_known::REGION_BETA,
    well_known::ZONE,
    well_known::REGION,
    "beta.kubernetes.io/fluentd-ds-ready",
    "kops.k8s.io/instancegroup",
    // The name of the group itself, which the providers of all clouds leave out of the comparison.
    POOL_LABEL,
];

/// How a group grows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScaleUpInfo {
    /// The group.
    pub group: GroupId,
    /// Its size now.
    pub current_size: i64,
    /// Its size to be.
    pub new_size: i64,
    /// Its greatest size.
    pub max_size: i64,
}

/// Splits new nodes between groups: each goes to the smallest that has room. The first of the groups is the chosen one.
pub fn balance(groups: &[(GroupId, &NodeGroup)], new_nodes: i64) -> Vec<ScaleUpInfo> {
    let mut infos: Vec<ScaleUpInfo> = groups
        .iter()
        .filter(|(_, group)| group.target != group.max)
        .map(|(id, group)| ScaleUpInfo {
            group: *id,
            current_size: group.target,
            new_size: group.target,
            max_size: group.max,
        })
        .collect();
    let capacity: i64 = infos.iter().map(|info| (info.max_size - info.current_size).max(0)).sum();
    let mut left = new_nodes.min(capacity);
    infos.sort_by_key(|info| info.current_size);
    let mut start = 0;
    let mut current = 0;
    while left > 0 && current < infos.len() {
        let info = &mut infos[current];
        if info.new_size < info.max_size {
            info.new_size += 1;
            left -= 1;
        } else {
            infos.swap(start, current);
            start += 1;
        }
        // After a swap the place holds the group from the start, as in the real loop, which goes on with a pointer to it.
        let size = infos[current].new_size;
        if infos.get(current + 1).is_some_and(|next| size > next.new_size) {
            current += 1;
        } else {
            current = start;
        }
    }
    infos.retain(|info| info.new_size != info.current_size);
    infos
}

/// Whether two templates are so alike that their groups are balanced.
pub fn are_similar(left: (&Template, &NodeInfo), right: (&Template, &NodeInfo), options: &Options) -> bool {
    let [left_labels, right_labels] = [left, right].map(|(template, _)| &template.node.meta.labels);
    if !options.balancing_labels.is_empty() {
        return options.balancing_labels.iter().all(|label| {
            let value = left_labels.get(label);
            value.is_some() && value == right_labels.get(label)
        });
    }
    let [left_capacity, right_capacity] = [left, right].map(|(template, _)| amounts(&template.node.capacity));
    let [left_offered, right_offered] = [left, right].map(|(template, _)| amounts(&template.node.allocatable));
    let within = |left: &[(String, i64)], right: &[(String, i64)], ratio: f64| {
        left.len() == right.len()
            && left
                .iter()
                .zip(right)
                .all(|((name, left), (other, right))| name == other && is_within(*left, *right, ratio))
    };
    let same_capacity = left_capacity.len() == right_capacity.len()
        && left_capacity.iter().zip(&right_capacity).all(|((name, left), (other, right))| {
            name == other
                && if name == "memory" {
                    is_within(*left, *right, options.max_capacity_memory_difference_ratio)
                } else {
                    left == right
                }
        });
    same_capacity
        && within(&left_offered, &right_offered, options.max_allocatable_difference_ratio)
        && within(&free(left.1), &free(right.1), options.max_free_difference_ratio)
        && same_labels(left_labels, right_labels, options)
}

fn same_labels(left: &Labels, right: &Labels, options: &Options) -> bool {
    let counts = |label: &str| {
        !IGNORED_LABELS.contains(&label) && !options.balancing_ignore_labels.iter().any(|ignored| &**ignored == label)
    };
    let of = |labels: &Labels| -> Vec<_> {
        labels.iter().filter(|(key, _)| counts(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    of(left) == of(right)
}

fn is_within(left: i64, right: i64, ratio: f64) -> bool {
    let (larger, smaller) = (as_f64(left.max(right)), as_f64(left.min(right)));
    larger - smaller <= larger * ratio
}

/// Every resource with its amount in thousandths of its unit, by name.
fn amounts(list: &ResourceList) -> Vec<(String, i64)> {
    let thousandths = |amount: i64| amount.saturating_mul(1000);
    let named = [
        ("cpu", list.cpu.map(MilliCpu::get)),
        ("ephemeral-storage", list.ephemeral_storage.map(|bytes| thousandths(bytes.get()))),
        ("memory", list.memory.map(|bytes| thousandths(bytes.get()))),
        ("pods", list.pods.map(thousandths)),
    ];
    let mut all: Vec<(String, i64)> =
        named.into_iter().filter_map(|(name, amount)| Some((name.to_owned(), amount?))).collect();
    all.extend(list.scalar.iter().map(|(name, amount)| (name.to_string(), thousandths(*amount))));
    all.sort();
    all
}

/// What the pods of a template leave free of what they ask for.
fn free(node: &NodeInfo) -> Vec<(String, i64)> {
    let (offered, taken) = (node.allocatable(), node.requested());
    let thousandths = |amount: i64| amount.saturating_mul(1000);
    let mut all = vec![
        ("cpu".to_owned(), offered.cpu.get() - taken.cpu.get()),
        ("memory".to_owned(), thousandths(offered.memory.get() - taken.memory.get())),
        ("ephemeral-storage".to_owned(), thousandths(offered.ephemeral_storage.get() - taken.ephemeral_storage.get())),
    ];
    for (name, amount) in &taken.scalar {
        all.push((name.to_string(), thousandths(offered.scalar(name).unwrap_or(0) - amount)));
    }
    all.sort();
    all
}

#[expect(clippy::cast_precision_loss, reason = "as in the real program")]
fn as_f64(amount: i64) -> f64 {
    amount as f64
}
