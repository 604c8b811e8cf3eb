//! Volumes in a run, and what the API server refuses: what a real cluster does in each case.

use crate::behaviour::run;
use wavetank::record::{Facts, PodRecord};
use wavetank::units::SimTime;

/// Three zones of two nodes each: `n-0` and `n-3` are in zone a, and so on.
const ZONES: &str = "a, b, c";

/// A storage class `ssd` of this binding mode.
fn class(mode: &str) -> String {
    format!(
        "apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {{name: ssd, annotations: {{storageclass.kubernetes.io/is-default-class: \"true\"}}}}
provisioner: ebs.csi.aws.com
volumeBindingMode: {mode}
---
"
    )
}

/// A StatefulSet `db`, spread over the zones, with a claim template `data`.
fn database(replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db}}
spec:
  replicas: {replicas}
  podManagementPolicy: Parallel
  serviceName: db
  selector: {{matchLabels: {{app: db}}}}
  template:
    metadata: {{labels: {{app: db}}}}
    spec:
      containers: [{{name: c, image: db:v1, resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}}}]
      topologySpreadConstraints:
        - {{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway,
            labelSelector: {{matchLabels: {{app: db}}}}}}
      tolerations: []
  volumeClaimTemplates:
    - metadata: {{name: data}}
      spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 10Gi}}}}}}
"
    )
}

/// A bare pod that mounts a claim.
fn reader(name: &str, claim: &str) -> String {
    format!(
        "---
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  containers: [{{name: c, image: app:v1}}]
  volumes: [{{name: v, {claim}}}]
"
    )
}

fn claim(name: &str, class: &str) -> String {
    format!(
        "---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {name}}}
spec: {{accessModes: [ReadWriteOnce], storageClassName: {class}, resources: {{requests: {{storage: 10Gi}}}}}}
"
    )
}

/// The lives of the pod of this name, in order.
fn lives<'a>(facts: &'a Facts, name: &str) -> Vec<&'a PodRecord> {
    facts.pods.iter().filter(|pod| *pod.name == *name).collect()
}

/// The name and zone of a pod's node.
fn node(facts: &Facts, pod: &PodRecord) -> Option<(String, char)> {
    let name = facts.nodes[pod.node? as usize].name.to_string();
    let index: usize = name.strip_prefix("n-")?.parse().ok()?;
    Some((name, ['a', 'b', 'c'][index % 3]))
}

fn events(facts: &Facts, reason: &str, part: &str) -> usize {
    facts.events().filter(|event| event.reason == reason && event.message().contains(part)).count()
}

#[test]
fn a_pod_with_a_zonal_volume_returns_to_its_zone() {
    let spec = "duration: 30m\nactions: [{at: 120s, drain: n-0}]";
    let facts = run(6, ZONES, &(class("WaitForFirstConsumer") + &database(6)), spec);
    let mut moved = 0;
    for ordinal in 0..6 {
        let lives = lives(&facts, &format!("db-{ordinal}"));
        let first = node(&facts, lives[0]).unwrap();
        for later in &lives[1..] {
            moved += 1;
            let second = node(&facts, later).unwrap();
            assert_eq!(first.1, second.1, "db-{ordinal} is in the zone of its volume");
            assert_ne!(first.0, second.0, "db-{ordinal} left the node that was drained");
        }
    }
    assert!(moved > 0, "the node that was drained had a pod");
    assert_eq!(events(&facts, "ProvisioningSucceeded", "Successfully provisioned volume"), 6, "one volume for each");
}

#[test]
fn a_pod_that_waits_for_its_volume_has_a_nominated_node() {
    for (version, nominated) in [("1.34", 0), ("1.36", 1)] {
        let spec = format!(
            "duration: 2m\nkubernetesVersion: \"{version}\"\ncontrolPlane: {{controllerManager: {{volumeProvisioning: 1h}}}}"
        );
        let facts = run(3, ZONES, &(class("WaitForFirstConsumer") + &database(1)), &spec);
        assert_eq!(facts.pods[0].scheduled, None, "its volume is never made");
        assert_eq!(facts.nominated_last.len(), nominated, "{version}");
    }
}

