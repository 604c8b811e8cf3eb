//! Events as a watch of the recorded API server saw them: each line is an Event object that was created or updated, and
//! client-go keeps some of them back.

use crate::record::Facts;
use std::collections::BTreeMap;

/// Events of one object from one source that a client sends at once before it drops some (`defaultSpamBurst`).
const SPAM_BURST: f64 = 25.0;
/// Time in seconds after which one more may be sent (`defaultSpamQPS`, 1/300 per second).
const SPAM_REFILL: f64 = 300.0;
/// What the scheduler's recorder (`events.k8s.io/v1`) sends of an Event that repeats: the first and the start of the series.
const SERIES_LINES: usize = 2;

/// The series of `FailedScheduling` of one pod. An Event repeats an earlier one if it regards the same version of the pod,
/// and the pod has a new version whenever the message of its condition changes.
#[derive(Default)]
struct Series {
    message: String,
    lines: usize,
}

impl Series {
    /// The lines of attempts that failed one after the other for the same reason.
    fn lines(&mut self, message: String, count: usize) -> usize {
        let mut passed = usize::from(self.lines < SERIES_LINES);
        self.lines += 1;
        let mut repeated = count - 1;
        if self.message == message {
            repeated = count;
            passed = 0;
            self.lines -= 1;
        } else {
            self.message = message;
            self.lines = 0;
        }
        let more = repeated.min(SERIES_LINES.saturating_sub(self.lines));
        self.lines += repeated;
        passed + more
    }
}

/// Lines of Events by `reason|kind|source`.
///
/// Lines before the recording's time zero were not recorded.
pub fn lines(facts: &Facts, lead: f64) -> BTreeMap<String, usize> {
    let mut sent: BTreeMap<(String, String, String), f64> = BTreeMap::new();
    let mut series: BTreeMap<(String, String), Series> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    for event in facts.events() {
        let key = format!("{}|{}|{}", event.reason, event.kind, event.source);
        if event.first.as_secs_f64() < lead {
            continue;
        }
        let count = event.count as usize;
        let passed = if event.source == "default-scheduler" {
            let own = series.entry((key.clone(), format!("{}/{}", event.namespace, event.name))).or_default();
            own.lines(event.message().to_string(), count)
        } else {
            // Warnings do not use up what other Events may send: one ReplicaSet's 8 SuccessfulCreate and 23 FailedCreate
            // were all recorded (`quota-pods`).
            let (event_type, kind) = (event.event_type, event.kind);
            let name = format!("{event_type:?} {}/{}", event.namespace, event.name);
            let object = (event.source.to_string(), kind.to_string(), name);
            let burst = SPAM_BURST;
            // Seconds' worth of tokens that are used up, given back over time.
            let used = sent.entry(object).or_insert(event.first.as_secs_f64() - burst * SPAM_REFILL);
            let mut passed = 0;
            for _ in 0..count {
                let now = event.first.as_secs_f64();
                let next = used.max(now - burst * SPAM_REFILL) + SPAM_REFILL;
                if next > now + 1e-9 {
                    break;
                }
                *used = next;
                passed += 1;
            }
            passed
        };
        if passed > 0 {
            *counts.entry(key).or_default() += passed;
        }
    }
    counts
}
