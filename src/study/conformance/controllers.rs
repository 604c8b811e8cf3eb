//! Replay of recorded Deployment and ReplicaSet controller decisions.

use super::{CaseResult, ConformanceError, Difference, read_json_lines};
use crate::api::{DeploymentStatus, DeploymentStrategy, IntOrPercent, PodPhase};
use crate::controllers::deployment::{self, DeploymentAction, DeploymentView, ReplicaSetView, ReplicasAnnotations};
use crate::controllers::replica_set::{RankedPod, deletion_order};
use crate::units::{SimDuration, SimTime};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

const DEPLOYMENT_FILE: &str = "deployment.jsonl.gz";
const RANK_FILE: &str = "rs-rank.jsonl.gz";

/// Replays `deployment.jsonl.gz` and `rs-rank.jsonl.gz` of a folder; one of them may be missing.
///
/// # Errors
/// [`ConformanceError`] if neither file exists, or one cannot be read or holds a line of another form.
pub fn replay(folder: &Path) -> Result<Vec<CaseResult>, ConformanceError> {
    let deployment_file = folder.join(DEPLOYMENT_FILE);
    let rank_file = folder.join(RANK_FILE);
    if !deployment_file.exists() && !rank_file.exists() {
        let expected = "deployment.jsonl.gz or rs-rank.jsonl.gz";
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected });
    }
    let mut results = Vec::new();
    if deployment_file.exists() {
        let cases: Vec<DeploymentCase> = read_json_lines(&deployment_file)?;
        results.extend(cases.iter().map(replay_deployment));
    }
    if rank_file.exists() {
        for (index, case) in read_json_lines::<RankCase>(&rank_file)?.iter().enumerate() {
            results.push(replay_rank(case).map_err(|problem| ConformanceError::Malformed {
                file: rank_file.clone(),
                line: index + 1,
                problem,
            })?);
        }
    }
    Ok(results)
}

/// A whole number, or text such as `25%`, as the API takes it.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "serde_json::Value")]
struct RecordedIntOrPercent(IntOrPercent);

impl TryFrom<serde_json::Value> for RecordedIntOrPercent {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        let percent = || value.as_str()?.strip_suffix('%')?.parse().ok().map(IntOrPercent::Percent);
        let number = || i32::try_from(value.as_i64()?).ok().map(IntOrPercent::Int);
        number().or_else(percent).map(Self).ok_or_else(|| format!("`{value}` is neither a number nor a percentage"))
    }
}

