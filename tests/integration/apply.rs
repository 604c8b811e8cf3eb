//! `kubectl apply` in runs: what a manifest states is set, what it no longer states is removed, all else stays.

use crate::behaviour::run;
use std::fmt::Write;
use wavetank::record::{ActionOutcome, ActionRecord, Facts};

/// A run of `manifests` with these actions; `apply: N` stands for the manifest with that index.
fn play(manifests: &str, applied: &[&str], duration: &str, actions: &[&str]) -> Facts {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = format!("duration: {duration}\nactions:\n");
    for action in actions {
        let (before, after) = action.split_once("apply: ").unwrap_or((action, ""));
        let Some(manifest) = after.parse::<usize>().ok().map(|index| applied[index]) else {
            writeln!(spec, "- {{{before}}}").unwrap();
            continue;
        };
        let file = folder.path().join(format!("applied-{after}.yaml"));
        std::fs::write(&file, manifest).unwrap();
        writeln!(spec, "- {{{before}apply: {}}}", file.display()).unwrap();
    }
    run(2, "a", manifests, &spec)
}

/// A Deployment `web` with these lines of its spec and of its pods' spec.
fn web(image: &str, spec: &str, pod_spec: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  {spec}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      {pod_spec}
      containers: [{{name: c, image: '{image}', resources: {{requests: {{cpu: 100m}}}}}}]
"
    )
}

/// The wanted and the ready pods of a workload at the end, and how many pods there ever were.
type Outcome = (i64, i64, usize);

/// The manifests at the start, those that actions apply, the actions, the outcome, and why.
type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str], Outcome, &'a str);

/// The outcome for the workload that was made last.
fn outcome(facts: &Facts) -> Outcome {
    let workload = facts.workloads.last().unwrap();
    (workload.desired.last().unwrap_or(0), workload.ready.last().unwrap_or(0), facts.pods.len())
}

/// The same manifest under an autoscaler is no change (a Deployment without `replicas`, as Kubernetes advises).
#[test]
fn the_same_manifest_leaves_the_replicas_to_the_autoscaler() {
    let hpa = "---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 4
  maxReplicas: 20
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]
";
    let manifests = web("app:v1", "", "") + hpa;
    let facts = play(&manifests, &[&manifests], "20m", &["at: 10m, apply: 0"]);
    assert_eq!(outcome(&facts), (4, 4, 4), "no pod was deleted, none was created anew");
}

#[test]
fn fields_end_as_kubectl_would_leave_them() {
    let replicas = |count: u32| format!("replicas: {count}");
    let scale = "at: 1m, scale: {target: deployment/web, replicas: 4}";
    let restart = "at: 1m, rolloutRestart: deployment/web";
    let undo = "at: 3m, rolloutUndo: deployment/web";
    let plain = web("app:v1", "", "");
    let [two, five] = [2, 5].map(|count| web("app:v1", &replicas(count), ""));
    let new_image = web("app:v2", "", "");
    let on_ssd = web("app:v1", "replicas: 2", "nodeSelector: {disk: ssd}");
    let cases: &[Case<'_>] = &[
        (&plain, &[&plain], &[scale, "at: 5m, apply: 0"], (4, 4, 4), "never stated: the scale stays"),
        (&plain, &[&new_image], &[scale, "at: 5m, apply: 0"], (4, 4, 8), "and does so when something else changes"),
        (&two, &[&plain], &[scale, "at: 5m, apply: 0"], (1, 1, 4), "dropped: the API server's default"),
        (&two, &[&two], &[scale, "at: 5m, apply: 0"], (2, 2, 4), "stated: set again"),
        (&two, &[&five], &["at: 5m, apply: 0"], (5, 5, 5), "stated anew"),
        (
            &two,
            &[&two],
            &[restart, "at: 5m, apply: 0"],
            (2, 2, 4),
            "the restart's annotation stays: no further rollout",
        ),
        (&two, &[&five], &[restart, "at: 5m, apply: 0"], (5, 5, 7), "and does so when something else changes"),
        (
            &plain,
            &[&new_image],
            &["at: 1m, apply: 0", undo, "at: 5m, apply: 0"],
            (1, 1, 4),
            "the manifest undoes the undo",
        ),
        (
            &plain,
            &[&new_image, &plain],
            &["at: 1m, apply: 0", undo, "at: 5m, apply: 1"],
            (1, 1, 3),
            "the undo went there",
        ),
        (&on_ssd, &[&two], &["at: 5m, apply: 0"], (2, 2, 4), "a dropped node selector is removed"),
        (
            &two,
            &[&five],
            &["at: 1m, delete: deployment/web", "at: 5m, apply: 0"],
            (5, 5, 7),
            "made anew after a deletion",
        ),
    ];
    for (manifests, applied, actions, expected, why) in cases {
        let facts = play(manifests, applied, "10m", actions);
        assert_eq!(outcome(&facts), *expected, "{why}");
        assert_eq!(facts.remarks, Vec::<String>::new(), "{why}");
    }
}

