//! Why a patch cannot be made or applied, in the words of the Go libraries: people search for these sentences.

use super::go_text;
use serde_json::{Map, Value};
use thiserror::Error;

/// Why a patch cannot be made or applied.
///
/// The messages are those of `k8s.io/apimachinery` (`mergepatch`, `strategicpatch`) and of `evanphx/json-patch` v4.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatchError {
    /// An item of a list that is merged by a key lacks the key.
    #[error("map: {item} does not contain declared merge key: {key}")]
    NoMergeKey {
        /// The item.
        item: String,
        /// The key.
        key: String,
    },
    /// A value has another type than the merge needs.
    #[error("expected a {expected}, but received a {actual}")]
    WrongType {
        /// The Go type that is needed.
        expected: &'static str,
        /// The Go type that was found.
        actual: &'static str,
    },
    /// `$patch` has a value that is no directive.
    #[error("unknown patch type: {directive} in map: {map}")]
    UnknownDirective {
        /// The value.
        directive: String,
        /// The map that holds it.
        map: String,
    },
    /// `$patch` is not text.
    #[error("invalid value for special key: $patch")]
    DirectiveNotText,
    /// `$patch: merge` within a list.
    #[error("merging lists cannot yet be specified in the patch")]
    MergeDirectiveInList,
    /// A list within a list.
    #[error("lists of lists are not supported")]
    ListOfLists,
    /// The items of a list differ in type.
    #[error("list element types are not identical: {lists}")]
    MixedList {
        /// The lists.
        lists: String,
    },
    /// The first item of a list that is merged is null. The real library ends with a panic here.
    #[error("the first item of a list is null: {lists}")]
    NullItem {
        /// The lists.
        lists: String,
    },
    /// Only empty lists, where the type of an item is asked for.
    #[error("no elements in any of the given slices")]
    NoItems,
    /// An item of a list of maps is no map.
    #[error("value for key {index} is not a map")]
    ItemNotMap {
        /// Its index.
        index: usize,
    },
    /// A list of maps whose field declares no merge key.
    #[error("cannot merge lists without merge key for {kind}")]
    ListWithoutMergeKey {
        /// The Go kind of an item.
        kind: String,
    },
    /// `$deleteFromPrimitiveList` of another form.
    #[error("invalid patch format of primitive list")]
    BadPrimitiveList,
    /// `$retainKeys` of another form, or a key of the patch that is not in it.
    #[error("invalid patch format of retainKeys")]
    BadRetainKeys,
    /// `$setElementOrder` of another form.
    #[error("invalid patch format of setElementOrder list")]
    BadSetElementOrder,
    /// Two patches that are merged state different `$retainKeys`.
    #[error("{first} and {second} are not deep equal: this may happen when calculating the 3-way diff patch")]
    DifferentRetainKeys {
        /// Those of the one.
        first: String,
        /// Those of the other.
        second: String,
    },
    /// The items of a patch's list are not in the order that `$setElementOrder` states, or not in it at all.
    #[error("The order in patch list:\n{list}\n doesn't match $setElementOrder list:\n{order}\n")]
    OrderMismatch {
        /// The list.
        list: String,
        /// `$setElementOrder`.
        order: String,
    },
    /// The kind has no such field.
    #[error("unable to find api field in struct {name} for the json field {field:?}")]
    UnknownField {
        /// The Go struct.
        name: String,
        /// The field.
        field: String,
    },
    /// An object where the kind has a plain value.
    #[error("merging an object in json but data type is not struct, instead is: {kind}")]
    NotStruct {
        /// The Go kind that the field has.
        kind: String,
    },
    /// A list where the kind has none.
    #[error("expected slice or array type, but got: {kind}")]
    NotList {
        /// The Go kind of the struct that has the field.
        kind: String,
    },
    /// A list of lists in the kind.
    #[error("unexpected slice of slice")]
    ListOfListsInKind,
    /// Somebody else has changed what the patch changes, and it may not overwrite that.
    #[error("patch:\n{patch}\nconflicts with changes made from original to current:\n{changed}\n")]
    Conflict {
        /// The patch as YAML.
        patch: String,
        /// What was changed since the last apply, as YAML.
        changed: String,
    },
    /// The patch would change what must stay as it is.
    #[error("precondition failed for: {patch}")]
    PreconditionFailed {
        /// The patch.
        patch: String,
    },
    /// A merge patch that is neither an object nor a list.
    #[error("Invalid JSON Patch")]
    BadMergePatch,
    /// The object to patch is no JSON object.
    #[error("Invalid JSON Document")]
    BadDocument,
    /// A JSON patch that is not a list of operations.
    #[error("a JSON patch is a list of operations, each an object")]
    BadOperations,
    /// An operation of a JSON patch fails.
    #[error("{0}")]
    Operation(String),
}

impl PatchError {
    /// The error of an item without its merge key.
    pub(super) fn no_merge_key(item: &Map<String, Value>, key: &str) -> Self {
        Self::NoMergeKey { item: go_text::map(item), key: key.to_owned() }
    }

    /// The error of a value that should have been a map.
    pub(super) fn not_a_map(value: &Value) -> Self {
        Self::WrongType { expected: go_text::MAP_TYPE, actual: go_text::type_name(value) }
    }

    /// The error of a value that should have been a list.
    pub(super) fn not_a_list(value: &Value) -> Self {
        Self::WrongType { expected: go_text::LIST_TYPE, actual: go_text::type_name(value) }
    }
}
