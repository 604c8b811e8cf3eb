//! What users felt of what happened: for each fault, rollout, action, scaling and lost node, the requests of the traffic
//! entries that it touched. Incidents that overlap each count what failed meanwhile: the tables say what happened together,
//! not what caused it.

mod happenings;
mod harm;

pub(super) use happenings::{Happening, IncidentKind};
pub(super) use harm::Harm;

use crate::record::{Facts, TrafficRecord};
use happenings::{happenings, parts_of};
use harm::harm;

/// Something that happened, and what the users of a traffic entry felt of it.
#[derive(Clone, Debug)]
pub(super) struct Incident<'a> {
    pub happening: Happening,
    pub traffic: &'a TrafficRecord,
    pub harm: Harm,
}

/// The incidents of a run, in order of time, those at one instant in the order of the traffic entries.
pub(super) fn incidents(facts: &Facts) -> Vec<Incident<'_>> {
    let mut all = Vec::new();
    let parts: Vec<_> = facts.traffic.iter().map(|traffic| parts_of(traffic, facts)).collect();
    for happening in happenings(facts) {
        for (traffic, parts) in facts.traffic.iter().zip(&parts) {
            if !happening.touched.has_any(parts) {
                continue;
            }
            let over = happening.end.unwrap_or(facts.end);
            let harm = harm(traffic, happening.start, over, facts.end);
            all.push(Incident { happening: happening.clone(), traffic, harm });
        }
    }
    all
}

/// Metrics of the incidents of some traffic entries.
pub(super) fn metrics(incidents: &[&Incident<'_>]) -> Vec<(&'static str, f64)> {
    let count = incidents.len();
    if count == 0 {
        return Vec::new();
    }
    let largest = |of: fn(&Harm) -> f64| incidents.iter().map(|incident| of(&incident.harm)).fold(0.0, f64::max);
    let not_back = incidents.iter().filter(|incident| incident.harm.is_not_back()).count();
    let mut metrics = vec![
        ("incidents", float(count)),
        ("incidents_not_back_at_end", float(not_back)),
        ("incident_requests_lost_max", largest(|harm| harm.lost)),
        ("incident_missed_seconds_max", largest(|harm| harm.missed.as_secs_f64())),
        ("incident_worst_minute_failed_ratio_max", largest(|harm| harm.worst_failed_ratio)),
    ];
    if let Some(worst) = incidents.iter().filter_map(|incident| incident.harm.worst_p99).max() {
        metrics.push(("incident_worst_minute_latency_seconds_p99_max", worst.as_secs_f64()));
    }
    metrics
}

#[expect(clippy::cast_precision_loss, reason = "a number of incidents")]
fn float(count: usize) -> f64 {
    count as f64
}
