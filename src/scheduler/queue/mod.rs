//! The scheduling queue: which pod is tried next, which pods wait for the end of their back-off, and which for an event.
//!
//! Mirrors `backend/queue` of kube-scheduler 1.36 (`SchedulingQueue`) with `now` passed in. It keeps no timer: the
//! simulation calls [`SchedulingQueue::flush`] when [`SchedulingQueue::next_wakeup`] says so.
//!
//! Pods in the unschedulable pool stand in groups by the plugins that rejected them, so that an event costs nothing for
//! the groups whose plugins do not listen to it. Pods that wait together form cohorts, which move through the queue as one;
//! `docs/model/index-internals.md` explains them.

mod cohort;
mod entries;
mod lane;
mod lazy_heap;
mod places;
mod together;

use crate::cluster::PodId;
use crate::scheduler::config::SchedulerConfig;
use crate::scheduler::framework::{ClusterEvent, HintContext, may_become_schedulable};
use crate::scheduler::plugins::{PluginSet, priority_sort};
use crate::scheduler::view::PodInfo;
use crate::units::{SimDuration, SimTime};
use cohort::{CohortId, Cohorts};
use entries::{Entries, Entry};
use lazy_heap::LazyHeap;
use places::truncated;
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;
use together::LastRejected;

pub use cohort::SharedAttempts;
pub use lane::Likeness;

/// Expiries of back-offs are cut to whole windows of this length (`backoffQOrderingWindowDuration`).
const BACKOFF_WINDOW: SimDuration = SimDuration::from_secs(1);
/// How long a pod stays in the unschedulable pool without any event (`DefaultPodMaxInUnschedulablePodsDuration`).
const MAX_IN_UNSCHEDULABLE_PODS: SimDuration = SimDuration::from_minutes(5);
/// How often the unschedulable pool is looked through for such pods.
const UNSCHEDULABLE_FLUSH_PERIOD: SimDuration = SimDuration::from_secs(30);

/// Where a pod is in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// To be tried as soon as the scheduler is free.
    Active,
    /// Waits for the end of its back-off after it was rejected.
    Backoff,
    /// Waits for the end of its back-off after an internal error.
    ErrorBackoff,
    /// Waits for an event.
    Unschedulable,
    /// Kept out of the queue by a PreEnqueue plugin.
    Gated,
    /// Being tried.
    InFlight,
}

/// What comes up in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Pod(PodId),
    Cohort(CohortId),
}

/// Order in the active queue: priority, then the time at which the pod came (`PrioritySort`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ActiveKey {
    timestamp: SimTime,
    /// Order among pods of the same priority and time, with [`order`](Self::order): unique.
    sequence: u64,
    priority: i32,
    order: i32,
    source: Source,
}

impl PartialOrd for ActiveKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ActiveKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let first = priority_sort::compare((self.priority, self.timestamp), (other.priority, other.timestamp));
        first.then_with(|| (self.sequence, self.order, self.source).cmp(&(other.sequence, other.order, other.source)))
    }
}

/// Order in the back-off queues.
type BackoffKey = (SimTime, ActiveKey);

/// Pods of the unschedulable pool that the same plugins rejected.
#[derive(Clone, Debug)]
struct Group {
    rejectors: PluginSet,
    pods: Vec<PodId>,
}

/// A pod that was taken from the queue for a scheduling attempt.
#[derive(Clone, Debug)]
pub struct PoppedPod {
    /// The pod.
    pub pod: Arc<PodInfo>,
    /// Attempts so far, this one included.
    pub attempts: u32,
}

/// The scheduling queue.
#[derive(Clone, Debug)]
pub struct SchedulingQueue {
    initial_backoff: SimDuration,
    max_backoff: SimDuration,
    entries: Entries,
    active: LazyHeap<ActiveKey>,
    backoff: LazyHeap<BackoffKey>,
    error_backoff: LazyHeap<BackoffKey>,
    unschedulable: Vec<Group>,
    /// The unschedulable pool by time of the last attempt, each with its ticket; pods that left are dropped when they come
    /// to the front.
    unschedulable_since: VecDeque<(SimTime, Source, u64)>,
    cohorts: Cohorts,
    last_rejected: Vec<LastRejected>,
    shared: Vec<SharedAttempts>,
    shared_count: u64,
    /// Pods being tried, in the order in which their attempts began, each with the number of the first event that it has
    /// not seen.
    in_flight: Vec<(PodId, u64)>,
    /// Events since the oldest attempt in flight began.
    events: VecDeque<ClusterEvent>,
    /// Number of the first of `events`.
    first_event: u64,
    next_sequence: u64,
    next_ticket: u64,
}

