//! What happened in a run that its users may have felt: faults, rollouts and other actions of operators, scalings, and
//! nodes that were taken away; each with the workloads that it touched.

use crate::record::{
    ActionOutcome, ActionRecord, Facts, InstanceRecord, PodRecord, StepSeries, TrafficRecord, WorkloadRecord,
};
use crate::report::tables::fault_word;
use crate::units::{SimDuration, SimTime};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// A kind of incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentKind {
    /// A fault struck.
    Fault,
    /// An operator changed what runs.
    Rollout,
    /// An operator did something else.
    Action,
    /// An autoscaler changed the number of pods, or took nodes away.
    Scale,
    /// The provider took a machine back.
    Interruption,
}

impl IncidentKind {
    /// Its word in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Rollout => "rollout",
            Self::Action => "action",
            Self::Scale => "scale",
            Self::Interruption => "interruption",
        }
    }
}

/// A workload by its namespace and its kind and name, as `Deployment/web`.
type Workload = (SmolStr, SmolStr);

/// Whose users may have felt it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Anybody's.
    All,
    /// Those of some workloads.
    Workloads(BTreeSet<Workload>),
}

impl Touched {
    /// Whether one of some workloads is among them.
    pub fn has_any(&self, of: &BTreeSet<Workload>) -> bool {
        match self {
            Self::All => true,
            Self::Workloads(workloads) => !workloads.is_disjoint(of),
        }
    }
}

/// What the requests of an entry depend on: its target, the Services and workloads that had some of them, and the Ingresses
/// and HTTPRoutes that somebody changed, if they come by one.
pub fn parts_of(record: &TrafficRecord, facts: &Facts) -> BTreeSet<Workload> {
    let identity = &record.identity;
    let mut parts = BTreeSet::from([(identity.namespace.clone(), identity.target.clone())]);
    for backend in &record.backends {
        if let Some((namespace, service)) = backend.service.split_once('/') {
            parts.insert((namespace.into(), format!("Service/{service}").into()));
            parts.insert((namespace.into(), backend.workload.clone()));
        }
    }
    if identity.is_behind_front {
        let routes = facts.actions.iter().filter_map(|action| {
            let (kind, namespace, name) = object_of(action)?;
            let is_route = matches!(kind, "Ingress" | "HTTPRoute");
            // An Ingress does nothing to requests that come by a Gateway, and the other way round.
            let by = identity.target.split_once('/').map_or("", |(by, _)| by);
            let is_other = matches!(by, "Ingress" | "HTTPRoute") && by != kind;
            (is_route && !is_other).then(|| (namespace.into(), format!("{kind}/{name}").into()))
        });
        parts.extend(routes);
    }
    parts
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// What kind of thing.
    pub kind: IncidentKind,
    /// What, for example `rollout restart of Deployment shop/web`.
    pub what: String,
    /// The same in a few words, without whom it was done to.
    pub short: String,
    /// When it began.
    pub start: SimTime,
    /// When it was over; `None` if it never was.
    pub end: Option<SimTime>,
    /// Whom it touched.
    pub touched: Touched,
}

/// Decisions of one autoscaler in the same direction that follow each other within this time are one scaling.
const ONE_SCALING: SimDuration = SimDuration::from_minutes(2);
/// Pods that leave a node within this time before its machine is given back left because of that.
const LONGEST_DRAIN: SimDuration = SimDuration::from_hours(1);

/// Everything that happened in a run to workloads with traffic, in order of time.
pub fn happenings(facts: &Facts) -> Vec<Happening> {
    let served: BTreeSet<Workload> = facts.traffic.iter().flat_map(|record| parts_of(record, facts)).collect();
    if served.is_empty() {
        return Vec::new();
    }
    let pods = PodsByNode::new(facts, &served);
    let mut all: Vec<Happening> = faults(facts).collect();
    all.extend(facts.actions.iter().filter_map(|action| of_action(action, facts, &pods)));
    all.extend(scalings(facts, &served));
    all.extend(facts.instances.iter().filter_map(|instance| of_instance(instance, &pods)));
    all.retain(|happening| happening.touched.has_any(&served));
    all.sort_by_key(|happening| happening.start);
    all
}

/// The pods of workloads with traffic, by index of their node.
struct PodsByNode<'a>(BTreeMap<u32, Vec<&'a PodRecord>>);

