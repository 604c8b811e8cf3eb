//! Whether a node is still what its NodePool asks for (`pkg/controllers/nodeclaim/disruption/drift.go`).

use crate::api::Name;
use crate::api::karpenter::{NodeClaim, NodePool, keys};
use crate::autoscaler::karpenter::requirements::Requirements;

/// The form of the hash (`NodePoolHashVersion`).
pub const HASH_VERSION: &str = "v3";

/// The hash of what a NodePool's NodeClaims are made from. Requirements are no part of it: they are compared with the labels.
pub fn template_hash(pool: &NodePool) -> Name {
    let template = &pool.template;
    let mut taints: Vec<String> = template.taints.iter().map(|taint| format!("{taint:?}")).collect();
    let mut startup: Vec<String> = template.startup_taints.iter().map(|taint| format!("{taint:?}")).collect();
    taints.sort_unstable();
    startup.sort_unstable();
    let text = format!(
        "{:?} {:?} {taints:?} {startup:?} {:?} {:?} {:?}",
        template.labels,
        template.annotations,
        template.node_class,
        template.termination_grace_period,
        template.expire_after
    );
    // FNV-1a.
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    Name::from(hash.to_string())
}

/// Why a node has drifted; `None` if it has not.
pub fn drift_reason(pool: &NodePool, claim: &NodeClaim) -> Option<&'static str> {
    let annotation = |key: &str| claim.meta.annotations.get(key);
    let has_version = annotation(keys::NODE_POOL_HASH_VERSION).is_some_and(|version| version == HASH_VERSION);
    if has_version && annotation(keys::NODE_POOL_HASH).is_some_and(|hash| *hash != template_hash(pool)) {
        return Some("NodePoolDrifted");
    }
    let asked = Requirements::from_karpenter(&pool.template.requirements);
    let labels = Requirements::from_labels(&claim.meta.labels);
    labels.compatible(&asked, None).is_err().then_some("RequirementsDrifted")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::karpenter::{DisruptionSpec, KarpenterOperator, KarpenterRequirement, NodeClaimTemplate, NodePool};
    use crate::api::{Labels, ObjectMeta, ResourceList, Taint, TaintEffect};
    use crate::units::SimDuration;

    fn pool(template: NodeClaimTemplate) -> NodePool {
        NodePool {
            meta: ObjectMeta::default(),
            template,
            disruption: DisruptionSpec::default(),
            limits: ResourceList::default(),
            weight: 0,
            replicas: None,
            is_not_ready: false,
        }
    }

    #[test]
    fn a_node_drifts_with_its_pool() {
        let taint = Taint { key: "a".into(), value: "".into(), effect: TaintEffect::NoSchedule, time_added: None };
        let in_zone = |zone: &str| KarpenterRequirement {
            key: "topology.kubernetes.io/zone".into(),
            operator: KarpenterOperator::In,
            values: vec![zone.into()],
            min_values: None,
        };
        let first = pool(NodeClaimTemplate { requirements: vec![in_zone("a")], ..NodeClaimTemplate::default() });
        let annotations: Labels =
            [(keys::NODE_POOL_HASH, &*template_hash(&first)), (keys::NODE_POOL_HASH_VERSION, HASH_VERSION)]
                .into_iter()
                .collect();
        let labels: Labels = [("topology.kubernetes.io/zone", "a")].into_iter().collect();
        let claim =
            NodeClaim { meta: ObjectMeta { labels, annotations, ..ObjectMeta::default() }, ..NodeClaim::default() };
        let with = |change: fn(&mut NodeClaimTemplate)| {
            let mut template = first.template.clone();
            change(&mut template);
            pool(template)
        };
        let cases = [
            (first.clone(), None, "the pool that it was made by"),
            (
                with(|template| template.expire_after = Some(SimDuration::from_hours(1))),
                Some("NodePoolDrifted"),
                "hashed",
            ),
            (
                pool(NodeClaimTemplate { taints: vec![taint], ..first.template.clone() }),
                Some("NodePoolDrifted"),
                "a taint",
            ),
            (
                pool(NodeClaimTemplate { requirements: vec![in_zone("b")], ..NodeClaimTemplate::default() }),
                Some("RequirementsDrifted"),
                "another zone is no part of the hash",
            ),
        ];
        for (pool, expected, why) in cases {
            assert_eq!(drift_reason(&pool, &claim), expected, "{why}");
        }
    }
}
