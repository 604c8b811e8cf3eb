//! Ingresses, with the canary annotations of ingress-nginx.

use super::common::container::port_number;
use super::common::meta;
use super::common::validation::{Naming, object_meta};
use super::common::value::{name, word};
use super::kind::Kind;
use crate::api::{self, BackendPort, Canary, IngressBackend, IngressPath, IngressRule, Name, Object, PathType};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::networking::v1 as networking;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// How the annotations of ingress-nginx begin.
const PREFIX: &str = "nginx.ingress.kubernetes.io/";
/// The class of an Ingress before there was `spec.ingressClassName`.
const CLASS: &str = "kubernetes.io/ingress.class";
/// The words of `pathType`.
const PATH_TYPES: &[(&str, PathType)] = &[
    ("Exact", PathType::Exact),
    ("Prefix", PathType::Prefix),
    ("ImplementationSpecific", PathType::ImplementationSpecific),
];
/// `canary-weight-total` where it is absent or less.
const WEIGHT_TOTAL: u32 = 100;

/// `Ingress` of `networking.k8s.io/v1`.
pub struct Ingress;

impl Kind for Ingress {
    type Plain = networking::Ingress;
    type Converted = Object;
    const KIND: &'static str = "Ingress";
    const VERSIONS: &'static [&'static str] = &["networking.k8s.io/v1"];
    const NAMING: Naming = Naming::Namespaced;
    const INERT: &'static [InertFields] = &[
        InertFields { inside: &["tls"], ..InertFields::of("IngressSpec") },
        InertFields { not_simulated: &["resource"], ..InertFields::of("IngressBackend") },
    ];

    /// Checks what the API server checks (`ValidateIngress`, Kubernetes 1.36), as far as the simulation reads it.
    fn validate(ingress: &networking::Ingress, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&ingress.metadata, Self::NAMING, root.key("metadata"), errors);
        let path = root.key("spec");
        let Some(spec) = &ingress.spec else {
            errors.push(path, "missing (expected an Ingress spec)");
            return;
        };
        let rules = spec.rules.as_deref().unwrap_or_default();
        if rules.is_empty() && spec.default_backend.is_none() {
            errors.push(path, "has neither rules nor a default backend (expected one of them)");
        }
        if let Some(backend) = &spec.default_backend {
            check_backend(backend, path.key("defaultBackend"), errors);
        }
        let rules_path = path.key("rules");
        for (index, rule) in rules.iter().enumerate() {
            let rule_path = rules_path.index(index);
            check_host(rule.host.as_deref().unwrap_or_default(), rule_path.key("host"), errors);
            let Some(http) = &rule.http else { continue };
            let http_path = rule_path.key("http");
            let paths_path = http_path.key("paths");
            for (index, item) in http.paths.iter().enumerate() {
                let item_path = paths_path.index(index);
                let text = item.path.as_deref().unwrap_or_default();
                let is_specific = item.path_type == "ImplementationSpecific";
                if !(text.starts_with('/') || is_specific && text.is_empty()) {
                    errors.push(item_path.key("path"), format_args!("`{text}` is no absolute path (expected `/...`)"));
                }
                check_backend(&item.backend, item_path.key("backend"), errors);
            }
        }
        check_annotations(&ingress.metadata, root.key("metadata"), errors);
    }

    fn convert(ingress: &networking::Ingress, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        let path = root.key("spec");
        let empty = networking::IngressSpec::default();
        let spec = ingress.spec.as_ref().unwrap_or(&empty);
        let rules_path = path.key("rules");
        let mut rules = Vec::new();
        for (index, rule) in spec.rules.iter().flatten().enumerate() {
            let rule_path = rules_path.index(index);
            let http_path = rule_path.key("http");
            let paths_path = http_path.key("paths");
            let mut paths = Vec::new();
            for (index, item) in rule.http.iter().flat_map(|http| &http.paths).enumerate() {
                let item_path = paths_path.index(index);
                let path_type = word(&item.path_type, PATH_TYPES, item_path.key("pathType"), errors);
                let text = item.path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/");
                paths.push(IngressPath {
                    path: text.into(),
                    path_type: path_type.unwrap_or(PathType::ImplementationSpecific),
                    backend: backend(&item.backend, item_path.key("backend"), errors),
                });
            }
            let host = rule.host.as_deref().unwrap_or_default().to_ascii_lowercase();
            rules.push(IngressRule { host: host.into(), paths });
        }
        let default_backend = spec.default_backend.as_ref();
        let class = spec.ingress_class_name.as_ref().or_else(|| annotation(&ingress.metadata, CLASS));
        Object::Ingress(api::Ingress {
            meta: meta::convert(&ingress.metadata, start),
            class: name(class),
            default_backend: default_backend.and_then(|plain| backend(plain, path.key("defaultBackend"), errors)),
            rules,
            canary: canary(&ingress.metadata),
        })
    }
}

