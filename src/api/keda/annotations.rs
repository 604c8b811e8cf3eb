//! What the annotations of a ScaledObject say (`scaledobject_types.go`).

use crate::api::Labels;

const PAUSED: &str = "autoscaling.keda.sh/paused";
const PAUSED_REPLICAS: &str = "autoscaling.keda.sh/paused-replicas";
const PAUSED_SCALE_IN: &str = "autoscaling.keda.sh/paused-scale-in";
const PAUSED_SCALE_OUT: &str = "autoscaling.keda.sh/paused-scale-out";
const FORCE_ACTIVATION: &str = "autoscaling.keda.sh/force-activation";
const HPA_EXCLUDED_LABELS: &str = "scaledobject.keda.sh/hpa-excluded-labels";

/// Reads what annotations tell KEDA to do.
#[derive(Clone, Copy, Debug)]
pub struct KedaAnnotations<'a>(&'a Labels);

impl<'a> KedaAnnotations<'a> {
    /// Of an object with these annotations.
    #[must_use]
    pub const fn of(annotations: &'a Labels) -> Self {
        Self(annotations)
    }

    /// A switch: anything that is not one of Go's words for false is true (`getBoolAnnotation`).
    fn is_on(self, annotation: &str) -> bool {
        self.0
            .get(annotation)
            .is_some_and(|value| !matches!(value.as_str(), "0" | "f" | "F" | "false" | "FALSE" | "False"))
    }

    /// Whether scaling stands still (`NeedToBePausedByAnnotation`).
    #[must_use]
    pub fn is_paused(self) -> bool {
        self.0.get(PAUSED_REPLICAS).is_some() || self.is_on(PAUSED)
    }

    /// The replicas that a pause fixes: `None` without the annotation, an error where it is no 32-bit number
    /// (`GetPausedReplicaCount`).
    ///
    /// # Errors
    /// The text that is no number.
    pub fn paused_replicas(self) -> Result<Option<i32>, &'a str> {
        // Go's ParseInt takes a sign in front and digits of base 10, as Rust does.
        self.0.get(PAUSED_REPLICAS).map(|text| text.parse().map_err(|_| text.as_str())).transpose()
    }

    /// Whether nothing may be scaled in (`NeedToPauseScaleIn`).
    #[must_use]
    pub fn pauses_scale_in(self) -> bool {
        self.is_on(PAUSED_SCALE_IN)
    }

    /// Whether nothing may be scaled out (`NeedToPauseScaleOut`).
    #[must_use]
    pub fn pauses_scale_out(self) -> bool {
        self.is_on(PAUSED_SCALE_OUT)
    }

    /// Whether the target counts as active whatever the triggers say (`NeedToForceActivation`).
    #[must_use]
    pub fn forces_activation(self) -> bool {
        self.is_on(FORCE_ACTIVATION)
    }

    /// Whether a label of the ScaledObject is kept from the HorizontalPodAutoscaler.
    #[must_use]
    pub fn excludes_label(self, label: &str) -> bool {
        self.0.get(HPA_EXCLUDED_LABELS).is_some_and(|list| list.split(',').any(|excluded| excluded == label))
    }
}
