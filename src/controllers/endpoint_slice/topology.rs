//! For which zones endpoints are meant: `trafficDistribution` and topology mode `Auto`.
//!
//! Mirrors the topology cache of the EndpointSlice controller (`endpointslice/topologycache`, Kubernetes 1.36): `Auto` gives each
//! zone endpoints in proportion to the CPU of its nodes, and takes all hints away where a zone would get too few.
//!
//! Known deviations: the endpoints of a Service stand in one slice, so that those of a Service with more than 100 endpoints
//! may get other zones; zones that want equally much are served in alphabetical order, where Go's map has a random one.

use crate::api::{Name, Service, TrafficDistribution};
use crate::cluster::{Node, NodeReady};
use std::collections::BTreeMap;

/// An endpoint may get this share more than its part at most (`overloadThreshold`).
const OVERLOAD_THRESHOLD: f64 = 0.2;
/// The annotation that asks for hints, and what it was called before.
const TOPOLOGY_MODE: [&str; 2] = ["service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"];
/// Nodes with these labels count for no zone (`hasExcludedLabels`).
const EXCLUDED_LABELS: [&str; 2] = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/// Which hints the endpoints of a Service get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopologyMode {
    /// None.
    Cluster,
    /// Their own zone: `trafficDistribution` `PreferClose` or `PreferSameZone`.
    SameZone,
    /// Their own zone and node: `trafficDistribution: PreferSameNode`.
    SameNode,
    /// Zones by the CPU of their nodes: the annotation `service.kubernetes.io/topology-mode: Auto`, which comes before
    /// `trafficDistribution`.
    Auto,
}

impl TopologyMode {
    /// The mode of a Service.
    pub fn of(service: &Service) -> Self {
        let annotation = TOPOLOGY_MODE.iter().find_map(|key| service.meta.annotations.get(key));
        if annotation.is_some_and(|mode| matches!(mode.as_str(), "Auto" | "auto")) {
            return Self::Auto;
        }
        match service.traffic_distribution {
            Some(TrafficDistribution::PreferClose | TrafficDistribution::PreferSameZone) => Self::SameZone,
            Some(TrafficDistribution::PreferSameNode) => Self::SameNode,
            None => Self::Cluster,
        }
    }
}

/// Allocatable CPU by zone of the nodes that count, in millicores; `None` where a node has no zone or no CPU, or there are
/// fewer than two zones (`SetNodes`).
pub fn cpu_by_zone<'a>(nodes: impl Iterator<Item = &'a Node>) -> Option<BTreeMap<Name, i64>> {
    let counts = |node: &&Node| {
        let labels = &node.object.meta.labels;
        node.ready == NodeReady::True && !EXCLUDED_LABELS.iter().any(|label| labels.contains_key(label))
    };
    let mut cpu_by_zone = BTreeMap::new();
    for node in nodes.filter(counts) {
        let zone = node.object.zone().filter(|zone| !zone.is_empty())?;
        let cpu = node.object.allocatable.cpu.map(crate::units::MilliCpu::get).filter(|cpu| *cpu > 0)?;
        *cpu_by_zone.entry(zone.clone()).or_insert(0) += cpu;
    }
    (cpu_by_zone.len() >= 2).then_some(cpu_by_zone)
}

/// A ready endpoint: where it is, and for which zone it is meant so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// The zone of its node.
    pub zone: Option<Name>,
    /// `hints.forZones`.
    pub meant_for: Option<Name>,
}

/// Why there are no hints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoHints {
    /// A node has no zone or no CPU, or there are fewer than two zones.
    InsufficientNodeInfo,
    /// There are fewer endpoints than zones.
    InsufficientEndpoints,
    /// Each zone cannot have as many endpoints as it needs at least.
    OverloadThreshold,
    /// An endpoint has no zone.
    NoZone,
}

/// How many endpoints a zone gets.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Allocation {
    maximum: usize,
    desired: f64,
}

/// The zones for which the ready endpoints of a Service are meant, in their order. `is_changed` says whether the endpoints
/// are others than when the hints were given: hints of the same endpoints stay as long as no zone has too many.
///
/// # Errors
/// [`NoHints`]: every proxy uses every endpoint.
pub fn hints(
    cpu_by_zone: Option<&BTreeMap<Name, i64>>,
    endpoints: &[Hint],
    is_changed: bool,
) -> Result<Vec<Name>, NoHints> {
    let allocations = allocations(cpu_by_zone, endpoints.len())?;
    if !is_changed && let Some(kept) = kept(&allocations, endpoints) {
        return Ok(kept);
    }
    let mut zones = Vec::with_capacity(endpoints.len());
    let mut counts: BTreeMap<&Name, usize> = BTreeMap::new();
    for endpoint in endpoints {
        let zone = endpoint.zone.as_ref().filter(|zone| !zone.is_empty()).ok_or(NoHints::NoZone)?;
        *counts.entry(zone).or_default() += 1;
        zones.push(zone.clone());
    }
    let (mut giving, mut receiving) = giving_and_receiving(&allocations, &counts);
    for zone in &mut zones {
        let Some(to) = receiving.keys().next().cloned() else { break };
        if take_one(&mut giving, zone) {
            take_one(&mut receiving, &to);
            *zone = to;
        }
    }
    Ok(zones)
}

