//! The workloads that could not serve all requests.

use crate::record::{Facts, WorkloadRecord};
use smol_str::SmolStr;
use std::cmp::Reverse;

/// A workload with requests that its pods could not serve.
#[derive(Clone, Debug, PartialEq)]
pub struct Unserved {
    /// Namespace.
    pub namespace: SmolStr,
    /// Kind and name, as `Deployment/web`.
    pub name: SmolStr,
    /// All requests to it.
    pub requests: f64,
    /// Requests that its pods could not serve.
    pub lost: f64,
}

/// The workloads with unserved requests, those with the most first.
pub fn unserved(facts: &Facts) -> Vec<Unserved> {
    let total = |workload: &WorkloadRecord| workload.request_rate_unserved_milli.total();
    let mut short: Vec<(i128, &WorkloadRecord)> =
        facts.workloads.iter().map(|workload| (total(workload), workload)).filter(|(lost, _)| *lost > 0).collect();
    short.sort_by_key(|(lost, _)| Reverse(*lost));
    let record = |(lost, workload): (i128, &WorkloadRecord)| Unserved {
        namespace: workload.namespace.clone(),
        name: workload.name.clone(),
        requests: requests(workload.request_rate_milli.total()),
        lost: requests(lost),
    };
    short.into_iter().map(record).collect()
}

/// Requests from the integral of a rate in thousandths a second over nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "output needs no more than 53 bits")]
fn requests(integral: i128) -> f64 {
    integral as f64 / 1e12
}
