//! What HorizontalPodAutoscalers read in a run: the pods that the selector matches, containers, metrics of adapters.

use crate::cases::Answer;

/// The line of `kubectl get hpa` about an object, without spaces at the ends of its cells.
fn line(answer: &Answer, name: &str) -> Vec<String> {
    let lines = answer.lines(&format!("{name} "));
    let with_target = lines.iter().find(|line| line.contains("Deployment/")).expect("a line of the object");
    with_target.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
}

/// The messages of the Events of a reason.
fn messages(answer: &Answer, reason: &str) -> Vec<String> {
    let rows = answer.table("events.csv");
    rows.iter().filter(|row| row["reason"] == reason).map(|row| row["message"].clone()).collect()
}

#[test]
fn pending_pods_of_another_deployment_count_if_the_selector_matches_them() {
    let answer = Answer::run("h01-overlap-pending", &["scenario.yaml"]);
    assert_eq!(line(&answer, "main"), ["main", "Deployment/main", "cpu: 50%/30%", "1", "20", "3", "30m"]);
    assert!(answer.events("SuccessfulRescale", "main").is_empty());
}

#[test]
fn a_finished_bare_pod_counts_if_the_selector_matches_it() {
    let answer = Answer::run("h04-hook-pod-in-selector", &["scenario.yaml"]);
    assert_eq!(line(&answer, "web"), ["web", "Deployment/web", "cpu: <unknown>/50%", "2", "10", "2", "20m"]);
    let why = "failed to get cpu utilization: missing request for cpu in container hook of Pod web-install-hook";
    assert!(messages(&answer, "FailedGetResourceMetric").contains(&why.to_owned()));
    assert!(
        answer.errors.contains("container `hook` of Pod `web-install-hook` has no cpu request"),
        "{}",
        answer.errors
    );
}

#[test]
fn a_memory_target_is_shown_as_it_was_written() {
    let answer = Answer::run("h06-memory-no-downscale", &["scenario.yaml"]);
    assert_eq!(line(&answer, "api"), ["api", "Deployment/api", "memory: 314572800/400Mi", "1", "4", "3", "6h"]);
}

#[test]
fn a_sidecar_without_a_request_is_named() {
    let case = "h08-sidecar-no-request";
    let validated = Answer::of(case, &["validate", "scenario.yaml"]);
    let warning = "container `proxy` of Deployment `gw` has no cpu request";
    assert!(validated.errors.contains(warning), "{}", validated.errors);
    let answer = Answer::run(case, &["scenario.yaml"]);
    assert_eq!(line(&answer, "gw")[2], "cpu: <unknown>/65%");
    let named = "missing request for cpu in container proxy of Pod gw-";
    assert!(messages(&answer, "FailedGetResourceMetric").iter().any(|message| message.contains(named)));
    let all = "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ";
    assert!(messages(&answer, "FailedComputeMetricsReplicas").iter().all(|message| message.starts_with(all)));
    let decisions = answer.table("autoscaling.csv");
    assert!(decisions.last().unwrap()["metric_error"].contains(named), "{decisions:?}");
}

