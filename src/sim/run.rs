//! One run: from a prepared scenario to its facts.

use super::error::SimError;
use super::observer::RunObserver;
use super::prepare::Prepared;
use super::recorder_input::RunHeader;
use super::request_logs::{call_records, note_spans, traffic_records};
use super::world::World;
use crate::api::Name;
use crate::input::scenario::Duration;
use crate::record::Facts;
use crate::scheduler::DecisionPath;
use crate::scheduler::FollowedPods;
use crate::units::{SimDuration, SimTime};
use std::hash::Hasher;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows of a timeline that does not say how many.
const TIMELINE_ROWS: i64 = 1000;
/// Events between two looks at the interrupt flag and two reports of progress.
const EVENTS_PER_LOOK: u64 = 1024;
/// Events between two checks of all invariants, where each event is checked for what it changed.
const EVENTS_PER_WALK: u64 = 10_000;

/// What a run takes besides its scenario.
#[derive(Clone, Copy, Default)]
pub struct RunOptions<'a> {
    /// Seed instead of the scenario's.
    pub seed: Option<u64>,
    /// Set by somebody else to stop the run: what was done so far is whole.
    pub interrupt: Option<&'a AtomicBool>,
    /// Told from time to time how far the run is.
    pub progress: Option<&'a (dyn Fn(SimTime) + Sync)>,
    /// How the scheduler finds its decisions, which are the same either way.
    pub decision_path: DecisionPath,
    /// Checks the cluster's invariants after every event, of what the event changed, and from time to time all of them; a
    /// violation is a bug.
    pub check_invariants: bool,
    /// Plays loops of the Cluster Autoscaler too that cannot change anything, and lets HorizontalPodAutoscalers read each
    /// pod by itself. The run is the same.
    pub every_loop: bool,
}

/// Runs a scenario.
///
/// # Errors
/// [`SimError`] if a trace turns out to be unreadable on the way.
///
/// # Panics
/// With `check_invariants`, if an invariant of the cluster is violated.
pub fn simulate(prepared: &Prepared, options: &RunOptions<'_>) -> Result<Facts, SimError> {
    play(prepared, options, None, None, None).map(finish)
}

/// Runs a scenario up to `until` if that is before its end.
///
/// # Errors
/// [`SimError`] if a trace turns out to be unreadable on the way.
pub(crate) fn simulate_until(
    prepared: &Prepared,
    options: &RunOptions<'_>,
    until: Option<SimTime>,
) -> Result<Facts, SimError> {
    play(prepared, options, None, until, None).map(finish)
}

/// Runs a scenario and shows each change to an observer.
///
/// # Errors
/// [`SimError`] if a trace turns out to be unreadable on the way.
pub fn simulate_observed(
    prepared: &Prepared,
    options: &RunOptions<'_>,
    observer: &mut dyn RunObserver,
) -> Result<Facts, SimError> {
    play(prepared, options, None, None, Some(observer)).map(finish)
}

/// A run that has come to its end.
pub(super) struct Played<'a> {
    pub(super) world: World<'a>,
    seed: u64,
    planned_duration: SimDuration,
    pub(super) end: SimTime,
    pub(super) interrupted: bool,
}

/// Runs a scenario, up to `until` if that is before its end, and lets the scheduler keep the attempts of pods.
pub(super) fn play<'a>(
    prepared: &'a Prepared,
    options: &RunOptions<'_>,
    followed: Option<&FollowedPods>,
    until: Option<SimTime>,
    observer: Option<&'a mut dyn RunObserver>,
) -> Result<Played<'a>, SimError> {
    let spec = &prepared.scenario.spec;
    let seed = options.seed.unwrap_or(spec.seed);
    let duration = spec.duration.get();
    let interval = spec.output.timeline_interval.map_or_else(|| usual_interval(duration), Duration::get);
    let mut world = World::new(prepared, seed, interval, options.decision_path, options.every_loop, observer)?;
    let end = SimTime::ZERO + duration;
    let end = until.map_or(end, |until| until.min(end));
    if let Some(pods) = followed {
        world.scheduler.keep_attempts_of(pods.clone());
    }
    if options.check_invariants {
        world.invariants.enable();
    }
    let mut interrupted = false;
    while world.step(end)? {
        if options.check_invariants {
            let violated = world.invariants.violated(&world.cluster, world.handled % EVENTS_PER_WALK == 0);
            assert!(violated.is_empty(), "{}: {}", world.queue.now(), violated.join("; "));
        }
        if world.handled % EVENTS_PER_LOOK == 0 {
            if options.interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                interrupted = true;
                break;
            }
            if let Some(progress) = options.progress {
                progress(world.queue.now());
            }
        }
    }
    if options.check_invariants {
        let violated = world.invariants.violated(&world.cluster, true);
        assert!(violated.is_empty(), "at the end: {}", violated.join("; "));
    }
    let end = if interrupted { world.queue.now() } else { end };
    world.queue.advance_to(end);
    Ok(Played { world, seed, planned_duration: duration, end, interrupted })
}

fn finish(played: Played<'_>) -> Facts {
    let Played { mut world, seed, planned_duration, end, interrupted } = played;
    world.scheduler.settle(&mut world.cluster);
    world.settle();
    let (mut remarks, actions) = world.operator.finish(&world.cluster);
    remarks.extend(world.arrivals.remarks());
    remarks.extend(world.faults.remarks());
    world.traffic.finish(end);
    note_spans(&mut world.traffic, &mut world.request_logs);
    for (node, used) in world.traffic.usage_by_node(end) {
        world.recorder.note_pod_usage(node, used);
    }
    for (node, used) in world.requests.usage_by_node(end) {
        world.recorder.note_pod_usage(node, used);
    }
    for (node, used) in world.usage.usage_by_node(&world.cluster, end) {
        world.recorder.note_pod_usage(node, used);
    }
    let scenario = &world.prepared.scenario;
    let header = RunHeader {
        scenario: scenario.metadata.name.clone(),
        seed,
        start_unix_seconds: scenario.spec.start.map(|start| start.get().as_second()),
        planned_duration,
        end,
        interrupted,
        events_handled: world.handled,
        checksum: world.checksum.finish(),
        scheduling_attempts: world.scheduler.attempts(),
        framework_attempts: world.scheduler.framework_attempts(),
        arrivals: scenario.arrivals.iter().map(|stream| Name::from(stream.name.as_str())).collect(),
        calls: call_records(&world.requests, &scenario.spec.traffic),
        traffic: traffic_records(world.request_logs, &world.requests, end),
        decisions: std::mem::take(&mut world.decisions),
        recommendations: super::recommendations::records(&mut world.vpa, &world.cluster),
        remarks,
    };
    let recoveries = world.recovery.finish(end);
    world.recorder.finish(header, &world.cluster, recoveries, actions)
}

/// A timeline interval that gives about [`TIMELINE_ROWS`] rows: a whole number of seconds if the run is long enough.
fn usual_interval(duration: SimDuration) -> SimDuration {
    let exact = duration / TIMELINE_ROWS;
    let seconds = exact.whole_seconds();
    if seconds >= 1 { SimDuration::from_secs(seconds) } else { exact.max(SimDuration::from_millis(1)) }
}
