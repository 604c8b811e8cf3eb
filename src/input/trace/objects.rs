//! Pods and nodes of a trace as API objects.

use super::{GPU_PRODUCT_LABEL, GPU_RESOURCE, Lifetime, TraceNode, TracePod};
use crate::api::{
    Affinity, Container, Labels, Node, NodeAffinity, NodeSelector, NodeSelectorOperator, NodeSelectorRequirement,
    NodeSelectorTerm, ObjectMeta, PodSpec, PodTemplate, ResourceList, RestartPolicy, SimulationHints, well_known,
};
use crate::input::scenario::MAX_PODS;
use crate::units::{Bytes, MilliCpu};

/// An amount of GPUs as scalar resources.
fn gpu_list(gpus: i64) -> Vec<(crate::api::ResourceName, i64)> {
    if gpus > 0 { vec![(GPU_RESOURCE.into(), gpus)] } else { Vec::new() }
}

impl TracePod {
    /// The pod's template: one container `main` with the requests (GPUs are limits too, as extended resources must be),
    /// required node affinity to the GPU models, `restartPolicy: Never` for a pod that ends by itself. What admission adds
    /// (tolerations) is not in it.
    #[must_use]
    pub fn template(&self) -> PodTemplate {
        let positive_cpu = Some(self.cpu).filter(|cpu| *cpu > MilliCpu::ZERO);
        let positive_memory = Some(self.memory).filter(|memory| *memory > Bytes::ZERO);
        let container = Container {
            name: "main".into(),
            requests: ResourceList {
                cpu: positive_cpu,
                memory: positive_memory,
                scalar: gpu_list(self.gpus).into(),
                ..ResourceList::default()
            },
            limits: ResourceList { scalar: gpu_list(self.gpus).into(), ..ResourceList::default() },
            ..Container::default()
        };
        let affinity = (!self.gpu_models.is_empty()).then(|| {
            let requirement = NodeSelectorRequirement {
                key: GPU_PRODUCT_LABEL.into(),
                operator: NodeSelectorOperator::In,
                values: self.gpu_models.clone(),
            };
            let term = NodeSelectorTerm { match_expressions: vec![requirement], match_fields: Vec::new() };
            let node = NodeAffinity { required: Some(NodeSelector { terms: vec![term] }), preferred: Vec::new() };
            Box::new(Affinity { node: Some(node), ..Affinity::default() })
        });
        let (run_for, restart_policy) = match self.lifetime {
            Some(Lifetime::RunsFor(span)) => (Some(span), RestartPolicy::Never),
            Some(Lifetime::DeletedAt(_)) | None => (None, RestartPolicy::Always),
        };
        PodTemplate {
            labels: self.labels.iter().cloned().collect(),
            annotations: Labels::default(),
            spec: PodSpec {
                containers: vec![container],
                affinity,
                priority: self.priority,
                restart_policy,
                ..PodSpec::default()
            },
            hints: SimulationHints { run_for, ..SimulationHints::default() },
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimDuration;

    #[test]
    fn gpu_pods_accept_their_models_only() {
        let pod = TracePod {
            name: "p".to_owned(),
            cpu: MilliCpu::new(500),
            gpus: 2,
            gpu_models: vec!["T4".into(), "P100".into()],
            lifetime: Some(Lifetime::RunsFor(SimDuration::from_secs(5))),
            ..TracePod::default()
        };
        let template = pod.template();
        let requests = &template.spec.containers[0].requests;
        assert_eq!(
            (requests.cpu, requests.memory, requests.scalar(GPU_RESOURCE)),
            (Some(MilliCpu::new(500)), None, Some(2))
        );
        assert_eq!(
            (template.spec.restart_policy, template.hints.run_for),
            (RestartPolicy::Never, Some(SimDuration::from_secs(5)))
        );
        let affinity = template.spec.required_node_affinity().unwrap();
        for (model, expected) in [(Some("T4"), true), (Some("A10"), false), (None, false)] {
            let node =
                TraceNode { name: "n".to_owned(), gpu_model: model.map(Into::into), ..TraceNode::default() }.node();
            assert_eq!(affinity.matches(&node.meta.name, &node.meta.labels), expected, "{model:?}");
        }
    }

    #[test]
    fn pods_without_gpu_go_anywhere() {
        let template = TracePod { lifetime: None, ..TracePod::default() }.template();
        assert!(template.spec.affinity.is_none() && template.spec.containers[0].requests.is_empty());
        assert_eq!(template.spec.restart_policy, RestartPolicy::Always);
    }
}
