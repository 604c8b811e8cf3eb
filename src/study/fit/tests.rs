//! Properties of the answers on random clusters, and what budgets and annotations do.

use super::pod::PodToFit;
use super::prepare::Study;
use super::*;
use crate::api::{
    Container, DaemonSet, DaemonSetUpdateStrategy, IntOrPercent, KubernetesVersion, LabelSelector, Labels, LimitRange,
    LimitRangeItem, LimitType, Node, Object, ObjectMeta, OwnerReference, Pod, PodDisruptionBudget, PodPhase, PodSpec,
    PodTemplate, PriorityClass, ResourceList, well_known,
};
use crate::input::manifest::LoadedPod;
use crate::input::pool_shape::PoolShape;
use crate::report::fit::CompressReport;
use crate::scheduler::SchedulerConfig;
use crate::study::cluster_view::ClusterView;
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

fn meta(namespace: &str, name: &str) -> ObjectMeta {
    ObjectMeta { name: name.into(), namespace: namespace.into(), ..ObjectMeta::default() }
}

fn resources(cpu: i64, pods: Option<i64>) -> ResourceList {
    ResourceList { cpu: Some(MilliCpu::new(cpu)), memory: Some(Bytes::new(64 << 30)), pods, ..ResourceList::default() }
}

fn template(app: &str, cpu: i64) -> Arc<PodTemplate> {
    let requests = ResourceList { cpu: Some(MilliCpu::new(cpu)), ..ResourceList::default() };
    let containers = vec![Container { name: "main".into(), requests, ..Container::default() }];
    let labels = [("app", app)].into_iter().collect();
    Arc::new(PodTemplate { labels, spec: PodSpec { containers, ..PodSpec::default() }, ..PodTemplate::default() })
}

fn node(name: &str, cpu: i64) -> Node {
    let labels: Labels = [(well_known::HOSTNAME, name)].into_iter().collect();
    let allocatable = resources(cpu, Some(20));
    Node { meta: ObjectMeta { labels, ..meta("", name) }, allocatable, ..Node::default() }
}

/// A pod of the ReplicaSet `app` on a node.
fn pod(app: &str, number: usize, on: &str, cpu: i64) -> Pod {
    let owner = Some(OwnerReference { kind: "ReplicaSet".into(), name: app.into() });
    Pod {
        meta: ObjectMeta { owner, ..meta("default", &format!("{app}-{number}")) },
        template: template(app, cpu),
        node_name: Some(on.into()),
        ..Pod::default()
    }
}

fn study(objects: Vec<Object>, asked: Option<i64>) -> Study {
    study_of(objects, asked.map(|cpu| template("asked", cpu)))
}

/// A question about a pod of the template `asked`.
fn study_of(objects: Vec<Object>, asked: Option<Arc<PodTemplate>>) -> Study {
    let mut view = ClusterView::new(&objects, KubernetesVersion::default());
    let pod = asked.map(|template| {
        let loaded = LoadedPod {
            kind: "Pod",
            meta: meta("default", "asked"),
            template,
            selector: None,
            owner: None,
            node_name: None,
            file: "asked.yaml".into(),
            line: 1,
        };
        PodToFit::new(&loaded, &objects, &mut view, &mut Vec::new()).unwrap()
    });
    Study { objects, view, pod, profiles: SchedulerConfig::default().profiles, notes: Vec::new() }
}

/// Nodes of 1 to 4 cores, with pods that fit there.
fn cluster(nodes: &[(i64, Vec<i64>)]) -> Vec<Object> {
    let mut objects = Vec::new();
    for (index, (cpu, pods)) in nodes.iter().enumerate() {
        let name = format!("n{index}");
        objects.push(Object::Node(node(&name, *cpu)));
        let mut free = *cpu;
        for (number, request) in pods.iter().enumerate().filter(|(_, request)| **request <= *cpu) {
            if *request <= free {
                free -= request;
                objects.push(Object::Pod(pod("web", index * 100 + number, &name, *request)));
            }
        }
    }
    objects
}

