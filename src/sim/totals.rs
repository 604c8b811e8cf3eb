//! Checks that the resources of all nodes together, and the requests of pods bound from the start, do not overflow.
//!
//! One object names at most [`MAX_AMOUNT`](crate::units::MAX_AMOUNT) of a resource, which is checked where it is read. The
//! totals are checked here, because only here nodes of pools, manifests, actions and traces are together. What a run
//! places later fits on its node.

use super::prepared_arrivals::PreparedArrivals;
use crate::api::{Object, ResourceAmounts, pod_requests};
use crate::input::Diagnostics;
use crate::input::scenario::{ActionVerb, MAX_NODES, Scenario};
use crate::input::trace::GPU_RESOURCE;
use crate::units::MAX_TOTAL;
use std::collections::BTreeMap;

/// A total by resource, in 128 bits: a million objects of the largest amount fit.
#[derive(Default)]
struct Totals(BTreeMap<String, i128>);

impl Totals {
    /// Adds `count` times the amounts.
    ///
    /// # Errors
    /// The first resource of which there is too much now.
    fn add(&mut self, amounts: &ResourceAmounts, count: u64) -> Result<(), String> {
        for (name, amount) in amounts.amounts() {
            let total = self.0.entry(name.to_owned()).or_default();
            *total += i128::from(amount) * i128::from(count);
            if *total > i128::from(MAX_TOTAL) {
                return Err(format!(
                    "with it there is more `{name}` than can be counted (expected at most 2^61 in all)"
                ));
            }
        }
        Ok(())
    }
}

/// Checks the totals of a scenario with its objects and traces, and says whether they are good. The first node or pod
/// that is too much is named.
pub(super) fn check(
    scenario: &Scenario,
    objects: &[&Object],
    arrivals: &[PreparedArrivals],
    diagnostics: &mut Diagnostics,
) -> bool {
    let problems = [check_offered(scenario, objects, arrivals), check_bound(objects)];
    let mut is_good = true;
    for (field, message) in problems.into_iter().filter_map(Result::err) {
        diagnostics.push(scenario.error_at(&field, message));
        is_good = false;
    }
    is_good
}

/// The field of the scenario that is to blame, and what is wrong.
type Problem = (String, String);

/// What nodes offer.
fn check_offered(scenario: &Scenario, objects: &[&Object], arrivals: &[PreparedArrivals]) -> Result<(), Problem> {
    let mut offered = Totals::default();
    let mut nodes = 0;
    for (index, pool) in scenario.spec.node_pools.iter().enumerate() {
        let added = scenario.actions.iter().filter_map(|action| match &action.verb {
            ActionVerb::AddNodes(add) if add.pool == pool.name => Some(u64::from(add.count)),
            _ => None,
        });
        let count = added.fold(u64::from(pool.count), u64::saturating_add);
        nodes = count.saturating_add(nodes);
        let field = format!("spec.nodePools[{index}]");
        if nodes > MAX_NODES {
            let message = format!("with the nodes that actions add there are {nodes} (expected at most {MAX_NODES})");
            return Err((field, message));
        }
        offered.add(&ResourceAmounts::from_list(&pool.allocatable_list()), count).map_err(|what| (field, what))?;
    }
    for object in objects {
        if let Object::Node(node) = object {
            let problem = |what| ("spec.manifests".to_owned(), format!("node `{}`: {what}", node.meta.name));
            offered.add(&ResourceAmounts::from_list(&node.allocatable), 1).map_err(problem)?;
        }
    }
    for (index, stream) in arrivals.iter().enumerate() {
        let PreparedArrivals::Trace { nodes, .. } = stream else { continue };
        for node in nodes {
            let amounts = ResourceAmounts {
                cpu: Some(node.cpu),
                memory: Some(node.memory),
                scalar: vec![(GPU_RESOURCE.into(), node.gpus)],
                ..ResourceAmounts::default()
            };
            let field = format!("spec.arrivals[{index}].trace.nodes");
            offered.add(&amounts, 1).map_err(|what| (field, format!("node `{}`: {what}", node.name)))?;
        }
    }
    Ok(())
}

/// What pods request that have a node from the start, whether or not they fit on it.
fn check_bound(objects: &[&Object]) -> Result<(), Problem> {
    let mut requested = Totals::default();
    for object in objects {
        if let Object::Pod(pod) = object
            && pod.node_name.is_some()
        {
            let subject = format!("bound pod `{}/{}`", pod.meta.namespace, pod.meta.name);
            let problem = |what| ("spec.manifests".to_owned(), format!("{subject}: {what}"));
            requested.add(&pod_requests(&pod.template.spec), 1).map_err(problem)?;
        }
    }
    Ok(())
}
