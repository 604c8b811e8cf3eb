//! What pods of a trace that look alike have in common. A trace has few shapes and many pods: a shape is read once and
//! has one template, however many pods there are.

use super::gpu::{GPU_PRODUCT_LABEL, gpu_list};
use crate::api::{
    Affinity, Container, Labels, Name, NodeAffinity, NodeSelector, NodeSelectorOperator, NodeSelectorRequirement,
    NodeSelectorTerm, PodSpec, PodTemplate, ResourceList, RestartPolicy, SimulationHints,
};
use crate::units::{Bytes, MilliCpu};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What pods of a trace that look alike have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodShape {
    /// Namespace, where the trace has one.
    pub namespace: Option<Name>,
    /// CPU request.
    pub cpu: MilliCpu,
    /// Memory request.
    pub memory: Bytes,
    /// Whole GPUs ([`GPU_RESOURCE`](super::GPU_RESOURCE)).
    pub gpus: i64,
    /// The pod asked for a share of a GPU in the trace, which became a whole one.
    pub shared_gpu: bool,
    /// GPU models that it accepts (node label [`GPU_PRODUCT_LABEL`]); empty accepts every model.
    pub gpu_models: Vec<Name>,
    /// `spec.priority`; 0 unless the trace says otherwise.
    pub priority: i32,
    /// Labels: what the trace says of the pod.
    pub labels: Vec<(Name, Name)>,
    /// Whether its containers end by themselves: the trace says how long they run.
    pub ends_by_itself: bool,
    /// The template that follows from all this, shared by all pods of the shape.
    pub template: Arc<PodTemplate>,
}

impl PodShape {
    /// The template: one container `main` with the requests (GPUs are limits too, as extended resources must be), required
    /// node affinity to the GPU models, `restartPolicy: Never` for a pod that ends by itself. What admission adds
    /// (tolerations) is not in it, nor how long the containers run, which differs by pod.
    fn make_template(&self) -> PodTemplate {
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
        PodTemplate {
            labels: self.labels.iter().cloned().collect(),
            annotations: Labels::default(),
            spec: PodSpec {
                containers: vec![container],
                affinity,
                priority: self.priority,
                restart_policy: if self.ends_by_itself { RestartPolicy::Never } else { RestartPolicy::Always },
                ..PodSpec::default()
            },
            hints: SimulationHints::default(),
        }
    }
}

/// The shapes of a trace by the text that they were read from.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    /// Only looked up, never iterated.
    by_text: FxHashMap<Box<[u8]>, Arc<PodShape>>,
    /// The texts of the current row, each after its length; kept for its storage.
    key: Vec<u8>,
}

impl Shapes {
    /// The shape of a row whose columns that make a shape have these `texts`; `read` reads it where it is new. Its
    /// template is filled in here.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn of<'a, E>(
        &mut self,
        texts: impl Iterator<Item = &'a str>,
        read: impl FnOnce() -> Result<PodShape, E>,
    ) -> Result<Arc<PodShape>, E> {
        self.key.clear();
        for text in texts {
            self.key.extend_from_slice(&text.len().to_le_bytes());
            self.key.extend_from_slice(text.as_bytes());
        }
        if let Some(shape) = self.by_text.get(self.key.as_slice()) {
            return Ok(Arc::clone(shape));
        }
        let mut shape = read()?;
        shape.template = Arc::new(shape.make_template());
        let shape = Arc::new(shape);
        self.by_text.insert(Box::from(self.key.as_slice()), Arc::clone(&shape));
        Ok(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::trace::{GPU_RESOURCE, TraceNode};

    #[test]
    fn gpu_pods_accept_their_models_only() {
        let shape = PodShape {
            cpu: MilliCpu::new(500),
            gpus: 2,
            gpu_models: vec!["T4".into(), "P100".into()],
            ends_by_itself: true,
            ..PodShape::default()
        };
        let template = shape.make_template();
        let requests = &template.spec.containers[0].requests;
        assert_eq!(
            (requests.cpu, requests.memory, requests.scalar(GPU_RESOURCE)),
            (Some(MilliCpu::new(500)), None, Some(2))
        );
        assert_eq!((template.spec.restart_policy, template.hints.run_for), (RestartPolicy::Never, None));
        let affinity = template.spec.required_node_affinity().unwrap();
        for (model, expected) in [(Some("T4"), true), (Some("A10"), false), (None, false)] {
            let node =
                TraceNode { name: "n".to_owned(), gpu_model: model.map(Into::into), ..TraceNode::default() }.node();
            assert_eq!(affinity.matches(&node.meta.name, &node.meta.labels), expected, "{model:?}");
        }
    }

    #[test]
    fn pods_without_gpu_go_anywhere() {
        let template = PodShape::default().make_template();
        assert!(template.spec.affinity.is_none() && template.spec.containers[0].requests.is_empty());
        assert_eq!(template.spec.restart_policy, RestartPolicy::Always);
    }

    #[test]
    fn rows_of_one_text_share_a_shape_and_a_wrong_one_is_not_kept() {
        let mut shapes = Shapes::default();
        let mut read = 0;
        let mut shape = |texts: [&str; 2], priority| {
            shapes.of(texts.into_iter(), || {
                read += 1;
                if priority < 0 { Err(priority) } else { Ok(PodShape { priority, ..PodShape::default() }) }
            })
        };
        let first = shape(["1", "a"], 1).unwrap();
        assert!(Arc::ptr_eq(&first, &shape(["1", "a"], 2).unwrap()), "known: not read again");
        assert_eq!(shape(["1a", ""], 3).unwrap().priority, 3, "columns do not run into each other");
        assert_eq!(shape(["x", ""], -1), Err(-1));
        assert_eq!(shape(["x", ""], 4).unwrap().priority, 4);
        assert_eq!(first.template.spec.priority, 1);
        assert_eq!(read, 4);
    }
}
