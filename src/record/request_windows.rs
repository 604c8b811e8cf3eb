//! Requests by windows of ten seconds and by minutes, whatever the interval of the timeline: what an incident did is read
//! from them. A window without a bad request, and a minute without a request, takes no memory.

use super::latencies::Latencies;
use crate::units::{SimDuration, SimTime};

/// Length of a window.
pub const WINDOW: SimDuration = SimDuration::from_secs(10);
/// Length of a minute.
pub const MINUTE: SimDuration = SimDuration::from_secs(60);

/// The requests that ended in ten seconds in which not all was good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RequestWindow {
    /// Its start, a multiple of ten seconds.
    pub start: SimTime,
    /// Requests that ended in it; of a fluid, also parts of one.
    pub ended: f64,
    /// Of these, those that failed.
    pub failed: f64,
    /// Of these, those that were not good: failed, or served too late for the service's objective.
    pub bad: f64,
}

/// The requests that ended in a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RequestMinute {
    /// Its start, a multiple of a minute.
    pub start: SimTime,
    /// Share of the requests that failed.
    pub failed_ratio: f64,
    /// 99th percentile of the latency of those that were served, at most 1 % too high; `None` if it is not known.
    pub p99: Option<SimDuration>,
}

/// Writes windows and minutes.
#[derive(Clone, Debug)]
pub(super) struct WindowLog {
    windows: Vec<RequestWindow>,
    minutes: Vec<RequestMinute>,
    window: RequestWindow,
    minute: (SimTime, f64, f64),
    latencies: Latencies,
    /// Latencies of the minute before.
    before: Latencies,
}

impl Default for WindowLog {
    fn default() -> Self {
        Self {
            windows: Vec::new(),
            minutes: Vec::new(),
            window: RequestWindow { start: SimTime::ZERO, ended: 0.0, failed: 0.0, bad: 0.0 },
            minute: (SimTime::ZERO, 0.0, 0.0),
            latencies: Latencies::coarse(),
            before: Latencies::coarse(),
        }
    }
}

/// The start of the span of a length in which an instant is.
fn start_of(now: SimTime, length: SimDuration) -> SimTime {
    now - SimDuration::from_nanos(now.as_nanos().rem_euclid(length.as_nanos().max(1)))
}

impl WindowLog {
    /// End of the current window.
    pub(super) fn window_end(&self) -> SimTime {
        self.window.start + WINDOW
    }

    /// End of the current minute.
    pub(super) fn minute_end(&self) -> SimTime {
        self.minute.0 + MINUTE
    }

    /// Whether a request of the current window was bad.
    pub(super) fn is_bad(&self) -> bool {
        self.window.bad > 0.0
    }

    /// Goes on to the window and the minute of `now`, which is not before that of the last call.
    pub(super) fn advance(&mut self, now: SimTime) {
        if now >= self.window_end() {
            self.close_window();
            self.window.start = start_of(now, WINDOW);
            if now >= self.minute_end() {
                self.close_minute();
                let next = start_of(now, MINUTE);
                if next > self.minute_end() {
                    self.before.clear();
                }
                self.minute.0 = next;
            }
        }
    }

    /// Requests end.
    pub(super) fn ended(&mut self, ended: f64, failed: f64, bad: f64) {
        self.window.ended += ended;
        self.window.failed += failed;
        self.window.bad += bad;
        self.minute.1 += ended;
        self.minute.2 += failed;
    }

    /// Latencies of requests that were served in the current minute.
    pub(super) fn latencies(&mut self) -> &mut Latencies {
        &mut self.latencies
    }

    fn close_window(&mut self) {
        if self.window.bad > 0.0 {
            self.windows.push(self.window);
        }
        self.window = RequestWindow { ended: 0.0, failed: 0.0, bad: 0.0, ..self.window };
    }

    fn close_minute(&mut self) {
        let (start, ended, failed) = self.minute;
        let p99 = self.latencies.quantile(0.99);
        if ended > 0.0 && (failed > 0.0 || p99.is_some()) {
            self.minutes.push(RequestMinute { start, failed_ratio: failed / ended, p99 });
        }
        self.minute = (start, 0.0, 0.0);
        std::mem::swap(&mut self.before, &mut self.latencies);
        if self.latencies.count() > 0 {
            self.latencies.clear();
        }
    }

    /// A quantile of the latency in the minute of `now` and the one before; `None` of nothing.
    pub(super) fn recent_latency(&self, quantile: f64, now: SimTime) -> Option<SimDuration> {
        let minute = start_of(now, MINUTE);
        if minute == self.minute.0 {
            let mut both = self.before.clone();
            both.add_all(&self.latencies);
            both.quantile(quantile)
        } else if minute == self.minute_end() {
            self.latencies.quantile(quantile)
        } else {
            None
        }
    }

    /// What it has written.
    pub(super) fn finish(mut self) -> (Vec<RequestWindow>, Vec<RequestMinute>) {
        self.close_window();
        self.close_minute();
        (self.windows, self.minutes)
    }
}
