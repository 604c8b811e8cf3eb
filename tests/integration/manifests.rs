//! Manifests as people have them: what is read, what is refused and where, what is listed as not simulated.

use jiff::Timestamp;
use proptest::prelude::*;
use wavetank::api::{self, Object, QosClass};
use wavetank::input::manifest::{LoadedObject, load_objects};
use wavetank::input::scheduler_config::{
    ExtensionPoint, PodTopologySpreadDefaults, SchedulerConfig, ScoringStrategyType, load_scheduler_config,
    parse_scheduler_config,
};
use wavetank::input::{Diagnostics, FieldErrors, ManifestSource};
use wavetank::units::{Bytes, MilliCpu, SimDuration, SimTime};

/// A Deployment that is right, and uses much of what a Deployment can say.
const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels: {app: web}
spec:
  replicas: 3
  minReadySeconds: 5
  selector:
    matchLabels:
      app: web
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 25%
  template:
    metadata:
      labels:
        app: web
        tier: front
      annotations:
        wavetank.dev/ready-delay: 5s
    spec:
      terminationGracePeriodSeconds: 40
      nodeSelector:
        disk: ssd
      tolerations:
      - key: gpu
        operator: Equal
        value: a
        effect: NoSchedule
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions:
              - {key: zone, operator: In, values: [a, b]}
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
          - weight: 50
            podAffinityTerm:
              topologyKey: kubernetes.io/hostname
              labelSelector:
                matchLabels: {app: web}
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: topology.kubernetes.io/zone
        whenUnsatisfiable: DoNotSchedule
        labelSelector: {matchLabels: {app: web}}
      containers:
      - name: web
        image: nginx:1.29
        ports:
        - name: http
          containerPort: 8080
        resources:
          requests:
            cpu: 250m
            memory: 64Mi
          limits:
            memory: 128Mi
        readinessProbe:
          httpGet: {path: /, port: 8080}
          periodSeconds: 5
        lifecycle:
          preStop:
            sleep:
              seconds: 10
";

/// Smaller objects that are right.
const OTHERS: &str = "\
apiVersion: v1
kind: Node
metadata:
  name: n1
  labels: {disk: ssd}
spec:
  taints:
  - {key: gpu, value: a, effect: NoSchedule}
status:
  capacity: {cpu: '4', memory: 8Gi, pods: '110'}
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
  - port: 80
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  minAvailable: 50%
  selector: {matchLabels: {app: web}}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata:
  name: high
value: 1000
---
apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: agent
spec:
  selector: {matchLabels: {app: agent}}
  updateStrategy:
    rollingUpdate: {maxUnavailable: 1}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers: [{name: agent, image: agent}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
spec:
  serviceName: db
  podManagementPolicy: Parallel
  updateStrategy:
    rollingUpdate: {partition: 1}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: db, image: db}]
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: rs
spec:
  replicas: 2
  selector: {matchLabels: {app: rs}}
  template:
    metadata: {labels: {app: rs}}
    spec:
      containers: [{name: rs, image: rs}]
";

/// A pod as `kubectl get pod -o yaml` shows it.
const DUMPED_POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: \"2026-01-02T03:04:05Z\"
  generateName: web-6d-
  labels:
    app: web
    pod-template-hash: 6d
  managedFields:
  - apiVersion: v1
    fieldsType: FieldsV1
    fieldsV1:
      f:metadata: {f:labels: {.: {}}}
    manager: kube-controller-manager
    operation: Update
    time: \"2026-01-02T03:04:05Z\"
  name: web-6d-x
  namespace: shop
  ownerReferences:
  - {apiVersion: apps/v1, blockOwnerDeletion: true, controller: true, kind: ReplicaSet, name: web-6d, uid: u}
  resourceVersion: \"77\"
  uid: abc
spec:
  containers:
  - image: nginx
    imagePullPolicy: Always
    name: web
    resources:
      limits: {cpu: 1, memory: 1Gi}
    terminationMessagePath: /dev/termination-log
    volumeMounts:
    - {mountPath: /var/run/secrets/kubernetes.io/serviceaccount, name: kube-api, readOnly: true}
  dnsPolicy: ClusterFirst
  enableServiceLinks: true
  nodeName: n1
  preemptionPolicy: PreemptLowerPriority
  priority: 0
  restartPolicy: Always
  schedulerName: default-scheduler
  serviceAccountName: default
  tolerations:
  - {effect: NoExecute, key: node.kubernetes.io/not-ready, operator: Exists, tolerationSeconds: 300}
  volumes:
  - name: kube-api
    projected: {defaultMode: 420, sources: []}
