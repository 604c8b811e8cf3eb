//! Rules for what loads the cluster: distributions, rates, arrivals, traffic, startup.

use super::check::Checker;
use super::distribution::{Distribution, DistributionUnit};
use super::service_level::ServiceLevelObjective;
use super::spec::{ArrivalEntry, ImagePull, ScenarioSpec, Startup, TraceSource};
use super::storage::Storage;
use super::traffic::{Fidelity, RequestSpacing, Routing, Traffic};
use super::typed::{ArrivalSource, Arrivals, GeneratedArrivals, TraceFiles};
use crate::input::document::field_path::FieldPathBuf;
use crate::input::table::read_column;
use crate::units::{SimDuration, SimTime};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// More pods than this from one stream are taken for a slip.
const MAX_ARRIVALS: f64 = 1e9;
/// More proxies than this in front of one service are taken for a slip.
const MAX_PROXIES: u32 = 1000;
const PROXIES: &str = "is out of range (expected 1 to 1000)";

impl Checker<'_> {
    /// A distribution; values of a file are read. Says what the mean is, as far as it exists.
    pub fn check_distribution<U: DistributionUnit>(
        &mut self,
        path: &FieldPathBuf,
        distribution: &mut Distribution<U>,
    ) -> Option<f64> {
        let before = self.findings.len();
        match distribution {
            Distribution::Fixed(_) | Distribution::Normal(_) => {}
            Distribution::Uniform(uniform) => {
                let (min, max) = (uniform.min.to_f64(), uniform.max.to_f64());
                self.require(min <= max, path.key("uniform"), "`max` is below `min`");
            }
            Distribution::Exponential(exponential) => {
                self.require_positive(path.key("exponential").key("mean"), exponential.mean.to_f64());
            }
            Distribution::LogNormal(log_normal) => {
                let path = path.key("logNormal");
                match (log_normal.median, log_normal.mean) {
                    (Some(median), None) => self.require_positive(path.key("median"), median.to_f64()),
                    (None, Some(mean)) => self.require_positive(path.key("mean"), mean.to_f64()),
                    _ => self.error(path.clone(), "needs exactly one of `median` and `mean`"),
                }
                let sigma = log_normal.sigma;
                self.require_not_negative(path.key("sigma"), sigma);
                self.require(sigma <= 20.0, path.key("sigma"), format!("`{sigma}` is too large (expected at most 20)"));
            }
            Distribution::Weibull(weibull) => {
                self.require_positive(path.key("weibull").key("scale"), weibull.scale.to_f64());
                self.check_shape(path.key("weibull").key("shape"), weibull.shape);
            }
            Distribution::Gamma(gamma) => {
                self.require_positive(path.key("gamma").key("mean"), gamma.mean.to_f64());
                self.check_shape(path.key("gamma").key("shape"), gamma.shape);
            }
            Distribution::Pareto(pareto) => {
                self.require_positive(path.key("pareto").key("minimum"), pareto.minimum.to_f64());
                self.check_shape(path.key("pareto").key("shape"), pareto.shape);
            }
            Distribution::Empirical(empirical) => {
                let path = path.key("empirical");
                self.require_not_negative(path.key("scale"), empirical.scale);
                let (file, column, scale) = (&empirical.file, &empirical.column, empirical.scale);
                if let Some(values) = self.read_values(&path, file, column, scale) {
                    empirical.values = values.into();
                }
            }
        }
        if self.findings.len() > before || self.is_damaged(path) { None } else { Some(distribution.mean()) }
    }

    /// A shape parameter: far outside of what data show, samplers lose their footing.
    fn check_shape(&mut self, path: FieldPathBuf, shape: f64) {
        self.require(
            (0.01..=1e6).contains(&shape),
            path,
            format!("`{shape}` is out of range (expected 0.01 to 1000000)"),
        );
    }

    /// The values of a CSV column times `scale`.
    pub fn read_values(&mut self, path: &FieldPathBuf, file: &Path, column: &str, scale: f64) -> Option<Vec<f64>> {
        if self.is_damaged(path) {
            return None;
        }
        match read_column(&self.resolve(file), column) {
            Ok(values) => {
                if values.iter().any(|value| *value < 0.0) {
                    self.error(path.key("column"), format!("column `{column}` has values below zero"));
                    return None;
                }
                Some(values.into_iter().map(|value| value * scale).collect())
            }
            Err(error) => {
                let field = if error.column == column { "column" } else { "file" };
                self.error(path.key(field), error.to_string());
                None
            }
        }
    }

    /// Streams of bare pods.
    pub fn check_arrivals(&mut self, path: &FieldPathBuf, spec: &mut ScenarioSpec) -> Vec<Arrivals> {
        let horizon = SimTime::ZERO + spec.duration.get();
        let names =
            spec.arrivals.iter().enumerate().map(|(index, entry)| (path.index(index).key("name"), entry.name.clone()));
        self.require_unique("arrivals", names.collect::<Vec<_>>());
        let mut lowered = Vec::new();
        for (index, entry) in spec.arrivals.iter_mut().enumerate() {
            let path = path.index(index);
            self.require_name(path.key("name"), &entry.name);
            self.require_name(path.key("namespace"), &entry.namespace);
            self.require(entry.limit != Some(0), path.key("limit"), "is zero: no pod would come");
            self.require(entry.count != Some(0), path.key("count"), "is zero: no pod would come");
            let end = entry.end.map_or(horizon, |end| end.from_start().min(horizon));
            if let Some(end) = entry.end {
                self.require(end > entry.start, path.key("end"), "is not after `start`: no pod would come");
            }
            if entry.start.from_start() >= horizon {
                self.warn(path.key("start"), "is not before the end of the run: no pod comes");
            }
            if let Some(source) = self.check_source(&path, entry, end) {
                lowered.push(Arrivals {
                    name: entry.name.clone(),
                    namespace: entry.namespace.clone(),
                    start: entry.start.from_start(),
                    end,
                    limit: entry.limit,
                    source,
                });
            }
        }
        lowered
    }

    fn check_source(&mut self, path: &FieldPathBuf, entry: &mut ArrivalEntry, end: SimTime) -> Option<ArrivalSource> {
        if let Some(trace) = &entry.trace {
            let given = [
                ("every", entry.every.is_some()),
                ("count", entry.count.is_some()),
                ("duration", entry.duration.is_some()),
                ("template", entry.template.is_some()),
            ];
            for (field, _) in given.into_iter().filter(|(_, given)| *given) {
                self.error(
                    path.key(field),
                    format!("`{field}` has no meaning beside `trace`, which gives it for each pod"),
                );
            }
            return Some(ArrivalSource::Trace(self.locate_trace(&path.key("trace"), trace)));
        }
        let window = (end - entry.start.from_start()).max_zero().as_secs_f64();
        let count = entry.count.unwrap_or(1);
        if let Some(every) = &mut entry.every
            && let Some(mean) = self.check_distribution(&path.key("every"), every)
        {
            let expected = if mean > 0.0 { window / mean * f64::from(count) } else { f64::INFINITY };
            let expected = entry.limit.map_or(expected, |limit| {
                #[expect(clippy::cast_precision_loss, reason = "compared with a round number")]
                expected.min(limit as f64)
            });
            if mean <= 0.0 {
                self.error(path.key("every"), "has a mean of zero: pods would come without end at the same moment");
            } else if expected > MAX_ARRIVALS {
                self.error(
                    path.key("every"),
                    format!("would bring about {expected:.0} pods (expected at most 1000000000)"),
                );
            }
        }
        if let Some(duration) = &mut entry.duration {
            self.check_distribution(&path.key("duration"), duration);
        }
        if let Some(template) = &entry.template {
            let has_spec = template.0.get("spec").is_some_and(serde_json::Value::is_object);
            self.require(has_spec, path.key("template"), "has no `spec` (expected a pod template, as in a Deployment)");
        }
        match (&entry.every, &entry.template) {
            (Some(every), Some(template)) => Some(ArrivalSource::Generated(GeneratedArrivals {
                every: every.clone(),
                count,
                duration: entry.duration.clone(),
                template: template.clone(),
            })),
            (None, None) => {
                self.error(path.clone(), "has no source (expected `every` and `template`, or `trace`)");
                None
            }
            (None, Some(_)) => {
                self.error(path.clone(), "`every` is missing (it says when the pods come)");
                None
            }
            (Some(_), None) => {
                self.error(path.clone(), "`template` is missing (it says what the pods are)");
                None
            }
        }
    }

    /// Finds the files of a trace. A file that does not exist is an error that says where traces come from.
    fn locate_trace(&mut self, path: &FieldPathBuf, trace: &TraceSource) -> TraceFiles {
        let resolve = |checker: &Self, file: &Path| -> PathBuf {
            let below = trace.directory.as_deref().unwrap_or(Path::new("")).join(file);
            match (&trace.directory, checker.traces) {
                (Some(_), Some(traces)) => traces.join(below),
                _ => checker.resolve(&below),
            }
        };
        let pods = resolve(self, &trace.pods);
        let nodes = trace.nodes.as_deref().map(|file| resolve(self, file));
        for (field, file) in [("pods", Some(&pods)), ("nodes", nodes.as_ref())] {
            if let Some(file) = file.filter(|file| !file.is_file()) {
                let message = format!("trace file `{}` does not exist", file.display());
                self.error_hint(path.key(field), message, crate::input::trace::where_to_get(trace.format));
            }
        }
        TraceFiles { format: trace.format, pods, nodes }
    }

    /// Request load.
    pub fn check_traffic(&mut self, path: &FieldPathBuf, traffic: &mut [Traffic], duration: SimDuration) {
        let names = traffic.iter().enumerate().map(|(index, entry)| match &entry.name {
            Some(name) => (path.index(index).key("name"), name.clone()),
            None => (path.index(index).key("target"), entry.destination()),
        });
        self.require_unique("traffic", names.collect::<Vec<_>>());
        let called: BTreeSet<String> =
            traffic.iter().flat_map(|entry| &entry.server.calls).map(|call| call.to.clone()).collect();
        for (index, entry) in traffic.iter_mut().enumerate() {
            let path = path.index(index);
            self.check_route(&path, entry);
            self.check_sender(&path, entry, called.contains(&entry.title()));
            for rate in entry.rate.iter().chain(entry.sessions.iter().map(|sessions| &sessions.rate)) {
                let field = if entry.sessions.is_some() { "sessions" } else { "rate" };
                self.check_path_length(&path.key(field), rate, duration);
            }
            self.check_distribution(&path.key("cpuPerRequest"), &mut entry.cpu_per_request.0);
            let server = path.key("server");
            self.check_distribution(&server.key("wait"), &mut entry.server.wait);
            self.check_server(&server, &mut entry.server, entry.fidelity);
            if entry.server.concurrency == Some(0) {
                self.error(server.key("concurrency"), "is 0 (expected 1 or more)");
            }
            if entry.server.concurrency.is_none() && entry.server.queue.is_some() {
                self.error(server.key("queue"), "nothing ever waits without `concurrency`");
            }
            if entry.server.timeout.is_some_and(|timeout| timeout.get() <= SimDuration::ZERO) {
                self.error(server.key("timeout"), "is not above zero");
            }
            self.check_service_level(&path.key("slo"), &entry.slo);
            let routing = path.key("routing");
            self.check_distribution(&routing.key("endpointPropagation"), &mut entry.routing.endpoint_propagation);
            self.require((1..=MAX_PROXIES).contains(&entry.routing.proxies), routing.key("proxies"), PROXIES);
            self.check_health_check(&routing.key("healthCheck"), &entry.routing.health_check);
        }
        self.check_calls(path, traffic);
    }

    /// What a service promises.
    fn check_service_level(&mut self, path: &FieldPathBuf, level: &ServiceLevelObjective) {
        if level.latency.is_some_and(|latency| latency.get() <= SimDuration::ZERO) {
            self.error(path.key("latency"), "is not above zero");
        }
        let target = level.target;
        let message = format!("`{target}` is out of range (expected 0 to below 1, as in 0.999)");
        self.require((0.0..1.0).contains(&target), path.key("target"), message);
        self.require(level.apdex.get() > SimDuration::ZERO, path.key("apdex"), "is not above zero");
    }

    /// Who sends the requests of an entry.
    fn check_sender(&mut self, path: &FieldPathBuf, entry: &mut Traffic, is_called: bool) {
        if let Some(producer) = &mut entry.producer {
            if entry.sessions.is_some() {
                self.error(path.key("sessions"), "stands beside `producer` (expected one of the two)");
            }
            self.check_producer(path, producer, entry.rate.is_some() || entry.users.is_some(), entry.fidelity);
            return;
        }
        if let Some(sessions) = &mut entry.sessions {
            let path = path.key("sessions");
            self.check_rate(&path.key("rate"), &mut sessions.rate);
            self.check_distribution(&path.key("requests"), &mut sessions.requests);
            self.check_distribution(&path.key("thinkTime"), &mut sessions.think_time);
            if entry.rate.is_some() || entry.users.is_some() {
                self.error(path, "stands beside `rate` or `users` (expected one of the three)");
            }
        }
        match (&mut entry.rate, &mut entry.users) {
            (None, None) if entry.sessions.is_some() => {}
            (Some(rate), None) => self.check_rate(&path.key("rate"), rate),
            (None, Some(users)) => {
                let users_path = path.key("users");
                self.check_settled_rate(&users_path.key("count"), &mut users.count);
                let think_time = users_path.key("thinkTime");
                if let Some(mean) = self.check_distribution(&think_time, &mut users.think_time) {
                    self.require_positive(think_time, mean);
                }
            }
            (None, None) if is_called => {}
            (None, None) => {
                self.error(
                    path.clone(),
                    "has neither `rate` nor `users` nor `sessions` (expected one of the three, or `producer`)",
                );
            }
            (Some(_), Some(_)) => self.error(path.key("users"), "stands beside `rate` (expected one of the two)"),
        }
        if entry.fidelity == Fidelity::Fluid {
            let needs = "has no effect on a fluid (expected `fidelity: requests` beside it)";
            if entry.users.is_some() {
                self.error(path.key("users"), needs);
            }
            if entry.sessions.is_some() {
                self.error(path.key("sessions"), needs);
            }
            if entry.spacing != RequestSpacing::default() {
                self.error(path.key("spacing"), needs);
            }
            if entry.routing != Routing::default() {
                self.error(path.key("routing"), needs);
            }
        }
    }

    /// Start of containers.
    pub fn check_startup(&mut self, path: &FieldPathBuf, startup: &mut Startup) {
        let pull = path.key("imagePull");
        match &mut startup.image_pull {
            ImagePull::Duration(duration) => {
                self.check_distribution(&pull.key("duration"), duration);
            }
            ImagePull::Transfer(transfer) => {
                let path = pull.key("transfer");
                self.require_positive(path.key("bandwidth"), transfer.bandwidth.to_f64());
                self.check_distribution(&path.key("defaultSize"), &mut transfer.default_size);
            }
        }
        self.check_distribution(&path.key("containerStart"), &mut startup.container_start);
    }

    pub fn check_storage(&mut self, path: &FieldPathBuf, storage: &mut Storage) {
        self.check_distribution(&path.key("provision"), &mut storage.provision);
        self.check_distribution(&path.key("attach"), &mut storage.attach);
        self.check_distribution(&path.key("detach"), &mut storage.detach);
        self.check_distribution(&path.key("delete"), &mut storage.delete);
        self.check_distribution(&path.key("expand"), &mut storage.expand);
    }
}
