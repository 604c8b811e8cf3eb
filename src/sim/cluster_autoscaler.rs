//! The Cluster Autoscaler of a scenario: its options from flags, and what it uses of the other parts.

use crate::api::{self, Name, Object, OwnerReference, PodSpec};
use crate::autoscaler::capacity_buffer::BufferRules;
use crate::autoscaler::capacity_buffer::chunks::chunks;
use crate::autoscaler::cluster_autoscaler::controller::{CaSettings, SchedulerOfRun};
use crate::autoscaler::cluster_autoscaler::flags::{FlagOutcome, NodesFlag, check_priorities, nodes_flag, set_flag};
use crate::autoscaler::cluster_autoscaler::options::Options;
use crate::cluster::{Cluster, PodId};
use crate::controllers::daemon_set::{Eligibility, daemon_tolerations, eligibility};
use crate::input::kinds::common::container::is_cluster_autoscaler_image;
use crate::input::scenario::{AnyValue, Scenario};
use crate::input::{Diagnostic, Diagnostics};
use crate::scheduler::{KubernetesVersion, PodInfo, PodTraits, RateLimit, Scheduler, SchedulerConfig, View};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The ConfigMap of the priority expander, and its key.
const PRIORITIES: (&str, &str) = ("cluster-autoscaler-priority-expander", "priorities");

/// What manifests say of the autoscaler.
#[derive(Clone, Debug, Default)]
pub(super) struct FromManifests {
    /// Arguments of its container, and the object that has it.
    args: Option<(String, Vec<String>)>,
    /// Content of the priority expander's ConfigMap.
    priorities: Option<String>,
}

/// The autoscaler that a scenario asks for.
#[derive(Clone, Debug)]
pub struct PreparedAutoscaler {
    /// Its options.
    pub(super) options: Options,
    /// Content of the priority expander's ConfigMap.
    pub(super) priorities: Option<String>,
    /// Bounds that `--nodes` gives to pools.
    pub(super) nodes: Vec<NodesFlag>,
}

/// Whether the document of an object says something of the autoscaler.
pub(super) fn is_of_interest(object: &Object) -> bool {
    match object {
        Object::Config(config) => *config.meta.name == *PRIORITIES.0,
        Object::Deployment(_) | Object::StatefulSet(_) | Object::Pod(_) => runs_autoscaler(object),
        _ => false,
    }
}

fn runs_autoscaler(object: &Object) -> bool {
    let spec: Option<&PodSpec> = match object {
        Object::Pod(pod) => Some(&pod.template.spec),
        other => other.pod_template().map(|template| &template.spec),
    };
    spec.is_some_and(|spec| spec.containers.iter().any(|container| is_cluster_autoscaler_image(&container.image)))
}

impl FromManifests {
    /// Notes what the document of an object says.
    pub(super) fn note(&mut self, object: &Object, document: &Map<String, Value>) {
        let document = Value::Object(document.clone());
        if let Object::Config(_) = object {
            let content = document.pointer("/data").and_then(|data| data.get(PRIORITIES.1)).and_then(Value::as_str);
            self.priorities = content.map(str::to_owned).or_else(|| self.priorities.take());
            return;
        }
        let containers = ["/spec/template/spec/containers", "/spec/containers"];
        let lists = containers.iter().filter_map(|path| document.pointer(path)?.as_array());
        let is_ours = |container: &&Value| {
            container.get("image").and_then(Value::as_str).is_some_and(is_cluster_autoscaler_image)
        };
        let Some(container) = lists.flatten().find(is_ours) else { return };
        let words = |key: &str| {
            let list = container.get(key).and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
        };
        let name = format!("{} {}/{}", object.kind().as_str(), object.meta().namespace, object.meta().name);
        let args = [words("command"), words("args")].concat();
        self.args = Some((name, args.into_iter().filter(|word| word.starts_with('-')).collect()));
    }
}

/// Puts together what a scenario and its manifests say; `None` if nobody asks for the autoscaler.
pub(super) fn prepare(
    scenario: &Scenario,
    manifests: &FromManifests,
    diagnostics: &mut Diagnostics,
) -> Option<PreparedAutoscaler> {
    let spec = scenario.spec.cluster_autoscaler.as_ref();
    if spec.is_none() && manifests.args.is_none() {
        return None;
    }
    let mut prepared =
        PreparedAutoscaler { options: Options::default(), priorities: manifests.priorities.clone(), nodes: Vec::new() };
    if let Some((object, args)) = &manifests.args {
        let file = scenario.file.display().to_string();
        for arg in args {
            let word = arg.trim_start_matches('-');
            let (name, value) = word.split_once('=').unwrap_or((word, "true"));
            match prepared.set(scenario, name, value) {
                Ok(None) => {}
                Ok(Some(note)) => {
                    diagnostics.push(
                        Diagnostic::warning(file.clone(), format!("argument `{arg}` {note}")).of_object(object.clone()),
                    );
                }
                Err(problem) => {
                    diagnostics.push(
                        Diagnostic::error(file.clone(), format!("argument `{arg}` {problem}"))
                            .of_object(object.clone()),
                    );
                }
            }
        }
    }
    for (name, value) in spec.map(|spec| &spec.flags).into_iter().flatten() {
        let field = format!("spec.clusterAutoscaler.flags.{name}");
        for text in texts(value) {
            match prepared.set(scenario, name, &text) {
                Ok(None) => {}
                Ok(Some(note)) => diagnostics.push(scenario.warning_at(&field, note)),
                Err(problem) => diagnostics.push(scenario.error_at(&field, problem)),
            }
        }
    }
    if let Some(priorities) = spec.and_then(|spec| spec.priorities.as_ref()) {
        if let Err(problem) = check_priorities(priorities) {
            diagnostics.push(scenario.error_at("spec.clusterAutoscaler.priorities", problem));
        }
        prepared.priorities = Some(priorities.clone());
    }
    let has_groups = !prepared.nodes.is_empty() || scenario.spec.node_pools.iter().any(|pool| pool.max.is_some());
    if !has_groups {
        let message = "no pool has `max`, so that the Cluster Autoscaler resizes none";
        diagnostics.push(scenario.warning_at("spec.clusterAutoscaler", message));
    }
    Some(prepared)
}

