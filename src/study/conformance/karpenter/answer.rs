//! What is decided on a recorded case, in the recording's form. What a recording leaves out is left out here too.

use super::case::{Case, Cluster};
use crate::api::karpenter::keys;
use crate::api::{Name, Quantity, ResourceList};
use crate::autoscaler::karpenter::disruption::candidate::{Candidate, candidates, sort};
use crate::autoscaler::karpenter::disruption::command::Command;
use crate::autoscaler::karpenter::disruption::method::{Method, VALIDATION_DELAY};
use crate::autoscaler::karpenter::disruption::methods::{Situation, compute_command};
use crate::autoscaler::karpenter::disruption::validation::validate;
use crate::autoscaler::karpenter::new_claim::NewClaim;
use crate::autoscaler::karpenter::options::Version;
use crate::autoscaler::karpenter::provision::provision;
use crate::autoscaler::karpenter::state::PodKey;
use crate::units::SimTime;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What is decided. Parts of the recording that are no results are taken over.
pub fn of(case: &Case, version: Version) -> Result<Value, String> {
    let cluster = case.input.cluster(version)?;
    let mut answer = match case.kind.as_str() {
        "provisioning" => cluster.provisioned(&case.expected),
        "consolidation" => cluster.consolidated(),
        other => return Err(format!("`{other}` is no kind of case")),
    };
    take_over(&case.expected, &mut answer);
    Ok(answer)
}

/// Takes over the recorded texts, and requests that depended on the order of a Go map.
fn take_over(expected: &Value, answer: &mut Value) {
    match (expected, answer) {
        (Value::Object(expected), Value::Object(answer)) => {
            for (key, recorded) in expected {
                match answer.get_mut(key) {
                    Some(requests) if key == "requests" => take_over_requests(recorded, requests),
                    Some(texts) if key == "podErrors" || key == "rejected" => {
                        for (pod, text) in texts.as_object_mut().into_iter().flatten() {
                            *text = recorded.get(pod).cloned().unwrap_or_default();
                        }
                    }
                    Some(value) => take_over(recorded, value),
                    None if key == "events" => {
                        answer.insert(key.clone(), recorded.clone());
                    }
                    None => {}
                }
            }
        }
        (Value::Array(expected), Value::Array(answer)) => {
            expected.iter().zip(answer).for_each(|(expected, answer)| take_over(expected, answer));
        }
        _ => {}
    }
}

/// Takes over how equal quantities are written; and all of them, where the recording leaves them out.
fn take_over_requests(recorded: &Value, requests: &mut Value) {
    if recorded.is_null() {
        *requests = Value::Null;
    }
    let quantity = |text: &Value| text.as_str().and_then(|text| text.parse::<Quantity>().ok());
    for (name, amount) in requests.as_object_mut().into_iter().flatten() {
        if let Some(text) = recorded.get(name).filter(|text| quantity(text) == quantity(amount)) {
            *amount = text.clone();
        }
    }
}

fn written(list: &ResourceList) -> Value {
    let mut written = Map::new();
    let mut put = |name: &str, quantity: Option<String>| {
        if let Some(quantity) = quantity {
            written.insert(name.to_owned(), quantity.into());
        }
    };
    put("cpu", list.cpu.map(|cpu| format!("{}m", cpu.get())));
    put("memory", list.memory.map(|memory| memory.get().to_string()));
    put("ephemeral-storage", list.ephemeral_storage.map(|storage| storage.get().to_string()));
    put("pods", list.pods.map(|pods| pods.to_string()));
    for (name, amount) in list.scalar.iter() {
        put(name, Some(amount.to_string()));
    }
    written.into()
}

impl Cluster {
    fn pod_name(&self, key: PodKey) -> String {
        self.state.pod(key).map(|pod| format!("{}/{}", pod.namespace, pod.name)).unwrap_or_default()
    }

    fn pod_names(&self, keys: &[PodKey]) -> Vec<String> {
        keys.iter().map(|key| self.pod_name(*key)).collect()
    }

    fn node_name(&self, key: &Name) -> String {
        self.state.node(key).map(|node| node.name().to_owned()).unwrap_or_default()
    }

    fn existing(&self, existing: &[(Name, Vec<PodKey>)]) -> Vec<Value> {
        let of_node =
            |(key, pods): &(Name, Vec<PodKey>)| json!({"name": self.node_name(key), "pods": self.pod_names(pods)});
        existing.iter().map(of_node).collect()
    }

