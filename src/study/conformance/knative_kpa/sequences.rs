//! Recorded series of ticks: `sequences.jsonl.gz`.

use super::revision::{RecordedRevision, RecordedStat, decider_value, result_fields, time};
use crate::autoscaler::knative::autoscaler::Autoscaler;
use crate::autoscaler::knative::collector::MetricCollector;
use crate::autoscaler::knative::decider::{DeciderSpec, MetricWindows};
use serde::Deserialize;
use serde_json::{Value, json};

/// A line of the recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SequenceCase {
    id: String,
    #[serde(flatten)]
    revision: RecordedRevision,
    scrape_target: String,
    initial_ready: i32,
    stats: Vec<RecordedStat>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    decider: Value,
    ticks: Vec<Value>,
}

pub(super) fn id(case: &SequenceCase) -> String {
    case.id.clone()
}

/// The recorded answer and ours.
#[expect(clippy::needless_pass_by_value, reason = "the form of all replays")]
pub(super) fn replay(case: SequenceCase) -> Result<(Value, Value), String> {
    let (config, revision) = (case.revision.config()?, case.revision.revision()?);
    let (spec, windows) = (DeciderSpec::new(&revision, &config), MetricWindows::new(&revision, &config));
    if windows.has_scrape_target == case.scrape_target.is_empty() {
        return Err("the recorded scrapeTarget does not go with the target burst capacity".to_owned());
    }
    let mut collector = MetricCollector::new(&windows);
    let mut autoscaler = Autoscaler::new(&spec, case.initial_ready, time(0));
    let (mut stats, mut actual) = (case.stats.iter().peekable(), Vec::new());
    for tick in &case.expected.ticks {
        let number = |name: &str| tick.get(name).and_then(Value::as_i64).ok_or_else(|| format!("a tick has no {name}"));
        let (at, ready) = (number("t")?, number("ready")?);
        while let Some(stat) = stats.next_if(|stat| stat.t <= at) {
            collector.record(time(stat.t), stat.stat());
        }
        let now = time(at);
        let observed = collector.stable_and_panic(spec.scaling_metric, now);
        let ready_pods = i32::try_from(ready).map_err(|_| "ready is too large".to_owned())?;
        let mut fields = result_fields(observed, autoscaler.scale(&spec, observed, ready_pods, now));
        fields.insert("t".to_owned(), at.into());
        fields.insert("ready".to_owned(), ready.into());
        if observed.is_none() {
            fields.insert("err".to_owned(), "no data available".into());
        }
        actual.push(Value::Object(fields));
    }
    Ok((
        json!({ "decider": case.expected.decider, "ticks": case.expected.ticks }),
        json!({ "decider": decider_value(&spec, &windows), "ticks": actual }),
    ))
}
