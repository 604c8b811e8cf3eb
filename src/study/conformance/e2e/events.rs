//! Events as a watch of the recorded API server saw them: client-go joins Events that repeat or are alike, and keeps some
//! back.

use crate::record::{EventRecord, Facts};
use std::collections::{BTreeMap, BTreeSet};

/// Events of one object from one source that a client sends at once before it drops some (`defaultSpamBurst`).
const SPAM_BURST: f64 = 25.0;
/// Time in seconds after which one more may be sent (`defaultSpamQPS`, 1/300 per second).
const SPAM_REFILL: f64 = 300.0;
/// Events that differ in their message alone are combined from this number on (`defaultAggregateMaxEvents`).
const COMBINED_FROM: usize = 10;
/// Seconds without an Event after which counting to that number begins anew (`defaultAggregateIntervalInSeconds`).
const COMBINED_WITHIN: f64 = 600.0;
/// What the scheduler's recorder (`events.k8s.io/v1`) sends of an Event that repeats: the first and the start of the series.
const SERIES_LINES: usize = 2;

/// What a watch saw of the Events of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Event objects that were created.
    pub objects: usize,
    /// Creations and updates.
    pub lines: usize,
}

/// The series of `FailedScheduling` of one pod. An Event repeats an earlier one if it regards the same version of the pod,
/// and the pod has a new version whenever the message of its condition changes.
#[derive(Default)]
struct Series {
    message: String,
    /// Events that regard the present version.
    regarding: usize,
}

impl Series {
    /// One more attempt failed.
    fn add(&mut self, message: &str, seen: &mut Seen) {
        self.regarding += 1;
        seen.objects += usize::from(self.regarding == 1);
        seen.lines += usize::from(self.regarding <= SERIES_LINES);
        if self.message != message {
            message.clone_into(&mut self.message);
            self.regarding = 0;
        }
    }
}

/// What client-go's correlator knows of the Events of one source about one object.
#[derive(Default)]
struct Correlated {
    /// Tokens that are used up, and when.
    used: f64,
    since: f64,
    /// By reason: the messages that were seen, the last time, and those that have an Event object.
    messages: BTreeMap<&'static str, (BTreeSet<String>, f64)>,
    objects: BTreeSet<(&'static str, String)>,
}

impl Correlated {
    fn add(&mut self, reason: &'static str, message: &str, at: f64, seen: &mut Seen) {
        let (messages, last) = self.messages.entry(reason).or_default();
        if at - *last > COMBINED_WITHIN {
            messages.clear();
        }
        *last = at;
        messages.insert(message.to_owned());
        // A combined Event has the message of its latest part.
        let own = if messages.len() < COMBINED_FROM { message.to_owned() } else { String::new() };
        self.used = (self.used - (at - self.since) / SPAM_REFILL).max(0.0);
        self.since = at;
        if self.used + 1.0 > SPAM_BURST + 1e-9 {
            return;
        }
        self.used += 1.0;
        seen.lines += 1;
        seen.objects += usize::from(self.objects.insert((reason, own)));
    }
}

/// Whether the recorded control planes had nobody who writes such Events: their kubelets and drivers were others.
fn is_not_recorded(event: &EventRecord) -> bool {
    matches!(event.source, "external-provisioner" | "external-resizer") || event.reason == "FailedMount"
}

/// When each occurrence of the Events was, in seconds, with its index, in order of time. Of an Event that repeats only the
/// first and the last time are known; the others lie evenly between them.
fn occurrences(events: &[EventRecord]) -> Vec<(f64, usize)> {
    let mut all = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let (first, last) = (event.first.as_secs_f64(), event.last.as_secs_f64());
        let step = if event.count > 1 { (last - first) / f64::from(event.count - 1) } else { 0.0 };
        all.extend((0..event.count).map(|number| (f64::from(number).mul_add(step, first), index)));
    }
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    all
}

/// When each object was created whose name comes again, in seconds of the run, by kind and `namespace/name`: Events about
/// another object of the name are others.
pub type Lives = BTreeMap<(String, String), Vec<f64>>;

/// What a watch saw from the recording's time zero on, `lead` seconds after the start of the run, by `reason|kind|source`.
pub fn seen(facts: &Facts, lead: f64, lives: &Lives) -> BTreeMap<String, Seen> {
    let events: Vec<EventRecord> = facts.events().collect();
    let mut correlated: BTreeMap<(&str, &str, String), Correlated> = BTreeMap::new();
    let life = |event: &EventRecord, at: f64| {
        let created = lives.get(&(event.kind.to_owned(), format!("{}/{}", event.namespace, event.name)));
        created.map_or(0, |created| created.iter().filter(|created| **created <= at).count())
    };
    let mut series: BTreeMap<String, Series> = BTreeMap::new();
    let mut all: BTreeMap<String, Seen> = BTreeMap::new();
    for (at, index) in occurrences(&events).into_iter().filter(|(at, _)| *at >= lead) {
        let event = &events[index];
        if is_not_recorded(event) {
            continue;
        }
        let seen = all.entry(format!("{}|{}|{}", event.reason, event.kind, event.source)).or_default();
        let object = format!("{}/{} {}", event.namespace, event.name, life(event, at));
        match (event.source, event.reason) {
            ("default-scheduler", "FailedScheduling") => series.entry(object).or_default().add(&event.message(), seen),
            // Each regards a version of the pod that no other one does.
            ("default-scheduler", _) => {
                seen.objects += 1;
                seen.lines += 1;
            }
            _ => {
                // Warnings do not use up what other Events may send: one ReplicaSet's 8 SuccessfulCreate and 23 FailedCreate
                // were all recorded (`quota-pods`).
                let object = format!("{:?} {object}", event.event_type);
                let own = correlated.entry((event.source, event.kind, object)).or_default();
                own.add(event.reason, &event.message(), at, seen);
            }
        }
    }
    all.retain(|_, seen| seen.lines > 0);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_are_alike_are_combined_and_cut() {
        // (Events with messages of their own, seconds between them) -> (objects, lines)
        let cases = [
            (9, 0.1, (9, 9), "each has its object"),
            (12, 0.1, (10, 12), "the tenth and later ones are one object"),
            (36, 0.1, (10, 25), "the client stops after its burst"),
            (36, 300.0, (10, 36), "it never does when there is time"),
            (12, 601.0, (12, 12), "after ten minutes the count begins anew"),
        ];
        for (count, apart, expected, why) in cases {
            let (mut own, mut seen) = (Correlated::default(), Seen::default());
            for index in 0..count {
                own.add("SuccessfulCreate", &format!("Created pod: {index}"), f64::from(index) * apart, &mut seen);
            }
            assert_eq!((seen.objects, seen.lines), expected, "{why}");
        }
    }

    #[test]
    fn a_failed_attempt_repeats_one_that_regards_the_same_version() {
        // Messages of the attempts -> (objects, lines)
        let cases: [(&[&str], _, _); 4] = [
            (&["a"], (1, 1), "one attempt"),
            (&["a", "a"], (2, 2), "the first one changed the pod's condition"),
            (&["a", "a", "a", "a"], (2, 3), "then nothing changes it any more"),
            (&["a", "b", "b", "b"], (3, 4), "another message changes it again"),
        ];
        for (messages, expected, why) in cases {
            let (mut own, mut seen) = (Series::default(), Seen::default());
            for message in messages {
                own.add(message, &mut seen);
            }
            assert_eq!((seen.objects, seen.lines), expected, "{why}");
        }
    }
}
