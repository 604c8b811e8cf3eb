//! `kubectl apply` and `kubectl patch` in a run: the documents of live objects, and what a manifest or patch makes of them.
//!
//! The cluster keeps of an object what is simulated; kubectl's three-way merge and the API server's patches need the whole
//! of it, and the first also the manifest that was applied last. So the document of each object that an action applies or
//! patches is kept beside the cluster. What changes in the course of a run (replicas, the template of a rollout, taints, a
//! cordon) is read from the cluster when it is needed, and laid over the document. Patches are in [`patch`](self::patch).
//!
//! Known deviations: of an object that no manifest holds (a ReplicaSet or pod that a controller made) only identity,
//! replicas and labels are known, so that a manifest for it replaces the rest. So it does where the manifest is of
//! another version than the one that was applied last (an autoscaler of `autoscaling/v1` and `v2`).

mod patch;

pub use patch::patch_scale;

use super::applied_object::{AppliedObject, ObjectKey, full_name, key_of};
use super::document_fields::set;
use super::node_document;
use crate::api::Object;
use crate::cluster::{self, Cluster, ObjectId, RESTARTED_AT, TemplateId};
use crate::input::kinds::table::Descriptor;
use crate::patch as patches;
use crate::patch::last_applied;
use crate::units::SimTime;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The documents of the objects that actions apply.
#[derive(Debug)]
pub struct LiveDocuments {
    /// The calendar time of the scenario's start.
    start: Timestamp,
    documents: BTreeMap<ObjectKey, LiveDocument>,
}

/// The document of one object.
#[derive(Clone, Debug, Default)]
struct LiveDocument {
    /// As the last apply left it, with that manifest as its annotation.
    fields: Map<String, Value>,
    /// Each pod template that the object has had, by what admission made of it: a rollout can go back to it.
    templates: BTreeMap<TemplateId, Value>,
}

/// What came of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// The object was created, or a patch was sent that changes it.
    Sent,
    /// Nothing changes.
    Unchanged,
    /// No patch could be made, or the API server refuses the object that results.
    Refused(Refusal),
}

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The API server's status code; `None` where kubectl did not ask it.
    pub code: Option<u16>,
    /// Why.
    pub message: String,
}

impl Refusal {
    /// The API server finds the object invalid.
    const fn invalid(message: String) -> Self {
        Self { code: Some(422), message }
    }

    /// kubectl cannot make a patch.
    const fn of_kubectl(message: String) -> Self {
        Self { code: None, message }
    }
}

impl From<cluster::Refusal> for Refusal {
    fn from(refusal: cluster::Refusal) -> Self {
        Self { code: Some(refusal.code), message: refusal.message }
    }
}

/// What a manifest or patch makes of a live object.
struct Merged {
    fields: Map<String, Value>,
    object: Object,
    /// The object does not change, but for what is not simulated.
    is_same: bool,
}

impl LiveDocuments {
    /// The documents that there are at the start.
    pub fn new(documents: &BTreeMap<ObjectKey, Map<String, Value>>, start: Timestamp) -> Self {
        let live = |fields: &Map<String, Value>| LiveDocument { fields: fields.clone(), ..LiveDocument::default() };
        let documents = documents.iter().map(|(key, fields)| (key.clone(), live(fields))).collect();
        Self { start, documents }
    }

    /// Notes the templates of the objects that the cluster has at the start.
    pub fn start(&mut self, cluster: &mut Cluster) {
        for (key, document) in &mut self.documents {
            document.note_template(key, cluster);
        }
    }

