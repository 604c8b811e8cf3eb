//! A turn of the scale loop (`checkScalers` of `pkg/scaling/scale_handler.go`): the triggers are asked, and the target is brought
//! to or from zero.

use super::records::{self, Turn};
use super::{KedaController, KedaEvent, TriggerSources, answer, target_of};
use crate::api::Name;
use crate::api::keda::KedaAnnotations;
use crate::autoscaler::keda::activity::Answer;
use crate::autoscaler::keda::executor::{ScaleRequest, TriggerState, request_scale};
use crate::cluster::{Cluster, ScaledObjectId, Severity};
use crate::engine::Agenda;
use std::sync::Arc;

impl KedaController {
    /// Asks the triggers of a ScaledObject, scales, and plans the next turn.
    pub(super) fn poll<A: Agenda<KedaEvent>>(
        &mut self,
        id: ScaledObjectId,
        cluster: &mut Cluster,
        sources: &impl TriggerSources,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let at = (now, self.calendar(now));
        let entry = self.entry(id);
        // The loop keeps the interval with which it was started; annotations are read anew.
        let Some(read) = entry.object.clone() else { return };
        let event = KedaEvent::Poll { object: id, scale_loop: entry.scale_loop };
        agenda.schedule(now + read.spec.polling_interval, event);
        let state = cluster.scaled_object(id);
        let (object, created) = (Arc::clone(&state.object), state.head.created);
        if state.removed {
            return;
        }
        let mut answers: Vec<(Name, Answer)> = Vec::new();
        let mut ask = |index: usize| {
            let answer = answer((&read, &entry.scalers), index, sources, at);
            if let Some(name) = entry.scalers.get(index).and_then(|scaler| scaler.metric_name()) {
                answers.push((name.clone(), answer.clone()));
            }
            answer
        };
        let state = entry.triggers(&read).state(&mut ask);
        for problem in answers.iter().filter_map(|(_, answer)| answer.as_ref().err()) {
            records::emit(id, Severity::Warning, "KEDAScalerFailed", problem, cluster);
        }
        // Without a scale, or with an `activationTarget` that is no number, the turn ends here.
        let target = target_of(&object, cluster);
        let scale = target.and_then(|target| Some((target, cluster.scale_of(target)?)));
        let Some((target, scale)) = scale.filter(|_| state.problem.is_none()) else { return };
        let request = ScaleRequest {
            spec: &read.spec,
            annotations: KedaAnnotations::of(&object.meta.annotations),
            created,
            replicas: scale.spec_replicas,
            triggers: TriggerState {
                is_active: state.is_active,
                is_error: state.is_error,
                active_triggers: &state.active_triggers,
            },
            now,
        };
        let mut scaled_to = None;
        let outcome = request_scale(&request, &mut entry.status, &mut |to| {
            scaled_to = Some(to);
            true
        });
        if let Some(to) = scaled_to {
            cluster.scale(target, to);
        }
        if let Some(event) = &outcome.event {
            let severity = if event.is_warning() { Severity::Warning } else { Severity::Normal };
            let name = format!("{}.{}", object.target_version, object.target.kind);
            let message = event.message(&format!("{name} {}/{}", object.meta.namespace, object.target.name));
            records::emit(id, severity, event.reason(), &message, cluster);
        }
        let what = (outcome.rule, state.active_triggers.clone());
        if scaled_to.is_some_and(|to| to != scale.spec_replicas) || entry.recorded.as_ref() != Some(&what) {
            let turn = Turn {
                rule: outcome.rule,
                state: &state,
                answers: &answers,
                status: &entry.status,
                sizes: (scale.spec_replicas, scaled_to.unwrap_or(scale.spec_replicas)),
            };
            records::note_turn(id, &turn, cluster);
            entry.recorded = Some(what);
        }
        if !state.cached.is_empty() {
            entry.cached = state.cached;
        }
    }
}
