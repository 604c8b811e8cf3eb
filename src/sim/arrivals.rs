//! What comes into the cluster by itself: the bare pods of the arrival streams, and the nodes of their traces.

use super::arrival_stream::{ArrivalStream, Arriving};
use super::error::SimError;
use super::event::Event;
use super::prepare::Prepared;
use super::prepared_arrivals::PreparedArrivals;
use crate::api::Node;
use crate::cluster::{Cluster, Disruption, NewPod, PodId};
use crate::engine::{EventQueue, Priority, RandomStreams};
use crate::units::SimTime;
use std::sync::Arc;

/// The arrivals of a run.
#[derive(Debug)]
pub struct Arrivals {
    streams: Vec<ArrivalStream>,
    /// Nodes that join after the start, in the order of the traces.
    joining: Vec<Arc<Node>>,
    /// Pods that asked for a share of a GPU.
    shared_gpus: u64,
    /// Pods that the API server refused, and why the first one.
    refused: Option<(u64, String)>,
}

impl Arrivals {
    /// The arrivals of a scenario, of which none has come.
    ///
    /// # Errors
    /// [`SimError`] if a trace cannot be read.
    pub fn new(prepared: &Prepared, streams: RandomStreams) -> Result<Self, SimError> {
        let described = prepared.scenario.arrivals.iter().zip(&prepared.arrivals);
        let streams = described.map(|(stream, prepared)| ArrivalStream::new(stream, prepared, streams));
        Ok(Self { streams: streams.collect::<Result<_, _>>()?, joining: Vec::new(), shared_gpus: 0, refused: None })
    }

    /// Lets the nodes of the traces join that are there from the start, and plans the others.
    pub fn add_nodes(&mut self, prepared: &Prepared, cluster: &mut Cluster, queue: &mut EventQueue<Event>) {
        for (stream, source) in prepared.scenario.arrivals.iter().zip(&prepared.arrivals) {
            let PreparedArrivals::Trace { nodes, .. } = source else { continue };
            for node in nodes {
                let at = stream.start + node.created.since_start();
                let object = Arc::new(node.node());
                if at <= SimTime::ZERO {
                    cluster.add_node(object, None, SimTime::ZERO);
                } else {
                    let index = narrow(self.joining.len());
                    self.joining.push(object);
                    queue.schedule_with(at, Priority::First, Event::NodeJoins { index });
                }
            }
        }
    }

    /// Plans the first pods of each stream.
    ///
    /// # Errors
    /// [`SimError`] if a trace cannot be read.
    pub fn start(&mut self, queue: &mut EventQueue<Event>) -> Result<(), SimError> {
        (0..self.streams.len()).try_for_each(|stream| self.plan(narrow(stream), queue))
    }

    fn plan(&mut self, stream: u32, queue: &mut EventQueue<Event>) -> Result<(), SimError> {
        if let Some(at) = self.streams[stream as usize].next_time()? {
            queue.schedule_with(at, Priority::Normal, Event::Arrival { stream });
        }
        Ok(())
    }

    /// Creates the pods of a stream whose time has come, and plans the next ones.
    ///
    /// # Errors
    /// [`SimError`] if a trace cannot be read on.
    pub fn arrive(
        &mut self,
        stream: u32,
        cluster: &mut Cluster,
        queue: &mut EventQueue<Event>,
    ) -> Result<(), SimError> {
        for arriving in self.streams[stream as usize].take() {
            self.shared_gpus += u64::from(arriving.shared_gpu);
            if let Err(refusal) = create(stream, arriving, cluster, queue) {
                self.refused.get_or_insert((0, refusal)).0 += 1;
            }
        }
        self.plan(stream, queue)
    }

    /// Lets a node of a trace join.
    pub fn join(&self, index: u32, cluster: &mut Cluster, now: SimTime) {
        cluster.add_node(Arc::clone(&self.joining[index as usize]), None, now);
    }

    /// Remarks for the user, if pods did not get exactly what they asked for, or were not created.
    pub fn remarks(&self) -> impl Iterator<Item = String> {
        let shared = self.shared_gpus;
        let shared = (shared > 0)
            .then(|| format!("{shared} pods of the trace ask for a share of a GPU: each was given a whole one"));
        let refused = self.refused.as_ref().map(|(count, first)| match count {
            1 => format!("1 pod of the arrivals is not created: {first}"),
            count => format!("{count} pods of the arrivals are not created; the first: {first}"),
        });
        shared.into_iter().chain(refused)
    }
}

/// Creates a pod, and plans its deletion if the trace says when.
///
/// # Errors
/// Why the API server refuses the pod, in its own words.
fn create(stream: u32, arriving: Arriving, cluster: &mut Cluster, queue: &mut EventQueue<Event>) -> Result<(), String> {
    let template = cluster.admit(&arriving.namespace, &arriving.template);
    let namespace =
        cluster.namespace_of_request(&arriving.namespace, queue.now()).map_err(|refusal| refusal.message)?;
    let bare = NewPod::bare(arriving.name, namespace, template);
    let pod = NewPod { arrival: Some(stream), run_for: arriving.run_for, ..bare };
    let pod = cluster.create_pod(pod, queue.now()).map_err(|refusal| refusal.message)?;
    if let Some(at) = arriving.deleted_at {
        queue.schedule_with(at, Priority::Normal, Event::Departure { pod });
    }
    Ok(())
}

/// Deletes a pod as its trace says.
pub fn depart(pod: PodId, cluster: &mut Cluster, now: SimTime) {
    let grace = cluster.template_of(pod).template.spec.termination_grace_period;
    cluster.delete_pod(pod, grace, Disruption::Deletion, now);
}

/// An index as an event carries it.
fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
