//! Forks of random clusters: what is taken back leaves no trace, and what is kept is as if there had been no fork.

use super::{ListerChange, View};
use crate::api::{LabelSelector, Labels, Name, PersistentVolume, PersistentVolumeClaim, StorageClass};
use crate::cluster::NodeId;
use crate::scheduler::framework::{Context, Decision, Scratch, SearchState, TieBreak, schedule};
use crate::scheduler::tests::random_cluster::Case;
use crate::scheduler::view::{DisruptionBudget, NodeInfo, PodInfo};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many clusters are tried: fewer where continuous integration, which sets `CI`, waits for them.
const RUNS: u64 = if option_env!("CI").is_some() { 60 } else { 200 };

/// Everything in a view that decisions follow from, as text. What is only remembered (label keys, names of images, logs)
/// is left out, and so are trailing entries of ids that nobody has.
fn content(view: &View) -> String {
    let snapshot = view.snapshot();
    let by_name: BTreeMap<_, _> = snapshot.by_name.iter().collect();
    let placements: Vec<_> =
        snapshot.placements.iter().enumerate().filter_map(|(pod, node)| Some((pod, (*node)?))).collect();
    let nodes: Vec<String> = snapshot.nodes.iter().flatten().map(|node| node_content(node)).collect();
    let nominated: Vec<_> = view.nominator().pods().map(|pod| (pod.id, view.nominator().node_of(pod.id))).collect();
    let mut dirty = snapshot.dirty.clone();
    dirty.sort_unstable();
    dirty.dedup();
    format!(
        "{}\n{by_name:?}\n{placements:?}\n{:?} {}\n{:?}\n{:?} {}\n{:?}\n{dirty:?}\n{:?}\n{nominated:?} {}",
        nodes.join("\n"),
        snapshot.priorities,
        snapshot.has_required_anti_affinity(),
        snapshot.zones,
        snapshot.order,
        snapshot.order_is_stale,
        snapshot.images.in_use(),
        view.listers(),
        view.nominator().has_required_anti_affinity(),
    )
}

/// A node with its sums and its pods.
fn node_content(node: &NodeInfo) -> String {
    let object = node.node();
    let pods: Vec<_> = node.pods().iter().map(|pod| (pod.id, pod.terminating)).collect();
    format!(
        "{:?} v{} {} {:?} {} {:?} {} {} {:?} {:?} {} {:?} {:?} {:?} {:?} {:?} {} {} {pods:?}",
        node.id(),
        node.version(),
        object.meta.name,
        object.meta.labels,
        object.unschedulable,
        object.taints,
        node.is_present,
        node.is_dirty,
        node.images,
        node.domains(),
        node.free_pods(),
        node.allocatable(),
        node.requested(),
        node.non_zero_cpu(),
        node.non_zero_memory(),
        node.used_ports(),
        node.has_pods_with_scored_affinity(),
        node.has_pods_with_required_anti_affinity(),
    )
}

/// What the framework decides of some pods.
fn decisions(view: &View, case: &Case, pods: &[Arc<PodInfo>]) -> Vec<String> {
    let mut view = view.clone();
    view.refresh();
    let context = Context::new(&view, &case.profile);
    let mut scratch = Scratch::default();
    let told = |pod: &Arc<PodInfo>| match schedule(
        &context,
        pod,
        &mut SearchState::default(),
        TieBreak::First,
        &mut scratch,
    ) {
        Decision::Placed(placement) => format!("{placement:?}"),
        Decision::Unschedulable(diagnosis) => diagnosis.message(view.snapshot(), pod, case.profile.version),
        Decision::NoNodes => "no nodes".to_owned(),
    };
    pods.iter().map(told).collect()
}

