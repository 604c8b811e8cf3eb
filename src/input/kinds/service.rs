//! Services.

use super::common::container::port_number;
use super::common::meta;
use super::common::validation::{Naming, labels, object_meta};
use super::common::value::optional_word;
use super::kind::Kind;
use crate::api::{self, LabelSelector, Object, ServicePort, ServiceType, TrafficDistribution, TrafficPolicy};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use crate::units::SimDuration;
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use std::collections::BTreeSet;

/// The words of the traffic policies.
const TRAFFIC_POLICIES: &[(&str, TrafficPolicy)] =
    &[("Cluster", TrafficPolicy::Cluster), ("Local", TrafficPolicy::Local)];
/// How long a client keeps its endpoint (`DefaultClientIPServiceAffinitySeconds`), and how long it may at most
/// (`MaxClientIPServiceAffinitySeconds`).
const DEFAULT_AFFINITY_SECONDS: i32 = 10_800;
const MAX_AFFINITY_SECONDS: i32 = 86_400;

/// How long clients keep their endpoint, if they do (`validateClientIPAffinityConfig`).
fn affinity(spec: &core::ServiceSpec, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<SimDuration> {
    let words = &[("None", false), ("ClientIP", true)];
    let is_by_client = optional_word(spec.session_affinity.as_ref(), words, false, path.key("sessionAffinity"), errors);
    let config = spec.session_affinity_config.as_ref().and_then(|config| config.client_ip.as_ref());
    let given = config.and_then(|config| config.timeout_seconds);
    let seconds = given.unwrap_or(DEFAULT_AFFINITY_SECONDS);
    if is_by_client && !(1..=MAX_AFFINITY_SECONDS).contains(&seconds) {
        let config_path = path.key("sessionAffinityConfig");
        let client_path = config_path.key("clientIP");
        errors.push(
            client_path.key("timeoutSeconds"),
            format_args!("`{seconds}` is out of range (expected 1 to {MAX_AFFINITY_SECONDS})"),
        );
    }
    is_by_client.then(|| SimDuration::from_secs(i64::from(seconds)))
}

/// `Service` of `v1`.
pub struct Service;

impl Kind for Service {
    type Plain = core::Service;
    type Converted = Object;
    const KIND: &'static str = "Service";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMING: Naming = Naming::NamespacedLabel;
    const INERT: &'static [InertFields] = &[InertFields {
        type_name: "ServiceSpec",
        inside: &[
            "clusterIPs",
            "externalName",
            "healthCheckNodePort",
            "ipFamilies",
            "ipFamilyPolicy",
            "loadBalancerClass",
            "loadBalancerIP",
            "loadBalancerSourceRanges",
        ],
        not_simulated: &["externalIPs", "externalTrafficPolicy"],
        defaults: &[("externalTrafficPolicy", "Cluster")],
        ..InertFields::of("ServiceSpec")
    }];

    /// Checks what the API server checks (`ValidateService`, Kubernetes 1.36), as far as the simulation reads it.
    fn validate(service: &core::Service, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let path = root.key("spec");
        object_meta(&service.metadata, Self::NAMING, root.key("metadata"), errors);
        let Some(spec) = &service.spec else {
            errors.push(path, "missing (expected a Service spec)");
            return;
        };
        labels(spec.selector.as_ref(), path.key("selector"), errors);
        let ports = spec.ports.as_deref().unwrap_or_default();
        let ports_path = path.key("ports");
        let headless = spec.cluster_ip.as_deref() == Some("None");
        let external = spec.type_.as_deref() == Some("ExternalName");
        if ports.is_empty() && !headless && !external {
            errors.push(ports_path, "missing (expected at least one port)");
        }
        if external && spec.external_name.as_deref().unwrap_or_default().is_empty() {
            errors.push(path.key("externalName"), "missing (expected a DNS name for type ExternalName)");
        }
        if headless && matches!(spec.type_.as_deref(), Some("NodePort" | "LoadBalancer")) {
            errors.push(path.key("clusterIP"), "is `None` for a type that needs an address (expected type ClusterIP)");
        }
        let is_outside = matches!(spec.type_.as_deref(), Some("NodePort" | "LoadBalancer"));
        if spec.external_traffic_policy.is_some() && !is_outside {
            errors.push(
                path.key("externalTrafficPolicy"),
                "is given for a Service that is not reachable from outside (expected type NodePort or LoadBalancer)",
            );
        }
        let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        for (index, port) in ports.iter().enumerate() {
            let item_path = ports_path.index(index);
            let name = port.name.as_deref().unwrap_or_default();
            if name.is_empty() && ports.len() > 1 {
                errors.push(item_path.key("name"), "missing (expected a name, since there are several ports)");
            } else if !name.is_empty() && !names.insert(name) {
                errors.push(item_path.key("name"), format_args!("`{name}` is given twice (expected distinct names)"));
            }
            let protocol = port.protocol.as_deref().unwrap_or("TCP");
            optional_word(
                port.protocol.as_ref(),
                &[("TCP", ()), ("UDP", ()), ("SCTP", ())],
                (),
                item_path.key("protocol"),
                errors,
            );
            if !numbers.insert((port.port, protocol)) {
                errors
                    .push(item_path, format_args!("{}/{protocol} is given twice (expected distinct ports)", port.port));
            }
        }
    }

    fn convert(service: &core::Service, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        let path = root.key("spec");
        let ports_path = path.key("ports");
        let empty = core::ServiceSpec::default();
        let spec = service.spec.as_ref().unwrap_or(&empty);
        let selector = spec.selector.as_ref().filter(|selector| !selector.is_empty());
        let ports = spec.ports.iter().flatten().enumerate();
        let ports: Vec<ServicePort> = ports
            .filter_map(|(index, port)| {
                let number = port_number(port.port, ports_path.index(index).key("port"), errors)?;
                Some(ServicePort { name: port.name.as_deref().unwrap_or_default().into(), number })
            })
            .collect();
        Object::Service(api::Service {
            meta: meta::convert(&service.metadata, start),
            selector: selector.map(|selector| LabelSelector::from_match_labels(&meta::labels(Some(selector)))),
            service_type: optional_word(
                spec.type_.as_ref(),
                &[
                    ("ClusterIP", ServiceType::ClusterIp),
                    ("NodePort", ServiceType::NodePort),
                    ("LoadBalancer", ServiceType::LoadBalancer),
                    ("ExternalName", ServiceType::ExternalName),
                ],
                ServiceType::default(),
                path.key("type"),
                errors,
            ),
            headless: spec.cluster_ip.as_deref() == Some("None"),
            publish_not_ready_addresses: spec.publish_not_ready_addresses == Some(true),
            external_name: spec.external_name.as_deref().filter(|name| !name.is_empty()).map(Into::into),
            client_ip_affinity: affinity(spec, path, errors),
            internal_traffic_policy: optional_word(
                spec.internal_traffic_policy.as_ref(),
                TRAFFIC_POLICIES,
                TrafficPolicy::default(),
                path.key("internalTrafficPolicy"),
                errors,
            ),
            external_traffic_policy: optional_word(
                spec.external_traffic_policy.as_ref(),
                TRAFFIC_POLICIES,
                TrafficPolicy::default(),
                path.key("externalTrafficPolicy"),
                errors,
            ),
            traffic_distribution: optional_word(
                spec.traffic_distribution.as_ref(),
                &[
                    ("PreferClose", Some(TrafficDistribution::PreferClose)),
                    ("PreferSameZone", Some(TrafficDistribution::PreferSameZone)),
                    ("PreferSameNode", Some(TrafficDistribution::PreferSameNode)),
                ],
                None,
                path.key("trafficDistribution"),
                errors,
            ),
            ports,
            stated_node_ports: spec.ports.iter().flatten().filter(|port| port.node_port.unwrap_or(0) != 0).count(),
            no_load_balancer_node_ports: spec.allocate_load_balancer_node_ports == Some(false),
        })
    }
}
