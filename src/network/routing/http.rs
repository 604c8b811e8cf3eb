//! HTTP requests as routes see them, and where a route sends them.

use crate::api::{BackendPort, Name};
use std::collections::BTreeMap;

/// What all requests of a traffic entry are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// Host in lower case, without a port; empty without.
    pub host: Name,
    /// Path, from its first slash on and without a query.
    pub path: Name,
    /// Query parameters.
    pub queries: Vec<(Name, Name)>,
    /// Method.
    pub method: Name,
    /// Headers by their names in lower case.
    pub headers: BTreeMap<Name, Name>,
}

impl HttpRequest {
    /// A request. What follows a question mark in the path are its query parameters.
    pub fn new(host: &str, path: &str, method: &str, headers: &BTreeMap<String, String>) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let lower = |text: &str| Name::from(text.to_ascii_lowercase());
        Self {
            host: lower(host),
            path: path.into(),
            queries: pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
            method: method.into(),
            headers: headers.iter().map(|(name, value)| (lower(name), value.as_str().into())).collect(),
        }
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.headers.get("cookie")?.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
    }
}

/// A Service by name, and one of its ports; `None` where the route names none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceRef {
    /// Namespace.
    pub namespace: Name,
    /// Name.
    pub name: Name,
    /// Port.
    pub port: Option<BackendPort>,
}

/// A part of the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Where they go; `None` where a route names nothing that can serve them, which is answered with an error.
    pub service: Option<ServiceRef>,
    /// How many of the sum of the weights.
    pub weight: u32,
}

/// Where a route sends requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// The parts; at least one.
    pub shares: Vec<Share>,
    /// Whether the first one takes those of a share whose Service has no endpoint.
    pub falls_back: bool,
}

/// Whether a path begins with the elements of another one.
pub fn has_prefix(path: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_elements() {
        // The table of "Examples" of the documentation of Ingress.
        let cases = [
            ("/", "/any", true),
            ("/foo", "/foo", true),
            ("/foo", "/foo/", true),
            ("/foo/", "/foo", true),
            ("/foo/", "/foo/", true),
            ("/aaa/bb", "/aaa/bbb", false),
            ("/aaa/bbb", "/aaa/bbb", true),
            ("/aaa/bbb/", "/aaa/bbb", true),
            ("/aaa/bbb", "/aaa/bbb/", true),
            ("/aaa/bbb", "/aaa/bbb/ccc", true),
            ("/aaa/bbb", "/aaa/bbbxyz", false),
            ("/aaa", "/ccc", false),
        ];
        for (prefix, path, expected) in cases {
            assert_eq!(has_prefix(path, prefix), expected, "{prefix} of {path}");
        }
    }

    #[test]
    fn a_request_has_cookies_and_a_query() {
        let headers = BTreeMap::from([("Cookie".to_owned(), "a=1; canary=always".to_owned())]);
        let request = HttpRequest::new("Shop.Example.com", "/cart?x=1&y", "GET", &headers);
        assert_eq!((&*request.host, &*request.path), ("shop.example.com", "/cart"));
        assert_eq!(request.queries, [("x".into(), "1".into()), ("y".into(), "".into())]);
        assert_eq!((request.cookie("canary"), request.cookie("b")), (Some("always"), None));
    }
}
