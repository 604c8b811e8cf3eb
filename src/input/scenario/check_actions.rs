//! Rules for operator actions.

use super::action::{Action, ActionEntry, ActionVerb};
use super::action_options::{DeleteOptions, PatchAction, PatchType, Subresource, TaintAction};
use super::check::Checker;
use super::leaf::Duration;
use super::nodes::{MAX_NODES, Pools};
use super::reference::ObjectReference;
use super::spec::ScenarioSpec;
use super::taint_change::TaintChange;
use crate::api::Kind;
use crate::input::document::field_path::FieldPathBuf;
use std::path::Path;

/// The verbs, for messages.
const VERBS: &str = "`scale`, `apply`, `patch`, `cordon`, `uncordon`, `taint`, `drain`, `evict`, `delete`, `rolloutRestart`, \
                     `rolloutUndo`, `rolloutPause`, `rolloutResume`, `addNodes`";

impl Checker<'_> {
    /// Operator actions, sorted by time.
    pub fn check_actions(&mut self, path: &FieldPathBuf, spec: &ScenarioSpec) -> Vec<Action> {
        let pools = self.pools(spec);
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
                self.check_verb(&path, verb, &pools);
            }
            match verbs.len() {
                0 => self.error(path, format!("says not what is done (expected one of {VERBS})")),
                1 => {}
                count => self.error(path, format!("has {count} verbs (expected exactly one of {VERBS})")),
            }
            if let Some(verb) = verbs.pop() {
                actions.push(Action { at: entry.at.from_start(), index, verb });
            }
        }
        actions.sort_by_key(|action| action.at);
        actions
    }

    fn verbs(&self, entry: &ActionEntry) -> Vec<ActionVerb> {
        [
            entry.scale.clone().map(ActionVerb::Scale),
            entry.apply.as_ref().map(|files| ActionVerb::Apply(self.resolve(Path::new(files)))),
            entry.patch.clone().map(ActionVerb::Patch),
            entry.cordon.clone().map(ActionVerb::Cordon),
            entry.uncordon.clone().map(ActionVerb::Uncordon),
            entry.taint.clone().map(ActionVerb::Taint),
            entry.drain.as_ref().map(|drain| ActionVerb::Drain(drain.options())),
            entry.evict.clone().map(ActionVerb::Evict),
            entry.delete.as_ref().map(|delete| ActionVerb::Delete(delete.options())),
            entry.rollout_restart.clone().map(ActionVerb::RolloutRestart),
            entry.rollout_undo.as_ref().map(|undo| ActionVerb::RolloutUndo(undo.options())),
            entry.rollout_pause.clone().map(ActionVerb::RolloutPause),
            entry.rollout_resume.clone().map(ActionVerb::RolloutResume),
            entry.add_nodes.clone().map(ActionVerb::AddNodes),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn check_verb(&mut self, path: &FieldPathBuf, verb: &ActionVerb, pools: &Pools) {
        match verb {
            ActionVerb::Scale(scale) => {
                let path = path.key("scale");
                self.require_kind(path.key("target"), &scale.target, Kind::has_scale);
                let replicas = scale.replicas;
                let is_good = i32::try_from(replicas).is_ok();
                self.require(
                    is_good,
                    path.key("replicas"),
                    format!("`{replicas}` is too large (expected at most 2147483647)"),
                );
            }
            ActionVerb::Patch(action) => self.check_patch(&path.key("patch"), action),
            ActionVerb::Taint(taint) => self.check_taint(&path.key("taint"), taint),
            // The files of `apply` are checked as written, before they were joined to the scenario's folder; nodes when all
            // input is read.
            ActionVerb::Apply(_) | ActionVerb::Cordon(_) | ActionVerb::Uncordon(_) => {}
            ActionVerb::Drain(options) => self.check_grace_period(&path.key("drain"), options.grace_period),
            ActionVerb::Evict(reference) => {
                self.check_reference(path.key("evict"), reference, |kind| kind == Kind::Pod);
            }
            ActionVerb::Delete(options) => self.check_delete(&path.key("delete"), options),
            ActionVerb::RolloutRestart(target) => {
                self.require_kind(path.key("rolloutRestart"), target, Kind::has_rollouts);
            }
            ActionVerb::RolloutUndo(undo) => {
                self.require_kind(path.key("rolloutUndo"), &undo.target, |kind| kind == Kind::Deployment);
            }
            ActionVerb::RolloutPause(target) => {
                self.require_kind(path.key("rolloutPause"), target, |kind| kind == Kind::Deployment);
            }
            ActionVerb::RolloutResume(target) => {
                self.require_kind(path.key("rolloutResume"), target, |kind| kind == Kind::Deployment);
            }
            ActionVerb::AddNodes(add) => {
                let path = path.key("addNodes");
                self.require_pool(path.key("pool"), &add.pool, pools);
                let count = add.count;
                self.require(count > 0, path.key("count"), "is zero: no node would join");
                let is_good = u64::from(count) <= MAX_NODES;
                self.require(
                    is_good,
                    path.key("count"),
                    format!("`{count}` is too large (expected at most {MAX_NODES})"),
                );
            }
        }
    }

    fn check_patch(&mut self, path: &FieldPathBuf, action: &PatchAction) {
        let is_good: fn(Kind) -> bool = match action.subresource {
            Some(Subresource::Scale) => Kind::has_scale,
            Some(Subresource::Status) => |kind| kind == Kind::Node,
            Some(Subresource::Resize) => |kind| kind == Kind::Pod,
            None => |_| true,
        };
        self.check_reference(path.key("target"), &action.target, is_good);
        let is_list = action.patch.0.is_array();
        let is_one = is_list || action.patch.0.is_object();
        self.require(is_one, path.key("patch"), "is no patch (expected a mapping, or the list of a JSON patch)");
        if let (Some(given), true) = (action.patch_type, is_one)
            && is_list != (given == PatchType::Json)
        {
            let [form, expected] = if is_list { ["list", "json"] } else { ["mapping", "strategic` or `merge"] };
            let given = given.as_str();
            self.error(path.key("type"), format!("`{given}` does not go with a {form} (expected `{expected}`)"));
        }
    }

    fn check_taint(&mut self, path: &FieldPathBuf, taint: &TaintAction) {
        let path = path.key("taints");
        self.require(!taint.taints.is_empty(), path.clone(), "is empty: nothing would be done");
        let set = taint.taints.iter().enumerate().filter_map(|(index, change)| match change {
            TaintChange::Set { key, effect, .. } => Some((path.index(index), format!("{key}:{}", effect.as_str()))),
            TaintChange::Remove { .. } => None,
        });
        self.require_unique("taint", set.collect::<Vec<_>>());
    }

    fn check_delete(&mut self, path: &FieldPathBuf, options: &DeleteOptions) {
        self.check_reference(path.key("target"), &options.target, |_| true);
        let is_pod = match &options.target {
            ObjectReference::Named(target) => target.kind == Kind::Pod,
            ObjectReference::PodOf(_) => true,
        };
        for (field, given) in [("force", options.force), ("gracePeriod", options.grace_period.is_some())] {
            self.require(is_pod || !given, path.key(field), "has no meaning for an object that is no pod");
        }
        self.check_grace_period(path, options.grace_period);
        let is_whole = !options.force || options.grace_period.is_none_or(|grace| grace == Duration::ZERO);
        self.require(is_whole, path.key("gracePeriod"), "does not go with `force`, which waits for nothing");
    }

    /// The API server takes whole seconds.
    fn check_grace_period(&mut self, path: &FieldPathBuf, grace: Option<Duration>) {
        let is_whole = grace.is_none_or(|grace| grace == Duration::from_secs(grace.get().as_nanos() / 1_000_000_000));
        self.require(is_whole, path.key("gracePeriod"), "is not a whole number of seconds");
    }

    /// A reference to an object of certain kinds, or to a pod of a workload.
    fn check_reference(&mut self, path: FieldPathBuf, reference: &ObjectReference, is_good: fn(Kind) -> bool) {
        match reference {
            ObjectReference::Named(target) => self.require_kind(path, target, is_good),
            ObjectReference::PodOf(pod) => {
                self.require(is_good(Kind::Pod), path.clone(), "is a pod, which cannot stand here");
                self.require_kind(path.key("of"), &pod.of, Kind::is_workload);
            }
        }
    }
}
