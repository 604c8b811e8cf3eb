//! Operator actions in runs: what each does to the cluster, and what kubectl or the API server answers.

use crate::behaviour::run;
use wavetank::record::{ActionOutcome, ActionRecord, Facts, PodRecord};
use wavetank::units::SimTime;

/// Three pods of a Deployment, a budget, a bare pod with an `emptyDir`, a DaemonSet.
const SHOP: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {wavetank.dev/stop-delay: 2s}}
    spec: {containers: [{name: c, image: 'app:v1', resources: {requests: {cpu: 100m}}}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: v1
kind: Pod
metadata: {name: solo, annotations: {wavetank.dev/stop-delay: 25s}}
spec: {containers: [{name: c, image: 'app:v1'}], volumes: [{name: scratch, emptyDir: {}}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: c, image: 'app:v1'}], tolerations: [{operator: Exists}]}
";

/// A run of five minutes with these actions.
fn play(actions: &[&str]) -> Facts {
    let actions: Vec<String> = actions.iter().map(|action| format!("{{{action}}}")).collect();
    run(2, "a", SHOP, &format!("duration: 5m\nactions: [{}]", actions.join(", ")))
}

/// Outcome, code and detail of an action.
fn answer(action: &ActionRecord) -> (ActionOutcome, Option<u16>, &str) {
    (action.outcome, action.code, &action.detail)
}

fn pods_of<'a>(facts: &'a Facts, prefix: &str) -> Vec<&'a PodRecord> {
    facts.pods.iter().filter(|pod| pod.name.starts_with(prefix)).collect()
}

fn deleted(facts: &Facts, prefix: &str) -> Vec<f64> {
    let times = pods_of(facts, prefix).into_iter().filter_map(|pod| pod.deletion_requested);
    times.map(|at: SimTime| at.since_start().as_secs_f64()).collect()
}

#[test]
fn patches_reach_what_they_name() {
    let facts = play(&[
        "at: 1m, patch: {target: deployment/web, patch: {spec: {replicas: 5}}, subresource: scale}",
        "at: 2m, patch: {target: deployment/web, patch: {spec: {template: {spec: {containers: [{name: c, image: 'app:v2'}]}}}}}",
        "at: 3m, patch: {target: deployment/web, patch: [{op: replace, path: /spec/replicas, value: -2}]}",
        "at: 3m, patch: {target: deployment/web, patch: [{op: remove, path: /spec/none}]}",
        "at: 3m, patch: {target: deployment/web, patch: {metadata: {name: api}}, type: merge}",
        "at: 3m, patch: {target: deployment/web, patch: {spec: {selector: {matchLabels: {app: api}}}}}",
        "at: 3m, patch: {target: deployment/web, patch: {spec: {replicas: 5}}}",
        "at: 3m, patch: {target: node/n-0, patch: {spec: {unschedulable: true}}}",
        "at: 3m, patch: {target: replicaset/web-1, patch: {spec: {replicas: 5}}}",
        "at: 4m, patch: {target: pdb/web, patch: {spec: {maxUnavailable: 2}}}",
    ]);
    let web = facts.workloads.iter().find(|workload| workload.name.ends_with("web")).unwrap();
    assert_eq!((web.desired.last(), web.ready.last()), (Some(5), Some(5)));
    assert_eq!(pods_of(&facts, "web").len(), 10, "three, two more, and five of the new template");
    let answers: Vec<_> = facts.actions.iter().map(|action| (action.outcome, action.code)).collect();
    use ActionOutcome::{Done, NotFound, Refused, Unchanged};
    let expected = [
        (Done, None),
        (Done, None),
        (Refused, Some(422)),
        (Refused, Some(422)),
        (Refused, Some(400)),
        (Refused, Some(422)),
        (Unchanged, None),
        (Done, None),
        (NotFound, Some(404)),
        (Done, None),
    ];
    assert_eq!(answers, expected, "{:#?}", facts.actions);
    let detail = |index: usize| &*facts.actions[index].detail;
    assert!(detail(2).starts_with("The Deployment \"web\" is invalid: spec.replicas"), "{}", detail(2));
    assert!(detail(5).contains("spec.selector"), "{}", detail(5));
}

#[test]
fn the_eviction_api_asks_the_budget() {
    let facts = play(&[
        "at: 1m, evict: {of: deployment/web}",
        "at: 61s, evict: {of: deployment/web, index: 1}",
        "at: 90s, evict: {of: deployment/web, index: 1}",
        "at: 2m, evict: pod/solo",
        "at: 2m, evict: {of: deployment/web, index: 7}",
    ]);
    let refusal = "Cannot evict pod as it would violate the pod's disruption budget. (The disruption budget web needs 2 healthy pods \
                   and has 2 currently)";
    let answers: Vec<_> = facts.actions.iter().map(answer).collect();
    use ActionOutcome::{Done, NotFound, Refused};
    let expected = [
        (Done, Some(201), ""),
        (Refused, Some(429), refusal),
        (Done, Some(201), ""),
        (Done, Some(201), ""),
        (NotFound, Some(404), "it does not exist"),
    ];
    assert_eq!(answers, expected);
    assert_eq!(deleted(&facts, "web"), [60.0, 90.0]);
    assert_eq!(&*facts.actions[0].target, format!("pod/default/{}", pods_of(&facts, "web")[0].name), "the oldest");
}

