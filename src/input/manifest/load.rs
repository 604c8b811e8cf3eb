//! Documents to objects: which kind each is, what is wrong with it, and what of it is not simulated.

use super::field_value::ManifestValue;
use super::unused::Unused;
use crate::api::{Kind, Name, Object};
use crate::input::document::{ManifestSource, Place, read_documents, read_sources};
use crate::input::kinds::common::meta;
use crate::input::kinds::table::{Descriptor, KINDS};
use crate::input::{Diagnostic, Diagnostics};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// An object and where it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedObject {
    /// The object.
    pub object: Object,
    /// The file's name.
    pub file: Arc<str>,
    /// The line on which the object begins, from 1.
    pub line: usize,
    /// The document that it was read from, where that was asked for.
    pub document: Option<Map<String, Value>>,
}

/// Reads every object of every source, in order. Calendar times in dumps become relative to `start`, the calendar time
/// of the scenario's start. Of an object that is given twice the last counts, in the place of the first. Everything that
/// is wrong goes to `diagnostics`, objects with errors are left out, and what is not simulated is listed there once as
/// warnings: each kind, each unknown key, each field without effect.
pub fn load_objects(sources: &[ManifestSource], start: Timestamp, diagnostics: &mut Diagnostics) -> Vec<LoadedObject> {
    load_documents(sources, start, &|_| false, &[], diagnostics)
}

/// Reads every object as [`load_objects`] does, with `values` in the place of their fields, and with the documents of those
/// for which `keeps` holds. A value for an object that is not there is an error.
pub fn load_documents(
    sources: &[ManifestSource],
    start: Timestamp,
    keeps: &dyn Fn(&Object) -> bool,
    values: &[ManifestValue],
    diagnostics: &mut Diagnostics,
) -> Vec<LoadedObject> {
    let files = read_sources(sources, diagnostics);
    let mut loader = Loader { keeps, values, is_used: vec![false; values.len()], ..Loader::new(start, diagnostics) };
    for file in &files {
        for document in read_documents(file, loader.diagnostics) {
            loader.load(&document.value, None, &document.place());
        }
    }
    let Loader { objects, unused, is_used, diagnostics, .. } = loader;
    let without_object = values.iter().zip(&is_used).filter(|(_, is_used)| !**is_used);
    diagnostics.extend(without_object.map(|(value, _)| value.without_object()));
    unused.report(diagnostics);
    objects
}

/// Kind, namespace and name.
type Identity = (Kind, Name, Name);

/// What has been read so far.
pub(super) struct Loader<'a> {
    start: Timestamp,
    /// Whether an object keeps its document.
    keeps: &'a dyn Fn(&Object) -> bool,
    /// What takes the place of fields, and whether the object of each was there.
    values: &'a [ManifestValue],
    is_used: Vec<bool>,
    pub(super) objects: Vec<LoadedObject>,
    pub(super) diagnostics: &'a mut Diagnostics,
    /// The place of each object in `objects`, by kind, namespace and name.
    seen: BTreeMap<Identity, usize>,
    pub(super) unused: Unused,
}

/// `apiVersion` and `kind`.
#[derive(Clone, Copy)]
pub(super) struct TypeMeta<'v> {
    api_version: &'v str,
    kind: &'v str,
}

impl<'a> Loader<'a> {
    /// Nothing has been read yet.
    pub(super) fn new(start: Timestamp, diagnostics: &'a mut Diagnostics) -> Self {
        Self {
            start,
            keeps: &|_| false,
            values: &[],
            is_used: Vec::new(),
            objects: Vec::new(),
            diagnostics,
            seen: BTreeMap::new(),
            unused: Unused::default(),
        }
    }

    /// Reads an object or a list of objects. `item_of` is the type of the items of a `PodList` and the like, which
    /// need not name it themselves.
    pub(super) fn load(&mut self, value: &Value, item_of: Option<TypeMeta<'_>>, place: &Place<'_, '_>) {
        let Some(meta) = self.type_meta(value, item_of, place) else { return };
        if let Some(item_kind) = meta.kind.strip_suffix("List")
            && let Some(items) = value.get("items").and_then(Value::as_array)
        {
            let item_of = (!item_kind.is_empty()).then_some(TypeMeta { kind: item_kind, ..meta });
            for (item, place) in items.iter().zip(place.elements("items", items.len())) {
                self.load(item, item_of, &place);
            }
            return;
        }
        if meta.kind == "List" {
            // `items: null` and no items at all are an empty list.
            if value.get("items").is_some_and(|items| !items.is_null()) {
                self.error(place, None, "items", "is not a list (expected a list of objects)");
            }
            return;
        }
        let Some(kind) = self.known_kind(meta, place) else { return };
        let value = self.with_values(kind, value);
        if let Some(object) = self.read(kind, &value, place) {
            let document = (self.keeps)(&object).then(|| complete_document(&value, meta, &object)).flatten();
            self.add(object, document, place);
        }
    }

