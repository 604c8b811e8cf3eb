//! What becomes of volumes when pods and nodes go: attach and detach, release, retention, expansion.

use crate::behaviour::run;
use wavetank::record::Facts;

/// A class whose volumes can grow, and a Deployment `web` of one pod that has a claim of it.
const WEB: &str = "apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: ssd}
provisioner: ebs.csi.aws.com
volumeBindingMode: WaitForFirstConsumer
allowVolumeExpansion: true
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: ssd, resources: {requests: {storage: 10Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: app:v1}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
      tolerations:
        - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 10}
";

fn events(facts: &Facts, reason: &str, part: &str) -> usize {
    facts.events().filter(|event| event.reason == reason && event.message().contains(part)).count()
}

/// When the last pod of the run was running, in seconds.
fn last_running(facts: &Facts) -> f64 {
    facts.pods.iter().filter_map(|pod| pod.running).map(wavetank::units::SimTime::as_secs_f64).fold(0.0, f64::max)
}

#[test]
fn a_volume_moves_when_its_pod_is_gone() {
    let facts = run(
        2,
        "a",
        WEB,
        "duration: 5m\nactions: [{at: 60s, drain: n-0}, {at: 120s, uncordon: n-0}, {at: 121s, drain: n-1}]",
    );
    assert!(facts.pods.len() >= 2, "drained from one node or the other");
    assert_eq!(
        facts.pods.iter().filter(|pod| pod.running.is_some()).count(),
        facts.pods.len(),
        "each pod ran in the end"
    );
    assert!(events(&facts, "SuccessfulAttachVolume", "AttachVolume.Attach succeeded") >= 2);
    assert!(events(&facts, "FailedAttachVolume", "Multi-Attach error for volume") >= 1, "the old pod was still there");
}

/// The node that the first pod of `WEB` comes to, on a cluster of two nodes.
fn first_node() -> String {
    let facts = run(2, "a", WEB, "duration: 30s");
    let node = facts.pods[0].node.expect("it has a place");
    facts.nodes[node as usize].name.to_string()
}

#[test]
fn a_volume_of_a_lost_node_is_detached_by_force_after_six_minutes() {
    let node = first_node();
    let lost = format!(
        "duration: 30m
faults: [{{kind: networkPartition, node: {node}, at: 60s}}]
actions: [{{at: 300s, delete: {{target: {{of: deployment/default/web}}, force: true}}}}]"
    );
    let facts = run(2, "a", WEB, &lost);
    let back = last_running(&facts);
    assert!((660.0..680.0).contains(&back), "force deleted at 300 s, and six minutes later detached: {back}");
    assert_eq!(events(&facts, "FailedMount", "Unable to attach or mount volumes: unmounted volumes=[data]"), 1);
}

#[test]
fn a_node_out_of_service_gives_its_volumes_back_at_once() {
    let node = first_node();
    let lost = format!("duration: 20m\nfaults: [{{kind: networkPartition, node: {node}, at: 60s}}]\n");
    let back = last_running(&run(2, "a", WEB, &lost));
    assert!(back < 60.0, "the old pod never goes, and keeps the volume: {back}");
    let taint = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute";
    let tainted = format!("{lost}actions: [{{at: 200s, taint: {{node: {node}, taints: [\"{taint}\"]}}}}]");
    let back = last_running(&run(2, "a", WEB, &tainted));
    assert!((200.0..240.0).contains(&back), "the next pass of the pod garbage collector: {back}");
}

#[test]
fn a_claim_grows_where_it_is_mounted() {
    let grow = |size: &str| {
        let patch = format!("{{spec: {{resources: {{requests: {{storage: {size}}}}}}}}}");
        format!("duration: 3m\nactions: [{{at: 60s, patch: {{target: pvc/default/data, patch: {patch}}}}}]")
    };
    let facts = run(1, "a", WEB, &grow("20Gi"));
    for (reason, part) in [
        ("Resizing", "External resizer is resizing volume"),
        ("FileSystemResizeRequired", "Require file system resize of volume on node"),
        ("FileSystemResizeSuccessful", "MountVolume.NodeExpandVolume succeeded for volume"),
    ] {
        assert_eq!(events(&facts, reason, part), 1, "{reason}");
    }
    let facts = run(1, "a", &WEB.replace("allowVolumeExpansion: true", "allowVolumeExpansion: false"), &grow("20Gi"));
    assert_eq!(events(&facts, "Resizing", ""), 0, "the class does not allow it");
    let offline = format!("{}\nstorage: {{expansion: offline}}", grow("20Gi"));
    let facts = run(1, "a", WEB, &offline);
    assert_eq!(events(&facts, "VolumeResizeFailed", "volume is in use"), 1, "a pod has it");
    assert_eq!(events(&facts, "FileSystemResizeSuccessful", ""), 0);
}

#[test]
fn claims_of_a_smaller_set_go_if_its_policy_says_so() {
    let set = |policy: &str| {
        format!(
            "apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {{name: ssd}}
provisioner: ebs.csi.aws.com
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db}}
spec:
  replicas: 2
  serviceName: db
  selector: {{matchLabels: {{app: db}}}}
  {policy}
  template:
    metadata: {{labels: {{app: db}}}}
    spec: {{containers: [{{name: c, image: db:v1}}]}}
  volumeClaimTemplates:
    - metadata: {{name: data}}
      spec: {{accessModes: [ReadWriteOnce], storageClassName: ssd, resources: {{requests: {{storage: 10Gi}}}}}}
"
        )
    };
    let spec = "duration: 10m\nactions: [{at: 120s, scale: {target: statefulset/default/db, replicas: 1}}, {at: 240s, scale: {target: statefulset/default/db, replicas: 2}}]";
    let delete = "persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}";
    for (policy, volumes) in [("", 2), (delete, 3)] {
        let facts = run(2, "a", &set(policy), spec);
        let made = facts.events().filter(|event| event.reason == "ProvisioningSucceeded").count();
        assert_eq!(made, volumes, "{policy}: the second pod comes back to its volume, or gets a new one");
        assert!(facts.pods.iter().all(|pod| pod.running.is_some()), "{policy}");
    }
}

#[test]
fn an_attach_that_never_ends_is_told() {
    let facts = run(1, "a", WEB, "duration: 10m\nstorage: {attachOutages: [{node: n-0}]}");
    assert!(facts.pods[0].running.is_none());
    let part = "timed out waiting for external-attacher of ebs.csi.aws.com CSI driver to attach volume";
    assert_eq!(events(&facts, "FailedAttachVolume", part), 1, "an Event that repeats");
}
