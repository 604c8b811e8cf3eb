//! Documents to objects: which kind each is, what is wrong with it, and what of it is not simulated.

use crate::api::{Name, Object};
use crate::input::document::typed::{self, Notes, similar};
use crate::input::document::{ManifestSource, Place, read_documents, read_sources};
use crate::input::kinds::common::inert::Inert;
use crate::input::kinds::horizontal_pod_autoscaler::{self as hpa, v2::ScaleToZero};
use crate::input::kinds::{
    csi_driver, csi_node, csi_storage_capacity, daemon_set, deployment, limit_range, namespace, node,
    persistent_volume, persistent_volume_claim, pod, pod_disruption_budget, priority_class, replica_set, service,
    stateful_set, storage_class,
};
use crate::input::{Diagnostic, Diagnostics, FieldErrors};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
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
}

/// The kinds that are read, each with the API version that Kubernetes 1.36 serves; where it serves several, the one to
/// use comes first.
const KINDS: [(&str, &str); 19] = [
    ("Namespace", "v1"),
    ("Node", "v1"),
    ("LimitRange", "v1"),
    ("Pod", "v1"),
    ("Service", "v1"),
    ("Deployment", "apps/v1"),
    ("ReplicaSet", "apps/v1"),
    ("StatefulSet", "apps/v1"),
    ("DaemonSet", "apps/v1"),
    ("HorizontalPodAutoscaler", "autoscaling/v2"),
    ("HorizontalPodAutoscaler", "autoscaling/v1"),
    ("PodDisruptionBudget", "policy/v1"),
    ("PriorityClass", "scheduling.k8s.io/v1"),
    ("PersistentVolume", "v1"),
    ("PersistentVolumeClaim", "v1"),
    ("StorageClass", "storage.k8s.io/v1"),
    ("CSINode", "storage.k8s.io/v1"),
    ("CSIDriver", "storage.k8s.io/v1"),
    ("CSIStorageCapacity", "storage.k8s.io/v1"),
];

/// Reads every object of every source, in order. Calendar times in dumps become relative to `start`, the calendar time
/// of the scenario's start. Everything that is wrong goes to `diagnostics`, objects with errors are left out, and what
/// is not simulated is listed there once as warnings: each kind, each unknown key, each field without effect.
pub fn load_objects(sources: &[ManifestSource], start: Timestamp, diagnostics: &mut Diagnostics) -> Vec<LoadedObject> {
    let files = read_sources(sources, diagnostics);
    let mut loader = Loader::new(start, diagnostics);
    for file in &files {
        for document in read_documents(file, loader.diagnostics) {
            loader.load(&document.value, None, &document.place());
        }
    }
    let Loader { objects, unused, diagnostics, .. } = loader;
    unused.report(diagnostics);
    objects
}

