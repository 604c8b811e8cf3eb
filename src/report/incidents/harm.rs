//! What the requests of a traffic entry suffered from an instant on, until all was over: a pure function of what was
//! recorded of them.

use crate::record::{MINUTE, TrafficRecord, WINDOW};
use crate::units::{SimDuration, SimTime};

/// What happened to the requests of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Harm {
    /// Requests that failed, by windows of ten seconds.
    pub lost: f64,
    /// Largest share of the requests of a minute that failed.
    pub worst_failed_ratio: f64,
    /// Largest 99th percentile of the latency in a minute; `None` if it is not known.
    pub worst_p99: Option<SimDuration>,
    /// The same of the last minute before.
    pub p99_before: Option<SimDuration>,
    /// Time in windows of ten seconds in which more requests were bad than the entry's objective allows.
    pub missed: SimDuration,
    /// From the start until the last such window ended; `None` if there was none, or if it was the run's last.
    pub back_after: Option<SimDuration>,
}

impl Harm {
    /// Whether the objective was missed, and was so still when the run ended.
    pub fn is_not_back(&self) -> bool {
        self.missed > SimDuration::ZERO && self.back_after.is_none()
    }

    /// Whether a request failed or came too late for the objective.
    pub fn is_any(&self) -> bool {
        self.lost > 0.0 || self.missed > SimDuration::ZERO
    }
}

/// What happened from `start` until a minute after both `over`, the end of what caused it, and the last window in which
/// the objective was missed. Requests count as a whole window counts.
pub fn harm(record: &TrafficRecord, start: SimTime, over: SimTime, run_end: SimTime) -> Harm {
    let level = &record.identity.service_level;
    let first = record.windows.partition_point(|window| window.start + WINDOW <= start);
    let windows = record.windows.get(first..).unwrap_or_default();
    let (mut calm_from, mut found) = (over.max(start), Harm::default());
    let mut last_missed = None;
    for window in windows.iter().take_while(|window| window.start < run_end) {
        if window.start >= calm_from + MINUTE {
            break;
        }
        found.lost += window.failed;
        if level.is_missed(window.bad, window.ended) {
            let end = (window.start + WINDOW).min(run_end);
            found.missed += end - window.start.max(start);
            last_missed = Some(end);
            calm_from = calm_from.max(end);
        }
    }
    found.back_after = last_missed.filter(|end| *end < run_end).map(|end| end - start);
    let until = (calm_from + MINUTE).min(run_end);
    let first = record.minutes.partition_point(|minute| minute.start + MINUTE <= start);
    let minutes = record.minutes.get(first..).unwrap_or_default();
    for minute in minutes.iter().take_while(|minute| minute.start < until) {
        found.worst_failed_ratio = found.worst_failed_ratio.max(minute.failed_ratio);
        found.worst_p99 = found.worst_p99.max(minute.p99);
    }
    found.p99_before = first.checked_sub(1).and_then(|before| record.minutes.get(before)?.p99);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Flow, RequestCount, RequestLog, ServiceLevel, TrafficIdentity};

    const LATENCIES: [(SimDuration, f64); 1] = [(SimDuration::from_millis(200), 1.0)];

    /// 100 requests/s of 200 ms each for ten minutes, of which some fail between two instants.
    fn record(spells: &[(i64, i64, f64)]) -> TrafficRecord {
        let service_level = ServiceLevel { target: 0.99, ..ServiceLevel::default() };
        let identity = TrafficIdentity { service_level, ..TrafficIdentity::default() };
        let mut log = RequestLog::new(identity, SimDuration::from_secs(60));
        for (from, to, rate) in spells {
            log.flow(SimTime::from_secs(*from), &Flow { offered: 100.0, failed: &[], latencies: &LATENCIES });
            let failed = [(RequestCount::QueueFull, *rate)];
            log.flow(SimTime::from_secs(*to), &Flow { offered: 100.0, failed: &failed, latencies: &LATENCIES });
        }
        log.flow(SimTime::from_secs(600), &Flow { offered: 100.0, failed: &[], latencies: &LATENCIES });
        log.finish(SimTime::from_secs(600))
    }

    #[test]
    fn an_incident_lasts_until_a_minute_was_calm() {
        let seconds = |span: Option<SimDuration>| span.map(SimDuration::whole_seconds);
        // Spells of failures (from, to, per second), start and end of the cause; then lost, missed for, back after, and
        // share of the worst minute in percent.
        type Case<'a> = (&'a [(i64, i64, f64)], i64, i64, f64, i64, Option<i64>, f64, &'a str);
        let cases: [Case; 9] = [
            (&[], 100, 150, 0.0, 0, None, 0.0, "nothing fails"),
            (&[(120, 150, 50.0)], 120, 120, 1500.0, 30, Some(30), 25.0, "half fail for 30 s of a minute"),
            (&[(125, 126, 50.0)], 125, 125, 50.0, 5, Some(5), 0.833, "the rest of the window in which it began"),
            (&[(120, 150, 0.5)], 120, 120, 15.0, 0, None, 0.25, "less than the budget of 1 % is lost"),
            (
                &[(120, 130, 50.0), (180, 190, 50.0)],
                120,
                120,
                1000.0,
                20,
                Some(70),
                8.333,
                "it comes again within a minute",
            ),
            (
                &[(120, 130, 50.0), (191, 200, 50.0)],
                120,
                120,
                500.0,
                10,
                Some(10),
                8.333,
                "it comes again later: not its",
            ),
            (
                &[(120, 130, 50.0), (191, 200, 50.0)],
                120,
                150,
                950.0,
                20,
                Some(80),
                8.333,
                "while its cause lasts it is",
            ),
            (&[(30, 60, 50.0)], 120, 120, 0.0, 0, None, 0.0, "what was before is not"),
            (&[(570, 600, 50.0)], 560, 560, 1500.0, 30, None, 25.0, "not back when the run ends"),
        ];
        for (spells, start, over, lost, missed, back, worst, why) in cases {
            let record = record(spells);
            let end = SimTime::from_secs(600);
            let found = harm(&record, SimTime::from_secs(start), SimTime::from_secs(over), end);
            assert!((found.lost - lost).abs() < 1e-6, "{why}: {found:?}");
            assert_eq!((found.missed.whole_seconds(), seconds(found.back_after)), (missed, back), "{why}");
            assert!((found.worst_failed_ratio * 100.0 - worst).abs() < 1e-3, "{why}: {found:?}");
            assert_eq!(found.is_not_back(), why.starts_with("not back"), "{why}");
            assert!(found.worst_p99.is_some() && found.p99_before.is_some(), "{why}");
        }
    }
}
