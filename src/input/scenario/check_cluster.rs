//! Rules for the cluster and what happens to it: node pools, control plane, faults, actions, objectives, sweep.

use super::check::Checker;
use super::control_plane::ControlPlane;
use super::happening::{ActionEntry, FaultEntry, FaultKind};
use super::leaf::{Duration, Target, TargetKind};
use super::path::FieldPath;
use super::spec::{NodePool, Objective, ScenarioSpec, Sweep};
use super::typed::{Action, ActionVerb, Fault, FaultScope, FaultTiming};
use crate::units::SimTime;
use std::collections::BTreeSet;
use std::path::Path;

/// More nodes than this are taken for a slip: Kubernetes supports 5,000.
const MAX_NODES: u64 = 1_000_000;
/// The highest price of a node for an hour, in dollars.
const MAX_PRICE: f64 = 1e6;
/// More runs than this are taken for a slip.
const MAX_RUNS: u64 = 1_000_000;

/// What nodes a scenario has, as far as its file says.
struct Nodes {
    pools: BTreeSet<String>,
    zones: BTreeSet<String>,
    /// Pools with the number of nodes that they ever have.
    sizes: Vec<(String, u64)>,
    /// Manifests or traces may bring further nodes and zones.
    is_open: bool,
    /// The pools could not be read whole.
    is_damaged: bool,
}

impl Nodes {
    fn has_node(&self, name: &str) -> bool {
        self.sizes.iter().any(|(pool, size)| {
            name.strip_prefix(pool.as_str())
                .and_then(|rest| rest.strip_prefix('-'))
                .filter(|digits| *digits == "0" || !digits.starts_with('0'))
                .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|digits| digits.parse::<u64>().ok())
                .is_some_and(|index| index < *size)
        })
    }
}

