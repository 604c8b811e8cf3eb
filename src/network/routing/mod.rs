//! How requests find a pod: which endpoints a proxy uses, which Services a host and a path lead to.
//!
//! Decisions only, as functions of what they are told; who tells whom when is in `requests` and `proxies`.

pub mod gateway;
pub mod http;
pub mod ingress;
pub mod usable;
