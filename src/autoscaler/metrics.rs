//! The resource metrics pipeline: what `metrics.k8s.io` answers about a container's usage, and since when.
//!
//! metrics-server scrapes every kubelet each `--metric-resolution` and keeps the last two points of each container, a
//! point being a cumulative cpu time and a working set at a time. Usage of cpu is the rate between the two points, usage
//! of memory the later point's, the time stamp the later point's, the window the distance between them
//! (metrics-server 0.8 `pkg/storage/pod.go`, `pkg/storage/types.go`). So a container is unknown until its second
//! point, with one exception: a container that is between 10 s and one resolution old at its first point is rated
//! from its start.
//!
//! The pipeline holds no state and needs no event: the points that exist at a time follow from the container's start,
//! and the caller is asked for the cumulative usage at those two times, only for the pods that somebody asks about.
//!
//! A kubelet answers with the point of its last look at the container (cAdvisor's housekeeping), which has a phase of its own
//! for each container.
//!
//! Deviations: all nodes are scraped at the same instant and answer at once; a scrape never fails. The phase of a
//! container's housekeeping stays the same as long as it runs (cAdvisor makes each interval a little longer at random).

use crate::api::MilliValue;
use crate::units::{Bytes, SimDuration, SimTime};

/// A pod's sample of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodMetric {
    /// The value; for cpu the average over the window.
    pub value: MilliValue,
    /// When the sample ends.
    pub timestamp: SimTime,
    /// How long the sample is.
    pub window: SimDuration,
}

/// The two points that a container's usage is calculated from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrapeWindow {
    /// The earlier point.
    pub previous: SimTime,
    /// The later point.
    pub last: SimTime,
    /// How long the sample claims to be: the distance between the points, but for a pipeline that knows the present.
    pub stated: SimDuration,
}

impl ScrapeWindow {
    /// The window between two points.
    #[must_use]
    pub fn between(previous: SimTime, last: SimTime) -> Self {
        Self { previous, last, stated: last - previous }
    }

    /// Distance between the points.
    #[must_use]
    pub fn length(self) -> SimDuration {
        self.last - self.previous
    }

    /// Usage of cpu, from the cpu time between the earlier and the later point: whole nanocores, then rounded up to
    /// millicores as the HorizontalPodAutoscaler reads them. `None` where the cumulative cpu time decreases, which
    /// metrics-server takes for an error.
    pub fn cpu(self, used: SimDuration) -> Option<PodMetric> {
        let (used, length) = (used.as_nanos(), self.length().as_nanos());
        if used < 0 || length <= 0 {
            return None;
        }
        let nanocores = match used.checked_mul(1_000_000_000) {
            Some(product) => product / length,
            None => i64::try_from(i128::from(used) * 1_000_000_000 / i128::from(length)).unwrap_or(i64::MAX),
        };
        let millicores = nanocores / 1_000_000 + i64::from(nanocores % 1_000_000 != 0);
        Some(self.sample(MilliValue::new(millicores)))
    }

    /// Usage of memory, from the container's working set at the later point.
    pub fn memory(self, working_set: impl Fn(SimTime) -> Bytes) -> PodMetric {
        self.sample(MilliValue::new(working_set(self.last).get().saturating_mul(1000)))
    }

    /// A sample over the window.
    fn sample(self, value: MilliValue) -> PodMetric {
        PodMetric { value, timestamp: self.last, window: self.stated }
    }
}

/// A time in which metrics-server has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricsOutage {
    /// When it begins.
    pub from: SimTime,
    /// When it ends; `None` is never.
    pub until: Option<SimTime>,
    /// The resource that it knows nothing of; `None` is every one.
    pub resource: Option<&'static str>,
}

impl MetricsOutage {
    /// Whether a resource is not known at a time.
    #[must_use]
    pub fn hides(&self, resource: &str, now: SimTime) -> bool {
        self.from <= now && !self.is_over(now) && self.resource.is_none_or(|own| own == resource)
    }

    /// Whether it has ended.
    fn is_over(&self, now: SimTime) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether it has still to begin or to end.
    #[must_use]
    pub fn is_ahead(&self, now: SimTime) -> bool {
        self.from > now || self.until.is_some_and(|until| until > now)
    }
}

/// The span over which an instantaneous pipeline takes the usage of the moment.
const MOMENT: SimDuration = SimDuration::from_millis(1);

