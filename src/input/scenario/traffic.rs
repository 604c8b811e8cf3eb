//! Request load as a scenario writes it: where requests go, how many come, and what they cost a pod.

use super::calls::{Call, Mesh, Retries};
use super::distribution::Distribution;
use super::leaf::{Amount, Duration};
use super::pod_server::{ServerMemory, WarmUp};
use super::rate::Rate;
use super::scalar::Scalar;
use super::service_level::ServiceLevelObjective;
use super::target::Target;
use crate::api::Kind;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Request load on a workload, spread over its ready pods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Traffic {
    /// Name, unique among the traffic; names the random stream and the columns. Default: the target.
    pub name: Option<String>,
    /// Where the requests go: a workload whose pods serve them (a Deployment, ReplicaSet, ReplicationController or
    /// StatefulSet) or, with `fidelity: requests`, a Service, an Ingress or an HTTPRoute. Without it they go to the Ingress or
    /// HTTPRoute that knows the host in `http`.
    pub target: Option<Target>,
    /// What the requests are to an Ingress or HTTPRoute: host, path and so on. Only with `fidelity: requests`.
    pub http: Option<HttpOptions>,
    /// How closely the requests are played. Default `fluid`.
    #[serde(default)]
    pub fidelity: Fidelity,
    /// The container that serves the requests and uses what is said below; the other containers of a pod use nothing.
    /// Default: the first of `spec.containers` of the pod.
    pub container: Option<String>,
    /// Requests per second over time. Without it and `users`, an entry has the requests of those that call it.
    pub rate: Option<Rate>,
    /// How the requests of `rate` follow each other. Only with `fidelity: requests`. Default `poisson`.
    #[serde(default)]
    pub spacing: RequestSpacing,
    /// Users that wait for each answer before they send their next request, as those of a load generator. Only with
    /// `fidelity: requests`, and instead of `rate`.
    pub users: Option<Users>,
    /// Users that come, send a few requests, each when the one before is answered, and leave. Only with `fidelity: requests`, and
    /// instead of `rate`.
    pub sessions: Option<Sessions>,
    /// A sender that is slowed down by those it sends to: nothing is lost while they are behind. Only with
    /// `fidelity: requests`, and instead of `rate`.
    pub producer: Option<Producer>,
    /// CPU time that a request costs (`12ms` is 0.012 core-seconds), the same for all or a distribution
    /// (`{exponential: {mean: 12ms}}`). Usage of a fluid counts with the mean.
    pub cpu_per_request: CpuPerRequest,
    /// CPU that a running pod uses without requests, in cores. Default 0.
    #[serde(default)]
    pub cpu_idle: Amount,
    /// CPU that a running pod uses until it serves for the first time, in cores: what it starts with, as a Java program that
    /// loads its classes. Default: as `cpuIdle`.
    pub cpu_until_ready: Option<Amount>,
    /// Bytes of a request on the network, for what goes between zones. Only with `fidelity: requests`. Default: unknown.
    pub request_bytes: Option<Amount>,
    /// Bytes of an answer. Only with `fidelity: requests`. Default: unknown.
    pub response_bytes: Option<Amount>,
    /// Memory that a running pod uses without requests, in bytes. Default 0.
    #[serde(default)]
    pub memory_per_pod: Amount,
    /// Memory in bytes per request per second at a pod: a pod that serves 20 requests/s uses `memoryPerPod` plus 20 times
    /// this. Default 0.
    #[serde(default)]
    pub memory_per_request: Amount,
    /// What its users are promised: it decides which requests count as good in the results, and changes nothing else.
    #[serde(default)]
    pub slo: ServiceLevelObjective,
    /// How a pod serves the requests that it gets. A fluid whose server has neither `concurrency` nor `queue` nor `timeout`
    /// loses at once what its pods cannot serve; with one of them they keep it.
    #[serde(default)]
    pub server: Server,
    /// How requests find a pod. Only with `fidelity: requests`.
    #[serde(default)]
    pub routing: Routing,
    /// The share of the requests (0 to 1) that are answered with an error after a pod has worked on them. Only with
    /// `fidelity: requests`. Default 0.
    pub error_rate: Option<f64>,
    /// Workloads behind a Service whose pods serve requests in another way than the entry says, such as a new release.
    #[serde(default)]
    pub backends: Vec<Backend>,
    /// What the senders of `rate` or `users` do about a request that failed; each attempt is given up after
    /// `server.timeout`. Only with `fidelity: requests`. Default: nothing.
    #[serde(default)]
    pub retries: Retries,
    /// Sidecar proxies in its pods. Only with `fidelity: requests`. Default: none.
    pub mesh: Option<Mesh>,
}

