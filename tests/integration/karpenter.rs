//! Karpenter in runs: nodes come for pods that wait, and go when they are empty, too large, drifted or old.

use crate::behaviour::run;
use std::fmt::Write as _;
use wavetank::record::{DecisionRecord, Facts};
use wavetank::units::SimTime;

/// A NodePool `general` with these lines of its template's spec and of its disruption.
fn pool(template: &str, disruption: &str, rest: &str) -> String {
    format!(
        "apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {{name: general}}
spec:
  template:
    spec:
      requirements:
        - {{key: karpenter.sh/capacity-type, operator: In, values: [on-demand]}}
        - {{key: kubernetes.io/arch, operator: In, values: [amd64]}}
        - {{key: kubernetes.io/os, operator: In, values: [linux]}}
      nodeClassRef: {{group: karpenter.kwok.sh, kind: KWOKNodeClass, name: default}}
      {template}
  disruption: {{{disruption}}}
  {rest}
---
"
    )
}

/// A Deployment `NAME` with a budget of one pod.
fn deployment(name: &str, replicas: u32, cpu: &str, annotations: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}, annotations: {{{annotations}}}}}
    spec: {{containers: [{{name: c, image: app:v1, resources: {{requests: {{cpu: {cpu}, memory: 512Mi}}}}}}]}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: {name}}}
spec: {{maxUnavailable: 1, selector: {{matchLabels: {{app: {name}}}}}}}
---
"
    )
}

/// Runs manifests beside one node that is too small for most.
fn simulated(manifests: &str, spec: &str) -> Facts {
    run(1, "test-zone-a", manifests, &format!("cloud: {{catalogues: [kwok]}}\n{spec}"))
}

fn decisions<'f>(facts: &'f Facts, word: &str) -> Vec<&'f DecisionRecord> {
    facts.decisions.iter().filter(|decision| decision.autoscaler == "karpenter" && decision.decision == word).collect()
}

/// The messages of Karpenter's Events of a reason.
fn events(facts: &Facts, reason: &str) -> Vec<String> {
    let events = facts.events().filter(|event| event.source == "karpenter" && event.reason == reason);
    events.map(|event| event.message().into_owned()).collect()
}

/// Nodes of Karpenter that exist at the end.
fn nodes_at_end(facts: &Facts) -> usize {
    facts.nodes.iter().filter(|node| node.name.starts_with("general-") && node.deleted.is_none()).count()
}

/// The fewest ready pods of a workload from an instant on.
fn least_ready(facts: &Facts, workload: &str, from: SimTime) -> i64 {
    let workload = facts.workloads.iter().find(|of| of.name.ends_with(workload)).unwrap();
    let points: Vec<(SimTime, i64)> = workload.ready.points().to_vec();
    let before = points.iter().rev().find(|(at, _)| *at <= from).map(|(_, ready)| *ready);
    points.iter().filter(|(at, _)| *at > from).map(|(_, ready)| *ready).chain(before).min().unwrap()
}

#[test]
fn pods_that_wait_get_one_node_that_fits() {
    let manifests = pool("", "", "") + &deployment("web", 12, "1", "");
    let facts = simulated(&manifests, "duration: 20m");
    assert!(facts.pods.iter().all(|pod| pod.ready.is_some()), "all run");
    assert_eq!(nodes_at_end(&facts), 1);
    let instance = facts.instances.iter().find(|instance| instance.created_by == "karpenter").unwrap();
    assert!(instance.name.starts_with("general-") && instance.node_claim == instance.name);
    let provision = decisions(&facts, "Provision");
    assert_eq!(provision.len(), 1, "one batch");
    assert!(provision[0].inputs.starts_with("pods=8;"), "four found room: {}", provision[0].inputs);
    assert_eq!((&*provision[0].name, &*provision[0].target), ("general", &*format!("NodeClaim/{}", instance.name)));
    assert!(
        events(&facts, "Nominated")
            .iter()
            .all(|message| message.starts_with("Pod should schedule on: nodeclaim/general-"))
    );
}