#[test]
fn a_zone_outage_leaves_its_volumes_pods_pending() {
    // The node objects of the lost zone go, so that the pods are deleted and made anew.
    let spec = "duration: 40m\nfaults: [{kind: zoneOutage, zone: a, at: 120s, duration: 30m}]";
    let facts = run(6, ZONES, &(class("WaitForFirstConsumer") + &database(6)), spec);
    let in_a: Vec<String> = (0..6)
        .map(|ordinal| format!("db-{ordinal}"))
        .filter(|name| node(&facts, lives(&facts, name)[0]).unwrap().1 == 'a')
        .collect();
    assert!(!in_a.is_empty(), "spread over the zones");
    for name in &in_a {
        let again = lives(&facts, name).len() - 1;
        assert!(again > 0, "{name} was deleted with its node and made anew");
        for life in lives(&facts, name) {
            assert!(node(&facts, life).is_none_or(|(_, zone)| zone == 'a'), "{name} cannot run elsewhere");
        }
    }
}

#[test]
fn provisioning_delays_the_binding_and_can_be_set() {
    let manifests =
        class("WaitForFirstConsumer") + &claim("c", "ssd") + &reader("r", "persistentVolumeClaim: {claimName: c}");
    let slow = "duration: 5m\ncontrolPlane: {controllerManager: {volumeProvisioning: 40s}}";
    // The scheduler looks once a second whether the claims are bound.
    for (spec, from, to) in [("duration: 5m", 6, 7), (slow, 41, 42)] {
        let facts = run(1, "a", &manifests, spec);
        let scheduled = facts.pods[0].scheduled.unwrap();
        assert!(
            (SimTime::from_secs(from)..SimTime::from_secs(to)).contains(&scheduled),
            "{spec}: bound when its volume is there, not at {scheduled:?}"
        );
    }
}

#[test]
fn a_missing_claim_keeps_the_pod_pending() {
    let facts = run(1, "a", &reader("r", "persistentVolumeClaim: {claimName: nope}"), "duration: 2m");
    assert!(facts.pods[0].scheduled.is_none());
    assert!(facts.pods[0].reason.contains("persistentvolumeclaim \"nope\" not found"), "{}", facts.pods[0].reason);
}

#[test]
fn immediate_claims_get_the_smallest_volume_or_a_new_one() {
    let volume = |name: &str, size: &str, zone: &str| {
        format!(
            "---
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {name}}}
spec:
  capacity: {{storage: {size}}}
  accessModes: [ReadWriteOnce]
  storageClassName: disk
  local: {{path: /x}}
  nodeAffinity:
    required: {{nodeSelectorTerms: [{{matchExpressions: [{{key: topology.kubernetes.io/zone, operator: In, values: [{zone}]}}]}}]}}
"
        )
    };
    let manifests = volume("large", "50Gi", "a")
        + &volume("small", "20Gi", "b")
        + &volume("tiny", "5Gi", "c")
        + &claim("c", "disk")
        + &reader("r", "persistentVolumeClaim: {claimName: c}");
    let facts = run(3, ZONES, &manifests, "duration: 2m");
    assert_eq!(node(&facts, &facts.pods[0]).unwrap().1, 'b', "the smallest that is large enough is in zone b");

    let manifests = class("Immediate")
        + &claim("c-0", "ssd")
        + &claim("c-1", "ssd")
        + &reader("r0", "persistentVolumeClaim: {claimName: c-0}")
        + &reader("r1", "persistentVolumeClaim: {claimName: c-1}");
    let facts = run(3, ZONES, &manifests, "duration: 10m");
    let zones: Vec<char> = facts.pods.iter().map(|pod| node(&facts, pod).unwrap().1).collect();
    assert_ne!(zones[0], zones[1], "claims with a number take turns with the zones");

    let facts =
        run(1, "a", &(claim("c", "gone") + &reader("r", "persistentVolumeClaim: {claimName: c}")), "duration: 2m");
    assert_eq!(facts.pods[0].scheduled, None);
    assert_eq!(events(&facts, "ProvisioningFailed", "storageclass.storage.k8s.io \"gone\" not found"), 1);
}

