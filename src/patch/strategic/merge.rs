//! How a strategic merge patch becomes part of a document, or of another patch.

use super::item::{ItemKind, directive, find, is_same_item, item_kind, merge_key_value};
use super::order::{deduplicate, interleave, is_deletion, order_after_merge, partition};
use super::{DELETE, DELETE_FROM_PRIMITIVE_LIST, MERGE, PATCH_DIRECTIVE, REPLACE, RETAIN_KEYS, SET_ELEMENT_ORDER};
use crate::patch::schema::{Declared, Schema, Strategy};
use crate::patch::{PatchError, go_text};
use serde_json::{Map, Value};

/// What is merged.
#[derive(Clone, Copy, Debug)]
pub struct MergeOptions {
    /// The directives beside lists and maps are carried out, as the API server does. Otherwise two patches become one,
    /// and the directives stay.
    pub merge_parallel_list: bool,
    /// A null for a key that is absent is dropped. Otherwise it stays.
    pub ignore_unmatched_nulls: bool,
}

/// Merges a patch into a document.
///
/// # Errors
/// [`PatchError`] if the patch does not fit the kind, or a directive is malformed.
pub fn merge_maps(
    mut original: Map<String, Value>,
    mut patch: Map<String, Value>,
    schema: Schema,
    options: MergeOptions,
) -> Result<Map<String, Value>, PatchError> {
    match patch.get(PATCH_DIRECTIVE) {
        None => {}
        Some(directive) if directive == REPLACE => {
            patch.remove(PATCH_DIRECTIVE);
            return Ok(patch);
        }
        Some(directive) if directive == DELETE => return Ok(Map::new()),
        Some(directive) => return Err(unknown_directive(directive, &patch)),
    }
    apply_retain_keys(&mut original, &mut patch, options)?;
    merge_ordered_lists(&mut original, &mut patch, schema, options)?;
    for (key, value) in patch {
        let is_deletion_list = key.starts_with(DELETE_FROM_PRIMITIVE_LIST);
        if is_deletion_list && !options.merge_parallel_list {
            original.insert(key, value);
            continue;
        }
        let key = if is_deletion_list {
            match list_name(&key, DELETE_FROM_PRIMITIVE_LIST).ok_or(PatchError::BadPrimitiveList)? {
                "" => key,
                name => name.to_owned(),
            }
        } else {
            key
        };
        if value.is_null() {
            original.shift_remove(&key);
            if options.ignore_unmatched_nulls {
                continue;
            }
        }
        match original.get_mut(&key) {
            Some(place) if go_text::same_type(place, &value) => match (place, value) {
                (Value::Object(old), Value::Object(new)) => {
                    let declared = schema.field(&key)?;
                    let old = std::mem::take(old);
                    let merged = match declared.strategy {
                        Strategy::Replace => new,
                        Strategy::Default | Strategy::Merge => merge_maps(old, new, declared.schema, options)?,
                    };
                    original.insert(key, merged.into());
                }
                (Value::Array(old), Value::Array(new)) => {
                    let declared = schema.list(&key)?;
                    let old = std::mem::take(old);
                    let merged = merge_list_field(old, new, declared, is_deletion_list, options)?;
                    original.insert(key, merged.into());
                }
                (place, value) => *place = value,
            },
            _ if is_deletion_list => {}
            _ => match without_directives(value, options) {
                Some(value) => _ = original.insert(key, value),
                None => _ = original.shift_remove(&key),
            },
        }
    }
    Ok(original)
}

/// Carries out `$retainKeys`, or hands it on to the patch that this one is merged into.
fn apply_retain_keys(
    original: &mut Map<String, Value>,
    patch: &mut Map<String, Value>,
    options: MergeOptions,
) -> Result<(), PatchError> {
    let Some(retained) = patch.shift_remove(RETAIN_KEYS) else { return Ok(()) };
    if !options.merge_parallel_list {
        if let Some(existing) = original.get(RETAIN_KEYS)
            && *existing != retained
        {
            let (first, second) = (go_text::value(existing), go_text::value(&retained));
            return Err(PatchError::DifferentRetainKeys { first, second });
        }
        original.insert(RETAIN_KEYS.to_owned(), retained);
        return Ok(());
    }
    let Value::Array(retained) = retained else { return Err(PatchError::BadRetainKeys) };
    let is_retained = |key: &str| retained.iter().any(|item| item == key);
    let is_directive = |key: &str| key.starts_with(DELETE_FROM_PRIMITIVE_LIST) || key.starts_with(SET_ELEMENT_ORDER);
    if patch.iter().any(|(key, value)| !value.is_null() && !is_directive(key) && !is_retained(key)) {
        return Err(PatchError::BadRetainKeys);
    }
    original.retain(|key, _| is_retained(key));
    Ok(())
}

