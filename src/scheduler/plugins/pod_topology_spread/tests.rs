//! Table tests of PodTopologySpread.

use super::super::plugin::Plugin;
use super::super::test_support::{cluster, hint, labelled_pod, labels_of, with_context};
use super::*;
use crate::api::{
    LabelSelector, Node, NodeInclusionPolicy, ObjectMeta, PodSpec, TopologySpreadConstraint,
    UnsatisfiableConstraintAction,
};
use crate::cluster::NodeId;
use crate::scheduler::framework::{ClusterEvent, Failure};
use crate::scheduler::view::{Listers, PodInfo, Snapshot};
use std::sync::Arc;

fn web(spread: Vec<TopologySpreadConstraint>) -> PodInfo {
    labelled_pod(PodSpec { topology_spread_constraints: spread, ..PodSpec::default() }, &[("app", "web")])
}

fn by_zone(max_skew: i32, when_unsatisfiable: UnsatisfiableConstraintAction) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew,
        topology_key: "zone".into(),
        when_unsatisfiable,
        label_selector: Some(LabelSelector::from_match_labels(&labels_of(&[("app", "web")]))),
        min_domains: None,
        node_affinity_policy: NodeInclusionPolicy::Honor,
        node_taints_policy: NodeInclusionPolicy::Ignore,
        match_label_keys: Vec::new(),
    }
}

fn node(name: &str, labels: &[(&str, &str)]) -> Node {
    let meta = ObjectMeta { name: name.into(), labels: labels_of(labels), ..ObjectMeta::default() };
    Node { meta, ..Node::default() }
}

/// A node per zone with so many pods of `web`; the node of the zone without name lacks the label.
fn zones(pods: &[(&str, usize)]) -> Snapshot {
    let node_of_zone = |(zone, pods): &(&str, usize)| {
        let labels = if zone.is_empty() { vec![] } else { vec![("zone", *zone)] };
        (node(&format!("node-{zone}"), &labels), vec![web(Vec::new()); *pods])
    };
    cluster(pods.iter().map(node_of_zone).collect())
}

#[test]
fn hard_constraints_bound_the_skew() {
    let hard = || by_zone(1, UnsatisfiableConstraintAction::DoNotSchedule);
    let skew = Err(Failure::of(&ERR_REASON_CONSTRAINTS_NOT_MATCH));
    let label = Err(Failure::of(&ERR_REASON_NODE_LABEL_NOT_MATCH));
    let cases = [
        (hard(), vec![("a", 1), ("b", 1)], vec![Ok(()), Ok(())], "even"),
        (hard(), vec![("a", 2), ("b", 1)], vec![skew, Ok(())], "one more would be two more"),
        (hard(), vec![("a", 0), ("", 0)], vec![Ok(()), label], "a node outside every domain"),
        (
            TopologySpreadConstraint { max_skew: 2, ..hard() },
            vec![("a", 2), ("b", 1)],
            vec![Ok(()), Ok(())],
            "a skew of 2",
        ),
        (
            TopologySpreadConstraint { min_domains: Some(3), ..hard() },
            vec![("a", 1), ("b", 1)],
            vec![skew, skew],
            "with too few domains the smallest counts as empty",
        ),
        (
            TopologySpreadConstraint { label_selector: None, ..hard() },
            vec![("a", 9), ("b", 0)],
            vec![Ok(()), Ok(())],
            "no selector selects nobody",
        ),
    ];
    for (constraint, pods, expected, why) in cases {
        let (snapshot, pod) = (zones(&pods), web(vec![constraint]));
        let state = with_context(&snapshot, &Listers::default(), |context| pre_filter(context, &pod));
        let state = state.expect("a hard constraint");
        let found: Vec<Result<(), Failure>> = snapshot.nodes().map(|node| filter(&state, node)).collect();
        assert_eq!(found, expected, "{why}");
    }
    let without = with_context(&zones(&[("a", 1)]), &Listers::default(), |context| {
        pre_filter(context, &web(Vec::new())).is_none()
    });
    assert!(without, "the defaults are soft");
}

#[test]
fn pods_that_come_and_go_are_counted() {
    let pod = web(vec![by_zone(1, UnsatisfiableConstraintAction::DoNotSchedule)]);
    let snapshot = zones(&[("a", 2), ("b", 1)]);
    let state = with_context(&snapshot, &Listers::default(), |context| pre_filter(context, &pod));
    let mut state = state.expect("a hard constraint");
    let node = snapshot.nodes().next().unwrap();
    for (amount, fits, why) in [(-1, true, "one less"), (1, false, "back again")] {
        state.count(&pod, &web(Vec::new()), node, amount);
        assert_eq!(filter(&state, node).is_ok(), fits, "{why}");
    }
}

#[test]
fn soft_constraints_favour_empty_domains() {
    let soft = || by_zone(1, UnsatisfiableConstraintAction::ScheduleAnyway);
    let cases = [
        (soft(), vec![("a", 0), ("b", 0)], vec![100, 100], "all empty"),
        (soft(), vec![("a", 0), ("b", 4)], vec![100, 0], "one empty"),
        (soft(), vec![("a", 2), ("b", 4)], vec![100, 50], "between the ends"),
        (soft(), vec![("a", 0), ("", 0)], vec![100, 0], "a node outside every domain"),
    ];
    for (constraint, pods, expected, why) in cases {
        let (snapshot, pod) = (zones(&pods), web(vec![constraint]));
        let feasible: Vec<NodeId> = snapshot.nodes().map(|node| node.id()).collect();
        let state = with_context(&snapshot, &Listers::default(), |context| pre_score(context, &pod, &feasible));
        let state = state.expect("a soft constraint");
        let mut scores: Vec<i64> = snapshot.nodes().map(|node| score(&state, node)).collect();
        normalize(&state, &feasible, &mut scores);
        assert_eq!(scores, expected, "{why}");
    }
}

#[test]
fn events_that_may_make_room() {
    let pod = web(vec![by_zone(1, UnsatisfiableConstraintAction::DoNotSchedule)]);
    let stranger = labelled_pod(PodSpec::default(), &[("app", "db")]);
    let elsewhere = || Arc::new(node("n", &[]));
    let in_zone = || Arc::new(node("n", &[("zone", "a")]));
    let cases = [
        (ClusterEvent::NodeAdd(in_zone()), true, "a node in a domain"),
        (ClusterEvent::NodeAdd(elsewhere()), false, "a node outside every domain"),
        (ClusterEvent::NodeDelete(in_zone()), true, "the emptiest domain may be gone"),
        (ClusterEvent::AssignedPodDelete(Arc::new(web(Vec::new()))), true, "a pod that counted went"),
        (ClusterEvent::AssignedPodDelete(Arc::new(stranger)), false, "a pod that did not count went"),
    ];
    for (event, expected, why) in cases {
        assert_eq!(hint(Plugin::PodTopologySpread, &pod, &event), expected, "{why}");
    }
}
