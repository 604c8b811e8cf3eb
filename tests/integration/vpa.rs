//! The Vertical Pod Autoscaler in a run: what becomes of pods whose requests are far from what they use.

use super::behaviour::run;
use wavetank::record::Facts;

/// A Deployment `app` of this many pods with these resources, and its VerticalPodAutoscaler.
fn manifests(replicas: u32, resources: &str, mode: &str, others: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: app}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: app}}}}
  template:
    metadata: {{labels: {{app: app}}}}
    spec:
      containers: [{{name: c, image: app:v1, resources: {resources}}}]
---
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {{name: app}}
spec:
  targetRef: {{apiVersion: apps/v1, kind: Deployment, name: app}}
  updatePolicy: {{updateMode: {mode}}}
{others}"
    )
}

const USAGE: &str = "duration: 1d
usage: [{target: deployment/app, cpu: {constant: 300m}, memory: {constant: 600Mi}}]";

fn decisions(facts: &Facts, decision: &str) -> usize {
    facts.decisions.iter().filter(|record| record.decision == decision).count()
}

#[test]
fn each_mode_does_its_own() {
    let small = "{requests: {cpu: 100m, memory: 128Mi}}";
    let cases = [
        ("\"Off\"", 0, 0, "recommends only"),
        ("Initial", 0, 0, "new pods alone, of which there are none"),
        ("Recreate", 4, 0, "each pod once"),
        ("Auto", 4, 0, "acts as Recreate"),
        ("InPlaceOrRecreate", 0, 4, "there is room"),
        ("InPlace", 0, 4, "there is room"),
    ];
    for (mode, evicted, resized, why) in cases {
        let facts = run(2, "", &manifests(4, small, mode, ""), USAGE);
        let record = &facts.recommendations[0];
        // 300m and 600 MiB in buckets of five percent, and 15 % more.
        let (cpu, memory) = (record.cpu.unwrap(), record.memory.unwrap());
        assert!((345..=365).contains(&cpu.target.get()), "{mode}: {cpu:?}");
        assert!((690..=760).contains(&(memory.target.get() >> 20)), "{mode}: {memory:?}");
        assert!(cpu.lower_bound <= cpu.target && cpu.target <= cpu.upper_bound, "{mode}: {cpu:?}");
        assert_eq!(
            (decisions(&facts, "Evict"), decisions(&facts, "ResizeInPlace") >= 4),
            (evicted, resized > 0),
            "{mode}: {why}"
        );
    }
}

#[test]
fn the_policy_bounds_what_is_recommended() {
    let policy = "  resourcePolicy: {containerPolicies: [{containerName: '*', maxAllowed: {cpu: 200m}, controlledResources: [cpu]}]}\n";
    let facts = run(2, "", &manifests(4, "{requests: {cpu: 100m}}", "Recreate", policy), USAGE);
    let record = &facts.recommendations[0];
    assert_eq!((record.cpu.unwrap().target.get(), record.memory), (200, None));
    assert!(facts.decisions.iter().any(|record| *record.limited_by == *"maxAllowed"));
}

#[test]
fn a_lone_pod_is_left_alone_unless_it_may_go() {
    let small = "{requests: {cpu: 100m, memory: 128Mi}}";
    let facts = run(2, "", &manifests(1, small, "Recreate", ""), USAGE);
    assert_eq!(decisions(&facts, "Evict"), 0, "fewer than --min-replicas");
    let allowed = format!("{USAGE}\nverticalPodAutoscaler: {{updater: {{min-replicas: 1}}}}");
    let facts = run(2, "", &manifests(1, small, "Recreate", ""), &allowed);
    assert_eq!(decisions(&facts, "Evict"), 1);
}

#[test]
fn a_container_that_runs_out_of_memory_is_killed_until_it_has_more() {
    let tight = "{requests: {cpu: 300m, memory: 400Mi}, limits: {memory: 400Mi}}";
    let count = |facts: &Facts| facts.pods.iter().map(|pod| pod.restarts).sum::<u32>();
    let off = run(2, "", &manifests(2, tight, "\"Off\"", ""), USAGE);
    let on = run(2, "", &manifests(2, tight, "Recreate", ""), USAGE);
    assert!(count(&off) > 200, "at each start, under the back-off: {}", count(&off));
    assert!(count(&on) < 20, "the kills raise the recommendation: {}", count(&on));
    assert!(on.recommendations[0].memory.unwrap().target.get() >= 500 << 20);
}

#[test]
fn a_leak_is_killed_again_and_again() {
    let limited = "{requests: {cpu: 300m, memory: 400Mi}, limits: {memory: 500Mi}}";
    let leak = "duration: 1d
usage: [{target: deployment/app, memory: {constant: 200Mi, growthPerHour: 100Mi}}]";
    let facts = run(2, "", &manifests(2, limited, "\"Off\"", ""), leak);
    let restarts: Vec<u32> = facts.pods.iter().map(|pod| pod.restarts).collect();
    assert_eq!(restarts, [7, 7], "every three hours");
}

/// A VerticalPodAutoscaler asks for 15 % more than pods use, so their utilization is above a target of 70 % whatever the
/// number of pods: a HorizontalPodAutoscaler adds pods, each uses less, the requests follow, and so on up to the maximum.
#[test]
fn two_autoscalers_of_one_resource_drive_each_other() {
    let autoscaler = "---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: app}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: app}
  minReplicas: 2
  maxReplicas: 12
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
";
    let spec = "duration: 4d
verticalPodAutoscaler: {recommender: {cpu-histogram-decay-half-life: 2h}}
traffic: [{target: deployment/app, rate: {constant: 200}, cpuPerRequest: 10ms}]";
    let play = |mode: &str| {
        let facts = run(8, "", &manifests(4, "{requests: {cpu: 500m}}", mode, autoscaler), spec);
        let last = facts.autoscaling.last().expect("decisions are kept");
        (last.desired_replicas, facts.recommendations[0].cpu.unwrap().target.get())
    };
    let (alone, recommended) = play("\"Off\"");
    assert_eq!(alone, 6, "2 cores at 70 % of 500m");
    assert!(recommended > 300, "{recommended}m");
    let (both, requested) = play("Recreate");
    assert_eq!(both, 12, "up to the maximum");
    assert!(requested < 250, "2 cores on 12 pods and 15 % more: {requested}m");
}
