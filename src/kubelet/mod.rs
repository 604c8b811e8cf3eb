//! A pod's life on its node: image pull, start, probes, restarts, termination.
