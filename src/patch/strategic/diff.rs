//! What leads from one document to another, as a strategic merge patch.

use super::item::{ItemKind, is_same_item, item_kind, merge_key_value};
use super::order::{deduplicate, sort_by_text, sort_like, sort_scalars};
use super::{DELETE, DELETE_FROM_PRIMITIVE_LIST, PATCH_DIRECTIVE, RETAIN_KEYS, SET_ELEMENT_ORDER};
use crate::patch::schema::{Declared, Schema, Strategy};
use crate::patch::{PatchError, go_text};
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// Which differences become part of the patch.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent options, named as in the original")]
pub struct Diff {
    /// Lists that change get a `$setElementOrder`.
    pub set_element_order: bool,
    /// Changes and additions are left out.
    pub ignore_changes_and_additions: bool,
    /// Deletions are left out.
    pub ignore_deletions: bool,
    /// The map gets a `$retainKeys` if it changes.
    pub build_retain_keys: bool,
}

/// The patch from `original` to `modified`. Lists of plain values that are merged are left sorted in `original`, as the
/// library leaves them: a later comparison with the same document sees them so.
///
/// # Errors
/// [`PatchError`] if a document does not fit the kind.
pub fn diff_maps(
    original: &mut Map<String, Value>,
    modified: &Map<String, Value>,
    schema: Schema,
    diff: Diff,
) -> Result<Map<String, Value>, PatchError> {
    let mut patch = Map::new();
    let mut retained: Vec<Value> = Vec::new();
    for (key, new) in modified {
        if diff.build_retain_keys && !new.is_null() {
            retained.push(Value::from(key.as_str()));
        }
        let old = original.get_mut(key);
        let Some(old) = old else {
            if !diff.ignore_changes_and_additions {
                patch.insert(key.clone(), new.clone());
            }
            continue;
        };
        if key == PATCH_DIRECTIVE {
            if !old.is_string() || !new.is_string() {
                return Err(PatchError::DirectiveNotText);
            }
            if old != new {
                patch.insert(key.clone(), new.clone());
            }
            continue;
        }
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => diff_field(key, old, new, &mut patch, schema, diff)?,
            (Value::Array(old), Value::Array(new)) => diff_list_field(key, old, new, &mut patch, schema, diff)?,
            (old, new) => {
                if old != new && !diff.ignore_changes_and_additions {
                    patch.insert(key.clone(), new.clone());
                }
            }
        }
    }
    if !diff.ignore_deletions {
        let gone = original.keys().filter(|key| !modified.contains_key(*key));
        patch.extend(gone.map(|key| (key.clone(), Value::Null)));
    }
    let has_more = || original.iter().any(|(key, value)| !value.is_null() && !modified.contains_key(key));
    if !retained.is_empty() && (!patch.is_empty() || has_more()) {
        sort_scalars(&mut retained);
        patch.insert(RETAIN_KEYS.to_owned(), retained.into());
    }
    Ok(patch)
}

fn diff_field(
    key: &str,
    original: &mut Map<String, Value>,
    modified: &Map<String, Value>,
    patch: &mut Map<String, Value>,
    schema: Schema,
    diff: Diff,
) -> Result<(), PatchError> {
    let declared = match schema.field(key) {
        Ok(declared) => declared,
        // How an unknown field is merged does not matter if it does not change.
        Err(_) if original == modified => return Ok(()),
        Err(error) => return Err(error),
    };
    if declared.strategy == Strategy::Replace {
        if !diff.ignore_changes_and_additions {
            patch.insert(key.to_owned(), modified.clone().into());
        }
        return Ok(());
    }
    let diff = Diff { build_retain_keys: declared.retain_keys, ..diff };
    let changed = diff_maps(original, modified, declared.schema, diff)?;
    if !changed.is_empty() {
        patch.insert(key.to_owned(), changed.into());
    }
    Ok(())
}

fn diff_list_field(
    key: &str,
    original: &mut [Value],
    modified: &[Value],
    patch: &mut Map<String, Value>,
    schema: Schema,
    diff: Diff,
) -> Result<(), PatchError> {
    let declared = match schema.list(key) {
        Ok(declared) => declared,
        Err(_) if original == modified => return Ok(()),
        Err(error) => return Err(error),
    };
    if declared.strategy != Strategy::Merge {
        if original != modified && !diff.ignore_changes_and_additions {
            patch.insert(key.to_owned(), modified.to_vec().into());
        }
        return Ok(());
    }
    let diff = Diff { build_retain_keys: declared.retain_keys, ..diff };
    let lists = diff_lists(original, modified, declared, diff)?;
    let directives = [
        (key.to_owned(), lists.changes),
        (format!("{DELETE_FROM_PRIMITIVE_LIST}/{key}"), lists.deletions),
        (format!("{SET_ELEMENT_ORDER}/{key}"), lists.order),
    ];
    let stated = directives.into_iter().filter(|(_, list)| !list.is_empty());
    patch.extend(stated.map(|(key, list)| (key, Value::from(list))));
    Ok(())
}

/// How a list changes.
#[derive(Default)]
struct ListDiff {
    /// New and changed items, and for maps the deletions.
    changes: Vec<Value>,
    /// Plain values to delete.
    deletions: Vec<Value>,
    /// The order that the list is to have.
    order: Vec<Value>,
}

