//! The snapshot stays in order and adds up, whatever happens to it.

use super::*;
use crate::api::{ContainerImage, Labels, ObjectMeta, well_known};

fn node(name: &str, zone: &str) -> Arc<Node> {
    let labels: Labels =
        if zone.is_empty() { Labels::default() } else { std::iter::once((well_known::ZONE, zone)).collect() };
    Arc::new(Node { meta: ObjectMeta { name: name.into(), labels, ..ObjectMeta::default() }, ..Node::default() })
}

fn with_image(name: &str, image: &str, size_bytes: i64) -> Arc<Node> {
    let mut node = (*node(name, "")).clone();
    node.images = vec![ContainerImage { names: vec![image.into(), image.into()], size_bytes }];
    Arc::new(node)
}

#[test]
fn nodes_are_searched_zone_by_zone_in_turn() {
    let mut snapshot = Snapshot::default();
    for (index, zone) in ["a", "a", "b", "", "a", "b"].into_iter().enumerate() {
        snapshot.add_node(NodeId::from_index(index), node(&format!("n{index}"), zone));
    }
    snapshot.refresh();
    let order: Vec<usize> = snapshot.search_order().iter().map(|id| id.index()).collect();
    assert_eq!(order, [0, 2, 3, 1, 5, 4]);
    snapshot.remove_node(NodeId::from_index(0));
    snapshot.remove_node(NodeId::from_index(3));
    snapshot.refresh();
    let order: Vec<usize> = snapshot.search_order().iter().map(|id| id.index()).collect();
    assert_eq!(order, [1, 2, 4, 5]);
    assert_eq!(snapshot.len(), 4);
}

#[test]
fn the_first_node_with_an_image_gives_its_size_and_counts_are_those_of_the_last_change() {
    let mut snapshot = Snapshot::default();
    let id = NodeId::from_index;
    snapshot.add_node(id(0), with_image("n0", "a", 10));
    snapshot.refresh();
    snapshot.add_node(id(1), with_image("n1", "a", 99));
    snapshot.refresh();
    let image = snapshot.image_id("a").unwrap();
    let count = |snapshot: &Snapshot, node| snapshot.node(id(node)).unwrap().nodes_with_image(image);
    assert_eq!(snapshot.image_size(image), 10);
    assert_eq!((count(&snapshot, 0), count(&snapshot, 1)), (Some(1), Some(2)), "n0 did not change since");
    snapshot.remove_node(id(0));
    snapshot.remove_node(id(1));
    snapshot.add_node(id(2), with_image("n2", "a", 7));
    snapshot.refresh();
    assert_eq!(snapshot.image_size(image), 7, "no node had it in between");
    assert_eq!(count(&snapshot, 2), Some(1));
}

proptest::proptest! {
    /// Whatever comes and goes, the sums of a node are those over its pods, and every node is searched once.
    #[test]
    fn sums_follow_the_pods(operations in proptest::collection::vec((0_u8..5, 0_usize..4, 0_usize..12), 1..120)) {
        use crate::api::{Container, PodSpec, ResourceList};
        use crate::api::KubernetesVersion;
        use crate::scheduler::view::{PodTraits, Resources};
        use crate::units::MilliCpu;
        let pod = |index: usize| {
            let cpu = MilliCpu::new(100 * i64::try_from(index).unwrap());
            let scalar = Arc::from([("a.com/gpu".into(), 1)]);
            let requests = ResourceList { cpu: Some(cpu), scalar, ..ResourceList::default() };
            let containers = vec![Container { requests, ..Container::default() }];
            let spec = PodSpec { containers, ..PodSpec::default() };
            let traits = Arc::new(PodTraits::of(&spec));
            Arc::new(PodInfo::new(PodId::from_index(index), &crate::api::Pod::default(), traits, KubernetesVersion::V1_36))
        };
        let mut snapshot = Snapshot::default();
        for (operation, node_index, pod_index) in operations {
            let id = NodeId::from_index(node_index);
            let zone = ["a", "b", ""][pod_index % 3];
            match operation {
                0 => snapshot.add_node(id, node(&format!("n{node_index}"), zone)),
                1 => snapshot.update_node(id, node(&format!("n{node_index}"), zone)),
                2 if pod_index == 0 => snapshot.remove_node(id),
                3 => { snapshot.remove_pod(PodId::from_index(pod_index)); }
                _ => snapshot.add_pod(pod(pod_index), id),
            }
            snapshot.refresh();
            let mut order = snapshot.search_order().to_vec();
            order.sort_unstable();
            order.dedup();
            proptest::prop_assert_eq!(order.len(), snapshot.search_order().len());
            proptest::prop_assert_eq!(order.len(), snapshot.len());
            for info in snapshot.nodes() {
                let mut sum = Resources::default();
                info.pods().iter().for_each(|pod| sum.add(&pod.placed().requests));
                let mut requested = info.requested().clone();
                requested.scalar.retain(|(_, amount)| *amount != 0);
                proptest::prop_assert_eq!(&requested, &sum);
                for pod in info.pods() {
                    proptest::prop_assert_eq!(snapshot.node_of_pod(pod.id), Some(info.id()));
                }
            }
        }
    }
}
