//! Decisions of the autoscalers of nodes and of pods' sizes.

use crate::units::SimTime;
use smol_str::SmolStr;

/// A decision of an autoscaler other than a HorizontalPodAutoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRecord {
    /// When.
    pub at: SimTime,
    /// Who decided, for example `cluster-autoscaler`.
    pub autoscaler: &'static str,
    /// Namespace of what decides or is decided about; empty if it has none.
    pub namespace: SmolStr,
    /// The object whose rules decide: a node group, a NodePool, a VerticalPodAutoscaler, a ScaledObject.
    pub name: SmolStr,
    /// What it is about, as `Node/web-1`; empty if nothing else than `name`.
    pub target: SmolStr,
    /// What was decided, for example `ScaleUp`.
    pub decision: &'static str,
    /// What it was decided from, as `key=value` pairs with `;` between them.
    pub inputs: SmolStr,
    /// The rule that limited it; empty if none did.
    pub limited_by: SmolStr,
    /// A size before and after, if one changes.
    pub sizes: Option<(i64, i64)>,
}
