//! What machines cost, as facts.

use super::StepSeries;
use crate::units::{MilliCpu, NanoDollars};
use smol_str::SmolStr;

/// Machines that are alike in pool, instance type and price, over time. A machine costs while it exists, from its launch to
/// its end, whether or not its node is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineTypeRecord {
    /// Index into [`Facts::pools`](super::Facts::pools).
    pub pool: u32,
    /// Instance type; empty if not known.
    pub instance_type: SmolStr,
    /// Region; empty if not known.
    pub region: SmolStr,
    /// How they are paid for: `on-demand`, `spot` or `reserved`.
    pub capacity_type: &'static str,
    /// CPU of each.
    pub cpu_capacity: MilliCpu,
    /// Price of an hour by the catalogue or the pool; `None` if it is not known.
    pub list_price: Option<NanoDollars>,
    /// What is paid for an hour, with discounts; `None` if it is not known.
    pub price: Option<NanoDollars>,
    /// What is paid for an hour besides, known price or not.
    pub fee: NanoDollars,
    /// How many there are.
    pub machines: StepSeries,
}

/// What came of machines that were paid for in advance, or of spending that was committed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitmentRecord {
    /// Name.
    pub name: SmolStr,
    /// `reservation` or `savings-plan`.
    pub kind: &'static str,
    /// What was paid for it, used or not.
    pub paid: NanoDollars,
    /// The part of that for which a machine ran.
    pub used: NanoDollars,
    /// What the machines that it covered would have cost without it.
    pub covered: NanoDollars,
}
