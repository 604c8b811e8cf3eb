//! Why a pod found no place, in Karpenter's words.

use super::requirements::Incompatible;
use super::template::NoInstanceType;
use super::topology::Unsatisfiable;
use super::topology::template::GroupKind;
use crate::api::{Name, Taint};
use std::fmt;

/// Why a pod found no place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A taint is not tolerated.
    Taint(Taint),
    /// Requirements do not suit each other.
    Requirements(Incompatible),
    /// Those of the pod's volumes do not.
    Volumes(Incompatible),
    /// A topology rule cannot be kept.
    Topology(Unsatisfiable),
    /// No instance type is left.
    InstanceTypes(NoInstanceType),
    /// Reserved capacity that would suit is held by others, so that the pod waits.
    Reserved(&'static str),
    /// The NodePool has as many nodes as it may have.
    NodeLimit(Name),
    /// Every instance type would be beyond the NodePool's limits.
    Limits(Name),
    /// No NodePool has an instance type that suits it.
    NoTemplates,
    /// A place was found on a node that is not initialized, on which no disruption may rely.
    Uninitialized(Name),
    /// What each NodePool said.
    Several(Vec<Self>),
}

impl Failure {
    /// Whether the pod only has to wait for reserved capacity.
    pub fn is_reserved(&self) -> bool {
        match self {
            Self::Reserved(_) => true,
            Self::Several(failures) => failures.iter().any(Self::is_reserved),
            _ => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taint(taint) => {
                let value = if taint.value.is_empty() { String::new() } else { format!("={}", taint.value) };
                write!(formatter, "did not tolerate taint (taint={}{value}:{})", taint.key, taint.effect.as_str())
            }
            Self::Requirements(problem) => write!(formatter, "incompatible requirements, {problem}"),
            Self::Volumes(problem) => write!(formatter, "incompatible volume requirements, {problem}"),
            Self::Topology(Unsatisfiable { kind, key }) => {
                let kind = match kind {
                    GroupKind::Spread => "topology spread",
                    GroupKind::Affinity => "pod affinity",
                    GroupKind::AntiAffinity => "pod anti-affinity",
                };
                write!(formatter, "unsatisfiable topology constraint for {kind}, key={key}")
            }
            Self::InstanceTypes(reasons) => formatter.write_str(&no_instance_type(reasons)),
            Self::Reserved(why) => formatter.write_str(why),
            Self::NodeLimit(pool) => {
                write!(formatter, "node limits have been exhausted for nodepool (NodePool={pool})")
            }
            Self::Limits(pool) => {
                write!(formatter, "all available instance types exceed limits for nodepool (NodePool={pool})")
            }
            Self::NoTemplates => formatter.write_str("nodepool requirements filtered out all available instance types"),
            Self::Uninitialized(node) => write!(formatter, "would schedule against uninitialized node/{node}"),
            Self::Several(failures) => {
                let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
                formatter.write_str(&texts.join("; "))
            }
        }
    }
}

/// `InstanceTypeFilterError.Error`, without the requirements and resources.
fn no_instance_type(reasons: &NoInstanceType) -> String {
    if !reasons.min_values.is_empty() {
        let labels: Vec<&str> = reasons.min_values.iter().map(Name::as_str).collect();
        return format!("minValues requirement is not met for label(s) (label(s)=[{}])", labels.join(" "));
    }
    let text = match (reasons.met, reasons.pairs) {
        ([false, false, false], _) => {
            "no instance type met the scheduling requirements or had enough resources or had a required offering"
        }
        ([false, false, true], _) => "no instance type met the scheduling requirements or had enough resources",
        ([false, true, false], _) => "no instance type met the scheduling requirements or had a required offering",
        ([true, false, false], _) => "no instance type had enough resources or had a required offering",
        ([false, true, true], _) => "no instance type met all requirements",
        ([true, false, true], _) => "no instance type has enough resources",
        ([true, true, false], _) => "no instance type has the required offering",
        (_, [true, ..]) => {
            "no instance type which met the scheduling requirements and had enough resources, had a required offering"
        }
        (_, [_, _, true]) => {
            "no instance type which had enough resources and the required offering met the scheduling requirements"
        }
        (_, [_, true, _]) => {
            "no instance type which met the scheduling requirements and the required offering had the required resources"
        }
        _ => "no instance type met the requirements/resources/offering tuple",
    };
    text.to_owned()
}
