//! How a pod moves between the places of the queue, and how long its back-off lasts.

use super::entries::Entry;
use super::{Group, Place, SchedulingQueue, Source};
use crate::cluster::PodId;
use crate::scheduler::plugins::{Plugin, PluginSet, scheduling_gates};
use crate::units::{SimDuration, SimTime};

impl SchedulingQueue {
    /// Queues a pod that may be schedulable: after its back-off, if that still lasts.
    pub(super) fn requeue(&mut self, id: PodId, now: SimTime) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let until = backoff_until(entry, self.initial_backoff, self.max_backoff);
        let place = match until {
            Some(until) if until >= truncated(now) => {
                if entry.consecutive_errors > 0 {
                    Place::ErrorBackoff
                } else {
                    Place::Backoff
                }
            }
            _ => Place::Active,
        };
        self.enter(id, place);
    }

    /// Puts a pod that is nowhere into `place`, unless a PreEnqueue plugin keeps it out.
    pub(super) fn enter(&mut self, id: PodId, place: Place) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let gated = scheduling_gates::pre_enqueue(&entry.pod).is_some();
        if gated && place != Place::Unschedulable {
            entry.rejectors = PluginSet::of(&[Plugin::SchedulingGates]);
            entry.place = Place::Gated;
            return;
        }
        self.insert(id, place);
    }

    /// Puts a pod that is nowhere into `place`.
    pub(super) fn insert(&mut self, id: PodId, place: Place) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        self.next_ticket += 1;
        entry.place = place;
        entry.ticket = self.next_ticket;
        let (key, ticket) = (entry.active_key(), entry.ticket);
        match place {
            Place::Active => self.active.push(key, ticket),
            Place::Backoff | Place::ErrorBackoff => {
                let until = entry.backoff_until.unwrap_or(entry.timestamp);
                let queue = if place == Place::Backoff { &mut self.backoff } else { &mut self.error_backoff };
                queue.push((until, key), ticket);
            }
            Place::Unschedulable => {
                let known = self.unschedulable.iter().position(|group| group.rejectors == entry.rejectors);
                let group = known.unwrap_or_else(|| {
                    self.unschedulable.push(Group { rejectors: entry.rejectors, pods: Vec::new() });
                    self.unschedulable.len() - 1
                });
                let pods = &mut self.unschedulable[group].pods;
                entry.group = (group, pods.len());
                pods.push(id);
                let since = entry.timestamp;
                self.note_unschedulable(since, Source::Pod(id), ticket);
            }
            Place::Gated | Place::InFlight => {}
        }
    }

    /// Notes since when something waits for an event.
    pub(super) fn note_unschedulable(&mut self, since: SimTime, source: Source, ticket: u64) {
        // Attempts end in the order of time, but a pod that leaves a cohort keeps its time.
        let position = match self.unschedulable_since.back() {
            Some((last, ..)) if *last > since => {
                self.unschedulable_since.partition_point(|(earlier, ..)| *earlier <= since)
            }
            _ => self.unschedulable_since.len(),
        };
        self.unschedulable_since.insert(position, (since, source, ticket));
    }

    /// Takes a pod out of the place where it is; its entry stays, in flight.
    pub(super) fn leave(&mut self, id: PodId) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        if entry.member.is_some() {
            self.leave_cohort(id);
            return;
        }
        let place = std::mem::replace(&mut entry.place, Place::InFlight);
        if place == Place::Unschedulable {
            let (group, position) = entry.group;
            let pods = &mut self.unschedulable[group].pods;
            pods.swap_remove(position);
            if let Some(moved) = pods.get(position).copied()
                && let Some(entry) = self.entries.get_mut(moved)
            {
                entry.group = (group, position);
            }
        }
        self.prune(place);
    }

    /// Drops what has left a place from the front of its queue.
    pub(super) fn prune(&mut self, place: Place) {
        let (entries, cohorts) = (&self.entries, &self.cohorts);
        let is_there = |source: Source, place: Place, ticket: u64| match source {
            Source::Pod(id) => entries.is_there(id, place, ticket),
            Source::Cohort(id) => {
                cohorts.get(id).is_some_and(|cohort| cohort.place == place && cohort.ticket == ticket)
            }
        };
        match place {
            Place::Active => self.active.prune(|key, ticket| is_there(key.source, place, ticket)),
            Place::Backoff => self.backoff.prune(|(_, key), ticket| is_there(key.source, place, ticket)),
            Place::ErrorBackoff => self.error_backoff.prune(|(_, key), ticket| is_there(key.source, place, ticket)),
            Place::Unschedulable => {
                while let Some((_, source, ticket)) = self.unschedulable_since.front()
                    && !is_there(*source, place, *ticket)
                {
                    self.unschedulable_since.pop_front();
                }
            }
            Place::Gated | Place::InFlight => {}
        }
    }
}

/// The whole second in which an instant lies.
pub(super) fn truncated(instant: SimTime) -> SimTime {
    SimTime::from_secs(instant.since_start().whole_seconds())
}

/// The end of a pod's back-off, cut to the whole second; `None` before its first attempt.
pub(super) fn backoff_until(entry: &mut Entry, initial: SimDuration, max: SimDuration) -> Option<SimTime> {
    let count = if entry.consecutive_errors > 0 { entry.consecutive_errors } else { entry.rejections };
    if count == 0 {
        return None;
    }
    let until = entry.backoff_until.unwrap_or_else(|| truncated(entry.timestamp + backoff(count, initial, max)));
    entry.backoff_until = Some(until);
    Some(until)
}

/// `initial` doubled with each failure after the first, at most `max`.
pub(super) fn backoff(failures: u32, initial: SimDuration, max: SimDuration) -> SimDuration {
    let doublings = failures.saturating_sub(1).min(62);
    (initial * (1_i64 << doublings)).min(max)
}