impl Traffic {
    /// The name by which other parts of the scenario mean the entry: its own, or its target's.
    #[must_use]
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.destination())
    }

    /// Where the requests go, in words: the target, or host and path.
    #[must_use]
    pub fn destination(&self) -> String {
        match (&self.target, &self.http) {
            (Some(target), _) => target.to_string(),
            (None, Some(http)) => {
                format!("{}{}", http.host.as_deref().unwrap_or_default(), http.path.as_deref().unwrap_or("/"))
            }
            (None, None) => String::new(),
        }
    }

    /// Whether requests come by an Ingress or a Gateway.
    #[must_use]
    pub fn is_behind_front(&self) -> bool {
        self.target.as_ref().is_none_or(|target| matches!(target.kind, Kind::Ingress | Kind::HttpRoute))
    }

    /// Whether Services decide which pods serve the requests.
    #[must_use]
    pub fn is_routed_by_services(&self) -> bool {
        let is_service = self.target.as_ref().is_some_and(|target| target.kind == Kind::Service);
        self.fidelity == Fidelity::Requests && (is_service || self.is_behind_front())
    }

    /// Whether it says who sends, besides those that call it.
    #[must_use]
    pub const fn has_senders(&self) -> bool {
        self.rate.is_some() || self.users.is_some() || self.sessions.is_some() || self.producer.is_some()
    }
}

/// What all requests of an entry are to an Ingress or HTTPRoute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HttpOptions {
    /// Host, such as `shop.example.com`. Default: the first one that the target names.
    pub host: Option<String>,
    /// Path, such as `/cart`, with query parameters after a question mark. Default: the first path of an Ingress, else `/`.
    pub path: Option<String>,
    /// Method. Default `GET`.
    pub method: Option<String>,
    /// Headers by name. Default: none.
    pub headers: BTreeMap<String, String>,
}

/// How closely requests are played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Fidelity {
    /// As a fluid of rates and means, spread evenly; latencies come from the formulas of queueing theory. Costs as much as
    /// the rate changes: for days and months.
    #[default]
    Fluid,
    /// Each request by itself: sent, routed, queued, served or lost.
    Requests,
}

/// How requests follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RequestSpacing {
    /// Independently of each other (a Poisson process): many users.
    #[default]
    Poisson,
    /// Evenly: a load generator with a constant rate.
    Even,
}

/// Users of a closed loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Users {
    /// Number of users over time, in the forms of a rate.
    pub count: Rate,
    /// Time from an answer to the user's next request; a user begins with one. Above zero on average.
    pub think_time: Distribution<Duration>,
    /// Whether a user keeps its connection, and with it its pod, from one request to the next, as browsers and load
    /// generators do where nothing in between looks into connections: pods that come later get only users who come later.
    /// It opens another one when its pod refuses or is gone. Default false: each request is a connection of its own.
    #[serde(default)]
    pub keep_alive: bool,
}

/// A sender with a constant pace and a number of connections. A connection is free again when the answer has come; while none
/// is free the sender waits, and what it could not send then it does not send later either.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Producer {
    /// Requests per second that it would send if nobody slowed it down, evenly spaced. A request may stand for a block of
    /// data, such as 1 MiB.
    pub rate: Rate,
    /// Requests that may be on their way at once; 1 or more.
    pub connections: u32,
}