fn annotation<'a>(meta: &'a ObjectMeta, name: &str) -> Option<&'a String> {
    meta.annotations.as_ref()?.get(name)
}

/// An annotation of ingress-nginx, empty where it is absent.
fn of_nginx(meta: &ObjectMeta, name: &str) -> Name {
    Name::from(annotation(meta, &format!("{PREFIX}{name}")).map_or("", String::as_str))
}

/// What makes an Ingress a canary (`internal/ingress/annotations/canary` of ingress-nginx 1.13).
fn canary(meta: &ObjectMeta) -> Option<Canary> {
    let number = |name: &str| of_nginx(meta, name).parse::<u32>().ok();
    (of_nginx(meta, "canary") == "true").then(|| Canary {
        weight: number("canary-weight").unwrap_or(0),
        weight_total: number("canary-weight-total").unwrap_or(WEIGHT_TOTAL).max(WEIGHT_TOTAL),
        header: of_nginx(meta, "canary-by-header").to_ascii_lowercase().into(),
        header_value: of_nginx(meta, "canary-by-header-value"),
        cookie: of_nginx(meta, "canary-by-cookie"),
    })
}

/// The annotations that the simulation reads, and those that would change where requests go.
fn check_annotations(meta: &ObjectMeta, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let path = path.key("annotations");
    let mut refuse = |name: &str, problem: &str| {
        let key = format!("{PREFIX}{name}");
        errors.push(path.key(&key), problem);
    };
    for name in ["canary-weight", "canary-weight-total"] {
        let text = of_nginx(meta, name);
        if !text.is_empty() && text.parse::<u32>().is_err() {
            refuse(name, &format!("`{text}` is no number of requests (expected `0` or more)"));
        }
    }
    let other = ["canary-weight", "canary-by-header", "canary-by-cookie"];
    if of_nginx(meta, "canary") != "true"
        && let Some(name) = other.iter().find(|name| !of_nginx(meta, name).is_empty())
    {
        refuse(name, "has no effect without the annotation `canary` (expected `canary: \"true\"` beside it)");
    }
    for (name, is_refused) in [
        ("use-regex", of_nginx(meta, "use-regex") == "true"),
        ("canary-by-header-pattern", !of_nginx(meta, "canary-by-header-pattern").is_empty()),
    ] {
        if is_refused {
            refuse(name, "asks for regular expressions, which are not simulated (expected none)");
        }
    }
}

/// A host: a DNS name, of which the first label may be `*`.
pub(super) fn check_host(host: &str, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let labels = host.strip_prefix("*.").unwrap_or(host);
    let is_label = |label: &str| {
        let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(is_inside)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_address = labels.split('.').all(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    if !host.is_empty() && (is_address || !labels.split('.').all(is_label)) {
        errors.push(
            path,
            format_args!("`{host}` is no DNS name (expected a form such as `shop.example.com` or `*.example.com`)"),
        );
    }
}

fn check_backend(backend: &networking::IngressBackend, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let Some(service) = &backend.service else {
        if backend.resource.is_none() {
            errors.push(path, "is empty (expected a service)");
        }
        return;
    };
    let service_path = path.key("service");
    if backend.resource.is_some() {
        errors.push(path, "has both a service and a resource (expected one of them)");
    }
    if service.name.is_empty() {
        errors.push(service_path.key("name"), "missing (expected the name of a Service)");
    }
    let port = service.port.as_ref();
    let is_named = port.is_some_and(|port| port.name.as_deref().is_some_and(|name| !name.is_empty()));
    let is_numbered = port.is_some_and(|port| port.number.unwrap_or(0) != 0);
    if is_named == is_numbered {
        errors.push(service_path.key("port"), "needs exactly one of name and number");
    }
}

/// The Service of a backend; `None` of another resource.
fn backend(
    plain: &networking::IngressBackend,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Option<IngressBackend> {
    let service = plain.service.as_ref()?;
    let port = service.port.as_ref()?;
    let service_path = path.key("service");
    let port_path = service_path.key("port");
    let port = match (&port.name, port.number) {
        (Some(name), _) if !name.is_empty() => BackendPort::Name(name.as_str().into()),
        (_, number) => BackendPort::Number(port_number(number?, port_path.key("number"), errors)?),
    };
    Some(IngressBackend { service: service.name.as_str().into(), port })
}