impl<'a> PodsByNode<'a> {
    fn new(facts: &'a Facts, served: &BTreeSet<Workload>) -> Self {
        let mut pods: BTreeMap<u32, Vec<&PodRecord>> = BTreeMap::new();
        for pod in &facts.pods {
            if let Some(node) = pod.node
                && pod.deletion_requested.is_some()
                && served.contains(&(pod.namespace.clone(), pod.workload.clone()))
            {
                pods.entry(node).or_default().push(pod);
            }
        }
        Self(pods)
    }

    /// The pods of a node whose deletion was asked for within a span.
    fn leaving(&self, node: u32, from: SimTime, to: SimTime) -> impl Iterator<Item = &'a PodRecord> + '_ {
        let pods = self.0.get(&node).map_or(&[][..], Vec::as_slice).iter().copied();
        pods.filter(move |pod| pod.deletion_requested.is_some_and(|at| from <= at && at <= to))
    }
}

fn workloads<'a>(pods: impl Iterator<Item = &'a PodRecord>) -> Touched {
    Touched::Workloads(pods.map(|pod| (pod.namespace.clone(), pod.workload.clone())).collect())
}

fn faults(facts: &Facts) -> impl Iterator<Item = Happening> + '_ {
    facts.recoveries.iter().map(|fault| {
        let touched = fault.workloads.iter().filter_map(|index| facts.workloads.get(usize::try_from(*index).ok()?));
        let touched: BTreeSet<Workload> =
            touched.map(|workload| (workload.namespace.clone(), workload.name.clone())).collect();
        // What takes no pod may be felt by anybody: nothing is replaced while the controller manager is down.
        let takes_no_pod = fault.pods_affected == 0 && fault.workloads.is_empty();
        Happening {
            kind: IncidentKind::Fault,
            what: format!("{} {}", fault_word(fault.kind), fault.subject),
            short: format!("{} {}", fault_word(fault.kind), fault.subject),
            start: fault.struck,
            end: fault.restored.max(fault.ended).filter(|_| fault.restored.is_some() || takes_no_pod),
            touched: if takes_no_pod { Touched::All } else { Touched::Workloads(touched) },
        }
    })
}

fn of_action(action: &ActionRecord, facts: &Facts, pods: &PodsByNode<'_>) -> Option<Happening> {
    if matches!(action.outcome, ActionOutcome::Unchanged | ActionOutcome::NotFound | ActionOutcome::Refused) {
        return None;
    }
    let until = action.ended.unwrap_or(facts.end) + LONGEST_DRAIN;
    let object = object_of(action);
    let touched = match object {
        None => {
            let name = action.target.rsplit([' ', '/']).next().unwrap_or_default();
            let node = facts.nodes.iter().position(|node| *node.name == *name);
            workloads(pods.leaving(u32::try_from(node?).ok()?, action.at, until))
        }
        Some(("Pod", namespace, name)) => {
            let is_it = |pod: &&PodRecord| *pod.name == *name && *pod.namespace == *namespace;
            workloads(facts.pods.iter().filter(is_it))
        }
        Some((kind, namespace, name)) => {
            Touched::Workloads(BTreeSet::from([(SmolStr::from(namespace), format!("{kind}/{name}").into())]))
        }
    };
    let name = action.target.split_once(' ').map_or(action.target.as_str(), |(_, name)| name);
    let target =
        object.map_or(action.target.to_string(), |(kind, namespace, name)| format!("{kind} {namespace}/{name}"));
    let changes_what_runs = action.action.starts_with("rollout") || matches!(action.action.as_str(), "apply" | "patch");
    Some(Happening {
        kind: if changes_what_runs { IncidentKind::Rollout } else { IncidentKind::Action },
        what: format!("{} of {target}", action.action),
        short: if object.is_none() { format!("{} of {name}", action.action) } else { action.action.to_string() },
        start: action.at,
        end: action.ended,
        touched,
    })
}

/// Kind, namespace and name of what an action is done to, which is written as `Deployment shop/web` or `service/shop/web`;
/// `None` of a node.
fn object_of(action: &ActionRecord) -> Option<(&str, &str, &str)> {
    let (word, name) = action.target.split_once([' ', '/'])?;
    let (namespace, name) = name.split_once('/')?;
    let kind = match word {
        "service" => "Service",
        "ingress" => "Ingress",
        "httproute" => "HTTPRoute",
        word => word,
    };
    Some((kind, namespace, name))
}