/// metrics-server's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricsServer {
    /// `--metric-resolution`: 15 s in the released manifest (`components.yaml`), which is the default here; the flag's
    /// own default is 60 s.
    pub metric_resolution: SimDuration,
    /// A scrape happens at this time and at whole multiples of the resolution before and after it.
    pub first_scrape: SimTime,
    /// The answer is what is used at the moment, in place of two points that were scraped: a pipeline without delay.
    pub instantaneous: bool,
    /// How often the kubelet takes a point of each container; zero takes it at the scrape. The kubelet's
    /// `--housekeeping-interval` is 10 s.
    pub housekeeping_interval: SimDuration,
    /// A container this old but younger than the resolution at its point is rated from its start:
    /// `freshContainerMinMetricsResolution`, 10 s.
    pub fresh_container_min_resolution: SimDuration,
}

impl Default for MetricsServer {
    fn default() -> Self {
        Self {
            metric_resolution: SimDuration::from_secs(15),
            first_scrape: SimTime::ZERO,
            instantaneous: false,
            housekeeping_interval: SimDuration::ZERO,
            fresh_container_min_resolution: SimDuration::from_secs(10),
        }
    }
}

/// The last whole number of `period`s after `phase` that is not later than `now`; `now` itself where the period is not
/// positive.
fn last_tick(now: SimTime, phase: SimTime, period: SimDuration) -> SimTime {
    if period <= SimDuration::ZERO {
        return now;
    }
    now - SimDuration::from_nanos((now - phase).as_nanos().rem_euclid(period.as_nanos()))
}

impl MetricsServer {
    /// The scrape whose points are the latest at `now`; a scrape at `now` counts. Every answer between this and the
    /// next scrape is the same.
    #[must_use]
    pub fn last_scrape(&self, now: SimTime) -> SimTime {
        if self.instantaneous {
            return now;
        }
        last_tick(now, self.first_scrape, self.metric_resolution)
    }

    /// How long before the present the earlier of the two points of a container may lie.
    #[must_use]
    pub fn longest_look_back(&self) -> SimDuration {
        (self.metric_resolution + self.housekeeping_interval) * 2
    }

    /// The point that the kubelet gives a scrape of a container that started at `started` and is looked at from
    /// `first_look` on; `None` before that.
    fn point(&self, scrape: SimTime, started: SimTime, first_look: SimTime) -> Option<SimTime> {
        let has_point = scrape > started && scrape >= first_look;
        has_point.then(|| last_tick(scrape, first_look, self.housekeeping_interval)).filter(|&at| at > started)
    }

