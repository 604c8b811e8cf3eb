//! What the operator does with a ScaledObject that has changed (`Reconcile` of `controllers/keda/scaledobject_controller.go`).

use super::{Entry, KedaController, KedaEvent, VERSION, kind_name, records, target_of};
use crate::api::keda::{KedaAnnotations, ScaledObject};
use crate::api::{
    ConditionStatus, HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior, HpaScalingRules, Kind, ObjectMeta,
    OwnerReference,
};
use crate::autoscaler::keda::activity::{compile_formula, read_triggers};
use crate::autoscaler::keda::executor::KedaCondition;
use crate::autoscaler::keda::generated_hpa::{GeneratedHpa, SCALED_OBJECT_LABEL, generate};
use crate::cluster::{Cluster, HpaId, ObjectId, ScaledObjectId, Severity};
use crate::engine::{Agenda, draw_phase};
use crate::units::{SimDuration, SimTime};
use std::sync::Arc;

/// The first and the longest wait after a reconcile that failed (`DefaultTypedControllerRateLimiter` of client-go).
const FIRST_RETRY: SimDuration = SimDuration::from_millis(5);
const LONGEST_RETRY: SimDuration = SimDuration::from_secs(1000);

/// `ScaleTargetErrMsg`.
const NO_TARGET: &str = "ScaledObject doesn't have correct scaleTargetRef specification";
/// What is said of triggers that make no HorizontalPodAutoscaler.
const NO_HPA: &str = "failed to ensure HPA is correctly created for ScaledObject";

impl KedaController {
    /// Brings the HorizontalPodAutoscaler and the scale loop of a ScaledObject to what it says.
    pub(super) fn reconcile<A: Agenda<KedaEvent>>(
        &mut self,
        id: ScaledObjectId,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        if cluster.scaled_object(id).removed {
            return self.finalize(id, cluster);
        }
        let object = Arc::clone(&cluster.scaled_object(id).object);
        let annotations = KedaAnnotations::of(&object.meta.annotations);
        let target = target_of(&object, cluster);
        let was_paused = self.entry(id).is_paused;
        if annotations.is_paused() {
            let replicas = target.and_then(|target| cluster.scale_of(target)).map(|scale| scale.spec_replicas);
            let wanted = annotations.paused_replicas().ok().flatten();
            let is_reached = wanted.is_none() || replicas.is_none() || wanted == replicas;
            if !was_paused {
                let entry = self.entry(id);
                entry.is_paused = true;
                stop_loop(entry, id, cluster);
                remove_hpa(entry, &object, cluster);
                records::note_pause(id, true, replicas, cluster);
                ready(entry, id, cluster);
                if !is_reached {
                    // Where the HorizontalPodAutoscaler was deleted its owner is reconciled; what then runs scales.
                    self.plan_reconcile(id, agenda);
                }
                return;
            }
            if is_reached {
                return ready(self.entry(id), id, cluster);
            }
        } else {
            let is_held = annotations.pauses_scale_in() || annotations.pauses_scale_out();
            self.entry(id).is_paused = is_held;
            if was_paused && !is_held {
                self.entry(id).status.paused_replica_count = None;
                records::note_pause(id, false, None, cluster);
            }
        }
        let Some(target) = target else {
            records::emit(id, Severity::Warning, "ScaledObjectCheckFailed", "Target resource doesn't exist", cluster);
            let (kind, name) = (&object.target.kind, &object.target.name);
            return self.fail(id, &format!("{NO_TARGET}: {kind} \"{name}\" not found"), cluster, agenda);
        };
        if let Err(problem) = self.keep_hpa((id, &object), target, cluster, agenda) {
            return self.fail(id, &format!("{NO_HPA}: {problem}"), cluster, agenda);
        }
        let entry = self.entry(id);
        entry.failures = 0;
        ready(entry, id, cluster);
    }

    /// Creates or updates the HorizontalPodAutoscaler, and starts a scale loop where it is new or the spec has changed.
    fn keep_hpa<A: Agenda<KedaEvent>>(
        &mut self,
        (id, object): (ScaledObjectId, &Arc<ScaledObject>),
        target: ObjectId,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) -> Result<(), String> {
        let replicas = cluster.scale_of(target).map(|scale| scale.spec_replicas);
        let entry = self.entry(id);
        entry.original_replicas = entry.original_replicas.or(replicas);
        let scalers = read_triggers(&object.spec)?;
        let formula = compile_formula(&object.spec)?;
        let meta = ObjectMeta {
            labels: object.meta.labels.with(SCALED_OBJECT_LABEL, &object.meta.name),
            ..object.meta.clone()
        };
        let generated = generate(&meta, &object.spec, &scalers, VERSION)?;
        let has_changed = entry.object.as_ref().is_none_or(|known| known.spec != object.spec);
        (entry.object, entry.scalers, entry.formula) = (Some(Arc::clone(object)), scalers, formula);
        let found = find_hpa(entry, object, cluster);
        let name = generated.name.clone();
        let is_renamed = found.is_some_and(|hpa| cluster.hpa(hpa).object.meta.name != name);
        if is_renamed {
            remove_hpa(entry, object, cluster);
        }
        entry.hpa_name = name;
        let wanted = horizontal_pod_autoscaler(generated, object);
        let is_new = found.is_none() || is_renamed;
        if is_new || found.is_some_and(|hpa| cluster.hpa(hpa).object != wanted) {
            cluster.apply_hpa(wanted, agenda.now());
        }
        if is_new || has_changed {
            let entry = self.entry(id);
            if !entry.is_polled {
                records::emit(id, Severity::Normal, "KEDAScalersStarted", "Started scalers watch", cluster);
            }
            (entry.is_polled, entry.scale_loop) = (true, entry.scale_loop + 1);
            let scale_loop = entry.scale_loop;
            let now = agenda.now();
            // A ScaledObject of the start of the run has been polled before it.
            let phase = if now == SimTime::ZERO {
                draw_phase(&mut self.poll_phases, object.spec.polling_interval)
            } else {
                SimDuration::ZERO
            };
            agenda.schedule(now + phase, KedaEvent::Poll { object: id, scale_loop });
        }
        Ok(())
    }

