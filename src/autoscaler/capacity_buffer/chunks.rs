//! What a chunk of a buffer is in an autoscaler's simulation: a pod that does not exist.

use super::BufferRules;
use crate::api::{Name, PodTemplate, VolumeSource};
use crate::cluster::CapacityBuffer;

/// Says in the Cluster Autoscaler that a pod is a chunk (`pkg/processors/capacitybuffer/pod_list_processor.go`).
const POD_TYPE: (&str, &str) = ("podType", "capacityBufferFakePod");
/// Lets the Cluster Autoscaler remove the node of a chunk whose place is elsewhere.
const SAFE_TO_EVICT: (&str, &str) = ("cluster-autoscaler.kubernetes.io/safe-to-evict", "true");
/// Labels of a chunk in Karpenter (`pkg/apis/autoscaling/v1beta1/constants.go`).
const BUFFER_NAME: &str = "karpenter.sh/capacity-buffer-name";
const BUFFER_NAMESPACE: &str = "karpenter.sh/capacity-buffer-namespace";
/// Says in Karpenter that a pod is a chunk.
const FAKE_POD: (&str, &str) = ("karpenter.sh/capacity-buffer-fake-pod", "true");
/// The priority of a chunk in Karpenter (`VirtualPodPriority`): every pod comes first.
const VIRTUAL_POD_PRIORITY: i32 = i32::MIN;

/// The chunks that a buffer keeps room for, by name, all of one template; none while its status does not say.
pub fn chunks(buffer: &CapacityBuffer, rules: BufferRules) -> Option<(PodTemplate, Vec<Name>)> {
    let status = buffer.status.as_ref().filter(|status| status.is_ready())?;
    let (template, replicas) = status.template.as_ref().zip(status.replicas.filter(|replicas| *replicas > 0))?;
    let meta = &buffer.object.meta;
    let names = (1..=replicas).map(|number| Name::from(format!("capacity-buffer-{}-{number}", meta.name)));
    Some((chunk_template(template, &meta.namespace, &meta.name, rules), names.collect()))
}

fn chunk_template(template: &PodTemplate, namespace: &str, name: &str, rules: BufferRules) -> PodTemplate {
    let mut chunk = template.clone();
    match rules {
        BufferRules::ClusterAutoscaler => {
            let marked = chunk.annotations.with(POD_TYPE.0, POD_TYPE.1);
            chunk.annotations = marked.with(SAFE_TO_EVICT.0, SAFE_TO_EVICT.1);
        }
        BufferRules::Karpenter => {
            chunk.labels = [(BUFFER_NAME, name), (BUFFER_NAMESPACE, namespace)].into_iter().collect();
            chunk.annotations = [FAKE_POD].into_iter().collect();
            chunk.spec.priority = VIRTUAL_POD_PRIORITY;
            let needs_claim = |source: &VolumeSource| {
                matches!(
                    source,
                    VolumeSource::PersistentVolumeClaim(_) | VolumeSource::ClaimTemplate | VolumeSource::Ephemeral
                )
            };
            chunk.spec.volumes.retain(|volume| !needs_claim(&volume.source));
        }
    }
    chunk
}