    /// The object with the values that take the place of its fields.
    fn with_values<'v>(&mut self, kind: &Descriptor<Object>, value: &'v Value) -> Cow<'v, Value> {
        let text = |field| value.get("metadata").and_then(|meta| meta.get(field)).and_then(Value::as_str);
        let (namespace, name) = (text("namespace").filter(|text| !text.is_empty()), text("name").unwrap_or_default());
        let mut changed = Cow::Borrowed(value);
        for (one, is_used) in self.values.iter().zip(&mut self.is_used) {
            if one.concerns(kind.kind, namespace, name) {
                *is_used = true;
                if let Err(problems) = one.apply(changed.to_mut()) {
                    self.diagnostics.extend(problems.iter().cloned());
                }
            }
        }
        changed
    }

    /// The type of a document, or errors.
    fn type_meta<'v>(
        &mut self,
        value: &'v Value,
        item_of: Option<TypeMeta<'v>>,
        place: &Place<'_, '_>,
    ) -> Option<TypeMeta<'v>> {
        if !value.is_object() {
            let found = match value {
                Value::Array(_) => "a list",
                Value::Null => "null",
                _ => "a scalar",
            };
            self.error(place, None, "", &format!("found {found} (expected a Kubernetes object)"));
            return None;
        }
        let kind = self.type_field(value, "kind", item_of.map(|meta| meta.kind), "Deployment", place);
        let version = self.type_field(value, "apiVersion", item_of.map(|meta| meta.api_version), "apps/v1", place);
        Some(TypeMeta { kind: kind?, api_version: version? })
    }

    /// `kind` or `apiVersion`.
    fn type_field<'v>(
        &mut self,
        value: &'v Value,
        field: &str,
        inherited: Option<&'v str>,
        example: &str,
        place: &Place<'_, '_>,
    ) -> Option<&'v str> {
        match value.get(field) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            None | Some(Value::Null | Value::String(_)) => {
                if inherited.is_none() {
                    self.error(place, None, field, &format!("missing (expected a text such as `{example}`)"));
                }
                inherited
            }
            Some(_) => {
                self.error(place, None, field, &format!("is not a text (expected a text such as `{example}`)"));
                None
            }
        }
    }

    /// The kind if it is read, else a note or an error.
    fn known_kind(&mut self, meta: TypeMeta<'_>, place: &Place<'_, '_>) -> Option<&'static Descriptor<Object>> {
        let TypeMeta { api_version, kind } = meta;
        let served = || KINDS.iter().filter(|known| known.kind == kind);
        let group = |version: &str| version.rsplit_once('/').map_or("", |(group, _)| group).to_owned();
        if let Some(known) = Descriptor::named(api_version, kind) {
            return Some(known);
        }
        if let Some(version) = served().flat_map(|known| known.versions).next()
            && (group(version) == group(api_version) || group(api_version) == "extensions")
        {
            let message = format!("`{api_version}` is not served by Kubernetes 1.36 (expected `{version}`)");
            self.error(place, Some(kind.to_owned()), "apiVersion", &message);
            return None;
        }
        self.unused.kind(format!("{kind} ({api_version})"), kind, place);
        None
    }

    /// Reads one object of a kind; `None` with errors.
    pub(super) fn read<T>(&mut self, kind: &Descriptor<T>, value: &Value, place: &Place<'_, '_>) -> Option<T> {
        let reading = kind.read(value, self.start);
        if !reading.errors.is_empty() {
            let name = display_name(kind, value);
            for error in &reading.errors {
                self.error(place, Some(name.clone()), &error.field, &error.problem);
            }
        }
        self.unused.fields(kind.kind, &reading.notes, place);
        reading.object
    }

    /// Keeps an object. It replaces one of the same identity, as with `kubectl apply` of both.
    fn add(&mut self, object: Object, document: Option<Map<String, Value>>, place: &Place<'_, '_>) {
        let meta = object.meta();
        let key = (object.kind(), meta.namespace.clone(), meta.name.clone());
        let (line, _) = place.start();
        let name = full_name(object.kind().as_str(), &meta.namespace, &meta.name);
        let loaded = LoadedObject { object, file: place.file(), line, document };
        match self.seen.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(self.objects.len());
                self.objects.push(loaded);
            }
            Entry::Occupied(entry) => {
                let Some(existing) = self.objects.get_mut(*entry.get()) else { return };
                let hint = format!("it replaces the one in {}:{}", existing.file, existing.line);
                let warning = Diagnostic::warning(place.file(), "is given twice: this one counts").at(place.start());
                self.diagnostics.push(warning.of_object(name).with_hint(Some(hint)));
                *existing = loaded;
            }
        }
    }

    /// Notes an error of a field.
    fn error(&mut self, place: &Place<'_, '_>, object: Option<String>, field: &str, message: &str) {
        let position = if field.is_empty() { place.start() } else { place.position(field) };
        let error = Diagnostic::error(place.file(), message).at(position).in_field(field);
        self.diagnostics.push(Diagnostic { object, ..error });
    }
}

/// The document of an object, with what it need not state: the type that its list names, and the namespace.
fn complete_document(value: &Value, meta: TypeMeta<'_>, object: &Object) -> Option<Map<String, Value>> {
    let mut document = value.as_object()?.clone();
    document.insert("apiVersion".to_owned(), meta.api_version.into());
    document.insert("kind".to_owned(), meta.kind.into());
    if let Some(metadata) = document.get_mut("metadata").and_then(Value::as_object_mut) {
        let namespace = object.meta().namespace.as_str();
        if namespace.is_empty() {
            metadata.shift_remove("namespace");
        } else {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
    }
    Some(document)
}

/// The object's name for messages, from a document that may be wrong.
fn display_name<T>(kind: &Descriptor<T>, value: &Value) -> String {
    let text = |field| value.get("metadata").and_then(|meta| meta.get(field)).and_then(Value::as_str);
    let namespace = if kind.naming.is_namespaced() { text("namespace").unwrap_or(meta::DEFAULT_NAMESPACE) } else { "" };
    match text("name") {
        Some(name) => full_name(kind.kind, namespace, name),
        None => kind.kind.to_owned(),
    }
}

/// `Deployment shop/web`, `Node n1`.
fn full_name(kind: &str, namespace: &str, name: &str) -> String {
    if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {namespace}/{name}") }
}
