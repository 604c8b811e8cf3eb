//! Hosts, paths and canaries, with the cases of ingress-nginx (`TestMergeAlternativeBackends`,
//! `TestCreateServersHosts`, `balancer_test.lua`) and of the documentation of Ingress.

use super::*;
use crate::api::{BackendPort, IngressPath, IngressRule, ObjectMeta};
use crate::units::SimTime;

/// An Ingress by host, path type, path and Service of its rules.
fn ingress(name: &str, rules: &[(&str, PathType, &str, &str)]) -> Dated<Ingress> {
    let rules = rules.iter().map(|(host, path_type, path, service)| IngressRule {
        host: (*host).into(),
        paths: vec![IngressPath { path: (*path).into(), path_type: *path_type, backend: Some(backend(service)) }],
    });
    let meta = ObjectMeta { name: name.into(), namespace: "shop".into(), ..ObjectMeta::default() };
    Dated { created: SimTime::ZERO, object: Ingress { meta, rules: rules.collect(), ..Ingress::default() } }
}

fn backend(service: &str) -> IngressBackend {
    IngressBackend { service: service.into(), port: BackendPort::Number(80) }
}

const CANARY: Canary = Canary {
    weight: 20,
    weight_total: 100,
    header: Name::new_static(""),
    header_value: Name::new_static(""),
    cookie: Name::new_static(""),
};

fn canary(mut dated: Dated<Ingress>, canary: Canary) -> Dated<Ingress> {
    dated.object.canary = Some(canary);
    dated
}

fn request(url: &str, header: Option<(&str, &str)>) -> HttpRequest {
    let (host, path) = url.split_at(url.find('/').unwrap());
    let headers = header.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    HttpRequest::new(host, path, "GET", &headers)
}

/// The Services of a request with their weights, as `web` or `web 80, next 20`; `404`.
fn route(ingresses: &[Dated<Ingress>], request: &HttpRequest) -> String {
    let all: Vec<&Dated<Ingress>> = ingresses.iter().collect();
    let Some(found) = forward(&all, request) else { return "404".to_owned() };
    let name = |share: &Share| share.service.as_ref().unwrap().name.to_string();
    match found.shares.as_slice() {
        [only] => name(only),
        shares => shares.iter().map(|share| format!("{} {}", name(share), share.weight)).collect::<Vec<_>>().join(", "),
    }
}

