//! Clusters with too many pods: those that wait together, whose failing attempts are counted, fare as they do one by one.

use proptest::prelude::*;
use std::fmt::Write as _;
use wavetank::record::Facts;
use wavetank::scheduler::DecisionPath;
use wavetank::sim::{PrepareOptions, RunOptions, prepare, simulate};

/// How many clusters are tried: fewer where continuous integration, which sets `CI`, waits for them.
const RUNS: u32 = if option_env!("CI").is_some() { 60 } else { 300 };

const MANIFESTS: &str = "apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: patient}
value: 10
preemptionPolicy: Never
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: pushy}
value: 20
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: app, resources: {requests: {cpu: 700m}}}]}
";

/// What the pods of a stream ask for besides room.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Nothing,
    Patient,
    Pushy,
    Spread,
    Apart,
    NearWeb,
    ZoneA,
    Impossible,
}

/// A stream of pods.
#[derive(Clone, Debug)]
struct Stream {
    wish: Wish,
    start: u32,
    every: u32,
    limit: u32,
    cpu: u32,
    memory: u32,
    duration: u32,
}

fn stream() -> impl Strategy<Value = Stream> {
    let wish = prop_oneof![
        6 => Just(Wish::Nothing),
        2 => Just(Wish::Patient),
        1 => Just(Wish::Pushy),
        2 => Just(Wish::Spread),
        2 => Just(Wish::Apart),
        1 => Just(Wish::NearWeb),
        1 => Just(Wish::ZoneA),
        1 => Just(Wish::Impossible),
    ];
    // Whole seconds: many things happen at the same instant.
    (wish, 0..60_u32, 1..5_u32, 1..40_u32, 1..8_u32, 1..8_u32, 1..90_u32).prop_map(
        |(wish, start, every, limit, cpu, memory, duration)| Stream {
            wish,
            start,
            every,
            limit,
            cpu: cpu * 500,
            memory,
            duration,
        },
    )
}

fn scenario(nodes: u32, streams: &[Stream], action: u32) -> String {
    let mut text = format!(
        "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: overload}}\nspec:\n  \
         duration: 40m\n  manifests: [manifests.yaml]\n  controlPlane: {{latency: {{scale: 0}}}}\n  \
         startup: {{imagePull: {{duration: {{fixed: 0s}}}}, containerStart: {{fixed: 0s}}}}\n  \
         nodePools: [{{name: n, count: {nodes}, zones: [a, b], capacity: {{cpu: 4, memory: 16Gi, pods: 9}}}}]\n"
    );
    text.push_str(match action % 5 {
        0 => {
            "  actions: [{at: 90s, scale: {target: deployment/default/web, replicas: 30}}, \
              {at: 200s, scale: {target: deployment/default/web, replicas: 2}}]\n"
        }
        1 => "  actions: [{at: 60s, cordon: n-0}, {at: 150s, uncordon: n-0}]\n",
        2 => "  actions: [{at: 100s, addNodes: {pool: n, count: 1}}]\n",
        3 => "  faults: [{kind: nodeCrash, node: n-1, at: 50s, duration: 8m}]\n",
        _ => "",
    });
    text.push_str("  arrivals:\n");
    for (index, stream) in streams.iter().enumerate() {
        let selector = format!("labelSelector: {{matchLabels: {{app: s{index}}}}}");
        let wish = match stream.wish {
            Wish::Nothing => String::new(),
            Wish::Patient => "priorityClassName: patient, ".to_owned(),
            Wish::Pushy => "priorityClassName: pushy, ".to_owned(),
            Wish::Spread => format!(
                "topologySpreadConstraints: [{{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, \
                 whenUnsatisfiable: DoNotSchedule, {selector}}}], "
            ),
            Wish::Apart => format!(
                "affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: \
                 [{{topologyKey: kubernetes.io/hostname, {selector}}}]}}}}, "
            ),
            Wish::NearWeb => "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
                              [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: s0}}}]}}, "
                .to_owned(),
            Wish::ZoneA => "nodeSelector: {topology.kubernetes.io/zone: a}, ".to_owned(),
            Wish::Impossible => "nodeSelector: {no: such}, ".to_owned(),
        };
        let _ = writeln!(
            text,
            "    - {{name: s{index}, start: {}s, limit: {}, every: {{fixed: {}s}}, duration: {{fixed: {}s}}, template: \
             {{metadata: {{labels: {{app: s{index}}}}}, spec: {{{wish}terminationGracePeriodSeconds: 1, containers: \
             [{{name: c, image: app, resources: {{requests: {{cpu: {}m, memory: {}Gi}}}}}}]}}}}}}",
            stream.start, stream.limit, stream.every, stream.duration, stream.cpu, stream.memory,
        );
    }
    text
}

fn simulated(scenario: &str, decision_path: DecisionPath) -> Facts {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("manifests.yaml"), MANIFESTS).unwrap();
    let file = folder.path().join("scenario.yaml");
    std::fs::write(&file, scenario).unwrap();
    let (prepared, _) = prepare(&file, &PrepareOptions::default())
        .unwrap_or_else(|errors| panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")));
    simulate(&prepared, &RunOptions { decision_path, check_invariants: true, ..RunOptions::default() }).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: RUNS, ..ProptestConfig::default() })]

    #[test]
    fn pods_that_wait_together_fare_as_they_do_one_by_one(
        nodes in 2..7_u32,
        streams in prop::collection::vec(stream(), 1..8),
        action in 0..5_u32,
    ) {
        let scenario = scenario(nodes, &streams, action);
        // The framework makes every attempt.
        let (together, one_by_one) =
            (simulated(&scenario, DecisionPath::Index), simulated(&scenario, DecisionPath::Framework));
        let differs = together.pods.iter().zip(&one_by_one.pods).find(|(one, other)| one != other);
        prop_assert!(differs.is_none(), "{differs:#?}");
        prop_assert_eq!(together.scheduling_attempts, one_by_one.scheduling_attempts);
        let differs = together.events().zip(one_by_one.events()).find(|(one, other)| one != other);
        prop_assert!(differs.is_none(), "{differs:#?}");
        prop_assert_eq!(together.events().len(), one_by_one.events().len());
    }
}

#[test]
fn most_attempts_of_a_backlog_are_counted_not_made() {
    let stream = |limit| Stream { wish: Wish::Nothing, start: 0, every: 1, limit, cpu: 500, memory: 1, duration: 60 };
    let facts = simulated(&scenario(2, &[stream(1000)], 4), DecisionPath::Index);
    let pods = facts.pods.len() as u64;
    assert!(facts.scheduling_attempts > 50 * pods, "{} attempts of {pods} pods", facts.scheduling_attempts);
    // Each pod is tried a few times by itself until it has the longest back-off.
    assert!(facts.events_handled < 40 * pods, "{} events of {pods} pods", facts.events_handled);
}