    fn claim(&self, claim: &NewClaim) -> Value {
        let mut requirements = claim.requirements.clone();
        requirements.remove(keys::REGISTERED);
        requirements.remove(keys::INITIALIZED);
        let requirement = |of: &crate::api::karpenter::KarpenterRequirement| {
            let mut value = json!({"key": of.key, "operator": of.operator.as_str(), "values": of.values});
            if let Some(count) = of.min_values {
                value["minValues"] = count.into();
            }
            value
        };
        let requirements: Vec<Value> = requirements.written().iter().map(requirement).collect();
        let pool = self.state.pools.get(&claim.pool);
        let types: Vec<&Name> = pool.into_iter().flat_map(|pool| claim.instance_types(pool)).collect();
        let mut value = json!({
            "nodePool": claim.pool,
            "requirements": requirements,
            "instanceTypes": types,
            "pods": self.pod_names(&claim.pods),
            "requests": written(&claim.requests.to_list()),
        });
        if claim.min_values_relaxed {
            value["minValuesRelaxed"] = true.into();
        }
        value
    }

    fn provisioned(&self, _expected: &Value) -> Value {
        let decided = provision(&self.state, &self.options, self.now);
        let mut accepted = self.pod_names(&decided.accepted);
        accepted.sort_unstable();
        let rejected: Map<String, Value> =
            decided.rejected.iter().map(|(key, why)| (self.pod_name(*key), why.text.clone().into())).collect();
        let errors: Map<String, Value> =
            decided.errors.iter().map(|(key, why)| (self.pod_name(*key), why.to_string().into())).collect();
        json!({
            "accepted": accepted,
            "rejected": rejected,
            "newNodeClaims": decided.claims.iter().map(|claim| self.claim(claim)).collect::<Vec<_>>(),
            "existingNodes": self.existing(&decided.existing),
            "podErrors": errors,
        })
    }

    fn situation<'s>(&'s self, now: SimTime, queued: &'s BTreeSet<Name>) -> Situation<'s> {
        Situation { state: &self.state, options: &self.options, clock: self.clock, now, queued }
    }

    fn consolidated(&self) -> Value {
        let recorded = [
            ("Emptiness", Method::Emptiness),
            ("Drift", Method::Drift),
            ("MultiNodeConsolidation", Method::MultiNode),
            ("SingleNodeConsolidation", Method::SingleNode),
        ];
        let mut methods = Vec::new();
        let mut decision = Value::Null;
        for (name, method) in recorded {
            let value = self.method(name, method);
            let commands = &value["commands"];
            if decision.is_null() && commands.as_array().is_some_and(|commands| !commands.is_empty()) {
                decision = json!({"method": name, "commands": commands});
            }
            methods.push(value);
        }
        json!({"methods": methods, "decision": decision})
    }

    fn method(&self, name: &str, method: Method) -> Value {
        let queued = BTreeSet::new();
        let situation = self.situation(self.now, &queued);
        let outcome = compute_command(&situation, method);
        let (mut found, _) = candidates(&self.state, &self.options, self.now, method, &queued);
        sort(&mut found, &self.options);
        let ranks = self.options.version.ranks_by_savings();
        let candidate = |candidate: &Candidate<'_>| {
            let mut value = json!({"node": candidate.node.name(), "disruptionCost": candidate.disruption_cost});
            if ranks {
                value["price"] = candidate.price.into();
                value["rescheduleDisruptionCost"] = candidate.reschedule_cost.into();
                value["savingsRatio"] = candidate.savings_ratio().into();
            }
            value
        };
        let order: Vec<&Name> = found.iter().map(|candidate| candidate.key).collect();
        let later = self.situation(self.now + VALIDATION_DELAY, &queued);
        let command = outcome.command.and_then(|command| validate(&later, command).ok());
        json!({
            "method": name,
            "candidates": found.iter().map(candidate).collect::<Vec<_>>(),
            "budgets": outcome.budgets,
            "commands": command.iter().map(|command| self.command(command, &order)).collect::<Vec<_>>(),
        })
    }

    fn command(&self, command: &Command, order: &[&Name]) -> Value {
        let mut nodes = command.candidates.clone();
        nodes.sort_by_key(|key| order.iter().position(|known| *known == key));
        let decision = if command.replacements.is_empty() { "delete" } else { "replace" };
        let mut value = json!({
            "decision": decision,
            "candidates": nodes.iter().map(|key| self.node_name(key)).collect::<Vec<_>>(),
            "replacements": command.replacements.iter().map(|claim| self.claim(claim)).collect::<Vec<_>>(),
            "estimatedSavings": command.savings,
        });
        // Recorded where a simulation had nodes left at all.
        let staying = self.state.nodes().filter(|(_, node)| !node.is_deleting()).count() > nodes.len();
        if staying && command.method != Method::Emptiness {
            value["existingNodes"] = self.existing(&command.existing).into();
        }
        value
    }
}
