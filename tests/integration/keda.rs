//! KEDA in a run: what becomes of a Deployment that a ScaledObject scales.

use super::behaviour::run;
use wavetank::record::{DecisionRecord, Facts};
use wavetank::sim::{PrepareOptions, prepare};
use wavetank::units::SimTime;

/// A Deployment `worker` of this many pods.
fn deployment(replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: worker}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: worker}}}}
  template:
    metadata: {{labels: {{app: worker}}}}
    spec:
      containers: [{{name: c, image: app:v1, resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}}}]
"
    )
}

/// The ScaledObject `worker` of that Deployment with these annotations, spec and triggers.
fn scaled_object(annotations: &str, spec: &str, triggers: &str) -> String {
    format!(
        "---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {{name: worker, annotations: {{{annotations}}}}}
spec:
  scaleTargetRef: {{name: worker}}
  {spec}
  triggers: [{triggers}]
"
    )
}

/// A queue, ten messages a pod.
const RABBITMQ: &str = "{type: rabbitmq, metadata: {queueName: mail, value: \"10\", activationValue: \"3\"}}";

/// The scenario's queue: this many messages from each of these times on, none before.
fn messages(points: &[(&str, u32)], outages: &str) -> String {
    let steps: Vec<String> = points.iter().map(|(at, rate)| format!("{{at: {at}, rate: {rate}}}")).collect();
    let steps = steps.join(", ");
    format!(
        "metrics:
- {{name: mail, type: Trigger, trigger: {{scaledObject: worker}}, value: {{series: {{steps: [{steps}]}}}}, outages: [{outages}]}}"
    )
}

fn decisions<'a>(facts: &'a Facts, decision: &'a str) -> impl Iterator<Item = &'a DecisionRecord> {
    facts.decisions.iter().filter(move |record| record.autoscaler == "keda" && record.decision == decision)
}

/// When a decision of this name first changed the replicas, and to how many.
fn first_change(facts: &Facts, decision: &str) -> Option<(f64, i64)> {
    let changes = |record: &&DecisionRecord| record.sizes.is_some_and(|(before, after)| before != after);
    decisions(facts, decision).find(changes).and_then(|record| Some((record.at.as_secs_f64(), record.sizes?.1)))
}

/// `spec.replicas` of the Deployment at the end.
fn replicas(facts: &Facts) -> i64 {
    let of_hpa = facts.autoscaling.iter().map(|record| (record.at, i64::from(record.desired_replicas)));
    let of_keda = facts.decisions.iter().filter_map(|record| Some((record.at, record.sizes?.1)));
    of_hpa.chain(of_keda).max_by_key(|(at, _)| *at).map_or(0, |(_, count)| count)
}

fn events(facts: &Facts, reason: &str) -> usize {
    facts.events().filter(|event| event.reason == reason).count()
}

/// Pods that exist at an instant.
fn pods_at(facts: &Facts, seconds: i64) -> usize {
    let at = SimTime::from_secs(seconds);
    facts.pods.iter().filter(|pod| pod.created <= at && pod.deletion_requested.is_none_or(|gone| gone > at)).count()
}

#[test]
fn a_cron_window_wakes_a_target_and_lets_it_sleep_again() {
    let cron =
        "{type: cron, metadata: {timezone: UTC, start: \"0 8 * * *\", end: \"0 9 * * *\", desiredReplicas: \"4\"}}";
    let manifests = deployment(0) + &scaled_object("", "cooldownPeriod: 600", cron);
    let facts = run(4, "", &manifests, "duration: 12h");
    let (woken, to) = first_change(&facts, "Activate").expect("it is activated");
    assert!((28_800.0..=28_830.0).contains(&woken), "at 08:00, within a polling interval: {woken}");
    assert_eq!(to, 1, "KEDA brings one, the HorizontalPodAutoscaler the rest");
    assert_eq!((pods_at(&facts, 28_700), pods_at(&facts, 29_400)), (0, 4));
    let (slept, to) = first_change(&facts, "Deactivate").expect("it is deactivated");
    assert!((33_000.0..=33_060.0).contains(&slept), "the cooldown after the last active poll: {slept}");
    assert_eq!((to, pods_at(&facts, 34_000)), (0, 0));
    assert!(decisions(&facts, "Deactivate").any(|record| *record.limited_by == *"cooldownPeriod"));
    for (reason, count) in
        [("KEDAScaleTargetActivated", 1), ("KEDAScaleTargetDeactivated", 1), ("ScaledObjectReady", 1)]
    {
        assert_eq!(events(&facts, reason), count, "{reason}");
    }
    let hpa = facts.autoscalers.first().expect("the HorizontalPodAutoscaler");
    assert_eq!((&*hpa.spec.name, hpa.min_replicas, hpa.max_replicas), ("keda-hpa-worker", 1, 100));
}

