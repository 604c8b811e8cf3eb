//! Replay of recorded HorizontalPodAutoscaler decisions.
