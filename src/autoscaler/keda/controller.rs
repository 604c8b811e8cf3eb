//! The running KEDA: the operator keeps the HorizontalPodAutoscaler of each ScaledObject and polls its triggers; the metrics
//! adapter answers what the HorizontalPodAutoscaler asks (`controllers/keda/scaledobject_controller.go`,
//! `pkg/scaling/scale_handler.go`).
//!
//! - [`reconcile`]: the HorizontalPodAutoscaler, pauses, the end of a ScaledObject
//! - [`poll`]: to and from zero
//! - [`adapter`]: the answers
//! - [`records`]: Events, and the rows of decisions
//!
//! Known deviations: a ScaledObject that is deleted is gone at once, where a finalizer keeps it until the operator has seen it;
//! a change of the HorizontalPodAutoscaler by somebody else stays until the ScaledObject is reconciled for another reason.

mod adapter;
mod poll;
mod reconcile;
mod records;

pub use adapter::ToldMetric;

use super::activity::{Answer, CachedAnswers, Triggers};
use super::executor::{ExecutorStatus, ScaleRule};
use super::fallback::HealthStatus;
use super::formula::Formula;
use super::scaler::{Scaler, ScalerSource};
use super::value::MetricValue;
use crate::api::keda::{ScaleTrigger, ScaledObject};
use crate::api::{Kind, Name};
use crate::cluster::{Change, ChangeKind, Cluster, Interest, ObjectId, ScaledObjectId};
use crate::engine::{Agenda, Latency, RandomStream, RandomStreams};
use crate::units::{SimDuration, SimTime};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// The version whose rules these are, as the label `app.kubernetes.io/version` tells it.
const VERSION: &str = "2.18.1";

/// An event of KEDA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KedaEvent {
    /// The operator looks at a ScaledObject that has changed.
    Reconcile(ScaledObjectId),
    /// The scale loop of a ScaledObject asks its triggers.
    Poll {
        /// The ScaledObject.
        object: ScaledObjectId,
        /// Number of its loop: one that was stopped in the meantime is stale.
        scale_loop: u32,
    },
}

/// A trigger whose value comes from outside the cluster.
#[derive(Clone, Copy, Debug)]
pub struct AskedTrigger<'a> {
    /// The ScaledObject.
    pub object: &'a ScaledObject,
    /// Place in `spec.triggers`.
    pub index: usize,
    /// The trigger.
    pub trigger: &'a ScaleTrigger,
}

/// The sources outside the cluster.
pub trait TriggerSources {
    /// The value that a trigger's source has; `None` if it has no answer.
    fn trigger_value(&self, asked: AskedTrigger<'_>, now: SimTime) -> Option<f64>;
}

/// A ScaledObject between two events.
#[derive(Debug, Default)]
struct Entry {
    /// As it was when the triggers were last read.
    object: Option<Arc<ScaledObject>>,
    scalers: Vec<Scaler>,
    formula: Option<Formula>,
    status: ExecutorStatus,
    health: HealthStatus,
    cached: CachedAnswers,
    /// `status.hpaName`; empty before the first.
    hpa_name: Name,
    /// `status.originalReplicaCount`.
    original_replicas: Option<i32>,
    /// The condition Paused.
    is_paused: bool,
    /// Number of the scale loop that runs, or would be the last one.
    scale_loop: u32,
    is_polled: bool,
    is_reconcile_planned: bool,
    /// Reconciles in a row that failed.
    failures: u32,
    /// What the last row was of.
    recorded: Option<(ScaleRule, Vec<String>)>,
}

impl Entry {
    /// The triggers, once they have been read.
    fn triggers<'a>(&'a self, object: &'a ScaledObject) -> Triggers<'a> {
        Triggers { spec: &object.spec, scalers: &self.scalers, formula: self.formula.as_ref() }
    }
}

/// KEDA.
#[derive(Debug)]
pub struct KedaController {
    entries: Vec<Entry>,
    /// How long the operator takes to see a change.
    latency: Latency,
    /// When in their polling interval the ScaledObjects of the start of the run are polled.
    poll_phases: RandomStream,
    calendar_start: Timestamp,
}

impl KedaController {
    /// KEDA without ScaledObjects. `latency` is how long the operator takes to see a change; `calendar_start` the calendar time
    /// of simulated time zero.
    pub fn new(latency: Latency, calendar_start: Timestamp, streams: RandomStreams) -> Self {
        Self { entries: Vec::new(), latency, poll_phases: streams.stream("phase/keda"), calendar_start }
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest =
        Interest::of(&[ChangeKind::ScaledObjectSpec, ChangeKind::ScaledObjectRemoved, ChangeKind::HpaRemoved]);

    /// A change of the cluster.
    pub fn observe<A: Agenda<KedaEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        match change {
            Change::ScaledObjectSpec(id) | Change::ScaledObjectRemoved(id) => {
                self.entry(id).failures = 0;
                self.plan_reconcile(id, agenda);
            }
            Change::HpaRemoved(id) => {
                if let Some(owner) = adapter::owner(id, cluster) {
                    self.plan_reconcile(owner, agenda);
                }
            }
            _ => {}
        }
    }