#[test]
fn paths_have_an_order() {
    use PathType::{Exact, ImplementationSpecific as Specific, Prefix};
    // Paths by type, the request, which path answers, and why.
    type Case<'a> = (&'a [(PathType, &'a str)], &'a str, &'a str, &'a str);
    let cases: &[Case<'_>] = &[
        (&[(Prefix, "/")], "/any/path", "/", "all"),
        (&[(Exact, "/foo")], "/foo", "/foo", "the very path"),
        (&[(Exact, "/foo")], "/bar", "404", "another one"),
        (&[(Exact, "/foo")], "/foo/", "404", "a slash is a difference"),
        (&[(Exact, "/foo/")], "/foo", "404", "so is none"),
        (&[(Prefix, "/foo")], "/foo/", "/foo", "elements"),
        (&[(Prefix, "/foo/")], "/foo", "/foo/", "a slash at the end is ignored"),
        (&[(Prefix, "/aaa/bb")], "/aaa/bbb", "404", "no part of an element"),
        (&[(Prefix, "/"), (Prefix, "/aaa")], "/aaa/ccc", "/aaa", "the longer one"),
        (&[(Prefix, "/"), (Prefix, "/aaa"), (Prefix, "/aaa/bbb")], "/aaa/bbb", "/aaa/bbb", "the longest one"),
        (&[(Prefix, "/"), (Prefix, "/aaa"), (Prefix, "/aaa/bbb")], "/ccc", "/", "the rest"),
        (&[(Prefix, "/aaa")], "/ccc", "404", "no match"),
        (&[(Prefix, "/foo"), (Exact, "/foo")], "/foo", "/foo Exact", "exact before prefix"),
        (&[(Specific, "/foo")], "/foobar", "/foo", "nginx compares letters"),
        (&[(Specific, "/foo"), (Prefix, "/foo/bar")], "/foo/bar/x", "/foo/bar", "the longest of both"),
    ];
    for (paths, asked, expected, why) in cases {
        let name = |path_type: &PathType, path: &str| {
            let is_second = *path_type == Exact && paths.len() > 1;
            if is_second { format!("{path} Exact") } else { path.to_owned() }
        };
        let named: Vec<(PathType, &str, String)> =
            paths.iter().map(|(path_type, path)| (*path_type, *path, name(path_type, path))).collect();
        let rules: Vec<(&str, PathType, &str, &str)> =
            named.iter().map(|(path_type, path, name)| ("a.example", *path_type, *path, name.as_str())).collect();
        assert_eq!(route(&[ingress("a", &rules)], &request(&format!("a.example{asked}"), None)), *expected, "{why}");
    }
}

#[test]
fn hosts_have_an_order() {
    use PathType::Prefix;
    let rules = ingress(
        "a",
        &[("foo.bar.com", Prefix, "/", "exact"), ("*.bar.com", Prefix, "/", "wild"), ("", Prefix, "/any", "any")],
    );
    let mut rest = ingress("b", &[]);
    rest.object.default_backend = Some(backend("rest"));
    let cases = [
        ("foo.bar.com/", "exact", "the host before a wildcard"),
        ("Foo.Bar.com/", "exact", "letters of any case"),
        ("baz.bar.com/", "wild", "one label"),
        ("a.b.bar.com/", "404", "a wildcard is one label"),
        ("bar.com/", "404", "and not none"),
        ("other.org/any/x", "any", "a rule without a host"),
        ("foo.bar.com/any", "exact", "a host that is known has its own rules alone"),
    ];
    for (asked, expected, why) in cases {
        assert_eq!(route(std::slice::from_ref(&rules), &request(asked, None)), expected, "{why}");
    }
    let both = [rules, rest];
    assert_eq!(route(&both, &request("other.org/x", None)), "rest", "what no rule matches");
    assert_eq!(route(&both, &request("foo.bar.com/x", None)), "exact");
    let mut own = ingress("c", &[("own.com", Prefix, "/a", "web")]);
    own.object.default_backend = Some(backend("own"));
    assert_eq!(route(&[own], &request("own.com/b", None)), "own", "the default backend of the Ingress with the host");
    let known = ingress("d", &[("*.bar.com", Prefix, "/", "wild")]);
    assert!(knows_host(&[&known], &request("foo.bar.com/", None)) && !knows_host(&[&known], &request("x.org/", None)));
}

#[test]
fn the_older_ingress_counts() {
    use PathType::Prefix;
    let first = ingress("b", &[("a.com", Prefix, "/", "older")]);
    let mut second = ingress("a", &[("a.com", Prefix, "/", "younger"), ("a.com", Prefix, "/x", "added")]);
    second.created = SimTime::from_secs(1);
    let both = [second.clone(), first.clone()];
    assert_eq!(route(&both, &request("a.com/", None)), "older");
    assert_eq!(route(&both, &request("a.com/x", None)), "added", "paths of several Ingresses come together");
    second.created = SimTime::ZERO;
    assert_eq!(route(&[first, second], &request("a.com/", None)), "younger", "of the same age: by name");
}

#[test]
fn canaries_get_their_share() {
    use PathType::{Exact, Prefix};
    let main = ingress("main", &[("example.com", Prefix, "/", "http-svc")]);
    let of = |path_type, host: &str, path: &str, service: &str, policy: Canary| {
        let mut canary = canary(ingress("canary", &[(host, path_type, path, service)]), policy);
        canary.created = SimTime::from_secs(1);
        route(&[main.clone(), canary], &request("example.com/", None))
    };
    let same = |policy: Canary| of(Prefix, "example.com", "/", "next", policy);
    assert_eq!(same(CANARY), "http-svc 80, next 20");
    assert_eq!(same(Canary { weight: 0, ..CANARY }), "http-svc 100, next 0");
    assert_eq!(same(Canary { weight: 300, ..CANARY }), "http-svc 0, next 100", "more than all is all");
    assert_eq!(same(Canary { weight: 1, weight_total: 1000, ..CANARY }), "http-svc 999, next 1");
    assert_eq!(of(Prefix, "other.com", "/", "next", CANARY), "http-svc", "no such host");
    assert_eq!(of(Prefix, "example.com", "/x", "next", CANARY), "http-svc", "no such path");
    assert_eq!(of(Exact, "example.com", "/", "next", CANARY), "http-svc", "another type");
    assert_eq!(of(Prefix, "example.com", "/", "http-svc", CANARY), "http-svc", "the Service itself");
    let mut rest = ingress("main", &[]);
    rest.object.default_backend = Some(backend("http-svc"));
    let mut catch_all = canary(ingress("canary", &[]), CANARY);
    catch_all.object.default_backend = Some(backend("next"));
    assert_eq!(route(&[rest, catch_all], &request("any.org/", None)), "http-svc 80, next 20", "of a default backend");
    let first = canary(ingress("canary", &[("example.com", Prefix, "/", "next")]), CANARY);
    let second = canary(ingress("later", &[("example.com", Prefix, "/", "third")]), CANARY);
    let three = [main.clone(), first.clone(), second];
    assert_eq!(route(&three, &request("example.com/", None)), "http-svc 80, next 20", "one canary at most");
    assert_eq!(route(&[first], &request("example.com/", None)), "404", "a canary alone has no host");
}

#[test]
fn headers_and_cookies_come_before_weights() {
    use PathType::Prefix;
    let main = ingress("main", &[("a.com", Prefix, "/", "web")]);
    let (all, none, by_weight) = ("web 0, next 100", "web 100, next 0", "web 80, next 20");
    let by_header = Canary { header: "x-canary".into(), ..CANARY };
    let by_value = Canary { header_value: "beta".into(), ..by_header.clone() };
    let by_cookie = Canary { cookie: "canary".into(), ..CANARY };
    // The policy, the header of the request, what it gets, and why.
    type Case<'a> = (&'a Canary, Option<(&'a str, &'a str)>, &'a str, &'a str);
    let cases: &[Case<'_>] = &[
        (&by_header, None, by_weight, "no header"),
        (&by_header, Some(("X-Canary", "always")), all, "always"),
        (&by_header, Some(("x-canary", "never")), none, "never"),
        (&by_header, Some(("x-canary", "beta")), by_weight, "another value"),
        (&by_value, Some(("x-canary", "beta")), all, "the value"),
        (&by_value, Some(("x-canary", "always")), by_weight, "with a value of its own, `always` is none"),
        (&by_cookie, Some(("cookie", "canary=always")), all, "a cookie"),
        (&by_cookie, Some(("cookie", "canary=never")), none, "a cookie against it"),
        (&by_cookie, Some(("cookie", "canary=x")), by_weight, "another value"),
    ];
    for (policy, header, expected, why) in cases {
        let canary = canary(ingress("canary", &[("a.com", Prefix, "/", "next")]), (*policy).clone());
        assert_eq!(route(&[main.clone(), canary], &request("a.com/", *header)), *expected, "{why}");
    }
}
