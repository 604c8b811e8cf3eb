//! HTTPRoutes, which `k8s-openapi` does not know (Gateway API 1.5 `apis/v1/httproute_types.go`).

use super::common::container::port_number;
use super::common::meta;
use super::common::validation::{Naming, object_meta};
use super::common::value::name;
use super::ingress::check_host;
use super::kind::Kind;
use crate::api::{self, Name, Object, RouteBackend, RouteMatch, RouteParent, RoutePath, RouteRule};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Largest `weight`.
const MAX_WEIGHT: i32 = 1_000_000;
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// `HTTPRoute` of `gateway.networking.k8s.io/v1`.
pub struct HttpRoute;

/// The object as its CustomResourceDefinition has it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "HTTPRoute", rename_all = "camelCase")]
pub struct PlainHttpRoute {
    api_version: String,
    kind: String,
    metadata: ObjectMeta,
    spec: PlainSpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Value>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "HTTPRouteSpec", rename_all = "camelCase")]
struct PlainSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    use_default_gateways: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parent_refs: Vec<PlainParent>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hostnames: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<PlainRule>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "ParentReference", rename_all = "camelCase")]
struct PlainParent {
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    section_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<i32>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "HTTPRouteRule", rename_all = "camelCase")]
struct PlainRule {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    matches: Vec<PlainMatch>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    filters: Vec<PlainFilter>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    backend_refs: Vec<PlainBackend>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeouts: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_persistence: Option<Value>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "HTTPRouteMatch", rename_all = "camelCase")]
struct PlainMatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PlainValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<PlainValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    query_params: Vec<PlainValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
}

/// What a path, a header or a query parameter has to be.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "HTTPRouteMatchValue", rename_all = "camelCase")]
struct PlainValue {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    value_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "HTTPRouteFilter", rename_all = "camelCase")]
struct PlainFilter {
    #[serde(rename = "type")]
    filter_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_header_modifier: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_header_modifier: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_mirror: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_redirect: Option<Value>,
    #[serde(rename = "urlRewrite", skip_serializing_if = "Option::is_none")]
    url_rewrite: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cors: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_auth: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extension_ref: Option<Value>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "HTTPBackendRef", rename_all = "camelCase")]
struct PlainBackend {
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<i32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    filters: Vec<PlainFilter>,
}

impl PlainBackend {
    fn is_service(&self) -> bool {
        self.group.as_deref().unwrap_or_default().is_empty() && self.kind.as_deref().unwrap_or("Service") == "Service"
    }
}

impl Kind for HttpRoute {
    type Plain = PlainHttpRoute;
    type Converted = Object;
    const KIND: &'static str = "HTTPRoute";
    const VERSIONS: &'static [&'static str] = &["gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1"];
    const NAMING: Naming = Naming::Namespaced;
    const INERT: &'static [InertFields] = &[
        InertFields { not_simulated: &["useDefaultGateways"], ..InertFields::of("HTTPRouteSpec") },
        InertFields { not_simulated: &["sectionName", "port"], ..InertFields::of("ParentReference") },
        InertFields { not_simulated: &["timeouts", "retry", "sessionPersistence"], ..InertFields::of("HTTPRouteRule") },
        InertFields {
            inside: &["requestHeaderModifier", "responseHeaderModifier", "urlRewrite", "cors"],
            not_simulated: &["requestMirror", "externalAuth", "extensionRef"],
            ..InertFields::of("HTTPRouteFilter")
        },
    ];

    /// Checks what the CustomResourceDefinition checks, and refuses what would change where requests go and is not
    /// simulated.
    fn validate(route: &PlainHttpRoute, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&route.metadata, Self::NAMING, root.key("metadata"), errors);
        let path = root.key("spec");
        let hosts_path = path.key("hostnames");
        for (index, host) in route.spec.hostnames.iter().enumerate() {
            check_host(host, hosts_path.index(index), errors);
        }
        let parents_path = path.key("parentRefs");
        for (index, parent) in route.spec.parent_refs.iter().enumerate() {
            if parent.name.is_empty() {
                let parent_path = parents_path.index(index);
                errors.push(parent_path.key("name"), "missing (expected the name of a Gateway)");
            }
        }
        let rules_path = path.key("rules");
        for (index, rule) in route.spec.rules.iter().enumerate() {
            let rule_path = rules_path.index(index);
            let matches_path = rule_path.key("matches");
            for (index, item) in rule.matches.iter().enumerate() {
                check_match(item, matches_path.index(index), errors);
            }
            check_filters(&rule.filters, rule_path.key("filters"), errors);
            let backends_path = rule_path.key("backendRefs");
            for (index, backend) in rule.backend_refs.iter().enumerate() {
                let backend_path = backends_path.index(index);
                check_filters(&backend.filters, backend_path.key("filters"), errors);
                if backend.name.is_empty() {
                    errors.push(backend_path.key("name"), "missing (expected the name of a Service)");
                }
                if backend.is_service() && backend.port.is_none() {
                    errors.push(backend_path.key("port"), "missing (expected a port of the Service)");
                }
                let weight = backend.weight.unwrap_or(1);
                if !(0..=MAX_WEIGHT).contains(&weight) {
                    let problem = format_args!("`{weight}` is out of range (expected 0 to {MAX_WEIGHT})");
                    errors.push(backend_path.key("weight"), problem);
                }
            }
        }
    }

    fn convert(route: &PlainHttpRoute, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let meta = meta::convert(&route.metadata, start);
        let root = FieldPath::Root;
        let path = root.key("spec");
        let rules_path = path.key("rules");
        let parent = |plain: &PlainParent| RouteParent {
            kind: plain.kind.as_deref().unwrap_or("Gateway").into(),
            namespace: plain.namespace.as_deref().unwrap_or(&meta.namespace).into(),
            name: plain.name.as_str().into(),
        };
        let mut rules = Vec::new();
        for (index, rule) in route.spec.rules.iter().enumerate() {
            let rule_path = rules_path.index(index);
            let backends_path = rule_path.key("backendRefs");
            let mut backends = Vec::new();
            for (index, plain) in rule.backend_refs.iter().enumerate() {
                let backend_path = backends_path.index(index);
                backends.push(RouteBackend {
                    namespace: plain.namespace.as_deref().unwrap_or(&meta.namespace).into(),
                    name: plain.name.as_str().into(),
                    port: plain.port.and_then(|port| port_number(port, backend_path.key("port"), errors)),
                    weight: u32::try_from(plain.weight.unwrap_or(1)).unwrap_or(0),
                    is_service: plain.is_service(),
                });
            }
            let mut matches: Vec<RouteMatch> = rule.matches.iter().map(convert_match).collect();
            if matches.is_empty() {
                matches.push(convert_match(&PlainMatch::default()));
            }
            rules.push(RouteRule { matches, backends });
        }
        let lower = |host: &String| Name::from(host.to_ascii_lowercase());
        Object::HttpRoute(api::HttpRoute {
            parents: route.spec.parent_refs.iter().map(parent).collect(),
            hostnames: route.spec.hostnames.iter().map(lower).collect(),
            rules,
            meta,
        })
    }
}

