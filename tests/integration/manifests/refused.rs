//! What is refused: where the API server refuses an object, where a text is none, and what a problem leaves alone.

use super::{DEPLOYMENT, OTHERS, load, to_json};
use wavetank::input::Diagnostics;

/// Demands an error at the line, which contains the fragment; the difference, if it is not there.
fn error_missing(name: &str, text: &str, line: usize, fragment: &str, why: &str) -> Option<String> {
    let (_, diagnostics) = load(name, text);
    let errors: Vec<String> = diagnostics.errors().map(ToString::to_string).collect();
    let wanted = format!("{name}:{line}:");
    let found = errors.iter().any(|error| error.starts_with(&wanted) && error.contains(fragment));
    (!found).then(|| format!("{why}: expected `{wanted}` with `{fragment}`, found {}", errors.join("; ")))
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_the_api_server_refuses_is_refused_where_it_stands() {
    // What to change in the Deployment, the line of the error, and part of the message.
    let cases = [
        ("name: web\n  namespace", "name: Web\n  namespace", 4, "metadata.name: `Web` is not a DNS-1123 subdomain"),
        ("  name: web\n  namespace", "  namespace", 3, "metadata.name: missing"),
        ("namespace: shop", "namespace: Shop_1", 5, "metadata.namespace: `Shop_1` is not a DNS-1123 label"),
        ("labels: {app: web}", "labels: {app: 'a b'}", 6, "metadata.labels.app: `a b` is not a label value"),
        ("labels: {app: web}", "labels: {-app: web}", 6, "`-app` is not a label key"),
        ("labels: {app: web}", "labels: {app: 1.0}", 6, "metadata.labels.app: found number `1.0` (expected a string)"),
        (
            "labels: {app: web}",
            "labels: {app: yes}",
            6,
            "metadata.labels.app: found boolean `true` (expected a string)",
        ),
        ("labels: {app: web}", "labels: [app]", 6, "metadata.labels: found a list"),
        ("replicas: 3", "replicas: -1", 8, "`Deployment shop/web`: spec.replicas: -1 is negative (expected 0 or more)"),
        ("replicas: 3", "replicas: three", 8, "spec.replicas: found string \"three\" (expected a whole number)"),
        ("replicas: 3", "replicas: '3'", 8, "found string \"3\" (expected a whole number)"),
        ("replicas: 3", "replicas: 3.5", 8, "found number `3.5` (expected a whole number)"),
        ("replicas: 3", "replicas: 99999999999", 8, "spec.replicas: found"),
        ("minReadySeconds: 5", "minReadySeconds: -5", 9, "spec.minReadySeconds: -5 is negative"),
        ("minReadySeconds: 5", "minReadySeconds: 600", 7, "spec.progressDeadlineSeconds: 600 is not above"),
        ("minReadySeconds: 5", "revisionHistoryLimit: -1", 9, "spec.revisionHistoryLimit: -1 is negative"),
        (
            "    matchLabels:\n      app: web\n  strategy",
            "    matchLabels:\n      app: db\n  strategy",
            10,
            "spec.selector: does not match",
        ),
        ("  selector:\n    matchLabels:\n      app: web\n", "", 7, "spec.selector: missing"),
        (
            "      app: web\n  strategy",
            "      app: web\n    matchExpressions: [{key: tier, operator: Is}]\n  strategy",
            13,
            "operator: unknown value `Is` (expected one of `In`, `NotIn`, `Exists`, `DoesNotExist`)",
        ),
        (
            "      app: web\n  strategy",
            "      app: web\n    matchExpressions: [{key: tier, operator: In}]\n  strategy",
            13,
            "values: missing for operator In",
        ),
        (
            "      app: web\n  strategy",
            "      app: web\n    matchExpressions: [{key: tier, operator: Exists, values: [a]}]\n  strategy",
            13,
            "values: given for operator Exists",
        ),
        (
            "type: RollingUpdate",
            "type: Rolling",
            14,
            "spec.strategy.type: unknown value `Rolling` (expected `RollingUpdate` or `Recreate`)",
        ),
        ("type: RollingUpdate", "type: Recreate", 15, "spec.strategy.rollingUpdate: is given for type Recreate"),
        ("maxSurge: 1", "maxSurge: -1", 16, "maxSurge: -1 is negative"),
        ("maxSurge: 1", "maxSurge: 1.5", 16, "maxSurge: found number `1.5`"),
        ("maxSurge: 1", "maxSurge: some", 16, "`some` is neither a number nor a percentage"),
        ("maxUnavailable: 25%", "maxUnavailable: 125%", 17, "125% is too large (expected at most 100%)"),
        ("maxUnavailable: 25%", "maxUnavailable: -5%", 17, "`-5%` is neither a number nor a percentage"),
        (
            "maxSurge: 1\n      maxUnavailable: 25%",
            "maxSurge: 0\n      maxUnavailable: 0%",
            17,
            "maxUnavailable: is 0 while maxSurge is 0 too",
        ),
        ("ready-delay: 5s", "ready-delay: '5'", 24, "`5` is not a duration"),
        ("ready-delay: 5s", "ready-delay: -5s", 24, "-5s is negative"),
        ("ready-delay: 5s", "never-ready: maybe", 24, "`maybe` is not a boolean"),
        ("ready-delay: 5s", "redy-delay: 5s", 24, "unknown annotation"),
        (
            "terminationGracePeriodSeconds: 40",
            "restartPolicy: Never",
            26,
            "restartPolicy: `Never` is not allowed here (expected `Always`)",
        ),
        (
            "terminationGracePeriodSeconds: 40",
            "restartPolicy: Sometimes",
            26,
            "restartPolicy: unknown value `Sometimes`",
        ),
        (
            "terminationGracePeriodSeconds: 40",
            "activeDeadlineSeconds: 0",
            26,
            "activeDeadlineSeconds: 0 is too small (expected 1 or more)",
        ),
        (
            "terminationGracePeriodSeconds: 40",
            "activeDeadlineSeconds: 5",
            26,
            "activeDeadlineSeconds: is not allowed here",
        ),
        (
            "terminationGracePeriodSeconds: 40",
            "terminationGracePeriodSeconds: 5",
            70,
            "seconds: 10 is out of range (expected 0 to the grace period of 5 s)",
        ),
        ("terminationGracePeriodSeconds: 40", "preemptionPolicy: Maybe", 26, "preemptionPolicy: unknown value `Maybe`"),
        (
            "terminationGracePeriodSeconds: 40",
            "priorityClassName: Hi!",
            26,
            "priorityClassName: `Hi!` is not a DNS-1123 subdomain",
        ),
        ("terminationGracePeriodSeconds: 40", "schedulingGates: [{name: a}, {name: a}]", 26, "`a` is given twice"),
        ("terminationGracePeriodSeconds: 40", "overhead: {cpu: -1}", 26, "overhead.cpu: -1 is negative"),
        (
            "terminationGracePeriodSeconds: 40",
            "resources: {limits: {ephemeral-storage: 1Gi}}",
            26,
            "`ephemeral-storage` cannot be given for a pod",
        ),
        ("disk: ssd", "disk: s s d", 28, "nodeSelector.disk: `s s d` is not a label value"),
        ("operator: Equal", "operator: Equals", 31, "operator: unknown value `Equals` (expected `Equal` or `Exists`)"),
        ("operator: Equal", "operator: Exists", 32, "value: `a` is given for operator Exists"),
        ("- key: gpu\n        operator: Equal", "- operator: Equal", 30, "operator: is not `Exists` without a key"),
        ("effect: NoSchedule", "effect: NoScheduling", 33, "effect: unknown value `NoScheduling`"),
        ("effect: NoSchedule", "tolerationSeconds: 5", 30, "effect: is not `NoExecute` with tolerationSeconds"),
        (
            "operator: In, values: [a, b]",
            "operator: In",
            39,
            "values: 0 values are given for operator In (expected at least one)",
        ),
        (
            "operator: In, values: [a, b]",
            "operator: Gt, values: ['1', '2']",
            39,
            "2 values are given for operator Gt (expected one)",
        ),
        ("operator: In, values: [a, b]", "operator: Near, values: [a]", 39, "operator: unknown value `Near`"),
        (
            "matchExpressions:\n              - {key: zone",
            "matchFields:\n              - {key: zone",
            39,
            "`zone` is not a field that can be selected",
        ),
        ("weight: 50", "weight: 0", 42, "weight: 0 is out of range (expected 1 to 100)"),
        ("topologyKey: kubernetes.io/hostname", "topologyKey: ''", 44, "topologyKey: missing"),
        (
            "labelSelector:\n                matchLabels: {app: web}",
            "matchLabelKeys: [rev]",
            45,
            "matchLabelKeys: is given without labelSelector",
        ),
        ("maxSkew: 1", "maxSkew: 0", 48, "maxSkew: 0 is too small (expected 1 or more)"),
        ("maxSkew: 1", "maxSkew: 1\n        minDomains: 0", 49, "minDomains: 0 is too small"),
        (
            "whenUnsatisfiable: DoNotSchedule",
            "whenUnsatisfiable: Never",
            50,
            "whenUnsatisfiable: unknown value `Never`",
        ),
        (
            "whenUnsatisfiable: DoNotSchedule",
            "whenUnsatisfiable: DoNotSchedule\n        nodeTaintsPolicy: Maybe",
            51,
            "nodeTaintsPolicy: unknown value `Maybe`",
        ),
        (
            "- name: web\n        image",
            "- name: Web\n        image",
            53,
            "containers[0].name: `Web` is not a DNS-1123 label",
        ),
        ("- name: web\n        image", "- image", 53, "containers[0].name: missing"),
        ("image: nginx:1.29", "image: ''", 54, "containers[0].image: missing"),
        ("image: nginx:1.29", "image: ' nginx'", 54, "has blanks around it"),
        ("name: http", "name: HTTP", 56, "`HTTP` is not a port name"),
        ("containerPort: 8080", "containerPort: 70000", 57, "70000 is not a port (expected 1 to 65535)"),
        (
            "containerPort: 8080",
            "containerPort: 80\n          protocol: HTTP",
            58,
            "protocol: unknown value `HTTP` (expected one of `TCP`, `UDP`, `SCTP`)",
        ),
        ("containerPort: 8080", "containerPort: 80\n          hostPort: -1", 58, "hostPort: -1 is not a port"),
        (
            "containerPort: 8080",
            "containerPort: 80\n          hostPort: 80\n        - containerPort: 81\n          hostPort: 80",
            60,
            "80/TCP is another port's host port too",
        ),
        (
            "cpu: 250m",
            "cpu: 250x",
            60,
            "spec.template.spec.containers[0].resources.requests.cpu: `250x` is not a quantity",
        ),
        ("cpu: 250m", "cpu: -1", 60, "requests.cpu: -1 is negative"),
        ("cpu: 250m", "cpu: [1]", 60, "requests.cpu: found a list"),
        ("cpu: 250m", "cores: 1", 60, "`cores` is not a resource of containers"),
        ("cpu: 250m", "nvidia.com/gpu: 1", 60, "requests[nvidia.com/gpu]: `nvidia.com/gpu` has no limit"),
        ("memory: 64Mi", "memory: 1Gi", 61, "requests.memory: 1Gi is above the limit of 128Mi"),
        ("memory: 128Mi", "memory: 128Mi\n            nvidia.com/gpu: 500m", 64, "500m is not a whole number"),
        ("httpGet: {path: /, port: 8080}\n          ", "", 64, "readinessProbe: has no handler"),
        (
            "httpGet: {path: /, port: 8080}",
            "httpGet: {path: /, port: 8080}\n          exec: {}",
            64,
            "has several handlers: exec, httpGet",
        ),
        ("periodSeconds: 5", "periodSeconds: -5", 66, "periodSeconds: -5 is negative"),
        ("readinessProbe", "livenessProbe", 0, ""),
        ("periodSeconds: 5", "successThreshold: 2", 0, ""),
        ("seconds: 10", "seconds: -10", 70, "sleep.seconds: -10 is out of range"),
    ];
    let mut failures = Vec::new();
    for (from, to, line, fragment) in cases {
        assert!(DEPLOYMENT.contains(from), "{from}");
        let text = DEPLOYMENT.replacen(from, to, 1);
        if line == 0 {
            let (_, diagnostics) = load("d.yaml", &text);
            assert!(!diagnostics.has_errors(), "{to}: {diagnostics}");
            continue;
        }
        failures.extend(error_missing("d.yaml", &text, line, fragment, to));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn other_kinds_are_refused_where_they_are_wrong() {
    let cases = [
        ("effect: NoSchedule", "effect: NoRun", "effect: unknown value `NoRun`"),
        ("memory: 8Gi", "memory: 8GiB", "status.capacity.memory: `8GiB` is not a quantity"),
        ("memory: 8Gi", "memory: -8Gi", "-8Gi is negative"),
        ("  name: n1", "  name: n_1", "`n_1` is not a DNS-1123 subdomain"),
        ("- port: 80", "- port: 0", "spec.ports[0].port: 0 is not a port"),
        ("- port: 80", "- port: 80\n  - port: 81", "spec.ports[0].name: missing"),
        ("  ports:\n  - port: 80\n", "", "spec.ports: missing"),
        ("selector: {app: web}\n  ports", "type: Local\n  ports", "spec.type: unknown value `Local`"),
        (
            "minAvailable: 50%",
            "minAvailable: 50%\n  maxUnavailable: 1",
            "minAvailable and maxUnavailable are both given",
        ),
        ("minAvailable: 50%", "minAvailable: 150%", "150% is too large"),
        ("minAvailable: 50%", "unhealthyPodEvictionPolicy: Never", "unknown value `Never`"),
        ("value: 1000", "value: 2000000000", "value: 2000000000 is too large"),
        ("value: 1000", "value: high", "value: found string \"high\""),
        ("name: high", "name: system-high", "`system-high` is reserved"),
        ("rollingUpdate: {maxUnavailable: 1}", "rollingUpdate: {maxUnavailable: 0}", "is 0 while maxSurge is 0 too"),
        (
            "rollingUpdate: {maxUnavailable: 1}",
            "rollingUpdate: {maxSurge: 1}",
            "is given while maxUnavailable is above 0",
        ),
        ("partition: 1", "partition: -1", "spec.updateStrategy.rollingUpdate.partition: -1 is negative"),
        ("podManagementPolicy: Parallel", "podManagementPolicy: Fast", "unknown value `Fast`"),
        ("podManagementPolicy: Parallel", "ordinals: {start: -1}", "spec.ordinals.start: -1 is negative"),
        ("replicas: 2", "replicas: -2", "spec.replicas: -2 is negative"),
        ("containers: [{name: rs, image: rs}]", "containers: []", "spec.template.spec.containers: missing"),
        (
            "containers: [{name: rs, image: rs}]",
            "containers: [{name: rs, image: rs}, {name: rs, image: x}]",
            "containers[1].name: `rs` is the name of another container too",
        ),
    ];
    for (from, to, fragment) in cases {
        assert!(OTHERS.contains(from), "{from}");
        let text = OTHERS.replacen(from, to, 1);
        let line = OTHERS[..OTHERS.find(from).unwrap_or(0)].lines().count();
        let (_, diagnostics) = load("o.yaml", &text);
        let found = diagnostics.errors().find(|error| error.to_string().contains(fragment));
        let found = found.unwrap_or_else(|| panic!("{to}: expected `{fragment}`, found {diagnostics}"));
        let at = found.line.unwrap_or(0);
        assert!(at.abs_diff(line) <= 2, "{to}: expected near line {line}: {found}");
        // The same as JSON: the same problems, though in other lines.
        for (part, yaml) in text.split("---\n").enumerate() {
            let (_, expected) = load("o.yaml", yaml);
            let (_, json) = load("o.json", &to_json(yaml));
            let fields =
                |diagnostics: &Diagnostics| diagnostics.errors().map(|error| error.message.clone()).collect::<Vec<_>>();
            assert_eq!(fields(&json), fields(&expected), "{to}: part {part}");
        }
    }
}

#[test]
fn what_is_no_object_is_refused() {
    let cases = [
        ("a: b\n", 1, "kind: missing (expected a text such as `Deployment`)"),
        ("kind: Pod\n", 1, "apiVersion: missing"),
        ("kind: [Pod]\napiVersion: v1\n", 1, "kind: is not a text"),
        ("- a\n- b\n", 1, "found a list (expected a Kubernetes object)"),
        ("just text\n", 1, "found a scalar"),
        (
            "apiVersion: extensions/v1beta1\nkind: Deployment\n",
            1,
            "`extensions/v1beta1` is not served by Kubernetes 1.36 (expected `apps/v1`)",
        ),
        ("kind: Deployment\napiVersion: apps/v1beta2\n", 2, "`apps/v1beta2` is not served"),
        ("apiVersion: v1\nkind: List\nitems: 5\n", 3, "items: is not a list"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n", 1, "spec: missing"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: 5\n", 4, "spec: found number `5`"),
        ("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  name: b\n", 5, "is not YAML"),
        ("a: [1, 2\n", 1, "is not YAML"),
        ("a: 1\n\tb: 2\n", 1, "is not YAML: while scanning a plain scalar, found a tab"),
        ("a: *missing\n", 1, "is not YAML"),
    ];
    let mut failures = Vec::new();
    for (text, line, fragment) in cases {
        failures.extend(error_missing("x.yaml", text, line, fragment, text));
    }
    failures.extend(error_missing("x.json", "{\"a\": 1,\n}", 2, "is not JSON", "a comma too many"));
    failures.extend(error_missing("x.json", "[{}]", 1, "found a list", "a list of objects is no List"));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn one_broken_document_does_not_sink_the_others() {
    let text = format!("a: [1\n---\n{DEPLOYMENT}---\n: : :\n---\n{OTHERS}");
    let (objects, diagnostics) = load("x.yaml", &text);
    assert_eq!(objects.len(), 9);
    assert!(diagnostics.errors().count() >= 2, "{diagnostics}");
}

#[test]
fn all_problems_are_reported_at_once() {
    let text = DEPLOYMENT
        .replacen("replicas: 3", "replicas: many", 1)
        .replacen("minReadySeconds: 5", "minReadySeconds: -5", 1)
        .replacen("cpu: 250m", "cpu: 250x", 1)
        .replacen("weight: 50", "weight: heavy", 1)
        .replacen("containerPort: 8080", "containerPort: 0", 1);
    let (objects, diagnostics) = load("x.yaml", &text);
    assert!(objects.is_empty());
    let lines: Vec<_> = diagnostics.errors().filter_map(|error| error.line).collect();
    for line in [8, 9, 42, 57, 60] {
        assert!(lines.contains(&line), "line {line}: {diagnostics}");
    }
}

#[test]
fn quotas_that_the_api_server_refuses() {
    let cases = [
        ("hard: {pod: 5}", "spec.hard.pod: `pod` is not a standard resource for quota", "a name that is none"),
        ("hard: {pods: -1}", "spec.hard.pods: `-1` is negative", "below zero"),
        ("hard: {pods: 1500m}", "spec.hard.pods: `1500m` is not a whole number", "half a pod"),
        ("hard: {pods: many}", "spec.hard.pods: `many` is not a quantity", "no number"),
        ("{hard: {pods: 1}, scopes: [Often]}", "spec.scopes[0]: unknown value `Often`", "no scope"),
        (
            "{hard: {pods: 1}, scopes: [BestEffort, NotBestEffort]}",
            "spec.scopes: BestEffort and NotBestEffort are conflicting scopes",
            "a pod is in one of them",
        ),
        (
            "{hard: {services: 1}, scopes: [Terminating]}",
            "spec.scopes: Terminating is an unsupported scope applied to resource `services`",
            "Services have no deadline",
        ),
        (
            "{hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: BestEffort, operator: In, values: [a]}]}}",
            "spec.scopeSelector.matchExpressions[0].operator: `In` with scope BestEffort (expected Exists)",
            "an operator that does not go with it",
        ),
        (
            "{hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In}]}}",
            "spec.scopeSelector.matchExpressions[0].values: missing (expected at least one for In)",
            "no value",
        ),
    ];
    for (spec, expected, why) in cases {
        let spec = if spec.starts_with('{') { spec.to_owned() } else { format!("{{{spec}}}") };
        let text = format!("apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: q}}\nspec: {spec}\n");
        let (_, diagnostics) = load("quota.yaml", &text);
        let errors: Vec<String> = diagnostics.errors().map(ToString::to_string).collect();
        assert!(errors.iter().any(|error| error.contains(expected)), "{why}: {errors:?}");
    }
}

#[test]
fn routes_that_the_api_server_refuses_or_nobody_simulates() {
    const INGRESS: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations: {nginx.ingress.kubernetes.io/canary: 'true', nginx.ingress.kubernetes.io/canary-weight: '5'}
spec:
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /cart, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
";
    const ROUTE: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  hostnames: ['*.example.com']
  rules:
  - matches:
    - path: {type: PathPrefix, value: /cart}
    backendRefs:
    - {name: web, port: 80, weight: 1}
";
    let cases = [
        (INGRESS, "host: shop.example.com", "host: shop/x", 8, "`shop/x` is no DNS name"),
        (INGRESS, "host: shop.example.com", "host: 10.0.0.1", 8, "`10.0.0.1` is no DNS name"),
        (INGRESS, "path: /cart", "path: cart", 11, "`cart` is no absolute path"),
        (INGRESS, "pathType: Prefix", "pathType: Regex", 11, "unknown value `Regex` (expected one of `Exact`"),
        (INGRESS, "{number: 80}", "{number: 80, name: http}", 11, "needs exactly one of name and number"),
        (INGRESS, "{number: 80}", "{number: 99999}", 11, "99999 is not a port"),
        (INGRESS, "service: {name: web, port: {number: 80}}", "", 11, "is empty (expected a service)"),
        (INGRESS, "canary-weight: '5'", "canary-weight: five", 5, "`five` is no number of requests"),
        (INGRESS, "/canary: 'true'", "/canary: 'false'", 5, "has no effect without the annotation `canary`"),
        (INGRESS, "/canary-weight: '5'", "/use-regex: 'true'", 5, "regular expressions, which are not simulated"),
        (ROUTE, "type: PathPrefix", "type: RegularExpression", 8, "is a regular expression, which is not simulated"),
        (ROUTE, "value: /cart", "value: cart", 8, "`cart` is no absolute path"),
        (ROUTE, "weight: 1", "weight: -1", 10, "`-1` is out of range (expected 0 to 1000000)"),
        (ROUTE, ", port: 80", "", 10, "port: missing (expected a port of the Service)"),
        (ROUTE, "*.example.com", "*", 5, "`*` is no DNS name"),
        (
            ROUTE,
            "    backendRefs:",
            "    filters: [{type: RequestRedirect}]\n    backendRefs:",
            9,
            "is RequestRedirect",
        ),
        (ROUTE, "value: /cart}", "value: /cart}\n      method: get", 9, "unknown value `get`"),
    ];
    let mut wrong = Vec::new();
    for (text, from, to, line, fragment) in cases {
        assert!(text.contains(from), "{from}");
        wrong.extend(error_missing("r.yaml", &text.replacen(from, to, 1), line, fragment, to));
    }
    for text in [INGRESS, ROUTE] {
        let (_, diagnostics) = load("r.yaml", text);
        assert!(!diagnostics.has_errors(), "{diagnostics}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