/// An object besides nodes and pods comes, changes or goes.
fn change_listed(case: &mut Case) {
    let (name, is_there) = (case.draw.name("x", 3), case.draw.chance(70));
    let labels: Labels = std::iter::once((Name::from("app"), case.draw.name("a", 3))).collect();
    let key = (Name::from(*case.draw.one_of(&["one", "two"])), name.clone());
    let change = match case.draw.below(10) {
        0 => ListerChange::Namespace(name, is_there.then_some(labels)),
        1 => ListerChange::Service(key, is_there.then_some(labels)),
        2 => {
            let owner = ("ReplicaSet".into(), key.0, "rs".into());
            ListerChange::Owner(owner, is_there.then(|| LabelSelector::from_match_labels(&labels)))
        }
        3 => ListerChange::PersistentVolume(name, is_there.then(|| Arc::new(PersistentVolume::default()))),
        4 => {
            let claim = PersistentVolumeClaim { storage_class: case.draw.name("c", 3), ..Default::default() };
            ListerChange::PersistentVolumeClaim(key, is_there.then(|| Arc::new(claim)))
        }
        5 => ListerChange::StorageClass(name, is_there.then(StorageClass::default)),
        6 => ListerChange::CsiNode(name, is_there.then(|| vec![(case.draw.name("d", 2), Some(3))])),
        7 => ListerChange::CsiDriver(name, is_there),
        8 => ListerChange::CsiStorageCapacity(key, is_there.then(Default::default)),
        _ => {
            let budgets = (0..case.draw.below(3)).map(|_| DisruptionBudget::default()).collect();
            ListerChange::DisruptionBudgets(budgets)
        }
    };
    case.view.apply(change);
    // The index does not follow the listers by itself.
    case.index.forget_classes();
}

/// Nodes, pods, nominations and listed objects come, change and go.
fn change(case: &mut Case, seed: u64) {
    for _ in 0..case.draw.below(8) {
        match case.draw.below(4) {
            0 => case.attempt(seed),
            1 => {
                let (pod, node) = (case.pod(), NodeId::from_index(case.draw.below(60)));
                case.view.nominate(pod, node);
            }
            2 => change_listed(case),
            _ => case.change(),
        }
    }
}

#[test]
fn what_is_taken_back_leaves_no_trace() {
    let mut changed = 0;
    for seed in 0..RUNS {
        let mut case = Case::new(seed);
        for _ in 0..12 {
            change(&mut case, seed);
            let pods: Vec<_> = (0..3).map(|_| case.pod()).collect();
            let (before, placed) = (content(&case.view), case.placed.clone());
            let decided = decisions(&case.view, &case, &pods);
            case.view.fork();
            change(&mut case, seed);
            if case.draw.chance(50) {
                let inner = content(&case.view);
                case.view.fork();
                change(&mut case, seed);
                if case.draw.chance(50) {
                    case.view.commit();
                } else {
                    case.view.revert();
                    assert_eq!(content(&case.view), inner, "seed {seed}: the inner fork");
                }
                change(&mut case, seed);
            }
            changed += u64::from(content(&case.view) != before);
            case.view.revert();
            case.placed = placed;
            assert_eq!(content(&case.view), before, "seed {seed}");
            assert_eq!(decisions(&case.view, &case, &pods), decided, "seed {seed}");
            // Index and framework still agree.
            case.index.forget_classes();
            case.attempt(seed);
        }
    }
    assert!(changed > 6 * RUNS, "only {changed} forks changed anything");
}

#[test]
fn what_is_kept_is_as_if_there_had_been_no_fork() {
    for seed in 0..RUNS {
        let (mut forked, mut direct) = (Case::new(seed), Case::new(seed));
        for round in 0..10 {
            change(&mut forked, seed);
            change(&mut direct, seed);
            forked.view.fork();
            change(&mut forked, seed);
            change(&mut direct, seed);
            if round % 2 == 0 {
                forked.view.fork();
                change(&mut forked, seed);
                change(&mut direct, seed);
                forked.view.commit();
            }
            forked.view.commit();
            assert_eq!(content(&forked.view), content(&direct.view), "seed {seed}");
            let pods: Vec<_> = (0..3).map(|_| direct.pod()).collect();
            // Both draw the same.
            (0..3).for_each(|_| _ = forked.pod());
            assert_eq!(decisions(&forked.view, &forked, &pods), decisions(&direct.view, &direct, &pods), "seed {seed}");
        }
    }
}
