//! As what a NodeClaim may be launched: the choice of the provider, which Karpenter leaves to it.
//!
//! As the AWS provider does: reserved capacity if some suits, else spot, else on-demand; of these the cheapest offering that
//! can be had. For spot the real strategy (price-capacity-optimized) weighs how much capacity a pool has, which nobody knows
//! beforehand: here the cheapest is taken, and the cloud says whether it can be had.

use super::catalogue::{class_of, with_class};
use crate::api::karpenter::{NodeClaim, NodePool, keys};
use crate::api::{self, CapacityType, Labels, Name, ObjectMeta, Taint, TaintEffect, well_known, with_deprecated_twins};
use crate::autoscaler::karpenter::options::Options;
use crate::autoscaler::karpenter::requirements::Requirements;
use crate::autoscaler::karpenter::state::Pool;
use crate::cluster::{Cluster, LaunchChoice};
use std::sync::Arc;

/// Most choices of one request.
const MOST_CHOICES: usize = 60;

/// What a NodeClaim may be launched as, best first.
pub fn choices(claim: &NodeClaim, pool: &Pool, options: &Options, cluster: &Cluster) -> Vec<LaunchChoice> {
    let requirements = Requirements::from_karpenter(&claim.spec.requirements);
    let known = &options.well_known;
    let mut found: Vec<(CapacityType, f64, usize, Name)> = Vec::new();
    for (index, instance_type) in pool.instance_types.iter().enumerate() {
        let suits = requirements.get(well_known::INSTANCE_TYPE).is_none_or(|of| of.has(&instance_type.name));
        if !suits {
            continue;
        }
        let offerings = instance_type.suitable(&requirements, known);
        found.extend(offerings.map(|offering| (offering.capacity_type, offering.price, index, offering.zone.clone())));
    }
    // `CapacityType` is in the order in which they are tried.
    let Some(capacity_type) = found.iter().map(|(capacity_type, ..)| *capacity_type).min() else { return Vec::new() };
    found.retain(|(of, ..)| *of == capacity_type);
    found.sort_by(|left, right| left.1.total_cmp(&right.1).then_with(|| (left.2, &left.3).cmp(&(right.2, &right.3))));
    found.truncate(MOST_CHOICES);
    let class = class_of(&pool.spec, cluster);
    let types = cluster.instance_types();
    let choice = |(_, _, index, zone): &(CapacityType, f64, usize, Name)| {
        let given = with_class(types.get(*index)?, class);
        let price = given.offering(zone, capacity_type).and_then(|offering| offering.price);
        let node = Arc::new(node(claim, &given, zone, capacity_type, &pool.spec));
        Some(LaunchChoice { instance_type: given.name.clone(), zone: zone.clone(), capacity_type, price, node })
    };
    found.iter().filter_map(choice).collect()
}

/// The node of a NodeClaim as it registers itself.
fn node(
    claim: &NodeClaim,
    instance_type: &api::InstanceType,
    zone: &Name,
    capacity_type: CapacityType,
    pool: &NodePool,
) -> api::Node {
    let name = &claim.meta.name;
    let mut labels: Vec<(Name, Name)> =
        instance_type.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    let mut set = |key: &str, value: &Name| labels.push((Name::from(key), value.clone()));
    set(well_known::INSTANCE_TYPE, &instance_type.name);
    set(well_known::ARCH, &instance_type.architecture);
    set(well_known::OS, instance_type.operating_systems.first().unwrap_or(&Name::from("linux")));
    if !zone.is_empty() {
        set(well_known::ZONE, zone);
    }
    set(keys::CAPACITY_TYPE, &Name::from(capacity_type.as_str()));
    set(keys::NODE_POOL, &pool.meta.name);
    labels.extend(claim.meta.labels.iter().map(|(key, value)| (key.clone(), value.clone())));
    labels.push((Name::from(well_known::HOSTNAME), name.clone()));
    let labels: Labels = labels.into_iter().collect();
    let mut taints = claim.spec.taints.clone();
    taints.extend(claim.spec.startup_taints.iter().cloned());
    taints.push(Taint {
        key: Name::from(keys::TAINT_UNREGISTERED),
        value: Name::default(),
        effect: TaintEffect::NoExecute,
        time_added: None,
    });
    api::Node {
        meta: ObjectMeta { name: name.clone(), labels: with_deprecated_twins(&labels), ..ObjectMeta::default() },
        taints,
        capacity: instance_type.capacity.clone(),
        allocatable: instance_type.allocatable.clone(),
        ..api::Node::default()
    }
}