#[test]
fn a_queue_wakes_a_target_above_its_activation() {
    // Three messages are no work yet; forty are four pods.
    let spec = messages(&[("10m", 3), ("20m", 40), ("40m", 0)], "");
    let manifests = deployment(0) + &scaled_object("", "maxReplicaCount: 3", RABBITMQ);
    let facts = run(4, "", &manifests, &format!("duration: 1h30m\n{spec}"));
    let (woken, _) = first_change(&facts, "Activate").expect("it is activated");
    assert!((1200.0..=1230.0).contains(&woken), "{woken}");
    assert_eq!(pods_at(&facts, 1500), 3, "bounded by maxReplicaCount");
    assert_eq!((pods_at(&facts, 1190), pods_at(&facts, 4000)), (0, 0));
    let record = decisions(&facts, "Activate").next().unwrap();
    assert!(record.inputs.contains("active_triggers=rabbitMQScaler;s0-rabbitmq-mail=40"), "{}", record.inputs);
}

#[test]
fn idle_replicas_and_a_minimum_are_kept() {
    let spec = messages(&[("20m", 40), ("40m", 0)], "");
    let bounds = "minReplicaCount: 2\n  idleReplicaCount: 0\n  cooldownPeriod: 60";
    let facts = run(4, "", &(deployment(0) + &scaled_object("", bounds, RABBITMQ)), &format!("duration: 1h\n{spec}"));
    assert_eq!(first_change(&facts, "Activate").map(|(_, to)| to), Some(2));
    assert_eq!((pods_at(&facts, 1100), pods_at(&facts, 1500), pods_at(&facts, 3500)), (0, 4, 0));
}

#[test]
fn a_pause_holds_the_replicas() {
    let spec = messages(&[("0s", 40)], "");
    let paused = |annotations: &str| {
        let manifests = deployment(1) + &scaled_object(annotations, "", RABBITMQ);
        run(4, "", &manifests, &format!("duration: 1h\n{spec}"))
    };
    let facts = paused("autoscaling.keda.sh/paused: \"true\"");
    assert_eq!((pods_at(&facts, 3000), facts.autoscalers.iter().filter(|hpa| !hpa.removed).count()), (1, 0));
    assert_eq!(decisions(&facts, "Pause").count(), 1);
    let facts = paused("autoscaling.keda.sh/paused-replicas: \"3\"");
    assert_eq!(pods_at(&facts, 3000), 3);
    let facts = paused("");
    assert_eq!(pods_at(&facts, 3000), 4, "not paused");
}

#[test]
fn a_pause_that_is_taken_back_ends() {
    let object = |annotations: &str| scaled_object(annotations, "", RABBITMQ);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("again.yaml");
    std::fs::write(&file, object("")).unwrap();
    let spec = messages(&[("0s", 40)], "");
    let actions = format!("duration: 1h\n{spec}\nactions: [{{at: 30m, apply: {}}}]", file.display());
    let facts = run(4, "", &(deployment(1) + &object("autoscaling.keda.sh/paused: \"true\"")), &actions);
    assert_eq!((pods_at(&facts, 1700), pods_at(&facts, 3000)), (1, 4));
    assert_eq!(decisions(&facts, "Resume").count(), 1);
}

#[test]
fn a_source_that_fails_brings_the_fallback() {
    let spec = messages(&[("0s", 10)], "{at: 10m, duration: 20m}");
    let fallback = "cooldownPeriod: 60\n  fallback: {failureThreshold: 3, replicas: 5}";
    let facts = run(4, "", &(deployment(1) + &scaled_object("", fallback, RABBITMQ)), &format!("duration: 1h\n{spec}"));
    assert_eq!((pods_at(&facts, 590), pods_at(&facts, 900)), (1, 5));
    let falls: Vec<f64> = decisions(&facts, "FallBack").map(|record| record.at.as_secs_f64()).collect();
    assert_eq!(falls.len(), 1, "{falls:?}");
    // The condition tells of the answer before: more than three failures are known at the fifth question.
    assert!((660.0..=690.0).contains(&falls[0]), "{falls:?}");
    assert_eq!(decisions(&facts, "EndFallback").count(), 1);
    assert!(events(&facts, "KEDAScalerFailed") > 0);
    assert_eq!(pods_at(&facts, 3500), 1, "the source is back");
}