    /// A reconcile has failed: it is tried again later.
    fn fail<A: Agenda<KedaEvent>>(&mut self, id: ScaledObjectId, message: &str, cluster: &mut Cluster, agenda: &mut A) {
        records::emit(id, Severity::Warning, "ScaledObjectCheckFailed", message, cluster);
        let entry = self.entry(id);
        entry.status.ready = KedaCondition::new(ConditionStatus::False, "ScaledObjectCheckFailed");
        entry.status.active = KedaCondition::new(ConditionStatus::Unknown, "UnknownState");
        let wait = (FIRST_RETRY * (1_i64 << entry.failures.min(20))).min(LONGEST_RETRY);
        entry.failures += 1;
        entry.is_reconcile_planned = true;
        agenda.schedule(agenda.now() + wait, KedaEvent::Reconcile(id));
    }

    /// A ScaledObject is gone: its scale loop ends, the target gets the replicas back that it had if that is wished, and the
    /// HorizontalPodAutoscaler goes with its owner.
    fn finalize(&mut self, id: ScaledObjectId, cluster: &mut Cluster) {
        let object = Arc::clone(&cluster.scaled_object(id).object);
        let entry = self.entry(id);
        stop_loop(entry, id, cluster);
        let replicas = entry.original_replicas.filter(|_| object.spec.restore_to_original_replica_count);
        if let Some((target, replicas)) = target_of(&object, cluster).zip(replicas) {
            let before = cluster.scale_of(target).map_or(0, |scale| scale.spec_replicas);
            cluster.scale(target, replicas);
            records::note_restore(id, (before, replicas), cluster);
        }
        records::emit(id, Severity::Warning, "ScaledObjectDeleted", "ScaledObject was deleted", cluster);
        remove_hpa(entry, &object, cluster);
        *entry = Entry { scale_loop: entry.scale_loop, ..Entry::default() };
    }
}

/// The condition Ready holds, and an Event tells of it where it did not.
fn ready(entry: &mut Entry, id: ScaledObjectId, cluster: &mut Cluster) {
    if entry.status.ready.status != ConditionStatus::True {
        records::emit(id, Severity::Normal, "ScaledObjectReady", "ScaledObject is ready for scaling", cluster);
    }
    entry.status.ready = KedaCondition::new(ConditionStatus::True, "ScaledObjectReady");
}

/// Ends the scale loop. What the last poll found is forgotten with it.
fn stop_loop(entry: &mut Entry, id: ScaledObjectId, cluster: &mut Cluster) {
    if entry.is_polled {
        entry.is_polled = false;
        entry.cached.clear();
        records::emit(id, Severity::Normal, "KEDAScalersStopped", "Stopped scalers watch", cluster);
    }
}

/// The HorizontalPodAutoscaler of a ScaledObject that exists.
fn find_hpa(entry: &Entry, object: &ScaledObject, cluster: &Cluster) -> Option<HpaId> {
    let namespace = cluster.namespace_id(&object.meta.namespace)?;
    cluster.find(Kind::HorizontalPodAutoscaler, namespace, &entry.hpa_name)
}

fn remove_hpa(entry: &Entry, object: &ScaledObject, cluster: &mut Cluster) {
    if let Some(hpa) = find_hpa(entry, object, cluster) {
        cluster.remove_hpa(hpa);
    }
}

/// The generated object as the API server keeps it.
fn horizontal_pod_autoscaler(generated: GeneratedHpa, object: &ScaledObject) -> HorizontalPodAutoscaler {
    let behavior = generated.behavior.map(|behavior| HorizontalPodAutoscalerBehavior {
        scale_up: behavior.scale_up.unwrap_or_default().with_defaults(HpaScalingRules::default_scale_up()),
        scale_down: behavior.scale_down.unwrap_or_default().with_defaults(HpaScalingRules::default_scale_down()),
    });
    HorizontalPodAutoscaler {
        meta: ObjectMeta {
            name: generated.name,
            namespace: object.meta.namespace.clone(),
            labels: generated.labels.into_iter().collect(),
            annotations: object.meta.annotations.clone(),
            owner: Some(OwnerReference { kind: kind_name().into(), name: object.meta.name.clone() }),
            ..ObjectMeta::default()
        },
        scale_target: object.target.clone(),
        min_replicas: generated.min_replicas,
        max_replicas: generated.max_replicas,
        metrics: generated.metrics,
        behavior,
    }
}