/// Takes one from a zone's number; a zone without any is forgotten. Says whether it had one.
fn take_one(numbers: &mut BTreeMap<Name, usize>, zone: &Name) -> bool {
    let Some(number) = numbers.get_mut(zone) else { return false };
    *number -= 1;
    if *number == 0 {
        numbers.remove(zone);
    }
    true
}

/// How many endpoints each zone gets (`getAllocations`).
fn allocations(
    cpu_by_zone: Option<&BTreeMap<Name, i64>>,
    endpoints: usize,
) -> Result<BTreeMap<Name, Allocation>, NoHints> {
    let cpu_by_zone = cpu_by_zone.ok_or(NoHints::InsufficientNodeInfo)?;
    if cpu_by_zone.len() > endpoints {
        return Err(NoHints::InsufficientEndpoints);
    }
    let total: i64 = cpu_by_zone.values().sum();
    let mut minima = BTreeMap::new();
    for (zone, cpu) in cpu_by_zone {
        let desired = float(*cpu) / float(total) * count(endpoints);
        let minimum = minimum(desired);
        minima.insert(zone.clone(), (minimum, desired.max(count(minimum))));
    }
    let least: usize = minima.values().map(|(minimum, _)| minimum).sum();
    let spare = endpoints.checked_sub(least).ok_or(NoHints::OverloadThreshold)?;
    let allocation = |(zone, (minimum, desired))| (zone, Allocation { maximum: minimum + spare, desired });
    Ok(minima.into_iter().map(allocation).collect())
}

/// The fewest endpoints of a zone that keep each of them below the threshold.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of endpoints")]
fn minimum(desired: f64) -> usize {
    (desired * (1.0 / (1.0 + OVERLOAD_THRESHOLD))).ceil() as usize
}

/// The hints as they are, if they may stay (`getHintsByZone`).
fn kept(allocations: &BTreeMap<Name, Allocation>, endpoints: &[Hint]) -> Option<Vec<Name>> {
    let zones: Vec<Name> = endpoints.iter().map(|endpoint| endpoint.meant_for.clone()).collect::<Option<_>>()?;
    let mut counts: BTreeMap<&Name, usize> = BTreeMap::new();
    for zone in &zones {
        *counts.entry(zone).or_default() += 1;
    }
    let fits =
        |(zone, count): (&&Name, &usize)| allocations.get(*zone).is_some_and(|allocation| *count <= allocation.maximum);
    counts.iter().all(fits).then_some(zones)
}

/// How many endpoints each zone gives to others, and how many it gets from them (`getGivingAndReceivingZones`).
fn giving_and_receiving(
    allocations: &BTreeMap<Name, Allocation>,
    counts: &BTreeMap<&Name, usize>,
) -> (BTreeMap<Name, usize>, BTreeMap<Name, usize>) {
    let (mut too_many, mut too_few) = (BTreeMap::new(), BTreeMap::new());
    for (zone, allocation) in allocations {
        let more = count(counts.get(zone).copied().unwrap_or(0)) - allocation.desired;
        if more > 0.0 {
            too_many.insert(zone, more);
        } else if more < 0.0 {
            too_few.insert(zone, -more);
        }
    }
    let (mut giving, mut receiving) = (BTreeMap::new(), BTreeMap::new());
    while let (Some((from, give)), Some((to, take))) = (most(&too_many), most(&too_few)) {
        if (give < 1.0 && take < 1.0) || give < 0.5 || take < 0.5 {
            break;
        }
        *giving.entry(from.clone()).or_insert(0) += 1;
        *receiving.entry(to.clone()).or_insert(0) += 1;
        too_many.entry(from).and_modify(|left| *left -= 1.0);
        too_few.entry(to).and_modify(|left| *left -= 1.0);
    }
    (giving, receiving)
}

/// The zone with the largest number above zero; of equal ones the first.
fn most<'a>(zones: &BTreeMap<&'a Name, f64>) -> Option<(&'a Name, f64)> {
    let mut found: Option<(&Name, f64)> = None;
    for (zone, number) in zones {
        if *number > found.map_or(0.0, |(_, most)| most) {
            found = Some((zone, *number));
        }
    }
    found
}

