//! What of Karpenter's objects is read, defaulted and refused.

use crate::api::karpenter::{ConsolidationPolicy, DisruptionReason, KarpenterOperator, NodeClaimConditionType};
use crate::api::{IntOrPercent, Object};
use crate::input::kinds::table::{Descriptor, Reading};
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use jiff::Timestamp;

const NODE_POOL: &str = r#"{
  "apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "general"},
  "spec": {
    "template": {
      "metadata": {"labels": {"team": "a"}},
      "spec": {
        "requirements": [
          {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot", "on-demand"]},
          {"key": "node.kubernetes.io/instance-type", "operator": "Exists", "minValues": 5}
        ],
        "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"},
        "startupTaints": [{"key": "cni", "effect": "NoSchedule"}]
      }
    },
    "limits": {"cpu": 100, "nodes": 5}
  }
}"#;

fn read(text: &str) -> Reading<Object> {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    Descriptor::named(&field("apiVersion"), &field("kind")).expect("a kind").read(&value, Timestamp::UNIX_EPOCH)
}

#[test]
fn a_node_pool_is_read_with_the_defaults_of_its_crd() {
    let reading = read(NODE_POOL);
    let Some(Object::NodePool(pool)) = reading.object else { panic!("{:?}", reading.errors) };
    assert_eq!(pool.limits.cpu, Some(MilliCpu::new(100_000)));
    assert_eq!(pool.limits.scalar("nodes"), Some(5));
    assert_eq!(pool.template.expire_after, Some(SimDuration::from_hours(720)));
    assert_eq!(pool.template.requirements[1].operator, KarpenterOperator::Exists);
    assert_eq!(pool.template.requirements[1].min_values, Some(5));
    assert_eq!(pool.template.startup_taints.len(), 1);
    assert_eq!(pool.disruption.consolidate_after, Some(SimDuration::ZERO));
    assert_eq!(pool.disruption.consolidation_policy, ConsolidationPolicy::WhenEmptyOrUnderutilized);
    assert_eq!(pool.disruption.budgets[0].nodes, IntOrPercent::Percent(10));
    assert_eq!((pool.weight, pool.is_static()), (0, false));
    assert!(reading.notes.inert.is_empty() && reading.notes.unknown.is_empty());
}

#[test]
fn a_node_pool_says_never_and_has_scheduled_budgets() {
    let disruption = r#""disruption": {"consolidateAfter": "Never", "consolidationPolicy": "Balanced", "budgets": [
        {"nodes": "0", "reasons": ["Drifted"], "schedule": "0 9 * * mon-fri", "duration": "8h"}]}, "limits""#;
    let text = NODE_POOL.replacen("\"limits\"", disruption, 1).replacen(
        "\"startupTaints\"",
        "\"expireAfter\": \"Never\", \"terminationGracePeriod\": \"1h30m\", \"startupTaints\"",
        1,
    );
    let reading = read(&text);
    let Some(Object::NodePool(pool)) = reading.object else { panic!("{:?}", reading.errors) };
    assert_eq!((pool.disruption.consolidate_after, pool.template.expire_after), (None, None));
    assert_eq!(pool.template.termination_grace_period, Some(SimDuration::from_minutes(90)));
    assert_eq!(pool.disruption.consolidation_policy, ConsolidationPolicy::Balanced);
    let budget = &pool.disruption.budgets[0];
    assert_eq!((budget.nodes, budget.duration), (IntOrPercent::Int(0), Some(SimDuration::from_hours(8))));
    assert_eq!(budget.reasons, [DisruptionReason::Drifted]);
}

