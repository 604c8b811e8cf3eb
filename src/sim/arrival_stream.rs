//! A stream of bare pods: drawn from distributions, or a cursor over a trace.

use super::prepared_arrivals::PreparedArrivals;
use crate::api::{Name, PodTemplate};
use crate::engine::{RandomStream, RandomStreams};
use crate::input::TableError;
use crate::input::scenario::{ArrivalSource, Arrivals, GeneratedArrivals};
use crate::input::trace::{Lifetime, TracePod, TracePods};
use crate::units::{SimDuration, SimTime};
use crate::workload::{ArrivalTimes, Sampler};
use std::sync::Arc;

/// A pod that comes.
#[derive(Debug)]
pub struct Arriving {
    /// Name.
    pub name: Name,
    /// Namespace.
    pub namespace: Name,
    /// Template; pods of one template share it.
    pub template: Arc<PodTemplate>,
    /// How long its containers run.
    pub run_for: Option<SimDuration>,
    /// When it is deleted, whether it runs or not.
    pub deleted_at: Option<SimTime>,
    /// Whether it asked for a share of a GPU, which became a whole one.
    pub shared_gpu: bool,
}

/// One stream while it runs.
#[derive(Debug)]
pub struct ArrivalStream {
    name: Name,
    namespace: Name,
    start: SimTime,
    end: SimTime,
    remaining: u64,
    made: u64,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Generated {
        times: ArrivalTimes,
        stream: RandomStream,
        lifetime: Option<Sampler>,
        lifetimes: RandomStream,
        template: Arc<PodTemplate>,
        pending: u32,
    },
    Trace {
        pods: TracePods,
        next: Option<TracePod>,
    },
}

impl ArrivalStream {
    /// Prepares a stream.
    ///
    /// # Errors
    /// [`TableError`] if the trace cannot be read.
    pub fn new(arrivals: &Arrivals, prepared: &PreparedArrivals, streams: RandomStreams) -> Result<Self, TableError> {
        let source = match (&arrivals.source, prepared) {
            (ArrivalSource::Generated(generated), PreparedArrivals::Template(template)) => {
                generated_source(arrivals, generated, template, streams)
            }
            (ArrivalSource::Generated(generated), PreparedArrivals::Trace { .. }) => {
                generated_source(arrivals, generated, &Arc::default(), streams)
            }
            (ArrivalSource::Trace(files), prepared) => {
                let pods = match prepared {
                    PreparedArrivals::Trace { pods: Some(pods), .. } => pods.pods()?,
                    _ => TracePods::open(files.format, &files.pods)?,
                };
                Source::Trace { pods, next: None }
            }
        };
        Ok(Self {
            name: Name::from(arrivals.name.as_str()),
            namespace: Name::from(arrivals.namespace.as_str()),
            start: arrivals.start,
            end: arrivals.end,
            remaining: arrivals.limit.unwrap_or(u64::MAX),
            made: 0,
            source,
        })
    }

    /// When the next pods come; `None` when no more do.
    ///
    /// # Errors
    /// [`TableError`] if the trace cannot be read on.
    pub fn next_time(&mut self) -> Result<Option<SimTime>, TableError> {
        match &mut self.source {
            Source::Generated { times, stream, pending, .. } => Ok(times.next_arrival(stream).map(|(at, count)| {
                *pending = count;
                at
            })),
            Source::Trace { pods, next } => {
                if self.remaining == 0 {
                    return Ok(None);
                }
                *next = pods.next().transpose()?;
                let at = next.as_ref().map(|pod| self.start + pod.arrival.since_start());
                Ok(at.filter(|at| *at < self.end))
            }
        }
    }

    /// The pods that come at the time last given.
    pub fn take(&mut self) -> Vec<Arriving> {
        let mut arriving = Vec::new();
        match &mut self.source {
            Source::Generated { lifetime, lifetimes, template, pending, .. } => {
                for _ in 0..*pending {
                    arriving.push(Arriving {
                        name: Name::from(format!("{}-{}", self.name, self.made)),
                        namespace: self.namespace.clone(),
                        template: Arc::clone(template),
                        run_for: lifetime.as_ref().map(|lifetime| lifetime.sample_duration(lifetimes)),
                        deleted_at: None,
                        shared_gpu: false,
                    });
                    self.made += 1;
                }
                *pending = 0;
            }
            Source::Trace { next, .. } => {
                if let Some(pod) = next.take() {
                    self.made += 1;
                    self.remaining -= 1;
                    let (run_for, deleted_at) = match pod.lifetime {
                        Some(Lifetime::RunsFor(span)) => (Some(span), None),
                        Some(Lifetime::DeletedAt(at)) => (None, Some(self.start + at.since_start())),
                        None => (None, None),
                    };
                    arriving.push(Arriving {
                        name: pod.name,
                        namespace: pod.shape.namespace.as_ref().unwrap_or(&self.namespace).clone(),
                        template: Arc::clone(&pod.shape.template),
                        run_for,
                        deleted_at,
                        shared_gpu: pod.shape.shared_gpu,
                    });
                }
            }
        }
        arriving
    }
}

fn generated_source(
    arrivals: &Arrivals,
    generated: &GeneratedArrivals,
    template: &Arc<PodTemplate>,
    streams: RandomStreams,
) -> Source {
    let name = &arrivals.name;
    Source::Generated {
        times: ArrivalTimes::new(arrivals, generated),
        stream: streams.stream(&format!("arrivals/{name}")),
        lifetime: generated.duration.as_ref().map(Sampler::new),
        lifetimes: streams.stream(&format!("arrivals/{name}/duration")),
        template: Arc::clone(template),
        pending: 0,
    }
}
