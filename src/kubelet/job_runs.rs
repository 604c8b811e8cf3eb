//! How long the containers of Jobs' pods run, and how they end, as the scenario says: drawn from a stream for each entry.

use crate::api::{Kind, Name};
use crate::cluster::{Cluster, ObjectId, PodId};
use crate::engine::{RandomStream, RandomStreams};
use crate::input::scenario::JobRun;
use crate::units::SimDuration;
use crate::workload::Sampler;
use rand::RngExt;
use std::collections::BTreeMap;

/// The pods of one Job, or of those of one owner.
#[derive(Debug)]
struct Entry {
    run_time: Sampler,
    failure_probability: f64,
    exit_code: u8,
    stopped_exit_code: u8,
    stream: RandomStream,
}

/// The entries of a scenario.
#[derive(Debug)]
pub struct JobRuns {
    /// By kind, namespace and name of the Job.
    entries: BTreeMap<(Kind, Name, Name), Entry>,
}

impl JobRuns {
    /// The entries with unused streams.
    pub fn new(runs: &[JobRun], streams: RandomStreams) -> Self {
        let entries = runs.iter().map(|run| {
            let target = &run.target;
            let entry = Entry {
                run_time: Sampler::new(&run.run_time),
                failure_probability: run.failure_probability,
                exit_code: run.exit_code,
                stopped_exit_code: run.stopped_exit_code,
                stream: streams.stream(&format!("jobs/{target}")),
            };
            ((target.kind, Name::from(target.namespace.as_str()), Name::from(target.name.as_str())), entry)
        });
        Self { entries: entries.collect() }
    }

    /// The entry that a pod's Job or its owner has.
    fn entry(&mut self, pod: PodId, cluster: &Cluster) -> Option<&mut Entry> {
        let Some(ObjectId::Job(job)) = cluster.pod(pod).owner.filter(|_| !self.entries.is_empty()) else { return None };
        let key =
            |object: ObjectId| (cluster.kind_of(object), cluster.namespace_of(object), cluster.name_of(object).clone());
        let of_job = key(job.into());
        let key = if self.entries.contains_key(&of_job) { of_job } else { key(cluster.job(job).owner?) };
        self.entries.get_mut(&key)
    }

    /// How long the containers of a pod that start now run, and their exit code; `None` where the scenario does not say.
    pub fn draw(&mut self, pod: PodId, cluster: &Cluster) -> Option<(SimDuration, u8)> {
        let entry = self.entry(pod, cluster)?;
        let span = entry.run_time.sample_duration(&mut entry.stream);
        // Drawn in any case, so that another probability leaves the run times as they are.
        let fails = entry.stream.random::<f64>() < entry.failure_probability;
        Some((span, if fails { entry.exit_code } else { 0 }))
    }

    /// The exit code of containers of a pod that are stopped; `None` where the scenario does not say.
    pub fn stopped_exit_code(&mut self, pod: PodId, cluster: &Cluster) -> Option<u8> {
        self.entry(pod, cluster).map(|entry| entry.stopped_exit_code)
    }
}