    /// Applies a manifest as kubectl does. Adds to the remarks what kubectl warns of, and what is not simulated.
    pub fn apply(
        &mut self,
        applied: &AppliedObject,
        cluster: &mut Cluster,
        now: SimTime,
        remarks: &mut Vec<String>,
    ) -> Written {
        let key = key_of(&applied.object);
        if !self.exists(&key, cluster) {
            match cluster.apply_object(&applied.object, now) {
                Ok(remark) => remarks.extend(remark),
                Err(refusal) => return Written::Refused(refusal.into()),
            }
            let fields = last_applied::annotated(&applied.manifest);
            let mut document = LiveDocument { fields, ..LiveDocument::default() };
            document.note_template(&key, cluster);
            self.documents.insert(key, document);
            return Written::Sent;
        }
        match self.merge(&key, applied, cluster, remarks) {
            Ok(None) => Written::Unchanged,
            Ok(Some(merged)) => match self.store(&key, merged, cluster, now, remarks) {
                Ok(()) => Written::Sent,
                Err(refusal) => Written::Refused(refusal),
            },
            Err(problem) => Written::Refused(problem),
        }
    }

    /// Notes that the rollout of an object was restarted, which gave it another template.
    pub fn note_restart(&mut self, key: &ObjectKey, templates: [Option<TemplateId>; 2], at: &str) {
        let [Some(before), Some(after)] = templates else { return };
        let Some(document) = self.documents.get_mut(key) else { return };
        let Some(template) = document.templates.get(&before) else { return };
        let mut template = template.clone();
        set(&mut template, &["metadata", "annotations", RESTARTED_AT], at.into());
        document.templates.insert(after, template);
    }

    /// Writes what a manifest or patch has made of an object.
    fn store(
        &mut self,
        key: &ObjectKey,
        merged: Merged,
        cluster: &mut Cluster,
        now: SimTime,
        remarks: &mut Vec<String>,
    ) -> Result<(), Refusal> {
        if !merged.is_same {
            remarks.extend(cluster.apply_object(&merged.object, now)?);
        }
        let document = self.documents.entry(key.clone()).or_default();
        document.fields = merged.fields;
        document.note_template(key, cluster);
        Ok(())
    }

    fn exists(&self, key: &ObjectKey, cluster: &mut Cluster) -> bool {
        let (kind, namespace, name) = key;
        // An object of a kind that no client can name is never deleted.
        let can_be_deleted = crate::api::Kind::from_word(kind.as_str()).is_some();
        if *kind == crate::api::Kind::Namespace {
            // One that is merely used has no document.
            self.documents.contains_key(key) && cluster.find_object(*kind, namespace, name).is_some()
        } else if can_be_deleted {
            cluster.find_object(*kind, namespace, name).is_some()
        } else {
            self.documents.contains_key(key)
        }
    }

    /// What the manifest makes of the live object: nothing if it is unchanged, or why it cannot be applied.
    fn merge(
        &self,
        key: &ObjectKey,
        AppliedObject { object, manifest }: &AppliedObject,
        cluster: &mut Cluster,
        remarks: &mut Vec<String>,
    ) -> Result<Option<Merged>, Refusal> {
        let version = manifest.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        let Some(kind) = Descriptor::named(version, key.0.as_str()) else {
            return Err(Refusal::of_kubectl(format!("`{version}` is no version of {}", key.0.as_str())));
        };
        let id = cluster.find_object(key.0, &key.1, &key.2);
        let live = self.live_fields(key, id, version, kind, cluster);
        if last_applied::of(&live).is_ok_and(|original| original.is_empty()) {
            remarks.push(format!(
                "{} lacks the annotation {}: what its manifest does not state stays as it is",
                full_name(object),
                last_applied::ANNOTATION
            ));
        }
        let applied = patches::apply(&live, manifest, true).map_err(|error| Refusal::of_kubectl(error.to_string()))?;
        if applied.patch.is_empty() {
            return Ok(None);
        }
        self.read(live, applied.result, id, kind, cluster).map(Some)
    }

