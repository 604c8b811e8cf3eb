//! The Kubernetes Events of a run. Every pod causes some, so that they are kept in few bytes, and written out only where
//! they are read: [`Facts::events`](super::Facts::events).

use super::{NodeRecord, PodRecord};
use crate::units::SimTime;
use smol_str::SmolStr;
use std::borrow::Cow;

/// Type of a Kubernetes Event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// Information.
    Normal,
    /// Something that needs attention.
    Warning,
}

/// A Kubernetes Event as `kubectl get events` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// First occurrence.
    pub first: SimTime,
    /// Last occurrence.
    pub last: SimTime,
    /// Occurrences.
    pub count: u32,
    /// Type.
    pub event_type: EventType,
    /// Reason, for example `FailedScheduling`.
    pub reason: &'static str,
    /// Reporting component, for example `default-scheduler`.
    pub source: &'static str,
    /// Kind of the object.
    pub kind: &'static str,
    /// Namespace of the object; empty for nodes.
    pub namespace: SmolStr,
    /// Name of the object.
    pub name: SmolStr,
    /// Message of the first occurrence.
    pub text: EventText,
}

impl EventRecord {
    /// The message of the first occurrence.
    #[must_use]
    pub fn message(&self) -> Cow<'_, str> {
        match &self.text {
            EventText::Message(message) => Cow::Borrowed(message),
            EventText::Assigned(node) => {
                Cow::Owned(format!("Successfully assigned {}/{} to {node}", self.namespace, self.name))
            }
        }
    }
}

/// The message of an Event. The one that every pod causes is written only where it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventText {
    /// As it is.
    Message(SmolStr),
    /// The pod was assigned to this node.
    Assigned(SmolStr),
}

/// Type, reason and reporting component of Events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventKind {
    /// Type.
    pub event_type: EventType,
    /// Reason.
    pub reason: &'static str,
    /// Reporting component.
    pub source: &'static str,
}

/// What an Event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSubject {
    /// A pod, by its index in [`Facts::pods`](super::Facts::pods).
    Pod(u32),
    /// Another object, by its number in the table.
    Object(u32),
}

/// The message of an Event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventMessage {
    /// A text, by its number in the table.
    Text(u32),
    /// The pod was assigned to this node, by its index in [`Facts::nodes`](super::Facts::nodes).
    Assigned(u32),
}

/// An Event with its repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// First occurrence.
    pub first: SimTime,
    /// Last occurrence.
    pub last: SimTime,
    /// Occurrences.
    pub count: u32,
    /// The number of its kind.
    pub kind: u16,
    /// What it is about.
    pub subject: EventSubject,
    /// Message of the first occurrence.
    pub message: EventMessage,
}

/// The Events of a run in order of their first occurrence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventTable {
    kinds: Vec<EventKind>,
    /// Kind, namespace and name of objects other than pods.
    objects: Vec<(&'static str, SmolStr, SmolStr)>,
    texts: Vec<SmolStr>,
    /// The Events.
    pub rows: Vec<EventRow>,
}

impl EventTable {
    /// The number of a kind, which is added if need be.
    pub fn kind(&mut self, kind: EventKind) -> u16 {
        let known = self.kinds.iter().position(|known| *known == kind);
        let number = known.unwrap_or_else(|| {
            self.kinds.push(kind);
            self.kinds.len() - 1
        });
        u16::try_from(number).unwrap_or(u16::MAX)
    }

    /// The kind of a number.
    #[must_use]
    pub fn kind_of(&self, number: u16) -> Option<&EventKind> {
        self.kinds.get(usize::from(number))
    }

    /// Adds an object that is no pod.
    pub fn object(&mut self, kind: &'static str, namespace: SmolStr, name: SmolStr) -> EventSubject {
        self.objects.push((kind, namespace, name));
        EventSubject::Object(u32::try_from(self.objects.len() - 1).unwrap_or(u32::MAX))
    }

    /// Adds a text.
    pub fn text(&mut self, text: SmolStr) -> EventMessage {
        self.texts.push(text);
        EventMessage::Text(u32::try_from(self.texts.len() - 1).unwrap_or(u32::MAX))
    }

    /// The text of a message that has one.
    #[must_use]
    pub fn text_of(&self, message: EventMessage) -> Option<&SmolStr> {
        match message {
            EventMessage::Text(text) => self.texts.get(text as usize),
            EventMessage::Assigned(_) => None,
        }
    }

    /// The Events written out, with the pods and nodes that they are about.
    pub(super) fn records<'a>(
        &'a self,
        pods: &'a [PodRecord],
        nodes: &'a [NodeRecord],
    ) -> impl ExactSizeIterator<Item = EventRecord> + 'a {
        let unknown = EventKind { event_type: EventType::Normal, reason: "", source: "" };
        self.rows.iter().map(move |row| {
            let EventKind { event_type, reason, source } = self.kind_of(row.kind).copied().unwrap_or(unknown);
            let object = match row.subject {
                EventSubject::Pod(index) => {
                    pods.get(index as usize).map(|pod| ("Pod", pod.namespace.clone(), pod.name.clone()))
                }
                EventSubject::Object(number) => self.objects.get(number as usize).cloned(),
            };
            let (kind, namespace, name) = object.unwrap_or_default();
            let text = match row.message {
                EventMessage::Assigned(node) => {
                    EventText::Assigned(nodes.get(node as usize).map(|node| node.name.clone()).unwrap_or_default())
                }
                message @ EventMessage::Text(_) => {
                    EventText::Message(self.text_of(message).cloned().unwrap_or_default())
                }
            };
            let (first, last, count) = (row.first, row.last, row.count);
            EventRecord { first, last, count, event_type, reason, source, kind, namespace, name, text }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_was_written_out_reads_the_same() {
        let record = |text| EventRecord {
            first: SimTime::ZERO,
            last: SimTime::from_secs(3),
            count: 2,
            event_type: EventType::Normal,
            reason: "Scheduled",
            source: "default-scheduler",
            kind: "Pod",
            namespace: "shop".into(),
            name: "web-1".into(),
            text,
        };
        for text in [EventText::Message("a text".into()), EventText::Assigned("node-1".into())] {
            let record = record(text);
            let mut table = EventTable::default();
            let message = table.text(record.message().into());
            let EventRecord { first, last, count, event_type, reason, source, .. } = record;
            let kind = table.kind(EventKind { event_type, reason, source });
            let subject = table.object(record.kind, record.namespace.clone(), record.name.clone());
            table.rows.push(EventRow { first, last, count, kind, subject, message });
            let read = table.records(&[], &[]).next().unwrap();
            assert_eq!(read.message(), record.message());
            assert_eq!(EventRecord { text: record.text.clone(), ..read }, record);
        }
    }

    #[test]
    fn a_row_is_small() {
        assert_eq!(size_of::<EventRow>(), 40);
    }
}
