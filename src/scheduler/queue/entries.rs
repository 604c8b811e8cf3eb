//! The pods in the queue with their history, in slots that are used again.

use super::lane::Member;
use super::{ActiveKey, Place, Source};
use crate::cluster::PodId;
use crate::scheduler::plugins::PluginSet;
use crate::scheduler::view::PodInfo;
use crate::units::SimTime;
use std::sync::Arc;

/// A pod with its history.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) pod: Arc<PodInfo>,
    pub(super) place: Place,
    /// When it came, or came back from its last attempt.
    pub(super) timestamp: SimTime,
    /// Order among pods of the same time: unique.
    pub(super) sequence: (u64, i32),
    pub(super) attempts: u32,
    /// Attempts that ended with a rejection.
    pub(super) rejections: u32,
    /// Attempts since the last rejection that ended with an internal error.
    pub(super) consecutive_errors: u32,
    /// Plugins that rejected it in its last attempt, or the PreEnqueue plugin that keeps it out.
    pub(super) rejectors: PluginSet,
    /// End of the back-off, once it was asked for.
    pub(super) backoff_until: Option<SimTime>,
    /// Tells its last entry into a place from those before.
    pub(super) ticket: u64,
    /// In the unschedulable pool: its group and its position there.
    pub(super) group: (usize, usize),
    /// Where it stands in a cohort, if it waits in one: what the cohort knows is not written here then.
    pub(super) member: Option<Member>,
}

impl Entry {
    pub(super) fn active_key(&self) -> ActiveKey {
        let ((sequence, order), timestamp) = (self.sequence, self.timestamp);
        ActiveKey { priority: self.pod.priority(), timestamp, sequence, order, source: Source::Pod(self.pod.id) }
    }
}

/// The pods in the queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    slots: Vec<Option<Entry>>,
    free: Vec<u32>,
    /// By pod id: the slot; `NO_SLOT` is none.
    slot_of: Vec<u32>,
}

const NO_SLOT: u32 = u32::MAX;

impl Entries {
    pub(super) fn slot(&self, id: PodId) -> Option<usize> {
        self.slot_of.get(id.index()).filter(|slot| **slot != NO_SLOT).map(|slot| *slot as usize)
    }

    pub(super) fn get(&self, id: PodId) -> Option<&Entry> {
        self.slots.get(self.slot(id)?)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: PodId) -> Option<&mut Entry> {
        let slot = self.slot(id)?;
        self.slots.get_mut(slot)?.as_mut()
    }

    pub(super) fn insert(&mut self, id: PodId, entry: Entry) {
        if self.slot_of.len() <= id.index() {
            self.slot_of.resize(id.index() + 1, NO_SLOT);
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).unwrap_or(NO_SLOT)
        });
        self.slots[slot as usize] = Some(entry);
        self.slot_of[id.index()] = slot;
    }

    pub(super) fn remove(&mut self, id: PodId) {
        if let Some(slot) = self.slot(id) {
            self.slots[slot] = None;
            self.free.push(self.slot_of[id.index()]);
            self.slot_of[id.index()] = NO_SLOT;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether the pod is still in the place that it entered with this ticket.
    pub(super) fn is_there(&self, id: PodId, place: Place, ticket: u64) -> bool {
        self.get(id).is_some_and(|entry| entry.place == place && entry.ticket == ticket)
    }
}
