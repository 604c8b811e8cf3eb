//! Recorded averages over a window: `windows.jsonl.gz`.

use super::super::answer::Exact;
use super::revision::time;
use crate::autoscaler::knative::buckets::Buckets;
use crate::units::SimDuration;
use serde::Deserialize;
use serde_json::{Value, json};

/// A line of the recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WindowCase {
    id: String,
    window_seconds: i64,
    granularity_seconds: i64,
    weighted: bool,
    ops: Vec<Operation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    op: String,
    t: i64,
    #[serde(default)]
    v: Exact,
    #[serde(default)]
    window_seconds: i64,
    #[serde(default)]
    avg: Value,
    empty: Option<bool>,
}

pub(super) fn id(case: &WindowCase) -> String {
    case.id.clone()
}

/// The recorded answer and ours.
pub(super) fn replay(case: WindowCase) -> Result<(Value, Value), String> {
    let seconds = SimDuration::from_secs;
    let mut buckets = Buckets::new(seconds(case.window_seconds), seconds(case.granularity_seconds), case.weighted);
    let (mut expected, mut actual) = (Vec::new(), Vec::new());
    for operation in case.ops {
        let now = time(operation.t);
        match operation.op.as_str() {
            "record" => buckets.record(now, operation.v.0),
            "resize" => buckets.resize(seconds(operation.window_seconds), now),
            "average" => {
                let t = operation.t;
                expected.push(json!({ "t": t, "avg": operation.avg, "empty": operation.empty }));
                actual.push(json!({ "t": t, "avg": buckets.average(now), "empty": buckets.is_empty(now) }));
            }
            other => return Err(format!("operation `{other}` is not known")),
        }
    }
    Ok((json!({ "averages": expected }), json!({ "averages": actual })))
}
