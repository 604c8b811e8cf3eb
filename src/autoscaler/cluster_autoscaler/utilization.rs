//! How much of a node its pods ask for (`simulator/utilization`).

use super::environment::PodFacts;
use super::pods;
use crate::scheduler::{NodeInfo, PodInfo};
use crate::units::SimTime;

/// Labels by which clouds mark nodes with GPUs.
const GPU_LABELS: [&str; 4] = [
    "k8s.amazonaws.com/accelerator",
    "cloud.google.com/gke-accelerator",
    "accelerator",
    "kubernetes.azure.com/accelerator",
];
/// The resource of GPUs that utilization looks at.
const GPU: &str = "nvidia.com/gpu";

/// The utilization of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Utilization {
    /// Share of the allocatable cpu that pods ask for.
    pub cpu: f64,
    /// The same of memory.
    pub memory: f64,
    /// The same of GPUs, of a node that has any.
    pub gpu: Option<f64>,
}

impl Utilization {
    /// What counts: GPUs alone if the node has them, else the greater share.
    pub fn value(&self) -> f64 {
        self.gpu.unwrap_or(if self.cpu > self.memory { self.cpu } else { self.memory })
    }

    /// The resource that counts.
    pub fn resource(&self) -> &'static str {
        match self.gpu {
            Some(_) => GPU,
            None if self.cpu > self.memory => "cpu",
            None => "memory",
        }
    }
}

/// Whose requests are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ignored {
    /// Those of DaemonSets' pods.
    pub daemons: bool,
    /// Those of mirror pods.
    pub mirrors: bool,
}

/// Whether a node has GPUs.
pub fn has_gpu(node: &crate::api::Node) -> bool {
    // The last letters tell nearly every other label apart.
    let is_gpu_label = |key: &str| key.ends_with("accelerator") && GPU_LABELS.contains(&key);
    node.allocatable.scalar(GPU).is_some_and(|amount| amount > 0)
        || node.meta.labels.iter().any(|(key, _)| is_gpu_label(key))
}

/// Computes the utilization; `None` if the node offers no cpu or no memory.
pub fn utilization(
    node: &NodeInfo,
    ignored: Ignored,
    now: SimTime,
    facts: impl Fn(&PodInfo) -> Option<PodFacts>,
) -> Option<Utilization> {
    let allocatable = node.allocatable();
    let mut cpu = node.requested().cpu.get();
    let mut memory = node.requested().memory.get();
    let mut gpu = node.requested().scalar(GPU).unwrap_or(0);
    let mut free = [allocatable.cpu.get(), allocatable.memory.get(), allocatable.scalar(GPU).unwrap_or(0)];
    if free[0] == 0 || free[1] == 0 {
        return None;
    }
    let looks_at_pods = ignored.daemons || ignored.mirrors || node.pods().iter().any(|pod| pod.terminating);
    for pod in node.pods().iter().filter(|_| looks_at_pods) {
        let placed = &pod.placed().requests;
        let amounts = [placed.cpu.get(), placed.memory.get(), placed.scalar(GPU).unwrap_or(0)];
        let is_ignored = (ignored.daemons && pods::is_daemon(pod)) || (ignored.mirrors && pods::is_mirror(pod));
        let is_gone = !is_ignored
            && pod.terminating
            && facts(pod).is_some_and(|facts| pods::is_long_terminating(pod, &facts, now));
        if is_ignored {
            free.iter_mut().zip(amounts).for_each(|(free, amount)| *free -= amount);
        }
        if is_ignored || is_gone {
            cpu -= amounts[0];
            memory -= amounts[1];
            gpu -= amounts[2];
        }
    }
    let share = |requested: i64, of: i64| as_f64(requested) / as_f64(of);
    let has_gpu = has_gpu(node.node());
    Some(Utilization {
        cpu: share(cpu, free[0]),
        memory: share(memory, free[1]),
        gpu: has_gpu.then(|| if free[2] == 0 { 0.0 } else { share(gpu, free[2]) }),
    })
}

#[expect(clippy::cast_precision_loss, reason = "amounts are far below 2^53, as in the real program")]
fn as_f64(amount: i64) -> f64 {
    amount as f64
}
