//! `kubectl scale` and `kubectl rollout`.

use super::Operator;
use super::rollback::{Rollback, rollback};
use crate::api::Name;
use crate::cluster::Cluster;
use crate::input::scenario::{
    AnyValue, ObjectReference, PatchAction, PatchType, RolloutUndoOptions, ScaleAction, Target,
};
use crate::record::ActionOutcome;
use crate::units::SimTime;
use serde_json::{Value, json};

impl Operator<'_> {
    /// `kubectl scale`.
    pub(super) fn scale(
        &mut self,
        ScaleAction { target, replicas }: &ScaleAction,
        cluster: &mut Cluster,
        now: SimTime,
    ) {
        if let Some(object) = self.existing(target, "scale", cluster, now) {
            cluster.scale(object, i32::try_from(*replicas).unwrap_or(i32::MAX));
            self.follow("scale", object, cluster, now);
        }
    }

    /// `kubectl rollout restart`; `at` is the time that the template gets.
    pub(super) fn restart(&mut self, target: &Target, at: &str, cluster: &mut Cluster, now: SimTime) {
        if let Some(object) = self.existing(target, "restart", cluster, now) {
            let before = cluster.rollout_template_of(object);
            cluster.restart_rollout(object, at);
            let key = (target.kind, Name::from(target.namespace.as_str()), Name::from(target.name.as_str()));
            self.documents.note_restart(&key, [before, cluster.rollout_template_of(object)], at);
            self.follow("rollout restart", object, cluster, now);
        }
    }

    /// `kubectl rollout undo`.
    pub(super) fn undo(&mut self, undo: &RolloutUndoOptions, cluster: &mut Cluster, now: SimTime) {
        const VERB: &str = "rollout undo";
        let target = &undo.target;
        let Some(object) = self.existing(target, VERB, cluster, now) else { return };
        let Some(current) = cluster.rollout_template_of(object) else { return };
        let revisions = cluster.revisions_of(object);
        if cluster.is_paused(object) {
            let message =
                "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again";
            self.refused(VERB, target, None, message, now);
            return;
        }
        match rollback(&revisions, current, i64::from(undo.to_revision), &target.name) {
            Ok(Rollback::To(template)) => {
                cluster.roll_out(object, template);
                self.follow(VERB, object, cluster, now);
            }
            Ok(Rollback::Skipped { revision }) => {
                let message = format!("skipped rollback (current template already matches revision {revision})");
                self.tracker.note(VERB, &target.to_string(), ActionOutcome::Unchanged, &message, now);
            }
            Err(problem) => self.tracker.note(VERB, &target.to_string(), ActionOutcome::NotFound, &problem, now),
        }
    }

    /// `kubectl rollout pause` and `kubectl rollout resume`, which patch the Deployment.
    pub(super) fn set_paused(&mut self, target: &Target, paused: bool, cluster: &mut Cluster, now: SimTime) {
        let verb = if paused { "rollout pause" } else { "rollout resume" };
        let Some(object) = self.existing(target, verb, cluster, now) else { return };
        if cluster.is_paused(object) == paused {
            let state = if paused { "already" } else { "not" };
            let message = format!("deployments.apps \"{}\" is {state} paused", target.name);
            self.refused(verb, target, None, &message, now);
            return;
        }
        let paused = if paused { Value::Bool(true) } else { Value::Null };
        let patch = PatchAction {
            target: ObjectReference::Named(target.clone()),
            patch: AnyValue(json!({"spec": {"paused": paused}})),
            patch_type: Some(PatchType::Strategic),
            subresource: None,
        };
        self.patch_as(verb, &patch, cluster, now);
    }
}
