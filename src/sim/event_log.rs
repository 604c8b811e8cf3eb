//! The Kubernetes Events of a run, repetitions counted.
//!
//! kube-scheduler writes Events with the recorder of `events.k8s.io` (client-go `tools/events`), for which an Event of the
//! same reason about the same object is a repetition whatever its message; the message stays that of the first, and a
//! series ends after 6 quiet minutes. The others write them with the older recorder (`tools/record`), for which another
//! message is another Event.

use crate::cluster::{ApiEvent, Cluster, EventMessage, EventObject, PodId, Severity};
use crate::record::{EventRecord, EventText, EventType};
use crate::units::SimTime;
use rustc_hash::FxHashMap;

/// No record.
const NONE: u32 = u32::MAX;

/// An Event with its repetitions.
#[derive(Clone, Debug)]
struct Series {
    event: ApiEvent,
    first: SimTime,
    last: SimTime,
    count: u32,
    /// The Event before about the same pod.
    previous: u32,
}

impl Series {
    fn repeats(&self, event: &ApiEvent, now: SimTime) -> bool {
        if self.event.reason != event.reason || self.event.source != event.source {
            return false;
        }
        if event.source == ApiEvent::SCHEDULER {
            return ApiEvent::continues_series(self.last, now);
        }
        self.event.message == event.message
    }
}

/// The Events of a run.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    series: Vec<Series>,
    /// By pod id: the last Event about the pod. A pod has few of them: they are found one from the other.
    last_about: Vec<u32>,
    others: FxHashMap<ApiEvent, u32>,
}

impl EventLog {
    /// Records an Event.
    pub fn add(&mut self, event: ApiEvent, now: SimTime) {
        let next = u32::try_from(self.series.len()).unwrap_or(NONE);
        let mut previous = NONE;
        let known = match event.object {
            EventObject::Pod(pod) => {
                if self.last_about.len() <= pod.index() {
                    self.last_about.resize(pod.index() + 1, NONE);
                }
                let known = self.find(pod, &event, now);
                if known.is_none() {
                    previous = std::mem::replace(&mut self.last_about[pod.index()], next);
                }
                known
            }
            EventObject::Other { .. } => match self.others.get(&event) {
                Some(known) => Some(*known),
                None => {
                    self.others.insert(event.clone(), next);
                    None
                }
            },
        };
        match known {
            Some(known) => {
                let series = &mut self.series[known as usize];
                series.count += 1;
                series.last = now;
            }
            None => self.series.push(Series { event, first: now, last: now, count: 1, previous }),
        }
    }

    /// Records repetitions of the last Event of this reason of kube-scheduler about a pod, up to `last`.
    pub fn repeat(&mut self, pod: PodId, reason: &str, count: u32, last: SimTime) {
        let mut position = self.last_about.get(pod.index()).copied().unwrap_or(NONE);
        while let Some(series) = self.series.get_mut(position as usize) {
            if series.event.reason == reason && series.event.source == ApiEvent::SCHEDULER {
                series.count += count;
                series.last = last;
                return;
            }
            position = series.previous;
        }
    }

    fn find(&self, pod: PodId, event: &ApiEvent, now: SimTime) -> Option<u32> {
        let mut position = self.last_about[pod.index()];
        while position != NONE {
            let series = &self.series[position as usize];
            if series.repeats(event, now) {
                return Some(position);
            }
            position = series.previous;
        }
        None
    }

    /// The records, in the order in which the Events first occurred.
    pub fn into_records(self, cluster: &Cluster) -> Vec<EventRecord> {
        self.series.into_iter().map(|series| series.into_record(cluster)).collect()
    }
}

impl Series {
    fn into_record(self, cluster: &Cluster) -> EventRecord {
        let ApiEvent { severity, reason, source, object, message } = self.event;
        let (kind, namespace, name) = match object {
            EventObject::Pod(id) => {
                let pod = cluster.pod(id);
                ("Pod", cluster.namespace_name(pod.namespace).clone(), pod.name.clone())
            }
            EventObject::Other { kind, namespace, name } => (kind, namespace, name),
        };
        EventRecord {
            first: self.first,
            last: self.last,
            count: self.count,
            event_type: match severity {
                Severity::Normal => EventType::Normal,
                Severity::Warning => EventType::Warning,
            },
            reason,
            source,
            kind,
            namespace,
            name,
            text: match message {
                EventMessage::Text(text) => EventText::Message(text),
                EventMessage::Assigned(node) => EventText::Assigned(cluster.node(node).object.meta.name.clone()),
            },
        }
    }
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
        log.series.iter().map(|series| series.count).collect()
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
