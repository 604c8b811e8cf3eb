//! The cases of the conformance tests of the Gateway API (`conformance/tests/httproute-*.go`).

use super::*;
use crate::api::{Name, ObjectMeta};
use crate::units::SimTime;
use std::collections::BTreeMap;

/// A match in words: `=/exact` or `/prefix`, then `GET` and `header:value`.
fn one_match(text: &str) -> RouteMatch {
    let mut found = RouteMatch { path: RoutePath::Prefix("/".into()), method: None, headers: vec![], queries: vec![] };
    for word in text.split_whitespace() {
        if let Some(path) = word.strip_prefix('=') {
            found.path = RoutePath::Exact(path.into());
        } else if word.starts_with('/') {
            found.path = RoutePath::Prefix(word.into());
        } else if let Some((name, value)) = word.split_once(':') {
            found.headers.push((name.into(), value.into()));
        } else if let Some((name, value)) = word.split_once('=') {
            found.queries.push((name.into(), value.into()));
        } else {
            found.method = Some(word.into());
        }
    }
    found
}

fn backend(name: &str, weight: u32) -> RouteBackend {
    RouteBackend { namespace: "infra".into(), name: name.into(), port: Some(8080), weight, is_service: true }
}

/// A route by its hosts and, for each rule, the matches and the backend.
fn route(name: &str, hosts: &[&str], rules: &[(&[&str], &str)]) -> Dated<HttpRoute> {
    let rules = rules.iter().map(|(matches, name)| RouteRule {
        matches: matches.iter().map(|text| one_match(text)).collect(),
        backends: vec![backend(name, 1)],
    });
    let object = HttpRoute {
        meta: ObjectMeta { name: name.into(), namespace: "infra".into(), ..ObjectMeta::default() },
        hostnames: hosts.iter().map(|host| Name::from(*host)).collect(),
        rules: rules.collect(),
        ..HttpRoute::default()
    };
    Dated { created: SimTime::ZERO, object }
}

/// Where a request goes that is written as `GET host/path header:value`: the name of the Service, `404`.
fn to(routes: &[Dated<HttpRoute>], text: &str) -> String {
    let (mut method, mut url, mut headers) = ("GET", "/", BTreeMap::new());
    for word in text.split_whitespace() {
        if word.contains('/') {
            url = word;
        } else if let Some((name, value)) = word.split_once(':') {
            headers.insert(name.to_owned(), value.to_owned());
        } else {
            method = word;
        }
    }
    let (host, path) = url.split_at(url.find('/').unwrap());
    let request = HttpRequest::new(host, path, method, &headers);
    let all: Vec<&Dated<HttpRoute>> = routes.iter().collect();
    forward(&all, &request).map_or("404".to_owned(), |found| match &found.shares[0].service {
        Some(service) => service.name.to_string(),
        None => "500".to_owned(),
    })
}

fn check(routes: &[Dated<HttpRoute>], cases: &[(&str, &str)]) {
    for (request, expected) in cases {
        assert_eq!(to(routes, request), *expected, "{request}");
    }
}

#[test]
fn matching() {
    let routes = [route("matching", &[], &[(&["/", "version:one"], "v1"), (&["/v2", "version:two"], "v2")])];
    check(
        &routes,
        &[
            ("/", "v1"),
            ("/example", "v1"),
            ("/ Version:one", "v1"),
            ("/v2", "v2"),
            ("/v2/example", "v2"),
            ("/ Version:two", "v2"),
            ("/v2/", "v2"),
            ("/v2example", "v1"),
            ("/foo/v2/example", "v1"),
        ],
    );
}

#[test]
fn matching_across_routes() {
    let routes = [
        route("matching-part1", &["example.com", "example.net"], &[(&["/", "version:one"], "v1")]),
        route("matching-part2", &["example.com"], &[(&["/v2", "version:two"], "v2")]),
    ];
    check(
        &routes,
        &[
            ("example.com/", "v1"),
            ("example.com/example", "v1"),
            ("example.net/example", "v1"),
            ("example.com/example Version:one", "v1"),
            ("example.com/v2", "v2"),
            ("example.net/v2", "v1"),
            ("example.com/v2/example", "v2"),
            ("example.com/ Version:two", "v2"),
            ("example.org/", "404"),
        ],
    );
}

#[test]
fn path_match_order() {
    let rules: &[(&[&str], &str)] = &[
        (&["=/match"], "v1"),
        (&["=/match/exact"], "v2"),
        (&["=/match/exact/one"], "v3"),
        (&["/match/"], "v3"),
        (&["/match/prefix/"], "v1"),
        (&["/match/prefix/one"], "v2"),
    ];
    check(
        &[route("order", &[], rules)],
        &[
            ("/match/exact/one", "v3"),
            ("/match/exact", "v2"),
            ("/match", "v1"),
            ("/match/prefix/one/any", "v2"),
            ("/match/prefix/any", "v1"),
            ("/match/any", "v3"),
        ],
    );
}

