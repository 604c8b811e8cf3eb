//! One workload in this process: its line of the table.

use crate::workloads::{self, Kind, Workload};
use crate::{Options, Path as Chosen};
use std::fs;
use std::hash::Hasher;
use std::path::Path;
use wavetank::engine::{Checksum, EventQueue, Priority};
use wavetank::input::Diagnostics;
use wavetank::record::{Facts, RequestCount, RequestCounts};
use wavetank::report::{self, OutputOptions};
use wavetank::scheduler::DecisionPath;
use wavetank::sim::{self, PrepareOptions, Prepared, RunOptions};
use wavetank::study::consolidation_pass::FullCluster;
use wavetank::units::{SimDuration, SimTime};

/// The header of the table.
pub const HEADER: &str = "workload             nodes     pods      kind                    pods_per_cpu_s  events_per_cpu_s  \
                          cpu_ms    peak_mib  framework  digest";

/// Pops of the event loop that are measured.
const EVENT_LOOP_POPS: u32 = 10_000_000;

/// What was measured.
struct Measured {
    nodes: usize,
    pods: usize,
    events: u64,
    cpu_seconds: f64,
    /// Share of the decisions that the framework took.
    framework: Option<f64>,
    digest: u64,
}

/// Runs a workload and prints its line.
///
/// # Errors
/// What is wrong, in words.
pub fn line(workload: &Workload, options: &Options) -> Result<(), String> {
    let sized = workloads::scaled(workload, options.scale);
    let measured = match sized.kind {
        Kind::Events => event_loop(&sized),
        Kind::Consolidation => consolidation_pass(&sized),
        _ => simulation(&sized, options)?,
    };
    let per_second = |count: f64| count / measured.cpu_seconds.max(1e-9);
    #[expect(clippy::cast_precision_loss, reason = "output needs no more than 53 bits")]
    let (pods, events) = (measured.pods as f64, measured.events as f64);
    println!(
        "{:<20} {:<9} {:<9} {:<23} {:<15.0} {:<17.0} {:<9.1} {:<9} {:<10} {:016x}",
        sized.name,
        measured.nodes,
        measured.pods,
        sized.kind.word(),
        per_second(pods),
        per_second(events),
        measured.cpu_seconds * 1000.0,
        peak_memory_mib().map_or_else(|| "-".to_owned(), |own| own.to_string()),
        measured.framework.map_or_else(|| "-".to_owned(), |share| format!("{:.2}%", share * 100.0)),
        measured.digest,
    );
    Ok(())
}

fn simulation(workload: &Workload, options: &Options) -> Result<Measured, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let prepared = prepare(workload, options, folder.path())?;
    let decision_path = match options.scheduler {
        Chosen::Index => DecisionPath::Index,
        Chosen::Framework => DecisionPath::Framework,
    };
    let before = cpu_seconds();
    let facts = sim::simulate(&prepared, &RunOptions { decision_path, ..RunOptions::default() })
        .map_err(|error| error.to_string())?;
    if let Some(out) = &options.out {
        let summary = report::summarize(&facts);
        let tables = OutputOptions { svg: false, png: false, ..OutputOptions::default() };
        report::write_all(&facts, &summary, &out.join(&workload.name), &tables).map_err(|error| error.to_string())?;
    }
    let cpu_seconds = cpu_seconds() - before;
    Ok(Measured {
        nodes: facts.nodes.len(),
        pods: facts.pods.len(),
        events: if matches!(workload.kind, Kind::Requests { .. }) {
            request_events(&facts)
        } else {
            facts.events_handled
        },
        cpu_seconds,
        #[expect(clippy::cast_precision_loss, reason = "output needs no more than 53 bits")]
        framework: Some(facts.framework_attempts as f64 / facts.scheduling_attempts.max(1) as f64),
        digest: digest(&facts),
    })
}

/// What happened to requests: they came, they were done, and the answers of those that were called came back.
fn request_events(facts: &Facts) -> u64 {
    let of = |counts: &RequestCounts| counts.of(RequestCount::Attempts) + counts.ended();
    let played: u64 = facts.traffic.iter().map(|record| of(&record.counts)).sum();
    played + facts.calls.iter().map(|calls| calls.served).sum::<u64>()
}

