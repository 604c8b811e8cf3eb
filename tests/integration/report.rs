//! Output files have their promised form.
#![expect(
    clippy::cast_precision_loss,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "small numbers and our own file names"
)]

#[path = "report_example.rs"]
pub mod example;

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use wavetank::record::{Facts, IntervalSeries, NodeRecord, PodOutcome, StepSeries};
use wavetank::report::charts::{self, SweepPoint, SweepSeries, SweepX, confidence_interval};
use wavetank::report::format::Format;
use wavetank::report::{Objective, OutputOptions, Summary, check, is_metric, kubectl, summarize, terminal, write_all};
use wavetank::units::{MilliCpu, NanoDollars, SimDuration, SimTime};

const QUESTION: &str = "Does the shop survive Black Friday with one node lost at 14:00?";

fn tables_only() -> OutputOptions {
    OutputOptions { svg: false, png: false, ..OutputOptions::default() }
}

/// The rows of a table by column name.
fn read(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} of {row:?}"))
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1e-9)
}

fn every_file(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in [folder.to_owned(), folder.join("charts")] {
        for entry in fs::read_dir(&folder).into_iter().flatten().map(Result::unwrap) {
            if entry.path().is_file() {
                files.insert(entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
            }
        }
    }
    files
}

#[test]
fn a_day_is_written_whole_and_twice_the_same() {
    let facts = example::day();
    let summary = summarize(&facts);
    let options = OutputOptions { question: QUESTION.to_owned(), ..OutputOptions::default() };
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = folders.each_ref().map(|folder| {
        let written = write_all(&facts, &summary, folder.path(), &options).unwrap();
        let files = every_file(folder.path());
        assert_eq!(written.len(), files.len(), "exactly the reported files are there");
        files
    });
    assert_eq!(one, other);
    let names: Vec<&str> = one.keys().map(String::as_str).collect();
    for name in
        ["summary.json", "timeline.csv", "workloads.csv", "pods.csv", "nodes.csv", "events.csv", "autoscaling.csv"]
    {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    for name in ["utilization", "pending", "replicas", "requests", "recovery", "cost"] {
        assert!(one[&format!("{name}.png")].starts_with(b"\x89PNG"), "{name}");
        assert!(one[&format!("{name}.svg")].starts_with(b"<svg"), "{name}");
    }
}

#[test]
fn files_of_an_earlier_run_do_not_stay() {
    let folder = tempfile::tempdir().unwrap();
    let options = OutputOptions { png: false, ..OutputOptions::default() };
    let day = example::day();
    write_all(&day, &summarize(&day), folder.path(), &options).unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let empty = example::empty(60);
    write_all(&empty, &summarize(&empty), folder.path(), &options).unwrap();
    let names: Vec<String> = every_file(folder.path()).into_keys().collect();
    let expected = [
        "events.csv",
        "nodes.csv",
        "notes.txt",
        "pods.csv",
        "run.json",
        "summary.json",
        "timeline.csv",
        "workloads.csv",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_tables_integrate_to_the_facts() {
    let facts = example::day();
    let summary = summarize(&facts);
    let folder = tempfile::tempdir().unwrap();
    write_all(&facts, &summary, folder.path(), &tables_only()).unwrap();
    let timeline = read(&folder.path().join("timeline.csv"));
    let integral = |column: &str| -> f64 {
        timeline.iter().map(|row| number(row, column) * number(row, "interval_seconds")).sum()
    };
    let total = |series: &IntervalSeries| series.total() as f64 / 1e9;
    assert!(close(integral("cpu_requested_cores_mean") * 1000.0, total(&facts.cluster.cpu_requested)));
    assert!(close(integral("memory_used_bytes_mean"), total(&facts.cluster.memory_used)));
    assert!(close(integral("nodes_mean") / 3600.0, summary.get("node_hours").unwrap()));
    assert_eq!(timeline[0]["time"], "2026-11-27T00:00:00Z");
    assert_eq!(timeline.len(), 1440);

    let workloads = read(&folder.path().join("workloads.csv"));
    let web: Vec<_> = workloads.iter().filter(|row| row["workload"] == "Deployment/web").collect();
    let steps = |column: &str| -> f64 {
        let span =
            |pair: &[&BTreeMap<String, String>]| number(pair[1], "time_seconds") - number(pair[0], "time_seconds");
        web.windows(2).map(|pair| number(pair[0], column) * span(pair)).sum()
    };
    let exact = |series: &StepSeries| series.integral(SimTime::ZERO, facts.end) as f64 / 1e9;
    assert!(close(steps("ready_replicas"), exact(&facts.workloads[0].ready)));
    assert!(close(steps("request_rate_per_second"), summary.get("requests_total").unwrap()));

    let cost = read(&folder.path().join("cost.csv"));
    let dollars: f64 = cost.iter().map(|row| number(row, "cost_dollars")).sum();
    assert!(close(dollars, summary.get("cost_dollars").unwrap()));
    let recovery = read(&folder.path().join("recovery.csv"));
    assert_eq!((recovery[0]["detection_seconds"].as_str(), recovery[0]["recovery_seconds"].as_str()), ("46", "372"));
    let autoscaling = read(&folder.path().join("autoscaling.csv"));
    assert_eq!(autoscaling.len(), facts.autoscaling.iter().map(|decision| decision.metrics.len()).sum::<usize>());
    assert!(autoscaling.iter().any(|row| row["limited_by"] == "TooManyReplicas"));
    assert_eq!(read(&folder.path().join("pods.csv")).len(), facts.pods.len());
}

#[test]
fn the_summary_holds_listed_metrics_only_and_leaves_out_what_does_not_apply() {
    let day = summarize(&example::day());
    assert!(day.iter().all(|(name, value)| is_metric(name) && value.is_finite()));
    assert_eq!(day.get("faults"), Some(1.0));
    assert_eq!(day.get("recovery_seconds_max"), Some(372.0));
    assert_eq!(day.get("capacity_missing_replica_seconds"), Some(2232.0));
    assert_eq!(day.get("pod_pending_seconds_max"), Some(6400.0), "the pod still pending has waited since 80000 s");
    let empty = summarize(&example::empty(0));
    assert_eq!(empty.get("faults"), Some(0.0));
    for absent in
        ["recovery_seconds_max", "pod_pending_seconds_mean", "cost_dollars", "requests_total", "node_count_mean"]
    {
        assert_eq!(empty.get(absent), None, "{absent}");
    }
}

#[test]
fn the_cost_of_constant_nodes_by_hand() {
    let mut facts = example::empty(7200);
    let mut machines = example::machine_type();
    machines.price = Some(NanoDollars::from_dollars(0.192));
    machines.machines.set(SimTime::ZERO, 2);
    facts.machine_types.push(machines);
    for requested in [0, 2000 * 3600 * 1_000_000_000_i128] {
        // Half of the CPU of one of two nodes is requested for the second hour: an eighth of the cost is used.
        facts.nodes.push(NodeRecord { cpu_requested_integral: requested, ..example::node("n") });
    }
    let summary = summarize(&facts);
    // 2 nodes, 2 hours, 0.192 dollars each.
    assert!(close(summary.get("cost_dollars").unwrap(), 0.768));
    assert!(close(summary.get("cost_dollars_per_hour").unwrap(), 0.384));
    assert!(close(summary.get("cost_idle_dollars").unwrap(), 0.768 * 0.875));
}

#[test]
fn charts_come_out_of_any_facts() {
    let mut crowded = example::day();
    for index in 0..40 {
        let mut copy = crowded.workloads[index % 3].clone();
        copy.name = format!("Deployment/a-rather-long-name-of-a-workload-number-{index}").into();
        crowded.workloads.push(copy);
    }
    let fault = crowded.recoveries[0].clone();
    crowded.recoveries.extend(std::iter::repeat_n(fault, 9));
    crowded.recoveries[3].restored = None;
    let mut long = example::day();
    long.end = SimTime::from_secs(86_400 * 365 * 3);
    let mut short = example::day();
    short.end = SimTime::from_nanos(1);
    let mut zero = example::day();
    zero.end = SimTime::ZERO;
    let mut one_pod = example::empty(1);
    one_pod.cluster.pods_pending.set(SimTime::ZERO, 1);
    one_pod.cluster.nodes.set(SimTime::ZERO, 1);
    let mut huge = example::empty(3600);
    huge.cluster.nodes.set(SimTime::ZERO, i64::MAX);
    huge.cluster.cpu_allocatable.set(SimTime::ZERO, i64::MAX);
    huge.start_unix_seconds = Some(i64::MAX);
    let cases = [
        ("empty", example::empty(0)),
        ("crowded", crowded),
        ("long", long),
        ("short", short),
        ("zero", zero),
        ("one", one_pod),
        ("huge", huge),
    ];
    for (name, facts) in cases {
        let folder = tempfile::tempdir().unwrap();
        let options = OutputOptions { question: "long question ".repeat(40), ..OutputOptions::default() };
        write_all(&facts, &summarize(&facts), folder.path(), &options).unwrap();
        for (file, content) in every_file(folder.path()) {
            let text = String::from_utf8_lossy(&content);
            assert!(file.ends_with(".png") || !text.contains("NaN") && !text.contains("inf,"), "{name}: {file}");
            if file.ends_with(".svg") {
                assert_texts_apart(&format!("{name}: {file}"), &text);
            }
        }
    }
}

/// Position, anchor, size and content of each text of a chart.
fn texts(svg: &str) -> Vec<(f64, f64, f64, f64, String)> {
    let attribute = |element: &str, name: &str| -> String {
        let start =
            element.find(&format!(" {name}=\"")).unwrap_or_else(|| panic!("{name} in {element}")) + name.len() + 3;
        element[start..].split('"').next().unwrap().to_owned()
    };
    svg.split("<text")
        .skip(1)
        .map(|element| {
            let content = element.split_once('>').unwrap().1.split('<').next().unwrap().trim().to_owned();
            let number = |name: &str| attribute(element, name).parse::<f64>().unwrap();
            let size = number("font-size");
            // DejaVu Sans is about 0.6 em wide on average; a little less, so that only true overlaps count.
            let width = content.chars().count() as f64 * size * 0.56;
            let left = match attribute(element, "text-anchor").as_str() {
                "middle" => number("x") - width / 2.0,
                "end" => number("x") - width,
                _ => number("x"),
            };
            (left, left + width, number("y") - size * 0.45, number("y") + size * 0.45, content)
        })
        .collect()
}

fn assert_texts_apart(chart: &str, svg: &str) {
    let texts = texts(svg);
    for (index, one) in texts.iter().enumerate() {
        assert!(one.0 > -1.0 && one.1 < 1230.0 && one.3 < 700.0, "{chart}: `{}` leaves the canvas", one.4);
        for other in &texts[index + 1..] {
            let apart = one.1 <= other.0 || other.1 <= one.0 || one.3 <= other.2 || other.3 <= one.2;
            assert!(apart, "{chart}: `{}` and `{}` overlap", one.4, other.4);
        }
    }
}

#[test]
fn charts_of_sweeps_come_out_of_any_points() {
    let folder = tempfile::tempdir().unwrap();
    let interval = |center: f64| confidence_interval(&[center * 0.9, center, center * 1.15], 0.95).unwrap();
    let series = |label: &str, factor: f64| SweepSeries {
        label: label.to_owned(),
        points: (0..6).map(|x| SweepPoint { x, mean: interval(factor / (x as f64 + 1.0)) }).collect(),
    };
    let both = [series("maxReplicas=20", 90.0), series("maxReplicas=40", 60.0)];
    let lone = [SweepSeries {
        label: String::new(),
        points: vec![SweepPoint { x: 0, mean: confidence_interval(&[3.0], 0.95).unwrap() }],
    }];
    let names = |count: usize| SweepX::Categories((0..count).map(|index| format!("instance-type-{index}")).collect());
    let cases: [(&str, SweepX, &[SweepSeries]); 5] = [
        ("numeric", SweepX::Numeric(vec![2.0, 4.0, 6.0, 8.0, 12.0, 16.0]), &both),
        ("categories", names(6), &both),
        ("many", names(60), &both),
        ("lone", SweepX::Numeric(vec![7.0]), &lone),
        ("none", SweepX::Numeric(Vec::new()), &[]),
    ];
    for (name, x, series) in cases {
        let figure = charts::sweep("How many nodes are enough?", "pod_pending_seconds_p99", "nodes", &x, series, &[]);
        let svg = charts::write_svg(&figure, &folder.path().join(format!("{name}.svg"))).unwrap();
        charts::write_png(&figure, &folder.path().join(format!("{name}.png"))).unwrap();
        assert_texts_apart(name, &fs::read_to_string(svg).unwrap());
    }
}

fn objectives(facts: &Facts, summary: &Summary) -> Vec<wavetank::report::ObjectiveResult> {
    let objective = |metric: &str, min, max| Objective { metric: metric.to_owned(), min, max, ..Objective::default() };
    check(
        facts,
        summary,
        &[
            objective("requests_unserved_ratio", None, Some(0.01)),
            objective("recovery_seconds_max", None, Some(300.0)),
            objective("nvidia_com_gpu_requested_ratio_mean", Some(0.5), None),
        ],
    )
}

#[test]
fn the_terminal_answers_in_a_few_lines() {
    let facts = example::day();
    let summary = summarize(&facts);
    let text =
        terminal::run_summary(&facts, &summary, &objectives(&facts, &summary), QUESTION, Some(Path::new("output/day")));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!("terminal_day", text);
}

#[test]
fn the_terminal_is_brief_about_an_empty_run() {
    let mut facts = example::empty(90);
    facts.interrupted = true;
    facts.planned_duration = SimDuration::from_hours(2);
    insta::assert_snapshot!("terminal_empty", terminal::run_summary(&facts, &summarize(&facts), &[], "", None));
}

#[test]
fn listings_look_like_kubectl() {
    let facts = example::day();
    let lists = [
        kubectl::pods(&facts).render(Format::Wide),
        kubectl::nodes(&facts).render(Format::Table),
        kubectl::deployments(&facts).render(Format::Table),
        kubectl::horizontal_pod_autoscalers(&facts).render(Format::Table),
    ];
    insta::assert_snapshot!("kubectl_day", lists.join("\n"));
}

const OUTCOMES: [PodOutcome; 8] = [
    PodOutcome::Succeeded,
    PodOutcome::Failed,
    PodOutcome::Deleted,
    PodOutcome::DeletedWhilePending,
    PodOutcome::Evicted,
    PodOutcome::Running,
    PodOutcome::Pending,
    PodOutcome::Impossible,
];

fn with_pods(pods: &[(usize, i64, Option<i64>, u32)]) -> Facts {
    let mut facts = example::empty(10_000);
    for (index, (outcome, created, wait, restarts)) in pods.iter().enumerate() {
        let mut pod = example::pod(&format!("pod-{index}"), "", 0, SimTime::from_millis(*created));
        pod.outcome = OUTCOMES[*outcome];
        pod.scheduled = wait.map(|wait| pod.created + SimDuration::from_millis(wait));
        pod.ready = pod.scheduled.map(|at| at + SimDuration::from_secs(1));
        pod.restarts = *restarts;
        std::sync::Arc::make_mut(&mut pod.group).cpu_request = MilliCpu::new(*created % 1000);
        facts.pods.push(pod);
    }
    facts
}

proptest! {
    #[test]
    fn outcomes_add_up_and_order_does_not_matter(
        pods in prop::collection::vec((0_usize..8, 0_i64..9_000_000, prop::option::of(0_i64..90_000), 0_u32..4), 0..60),
        shift in 0_usize..60,
    ) {
        let summary = summarize(&with_pods(&pods));
        let outcomes = ["pods_succeeded", "pods_failed", "pods_deleted", "pods_deleted_while_pending", "pods_evicted",
            "pods_running_at_end", "pods_pending_at_end", "pods_impossible"];
        let sum: f64 = outcomes.iter().map(|name| summary.get(name).unwrap()).sum();
        prop_assert_eq!(Some(sum), summary.get("pods_created"));
        let mut turned = pods.clone();
        turned.rotate_left(shift.min(pods.len()));
        turned.reverse();
        prop_assert_eq!(summary, summarize(&with_pods(&turned)));
    }
}

/// Two priced nodes in zones a and b with a DaemonSet on both; a Deployment of two pods that fits zone a alone.
fn packed(spec: &str) -> wavetank::record::Facts {
    let manifests = "apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      tolerations: [{operator: Exists}]
      containers: [{name: c, image: app, resources: {requests: {cpu: 1, memory: 4Gi}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {topology.kubernetes.io/zone: a}
      containers: [{name: c, image: app, resources: {requests: {cpu: 1, memory: 1Gi}}}]
";
    crate::behaviour::run(2, "a, b", manifests, spec)
}

#[test]
fn packing_is_measured() {
    let facts = packed("duration: 1h");
    let summary = wavetank::report::summarize(&facts);
    let near = |name: &str, expected: f64| {
        let value = summary.get(name).unwrap_or_else(|| panic!("{name} is missing"));
        // Pods are bound some milliseconds after the start.
        assert!((value - expected).abs() <= 1e-4 * expected.max(1.0), "{name}: {value} instead of {expected}");
    };
    near("nodes_used_mean", 1.0);
    near("nodes_used_max", 1.0);
    near("pods_per_node_max", 3.0);
    near("workload_on_one_node_ratio_mean", 1.0);
    // Zone a: 3 of 4 cores and 6 of 16 GiB requested: of 10 GiB free, 4 go with the last core. Zone b is in proportion.
    near("node_memory_stranded_ratio_mean", 6.0 / 32.0);
    near("node_cpu_stranded_ratio_mean", 0.0);
    assert_eq!(summary.get("cost_used_dollars"), None, "nothing has a price");
}

#[test]
fn a_node_that_is_gone_is_not_used() {
    let facts = packed("duration: 1h\nactions: [{at: 10m, delete: node/n-0}]");
    let (cluster, end) = (&facts.cluster, facts.end);
    assert_eq!((cluster.nodes.value(), cluster.nodes_used.value()), (1, 0), "at the end, {end:?}");
    assert_eq!((cluster.cpu_stranded.value(), cluster.memory_stranded.value()), (0, 0));
}