/// Kind, namespace and name.
type Identity = (&'static str, Name, Name);

/// What has been read so far.
pub(super) struct Loader<'a> {
    start: Timestamp,
    pub(super) objects: Vec<LoadedObject>,
    pub(super) diagnostics: &'a mut Diagnostics,
    /// Where each object was first read, by kind, namespace and name.
    seen: BTreeMap<Identity, (Arc<str>, usize)>,
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
        Self { start, objects: Vec::new(), diagnostics, seen: BTreeMap::new(), unused: Unused::default() }
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
        if let Some(object) = self.read_kind(kind, meta.api_version, value, place) {
            self.add(object, place);
        }
    }

    /// Reads one object of a kind and version of [`KINDS`]; `None` with errors.
    fn read_kind(
        &mut self,
        kind: &'static str,
        api_version: &str,
        value: &Value,
        place: &Place<'_, '_>,
    ) -> Option<Object> {
        match kind {
            "Namespace" => self.read(
                (kind, value, place),
                |_| (),
                namespace::validate,
                |object, start, _| Object::Namespace(namespace::convert(object, start)),
            ),
            "Node" => self.read((kind, value, place), node::set_defaults, node::validate, |object, start, errors| {
                Object::Node(node::convert(object, start, errors))
            }),
            "LimitRange" => self.read(
                (kind, value, place),
                |_| (),
                limit_range::validate,
                |object, start, errors| Object::LimitRange(limit_range::convert(object, start, errors)),
            ),
            "Pod" => self.read(
                (kind, value, place),
                |pod: &mut k8s_openapi::api::core::v1::Pod| {
                    if let Some(spec) = &mut pod.spec {
                        crate::input::kinds::common::pod_template::set_defaults(spec);
                    }
                },
                pod::validate,
                |object, start, errors| Object::Pod(pod::convert(object, start, errors)),
            ),
            "Service" => self.read(
                (kind, value, place),
                |_| (),
                service::validate,
                |object, start, errors| Object::Service(service::convert(object, start, errors)),
            ),
            "Deployment" => self.read(
                (kind, value, place),
                deployment::set_defaults,
                deployment::validate,
                |object, start, errors| Object::Deployment(deployment::convert(object, start, errors)),
            ),
            "ReplicaSet" => self.read(
                (kind, value, place),
                replica_set::set_defaults,
                replica_set::validate,
                |object, start, errors| Object::ReplicaSet(replica_set::convert(object, start, errors)),
            ),
            "StatefulSet" => self.read(
                (kind, value, place),
                stateful_set::set_defaults,
                stateful_set::validate,
                |object, start, errors| Object::StatefulSet(stateful_set::convert(object, start, errors)),
            ),
            "DaemonSet" => self.read(
                (kind, value, place),
                daemon_set::set_defaults,
                daemon_set::validate,
                |object, start, errors| Object::DaemonSet(daemon_set::convert(object, start, errors)),
            ),
            "HorizontalPodAutoscaler" if api_version == "autoscaling/v1" => self.read(
                (kind, value, place),
                |_| (),
                hpa::v1::validate,
                |object, start, errors| {
                    Object::HorizontalPodAutoscaler(hpa::v1::convert(object, ScaleToZero::default(), start, errors))
                },
            ),
            "HorizontalPodAutoscaler" => self.read(
                (kind, value, place),
                |_| (),
                hpa::v2::validate,
                |object, start, errors| {
                    Object::HorizontalPodAutoscaler(hpa::v2::convert(object, ScaleToZero::default(), start, errors))
                },
            ),
            "PodDisruptionBudget" => self.read(
                (kind, value, place),
                |_| (),
                pod_disruption_budget::validate,
                |object, start, errors| {
                    Object::PodDisruptionBudget(pod_disruption_budget::convert(object, start, errors))
                },
            ),
            "PriorityClass" => self.read(
                (kind, value, place),
                |_| (),
                priority_class::validate,
                |object, start, errors| Object::PriorityClass(priority_class::convert(object, start, errors)),
            ),
            _ => self.read_storage_kind(kind, value, place),
        }
    }

    /// Reads one storage object.
    fn read_storage_kind(&mut self, kind: &'static str, value: &Value, place: &Place<'_, '_>) -> Option<Object> {
        match kind {
            "PersistentVolume" => {
                self.read((kind, value, place), |_| (), persistent_volume::validate, persistent_volume::convert)
            }
            "PersistentVolumeClaim" => self.read(
                (kind, value, place),
                |_| (),
                persistent_volume_claim::validate,
                persistent_volume_claim::convert,
            ),
            "StorageClass" => self.read((kind, value, place), |_| (), storage_class::validate, storage_class::convert),
            "CSINode" => self.read((kind, value, place), |_| (), csi_node::validate, csi_node::convert),
            "CSIDriver" => self.read((kind, value, place), |_| (), csi_driver::validate, csi_driver::convert),
            _ => self.read((kind, value, place), |_| (), csi_storage_capacity::validate, csi_storage_capacity::convert),
        }
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
    fn known_kind(&mut self, meta: TypeMeta<'_>, place: &Place<'_, '_>) -> Option<&'static str> {
        let TypeMeta { api_version, kind } = meta;
        let served = || KINDS.iter().filter(|(own, _)| *own == kind);
        let group = |version: &str| version.rsplit_once('/').map_or("", |(group, _)| group).to_owned();
        if let Some((kind, _)) = served().find(|(_, version)| *version == api_version) {
            return Some(kind);
        }
        if let Some((_, version)) = served().next()
            && (group(version) == group(api_version) || group(api_version) == "extensions")
        {
            let message = format!("`{api_version}` is not served by Kubernetes 1.36 (expected `{version}`)");
            self.error(place, Some(kind.to_owned()), "apiVersion", &message);
            return None;
        }
        self.unused.kind(format!("{kind} ({api_version})"), kind, place);
        None
    }

    /// Reads, defaults, validates and converts one object; `None` with errors.
    pub(super) fn read<T: DeserializeOwned, Read>(
        &mut self,
        (kind, value, place): (&'static str, &Value, &Place<'_, '_>),
        set_defaults: impl Fn(&mut T),
        validate: impl Fn(&T, &mut FieldErrors),
        convert: impl Fn(&T, Timestamp, &mut FieldErrors) -> Read,
    ) -> Option<Read> {
        let name = display_name(kind, value);
        let (mut notes, mut type_errors) = (Notes::default(), Vec::new());
        let read = typed::read::<T>(value, &mut notes, &mut type_errors);
        for error in &type_errors {
            self.error(place, Some(name.clone()), error.path(), error.problem());
        }
        self.unused.fields(kind, &notes, place);
        let mut read = read?;
        let mut errors = FieldErrors::default();
        validate(&read, &mut errors);
        set_defaults(&mut read);
        let object = convert(&read, self.start, &mut errors);
        let errors = errors.into_vec();
        let faultless = errors.is_empty() && type_errors.is_empty();
        for error in errors {
            // A value of the wrong type was taken out: what is missing because of that is no further error.
            if type_errors.iter().any(|own| error.field.starts_with(own.path())) {
                continue;
            }
            self.error(place, Some(name.clone()), &error.field, &error.problem);
        }
        faultless.then_some(object)
    }

    /// Keeps an object unless there is one of the same identity.
    fn add(&mut self, object: Object, place: &Place<'_, '_>) {
        let meta = object.meta();
        let key = (object.kind(), meta.namespace.clone(), meta.name.clone());
        let (line, _) = place.start();
        if let Some((file, first)) = self.seen.get(&key) {
            let name = full_name(object.kind(), &meta.namespace, &meta.name);
            let message = format!("is defined twice (first in {file}:{first})");
            self.diagnostics.push(Diagnostic::error(place.file(), message).at(place.start()).of_object(name));
            return;
        }
        self.seen.insert(key, (place.file(), line));
        self.objects.push(LoadedObject { object, file: place.file(), line });
    }

    /// Notes an error of a field.
    fn error(&mut self, place: &Place<'_, '_>, object: Option<String>, field: &str, message: &str) {
        let position = if field.is_empty() { place.start() } else { place.position(field) };
        let error = Diagnostic::error(place.file(), message).at(position).in_field(field);
        self.diagnostics.push(Diagnostic { object, ..error });
    }
}

/// The object's name for messages, from a document that may be wrong.
fn display_name(kind: &str, value: &Value) -> String {
    let text = |field| value.get("metadata").and_then(|meta| meta.get(field)).and_then(Value::as_str);
    let cluster_scoped = matches!(
        kind,
        "Node" | "Namespace" | "PriorityClass" | "PersistentVolume" | "StorageClass" | "CSINode" | "CSIDriver"
    );
    let namespace = if cluster_scoped {
        ""
    } else {
        text("namespace").unwrap_or(crate::input::kinds::common::meta::DEFAULT_NAMESPACE)
    };
    match text("name") {
        Some(name) => full_name(kind, namespace, name),
        None => kind.to_owned(),
    }
}

/// `Deployment shop/web`, `Node n1`.
fn full_name(kind: &str, namespace: &str, name: &str) -> String {
    if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {namespace}/{name}") }
}

/// Something that has no effect: how often it was seen, and where first.
#[derive(Debug)]
struct Sighting {
    count: usize,
    file: Arc<str>,
    position: (usize, usize),
    field: String,
    hint: Option<String>,
}

/// Sightings by name, in the order of the first one.
#[derive(Debug, Default)]
struct Sightings {
    order: Vec<String>,
    by_name: BTreeMap<String, Sighting>,
}

impl Sightings {
    /// Notes one; the place is looked up for the first one alone.
    fn add(&mut self, name: String, place: &Place<'_, '_>, field: &str, hint: impl FnOnce() -> Option<String>) {
        if let Some(sighting) = self.by_name.get_mut(&name) {
            sighting.count += 1;
            return;
        }
        let position = if field.is_empty() { place.start() } else { place.position(field) };
        let sighting = Sighting { count: 1, file: place.file(), position, field: field.to_owned(), hint: hint() };
        self.order.push(name.clone());
        self.by_name.insert(name, sighting);
    }

    /// All of them.
    fn iter(&self) -> impl Iterator<Item = (&str, &Sighting)> {
        self.order.iter().filter_map(|name| Some((name.as_str(), self.by_name.get(name)?)))
    }
}

/// What was read and has no effect.
#[derive(Debug, Default)]
pub(super) struct Unused {
    kinds: Sightings,
    unknown: Sightings,
    not_simulated: Sightings,
    inside: Sightings,
}

impl Unused {
    /// Notes an object of a kind that is not read.
    fn kind(&mut self, name: String, kind: &str, place: &Place<'_, '_>) {
        self.kinds.add(name, place, "", || {
            similar(kind, KINDS.map(|(own, _)| own)).map(|own| format!("did you mean `{own}`?"))
        });
    }

    /// Notes the keys and fields of an object that have no effect; those of `status` are the server's.
    fn fields(&mut self, kind: &str, notes: &Notes, place: &Place<'_, '_>) {
        let of_status = |path: &str| path == "status" || path.starts_with("status.");
        for key in notes.unknown.iter().filter(|key| !of_status(&key.path)) {
            self.unknown.add(format!("{kind} {}", pattern(&key.path)), place, &key.path, || {
                key.similar.map(|similar| format!("did you mean `{similar}`?"))
            });
        }
        for field in notes.inert.iter().filter(|field| !of_status(&field.path)) {
            let list = match field.why {
                Inert::NotSimulated => &mut self.not_simulated,
                Inert::Inside => &mut self.inside,
            };
            list.add(field.name.clone(), place, &field.path, || None);
        }
    }

    /// Writes the warnings.
    pub(super) fn report(&self, diagnostics: &mut Diagnostics) {
        for (name, seen) in self.kinds.iter() {
            let message = format!("kind {name} is not simulated and has no effect ({})", objects(seen.count));
            diagnostics
                .push(Diagnostic::warning(seen.file.clone(), message).at(seen.position).with_hint(seen.hint.clone()));
        }
        for (_, seen) in self.unknown.iter() {
            let message = format!("is not a field of Kubernetes 1.36 and has no effect{}", times(seen.count));
            diagnostics.push(
                Diagnostic::warning(seen.file.clone(), message)
                    .at(seen.position)
                    .in_field(seen.field.clone())
                    .with_hint(seen.hint.clone()),
            );
        }
        for (_, seen) in self.not_simulated.iter() {
            let message = format!("is not simulated and has no effect{}", times(seen.count));
            diagnostics
                .push(Diagnostic::warning(seen.file.clone(), message).at(seen.position).in_field(seen.field.clone()));
        }
        let inside: Vec<String> =
            self.inside.iter().map(|(name, seen)| format!("{name}{}", times(seen.count))).collect();
        if let Some((_, first)) = self.inside.iter().next() {
            let message =
                format!("these fields bear on nothing that is simulated and have no effect: {}", inside.join(", "));
            diagnostics.push(Diagnostic::warning(first.file.clone(), message).at(first.position));
        }
    }
}

/// `1 object`, `3 objects`.
fn objects(count: usize) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

/// How often, where it is more than once.
fn times(count: usize) -> String {
    if count == 1 { String::new() } else { format!(" ({count} times)") }
}

/// A path with every index replaced, so that the same field of all elements is one.
fn pattern(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('[') {
        pattern.push_str(before);
        let (inside, tail) = after.split_once(']').unwrap_or((after, ""));
        let shown = if inside.chars().all(|c| c.is_ascii_digit()) { "*" } else { inside };
        pattern.push('[');
        pattern.push_str(shown);
        pattern.push(']');
        rest = tail;
    }
    pattern.push_str(rest);
    pattern
}
