//! How the queue handles cohorts: when one is formed, moves, is tried and is taken apart.

use super::cohort::{Cohort, CohortId, Move, SharedAttempts};
use super::lane::{LaneId, Likeness};
use super::places::{backoff, truncated};
use super::{Place, SchedulingQueue, Source};
use crate::cluster::{ApiEvent, PodId};
use crate::scheduler::framework::{ClusterEvent, Diagnosis, HintContext, may_become_schedulable};
use crate::scheduler::view::PodInfo;
use crate::units::SimTime;
use std::sync::Arc;

/// Which cohort got the last sequence number that was given to a rejected pod of a priority.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastRejected {
    priority: i32,
    cohort: Option<CohortId>,
    /// The cohort before.
    before: Option<CohortId>,
}

impl SchedulingQueue {
    /// Lets a pod that was just [rejected](Self::reject) wait together with its like, until that means something else and
    /// everybody is to be [dispersed](Self::disperse_all), if it has reached the longest back-off.
    /// Of pods in a cohort, [`next_together`](Self::next_together) tells when they come, and
    /// [`fail_together`](Self::fail_together) counts attempts of all of them at once.
    pub fn gather(&mut self, id: PodId, likeness: Likeness, diagnosis: &Arc<Diagnosis>) {
        let Some(entry) = self.entries.get(id) else { return };
        let is_eligible = entry.place == Place::Unschedulable
            && entry.member.is_none()
            && entry.consecutive_errors == 0
            && entry.pod.nominated_node_name.is_none()
            && entry.pod.resized.is_none()
            && entry.rejectors == diagnosis.plugins
            && backoff(entry.rejections, self.initial_backoff, self.max_backoff) == self.max_backoff;
        if !is_eligible {
            return;
        }
        self.leave(id);
        self.next_ticket += 1;
        let Some(entry) = self.entries.get_mut(id) else { return };
        entry.place = Place::Unschedulable;
        entry.ticket = self.next_ticket;
        let (pod, rejectors, timestamp, sequence) =
            (Arc::clone(&entry.pod), entry.rejectors, entry.timestamp, entry.sequence.0);
        let priority = pod.priority();
        let before = self.last_rejected(priority).before;
        let known = before.filter(|cohort| self.is_followed_at(*cohort, timestamp));
        let cohort = known.unwrap_or_else(|| self.new_cohort(priority, timestamp, sequence));
        if let Some(cohort) = self.cohorts.get_mut(cohort) {
            cohort.high = sequence;
        }
        let member = self.cohorts.push(cohort, &pod, likeness, rejectors, diagnosis);
        if let Some(entry) = self.entries.get_mut(id) {
            entry.member = Some(member);
        }
        self.last_rejected(priority).cohort = Some(cohort);
    }

    /// The pods that come next, if they wait together: a cohort.
    pub fn next_together(&self) -> Option<CohortId> {
        match self.next_source()? {
            Source::Cohort(cohort) => Some(cohort),
            Source::Pod(_) => None,
        }
    }

    /// The lanes of a cohort, each with one of its pods, which are all alike to the scheduler.
    pub fn lanes_of(&self, cohort: CohortId) -> impl Iterator<Item = (LaneId, &Arc<PodInfo>)> {
        self.cohorts.lanes_of(cohort).map(|(id, lane)| (id, &lane.pod))
    }

    /// Whether an attempt of the cohort now continues the series of `FailedScheduling` of its last one.
    pub fn continues_series(&self, cohort: CohortId, now: SimTime) -> bool {
        self.cohorts.get(cohort).is_some_and(|cohort| ApiEvent::continues_series(cohort.timestamp, now))
    }

    /// Counts attempts of the pods of a cohort that comes next, in their order, up to the first pod of a lane without a
    /// verdict: that one then is what [`pop`](Self::pop) gives. A verdict is why all pods of a lane fail.
    pub fn fail_together(&mut self, cohort: CohortId, verdicts: &[(LaneId, Arc<Diagnosis>)], now: SimTime) {
        if self.cohorts.get(cohort).is_some_and(|cohort| cohort.tried_before.is_some() && cohort.round_at != now)
            || self.cohorts.rejectors_differ(cohort, verdicts)
        {
            self.part_tried(cohort);
        }
        let from = self.cohorts.get(cohort).and_then(|cohort| cohort.tried_before);
        let open = self.cohorts.lanes_of(cohort).filter(|(id, _)| verdicts.iter().all(|(lane, _)| lane != id));
        let until = open.filter_map(|(_, lane)| lane.next_from(from.unwrap_or(i32::MIN))).map(|(order, _)| order).min();
        if let Some(cohort) = self.cohorts.get_mut(cohort) {
            cohort.round_at = now;
        }
        self.cohorts.fail(cohort, verdicts, until);
        if until.is_none() {
            self.end_round(cohort);
        }
    }

