//! A NodeClaim that a decision asks for, and how it is written (`ToNodeClaim`).

use super::amounts::Amounts;
use super::base::Base;
use super::instance_type::order_by_price;
use super::new_node::NewNode;
use super::options::Options;
use super::requirement::Requirement;
use super::requirements::Requirements;
use super::scheduler::MAX_INSTANCE_TYPES;
use super::state::{PodKey, Pool};
use super::template::template_labels;
use crate::api::karpenter::{KarpenterOperator, KarpenterRequirement, keys};
use crate::api::{Labels, Name, well_known};

/// A NodeClaim that a decision asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewClaim {
    /// The NodePool.
    pub pool: Name,
    /// What the node must be.
    pub requirements: Requirements,
    /// The instance types that it may be of, the cheapest first; by their place in the pool's list.
    pub types: Vec<u32>,
    /// The pods that it is made for, in the order in which they were placed.
    pub pods: Vec<PodKey>,
    /// What they and the DaemonSets' pods request.
    pub requests: Amounts,
    /// Whether `minValues` was lowered.
    pub min_values_relaxed: bool,
}

impl NewClaim {
    /// From a simulated node.
    pub fn new(node: NewNode, base: &Base<'_>) -> Self {
        Self {
            pool: base.templates[node.template].pool.clone(),
            requirements: node.requirements,
            types: node.options,
            pods: node.pods,
            requests: node.requests,
            min_values_relaxed: node.min_values_relaxed,
        }
    }

    /// The names of its instance types.
    pub fn instance_types<'a>(&'a self, pool: &'a Pool) -> impl Iterator<Item = &'a Name> {
        self.types.iter().filter_map(|index| Some(&pool.instance_types.get(*index as usize)?.name))
    }

    /// The requirements and labels of the NodeClaim.
    pub fn written(&self, pool: &Pool, options: &Options) -> (Vec<KarpenterRequirement>, Labels) {
        let known = &options.well_known;
        let mut requirements = self.requirements.clone();
        let mut types = self.types.clone();
        order_by_price(&mut types, &pool.instance_types, &requirements, known);
        types.truncate(MAX_INSTANCE_TYPES);
        let types = || types.iter().filter_map(|index| pool.instance_types.get(*index as usize));
        let names: Vec<Name> = types().map(|of| of.name.clone()).collect();
        let min_values = requirements.get(well_known::INSTANCE_TYPE).and_then(|requirement| requirement.min_values);
        let by_name = Requirement::new(KarpenterOperator::In, &names, min_values);
        requirements.add(well_known::INSTANCE_TYPE.into(), &by_name);
        let offered: Vec<Name> = types()
            .flat_map(|of| of.suitable(&requirements, known))
            .map(|offering| offering.capacity_type.as_str().into())
            .collect();
        if !offered.is_empty() {
            let by_type = Requirement::new(KarpenterOperator::In, &offered, None);
            requirements.add(keys::CAPACITY_TYPE.into(), &by_type);
        }
        requirements.remove(keys::REGISTERED);
        requirements.remove(keys::INITIALIZED);
        // Labels that no instance type decides about have the first value that is allowed.
        let custom = requirements.iter().filter(|(key, _)| !known.contains(key) && *key != well_known::HOSTNAME);
        let custom = custom.filter(|(_, requirement)| requirement.operator() == KarpenterOperator::In);
        let labels = custom.fold(template_labels(pool), |labels, (key, requirement)| {
            requirement.values().first().map_or_else(|| labels.clone(), |value| labels.with(key, value))
        });
        (requirements.written(), labels)
    }
}
