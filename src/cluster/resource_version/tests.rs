//! Versions grow with changes, and with changes alone.

mod custom_objects;
mod random;

use crate::api::{self, DeploymentStatus, LabelSelector, ObjectMeta, PodPhase, Service};
use crate::cluster::{Change, Cluster, Disruption, NewPod, Node, NodeReady, ObjectId};
use crate::units::{SimDuration, SimTime};
use std::collections::BTreeMap;
use std::sync::Arc;

const NOW: SimTime = SimTime::ZERO;

fn meta(name: &str) -> ObjectMeta {
    ObjectMeta { name: name.into(), namespace: "default".into(), ..ObjectMeta::default() }
}

/// The version of every object.
fn versions(cluster: &Cluster) -> BTreeMap<ObjectId, u64> {
    cluster.objects().map(|object| (object, cluster.head_of(object).resource_version)).collect()
}

/// Makes a change and checks whose version has grown.
fn check(cluster: &mut Cluster, changed: &[ObjectId], why: &str, change: impl FnOnce(&mut Cluster)) {
    let before = versions(cluster);
    let highest = before.values().copied().max().unwrap_or_default();
    change(cluster);
    let after = versions(cluster);
    for (object, version) in &after {
        let grows = changed.contains(object);
        assert_eq!(before.get(object) != Some(version), grows, "{why}: {object:?}");
        assert!(!grows || *version > highest, "{why}: {object:?} has a version above all others");
    }
    let distinct: std::collections::BTreeSet<u64> = after.values().copied().collect();
    assert_eq!(distinct.len(), after.len(), "{why}: no two objects share a version");
}

#[test]
fn each_change_of_an_object_gives_it_a_new_version() {
    let mut cluster = Cluster::default();
    let template = cluster.intern_template(&Arc::default());
    let namespace = cluster.namespace(&"default".into(), NOW);
    let node = cluster.add_node(Arc::new(api::Node { meta: meta("n1"), ..api::Node::default() }), None, NOW);
    let service = cluster.apply_service(Service { meta: meta("web"), ..Service::default() }, NOW);
    let object = api::Deployment {
        meta: meta("web"),
        replicas: 2,
        selector: LabelSelector::default(),
        template,
        strategy: api::DeploymentStrategy::default(),
        min_ready: SimDuration::ZERO,
        progress_deadline: None,
        revision_history_limit: 10,
        paused: false,
    };
    let deployment = cluster.apply_deployment(object.clone(), NOW);
    let new = NewPod {
        name: "web-0".into(),
        namespace,
        template,
        owner: None,
        workload: None,
        ordinal: 0,
        arrival: None,
        run_for: None,
    };
    let pod = cluster.add_pod(new, NOW);
    let generation = |cluster: &Cluster| cluster.deployment(deployment).generation;
    let (on_pod, on_node) = ([ObjectId::Pod(pod)], [ObjectId::Node(node)]);
    let on_deployment = [ObjectId::Deployment(deployment)];
    let cluster = &mut cluster;
    check(cluster, &on_pod, "a failed attempt", |cluster| {
        cluster.note_scheduling_attempt(pod, Some(("no room".into(), false)));
    });
    check(cluster, &on_pod, "bound", |cluster| assert!(cluster.bind(pod, node, NOW)));
    check(cluster, &on_pod, "seen by the kubelet", |cluster| cluster.set_pod_start_time(pod, NOW));
    check(cluster, &[], "seen again", |cluster| cluster.set_pod_start_time(pod, NOW));
    check(cluster, &on_pod, "running", |cluster| cluster.set_pod_running(pod, NOW));
    check(cluster, &on_pod, "ready", |cluster| cluster.set_pod_ready(pod, true, NOW));
    check(cluster, &[], "ready already", |cluster| cluster.set_pod_ready(pod, true, NOW));
    check(cluster, &on_pod, "restarted", |cluster| cluster.note_pod_restart(pod));
    check(cluster, &on_node, "cordoned", |cluster| cluster.update_node(node, |node| node.unschedulable = true));
    check(cluster, &[], "cordoned already", |cluster| cluster.update_node(node, |node| node.unschedulable = true));
    check(cluster, &on_node, "silent", |cluster| {
        cluster.set_node_ready(node, NodeReady::Unknown, Node::NODE_STATUS_UNKNOWN, NOW);
    });
    check(cluster, &[], "the same Service", |cluster| {
        cluster.apply_service(Service { meta: meta("web"), ..Service::default() }, NOW);
    });
    check(cluster, &[ObjectId::Service(service)], "a headless Service", |cluster| {
        cluster.apply_service(Service { meta: meta("web"), headless: true, ..Service::default() }, NOW);
    });
    check(cluster, &[], "the same Deployment", |cluster| {
        cluster.apply_deployment(object.clone(), NOW);
    });
    check(cluster, &on_deployment, "another label", |cluster| {
        let meta = ObjectMeta { labels: [("team", "a")].into_iter().collect(), ..meta("web") };
        cluster.apply_deployment(api::Deployment { meta, ..object.clone() }, NOW);
    });
    assert_eq!(generation(cluster), 1, "labels are no spec");
    check(cluster, &on_deployment, "scaled", |cluster| {
        cluster.update_deployment(deployment, |deployment| deployment.object.replicas = 3);
    });
    assert_eq!(generation(cluster), 2, "a change of the spec counts");
    let status = DeploymentStatus { observed_generation: 2, ..DeploymentStatus::default() };
    check(cluster, &on_deployment, "a status", |cluster| {
        assert!(cluster.set_deployment_status(deployment, status.clone()));
    });
    cluster.take_changes(&mut Vec::new());
    check(cluster, &[], "the same status", |cluster| {
        assert!(!cluster.set_deployment_status(deployment, status.clone()));
    });
    let mut changes: Vec<Change> = Vec::new();
    cluster.take_changes(&mut changes);
    assert!(changes.is_empty(), "a status write that changes nothing is no change");
    check(cluster, &on_pod, "ended", |cluster| cluster.end_pod(pod, PodPhase::Succeeded, "Completed", NOW));
    check(cluster, &on_pod, "deleted", |cluster| {
        cluster.delete_pod(pod, SimDuration::ZERO, Disruption::Deletion, NOW);
    });
    check(cluster, &on_deployment, "removed", |cluster| cluster.remove_deployment(deployment));
}
