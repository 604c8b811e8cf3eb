//! Nodes of a trace as API objects.

use super::gpu::{GPU_PRODUCT_LABEL, gpu_list};
use super::rows::TraceNode;
use crate::api::{Labels, Node, ObjectMeta, ResourceList, well_known};
use crate::input::scenario::MAX_PODS;

impl TraceNode {
    /// The node as the kubelet would register it: host name, zone and GPU model as labels, everything allocatable, and
    /// kubelet's default of pods.
    #[must_use]
    pub fn node(&self) -> Node {
        let mut labels = Labels::default().with(well_known::HOSTNAME, &self.name);
        if let Some(zone) = &self.zone {
            labels = labels.with(well_known::ZONE, zone);
        }
        if let Some(model) = &self.gpu_model {
            labels = labels.with(GPU_PRODUCT_LABEL, model);
        }
        let capacity = ResourceList {
            cpu: Some(self.cpu),
            memory: Some(self.memory),
            pods: Some(MAX_PODS.into()),
            scalar: gpu_list(self.gpus).into(),
            ..ResourceList::default()
        };
        Node {
            meta: ObjectMeta { name: self.name.as_str().into(), labels, ..ObjectMeta::default() },
            allocatable: capacity.clone(),
            capacity,
            ..Node::default()
        }
    }
}
