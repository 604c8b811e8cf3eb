//! Services.

use super::common::container::port_number;
use super::common::meta;
use super::common::validation::{Naming, labels, object_meta};
use super::common::value::optional_word;
use super::kind::Kind;
use crate::api::{self, LabelSelector, Object, ServiceType};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use std::collections::BTreeSet;

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
        not_simulated: &[
            "externalIPs",
            "externalTrafficPolicy",
            "internalTrafficPolicy",
            "sessionAffinity",
            "sessionAffinityConfig",
            "trafficDistribution",
        ],
        defaults: &[
            ("sessionAffinity", "None"),
            ("internalTrafficPolicy", "Cluster"),
            ("externalTrafficPolicy", "Cluster"),
        ],
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
        let ports: Vec<u16> = ports
            .filter_map(|(index, port)| port_number(port.port, ports_path.index(index).key("port"), errors))
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
            ports,
            stated_node_ports: spec.ports.iter().flatten().filter(|port| port.node_port.unwrap_or(0) != 0).count(),
            no_load_balancer_node_ports: spec.allocate_load_balancer_node_ports == Some(false),
        })
    }
}
