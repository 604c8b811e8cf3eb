//! What the items of a list are, and how those of a list of maps are told apart.

use super::PATCH_DIRECTIVE;
use crate::patch::{PatchError, go_text};
use serde_json::{Map, Value};

/// What the items of a list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// Maps, which a merge key tells apart.
    Map,
    /// Plain values, each of which stands for itself.
    Scalar,
}

/// What the items of the lists are: all of one type.
///
/// # Errors
/// [`PatchError`] if the types differ, an item is a list, or there are no items.
pub fn item_kind(lists: &[&[Value]]) -> Result<ItemKind, PatchError> {
    let mut items = lists.iter().copied().flatten();
    let Some(first) = items.next() else { return Err(PatchError::NoItems) };
    match first {
        Value::Array(_) => return Err(PatchError::ListOfLists),
        Value::Null => return Err(PatchError::NullItem { lists: go_text::lists(lists) }),
        _ => {}
    }
    if items.any(|item| !go_text::same_type(first, item)) {
        return Err(PatchError::MixedList { lists: go_text::lists(lists) });
    }
    Ok(if first.is_object() { ItemKind::Map } else { ItemKind::Scalar })
}

/// An item as a map.
///
/// # Errors
/// [`PatchError`] if it is something else.
pub fn as_map(item: &Value) -> Result<&Map<String, Value>, PatchError> {
    item.as_object().ok_or_else(|| PatchError::not_a_map(item))
}

/// The value of an item's merge key.
///
/// # Errors
/// [`PatchError`] if the item is no map, or has no such key.
pub fn merge_key_value<'a>(item: &'a Value, key: &str) -> Result<&'a Value, PatchError> {
    let item = as_map(item)?;
    item.get(key).ok_or_else(|| PatchError::no_merge_key(item, key))
}

/// Whether two items of a list are the same one: equal merge keys, or equal values where there is no key.
///
/// # Errors
/// [`PatchError`] if an item lacks the key.
pub fn is_same_item(left: &Value, right: &Value, key: &str) -> Result<bool, PatchError> {
    if key.is_empty() {
        return Ok(left == right);
    }
    as_map(left)?;
    as_map(right)?;
    Ok(merge_key_value(left, key)? == merge_key_value(right, key)?)
}

/// The index of the item whose merge key has a value.
///
/// # Errors
/// [`PatchError`] if an item before it is no map.
pub fn find(items: &[Value], key: &str, value: &Value) -> Result<Option<usize>, PatchError> {
    for (index, item) in items.iter().enumerate() {
        let item = item.as_object().ok_or(PatchError::ItemNotMap { index })?;
        if item.get(key) == Some(value) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// The `$patch` directive of a map.
pub fn directive(value: &Value) -> Option<&Value> {
    value.as_object()?.get(PATCH_DIRECTIVE)
}
