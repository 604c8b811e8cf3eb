//! Probes: when a container counts as started, ready, or in need of a restart.
//!
//! Mirrors `pkg/kubelet/prober` (Kubernetes 1.36). An application answers every probe from one instant to another and
//! no probe outside that time; answers and refusals come at once, so timeouts play no part.

use crate::api::{Probe, Probes};
use crate::units::{SimDuration, SimTime};

/// When the application answers probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answering {
    /// From when on; `None` is never.
    pub from: Option<SimTime>,
    /// Until just before when; `None` is for good.
    pub until: Option<SimTime>,
}

impl Answering {
    fn answers(&self, at: SimTime) -> bool {
        self.from.is_some_and(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}

/// The times at which one probe asks: `first`, and every `period` from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeTimes {
    /// The first probe.
    pub first: SimTime,
    /// From one probe to the next.
    pub period: SimDuration,
}

impl ProbeTimes {
    /// The first probe at the initial delay after the container's start.
    pub fn from_container_start(probe: &Probe, started: SimTime) -> Self {
        Self { first: started + probe.initial_delay.max_zero(), period: period(probe) }
    }

    /// The first tick after the initial delay, where the kubelet's ticks count from the moment at which it began to
    /// care for the pod (`worker.run`). Readiness is asked at the container's start besides; see [`timeline`].
    pub fn from_worker_start(probe: &Probe, worker_started: SimTime, started: SimTime) -> Self {
        let period = period(probe);
        Self { first: (started + probe.initial_delay.max_zero()).next_tick(worker_started, period), period }
    }

    /// The first of these times that is not before `gate`.
    fn not_before(self, gate: SimTime) -> Self {
        Self { first: if gate <= self.first { self.first } else { gate.next_tick(self.first, self.period) }, ..self }
    }

    /// The `number`th of these times, counted from 1.
    fn nth(self, number: i32) -> SimTime {
        self.first + self.period * (i64::from(number) - 1).max(0)
    }

    /// The first of these times, from `from` on, at which the `threshold`th probe in a row has the result `success`.
    fn settles(self, success: bool, threshold: i32, answering: Answering) -> Option<SimTime> {
        // Between the two bounds all probes have the same result, so that one look at each bound finds every run.
        let bounds = [Some(self.first), answering.from, answering.until];
        let mut runs: Vec<SimTime> = bounds.into_iter().flatten().map(|bound| self.not_before(bound).first).collect();
        runs.sort_unstable();
        runs.dedup();
        let (mut count, mut index) = (0_i32, 0);
        while let Some(start) = runs.get(index).copied() {
            index += 1;
            if answering.answers(start) != success {
                count = 0;
                continue;
            }
            let end = Self { first: start, ..self }.nth(threshold.saturating_sub(count));
            match runs.get(index).copied() {
                Some(next) if end >= next => {
                    let probes = (next - start).as_nanos() / self.period.as_nanos();
                    count = count.saturating_add(i32::try_from(probes).unwrap_or(i32::MAX));
                }
                _ => return Some(end),
            }
        }
        None
    }
}

/// The period; validation keeps it at one second at least.
fn period(probe: &Probe) -> SimDuration {
    probe.period.max(SimDuration::from_secs(1))
}

/// The probe that ended a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedProbe {
    /// The startup probe failed too often before it succeeded once.
    Startup,
    /// The liveness probe failed too often in a row.
    Liveness,
}

/// What probes make of one run of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProbeTimeline {
    /// When the container counts as started.
    pub started: Option<SimTime>,
    /// When it becomes ready.
    pub ready: Option<SimTime>,
    /// When it stops being ready because its application does not answer any more.
    pub not_ready: Option<SimTime>,
    /// When it is killed, with its grace period, and by which probe.
    pub killed: Option<(SimTime, FailedProbe)>,
}

