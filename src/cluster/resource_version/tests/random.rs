//! Whatever is done to a cluster: an object has a new version exactly if what the API shows of it has changed, and a change
//! tells of each new version.

mod plain;

use super::custom_objects::custom_objects;
use crate::api::{
    ACTIVE_CAPACITY, CapacityBuffer, ClaimTemplate, ConcurrencyPolicy, ConfigKind, ConfigObject, CpuAndMemory, CronJob,
    CronJobSpec, CronJobStatus, CrossVersionObjectReference, CsiDriver, CsiNode, CsiStorageCapacity, DaemonSet,
    DaemonSetStatus, DaemonSetUpdateStrategy, Deployment, DeploymentStatus, DeploymentStrategy,
    HorizontalPodAutoscaler, HpaStatus, Job, JobSpec, Kind, LabelSelector, Labels, LimitRange, Namespace, Node, Object,
    ObjectMeta, PersistentVolume, PersistentVolumeClaim, Pod, PodDisruptionBudget, PodManagementPolicy, PodPhase,
    PodTemplate, PodTemplateObject, PriorityClass, RecommendedContainerResources, ReplicaSet, ResourceQuota,
    RuntimeClass, Service, StatefulSet, StatefulSetStatus, StatefulSetUpdateStrategy, StorageClass,
    VerticalPodAutoscaler, VpaUpdateMode, WithMeta,
};
use crate::cluster::{
    self, CapacityBufferStatus, Cluster, DisruptionBudgetStatus, JobStatus, NodeReady, ObjectHead, ObjectId,
    ReplicaSetStatus,
};
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use plain::plain_content;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const NAMESPACE: &str = "default";

/// What the API shows of an object besides its version.
fn content(cluster: &Cluster, object: ObjectId) -> String {
    match object {
        ObjectId::Namespace(id) => {
            let namespace = cluster.namespace_state(id);
            format!("{:?}", (&namespace.labels, namespace.deletion, &namespace.conditions, namespace.removed))
        }
        ObjectId::Node(id) => {
            let node = cluster.node(id);
            format!("{:?}", (&node.object, node.ready, node.ready_reason, node.ready_changed, node.removed))
        }
        ObjectId::Pod(id) => {
            let pod = cluster.pod(id);
            let status = (pod.phase, pod.ready, pod.ready_changed, pod.start_time, &pod.reason, pod.restarts);
            format!("{:?}", (&pod.name, pod.owner, pod.node, status, pod.unresolvable, pod.deletion, pod.removed))
        }
        ObjectId::Deployment(id) => {
            let deployment = cluster.deployment(id);
            format!("{:?}", (&deployment.object, &deployment.status, deployment.generation, deployment.removed))
        }
        ObjectId::ReplicaSet(id) => {
            let set = cluster.replica_set(id);
            let spec = (set.spec_replicas, set.template, set.min_ready);
            let annotations = (set.revision, set.desired_annotation, set.max_annotation);
            format!("{:?}", (spec, annotations, set.status, set.observed_generation, set.generation, set.removed))
        }
        ObjectId::StatefulSet(id) => {
            let set = cluster.stateful_set(id);
            format!("{:?}", (&set.object, set.current_template, &set.status, set.generation, set.removed))
        }
        ObjectId::DaemonSet(id) => {
            let set = cluster.daemon_set(id);
            format!("{:?}", (&set.object, set.status, set.generation, set.removed))
        }
        ObjectId::Job(id) => {
            let job = cluster.job(id);
            format!("{:?}", (&job.object, &job.status, job.generation, job.removed))
        }
        ObjectId::CronJob(id) => {
            let cron_job = cluster.cron_job(id);
            format!("{:?}", (&cron_job.object, &cron_job.status, cron_job.generation, cron_job.removed))
        }
        ObjectId::Service(id) => format!("{:?}", (&cluster.service(id).object, cluster.service(id).removed)),
        ObjectId::HorizontalPodAutoscaler(id) => {
            let hpa = cluster.hpa(id);
            format!("{:?}", (&hpa.object, &hpa.status, hpa.removed))
        }
        ObjectId::VerticalPodAutoscaler(id) => {
            let vpa = cluster.vpa(id);
            format!("{:?}", (&vpa.object, &vpa.recommendation, vpa.removed))
        }
        ObjectId::ScaledObject(id) => {
            let scaled = cluster.scaled_object(id);
            format!("{:?}", (&scaled.object, scaled.removed))
        }
        ObjectId::NodePool(id) => format!("{:?}", (&cluster.node_pool(id).object, cluster.node_pool(id).removed)),
        ObjectId::NodeClaim(id) => {
            let claim = cluster.node_claim(id);
            format!("{:?}", (&claim.object, claim.deletion, claim.removed))
        }
        ObjectId::PodDisruptionBudget(id) => {
            let budget = cluster.disruption_budget(id);
            format!(
                "{:?}",
                (&budget.object, budget.status, budget.observed_generation, budget.generation, budget.removed)
            )
        }
        ObjectId::CapacityBuffer(id) => {
            let buffer = cluster.capacity_buffer(id);
            format!("{:?}", (&buffer.object, &buffer.status, buffer.removed))
        }
        ObjectId::ResourceQuota(id) => {
            let quota = cluster.resource_quota(id);
            format!("{:?}", (&quota.object, &quota.status_hard, &quota.status_used, quota.removed))
        }
        ObjectId::PersistentVolume(id) => {
            let volume = cluster.storage().volume(id);
            format!("{:?}", (volume, cluster.storage().volume_id(&volume.name) == Some(id)))
        }
        ObjectId::PersistentVolumeClaim(id) => {
            let claim = cluster.storage().claim(id);
            format!("{:?}", (&claim.object, claim.removed))
        }
        ObjectId::Plain(_) if !exists(cluster, object) => "removed".to_owned(),
        ObjectId::Plain(_) => plain_content(cluster, cluster.kind_of(object), cluster.name_of(object)),
    }
}

