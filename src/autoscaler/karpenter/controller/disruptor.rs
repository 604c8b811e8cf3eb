//! The disruption loop, and the queue in which its commands are carried out (`pkg/controllers/disruption`).
//!
//! The loop runs every 10 s, at once after it has acted. A pass that finds nothing would find nothing again as long as nothing
//! changes: then the loop sleeps, and goes on in its rhythm when something does. (The real one looks again after 5 minutes
//! all the same; with another order of its maps it might find something then.)

use super::api_events::{BUDGET_DEDUPE, Told, UNCONSOLIDATABLE_DEDUPE};
use super::event::KarpenterEvent;
use super::lifecycle::Lifecycle;
use super::provisioner::record_existing;
use super::shared::Shared;
use super::static_pools::template_claim;
use super::terminator::set_disrupted;
use crate::api::karpenter::{NodeClaimCondition, NodeClaimConditionType, keys};
use crate::api::{ConditionStatus, Name};
use crate::autoscaler::karpenter::disruption::budgets::{Clock, allowed};
use crate::autoscaler::karpenter::disruption::candidate::{Blocked, BlockedEvent, candidates};
use crate::autoscaler::karpenter::disruption::command::Command;
use crate::autoscaler::karpenter::disruption::method::{Method, VALIDATION_DELAY};
use crate::autoscaler::karpenter::disruption::methods::{Outcome, Situation, compute_command};
use crate::autoscaler::karpenter::disruption::validation::validate;
use crate::autoscaler::karpenter::options::MapOrder;
use crate::cluster::{Change, Cluster, NodeClaimId};
use crate::engine::Agenda;
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet};

/// How often the loop runs (`pollingPeriod`).
const POLLING_PERIOD: SimDuration = SimDuration::from_secs(10);
/// How often it is looked whether every NodeClaim is launched.
const SYNC_PERIOD: SimDuration = SimDuration::from_secs(1);
/// How often a command is looked at (`queueBaseDelay`).
const COMMAND_PERIOD: SimDuration = SimDuration::from_secs(1);
/// A command is given up after so long for each node in the queue, but no earlier and no later than these.
const RETRY_SCALE: SimDuration = SimDuration::from_millis(80);
const RETRY_BOUNDS: [SimDuration; 2] = [SimDuration::from_minutes(10), SimDuration::from_hours(1)];

/// A command that is being carried out.
#[derive(Debug)]
struct Running {
    method: Method,
    candidates: Vec<NodeClaimId>,
    replacements: Vec<NodeClaimId>,
    created: SimTime,
}

/// The disruption controllers.
#[derive(Debug)]
pub struct Disruptor {
    /// Number of the plan that holds.
    plan: u32,
    is_planned: bool,
    /// When the loop last ran.
    last: SimTime,
    /// The version of the picture in which a pass found nothing.
    seen: Option<u64>,
    /// A command that is looked at again after a while.
    waiting: Option<Command>,
    commands: BTreeMap<u32, Running>,
    made: u32,
}

impl Disruptor {
    /// A loop of this phase.
    pub fn new(phase: SimTime) -> Self {
        Self {
            plan: 0,
            is_planned: false,
            last: phase - POLLING_PERIOD,
            seen: None,
            waiting: None,
            commands: BTreeMap::new(),
            made: 0,
        }
    }

    fn plan<A: Agenda<KarpenterEvent>>(&mut self, at: SimTime, agenda: &mut A) {
        self.plan += 1;
        self.is_planned = true;
        agenda.schedule(at, KarpenterEvent::Disrupt { plan: self.plan });
    }

    /// Something may have changed: a loop that sleeps goes on.
    pub fn wake<A: Agenda<KarpenterEvent>>(&mut self, version: u64, agenda: &mut A) {
        if !self.is_planned && self.seen != Some(version) {
            let next = agenda.now().next_tick(self.last, POLLING_PERIOD);
            self.plan(next, agenda);
        }
    }

