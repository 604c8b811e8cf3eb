//! How a machine is paid for, as a scenario writes it.

use crate::api::CapacityType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a machine is paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PaidBy {
    /// The list price, until it is given back.
    #[default]
    OnDemand,
    /// Cheaper, but the provider may take it back.
    Spot,
    /// In advance.
    Reserved,
}

impl From<PaidBy> for CapacityType {
    fn from(paid_by: PaidBy) -> Self {
        match paid_by {
            PaidBy::OnDemand => Self::OnDemand,
            PaidBy::Spot => Self::Spot,
            PaidBy::Reserved => Self::Reserved,
        }
    }
}