status:
  conditions:
  - {lastProbeTime: null, lastTransitionTime: \"2026-01-02T03:04:15Z\", status: \"True\", type: Ready}
  containerStatuses:
  - allocatedResources: {cpu: 1, memory: 1Gi}
    image: nginx
    imageID: x
    name: web
    ready: true
    resources: {requests: {cpu: 500m}}
    restartCount: 2
    started: true
    futureField: tolerated
  phase: Running
  qosClass: Guaranteed
  startTime: \"2026-01-02T03:04:06Z\"
";

fn text_source(name: &str, text: &str) -> ManifestSource {
    ManifestSource::Text { name: name.into(), text: text.to_owned() }
}

/// The scenario's start in these tests.
fn start() -> Timestamp {
    "2026-01-02T03:05:05Z".parse().expect("a calendar time")
}

fn load(name: &str, text: &str) -> (Vec<LoadedObject>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let objects = load_objects(&[text_source(name, text)], start(), &mut diagnostics);
    (objects, diagnostics)
}

/// Loads what must be free of errors.
fn load_right(name: &str, text: &str) -> Vec<Object> {
    let (objects, diagnostics) = load(name, text);
    assert!(!diagnostics.has_errors(), "{diagnostics}");
    objects.into_iter().map(|loaded| loaded.object).collect()
}

/// The YAML text as JSON, indented as kubectl does.
fn to_json(yaml: &str) -> String {
    let value: serde_json::Value = serde_saphyr::from_str(yaml).expect("YAML");
    serde_json::to_string_pretty(&value).expect("JSON")
}

#[test]
fn a_deployment_is_read_whole() {
    let objects = load_right("web.yaml", DEPLOYMENT);
    let [Object::Deployment(web)] = objects.as_slice() else { panic!("{objects:?}") };
    assert_eq!((&*web.meta.namespace, &*web.meta.name, web.replicas), ("shop", "web", 3));
    assert_eq!(web.min_ready, SimDuration::from_secs(5));
    assert_eq!(web.progress_deadline, Some(SimDuration::from_secs(600)), "default");
    assert_eq!(web.revision_history_limit, 10, "default");
    let expected = api::DeploymentStrategy::RollingUpdate {
        max_surge: api::IntOrPercent::Int(1),
        max_unavailable: api::IntOrPercent::Percent(25),
    };
    assert_eq!(web.strategy, expected);
    let spec = &web.template.spec;
    assert_eq!(spec.termination_grace_period, SimDuration::from_secs(40));
    assert_eq!(web.template.hints.ready_delay, Some(SimDuration::from_secs(5)));
    assert_eq!(spec.tolerations.len(), 1, "default tolerations are admission's, not the template's");
    assert!(spec.required_node_affinity().is_some());
    assert_eq!(spec.affinity.as_ref().map(|affinity| affinity.pod_anti_preferred.len()), Some(1));
    assert_eq!(spec.topology_spread_constraints.len(), 1);
    let container = &spec.containers[0];
    assert_eq!(container.requests.cpu, Some(MilliCpu::new(250)));
    assert_eq!(container.limits.memory, Some(Bytes::new(128 << 20)));
    assert_eq!(container.pre_stop_sleep, SimDuration::from_secs(10));
    let probe = container.probes.readiness.expect("a readiness probe");
    assert_eq!((probe.period, probe.failure_threshold), (SimDuration::from_secs(5), 3));
}

#[test]
fn defaults_are_the_api_servers() {
    let minimal = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec:
      hostNetwork: true
      containers:
      - name: a
        image: a
        ports: [{containerPort: 80}]
        resources: {limits: {cpu: 2, memory: 1Gi}, requests: {cpu: 0.5}}
";
    let objects = load_right("a.yaml", minimal);
    let [Object::Deployment(a)] = objects.as_slice() else { panic!("{objects:?}") };
    assert_eq!((&*a.meta.namespace, a.replicas, a.strategy), ("default", 1, api::DeploymentStrategy::default()));
    let spec = &a.template.spec;
    assert_eq!(spec.termination_grace_period, SimDuration::from_secs(30));
    assert_eq!(&*spec.scheduler_name, "default-scheduler");
    let container = &spec.containers[0];
    assert_eq!(container.requests.cpu, Some(MilliCpu::new(500)), "a bare number is a quantity");
    assert_eq!(container.requests.memory, Some(Bytes::new(1 << 30)), "the limit is the missing request");
    assert_eq!(container.ports[0].host_port, 80, "a port on the host's network is a host port");
}

#[test]
fn pod_level_requests_come_from_the_containers_or_the_limits() {
    let pod = |resources: &str, containers: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  resources: {resources}\n  containers: {containers}\n"
        )
    };
    let asking = "[{name: a, image: a, resources: {requests: {cpu: 1}}}, {name: b, image: b, resources: {requests: {cpu: 500m}}}]";
    let silent = "[{name: a, image: a}]";
    let cases = [
        ("{limits: {cpu: 2}}", asking, Some(1500), "the sum of the containers"),
        ("{limits: {cpu: 2}}", silent, Some(2000), "the limit"),
        ("{limits: {cpu: 2}, requests: {cpu: 1750m}}", asking, Some(1750), "given"),
        ("{limits: {memory: 1Gi}}", asking, Some(1500), "the sum, for a resource without a limit too"),
        ("{}", asking, None, "nothing at pod level"),
    ];
    for (resources, containers, expected, why) in cases {
        let objects = load_right("p.yaml", &pod(resources, containers));
        let [Object::Pod(pod)] = objects.as_slice() else { panic!("{objects:?}") };
        assert_eq!(pod.template.spec.pod_requests.cpu.map(MilliCpu::get), expected, "{why}");
    }
}

