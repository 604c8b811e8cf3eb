//! Endpoints that a client leaves out because they failed several times in a row.
//!
//! Mirrors Envoy's outlier detection (`source/common/upstream/outlier_detection_impl.cc`): consecutive errors eject at once,
//! for `base_ejection_time` times the number of ejections, which falls by one for each interval in service.
//!
//! Known deviations: an ejection ends when its time is over, not with the next sweep; there is no panic threshold: a client
//! for which all are ejected takes any.

use crate::units::{SimDuration, SimTime};

/// `interval` of Envoy's outlier detection.
const INTERVAL: SimDuration = SimDuration::from_secs(10);
/// `max_ejection_time` of Envoy's outlier detection.
const MAX_EJECTION_TIME: SimDuration = SimDuration::from_secs(300);

/// When endpoints are ejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detection {
    /// Errors in a row.
    pub consecutive_errors: u32,
    /// How long the first time.
    pub base_ejection_time: SimDuration,
    /// Percent of the endpoints at the same time.
    pub max_ejection_percent: u32,
}

/// What a client knows of an endpoint that failed.
#[derive(Clone, Copy, Debug)]
struct Outlier {
    endpoint: u32,
    errors: u32,
    ejections: u32,
    until: SimTime,
}

/// The endpoints that failed of late, in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub struct Outliers(Vec<Outlier>);

impl Outliers {
    /// Whether an endpoint is left out.
    pub fn is_ejected(&self, endpoint: u32, now: SimTime) -> bool {
        !self.0.is_empty() && self.find(endpoint).is_ok_and(|place| self.0[place].until > now)
    }

    fn find(&self, endpoint: u32) -> Result<usize, usize> {
        self.0.binary_search_by_key(&endpoint, |outlier| outlier.endpoint)
    }

    /// An endpoint answered.
    pub fn succeeded(&mut self, endpoint: u32, now: SimTime) {
        if self.0.is_empty() {
            return;
        }
        let Ok(place) = self.find(endpoint) else { return };
        let outlier = &mut self.0[place];
        outlier.errors = 0;
        if outlier.ejections_at(now) == 0 {
            self.0.remove(place);
        }
    }

    /// An endpoint failed; `count` says how many there are. Says whether it is ejected.
    pub fn failed(&mut self, endpoint: u32, detection: &Detection, count: impl Fn() -> usize, now: SimTime) -> bool {
        let place = self.find(endpoint).unwrap_or_else(|place| {
            self.0.insert(place, Outlier { endpoint, errors: 0, ejections: 0, until: SimTime::ZERO });
            place
        });
        let outlier = &mut self.0[place];
        outlier.errors += 1;
        if outlier.errors < detection.consecutive_errors || outlier.until > now {
            return false;
        }
        let ejected = self.0.iter().filter(|outlier| outlier.until > now).count();
        let percent = usize::try_from(detection.max_ejection_percent).unwrap_or(100);
        if ejected > 0 && ejected * 100 >= percent * count() {
            return false;
        }
        let outlier = &mut self.0[place];
        outlier.ejections = outlier.ejections_at(now) + 1;
        outlier.errors = 0;
        let longest = MAX_EJECTION_TIME.max(detection.base_ejection_time);
        outlier.until = now + (detection.base_ejection_time * i64::from(outlier.ejections)).min(longest);
        true
    }

    /// Another pod has the number of one that is gone.
    pub fn forget(&mut self, endpoint: u32) {
        if let Ok(place) = self.find(endpoint) {
            self.0.remove(place);
        }
    }
}

impl Outlier {
    /// Ejections that still count.
    fn ejections_at(&self, now: SimTime) -> u32 {
        let intervals = (now - self.until).max_zero().as_nanos() / INTERVAL.as_nanos();
        self.ejections.saturating_sub(u32::try_from(intervals).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_in_a_row_eject() {
        let detection = Detection {
            consecutive_errors: 3,
            base_ejection_time: SimDuration::from_secs(30),
            max_ejection_percent: 20,
        };
        let at = SimTime::from_secs;
        let mut outliers = Outliers::default();
        let fail = |outliers: &mut Outliers, endpoint, second, times| {
            (0..times).filter(|_| outliers.failed(endpoint, &detection, || 10, at(second))).count()
        };
        assert_eq!(fail(&mut outliers, 4, 0, 2), 0);
        outliers.succeeded(4, at(0));
        assert_eq!(fail(&mut outliers, 4, 0, 2), 0, "not in a row");
        assert_eq!(fail(&mut outliers, 4, 1, 1), 1);
        assert!(outliers.is_ejected(4, at(30)) && !outliers.is_ejected(4, at(31)) && !outliers.is_ejected(5, at(1)));
        assert_eq!(fail(&mut outliers, 7, 2, 3), 1, "two of ten may be");
        assert_eq!(fail(&mut outliers, 8, 3, 9), 0, "three may not");
        assert_eq!(fail(&mut outliers, 4, 35, 3), 1);
        assert!(outliers.is_ejected(4, at(94)) && !outliers.is_ejected(4, at(95)), "twice as long the second time");
        assert_eq!(fail(&mut outliers, 4, 120, 3), 1);
        assert!(outliers.is_ejected(4, at(149)) && !outliers.is_ejected(4, at(150)), "forgotten after two intervals");
        outliers.forget(4);
        assert!(!outliers.is_ejected(4, at(130)));
    }
}