#[test]
fn the_pod_is_admitted_as_in_a_run() {
    let default_request = ResourceList { cpu: Some(MilliCpu::new(300)), ..ResourceList::default() };
    let range = LimitRangeItem {
        limit_type: LimitType::Container,
        max: ResourceList::default(),
        min: ResourceList::default(),
        default: ResourceList::default(),
        default_request,
        max_limit_request_ratio: Vec::new(),
    };
    let class = |name: &str, value| PriorityClass {
        meta: meta("", name),
        value,
        global_default: true,
        ..PriorityClass::default()
    };
    let objects = vec![
        Object::Node(node("n1", 1000)),
        Object::LimitRange(LimitRange { meta: meta("default", "requests"), limits: vec![range] }),
        Object::PriorityClass(class("a", 2000)),
        Object::PriorityClass(class("b", 1000)),
    ];
    let spec = PodSpec { containers: vec![Container::default()], ..PodSpec::default() };
    let asked = PodTemplate { spec, ..PodTemplate::default() };
    let study = study_of(objects, Some(Arc::new(asked)));
    let pod = study.pod.as_ref().unwrap();
    assert_eq!(pod.info().priority(), 1000, "of several default classes the lowest counts");
    assert_eq!(how_many(&study, 1000).unwrap().fits, 3, "the LimitRange makes each request 300 millicores of 1,000");
}

/// Where each pod ends up: node and cpu.
fn places(objects: &[Object], report: &CompressReport) -> BTreeMap<String, (String, i64)> {
    let mut places = BTreeMap::new();
    for object in objects {
        if let Object::Pod(pod) = object {
            let cpu = pod.template.spec.containers[0].requests.cpu.unwrap().get();
            let on = pod.node_name.as_deref().unwrap().to_owned();
            places.insert(format!("{}/{}", pod.meta.namespace, pod.meta.name), (on, cpu));
        }
    }
    for node in &report.dropped {
        for step in &node.moves {
            let place = places.get_mut(&step.pod).unwrap();
            assert_eq!(place.0, node.node, "{} moves from where it is", step.pod);
            place.0.clone_from(&step.to);
        }
    }
    places
}

fn nodes_and_pods() -> impl Strategy<Value = Vec<(i64, Vec<i64>)>> {
    let pods = prop::collection::vec((1_i64..=8).prop_map(|eighths| eighths * 250), 0..6);
    prop::collection::vec(((1_i64..=4).prop_map(|cores| cores * 1000), pods), 1..7)
}

proptest! {
    /// With cpu as the only bound, the answer is the sum of what each node takes.
    #[test]
    fn as_many_fit_as_the_nodes_have_room_for(nodes in nodes_and_pods(), eighths in 1_i64..12) {
        let cpu = eighths * 250;
        let objects = cluster(&nodes);
        let study = study(objects, Some(cpu));
        let report = how_many(&study, 1000).unwrap();
        let expected: i64 = study.view.scheduler.snapshot().nodes().map(|node| {
            let free = node.allocatable().cpu.get() - node.requested().cpu.get();
            let pods = 20 - i64::try_from(node.pods().len()).unwrap();
            (free / cpu).min(pods)
        }).sum();
        prop_assert_eq!(i64::try_from(report.fits).unwrap(), expected);
        prop_assert!(!report.stopped_at_max);
        prop_assert!(report.nodes.iter().all(|node| node.free_cpu_cores >= 0.0 && node.rejected_by.is_some()));
        if report.fits > 0 {
            let fewer = how_many(&study, report.fits).unwrap();
            prop_assert_eq!(fewer.fits, report.fits);
            prop_assert!(fewer.stopped_at_max);
        }
    }

    /// The number of nodes is the smallest that works, and the room on present nodes counts.
    #[test]
    fn no_fewer_nodes_would_do(nodes in nodes_and_pods(), wanted in 1_usize..40) {
        let study = study(cluster(&nodes), Some(500));
        let present = how_many(&study, 1000).unwrap().fits;
        let shape: PoolShape = "cpu=2,memory=64Gi".parse().unwrap();
        let report = nodes_for(&study, wanted, &shape, "").unwrap().unwrap();
        prop_assert_eq!(report.nodes_needed, Some(wanted.saturating_sub(present).div_ceil(4)));
        prop_assert_eq!(report.fits, wanted);
    }

    /// Whatever goes, every pod is on a node that stays, and no node holds more than it has.
    #[test]
    fn no_pod_is_lost(nodes in nodes_and_pods()) {
        let objects = cluster(&nodes);
        let study = study(objects.clone(), None);
        let report = compress(&study, PLAIN);
        prop_assert_eq!(report.dropped.len() + report.kept.len(), nodes.len());
        prop_assert!(!report.kept.is_empty());
        let places = places(&objects, &report);
        for kept in &report.kept {
            let sum: i64 = places.values().filter(|(on, _)| *on == kept.node).map(|(_, cpu)| cpu).sum();
            let node = study.view.nodes.iter().find(|node| *node.meta.name == *kept.node).unwrap();
            prop_assert!(sum <= node.allocatable.cpu.unwrap().get(), "{} holds {}m", kept.node, sum);
        }
        for (name, (on, _)) in &places {
            prop_assert!(report.kept.iter().any(|kept| kept.node == *on), "{} is on {}, which went", name, on);
        }
        // An empty node always goes while another stays.
        for kept in report.kept.iter().filter(|_| report.kept.len() > 1) {
            prop_assert!(places.values().any(|(on, _)| *on == kept.node), "{} is empty and stays", kept.node);
        }
    }
}

