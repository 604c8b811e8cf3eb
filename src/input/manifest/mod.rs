//! Kubernetes manifests and kubectl dumps to `api` objects, with API-server defaulting and validation.

pub mod hpa;
