//! What the machine of a node costs.

use crate::record::{Facts, NodeRecord};
use crate::units::{NanoDollars, SimDuration, SimTime};

/// The time of the run for which the machine of a node costs.
pub(super) fn paid_for(node: &NodeRecord, end: SimTime) -> SimDuration {
    let from = node.paid_from.unwrap_or(node.created).max(SimTime::ZERO);
    (node.paid_until.unwrap_or(end).min(end) - from).max_zero()
}

/// What an hour of the machine of a node costs, fees included; `None` if that is not known.
pub(super) fn hourly_price(facts: &Facts, node: &NodeRecord) -> Option<NanoDollars> {
    let record = facts.machine_types.get(node.machine_type? as usize)?;
    record.price.map(|price| price + record.fee)
}
