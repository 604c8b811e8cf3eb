//! Objects of Karpenter and KEDA.

use crate::api::{CrossVersionObjectReference, Kind, Name, Object, ObjectMeta, ResourceList, karpenter, keda};
use crate::units::{Bytes, SimDuration};

/// One of each type, in two forms. `meta` is the identity of an object of this kind and name.
pub fn custom_objects(is_second: bool, meta: fn(Kind, &str) -> ObjectMeta) -> Vec<Object> {
    let number = i32::from(is_second);
    vec![
        Object::NodePool(Box::new(karpenter::NodePool {
            meta: meta(Kind::NodePool, "p"),
            template: karpenter::NodeClaimTemplate::default(),
            disruption: karpenter::DisruptionSpec::default(),
            limits: ResourceList::default(),
            weight: number,
            replicas: None,
            is_not_ready: false,
        })),
        Object::NodeClaim(Box::new(karpenter::NodeClaim {
            meta: meta(Kind::NodeClaim, "c"),
            spec: karpenter::NodeClaimSpec::default(),
            status: karpenter::NodeClaimStatus {
                node_name: is_second.then(|| "n".into()),
                ..karpenter::NodeClaimStatus::default()
            },
        })),
        Object::NodeClass(Box::new(karpenter::NodeClass {
            kind: Kind::Ec2NodeClass,
            meta: meta(Kind::Ec2NodeClass, "c"),
            root_volume: Some(Bytes::new(i64::from(number))),
            kubelet: karpenter::KubeletConfiguration::default(),
        })),
        Object::ScaledObject(Box::new(keda::ScaledObject {
            meta: meta(Kind::ScaledObject, "o"),
            target: CrossVersionObjectReference { kind: "Deployment".into(), name: "d".into() },
            target_version: "apps/v1".into(),
            spec: keda::ScaledObjectSpec {
                polling_interval: SimDuration::from_secs(30),
                initial_cooldown_period: SimDuration::ZERO,
                cooldown_period: SimDuration::from_secs(300),
                idle_replica_count: None,
                min_replica_count: Some(number),
                max_replica_count: None,
                hpa_name: Name::default(),
                hpa_behavior: None,
                restore_to_original_replica_count: false,
                scaling_modifiers: None,
                triggers: Vec::new(),
                fallback: None,
            },
        })),
    ]
}