fn diff_lists(
    original: &mut [Value],
    modified: &[Value],
    declared: Declared,
    diff: Diff,
) -> Result<ListDiff, PatchError> {
    if original.is_empty() {
        let changes = if diff.ignore_changes_and_additions { Vec::new() } else { modified.to_vec() };
        return Ok(ListDiff { changes, ..ListDiff::default() });
    }
    let key = declared.merge_key;
    let kind = item_kind(&[original, modified])?;
    match kind {
        ItemKind::Map => {
            let (changes, deletions) = diff_items(original, modified, declared, diff)?;
            let mut changes = sort_like(changes, modified, key, kind)?;
            let same_order = is_same_order(original, modified, key)?;
            changes.extend(deletions);
            let is_stated = diff.set_element_order
                && ((!diff.ignore_changes_and_additions && (!changes.is_empty() || !same_order))
                    || (!diff.ignore_deletions && !changes.is_empty()));
            let mut order = Vec::new();
            if is_stated {
                for item in modified {
                    order.push(Value::from(Map::from_iter([(key.to_owned(), merge_key_value(item, key)?.clone())])));
                }
            }
            Ok(ListDiff { changes, deletions: Vec::new(), order })
        }
        ItemKind::Scalar => {
            let (additions, deletions) = diff_scalars(original, modified, diff);
            let changes = sort_like(additions, modified, key, kind)?;
            let is_stated = diff.set_element_order
                && ((!diff.ignore_deletions && !deletions.is_empty())
                    || (!diff.ignore_changes_and_additions && original != modified));
            let order = if is_stated { modified.to_vec() } else { Vec::new() };
            Ok(ListDiff { changes, deletions, order })
        }
    }
}

fn is_same_order(original: &[Value], modified: &[Value], key: &str) -> Result<bool, PatchError> {
    if original.len() != modified.len() {
        return Ok(false);
    }
    for (old, new) in original.iter().zip(modified) {
        if !is_same_item(old, new, key)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Which of two sorted lists goes on.
fn next_of(old: Option<&Value>, new: Option<&Value>) -> Option<Ordering> {
    match (old, new) {
        (None, None) => None,
        (None, Some(_)) => Some(Ordering::Greater),
        (Some(_), None) => Some(Ordering::Less),
        (Some(old), Some(new)) => Some(go_text::compare(old, new)),
    }
}

/// Plain values that are new, and those that are gone.
fn diff_scalars(original: &mut [Value], modified: &[Value], diff: Diff) -> (Vec<Value>, Vec<Value>) {
    sort_scalars(original);
    let mut sorted = modified.to_vec();
    sort_scalars(&mut sorted);
    let (mut additions, mut deletions) = (Vec::new(), Vec::new());
    let (mut old, mut new) = (original.iter().peekable(), sorted.iter().peekable());
    while let Some(order) = next_of(old.peek().copied(), new.peek().copied()) {
        let (gone, added) = (order.is_le().then(|| old.next()), order.is_ge().then(|| new.next()));
        match order {
            Ordering::Less if !diff.ignore_deletions => deletions.extend(gone.flatten().cloned()),
            Ordering::Greater if !diff.ignore_changes_and_additions => additions.extend(added.flatten().cloned()),
            _ => {}
        }
    }
    let length = deduplicate(&mut deletions);
    deletions.truncate(length);
    (additions, deletions)
}

/// Maps that are new or changed, and a directive for each that is gone.
fn diff_items(
    original: &mut [Value],
    modified: &[Value],
    declared: Declared,
    diff: Diff,
) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let key = declared.merge_key;
    let (mut changes, mut deletions) = (Vec::new(), Vec::new());
    let old_order = by_merge_key(original, key);
    let new_order = by_merge_key(modified, key);
    let (mut old, mut new) = (old_order.into_iter().peekable(), new_order.into_iter().peekable());
    loop {
        let old_key = old.peek().map(|index| merge_key_value(&original[*index], key)).transpose()?.cloned();
        let new_key = new.peek().map(|index| merge_key_value(&modified[*index], key)).transpose()?;
        let Some(order) = next_of(old_key.as_ref(), new_key) else { return Ok((changes, deletions)) };
        let (old_item, new_item) =
            (order.is_le().then(|| old.next()).flatten(), order.is_ge().then(|| new.next()).flatten());
        match (old_item, new_item) {
            (Some(old_item), Some(new_item)) => {
                let (Value::Object(before), Value::Object(after)) = (&mut original[old_item], &modified[new_item])
                else {
                    continue;
                };
                let mut change = diff_maps(before, after, declared.schema, diff)?;
                if !change.is_empty() {
                    change.insert(key.to_owned(), merge_key_value(&modified[new_item], key)?.clone());
                    changes.push(change.into());
                }
            }
            (None, Some(new_item)) if !diff.ignore_changes_and_additions => changes.push(modified[new_item].clone()),
            (Some(_), None) if !diff.ignore_deletions => {
                let fields =
                    [(key.to_owned(), old_key.unwrap_or_default()), (PATCH_DIRECTIVE.to_owned(), DELETE.into())];
                deletions.push(Value::from(Map::from_iter(fields)));
            }
            _ => {}
        }
    }
}

/// The indices of the items in the order of their merge keys' texts. An item without the key sorts as Go's nil.
fn by_merge_key(items: &[Value], key: &str) -> Vec<usize> {
    let value = |index: &usize| items[*index].get(key).unwrap_or(&Value::Null);
    let mut indices: Vec<usize> = (0..items.len()).collect();
    sort_by_text(&mut indices, |left, right| go_text::compare(value(left), value(right)));
    indices
}