    /// Lets the pods of a cohort wait one by one again.
    pub fn disperse(&mut self, cohort: CohortId) {
        self.part_tried(cohort);
        let Some(place) = self.cohorts.get(cohort).map(|cohort| cohort.place) else { return };
        for id in self.cohorts.members_in_order(cohort) {
            self.leave(id);
            self.insert(id, place);
        }
    }

    /// Lets all pods wait one by one, so that everything is known of each of them.
    pub fn disperse_all(&mut self) {
        for cohort in self.cohorts.ids(|_| true) {
            self.disperse(cohort);
        }
    }

    /// The attempts of pods that have left their cohorts since this was last asked.
    pub fn take_shared_attempts(&mut self) -> Vec<SharedAttempts> {
        if self.shared.is_empty() { Vec::new() } else { std::mem::take(&mut self.shared) }
    }

    /// How many attempts were counted with cohorts since this was last asked.
    pub fn take_shared_count(&mut self) -> u64 {
        std::mem::take(&mut self.shared_count)
    }

    /// Whether a cohort ended its round at this instant, so that what is rejected next follows it in the order.
    fn is_followed_at(&self, cohort: CohortId, now: SimTime) -> bool {
        self.cohorts.get(cohort).is_some_and(|cohort| {
            cohort.place == Place::Unschedulable
                && cohort.timestamp == now
                && cohort.is_whole
                && cohort.tried_before.is_none()
        })
    }

    fn new_cohort(&mut self, priority: i32, timestamp: SimTime, sequence: u64) -> CohortId {
        self.next_ticket += 1;
        let cohort = self.cohorts.add(Cohort {
            priority,
            timestamp,
            place: Place::Unschedulable,
            until: timestamp,
            low: sequence,
            high: sequence,
            is_whole: true,
            tried_before: None,
            round_at: timestamp,
            ticket: self.next_ticket,
            lanes: Vec::new(),
        });
        self.note_unschedulable(timestamp, Source::Cohort(cohort), self.next_ticket);
        cohort
    }

    fn last_rejected(&mut self, priority: i32) -> &mut LastRejected {
        let position = self.last_rejected.iter().position(|last| last.priority == priority);
        let position = position.unwrap_or_else(|| {
            self.last_rejected.push(LastRejected { priority, cohort: None, before: None });
            self.last_rejected.len() - 1
        });
        &mut self.last_rejected[position]
    }

    /// The sequence number of a rejected pod. Pods of its priority that were tried before it in a round under way end theirs
    /// first, since they come before it in the order.
    pub(super) fn sequence_of_rejected(&mut self, priority: i32) -> u64 {
        if !self.cohorts.is_empty() {
            for cohort in self.cohorts.ids(|cohort| cohort.priority == priority && cohort.tried_before.is_some()) {
                self.part_tried(cohort);
            }
            let last = self.last_rejected(priority);
            last.before = last.cohort.take();
        } else if let Some(last) = self.last_rejected.iter_mut().find(|last| last.priority == priority) {
            (last.before, last.cohort) = (None, None);
        }
        self.next_sequence()
    }

    /// All pods of a cohort were tried and failed.
    pub(super) fn end_round(&mut self, cohort: CohortId) {
        self.shared_count += self.cohorts.end_round(cohort);
        self.cohort_failed(cohort);
    }

    /// Parts the pods that were tried in the round under way from a cohort; they wait for an event now.
    fn part_tried(&mut self, cohort: CohortId) -> Option<CohortId> {
        let mut moves = Vec::new();
        let parted = self.cohorts.part_tried(cohort, &mut moves);
        self.follow(&moves);
        let (tried, count) = parted?;
        self.shared_count += count;
        Some(self.cohort_failed(tried))
    }

    /// A cohort has ended its round: its pods wait for an event. Returns the cohort that they are in now.
    fn cohort_failed(&mut self, cohort: CohortId) -> CohortId {
        let Some((priority, now)) = self.cohorts.get(cohort).map(|cohort| (cohort.priority, cohort.round_at)) else {
            return cohort;
        };
        let sequence = self.sequence_of_rejected(priority);
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        if let Some(cohort) = self.cohorts.get_mut(cohort) {
            cohort.timestamp = now;
            cohort.place = Place::Unschedulable;
            (cohort.low, cohort.high) = (sequence, sequence);
            cohort.is_whole = true;
            cohort.ticket = ticket;
        }
        self.prune_all();
        self.note_unschedulable(now, Source::Cohort(cohort), ticket);
        let mut left = cohort;
        let before = self.last_rejected(priority).before;
        if let Some(before) = before.filter(|before| *before != cohort && self.is_followed_at(*before, now)) {
            let mut moves = Vec::new();
            left = self.cohorts.unite(before, cohort, &mut moves);
            self.follow(&moves);
            self.prune_all();
        }
        self.last_rejected(priority).cohort = Some(left);
        left
    }

    /// Drops what has left from the front of each queue in which cohorts stand.
    fn prune_all(&mut self) {
        for place in [Place::Active, Place::Backoff, Place::Unschedulable] {
            self.prune(place);
        }
    }

