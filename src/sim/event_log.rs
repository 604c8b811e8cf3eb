//! The Kubernetes Events of a run, repetitions counted.
//!
//! kube-scheduler writes Events with the recorder of `events.k8s.io` (client-go `tools/events`), for which an Event of the
//! same reason about the same object is a repetition whatever its message; the message stays that of the first, and a
//! series ends after 6 quiet minutes. The others write them with the older recorder (`tools/record`), for which another
//! message is another Event.

use crate::cluster::{ApiEvent, EventMessage, EventObject, PodId, Severity};
use crate::record::{self, EventKind, EventRow, EventSubject, EventTable, EventType};
use crate::units::SimTime;
use rustc_hash::FxHashMap;

/// No record.
const NONE: u32 = u32::MAX;

/// The Events of a run.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    table: EventTable,
    /// By row: the Event before about the same pod.
    previous: Vec<u32>,
    /// By pod id: the last Event about the pod. A pod has few of them: they are found one from the other.
    last_about: Vec<u32>,
    others: FxHashMap<ApiEvent, u32>,
}

impl EventLog {
    /// Records an Event.
    pub fn add(&mut self, event: ApiEvent, now: SimTime) {
        let known = match event.object {
            EventObject::Pod(pod) => self.find(pod, &event, now),
            EventObject::Other { .. } => self.others.get(&event).copied(),
        };
        match known.and_then(|known| self.table.rows.get_mut(known as usize)) {
            Some(row) => {
                row.count += 1;
                row.last = now;
            }
            None => self.push(event, now),
        }
    }

    fn push(&mut self, event: ApiEvent, now: SimTime) {
        let next = u32::try_from(self.table.rows.len()).unwrap_or(NONE);
        let kind = self.table.kind(kind_of(&event));
        let mut previous = NONE;
        let subject = match &event.object {
            EventObject::Pod(pod) => {
                if self.last_about.len() <= pod.index() {
                    self.last_about.resize(pod.index() + 1, NONE);
                }
                previous = std::mem::replace(&mut self.last_about[pod.index()], next);
                EventSubject::Pod(narrow(pod.index()))
            }
            EventObject::Other { kind, namespace, name } => {
                self.others.insert(event.clone(), next);
                self.table.object(kind, namespace.clone(), name.clone())
            }
        };
        let message = match event.message {
            EventMessage::Text(text) => self.table.text(text),
            EventMessage::Assigned(node) => record::EventMessage::Assigned(narrow(node.index())),
        };
        self.table.rows.push(EventRow { first: now, last: now, count: 1, kind, subject, message });
        self.previous.push(previous);
    }

    /// Records repetitions of the last Event of this reason of kube-scheduler about a pod, up to `last`.
    pub fn repeat(&mut self, pod: PodId, reason: &str, count: u32, last: SimTime) {
        let is_it = |kind: &EventKind| kind.reason == reason && kind.source == ApiEvent::SCHEDULER;
        let mut position = self.last_about.get(pod.index()).copied().unwrap_or(NONE);
        while let Some(row) = self.table.rows.get(position as usize) {
            if self.table.kind_of(row.kind).is_some_and(is_it) {
                let row = &mut self.table.rows[position as usize];
                row.count += count;
                row.last = last;
                return;
            }
            position = self.previous[position as usize];
        }
    }

    fn find(&self, pod: PodId, event: &ApiEvent, now: SimTime) -> Option<u32> {
        let mut position = self.last_about.get(pod.index()).copied().unwrap_or(NONE);
        while let Some(row) = self.table.rows.get(position as usize) {
            if self.repeats(row, event, now) {
                return Some(position);
            }
            position = self.previous[position as usize];
        }
        None
    }

    /// Whether an Event about the same pod repeats one that is known.
    fn repeats(&self, row: &EventRow, event: &ApiEvent, now: SimTime) -> bool {
        let is_alike = |kind: &EventKind| kind.reason == event.reason && kind.source == event.source;
        if !self.table.kind_of(row.kind).is_some_and(is_alike) {
            return false;
        }
        if event.source == ApiEvent::SCHEDULER {
            return ApiEvent::continues_series(row.last, now);
        }
        match (&event.message, row.message) {
            (EventMessage::Text(text), message) => self.table.text_of(message) == Some(text),
            (EventMessage::Assigned(node), record::EventMessage::Assigned(index)) => narrow(node.index()) == index,
            _ => false,
        }
    }

    /// The Events in the order in which they first occurred.
    pub fn into_table(self) -> EventTable {
        self.table
    }
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE)
}

fn kind_of(event: &ApiEvent) -> EventKind {
    let event_type = match event.severity {
        Severity::Normal => EventType::Normal,
        Severity::Warning => EventType::Warning,
    };
    EventKind { event_type, reason: event.reason, source: event.source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Name;
    use crate::units::SimDuration;

    fn event(source: &'static str, object: EventObject, message: &str) -> ApiEvent {
        let message = EventMessage::Text(Name::from(message));
        ApiEvent { severity: Severity::Warning, reason: "Reason", source, object, message }
    }

    fn counts(events: &[(&'static str, EventObject, &str, i64)]) -> Vec<u32> {
        let mut log = EventLog::default();
        for (source, object, message, second) in events {
            log.add(event(source, object.clone(), message), SimTime::ZERO + SimDuration::from_secs(*second));
        }
        log.into_table().rows.iter().map(|row| row.count).collect()
    }

    #[test]
    fn repetitions_are_told_as_the_recorders_do() {
        let pod = |index: usize| EventObject::Pod(PodId::from_index(index));
        let set = |name: &str| EventObject::Other { kind: "ReplicaSet", namespace: "".into(), name: name.into() };
        let (scheduler, kubelet) = (ApiEvent::SCHEDULER, "kubelet");
        let cases = [
            (vec![(scheduler, pod(0), "a", 0), (scheduler, pod(0), "b", 9)], vec![2], "the scheduler's, any message"),
            (
                vec![(kubelet, pod(0), "a", 0), (kubelet, pod(0), "b", 9), (kubelet, pod(0), "a", 9)],
                vec![2, 1],
                "by message",
            ),
            (vec![(scheduler, pod(0), "a", 0), (scheduler, pod(1), "a", 9)], vec![1, 1], "by pod"),
            (vec![(scheduler, pod(0), "a", 0), (scheduler, pod(0), "a", 719)], vec![2], "quiet, but nobody looked"),
            (vec![(scheduler, pod(0), "a", 0), (scheduler, pod(0), "a", 721)], vec![1, 1], "the series is over"),
            (
                vec![(kubelet, set("x"), "a", 0), (kubelet, set("y"), "a", 0), (kubelet, set("x"), "a", 0)],
                vec![2, 1],
                "others",
            ),
        ];
        for (events, expected, why) in cases {
            assert_eq!(counts(&events), expected, "{why}");
        }
    }
}