#[test]
fn a_forced_deletion_waits_for_nobody() {
    let facts = play(&["at: 1m, delete: {target: pod/solo, force: true}"]);
    assert_eq!(facts.pods.iter().find(|pod| &*pod.name == "solo").unwrap().ended, Some(SimTime::from_secs(60)));
    // Its containers need 25 s to stop. Without `force` kubectl makes a second of `0s`, and a kubelet waits two at least.
    for (grace, gone) in [("10s", 70.0), ("0s", 62.0), ("60s", 85.0)] {
        let facts = play(&[&format!("at: 1m, delete: {{target: pod/solo, gracePeriod: {grace}}}")]);
        let solo = facts.pods.iter().find(|pod| &*pod.name == "solo").unwrap();
        let removed = solo.ended.unwrap().since_start().as_secs_f64();
        assert!((removed - gone).abs() < 0.3, "{grace}: {removed}");
    }
}

#[test]
fn taints_by_hand_evict() {
    let facts = play(&[
        "at: 1m, taint: {node: n-0, taints: ['maint=yes:NoExecute']}",
        "at: 1m, taint: {node: n-1, taints: ['maint=yes:NoExecute']}",
        "at: 1m, taint: {node: n-1, taints: ['maint=no:NoExecute']}",
        "at: 1m, taint: {node: n-1, taints: ['other-']}",
        "at: 2m, taint: {node: n-0, taints: ['maint-', 'late:NoSchedule']}",
    ]);
    let answers: Vec<_> = facts.actions.iter().map(answer).collect();
    use ActionOutcome::{Done, Refused};
    let exists = "node n-1 already has maint taint(s) with same effect(s) and --overwrite is false";
    let expected = [
        (Done, None, "tainted"),
        (Done, None, "tainted"),
        (Refused, None, exists),
        (Refused, None, "taint \"other\" not found"),
        (Done, None, "modified"),
    ];
    assert_eq!(answers, expected);
    assert_eq!((deleted(&facts, "web").len(), deleted(&facts, "agent").len()), (3, 0), "the DaemonSet tolerates it");
    let web = facts.workloads.iter().find(|workload| workload.name.ends_with("web")).unwrap();
    assert_eq!(web.ready.last(), Some(0), "no node takes the replacements");
}

#[test]
fn a_rollout_is_paused_resumed_and_undone() {
    let image = |version: &str| {
        format!(
            "patch: {{target: deployment/web, patch: {{spec: {{template: {{spec: {{containers: [{{name: c, image: '{version}'}}]}}}}}}}}}}"
        )
    };
    let [second, third] = ["app:v2", "app:v3"].map(image);
    let facts = play(&[
        &format!("at: 30s, {second}"),
        "at: 60s, rolloutPause: deployment/web",
        &format!("at: 61s, {third}"),
        "at: 90s, rolloutPause: deployment/web",
        "at: 90s, rolloutUndo: deployment/web",
        "at: 120s, rolloutResume: deployment/web",
        "at: 150s, rolloutResume: deployment/web",
        "at: 180s, rolloutUndo: {target: deployment/web, toRevision: 1}",
        "at: 240s, rolloutUndo: {target: deployment/web, toRevision: 9}",
        "at: 240s, rolloutUndo: {target: deployment/web, toRevision: 4}",
    ]);
    let pods = pods_of(&facts, "web");
    let created = |from: i64, to: i64| {
        let within = |pod: &&&PodRecord| (SimTime::from_secs(from)..SimTime::from_secs(to)).contains(&pod.created);
        pods.iter().filter(within).count()
    };
    assert_eq!([created(30, 60), created(60, 120), created(120, 180), created(180, 300)], [3, 0, 3, 3]);
    let details: Vec<_> = [3, 4, 6, 8, 9].iter().map(|index| &*facts.actions[*index].detail).collect();
    let expected = [
        "deployments.apps \"web\" is already paused",
        "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
        "deployments.apps \"web\" is not paused",
        "unable to find specified revision 9 in history",
        "skipped rollback (current template already matches revision 4)",
    ];
    assert_eq!(details, expected);
}

#[test]
fn a_drain_without_its_flags_is_refused_and_the_node_stays_cordoned() {
    let drain = |flags: &str| format!("drain: {{node: n-0, {flags}}}");
    let solo_on_first = "at: 1s, taint: {node: n-1, taints: ['keep:NoSchedule']}";
    let facts = run(
        2,
        "a",
        &SHOP.replace("}], volumes", "}], nodeName: n-0, volumes"),
        &format!(
            "duration: 5m\nactions:\n- {{{solo_on_first}}}\n- {{at: 1m, {}}}\n- {{at: 2m, {}}}\n- {{at: 3m, {}}}\n",
            drain("ignoreDaemonSets: false, force: false, deleteEmptyDirData: false"),
            drain("force: false"),
            drain("timeout: 100s")
        ),
    );
    let details: Vec<&str> = facts.actions[1..3].iter().map(|action| &*action.detail).collect();
    assert!(details[0].starts_with("cannot delete Pods with local storage (use --delete-emptydir-data to override): default/solo, \
                                    cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): default/agent-"));
    assert_eq!(details[1], "cannot delete Pods that declare no controller (use --force to override): default/solo");
    assert_eq!(deleted(&facts, "solo"), [180.0]);
    assert_eq!(facts.actions[3].outcome, ActionOutcome::Done);
    assert!(deleted(&facts, "agent").is_empty());
}
