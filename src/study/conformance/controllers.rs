//! Replay of recorded Deployment and ReplicaSet controller decisions.