#[test]
fn the_container_that_serves_is_measured_alone() {
    // 200 requests/s of 10 ms are 2 cores: 16 pods of 200 millicores at 65 %.
    for manifest in ["app-container.yaml", "app-container2.yaml"] {
        let manifests = format!("spec.manifests=[{manifest}]");
        let answer = Answer::run("h08-sidecar-no-request", &["scenario.yaml", "--set", &manifests]);
        assert_eq!(line(&answer, "gw")[2..6], ["cpu: 62%/65%", "2", "20", "16"], "{manifest}");
        assert!(!answer.errors.contains("warning"), "{}", answer.errors);
    }
    let serves = "spec.traffic.0.container=proxy";
    let args = ["scenario.yaml", "--set", "spec.manifests=[app-container2.yaml]", "--set", serves];
    let answer = Answer::run("h08-sidecar-no-request", &args);
    assert_eq!(line(&answer, "gw")[2..6], ["cpu: 0%/65%", "2", "20", "2"], "the other container uses nothing");
    let wrong =
        Answer::of("h08-sidecar-no-request", &["validate", "scenario.yaml", "--set", "spec.traffic.0.container=prxy"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.errors.contains("container `prxy` does not exist in `deployment/default/gw`"), "{}", wrong.errors);
}

#[test]
fn two_objects_on_one_target_stop_each_other_once_both_are_known() {
    let case = "two-hpas-on-one-target";
    let answer = Answer::run(case, &["scenario.yaml"]);
    let why = "pods by selector app=web are controlled by multiple HPAs: [default/by-cpu default/by-memory]";
    assert_eq!(messages(&answer, "AmbiguousSelector"), [why, why], "one Event of each object, repeated");
    // From the first reconcile of the second one on nothing is scaled any more.
    let first = answer.events("AmbiguousSelector", "by-").into_iter().fold(f64::INFINITY, f64::min);
    assert!(first < 31.0, "{first}");
    assert!(answer.events("SuccessfulRescale", "by-").iter().all(|at| *at <= first));
    for row in answer.table("autoscaling.csv").iter().rev().take(2) {
        assert_eq!(row["scaling_active_reason"], "AmbiguousSelector");
    }
    assert!(answer.errors.contains("selects the same pods as `by-memory`"), "{}", answer.errors);
}

#[test]
fn metrics_of_adapters_come_from_the_scenario() {
    let answer = Answer::run("metric-sources", &["scenario.yaml"]);
    assert!(!answer.errors.contains("warning"), "{}", answer.errors);
    assert_eq!(line(&answer, "web")[2..6], ["50/50", "1", "20", "8"], "400 requests/s over 8 pods");
    assert_eq!(line(&answer, "cache")[2..6], ["200/200 (avg)", "1", "20", "2"]);
    assert_eq!(line(&answer, "worker")[2..6], ["0/30 (avg)", "1", "20", "1"], "the queue of mails is empty");
    let rows = answer.table("autoscaling.csv");
    let jobs: Vec<f64> = rows
        .iter()
        .filter(|row| row["name"] == "worker")
        .map(|row| row["metric_current"].parse::<f64>().unwrap() * row["current_replicas"].parse::<f64>().unwrap())
        .collect();
    let most = jobs.iter().copied().fold(0.0, f64::max);
    assert!(most > 150.0 && most < 800.0, "the queue of faxes is not asked for: {jobs:?}");
    let scaled: Vec<i64> =
        rows.iter().filter(|row| row["name"] == "worker").map(|row| row["desired_replicas"].parse().unwrap()).collect();
    assert!(scaled.iter().any(|replicas| *replicas >= 5), "the queue grows until enough pods take from it: {scaled:?}");
}

#[test]
fn a_metric_without_a_source_is_warned_of() {
    let case = "metric-sources";
    let warned = Answer::of(case, &["validate", "scenario.yaml", "--set", "spec.metrics=[]"]);
    assert!(warned.errors.contains("pods metric `requests_per_second` has no source"), "{}", warned.errors);
    let wrong = [
        ("spec.metrics.0.value={traffic: frnot}", "traffic `frnot` does not exist"),
        ("spec.metrics.0.value={series: {constant: 1}}", "spec.metrics[0].target: is missing"),
        ("spec.metrics.1.describedObject=null", "spec.metrics[1].describedObject: is missing"),
        (
            "spec.metrics.2.value.queue.servedPerPod=0",
            "spec.metrics[2].value.queue.servedPerPod: `0` is not above zero",
        ),
        ("spec.metrics.2.value.queue.target=deployment/wroker", "there is no Deployment `default/wroker`"),
        ("spec.metrics.2.type=Pods", "has no meaning for type Pods"),
    ];
    for (set, expected) in wrong {
        let answer = Answer::of(case, &["validate", "scenario.yaml", "--set", set]);
        assert_eq!(answer.code, 2, "{set}: {}", answer.errors);
        assert!(answer.errors.contains(expected), "{set}: {}", answer.errors);
    }
}