/// Visits of users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sessions {
    /// Users that come per second, independently of each other (a Poisson process), in the forms of a rate. Each sends its first request at
    /// once.
    pub rate: Rate,
    /// Requests of a user, rounded up to whole ones; at least one.
    pub requests: Distribution<Amount>,
    /// Time from an answer to the user's next request. Default 0.
    #[serde(default = "no_time")]
    pub think_time: Distribution<Duration>,
}

fn no_time() -> Distribution<Duration> {
    Distribution::Fixed(Duration::from_secs(0))
}

/// How a pod serves requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Server {
    /// How long a request waits for others, such as a database, after its CPU time; it uses no CPU meanwhile. Default 0.
    pub wait: Distribution<Duration>,
    /// Requests that a pod works on at once (threads, worker processes). Default: no limit.
    pub concurrency: Option<u32>,
    /// Requests that wait in a pod for one of `concurrency`; those that find the queue full fail. Default: no limit.
    pub queue: Option<u32>,
    /// Cores that the program can use at once: 1 of one that runs one thread at a time, such as Node.js or Python with its
    /// global lock. Only with `fidelity: requests`. Default: those of the node.
    pub cores: Option<Amount>,
    /// How fast a pod is: a factor on the speed at which it works, drawn once for each pod. Only with `fidelity: requests`.
    /// Default 1: all are equal.
    pub speed: Distribution<Amount>,
    /// How a pod becomes faster after its start. Only with `fidelity: requests`. Default: it is as fast from the start.
    pub warm_up: Option<WarmUp>,
    /// Memory by the requests that a pod has and has had. Only with `fidelity: requests`. Default: none.
    pub memory: ServerMemory,
    /// Time after which a client gives up: the request has failed, also if a pod still works on it. Default: never.
    pub timeout: Option<Duration>,
    /// What a pod does with new requests from the termination signal on. Default `refuse`.
    pub after_signal: AfterSignal,
    /// The calls to other services that a request makes after its CPU time and `wait`, before it is answered. Only with
    /// `fidelity: requests`. Default: none.
    pub calls: Vec<Call>,
    /// Whether a request gives its worker back while it waits for its calls. Default: it keeps it.
    #[serde(rename = "async")]
    pub asynchronous: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            wait: Distribution::Fixed(Duration::from_secs(0)),
            concurrency: None,
            queue: None,
            cores: None,
            speed: Distribution::Fixed(Amount::from_units(1)),
            warm_up: None,
            memory: ServerMemory::default(),
            timeout: None,
            after_signal: AfterSignal::Refuse,
            calls: Vec::new(),
            asynchronous: false,
        }
    }
}

/// What a pod does with new requests when it was told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AfterSignal {
    /// It refuses them, and works on what it has until it ends.
    Refuse,
    /// It serves them until it ends.
    Serve,
}

/// A workload behind a Service whose pods serve requests in another way than the others, such as a new release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backend {
    /// The workload: a Deployment, ReplicaSet, ReplicationController or StatefulSet.
    pub target: Target,
    /// CPU time of a request there. Default: that of the entry.
    pub cpu_per_request: Option<CpuPerRequest>,
    /// How its pods serve.
    #[serde(default)]
    pub server: BackendServer,
    /// The share of the requests (0 to 1) that it answers with an error after its work on them. Default: that of the entry.
    pub error_rate: Option<f64>,
}

/// How the pods of a backend serve: what is not given is as in the entry's `server`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BackendServer {
    /// How long a request waits for others after its CPU time.
    pub wait: Option<Distribution<Duration>>,
    /// Requests that a pod works on at once.
    pub concurrency: Option<u32>,
    /// Requests that wait in a pod for one of `concurrency`.
    pub queue: Option<u32>,
    /// What a pod does with new requests from the termination signal on.
    pub after_signal: Option<AfterSignal>,
}