fn budget(app: &str, min_available: Option<IntOrPercent>, max_unavailable: Option<IntOrPercent>) -> Object {
    let selector = LabelSelector::from_match_labels(&[("app", app)].into_iter().collect());
    Object::PodDisruptionBudget(PodDisruptionBudget {
        meta: meta("default", app),
        selector: Some(selector),
        min_available,
        max_unavailable,
        ..PodDisruptionBudget::default()
    })
}

/// What keeps `n0`, which has two of the three pods; `n1` has the third and `n2` room for all.
fn keeps_the_first_node(change: impl FnOnce(&mut Vec<Object>), rules: EvictionRules) -> Option<&'static str> {
    let mut objects = vec![
        Object::Node(node("n0", 1000)),
        Object::Node(node("n1", 8000)),
        Object::Node(node("n2", 8000)),
        Object::Pod(pod("web", 0, "n0", 100)),
        Object::Pod(pod("web", 1, "n0", 100)),
        Object::Pod(pod("web", 2, "n1", 4000)),
        Object::Pod(pod("other", 0, "n2", 5000)),
    ];
    change(&mut objects);
    let report = compress(&study(objects, None), rules);
    report.kept.iter().find(|node| node.node == "n0").map(|node| node.blocked_by)
}

fn with_pod(objects: &mut [Object], change: impl Fn(&mut Pod)) {
    for object in objects {
        if let Object::Pod(pod) = object
            && &*pod.meta.name == "web-0"
        {
            change(pod);
        }
    }
}

fn annotate(pod: &mut Pod, key: &str, value: &str) {
    let mut template = PodTemplate::clone(&pod.template);
    template.annotations = template.annotations.with(key, value);
    pod.template = Arc::new(template);
}

/// Makes `web-0` a pod without a controller.
fn orphan(pod: &mut Pod) {
    pod.meta.owner = None;
}

fn orphan_annotated(pod: &mut Pod, key: &str, value: &str) {
    orphan(pod);
    annotate(pod, key, value);
}

fn owned_by_daemon_set(pod: &mut Pod) {
    pod.meta.owner = Some(OwnerReference { kind: "DaemonSet".into(), name: "agent".into() });
}

fn in_kube_system(pod: &mut Pod) {
    pod.meta.namespace = "kube-system".into();
}

const SAFE: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
const PLAIN: EvictionRules = EvictionRules { evict_bare_pods: false, keep_system_pods: false };
const BARE: EvictionRules = EvictionRules { evict_bare_pods: true, ..PLAIN };
const SYSTEM: EvictionRules = EvictionRules { keep_system_pods: true, ..PLAIN };

#[test]
fn pods_keep_their_node_or_not() {
    type Change = fn(&mut Pod);
    let cases: [(Change, EvictionRules, Option<&str>, &str); 10] = [
        (|_| {}, PLAIN, None, "nothing"),
        (orphan, PLAIN, Some("no-controller"), "nothing creates it again"),
        (orphan, BARE, None, "as asked for"),
        (|pod| orphan_annotated(pod, SAFE, "true"), PLAIN, None, "its owner says so"),
        (|pod| annotate(pod, SAFE, "false"), BARE, Some("not-safe-to-evict"), "its owner says so"),
        (in_kube_system, PLAIN, None, "system pods move"),
        (in_kube_system, SYSTEM, Some("system-pod"), "as asked for"),
        (owned_by_daemon_set, SYSTEM, None, "a DaemonSet's pod ends with its node"),
        (|pod| orphan_annotated(pod, "kubernetes.io/config.mirror", "x"), PLAIN, None, "a static pod ends too"),
        (|pod| pod.meta.deletion_time = Some(SimTime::ZERO), PLAIN, None, "a pod that is being deleted goes anyway"),
    ];
    for (change, rules, expected, why) in cases {
        assert_eq!(keeps_the_first_node(|all| with_pod(all, change), rules), expected, "{why}");
    }
}

