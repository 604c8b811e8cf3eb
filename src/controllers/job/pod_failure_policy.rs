//! What a Job's pod failure policy says of a failed pod.
//!
//! Mirrors `pkg/controller/job/pod_failure_policy.go` (Kubernetes 1.36). All containers of a pod have one exit code here.

use super::PodView;
use crate::api::{
    ConditionStatus, Name, PodFailurePolicyAction, PodFailurePolicyRule, PodFailureRequirement, PodPhase,
};

/// What applies to a failed pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyMatch {
    /// `action` of the rule.
    pub action: PodFailurePolicyAction,
    /// Why the Job fails, if it does.
    pub message: String,
}

/// Whose pod it is: what messages and rules name.
#[derive(Clone, Copy, Debug)]
pub struct PodNames<'a> {
    /// Namespace.
    pub namespace: &'a str,
    /// The containers.
    pub containers: &'a [Name],
    /// The init containers.
    pub init_containers: &'a [Name],
}

/// The first rule that a pod meets (`matchPodFailurePolicy`).
pub fn match_policy(rules: &[PodFailurePolicyRule], pod: &PodView, names: PodNames<'_>) -> Option<PolicyMatch> {
    rules.iter().enumerate().find_map(|(index, rule)| {
        let what = meets(&rule.requirement, pod, names)?;
        let action = rule.action;
        Some(PolicyMatch { action, message: format!("{what} matching {} rule at index {index}", action.as_str()) })
    })
}

/// What of a pod meets a requirement, in words.
fn meets(requirement: &PodFailureRequirement, pod: &PodView, names: PodNames<'_>) -> Option<String> {
    let name = format!("{}/{}", names.namespace, pod.name);
    match requirement {
        PodFailureRequirement::ExitCodes { container, is_in, values } => {
            let code = pod.job.exit_code.filter(|code| *code != 0)?;
            if values.contains(&i32::from(code)) != *is_in {
                return None;
            }
            let mut containers = names.containers.iter().chain(names.init_containers);
            let found = containers.find(|found| container.as_ref().is_none_or(|container| container == *found))?;
            Some(format!("Container {found} for pod {name} failed with exit code {code}"))
        }
        PodFailureRequirement::PodConditions(patterns) => {
            let met = patterns.iter().find(|(kind, status)| condition(pod, kind) == Some(*status));
            met.map(|(kind, _)| format!("Pod {name} has condition {kind}"))
        }
    }
}

/// The status of a pod's condition; `None` of those that a pod does not have.
fn condition(pod: &PodView, kind: &str) -> Option<ConditionStatus> {
    let status = |is_true: bool| if is_true { ConditionStatus::True } else { ConditionStatus::False };
    match kind {
        "DisruptionTarget" => pod.is_disrupted.then_some(ConditionStatus::True),
        "PodScheduled" => Some(status(pod.rank.is_assigned)),
        "Ready" | "ContainersReady" => pod.rank.is_assigned.then(|| status(pod.is_ready)),
        "Initialized" => pod.rank.is_assigned.then(|| status(pod.phase != PodPhase::Pending)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::JobPod;
    use crate::controllers::job::tests::pod;

    fn rule(action: PodFailurePolicyAction, requirement: PodFailureRequirement) -> PodFailurePolicyRule {
        PodFailurePolicyRule { action, requirement }
    }

    fn codes(container: Option<&str>, is_in: bool, values: &[i32]) -> PodFailureRequirement {
        PodFailureRequirement::ExitCodes { container: container.map(Name::from), is_in, values: values.to_vec() }
    }

    #[test]
    fn the_first_rule_that_is_met_counts() {
        use PodFailurePolicyAction::{Count, FailIndex, FailJob, Ignore};
        let disrupted = PodFailureRequirement::PodConditions(vec![("DisruptionTarget".into(), ConditionStatus::True)]);
        let rules = [
            rule(Ignore, disrupted),
            rule(FailJob, codes(Some("main"), true, &[42])),
            rule(FailIndex, codes(Some("other"), true, &[43])),
            rule(Count, codes(None, false, &[1, 42])),
        ];
        let containers = [Name::from("main"), Name::from("sidecar")];
        let names = PodNames { namespace: "shop", containers: &containers, init_containers: &[] };
        let cases = [
            (Some(42), false, Some(FailJob), "the exit code of the container"),
            (Some(42), true, Some(Ignore), "an earlier rule"),
            (Some(43), false, Some(Count), "the container is another; NotIn holds"),
            (Some(1), false, None, "in none"),
            (Some(0), false, None, "success is no failure"),
            (None, false, None, "not ended"),
        ];
        for (exit_code, is_disrupted, expected, why) in cases {
            let job = JobPod { exit_code, ..JobPod::default() };
            let pod = PodView { is_disrupted, job, ..pod(0, PodPhase::Failed) };
            let found = match_policy(&rules, &pod, names);
            assert_eq!(found.as_ref().map(|found| found.action), expected, "{why}");
            if expected == Some(FailJob) {
                let message =
                    "Container main for pod shop/p0 failed with exit code 42 matching FailJob rule at index 1";
                assert_eq!(found.unwrap().message, message);
            }
        }
    }
}
