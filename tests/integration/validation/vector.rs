//! CPU-bound workers that slow down who sends to them: k3s on one machine of 16 vCPU, a HorizontalPodAutoscaler at 70 %.
//!
//! All that was recorded is in the guide itself (vectordotdev/vector, `k8s-autoscaling`, 2026-07), so nothing is read here.

use super::chart::{Line, steps};
use super::{at, copy, hold, hold_chart, mean, run};
use std::fmt::Write as _;
use wavetank::record::Facts;

const SEEDS: u64 = 20;
/// When the autoscaler is created in the scenario, in seconds.
const CREATED: f64 = 120.0;
/// Time between two looks of the guide's script: 15 s and the look itself.
const LOOK_EVERY: f64 = 15.4;
/// The two recorded runs: replicas, and when the script saw them first.
const RECORDED: [(&str, &[(f64, i64)]); 2] = [
    ("first run", &[(30.0, 2), (61.0, 3), (107.0, 5)]),
    ("second run", &[(30.0, 2), (61.0, 3), (91.0, 4), (122.0, 6)]),
];
/// How far a step may be from the recorded one, in seconds.
const ALLOWED: f64 = 15.0;

/// Changes of `status.currentReplicas` as the script sees them, which begins to look some time after the autoscaler is
/// there: that time is not recorded.
fn seen(facts: &Facts, offset: f64) -> Vec<(f64, i64)> {
    let mut changes = Vec::new();
    let mut last = 1;
    for look in 0..26 {
        let after = LOOK_EVERY * f64::from(look);
        let time = CREATED + offset + after;
        let synced = facts.autoscaling.iter().take_while(|record| record.at.as_secs_f64() <= time).last();
        let Some(replicas) = synced.map(|record| i64::from(record.current_replicas)) else { continue };
        if replicas != last {
            changes.push((after, replicas));
            last = replicas;
        }
    }
    changes
}

/// Requests of 1 MiB that were served per second between two times.
fn throughput(facts: &Facts, from: f64, to: f64) -> f64 {
    let within = facts.traffic[0].intervals.iter().filter(|one| (from..to).contains(&one.start.as_secs_f64()));
    within.map(|one| f64::from(u32::try_from(one.counts.served()).unwrap())).sum::<f64>() / (to - from)
}

#[test]
fn workers_behind_an_ingress_scale_as_recorded() {
    let folder = copy("vector-k3s", &[]);
    let runs: Vec<Facts> = (1..=SEEDS).map(|seed| run(folder.path(), seed, &[])).collect();
    let series: Vec<Vec<(f64, i64)>> =
        runs.iter().zip(0_u32..).map(|(facts, index)| seen(facts, LOOK_EVERY * f64::from(index) / 20.0)).collect();
    let mut text = String::new();
    text.push_str("| | recorded | simulated, 20 seeds |\n| --- | --- | --- |\n");
    for (name, recorded) in RECORDED {
        let replicas = |changes: &[(f64, i64)]| changes.iter().map(|(_, replicas)| *replicas).collect::<Vec<_>>();
        let alike: Vec<&Vec<(f64, i64)>> = series.iter().filter(|one| replicas(one) == replicas(recorded)).collect();
        let worst = |one: &Vec<(f64, i64)>| {
            one.iter().zip(recorded).map(|((time, _), (other, _))| (time - other).abs()).fold(0.0, f64::max)
        };
        let best = alike.iter().map(|one| worst(one)).fold(f64::INFINITY, f64::min);
        let shown = |changes: &[(f64, i64)]| {
            changes.iter().map(|(time, replicas)| format!("{replicas} at {time:.0} s")).collect::<Vec<_>>().join(", ")
        };
        let nearest = alike.iter().min_by(|one, other| worst(one).total_cmp(&worst(other)));
        let nearest = nearest.map_or("none".to_owned(), |one| format!("the nearest: {}", shown(one)));
        writeln!(text, "| {name} | {} | {} of 20 take these steps; {nearest} |", shown(recorded), alike.len()).unwrap();
        assert!(best <= ALLOWED, "{name}: no run with its steps within {ALLOWED} s: {series:?}");
    }
    let last: Vec<f64> = runs.iter().map(|facts| throughput(facts, 400.0, 600.0)).collect();
    writeln!(text, "| throughput with the autoscaler | 60.69 MiB/s | {:.2} MiB/s |", mean(&last)).unwrap();
    let scenario = std::fs::read_to_string(folder.path().join("scenario.yaml")).unwrap();
    for (pods, recorded) in [("1", "16.93"), ("3", "49.07"), ("8", "62.52")] {
        let scale = format!("scale: {{target: deployment/vector-perf/vector, replicas: {pods}}}");
        let folder = copy("vector-k3s", &[("scenario.yaml", scenario.replace("apply: hpa.yaml", &scale))]);
        let found: Vec<f64> =
            (1..=SEEDS).map(|seed| throughput(&run(folder.path(), seed, &[]), 200.0, 600.0)).collect();
        let (low, high) =
            (found.iter().copied().fold(f64::INFINITY, f64::min), found.iter().copied().fold(0.0, f64::max));
        writeln!(
            text,
            "| throughput, {pods} pods | {recorded} MiB/s | {:.2} MiB/s ({low:.1} to {high:.1}) |",
            mean(&found)
        )
        .unwrap();
    }
    hold("vector", &text);
    let mut lines: Vec<Line> = runs
        .iter()
        .map(|facts| {
            let desired = &facts.workloads[0].desired;
            let points =
                (0..60).map(|step| 5.0 * f64::from(step)).map(|time| (time, float(at(desired, CREATED + time))));
            Line { name: "simulated, 20 seeds", colour: "#9ecae1", width: 1.0, points: points.collect() }
        })
        .collect();
    for ((name, recorded), colour) in RECORDED.into_iter().zip(["#d62728", "#ff7f0e"]) {
        let points =
            std::iter::once((0.0, 1.0)).chain(recorded.iter().map(|(time, replicas)| (*time, float(*replicas))));
        let name = if name == "first run" { "recorded, first run" } else { "recorded, second run" };
        lines.push(Line { name, colour, width: 2.5, points: points.collect() });
    }
    let title = "CPU-bound workers on k3s: replicas after the autoscaler was created";
    hold_chart("validation-vector.svg", &steps(title, "seconds", "replicas", (300.0, 60.0), &lines));
}

#[expect(clippy::cast_precision_loss, reason = "counts of replicas")]
fn float(count: i64) -> f64 {
    count as f64
}