#[test]
fn a_formula_makes_one_metric_of_all() {
    let triggers = "{name: mail, type: rabbitmq, metadata: {queueName: mail, value: \"10\"}}, {name: news, type: kafka, metadata: {topic: news}}";
    let advanced = "advanced: {scalingModifiers: {formula: mail + 2 * news, target: \"10\"}}";
    let spec = "duration: 1h
metrics:
- {name: mail, type: Trigger, trigger: {scaledObject: worker, name: mail}, value: {series: {constant: 10}}}
- {name: news, type: Trigger, trigger: {scaledObject: worker, type: kafka}, value: {series: {constant: 5}}}
- {name: more news, type: Trigger, trigger: {scaledObject: worker, index: 1}, value: {series: {constant: 5}}}";
    let facts = run(4, "", &(deployment(0) + &scaled_object("", advanced, triggers)), spec);
    assert_eq!(pods_at(&facts, 1000), 3, "10 + 2 * (5 + 5) over 10");
    assert_eq!(replicas(&facts), 3);
}

#[test]
fn what_belongs_to_a_scaled_object_goes_with_it() {
    let spec = messages(&[("0s", 40)], "");
    let delete = "actions: [{at: 30m, delete: scaledobject/worker}]";
    for (advanced, pods, why) in [
        ("", 4, "the replicas stay"),
        ("advanced: {restoreToOriginalReplicaCount: true}", 2, "the replicas from before KEDA come back"),
    ] {
        let manifests = deployment(2) + &scaled_object("", advanced, RABBITMQ);
        let facts = run(4, "", &manifests, &format!("duration: 1h\n{spec}\n{delete}"));
        assert_eq!((pods_at(&facts, 1700), pods_at(&facts, 3000)), (4, pods), "{why}");
        assert!(facts.autoscalers.iter().all(|hpa| hpa.removed), "the HorizontalPodAutoscaler is gone");
        assert_eq!((events(&facts, "ScaledObjectDeleted"), events(&facts, "KEDAScalersStopped")), (1, 1));
    }
}

#[test]
fn cpu_alone_keeps_a_target_awake() {
    let cpu = "{type: cpu, metricType: Utilization, metadata: {value: \"50\"}}";
    let usage = "duration: 1h\nusage: [{target: deployment/worker, cpu: {constant: 90m}}]";
    let facts = run(4, "", &(deployment(1) + &scaled_object("", "maxReplicaCount: 4", cpu)), usage);
    assert_eq!(pods_at(&facts, 3000), 4, "each pod uses 90 % of its request");
    assert_eq!(decisions(&facts, "Deactivate").count(), 0);
}

/// What is wrong with a scenario of the Deployment, these manifests and this spec.
fn refusal(manifests: &str, spec: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("manifests.yaml"), deployment(1) + manifests).unwrap();
    let text = format!(
        "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: x}}\nspec:\n  manifests: [manifests.yaml]\n  duration: 1h\n  \
         nodePools: [{{name: n, count: 1, capacity: {{cpu: 4, memory: 16Gi}}}}]\n{spec}"
    );
    let file = folder.path().join("scenario.yaml");
    std::fs::write(&file, text).unwrap();
    let errors = prepare(&file, &PrepareOptions::default()).expect_err("it is refused");
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_cannot_scale_is_refused() {
    let metric = |trigger: &str| {
        format!("  metrics: [{{name: m, type: Trigger, trigger: {{{trigger}}}, value: {{series: {{constant: 1}}}}}}]\n")
    };
    let hpa = "---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: other}
spec: {scaleTargetRef: {kind: Deployment, name: worker, apiVersion: apps/v1}, maxReplicas: 3}
";
    let own = metric("scaledObject: worker");
    let cases = [
        (scaled_object("", "", RABBITMQ), String::new(), "the rabbitmq trigger has no source in spec.metrics"),
        (scaled_object("", "", "{type: cobol, metadata: {}}"), String::new(), "no scaler found for type: cobol"),
        (
            scaled_object("", "", "{type: rabbitmq, metadata: {}}"),
            String::new(),
            "missing required parameter \"queueName\"",
        ),
        (
            scaled_object("", "", RABBITMQ),
            metric("scaledObject: other"),
            "spec.metrics[0].trigger: is that of no trigger",
        ),
        (
            scaled_object("", "", &format!("{RABBITMQ}, {RABBITMQ}")),
            own.clone(),
            "spec.metrics[0].trigger: is that of several triggers",
        ),
        (scaled_object("", "", RABBITMQ) + hpa, own.clone(), "is already managed by the hpa `other`"),
        (
            scaled_object("", "minReplicaCount: 3\n  maxReplicaCount: 2", RABBITMQ),
            own.clone(),
            "must be less than MaxReplicaCount=2",
        ),
        (
            scaled_object("", "advanced: {scalingModifiers: {formula: mail +, target: \"1\"}}", RABBITMQ),
            own.clone(),
            "spec.advanced.scalingModifiers.formula",
        ),
        (scaled_object("", "", ""), String::new(), "spec.triggers: is empty"),
    ];
    for (manifests, spec, expected) in cases {
        let found = refusal(&manifests, &spec);
        assert!(found.contains(expected), "{expected}: {found}");
    }
}
