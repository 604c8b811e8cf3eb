//! A pod's part in the traffic: when it served, and the CPU time that this took.

use crate::cluster::NodeId;
use crate::units::{MilliCpu, SimDuration, SimTime};
use crate::workload::usage_curve::{UsageCurve, nanos};
use smallvec::SmallVec;

/// A span in which a pod served.
#[derive(Clone, Copy, Debug)]
struct ServingSpan {
    start: SimTime,
    /// CPU time of its curve up to `start`, in millicore-nanoseconds.
    cpu_time_before: f64,
    /// When it ended, and the CPU time of its curve up to then; `None` as long as it serves.
    end: Option<(SimTime, f64)>,
}

/// CPU of a pod that runs and does not serve, in millicores.
#[derive(Clone, Copy, Debug)]
pub struct UnloadedCpu {
    /// Until it serves for the first time.
    pub until_ready: f64,
    /// Afterwards.
    pub idle: f64,
}

impl UnloadedCpu {
    /// The same under a CPU limit, which start-up meets sooner than idling.
    #[must_use]
    pub fn within(self, limit: Option<MilliCpu>) -> Self {
        let most = limit.map_or(f64::INFINITY, MilliCpu::as_f64);
        Self { until_ready: self.until_ready.min(most), ..self }
    }
}

/// A pod's part in the traffic.
#[derive(Clone, Debug)]
pub struct PodLoad {
    /// Index of its traffic entry.
    pub traffic: u32,
    /// Index of its curve in the entry.
    pub curve: u32,
    /// Index of the container that serves.
    pub container: u32,
    /// Where it runs.
    pub node: Option<NodeId>,
    /// When its containers started.
    pub running: SimTime,
    /// When they ended.
    pub ended: Option<SimTime>,
    /// When it served for the first time.
    pub first_served: Option<SimTime>,
    /// It is an endpoint on a machine that is down.
    pub is_dead: bool,
    /// Recent spans in which it served; the last one may be open.
    serving: SmallVec<[ServingSpan; 1]>,
    /// Length of the spans before these, and the CPU time in them, in millicore-nanoseconds.
    served_before: SimDuration,
    cpu_time_before: f64,
}

impl PodLoad {
    /// A pod whose containers start at `running` and that does not serve yet.
    pub fn new(traffic: u32, curve: u32, container: u32, node: Option<NodeId>, running: SimTime) -> Self {
        Self {
            traffic,
            curve,
            container,
            node,
            running,
            ended: None,
            first_served: None,
            is_dead: false,
            serving: SmallVec::new(),
            served_before: SimDuration::ZERO,
            cpu_time_before: 0.0,
        }
    }

    /// Whether it serves now.
    pub fn serves(&self) -> bool {
        self.serving.last().is_some_and(|span| span.end.is_none())
    }

    /// From `now` on it serves or does not. Nobody asks for times before `oldest` any more.
    pub fn set_serving(&mut self, serves: bool, curve: &UsageCurve, now: SimTime, oldest: SimTime) {
        match self.serving.last_mut() {
            Some(span) if span.end.is_none() && serves => {}
            Some(span) if span.end.is_none() => span.end = Some((now, curve.cpu_time(now))),
            _ if serves => {
                self.first_served.get_or_insert(now);
                self.sum_up(oldest);
                self.serving.push(ServingSpan { start: now, cpu_time_before: curve.cpu_time(now), end: None });
            }
            _ => {}
        }
    }

    /// Takes the spans that ended before `oldest` together.
    fn sum_up(&mut self, oldest: SimTime) {
        let (mut served, mut cpu_time) = (self.served_before, self.cpu_time_before);
        self.serving.retain(|span| match span.end {
            Some((end, cpu_time_at_end)) if end <= oldest => {
                served += end - span.start;
                cpu_time += cpu_time_at_end - span.cpu_time_before;
                false
            }
            _ => true,
        });
        (self.served_before, self.cpu_time_before) = (served, cpu_time);
    }

