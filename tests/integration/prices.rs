//! What runs cost: nodes of a dump, pools of instance types, discounts, fees, commitments, unknown prices.

use wavetank::record::Facts;
use wavetank::report::{OutputOptions, Summary, summarize, terminal, write_all};
use wavetank::sim::{PrepareOptions, RunOptions, prepare, simulate};

/// Four nodes as clouds label them, of which one is of a type that no catalogue lists.
const DUMP: &str = "
apiVersion: v1
kind: Node
metadata:
  name: a
  labels: {node.kubernetes.io/instance-type: m5.xlarge, topology.kubernetes.io/region: us-east-1, topology.kubernetes.io/zone: us-east-1a}
status: {capacity: {cpu: 4, memory: 16Gi, pods: 110}, allocatable: {cpu: 3920m, memory: 14Gi, pods: 58}}
---
apiVersion: v1
kind: Node
metadata:
  name: b
  labels: {beta.kubernetes.io/instance-type: e2-standard-4, cloud.google.com/gke-spot: \"true\"}
status: {capacity: {cpu: 4, memory: 16Gi, pods: 110}, allocatable: {cpu: 3920m, memory: 14Gi, pods: 110}}
---
apiVersion: v1
kind: Node
metadata:
  name: c
  labels: {node.kubernetes.io/instance-type: m5.xlarge, topology.kubernetes.io/region: eu-central-1}
status: {capacity: {cpu: 4, memory: 16Gi, pods: 110}, allocatable: {cpu: 4, memory: 14Gi, pods: 58}}
---
apiVersion: v1
kind: Node
metadata:
  name: d
  labels: {node.kubernetes.io/instance-type: m99.huge}
status: {capacity: {cpu: 4, memory: 16Gi, pods: 110}, allocatable: {cpu: 4, memory: 14Gi, pods: 58}}
";

fn run(manifests: &str, spec: &str) -> (Facts, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let mut head = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: prices}\nspec:\n".to_owned();
    if !manifests.is_empty() {
        std::fs::write(folder.path().join("manifests.yaml"), manifests).unwrap();
        head.push_str("  manifests: [manifests.yaml]\n");
    }
    let file = folder.path().join("scenario.yaml");
    std::fs::write(&file, format!("{head}  {spec}\n")).unwrap();
    let (prepared, _) = prepare(&file, &PrepareOptions::default())
        .unwrap_or_else(|errors| panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")));
    let facts = simulate(&prepared, &RunOptions { check_invariants: true, ..RunOptions::default() }).unwrap();
    let summary = summarize(&facts);
    (facts, summary)
}

fn near(summary: &Summary, name: &str, expected: f64) {
    let value = summary.get(name).unwrap_or_else(|| panic!("{name} is missing"));
    assert!((value - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{name}: {value} instead of {expected}");
}

#[test]
fn nodes_of_a_dump_have_the_price_of_their_labels() {
    let (facts, summary) = run(DUMP, "duration: 10h");
    near(&summary, "cost_dollars", 10.0 * (0.192 + 0.080_424));
    near(&summary, "node_hours_of_unknown_price", 20.0);
    let prices: Vec<Option<f64>> = facts
        .nodes
        .iter()
        .map(|node| {
            facts.machine_types[node.machine_type.unwrap() as usize].price.map(wavetank::units::NanoDollars::as_dollars)
        })
        .collect();
    assert_eq!(prices, [Some(0.192), Some(0.080_424), None, None], "unknown, not zero");
    assert_eq!(facts.nodes[1].capacity_type, "spot");
    let remarks = facts.remarks.join("\n");
    assert!(
        remarks.contains("of type `m5.xlarge` is unknown: the catalogues list it in `us-east-1` only"),
        "{remarks}"
    );
    assert!(remarks.contains("of type `m99.huge` is unknown: no catalogue lists it"), "{remarks}");
    let folder = tempfile::tempdir().unwrap();
    write_all(&facts, &summary, folder.path(), &OutputOptions { png: false, svg: false, ..OutputOptions::default() })
        .unwrap();
    let nodes = std::fs::read_to_string(folder.path().join("nodes.csv")).unwrap();
    assert_eq!(nodes.matches(",unknown,unknown,").count(), 2, "{nodes}");
    let costs = std::fs::read_to_string(folder.path().join("cost.csv")).unwrap();
    assert!(costs.contains(",m99.huge,on-demand,,1,10,unknown,unknown,0,unknown,"), "{costs}");
    let text = terminal::run_summary(&facts, &summary, &[], "", None);
    assert!(text.contains("20 node hours of unknown price"), "{text}");
}

#[test]
fn gaps_are_filled_by_assumption_where_the_scenario_says_so() {
    let spec = "duration: 10h\n  cloud: {pricing: {otherRegions: listed, spotRatio: 0.5}}";
    let (_, summary) = run(&DUMP.replace("cloud.google.com/gke-spot", "a"), spec);
    near(&summary, "cost_dollars", 10.0 * (0.192 * 2.0 + 0.134_022_84));
    near(&summary, "node_hours_of_unknown_price", 10.0);
}

#[test]
fn pools_cost_by_their_instance_type_unless_they_say() {
    let pool = |name: &str, more: &str| format!("{{name: {name}, count: 2, capacity: {{cpu: 4, memory: 16Gi}}{more}}}");
    let pools = [
        pool("listed", ", instanceType: m5.xlarge, zones: [a, b]"),
        pool("given", ", instanceType: m5.xlarge, pricePerHour: 0.1"),
        pool("free", ", pricePerHour: 0"),
        pool("silent", ""),
    ];
    let spec = |more: &str| format!("duration: 1h\n  nodePools: [{}]{more}", pools.join(", "));
    let (_, summary) = run("", &spec(""));
    near(&summary, "cost_dollars", 2.0 * (0.192 + 0.1));
    near(&summary, "node_hours_of_unknown_price", 2.0);
    let pricing = "\n  cloud: {pricing: {discounts: [{nodes: {pools: [listed]}, multiplier: 0.5}], fees: [{perNodeHour: 0.01}], \
                   clusterFeePerHour: 0.1, reservations: [{name: r, count: 3, pricePerHour: 0.05, nodes: {instanceTypes: [\"m5.*\"]}}]}}";
    let (_, summary) = run("", &spec(pricing));
    // Three of 0.1, 0.1, 0.096 and 0.096 dollars are paid in advance, the dearest first; eight fees; the cluster.
    near(&summary, "cost_dollars", 0.096 + 3.0 * 0.05 + 8.0 * 0.01 + 0.1);
    near(&summary, "cost_committed_dollars", 0.15);
    near(&summary, "cost_committed_unused_dollars", 0.0);
}

#[test]
fn without_prices_there_is_no_cost() {
    let (facts, summary) =
        run("", "duration: 1h\n  nodePools: [{name: p, count: 2, capacity: {cpu: 4, memory: 16Gi}}]");
    assert_eq!((summary.get("cost_dollars"), summary.get("node_hours_of_unknown_price")), (None, None));
    assert!(facts.remarks.is_empty(), "{:?}", facts.remarks);
}

#[test]
fn the_price_of_nodes_is_split_by_what_it_is_paid_for() {
    let manifests = "
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: kube-system}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers: [{name: c, image: agent, resources: {requests: {cpu: 400m, memory: 1600Mi}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: web, resources: {requests: {cpu: 2, memory: 8000Mi}}}]
";
    // Each node has one pod of web: 4 cores, of which 0.4 are kept, 0.4 are the agent's, 2 are requested; the 1.2 that are left
    // have no room for another. On the third node there is room.
    let spec = "duration: 100h
  controlPlane: {latency: {scale: 0}}
  nodePools:
    - {name: p, count: 3, capacity: {cpu: 4, memory: 16000Mi}, allocatable: {cpu: 3600m, memory: 14400Mi}, pricePerHour: 1}";
    let (facts, summary) = run(manifests, spec);
    let close = |name: &str, expected: f64| {
        let value = summary.get(name).unwrap_or_else(|| panic!("{name} is missing"));
        assert!((value - expected).abs() < 0.05, "{name}: {value} instead of {expected}");
    };
    close("cost_dollars", 300.0);
    close("cost_split_system_reserved_dollars", 30.0);
    close("cost_split_daemon_sets_dollars", 30.0);
    close("cost_split_requested_idle_dollars", 100.0);
    close("cost_split_fragmented_dollars", 60.0);
    close("cost_split_free_dollars", 80.0);
    close("cost_split_used_dollars", 0.0);
    close("cost_split_pod_cap_dollars", 0.0);
    close("cost_split_without_node_dollars", 0.0);
    let folder = tempfile::tempdir().unwrap();
    write_all(&facts, &summary, folder.path(), &OutputOptions { png: false, svg: false, ..OutputOptions::default() })
        .unwrap();
    let costs = std::fs::read_to_string(folder.path().join("cost_by_workload.csv")).unwrap();
    let dollars: Vec<(String, f64)> = costs
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|cells| (format!("{}/{}", cells[0], cells[1]), cells[6].parse().unwrap()))
        .collect();
    let expected = [("kube-system/DaemonSet/agent", 30.0), ("shop/Deployment/web", 100.0), ("/(not requested)", 170.0)];
    for ((name, dollars), (expected_name, expected)) in dollars.iter().zip(expected) {
        assert_eq!(name, expected_name);
        assert!((dollars - expected).abs() < 0.05, "{name}: {dollars} instead of {expected}");
    }
    // A node that may have two pods has room for no more, whatever is free.
    let (_, summary) = run(manifests, &spec.replace("memory: 14400Mi}", "memory: 14400Mi, pods: 2}"));
    let capped = summary.get("cost_split_pod_cap_dollars").unwrap();
    assert!((capped - 60.0).abs() < 0.05, "{capped}");
}

#[test]
fn the_two_clusters_of_a_public_comparison_cost_what_it_says() {
    // kubernetes-sigs/karpenter#2150: the same pods under the Cluster Autoscaler and under Karpenter.
    let pool = |name: &str, instance_type: &str, count: u32, memory: &str, price: f64| {
        format!(
            "{{name: {name}, instanceType: {instance_type}, count: {count}, capacity: {{cpu: 8, memory: {memory}}}, pricePerHour: {price}}}"
        )
    };
    let before = pool("general", "r6a.4xlarge", 4, "128Gi", 1.0152);
    let after = [pool("large", "r6a.4xlarge", 1, "128Gi", 1.0152), pool("small", "c6a.2xlarge", 8, "16Gi", 0.32832)];
    for (pools, expected) in [(before, 4.0608), (after.join(", "), 3.64176)] {
        let (_, summary) = run("", &format!("duration: 1h\n  nodePools: [{pools}]"));
        near(&summary, "cost_dollars_per_hour", expected);
    }
}
