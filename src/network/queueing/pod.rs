//! A pod as a server of requests, and what it can serve.

use super::demand::Demand;

/// More workers than this are taken for no limit where the chain of their numbers would be too long to add up.
const MOST_COUNTED: usize = 400;

/// A pod as a server, as `server` of a traffic entry, its CPU limit and its node make it.
#[derive(Clone, Debug, PartialEq)]
pub struct PodServer {
    /// CPU time of a request.
    pub cpu: Demand,
    /// How long a request waits for others, after its CPU time.
    pub wait: Demand,
    /// Cores that requests may use at once: those of the node. May be infinite.
    pub cores: f64,
    /// Cores that requests may use over time, if that is less: the CPU limit, without what the pod uses idle.
    pub quota: Option<f64>,
    /// Requests that it works on at once.
    pub workers: Option<usize>,
    /// Requests that wait for one of `workers`.
    pub queue: Option<usize>,
    /// Seconds after which clients give up.
    pub timeout: Option<f64>,
}

impl PodServer {
    /// Cores that requests may use over time.
    #[must_use]
    pub fn cores_over_time(&self) -> f64 {
        self.quota.map_or(self.cores, |quota| quota.min(self.cores)).max(0.0)
    }

    /// Requests per second that it can serve; infinite if they cost nothing.
    #[must_use]
    pub fn capacity(&self) -> f64 {
        let by_cpu = if self.cpu.mean() > 0.0 { self.cores_over_time() / self.cpu.mean() } else { f64::INFINITY };
        let by_workers = self.workers.map_or(f64::INFINITY, |workers| self.throughput(workers));
        by_cpu.min(by_workers)
    }

    /// Whether it keeps what it cannot serve at once, as its server has a bound that says for how long or how many.
    #[must_use]
    pub const fn keeps_backlog(&self) -> bool {
        self.workers.is_some() || self.queue.is_some() || self.timeout.is_some()
    }

    /// Requests at work in all that `jobs` requests complete per second on the cores of the node.
    ///
    /// The requests at work are a closed network of two stations: the CPU, shared, and the time of waiting for others, of
    /// which each has as much as it likes. The throughput follows from its product form (Buzen 1973), whatever the distributions
    /// are (Baskett, Chandy, Muntz, Palacios 1975).
    #[must_use]
    pub fn throughput(&self, jobs: usize) -> f64 {
        let (cpu, wait) = (self.cpu.mean(), self.wait.mean());
        let count = float(jobs);
        let shared = if cpu > 0.0 { count.min(self.cores) / cpu } else { f64::INFINITY };
        if wait <= 0.0 {
            return shared;
        }
        if cpu <= 0.0 {
            return count / wait;
        }
        if count <= self.cores || jobs > MOST_COUNTED {
            // Nobody waits for a core; or so many that the bounds of the throughput are near.
            return (count / (cpu + wait)).min(shared);
        }
        let constant = |jobs| normalization(cpu, wait, self.cores, jobs);
        constant(jobs - 1) / constant(jobs) / (cpu + wait)
    }

    /// Requests on the CPU among `jobs` at work, on average.
    pub(super) fn on_cpu(&self, jobs: usize) -> f64 {
        if self.wait.mean() > 0.0 {
            (float(jobs) - self.throughput(jobs) * self.wait.mean()).max(0.0)
        } else {
            float(jobs)
        }
    }
}

/// The normalization constant of the closed network of `jobs` requests, in units of what one request alone takes to that
/// power.
fn normalization(cpu: f64, wait: f64, cores: f64, jobs: usize) -> f64 {
    let whole = cpu + wait;
    let (cpu, wait) = (cpu / whole, wait / whole);
    // Weights of 0, 1, 2 ... requests on the CPU while the others wait, in logarithms: factorials are large.
    let mut logarithm = 0.0;
    for others in 1..=jobs {
        logarithm += (wait / float(others)).ln();
    }
    let mut sum = logarithm.exp();
    for computing in 1..=jobs {
        let rate = float(computing).min(cores);
        logarithm += (cpu / rate).ln() - (wait / float(jobs - computing + 1)).ln();
        sum += logarithm.exp();
    }
    sum
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests at a pod")]
pub(super) fn float(count: usize) -> f64 {
    count as f64
}