/// Merges the lists for which the patch states an order, and takes them out of the patch.
fn merge_ordered_lists(
    original: &mut Map<String, Value>,
    patch: &mut Map<String, Value>,
    schema: Schema,
    options: MergeOptions,
) -> Result<(), PatchError> {
    let keys: Vec<String> = patch.keys().filter(|key| key.starts_with(SET_ELEMENT_ORDER)).cloned().collect();
    for key in keys {
        let Some(order) = patch.shift_remove(&key) else { continue };
        if !options.merge_parallel_list {
            match original.get(&key) {
                Some(existing) if *existing != order => return Err(PatchError::BadSetElementOrder),
                Some(_) => {}
                None => _ = original.insert(key.clone(), order.clone()),
            }
        }
        let Value::Array(order) = order else { return Err(PatchError::not_a_list(&order)) };
        let name = list_name(&key, SET_ELEMENT_ORDER).ok_or(PatchError::BadSetElementOrder)?;
        merge_ordered_list(name, &order, original, patch, schema, options)?;
    }
    Ok(())
}

fn merge_ordered_list(
    name: &str,
    order: &[Value],
    original: &mut Map<String, Value>,
    patch: &mut Map<String, Value>,
    schema: Schema,
    options: MergeOptions,
) -> Result<(), PatchError> {
    let list_of = |map: &Map<String, Value>| match map.get(name) {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items.clone())),
        Some(value) => Err(PatchError::not_a_list(value)),
    };
    let (live, changes) = (list_of(original)?, list_of(patch)?);
    let declared = schema.list(name)?;
    let key = declared.merge_key;
    check_order(changes.as_deref().unwrap_or_default(), order, key)?;
    let mut server_order = live.clone().unwrap_or_default();
    let merged = match (&live, &changes) {
        (None, None) => return Ok(()),
        (Some(live), None) => live.clone(),
        (None, Some(changes)) => remove_directives_of_items(changes.clone()),
        (Some(live), Some(changes)) => {
            let merged = merge_list_field(live.clone(), changes.clone(), declared, false, options)?;
            if declared.strategy == Strategy::Merge && !key.is_empty() {
                server_order = order_after_merge(live, changes, key)?;
            }
            merged
        }
    };
    let (listed, server_only) = partition(merged, order, key)?;
    let kind = item_kind(&[live.as_deref().unwrap_or_default(), changes.as_deref().unwrap_or_default()])?;
    let all = interleave(listed, server_only, order, &server_order, key, kind)?;
    original.insert(name.to_owned(), all.into());
    patch.shift_remove(name);
    Ok(())
}

/// Checks that the items of a patch's list stand in the order that the patch states.
fn check_order(changes: &[Value], order: &[Value], key: &str) -> Result<(), PatchError> {
    if changes.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut kept = Vec::new();
    for item in changes {
        if !key.is_empty() && !item.is_object() {
            return Err(PatchError::not_a_map(item));
        }
        if key.is_empty() || !is_deletion(item) {
            kept.push(item);
        }
    }
    let mut kept = kept.into_iter().peekable();
    let mut order_items = order.iter();
    while let Some(item) = kept.peek() {
        if directive(item).is_some() {
            // Skipped without a step in the order, for as long as the order lasts.
            if order_items.len() == 0 {
                break;
            }
            kept.next();
            continue;
        }
        let Some(ordered) = order_items.next() else { break };
        if is_same_item(item, ordered, key)? {
            kept.next();
        }
    }
    if kept.peek().is_some() {
        return Err(PatchError::OrderMismatch { list: go_text::list(changes), order: go_text::list(order) });
    }
    Ok(())
}

fn merge_list_field(
    original: Vec<Value>,
    patch: Vec<Value>,
    declared: Declared,
    is_deletion_list: bool,
    options: MergeOptions,
) -> Result<Vec<Value>, PatchError> {
    if declared.strategy == Strategy::Merge || is_deletion_list {
        merge_lists(original, patch, declared, is_deletion_list, options)
    } else {
        Ok(patch)
    }
}

