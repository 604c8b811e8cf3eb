//! What a serving pod uses over time: piecewise constant, so that CPU time is an exact integral.

use crate::units::{MilliCpu, SimDuration, SimTime};

/// Usage of one serving pod from an instant on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When it begins.
    pub from: SimTime,
    /// CPU time before `from`, in millicore-nanoseconds.
    pub cumulative: f64,
    /// CPU usage in millicores.
    pub cpu: f64,
    /// Memory in bytes.
    pub memory: f64,
}

/// Usage of a serving pod with a given CPU limit over time.
#[derive(Clone, Debug)]
pub struct Curve {
    /// The CPU limit, at which the usage is cut off.
    pub limit: Option<MilliCpu>,
    /// The usage from each change on, in order of time.
    pub points: Vec<Point>,
}

impl Curve {
    /// Sets the usage from `now` on: millicores and bytes.
    pub fn set(&mut self, now: SimTime, cpu: f64, memory: f64) {
        let cpu = self.limit.map_or(cpu, |limit| cpu.min(limit.as_f64()));
        let cumulative = self.cpu_time(now);
        match self.points.last_mut() {
            Some(last) if last.from == now => (last.cpu, last.memory) = (cpu, memory),
            Some(last) if (last.cpu, last.memory) == (cpu, memory) => {}
            _ => self.points.push(Point { from: now, cumulative, cpu, memory }),
        }
    }

    /// The usage at a time; `None` before the first.
    pub fn at(&self, time: SimTime) -> Option<&Point> {
        // Scrapes ask for the recent past, which the last few points nearly always hold.
        const RECENT: usize = 4;
        let (earlier, recent) = self.points.split_at(self.points.len().saturating_sub(RECENT));
        let is_before = |point: &Point| point.from <= time;
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
