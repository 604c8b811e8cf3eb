//! Whether two patches change the same things in different ways (`MergingMapsHaveConflicts`).

use super::item::{ItemKind, as_map, item_kind, merge_key_value};
use super::order::{deduplicate, sort_scalars};
use super::{PATCH_DIRECTIVE, RETAIN_KEYS};
use crate::patch::schema::{Declared, Schema, Strategy};
use crate::patch::{PatchError, go_text};
use serde_json::{Map, Value};

/// Whether two patches have different values for one key. Lists of plain values that are replaced as a whole are left
/// sorted in both, as the library leaves them.
///
/// # Errors
/// [`PatchError`] if a patch does not fit the kind.
pub fn have_conflicts(
    left: &mut Map<String, Value>,
    right: &mut Map<String, Value>,
    schema: Schema,
) -> Result<bool, PatchError> {
    for (key, left) in left.iter_mut() {
        if key == PATCH_DIRECTIVE || key == RETAIN_KEYS {
            continue;
        }
        let Some(right) = right.get_mut(key) else { continue };
        let declared = match left {
            Value::Array(_) => schema.list(key)?,
            Value::Object(_) => schema.field(key)?,
            _ => Declared { schema, strategy: Strategy::Default, retain_keys: false, merge_key: "" },
        };
        if values_conflict(left, right, declared)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn values_conflict(left: &mut Value, right: &mut Value, declared: Declared) -> Result<bool, PatchError> {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            if left.get(PATCH_DIRECTIVE) != right.get(PATCH_DIRECTIVE) {
                return Ok(true);
            }
            if declared.strategy == Strategy::Replace {
                return Ok(false);
            }
            have_conflicts(left, right, declared.schema)
        }
        (Value::Array(left), Value::Array(right)) => lists_conflict(left, right, declared),
        (left, right) => Ok(left != right),
    }
}

fn lists_conflict(left: &mut [Value], right: &mut [Value], declared: Declared) -> Result<bool, PatchError> {
    let kind = item_kind(&[left, right])?;
    let plain = Declared { strategy: Strategy::Default, merge_key: "", ..declared };
    if declared.strategy == Strategy::Merge {
        return match kind {
            // Plain values are added, whatever others add.
            ItemKind::Scalar => Ok(false),
            ItemKind::Map => items_conflict(left, right, declared.merge_key, plain),
        };
    }
    if left.len() != right.len() {
        return Ok(true);
    }
    let mut compared = (left.len(), right.len());
    if kind == ItemKind::Scalar {
        compared = (deduplicate(left), deduplicate(right));
        sort_scalars(&mut left[..compared.0]);
        sort_scalars(&mut right[..compared.1]);
    }
    if compared.0 != compared.1 {
        return Ok(true);
    }
    for (left, right) in left.iter_mut().zip(right).take(compared.0) {
        if values_conflict(left, right, plain)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether two items with one merge key conflict. Of several items of a list with one key, the last counts.
fn items_conflict(left: &mut [Value], right: &mut [Value], key: &str, plain: Declared) -> Result<bool, PatchError> {
    for item in left.iter().chain(right.iter()) {
        as_map(item)?;
        merge_key_value(item, key)?;
    }
    let key_of = |item: &Value| item.get(key).map(go_text::value);
    let last = |items: &[Value], value: &Option<String>| items.iter().rposition(|item| key_of(item) == *value);
    for index in 0..left.len() {
        let value = key_of(&left[index]);
        if last(left, &value) != Some(index) {
            continue;
        }
        if let Some(found) = last(right, &value)
            && values_conflict(&mut left[index], &mut right[found], plain)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}