    /// The two points of a container at `now`, or `None` while metrics-server cannot answer for it. The container must
    /// have run since `started` without a restart: a restart begins anew. `phase`, a share of the housekeeping interval, is
    /// the time from its start to the kubelet's first look at it.
    #[must_use]
    pub fn window(&self, now: SimTime, started: SimTime, phase: f64) -> Option<ScrapeWindow> {
        if self.instantaneous {
            let previous = (now - MOMENT).max(started);
            return (now > started).then_some(ScrapeWindow { previous, last: now, stated: self.metric_resolution });
        }
        let first_look = started + self.housekeeping_interval.mul_f64(phase);
        let scrape = self.last_scrape(now);
        let last = self.point(scrape, started, first_look)?;
        let age = last - started;
        if age >= self.fresh_container_min_resolution && age < self.metric_resolution {
            return Some(ScrapeWindow::between(started, last));
        }
        if self.metric_resolution <= SimDuration::ZERO {
            return None;
        }
        // A scrape that meets the same point again keeps the pair that is there: an older point is looked for further
        // back, at most as many scrapes as fit in the housekeeping interval.
        let mut earlier = scrape - self.metric_resolution;
        loop {
            let previous = self.point(earlier, started, first_look)?;
            if previous < last {
                return Some(ScrapeWindow::between(previous, last));
            }
            earlier = earlier - self.metric_resolution;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_hides_what_it_is_of_while_it_lasts() {
        let outage = MetricsOutage { from: seconds(10), until: Some(seconds(20)), resource: Some("memory") };
        let cases = [(9, "memory", false), (10, "memory", true), (19, "memory", true), (20, "memory", false)];
        for (at, resource, expected) in cases.into_iter().chain([(15, "cpu", false)]) {
            assert_eq!(outage.hides(resource, seconds(at)), expected, "{resource} at {at} s");
        }
        let lasting = MetricsOutage { until: None, resource: None, ..outage };
        assert!(lasting.hides("cpu", seconds(1_000_000)));
        let ahead =
            [(&outage, 9, true), (&outage, 15, true), (&outage, 20, false), (&lasting, 9, true), (&lasting, 10, false)];
        for (outage, at, expected) in ahead {
            assert_eq!(outage.is_ahead(seconds(at)), expected, "{outage:?} at {at} s");
        }
    }

    #[test]
    fn an_instantaneous_pipeline_knows_the_moment() {
        let server = MetricsServer { instantaneous: true, ..MetricsServer::default() };
        assert_eq!(server.window(seconds(7), seconds(7), 0.5), None, "nothing is known before it runs");
        let window = server.window(seconds(8), seconds(7), 0.5).expect("it runs");
        let sample = window.cpu(window.length() / 4).expect("usage grows");
        assert_eq!(sample.value, MilliValue::new(250));
        assert_eq!((sample.timestamp, sample.window), (seconds(8), SimDuration::from_secs(15)));
    }

    fn seconds(value: i64) -> SimTime {
        SimTime::from_secs(value)
    }

    #[test]
    fn a_container_is_known_from_its_second_point() {
        let server = MetricsServer::default();
        let slow = MetricsServer { metric_resolution: SimDuration::from_secs(60), ..server };
        let housekeeping = MetricsServer { housekeeping_interval: SimDuration::from_secs(10), ..server };
        let lazy = MetricsServer { housekeeping_interval: SimDuration::from_secs(40), ..server };
        let cases = [
            (server, 29, 14, 0.0, None, "one point, too young to be rated from its start"),
            (server, 44, 21, 0.0, None, "still one point"),
            (server, 45, 21, 0.0, Some((30, 45)), "second point"),
            (server, 59, 21, 0.0, Some((30, 45)), "until the next scrape"),
            (server, 60, 21, 0.0, Some((45, 60)), "next scrape"),
            (server, 30, 20, 0.0, Some((20, 30)), "10 s old at its first point: rated from the start"),
            (server, 30, 15, 0.0, None, "exactly one resolution old at its first point"),
            (server, 30, 30, 0.0, None, "started at the scrape: no point yet"),
            (server, 45, 30, 0.0, None, "and then only one"),
            (server, 60, 30, 0.0, Some((45, 60)), "and then two"),
            (server, 10, 20, 0.0, None, "not started"),
            (slow, 60, 5, 0.0, Some((5, 60)), "55 s old with a resolution of 60 s"),
            (slow, 119, 0, 0.0, None, "one point at 60 s, exactly one resolution old"),
            (housekeeping, 61, 18, 0.0, Some((38, 58)), "points are taken at 28, 38, 48, 58"),
            (housekeeping, 45, 18, 0.0, Some((28, 38)), "points are taken at 28, 38"),
            (lazy, 100, 3, 0.0, Some((43, 83)), "several scrapes meet the same point"),
            (lazy, 80, 3, 0.0, None, "all scrapes met one point"),
            (housekeeping, 61, 18, 0.5, Some((43, 53)), "points are taken at 23, 33, 43, 53"),
            (housekeeping, 32, 21, 0.95, None, "the first look comes later than the scrape"),
        ];
        for (server, now, started, phase, expected, why) in cases {
            let window = server.window(seconds(now), seconds(started), phase);
            let found = window.map(|window| (window.previous, window.last));
            assert_eq!(found, expected.map(|(previous, last)| (seconds(previous), seconds(last))), "{why}");
        }
    }

    #[test]
    fn no_window_reaches_back_further_than_it_says() {
        let mut windows = 0;
        for (resolution, housekeeping) in [(15, 0), (15, 10), (15, 40), (60, 7), (1, 1)] {
            let server = MetricsServer {
                metric_resolution: SimDuration::from_secs(resolution),
                housekeeping_interval: SimDuration::from_secs(housekeeping),
                ..MetricsServer::default()
            };
            for now in 0..300 {
                let window = |started: i64| {
                    server.window(
                        seconds(now),
                        seconds(started),
                        f64::from(i32::try_from(started % 10).unwrap()) / 10.0,
                    )
                };
                for window in (0..now).filter_map(window) {
                    windows += 1;
                    let oldest = seconds(now) - server.longest_look_back();
                    assert!(window.previous >= oldest, "{window:?} at {now} s by {server:?}");
                }
            }
        }
        assert!(windows > 10_000, "{windows}");
    }

    #[test]
    fn cpu_is_the_rate_over_the_window() {
        let window = ScrapeWindow::between(seconds(30), seconds(45));
        // 100 millicores until 40 s, then 400.
        let sample = window.cpu(SimDuration::from_millis(1000 + 2000)).unwrap();
        assert_eq!((sample.value, sample.timestamp), (MilliValue::new(200), seconds(45)));
        assert_eq!(sample.window, SimDuration::from_secs(15));
        let third = window.cpu(SimDuration::from_secs(5)).unwrap();
        assert_eq!(third.value, MilliValue::new(334), "rounded up");
        let large = window.cpu(SimDuration::from_secs(15) * 1000).unwrap();
        assert_eq!(large.value, MilliValue::new(1_000_000), "a thousand cores");
        assert_eq!(window.cpu(SimDuration::from_nanos(-1)), None, "a counter that decreases");
        assert_eq!(window.memory(|_| Bytes::new(5)).value, MilliValue::new(5000));
    }
}
