//! `ResourceQuota` of `v1`.

use super::quota::Quantities;
use super::{ApiObject, ImmutableField, Kind, Name, ObjectMeta, SelectorOperator};

/// `spec.scopes`, and `scopeName` of a scope selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each variant is the scope of its name")]
pub enum QuotaScope {
    Terminating,
    NotTerminating,
    BestEffort,
    NotBestEffort,
    PriorityClass,
    CrossNamespacePodAffinity,
    VolumeAttributesClass,
}

impl QuotaScope {
    /// Every scope with the API's word.
    pub const WORDS: [(&str, Self); 7] = [
        ("Terminating", Self::Terminating),
        ("NotTerminating", Self::NotTerminating),
        ("BestEffort", Self::BestEffort),
        ("NotBestEffort", Self::NotBestEffort),
        ("PriorityClass", Self::PriorityClass),
        ("CrossNamespacePodAffinity", Self::CrossNamespacePodAffinity),
        ("VolumeAttributesClass", Self::VolumeAttributesClass),
    ];
}

/// One of `spec.scopeSelector.matchExpressions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeRequirement {
    /// The scope.
    pub scope: QuotaScope,
    /// Relation between what the scope looks at and `values`.
    pub operator: SelectorOperator,
    /// Values; empty for `Exists` and `DoesNotExist`.
    pub values: Vec<Name>,
}

/// A `ResourceQuota`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceQuota {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.hard`.
    pub hard: Quantities,
    /// `spec.scopes`.
    pub scopes: Vec<QuotaScope>,
    /// `spec.scopeSelector.matchExpressions`.
    pub scope_selector: Vec<ScopeRequirement>,
}

impl ApiObject for ResourceQuota {
    fn kind(&self) -> Kind {
        Kind::ResourceQuota
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    /// `ValidateResourceQuotaUpdate`, Kubernetes 1.36.
    fn immutable_fields(&self) -> Vec<ImmutableField> {
        let mut scopes = self.scopes.clone();
        scopes.sort_unstable();
        scopes.dedup();
        vec![ImmutableField::new("spec.scopes", &scopes)]
    }
}
