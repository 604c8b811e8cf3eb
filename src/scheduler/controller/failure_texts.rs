//! The messages of failed attempts that are repeated while nothing changes: pods of one class that wait for room get the
//! same diagnosis over and over, whose text then is written once.

use crate::api::{Name, PreemptionPolicy};
use crate::scheduler::framework::Diagnosis;
use crate::scheduler::view::PodInfo;
use std::sync::Arc;

/// How many messages are kept: more classes than this seldom wait at a time.
const MAX_KNOWN: usize = 128;

/// What the text depends on besides the diagnosis: the pod's policy, and whether room is being made for it.
type Case = (PreemptionPolicy, bool);

/// Messages of the diagnoses that were met last.
#[derive(Debug, Default)]
pub struct FailureTexts {
    known: Vec<(Arc<Diagnosis>, Case, Name)>,
    oldest: usize,
}

impl FailureTexts {
    /// The message for a pod with this very diagnosis when no preemption was possible, or because room was being made
    /// already.
    pub fn get(&self, diagnosis: &Arc<Diagnosis>, pod: &PodInfo, room_is_made: bool) -> Option<Name> {
        let case = (pod.spec().preemption_policy, room_is_made);
        // What was met last is asked for most.
        let (newer, older) = self.known.split_at(self.oldest);
        let mut newest_first = newer.iter().rev().chain(older.iter().rev());
        let found = newest_first.find(|(known, known_case, _)| Arc::ptr_eq(known, diagnosis) && *known_case == case);
        found.map(|(_, _, message)| message.clone())
    }

    /// Remembers the message. The diagnosis is kept with it, so that its address stands for it.
    pub fn insert(&mut self, diagnosis: &Arc<Diagnosis>, pod: &PodInfo, room_is_made: bool, message: Name) {
        let case = (pod.spec().preemption_policy, room_is_made);
        let entry = (Arc::clone(diagnosis), case, message);
        if self.known.len() < MAX_KNOWN {
            self.known.push(entry);
        } else {
            self.known[self.oldest] = entry;
            self.oldest = (self.oldest + 1) % MAX_KNOWN;
        }
    }
}
