//! Ingresses: which Service answers the requests of a host and path, with the canary annotations of ingress-nginx.

use super::{ApiObject, Kind, Name, ObjectMeta};

/// A port of a Service, as a backend names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BackendPort {
    /// By number.
    Number(u16),
    /// By name.
    Name(Name),
}

/// `backend.service`: a Service in the namespace of the Ingress.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IngressBackend {
    /// `name`.
    pub service: Name,
    /// `port`.
    pub port: BackendPort,
}

/// `pathType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathType {
    /// The whole path.
    Exact,
    /// Element by element.
    Prefix,
    /// As the controller likes: of ingress-nginx a prefix letter by letter.
    ImplementationSpecific,
}

/// A path of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IngressPath {
    /// `path`; `/` where none is given.
    pub path: Name,
    /// `pathType`.
    pub path_type: PathType,
    /// The Service; `None` of a backend that is no Service.
    pub backend: Option<IngressBackend>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IngressRule {
    /// `host`; empty for all hosts that no other rule has.
    pub host: Name,
    /// `http.paths`.
    pub paths: Vec<IngressPath>,
}

/// The annotations `nginx.ingress.kubernetes.io/canary-*` of an Ingress with `canary: "true"`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Canary {
    /// `canary-weight`: requests of `weight_total`.
    pub weight: u32,
    /// `canary-weight-total`; 100 at least.
    pub weight_total: u32,
    /// `canary-by-header`; empty without.
    pub header: Name,
    /// `canary-by-header-value`; empty without.
    pub header_value: Name,
    /// `canary-by-cookie`; empty without.
    pub cookie: Name,
}

/// An `Ingress`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ingress {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.ingressClassName`, or the annotation that came before it; empty without.
    pub class: Name,
    /// `spec.defaultBackend`, if it is a Service.
    pub default_backend: Option<IngressBackend>,
    /// `spec.rules`.
    pub rules: Vec<IngressRule>,
    /// What makes it a canary of other Ingresses.
    pub canary: Option<Canary>,
}

impl ApiObject for Ingress {
    fn kind(&self) -> Kind {
        Kind::Ingress
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}
