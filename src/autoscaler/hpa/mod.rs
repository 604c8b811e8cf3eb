//! HorizontalPodAutoscaler: one reconcile as a pure function.
