//! Probes: when a container counts as started, ready, or in need of a restart.
//!
//! Mirrors `pkg/kubelet/prober` (Kubernetes 1.36). An application answers every probe from one instant on and none before;
//! answers and refusals come at once, so timeouts play no part.

use crate::api::{Probe, Probes};
use crate::units::{SimDuration, SimTime};

/// The times at which one probe asks: `first`, and every `period` from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ProbeTimes {
    first: SimTime,
    period: SimDuration,
}

impl ProbeTimes {
    /// The first probe at the initial delay after the container's start. Validation keeps the period at one second at
    /// least.
    fn new(probe: &Probe, started: SimTime) -> Self {
        let period = probe.period.max(SimDuration::from_secs(1));
        Self { first: started + probe.initial_delay.max_zero(), period }
    }

    /// The first of these times that is not before `gate`.
    fn not_before(self, gate: SimTime) -> Self {
        Self { first: if gate <= self.first { self.first } else { gate.next_tick(self.first, self.period) }, ..self }
    }

    /// The `number`th of these times, counted from 1.
    fn nth(self, number: i32) -> SimTime {
        self.first + self.period * (i64::from(number) - 1).max(0)
    }

    /// When the `threshold`th probe in a row is answered by an application that answers from `answers_from` on.
    fn succeeds(self, threshold: i32, answers_from: Option<SimTime>) -> Option<SimTime> {
        Some(self.not_before(answers_from?).nth(threshold))
    }

    /// When the `threshold`th probe in a row is refused by an application that answers from `answers_from` on.
    fn fails(self, threshold: i32, answers_from: Option<SimTime>) -> Option<SimTime> {
        let last = self.nth(threshold);
        answers_from.is_none_or(|from| last < from).then_some(last)
    }
}

/// What probes make of one run of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProbeTimeline {
    /// When it becomes ready.
    pub ready: Option<SimTime>,
    /// When it is killed, with its grace period, by the startup or the liveness probe.
    pub killed: Option<SimTime>,
}

/// The timeline of a container that runs from `started` on and whose application answers probes from `answers_from` on;
/// `None` is never.
///
/// Until the startup probe succeeds no other probe runs. The readiness probe is asked at once when the container has
/// started, if its initial delay is over then (the kubelet triggers it while the container is not ready), and at its
/// regular times from there. Without a readiness probe a started container is ready.
pub fn timeline(probes: &Probes, started: SimTime, answers_from: Option<SimTime>) -> ProbeTimeline {
    let mut gate = started;
    if let Some(probe) = &probes.startup {
        let times = ProbeTimes::new(probe, started);
        let success = times.succeeds(probe.success_threshold.max(1), answers_from);
        let failure = times.fails(probe.failure_threshold.max(1), answers_from);
        match (success, failure) {
            (Some(at), None) => gate = at,
            (Some(at), Some(failed)) if at < failed => gate = at,
            (_, killed) => return ProbeTimeline { ready: None, killed },
        }
    }
    let killed = probes.liveness.as_ref().and_then(|probe| {
        ProbeTimes::new(probe, started).not_before(gate).fails(probe.failure_threshold.max(1), answers_from)
    });
    let ready = match &probes.readiness {
        None => Some(gate),
        Some(probe) => {
            let ticks = ProbeTimes::new(probe, started).not_before(gate);
            let is_asked_at_once = started + probe.initial_delay.max_zero() <= gate;
            let threshold = probe.success_threshold.max(1);
            let answers_at_once = answers_from.is_some_and(|from| from <= gate);
            if is_asked_at_once && gate < ticks.first && answers_at_once {
                if threshold == 1 { Some(gate) } else { ticks.succeeds(threshold - 1, answers_from) }
            } else {
                ticks.succeeds(threshold, answers_from)
            }
        }
    };
    ProbeTimeline { ready: ready.filter(|at| killed.is_none_or(|killed| *at < killed)), killed }
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

    /// Ready and killed, in seconds after the container's start at 100 s.
    fn seconds(probes: Probes, answers_from: Option<i64>) -> [Option<i64>; 2] {
        let start = SimTime::from_secs(100);
        let from = answers_from.map(|seconds| start + SimDuration::from_secs(seconds));
        let timeline = timeline(&probes, start, from);
        [timeline.ready, timeline.killed].map(|at| at.map(|at| (at - start).whole_seconds()))
    }

    #[test]
    fn probes_make_a_timeline() {
        let every_10 = probe(0, 10, 1, 3);
        let slow_start = probe(0, 2, 1, 30);
        let cases = [
            (probes(None, None, None), None, [Some(0), None], "no probes: ready at once"),
            (probes(None, every_10, None), Some(0), [Some(0), None], "answers at once"),
            (probes(None, every_10, None), Some(1), [Some(10), None], "the next probe finds it"),
            (probes(None, probe(5, 10, 1, 3), None), Some(1), [Some(5), None], "initial delay"),
            (probes(None, probe(0, 10, 3, 3), None), Some(1), [Some(30), None], "three in a row"),
            (probes(None, every_10, None), None, [None, None], "never ready"),
            (probes(None, None, every_10), None, [Some(0), Some(20)], "never alive"),
            (probes(None, None, every_10), Some(15), [Some(0), None], "alive before the third probe"),
            (probes(None, None, every_10), Some(20), [Some(0), None], "alive at the third probe"),
            (probes(every_10, None, None), Some(12), [Some(20), None], "started"),
            (probes(every_10, None, None), Some(21), [None, Some(20)], "started too late"),
            (probes(slow_start, every_10, every_10), Some(31), [Some(32), None], "readiness is asked at once"),
            (probes(slow_start, probe(50, 10, 1, 3), None), Some(31), [Some(50), None], "unless it is delayed"),
            (probes(slow_start, probe(0, 10, 2, 3), None), Some(31), [Some(40), None], "two successes"),
            (probes(None, every_10, probe(0, 5, 1, 2)), Some(8), [None, Some(5)], "killed before it is ready"),
        ];
        for (probes, answers_from, expected, why) in cases {
            assert_eq!(seconds(probes, answers_from), expected, "{why}");
        }
    }

    proptest! {
        #[test]
        fn results_settle_as_by_asking_one_by_one(
            first in 0..20_i64,
            period in 1..8_i64,
            from in proptest::option::of(0..60_i64),
            threshold in 1..5_i32,
            success: bool,
        ) {
            let times = ProbeTimes { first: SimTime::from_secs(first), period: SimDuration::from_secs(period) };
            let from = from.map(SimTime::from_secs);
            let mut count = 0;
            let one_by_one = (1..200).map(|number| times.nth(number)).find(|at| {
                let answers = from.is_some_and(|from| from <= *at);
                count = if answers == success { count + 1 } else { 0 };
                count == threshold
            });
            let settled = if success { times.succeeds(threshold, from) } else { times.fails(threshold, from) };
            prop_assert_eq!(settled, one_by_one);
        }
    }
}