fn prepare(workload: &Workload, options: &Options, folder: &Path) -> Result<Prepared, String> {
    let failed = |error: std::io::Error| format!("{}: cannot be written: {error}", folder.display());
    let mut prepare_options = PrepareOptions { traces: options.traces.clone(), ..PrepareOptions::default() };
    let scenario = match (workload.kind, &options.csv) {
        (Kind::Openb, _) => Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/openb-gpu"),
        (_, Some(csv)) => {
            let csv = fs::canonicalize(csv).map_err(|error| format!("{}: cannot be found: {error}", csv.display()))?;
            let text = workloads::trace_scenario(1.0, &csv.join("pods.csv"), Some(&csv.join("nodes.csv")));
            fs::write(folder.join("scenario.yaml"), text).map_err(failed)?;
            let seconds = last_arrival_seconds(&csv.join("pods.csv"))? + 800.0;
            prepare_options.overrides.push(("spec.duration".to_owned(), format!("{seconds:.0}s")));
            folder.to_owned()
        }
        _ => {
            fs::write(folder.join("priority.yaml"), workloads::PRIORITY_MANIFEST).map_err(failed)?;
            workloads::write(workload, folder).map_err(failed)?;
            folder.to_owned()
        }
    };
    let problems = |found: Diagnostics| found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    sim::prepare(&scenario, &prepare_options).map(|(prepared, _)| prepared).map_err(problems)
}

/// When the last pod of a trace comes.
fn last_arrival_seconds(pods: &Path) -> Result<f64, String> {
    let format = wavetank::input::scenario::TraceFormat::Generic;
    let failed = |error: wavetank::input::TableError| error.to_string();
    let mut last = SimTime::ZERO;
    for pod in wavetank::input::trace::TracePods::open(format, pods).map_err(failed)? {
        last = last.max(pod.map_err(failed)?.arrival);
    }
    Ok(last.as_secs_f64())
}

/// A digest of all placements.
fn digest(facts: &Facts) -> u64 {
    let mut checksum = Checksum::default();
    for pod in &facts.pods {
        checksum.write(pod.name.as_bytes());
        checksum.write_u8(0);
        if let Some(node) = pod.node.and_then(|node| facts.nodes.get(node as usize)) {
            checksum.write(node.name.as_bytes());
        }
        checksum.write_u8(0);
    }
    checksum.finish()
}

/// The event queue alone: each event that comes up schedules another one, so that the number of pending ones stays.
fn event_loop(workload: &Workload) -> Measured {
    let mut queue = EventQueue::<[u32; 3]>::default();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut span = || {
        // Xorshift: a stream of delays that costs next to nothing.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        SimDuration::from_micros(i64::try_from(state % 600_000_000).unwrap_or(0))
    };
    for index in 0..workload.pods {
        queue.schedule_with(SimTime::ZERO + span(), Priority::Normal, [index, 0, 0]);
    }
    let mut checksum = Checksum::default();
    let before = cpu_seconds();
    for _ in 0..EVENT_LOOP_POPS {
        if let Some((now, [index, count, _])) = queue.pop() {
            queue.schedule_with(now + span(), Priority::Normal, [index, count.wrapping_add(1), 0]);
            checksum.write_u32(index);
        }
    }
    let cpu_seconds = cpu_seconds() - before;
    Measured {
        nodes: 0,
        pods: workload.pods as usize,
        events: u64::from(EVENT_LOOP_POPS),
        cpu_seconds,
        framework: None,
        digest: checksum.finish(),
    }
}

/// One pass of consolidation, which finds nothing to do. The digest is over what was looked at.
fn consolidation_pass(workload: &Workload) -> Measured {
    let cluster = FullCluster::new(workload.nodes as usize, workload.pods as usize);
    let before = cpu_seconds();
    let outcome = cluster.pass();
    let cpu_seconds = cpu_seconds() - before;
    let mut checksum = Checksum::default();
    checksum.write_usize(outcome.nodes_looked_at);
    checksum.write_u8(u8::from(outcome.found));
    Measured {
        nodes: workload.nodes as usize,
        pods: workload.pods as usize,
        events: outcome.nodes_looked_at as u64,
        cpu_seconds,
        framework: None,
        digest: checksum.finish(),
    }
}

/// CPU time of this thread so far in seconds; the simulation has no other.
fn cpu_seconds() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|first| first.parse::<f64>().ok());
    nanos.unwrap_or(f64::NAN) / 1e9
}

/// The largest resident set of this process in MiB.
fn peak_memory_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}