#[test]
fn budgets_keep_a_node_or_not() {
    use IntOrPercent::{Int, Percent};
    let mut second = budget("web", Some(Int(1)), None);
    if let Object::PodDisruptionBudget(budget) = &mut second {
        budget.meta.name = "second".into();
    }
    let blocked = Some("disruption-budget");
    let cases = [
        (vec![budget("web", Some(Int(2)), None)], None, "one may be gone, and they go one by one"),
        (vec![budget("web", Some(Int(3)), None)], blocked, "all must be there"),
        (vec![budget("web", None, Some(Percent(1)))], None, "a percentage rounds up to one"),
        (vec![budget("web", None, Some(Int(0)))], blocked, "none may be gone"),
        (vec![budget("other", None, Some(Int(0)))], None, "the budget of other pods"),
        (vec![budget("web", Some(Int(1)), None), second], blocked, "two budgets for one pod"),
    ];
    for (budgets, expected, why) in cases {
        assert_eq!(keeps_the_first_node(|all| all.extend(budgets), PLAIN), expected, "{why}");
    }
    let not_ready = |pod: &mut Pod| {
        pod.status.phase = PodPhase::Running;
        pod.status.ready = Some((false, SimTime::ZERO));
    };
    let unhealthy = keeps_the_first_node(
        |all| {
            with_pod(all, not_ready);
            all.push(budget("web", Some(Int(2)), None));
        },
        PLAIN,
    );
    assert_eq!(unhealthy, None, "the pod that is not ready goes first, and with its replacement one may be gone");
}

#[test]
fn nodes_stay_for_themselves() {
    let first_node = |change: fn(&mut Node)| {
        move |all: &mut Vec<Object>| {
            if let Some(Object::Node(node)) = all.first_mut() {
                change(node);
            }
        }
    };
    let control_plane = first_node(|node| {
        node.meta.labels = node.meta.labels.with("node-role.kubernetes.io/control-plane", "");
    });
    assert_eq!(keeps_the_first_node(control_plane, BARE), Some("control-plane"));
    let annotated = first_node(|node| {
        let key = "cluster-autoscaler.kubernetes.io/scale-down-disabled";
        node.meta.annotations = node.meta.annotations.with(key, "true");
    });
    assert_eq!(keeps_the_first_node(annotated, BARE), Some("scale-down-disabled"));
}

#[test]
fn new_nodes_carry_the_pods_of_daemon_sets() {
    let set = |cpu| {
        Object::DaemonSet(DaemonSet {
            meta: meta("kube-system", "agent"),
            selector: LabelSelector::default(),
            template: template("agent", cpu),
            update_strategy: DaemonSetUpdateStrategy::OnDelete,
            min_ready: SimDuration::ZERO,
        })
    };
    let mut of_set = pod("agent", 0, "n0", 500);
    of_set.meta.owner = Some(OwnerReference { kind: "DaemonSet".into(), name: "agent".into() });
    let base = vec![Object::Node(node("n0", 500))];
    let cases = [
        (vec![], 2, "two of 1000m on a node of 2 cores"),
        (vec![set(500)], 1, "the DaemonSet takes its part"),
        (vec![Object::Pod(of_set)], 1, "known by its pod"),
    ];
    for (more, per_node, why) in cases {
        let study = study([base.clone(), more].concat(), Some(1000));
        let report = nodes_for(&study, 4, &"cpu=2,memory=64Gi".parse().unwrap(), "").unwrap().unwrap();
        assert_eq!(report.nodes_needed, Some(4 / per_node), "{why}");
    }
}

#[test]
fn a_copy_of_a_node_is_a_fresh_one() {
    let mut original = node("n0", 2000);
    original.unschedulable = true;
    let taint = |key: &str| crate::api::Taint {
        key: key.into(),
        value: "".into(),
        effect: crate::api::TaintEffect::NoSchedule,
        time_added: None,
    };
    original.taints = vec![taint(well_known::TAINT_UNSCHEDULABLE)];
    let full = Object::Pod(pod("web", 0, "n0", 2000));
    let study = study(vec![Object::Node(original.clone()), full.clone()], Some(1000));
    let report = nodes_for(&study, 4, &"like=n0".parse().unwrap(), "").unwrap().unwrap();
    assert_eq!(report.nodes_needed, Some(2), "the cordon and its taint are not copied, nor are the pods");
    original.taints.push(taint("dedicated"));
    let study = self::study(vec![Object::Node(original), full], Some(1000));
    let report = nodes_for(&study, 4, &"like=n0".parse().unwrap(), "").unwrap().unwrap();
    assert_eq!(report.nodes_needed, None, "other taints are");
    assert!(nodes_for(&study, 4, &"like=gone".parse().unwrap(), "").unwrap_err().contains("gone"));
}