impl Checker<'_> {
    /// Node pools.
    pub fn check_node_pools(&mut self, path: &FieldPath, pools: &[NodePool]) {
        let names = pools.iter().enumerate().map(|(index, pool)| (path.index(index).key("name"), pool.name.clone()));
        self.require_unique("pool", names.collect::<Vec<_>>());
        let total: u64 = pools.iter().map(|pool| u64::from(pool.count)).sum();
        self.require(
            total <= MAX_NODES,
            path.clone(),
            format!("has {total} nodes in all (expected at most {MAX_NODES})"),
        );
        for (index, pool) in pools.iter().enumerate() {
            let path = path.index(index);
            self.require_name(path.key("name"), &pool.name);
            for resource in ["cpu", "memory"] {
                let is_given = pool.capacity.contains_key(resource);
                self.require(is_given, path.key("capacity"), format!("`{resource}` is missing"));
            }
            let zones =
                pool.zones.iter().enumerate().map(|(index, zone)| (path.key("zones").index(index), zone.clone()));
            self.require_unique("zone", zones.collect::<Vec<_>>());
            for (index, zone) in pool.zones.iter().enumerate() {
                self.require(
                    !zone.is_empty(),
                    path.key("zones").index(index),
                    "is empty (expected the name of a zone)",
                );
            }
            for (field, amounts) in [("capacity", &pool.capacity), ("allocatable", &pool.allocatable)] {
                for (name, amount) in amounts {
                    let path = path.key(field).key(name);
                    let is_whole = name == "cpu" || amount.get().milli_value() % 1000 == 0;
                    self.require(is_whole, path.clone(), format!("`{amount}` is not a whole number of units"));
                    let is_name = !name.is_empty()
                        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/'));
                    self.require(is_name, path, format!("`{name}` is not a resource name"));
                }
            }
            for (name, amount) in &pool.allocatable {
                let path = path.key("allocatable").key(name);
                match pool.capacity.get(name) {
                    Some(capacity) => {
                        self.require(
                            amount <= capacity,
                            path,
                            format!("`{amount}` is above the capacity of `{capacity}`"),
                        );
                    }
                    None if name == "pods" => {}
                    None => self.error(path, format!("`{name}` is not in `capacity`")),
                }
            }
            self.require_not_negative(path.key("pricePerHour"), pool.price_per_hour);
            let price = format!("a node may cost at most {MAX_PRICE} dollars an hour");
            self.require(pool.price_per_hour <= MAX_PRICE, path.key("pricePerHour"), price);
            let taints =
                pool.taints.iter().enumerate().map(|(index, taint)| {
                    (path.key("taints").index(index), format!("{}:{:?}", taint.key, taint.effect))
                });
            self.require_unique("taint", taints.collect::<Vec<_>>());
            for (index, taint) in pool.taints.iter().enumerate() {
                self.require(!taint.key.is_empty(), path.key("taints").index(index).key("key"), "is empty");
            }
        }
    }

    /// Delays, rate limits and periods.
    pub fn check_control_plane(&mut self, path: &FieldPath, control_plane: &ControlPlane) {
        let scale = control_plane.latency.scale;
        self.require_not_negative(path.key("latency").key("scale"), scale);
        let manager = &control_plane.controller_manager;
        let at = path.key("controllerManager");
        for (field, period) in [
            ("nodeMonitorPeriod", manager.node_monitor_period),
            ("nodeMonitorGracePeriod", manager.node_monitor_grace_period),
            ("horizontalPodAutoscalerSyncPeriod", manager.horizontal_pod_autoscaler_sync_period),
            ("podGcPeriod", manager.pod_gc_period),
        ] {
            self.require(period > Duration::ZERO, at.key(field), "is zero (expected a time above zero)");
        }
        let resolution = control_plane.metrics_server.metric_resolution;
        let path_of_resolution = path.key("metricsServer").key("metricResolution");
        self.require(resolution > Duration::ZERO, path_of_resolution, "is zero (expected a time above zero)");
        self.require_positive(at.key("kubeApiQps"), manager.kube_api_qps);
        self.require(manager.kube_api_burst > 0, at.key("kubeApiBurst"), "is zero: no request could be sent");
        self.require_not_negative(at.key("nodeEvictionRate"), manager.node_eviction_rate);
        self.require_not_negative(at.key("secondaryNodeEvictionRate"), manager.secondary_node_eviction_rate);
        let threshold = manager.unhealthy_zone_threshold;
        let message = format!("`{threshold}` is not a share (expected 0 to 1)");
        self.require((0.0..=1.0).contains(&threshold), at.key("unhealthyZoneThreshold"), message);
        self.require_not_negative(
            at.key("horizontalPodAutoscalerTolerance"),
            manager.horizontal_pod_autoscaler_tolerance,
        );
        self.require_positive(path.key("scheduler").key("qps"), control_plane.scheduler.qps);
        let burst = path.key("scheduler").key("burst");
        self.require(control_plane.scheduler.burst > 0, burst, "is zero: no request could be sent");
        let lease = control_plane.kubelet.node_lease_duration_seconds;
        let path = path.key("kubelet").key("nodeLeaseDurationSeconds");
        self.require(lease > 0, path.clone(), "is zero (expected at least 1)");
        let grace = manager.node_monitor_grace_period.get().as_secs_f64();
        self.require(
            f64::from(lease) / 4.0 < grace,
            path,
            "a quarter of it, the time between two renewals, is not below `controllerManager.nodeMonitorGracePeriod`: healthy nodes would become Unknown",
        );
    }

    fn nodes(&self, spec: &ScenarioSpec) -> Nodes {
        let pools = FieldPath::default().key("spec").key("nodePools");
        let sizes = spec.node_pools.iter().map(|pool| {
            let added = spec.actions.iter().filter_map(|action| action.add_nodes.as_ref());
            let added: u64 = added.filter(|add| add.pool == pool.name).map(|add| u64::from(add.count)).sum();
            (pool.name.clone(), u64::from(pool.count).saturating_add(added))
        });
        let has_trace_nodes =
            spec.arrivals.iter().any(|entry| entry.trace.as_ref().is_some_and(|trace| trace.nodes.is_some()));
        Nodes {
            pools: spec.node_pools.iter().map(|pool| pool.name.clone()).collect(),
            zones: spec.node_pools.iter().flat_map(|pool| pool.zones.iter().cloned()).collect(),
            sizes: sizes.collect(),
            is_open: has_trace_nodes
                || !spec.manifests.is_empty()
                || spec.actions.iter().any(|action| action.apply.is_some()),
            is_damaged: self.is_damaged(&pools),
        }
    }

    fn require_node(&mut self, path: FieldPath, name: &str, nodes: &Nodes) {
        if nodes.has_node(name) || nodes.is_open || nodes.is_damaged {
            return;
        }
        let message = format!("node `{name}` does not exist");
        let examples: Vec<String> = nodes
            .sizes
            .iter()
            .filter(|(_, size)| *size > 0)
            .map(
                |(pool, size)| {
                    if *size == 1 { format!("{pool}-0") } else { format!("{pool}-0 to {pool}-{}", size - 1) }
                },
            )
            .collect();
        if examples.is_empty() {
            self.error(path, format!("{message} (the scenario has none)"));
        } else {
            self.error_hint(path, message, format!("nodes of the pools: {}", examples.join(", ")));
        }
    }

    fn require_pool(&mut self, path: FieldPath, name: &str, nodes: &Nodes) {
        if !nodes.is_damaged {
            self.require_known(path, "pool", name, &nodes.pools);
        }
    }

    /// Faults.
    pub fn check_faults(&mut self, path: &FieldPath, spec: &mut ScenarioSpec) -> Vec<Fault> {
        let nodes = self.nodes(spec);
        let horizon = spec.duration.from_start();
        let mut faults = Vec::new();
        for (index, entry) in spec.faults.iter_mut().enumerate() {
            let path = path.index(index);
            if let Some(name) = &entry.name {
                self.require_name(path.key("name"), name);
            }
            let scope = self.check_scope(&path, entry, &nodes);
            let timing = self.check_timing(&path, entry, horizon);
            if let (Some(scope), Some(timing)) = (scope, timing) {
                let name = entry.name.clone().unwrap_or_else(|| format!("{}-{index}", kind_name(entry.kind)));
                faults.push(Fault { name, kind: entry.kind, scope, timing });
            }
        }
        let names = spec.faults.iter().enumerate().map(|(index, entry)| match &entry.name {
            Some(name) => (path.index(index).key("name"), name.clone()),
            None => (path.index(index), format!("{}-{index}", kind_name(entry.kind))),
        });
        self.require_unique("fault", names.collect::<Vec<_>>());
        faults
    }

    fn check_scope(&mut self, path: &FieldPath, entry: &FaultEntry, nodes: &Nodes) -> Option<FaultScope> {
        let allowed: &[&str] = match entry.kind {
            FaultKind::NodeCrash => &["node", "pool"],
            FaultKind::ZoneOutage => &["zone"],
            FaultKind::PodCrash => &["target"],
            FaultKind::NetworkPartition => &["node", "pool", "zone"],
        };
        let given: Vec<(&str, FaultScope)> = [
            entry.node.clone().map(|node| ("node", FaultScope::Node(node))),
            entry.pool.clone().map(|pool| ("pool", FaultScope::Pool(pool))),
            entry.zone.clone().map(|zone| ("zone", FaultScope::Zone(zone))),
            entry.target.clone().map(|target| ("target", FaultScope::Workload(target))),
        ]
        .into_iter()
        .flatten()
        .collect();
        let words = allowed.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let kind = kind_name(entry.kind);
        for (field, scope) in &given {
            let path = path.key(field);
            if !allowed.contains(field) {
                self.error(path, format!("`{field}` has no meaning for `{kind}` (expected {words})"));
                continue;
            }
            match scope {
                FaultScope::Node(node) => self.require_node(path, node, nodes),
                FaultScope::Pool(pool) => self.require_pool(path, pool, nodes),
                FaultScope::Zone(zone) => {
                    if !nodes.is_damaged && !nodes.is_open {
                        self.require_known(path, "zone", zone, &nodes.zones);
                    }
                }
                FaultScope::Workload(target) => self.require_kind(
                    path,
                    target,
                    &[
                        TargetKind::Deployment,
                        TargetKind::ReplicaSet,
                        TargetKind::StatefulSet,
                        TargetKind::DaemonSet,
                        TargetKind::Pod,
                    ],
                ),
            }
        }
        match given.len() {
            0 => self.error(path.clone(), format!("`{kind}` needs one of {words}")),
            1 => {}
            _ => self.error(path.clone(), format!("`{kind}` needs exactly one of {words}")),
        }
        given.into_iter().next().map(|(_, scope)| scope)
    }

    fn check_timing(&mut self, path: &FieldPath, entry: &mut FaultEntry, horizon: SimTime) -> Option<FaultTiming> {
        if let Some(mtbf) = &mut entry.mtbf
            && let Some(mean) = self.check_distribution(&path.key("mtbf"), mtbf)
            && mean <= 0.0
        {
            self.error(path.key("mtbf"), "has a mean of zero: faults would follow each other without end");
        }
        if let Some(mttr) = &mut entry.mttr {
            self.check_distribution(&path.key("mttr"), mttr);
        }
        if let Some(duration) = entry.duration {
            self.require(duration > Duration::ZERO, path.key("duration"), "is zero: nothing would happen");
        }
        if entry.at.is_some_and(|at| at.from_start() > horizon) {
            self.warn(path.key("at"), "is after the end of the run: the fault does not happen");
        }
        if entry.kind == FaultKind::PodCrash {
            for (field, given) in [("duration", entry.duration.is_some()), ("mttr", entry.mttr.is_some())] {
                self.require(
                    !given,
                    path.key(field),
                    "has no meaning for `podCrash`: the kubelet restarts the container",
                );
            }
        }
        match (entry.at, &entry.mtbf) {
            (Some(at), None) => {
                self.require(entry.mttr.is_none(), path.key("mttr"), "goes with `mtbf` (beside `at`, use `duration`)");
                let duration = entry.duration.map(Duration::get);
                Some(FaultTiming::Scheduled { at: at.from_start(), duration })
            }
            (None, Some(mtbf)) => {
                self.require(
                    entry.duration.is_none(),
                    path.key("duration"),
                    "goes with `at` (beside `mtbf`, use `mttr`)",
                );
                Some(FaultTiming::Random { mtbf: mtbf.clone(), mttr: entry.mttr.clone() })
            }
            (None, None) => {
                self.error(path.clone(), "says not when it happens (expected `at` or `mtbf`)");
                None
            }
            (Some(_), Some(_)) => {
                self.error(path.clone(), "has both `at` and `mtbf` (expected one of them)");
                None
            }
        }
    }

    fn require_kind(&mut self, path: FieldPath, target: &Target, allowed: &[TargetKind]) {
        let words: Vec<String> = allowed.iter().map(|kind| kind.as_str().to_ascii_lowercase()).collect();
        let message = format!("a {} cannot stand here (expected {})", target.kind.as_str(), words.join(", "));
        self.require(allowed.contains(&target.kind), path, message);
    }

    /// Operator actions, sorted by time.
    pub fn check_actions(&mut self, path: &FieldPath, spec: &ScenarioSpec) -> Vec<Action> {
        let nodes = self.nodes(spec);
        let horizon = spec.duration.from_start();
        let mut actions = Vec::new();
        for (index, entry) in spec.actions.iter().enumerate() {
            let path = path.index(index);
            if entry.at.from_start() > horizon {
                self.warn(path.key("at"), "is after the end of the run: the action is not done");
            }
            if let Some(pattern) = &entry.apply {
                self.require_files(path.key("apply"), pattern);
            }
            let mut verbs = self.verbs(entry);
            for verb in &verbs {
                self.check_verb(&path, verb, &nodes);
            }
            let words = "`scale`, `apply`, `cordon`, `uncordon`, `drain`, `delete`, `rolloutRestart`, `rolloutUndo`, `addNodes`";
            match verbs.len() {
                0 => self.error(path, format!("says not what is done (expected one of {words})")),
                1 => {}
                count => self.error(path, format!("has {count} verbs (expected exactly one of {words})")),
            }
            if let Some(verb) = verbs.pop() {
                actions.push(Action { at: entry.at.from_start(), verb });
            }
        }
        actions.sort_by_key(|action| action.at);
        actions
    }

    fn verbs(&self, entry: &ActionEntry) -> Vec<ActionVerb> {
        [
            entry
                .scale
                .as_ref()
                .map(|scale| ActionVerb::Scale { target: scale.target.clone(), replicas: scale.replicas }),
            entry.apply.as_ref().map(|files| ActionVerb::Apply(self.resolve(Path::new(files)))),
            entry.cordon.clone().map(ActionVerb::Cordon),
            entry.uncordon.clone().map(ActionVerb::Uncordon),
            entry.drain.as_ref().map(|drain| ActionVerb::Drain(drain.options())),
            entry.delete.clone().map(ActionVerb::Delete),
            entry.rollout_restart.clone().map(ActionVerb::RolloutRestart),
            entry.rollout_undo.clone().map(ActionVerb::RolloutUndo),
            entry.add_nodes.as_ref().map(|add| ActionVerb::AddNodes { pool: add.pool.clone(), count: add.count }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn check_verb(&mut self, path: &FieldPath, verb: &ActionVerb, nodes: &Nodes) {
        use TargetKind::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
        match verb {
            ActionVerb::Scale { target, replicas } => {
                let path = path.key("scale");
                self.require_kind(path.key("target"), target, &[Deployment, ReplicaSet, StatefulSet]);
                let is_good = i32::try_from(*replicas).is_ok();
                self.require(
                    is_good,
                    path.key("replicas"),
                    format!("`{replicas}` is too large (expected at most 2147483647)"),
                );
            }
            // Checked as written, before it was joined to the scenario's folder.
            ActionVerb::Apply(_) => {}
            ActionVerb::Cordon(node) => self.require_node(path.key("cordon"), node, nodes),
            ActionVerb::Uncordon(node) => self.require_node(path.key("uncordon"), node, nodes),
            ActionVerb::Drain(options) => self.require_node(path.key("drain"), &options.node, nodes),
            ActionVerb::Delete(target) => {
                if target.kind == TargetKind::Node {
                    self.require_node(path.key("delete"), &target.name, nodes);
                }
            }
            ActionVerb::RolloutRestart(target) => {
                self.require_kind(path.key("rolloutRestart"), target, &[Deployment, StatefulSet, DaemonSet]);
            }
            ActionVerb::RolloutUndo(target) => self.require_kind(path.key("rolloutUndo"), target, &[Deployment]),
            ActionVerb::AddNodes { pool, count } => {
                let path = path.key("addNodes");
                self.require_pool(path.key("pool"), pool, nodes);
                self.require(*count > 0, path.key("count"), "is zero: no node would join");
                let is_good = u64::from(*count) <= MAX_NODES;
                self.require(
                    is_good,
                    path.key("count"),
                    format!("`{count}` is too large (expected at most {MAX_NODES})"),
                );
            }
        }
    }

    /// Bounds on metrics.
    pub fn check_objectives(&mut self, path: &FieldPath, objectives: &[Objective]) {
        for (index, objective) in objectives.iter().enumerate() {
            let path = path.index(index);
            self.require(!objective.metric.is_empty(), path.key("metric"), "is empty (expected the name of a metric)");
            match (objective.min, objective.max) {
                (None, None) => self.error(path, "has no bound (expected `max`, `min` or both)"),
                (Some(min), Some(max)) => {
                    self.require(
                        min <= max,
                        path.key("min"),
                        format!("`{min}` is above `max`: no value would be good"),
                    );
                }
                _ => {}
            }
        }
    }

    /// Sweeps; whether the paths exist is found by trying each value (`load`).
    pub fn check_sweep(&mut self, path: &FieldPath, sweep: &Sweep) {
        self.require(
            !sweep.parameters.is_empty(),
            path.key("parameters"),
            "is empty (expected at least one parameter)",
        );
        self.require(sweep.replications > 0, path.key("replications"), "is zero: nothing would run");
        let names = sweep.parameters.iter().enumerate();
        let names =
            names.map(|(index, parameter)| (path.key("parameters").index(index).key("path"), parameter.path.clone()));
        self.require_unique("parameter", names.collect::<Vec<_>>());
        let mut runs = u64::from(sweep.replications);
        for (index, parameter) in sweep.parameters.iter().enumerate() {
            let path = path.key("parameters").index(index);
            runs = runs.saturating_mul(parameter.values.len() as u64);
            self.require(!parameter.values.is_empty(), path.key("values"), "is empty (expected at least one value)");
            let is_known = parameter.baseline.as_ref().is_none_or(|baseline| parameter.values.contains(baseline));
            self.require(is_known, path.key("baseline"), "is not one of `values`");
            let is_inside = parameter.path == "spec.sweep" || parameter.path.starts_with("spec.sweep.");
            self.require(!is_inside, path.key("path"), "a sweep cannot change itself");
        }
        self.require(runs <= MAX_RUNS, path.clone(), format!("has {runs} runs in all (expected at most {MAX_RUNS})"));
    }
}

/// The kind as the file writes it.
fn kind_name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::NodeCrash => "nodeCrash",
        FaultKind::ZoneOutage => "zoneOutage",
        FaultKind::PodCrash => "podCrash",
        FaultKind::NetworkPartition => "networkPartition",
    }
}
