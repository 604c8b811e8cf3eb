//! The distribution of the latency at a pod.

use super::chain::Chain;
use super::lattice::{POINTS, points};
use super::laws::{exponential, gamma};
use super::pod::{PodServer, float};
use super::throttle::Throttle;

/// How a pod stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum QueueState {
    /// As it is in the long run with so many requests per second, which are fewer than it can serve unless its queue has an
    /// end.
    Steady {
        /// Requests per second.
        rate: f64,
    },
    /// With requests piled up from a time of overload, which grow or shrink.
    Backlog {
        /// Requests piled up.
        requests: f64,
        /// Requests per second that come.
        rate: f64,
    },
    /// Overloaded so long that the wait has come up to the timeout.
    AtTimeout {
        /// Requests per second that come.
        rate: f64,
    },
}

/// The latency of requests that come to a pod while it stands in one way.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyProfile {
    /// Seconds from sending to the answer, ascending, each as likely as the others, of the requests that are answered in
    /// time.
    pub latencies: Vec<f64>,
    /// Share of the requests that find the queue full.
    pub full: f64,
    /// Share of the others whose clients give up.
    pub late: f64,
}

impl LatencyProfile {
    /// The latency at a pod.
    #[must_use]
    pub fn new(pod: &PodServer, state: QueueState) -> Self {
        let (steady_rate, rate) = match state {
            QueueState::Steady { rate } => (rate, rate),
            QueueState::Backlog { rate, .. } | QueueState::AtTimeout { rate } => {
                (rate.min(BUSIEST * pod.capacity()), rate)
            }
        };
        let steady = Steady::new(pod, steady_rate);
        let capacity = pod.capacity();
        let full = match (state, &steady.chain) {
            (QueueState::Steady { .. }, Some(chain)) => chain.lost(),
            _ => 0.0,
        };
        let mut latencies = Vec::with_capacity(POINTS);
        for point in points() {
            let latency = match state {
                QueueState::Steady { .. } => steady.latency(point),
                QueueState::Backlog { requests, rate } => match pod.workers {
                    // First come first served: those before it go first.
                    Some(_) => requests / capacity + steady.latency(point),
                    None => steady.latency_of_sharing(point, requests, rate - capacity),
                },
                QueueState::AtTimeout { rate } => {
                    // In M/M/1 with patience `d` the wait has the density `exp((rate - capacity) w)` below `d`
                    // (Barrer 1957).
                    let below = exponential(point[1]) * steady.lumps / (rate - capacity).max(1e-9);
                    (pod.timeout.unwrap_or(0.0) - below).max(0.0) + steady.service_at_full(point)
                }
            };
            latencies.push(latency);
        }
        let all = latencies.len();
        if let Some(timeout) = pod.timeout {
            latencies.retain(|latency| *latency <= timeout);
        }
        latencies.sort_by(f64::total_cmp);
        let in_time = float(latencies.len()) / float(all.max(1));
        let late = match state {
            // Only as many are begun as the pod can serve; the others give up in the queue.
            QueueState::AtTimeout { .. } => 1.0 - in_time * (capacity / rate).min(1.0),
            _ => 1.0 - in_time,
        };
        Self { latencies, full, late }
    }
}

/// The largest share of its capacity at which a pod is taken to be in the long run: beyond it that takes longer than loads
/// stay as they are.
pub const BUSIEST: f64 = 0.95;

/// A pod in the long run.
struct Steady<'a> {
    pod: &'a PodServer,
    chain: Option<Chain>,
    throttle: Option<Throttle>,
    /// Work that comes, over what the cores can do.
    utilization: f64,
    /// Mean of how many times longer than alone a request is on the CPU.
    mean_slowdown: f64,
    /// Factor on waits in a queue for how much requests differ: half of one plus the squared coefficient of variation
    /// (Pollaczek and Khinchine with one worker; Lee and Longton 1959 with several).
    lumps: f64,
    /// Endings per second with all workers at work.
    endings: f64,
}

