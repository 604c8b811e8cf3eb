//! Pods that serve requests side by side on nodes that are too small for all, that differ from each other, warm up, run out
//! of memory, or slow down who sends to them.

use wavetank::record::{Facts, RequestCount, RequestCounts};
use wavetank::sim::{PrepareOptions, RunOptions, prepare, simulate};

/// A Deployment of one container with resources.
fn deployment(name: &str, replicas: u32, resources: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: app, image: app, resources: {resources}}}]}}
---
"
    )
}

fn run(manifests: &str, spec: &str) -> Facts {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("manifests.yaml"), manifests).unwrap();
    let head = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: server}\nspec:
  seed: 3
  duration: 10m
  manifests: [manifests.yaml]
  startup: {imagePull: {duration: {fixed: 0s}}, containerStart: {fixed: 0s}}
";
    let file = folder.path().join("scenario.yaml");
    std::fs::write(&file, format!("{head}{spec}\n")).unwrap();
    let (prepared, _) = prepare(&file, &PrepareOptions::default())
        .unwrap_or_else(|errors| panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")));
    simulate(&prepared, &RunOptions { check_invariants: true, ..RunOptions::default() }).unwrap()
}

fn counts(facts: &Facts, name: &str) -> RequestCounts {
    facts
        .traffic
        .iter()
        .find(|record| record.identity.name == name)
        .unwrap_or_else(|| panic!("no traffic {name}"))
        .counts
}

fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

/// Cores that served requests of 10 ms each over the ten minutes.
fn cores(facts: &Facts, name: &str) -> f64 {
    float(counts(facts, name).served()) * 0.01 / 600.0
}

/// Traffic that keeps a pod busy on as many cores as it gets.
fn saturating(name: &str) -> String {
    format!(
        "    - {{target: deployment/{name}, name: {name}, fidelity: requests, cpuPerRequest: 10ms, users: {{count: {{constant: 40}}, thinkTime: {{fixed: 1ms}}}}}}\n"
    )
}

const ONE_NODE: &str = "  nodePools: [{name: one, count: 1, capacity: {cpu: 4, memory: 16Gi, pods: 20}}]\n";

#[test]
fn pods_of_a_full_node_get_its_cpu_by_their_requests() {
    let manifests = deployment("large", 1, "{requests: {cpu: 2}}") + &deployment("small", 1, "{requests: {cpu: 1}}");
    let facts = run(&manifests, &format!("{ONE_NODE}  traffic:\n{}{}", saturating("large"), saturating("small")));
    // cpu.weight of 2048 shares is 79, of 1024 shares 39.
    let (large, small) = (cores(&facts, "large"), cores(&facts, "small"));
    assert!((large - 4.0 * 79.0 / 118.0).abs() < 0.03, "{large}");
    assert!((small - 4.0 * 39.0 / 118.0).abs() < 0.03, "{small}");
}

#[test]
fn what_a_limit_forbids_one_pod_the_other_gets() {
    let manifests = deployment("large", 1, "{requests: {cpu: 2}, limits: {cpu: 2}}")
        + &deployment("small", 1, "{requests: {cpu: 100m}}");
    let facts = run(&manifests, &format!("{ONE_NODE}  traffic:\n{}{}", saturating("large"), saturating("small")));
    let (large, small) = (cores(&facts, "large"), cores(&facts, "small"));
    assert!((1.94..=2.01).contains(&large), "{large} of 2 cores by its limit");
    assert!((1.94..=2.06).contains(&small), "{small}: the rest");
}

#[test]
fn what_others_use_is_taken_from_requests() {
    let manifests = deployment("web", 1, "{requests: {cpu: 1}}") + &deployment("batch", 1, "{requests: {cpu: 3}}");
    let usage = "  usage: [{target: deployment/batch, cpu: {constant: 2500m}}]\n";
    let facts = run(&manifests, &format!("{ONE_NODE}{usage}  traffic:\n{}", saturating("web")));
    let web = cores(&facts, "web");
    assert!((web - 1.5).abs() < 0.04, "{web}: what is left of four cores");
    // The weight of the other counts, not its wish: it asks for all four cores and has three quarters of the weights.
    let facts = run(&manifests, &format!("{ONE_NODE}{}  traffic:\n{}", usage.replace("2500m", "4"), saturating("web")));
    let web = cores(&facts, "web");
    assert!((web - 4.0 * 39.0 / (39.0 + 118.0)).abs() < 0.04, "{web}: by weight");
}

#[test]
fn pods_with_room_do_not_feel_each_other() {
    let manifests = deployment("web", 2, "{requests: {cpu: 1}, limits: {cpu: 1}}")
        + &deployment("batch", 1, "{requests: {cpu: 1}}");
    let with = |cores: u32, usage: &str| {
        let node = ONE_NODE.replace("cpu: 4", &format!("cpu: {cores}"));
        counts(&run(&manifests, &format!("{node}{usage}  traffic:\n{}", saturating("web"))), "web")
    };
    let usage = "  usage: [{target: deployment/batch, cpu: {constant: 1}}]\n";
    assert_eq!(with(90, usage), with(90, ""), "to the request");
    assert_ne!(with(4, usage), with(4, ""), "on four cores they do");
}

