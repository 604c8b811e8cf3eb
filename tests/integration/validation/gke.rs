//! A flash crowd on a CPU-bound web service on GKE, with a fixed number of pods and with two HorizontalPodAutoscalers.

use super::chart::{Line, steps};
use super::{at, copy, hold, hold_chart, mean, median, recorded, rows, run};
use std::fmt::Write as _;
use std::path::Path;
use wavetank::record::Facts;

/// As many runs as were recorded, and those by which the cost is fitted.
const SEEDS: u64 = 6;
const FIT_SEEDS: u64 = 20;
/// When the load begins in the scenario, in seconds.
const START: f64 = 360.0;
/// CPU of a request that costs any, in milliseconds, and others for comparison.
const COSTS: [f64; 3] = [60.0, 66.5, 73.0];
const FITTED: f64 = 66.5;

/// An arm of the experiment: its manifests, and what was published of it: p95 in milliseconds, ready-pod-hours, peak.
const ARMS: [(&str, &str, f64, f64, &str); 3] = [
    ("4 pods", "[app.yaml]", 510.0, 1.1856, "4"),
    ("stock autoscaler", "[app.yaml, hpa-stock.yaml]", 380.0, 2.2351, "11 to 12"),
    ("tuned autoscaler", "[app.yaml, hpa-tuned.yaml]", 400.0, 1.7836, "10 to 12"),
];

/// Users over time: 69 times each plateau, after the minutes before the load.
fn users(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("plateaus.json")).unwrap();
    let plateaus = text.trim().trim_matches(['[', ']']).split(',').map(|value| value.trim().parse::<f64>().unwrap());
    let users = std::iter::repeat_n(0.0, 12).chain(plateaus.map(|plateau| (69.0 * plateau).round()));
    users.fold("users\n".to_owned(), |text, users| text + &format!("{users}\n"))
}

/// Time on the network: that of the requests that cost next to nothing, by their recorded percentiles up to the 99th.
fn network_time(folder: &Path) -> String {
    let rows = rows(&folder.join("locust_stock_rep2.csv"));
    let light = rows.iter().find(|row| row["Name"] == "/").unwrap();
    let value = |column: &str| light[column].parse::<f64>().unwrap() / 1000.0;
    let mut points = vec![(0.0, value("Min Response Time"))];
    for percent in ["50", "66", "75", "80", "90", "95", "98", "99"] {
        points.push((percent.parse::<f64>().unwrap() / 100.0, value(&format!("{percent}%"))));
    }
    let quantile = |share: f64| {
        let between = points.windows(2).find(|pair| share <= pair[1].0);
        between.map_or(points[points.len() - 1].1, |pair| {
            pair[0].1 + (pair[1].1 - pair[0].1) * (share - pair[0].0) / (pair[1].0 - pair[0].0)
        })
    };
    let shares = (0..400).map(|step| (f64::from(step) + 0.5) / 400.0);
    shares.fold("seconds\n".to_owned(), |text, share| text + &format!("{:.5}\n", quantile(share)))
}

/// The recorded series: seconds after the start, `spec.replicas`.
fn recorded_replicas(folder: &Path) -> Vec<(f64, i64)> {
    let seconds = |stamp: &str| {
        let part = |from: usize| stamp[from..from + 2].parse::<f64>().unwrap();
        part(11) * 3600.0 + part(14) * 60.0 + part(17)
    };
    let rows = rows(&folder.join("replica_series_stock_rep2.csv"));
    let start = seconds(&rows[0]["timestamp"]);
    rows.iter().map(|row| (seconds(&row["timestamp"]) - start, row["spec_replicas"].parse().unwrap())).collect()
}

/// What is published of an arm.
struct Figures {
    p95: f64,
    hours: f64,
    peak: i64,
    /// Mean distance from the recorded number of replicas.
    distance: f64,
}