/// Whether an object that is found by its name exists: another one may have its name by now.
fn exists(cluster: &Cluster, object: ObjectId) -> bool {
    let kind = cluster.kind_of(object);
    let namespace = if kind.is_cluster_scoped() { None } else { cluster.namespace_id(&cluster.namespace_of(object)) };
    cluster.index.get(kind, namespace, cluster.name_of(object)) == Some(object)
}

fn meta(kind: Kind, name: &str) -> ObjectMeta {
    let namespace = if kind.is_cluster_scoped() { "" } else { NAMESPACE };
    ObjectMeta { name: name.into(), namespace: namespace.into(), ..ObjectMeta::default() }
}

/// A CronJob in one of two forms.
fn cron_job(meta: ObjectMeta, template: Arc<PodTemplate>, number: i32, suspend: bool) -> CronJob {
    CronJob {
        meta,
        spec: CronJobSpec {
            schedule: "@daily".into(),
            time_zone: None,
            starting_deadline_seconds: None,
            concurrency_policy: ConcurrencyPolicy::Allow,
            suspend,
            successful_jobs_history_limit: number,
            failed_jobs_history_limit: 1,
        },
        job_labels: Labels::default(),
        job_annotations: Labels::default(),
        job: JobSpec::default(),
        template,
    }
}