impl SchedulingQueue {
    /// An empty queue with the back-offs of a configuration.
    #[must_use]
    pub fn new(config: &SchedulerConfig) -> Self {
        Self {
            initial_backoff: config.pod_initial_backoff,
            max_backoff: config.pod_max_backoff,
            entries: Entries::default(),
            active: LazyHeap::default(),
            backoff: LazyHeap::default(),
            error_backoff: LazyHeap::default(),
            unschedulable: Vec::new(),
            unschedulable_since: VecDeque::new(),
            cohorts: Cohorts::default(),
            last_rejected: Vec::new(),
            shared: Vec::new(),
            shared_count: 0,
            in_flight: Vec::new(),
            events: VecDeque::new(),
            first_event: 0,
            next_sequence: 0,
            next_ticket: 0,
        }
    }

    /// Where a pod is; `None` if it is not in the queue.
    #[must_use]
    pub fn place(&self, pod: PodId) -> Option<Place> {
        let entry = self.entries.get(pod)?;
        let Some(member) = entry.member else { return Some(entry.place) };
        let cohort = self.cohorts.get(self.cohorts.cohort_of(member.lane)?)?;
        let was_tried = cohort.tried_before.is_some_and(|before| member.order < before);
        Some(if was_tried { Place::Unschedulable } else { cohort.place })
    }

    /// Whether no pod is in the queue.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// Whether [`pop`](Self::pop) would give a pod.
    #[must_use]
    pub fn has_next(&self) -> bool {
        !self.active.is_empty() || !self.backoff.is_empty()
    }

    /// The end of a pod's back-off, if it was determined since its last attempt.
    #[must_use]
    pub fn backoff_until(&self, pod: PodId) -> Option<SimTime> {
        self.entries.get(pod)?.backoff_until
    }

    /// Adds a new pending pod. A pod with scheduling gates is kept out.
    pub fn add(&mut self, pod: Arc<PodInfo>, now: SimTime) {
        let id = pod.id;
        self.delete(id);
        let sequence = (self.next_sequence(), 0);
        let entry = Entry {
            pod,
            place: Place::InFlight,
            timestamp: now,
            sequence,
            attempts: 0,
            rejections: 0,
            consecutive_errors: 0,
            rejectors: PluginSet::EMPTY,
            backoff_until: None,
            ticket: 0,
            group: (0, 0),
            member: None,
        };
        self.entries.insert(id, entry);
        self.enter(id, Place::Active);
    }

    /// Takes the next pod: from the active queue, or, while that is empty, from the back-off queue however long its
    /// back-off still lasts (SchedulerPopFromBackoffQ). It is in flight until [`reject`](Self::reject),
    /// [`fail`](Self::fail) or [`done`](Self::done) is called.
    pub fn pop(&mut self) -> Option<PoppedPod> {
        let id = loop {
            match self.next_source()? {
                Source::Pod(id) => break id,
                Source::Cohort(cohort) => match self.cohorts.next_member(cohort) {
                    Some((_, id)) => break id,
                    None => self.end_round(cohort),
                },
            }
        };
        self.leave(id);
        let next_event = self.first_event + self.events.len() as u64;
        self.in_flight.push((id, next_event));
        let entry = self.entries.get_mut(id)?;
        entry.place = Place::InFlight;
        entry.attempts += 1;
        entry.backoff_until = None;
        Some(PoppedPod { pod: Arc::clone(&entry.pod), attempts: entry.attempts })
    }

    fn next_source(&self) -> Option<Source> {
        let first = self.active.first().map(|key| key.source);
        first.or_else(|| self.backoff.first().map(|(_, key)| key.source))
    }

