//! Table tests of VolumeBinding.

use super::super::plugin::Plugin;
use super::super::test_support::{cluster, labels_of, node_of, pod, texts, with_context};
use super::volumes::{VolumeChoice, choose_volumes};
use super::*;
use crate::api::{
    ClaimReference, CsiStorageCapacity, LabelSelector, Name, Node, NodeSelector, NodeSelectorOperator,
    NodeSelectorRequirement, NodeSelectorTerm, ObjectMeta, PersistentVolume, PersistentVolumeClaim, PodSpec,
    StorageClass, Volume, VolumeBindingMode, VolumePhase, VolumeSource,
};
use crate::scheduler::framework::{Failure, PreFilterOutcome};
use crate::scheduler::view::{Listers, NodeInfo, PodInfo};
use crate::units::Bytes;
use std::sync::Arc;

const NOTHING_THERE: &str = "node(s) didn't find available persistent volumes to bind";

fn with_claim(name: &str) -> PodInfo {
    let source = VolumeSource::PersistentVolumeClaim(name.into());
    pod(PodSpec { volumes: vec![Volume { name: "v".into(), source }], ..PodSpec::default() })
}

fn node(zone: &str) -> NodeInfo {
    let meta = ObjectMeta { name: "node".into(), labels: labels_of(&[("zone", zone)]), ..ObjectMeta::default() };
    node_of(Node { meta, ..Node::default() })
}

fn volume(name: &str, capacity: i64, zone: &str) -> PersistentVolume {
    let requirement =
        NodeSelectorRequirement { key: "zone".into(), operator: NodeSelectorOperator::In, values: vec![zone.into()] };
    let term = NodeSelectorTerm { match_expressions: vec![requirement], ..NodeSelectorTerm::default() };
    PersistentVolume {
        name: name.into(),
        capacity: Bytes::new(capacity),
        storage_class: "manual".into(),
        node_affinity: Some(NodeSelector { terms: vec![term] }),
        phase: VolumePhase::Available,
        ..PersistentVolume::default()
    }
}

fn claim(name: &str, class: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        namespace: "default".into(),
        name: name.into(),
        storage_class: class.into(),
        request: Some(Bytes::new(10)),
        ..PersistentVolumeClaim::default()
    }
}

fn bound(name: &str, volume: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim { volume_name: volume.into(), bind_completed: true, ..claim(name, "manual") }
}

/// Volumes of 20 and 30 bytes in zone `a`, classes of each sort, and these claims.
fn listers(claims: Vec<PersistentVolumeClaim>) -> Listers {
    let mut listers = Listers::default();
    let volumes = &mut listers.volumes;
    for volume in [volume("large", 30, "a"), volume("small", 20, "a")] {
        volumes.persistent_volumes.insert(volume.name.clone(), Arc::new(volume));
    }
    let class = |name: &str, provisioner: &str, topologies: &[&str], binding_mode| StorageClass {
        name: name.into(),
        provisioner: provisioner.into(),
        binding_mode,
        allowed_topologies: topologies.iter().map(|zone| vec![("zone".into(), vec![(*zone).into()])]).collect(),
        ..StorageClass::default()
    };
    let late = VolumeBindingMode::WaitForFirstConsumer;
    for class in [
        class("manual", "kubernetes.io/no-provisioner", &[], late),
        class("dynamic", "csi", &[], late),
        class("dynamic-b", "csi", &["b"], late),
        class("measured", "measured", &[], late),
        class("now", "csi", &[], VolumeBindingMode::Immediate),
    ] {
        volumes.classes.insert(class.name.clone(), class);
    }
    volumes.capacity_drivers.insert("measured".into());
    let near = |zone: &str| Some(LabelSelector::from_match_labels(&labels_of(&[("zone", zone)])));
    for (zone, bytes) in [("a", 10), ("b", 9)] {
        let capacity = CsiStorageCapacity {
            storage_class: "measured".into(),
            node_topology: near(zone),
            capacity: Some(Bytes::new(bytes)),
            maximum_volume_size: None,
        };
        volumes.capacities.insert(("default".into(), zone.into()), capacity);
    }
    for claim in claims {
        volumes.claims.insert((claim.namespace.clone(), claim.name.clone()), Arc::new(claim));
    }
    listers
}

fn pre_filter_of(pod: &PodInfo, listers: &Listers) -> (PreFilterOutcome, FilterState) {
    let mut state = FilterState::default();
    let found = with_context(&cluster(Vec::new()), listers, |context| pre_filter(context, pod, &mut state));
    (found, state)
}

