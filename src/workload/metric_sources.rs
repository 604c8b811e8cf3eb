//! The metrics that a scenario gives: values of adapters over time, and the queues that pods empty.
//!
//! A series and a request rate are constant between changes that are announced. A queue's length is linear between
//! changes of what comes and of the number of ready pods, so that it can be asked for at any instant.
//!
//! What is measured of requests is sampled (`request_samples`). Not modelled: how late an adapter knows of a change of the
//! others.

use crate::api::keda::{ScaleTrigger, ScaledObject};
use crate::api::{CrossVersionObjectReference, Labels, MetricIdentifier};
use crate::cluster::{Change, ChangeKind, Cluster, Interest, PodId, WorkloadId};
use crate::engine::{Agenda, RandomStreams};
use crate::input::scenario::{self, MetricSource, MetricType, MetricValue};
use crate::units::{SimDuration, SimTime};
use crate::workload::RateCurve;
use crate::workload::request_samples::{RequestSamples, RequestValues};
use crate::workload::traffic::RateChange;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// The series of a metric, or what comes to a queue, changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MetricChange {
    /// Index of the metric in the scenario.
    pub source: u32,
}

/// What comes to the traffic entries and to single pods.
pub trait RequestRates {
    /// Requests per second of an entry, by its index in the scenario.
    fn rate(&self, entry: usize) -> f64;
    /// Requests per second that a pod gets.
    fn rate_of(&self, pod: PodId) -> f64;
}

/// A queue between two changes.
#[derive(Clone, Debug)]
struct Queue {
    arrivals: RateCurve,
    served_per_pod: f64,
    target: scenario::Target,
    /// Items per second that come.
    rate: f64,
    /// Ready pods of the target.
    ready: i32,
    /// Items at `since`.
    length: f64,
    since: SimTime,
}

impl Queue {
    /// Items per second by which it grows.
    fn growth(&self) -> f64 {
        self.rate - self.served_per_pod * f64::from(self.ready)
    }

    /// Items in the queue.
    fn length_at(&self, now: SimTime) -> f64 {
        (self.length + self.growth() * (now - self.since).as_secs_f64()).max(0.0)
    }

    /// Whether its length changes by itself.
    fn is_moving(&self, now: SimTime) -> bool {
        self.growth() > 0.0 || (self.growth() < 0.0 && self.length_at(now) > 0.0)
    }

    /// From now on other rates hold.
    fn change(&mut self, now: SimTime, change: impl FnOnce(&mut Self)) {
        self.length = self.length_at(now);
        self.since = now;
        change(self);
    }
}

/// Where a value comes from.
#[derive(Clone, Debug)]
enum Value {
    Series {
        curve: RateCurve,
        current: f64,
    },
    /// Index of the traffic entry.
    Traffic(usize),
    Queue(Queue),
    Requests(Box<RequestSamples>),
}

/// One metric.
#[derive(Clone, Debug)]
struct Source {
    name: SmolStr,
    labels: Labels,
    /// The workload whose pods have it.
    target: Option<scenario::Target>,
    described_object: Option<scenario::DescribedObject>,
    trigger: Option<scenario::TriggerReference>,
    value: Value,
    /// When its adapter has no answer: from, until.
    outages: Vec<(SimTime, SimTime)>,
}

impl Source {
    /// Whether its adapter answers.
    fn answers(&self, now: SimTime) -> bool {
        !self.outages.iter().any(|(from, until)| *from <= now && now < *until)
    }

    /// Whether the series is one that a HorizontalPodAutoscaler asks for.
    fn is_asked_for(&self, metric: &MetricIdentifier) -> bool {
        metric.selector.as_ref().is_none_or(|selector| selector.matches(&self.labels))
    }
}

/// The metrics of a scenario.
#[derive(Debug, Default)]
pub struct MetricSources {
    sources: Vec<Source>,
    /// Only looked up, never iterated.
    by_name: FxHashMap<(MetricType, SmolStr), Vec<usize>>,
    /// Metrics that changed since the last call of [`Self::take_changed`].
    changed: Vec<SmolStr>,
}

/// Whether a workload is the one that a scenario names.
fn is_target(target: &scenario::Target, workload: WorkloadId, cluster: &Cluster) -> bool {
    let state = cluster.workload(workload);
    *state.kind.as_str() == *target.kind.as_str()
        && *state.name == *target.name
        && **cluster.namespace_name(state.namespace) == *target.namespace
}

