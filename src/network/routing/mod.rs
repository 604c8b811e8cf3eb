//! How requests find a pod: which endpoints a proxy uses, which Service an address leads to.
//!
//! Decisions only, as functions of what they are told; who tells whom when is in `requests` and `proxies`.

pub mod usable;