/// One object of each kind, in one of two forms.
#[expect(clippy::too_many_lines, reason = "one object for each kind")]
fn objects(variant: u8) -> Vec<Object> {
    let is_second = variant % 2 == 1;
    let number = i32::from(variant % 2) + 1;
    let labels: Labels = [("form", if is_second { "b" } else { "a" })].into_iter().collect();
    let template = Arc::new(PodTemplate { labels: labels.clone(), ..PodTemplate::default() });
    let selector = LabelSelector::default();
    let labelled = |kind, name: &str| ObjectMeta { labels: labels.clone(), ..meta(kind, name) };
    let min_ready = SimDuration::ZERO;
    let replica_set = |kind| ReplicaSet {
        kind,
        meta: meta(kind, "r"),
        replicas: number,
        selector: selector.clone(),
        template: Arc::clone(&template),
        min_ready,
    };
    let config = |kind: ConfigKind| {
        let keys = if is_second { ["a".into()].into() } else { BTreeSet::new() };
        Object::Config(ConfigObject { kind, meta: meta(kind.kind(), "c"), keys })
    };
    let mut objects = vec![
        Object::Namespace(Namespace { meta: labelled(Kind::Namespace, NAMESPACE) }),
        Object::Node(Node { meta: labelled(Kind::Node, "n"), ..Node::default() }),
        Object::Pod(Pod { meta: meta(Kind::Pod, "p"), template: Arc::clone(&template), ..Pod::default() }),
        Object::ReplicaSet(replica_set(Kind::ReplicaSet)),
        Object::ReplicaSet(replica_set(Kind::ReplicationController)),
        Object::Deployment(Deployment {
            meta: labelled(Kind::Deployment, "d"),
            replicas: 1,
            selector: selector.clone(),
            template: Arc::clone(&template),
            strategy: DeploymentStrategy::default(),
            min_ready,
            progress_deadline: None,
            revision_history_limit: 10,
            paused: is_second,
        }),
        Object::StatefulSet(StatefulSet {
            meta: meta(Kind::StatefulSet, "s"),
            replicas: number,
            selector: selector.clone(),
            template: Arc::clone(&template),
            pod_management_policy: PodManagementPolicy::default(),
            update_strategy: StatefulSetUpdateStrategy::OnDelete,
            min_ready,
            first_ordinal: 0,
            claim_retention: crate::api::ClaimRetention::default(),
            volume_claim_templates: Vec::new(),
        }),
        Object::DaemonSet(DaemonSet {
            meta: meta(Kind::DaemonSet, "d"),
            selector,
            template: Arc::clone(&template),
            update_strategy: DaemonSetUpdateStrategy::OnDelete,
            min_ready: SimDuration::from_secs(i64::from(number)),
        }),
        Object::Job(Job {
            meta: meta(Kind::Job, "j"),
            spec: JobSpec { parallelism: number, ..JobSpec::default() },
            template: Arc::clone(&template),
            is_finished: false,
        }),
        Object::PodTemplate(PodTemplateObject { meta: meta(Kind::PodTemplate, "t"), template: Arc::clone(&template) }),
        Object::CapacityBuffer(CapacityBuffer {
            meta: meta(Kind::CapacityBuffer, "b"),
            shape: None,
            replicas: Some(number),
            percentage: None,
            limits: None,
            strategy: ACTIVE_CAPACITY.into(),
        }),
        Object::CronJob(cron_job(meta(Kind::CronJob, "c"), template, number, is_second)),
        Object::Service(Service { meta: meta(Kind::Service, "s"), headless: is_second, ..Service::default() }),
        Object::HorizontalPodAutoscaler(HorizontalPodAutoscaler {
            meta: meta(Kind::HorizontalPodAutoscaler, "h"),
            scale_target: CrossVersionObjectReference { kind: "Deployment".into(), name: "d".into() },
            min_replicas: 1,
            max_replicas: number,
            metrics: Vec::new(),
            behavior: None,
        }),
        Object::VerticalPodAutoscaler(VerticalPodAutoscaler {
            meta: meta(Kind::VerticalPodAutoscaler, "v"),
            target: CrossVersionObjectReference { kind: "Deployment".into(), name: "d".into() },
            update_mode: VpaUpdateMode::Off,
            is_auto: false,
            min_replicas: Some(number),
            eviction_requirements: Vec::new(),
            evict_after_oom: None,
            container_policies: Vec::new(),
        }),
        Object::PodDisruptionBudget(PodDisruptionBudget {
            meta: labelled(Kind::PodDisruptionBudget, "b"),
            ..PodDisruptionBudget::default()
        }),
        Object::PriorityClass(PriorityClass {
            meta: meta(Kind::PriorityClass, "c"),
            value: number,
            ..PriorityClass::default()
        }),
        Object::RuntimeClass(RuntimeClass {
            meta: meta(Kind::RuntimeClass, "c"),
            node_selector: labels.clone(),
            ..RuntimeClass::default()
        }),
        Object::LimitRange(LimitRange { meta: labelled(Kind::LimitRange, "l"), limits: Vec::new() }),
        Object::ResourceQuota(ResourceQuota { meta: labelled(Kind::ResourceQuota, "q"), ..ResourceQuota::default() }),
        config(ConfigKind::ConfigMap),
        config(ConfigKind::Secret),
    ];
    objects.extend(storage_objects(is_second));
    objects.extend(custom_objects(is_second, meta));
    objects.extend(plain::route_objects(is_second));
    objects
}