    /// Brings back a pod that plugins rejected. Events that came during the attempt are looked at now.
    pub fn reject(&mut self, pod: PodId, rejectors: PluginSet, context: &HintContext<'_>, now: SimTime) {
        let Some(entry) = self.entries.get(pod).filter(|entry| entry.place == Place::InFlight) else { return };
        let sequence = (self.sequence_of_rejected(entry.pod.priority()), 0);
        let Some(entry) = self.entries.get_mut(pod) else { return };
        entry.rejections += 1;
        entry.consecutive_errors = 0;
        entry.rejectors = rejectors;
        entry.timestamp = now;
        entry.sequence = sequence;
        entry.backoff_until = None;
        let info = Arc::clone(&entry.pod);
        let seen = self.in_flight.iter().find(|(tried, _)| *tried == pod).map_or(0, |(_, number)| *number);
        let seen = usize::try_from(seen.saturating_sub(self.first_event)).unwrap_or(usize::MAX);
        let hit = self.events.iter().skip(seen).any(|event| may_become_schedulable(context, rejectors, &info, event));
        self.end_attempt(pod);
        if hit {
            self.requeue(pod, now);
        } else {
            self.enter(pod, Place::Unschedulable);
        }
    }

    /// Brings back a pod whose attempt ended with an internal error.
    pub fn fail(&mut self, pod: PodId, now: SimTime) {
        let Some(entry) = self.entries.get(pod).filter(|entry| entry.place == Place::InFlight) else { return };
        let sequence = (self.sequence_of_rejected(entry.pod.priority()), 0);
        let Some(entry) = self.entries.get_mut(pod) else { return };
        entry.consecutive_errors += 1;
        entry.rejectors = PluginSet::EMPTY;
        entry.timestamp = now;
        entry.sequence = sequence;
        entry.backoff_until = None;
        self.end_attempt(pod);
        self.requeue(pod, now);
    }

    /// Forgets a pod that was placed.
    pub fn done(&mut self, pod: PodId) {
        self.delete(pod);
    }

    /// Forgets a pod.
    pub fn delete(&mut self, pod: PodId) {
        self.leave(pod);
        self.end_attempt(pod);
        self.entries.remove(pod);
    }

    /// Replaces a pending pod. `events` are the properties that changed; only this pod's hints are asked.
    pub fn update(&mut self, pod: Arc<PodInfo>, events: &[ClusterEvent], context: &HintContext<'_>, now: SimTime) {
        let id = pod.id;
        let Some(entry) = self.entries.get(id) else {
            self.add(pod, now);
            return;
        };
        let place = entry.place;
        if entry.member.is_some() {
            let Some(place) = self.place(id) else { return };
            self.leave(id);
            self.insert(id, place);
            self.update(pod, events, context, now);
            return;
        }
        match place {
            Place::InFlight => {
                self.events.extend(events.iter().cloned());
                self.set_pod(id, pod);
            }
            Place::Active | Place::Backoff | Place::ErrorBackoff => {
                self.leave(id);
                self.set_pod(id, pod);
                self.insert(id, place);
            }
            Place::Unschedulable | Place::Gated => {
                let rejectors = entry.rejectors;
                let hit = events.iter().any(|event| may_become_schedulable(context, rejectors, &pod, event));
                self.set_pod(id, pod);
                if hit {
                    self.leave(id);
                    self.requeue(id, now);
                }
            }
        }
    }

    /// Replaces a waiting pod by the same one with more labels. It stays where it is.
    pub fn relabel(&mut self, pod: Arc<PodInfo>) {
        let id = pod.id;
        match self.place(id) {
            None => {}
            Some(Place::InFlight) => self.set_pod(id, pod),
            Some(place) => {
                self.leave(id);
                self.set_pod(id, pod);
                self.insert(id, place);
            }
        }
    }

    /// Moves a pod to the active queue at once, whatever it waits for. An attempt in flight hears of it when it ends.
    pub fn activate(&mut self, pod: PodId) {
        match self.place(pod) {
            Some(Place::Backoff | Place::ErrorBackoff | Place::Unschedulable | Place::Gated) => {
                self.leave(pod);
                self.enter(pod, Place::Active);
            }
            Some(Place::InFlight) => self.events.push_back(ClusterEvent::ForceActivate),
            Some(Place::Active) | None => {}
        }
    }

    /// Offers an event to the pods that wait for one, and remembers it for the attempts in flight
    /// (`MoveAllToActiveOrBackoffQueue`).
    pub fn on_event(&mut self, event: &ClusterEvent, context: &HintContext<'_>, now: SimTime) {
        self.on_event_up_to(i32::MAX, event, context, now);
    }

