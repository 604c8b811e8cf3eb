//! Everything that can happen.

use crate::autoscaler::cluster_autoscaler::controller::CaEvent;
use crate::autoscaler::hpa::controller::HpaEvent;
use crate::autoscaler::karpenter::controller::event::KarpenterEvent;
use crate::autoscaler::keda::controller::KedaEvent;
use crate::autoscaler::vpa::controller::VpaEvent;
use crate::controllers::common::event::ControllerEvent;
use crate::infra::cloud::CloudEvent;
use crate::infra::csi::CsiEvent;
use crate::infra::faults::FaultEvent;
use crate::kubelet::controller::KubeletEvent;
use crate::network::requests::RequestEvent;
use crate::scheduler::SchedulerEvent;
use crate::workload::metric_sources::MetricChange;
use crate::workload::traffic::{QueueTurn, RateChange};
use crate::workload::usage::UsageEvent;

/// An event of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The next pod (or pods) of an arrival stream comes.
    Arrival {
        /// Index of the stream.
        stream: u32,
    },
    /// A pod of a trace is deleted.
    Departure {
        /// The pod.
        pod: crate::cluster::PodId,
    },
    /// A node of a trace joins.
    NodeJoins {
        /// Index among the nodes that join later.
        index: u32,
    },
    /// An operator acts.
    Action {
        /// Index of the action.
        index: u32,
    },
    /// The rate of a traffic entry changes.
    Traffic(RateChange),
    /// Requests are sent and served.
    Requests(RequestEvent),
    /// The cloud does something with an instance.
    Cloud(CloudEvent),
    /// A fault strikes or ends.
    Fault(FaultEvent),
    /// A kubelet does something.
    Kubelet(KubeletEvent),
    /// A driver of persistent volumes does something.
    Csi(CsiEvent),
    /// A controller does something.
    Controller(ControllerEvent),
    /// The controller manager has started again and begins to work.
    ManagerStarts {
        /// Number of its outage: another one in the meantime makes it stale.
        outage: u32,
    },
    /// The scheduler does something.
    Scheduler(SchedulerEvent),
    /// The HorizontalPodAutoscaler controller does something.
    Hpa(HpaEvent),
    /// The Cluster Autoscaler does something.
    ClusterAutoscaler(CaEvent),
    /// The Vertical Pod Autoscaler does something.
    Vpa(VpaEvent),
    /// What pods use over time is put on record, or fills a container's memory.
    Usage(UsageEvent),
    /// Karpenter does something.
    Karpenter(KarpenterEvent),
    /// A metric that the scenario gives changes.
    Metric(MetricChange),
    /// The queues of a fluid come to another state.
    Queues(QueueTurn),
    /// KEDA does something.
    Keda(KedaEvent),
}

macro_rules! from_room_event {
    ($($variant:ident($event:ty)),+ $(,)?) => {$(
        impl From<$event> for Event {
            fn from(event: $event) -> Self {
                Self::$variant(event)
            }
        }
    )+};
}

from_room_event!(
    Traffic(RateChange),
    Queues(QueueTurn),
    Requests(RequestEvent),
    Metric(MetricChange),
    Cloud(CloudEvent),
    Fault(FaultEvent),
    Kubelet(KubeletEvent),
    Controller(ControllerEvent),
    Csi(CsiEvent),
    Scheduler(SchedulerEvent),
    Hpa(HpaEvent),
    ClusterAutoscaler(CaEvent),
    Usage(UsageEvent),
    Vpa(VpaEvent),
    Karpenter(KarpenterEvent),
    Keda(KedaEvent),
);
