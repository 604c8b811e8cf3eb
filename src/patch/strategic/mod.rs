//! Strategic merge patch: how `kubectl apply` and the API server merge objects of built-in kinds.
//!
//! Mirrors `strategicpatch/patch.go` of `k8s.io/apimachinery`, including what its slices share: where an item of a list is
//! deleted and one is added at the same time, the place of the new item depends on it.
//!
//! Known deviations: where several errors are possible, Go reports one at random and this the first in the order of the
//! document; items of one list with equal merge keys stay in the order that Go gives them up to twelve items, beyond that
//! Go's is that of its quicksort.

mod conflict;
mod diff;
mod item;
mod merge;
mod order;

use super::schema::Schema;
use super::{PatchError, yaml_text};
use conflict::have_conflicts;
use diff::{Diff, diff_maps};
use merge::{MergeOptions, merge_maps};
use serde_json::{Map, Value};

/// Says what is to be done with a map or an item of a list.
const PATCH_DIRECTIVE: &str = "$patch";
/// The value of `$patch` that deletes.
const DELETE: &str = "delete";
/// The value of `$patch` that replaces.
const REPLACE: &str = "replace";
/// The value of `$patch` that merges.
const MERGE: &str = "merge";
/// The keys that a map keeps.
const RETAIN_KEYS: &str = "$retainKeys";
/// Values that are taken out of a list of plain values; the list's name follows after `/`.
const DELETE_FROM_PRIMITIVE_LIST: &str = "$deleteFromPrimitiveList";
/// The order of a list's items; the list's name follows after `/`.
const SET_ELEMENT_ORDER: &str = "$setElementOrder";

/// Applies a strategic merge patch, as the API server does (`StrategicMergePatch`).
///
/// # Errors
/// [`PatchError`] if the patch does not fit the kind, or a directive is malformed.
pub fn apply(
    live: Map<String, Value>,
    patch: Map<String, Value>,
    schema: Schema,
) -> Result<Map<String, Value>, PatchError> {
    merge_maps(live, patch, schema, MergeOptions { merge_parallel_list: true, ignore_unmatched_nulls: true })
}

/// The patch that brings a live object to the new configuration, as `kubectl apply` makes it (`CreateThreeWayMergePatch`):
/// what is new or differs in `modified` against `current`, and the deletion of what `original`, the configuration that was
/// applied last, states and `modified` does not.
///
/// # Errors
/// [`PatchError`] if a document does not fit the kind; without `overwrite` also if somebody else has changed what the
/// patch changes.
pub fn create_three_way(
    mut original: Map<String, Value>,
    modified: &Map<String, Value>,
    mut current: Map<String, Value>,
    schema: Schema,
    overwrite: bool,
) -> Result<Map<String, Value>, PatchError> {
    let additions = Diff { set_element_order: true, ignore_deletions: true, ..Diff::default() };
    let delta = diff_maps(&mut current, modified, schema, additions)?;
    let removals = Diff { set_element_order: true, ignore_changes_and_additions: true, ..Diff::default() };
    let deletions = diff_maps(&mut original, modified, schema, removals)?;
    let options = MergeOptions { merge_parallel_list: false, ignore_unmatched_nulls: false };
    let mut patch = merge_maps(deletions, delta, schema, options)?;
    if !overwrite {
        let mut changed = diff_maps(&mut original, &current, schema, Diff::default())?;
        if have_conflicts(&mut patch, &mut changed, schema)? {
            return Err(PatchError::Conflict { patch: yaml_text::of(&patch), changed: yaml_text::of(&changed) });
        }
    }
    Ok(patch)
}