    /// Notes where pods are that changed lanes.
    fn follow(&mut self, moves: &[Move]) {
        for step in moves {
            if let Some(member) = self.entries.get_mut(step.pod).and_then(|entry| entry.member.as_mut()) {
                *member = step.apply(*member);
            }
        }
    }

    /// Takes a pod out of its cohort, with what the cohort knows of it. It then is nowhere, as after [`leave`](Self::leave).
    pub(super) fn leave_cohort(&mut self, id: PodId) {
        let member = |queue: &Self| queue.entries.get(id).and_then(|entry| entry.member);
        let Some(cohort) = member(self).and_then(|member| self.cohorts.cohort_of(member.lane)) else { return };
        let Some(first) = self.cohorts.get(cohort).map(|cohort| cohort.tried_before) else { return };
        if first.is_some_and(|first| member(self).is_some_and(|member| member.order < first)) {
            self.part_tried(cohort);
        }
        let Some(member) = member(self) else { return };
        let Some(state) = self.cohorts.cohort_of(member.lane).and_then(|cohort| self.cohorts.get(cohort)) else {
            return;
        };
        let (timestamp, low, until) =
            (state.timestamp, state.low, (state.place != Place::Unschedulable).then_some(state.until));
        let rejectors = self.cohorts.lane(member.lane).map(|lane| lane.rejectors);
        let removed = self.cohorts.remove(member);
        self.prune_all();
        let Some(entry) = self.entries.get_mut(id) else { return };
        entry.member = None;
        entry.place = Place::InFlight;
        entry.timestamp = timestamp;
        entry.sequence = (low, member.order);
        entry.backoff_until = until;
        entry.rejectors = rejectors.unwrap_or(entry.rejectors);
        if let Some((count, diagnosis)) = removed
            && count > 0
        {
            entry.attempts += count;
            entry.rejections += count;
            self.shared.push(SharedAttempts { pod: Arc::clone(&entry.pod), count, last: timestamp, diagnosis });
        }
    }

    /// Moves a cohort, as far as an event concerns its lanes, to where its pods wait for their next attempt.
    pub(super) fn offer_to_cohorts(
        &mut self,
        priority: i32,
        event: &ClusterEvent,
        context: &HintContext<'_>,
        now: SimTime,
    ) {
        let listeners = event.listeners();
        // Those that were tried in a round under way wait for an event already.
        for cohort in self.cohorts.ids(|cohort| cohort.priority <= priority && cohort.tried_before.is_some()) {
            if self.cohorts.lanes_of(cohort).any(|(_, lane)| lane.was_rejected_by_some_of(listeners)) {
                self.part_tried(cohort);
            }
        }
        for waiting in self.cohorts.ids(|cohort| cohort.priority <= priority && cohort.place == Place::Unschedulable) {
            let (mut hit, mut all) = (Vec::new(), true);
            for (id, lane) in self.cohorts.lanes_of(waiting) {
                let listens = !lane.rejectors.intersection(listeners).is_empty();
                if listens && may_become_schedulable(context, lane.rejectors, &lane.pod, event) {
                    hit.push(id);
                } else {
                    all = false;
                }
            }
            if all {
                self.requeue_cohort(waiting, now);
            } else if !hit.is_empty()
                && let Some(parted) = self.cohorts.part_lanes(waiting, &hit)
            {
                self.requeue_cohort(parted, now);
            }
        }
    }

    /// Queues a cohort that waited for an event: after its back-off, if that still lasts.
    pub(super) fn requeue_cohort(&mut self, cohort: CohortId, now: SimTime) {
        let max_backoff = self.max_backoff;
        let Some(state) = self.cohorts.get_mut(cohort) else { return };
        state.until = truncated(state.timestamp + max_backoff);
        let place = if state.until >= truncated(now) { Place::Backoff } else { Place::Active };
        self.enter_cohort(cohort, place);
    }

    /// Puts a cohort into the active or the back-off queue. A part of it that is there already takes it up.
    pub(super) fn enter_cohort(&mut self, cohort: CohortId, place: Place) {
        let Some(state) = self.cohorts.get(cohort) else { return };
        let (priority, timestamp, low) = (state.priority, state.timestamp, state.low);
        let parts = self.cohorts.ids(|part| {
            part.place == place && part.priority == priority && part.timestamp == timestamp && part.low == low
        });
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        if let Some(part) = parts.into_iter().find(|part| *part != cohort) {
            self.part_tried(cohort);
            self.part_tried(part);
            if self.cohorts.get(part).is_some() {
                self.cohorts.rejoin(cohort, part);
                self.prune_all();
                return;
            }
        }
        let Some(state) = self.cohorts.get_mut(cohort) else { return };
        state.place = place;
        state.ticket = ticket;
        let until = state.until;
        let key = state.active_key(cohort);
        self.prune_all();
        match place {
            Place::Active => self.active.push(key, ticket),
            _ => self.backoff.push((until, key), ticket),
        }
    }
}
