//! `autoscaling/v2` HorizontalPodAutoscaler, after API-server defaulting.

use super::{ApiObject, Kind, LabelSelector, Name, ObjectMeta, Quantity};
use crate::units::SimDuration;

/// What an autoscaler scales, or whose metric it reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrossVersionObjectReference {
    /// Kind, for example `Deployment`.
    pub kind: Name,
    /// Name in the same namespace.
    pub name: Name,
}

/// A metric's name and the series it selects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetricIdentifier {
    /// Metric name.
    pub name: Name,
    /// Series selector.
    pub selector: Option<LabelSelector>,
}

/// `target` of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetricTarget {
    /// Percent of the requests.
    Utilization(i32),
    /// Value per pod.
    AverageValue(Quantity),
    /// Value as a whole.
    Value(Quantity),
}

/// One of `spec.metrics`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MetricSpec {
    /// cpu or memory of the pods.
    Resource {
        /// `cpu` or `memory`.
        name: Name,
        /// Target.
        target: MetricTarget,
    },
    /// cpu or memory of one container of the pods.
    ContainerResource {
        /// `cpu` or `memory`.
        name: Name,
        /// Container name.
        container: Name,
        /// Target.
        target: MetricTarget,
    },
    /// A custom metric of the pods.
    Pods {
        /// Which metric.
        metric: MetricIdentifier,
        /// Target.
        target: MetricTarget,
    },
    /// A metric of another object.
    Object {
        /// Whose metric.
        described_object: CrossVersionObjectReference,
        /// Which metric.
        metric: MetricIdentifier,
        /// Target.
        target: MetricTarget,
    },
    /// A metric from outside the cluster.
    External {
        /// Which metric.
        metric: MetricIdentifier,
        /// Target.
        target: MetricTarget,
    },
}

/// The unit of a scaling policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HpaScalingPolicyType {
    /// Number of pods.
    Pods,
    /// Percent of the replicas at the start of the period.
    Percent,
}

/// One of `policies`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HpaScalingPolicy {
    /// Unit of `value`.
    pub policy_type: HpaScalingPolicyType,
    /// Largest change in a period.
    pub value: i32,
    /// `periodSeconds`.
    pub period: SimDuration,
}

/// `selectPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ScalingPolicySelect {
    /// The policy that allows the largest change.
    #[default]
    Max,
    /// The policy that allows the smallest change.
    Min,
    /// No scaling in this direction.
    Disabled,
}

/// `behavior.scaleUp` or `behavior.scaleDown`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HpaScalingRules {
    /// `stabilizationWindowSeconds`; `None` is the controller's own window (scale down only).
    pub stabilization_window: Option<SimDuration>,
    /// `selectPolicy`.
    pub select_policy: ScalingPolicySelect,
    /// `policies`.
    pub policies: Vec<HpaScalingPolicy>,
    /// `tolerance`; `None` is the controller's own.
    pub tolerance: Option<Quantity>,
}

/// `spec.behavior`, both directions filled in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HorizontalPodAutoscalerBehavior {
    /// Scaling up.
    pub scale_up: HpaScalingRules,
    /// Scaling down.
    pub scale_down: HpaScalingRules,
}

impl HpaScalingRules {
    /// The API server's defaults for scaling up (`autoscaling/v2` `SetDefaults_HorizontalPodAutoscaler`).
    #[must_use]
    pub fn default_scale_up() -> Self {
        let policy = |policy_type, value| HpaScalingPolicy { policy_type, value, period: SimDuration::from_secs(15) };
        Self {
            stabilization_window: Some(SimDuration::ZERO),
            select_policy: ScalingPolicySelect::Max,
            policies: vec![policy(HpaScalingPolicyType::Pods, 4), policy(HpaScalingPolicyType::Percent, 100)],
            tolerance: None,
        }
    }

    /// The API server's defaults for scaling down.
    #[must_use]
    pub fn default_scale_down() -> Self {
        Self {
            stabilization_window: None,
            select_policy: ScalingPolicySelect::Max,
            policies: vec![HpaScalingPolicy {
                policy_type: HpaScalingPolicyType::Percent,
                value: 100,
                period: SimDuration::from_secs(15),
            }],
            tolerance: None,
        }
    }
}

/// A `HorizontalPodAutoscaler`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HorizontalPodAutoscaler {
    /// Identity.
    pub meta: ObjectMeta,
    /// What is scaled.
    pub scale_target: CrossVersionObjectReference,
    /// `spec.minReplicas`.
    pub min_replicas: i32,
    /// `spec.maxReplicas`.
    pub max_replicas: i32,
    /// `spec.metrics`, at least one.
    pub metrics: Vec<MetricSpec>,
    /// `spec.behavior`; `None` selects the controller's legacy path.
    pub behavior: Option<HorizontalPodAutoscalerBehavior>,
}

impl ApiObject for HorizontalPodAutoscaler {
    fn kind(&self) -> Kind {
        Kind::HorizontalPodAutoscaler
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}