#[test]
fn ephemeral_volumes_bring_their_claim() {
    let template = "ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}";
    let facts = run(1, "a", &(class("WaitForFirstConsumer") + &reader("r", template)), "duration: 2m");
    assert!(facts.pods[0].running.is_some(), "{}", facts.pods[0].reason);
    assert_eq!(events(&facts, "ProvisioningSucceeded", "pvc-default-r-v"), 1);
}

#[test]
fn limit_ranges_default_and_refuse() {
    let manifests = "apiVersion: v1
kind: LimitRange
metadata: {name: bounds, namespace: team}
spec:
  limits:
    - {type: Container, defaultRequest: {cpu: 250m}, default: {cpu: 500m}, max: {cpu: 1}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: plain, namespace: team}
spec:
  replicas: 1
  selector: {matchLabels: {app: plain}}
  template:
    metadata: {labels: {app: plain}}
    spec: {containers: [{name: c, image: a:v1}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: greedy, namespace: team}
spec:
  replicas: 2
  selector: {matchLabels: {app: greedy}}
  template:
    metadata: {labels: {app: greedy}}
    spec: {containers: [{name: c, image: a:v1, resources: {limits: {cpu: 2}}}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: elsewhere}
spec:
  replicas: 1
  selector: {matchLabels: {app: elsewhere}}
  template:
    metadata: {labels: {app: elsewhere}}
    spec: {priorityClassName: unknown, containers: [{name: c, image: a:v1}]}
";
    let facts = run(1, "a", manifests, "duration: 1m");
    let names: Vec<&str> = facts.pods.iter().map(|pod| pod.name.split('-').next().unwrap()).collect();
    assert_eq!(names, ["plain"], "the others are refused");
    assert_eq!(facts.pods[0].cpu_request.get(), 250, "the default request");
    let refused = |part: &str| events(&facts, "FailedCreate", part);
    assert!(refused("is forbidden: maximum cpu usage per Container is 1, but limit is 2") > 0);
    assert!(refused("is forbidden: no PriorityClass with name unknown was found") > 0);
}

#[test]
fn objects_of_storage_are_refused_where_they_are_wrong() {
    use wavetank::sim::{PrepareOptions, prepare};
    let scenario = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: wrong}\nspec:\n  duration: 1m\n  \
                    manifests: [m.yaml]\n  nodePools: [{name: n, count: 1, capacity: {cpu: 4, memory: 16Gi, pods: 9}}]\n";
    let meta = |version: &str, kind: &str| format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\n");
    let cases = [
        ("v1", "PersistentVolume", "spec: {capacity: {storage: lots}}", ("m.yaml:4:", "spec.capacity.storage: ")),
        ("v1", "PersistentVolume", "spec: {accessModes: [Often]}", ("m.yaml:4:", "spec.accessModes[0]: ")),
        (
            "v1",
            "PersistentVolumeClaim",
            "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: many}}}",
            ("m.yaml:4:", "spec.resources.requests.storage: "),
        ),
        ("v1", "PersistentVolumeClaim", "spec: {accessModes: [Never]}", ("m.yaml:4:", "spec.accessModes[0]: ")),
        (
            "storage.k8s.io/v1",
            "StorageClass",
            "provisioner: x\nvolumeBindingMode: Later",
            ("m.yaml:5:", "volumeBindingMode: "),
        ),
        (
            "storage.k8s.io/v1",
            "CSINode",
            "spec: {drivers: [{name: d, nodeID: n, allocatable: {count: few}}]}",
            ("m.yaml:4:", "spec.drivers[0].allocatable.count: "),
        ),
    ];
    for (version, kind, rest, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("scenario.yaml"), scenario).unwrap();
        std::fs::write(folder.path().join("m.yaml"), meta(version, kind) + rest + "\n").unwrap();
        let errors = prepare(&folder.path().join("scenario.yaml"), &PrepareOptions::default()).unwrap_err();
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let is_told = |own: &String| own.contains(expected.0) && own.contains(expected.1);
        assert!(told.iter().any(is_told), "{kind}: {expected:?}: {told:#?}");
    }
}