#[test]
fn what_the_crd_refuses_is_refused() {
    let cases = [
        ("\"limits\"", "\"weight\": 101, \"limits\"", "spec.weight", "101 is out of range"),
        ("\"limits\"", "\"replicas\": 2, \"limits\"", "spec.limits", "only `nodes` is supported"),
        ("\"limits\"", "\"replicas\": -2, \"limits\"", "spec.replicas", "-2 is negative"),
        (
            "{\"team\": \"a\"}",
            "{\"karpenter.sh/x\": \"a\"}",
            "spec.template.metadata.labels[karpenter.sh/x]",
            "restricted",
        ),
        ("\"Exists\", \"minValues\": 5", "\"Is\"", "spec.template.spec.requirements[1].operator", "unknown value `Is`"),
        ("\"minValues\": 5", "\"minValues\": 51", "spec.template.spec.requirements[1].minValues", "out of range"),
        ("[\"spot\", \"on-demand\"]", "[]", "spec.template.spec.requirements[0].values", "missing for operator In"),
        (
            "\"startupTaints\"",
            "\"expireAfter\": \"3 days\", \"startupTaints\"",
            "spec.template.spec.expireAfter",
            "`3 days` is not",
        ),
        ("\"name\": \"default\"", "\"name\": \"\"", "spec.template.spec.nodeClassRef.name", "missing"),
        (
            "\"limits\"",
            "\"disruption\": {\"budgets\": [{\"nodes\": \"101%\"}]}, \"limits\"",
            "spec.disruption.budgets[0].nodes",
            "`101%` is no number of nodes",
        ),
        (
            "\"limits\"",
            "\"disruption\": {\"budgets\": [{\"schedule\": \"@daily\"}]}, \"limits\"",
            "spec.disruption.budgets[0]",
            "one of schedule and duration is missing",
        ),
    ];
    for (from, to, field, problem) in cases {
        let errors = read(&NODE_POOL.replacen(from, to, 1)).errors;
        let found = errors.iter().any(|error| error.field == field && error.problem.contains(problem));
        assert!(found, "{to}: {errors:?}");
    }
}

#[test]
fn a_node_claim_of_a_dump_has_its_conditions() {
    let reading = read(
        r#"{"apiVersion": "karpenter.sh/v1", "kind": "NodeClaim",
        "metadata": {"name": "general-x", "labels": {"karpenter.sh/nodepool": "general"},
                     "finalizers": ["karpenter.sh/termination"]},
        "spec": {"requirements": [], "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"}},
        "status": {"nodeName": "n1", "providerID": "aws:///a/i-1", "imageID": "ami-1", "conditions": [
            {"type": "Initialized", "status": "True", "reason": "Initialized", "message": "",
             "lastTransitionTime": "1970-01-01T00:01:00Z"},
            {"type": "Sundry", "status": "True"}]}}"#,
    );
    let Some(Object::NodeClaim(claim)) = reading.object else { panic!("{:?}", reading.errors) };
    assert_eq!(claim.node_pool().map(|name| &**name), Some("general"));
    assert!(claim.meta.finalizers.is_empty(), "its controller keeps that one in mind");
    let condition = claim.status.condition(NodeClaimConditionType::Initialized).unwrap();
    assert_eq!(condition.last_transition, SimTime::from_secs(60));
    assert!(!claim.status.is_true(NodeClaimConditionType::Drifted));
    assert_eq!(claim.spec.expire_after, Some(SimDuration::from_hours(720)));
}

#[test]
fn of_a_class_what_a_node_offers_is_read_and_the_rest_is_listed() {
    let reading = read(
        r#"{"apiVersion": "karpenter.k8s.aws/v1", "kind": "EC2NodeClass", "metadata": {"name": "default"},
        "spec": {"role": "r", "amiSelectorTerms": [{"alias": "al2023@latest"}], "nonsense": 1,
                 "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": "100Gi", "volumeType": "gp3"}}],
                 "kubelet": {"maxPods": 42, "systemReserved": {"cpu": "100m"}, "evictionHard": {"memory.available": "5%"}}}}"#,
    );
    let Some(Object::NodeClass(class)) = reading.object else { panic!("{:?}", reading.errors) };
    assert_eq!(class.root_volume, Some(Bytes::new(100 << 30)));
    assert_eq!((class.kubelet.max_pods, class.kubelet.eviction_memory_percent), (Some(42), Some(5)));
    assert_eq!(class.kubelet.system_reserved.cpu, Some(MilliCpu::new(100)));
    let inert: Vec<&str> = reading.notes.inert.iter().map(|field| field.name.as_str()).collect();
    assert!(inert.contains(&"NodeClassSpec.role") && inert.contains(&"BlockDevice.volumeType"), "{inert:?}");
    assert_eq!(reading.notes.unknown.len(), 1, "{:?}", reading.notes.unknown);
}