#[derive(Clone, Copy, Deserialize)]
enum RecordedStrategy {
    Recreate,
    RollingUpdate,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeploymentCase {
    id: String,
    strategy: RecordedStrategy,
    max_surge: Option<RecordedIntOrPercent>,
    max_unavailable: Option<RecordedIntOrPercent>,
    replicas: i32,
    revision_history_limit: Option<i32>,
    /// Steps until a revision's pods are available; negative: never.
    steps_to_ready: BTreeMap<String, i64>,
    steps: i64,
    events: Vec<RecordedEvent>,
    expect: Vec<Option<Vec<RecordedReplicaSet>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordedEvent {
    step: i64,
    set_rev: Option<String>,
    set_replicas: Option<i32>,
    set_paused: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct RecordedReplicaSet {
    rev: String,
    spec: i32,
    replicas: i32,
    available: i32,
}

/// A ReplicaSet and its pods in the replay.
struct ReplayedReplicaSet {
    template: String,
    view: ReplicaSetView,
    /// For each pod, the step at which it becomes available.
    available_from: Vec<i64>,
}

impl ReplayedReplicaSet {
    /// The pods follow the size at once: missing ones appear, surplus ones go, the least available first.
    fn run_pods(&mut self, step: i64, steps_to_ready: i64) {
        let wanted = usize::try_from(self.view.spec_replicas).unwrap_or(0);
        let available_from = if steps_to_ready < 0 { i64::MAX } else { step.saturating_add(steps_to_ready) };
        self.available_from.sort_unstable();
        self.available_from.resize(wanted, available_from);
        let count = |pods: usize| i32::try_from(pods).unwrap_or(i32::MAX);
        let available = count(self.available_from.iter().filter(|from| **from <= step).count());
        self.view.status_replicas = count(wanted);
        self.view.non_terminal_pods = count(wanted);
        self.view.ready_replicas = available;
        self.view.available_replicas = available;
    }
}

fn replay_deployment(case: &DeploymentCase) -> CaseResult {
    let default = IntOrPercent::Percent(25);
    let strategy = match case.strategy {
        RecordedStrategy::Recreate => DeploymentStrategy::Recreate,
        RecordedStrategy::RollingUpdate => DeploymentStrategy::RollingUpdate {
            max_surge: case.max_surge.map_or(default, |number| number.0),
            max_unavailable: case.max_unavailable.map_or(default, |number| number.0),
        },
    };
    let mut view = DeploymentView {
        replicas: case.replicas,
        strategy,
        paused: false,
        revision_history_limit: Some(case.revision_history_limit.unwrap_or(10)),
        progress_deadline: None,
        generation: 0,
        status: DeploymentStatus::default(),
    };
    let mut template = "r0".to_owned();
    let mut sets: Vec<ReplayedReplicaSet> = Vec::new();
    let mut differences = Vec::new();
    for step in 1..=case.steps {
        for set in &mut sets {
            set.run_pods(step, case.steps_to_ready.get(&set.template).copied().unwrap_or(0));
        }
        for event in case.events.iter().filter(|event| event.step == step) {
            template = event.set_rev.clone().unwrap_or(template);
            view.replicas = event.set_replicas.unwrap_or(view.replicas);
            view.paused = event.set_paused.unwrap_or(view.paused);
            view.generation += 1;
        }
        for set in &mut sets {
            set.view.is_new = set.template == template;
        }
        let views: Vec<ReplicaSetView> = sets.iter().map(|set| set.view).collect();
        let now = SimTime::from_secs(step);
        carry_out(deployment::sync(&view, &views, now).actions, &template, &mut view, &mut sets);
        let actual = observed(&sets);
        let index = usize::try_from(step - 1).unwrap_or(0);
        let expected = case.expect.get(index).and_then(Option::as_ref).map(|sets| {
            let mut sets = sets.clone();
            sets.sort_by(|a, b| a.rev.cmp(&b.rev));
            sets
        });
        if actual != expected {
            differences.push(Difference {
                field: format!("step {step}: ReplicaSets"),
                expected: text(expected.as_deref()),
                actual: text(actual.as_deref()),
            });
        }
    }
    let family = match case.strategy {
        RecordedStrategy::Recreate => "deployment Recreate",
        RecordedStrategy::RollingUpdate => "deployment RollingUpdate",
    };
    CaseResult::new(family, case.id.clone(), differences)
}

/// Applies a sync's writes.
fn carry_out(
    actions: Vec<DeploymentAction>,
    template: &str,
    view: &mut DeploymentView,
    sets: &mut Vec<ReplayedReplicaSet>,
) {
    let mut deleted = Vec::new();
    let resize = |set: &mut ReplayedReplicaSet, size, annotations: ReplicasAnnotations| {
        set.view.spec_replicas = size;
        set.view.annotations = Some(annotations);
    };
    for action in actions {
        match action {
            DeploymentAction::CreateReplicaSet { replicas, revision, annotations } => {
                let mut set = ReplayedReplicaSet {
                    template: template.to_owned(),
                    view: ReplicaSetView { revision, is_new: true, ..ReplicaSetView::default() },
                    available_from: Vec::new(),
                };
                resize(&mut set, replicas, annotations);
                sets.push(set);
            }
            DeploymentAction::SetRevision { replica_set, revision } => {
                if let Some(set) = sets.get_mut(replica_set) {
                    set.view.revision = revision;
                }
            }
            DeploymentAction::ScaleReplicaSet { replica_set, to, annotations, .. } => {
                if let Some(set) = sets.get_mut(replica_set) {
                    resize(set, to, annotations);
                }
            }
            DeploymentAction::DeleteReplicaSet { replica_set } => deleted.push(replica_set),
            DeploymentAction::UpdateStatus(status) => view.status = status,
        }
    }
    deleted.sort_unstable();
    for index in deleted.into_iter().rev() {
        if index < sets.len() {
            sets.remove(index);
        }
    }
}

/// The ReplicaSets in the recording's form; `None` where there are none.
fn observed(sets: &[ReplayedReplicaSet]) -> Option<Vec<RecordedReplicaSet>> {
    let mut rows: Vec<_> = sets
        .iter()
        .map(|set| RecordedReplicaSet {
            rev: set.template.clone(),
            spec: set.view.spec_replicas,
            replicas: set.view.status_replicas,
            available: set.view.available_replicas,
        })
        .collect();
    rows.sort_by(|a, b| a.rev.cmp(&b.rev));
    (!rows.is_empty()).then_some(rows)
}

fn text(sets: Option<&[RecordedReplicaSet]>) -> String {
    let row = |set: &RecordedReplicaSet| {
        format!("{} spec {} replicas {} available {}", set.rev, set.spec, set.replicas, set.available)
    };
    sets.map_or_else(|| "none".to_owned(), |sets| sets.iter().map(row).collect::<Vec<_>>().join(", "))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RankCase {
    id: String,
    pods: Vec<RecordedPod>,
    active_related_pods_per_node: BTreeMap<String, i32>,
    deletion_order: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordedPod {
    name: String,
    uid: String,
    node: Option<String>,
    phase: String,
    ready: bool,
    ready_transition_age_seconds: i64,
    age_seconds: i64,
    #[serde(default)]
    restarts: i32,
    #[serde(default)]
    sidecar_restarts: i32,
    #[serde(default)]
    deletion_cost: i32,
}

fn replay_rank(case: &RankCase) -> Result<CaseResult, String> {
    let now = SimTime::ZERO;
    let ago = |seconds| now - SimDuration::from_secs(seconds);
    let mut pods = Vec::with_capacity(case.pods.len());
    for pod in &case.pods {
        let node = pod.node.as_deref().filter(|node| !node.is_empty());
        let phase = match pod.phase.as_str() {
            "Pending" => PodPhase::Pending,
            "Running" => PodPhase::Running,
            "Unknown" => PodPhase::Unknown,
            other => return Err(format!("pod `{}`: phase `{other}` is not one of an active pod", pod.name)),
        };
        pods.push(RankedPod {
            uid: pod.uid.as_str(),
            is_assigned: node.is_some(),
            phase,
            ready_since: pod.ready.then(|| ago(pod.ready_transition_age_seconds)),
            deletion_cost: pod.deletion_cost,
            related_on_node: node.and_then(|node| case.active_related_pods_per_node.get(node)).copied().unwrap_or(0),
            restarts: pod.restarts,
            sidecar_restarts: pod.sidecar_restarts,
            created: ago(pod.age_seconds),
        });
    }
    let order = deletion_order(&pods, now);
    let actual: Vec<&str> = order.into_iter().map(|index| case.pods[index].name.as_str()).collect();
    let mut differences = Vec::new();
    if !actual.iter().copied().eq(case.deletion_order.iter().map(String::as_str)) {
        differences.push(Difference {
            field: "deletionOrder".to_owned(),
            expected: case.deletion_order.join(" "),
            actual: actual.join(" "),
        });
    }
    Ok(CaseResult::new("rs-rank", case.id.clone(), differences))
}
