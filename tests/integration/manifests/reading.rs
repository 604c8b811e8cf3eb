//! What a right manifest says: every kind, API-server defaults, dumps, lists, lines, files.

use super::{DEPLOYMENT, DUMPED_POD, OTHERS, load, load_right, start, text_source, to_json};
use wavetank::api::{self, Object};
use wavetank::input::manifest::load_objects;
use wavetank::input::{Diagnostics, ManifestSource};
use wavetank::units::{Bytes, MilliCpu, SimDuration, SimTime};

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
    let kinds: Vec<_> = objects.iter().map(|object| object.kind().as_str()).collect();
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
            Object::Namespace(namespace) => {
                assert_eq!(namespace.meta.labels.get("kubernetes.io/metadata.name").map(|name| &**name), Some("shop"));
            }
            Object::StatefulSet(set) => {
                assert_eq!(
                    set.update_strategy,
                    api::StatefulSetUpdateStrategy::RollingUpdate { partition: 1, max_unavailable: None }
                );
                assert_eq!(set.pod_management_policy, api::PodManagementPolicy::Parallel);
            }
            Object::DaemonSet(set) => {
                let expected = api::DaemonSetUpdateStrategy::RollingUpdate {
                    max_unavailable: api::IntOrPercent::Int(1),
                    max_surge: api::IntOrPercent::Int(0),
                };
                assert_eq!(set.update_strategy, expected);
            }
            Object::PodDisruptionBudget(budget) => {
                assert_eq!(budget.min_available, Some(api::IntOrPercent::Percent(50)));
            }
            _ => {}
        }
    }
}

#[test]
fn a_runtime_class_is_read() {
    let text = "\
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: vm}
handler: kata
overhead: {podFixed: {cpu: 50m, memory: 200Mi}}
scheduling:
  nodeSelector: {virt: 'yes'}
  tolerations: [{key: virt, operator: Exists}]
";
    let objects = load_right("vm.yaml", text);
    let [Object::RuntimeClass(class)] = objects.as_slice() else { panic!("{objects:?}") };
    assert_eq!(class.overhead.as_ref().and_then(|overhead| overhead.memory), Some(Bytes::new(200 << 20)));
    assert_eq!(class.node_selector.get("virt").map(|value| &**value), Some("yes"));
    assert_eq!(class.tolerations[0].operator, api::TolerationOperator::Exists);
    let cases = [
        ("handler: kata\n", "", "handler: missing"),
        ("200Mi", "-1", "overhead.podFixed.memory: -1 is negative"),
        ("virt: 'yes'", "virt: 'a b'", "scheduling.nodeSelector.virt: `a b` is not a label value"),
        ("Exists}", "Is}", "scheduling.tolerations[0].operator: unknown value `Is`"),
    ];
    for (from, to, expected) in cases {
        let (_, diagnostics) = load("vm.yaml", &text.replacen(from, to, 1));
        let errors: Vec<String> = diagnostics.errors().map(ToString::to_string).collect();
        assert!(errors.iter().any(|error| error.contains(expected)), "{expected}: {errors:?}");
    }
}