#[test]
fn a_program_that_runs_one_thread_uses_one_core() {
    let spec = format!(
        "{ONE_NODE}  traffic:\n{}",
        saturating("web").replace("cpuPerRequest", "server: {cores: 1}, cpuPerRequest")
    );
    let web = cores(&run(&deployment("web", 1, "{requests: {cpu: 1}}"), &spec), "web");
    assert!((web - 1.0).abs() < 0.01, "{web}");
}

#[test]
fn speed_and_warming_up_change_what_a_request_costs() {
    let with = |server: &str| {
        let traffic = saturating("web").replace("cpuPerRequest", &format!("server: {server}, cpuPerRequest"));
        cores(&run(&deployment("web", 1, "{requests: {cpu: 1}}"), &format!("{ONE_NODE}  traffic:\n{traffic}")), "web")
    };
    let (plain, fast) = (with("{cores: 1}"), with("{cores: 1, speed: {fixed: 1250m}}"));
    assert!((fast / plain - 1.25).abs() < 0.01, "{fast} after {plain}");
    // Twice the work at first, then less in a straight line: over the 100 s ln(2) of what a warm one does.
    let warming = with("{cores: 1, warmUp: {factor: 2, duration: 100s}}");
    let lost = (plain - warming) * 600.0;
    assert!((lost - 100.0 * (1.0 - 2_f64.ln())).abs() < 1.5, "{lost} s of work");
    // 10,000 requests of 15 ms on average instead of 10: 50 s of CPU.
    let warming = with("{cores: 1, warmUp: {factor: 2, requests: 10000}}");
    let lost = (plain - warming) * 600.0;
    assert!((lost - 50.0).abs() < 1.5, "{lost} s of work");
}

#[test]
fn a_pod_full_of_requests_is_killed_and_starts_again() {
    let resources = "{requests: {cpu: 1, memory: 100Mi}, limits: {memory: 100Mi}}";
    let traffic = "  traffic: [{target: deployment/web, name: web, fidelity: requests, cpuPerRequest: 1ms, rate: {constant: 10}, memoryPerPod: 40Mi, server: {memory: {leakPerRequest: 40Ki}}}]\n";
    let facts = run(&deployment("web", 1, resources), &format!("{ONE_NODE}{traffic}"));
    // 60 MiB of room are 1536 requests, 153.6 s at 10 a second: three times in ten minutes, with the first back-off of 10 s.
    let restarts: u32 = facts.pods.iter().map(|pod| pod.restarts).sum();
    assert_eq!(restarts, 3, "{:?}", counts(&facts, "web"));
    let lost = counts(&facts, "web");
    assert!(lost.of(RequestCount::Cut) >= 3, "the request that was too much and those beside it: {lost:?}");
    // Without the leak nothing happens.
    let facts = run(
        &deployment("web", 1, resources),
        &format!("{ONE_NODE}{}", traffic.replace("leakPerRequest", "perRequest")),
    );
    assert_eq!(facts.pods.iter().map(|pod| pod.restarts).sum::<u32>(), 0);
}

#[test]
fn a_producer_is_slowed_down_and_loses_nothing() {
    let traffic = |rate: u32| {
        format!(
            "  traffic: [{{target: deployment/web, name: web, fidelity: requests, cpuPerRequest: 10ms, server: {{cores: 1}}, producer: {{rate: {{constant: {rate}}}, connections: 20}}}}]\n"
        )
    };
    let facts = run(&deployment("web", 1, "{requests: {cpu: 1}}"), &format!("{ONE_NODE}{}", traffic(500)));
    let slow = counts(&facts, "web");
    assert!((float(slow.served()) / 600.0 - 100.0).abs() < 1.0, "what one core does: {slow:?}");
    assert!(
        slow.failed() <= slow.of(RequestCount::NoEndpoint),
        "nothing is lost but before the pod is there: {slow:?}"
    );
    let facts = run(&deployment("web", 1, "{requests: {cpu: 1}}"), &format!("{ONE_NODE}{}", traffic(60)));
    let paced = counts(&facts, "web");
    assert!((float(paced.offered()) / 600.0 - 60.0).abs() < 0.2, "its own pace: {paced:?}");
}

#[test]
fn users_who_keep_their_connections_stay_with_their_pods() {
    let served_with = |keep_alive: bool| {
        let spec = format!(
            "{ONE_NODE}  actions: [{{at: 5m, scale: {{target: deployment/web, replicas: 4}}}}]\n  traffic:\n{}",
            saturating("web")
                .replace("{constant: 40}", "{steps: [{at: 10s, rate: 40}]}")
                .replace("thinkTime:", &format!("keepAlive: {keep_alive}, thinkTime:"))
                .replace("cpuPerRequest", "server: {cores: 1}, cpuPerRequest")
        );
        let facts = run(&deployment("web", 2, "{requests: {cpu: 500m}}"), &spec);
        let served = counts(&facts, "web");
        assert!(served.failed() <= served.of(RequestCount::NoEndpoint), "{served:?}");
        cores(&facts, "web")
    };
    // From 10 s on two pods on a core each; two more from the middle on are of use only to new connections.
    let (kept, anew) = (served_with(true), served_with(false));
    assert!((kept - 2.0 * 590.0 / 600.0).abs() < 0.03, "{kept}");
    // Forty users who choose among n equal pods anew keep each of them busy for 40 / (40 + n - 1) of the time.
    let expected = (2.0 * 40.0 / 41.0 * 290.0 + 4.0 * 40.0 / 43.0 * 300.0) / 600.0;
    assert!((anew - expected).abs() < 0.03, "{anew} is not {expected}");
}