#[test]
fn every_kind_is_read() {
    let objects = load_right("all.yaml", OTHERS);
    let kinds: Vec<_> = objects.iter().map(Object::kind).collect();
    let expected = [
        "Node",
        "Service",
        "PodDisruptionBudget",
        "PriorityClass",
        "Namespace",
        "DaemonSet",
        "StatefulSet",
        "ReplicaSet",
    ];
    assert_eq!(kinds, expected);
    for object in &objects {
        match object {
            Object::Node(node) => {
                assert_eq!(node.allocatable, node.capacity, "without allocatable the whole capacity is");
                assert_eq!(node.allocatable.pods, Some(110));
            }
            Object::Namespace(own) => {
                assert_eq!(own.meta.labels.get("kubernetes.io/metadata.name").map(|name| &**name), Some("shop"));
            }
            Object::StatefulSet(own) => {
                assert_eq!(own.update_strategy, api::StatefulSetUpdateStrategy::RollingUpdate { partition: 1 });
                assert_eq!(own.pod_management_policy, api::PodManagementPolicy::Parallel);
            }
            Object::DaemonSet(own) => {
                let expected = api::DaemonSetUpdateStrategy::RollingUpdate {
                    max_unavailable: api::IntOrPercent::Int(1),
                    max_surge: api::IntOrPercent::Int(0),
                };
                assert_eq!(own.update_strategy, expected);
            }
            Object::PodDisruptionBudget(own) => {
                assert_eq!(own.min_available, Some(api::IntOrPercent::Percent(50)));
            }
            _ => {}
        }
    }
}