    /// Reads what a manifest or patch has made of the live object, as the API server validates it.
    fn read(
        &self,
        live: Map<String, Value>,
        result: Map<String, Value>,
        id: Option<ObjectId>,
        kind: &Descriptor<Object>,
        cluster: &Cluster,
    ) -> Result<Merged, Refusal> {
        let result = Value::from(result);
        let reading = kind.read(&result, self.start);
        if let Some(error) = reading.errors.first() {
            return Err(Refusal::invalid(format!("{}: {}", error.field, error.problem)));
        }
        let (Some(mut object), Value::Object(fields)) = (reading.object, result) else {
            return Err(Refusal::invalid("the result is no object of the kind".to_owned()));
        };
        let mut before = kind.read(&live.into(), self.start).object;
        if let Some(ObjectId::Node(id)) = id {
            let taints = &cluster.node(id).object.taints;
            for object in before.iter_mut().chain([&mut object]) {
                node_document::keep_times(object, taints);
            }
        }
        if let Some(field) = before.as_ref().and_then(|before| before.forbidden_change(&object)) {
            return Err(Refusal::invalid(format!("{}: {}", field.field, field.message)));
        }
        let is_same = before.as_ref() == Some(&object);
        Ok(Merged { fields, object, is_same })
    }

    /// The live object as the API server would show it.
    fn live_fields(
        &self,
        key: &ObjectKey,
        id: Option<ObjectId>,
        version: &str,
        kind: &Descriptor<Object>,
        cluster: &Cluster,
    ) -> Map<String, Value> {
        let document = self.documents.get(key);
        let stored =
            document.filter(|document| document.fields.get("apiVersion").is_some_and(|stored| stored == version));
        let mut live = match stored {
            Some(document) => {
                let fields = Value::from(document.fields.clone());
                kind.with_defaults(&fields).unwrap_or(fields)
            }
            None => identity(key, version),
        };
        let Some(id) = id else { return into_map(live) };
        if let Some(scale) = cluster.scale_of(id) {
            set(&mut live, &["spec", "replicas"], scale.spec_replicas.into());
        }
        let template = cluster.rollout_template_of(id);
        if let Some(template) = template.and_then(|template| stored?.templates.get(&template)) {
            set(&mut live, &["spec", "template"], template.clone());
        }
        if let ObjectId::Node(id) = id {
            let node = &cluster.node(id).object;
            if stored.is_none() {
                node_document::set_all(&mut live, node);
            }
            node_document::set_changing(&mut live, node);
        }
        set_binding(&mut live, id, cluster);
        into_map(live)
    }
}

/// Sets what binding has written: the claim of a volume, the volume of a claim.
fn set_binding(document: &mut Value, id: ObjectId, cluster: &Cluster) {
    match id {
        ObjectId::PersistentVolume(id) => match &cluster.storage().volume(id).claim {
            Some(claim) => {
                let mut reference = json!({
                    "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                    "namespace": claim.namespace.as_str(), "name": claim.name.as_str(),
                });
                if !claim.uid.is_empty() {
                    reference["uid"] = claim.uid.as_str().into();
                }
                set(document, &["spec", "claimRef"], reference);
            }
            None => {
                document["spec"].as_object_mut().map(|spec| spec.shift_remove("claimRef"));
            }
        },
        ObjectId::PersistentVolumeClaim(id) => {
            let claim = cluster.storage().claim(id);
            if claim.is_bound() {
                set(document, &["spec", "volumeName"], claim.object.volume_name.as_str().into());
            }
        }
        _ => {}
    }
}

impl LiveDocument {
    /// Notes which template the cluster made of the one that the document states.
    fn note_template(&mut self, key: &ObjectKey, cluster: &mut Cluster) {
        let object = cluster.find_object(key.0, &key.1, &key.2);
        let id = object.and_then(|object| cluster.rollout_template_of(object));
        let template = self.fields.get("spec").and_then(|spec| spec.get("template"));
        if let (Some(id), Some(template)) = (id, template) {
            self.templates.insert(id, template.clone());
        }
    }
}

/// A document with nothing but its identity.
fn identity((kind, namespace, name): &ObjectKey, version: &str) -> Value {
    let mut document = Value::default();
    set(&mut document, &["apiVersion"], version.into());
    set(&mut document, &["kind"], kind.as_str().into());
    set(&mut document, &["metadata", "name"], name.as_str().into());
    if !namespace.is_empty() {
        set(&mut document, &["metadata", "namespace"], namespace.as_str().into());
    }
    document
}

fn into_map(document: Value) -> Map<String, Value> {
    match document {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