    /// The loop runs.
    pub fn run<A: Agenda<KarpenterEvent>>(
        &mut self,
        plan: u32,
        lifecycle: &mut Lifecycle,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        if plan != self.plan {
            return;
        }
        let now = agenda.now();
        self.is_planned = false;
        self.last = now;
        let mut first = 0;
        if let Some(command) = self.waiting.take() {
            first = Method::ALL.iter().position(|method| *method == command.method).map_or(0, |place| place + 1);
            if self.confirm(command, lifecycle, shared, cluster, agenda) {
                self.plan(now, agenda);
                return;
            }
        } else {
            if !shared.mirror.is_synced() {
                self.plan(now + SYNC_PERIOD, agenda);
                return;
            }
            untaint_outdated(shared, cluster);
        }
        if shared.mirror.catalogue.forget(now) {
            shared.mirror.refresh_pools(cluster);
        }
        shared.mirror.options.map_order = MapOrder::shuffled(shared.draw_map_order());
        let seen = shared.mirror.version;
        for method in &Method::ALL[first..] {
            if *method == Method::StaticDrift {
                if shared.settings.static_capacity && self.static_drift(lifecycle, shared, cluster, agenda) {
                    self.plan(now, agenda);
                    return;
                }
                continue;
            }
            let outcome = compute(*method, shared, now);
            tell_blocked(&outcome, *method, shared, cluster, now);
            let Some(command) = outcome.command else { continue };
            if method.is_eventual() {
                if self.start(&command, lifecycle, shared, cluster, agenda) {
                    self.plan(now, agenda);
                    return;
                }
            } else {
                self.waiting = Some(command);
                self.plan(now + VALIDATION_DELAY, agenda);
                return;
            }
        }
        // A pass that began in the middle has not asked every method.
        if first == 0 && shared.mirror.version == seen {
            self.seen = Some(seen);
            if let Some(next) = next_by_time(shared, now) {
                let at = next.max(now + POLLING_PERIOD).next_tick(now, POLLING_PERIOD);
                self.plan(at, agenda);
            }
        } else {
            self.plan(now + POLLING_PERIOD, agenda);
        }
    }

    /// A command is looked at again; it is carried out if it still holds. Whether it is.
    fn confirm<A: Agenda<KarpenterEvent>>(
        &mut self,
        command: Command,
        lifecycle: &mut Lifecycle,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) -> bool {
        let now = agenda.now();
        let (method, savings, nodes) = (command.method, command.savings, command.candidates.clone());
        let decision = decision_word(&command);
        let situation = situation(shared, now);
        match validate(&situation, command) {
            Ok(command) => self.start(&command, lifecycle, shared, cluster, agenda),
            Err(invalid) => {
                let why = invalid.as_str();
                for name in &nodes {
                    let text = format!("Consolidation rejected: {decision}, reason: {why} (savings: ${savings:.2})");
                    let told = || Told::normal("ConsolidationRejected", text.clone());
                    if let Some(claim) = cluster.node_claim_id(name).filter(|_| method != Method::Emptiness) {
                        let node = shared.mirror.node_of(claim);
                        shared.recorder.node_and_claim(node, claim, [told(), told()], why, cluster, now);
                    }
                    let inputs = format!("method={method:?};savings_dollars_per_hour={savings:.4}");
                    shared.report(name, "Reject", inputs, why);
                }
                false
            }
        }
    }

    /// Taints the nodes, makes what replaces them, and puts the command into the queue (`StartCommand`).
    fn start<A: Agenda<KarpenterEvent>>(
        &mut self,
        command: &Command,
        lifecycle: &mut Lifecycle,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) -> bool {
        let now = agenda.now();
        let reason = command.method.reason().as_str();
        let known: Vec<NodeClaimId> =
            command.candidates.iter().filter_map(|name| cluster.node_claim_id(name)).collect();
        for claim in &known {
            if let Some(node) = shared.mirror.node_of(*claim) {
                set_disrupted(node, cluster);
                shared.mirror.observe(Change::NodeUpdated(node), cluster);
            }
            cluster.update_node_claim(*claim, |claim| {
                claim.status.set_condition(NodeClaimCondition {
                    condition_type: NodeClaimConditionType::DisruptionReason,
                    status: ConditionStatus::True,
                    reason: Name::from(reason),
                    message: Name::from(reason),
                    last_transition: now,
                });
            });
        }
        let decision = decision_word(command);
        let inputs = format!(
            "method={:?};reason={reason};savings_dollars_per_hour={:.4};nodes={};replacements={}",
            command.method,
            command.savings,
            command.candidates.len(),
            command.replacements.len()
        );
        let mut replacements = Vec::new();
        for new in &command.replacements {
            let text = format!("{reason}: replaces {}", command.candidates.join(", "));
            match lifecycle.create(new, &text, shared, cluster, agenda) {
                Some(id) => replacements.push(id),
                None => {
                    shared.report(&new.pool, decision, inputs, "limits");
                    return false;
                }
            }
        }
        for name in &command.candidates {
            shared.report(name, decision, inputs.clone(), "");
            shared.mirror.mark_for_deletion(name, true);
            shared.queued.insert(name.clone());
        }
        record_existing(&command.existing, shared, cluster, now);
        for claim in &replacements {
            let told = Told::normal("DisruptionLaunching", format!("Launching NodeClaim: {reason}"));
            shared.recorder.claim(*claim, told, reason, cluster, now);
            let told = Told::normal("DisruptionWaitingReadiness", "Waiting on readiness to continue disruption");
            shared.recorder.claim(*claim, told, "", cluster, now);
        }
        let number = self.made;
        self.made += 1;
        let running = Running { method: command.method, candidates: known, replacements, created: now };
        self.commands.insert(number, running);
        agenda.schedule(now, KarpenterEvent::Command { command: number });
        true
    }

