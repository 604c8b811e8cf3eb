//! How fast a service burns its error budget, by the alerts of Google's SRE workbook: chapter 5, "Multiwindow,
//! Multi-Burn-Rate Alerts", <https://sre.google/workbook/alerting-on-slos/>.
//!
//! A burn rate is the share of bad requests over that of the error budget: 1 uses the budget of any period up in that period.
//! An alert fires while the burn rate of both its windows is above its threshold. Windows end with an interval of the
//! timeline and begin with one; at the start of a run they are as long as the run. A window that is shorter than an
//! interval is the interval.

use crate::record::{RequestCount, TrafficRecord};
use crate::units::{SimDuration, SimTime};

/// What an alert asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Somebody is called.
    Page,
    /// Somebody looks at it in the days that follow.
    Ticket,
}

/// A pair of windows and their threshold.
#[derive(Clone, Copy, Debug)]
pub struct BurnAlert {
    /// The long window.
    pub long: SimDuration,
    /// The short window: it ends the alert soon after the burning ends.
    pub short: SimDuration,
    /// Burn rate above which it fires.
    pub threshold: f64,
    /// What it asks for.
    pub severity: Severity,
    /// Name of the metric with the largest burn rate over the long window.
    pub metric: &'static str,
}

/// The alerts that the workbook recommends (table 5-8, for a budget of 30 days: 2 % of it in an hour, 5 % in six hours, 10 %
/// in three days).
pub const ALERTS: [BurnAlert; 3] = [
    BurnAlert {
        long: SimDuration::from_hours(1),
        short: SimDuration::from_minutes(5),
        threshold: 14.4,
        severity: Severity::Page,
        metric: "slo_burn_rate_1h_max",
    },
    BurnAlert {
        long: SimDuration::from_hours(6),
        short: SimDuration::from_minutes(30),
        threshold: 6.0,
        severity: Severity::Page,
        metric: "slo_burn_rate_6h_max",
    },
    BurnAlert {
        long: SimDuration::from_hours(72),
        short: SimDuration::from_hours(6),
        threshold: 1.0,
        severity: Severity::Ticket,
        metric: "slo_burn_rate_3d_max",
    },
];

/// How a service's budget burned.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Burn {
    /// Largest burn rate over the long window of each alert, in the order of [`ALERTS`].
    pub largest: [f64; ALERTS.len()],
    /// Time in which an alert asked for a page.
    pub paged: SimDuration,
    /// Time in which one asked for a ticket.
    pub ticketed: SimDuration,
    /// Share of the budget of the whole run that was used; above 1 the objective is missed.
    pub used: f64,
}

/// The burn rates of a traffic entry up to the end of each of its intervals; `None` if no request ended.
pub fn burn(record: &TrafficRecord) -> Option<Burn> {
    let budget = record.identity.service_level.budget();
    if record.counts.ended() == 0 || budget <= 0.0 {
        return None;
    }
    let rate = |bad: u64, ended: u64| if ended == 0 { 0.0 } else { float(bad) / float(ended) / budget };
    // Sums up to the end of each interval.
    let mut sums = Vec::with_capacity(record.intervals.len() + 1);
    sums.push((0_u64, 0_u64));
    for interval in &record.intervals {
        let (bad, ended) = sums.last().copied().unwrap_or_default();
        let counts = &interval.counts;
        sums.push((bad + counts.ended() - counts.of(RequestCount::Good).min(counts.ended()), ended + counts.ended()));
    }
    let over = |window: SimDuration, index: usize, end: SimTime, first: &mut usize| {
        let from = end - window;
        while *first < index && record.intervals.get(*first).is_some_and(|interval| interval.start < from) {
            *first += 1;
        }
        let (bad, ended) = sums.get(index + 1).copied().unwrap_or_default();
        let (bad_before, ended_before) = sums.get(*first).copied().unwrap_or_default();
        rate(bad - bad_before, ended - ended_before)
    };
    let (bad, ended) = sums.last().copied().unwrap_or_default();
    let mut found = Burn { used: rate(bad, ended), ..Burn::default() };
    let mut firsts = [(0, 0); ALERTS.len()];
    for (index, interval) in record.intervals.iter().enumerate() {
        let lasts = interval.end - interval.start;
        let mut fires = [false; 2];
        for ((alert, (long, short)), largest) in ALERTS.iter().zip(&mut firsts).zip(&mut found.largest) {
            let (long, short) =
                (over(alert.long, index, interval.end, long), over(alert.short, index, interval.end, short));
            *largest = largest.max(long);
            fires[alert.severity as usize] |= long > alert.threshold && short > alert.threshold;
        }
        found.paged += if fires[Severity::Page as usize] { lasts } else { SimDuration::ZERO };
        found.ticketed += if fires[Severity::Ticket as usize] { lasts } else { SimDuration::ZERO };
    }
    Some(found)
}

#[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Flow, RequestLog, TrafficIdentity};

    /// Requests at 100 per second in intervals of a minute, of which a share fails up to each time in hours.
    fn record(parts: &[(f64, f64)]) -> TrafficRecord {
        let mut log = RequestLog::new(TrafficIdentity::default(), SimDuration::from_minutes(1));
        let mut end = SimTime::ZERO;
        for (hours, share) in parts {
            end = SimTime::ZERO + SimDuration::from_secs_f64(hours * 3600.0);
            let failed = [(RequestCount::Timeout, 100.0 * share)];
            log.flow(end, &Flow { offered: 100.0, failed: &failed, latencies: &[] });
        }
        log.finish(end)
    }

    #[test]
    fn alerts_fire_as_the_workbook_says() {
        // Share that fails up to each hour; largest burn rate over 1 h and 6 h, minutes of pages, share of the budget used.
        type Case<'a> = (&'a [(f64, f64)], f64, f64, i64, f64, &'a str);
        let cases: [Case; 5] = [
            (&[(10.0, 0.0)], 0.0, 0.0, 0, 0.0, "nothing fails"),
            (&[(10.0, 0.001)], 1.0, 1.0, 0, 1.0, "the budget is used exactly"),
            (&[(10.0, 0.0), (11.0, 0.01), (20.0, 0.0)], 10.0, 10.0 / 6.0, 0, 0.5, "too slow for the first page"),
            (&[(10.0, 0.0), (10.5, 0.05), (20.0, 0.0)], 25.0, 25.0 / 6.0, 16, 1.25, "17 min until 14.4 are reached"),
            (&[(0.1, 0.0), (0.2, 0.02)], 10.0, 10.0, 4, 10.0, "a short run is its own window: the six-hour alert"),
        ];
        for (parts, one, six, paged, used, why) in cases {
            let found = burn(&record(parts)).unwrap();
            assert!((found.largest[0] - one).abs() < 0.02 * one.max(0.1), "{why}: {found:?}");
            assert!((found.largest[1] - six).abs() < 0.02 * six.max(0.1), "{why}: {found:?}");
            assert!((found.used - used).abs() < 0.01 * used.max(0.1), "{why}: {found:?}");
            let minutes = found.paged.whole_seconds() / 60;
            assert!((minutes - paged).abs() <= 2, "{why}: {minutes} minutes, {found:?}");
        }
        assert_eq!(burn(&record(&[(0.0, 0.0)])), None);
    }
}
