//! What the requests of a traffic entry are: what they cost, whom they call, and the random numbers that they are drawn by.

use crate::engine::RandomStream;
use crate::units::{SimDuration, SimTime};
use crate::workload::Sampler;
use rand::RngExt;

/// What requests cost the pods of one backend, where that is not what the others cost.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// CPU time of a request, in seconds.
    pub cpu: Option<Sampler>,
    /// How long a request waits for others.
    pub wait: Option<Sampler>,
    /// The share of the requests that are answered with an error.
    pub error_rate: Option<f64>,
}

/// What a traffic entry's requests are, and what becomes of them.
#[derive(Clone, Debug)]
pub struct Rules {
    /// CPU time of a request, in seconds.
    pub cpu: Sampler,
    /// How long a request waits for others.
    pub wait: Sampler,
    /// When clients give up.
    pub timeout: Option<SimDuration>,
    /// The share of the requests that are answered with an error.
    pub error_rate: f64,
    /// What is different at each backend.
    pub backends: Vec<Work>,
    /// From an endpoint's change until a proxy knows of it.
    pub propagation: Sampler,
    /// How long clients of a headless Service keep the addresses that its name resolved to.
    pub dns_ttl: SimDuration,
    /// End of the run.
    pub end: SimTime,
    /// How far back anybody asks for what a pod used.
    pub reach: SimDuration,
    /// Whether requests call others, and what becomes of their workers meanwhile.
    pub calls: Calls,
    /// Whether what the clients send is tried again: they send through a call then.
    pub clients_retry: bool,
    /// Through the sidecar of a pod, in and out.
    pub mesh_latency: Option<Sampler>,
    /// CPU nanoseconds of the sidecar for a request that comes and the calls that it makes on average.
    pub mesh_cpu: f64,
}

/// Whether a service calls others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// It calls nobody.
    None,
    /// A request keeps its worker while it waits for its calls.
    Synchronous,
    /// A request gives its worker back meanwhile.
    Asynchronous,
}

/// The random streams of a traffic entry, one per purpose.
#[derive(Clone, Debug)]
pub struct Streams {
    /// When requests are sent.
    pub clients: RandomStream,
    /// What they cost.
    pub cpu: RandomStream,
    /// How long they wait for others.
    pub wait: RandomStream,
    /// Which endpoint they go to.
    pub routes: RandomStream,
    /// When proxies know of changes.
    pub propagation: RandomStream,
    /// What is different at single backends: what requests cost there, and which of them are errors.
    pub backends: RandomStream,
    /// Which calls are made.
    pub calls: RandomStream,
    /// When attempts are made again.
    pub retries: RandomStream,
    /// How long sidecars take.
    pub mesh: RandomStream,
}

impl Work {
    /// CPU time in nanoseconds and waiting of a request as they are here.
    pub fn change(&self, cpu: f64, wait: SimDuration, random: &mut RandomStream) -> (f64, SimDuration) {
        let cpu = self.cpu.as_ref().map_or(cpu, |own| own.sample(random) * 1e9);
        (cpu, self.wait.as_ref().map_or(wait, |own| own.sample_duration(random)))
    }
}

impl Rules {
    /// Whether a request that has a backend is answered with an error.
    pub fn is_error(&self, work: Option<&Work>, random: &mut RandomStream) -> bool {
        let error_rate = work.and_then(|work| work.error_rate).unwrap_or(self.error_rate);
        error_rate > 0.0 && random.random::<f64>() < error_rate
    }
}
