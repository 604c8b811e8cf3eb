//! `keda.sh/v1alpha1`: ScaledObjects and ScaledJobs, after their defaults (KEDA 2.18 `apis/keda/v1alpha1`).

mod annotations;
mod scaled_job;
mod scaled_object;
mod trigger;

pub use annotations::KedaAnnotations;
pub use scaled_job::{MultipleScalersCalculation, ScaledJobSpec, ScalingStrategy};
pub use scaled_object::{
    Fallback, FallbackBehavior, HpaBehavior, HpaRules, ModifierTarget, ScaledObject, ScaledObjectSpec, ScalingModifiers,
};
pub use trigger::{ScaleTrigger, TriggerMetricType};
