//! One machine's life as a fact.

use crate::units::{NanoDollars, SimTime};
use smol_str::SmolStr;

/// A machine that the cloud was asked for. Absent times did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRecord {
    /// Name of its node, which may never have come to be.
    pub name: SmolStr,
    /// Index into [`Facts::nodes`](super::Facts::nodes), once it registered.
    pub node: Option<u32>,
    /// Node pool; empty if it belongs to none.
    pub pool: SmolStr,
    /// NodeClaim that it was launched for; empty without one.
    pub node_claim: SmolStr,
    /// Instance type; empty if not given.
    pub instance_type: SmolStr,
    /// Zone; empty without one.
    pub zone: SmolStr,
    /// Capacity type, for example `on-demand`.
    pub capacity_type: &'static str,
    /// Price of an hour; `None` if it is not known.
    pub price_per_hour: Option<NanoDollars>,
    /// Who asked for it, for example `cluster-autoscaler`; `node-pool` of those that a pool has at the start.
    pub created_by: &'static str,
    /// Why.
    pub created_reason: SmolStr,
    /// When it was asked for.
    pub requested: SimTime,
    /// When the machine was there.
    pub launched: Option<SimTime>,
    /// When its Node object came to be.
    pub registered: Option<SimTime>,
    /// When its node was first ready.
    pub ready: Option<SimTime>,
    /// Why it could not be launched; empty if it could.
    pub failure: SmolStr,
    /// When that was known.
    pub failed: Option<SimTime>,
    /// When the provider was to take it back, if it gave notice.
    pub interrupted: Option<SimTime>,
    /// Who asked for its deletion; empty if nobody did.
    pub deleted_by: &'static str,
    /// Why.
    pub deleted_reason: SmolStr,
    /// When the deletion was asked for.
    pub deletion_requested: Option<SimTime>,
    /// When the machine was gone.
    pub gone: Option<SimTime>,
}

impl InstanceRecord {
    /// Whether the cloud was asked for it during the run.
    #[must_use]
    pub fn is_launched_in_run(&self) -> bool {
        self.created_by != "node-pool" || self.requested > SimTime::ZERO
    }
}