/// How requests find a pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Routing {
    /// How a proxy chooses among the endpoints. Default `iptables`.
    pub mode: ProxyMode,
    /// From the change of an EndpointSlice until a proxy sends requests accordingly. Default: evenly between 0 and 1 s, an
    /// assumption: `minSyncPeriod` of kube-proxy is 1 s.
    pub endpoint_propagation: Distribution<Duration>,
    /// Proxies that the clients go through, each of which learns of endpoints in its own time; above zero. Default 4.
    pub proxies: u32,
    /// The zones in which the clients and their proxies are, in turn. Default: those of the nodes at the start.
    pub zones: Vec<String>,
    /// Where the users are. Default: outside of the cluster for a Service of type `LoadBalancer` or `NodePort`, else inside.
    pub from: Option<ClientsFrom>,
    /// How the load balancer of a Service checks the nodes.
    pub health_check: HealthCheck,
    /// How long a client of a headless Service keeps the addresses that its name resolved to. Default 30 s, as kubeadm sets up
    /// CoreDNS.
    pub dns_ttl: Duration,
}

/// Where users are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClientsFrom {
    /// They use the Service's cluster IP.
    Cluster,
    /// They come by the load balancer or the node port.
    Outside,
}

/// How a load balancer checks nodes. The defaults are those of the cloud controller manager for GCE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HealthCheck {
    /// From one check of a node to the next; above zero. Default 8 s.
    pub interval: Duration,
    /// Checks in a row that a node must pass to get requests; above zero. Default 1.
    pub healthy_threshold: u32,
    /// Checks in a row that a node must fail to get none; above zero. Default 3.
    pub unhealthy_threshold: u32,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self { interval: Duration::from_secs(8), healthy_threshold: 1, unhealthy_threshold: 3 }
    }
}

impl Default for Routing {
    fn default() -> Self {
        let bounds = super::distribution::Uniform { min: Duration::from_secs(0), max: Duration::from_secs(1) };
        Self {
            mode: ProxyMode::Iptables,
            endpoint_propagation: Distribution::Uniform(bounds),
            proxies: 4,
            zones: Vec::new(),
            from: None,
            health_check: HealthCheck::default(),
            dns_ttl: Duration::from_secs(30),
        }
    }
}

/// How a proxy chooses among endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProxyMode {
    /// At random (iptables and nftables).
    Iptables,
    /// In turn (IPVS `rr`).
    RoundRobin,
    /// The one with the fewest requests in flight (IPVS `lc`).
    LeastConnection,
}

/// CPU time of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct CpuPerRequest(pub Distribution<Duration>);

impl<'de> Deserialize<'de> for CpuPerRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = CpuPerRequest;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter
                    .write_str("a duration such as `12ms`, or a distribution such as `{exponential: {mean: 12ms}}`")
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<CpuPerRequest, D::Error> {
                deserializer.deserialize_any(self)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<CpuPerRequest, E> {
                Duration::read(text).map(|cost| CpuPerRequest(Distribution::Fixed(cost))).map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<CpuPerRequest, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<CpuPerRequest, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<CpuPerRequest, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CpuPerRequest, A::Error> {
                Distribution::deserialize(MapAccessDeserializer::new(map)).map(CpuPerRequest)
            }
        }
        // By the name of a duration, so that the stand-in of one fits where the text is wrong.
        deserializer.deserialize_newtype_struct(Duration::NAME, Form)
    }
}

impl Serialize for CpuPerRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Distribution::Fixed(duration) => duration.serialize(serializer),
            distribution => distribution.serialize(serializer),
        }
    }
}

impl JsonSchema for CpuPerRequest {
    fn schema_name() -> Cow<'static, str> {
        "CpuPerRequest".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fixed = generator.subschema_for::<Duration>();
        let drawn = generator.subschema_for::<Distribution<Duration>>();
        json_schema!({"anyOf": [fixed, drawn]})
    }
}
