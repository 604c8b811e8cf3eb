//! Whether a request fits the quotas of its namespace: `CheckRequest` of the admission plugin ResourceQuota.

use super::objects::{CountedObject, matches, matching_resources, usage};
use super::{Quantities, pods};
use crate::api::resource_quota::ResourceQuota;
use crate::api::{Amounts as _, Kind, Name};
use std::fmt;

/// A quota with its status.
#[derive(Clone, Copy, Debug)]
pub struct QuotaState<'a> {
    /// Its spec.
    pub quota: &'a ResourceQuota,
    /// `status.hard`.
    pub hard: &'a Quantities,
    /// `status.used`.
    pub used: &'a Quantities,
}

/// Why a request is refused, in the API server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaError {
    /// The pod states no requests or limits that the quota needs.
    Constraints {
        /// The quota.
        quota: Name,
        /// What is missing.
        missing: String,
    },
    /// The resource quota controller has not counted yet.
    StatusUnknown {
        /// The quota.
        quota: Name,
        /// The resources that are not counted.
        resources: Vec<Name>,
    },
    /// The object would count less than nothing.
    Negative(Vec<Name>),
    /// More would be used than the quota allows.
    Exceeded {
        /// The quota.
        quota: Name,
        /// What the request asks of the resources that are exceeded.
        requested: Quantities,
        /// What is used of them.
        used: Quantities,
        /// What the quota allows.
        limited: Quantities,
    },
}

impl QuotaError {
    /// The answer of the API server to the request for an object of this kind and name (`NewForbidden`).
    #[must_use]
    pub fn as_response(&self, kind: Kind, name: &str) -> String {
        format!("{} \"{name}\" is forbidden: {self}", kind.group_resource())
    }
}

impl fmt::Display for QuotaError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constraints { quota, missing } => write!(formatter, "failed quota: {quota}: {missing}"),
            Self::StatusUnknown { quota, resources } => {
                write!(formatter, "status unknown for quota: {quota}, resources: {}", resources.join(","))
            }
            Self::Negative(resources) => {
                write!(formatter, "quota usage is negative for resource(s): {}", resources.join(","))
            }
            Self::Exceeded { quota, requested, used, limited } => {
                write!(formatter, "exceeded quota: {quota}, requested: {requested}, used: {used}, limited: {limited}")
            }
        }
    }
}

/// Whether the evaluator of a kind looks at updates: those of pods count only where they resize (`Handles`).
const fn counts_updates(kind: Kind) -> bool {
    matches!(kind, Kind::Pod | Kind::PersistentVolumeClaim | Kind::Service)
}

/// Checks a request to create an object, or to change `old` into it, against the quotas of the namespace. Returns
/// `status.used` of each quota after it; `None` where that does not change. Updates of pods are resizes.
///
/// # Errors
/// [`QuotaError`] if the request is refused.
pub fn check_request(
    quotas: &[QuotaState<'_>],
    object: &CountedObject<'_>,
    old: Option<&CountedObject<'_>>,
) -> Result<Vec<Option<Quantities>>, QuotaError> {
    let kind = object.kind();
    let mut after = vec![None; quotas.len()];
    if old.is_some() && !counts_updates(kind) {
        return Ok(after);
    }
    let mut applying = Vec::new();
    for (index, state) in quotas.iter().enumerate().filter(|(_, state)| matches(state.quota, state.hard, object)) {
        let bounded = matching_resources(kind, state.hard.names());
        let quota = || state.quota.meta.name.clone();
        if let CountedObject::Pod(pod) = object
            && let Some(missing) = pods::constraints(pod.spec, &bounded)
        {
            return Err(QuotaError::Constraints { quota: quota(), missing });
        }
        if bounded.iter().any(|resource| state.used.get(resource).is_none()) {
            let mut resources = bounded;
            resources.sort_unstable();
            return Err(QuotaError::StatusUnknown { quota: quota(), resources });
        }
        applying.push(index);
    }
    let usage_of_object = usage(object);
    let negative: Vec<Name> =
        usage_of_object.iter().filter(|(_, quantity)| quantity.is_negative()).map(|(name, _)| name.clone()).collect();
    if !negative.is_empty() {
        return Err(QuotaError::Negative(negative));
    }
    for index in applying {
        let QuotaState { quota, hard, used } = quotas[index];
        let charged = match old {
            Some(old) if matches(quota, hard, old) => usage_of_object.less(&usage(old)),
            _ => usage_of_object.clone(),
        };
        let requested = charged.without_zeros().masked(|name| hard.get(name).is_some());
        let mut new = used.clone();
        new.add(&requested);
        let exceeds = |name: &Name| new.get(name).zip(hard.get(name)).is_some_and(|(new, hard)| new > hard);
        let exceeded = requested.masked(exceeds);
        if !exceeded.is_empty() {
            let is_exceeded = |name: &Name| exceeded.get(name).is_some();
            return Err(QuotaError::Exceeded {
                quota: quota.meta.name.clone(),
                used: used.masked(is_exceeded),
                limited: hard.masked(is_exceeded),
                requested: exceeded,
            });
        }
        after[index] = (new != *used).then_some(new);
    }
    Ok(after)
}
