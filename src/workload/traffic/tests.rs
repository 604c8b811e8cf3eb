//! Shares of the load, CPU time and what is left unserved, over small clusters.

use super::*;
use crate::api::{self, Container, Kind, LabelSelector, Name, ObjectMeta, PodSpec, PodTemplate, ResourceList};
use crate::cluster::NewPod;
use crate::engine::EventQueue;
use crate::input::scenario::Rate;
use crate::units::MilliCpu;
use std::sync::Arc;

/// A Deployment `default/web` with two running pods on two nodes, each with a limit of `limit` millicores.
fn cluster(limit: i64) -> (Cluster, Vec<PodId>) {
    let mut cluster = Cluster::default();
    let limits = ResourceList { cpu: Some(MilliCpu::new(limit)), ..ResourceList::default() };
    let spec = PodSpec { containers: vec![Container { limits, ..Container::default() }], ..PodSpec::default() };
    let template = Arc::new(PodTemplate { spec, ..PodTemplate::default() });
    let id = cluster.intern_template(&template);
    let meta = ObjectMeta { name: Name::from("web"), namespace: Name::from("default"), ..ObjectMeta::default() };
    let object = api::Deployment {
        meta,
        replicas: 2,
        selector: LabelSelector::default(),
        template,
        strategy: api::DeploymentStrategy::default(),
        min_ready: SimDuration::ZERO,
        progress_deadline: None,
        revision_history_limit: 10,
        paused: false,
    };
    let deployment = cluster.apply_deployment(object.with_template(id), SimTime::ZERO);
    let workload = cluster.deployment(deployment).workload;
    assert_eq!(cluster.workload(workload).kind, Kind::Deployment);
    let pods = (0..2)
        .map(|index| {
            let node = api::Node {
                meta: ObjectMeta { name: Name::from(format!("n{index}")), ..ObjectMeta::default() },
                ..api::Node::default()
            };
            let node = cluster.add_node(Arc::new(node), None, SimTime::ZERO);
            let new = NewPod {
                name: Name::from(format!("web-{index}")),
                namespace: cluster.deployment(deployment).namespace,
                template: id,
                owner: None,
                workload: Some(workload),
                ordinal: 0,
                arrival: None,
                run_for: None,
            };
            let pod = cluster.add_pod(new, SimTime::ZERO);
            cluster.bind(pod, node, SimTime::ZERO);
            cluster.set_pod_running(pod, SimTime::ZERO);
            cluster.set_pod_ready(pod, true, SimTime::ZERO);
            cluster.set_pod_in_endpoints(pod, true);
            pod
        })
        .collect();
    (cluster, pods)
}

/// Traffic of 100 requests/s that cost 10 ms each, on top of 50 millicores per pod.
fn traffic(cluster: &Cluster, pods: &[PodId]) -> Traffic {
    let entry = scenario::Traffic {
        name: None,
        target: Some(scenario::Target {
            kind: Kind::Deployment,
            namespace: "default".to_owned(),
            name: "web".to_owned(),
        }),
        http: None,
        request_bytes: None,
        response_bytes: None,
        container: None,
        fidelity: scenario::Fidelity::Fluid,
        rate: Some(Rate::Constant(100.0)),
        spacing: scenario::RequestSpacing::Poisson,
        users: None,
        sessions: None,
        producer: None,
        cpu_per_request: serde_json::from_value("10ms".into()).expect("a duration"),
        cpu_idle: serde_json::from_value("50m".into()).expect("an amount"),
        cpu_until_ready: None,
        memory_per_pod: scenario::Amount::from_units(1000),
        memory_per_request: scenario::Amount::from_units(10),
        slo: scenario::ServiceLevelObjective::default(),
        server: scenario::Server::default(),
        routing: scenario::Routing::default(),
        error_rate: None,
        backends: Vec::new(),
        retries: scenario::Retries::default(),
        mesh: None,
    };
    let mut traffic = Traffic::new(
        &[entry],
        (SimTime::ZERO, SimTime::from_secs(3600)),
        SimDuration::from_minutes(1),
        RandomStreams::new(1),
    );
    let mut queue: EventQueue<RateChange> = EventQueue::default();
    traffic.start(&mut queue);
    while let Some((_, change)) = queue.pop() {
        traffic.handle(change, cluster, &mut queue);
    }
    for pod in pods {
        traffic.observe(Change::PodEndpoint(*pod), cluster, SimTime::ZERO);
    }
    traffic
}

