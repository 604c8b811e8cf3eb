//! The discrete-event kernel: event queue, clock, named random streams, determinism checksum. It knows nothing of Kubernetes.
