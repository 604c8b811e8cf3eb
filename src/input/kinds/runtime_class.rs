//! RuntimeClasses.

use super::common::pod_validation::validate_tolerations;
use super::common::scheduling::convert_tolerations;
use super::common::validation::{Naming, dns_label, labels, object_meta, quantities};
use super::common::{meta, resources};
use super::kind::Kind;
use crate::api::{self, Object};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::node::v1 as node;

/// `RuntimeClass` of `node.k8s.io/v1`.
pub struct RuntimeClass;

impl Kind for RuntimeClass {
    type Plain = node::RuntimeClass;
    type Converted = Object;
    const KIND: &'static str = "RuntimeClass";
    const VERSIONS: &'static [&'static str] = &["node.k8s.io/v1"];
    const NAMING: Naming = Naming::Cluster;

    /// Checks what the API server checks (`ValidateRuntimeClass`, Kubernetes 1.36).
    fn validate(class: &node::RuntimeClass, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&class.metadata, Self::NAMING, root.key("metadata"), errors);
        dns_label(&class.handler, root.key("handler"), errors);
        if let Some(overhead) = &class.overhead {
            let path = root.key("overhead");
            quantities(overhead.pod_fixed.as_ref(), path.key("podFixed"), errors);
        }
        if let Some(scheduling) = &class.scheduling {
            let path = root.key("scheduling");
            labels(scheduling.node_selector.as_ref(), path.key("nodeSelector"), errors);
            let tolerations = scheduling.tolerations.as_deref().unwrap_or_default();
            validate_tolerations(tolerations, path.key("tolerations"), errors);
        }
    }

    /// Converts a RuntimeClass. Which handler of the container runtime starts the containers is the node's business.
    fn convert(class: &node::RuntimeClass, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        let (overhead_path, scheduling_path) = (root.key("overhead"), root.key("scheduling"));
        let overhead = class.overhead.as_ref();
        let scheduling = class.scheduling.as_ref();
        let tolerations = scheduling.and_then(|scheduling| scheduling.tolerations.as_deref()).unwrap_or_default();
        Object::RuntimeClass(api::RuntimeClass {
            meta: meta::convert_cluster_scoped(&class.metadata, start),
            overhead: overhead
                .map(|overhead| resources::convert(overhead.pod_fixed.as_ref(), overhead_path.key("podFixed"), errors)),
            node_selector: meta::labels(scheduling.and_then(|scheduling| scheduling.node_selector.as_ref())),
            tolerations: convert_tolerations(tolerations, scheduling_path.key("tolerations"), errors),
        })
    }
}