fn figures(facts: &Facts, recorded: &[(f64, i64)]) -> Figures {
    let workload = &facts.workloads[0];
    let latencies = &facts.traffic[0].latencies;
    let span = recorded.windows(2).map(|pair| (pair[1].0 - pair[0].0) * float(at(&workload.ready, START + pair[0].0)));
    let distances: Vec<f64> =
        recorded.iter().map(|(time, replicas)| float((at(&workload.desired, START + time) - replicas).abs())).collect();
    Figures {
        p95: latencies.quantile(0.95).unwrap().as_secs_f64() * 1e3,
        hours: span.sum::<f64>() / 3600.0,
        peak: recorded.iter().map(|(time, _)| at(&workload.desired, START + time)).max().unwrap(),
        distance: mean(&distances),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of replicas")]
fn float(count: i64) -> f64 {
    count as f64
}

#[test]
fn a_flash_crowd_on_gke_comes_out_as_published() {
    let Some(folder) = recorded("gke-hpa-flash") else { return };
    let series = recorded_replicas(&folder);
    let files = [("users.csv", users(&folder)), ("wait.csv", network_time(&folder))];
    let scenario = copy("gke-flash-crowd", &files);
    let stock = std::fs::read_to_string(scenario.path().join("scenario.yaml")).unwrap();

    let mut text =
        String::from("| CPU of a request | mean distance from the recorded replicas, 20 seeds |\n| --- | --- |\n");
    let mut distances = Vec::new();
    for cost in COSTS {
        let scale = (cost / 1000.0).to_string();
        let set = [("spec.traffic.app.cpuPerRequest.empirical.scale", scale.as_str())];
        let runs = (1..=FIT_SEEDS).map(|seed| figures(&run(scenario.path(), seed, &set), &series).distance);
        let distance = mean(&runs.collect::<Vec<_>>());
        writeln!(text, "| {cost} ms | {distance:.2} |").unwrap();
        distances.push((cost, distance));
    }
    let best = distances.iter().min_by(|one, other| one.1.total_cmp(&other.1)).unwrap();
    assert!((best.0 - FITTED).abs() < 1e-9, "the scenario has the cost that fits: {distances:?}");

    text.push_str("\n| | p95, published | simulated | off | ready-pod-hours, published | simulated | off | peak, published | simulated |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    let mut lines = Vec::new();
    for (arm, manifests, p95, hours, peak) in ARMS {
        let text_of_arm = stock.replace("[app.yaml, hpa-stock.yaml]", manifests);
        std::fs::write(scenario.path().join("scenario.yaml"), text_of_arm).unwrap();
        let runs: Vec<Facts> = (1..=SEEDS).map(|seed| run(scenario.path(), seed, &[])).collect();
        let of_runs: Vec<Figures> = runs.iter().map(|facts| figures(facts, &series)).collect();
        let found_p95 = median(&of_runs.iter().map(|run| run.p95).collect::<Vec<_>>());
        let found_hours = median(&of_runs.iter().map(|run| run.hours).collect::<Vec<_>>());
        let peaks: Vec<i64> = of_runs.iter().map(|run| run.peak).collect();
        let (low, high) = (peaks.iter().min().unwrap(), peaks.iter().max().unwrap());
        let shown = if low == high { low.to_string() } else { format!("{low} to {high}") };
        let (off_p95, off_hours) = (found_p95 / p95 - 1.0, found_hours / hours - 1.0);
        writeln!(
            text,
            "| {arm} | {p95} ms | {found_p95:.0} ms | {:+.1} % | {hours:.2} | {found_hours:.2} | {:+.1} % | {peak} | {shown} |",
            off_p95 * 100.0,
            off_hours * 100.0
        )
        .unwrap();
        if arm != "tuned autoscaler" {
            assert!(off_p95.abs() <= 0.15, "{arm}: p95 {found_p95}");
            assert!(off_hours.abs() <= 0.05, "{arm}: {found_hours} hours");
        }
        if arm == "stock autoscaler" {
            let middle = median(&peaks.iter().map(|peak| float(*peak)).collect::<Vec<_>>());
            assert!((11.0..=12.0).contains(&middle), "{peaks:?}");
            lines = runs.iter().map(line_of).collect();
        }
    }
    hold("gke", &text);
    lines.push(Line {
        name: "recorded, run 2",
        colour: "#d62728",
        width: 2.5,
        points: series.iter().map(|(time, replicas)| (time / 60.0, float(*replicas))).collect(),
    });
    let title = "Flash crowd on GKE, stock HorizontalPodAutoscaler: replicas";
    hold_chart("validation-gke.svg", &steps(title, "minutes", "replicas", (18.0, 3.0), &lines));
}

fn line_of(facts: &Facts) -> Line {
    let desired = &facts.workloads[0].desired;
    let points = (0..216).map(|step| 5.0 * f64::from(step));
    let points = points.map(|time| (time / 60.0, float(at(desired, START + time)))).collect();
    Line { name: "simulated, 6 seeds", colour: "#9ecae1", width: 1.2, points }
}