#[test]
fn an_empty_node_goes_after_its_time() {
    let manifests =
        pool("", "consolidationPolicy: WhenEmpty, consolidateAfter: 5m", "") + &deployment("web", 12, "1", "");
    let facts =
        simulated(&manifests, "duration: 1h\nactions: [{at: 20m, scale: {target: deployment/web, replicas: 0}}]");
    assert_eq!(nodes_at_end(&facts), 0);
    let deleted = decisions(&facts, "Delete");
    assert!(deleted[0].inputs.contains("method=Emptiness;reason=Empty"), "{}", deleted[0].inputs);
    let after = (deleted[0].at - SimTime::from_secs(20 * 60)).as_secs_f64();
    assert!(
        (315.0..340.0).contains(&after),
        "5 m without a pod, up to 10 s to the next pass, 15 s to look again: {after}"
    );
    assert_eq!(facts.instances.iter().filter(|of| of.deleted_reason == "Empty" && of.gone.is_some()).count(), 1);
}

#[test]
fn consolidation_keeps_budgets_of_pods() {
    let manifests = pool("", "consolidateAfter: 1m, budgets: [{nodes: 100%}]", "")
        + &deployment("web", 30, "1", "wavetank.dev/ready-delay: 20s");
    let spec = "duration: 2h\nactions: [{at: 20m, scale: {target: deployment/web, replicas: 9}}]";
    let facts = simulated(&manifests, spec);
    let replaced = decisions(&facts, "Replace").len() + decisions(&facts, "Delete").len();
    assert!(replaced > 0, "a smaller node does");
    assert!(events(&facts, "Evicted").iter().any(|message| message == "Evicted pod: Underutilized"));
    assert!(least_ready(&facts, "web", SimTime::from_secs(21 * 60)) >= 8, "one at a time");
    assert_eq!(facts.workloads[0].ready.last(), Some(9), "none is lost");
    let small = facts.instances.iter().find(|of| of.gone.is_none() && of.created_by == "karpenter").unwrap();
    assert_eq!(small.created_reason.split(':').next(), Some("Underutilized"));
}

#[test]
fn a_pool_budget_of_none_keeps_every_node() {
    let manifests = pool("", "consolidateAfter: 1m, budgets: [{nodes: \"0\"}]", "") + &deployment("web", 12, "1", "");
    let facts =
        simulated(&manifests, "duration: 1h\nactions: [{at: 20m, scale: {target: deployment/web, replicas: 0}}]");
    assert_eq!(nodes_at_end(&facts), 1);
    assert!(decisions(&facts, "Delete").is_empty());
    let blocked = events(&facts, "DisruptionBlocked");
    let text = "No allowed disruptions for disruption reason Empty due to blocking budget";
    assert!(blocked.iter().any(|message| message == text), "{blocked:?}");
}

#[test]
fn limits_of_a_pool_hold() {
    let manifests = pool("", "", "limits: {cpu: 8}") + &deployment("web", 30, "1", "");
    let facts = simulated(&manifests, "duration: 30m");
    let cores: f64 = facts
        .nodes
        .iter()
        .filter(|node| node.name.starts_with("general-"))
        .map(|node| node.cpu_allocatable.as_cores())
        .sum();
    assert!(cores > 0.0 && cores <= 8.0, "{cores}");
    assert!(events(&facts, "FailedScheduling").iter().any(|message| message.contains("exceed limits for nodepool")));
}

#[test]
fn nodes_that_have_drifted_are_replaced_first_and_then_drained() {
    let folder = tempfile::tempdir().unwrap();
    let changed = folder.path().join("changed.yaml");
    std::fs::write(&changed, pool("taints: []\n      expireAfter: 100h", "consolidateAfter: Never", "")).unwrap();
    let manifests = pool("", "consolidateAfter: Never", "") + &deployment("web", 12, "1", "");
    let spec = format!("duration: 1h\nactions: [{{at: 20m, apply: {:?}}}]", changed.display().to_string());
    let facts = simulated(&manifests, &spec);
    let replaced = decisions(&facts, "Replace");
    assert_eq!(replaced.len(), 1);
    assert!(replaced[0].inputs.contains("method=Drift;reason=Drifted"), "{}", replaced[0].inputs);
    assert_eq!(nodes_at_end(&facts), 1);
    assert!(least_ready(&facts, "web", SimTime::from_secs(19 * 60)) >= 11, "its replacement was ready before");
    let [old, new] =
        [0, 1].map(|index| facts.nodes.iter().filter(|of| of.name.starts_with("general-")).nth(index).unwrap());
    assert!(new.created < old.deleted.unwrap());
}