#[test]
fn a_dump_reads_the_same_as_yaml_and_json_and_in_lists() {
    let yaml = load_right("pod.yaml", DUMPED_POD);
    let [Object::Pod(pod)] = yaml.as_slice() else { panic!("{yaml:?}") };
    assert_eq!(pod.node_name.as_deref(), Some("n1"));
    assert_eq!(pod.meta.creation_time, Some(SimTime::from_secs(-60)));
    assert_eq!(pod.meta.owner.as_ref().map(|owner| (&*owner.kind, &*owner.name)), Some(("ReplicaSet", "web-6d")));
    assert_eq!(pod.status.phase, api::PodPhase::Running);
    assert_eq!(pod.status.ready, Some((true, SimTime::from_secs(-50))));
    assert_eq!(pod.status.restarts, 2);
    let reported = &pod.status.container_resources[0];
    assert_eq!(reported.requests.as_ref().and_then(|requests| requests.cpu), Some(MilliCpu::new(500)));
    assert_eq!(reported.allocated.memory, Some(Bytes::new(1 << 30)));
    assert_eq!(pod.template.spec.qos_class(), QosClass::Guaranteed);
    assert_eq!(load_right("pod.json", &to_json(DUMPED_POD)), yaml);
    let item = format!("  {}\n", DUMPED_POD.lines().collect::<Vec<_>>().join("\n  "));
    let item = item.replacen("  apiVersion", "- apiVersion", 1);
    let list = format!("apiVersion: v1\nkind: List\nmetadata: {{resourceVersion: ''}}\nitems:\n{item}");
    assert_eq!(load_right("list.yaml", &list), yaml);
    assert_eq!(load_right("list.json", &to_json(&list)), yaml);
    let untyped = item.replacen("- apiVersion: v1\n    kind: Pod\n", "- x-ignored: 1\n", 1).replacen(
        "- apiVersion: v1\n  kind: Pod\n  metadata",
        "- metadata",
        1,
    );
    assert!(!untyped.contains("kind: Pod\n"), "{untyped}");
    let pods = format!("apiVersion: v1\nkind: PodList\nitems:\n{untyped}");
    assert_eq!(load_right("pods.yaml", &pods), yaml, "items of a PodList need no kind");
    assert_eq!(load_right("pods.json", &to_json(&pods)), yaml);
    let twice = format!("{}\n{}", to_json(DUMPED_POD), to_json(OTHERS.split("---").next().unwrap_or_default()));
    assert_eq!(load_right("two.json", &twice).len(), 2, "JSON documents one after the other");
}

#[test]
fn a_dump_has_one_warning_about_its_inner_fields() {
    let (_, diagnostics) = load("pod.yaml", DUMPED_POD);
    let warnings: Vec<String> = diagnostics.warnings().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    assert!(warnings[0].contains("metadata.generateName: is not simulated"), "{}", warnings[0]);
    assert!(warnings[1].contains("Container.imagePullPolicy"), "{}", warnings[1]);
}

#[test]
fn lines_are_those_of_the_objects() {
    let text = format!("# comment\n\n---\n# head\n{DEPLOYMENT}---\n{OTHERS}");
    let (objects, _) = load("a.yaml", &text);
    assert_eq!(objects[0].line, 5);
    let node = 6 + DEPLOYMENT.lines().count();
    assert_eq!(objects[1].line, node);
    assert_eq!(objects[2].line, node + 11);
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: b}\n";
    let lines = |name: &str, text: &str| load(name, text).0.iter().map(|own| own.line).collect::<Vec<_>>();
    assert_eq!(lines("l.yaml", list), [4, 7]);
    assert_eq!(lines("l.json", &to_json(list)), [5, 12]);
}

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
        ("  name: n1", "  name: n1\n  namespace: x", "`x` is set on a cluster-scoped kind"),
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
            let fields = |own: &Diagnostics| own.errors().map(|error| error.message.clone()).collect::<Vec<_>>();
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
fn autoscalers_of_both_versions_are_read() {
    let text = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 5
---
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: old, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: old}
  maxReplicas: 5
  targetCPUUtilizationPercentage: 70