fn merge_lists(
    original: Vec<Value>,
    patch: Vec<Value>,
    declared: Declared,
    is_deletion_list: bool,
    options: MergeOptions,
) -> Result<Vec<Value>, PatchError> {
    if original.is_empty() && patch.is_empty() {
        return Ok(original);
    }
    let key = declared.merge_key;
    let kind = item_kind(&[&original, &patch])?;
    let (merged, patch_order, server_order) = match kind {
        ItemKind::Scalar => {
            if options.merge_parallel_list && is_deletion_list {
                return Ok(original.into_iter().filter(|item| !patch.contains(item)).collect());
            }
            let mut both = [original.clone(), patch.clone()].concat();
            let length = deduplicate(&mut both);
            both.truncate(length);
            (both, patch, original)
        }
        ItemKind::Map if key.is_empty() => {
            return Err(PatchError::ListWithoutMergeKey { kind: declared.schema.kind().to_owned() });
        }
        ItemKind::Map => {
            let (original, patch) = carry_out_directives(original, patch, key)?;
            let merged = merge_items(original.clone(), &patch, declared, options)?;
            (merged, patch, original)
        }
    };
    let (listed, server_only) = partition(merged, &patch_order, key)?;
    interleave(listed, server_only, &patch_order, &server_order, key, kind)
}

/// Deletes and replaces items as the `$patch` directives of a list say. Gives the list, and the items of the patch that
/// are left to merge.
fn carry_out_directives(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let mut rest = Vec::new();
    let mut replaces = false;
    for item in patch {
        let Some(directive) = directive(&item) else {
            rest.push(item);
            continue;
        };
        if directive == DELETE {
            let value = merge_key_value(&item, key)?;
            while let Some(index) = find(&original, key, value)? {
                original.remove(index);
            }
        } else if directive == REPLACE {
            replaces = true;
        } else if directive == MERGE {
            return Err(PatchError::MergeDirectiveInList);
        } else {
            return Err(item
                .as_object()
                .map_or(PatchError::MergeDirectiveInList, |map| unknown_directive(directive, map)));
        }
    }
    Ok(if replaces { (rest, Vec::new()) } else { (original, rest) })
}

fn merge_items(
    mut original: Vec<Value>,
    patch: &[Value],
    declared: Declared,
    options: MergeOptions,
) -> Result<Vec<Value>, PatchError> {
    let key = declared.merge_key;
    for item in patch {
        let found = find(&original, key, merge_key_value(item, key)?)?;
        let place = found.and_then(|index| original.get_mut(index));
        match (place, item) {
            (Some(Value::Object(existing)), Value::Object(item)) => {
                let merged = merge_maps(std::mem::take(existing), item.clone(), declared.schema, options)?;
                *existing = merged;
            }
            _ => original.push(item.clone()),
        }
    }
    Ok(original)
}

fn unknown_directive(directive: &Value, map: &Map<String, Value>) -> PatchError {
    let directive = match directive {
        Value::String(text) => text.clone(),
        Value::Null => go_text::type_name(directive).to_owned(),
        value => format!("%!s({}={})", go_text::type_name(value), go_text::value(value)),
    };
    PatchError::UnknownDirective { directive, map: go_text::map(map) }
}

/// The name of the list that a directive such as `$setElementOrder/containers` is about.
fn list_name<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    key.split_once('/').filter(|(found, _)| *found == prefix).map(|(_, name)| name)
}

/// A value that is new to the document, without directives; `None` if it is itself one. Nulls are dropped too where
/// unmatched nulls are.
fn without_directives(mut value: Value, options: MergeOptions) -> Option<Value> {
    if options.ignore_unmatched_nulls {
        discard_nulls(&mut value);
    }
    remove_directives(value)
}

fn remove_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(fields) => {
            if fields.contains_key(PATCH_DIRECTIVE) {
                return None;
            }
            let kept = fields.into_iter().filter_map(|(key, value)| Some((key, remove_directives(value)?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Array(items) => Some(remove_directives_of_items(items).into()),
        scalar => Some(scalar),
    }
}

fn remove_directives_of_items(items: Vec<Value>) -> Vec<Value> {
    items.into_iter().filter_map(remove_directives).collect()
}

fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}