#[test]
fn a_node_expires_whatever_protects_its_pods_until_its_grace_period_ends() {
    let manifests = pool(
        "expireAfter: 30m\n      terminationGracePeriod: 10m",
        "consolidateAfter: Never, budgets: [{nodes: \"0\"}]",
        "",
    ) + &deployment("web", 5, "3", "karpenter.sh/do-not-disrupt: \"true\"");
    let facts = simulated(&manifests, "duration: 50m");
    let expired = decisions(&facts, "Expire");
    assert!(!expired.is_empty());
    assert_eq!(&*expired[0].inputs, "expire_after_seconds=1800");
    let first = facts.instances.iter().find(|of| of.created_by == "karpenter").unwrap();
    assert_eq!(&*first.deleted_reason, "Expired");
    let drained = (first.deletion_requested.unwrap() - expired[0].at).as_secs_f64();
    assert!((570.0..610.0).contains(&drained), "10 m less the grace period of the pods: {drained}");
    assert!(!events(&facts, "Disrupted").is_empty() && events(&facts, "Evicted").is_empty());
}

#[test]
fn a_static_pool_keeps_its_nodes() {
    let manifests = pool("", "", "replicas: 3");
    let facts = simulated(&manifests, "duration: 30m\nkarpenter: {featureGates: {StaticCapacity: true}}");
    assert_eq!(nodes_at_end(&facts), 3, "though no pod asks for them");
}

/// Pods that nobody scales, of which the budget lets one be missing.
const KEPT: u32 = 6;

#[test]
fn pods_are_conserved_and_budgets_kept_whatever_comes() {
    for seed in 1..5_u32 {
        let mut manifests =
            pool("expireAfter: 50m", "consolidateAfter: 30s, budgets: [{nodes: 50%}]", "limits: {cpu: 200}");
        let mut actions = String::new();
        for (index, (name, cpu)) in [("a", "500m"), ("b", "1500m"), ("c", "250m")].into_iter().enumerate() {
            let index = u32::try_from(index).unwrap();
            manifests += &deployment(name, 4 + (seed * 7 + index * 3) % 9, cpu, "");
            for step in 1..4 {
                let replicas = 1 + (seed * 13 + index * 5 + step * 11) % 17;
                let minute = step * 17 + index * 3 + seed;
                let _ =
                    write!(actions, "{{at: {minute}m, scale: {{target: deployment/{name}, replicas: {replicas}}}}}, ");
            }
        }
        manifests += &deployment("kept", KEPT, "750m", "");
        let facts = simulated(&manifests, &format!("seed: {seed}\nduration: 100m\nactions: [{actions}]"));
        let kept = facts.workloads.iter().find(|workload| workload.name.ends_with("kept")).expect("it is there");
        let whole = kept.ready.points().iter().position(|(_, ready)| *ready == i64::from(KEPT));
        let least = kept.ready.points()[whole.expect("it was whole once")..].iter().map(|(_, ready)| *ready).min();
        assert!(least >= Some(i64::from(KEPT) - 1), "seed {seed}: the budget allows one, {least:?} were ready");
        let made = facts.pods.iter().filter(|pod| pod.name.starts_with("kept-")).count();
        assert!(made > KEPT as usize, "seed {seed}: nodes of its pods went too");
        for workload in &facts.workloads {
            assert_eq!(workload.ready.last(), workload.desired.last(), "seed {seed}: {}", workload.name);
        }
        let launched =
            facts.instances.iter().filter(|of| of.created_by == "karpenter" && of.launched.is_some()).count();
        let alive = facts.instances.iter().filter(|of| of.created_by == "karpenter" && of.gone.is_none()).count();
        assert!(launched > alive, "seed {seed}: nodes come and go");
        assert!(alive >= nodes_at_end(&facts), "seed {seed}: each node has its machine");
    }
}