";
    let objects = load_right("hpa.yaml", text);
    let [Object::HorizontalPodAutoscaler(web), Object::HorizontalPodAutoscaler(old)] = objects.as_slice() else {
        panic!("{objects:?}")
    };
    assert_eq!((&*web.meta.namespace, &*web.meta.name, web.min_replicas), ("shop", "web", 2));
    assert_eq!(web.meta.labels.get("app").map(|value| &**value), Some("web"));
    let cpu =
        |percent| api::MetricSpec::Resource { name: "cpu".into(), target: api::MetricTarget::Utilization(percent) };
    assert_eq!((web.metrics.as_slice(), old.metrics.as_slice()), ([cpu(80)].as_slice(), [cpu(70)].as_slice()));
    let cases = [
        (
            "minReplicas: 2",
            "minReplicas: 0",
            "hpa.yaml:6:3: `HorizontalPodAutoscaler shop/web`: spec.minReplicas: is 0",
        ),
        (
            "maxReplicas: 5",
            "maxReplicas: 1",
            "hpa.yaml:7:3: `HorizontalPodAutoscaler shop/web`: spec.maxReplicas: is 1",
        ),
        ("name: web, namespace", "name: Web, namespace", "metadata.name: `Web` is not a DNS-1123 subdomain"),
        ("Percentage: 70", "Percentage: 0", "hpa.yaml:15:3: `HorizontalPodAutoscaler shop/old`: spec.targetCPU"),
        ("autoscaling/v1", "autoscaling/v2beta2", "is not served by Kubernetes 1.36 (expected `autoscaling/v2`)"),
    ];
    for (from, to, expected) in cases {
        let (_, diagnostics) = load("hpa.yaml", &text.replacen(from, to, 1));
        let errors: Vec<String> = diagnostics.errors().map(ToString::to_string).collect();
        assert!(errors.len() == 1 && errors[0].contains(expected), "{to}: {errors:?}");
    }
}

#[test]
fn an_object_can_be_defined_once() {
    let mut diagnostics = Diagnostics::default();
    let sources = [text_source("a.yaml", DEPLOYMENT), text_source("b.yaml", &format!("# again\n{DEPLOYMENT}"))];
    let objects = load_objects(&sources, start(), &mut diagnostics);
    assert_eq!(objects.len(), 1);
    let errors: Vec<_> = diagnostics.errors().map(ToString::to_string).collect();
    assert_eq!(errors, ["b.yaml:2:1: `Deployment shop/web`: is defined twice (first in a.yaml:1)"]);
}

#[test]
fn what_is_not_simulated_is_listed_once() {
    let extra = "\
---
apiVersion: batch/v1
kind: Job
metadata: {name: a}
---
apiVersion: batch/v1
kind: Job
metadata: {name: b}
---
apiVersion: apps/v1
kind: Deploymnet
metadata: {name: c}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: d}
";
    let text = DEPLOYMENT
        .replacen("replicas: 3", "replica: 3", 1)
        .replacen("image: nginx:1.29", "image: nginx:1.29\n        env: [{name: A, value: b}]\n        comand: [a]", 1)
        .replacen("          preStop:", "          postStart: {exec: {command: [a]}}\n          preStop:", 1);
    let (objects, diagnostics) = load("x.yaml", &format!("{text}{extra}"));
    assert!(!diagnostics.has_errors(), "{diagnostics}");
    assert_eq!(objects.len(), 1);
    let warnings: Vec<_> = diagnostics.warnings().map(ToString::to_string).collect();
    let first = text.lines().count();
    let expected = [
        format!("x.yaml:{}:1: warning: kind Job (batch/v1) is not simulated and has no effect (2 objects)", first + 2),
        format!(
            "x.yaml:{}:1: warning: kind Deploymnet (apps/v1) is not simulated and has no effect (1 object)\n  hint: did you mean `Deployment`?",
            first + 10
        ),
        format!(
            "x.yaml:{}:1: warning: kind Service (serving.knative.dev/v1) is not simulated and has no effect (1 object)",
            first + 14
        ),
        "x.yaml:8:3: warning: spec.replica: is not a field of Kubernetes 1.36 and has no effect\n  hint: did you mean `replicas`?".to_owned(),
        "x.yaml:56:9: warning: spec.template.spec.containers[0].comand: is not a field of Kubernetes 1.36 and has no effect\n  hint: did you mean `command`?".to_owned(),
        "x.yaml:70:11: warning: spec.template.spec.containers[0].lifecycle.postStart: is not simulated and has no effect".to_owned(),
    ];
    for line in &expected {
        assert!(warnings.contains(line), "expected {line}\nfound {warnings:#?}");
    }
    assert_eq!(warnings.len(), expected.len() + 1, "{warnings:#?}");
}

