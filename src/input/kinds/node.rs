//! Nodes.

use super::common::scheduling::convert_taints;
use super::common::validation::{Naming, label_value, object_meta, qualified_name, quantities};
use super::common::value::names;
use super::common::{meta, resources};
use super::kind::Kind;
use crate::api::{self, ContainerImage, Name, Object};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use std::collections::BTreeSet;

/// `Node` of `v1`.
pub struct Node;

impl Kind for Node {
    type Plain = core::Node;
    type Converted = Object;
    const KIND: &'static str = "Node";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMING: Naming = Naming::Cluster;
    const INERT: &'static [InertFields] = &[InertFields {
        inside: &["externalID", "podCIDR", "podCIDRs", "providerID"],
        not_simulated: &["configSource"],
        ..InertFields::of("NodeSpec")
    }];

    /// Fills in what the API server fills in: without `allocatable`, the whole capacity is (`SetDefaults_NodeStatus`).
    fn set_defaults(node: &mut core::Node) {
        if let Some(status) = &mut node.status
            && status.allocatable.is_none()
        {
            status.allocatable.clone_from(&status.capacity);
        }
    }

    /// Checks what the API server checks (`ValidateNode`, Kubernetes 1.36).
    fn validate(node: &core::Node, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let spec_path = root.key("spec");
        let status_path = root.key("status");
        object_meta(&node.metadata, Self::NAMING, root.key("metadata"), errors);
        let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
        let taints_path = spec_path.key("taints");
        let mut seen = BTreeSet::new();
        for (index, taint) in taints.iter().enumerate() {
            let item_path = taints_path.index(index);
            qualified_name(&taint.key, item_path.key("key"), errors);
            label_value(taint.value.as_deref().unwrap_or_default(), item_path.key("value"), errors);
            if !seen.insert((&taint.key, &taint.effect)) {
                errors.push(
                    item_path,
                    format_args!("{}:{} is given twice (expected distinct keys and effects)", taint.key, taint.effect),
                );
            }
        }
        if let Some(status) = &node.status {
            quantities(status.capacity.as_ref(), status_path.key("capacity"), errors);
            quantities(status.allocatable.as_ref(), status_path.key("allocatable"), errors);
        }
    }

    fn convert(node: &core::Node, start: Timestamp, errors: &mut FieldErrors) -> Object {
        Object::Node(convert(node, start, errors))
    }
}

/// Converts a node. Times are relative to `start`. Errors name values that cannot be represented.
pub fn convert(node: &core::Node, start: Timestamp, errors: &mut FieldErrors) -> api::Node {
    let root = FieldPath::Root;
    let spec_path = root.key("spec");
    let status_path = root.key("status");
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let status = node.status.as_ref();
    let images = status.and_then(|status| status.images.as_ref()).into_iter().flatten();
    let capacity = status.and_then(|status| status.capacity.as_ref());
    let allocatable = status.and_then(|status| status.allocatable.as_ref());
    api::Node {
        meta: meta::convert_cluster_scoped(&node.metadata, start),
        taints: convert_taints(taints, start, spec_path.key("taints"), errors),
        unschedulable: node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true),
        capacity: resources::convert(capacity, status_path.key("capacity"), errors),
        allocatable: resources::convert(allocatable, status_path.key("allocatable"), errors),
        images: images
            .map(|image| ContainerImage {
                names: image.names.iter().flatten().map(|name| Name::from(name.as_str())).collect(),
                size_bytes: image.size_bytes.unwrap_or(0),
            })
            .collect(),
        declared_features: names(status.and_then(|status| status.declared_features.as_ref())),
    }
}