fn check_match(item: &PlainMatch, path: FieldPath<'_>, errors: &mut FieldErrors) {
    const REGULAR: &str = "is a regular expression, which is not simulated (expected another type)";
    if let Some(plain) = &item.path {
        let path = path.key("path");
        let text = plain.value.as_deref().unwrap_or("/");
        match plain.value_type.as_deref().unwrap_or("PathPrefix") {
            "RegularExpression" => errors.push(path.key("type"), REGULAR),
            "Exact" | "PathPrefix" => {}
            other => {
                errors.push(path.key("type"), format_args!("unknown value `{other}` (expected Exact or PathPrefix)"));
            }
        }
        if !text.starts_with('/') || text.contains("//") {
            errors.push(path.key("value"), format_args!("`{text}` is no absolute path (expected `/...`)"));
        }
    }
    for (values, field) in [(&item.headers, "headers"), (&item.query_params, "queryParams")] {
        let list_path = path.key(field);
        for (index, plain) in values.iter().enumerate() {
            let value_path = list_path.index(index);
            match plain.value_type.as_deref().unwrap_or("Exact") {
                "Exact" => {}
                "RegularExpression" => errors.push(value_path.key("type"), REGULAR),
                other => {
                    errors.push(value_path.key("type"), format_args!("unknown value `{other}` (expected Exact)"));
                }
            }
            if plain.name.as_deref().unwrap_or_default().is_empty() {
                errors.push(value_path.key("name"), "missing (expected a name)");
            }
        }
    }
    if let Some(method) = item.method.as_deref().filter(|method| !METHODS.contains(method)) {
        let problem = format_args!("unknown value `{method}` (expected one of {})", METHODS.join(", "));
        errors.push(path.key("method"), problem);
    }
}

/// Filters that answer requests themselves are refused; the others have no effect, which is noted.
fn check_filters(filters: &[PlainFilter], path: FieldPath<'_>, errors: &mut FieldErrors) {
    for (index, filter) in filters.iter().enumerate() {
        let filter_path = path.index(index);
        if filter.filter_type == "RequestRedirect" || filter.request_redirect.is_some() {
            errors.push(
                filter_path.key("type"),
                "is RequestRedirect, which is not simulated: no backend would see the requests (expected another)",
            );
        }
    }
}

fn convert_match(plain: &PlainMatch) -> RouteMatch {
    let path = plain.path.as_ref();
    let text = Name::from(path.and_then(|path| path.value.as_deref()).unwrap_or("/"));
    let is_exact = path.and_then(|path| path.value_type.as_deref()) == Some("Exact");
    let lower = |plain: &PlainValue| Name::from(plain.name.as_deref().unwrap_or_default().to_ascii_lowercase());
    // Of several matches with one name the first counts.
    let unique = |mut pairs: Vec<(Name, Name)>| {
        let mut seen = Vec::new();
        pairs.retain(|(name, _)| {
            let is_new = !seen.contains(name);
            seen.push(name.clone());
            is_new
        });
        pairs
    };
    RouteMatch {
        path: if is_exact { RoutePath::Exact(text) } else { RoutePath::Prefix(text) },
        method: plain.method.as_deref().map(Into::into),
        headers: unique(plain.headers.iter().map(|header| (lower(header), name(header.value.as_ref()))).collect()),
        queries: unique(
            plain.query_params.iter().map(|query| (name(query.name.as_ref()), name(query.value.as_ref()))).collect(),
        ),
    }
}