#[test]
fn files_folders_and_globs_are_read_in_the_order_of_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let namespace = |name: &str| format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n");
    for (file, name) in [("b.yml", "b"), ("a.yaml", "a"), ("notes.txt", "x"), ("z.yaml", "z")] {
        std::fs::write(folder.path().join(file), namespace(name)).expect("a file");
    }
    std::fs::write(folder.path().join("c.json"), to_json(&namespace("c"))).expect("a file");
    let names = |path: std::path::PathBuf| {
        let mut diagnostics = Diagnostics::default();
        let objects = load_objects(&[ManifestSource::Path(path)], start(), &mut diagnostics);
        let names: Vec<String> = objects.iter().map(|own| own.object.meta().name.to_string()).collect();
        (names.join(" "), diagnostics.errors().map(|error| error.message.clone()).collect::<Vec<_>>())
    };
    let base = folder.path();
    assert_eq!(names(base.to_owned()), ("a b c z".to_owned(), vec![]));
    assert_eq!(names(base.join("*.yaml")), ("a z".to_owned(), vec![]));
    assert_eq!(names(base.join("c.json")), ("c".to_owned(), vec![]));
    assert_eq!(names(base.join("*.toml")).1, ["matches no file"]);
    assert_eq!(names(base.join("missing.yaml")).1.len(), 1);
    std::fs::create_dir(base.join("empty")).expect("a folder");
    assert!(names(base.join("empty")).1[0].contains("holds no manifests"));
    std::fs::write(base.join("bad.yaml"), b"a: 1\nb: \xff\n").expect("a file");
    assert!(names(base.join("bad.yaml")).1[0].contains("is not UTF-8"));
}

const SCHEDULER_CONFIG: &str = "\
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
percentageOfNodesToScore: 50
podInitialBackoffSeconds: 2
leaderElection: {leaderElect: false}
profiles:
- schedulerName: packing
  plugins:
    multiPoint:
      disabled: [{name: ImageLocality}]
    score:
      enabled: [{name: NodeResourcesFit, weight: 5}]
      disabled: [{name: '*'}]
  pluginConfig:
  - name: NodeResourcesFit
    args:
      ignoredResourceGroups: [example.com]
      scoringStrategy:
        type: RequestedToCapacityRatio
        resources: [{name: cpu, weight: 3}, {name: nvidia.com/gpu}]
        requestedToCapacityRatio:
          shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]
  - name: PodTopologySpread
    args:
      defaultingType: List
      defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]
  - name: InterPodAffinity
    args: {hardPodAffinityWeight: 7}
- schedulerName: default-scheduler
";

#[test]
fn a_scheduler_config_is_read() {
    let mut diagnostics = Diagnostics::default();
    let config = load_scheduler_config(text_source("s.yaml", SCHEDULER_CONFIG), &mut diagnostics);
    let config = config.unwrap_or_else(|| panic!("{diagnostics}"));
    let warnings: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["s.yaml:5:1: warning: leaderElection: is not simulated and has no effect"]);
    assert_eq!(config.percentage_of_nodes_to_score, Some(50));
    assert_eq!(
        (config.pod_initial_backoff, config.pod_max_backoff),
        (SimDuration::from_secs(2), SimDuration::from_secs(10))
    );
    assert_eq!(config.profiles.len(), 2);
    let packing = &config.profiles[0];
    let score = &packing.plugins[&ExtensionPoint::Score];
    assert_eq!((&*score.enabled[0].name, score.enabled[0].weight), ("NodeResourcesFit", Some(5)));
    assert_eq!(&*packing.plugins[&ExtensionPoint::MultiPoint].disabled[0], "ImageLocality");
    let fit = &packing.args.node_resources_fit;
    assert!(matches!(&fit.strategy, ScoringStrategyType::RequestedToCapacityRatio(shape) if shape.len() == 2));
    assert_eq!(fit.resources.iter().map(|own| own.weight).collect::<Vec<_>>(), [3, 1]);
    assert!(matches!(&packing.args.pod_topology_spread, PodTopologySpreadDefaults::List(list) if list.len() == 1));
    assert_eq!(packing.args.inter_pod_affinity.hard_pod_affinity_weight, 7);
    let bare = parse_scheduler_config(&serde_json::json!({}), &mut FieldErrors::default(), &mut Vec::new());
    assert_eq!(bare, SchedulerConfig::default(), "nothing is the default");
}

