//! Lanes: the pods of a cohort that every decision treats alike. An attempt of a lane is one number and one list of
//! diagnoses; what each pod did follows from them.

use crate::api::PreemptionPolicy;
use crate::cluster::PodId;
use crate::scheduler::framework::Diagnosis;
use crate::scheduler::plugins::PluginSet;
use crate::scheduler::view::PodInfo;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

/// Identifies a lane.
pub type LaneId = u32;

/// What tells pods apart that decisions, queueing hints or messages treat differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Likeness {
    /// The number of the scheduling class.
    pub class: u64,
    /// The message says whether the pod would preempt others.
    pub policy: PreemptionPolicy,
}

/// The diagnoses of an attempt of a lane: each counts from a place in the order on.
#[derive(Clone, Debug, Default)]
pub struct Outcomes(VecDeque<(i32, Arc<Diagnosis>)>);

impl Outcomes {
    /// The diagnosis of the pod at a place in the order.
    pub fn of(&self, order: i32) -> Option<&Arc<Diagnosis>> {
        let after = self.0.partition_point(|(from, _)| *from <= order);
        self.0.get(after.checked_sub(1)?).map(|(_, diagnosis)| diagnosis)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Pods from `order` on, which come after all others, have this diagnosis.
    pub fn append(&mut self, order: i32, diagnosis: &Arc<Diagnosis>) {
        if self.0.back().is_none_or(|(_, last)| !Arc::ptr_eq(last, diagnosis)) {
            self.0.push_back((order, Arc::clone(diagnosis)));
        }
    }

    /// The pod at `order`, which comes before all others, has this diagnosis.
    pub fn prepend(&mut self, order: i32, diagnosis: &Arc<Diagnosis>) {
        match self.0.front_mut() {
            Some((from, first)) if Arc::ptr_eq(first, diagnosis) => *from = order,
            _ => self.0.push_front((order, Arc::clone(diagnosis))),
        }
    }
}

/// The pods of a cohort that every decision treats alike and that the same plugins rejected.
#[derive(Clone, Debug)]
pub struct Lane {
    /// One of them, or one that was among them.
    pub pod: Arc<PodInfo>,
    pub likeness: Likeness,
    /// Plugins that rejected them.
    pub rejectors: PluginSet,
    /// The pods by their place in the order of the cohort.
    pub members: BTreeMap<i32, PodId>,
    /// Attempts since the lane was formed, without the round under way.
    pub attempts: i64,
    pub outcomes: Outcomes,
    /// Of the round under way.
    pub round: Round,
}

/// What a lane met in the round under way.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Plugins that rejected them.
    pub rejectors: PluginSet,
    /// The diagnoses so far; empty where no pod was tried.
    pub outcomes: Outcomes,
}

/// Where a pod stands in a cohort.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its lane.
    pub lane: LaneId,
    /// Its place in the order of the cohort.
    pub order: i32,
    /// What the lane's count of attempts was when it joined.
    pub joined: i64,
}

impl Lane {
    /// Whether pods were tried in the round under way, and one of these plugins rejected them.
    pub fn was_rejected_by_some_of(&self, plugins: PluginSet) -> bool {
        !self.round.outcomes.is_empty() && !self.round.rejectors.intersection(plugins).is_empty()
    }

    /// The first pod from a place in the order on.
    pub fn next_from(&self, order: i32) -> Option<(i32, PodId)> {
        let first = self.members.range((Bound::Included(order), Bound::Unbounded)).next();
        first.map(|(order, id)| (*order, *id))
    }

    /// Ends the round under way: its outcomes are those of the lane from now on.
    pub fn end_round(&mut self) {
        self.attempts += 1;
        let round = std::mem::take(&mut self.round);
        self.rejectors = round.rejectors;
        self.outcomes = round.outcomes;
    }
}