    /// Nodes of static pools that have drifted are replaced one by one.
    fn static_drift<A: Agenda<KarpenterEvent>>(
        &mut self,
        lifecycle: &mut Lifecycle,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) -> bool {
        let now = agenda.now();
        let situation = situation(shared, now);
        let (found, _) = candidates(situation.state, situation.options, now, Method::StaticDrift, situation.queued);
        if found.is_empty() {
            return false;
        }
        let budgets = allowed(situation.state, situation.clock, now, Method::StaticDrift.reason());
        let first = found.iter().find(|candidate| budgets.get(candidate.pool_name()).is_some_and(|left| *left > 0));
        let Some((key, pool)) = first.map(|candidate| (candidate.key.clone(), candidate.pool_name().clone())) else {
            return false;
        };
        let Some(new) = template_claim(&pool, shared) else { return false };
        let command = Command {
            method: Method::StaticDrift,
            candidates: vec![key],
            replacements: vec![new],
            existing: Vec::new(),
            savings: 0.0,
            scores: Vec::new(),
        };
        self.start(&command, lifecycle, shared, cluster, agenda)
    }

    /// A NodeClaim changed: commands that wait for it are looked at when their next second begins.
    pub fn claim_changed<A: Agenda<KarpenterEvent>>(&mut self, claim: NodeClaimId, agenda: &mut A) {
        let now = agenda.now();
        for (number, running) in &self.commands {
            if running.replacements.contains(&claim) {
                let at = now.next_tick(running.created, COMMAND_PERIOD);
                agenda.schedule(at, KarpenterEvent::Command { command: *number });
            }
        }
    }

    /// A command is looked at: once everything that replaces its nodes is ready, they are deleted (`waitOrTerminate`).
    pub fn look<A: Agenda<KarpenterEvent>>(
        &mut self,
        number: u32,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let Some(running) = self.commands.get(&number) else { return };
        let [least, most] = RETRY_BOUNDS;
        let queued = i64::try_from(shared.queued.len()).unwrap_or(i64::MAX);
        let limit = (RETRY_SCALE * queued).clamp(least, most);
        let is_lost = running.replacements.iter().any(|claim| !cluster.node_claim(*claim).exists());
        if is_lost || now - running.created > limit {
            let why = if is_lost { "replacement was deleted" } else { "command reached timeout" };
            self.roll_back(number, why, shared, cluster);
            return;
        }
        let is_ready =
            |claim: &NodeClaimId| cluster.node_claim(*claim).object.status.is_true(NodeClaimConditionType::Initialized);
        if !running.replacements.iter().all(is_ready) {
            if now == running.created {
                let at = running.created + limit + COMMAND_PERIOD;
                agenda.schedule(at, KarpenterEvent::Command { command: number });
            }
            return;
        }
        let Some(running) = self.commands.remove(&number) else { return };
        let reason = running.method.reason().as_str();
        for claim in &running.candidates {
            let node = shared.mirror.node_of(*claim);
            shared.queued.remove(&cluster.node_claim(*claim).object.meta.name);
            if !cluster.node_claim(*claim).exists() {
                continue;
            }
            shared.delete_claim(*claim, reason, cluster, now);
            let told = |what: &str| Told::normal("DisruptionTerminating", format!("Disrupting {what}: {reason}"));
            shared.recorder.node_and_claim(node, *claim, [told("Node"), told("NodeClaim")], reason, cluster, now);
        }
    }

    /// What replaces the nodes of a command will not come: they stay.
    fn roll_back(&mut self, number: u32, why: &str, shared: &mut Shared, cluster: &mut Cluster) {
        let Some(running) = self.commands.remove(&number) else { return };
        for claim in running.candidates {
            let name = cluster.node_claim(claim).object.meta.name.clone();
            shared.queued.remove(&name);
            shared.mirror.mark_for_deletion(&name, false);
            untaint(claim, shared, cluster);
            shared.report(&name, "RollBack", format!("method={:?}", running.method), why);
        }
    }
}