/// The texts of a flag's value: those of a list one after the other.
fn texts(value: &AnyValue) -> Vec<String> {
    match &value.0 {
        Value::Array(list) => list.iter().map(text).collect(),
        other => vec![text(other)],
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl PreparedAutoscaler {
    /// Sets a flag; gives what is to be said of it.
    fn set(&mut self, scenario: &Scenario, name: &str, value: &str) -> Result<Option<String>, String> {
        if name == "nodes" {
            let Some(flag) = nodes_flag(value) else {
                return Err(format!("has the value `{value}` (expected min:max:pool)"));
            };
            if !scenario.spec.node_pools.iter().any(|pool| pool.name == flag.group) {
                return Err(format!("names the pool `{}`, which does not exist", flag.group));
            }
            self.nodes.push(flag);
            return Ok(None);
        }
        if name == "node-group-auto-discovery" {
            return Ok(None);
        }
        match set_flag(&mut self.options, name, value) {
            FlagOutcome::Set => Ok(None),
            FlagOutcome::WithoutEffect => Ok(Some("has no effect in the simulation".to_owned())),
            FlagOutcome::Unknown => Err("is no flag of the Cluster Autoscaler 1.37".to_owned()),
            FlagOutcome::Invalid(expected) => Err(format!("has the value `{value}` (expected {expected})")),
        }
    }

    /// The bounds that `--nodes` gives to a pool.
    pub(super) fn bounds_of(&self, pool: &str) -> Option<(u32, u32)> {
        self.nodes.iter().find(|flag| flag.group == pool).map(|flag| (flag.min, flag.max))
    }

    /// Settings of the running autoscaler.
    pub(super) fn settings(&self, scheduler: &SchedulerConfig, every_loop: bool) -> CaSettings {
        CaSettings {
            options: self.options.clone(),
            priorities: self.priorities.clone(),
            profile: scheduler.profiles.first().cloned().unwrap_or_default(),
            daemon_pods,
            buffer_chunks,
            sleeps: !every_loop,
        }
    }
}

/// The pods that the DaemonSets of the cluster would put on a node.
fn daemon_pods(cluster: &Cluster, node: &api::Node) -> Vec<Arc<PodInfo>> {
    let sets = cluster.daemon_sets().map(|(_, set)| set).filter(|set| !set.removed);
    let pods = sets.filter_map(|set| {
        let template = &cluster.template(set.object.template).template;
        let spec = &template.spec;
        let tolerations = daemon_tolerations(&spec.tolerations, spec.host_network);
        let wanted = eligibility(spec.fits_node(node), &node.taints, &tolerations) == Eligibility::ShouldRun;
        wanted.then(|| {
            let meta = api::ObjectMeta {
                name: format!("{}-{}", set.object.meta.name, node.meta.name).into(),
                namespace: set.object.meta.namespace.clone(),
                owner: Some(OwnerReference { kind: Name::from("DaemonSet"), name: set.object.meta.name.clone() }),
                ..api::ObjectMeta::default()
            };
            let pod = api::Pod { meta, template: Arc::clone(template), ..api::Pod::default() };
            let traits = Arc::new(PodTraits::of(spec));
            Arc::new(PodInfo::new(PodId::from_index(0), &pod, traits, KubernetesVersion::default()))
        })
    });
    pods.collect()
}

/// The chunks that the CapacityBuffers of the cluster keep room for. Each has an id that no pod ever has.
fn buffer_chunks(cluster: &Cluster) -> Vec<Arc<PodInfo>> {
    let no_pod = PodId::from_index(u32::MAX as usize - 1);
    let mut all = Vec::new();
    for (_, buffer) in cluster.capacity_buffers() {
        let Some((template, names)) = chunks(buffer, BufferRules::ClusterAutoscaler) else { continue };
        let template = Arc::new(template);
        let traits = Arc::new(PodTraits::of(&template.spec));
        let owner = OwnerReference { kind: "CapacityBuffer".into(), name: buffer.object.meta.name.clone() };
        for name in names {
            let namespace = buffer.object.meta.namespace.clone();
            let meta = api::ObjectMeta { name, namespace, owner: Some(owner.clone()), ..api::ObjectMeta::default() };
            let pod = api::Pod { meta, template: Arc::clone(&template), ..api::Pod::default() };
            all.push(Arc::new(PodInfo::new(no_pod, &pod, Arc::clone(&traits), KubernetesVersion::default())));
        }
    }
    all
}

impl<C: RateLimit> SchedulerOfRun for Scheduler<C> {
    fn lend_view(&mut self) -> View {
        Self::lend_view(self)
    }

    fn take_back(&mut self, view: View) {
        Self::take_back(self, view);
    }

    fn pod(&mut self, id: PodId, cluster: &Cluster) -> Arc<PodInfo> {
        self.pod_info(id, cluster)
    }
}
