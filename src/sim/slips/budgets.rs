//! PodDisruptionBudgets that allow no disruption even when every pod is healthy: whoever drains a node waits for ever.

use super::given::Given;
use crate::api::{IntOrPercent, Kind, Object, PodDisruptionBudget};
use crate::controllers::disruption::{Tally, budget_status};
use crate::input::Diagnostics;
use crate::input::scenario::ActionVerb;
use serde_json::Value;
use std::collections::BTreeMap;

/// Pods of a workload, or a bare pod.
struct Group<'a> {
    object: &'a Object,
    /// How many pods there are at most.
    pods: i32,
}

/// Warns of budgets that never allow a disruption.
pub fn check(given: &Given<'_>, diagnostics: &mut Diagnostics) {
    let budgets = || given.objects.iter().filter(|object| matches!(object, Object::PodDisruptionBudget(_)));
    if budgets().next().is_none() {
        return;
    }
    let groups = groups(given);
    for object in budgets() {
        let Object::PodDisruptionBudget(budget) = object else { continue };
        let of_namespace = groups.get(budget.meta.namespace.as_str()).map_or(&[][..], Vec::as_slice);
        if let Some(pods) = pods_without_disruption(budget, of_namespace) {
            let bound = match (budget.max_unavailable, budget.min_available) {
                (Some(bound), _) => format!("maxUnavailable is {}", shown(bound)),
                (None, Some(bound)) => format!("minAvailable is {}", shown(bound)),
                (None, None) => "it has no minAvailable and no maxUnavailable".to_owned(),
            };
            let of_pods = if pods == 1 { "1 pod".to_owned() } else { format!("{pods} pods") };
            let message = format!("allows no disruption ever: {bound}, and it selects {of_pods} at most: drains wait");
            diagnostics.push(given.warning_of(object, message));
        }
    }
}

/// A bound as manifests have it.
fn shown(bound: IntOrPercent) -> String {
    match bound {
        IntOrPercent::Int(number) => number.to_string(),
        IntOrPercent::Percent(percent) => format!("{percent}%"),
    }
}

/// How many pods a budget selects at most, if it allows no disruption even when all of them are there and healthy.
fn pods_without_disruption(budget: &PodDisruptionBudget, groups: &[Group<'_>]) -> Option<i32> {
    let selector = budget.selector.as_ref()?;
    let mut tally = Tally::default();
    for (index, group) in groups.iter().enumerate() {
        if !group.object.pod_template().is_some_and(|template| selector.matches(&template.labels)) {
            continue;
        }
        tally.pods = tally.pods.saturating_add(group.pods);
        if group.object.kind() != Kind::Pod {
            tally.by_controller.insert(index, group.pods);
        }
    }
    tally.healthy = tally.pods;
    let scale_of = |index: usize| groups.get(index).map_or(0, |group| group.pods);
    let status = budget_status(budget, &tally, scale_of);
    (tally.pods > 0 && status.disruptions_allowed == 0).then_some(tally.pods)
}

/// What has pods, by namespace, each with the most pods that it ever has: as it is given, scaled by an action, or as its
/// autoscaler may have it. What belongs to a controller is left to it.
fn groups<'a>(given: &Given<'a>) -> BTreeMap<&'a str, Vec<Group<'a>>> {
    let nodes = given.scenario.spec.node_pools.iter().map(|pool| given.size_of(pool)).fold(0, u64::saturating_add);
    let of_manifests = given.objects.iter().filter(|object| matches!(object, Object::Node(_))).count();
    let nodes = nodes.saturating_add(u64::try_from(of_manifests).unwrap_or(u64::MAX));
    let nodes = i32::try_from(nodes).unwrap_or(i32::MAX);
    let mut most: BTreeMap<(Kind, &'a str, &'a str), Group<'a>> = BTreeMap::new();
    for object in given.objects {
        let meta = object.meta();
        if object.pod_template().is_none() || (meta.owner.is_some() && !object.kind().has_rollouts()) {
            continue;
        }
        let pods = match object {
            Object::DaemonSet(_) => nodes,
            _ => object.replicas().unwrap_or(1),
        };
        let group =
            most.entry((object.kind(), meta.namespace.as_str(), meta.name.as_str())).or_insert(Group { object, pods });
        group.pods = group.pods.max(pods);
    }
    let mut raise = |kind: Kind, namespace: &'a str, name: &'a str, pods: i32| {
        if let Some(group) = most.get_mut(&(kind, namespace, name)) {
            group.pods = group.pods.max(pods);
        }
    };
    for object in given.objects {
        if let Object::HorizontalPodAutoscaler(hpa) = object
            && let Some(kind) = Kind::named(&hpa.scale_target.kind)
        {
            raise(kind, &hpa.meta.namespace, &hpa.scale_target.name, hpa.max_replicas);
        }
    }
    for action in &given.scenario.actions {
        let (target, replicas) = match &action.verb {
            ActionVerb::Scale(scale) => (&scale.target, u64::from(scale.replicas)),
            ActionVerb::Patch(patch) => {
                let replicas = patch.patch.0.pointer("/spec/replicas").and_then(Value::as_u64);
                match (patch.target.named(), replicas) {
                    (Some(target), Some(replicas)) => (target, replicas),
                    _ => continue,
                }
            }
            _ => continue,
        };
        raise(target.kind, &target.namespace, &target.name, i32::try_from(replicas).unwrap_or(i32::MAX));
    }
    let mut groups: BTreeMap<&str, Vec<Group<'a>>> = BTreeMap::new();
    for ((_, namespace, _), group) in most {
        groups.entry(namespace).or_default().push(group);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Deployment, DeploymentStrategy, LabelSelector, ObjectMeta, PodTemplate};
    use crate::units::SimDuration;
    use IntOrPercent::{Int, Percent};
    use std::sync::Arc;

    fn deployment() -> Object {
        Object::Deployment(Deployment {
            meta: ObjectMeta::default(),
            replicas: 1,
            selector: LabelSelector::default(),
            template: Arc::new(PodTemplate::default()),
            strategy: DeploymentStrategy::default(),
            min_ready: SimDuration::ZERO,
            progress_deadline: None,
            revision_history_limit: 10,
            paused: false,
        })
    }

    #[test]
    fn a_budget_that_never_allows_anything_is_found() {
        let cases = [
            (Some(Int(2)), None, 2, true, "as many as there are"),
            (Some(Int(1)), None, 2, false, "one may go"),
            (Some(Percent(100)), None, 5, true, "all of them"),
            (Some(Percent(90)), None, 5, true, "90 % of 5 are 5"),
            (Some(Percent(50)), None, 1, true, "half of one pod is one pod"),
            (Some(Percent(50)), None, 2, false, "half of two"),
            (None, Some(Int(0)), 5, true, "none may be missing"),
            (None, Some(Percent(0)), 5, true, "the same in percent"),
            (None, Some(Percent(1)), 5, false, "a share is rounded up"),
            (Some(Int(3)), None, 0, false, "a workload without pods has none to disrupt"),
            (None, None, 5, true, "the controller allows none without a bound"),
        ];
        let object = deployment();
        for (min_available, max_unavailable, pods, expected, why) in cases {
            let selector = Some(LabelSelector::default());
            let budget =
                PodDisruptionBudget { selector, min_available, max_unavailable, ..PodDisruptionBudget::default() };
            let found = pods_without_disruption(&budget, &[Group { object: &object, pods }]);
            assert_eq!(found, expected.then_some(pods), "{why}");
        }
    }
}
