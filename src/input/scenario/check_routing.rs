//! Rules for where requests go: targets, backends.

use super::check::Checker;
use super::traffic::{Backend, Fidelity, Traffic};
use crate::api::Kind;
use crate::input::document::field_path::FieldPathBuf;
use std::collections::BTreeSet;

const NEEDS_REQUESTS: &str = "has no effect on a fluid (expected `fidelity: requests` beside it)";

impl Checker<'_> {
    /// Where the requests of an entry go, and what is different at single backends.
    pub fn check_route(&mut self, path: &FieldPathBuf, entry: &mut Traffic) {
        let kind = entry.target.kind;
        let is_fluid = entry.fidelity == Fidelity::Fluid;
        match kind {
            Kind::Service if is_fluid => {
                self.error(path.key("target"), "a fluid takes no Service (expected `fidelity: requests` beside it)");
            }
            Kind::Service => {}
            kind => {
                let message =
                    format!("a {} takes no traffic (expected a service, {})", kind.as_str(), words_of_scaled_kinds());
                self.require(kind.has_scale(), path.key("target"), message);
            }
        }
        self.check_error_rate(&path.key("errorRate"), entry.error_rate);
        if is_fluid && entry.error_rate.is_some() {
            self.error(path.key("errorRate"), NEEDS_REQUESTS);
        }
        if is_fluid && !entry.backends.is_empty() {
            self.error(path.key("backends"), NEEDS_REQUESTS);
        } else if kind.has_scale() && !entry.backends.is_empty() {
            self.error(
                path.key("backends"),
                "has no effect on a workload (expected a target such as service/shop/web)",
            );
        }
        let limit = entry.server.concurrency;
        let mut seen = BTreeSet::new();
        for (index, backend) in entry.backends.iter_mut().enumerate() {
            let path = path.key("backends").index(index);
            let is_first = seen.insert(backend.target.clone());
            self.require(is_first, path.key("target"), format!("`{}` is given twice", backend.target));
            self.check_backend(&path, backend, limit);
        }
    }

    fn check_backend(&mut self, path: &FieldPathBuf, backend: &mut Backend, limit: Option<u32>) {
        let kind = backend.target.kind;
        let message = format!("a {} serves no requests (expected a {})", kind.as_str(), words_of_scaled_kinds());
        self.require(kind.has_scale(), path.key("target"), message);
        if let Some(cpu) = &mut backend.cpu_per_request {
            self.check_distribution(&path.key("cpuPerRequest"), &mut cpu.0);
        }
        self.check_error_rate(&path.key("errorRate"), backend.error_rate);
        let server = path.key("server");
        if let Some(wait) = &mut backend.server.wait {
            self.check_distribution(&server.key("wait"), wait);
        }
        if backend.server.concurrency == Some(0) {
            self.error(server.key("concurrency"), "is 0 (expected 1 or more)");
        }
        if backend.server.concurrency.or(limit).is_none() && backend.server.queue.is_some() {
            self.error(server.key("queue"), "nothing ever waits without `concurrency`");
        }
    }

    fn check_error_rate(&mut self, path: &FieldPathBuf, rate: Option<f64>) {
        if let Some(rate) = rate {
            let message = format!("`{rate}` is out of range (expected 0 to 1)");
            self.require((0.0..=1.0).contains(&rate), path.clone(), message);
        }
    }
}

/// The kinds whose pods can serve traffic, for messages: `deployment, replicaset or statefulset`.
fn words_of_scaled_kinds() -> String {
    let kinds = Kind::ALL.iter().filter(|kind| kind.has_scale());
    let mut words: Vec<String> = kinds.map(|kind| kind.as_str().to_ascii_lowercase()).collect();
    let last = words.pop().unwrap_or_default();
    format!("{} or {last}", words.join(", "))
}