#[test]
fn load_is_shared_and_cut_at_the_limits() {
    let cases = [
        (1000, 1100.0, 0.0, "each pod serves 50/s with 500 millicores on top of 50"),
        (300, 600.0, 50.0, "a limit of 300 leaves 250 of 500 millicores to requests"),
    ];
    for (limit, cpu, unserved, why) in cases {
        let (cluster, pods) = cluster(limit);
        let mut traffic = traffic(&cluster, &pods);
        let (_, _, load) = traffic.take_changed().next_back().expect("the load changed");
        assert!((load.cpu - cpu).abs() < 1e-9 && (load.unserved - unserved).abs() < 1e-9, "{why}: {load:?}");
        assert!((load.memory - 2.0 * 1500.0).abs() < 1e-9, "{why}: memory");
    }
}

#[test]
fn an_endpoint_on_a_dead_machine_loses_its_share() {
    let (mut cluster, pods) = cluster(2000);
    let mut traffic = traffic(&cluster, &pods);
    let node = cluster.pod(pods[0]).node.expect("it is bound");
    cluster.set_machine(node, Machine::Down);
    traffic.observe(Change::Machine { node, was: Machine::Up }, &cluster, SimTime::from_secs(10));
    let (_, _, load) = traffic.take_changed().next_back().expect("the load changed");
    assert!((load.unserved - 50.0).abs() < 1e-9, "half of the requests go to the dead endpoint: {load:?}");
    cluster.set_pod_ready(pods[0], false, SimTime::from_secs(50));
    traffic.observe(Change::PodReadiness(pods[0]), &cluster, SimTime::from_secs(50));
    let (_, _, load) = traffic.take_changed().next_back().expect("the load changed");
    assert!(load.unserved.abs() < 1e-9, "once it is marked, the other pod gets everything: {load:?}");
    // 10 s at 550 millicores, 40 s at 550 and 10 s at 1,050.
    let used = traffic.cpu_used(pods[1], SimTime::ZERO, SimTime::from_secs(60)).expect("it has traffic");
    assert!((used / 1e9 - (50.0 * 550.0 + 10.0 * 1050.0)).abs() < 1e-3, "{used}");
    let dead = traffic.cpu_used(pods[0], SimTime::ZERO, SimTime::from_secs(60)).expect("it had traffic");
    assert!((dead / 1e9 - 10.0 * 550.0).abs() < 1e-3, "nothing is used on a dead machine: {dead}");
}

#[test]
fn what_pods_used_stays_when_they_are_gone() {
    let (mut cluster, pods) = cluster(2000);
    let mut traffic = traffic(&cluster, &pods);
    let end = SimTime::from_secs(100);
    let nodes = |traffic: &Traffic| {
        let mut used = [0, 0];
        traffic.usage_by_node(end).for_each(|(node, amount)| used[node.index()] += amount);
        used.map(|amount| amount / 1_000_000_000)
    };
    assert_eq!(nodes(&traffic), [55_000, 55_000], "two pods at 550 millicores");
    let half = SimTime::from_secs(50);
    cluster.remove_pod(pods[0], half);
    traffic.observe(Change::PodRemoved(pods[0]), &cluster, half);
    assert!(traffic.pods[pods[0].index()].is_none(), "nothing is kept of it");
    assert_eq!(traffic.cpu_used(pods[0], SimTime::ZERO, half), None);
    assert_eq!(nodes(&traffic), [27_500, 27_500 + 52_500], "the other one has all requests then");
}
