//! HTTPRoutes of the Gateway API: which Services answer the requests that come through a Gateway.

use super::{ApiObject, Kind, Name, ObjectMeta};

/// `parentRefs[]`: where the requests come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteParent {
    /// `kind`, such as `Gateway`.
    pub kind: Name,
    /// `namespace`.
    pub namespace: Name,
    /// `name`.
    pub name: Name,
}

/// `path` of a match.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RoutePath {
    /// `Exact`.
    Exact(Name),
    /// `PathPrefix`: element by element.
    Prefix(Name),
}

/// `matches[]`: what all of a request has to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RouteMatch {
    /// `path`.
    pub path: RoutePath,
    /// `method`.
    pub method: Option<Name>,
    /// `headers`: names in lower case, and values.
    pub headers: Vec<(Name, Name)>,
    /// `queryParams`: names and values.
    pub queries: Vec<(Name, Name)>,
}

/// `backendRefs[]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RouteBackend {
    /// `namespace`.
    pub namespace: Name,
    /// `name`.
    pub name: Name,
    /// `port`.
    pub port: Option<u16>,
    /// `weight`.
    pub weight: u32,
    /// Whether it is a Service.
    pub is_service: bool,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RouteRule {
    /// One of which a request has to meet.
    pub matches: Vec<RouteMatch>,
    /// Where it goes then.
    pub backends: Vec<RouteBackend>,
}

/// An `HTTPRoute`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRoute {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.parentRefs`.
    pub parents: Vec<RouteParent>,
    /// `spec.hostnames` in lower case; empty for all.
    pub hostnames: Vec<Name>,
    /// `spec.rules`.
    pub rules: Vec<RouteRule>,
}

impl ApiObject for HttpRoute {
    fn kind(&self) -> Kind {
        Kind::HttpRoute
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}
