//! Rules for where requests go: targets, backends.

use super::check::Checker;
use super::traffic::{Backend, ClientsFrom, Fidelity, HealthCheck, Traffic};
use crate::api::Kind;
use crate::input::document::field_path::FieldPathBuf;
use crate::units::SimDuration;
use std::collections::BTreeSet;

const NEEDS_REQUESTS: &str = "has no effect on a fluid (expected `fidelity: requests` beside it)";

impl Checker<'_> {
    /// Where the requests of an entry go, and what is different at single backends.
    pub fn check_route(&mut self, path: &FieldPathBuf, entry: &mut Traffic) {
        let is_fluid = entry.fidelity == Fidelity::Fluid;
        let kind = entry.target.as_ref().map(|target| target.kind);
        self.check_http(path, entry);
        match kind {
            Some(kind @ (Kind::Service | Kind::Ingress | Kind::HttpRoute)) if is_fluid => {
                let kind = kind.as_str();
                let message = format!("a fluid takes no {kind} (expected `fidelity: requests` beside it)");
                self.error(path.key("target"), message);
            }
            None | Some(Kind::Service | Kind::Ingress | Kind::HttpRoute) => {}
            Some(kind) => {
                let message = format!(
                    "a {} takes no traffic (expected a service, ingress, httproute, {})",
                    kind.as_str(),
                    words_of_scaled_kinds()
                );
                self.require(kind.has_scale(), path.key("target"), message);
            }
        }
        if entry.routing.from == Some(ClientsFrom::Outside) && kind != Some(Kind::Service) {
            let message = "has no effect on this target (expected a service)";
            self.error(path.key("routing").key("from"), message);
        }
        self.check_error_rate(&path.key("errorRate"), entry.error_rate);
        if is_fluid && entry.error_rate.is_some() {
            self.error(path.key("errorRate"), NEEDS_REQUESTS);
        }
        for (field, given) in [("requestBytes", entry.request_bytes), ("responseBytes", entry.response_bytes)] {
            if is_fluid && given.is_some() {
                self.error(path.key(field), NEEDS_REQUESTS);
            }
        }
        if is_fluid && !entry.backends.is_empty() {
            self.error(path.key("backends"), NEEDS_REQUESTS);
        } else if kind.is_some_and(Kind::has_scale) && !entry.backends.is_empty() {
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

    /// What the requests are to an Ingress or HTTPRoute.
    fn check_http(&mut self, path: &FieldPathBuf, entry: &Traffic) {
        let http_path = path.key("http");
        let Some(http) = &entry.http else {
            if entry.target.is_none() && !self.is_damaged(&path.key("target")) {
                self.error(path.clone(), "has neither `target` nor `http` with a host (expected one of them)");
            }
            return;
        };
        if entry.fidelity == Fidelity::Fluid {
            self.error(http_path.clone(), NEEDS_REQUESTS);
        } else if !entry.is_behind_front() {
            self.error(http_path.clone(), "has no effect on this target (expected an ingress or httproute)");
        }
        if entry.target.is_none() && http.host.as_deref().unwrap_or_default().is_empty() {
            self.error(http_path.key("host"), "is missing (expected a host, or a `target` beside `http`)");
        }
        if let Some(host) = http.host.as_deref().filter(|host| host.contains(['*', '/', ' '])) {
            let message =
                format!("`{host}` is no host that a request can have (expected a name such as `shop.example.com`)");
            self.error(http_path.key("host"), message);
        }
        if let Some(text) = http.path.as_deref().filter(|text| !text.starts_with('/')) {
            self.error(http_path.key("path"), format!("`{text}` is no absolute path (expected `/...`)"));
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

    /// How a load balancer checks nodes.
    pub fn check_health_check(&mut self, path: &FieldPathBuf, check: &HealthCheck) {
        let is_positive = check.interval.get() > SimDuration::ZERO;
        self.require(is_positive, path.key("interval"), "is not above zero");
        for (field, threshold) in
            [("healthyThreshold", check.healthy_threshold), ("unhealthyThreshold", check.unhealthy_threshold)]
        {
            self.require(threshold > 0, path.key(field), "is 0 (expected 1 or more)");
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
