//! What kubelets do at a later instant, and how containers end.

use crate::cluster::PodId;

/// An event of a kubelet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KubeletEvent {
    /// The volumes of a pod are mounted.
    Mount {
        /// The pod.
        pod: PodId,
        /// The plan to which this belongs.
        generation: u32,
        /// How often it has failed.
        failures: u8,
    },
    /// A kubelet has waited long enough for the volumes of a pod to be attached.
    AttachTimeout {
        /// The pod.
        pod: PodId,
        /// The plan to which this belongs.
        generation: u32,
    },
    /// The node's status says that the volumes of a pod that has ended are not in use any more.
    Unmounted(PodId),
    /// The containers of a pod are created.
    Create {
        /// The pod.
        pod: PodId,
        /// The plan to which this belongs.
        generation: u32,
    },
    /// The containers of a pod run.
    Started {
        /// The pod.
        pod: PodId,
        /// The plan to which this belongs.
        generation: u32,
    },
    /// The pod becomes ready.
    Ready {
        /// The pod.
        pod: PodId,
        /// The plan to which this belongs.
        generation: u32,
    },
    /// The containers of a pod end.
    Exited {
        /// The pod.
        pod: PodId,
        /// The plan to which this belongs.
        generation: u32,
        /// How they end.
        exit: Exit,
    },
    /// A kubelet looks at a pod that wants to be of another size.
    Resize(PodId),
    /// The containers of a pod have the size of the allocation with this number.
    Resized(PodId, u32),
    /// The containers of a pod that is being deleted have stopped.
    Stopped {
        /// The pod.
        pod: PodId,
        /// The plan to which this belongs.
        generation: u32,
    },
    /// The last status of a pod that is being deleted is in the API: its object goes.
    Finalize {
        /// The pod.
        pod: PodId,
        /// The plan to which this belongs.
        generation: u32,
    },
}

/// How containers end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// With exit code 0.
    Completed,
    /// With another exit code.
    Failed {
        /// The exit code.
        code: u8,
    },
    /// Killed because the liveness or startup probe failed.
    Unhealthy,
    /// Killed because a container reached its memory limit.
    OutOfMemory,
    /// The lifetime of a pod that comes and goes is over: it ends whatever its restart policy.
    LifetimeOver,
    /// `activeDeadlineSeconds` is over: the pod fails whatever its restart policy.
    DeadlineExceeded,
}
