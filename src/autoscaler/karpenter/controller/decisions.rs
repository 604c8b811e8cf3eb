//! The decisions of a running Karpenter for the records: what it does, why nodes stay, why pods find no place.

use crate::api::Name;
use crate::autoscaler::karpenter::disruption::method::Method;
use crate::cluster::{AutoscalerDecision, Cluster, PodId};
use std::collections::BTreeMap;

/// Decisions that are not recorded yet, and what was last said of nodes and pods, so that it is said once.
#[derive(Debug, Default)]
pub struct Decisions {
    /// Those that are not recorded yet.
    pub fresh: Vec<AutoscalerDecision>,
    /// Why each node stays, by what would have removed it.
    kept: BTreeMap<(Name, Method), String>,
    /// Why each pod finds no place.
    waiting: BTreeMap<PodId, String>,
}

impl Decisions {
    /// A NodeClaim is gone.
    pub fn forget_node(&mut self, name: &Name) {
        self.kept.retain(|(kept, _), _| kept != name);
    }

    /// A pod waits no longer.
    pub fn forget_pod(&mut self, pod: PodId) {
        self.waiting.remove(&pod);
    }
}

impl Decisions {
    /// Notes a decision about a NodeClaim, or about a NodePool where no NodeClaim is named; `inputs` are `key=value` pairs
    /// with `;` between them.
    pub fn note(&mut self, pool: Name, claim: Option<&Name>, word: &'static str, inputs: String, limited_by: Name) {
        let target = claim.map(|claim| Name::from(format!("NodeClaim/{claim}"))).unwrap_or_default();
        self.push(pool, target, word, inputs, limited_by);
    }

    /// Whether it is news that a node is left alone for this reason: no method has it yet.
    pub fn is_news(&mut self, node: &Name, method: Method, why: &str) -> bool {
        let of_node = |method| self.kept.get(&(node.clone(), method)).map(String::as_str);
        let is_news = Method::ALL.iter().all(|known| of_node(*known) != Some(why));
        self.kept.insert((node.clone(), method), why.to_owned());
        is_news
    }

    /// Notes why a pod finds no place, neither on nodes that are there nor on one that could be made.
    pub fn note_waiting(&mut self, pod: PodId, why: &str, cluster: &Cluster) {
        if self.waiting.insert(pod, why.to_owned()).as_deref() != Some(why) {
            let state = cluster.pod(pod);
            let target = format!("Pod/{}/{}", cluster.namespace_name(state.namespace), state.name);
            self.push(Name::default(), target.into(), "NoScaleUp", String::new(), why.into());
        }
    }

    fn push(&mut self, name: Name, target: Name, decision: &'static str, inputs: String, limited_by: Name) {
        self.fresh.push(AutoscalerDecision {
            autoscaler: "karpenter",
            namespace: Name::default(),
            name,
            target,
            decision,
            inputs: Name::from(inputs),
            limited_by,
            sizes: None,
        });
    }
}
