//! Rules for operator actions.

use super::action::{Action, ActionEntry, ActionVerb};
use super::check::Checker;
use super::nodes::{MAX_NODES, Pools};
use super::spec::ScenarioSpec;
use crate::api::Kind;
use crate::input::document::field_path::FieldPathBuf;
use std::path::Path;

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
            let words = "`scale`, `apply`, `cordon`, `uncordon`, `drain`, `delete`, `rolloutRestart`, `rolloutUndo`, `addNodes`";
            match verbs.len() {
                0 => self.error(path, format!("says not what is done (expected one of {words})")),
                1 => {}
                count => self.error(path, format!("has {count} verbs (expected exactly one of {words})")),
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

    fn check_verb(&mut self, path: &FieldPathBuf, verb: &ActionVerb, pools: &Pools) {
        match verb {
            ActionVerb::Scale { target, replicas } => {
                let path = path.key("scale");
                self.require_kind(path.key("target"), target, Kind::has_scale);
                let is_good = i32::try_from(*replicas).is_ok();
                self.require(
                    is_good,
                    path.key("replicas"),
                    format!("`{replicas}` is too large (expected at most 2147483647)"),
                );
            }
            // The files of `apply` are checked as written, before they were joined to the scenario's folder; nodes when all
            // input is read.
            ActionVerb::Apply(_)
            | ActionVerb::Cordon(_)
            | ActionVerb::Uncordon(_)
            | ActionVerb::Drain(_)
            | ActionVerb::Delete(_) => {}
            ActionVerb::RolloutRestart(target) => {
                self.require_kind(path.key("rolloutRestart"), target, Kind::has_rollouts);
            }
            ActionVerb::RolloutUndo(target) => {
                self.require_kind(path.key("rolloutUndo"), target, |kind| kind == Kind::Deployment);
            }
            ActionVerb::AddNodes { pool, count } => {
                let path = path.key("addNodes");
                self.require_pool(path.key("pool"), pool, pools);
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
}