fn decision_word(command: &Command) -> &'static str {
    if command.replacements.is_empty() { "Delete" } else { "Replace" }
}

fn situation(shared: &Shared, now: SimTime) -> Situation<'_> {
    Situation {
        state: &shared.mirror.state,
        options: &shared.mirror.options,
        clock: Clock { start: shared.settings.calendar_start },
        now,
        queued: &shared.queued,
    }
}

fn compute(method: Method, shared: &Shared, now: SimTime) -> Outcome {
    compute_command(&situation(shared, now), method)
}

/// Why nodes are not disrupted, for people.
fn tell_blocked(outcome: &Outcome, method: Method, shared: &mut Shared, cluster: &mut Cluster, now: SimTime) {
    for Blocked { node, event, message } in &outcome.blocked {
        let Some(claim) = cluster.node_claim_id(node) else { continue };
        let told = || match event {
            BlockedEvent::DisruptionBlocked => Told::normal("DisruptionBlocked", message.clone()),
            BlockedEvent::Unconsolidatable => {
                Told::normal("Unconsolidatable", message.clone()).every(UNCONSOLIDATABLE_DEDUPE)
            }
        };
        shared.keep(node, method, message);
        let node = shared.mirror.node_of(claim);
        shared.recorder.node_and_claim(node, claim, [told(), told()], "", cluster, now);
    }
    let reason = method.reason().as_str();
    let pools: BTreeSet<Name> = shared.mirror.state.nodes().filter_map(|(_, node)| node.pool().cloned()).collect();
    for (pool, left) in &outcome.budgets {
        if *left == 0 && pools.contains(pool) && outcome.constrained_by_budgets {
            let text = format!("No allowed disruptions for disruption reason {reason} due to blocking budget");
            let told = Told::normal("DisruptionBlocked", text).every(BUDGET_DEDUPE);
            shared.recorder.named("NodePool", pool, told, reason, cluster, now);
        }
    }
}

/// Takes the taint from nodes that nobody disrupts any more.
fn untaint_outdated(shared: &mut Shared, cluster: &mut Cluster) {
    let is_outdated = |name: &Name| !shared.queued.contains(name);
    let has_taint = |node: &crate::autoscaler::karpenter::state_node::StateNode| {
        let taints = node.node.as_ref().map_or(&[][..], |node| &node.object.taints);
        taints.iter().any(|taint| taint.key == keys::TAINT_DISRUPTED)
    };
    let nodes = shared.mirror.state.nodes();
    let outdated = nodes.filter(|(name, node)| is_outdated(name) && !node.is_deleting() && has_taint(node));
    let outdated: Vec<Name> = outdated.map(|(name, _)| name.clone()).collect();
    for name in outdated {
        if let Some(claim) = cluster.node_claim_id(&name) {
            untaint(claim, shared, cluster);
        }
    }
}

fn untaint(claim: NodeClaimId, shared: &mut Shared, cluster: &mut Cluster) {
    if let Some(node) = shared.mirror.node_of(claim) {
        cluster.update_node(node, |node| node.taints.retain(|taint| taint.key != keys::TAINT_DISRUPTED));
        shared.mirror.observe(Change::NodeUpdated(node), cluster);
    }
    cluster.update_node_claim(claim, |claim| claim.status.clear_condition(NodeClaimConditionType::DisruptionReason));
}

/// When time alone may change the answer of a pass.
fn next_by_time(shared: &Shared, now: SimTime) -> Option<SimTime> {
    let state = &shared.mirror.state;
    let mut times: Vec<SimTime> = state
        .nodes()
        .map(|(_, node)| node.nominated_until)
        .filter(|until| *until > now)
        .chain(shared.mirror.catalogue.next_change())
        .collect();
    if shared.mirror.has_timed_protection() {
        times.push(now);
    }
    let has_schedule =
        state.pools.values().any(|pool| pool.spec.disruption.budgets.iter().any(|budget| budget.schedule.is_some()));
    if has_schedule && state.nodes().any(|(_, node)| node.is_managed()) {
        let nanos = shared.settings.calendar_start.as_nanosecond().rem_euclid(60_000_000_000);
        let minute = SimTime::ZERO - SimDuration::from_nanos(i64::try_from(nanos).unwrap_or(0));
        times.push((now + SimDuration::from_nanos(1)).next_tick(minute, SimDuration::from_minutes(1)));
    }
    times.into_iter().min()
}