fn storage_objects(is_second: bool) -> Vec<Object> {
    let number = i64::from(is_second);
    let claim = PersistentVolumeClaim { namespace: NAMESPACE.into(), name: "v".into(), ..Default::default() };
    vec![
        Object::PersistentVolume(Box::new(WithMeta {
            meta: meta(Kind::PersistentVolume, "v"),
            object: PersistentVolume { name: "v".into(), ..PersistentVolume::default() },
        })),
        Object::PersistentVolumeClaim(Box::new(WithMeta {
            meta: meta(Kind::PersistentVolumeClaim, "v"),
            object: ClaimTemplate { claim, wants_default_class: is_second },
        })),
        Object::StorageClass(Box::new(WithMeta {
            meta: meta(Kind::StorageClass, "c"),
            object: StorageClass { name: "c".into(), is_default: is_second, ..StorageClass::default() },
        })),
        Object::CsiNode(Box::new(WithMeta {
            meta: meta(Kind::CsiNode, "n"),
            object: CsiNode { drivers: vec![("d".into(), Some(number))] },
        })),
        Object::CsiDriver(Box::new(WithMeta {
            meta: meta(Kind::CsiDriver, "d"),
            object: CsiDriver { storage_capacity: is_second, attach_required: true },
        })),
        Object::CsiStorageCapacity(Box::new(WithMeta {
            meta: meta(Kind::CsiStorageCapacity, "c"),
            object: CsiStorageCapacity { capacity: Some(Bytes::new(number)), ..Default::default() },
        })),
    ]
}

/// Does something that a client, a controller, the scheduler or a kubelet may do; `value` is one of two that it may write.
fn write(cluster: &mut Cluster, operation: u8, value: u8, now: SimTime) {
    let number = i32::from(value % 2);
    let is_second = value % 2 == 1;
    let newest: Vec<ObjectId> = newest_of_each_type(cluster);
    for object in newest {
        match (object, operation) {
            (ObjectId::Node(id), 0) => cluster.update_node(id, |node| node.unschedulable = is_second),
            (ObjectId::Node(id), 1) => {
                let ready = if is_second { NodeReady::Unknown } else { NodeReady::True };
                cluster.set_node_ready(id, ready, cluster::Node::NODE_STATUS_UNKNOWN, now);
            }
            (ObjectId::Pod(id), 0) => {
                let failure = is_second.then(|| ("no room".into(), false));
                cluster.note_scheduling_attempt(id, failure);
            }
            (ObjectId::Pod(id), 1) => cluster.set_pod_start_time(id, now),
            (ObjectId::Pod(id), 2) => cluster.set_pod_reason(id, if is_second { "Waits" } else { "" }),
            (ObjectId::Pod(id), 3) => cluster.set_pod_running(id, now),
            (ObjectId::Pod(id), 4) => cluster.set_pod_ready(id, is_second, now),
            (ObjectId::Pod(id), 5) => cluster.note_pod_restart(id),
            (ObjectId::Pod(id), 6) => cluster.set_pod_in_endpoints(id, is_second),
            (ObjectId::Pod(id), 7) if is_second => cluster.end_pod(id, PodPhase::Succeeded, "Completed", now),
            (ObjectId::Pod(id), 8) => {
                if let Some(node) = cluster.node_id("n") {
                    cluster.bind(id, node, now);
                }
            }
            (ObjectId::VerticalPodAutoscaler(id), 0) => {
                let amounts = CpuAndMemory { cpu: Some(MilliCpu::new(i64::from(number))), memory: None };
                cluster.set_recommendation(
                    id,
                    vec![RecommendedContainerResources {
                        container_name: "app".into(),
                        target: amounts,
                        lower_bound: amounts,
                        upper_bound: amounts,
                        uncapped_target: amounts,
                    }],
                );
            }
            (ObjectId::Deployment(id), 0) => {
                let status = DeploymentStatus { replicas: number, ..DeploymentStatus::default() };
                cluster.set_deployment_status(id, status);
            }
            (ObjectId::ReplicaSet(id), 0) => {
                let status = ReplicaSetStatus { replicas: number, ..ReplicaSetStatus::default() };
                cluster.set_replica_set_status(id, status);
            }
            (ObjectId::ReplicaSet(id), 1) => cluster.update_replica_set(id, |set| set.revision = i64::from(number)),
            (ObjectId::StatefulSet(id), 0) => {
                let status = StatefulSetStatus { replicas: number, ..StatefulSetStatus::default() };
                cluster.set_stateful_set_status(id, status);
            }
            (ObjectId::StatefulSet(id), 1) => {
                cluster.update_stateful_set(id, |set| set.current_template = set.object.template);
            }
            (ObjectId::DaemonSet(id), 0) => {
                let status = DaemonSetStatus { number_ready: number, ..DaemonSetStatus::default() };
                cluster.set_daemon_set_status(id, status);
            }
            (ObjectId::CronJob(id), 0) => {
                let time = jiff::Timestamp::from_second(i64::from(number)).ok();
                cluster
                    .set_cron_job_status(id, CronJobStatus { last_successful_time: time, ..CronJobStatus::default() });
            }
            (ObjectId::Job(id), 0) => cluster.set_job_status(id, JobStatus { failed: number, ..JobStatus::default() }),
            (ObjectId::HorizontalPodAutoscaler(id), 0) => {
                cluster.set_hpa_status(id, HpaStatus { current_replicas: number, ..HpaStatus::default() });
            }
            (ObjectId::PodDisruptionBudget(id), 0) => {
                let status = DisruptionBudgetStatus { expected_pods: number, ..DisruptionBudgetStatus::default() };
                cluster.set_disruption_budget_status(id, status);
            }
            (ObjectId::CapacityBuffer(id), 0) => {
                let status = CapacityBufferStatus {
                    template: None,
                    replicas: Some(number),
                    ready_reason: "",
                    ready_message: String::new(),
                    limited_by_quotas: None,
                };
                cluster.set_capacity_buffer_status(id, status);
            }
            (ObjectId::NodeClaim(id), 0) => {
                cluster.update_node_claim(id, |claim| claim.status.provider_id = is_second.then(|| "i".into()));
            }
            (ObjectId::NodeClaim(id), 1) => cluster.remove_node_claim(id, now),
            (ObjectId::PersistentVolumeClaim(id), 0) => cluster.select_node(id, is_second.then(|| "n".into())),
            (ObjectId::PersistentVolumeClaim(id), 1) => {
                if let Some(volume) = cluster.storage().volume_id("v") {
                    cluster.bind_claim(id, volume);
                }
            }
            (ObjectId::PersistentVolumeClaim(id), 2) if is_second => cluster.remove_claim(id),
            (ObjectId::PersistentVolume(volume), 2) if is_second => cluster.remove_volume(volume),
            (object, 9) => cluster.scale(object, number),
            (object, 10) if is_second => cluster.delete(object, now),
            (object, 11) => cluster.restart_rollout(object, &now.to_string()),
            _ => {}
        }
    }
}