#[test]
fn exact_path_matching() {
    let routes = [route("exact", &[], &[(&["=/one"], "v1"), (&["=/two"], "v2")])];
    let cases =
        [("/one", "v1"), ("/two", "v2"), ("/", "404"), ("/one/example", "404"), ("/two/", "404"), ("/Two", "404")];
    check(&routes, &cases);
}

#[test]
fn method_matching() {
    let rules: &[(&[&str], &str)] = &[
        (&["POST"], "v1"),
        (&["GET"], "v2"),
        (&["/path1 GET"], "v1"),
        (&["version:one PUT"], "v2"),
        (&["/path2 version:two POST"], "v3"),
        (&["/path3 PATCH", "/path4 version:three DELETE"], "v1"),
        (&["/path5"], "v1"),
        (&["PATCH"], "v2"),
        (&["version:four"], "v3"),
    ];
    check(
        &[route("method", &[], rules)],
        &[
            ("POST /", "v1"),
            ("GET /", "v2"),
            ("HEAD /", "404"),
            ("GET /path1", "v1"),
            ("PUT / version:one", "v2"),
            ("POST /path2 version:two", "v3"),
            ("PATCH /path3", "v1"),
            ("DELETE /path4 version:three", "v1"),
            ("PUT /", "404"),
            ("DELETE /path4", "404"),
            ("PATCH /path5", "v1"),
            ("PATCH / version:four", "v2"),
        ],
    );
}

#[test]
fn header_matching() {
    let rules: &[(&[&str], &str)] = &[
        (&["version:one"], "v1"),
        (&["version:two"], "v2"),
        (&["version:two color:orange"], "v1"),
        (&["color:blue", "color:green"], "v1"),
        (&["color:red", "color:yellow"], "v2"),
    ];
    check(
        &[route("header", &[], rules)],
        &[
            ("/ Version:one", "v1"),
            ("/ Version:two", "v2"),
            ("/ Version:two Color:orange", "v1"),
            ("/ Version:two Color:blue", "v2"),
            ("/ Color:orange", "404"),
            ("/ Some-Other-Header:one", "404"),
            ("/ Color:blue", "v1"),
            ("/ Color:green", "v1"),
            ("/ Color:red", "v2"),
            ("/ Color:yellow", "v2"),
            ("/ Color:purple", "404"),
        ],
    );
}

#[test]
fn query_parameters_match() {
    let rules: &[(&[&str], &str)] = &[(&["animal=whale"], "v1"), (&["animal=whale color=blue"], "v2")];
    let cases = [("/?animal=whale", "v1"), ("/?animal=whale&color=blue", "v2"), ("/?color=blue", "404"), ("/", "404")];
    check(&[route("query", &[], rules)], &cases);
}

#[test]
fn hosts_have_an_order() {
    let all: &[&str] = &["/"];
    let routes = [
        route("a", &[], &[(all, "any")]),
        route("b", &["*.example.com"], &[(all, "wild")]),
        route("c", &["*.foo.example.com"], &[(all, "longer")]),
        route("d", &["very.foo.example.com"], &[(all, "exact"), (&["/deep"], "deep")]),
    ];
    check(
        &routes,
        &[
            ("very.foo.example.com/", "exact"),
            ("very.foo.example.com/deep", "deep"),
            ("x.foo.example.com/", "longer"),
            ("foo.example.com/deep", "wild"),
            ("a.b.example.com/", "wild"),
            ("example.com/", "any"),
            ("/", "any"),
        ],
    );
    let named = HttpRequest::new("a.example.com", "/", "GET", &BTreeMap::new());
    assert!(knows_host(&[&routes[1]], &named) && !knows_host(&[&routes[0]], &named));
}

#[test]
fn of_equal_matches_the_older_route_counts() {
    let mut older = route("z", &[], &[(&["/"], "older"), (&["/"], "second")]);
    let mut younger = route("a", &[], &[(&["/"], "younger")]);
    (older.created, younger.created) = (SimTime::ZERO, SimTime::from_secs(1));
    assert_eq!(to(&[younger.clone(), older.clone()], "/"), "older");
    older.created = younger.created;
    assert_eq!(to(&[older, younger], "/"), "younger", "then the first by name");
}

#[test]
fn weights_split_and_what_is_wrong_is_answered_with_an_error() {
    let request = HttpRequest::new("", "/", "GET", &BTreeMap::new());
    let shares = |backends: Vec<RouteBackend>| {
        let mut one = route("weighted", &[], &[(&["/"], "v1")]);
        one.object.rules[0].backends = backends;
        let found = forward(&[&one], &request).unwrap();
        let told = |share: &Share| {
            let name = share.service.as_ref().map_or("500", |service| service.name.as_str());
            format!("{name} {}", share.weight)
        };
        found.shares.iter().map(told).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(shares(vec![backend("v1", 70), backend("v2", 30), backend("v3", 0)]), "v1 70, v2 30");
    assert_eq!(shares(vec![backend("v1", 0)]), "500 1", "weights of zero");
    assert_eq!(shares(vec![]), "500 1", "no backend");
    let bucket = RouteBackend { is_service: false, ..backend("bucket", 1) };
    assert_eq!(shares(vec![backend("v1", 1), bucket]), "v1 1, 500 1", "half of the requests");
}
