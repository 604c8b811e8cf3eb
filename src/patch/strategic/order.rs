//! The order of a merged list: the patch's items in the order that the patch states, and between them those that only the
//! server has, at their places in the live list as well as that can be.

use super::item::{ItemKind, directive, find, merge_key_value};
use super::{DELETE, PATCH_DIRECTIVE};
use crate::patch::{PatchError, go_text};
use serde_json::Value;
use std::cmp::Ordering;

/// Sorts as Go's insertion sort does when it is asked "not greater than" in place of "less than": equal elements change
/// their order. Go sorts up to twelve elements so.
pub fn sort_by_text<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    insertion_sort(items, |left, right| compare(left, right) != Ordering::Greater);
}

/// Sorts plain values by their text.
pub fn sort_scalars(items: &mut [Value]) {
    sort_by_text(items, go_text::compare);
}

/// Removes repeated values from the front part that is returned; the last value fills the gap, as in the original.
pub fn deduplicate(items: &mut [Value]) -> usize {
    let mut length = items.len();
    let mut first = 0;
    while first + 1 < length {
        let mut next = first + 1;
        while next < length {
            if items[first] == items[next] {
                length -= 1;
                items.swap(next, length);
            } else {
                next += 1;
            }
        }
        first += 1;
    }
    length
}

/// Brings items into the order in which `order` has them. Those that are marked for deletion come last.
///
/// # Errors
/// [`PatchError`] if an item of a list of maps lacks the merge key.
pub fn sort_like(items: Vec<Value>, order: &[Value], key: &str, kind: ItemKind) -> Result<Vec<Value>, PatchError> {
    let (mut kept, deleted) = match kind {
        ItemKind::Scalar => (items, Vec::new()),
        ItemKind::Map => {
            for item in items.iter().chain(order) {
                merge_key_value(item, key)?;
            }
            items.into_iter().partition(|item| !is_deletion(item))
        }
    };
    insertion_sort(&mut kept, |left, right| {
        match (index_of(order, left, key, kind), index_of(order, right, key, kind)) {
            (Some(left), Some(right)) => left < right,
            _ => true,
        }
    });
    kept.extend(deleted);
    Ok(kept)
}

/// Puts the patch's items and those that only the server has into one list.
///
/// # Errors
/// [`PatchError`] if an item of a list of maps lacks the merge key.
pub fn interleave(
    patch: Vec<Value>,
    server_only: Vec<Value>,
    patch_order: &[Value],
    server_order: &[Value],
    key: &str,
    kind: ItemKind,
) -> Result<Vec<Value>, PatchError> {
    let mut patch = sort_like(patch, patch_order, key, kind)?.into_iter().peekable();
    let mut server_only = sort_like(server_only, server_order, key, kind)?.into_iter().peekable();
    let mut all = Vec::with_capacity(patch.len() + server_only.len());
    // An item that only the server has comes before the first of the patch that stood after it in the live list.
    while let (Some(ours), Some(theirs)) = (patch.peek(), server_only.peek()) {
        let at = |item| index_of(server_order, item, key, kind);
        let theirs_first = matches!((at(theirs), at(ours)), (Some(theirs), Some(ours)) if theirs < ours);
        all.extend(if theirs_first { server_only.next() } else { patch.next() });
    }
    all.extend(patch);
    all.extend(server_only);
    Ok(all)
}

/// Parts items into those that `listed` has and the others.
///
/// # Errors
/// [`PatchError`] if an item of a list of maps lacks the merge key.
pub fn partition(items: Vec<Value>, listed: &[Value], key: &str) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    if key.is_empty() {
        return Ok(items.into_iter().partition(|item| listed.contains(item)));
    }
    let (mut present, mut absent) = (Vec::new(), Vec::new());
    for item in items {
        let is_listed = find(listed, key, merge_key_value(&item, key)?)?.is_some();
        if is_listed { &mut present } else { &mut absent }.push(item);
    }
    Ok((present, absent))
}

/// Whether an item says that it is to be deleted.
pub fn is_deletion(item: &Value) -> bool {
    directive(item).is_some_and(|directive| directive == DELETE)
}

/// The live list as the library sees it after it has merged a patch into it.
///
/// The library deletes items in place and adds new ones behind the rest, while an older view of the same memory keeps its
/// length: in it the rest has moved to the front, and new items stand where items were that moved. The order of items that
/// only the server has is read from that view.
pub fn order_after_merge(live: &[Value], patch: &[Value], key: &str) -> Result<Vec<Value>, PatchError> {
    let mut view = live.to_vec();
    let mut length = view.len();
    for deletion in patch.iter().filter(|item| is_deletion(item)) {
        let value = merge_key_value(deletion, key)?;
        while let Some(index) = find(&view[..length], key, value)? {
            for next in index + 1..length {
                view[next - 1] = view[next].clone();
            }
            length -= 1;
        }
    }
    let is_marked = |item: &Value| item.get(PATCH_DIRECTIVE).is_some();
    if patch.iter().any(|item| is_marked(item) && !is_deletion(item)) {
        return Ok(view);
    }
    for added in patch.iter().filter(|item| !is_marked(item)) {
        if length < view.len() && find(&view[..length], key, merge_key_value(added, key)?)?.is_none() {
            view[length] = added.clone();
            length += 1;
        }
    }
    Ok(view)
}

fn index_of(items: &[Value], wanted: &Value, key: &str, kind: ItemKind) -> Option<usize> {
    match kind {
        ItemKind::Scalar => items.iter().position(|item| item == wanted),
        ItemKind::Map => items.iter().position(|item| item.get(key) == wanted.get(key)),
    }
}

fn insertion_sort<T>(items: &mut [T], comes_before: impl Fn(&T, &T) -> bool) {
    for end in 1..items.len() {
        let mut place = end;
        while place > 0 && comes_before(&items[place], &items[place - 1]) {
            items.swap(place, place - 1);
            place -= 1;
        }
    }
}