/// A Deployment as `kubectl get -o yaml` prints it, scaled to four; the last applied configuration has these replicas.
fn dumped(last_applied: Option<&str>) -> String {
    let annotation = last_applied.map_or_else(String::new, |replicas| {
        let pods = r#""template":{"spec":{"containers":[{"name":"c","image":"app:v1"}]}}"#;
        format!("kubectl.kubernetes.io/last-applied-configuration: '{{\"spec\":{{{replicas}{pods}}}}}'")
    });
    let metadata = format!("metadata: {{name: web, uid: u-1, annotations: {{{annotation}}}}}");
    web("app:v1", "replicas: 4", "").replace("metadata: {name: web}", &metadata)
}

#[test]
fn a_dump_has_its_own_last_applied_configuration() {
    let plain = web("app:v1", "", "");
    let apply = &["at: 1m, apply: 0"];
    let facts = play(&dumped(Some("\"replicas\":3,")), &[&plain], "5m", apply);
    assert_eq!(outcome(&facts), (1, 1, 4), "applied with replicas once");
    let facts = play(&dumped(Some("")), &[&plain], "5m", apply);
    assert_eq!(outcome(&facts), (4, 4, 4), "applied without replicas");
    let facts = play(&dumped(None), &[&plain], "5m", apply);
    assert_eq!(outcome(&facts), (4, 4, 4), "made without apply");
    let remark = "Deployment default/web lacks the annotation kubectl.kubernetes.io/last-applied-configuration: what its \
                  manifest does not state stays as it is";
    assert_eq!(facts.remarks, [remark]);
}

#[test]
fn what_may_not_change_is_refused() {
    let web = web("app:v1", "", "");
    let pod = "apiVersion: v1
kind: Pod
metadata: {name: solo}
spec: {containers: [{name: c, image: 'app:v1', resources: {requests: {cpu: 100m}}}]}
";
    let class = "apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
value: 10
";
    let set = "apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: 'db:v1'}]}
";
    let storage = "apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: ebs.csi.aws.com
";
    let claim = "apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}
";
    let cases = [
        (
            claim,
            ("1Gi", "2Gi"),
            "persistentvolumeclaim default/data: spec: Forbidden: spec is immutable after creation except resources.requests",
        ),
        (claim, ("fast", "slow"), "PersistentVolumeClaim default/data is refused: spec: spec is immutable after"),
        (&*web, ("app: web", "app: other"), "Deployment default/web is refused: spec.selector: field is immutable"),
        (
            pod,
            ("100m", "200m"),
            "Pod default/solo is refused: spec: pod updates may not change fields other than `spec.",
        ),
        (pod, ("app:v1", "app:v2"), "pod default/solo is there already: it stays as it is"),
        (class, ("10", "20"), "PriorityClass high is refused: value: Forbidden: may not be changed in an update."),
        (
            set,
            ("serviceName: db", "podManagementPolicy: Parallel"),
            "StatefulSet default/db is refused: spec: updates to statefulset spec for fields other than 'replicas', ",
        ),
        (storage, ("ebs", "efs"), "StorageClass fast is refused: provisioner: updates to provisioner are forbidden."),
    ];
    for (manifest, (old, new), expected) in cases {
        let facts = play(manifest, &[&manifest.replace(old, new)], "2m", &["at: 1m, apply: 0"]);
        let is_refused = |action: &&ActionRecord| action.outcome == ActionOutcome::Refused;
        let refused = facts.actions.iter().filter(is_refused);
        let mut said = refused.map(|action| format!("{} is refused: {}", action.target, action.detail));
        let said = said.next().unwrap_or_else(|| facts.remarks.join("\n"));
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn a_node_keeps_what_its_manifest_does_not_state() {
    let node = "apiVersion: v1
kind: Node
metadata: {name: n-0, labels: {disk: ssd}}
";
    let web = web("app:v1", "", "nodeSelector: {disk: ssd}");
    let facts = play(&web, &[node], "5m", &["at: 1m, apply: 0"]);
    assert_eq!(outcome(&facts), (1, 1, 1), "the node of a pool keeps its capacity and gets the label");
    let facts = play(&web, &[node], "5m", &["at: 30s, cordon: n-0", "at: 1m, apply: 0"]);
    assert_eq!(outcome(&facts), (1, 0, 1), "and stays cordoned");
}