impl<'a> Steady<'a> {
    fn new(pod: &'a PodServer, rate: f64) -> Self {
        let chain = Chain::new(pod, rate);
        let slowdown = |count: usize| slowdown(float(count + 1), pod.cores);
        let mean_slowdown = match (&chain, pod.workers) {
            (Some(chain), None) => chain.moments(slowdown).0,
            _ => 1.0,
        };
        let (cpu, wait) = (&pod.cpu, &pod.wait);
        let mean = cpu.mean() + wait.mean();
        let variance = cpu.second_moment() - cpu.mean().powi(2) + wait.second_moment() - wait.mean().powi(2);
        let variation = if mean > 0.0 { variance / (mean * mean) } else { 0.0 };
        Self {
            pod,
            chain,
            throttle: Throttle::new(pod, rate),
            utilization: (rate * cpu.mean() / pod.cores).min(1.0),
            mean_slowdown,
            lumps: f64::midpoint(1.0, variation.max(0.0)),
            endings: pod.workers.map_or(f64::INFINITY, |workers| pod.throughput(workers)),
        }
    }

    /// Latency of a request for which chance is as a point says.
    fn latency(&self, point: [f64; 7]) -> f64 {
        let cpu = self.pod.cpu.quantile(point[0]);
        let wait = self.pod.wait.quantile(point[2]);
        let found = self.chain.as_ref().map_or(0, |chain| chain.quantile(point[1]));
        let (queued, computing) = match self.pod.workers {
            Some(workers) => {
                let ahead = (found + 1).saturating_sub(workers);
                let queued = if ahead > 0 {
                    gamma(float(ahead), float(ahead) / self.endings, point[3]) * self.lumps
                } else {
                    0.0
                };
                let at_work = self.pod.on_cpu(found.min(workers.saturating_sub(1)) + 1);
                (queued, cpu * slowdown(at_work, self.pod.cores))
            }
            None => (0.0, cpu * self.slowdown_of(cpu, slowdown(float(found + 1), self.pod.cores))),
        };
        queued + self.throttled(cpu, computing, point) + wait
    }

    /// How many times longer a request is on the CPU than alone, if it finds as many there as give the slowdown `found`. A
    /// short one keeps what it finds; for a long one others come and go, and what it found averages out. The factor is that
    /// of the exact variance of M/M/1 (Coffman, Muntz and Trotter 1970).
    fn slowdown_of(&self, cpu: f64, found: f64) -> f64 {
        let length = (1.0 - self.utilization) * cpu / self.pod.cpu.mean().max(f64::MIN_POSITIVE);
        let kept =
            if length < 1e-3 { 1.0 - length / 3.0 } else { 2.0 * (length - 1.0 + (-length).exp()) / (length * length) };
        self.mean_slowdown + (found - self.mean_slowdown) * kept.max(0.0).sqrt()
    }

    fn throttled(&self, cpu: f64, computing: f64, point: [f64; 7]) -> f64 {
        let at = [point[4], point[5], point[6], point[3]];
        self.throttle.map_or(computing, |throttle| throttle.time(cpu, at).max(computing))
    }

    /// Latency where the cores are shared by a backlog of `requests` that grows by `growth` per second: of a request that
    /// gets an equal share of the cores, which becomes smaller or larger meanwhile.
    fn latency_of_sharing(&self, point: [f64; 7], requests: f64, growth: f64) -> f64 {
        let cpu = self.pod.cpu.quantile(point[0]);
        let alone = self.latency(point);
        let cores = self.pod.cores_over_time().max(f64::MIN_POSITIVE);
        let present = requests + self.pod.cores;
        let exponent = growth * cpu / cores;
        let shared = if exponent.abs() < 1e-6 {
            present * cpu / cores
        } else if exponent > 500.0 {
            f64::INFINITY
        } else {
            present / growth * exponent.exp_m1()
        };
        // No longer than until the backlog is gone, if it shrinks.
        let shared = if growth < 0.0 { shared.min(requests / -growth + cpu) } else { shared };
        let own = alone - self.pod.wait.quantile(point[2]);
        alone.max(shared + self.pod.wait.quantile(point[2])).max(own)
    }

    /// Time at work where all workers are.
    fn service_at_full(&self, point: [f64; 7]) -> f64 {
        let workers = self.pod.workers.unwrap_or(1);
        let share = slowdown(self.pod.on_cpu(workers), self.pod.cores_over_time());
        self.pod.cpu.quantile(point[0]) * share + self.pod.wait.quantile(point[2])
    }
}

/// How many times longer requests are on the CPU than alone, if so many share the cores.
fn slowdown(computing: f64, cores: f64) -> f64 {
    if cores > 0.0 { (computing / cores).max(1.0) } else { f64::INFINITY }
}