impl MetricSources {
    /// Prepares the metrics of a scenario. `midnight` is an instant at which a day begins.
    /// The phases in which requests are sampled are drawn.
    pub fn new(
        metrics: &[MetricSource],
        traffic: &[scenario::Traffic],
        midnight: SimTime,
        streams: RandomStreams,
    ) -> Self {
        let mut sources = Self::default();
        for metric in metrics {
            let mut target = metric.target.clone();
            let value = match &metric.value {
                MetricValue::Series(rate) => Value::Series { curve: RateCurve::new(rate, midnight), current: 0.0 },
                MetricValue::Traffic(name) => {
                    let index = traffic.iter().position(|entry| entry.title() == *name).unwrap_or_default();
                    target = target.or_else(|| traffic.get(index).and_then(|entry| entry.target.clone()));
                    Value::Traffic(index)
                }
                MetricValue::Requests(requests) => {
                    let index = traffic.iter().position(|entry| entry.title() == requests.traffic).unwrap_or_default();
                    target = target.or_else(|| traffic.get(index).and_then(|entry| entry.target.clone()));
                    let mut random = streams.stream(&format!("metrics/{}/{}", metric.name, requests.traffic));
                    let of_pods = metric.metric_type == MetricType::Pods;
                    Value::Requests(Box::new(RequestSamples::new(index, requests, of_pods, &mut random)))
                }
                MetricValue::Queue(queue) => Value::Queue(Queue {
                    arrivals: RateCurve::new(&queue.arrivals, midnight),
                    served_per_pod: queue.served_per_pod,
                    target: queue.target.clone(),
                    rate: 0.0,
                    ready: 0,
                    length: queue.initial,
                    since: SimTime::ZERO,
                }),
            };
            let name = SmolStr::from(metric.name.as_str());
            sources.by_name.entry((metric.metric_type, name.clone())).or_default().push(sources.sources.len());
            sources.sources.push(Source {
                name,
                labels: metric.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
                target,
                described_object: metric.described_object.clone(),
                trigger: metric.trigger.clone(),
                value,
                outages: metric
                    .outages
                    .iter()
                    .map(|outage| {
                        let from = outage.at.from_start();
                        (from, outage.duration.map_or(SimTime::MAX, |lasts| from + lasts.get()))
                    })
                    .collect(),
            });
        }
        sources
    }

    /// Plans the first change of each metric.
    pub fn start<A: Agenda<MetricChange>>(&mut self, agenda: &mut A) {
        for (source, of) in self.sources.iter().enumerate() {
            let at = match &of.value {
                Value::Requests(samples) => samples.next_after(agenda.now(), true),
                _ => agenda.now(),
            };
            agenda.schedule(at, MetricChange { source: u32::try_from(source).unwrap_or(u32::MAX) });
        }
    }

    /// A series, or what comes to a queue, changes, or requests are sampled.
    pub fn handle<A: Agenda<MetricChange>>(
        &mut self,
        change: MetricChange,
        values: &impl RequestValues,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let Some(source) = self.sources.get_mut(change.source as usize) else { return };
        let next = match &mut source.value {
            Value::Series { curve, current } => {
                *current = curve.value(now);
                curve.next_change(now)
            }
            Value::Queue(queue) => {
                queue.change(now, |queue| queue.rate = queue.arrivals.value(now));
                queue.arrivals.next_change(now)
            }
            Value::Traffic(_) => None,
            Value::Requests(samples) => {
                samples.take(values, now);
                Some(samples.next_after(now, false))
            }
        };
        if let Some(next) = next {
            agenda.schedule(next, change);
        }
        self.changed.push(source.name.clone());
    }

    /// The request rate of a traffic entry has changed.
    pub fn note_rate(&mut self, change: RateChange) {
        let reads =
            |source: &&Source| matches!(source.value, Value::Traffic(index) if index == change.traffic as usize);
        self.changed.extend(self.sources.iter().filter(reads).map(|source| source.name.clone()));
    }