/// The last object of each type of id.
fn newest_of_each_type(cluster: &Cluster) -> Vec<ObjectId> {
    let by_type: BTreeMap<_, ObjectId> =
        cluster.objects().map(|object| (format!("{:?}", std::mem::discriminant(&object)), object)).collect();
    by_type.into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn versions_grow_with_changes_and_only_then(steps in proptest::collection::vec((any::<bool>(), 0_u8..24, any::<u8>()), 1..40)) {
        let mut cluster = Cluster::default();
        let mut now = SimTime::ZERO;
        for (applies, what, value) in steps {
            let look = |cluster: &Cluster| -> BTreeMap<ObjectId, (ObjectHead, String)> {
                cluster.objects().map(|object| (object, (cluster.head_of(object), content(cluster, object)))).collect()
            };
            let before = look(&cluster);
            now += SimDuration::from_secs(1);
            if applies {
                let objects = objects(value);
                cluster.apply(&objects[usize::from(what) % objects.len()..][..1], now);
            } else {
                write(&mut cluster, what % 12, value, now);
            }
            let mut changes = Vec::new();
            cluster.take_changes(&mut changes);
            let told: BTreeSet<ObjectId> = changes.iter().filter_map(|change| change.object()).collect();
            let highest = before.values().map(|(head, _)| head.resource_version).max().unwrap_or_default();
            let after = look(&cluster);
            let step = (applies, what, value);
            for (object, (head, content)) in &after {
                match before.get(object) {
                    Some((head_before, content_before)) => {
                        let is_new = head.resource_version != head_before.resource_version;
                        prop_assert_eq!(content != content_before, is_new, "{:?} {:?}: {}", step, object, content);
                        prop_assert!(!is_new || head.resource_version > highest);
                        prop_assert!(!is_new || told.contains(object), "{:?} {:?} is not told of", step, object);
                        prop_assert_eq!(head.created, head_before.created);
                    }
                    None => {
                        prop_assert!(head.resource_version > highest && told.contains(object), "{:?} {:?}", step, object);
                        prop_assert_eq!(head.created, now);
                    }
                }
            }
            let versions: BTreeSet<u64> = after.values().map(|(head, _)| head.resource_version).collect();
            prop_assert_eq!(versions.len(), after.len(), "no two objects share a version");
            let uids: BTreeSet<String> = after.keys().map(|object| object.uid().to_string()).collect();
            prop_assert_eq!(uids.len(), after.len(), "no two objects share a uid");
        }
    }
}