#[expect(clippy::cast_precision_loss, reason = "millicores of a cluster are far below 2^53")]
fn float(number: i64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "numbers of endpoints are far below 2^53")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Labels, ObjectMeta};

    fn zones(cpu: &[(&str, i64)]) -> BTreeMap<Name, i64> {
        cpu.iter().map(|(zone, cpu)| (Name::from(*zone), *cpu)).collect()
    }

    fn endpoints(zones: &str) -> Vec<Hint> {
        let of = |zone: &str| Hint { zone: Some(zone.into()), meant_for: None };
        zones.split_whitespace().map(of).collect()
    }

    #[test]
    fn hints_follow_the_cpu_of_the_zones() {
        // The first three are cases of `TestAddHints`.
        type Case<'a> = (&'a [(&'a str, i64)], &'a str, Result<&'a str, NoHints>, &'a str);
        let cases: &[Case<'_>] = &[
            (&[("a", 30), ("b", 40), ("c", 30)], "a b", Err(NoHints::InsufficientEndpoints), "2 endpoints, 3 zones"),
            (&[("a", 45), ("b", 55)], "a b", Ok("a b"), "each zone has its own"),
            (
                &[("a", 35), ("b", 35), ("c", 30)],
                "a b c c a a a b c a",
                Ok("b b c c a a a b c a"),
                "a zone with five of ten gives one away",
            ),
            (&[("a", 50), ("b", 50)], "a a a", Err(NoHints::OverloadThreshold), "minima of two and two of three"),
            (&[("a", 50), ("b", 50)], "a a a a", Ok("b b a a"), "half of them serve the empty zone"),
            (&[("a", 80), ("b", 20)], "a b b b b", Ok("a a a a b"), "most CPU, most endpoints"),
        ];
        for (cpu, given, expected, why) in cases {
            let found = hints(Some(&zones(cpu)), &endpoints(given), true);
            let expected = expected.map(|zones| endpoints(zones).into_iter().filter_map(|hint| hint.zone).collect());
            assert_eq!(found, expected, "{why}");
        }
        assert_eq!(hints(None, &endpoints("a b"), true), Err(NoHints::InsufficientNodeInfo));
        let without = [endpoints("a"), vec![Hint::default()]].concat();
        assert_eq!(hints(Some(&zones(&[("a", 1), ("b", 1)])), &without, true), Err(NoHints::NoZone));
    }

    #[test]
    fn hints_of_the_same_endpoints_stay() {
        let cpu = zones(&[("a", 50), ("b", 50)]);
        let meant = |meant: &[&str]| -> Vec<Hint> {
            meant.iter().map(|zone| Hint { zone: Some("a".into()), meant_for: Some((*zone).into()) }).collect()
        };
        let names = |zones: &[&str]| -> Vec<Name> { zones.iter().map(|zone| Name::from(*zone)).collect() };
        let given = meant(&["a", "a", "b", "b"]);
        assert_eq!(hints(Some(&cpu), &given, false), Ok(names(&["a", "a", "b", "b"])));
        assert_eq!(hints(Some(&cpu), &given, true), Ok(names(&["b", "b", "a", "a"])), "new ones are given anew");
        let crowded = meant(&["a", "a", "a", "a"]);
        assert_eq!(hints(Some(&cpu), &crowded, false), Ok(names(&["b", "b", "a", "a"])), "too many for one zone");
        let gone = meant(&["a", "a", "c", "c"]);
        assert_eq!(hints(Some(&cpu), &gone, false), Ok(names(&["b", "b", "a", "a"])), "a zone that is no more");
    }

    #[test]
    fn the_annotation_comes_before_the_field() {
        let mode = |annotations: &[(&str, &str)], traffic_distribution: Option<TrafficDistribution>| {
            let annotations: Labels = annotations.iter().copied().collect();
            let meta = ObjectMeta { annotations, ..ObjectMeta::default() };
            TopologyMode::of(&Service { meta, traffic_distribution, ..Service::default() })
        };
        let (close, node) = (Some(TrafficDistribution::PreferClose), Some(TrafficDistribution::PreferSameNode));
        assert_eq!(mode(&[], None), TopologyMode::Cluster);
        assert_eq!(mode(&[], close), TopologyMode::SameZone);
        assert_eq!(mode(&[], Some(TrafficDistribution::PreferSameZone)), TopologyMode::SameZone);
        assert_eq!(mode(&[], node), TopologyMode::SameNode);
        assert_eq!(mode(&[(TOPOLOGY_MODE[0], "Auto")], node), TopologyMode::Auto);
        assert_eq!(mode(&[(TOPOLOGY_MODE[1], "auto")], None), TopologyMode::Auto);
        assert_eq!(mode(&[(TOPOLOGY_MODE[0], "Disabled")], close), TopologyMode::SameZone);
    }
}
