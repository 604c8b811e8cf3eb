//! What the controller remembers of one HorizontalPodAutoscaler between reconciles.

use crate::units::{SimDuration, SimTime};

/// A number of replicas at a time: a recommendation before stabilisation, or the size of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimedReplicas {
    /// When.
    pub time: SimTime,
    /// Replicas recommended; of a scale event, how many were added or removed (positive either way).
    pub replicas: i32,
}

/// Recommendations and scale events of one object. Slots of old entries are written again, as the controller does;
/// which slot that is can be seen in later decisions, so the order of the lists matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HpaHistory {
    /// Recommendations before stabilisation. Empty only until the first reconcile.
    pub recommendations: Vec<TimedReplicas>,
    /// Scale-ups; kept only with `behavior`.
    pub scale_up_events: Vec<TimedReplicas>,
    /// Scale-downs; kept only with `behavior`.
    pub scale_down_events: Vec<TimedReplicas>,
}

impl HpaHistory {
    /// Notes the current replicas as the first recommendation (`recordInitialRecommendation`): the reason why a new
    /// object does not scale down for one stabilisation window.
    pub(super) fn record_initial_recommendation(&mut self, current: i32, now: SimTime) {
        if self.recommendations.is_empty() {
            self.recommendations.push(TimedReplicas { time: now, replicas: current });
        }
    }

    /// Notes a recommendation in `slot`, or as a new entry.
    pub(super) fn record_recommendation(&mut self, slot: Option<usize>, replicas: i32, now: SimTime) {
        write(&mut self.recommendations, slot, TimedReplicas { time: now, replicas });
    }
}

/// Replaces the entry at `slot`, or appends where there is none.
fn write(entries: &mut Vec<TimedReplicas>, slot: Option<usize>, entry: TimedReplicas) {
    match slot.and_then(|slot| entries.get_mut(slot)) {
        Some(old) => *old = entry,
        None => entries.push(entry),
    }
}

/// Notes a scale event (`storeScaleEvent`): it takes the place of the last entry, in list order, that is older than the
/// longest policy period of its direction, else it is appended.
pub(super) fn store_event(events: &mut Vec<TimedReplicas>, replicas: i32, longest_period: SimDuration, now: SimTime) {
    let slot = events.iter().rposition(|event| event.time < now - longest_period);
    write(events, slot, TimedReplicas { time: now, replicas });
}

/// Replicas changed by events younger than `period` (`getReplicasChangePerPeriod`); one exactly that old does not count.
pub(super) fn change_in_period(events: &[TimedReplicas], period: SimDuration, now: SimTime) -> i32 {
    let young = events.iter().filter(|event| event.time > now - period);
    young.fold(0, |total, event| total.wrapping_add(event.replicas))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(list: &[(i64, i32)]) -> Vec<TimedReplicas> {
        list.iter().map(|&(age, replicas)| TimedReplicas { time: SimTime::from_secs(-age), replicas }).collect()
    }

    #[test]
    fn an_event_takes_the_last_outdated_slot() {
        let cases = [
            (&[(60, 1), (61, 2), (10, 3)][..], vec![(60, 1), (0, 9), (10, 3)], "the one older than 60 s"),
            (&[(90, 1), (80, 2), (10, 3)], vec![(90, 1), (0, 9), (10, 3)], "the last in list order"),
            (&[(60, 1)], vec![(60, 1), (0, 9)], "exactly as old as the period is not outdated"),
            (&[], vec![(0, 9)], "the first"),
        ];
        for (before, after, why) in cases {
            let mut events = entries(before);
            store_event(&mut events, 9, SimDuration::from_secs(60), SimTime::ZERO);
            assert_eq!(events, entries(&after), "{why}");
        }
    }

    #[test]
    fn an_event_as_old_as_the_period_does_not_count() {
        let events = entries(&[(60, 1), (59, 2), (0, 4)]);
        assert_eq!(change_in_period(&events, SimDuration::from_secs(60), SimTime::ZERO), 6);
    }
}