    /// CPU time used up to `time`, which is recent, with the usage of a curve, in millicore-nanoseconds.
    pub fn cpu_time(&self, curve: &UsageCurve, unloaded: UnloadedCpu, time: SimTime) -> f64 {
        let unloaded = unloaded.within(curve.limit());
        let mut total = self.cpu_time_before;
        let mut served = self.served_before;
        for span in &self.serving {
            let (end, cpu_time) = match span.end {
                Some((end, cpu_time)) if end <= time => (end, cpu_time),
                _ if time > span.start => (time, curve.cpu_time(time)),
                _ => continue,
            };
            total += cpu_time - span.cpu_time_before;
            served += end - span.start;
        }
        let alive = (self.ended.unwrap_or(time).min(time) - self.running).max_zero();
        total + nanos((alive - served).max_zero()) * unloaded.idle + self.starting(unloaded, self.running, time)
    }

    /// What a pod used between two instants beyond the idle part because it had not served yet, in millicore-nanoseconds.
    fn starting(&self, unloaded: UnloadedCpu, from: SimTime, to: SimTime) -> f64 {
        let until = [self.first_served, self.ended].into_iter().flatten().fold(to, SimTime::min);
        nanos((until - self.running.max(from)).max_zero()) * (unloaded.until_ready - unloaded.idle)
    }

    /// CPU time used between two recent instants with the usage of a curve, in millicore-nanoseconds.
    pub fn used(&self, curve: &UsageCurve, unloaded: UnloadedCpu, from: SimTime, to: SimTime) -> f64 {
        let unloaded = unloaded.within(curve.limit());
        let (mut total, mut served) = (0.0, SimDuration::ZERO);
        for span in &self.serving {
            let (start, end) = (span.start.max(from), span.end.map_or(to, |(end, _)| end.min(to)));
            if start < end {
                total += curve.used(start, end);
                served += end - start;
            }
        }
        let alive = (self.ended.unwrap_or(to).min(to) - self.running.max(from)).max_zero();
        total + nanos((alive - served).max_zero()) * unloaded.idle + self.starting(unloaded, from, to)
    }

    /// Whether it has served without a break since an instant.
    pub fn serves_since(&self, since: SimTime) -> bool {
        self.ended.is_none() && self.serving.last().is_some_and(|span| span.end.is_none() && span.start <= since)
    }

    /// Whether it served at `time`, which is recent.
    pub fn served_at(&self, time: SimTime) -> bool {
        self.serving.iter().any(|span| span.start <= time && span.end.is_none_or(|(end, _)| end > time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_that_comes_and_goes_keeps_its_recent_spans() {
        let mut curve = UsageCurve::new(None);
        curve.set(SimTime::ZERO, 300.0, 0.0);
        let mut load = PodLoad::new(0, 0, 0, None, SimTime::ZERO);
        let idle = UnloadedCpu { until_ready: 10.0, idle: 10.0 };
        for minute in 0..10_000 {
            let now = SimTime::from_secs(minute * 60);
            load.set_serving(minute % 2 == 0, &curve, now, now - SimDuration::from_secs(75));
            assert!(load.serving.len() <= 2, "{} spans", load.serving.len());
            let expected = 300.0 * 60.0 * float(minute / 2 + minute % 2) + 10.0 * 60.0 * float(minute / 2);
            let used = load.cpu_time(&curve, idle, now) / 1e9;
            assert!((used - expected).abs() < 1e-6, "{used} is not {expected} at {now}");
            let minute_ago = load.used(&curve, idle, now - SimDuration::from_secs(60), now) / 1e9;
            let expected = if minute % 2 == 1 { 18_000.0 } else { 600.0 };
            assert!(minute == 0 || (minute_ago - expected).abs() < 1e-6, "{minute_ago} in the minute before {now}");
        }
    }

    fn float(count: i64) -> f64 {
        f64::from(i32::try_from(count).unwrap())
    }
}