/// Scalings of workloads by HorizontalPodAutoscalers.
fn scalings(facts: &Facts, served: &BTreeSet<Workload>) -> Vec<Happening> {
    struct Scaling {
        workload: Workload,
        from: i32,
        to: i32,
        start: SimTime,
        last: SimTime,
    }
    let mut all: Vec<Scaling> = Vec::new();
    for decision in facts.autoscaling.iter().filter(|decision| decision.changes_replicas()) {
        let workload = (decision.autoscaler.namespace.clone(), decision.autoscaler.target.clone());
        if !served.contains(&workload) {
            continue;
        }
        let is_up = decision.desired_replicas > decision.current_replicas;
        let earlier = all.iter_mut().rev().find(|scaling| scaling.workload == workload);
        match earlier.filter(|one| decision.at - one.last <= ONE_SCALING && (one.to > one.from) == is_up) {
            Some(earlier) => (earlier.to, earlier.last) = (decision.desired_replicas, decision.at),
            None => all.push(Scaling {
                workload,
                from: decision.current_replicas,
                to: decision.desired_replicas,
                start: decision.at,
                last: decision.at,
            }),
        }
    }
    let happening = |scaling: Scaling| {
        let (namespace, name) = &scaling.workload;
        let record = facts.workloads.iter().find(|one| one.namespace == *namespace && one.name == *name);
        Happening {
            kind: IncidentKind::Scale,
            what: format!(
                "{namespace}/{} from {} to {} replicas",
                name.split_once('/').map_or(name.as_str(), |(_, name)| name),
                scaling.from,
                scaling.to
            ),
            short: format!("{} to {}", scaling.from, scaling.to),
            start: scaling.start,
            end: record.and_then(|record| settled(record, scaling.last)),
            touched: Touched::Workloads(BTreeSet::from([scaling.workload])),
        }
    };
    all.into_iter().map(happening).collect()
}

/// When a workload had for the first time, from an instant on, as many pods, all of them ready, as it wants.
fn settled(workload: &WorkloadRecord, from: SimTime) -> Option<SimTime> {
    let series = [&workload.desired, &workload.current, &workload.ready];
    let changes = |series: &StepSeries| -> Vec<SimTime> {
        let after = series.points().partition_point(|(at, _)| *at <= from);
        series.points().iter().skip(after).map(|(at, _)| *at).collect()
    };
    let mut instants: Vec<SimTime> = series.iter().flat_map(|series| changes(series)).collect();
    instants.push(from);
    instants.sort_unstable();
    let wanted = |at: &SimTime| {
        let [desired, current, ready] = series.map(|series| series.value_at(*at).unwrap_or(0));
        desired == current && desired == ready
    };
    instants.into_iter().find(wanted)
}

/// A machine that an autoscaler gave back or the provider took back.
fn of_instance(instance: &InstanceRecord, pods: &PodsByNode<'_>) -> Option<Happening> {
    let gone = instance.gone.or(instance.deletion_requested)?;
    let asked = instance.interrupted.or(instance.deletion_requested)?.min(gone);
    let (kind, what) = match instance.deleted_by {
        _ if instance.interrupted.is_some() => (IncidentKind::Interruption, "spot interruption"),
        "cluster-autoscaler" | "karpenter" => (IncidentKind::Scale, "removal"),
        _ => return None,
    };
    let leaving: Vec<&PodRecord> = pods.leaving(instance.node?, asked - LONGEST_DRAIN, gone).collect();
    let left_to_others = |pod: &&&PodRecord| matches!(pod.deleted_as, "eviction" | "taint" | "pod-gc");
    let leaving: Vec<&PodRecord> = leaving.iter().filter(left_to_others).copied().collect();
    let first = leaving.iter().filter_map(|pod| pod.deletion_requested).min()?;
    Some(Happening {
        kind,
        what: format!("{what} of node {}", instance.name),
        short: format!("{what} of {}", instance.name),
        start: first.min(asked),
        end: instance.gone,
        touched: workloads(leaving.into_iter()),
    })
}