#[test]
fn fields_of_a_scheduler_config_without_effect_are_listed() {
    let value = serde_json::json!({
        "parallelism": 4,
        "leaderElection": {"leaderElect": true},
        "clientConnection": {"qps": 100},
        "healthzBindAddress": ":1",
        "metricsBindAddress": ":2",
        "enableProfiling": true,
        "enableContentionProfiling": true,
        "delayCacheUntilActive": true,
        "extenders": [{"urlPrefix": "http://x"}],
        "profiles": [{
            "plugins": {
                "queueSort": {"enabled": [{"name": "PrioritySort"}]},
                "reserve": {"disabled": [{"name": "VolumeBinding"}]},
                "permit": {"disabled": [{"name": "*"}]},
                "preBind": {"disabled": [{"name": "VolumeBinding"}]},
                "bind": {"enabled": [{"name": "DefaultBinder"}]},
                "postBind": {"disabled": [{"name": "*"}]},
                "score": {"disabled": [{"name": "ImageLocality"}]},
            },
            "pluginConfig": [{"name": "VolumeBinding", "args": {"bindTimeoutSeconds": 60}}],
        }],
    });
    let (mut errors, mut found) = (FieldErrors::default(), Vec::new());
    parse_scheduler_config(&value, &mut errors, &mut found);
    assert!(errors.into_vec().is_empty());
    found.sort();
    let mut expected = vec![
        "clientConnection",
        "delayCacheUntilActive",
        "enableContentionProfiling",
        "enableProfiling",
        "extenders",
        "healthzBindAddress",
        "leaderElection",
        "metricsBindAddress",
        "parallelism",
        "profiles[0].pluginConfig[0].args.bindTimeoutSeconds",
        "profiles[0].plugins.bind",
        "profiles[0].plugins.permit",
        "profiles[0].plugins.postBind",
        "profiles[0].plugins.preBind",
        "profiles[0].plugins.queueSort",
        "profiles[0].plugins.reserve",
    ];
    expected.sort_unstable();
    assert_eq!(found, expected, "`score` has an effect");
}

#[test]
fn a_wrong_scheduler_config_is_refused_where_it_is_wrong() {
    let cases = [
        (
            "config.k8s.io/v1",
            "config.k8s.io/v1beta3",
            1,
            "apiVersion: `kubescheduler.config.k8s.io/v1beta3` is not supported",
        ),
        ("kind: KubeSchedulerConfiguration\n", "", 1, "kind: missing"),
        ("percentageOfNodesToScore: 50", "percentageOfNodesToScore: 150", 3, "150 is out of range (expected 0 to 100)"),
        (
            "percentageOfNodesToScore",
            "percentageOfNodeToScore",
            3,
            "unknown field (did you mean `percentageOfNodesToScore`?)",
        ),
        ("podInitialBackoffSeconds: 2", "podInitialBackoffSeconds: 20", 1, "podMaxBackoffSeconds: 10s is below"),
        ("schedulerName: default-scheduler", "schedulerName: packing", 29, "`packing` is given twice"),
        ("    score:", "    scores:", 11, "profiles[0].plugins.scores: unknown field"),
        ("weight: 5", "weight: five", 12, "weight: found string \"five\""),
        ("ignoredResourceGroups: [example.com]", "ignoredResourceGroups: [a/b]", 17, "`a/b` holds a slash"),
        ("type: RequestedToCapacityRatio", "type: Least", 19, "unknown value `Least`"),
        ("weight: 3", "weight: 300", 20, "scoringStrategy.resources[0].weight: 300 is out of range"),
        ("utilization: 100", "utilization: 0", 22, "0 is not above the one before it"),
        ("score: 10", "score: 11", 22, "score: 11 is out of range"),
        ("defaultingType: List", "defaultingType: None", 25, "unknown value `None`"),
        ("defaultingType: List", "defaultingType: System", 26, "is given with defaultingType System"),
        ("whenUnsatisfiable: ScheduleAnyway", "whenUnsatisfiable: Soon", 26, "unknown value `Soon`"),
        ("hardPodAffinityWeight: 7", "hardPodAffinityWeight: 101", 28, "101 is out of range"),
        (
            "hardPodAffinityWeight: 7",
            "hardAffinityWeight: 7",
            28,
            "pluginConfig[2].args.hardAffinityWeight: unknown field",
        ),
        ("name: InterPodAffinity", "name: InterPod", 27, "`InterPod` has no arguments that are known"),
        ("name: InterPodAffinity", "name: NodeResourcesFit", 27, "`NodeResourcesFit` is given twice"),
    ];
    for (from, to, line, fragment) in cases {
        assert!(SCHEDULER_CONFIG.contains(from), "{from}");
        let mut diagnostics = Diagnostics::default();
        let text = SCHEDULER_CONFIG.replacen(from, to, 1);
        let config = load_scheduler_config(text_source("s.yaml", &text), &mut diagnostics);
        assert!(config.is_none(), "{to}");
        let wanted = format!("s.yaml:{line}:");
        let errors: Vec<_> = diagnostics.errors().map(ToString::to_string).collect();
        assert!(
            errors.iter().any(|error| error.starts_with(&wanted) && error.contains(fragment)),
            "{to}: expected {wanted} {fragment}, found {errors:#?}"
        );
    }
}

