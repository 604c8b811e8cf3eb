//! Three days of a real HorizontalPodAutoscaler: replicas at three levels of load, latency, and how often it changed its mind.

use super::chart::{Line, steps};
use super::{at, copy, hold, hold_chart, mean, recorded, rows, run};
use std::fmt::Write as _;
use std::path::Path;
use wavetank::record::Facts;

/// Users by minute: 15, but 25 from 9 to 12 and 40 from 15 to 17 o'clock, which is [`LATER`] on the recorded time axis.
fn users(minute: u32) -> u32 {
    match ((minute + 24 * 60 - LATER) / 60) % 24 {
        9..12 => 25,
        15..17 => 40,
        _ => 15,
    }
}

/// Minutes by which the recorded requests change after the hours that are stated.
const LATER: u32 = 40;
/// Minutes of a row of `users.csv`.
const ROW: u32 = 20;

const LEVELS: [u32; 3] = [15, 25, 40];
/// CPU of a request in milliseconds: those that are tried, and the one that fits best.
const COSTS: [u32; 5] = [105, 115, 125, 135, 145];
const FITTED: u32 = 125;
/// From a change of the load on, minutes that are left out: the autoscaler follows.
const SETTLES: u32 = 20;

/// A series of a recorded figure by seconds after the first midnight.
fn series(folder: &Path, file: &str, column: &str) -> Vec<(f64, f64)> {
    let rows = rows(&folder.join(file));
    rows.iter()
        .map(|row| (row["seconds_since_day1_midnight_utc"].parse().unwrap(), row[column].parse().unwrap()))
        .collect()
}

/// The value of steps at a time.
fn value_at(series: &[(f64, f64)], time: f64) -> f64 {
    let after = series.partition_point(|(at, _)| *at <= time);
    series[after.saturating_sub(1)].1
}

/// The mean of what holds in the minutes of a level of load that has lasted for a while.
fn mean_at(level: u32, value: impl Fn(f64) -> f64) -> f64 {
    let lasts = |minute: &u32| {
        let before = minute.saturating_sub(SETTLES);
        users(*minute) == level && users(before) == level && *minute >= SETTLES
    };
    mean(&(0..72 * 60).filter(lasts).map(|minute| value(f64::from(minute) * 60.0)).collect::<Vec<_>>())
}

#[expect(clippy::cast_precision_loss, reason = "counts of replicas")]
fn replicas(facts: &Facts, time: f64) -> f64 {
    at(&facts.workloads[0].desired, time) as f64
}

/// Mean latency of the five minutes of a time, in milliseconds.
fn latency(facts: &Facts, time: f64) -> f64 {
    let intervals = &facts.traffic[0].intervals;
    let after = intervals.partition_point(|one| one.start.as_secs_f64() <= time);
    intervals[after.saturating_sub(1)].latency.map_or(0.0, |latency| latency.mean.as_secs_f64() * 1e3)
}

/// Requests per second that were served in the five minutes of a time.
fn rate(facts: &Facts, time: f64) -> f64 {
    let intervals = &facts.traffic[0].intervals;
    let after = intervals.partition_point(|one| one.start.as_secs_f64() <= time);
    f64::from(u32::try_from(intervals[after.saturating_sub(1)].counts.served()).unwrap()) / 300.0
}

#[test]
fn three_days_of_an_autoscaler_come_out_by_level_of_load() {
    let Some(folder) = recorded("hpa-real-cluster-2020") else { return };
    let recorded_replicas = series(&folder, "long_hpa_replicas.csv", "replicas");
    let recorded_latency = series(&folder, "long_hpa_avg_latency_ms.csv", "avg_latency_ms");
    let recorded_requests = series(&folder, "long_hpa_requests_per_5min.csv", "requests_per_5min");
    let load = (0..72 * 60 / ROW)
        .map(|row| users(row * ROW))
        .fold("users\n".to_owned(), |text, users| text + &format!("{users}\n"));
    let scenario = copy("hpa-three-days", &[("users.csv", load)]);
    let of_cost = |cost: u32| run(scenario.path(), 1, &[("spec.traffic.app.cpuPerRequest", &format!("{cost}ms"))]);
    let distance = |facts: &Facts| {
        let off = |level: u32| {
            let found = mean_at(level, |time| replicas(facts, time));
            (found / mean_at(level, |time| value_at(&recorded_replicas, time)) - 1.0).abs()
        };
        mean(&LEVELS.map(off))
    };
    let runs: Vec<(u32, Facts)> = COSTS.map(|cost| (cost, of_cost(cost))).into();
    let mut text = String::from("| CPU of a request | mean distance from the recorded replicas |\n| --- | --- |\n");
    for (cost, facts) in &runs {
        writeln!(text, "| {cost} ms | {:.1} % |", distance(facts) * 100.0).unwrap();
    }
    let (best, facts) = runs.iter().min_by(|one, other| distance(&one.1).total_cmp(&distance(&other.1))).unwrap();
    assert_eq!(*best, FITTED, "the scenario has the cost that fits");
    text.push_str("\n| users | replicas, recorded | simulated | requests/s, recorded | simulated | mean latency, recorded | simulated |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for level in LEVELS {
        let was = mean_at(level, |time| value_at(&recorded_replicas, time));
        let found = mean_at(level, |time| replicas(facts, time));
        writeln!(
            text,
            "| {level} | {was:.1} | {found:.1} | {:.2} | {:.2} | {:.0} ms | {:.0} ms |",
            mean_at(level, |time| value_at(&recorded_requests, time + 300.0)) / 300.0,
            mean_at(level, |time| rate(facts, time)),
            mean_at(level, |time| value_at(&recorded_latency, time + 300.0)),
            mean_at(level, |time| latency(facts, time)),
        )
        .unwrap();
        assert!((found / was - 1.0).abs() < 0.15, "{level} users: {found} replicas, recorded {was}");
    }
    let changes = recorded_replicas.windows(2).filter(|pair| (pair[0].1 - pair[1].1).abs() > 0.5).count();
    let desired = facts.workloads[0].desired.points();
    writeln!(text, "\nReplicas changed {} times a day, in the simulation {} times.", changes / 3, desired.len() / 3)
        .unwrap();
    hold("three-days", &text);
    let day = |value: &dyn Fn(f64) -> f64| {
        (0..1440_u32).map(|minute| (f64::from(minute) / 60.0, value(f64::from(minute) * 60.0))).collect::<Vec<_>>()
    };
    let lines = [
        Line { name: "simulated", colour: "#3182bd", width: 2.0, points: day(&|time| replicas(facts, time)) },
        Line {
            name: "recorded, first day",
            colour: "#d62728",
            width: 1.5,
            points: day(&|time| value_at(&recorded_replicas, time)),
        },
    ];
    let title = "A real HorizontalPodAutoscaler, first of three days: replicas";
    hold_chart("validation-three-days.svg", &steps(title, "hours", "replicas", (24.0, 3.0), &lines));
}
