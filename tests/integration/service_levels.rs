//! What users felt of what happened, with both fidelities: incidents, objectives on one traffic entry, and that an objective that
//! nothing tests is not met.

use crate::behaviour::run;
use std::collections::BTreeMap;
use wavetank::record::Facts;
use wavetank::report::{Objective, OutputOptions, Summary, Verdict, check, summarize, write_all};

/// Four pods on two nodes.
const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}
      containers: [{name: c, image: 'app:v1', resources: {requests: {cpu: 100m}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

fn play(fidelity: &str, rest: &str) -> Facts {
    let traffic = format!(
        "duration: 10m\ntraffic: [{{name: web, target: deployment/web, fidelity: {fidelity}, cpuPerRequest: 5ms, \
         rate: {{steps: [{{at: 1m, rate: 100}}]}}, slo: {{target: 0.99}}}}]\n"
    );
    run(2, "a", WEB, &format!("{traffic}{rest}"))
}

fn get(summary: &Summary, metric: &str) -> f64 {
    summary.get(metric).unwrap_or_else(|| panic!("no {metric}"))
}

/// The rows of a table of a run, each by column.
fn rows(facts: &Facts, file: &str) -> Vec<BTreeMap<String, String>> {
    let folder = tempfile::tempdir().unwrap();
    let options = OutputOptions { svg: false, png: false, ..OutputOptions::default() };
    write_all(facts, &summarize(facts), folder.path(), &options).unwrap();
    let mut reader = csv::Reader::from_path(folder.path().join(file)).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

#[test]
fn both_fidelities_tell_what_a_crash_cost() {
    for fidelity in ["fluid", "requests"] {
        let facts = play(fidelity, "faults: [{kind: nodeCrash, node: n-0, at: 125s, duration: 3m}]");
        let summary = summarize(&facts);
        let incidents = rows(&facts, "incidents.csv");
        let of = |column: &str| -> f64 { incidents[0][column].parse().unwrap() };
        assert_eq!(
            (incidents.len(), &*incidents[0]["kind"], &*incidents[0]["outcome"]),
            (1, "fault", "back"),
            "{fidelity}"
        );
        // Half of the pods are down for as long as the node's lease lasts, 40 to 50 s, until the endpoints are gone.
        assert!((1900.0..3000.0).contains(&of("requests_lost")), "{fidelity}: {}", of("requests_lost"));
        assert!((0.45..0.55).contains(&of("worst_minute_failed_ratio")) || of("worst_minute_failed_ratio") > 0.2);
        assert!((35.0..60.0).contains(&of("missed_seconds")), "{fidelity}: {}", of("missed_seconds"));
        assert!((of("missed_seconds") - of("back_after_seconds")).abs() < 1e-6, "{fidelity}: it is missed once");
        let lost = get(&summary, "incident_requests_lost_max");
        assert!((lost - of("requests_lost")).abs() < 1e-3, "{fidelity}");
        let failed = get(&summary, "requests_total") * get(&summary, "requests_unserved_ratio");
        assert!((failed - lost).abs() < 2.0, "{fidelity}: nothing else fails: {failed} and {lost}");
        let bad = 1.0 - get(&summary, "requests_good_ratio");
        assert!((get(&summary, "slo_budget_used_ratio_max") - bad / 0.01).abs() < 0.05, "{fidelity}");
    }
}

#[test]
fn a_quiet_action_costs_nothing() {
    let facts =
        play("requests", "actions: [{at: 2m, scale: {target: deployment/web, replicas: 5}}, {at: 3m, cordon: n-1}]");
    let incidents = rows(&facts, "incidents.csv");
    let words: Vec<(&str, &str, &str)> =
        incidents.iter().map(|row| (&*row["kind"], &*row["requests_lost"], &*row["outcome"])).collect();
    assert_eq!(words, [("action", "0", "objective_held")], "a cordoned node serves on: it touches nobody");
}

#[test]
fn objectives_on_an_entry_are_met_missed_or_not_tested() {
    let faults = "faults: [{kind: nodeCrash, node: n-0, at: 125s, duration: 3m}]";
    let quiet =
        "duration: 10m\ntraffic: [{name: web, target: deployment/web, rate: {constant: 0}, cpuPerRequest: 5ms}]\n";
    let (busy, silent) = (play("requests", faults), run(2, "a", WEB, quiet));
    let objective = |metric: &str, min, max, of_intervals| Objective {
        metric: metric.to_owned(),
        traffic: Some("web".to_owned()),
        of_intervals,
        min,
        max,
    };
    let cases = [
        (objective("requests_good_ratio", Some(0.9), None, None), Verdict::Met, "about 4 % failed"),
        (objective("requests_good_ratio", Some(0.99), None, None), Verdict::Missed, "more than 1 %"),
        (
            objective("requests_unserved_ratio", None, Some(0.01), Some(0.85)),
            Verdict::Met,
            "for less than a minute of nine",
        ),
        (objective("requests_unserved_ratio", None, Some(0.01), Some(0.95)), Verdict::Missed, "for more than 5 %"),
        (objective("request_latency_seconds_p99", None, Some(0.1), None), Verdict::Met, "5 ms of CPU"),
        (objective("apdex_ratio", Some(0.9), None, None), Verdict::Met, "only those that failed are frustrated"),
    ];
    for (objective, expected, why) in cases {
        let objectives = [objective];
        let verdict = |facts: &Facts| check(facts, &summarize(facts), &objectives)[0].verdict;
        assert_eq!(verdict(&busy), expected, "{why}: {objectives:?}");
        assert_eq!(verdict(&silent), Verdict::NotTested, "no request was sent: {objectives:?}");
    }
}
