//! What an object counts, and which quotas apply to it, by its kind.

use super::names::{count_name, sorted};
use super::pods::{self, CountedPod};
use super::{Quantities, claims, services};
use crate::api::resource_quota::{QuotaScope, ResourceQuota};
use crate::api::{Kind, Name, PersistentVolumeClaim, Quantity, SelectorOperator, Service};

/// An object as quotas see it.
#[derive(Clone, Copy, Debug)]
pub enum CountedObject<'a> {
    /// A pod.
    Pod(CountedPod<'a>),
    /// A claim.
    Claim(&'a PersistentVolumeClaim),
    /// A Service.
    Service(&'a Service),
    /// An object of any other kind: only their number counts.
    Other(Kind),
}

impl CountedObject<'_> {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Pod(_) => Kind::Pod,
            Self::Claim(_) => Kind::PersistentVolumeClaim,
            Self::Service(_) => Kind::Service,
            Self::Other(kind) => *kind,
        }
    }

    /// Whether it is in a scope; `operator` and `values` are those of a selector, `None` where only the scope's name is
    /// looked at. `Err` if the scope needs an operator.
    fn is_in_scope(
        &self,
        scope: QuotaScope,
        operator: Option<SelectorOperator>,
        values: &[Name],
    ) -> Result<bool, MissingOperator> {
        match (self, scope) {
            (Self::Pod(pod), QuotaScope::PriorityClass) => {
                let class = &pod.spec.priority_class_name;
                Ok(selects(operator.ok_or(MissingOperator)?, values, Some(class).filter(|class| !class.is_empty())))
            }
            (Self::Pod(pod), _) => Ok(pods::is_in_scope(pod, scope)),
            (Self::Claim(claim), QuotaScope::VolumeAttributesClass) => {
                let operator = operator.ok_or(MissingOperator)?;
                let classes = &claim.attributes_classes;
                Ok(match classes.as_slice() {
                    [] => selects(operator, values, None),
                    classes => classes.iter().any(|class| selects(operator, values, Some(class))),
                })
            }
            _ => Ok(false),
        }
    }
}

/// A scope that is named in `spec.scopes` is taken for a selector without an operator where usage is summed up, which for
/// some scopes is an error (`CalculateUsageStats`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MissingOperator;

fn selects(operator: SelectorOperator, values: &[Name], value: Option<&Name>) -> bool {
    match operator {
        SelectorOperator::In => value.is_some_and(|value| values.contains(value)),
        SelectorOperator::NotIn => value.is_none_or(|value| !values.contains(value)),
        SelectorOperator::Exists => value.is_some(),
        SelectorOperator::DoesNotExist => value.is_none(),
    }
}

/// The older name of the count of a kind's objects, where there is one.
const fn count_alias(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::ConfigMap => Some("configmaps"),
        Kind::Secret => Some("secrets"),
        Kind::ResourceQuota => Some("resourcequotas"),
        Kind::ReplicationController => Some("replicationcontrollers"),
        _ => None,
    }
}

/// Those of the names, in order, that a kind's objects count (`MatchingResources`).
pub fn matching_resources<'a>(kind: Kind, names: impl IntoIterator<Item = &'a Name>) -> Vec<Name> {
    let names = names.into_iter();
    match kind {
        Kind::Pod => pods::matching_resources(names),
        Kind::PersistentVolumeClaim => claims::matching_resources(names),
        Kind::Service => services::matching_resources(names),
        _ => {
            let count = count_name(kind);
            let counts = |name: &Name| *name == count || count_alias(kind) == Some(name.as_str());
            sorted(names.filter(|name| counts(name)))
        }
    }
}

/// What an object counts, of all resources (`Usage`).
#[must_use]
pub fn usage(object: &CountedObject<'_>) -> Quantities {
    match object {
        CountedObject::Pod(pod) => pods::usage(pod),
        CountedObject::Claim(claim) => claims::usage(claim),
        CountedObject::Service(service) => services::usage(service),
        CountedObject::Other(kind) => {
            let names = [Some(count_name(*kind)), count_alias(*kind).map(Name::from)];
            names.into_iter().flatten().map(|name| (name, Quantity::from_units(1))).collect()
        }
    }
}

/// Whether a quota applies to a request for the object: it bounds a resource of the kind by its status, and the object is
/// in all of its scopes (`Matches`).
#[must_use]
pub fn matches(quota: &ResourceQuota, status_hard: &Quantities, object: &CountedObject<'_>) -> bool {
    let named = |scope: &QuotaScope| object.is_in_scope(*scope, Some(SelectorOperator::Exists), &[]) == Ok(true);
    !matching_resources(object.kind(), status_hard.names()).is_empty()
        && quota.scopes.iter().all(named)
        && is_selected(quota, object)
}

/// Whether the resource quota controller counts the object for a quota (`CalculateUsageStats`). It takes each of
/// `spec.scopes` for a selector without an operator, so that an object never is in the scope PriorityClass or
/// VolumeAttributesClass where `spec.scopes` names it.
#[must_use]
pub fn matches_when_counted(quota: &ResourceQuota, object: &CountedObject<'_>) -> bool {
    quota.scopes.iter().all(|scope| object.is_in_scope(*scope, None, &[]) == Ok(true)) && is_selected(quota, object)
}

fn is_selected(quota: &ResourceQuota, object: &CountedObject<'_>) -> bool {
    let mut selector = quota.scope_selector.iter();
    selector.all(|one| object.is_in_scope(one.scope, Some(one.operator), &one.values) == Ok(true))
}