/// The timeline of a container that runs from `started` on. `times` says when a probe asks, for example
/// [`ProbeTimes::from_container_start`].
///
/// Until the startup probe succeeds the others do not run. The readiness probe is asked at once when the container has
/// started, if its initial delay is over then (the kubelet triggers it while the container is not ready), and at its
/// own times from there. Without a readiness probe a started container is ready.
pub fn timeline(
    probes: &Probes,
    started: SimTime,
    answering: Answering,
    times: impl Fn(&Probe) -> ProbeTimes,
) -> ProbeTimeline {
    let mut timeline = ProbeTimeline::default();
    let mut gate = started;
    if let Some(probe) = &probes.startup {
        let times = times(probe);
        let success = times.settles(true, probe.success_threshold.max(1), answering);
        let failure = times.settles(false, probe.failure_threshold.max(1), answering);
        match (success, failure) {
            (Some(at), None) => gate = at,
            (Some(at), Some(failed)) if at < failed => gate = at,
            (_, failed) => {
                timeline.killed = failed.map(|at| (at, FailedProbe::Startup));
                return timeline;
            }
        }
    }
    timeline.started = Some(gate);
    if let Some(probe) = &probes.liveness {
        let failure = times(probe).not_before(gate).settles(false, probe.failure_threshold.max(1), answering);
        timeline.killed = failure.map(|at| (at, FailedProbe::Liveness));
    }
    match &probes.readiness {
        None => timeline.ready = Some(gate),
        Some(probe) => {
            let ticks = times(probe).not_before(gate);
            let is_asked_at_once = started + probe.initial_delay.max_zero() <= gate;
            let threshold = probe.success_threshold.max(1);
            timeline.ready = if is_asked_at_once && gate < ticks.first && answering.answers(gate) {
                if threshold == 1 { Some(gate) } else { ticks.settles(true, threshold - 1, answering) }
            } else {
                ticks.settles(true, threshold, answering)
            };
            if let (Some(ready), Some(until)) = (timeline.ready, answering.until) {
                timeline.not_ready =
                    ticks.not_before(until.max(ready)).settles(false, probe.failure_threshold.max(1), answering);
            }
        }
    }
    if let Some((killed, _)) = timeline.killed {
        timeline.ready = timeline.ready.filter(|at| *at < killed);
        timeline.not_ready = timeline.not_ready.filter(|at| *at < killed);
    }
    timeline
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[expect(clippy::unnecessary_wraps, reason = "the table reads better with fields as they are")]
    fn probe(initial_delay: i64, period: i64, success_threshold: i32, failure_threshold: i32) -> Option<Probe> {
        let [initial_delay, period] = [initial_delay, period].map(SimDuration::from_secs);
        Some(Probe { initial_delay, period, success_threshold, failure_threshold, ..Probe::default() })
    }

    fn probes(startup: Option<Probe>, readiness: Option<Probe>, liveness: Option<Probe>) -> Probes {
        Probes { startup, readiness, liveness }
    }

    /// Started, ready, not ready, killed, in seconds after the container's start at 100 s.
    fn seconds(probes: Probes, from: i64, until: Option<i64>) -> [Option<i64>; 4] {
        let start = SimTime::from_secs(100);
        let at = |seconds| start + SimDuration::from_secs(seconds);
        let answering = Answering { from: (from >= 0).then(|| at(from)), until: until.map(at) };
        let own = timeline(&probes, start, answering, |probe| ProbeTimes::from_container_start(probe, start));
        [own.started, own.ready, own.not_ready, own.killed.map(|killed| killed.0)]
            .map(|at| at.map(|at| (at - start).whole_seconds()))
    }

    #[test]
    fn probes_make_a_timeline() {
        let every_10 = probe(0, 10, 1, 3);
        let cases = [
            (probes(None, None, None), -1, None, [Some(0), Some(0), None, None], "no probes: ready at once"),
            (probes(None, every_10, None), 0, None, [Some(0), Some(0), None, None], "answers at once"),
            (probes(None, every_10, None), 1, None, [Some(0), Some(10), None, None], "the next probe finds it"),
            (probes(None, probe(5, 10, 1, 3), None), 1, None, [Some(0), Some(5), None, None], "initial delay"),
            (probes(None, probe(0, 10, 3, 3), None), 1, None, [Some(0), Some(30), None, None], "three in a row"),
            (probes(None, every_10, None), -1, None, [Some(0), None, None, None], "never ready"),
            (probes(None, every_10, None), 0, Some(15), [Some(0), Some(0), Some(40), None], "three refusals"),
            (probes(None, None, every_10), -1, None, [Some(0), Some(0), None, Some(20)], "never alive"),
            (probes(None, None, every_10), 15, None, [Some(0), Some(0), None, None], "alive before the third probe"),
            (probes(None, None, every_10), 20, None, [Some(0), Some(0), None, None], "alive at the third probe"),
            (probes(None, None, every_10), 0, Some(60), [Some(0), Some(0), None, Some(80)], "hangs later"),
            (
                probes(None, None, every_10),
                12,
                Some(18),
                [Some(0), Some(0), None, Some(20)],
                "answers between probes only",
            ),
            (
                probes(None, None, every_10),
                12,
                Some(22),
                [Some(0), Some(0), None, Some(50)],
                "one answer starts the count anew",
            ),
            (probes(every_10, None, None), 12, None, [Some(20), Some(20), None, None], "started"),
            (probes(every_10, None, None), 21, None, [None, None, None, Some(20)], "started too late"),
            (
                probes(probe(0, 2, 1, 30), every_10, every_10),
                31,
                None,
                [Some(32), Some(32), None, None],
                "readiness is asked at once",
            ),
            (
                probes(probe(0, 2, 1, 30), probe(50, 10, 1, 3), None),
                31,
                None,
                [Some(32), Some(50), None, None],
                "unless it is delayed",
            ),
            (
                probes(probe(0, 2, 1, 30), probe(0, 10, 2, 3), None),
                31,
                None,
                [Some(32), Some(40), None, None],
                "two successes",
            ),
            (
                probes(None, every_10, probe(0, 5, 1, 2)),
                8,
                None,
                [Some(0), None, None, Some(5)],
                "killed before it is ready",
            ),
        ];
        for (probes, from, until, expected, why) in cases {
            assert_eq!(seconds(probes, from, until), expected, "{why}");
        }
    }

    #[test]
    fn ticks_may_count_from_the_worker() {
        let at = SimTime::from_secs;
        let own = probe(5, 10, 1, 3).unwrap();
        assert_eq!(ProbeTimes::from_worker_start(&own, at(0), at(2)).first, at(10));
        assert_eq!(ProbeTimes::from_worker_start(&own, at(0), at(6)).first, at(20));
        assert_eq!(ProbeTimes::from_container_start(&own, at(2)).first, at(7));
    }

    proptest! {
        #[test]
        fn runs_are_found_as_by_asking_one_by_one(
            first in 0..20_i64,
            period in 1..8_i64,
            from in proptest::option::of(0..60_i64),
            until in proptest::option::of(0..90_i64),
            threshold in 1..5_i32,
            success: bool,
        ) {
            let times = ProbeTimes { first: SimTime::from_secs(first), period: SimDuration::from_secs(period) };
            let answering = Answering { from: from.map(SimTime::from_secs), until: until.map(SimTime::from_secs) };
            let mut count = 0;
            let one_by_one = (1..200).map(|number| times.nth(number)).find(|at| {
                count = if answering.answers(*at) == success { count + 1 } else { 0 };
                count == threshold
            });
            prop_assert_eq!(times.settles(success, threshold, answering), one_by_one);
        }
    }
}