    fn entry(&mut self, id: ScaledObjectId) -> &mut Entry {
        if self.entries.len() <= id.index() {
            self.entries.resize_with(id.index() + 1, Entry::default);
        }
        &mut self.entries[id.index()]
    }

    /// Lets the operator look at a ScaledObject, unless it is about to. Those of the start of the run have been seen before.
    fn plan_reconcile<A: Agenda<KedaEvent>>(&mut self, id: ScaledObjectId, agenda: &mut A) {
        if self.entry(id).is_reconcile_planned {
            return;
        }
        let now = agenda.now();
        let takes = if now == SimTime::ZERO { SimDuration::ZERO } else { self.latency.draw() };
        self.entry(id).is_reconcile_planned = true;
        agenda.schedule(now + takes, KedaEvent::Reconcile(id));
    }

    /// Something that was planned happens.
    pub fn handle<A: Agenda<KedaEvent>>(
        &mut self,
        event: KedaEvent,
        cluster: &mut Cluster,
        sources: &impl TriggerSources,
        agenda: &mut A,
    ) {
        match event {
            KedaEvent::Reconcile(id) => {
                self.entry(id).is_reconcile_planned = false;
                self.reconcile(id, cluster, agenda);
            }
            KedaEvent::Poll { object, scale_loop } => {
                let entry = self.entry(object);
                if entry.is_polled && entry.scale_loop == scale_loop {
                    self.poll(object, cluster, sources, agenda);
                }
            }
        }
    }

    /// The calendar time of an instant.
    fn calendar(&self, time: SimTime) -> Timestamp {
        let span = SignedDuration::from_nanos((time - SimTime::ZERO).as_nanos());
        self.calendar_start.checked_add(span).unwrap_or(Timestamp::MAX)
    }
}

/// What a ScaledObject scales; `None` if that does not exist, or has no scale.
fn target_of(object: &ScaledObject, cluster: &Cluster) -> Option<ObjectId> {
    let namespace = cluster.namespace_id(&object.meta.namespace)?;
    cluster.find_scaled(&object.target.kind, namespace, &object.target.name)
}

/// What a trigger answers now.
fn answer(
    (object, scalers): (&ScaledObject, &[Scaler]),
    index: usize,
    sources: &impl TriggerSources,
    (now, calendar): (SimTime, Timestamp),
) -> Answer {
    let scaler = scalers.get(index).zip(object.spec.triggers.get(index));
    let Some((scaler, trigger)) = scaler else { return Err(format!("scaler with id {index} not found")) };
    match &scaler.source {
        // Only external metrics are asked for.
        ScalerSource::Resource { resource, .. } => Err(format!("{resource} is not an external metric")),
        ScalerSource::Cron { cron, .. } => {
            let (replicas, is_active) = cron.value(calendar)?;
            Ok((MetricValue::from_milli(replicas.saturating_mul(1000)), is_active))
        }
        ScalerSource::External { activation, subject, .. } => {
            let asked = AskedTrigger { object, index, trigger };
            match sources.trigger_value(asked, now) {
                Some(value) => Ok((MetricValue::from_f64(value), value > *activation)),
                None => Err(format!("the source of {} trigger `{subject}` does not answer", trigger.trigger_type)),
            }
        }
    }
}

/// The kind as Events and owners have it.
fn kind_name() -> &'static str {
    Kind::ScaledObject.as_str()
}
