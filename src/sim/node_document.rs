//! A node of the cluster as a document.

use super::document_fields::set;
use crate::api::{Labels, Name, Node, Object, ResourceList, Taint};
use serde_json::{Map, Value, json};

/// Sets what changes while a node is there: whether it is cordoned, and its taints. The times of taints are left out,
/// [`keep_times`] brings them back.
pub fn set_changing(document: &mut Value, node: &Node) {
    let taint = |taint: &Taint| {
        let mut fields = json!({"key": taint.key.as_str(), "effect": taint.effect.as_str()});
        if !taint.value.is_empty() {
            fields["value"] = taint.value.as_str().into();
        }
        fields
    };
    let taints: Vec<Value> = node.taints.iter().map(taint).collect();
    set(document, &["spec", "taints"], taints.into());
    set(document, &["spec", "unschedulable"], node.unschedulable.into());
}

/// Sets the rest of what is known of a node that no manifest describes, one of a pool.
pub fn set_all(document: &mut Value, node: &Node) {
    set(document, &["metadata", "labels"], labels(&node.meta.labels));
    set(document, &["metadata", "annotations"], labels(&node.meta.annotations));
    set(document, &["status", "capacity"], resources(&node.capacity));
    set(document, &["status", "allocatable"], resources(&node.allocatable));
    let images = node.images.iter().map(|image| {
        let names: Vec<&str> = image.names.iter().map(Name::as_str).collect();
        json!({"names": names, "sizeBytes": image.size_bytes})
    });
    set(document, &["status", "images"], images.collect());
    let features: Vec<&str> = node.declared_features.iter().map(Name::as_str).collect();
    set(document, &["status", "declaredFeatures"], features.into());
}

/// Gives the taints of an object that is a node the times at which `existing` ones of their key and effect were added.
pub fn keep_times(object: &mut Object, existing: &[Taint]) {
    let Object::Node(node) = object else { return };
    for taint in &mut node.taints {
        let same = existing.iter().find(|existing| existing.key == taint.key && existing.effect == taint.effect);
        taint.time_added = same.map_or(taint.time_added, |same| same.time_added);
    }
}

fn labels(labels: &Labels) -> Value {
    let pairs = labels.iter().map(|(key, value)| (key.to_string(), Value::from(value.as_str())));
    Value::Object(pairs.collect())
}

fn resources(list: &ResourceList) -> Value {
    let mut amounts = Map::new();
    let mut add = |name: &str, amount: Option<String>| {
        amounts.extend(amount.map(|amount| (name.to_owned(), Value::from(amount))));
    };
    add("cpu", list.cpu.map(|cpu| format!("{}m", cpu.get())));
    add("memory", list.memory.map(|memory| memory.get().to_string()));
    add("ephemeral-storage", list.ephemeral_storage.map(|storage| storage.get().to_string()));
    add("pods", list.pods.map(|pods| pods.to_string()));
    for (name, amount) in list.scalar.iter() {
        add(name, Some(amount.to_string()));
    }
    amounts.into()
}
