//! What loads the cluster: pod arrivals and lifetimes, request rates, resource usage over time.