/// How a manifest is spoilt.
#[derive(Clone, Debug)]
enum Damage {
    /// A byte becomes another.
    Flip(usize, u8),
    /// Bytes go.
    Delete(usize, usize),
    /// A line's value becomes something else.
    Replace(usize, String),
    /// A line goes.
    DropLine(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just("-1".to_owned()),
        Just("1e400".to_owned()),
        Just("99999999999999999999999999".to_owned()),
        Just("''".to_owned()),
        Just("[[[{a: 1}]]]".to_owned()),
        Just("&a [*a]".to_owned()),
        Just("'\u{fffd}\u{0}'".to_owned()),
        "[ -~]{0,12}",
        "\\PC{0,6}",
    ];
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        (any::<usize>(), 1_usize..40).prop_map(|(at, count)| Damage::Delete(at, count)),
        (any::<usize>(), value).prop_map(|(at, value)| Damage::Replace(at, value)),
        any::<usize>().prop_map(Damage::DropLine),
    ]
}

fn spoil(text: &str, damages: &[Damage]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        let mut by_line = |at: usize, change: &dyn Fn(&str) -> Option<String>| {
            let whole = String::from_utf8_lossy(&bytes).into_owned();
            let count = whole.lines().count().max(1);
            let lines = whole.lines().enumerate();
            let kept = lines.filter_map(
                |(index, line)| {
                    if index == at % count { change(line) } else { Some(line.to_owned()) }
                },
            );
            bytes = kept.collect::<Vec<_>>().join("\n").into_bytes();
        };
        match damage {
            Damage::Flip(at, byte) => bytes[at % length] = *byte,
            Damage::Delete(at, count) => {
                let begin = at % length;
                bytes.drain(begin..(begin + count).min(length));
            }
            Damage::Replace(at, value) => by_line(*at, &|line| {
                Some(match line.split_once(": ") {
                    Some((key, _)) => format!("{key}: {value}"),
                    None => format!("{line} {value}"),
                })
            }),
            Damage::DropLine(at) => by_line(*at, &|_| None),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to a manifest, reading it ends without a panic, and every problem has a place in the text.
    #[test]
    fn spoilt_manifests_are_refused_without_a_panic(
        which in 0_usize..4,
        damages in prop::collection::vec(damage(), 1..6),
    ) {
        let (name, text) = match which {
            0 => ("a.yaml", DEPLOYMENT.to_owned()),
            1 => ("a.yaml", OTHERS.to_owned()),
            2 => ("a.yaml", DUMPED_POD.to_owned()),
            _ => ("a.json", to_json(DUMPED_POD)),
        };
        let text = spoil(&text, &damages);
        let (_, diagnostics) = load(name, &text);
        for diagnostic in diagnostics.iter() {
            let line = diagnostic.line.unwrap_or(0);
            prop_assert!((1..=text.lines().count() + 1).contains(&line), "{diagnostic}");
        }
        let mut diagnostics = Diagnostics::default();
        let config = spoil(SCHEDULER_CONFIG, &damages);
        load_scheduler_config(text_source("s.yaml", &config), &mut diagnostics);
    }
}
