//! KEDA's metrics adapter: what the HorizontalPodAutoscaler of a ScaledObject is told of its triggers.
//!
//! Known deviation: only the HorizontalPodAutoscaler of the ScaledObject is answered, not others that ask for its series.

use super::{KedaController, TriggerSources, answer, kind_name, records, target_of};
use crate::api::{ConditionStatus, Kind, MetricSpec, Name};
use crate::autoscaler::keda::fallback::{HealthStatus, TargetReplicas};
use crate::cluster::{Cluster, HpaId, ScaledObjectId};
use crate::units::SimTime;

/// A metric as a HorizontalPodAutoscaler is told it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToldMetric {
    /// Name.
    pub name: Name,
    /// Value; `None` if the adapter answers with an error.
    pub value: Option<f64>,
}

/// What a HorizontalPodAutoscaler is told if it asks.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Each external metric of its spec.
    pub metrics: Vec<ToldMetric>,
    /// Whose it is, and the health of the triggers' sources once it has asked.
    after: Option<(ScaledObjectId, HealthStatus)>,
}

/// The ScaledObject that a HorizontalPodAutoscaler was generated for.
pub(super) fn owner(hpa: HpaId, cluster: &Cluster) -> Option<ScaledObjectId> {
    let hpa = cluster.hpa(hpa);
    let owner = hpa.object.meta.owner.as_ref().filter(|owner| *owner.kind == *kind_name())?;
    cluster.find(Kind::ScaledObject, hpa.namespace, &owner.name)
}

impl KedaController {
    /// What a HorizontalPodAutoscaler would be told now; nothing if it is not KEDA's.
    pub fn told(&self, hpa: HpaId, cluster: &Cluster, sources: &impl TriggerSources, now: SimTime) -> Told {
        let found = owner(hpa, cluster).and_then(|id| Some((id, self.entries.get(id.index())?)));
        let Some((id, entry)) = found else { return Told::default() };
        let Some(object) = &entry.object else { return Told::default() };
        let target = target_of(object, cluster);
        let workload = target.and_then(|target| cluster.workload_of(target));
        let replicas = TargetReplicas {
            current: target.and_then(|target| cluster.scale_of(target)).map_or(0, |scale| scale.spec_replicas),
            ready: workload.map_or(0, |workload| cluster.workload(workload).ready),
        };
        let (mut health, at) = (entry.health.clone(), (now, self.calendar(now)));
        let mut metrics = Vec::new();
        for metric in &cluster.hpa(hpa).object.metrics {
            let MetricSpec::External { metric, .. } = metric else { continue };
            let mut ask = |index| answer((object, &entry.scalers), index, sources, at);
            let found =
                entry.triggers(object).metrics(&metric.name, &mut ask, &entry.cached, replicas, &mut health).ok();
            let value = found.map(|found| found.iter().map(|metric| metric.value.as_f64()).sum());
            metrics.push(ToldMetric { name: metric.name.clone(), value });
        }
        Told { metrics, after: Some((id, health)) }
    }

    /// The HorizontalPodAutoscaler has asked.
    pub fn note_told(&mut self, told: Told, cluster: &mut Cluster) {
        let Some((id, health)) = told.after else { return };
        let Some(entry) = self.entries.get_mut(id.index()) else { return };
        let was_in_force = entry.health.fallback.status == ConditionStatus::True;
        entry.health = health;
        let is_in_force = entry.health.fallback.status == ConditionStatus::True;
        if was_in_force != is_in_force {
            records::note_fallback(id, is_in_force, &entry.health, cluster);
        }
    }
}
