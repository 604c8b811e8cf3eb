//! Usage of CPU and memory by a serving pod over time.
//!
//! Usage is piecewise constant, so CPU time is an exact integral that can be asked for at any instant of the recent
//! past. What is older than anybody asks for is forgotten: a curve is as long as its recent past has changes.

use crate::units::{MilliCpu, SimDuration, SimTime};
use std::collections::VecDeque;

/// Usage of one serving pod from an instant on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UsagePoint {
    /// When it begins.
    from: SimTime,
    /// CPU time before `from`, in millicore-nanoseconds.
    cumulative: f64,
    /// CPU usage in millicores.
    cpu: f64,
    /// Memory in bytes.
    pub memory: f64,
}

/// Usage of a serving pod with a given CPU limit over time.
#[derive(Clone, Debug)]
pub struct UsageCurve {
    limit: Option<MilliCpu>,
    points: VecDeque<UsagePoint>,
}

impl UsageCurve {
    /// The curve of pods that may use `limit` at most.
    pub const fn new(limit: Option<MilliCpu>) -> Self {
        Self { limit, points: VecDeque::new() }
    }

    /// The CPU limit of its pods.
    pub const fn limit(&self) -> Option<MilliCpu> {
        self.limit
    }

    /// The CPU usage that holds now, in millicores.
    pub fn last_cpu(&self) -> f64 {
        self.points.back().map_or(0.0, |point| point.cpu)
    }

    /// Sets the usage from `now` on: what pods would use of CPU in millicores, cut off at the limit, and memory in bytes.
    pub fn set(&mut self, now: SimTime, cpu: f64, memory: f64) {
        let cpu = self.limit.map_or(cpu, |limit| cpu.min(limit.as_f64()));
        let cumulative = self.cpu_time(now);
        match self.points.back_mut() {
            Some(last) if last.from == now => (last.cpu, last.memory) = (cpu, memory),
            Some(last) if (last.cpu, last.memory) == (cpu, memory) => {}
            _ => self.points.push_back(UsagePoint { from: now, cumulative, cpu, memory }),
        }
    }

    /// Forgets what was before an instant: nobody will ask for it any more.
    pub fn forget_before(&mut self, oldest: SimTime) {
        while self.points.get(1).is_some_and(|second| second.from <= oldest) {
            self.points.pop_front();
        }
    }

    /// When the usage changed last; `None` before it was ever set.
    pub fn last_change(&self) -> Option<SimTime> {
        self.points.back().map(|point| point.from)
    }

    /// The usage at an instant that is not forgotten; `None` before the first.
    pub fn at(&self, time: SimTime) -> Option<&UsagePoint> {
        self.points.iter().rev().find(|point| point.from <= time)
    }

    /// CPU time between two instants that are not forgotten, in millicore-nanoseconds. Unlike a difference of two sums it
    /// is as exact after a year as at the start.
    pub fn used(&self, from: SimTime, to: SimTime) -> f64 {
        let (mut total, mut until) = (0.0, to);
        for point in self.points.iter().rev() {
            let since = point.from.max(from);
            if since < until {
                total += nanos(until - since) * point.cpu;
                until = since;
            }
            if point.from <= from {
                break;
            }
        }
        total
    }

    /// CPU time up to `time`, in millicore-nanoseconds.
    pub fn cpu_time(&self, time: SimTime) -> f64 {
        self.at(time).map_or(0.0, |point| point.cumulative + nanos(time - point.from) * point.cpu)
    }
}

/// A span in nanoseconds as a float.
#[expect(clippy::cast_precision_loss, reason = "53 bits of nanoseconds are 104 days to the nanosecond")]
pub fn nanos(span: SimDuration) -> f64 {
    span.as_nanos() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_of_changes_keeps_the_recent_ones() {
        let (mut curve, mut whole) = (UsageCurve::new(None), UsageCurve::new(None));
        let minutes = 365 * 24 * 60;
        for minute in 0..minutes {
            let now = SimTime::from_secs(minute * 60);
            let cpu = f64::from(i32::try_from(minute % 700).unwrap());
            curve.set(now, cpu, 0.0);
            curve.forget_before(now - SimDuration::from_secs(75));
            if minute >= minutes - 3 {
                assert!(curve.points.len() <= 3, "{} points", curve.points.len());
            }
            if minute < 5000 {
                whole.set(now, cpu, 0.0);
                for back in 0..=75 {
                    let time = now - SimDuration::from_secs(back);
                    assert!(
                        (curve.cpu_time(time) - whole.cpu_time(time)).abs() < f64::EPSILON,
                        "{back} s before {now}"
                    );
                }
            }
        }
    }
}