    /// As [`on_event`](Self::on_event), to waiting pods of at most this priority: others do not heed what the event is
    /// about, such as the nomination of a pod of lower priority (`getLEPriorityPreCheck`).
    pub fn on_event_up_to(&mut self, priority: i32, event: &ClusterEvent, context: &HintContext<'_>, now: SimTime) {
        if !self.in_flight.is_empty() {
            self.events.push_back(event.clone());
        }
        let listeners = event.listeners();
        let mut moved = Vec::new();
        for Group { rejectors, pods } in &self.unschedulable {
            if pods.is_empty() || rejectors.intersection(listeners).is_empty() {
                continue;
            }
            moved.extend(pods.iter().copied().filter(|id| {
                let entry = self.entries.get(*id);
                entry.is_some_and(|entry| {
                    entry.pod.priority() <= priority && may_become_schedulable(context, *rejectors, &entry.pod, event)
                })
            }));
        }
        for id in moved {
            self.leave(id);
            self.requeue(id, now);
        }
        if !self.cohorts.is_empty() {
            self.offer_to_cohorts(priority, event, context, now);
        }
    }

    /// Runs the timers that are due at `now`: at whole seconds pods whose back-off ended become active, at multiples of
    /// 30 s pods that waited for more than 5 minutes are queued again.
    pub fn flush(&mut self, now: SimTime) {
        self.flush_backoff(now);
        if now.next_tick(SimTime::ZERO, UNSCHEDULABLE_FLUSH_PERIOD) == now && now > SimTime::ZERO {
            self.flush_unschedulable(now);
        }
    }

    fn flush_backoff(&mut self, now: SimTime) {
        let due = |queue: &LazyHeap<BackoffKey>| {
            let first = queue.first().filter(|(until, _)| *until < truncated(now));
            first.map(|(_, key)| key.source)
        };
        while let Some(source) = due(&self.backoff).or_else(|| due(&self.error_backoff)) {
            match source {
                Source::Pod(id) => {
                    self.leave(id);
                    self.enter(id, Place::Active);
                }
                Source::Cohort(cohort) => self.enter_cohort(cohort, Place::Active),
            }
        }
    }

    fn flush_unschedulable(&mut self, now: SimTime) {
        while let Some((since, source, _)) = self.unschedulable_since.front().copied()
            && now - since > MAX_IN_UNSCHEDULABLE_PODS
        {
            self.unschedulable_since.pop_front();
            match source {
                Source::Pod(id) => {
                    self.leave(id);
                    self.requeue(id, now);
                }
                Source::Cohort(cohort) => self.requeue_cohort(cohort, now),
            }
        }
    }

    /// The next time after `now` at which [`flush`](Self::flush) would move a pod; `None` if none is waiting.
    #[must_use]
    pub fn next_wakeup(&self, now: SimTime) -> Option<SimTime> {
        let just_after = now + SimDuration::from_nanos(1);
        let backoff = self.backoff.first().into_iter().chain(self.error_backoff.first()).map(|(until, _)| {
            let ends = *until + BACKOFF_WINDOW;
            ends.max(just_after.next_tick(SimTime::ZERO, BACKOFF_WINDOW))
        });
        let leftover = self.unschedulable_since.front().map(|(since, ..)| {
            let overdue = *since + MAX_IN_UNSCHEDULABLE_PODS + SimDuration::from_nanos(1);
            overdue.max(just_after).next_tick(SimTime::ZERO, UNSCHEDULABLE_FLUSH_PERIOD)
        });
        backoff.chain(leftover).min()
    }

    fn set_pod(&mut self, id: PodId, pod: Arc<PodInfo>) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.pod = pod;
        }
    }

    /// Ends an attempt, and forgets the events that no other attempt waits for.
    fn end_attempt(&mut self, id: PodId) {
        let Some(position) = self.in_flight.iter().position(|(tried, _)| *tried == id) else { return };
        self.in_flight.remove(position);
        let next = self.first_event + self.events.len() as u64;
        let oldest = self.in_flight.first().map_or(next, |(_, number)| *number);
        while self.first_event < oldest && self.events.pop_front().is_some() {
            self.first_event += 1;
        }
    }

    fn next_sequence(&mut self) -> u64 {
        self.next_sequence += 1;
        self.next_sequence
    }
}

#[cfg(test)]
mod tests;
