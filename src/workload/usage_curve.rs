//! Usage of CPU and memory by a serving pod over time.
//!
//! Usage is piecewise constant, so CPU time is an exact integral that can be asked for at any instant.

use crate::units::{MilliCpu, SimDuration, SimTime};

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
    points: Vec<UsagePoint>,
}

impl UsageCurve {
    /// The curve of pods that may use `limit` at most.
    pub const fn new(limit: Option<MilliCpu>) -> Self {
        Self { limit, points: Vec::new() }
    }

    /// The CPU limit of its pods.
    pub const fn limit(&self) -> Option<MilliCpu> {
        self.limit
    }

    /// The CPU usage that holds now, in millicores.
    pub fn last_cpu(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.cpu)
    }

    /// Sets the usage from `now` on: what pods would use of CPU in millicores, cut off at the limit, and memory in bytes.
    pub fn set(&mut self, now: SimTime, cpu: f64, memory: f64) {
        let cpu = self.limit.map_or(cpu, |limit| cpu.min(limit.as_f64()));
        let cumulative = self.cpu_time(now);
        match self.points.last_mut() {
            Some(last) if last.from == now => (last.cpu, last.memory) = (cpu, memory),
            Some(last) if (last.cpu, last.memory) == (cpu, memory) => {}
            _ => self.points.push(UsagePoint { from: now, cumulative, cpu, memory }),
        }
    }

    /// The usage at an instant; `None` before the first.
    pub fn at(&self, time: SimTime) -> Option<&UsagePoint> {
        // Scrapes ask for the recent past, which the last few points nearly always hold.
        const RECENT: usize = 4;
        let (earlier, recent) = self.points.split_at(self.points.len().saturating_sub(RECENT));
        let is_before = |point: &UsagePoint| point.from <= time;
        match recent.partition_point(is_before).checked_sub(1) {
            Some(index) => recent.get(index),
            None => earlier.get(earlier.partition_point(is_before).checked_sub(1)?),
        }
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
