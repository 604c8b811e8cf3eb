//! Texts that stand in for scalars that cannot be read.

use super::leaf::{Amount, CalendarTime, Duration};
use super::scalar::Scalar;
use super::taint_change::TaintChange;
use super::target::Target;
use crate::api::KubernetesVersion;

/// The text that stands in for a damaged scalar of a named type.
pub(super) fn stand_in(name: &str) -> Option<&'static str> {
    Some(match name {
        Duration::NAME => Duration::STAND_IN,
        Amount::NAME => Amount::STAND_IN,
        CalendarTime::NAME => CalendarTime::STAND_IN,
        KubernetesVersion::NAME => KubernetesVersion::STAND_IN,
        TaintChange::NAME => TaintChange::STAND_IN,
        Target::NAME => Target::STAND_IN,
        _ => return None,
    })
}