#[test]
fn claims_that_reject_the_pod() {
    let missing = |name: &str| Err(format!("persistentvolumeclaim \"{name}\" not found"));
    let cases = [
        (vec![], missing("data"), "no claim"),
        (vec![bound("data", "small")], Ok(PreFilterOutcome::Run), "bound"),
        (vec![claim("data", "dynamic")], Ok(PreFilterOutcome::Run), "waits for the pod"),
        (
            vec![claim("data", "now")],
            Err("pod has unbound immediate PersistentVolumeClaims".to_owned()),
            "should be bound already",
        ),
        (
            vec![PersistentVolumeClaim { is_lost: true, ..bound("data", "gone") }],
            Err("persistentvolumeclaim \"data\" bound to non-existent persistentvolume \"gone\"".to_owned()),
            "lost",
        ),
        (
            vec![PersistentVolumeClaim { terminating: true, ..bound("data", "small") }],
            Err("persistentvolumeclaim \"data\" is being deleted".to_owned()),
            "terminating",
        ),
    ];
    for (claims, expected, why) in cases {
        let (found, _) = pre_filter_of(&with_claim("data"), &listers(claims));
        let expected = expected.unwrap_or_else(|reason| PreFilterOutcome::unresolvable(Plugin::VolumeBinding, reason));
        assert_eq!(found, expected, "{why}");
    }
    assert_eq!(pre_filter_of(&pod(PodSpec::default()), &listers(vec![])).0, PreFilterOutcome::Skip, "no volume");
}

#[test]
fn nodes_where_claims_can_be_served() {
    let selected = |node: &str| PersistentVolumeClaim { selected_node: Some(node.into()), ..claim("data", "dynamic") };
    let large = PersistentVolumeClaim { request: Some(Bytes::new(40)), ..claim("data", "manual") };
    let cases = [
        (bound("data", "small"), "a", &[][..], "its volume is usable"),
        (bound("data", "small"), "b", &["node(s) didn't match PersistentVolume's node affinity"], "in another zone"),
        (
            bound("data", "gone"),
            "a",
            &["node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"],
            "its volume is gone",
        ),
        (claim("data", "manual"), "a", &[], "a volume is there"),
        (claim("data", "manual"), "b", &[NOTHING_THERE], "none in this zone, and none is made"),
        (large, "a", &[NOTHING_THERE], "none is large enough"),
        (claim("data", "dynamic"), "b", &[], "one is made"),
        (claim("data", "dynamic-b"), "a", &[NOTHING_THERE], "made in another zone only"),
        (claim("data", "measured"), "a", &[], "the storage has room"),
        (claim("data", "measured"), "b", &["node(s) did not have enough free storage"], "it has not"),
        (selected("node"), "a", &[], "is being made for this node"),
        (selected("elsewhere"), "a", &[NOTHING_THERE], "is being made for another node"),
    ];
    for (claim, zone, expected, why) in cases {
        let (pod, listers, node) = (with_claim("data"), listers(vec![claim]), node(zone));
        let (_, state) = pre_filter_of(&pod, &listers);
        let found = with_context(&cluster(Vec::new()), &listers, |context| filter(context, &state, &node));
        assert_eq!(
            found.map_or_else(|failure: Failure| texts(failure, &pod, &node), |()| Vec::new()),
            expected,
            "{why}"
        );
    }
}

#[test]
fn what_a_claim_gets_with_its_node() {
    let reserved = |for_claim: &str| ClaimReference {
        namespace: "default".into(),
        name: for_claim.into(),
        ..ClaimReference::default()
    };
    let bind = |volume: &str| VolumeChoice::Bind { claim: "data".into(), volume: volume.into() };
    let cases = [
        ("manual", None, bind("small"), "the smallest that fits"),
        ("manual", Some(("small", "another")), bind("large"), "the smallest is reserved for another claim"),
        ("manual", Some(("large", "data")), bind("large"), "one is reserved for it"),
        ("dynamic", None, VolumeChoice::Provision { claim: "data".into() }, "one is made"),
    ];
    for (class, reservation, expected, why) in cases {
        let mut listers = listers(vec![claim("data", class)]);
        if let Some((name, for_claim)) = reservation {
            let volume = PersistentVolume { claim: Some(reserved(for_claim)), ..volume(name, 30, "a") };
            listers.volumes.persistent_volumes.insert(Name::from(name), Arc::new(volume));
        }
        let found = with_context(&cluster(Vec::new()), &listers, |context| {
            choose_volumes(context, &with_claim("data"), node("a").node())
        });
        assert_eq!(found, [expected], "{why}");
    }
}

#[test]
fn the_index_answers_for_pods_without_volumes() {
    let Indexability::WhenIdle(is_idle) = DESCRIPTOR.indexability else { panic!("the index has no rule for volumes") };
    assert!(is_idle(&pod(PodSpec::default())) && !is_idle(&with_claim("data")));
}
