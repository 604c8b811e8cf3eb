//! What machines and the decisions of their autoscalers look like in the records.

use crate::api::Name;
use crate::api::karpenter::keys;
use crate::cluster::{AutoscalerDecision, Cluster, Instance, InstanceId};
use crate::record::{DecisionRecord, InstanceRecord};
use crate::units::SimTime;

/// The lives of all machines.
pub fn instance_records(cluster: &Cluster) -> Vec<InstanceRecord> {
    let record = |(_, instance): (InstanceId, &Instance)| {
        let (request, choice) = (&instance.request, instance.choice());
        let deletion = instance.deletion.as_ref();
        InstanceRecord {
            name: choice.node.meta.name.clone(),
            node: instance.node.and_then(|node| u32::try_from(node.index()).ok()),
            pool: pool_of(instance, cluster),
            node_claim: request.node_claim.clone().unwrap_or_default(),
            instance_type: choice.instance_type.clone(),
            zone: choice.zone.clone(),
            capacity_type: choice.capacity_type.as_str(),
            price_per_hour: choice.price,
            created_by: request.origin.as_str(),
            created_reason: request.reason.clone(),
            requested: instance.requested,
            launched: instance.launched,
            registered: instance.registered,
            ready: instance.ready,
            failure: instance.failure.as_ref().map(|(_, failure)| Name::from(failure.code())).unwrap_or_default(),
            failed: instance.failure.as_ref().map(|(at, _)| *at),
            interrupted: instance.interrupted,
            deleted_by: deletion.map_or("", |deletion| deletion.origin.as_str()),
            deleted_reason: deletion.map(|deletion| deletion.reason.clone()).unwrap_or_default(),
            deletion_requested: deletion.map(|deletion| deletion.asked),
            gone: deletion.and_then(|deletion| deletion.done),
        }
    };
    cluster.instances().map(record).collect()
}

/// The name of the pool that a machine belongs to: its group, or Karpenter's NodePool.
fn pool_of(instance: &Instance, cluster: &Cluster) -> Name {
    match instance.request.group {
        Some(group) => cluster.node_group(group).name.clone(),
        None => instance.choice().node.meta.labels.get(keys::NODE_POOL).cloned().unwrap_or_default(),
    }
}

/// A decision of an autoscaler at an instant.
pub fn decision_record(decision: AutoscalerDecision, at: SimTime) -> DecisionRecord {
    let AutoscalerDecision { autoscaler, namespace, name, target, decision, inputs, limited_by, sizes } = decision;
    DecisionRecord { at, autoscaler, namespace, name, target, decision, inputs, limited_by, sizes }
}
