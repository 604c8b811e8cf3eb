//! Recorded formulas and their values: `formula.jsonl.gz`.

use super::Named;
use crate::autoscaler::keda::formula::Formula;
use crate::autoscaler::keda::value::MetricValue;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Evaluation {
    inputs: BTreeMap<String, String>,
    expected: Value,
}

/// What KEDA says before the problem.
const REFUSED: &str = "error validating formula in ScalingModifiers";

pub(super) fn id(case: &Named) -> String {
    case.id.clone()
}

/// The recorded answer and ours. Of a value the thousandths count: its text has an odd form.
#[expect(clippy::needless_pass_by_value, reason = "the form of all replays")]
pub(super) fn replay(case: Named) -> Result<(Value, Value), String> {
    let text: String = case.typed("formula")?;
    let names = ["a", "b", "c"].map(str::to_owned);
    let formula = match Formula::compile(&text, &names) {
        Ok(formula) => formula,
        Err(error) => {
            let actual = json!({ "compileError": REFUSED, "detail": format!("{REFUSED}\n{error}") });
            return Ok((case.field("expected").clone(), actual));
        }
    };
    let evaluations: Option<Vec<Evaluation>> = case.typed("evaluations")?;
    let (mut expected, mut actual) = (Vec::new(), Vec::new());
    for evaluation in evaluations.unwrap_or_default() {
        let mut inputs = BTreeMap::new();
        for (name, text) in &evaluation.inputs {
            let quantity = text.parse().map_err(|error| format!("{error}"))?;
            inputs.insert(name.as_str(), MetricValue::from_quantity(quantity).as_f64());
        }
        let mut wanted = evaluation.expected;
        if let Some(fields) = wanted.as_object_mut() {
            fields.remove("value");
        }
        expected.push(wanted);
        actual.push(match formula.run(&|name| inputs.get(name).copied()) {
            Ok(value) => {
                json!({ "metricName": "composite-metric", "milli": MetricValue::from_f64(value).milli_value() })
            }
            Err(_) => json!({ "metrics": 0 }),
        });
    }
    let recorded = case.field("expected").clone();
    Ok((json!({ "refused": recorded, "evaluations": expected }), json!({ "evaluations": actual })))
}