    /// The changes that it acts on: those of the number of ready pods.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::PodReadiness,
        ChangeKind::PodTerminating,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
    ])
    .without_bare_pods();

    /// A pod became ready or stopped being so.
    pub fn observe(&mut self, change: Change, cluster: &Cluster, now: SimTime) {
        let Some(workload) = change.pod().and_then(|pod| cluster.pod(pod).workload) else { return };
        let ready = cluster.workload(workload).ready;
        for source in &mut self.sources {
            let Value::Queue(queue) = &mut source.value else { continue };
            if queue.ready != ready && is_target(&queue.target, workload, cluster) {
                queue.change(now, |queue| queue.ready = ready);
                self.changed.push(source.name.clone());
            }
        }
    }

    /// The names of the metrics that changed since the last call.
    pub fn take_changed(&mut self) -> std::vec::Drain<'_, SmolStr> {
        self.changed.drain(..)
    }

    /// The metrics of a name.
    fn named(&self, metric_type: MetricType, name: &SmolStr) -> impl Iterator<Item = &Source> {
        let indexes = self.by_name.get(&(metric_type, name.clone())).map_or(&[][..], Vec::as_slice);
        indexes.iter().filter_map(|index| self.sources.get(*index))
    }

    /// Whether a metric changes without any event, as the length of a queue does.
    pub fn is_moving(&self, name: &SmolStr, now: SimTime) -> bool {
        let types = [MetricType::Pods, MetricType::Object, MetricType::External];
        let sources = types.into_iter().flat_map(|metric_type| self.named(metric_type, name));
        sources.into_iter().any(|source| match &source.value {
            Value::Queue(queue) => queue.is_moving(now),
            // A sample is on its way, or an outage begins or ends.
            Value::Requests(samples) => samples.delay() > SimDuration::ZERO,
            _ => source.outages.iter().any(|(_, until)| now < *until),
        })
    }

    /// A pod's value of a metric; `None` if the pod has none.
    pub fn pods_metric(
        &self,
        pod: PodId,
        metric: &MetricIdentifier,
        traffic: &impl RequestRates,
        cluster: &Cluster,
        now: SimTime,
    ) -> Option<f64> {
        let workload = cluster.pod(pod).workload?;
        let sources = self.named(MetricType::Pods, &metric.name).filter(|source| {
            source.is_asked_for(metric)
                && source.answers(now)
                && source.target.as_ref().is_some_and(|target| is_target(target, workload, cluster))
        });
        sum(sources.filter_map(|source| match &source.value {
            Value::Series { current, .. } => Some(*current),
            Value::Traffic(_) => Some(traffic.rate_of(pod)),
            Value::Queue(_) => None,
            Value::Requests(samples) => samples.of_pod(pod, now),
        }))
    }

    /// The value of an object's metric; `None` without a source.
    pub fn object_metric(
        &self,
        namespace: &str,
        object: &CrossVersionObjectReference,
        metric: &MetricIdentifier,
        traffic: &impl RequestRates,
        now: SimTime,
    ) -> Option<f64> {
        let sources = self.named(MetricType::Object, &metric.name).filter(|source| {
            source.is_asked_for(metric)
                && source.answers(now)
                && source.described_object.as_ref().is_some_and(|described| {
                    *described.kind == *object.kind
                        && *described.name == *object.name
                        && *described.namespace == *namespace
                })
        });
        sum(sources.filter_map(|source| whole(source, traffic, now)))
    }

    /// The value of an external metric, of all its series together; `None` without a source.
    pub fn external_metric(&self, metric: &MetricIdentifier, traffic: &impl RequestRates, now: SimTime) -> Option<f64> {
        let sources = self.named(MetricType::External, &metric.name);
        let sources = sources.filter(|source| source.is_asked_for(metric) && source.answers(now));
        sum(sources.filter_map(|source| whole(source, traffic, now)))
    }

    /// The value of the source of the `index`th trigger of a ScaledObject; `None` if it does not answer.
    pub fn trigger_value(
        &self,
        (object, index): (&ScaledObject, usize),
        trigger: &ScaleTrigger,
        traffic: &impl RequestRates,
        now: SimTime,
    ) -> Option<f64> {
        let is_asked =
            |source: &&Source| source.trigger.as_ref().is_some_and(|reference| reference.is_of(object, index, trigger));
        let mut sources = self.sources.iter().filter(is_asked).peekable();
        // A source that is made of several is whole or does not answer.
        sources.peek()?;
        sources.map(|source| whole(source, traffic, now).filter(|_| source.answers(now))).sum()
    }
}

/// The value of a source as a whole; `None` if it is not known.
fn whole(source: &Source, traffic: &impl RequestRates, now: SimTime) -> Option<f64> {
    match &source.value {
        Value::Series { current, .. } => Some(*current),
        Value::Traffic(index) => Some(traffic.rate(*index)),
        Value::Queue(queue) => Some(queue.length_at(now)),
        Value::Requests(samples) => samples.whole(now),
    }
}

/// The sum of some values; `None` if there is none.
fn sum(values: impl Iterator<Item = f64>) -> Option<f64> {
    values.reduce(|total, value| total + value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::scenario::Rate;

    #[test]
    fn a_queue_grows_and_shrinks_on_straight_lines() {
        let seconds = SimTime::from_secs;
        let target =
            scenario::Target { kind: crate::api::Kind::Deployment, namespace: "default".into(), name: "worker".into() };
        let mut queue = Queue {
            arrivals: RateCurve::new(&Rate::Constant(10.0), SimTime::ZERO),
            served_per_pod: 4.0,
            target,
            rate: 10.0,
            ready: 0,
            length: 5.0,
            since: SimTime::ZERO,
        };
        // When, ready pods from then on, the length then, and whether it moves after it.
        let steps = [
            (0, 0, 5.0, true, "nobody takes anything"),
            (10, 2, 105.0, true, "two pods take 8 of 10 items/s"),
            (20, 5, 125.0, true, "five pods take 20"),
            (25, 5, 75.0, true, "half of it is done"),
            (60, 5, 0.0, false, "an empty queue stays empty"),
            (70, 0, 0.0, true, "it grows again"),
            (71, 0, 10.0, true, "by 10 items/s"),
        ];
        for (at, ready, length, is_moving, why) in steps {
            let now = seconds(at);
            assert!((queue.length_at(now) - length).abs() < 1e-9, "{why}: {} at {at} s", queue.length_at(now));
            queue.change(now, |queue| queue.ready = ready);
            assert_eq!(queue.is_moving(now), is_moving, "{why}");
        }
    }
}