#[test]
fn capacity_buffers_and_pod_templates_are_read() {
    let text = "\
apiVersion: autoscaling.x-k8s.io/v1beta1
kind: CapacityBuffer
metadata: {name: web, namespace: shop}
spec:
  scalableRef: {apiGroup: apps, kind: Deployment, name: web}
  percentage: 20
  limits: {cpu: '8'}
---
apiVersion: v1
kind: PodTemplate
metadata: {name: large}
template:
  spec:
    containers: [{name: c, image: c:1, resources: {requests: {cpu: 500m}}}]
";
    let objects = load_right("buffers.yaml", text);
    let [Object::CapacityBuffer(buffer), Object::PodTemplate(template)] = objects.as_slice() else {
        panic!("{objects:?}")
    };
    let Some(api::BufferShape::Scalable(reference)) = &buffer.shape else { panic!("{:?}", buffer.shape) };
    assert_eq!((&*reference.group, &*reference.kind, &*reference.name), ("apps", "Deployment", "web"));
    assert_eq!((buffer.percentage, buffer.replicas, &*buffer.strategy), (Some(20), None, api::ACTIVE_CAPACITY));
    assert_eq!(template.template.spec.containers.len(), 1);
    let cases = [
        ("percentage: 20", "percentage: -1", "spec.percentage: -1 is negative"),
        ("kind: Deployment, name: web", "name: web", "spec.scalableRef.kind: missing"),
        ("percentage: 20", "podTemplateRef: {name: large}", "podTemplateRef and scalableRef are both given"),
        ("cpu: '8'", "cpu: eight", "spec.limits.cpu: "),
        ("template:\n  spec:", "template:\n  metadata:", "template.spec: missing"),
    ];
    for (from, to, expected) in cases {
        let (_, diagnostics) = load("buffers.yaml", &text.replacen(from, to, 1));
        let errors: Vec<String> = diagnostics.errors().map(ToString::to_string).collect();
        assert!(errors.iter().any(|error| error.contains(expected)), "{expected}: {errors:?}");
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
fn lines_are_those_of_the_objects() {
    let text = format!("# comment\n\n---\n# head\n{DEPLOYMENT}---\n{OTHERS}");
    let (objects, _) = load("a.yaml", &text);
    assert_eq!(objects[0].line, 5);
    let node = 6 + DEPLOYMENT.lines().count();
    assert_eq!(objects[1].line, node);
    assert_eq!(objects[2].line, node + 11);
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: b}\n";
    let lines = |name: &str, text: &str| load(name, text).0.iter().map(|loaded| loaded.line).collect::<Vec<_>>();
    assert_eq!(lines("l.yaml", list), [4, 7]);
    assert_eq!(lines("l.json", &to_json(list)), [5, 12]);
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
            "minReplicas: -1",
            "hpa.yaml:6:3: `HorizontalPodAutoscaler shop/web`: spec.minReplicas: is -1",
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
fn of_an_object_that_is_given_twice_the_last_counts() {
    let mut diagnostics = Diagnostics::default();
    let again = DEPLOYMENT.replacen("replicas: 3", "replicas: 4", 1);
    let sources = [
        text_source("a.yaml", &format!("{DEPLOYMENT}---\n{OTHERS}")),
        text_source("b.yaml", &format!("# again\n{again}")),
    ];
    let objects = load_objects(&sources, start(), &mut diagnostics);
    let Object::Deployment(web) = &objects[0].object else { panic!("{objects:?}") };
    assert_eq!((web.replicas, &*objects[0].file, objects[0].line), (4, "b.yaml", 2), "in the place of the first");
    let deployments = objects.iter().filter(|loaded| matches!(loaded.object, Object::Deployment(_)));
    assert_eq!(deployments.count(), 1);
    let told: Vec<_> = diagnostics.iter().map(ToString::to_string).filter(|text| text.contains("twice")).collect();
    let expected = "b.yaml:2:1: warning: `Deployment shop/web`: is given twice: this one counts\n  hint: it replaces the one in a.yaml:1";
    assert_eq!(told, [expected]);
    assert!(!diagnostics.has_errors(), "{diagnostics}");
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
        let names: Vec<String> = objects.iter().map(|loaded| loaded.object.meta().name.to_string()).collect();
        (names.join(" "), diagnostics.errors().map(|error| error.message.clone()).collect::<Vec<_>>())
    };
    let base = folder.path();
    assert_eq!(names(base.to_owned()), ("a b c z".to_owned(), vec![]));
    assert_eq!(names(base.join("*.yaml")), ("a z".to_owned(), vec![]));
    assert_eq!(names(base.join("c.json")), ("c".to_owned(), vec![]));
    assert_eq!(names(base.join("*.toml")).1, ["matches no file"]);
    assert_eq!(names(base.join("missing.yaml")).1.len(), 1);
    std::fs::create_dir_all(base.join("d/deep")).expect("folders");
    std::fs::write(base.join("d/deep/x.yaml"), namespace("deep")).expect("a file");
    std::fs::write(base.join("d/y.yaml"), namespace("last")).expect("a file");
    assert_eq!(names(base.to_owned()), ("a b c deep last z".to_owned(), vec![]), "as kubectl apply -R");
    std::fs::create_dir(base.join("empty")).expect("a folder");
    assert!(names(base.join("empty")).1[0].contains("holds no manifests"));
    std::fs::write(base.join("bad.yaml"), b"a: 1\nb: \xff\n").expect("a file");
    assert!(names(base.join("bad.yaml")).1[0].contains("is not UTF-8"));
}

#[test]
fn a_resource_quota_is_read_whole() {
    let quota = "\
apiVersion: v1
kind: ResourceQuota
metadata: {name: compute, namespace: shop}
spec:
  hard: {pods: 5, requests.cpu: 1500m, count/deployments.apps: 2}
  scopes: [NotTerminating]
  scopeSelector:
    matchExpressions: [{scopeName: PriorityClass, operator: In, values: [high, low]}]
";
    let objects = load_right("quota.yaml", &quota.replace(", count/deployments.apps: 2", ""));
    let [Object::ResourceQuota(compute)] = objects.as_slice() else { panic!("{objects:?}") };
    assert_eq!(compute.hard.to_string(), "pods=5,requests.cpu=1500m");
    assert_eq!(compute.scopes, [api::QuotaScope::NotTerminating]);
    let [requirement] = compute.scope_selector.as_slice() else { panic!("{:?}", compute.scope_selector) };
    assert_eq!((requirement.scope, requirement.values.len()), (api::QuotaScope::PriorityClass, 2));
    let objects = load_right("quota.yaml", quota);
    let [Object::ResourceQuota(counts)] = objects.as_slice() else { panic!("{objects:?}") };
    assert_eq!(counts.hard.get("count/deployments.apps"), Some(api::Quantity::from_units(2)), "no scope speaks of it");
}

#[test]
fn finalizers_are_read() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, finalizers: [sim/hold]}\n";
    let objects = load_right("held.yaml", text);
    assert_eq!(objects[0].meta().finalizers, ["sim/hold"]);
}
