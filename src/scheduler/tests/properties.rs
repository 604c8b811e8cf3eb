//! What holds in every cluster: properties of decisions, tried on random clusters.

use super::random_cluster::Case;
use crate::api::{Node, PodTemplate};
use crate::cluster::NodeId;
use crate::scheduler::framework::{
    Code, Context, CycleState, Decision, Failures, MAX_NODE_SCORE, Scratch, SearchState, TieBreak, add_pod,
    post_filter, remove_pod, run_filters, run_pre_filter, schedule,
};
use crate::scheduler::view::{PodInfo, PodOrigin, PodTraits, View};
use crate::units::MilliCpu;
use std::sync::Arc;

/// How many clusters are tried: fewer where continuous integration, which sets `CI`, waits for them.
const RUNS: u32 = if option_env!("CI").is_some() { 100 } else { 400 };
/// A label that no selector and no topology key of the random clusters names.
const IRRELEVANT: (&str, &str) = ("irrelevant.example/x", "y");

/// Random clusters after some time, each with a pod that comes next.
fn clusters(mut each: impl FnMut(u64, &mut Case, &Arc<PodInfo>)) {
    for seed in 0..u64::from(RUNS) {
        let mut case = Case::new(seed);
        for round in 0..60 {
            case.attempt(seed);
            case.change();
            if round % 12 == 11 {
                let pod = case.pod();
                case.view.refresh();
                each(seed, &mut case, &pod);
            }
        }
    }
}

/// The framework's decision with its details, from the start of the search order.
fn decide(case: &Case, view: &View, pod: &PodInfo) -> (Decision, Scratch) {
    let mut scratch = Scratch::default();
    let mut search = SearchState::default();
    let decision = schedule(&Context::new(view, &case.profile), pod, &mut search, TieBreak::First, &mut scratch);
    (decision, scratch)
}

/// A decision as text.
fn told(decision: &Decision, view: &View, pod: &PodInfo, case: &Case) -> String {
    match decision {
        Decision::Placed(placement) => format!("{placement:?}"),
        Decision::Unschedulable(diagnosis) => diagnosis.message(view.snapshot(), pod, case.profile.version),
        Decision::NoNodes => "no nodes".to_owned(),
    }
}

fn with_label(pod: &PodInfo) -> Arc<PodInfo> {
    let labels = pod.labels.with(IRRELEVANT.0, IRRELEVANT.1);
    let template = PodTemplate { labels: labels.clone(), ..PodTemplate::clone(&pod.template) };
    let origin = PodOrigin { labels, template: Arc::new(template), ..PodOrigin::clone(&pod.origin) };
    Arc::new(PodInfo { origin: Arc::new(origin), ..PodInfo::clone(pod) })
}

#[test]
fn a_label_that_nothing_selects_changes_nothing() {
    clusters(|seed, case, pod| {
        // Both clusters are touched alike: a node's image counts are those of its last change.
        let (mut plain, mut labelled) = (case.view.clone(), case.view.clone());
        let mut index = case.index.clone();
        let nodes: Vec<NodeId> = case.view.snapshot().search_order().to_vec();
        for id in nodes.iter().filter(|id| id.index() % 2 == 0) {
            let mut node = Node::clone(case.view.snapshot().node(*id).unwrap().node());
            plain.update_node(*id, Arc::new(node.clone()));
            node.meta.labels = node.meta.labels.with(IRRELEVANT.0, IRRELEVANT.1);
            labelled.update_node(*id, Arc::new(node));
        }
        for (id, _) in &case.placed {
            if let Some(placed) = labelled.snapshot().pod(*id).cloned() {
                plain.update_pod(&placed);
                labelled.update_pod(&with_label(&placed));
            }
        }
        plain.refresh();
        labelled.refresh();
        let (expected, details) = decide(case, &plain, pod);
        let other = with_label(pod);
        let (found, found_details) = decide(case, &labelled, &other);
        let expected_text = told(&expected, &plain, pod, case);
        assert_eq!(told(&found, &labelled, &other, case), expected_text, "seed {seed}");
        assert_eq!(found_details.feasible, details.feasible, "seed {seed}");
        assert_eq!(found_details.scores.totals(), details.scores.totals(), "seed {seed}");
        index.sync(&mut labelled);
        let context = Context::new(&labelled, &case.profile);
        let indexed = index.schedule(&context, &other, 0, &mut SearchState::default(), TieBreak::First);
        if let Some(indexed) = indexed {
            assert_eq!(told(&indexed, &labelled, &other, case), expected_text, "seed {seed}: by the index");
        }
    });
}

#[test]
fn a_pod_that_fits_the_emptied_node_is_never_unresolvable_there() {
    let mut seen = 0;
    clusters(|seed, case, pod| {
        let (decision, _) = decide(case, &case.view, pod);
        let Decision::Unschedulable(diagnosis) = decision else { return };
        let Failures::ByNode(failures) = &diagnosis.failures else { return };
        for (id, failure) in failures {
            let mut emptied = case.view.clone();
            for existing in case.view.snapshot().node(*id).unwrap().pods() {
                emptied.remove_pod(existing.id);
            }
            emptied.refresh();
            let (context, mut state) = (Context::new(&emptied, &case.profile), CycleState::default());
            let found = run_pre_filter(&context, pod, &mut state);
            let is_candidate = found.rejection.is_none() && found.nodes.is_none_or(|nodes| nodes.contains(id));
            if is_candidate && run_filters(&context, pod, &state, emptied.snapshot().node(*id).unwrap()).is_ok() {
                seen += 1;
                assert_eq!(failure.code(), Code::Unschedulable, "seed {seed}: {failure:?} on {id:?} for {pod:?}");
            }
        }
    });
    assert!(seen > RUNS / 4, "only {seen} nodes that were full");
}

#[test]
fn totals_are_weighted_sums_of_scores_up_to_100() {
    clusters(|seed, case, pod| {
        let (_, details) = decide(case, &case.view, pod);
        let mut sums = vec![0; details.scores.totals().len()];
        for row in details.scores.plugins() {
            for (sum, score) in sums.iter_mut().zip(&row.weighted) {
                *sum += score;
                assert_eq!(score % row.weight, 0, "seed {seed}: {:?}", row.plugin);
                assert!((0..=MAX_NODE_SCORE).contains(&(score / row.weight)), "seed {seed}: {:?}: {score}", row.plugin);
            }
        }
        assert_eq!(sums, details.scores.totals(), "seed {seed}");
        if details.feasible.len() > 1 {
            let highest = sums.iter().max().unwrap();
            for (node, total) in details.feasible.iter().zip(&sums) {
                assert_eq!(details.best.contains(node), total == highest, "seed {seed}");
            }
        }
    });
}

/// The pod with a priority above all others, and a request for much of a node.
fn urgent(case: &mut Case, pod: &PodInfo) -> Arc<PodInfo> {
    let mut spec = pod.spec().clone();
    spec.priority = 1000;
    let cpu = *case.draw.one_of(&[2000, 3500, 7500, 15_500]);
    spec.containers[0].requests.cpu = Some(MilliCpu::new(cpu));
    let traits = Arc::new(PodTraits::of(&spec));
    let template = Arc::new(PodTemplate { spec, ..PodTemplate::clone(&pod.template) });
    let origin = PodOrigin { template, traits, ..PodOrigin::clone(&pod.origin) };
    Arc::new(PodInfo { origin: Arc::new(origin), ..PodInfo::clone(pod) })
}

#[test]
fn victims_have_lower_priority_make_room_and_none_is_taken_in_vain() {
    let mut seen = 0;
    clusters(|seed, case, pod| {
        let pod = &urgent(case, pod);
        let (decision, mut details) = decide(case, &case.view, pod);
        let Decision::Unschedulable(diagnosis) = decision else { return };
        let context = Context::new(&case.view, &case.profile);
        let outcome = post_filter(&context, pod, &diagnosis, &mut details.state, TieBreak::First);
        for candidate in &outcome.preemption.candidates {
            seen += 1;
            assert!(candidate.victims.iter().all(|victim| victim.priority() < pod.priority()), "seed {seed}");
            let node = case.view.snapshot().node(candidate.node).unwrap();
            // What the filters say of the node without these pods.
            let fits_without = |gone: &[Arc<PodInfo>]| {
                let (mut state, mut node) = (details.state.clone(), (**node).clone());
                for victim in gone {
                    node.remove_pod(victim.id);
                    remove_pod(pod, &mut state, victim, &node);
                }
                run_filters(&context, pod, &state, &node).is_ok()
            };
            if !candidate.victims.is_empty() {
                assert!(fits_without(&candidate.victims), "seed {seed}: no room on {:?}", candidate.node);
            }
            // Where only room counts, sparing one more victim takes away the room. Constraints on other pods are not
            // monotone: a pod that was spared later may have made room for an earlier one.
            let counts_pods = pod.has_pod_affinity() || !pod.spread_constraints().is_empty();
            if counts_pods || node.pods().iter().any(|other| other.has_pod_affinity()) {
                continue;
            }
            for spared in 0..candidate.victims.len() {
                let mut rest = candidate.victims.clone();
                rest.remove(spared);
                assert!(!fits_without(&rest), "seed {seed}: a victim too many on {:?}", candidate.node);
            }
        }
    });
    assert!(seen > RUNS / 4, "only {seen} candidates");
}

#[test]
fn what_is_added_and_removed_again_leaves_the_filters_as_they_were() {
    clusters(|seed, case, pod| {
        let context = Context::new(&case.view, &case.profile);
        let mut state = CycleState::default();
        run_pre_filter(&context, pod, &mut state);
        let verdicts = |state: &CycleState| -> Vec<bool> {
            case.view.snapshot().nodes().map(|node| run_filters(&context, pod, state, node).is_ok()).collect()
        };
        let before = verdicts(&state);
        let Some(node) = case.view.snapshot().nodes().next() else { return };
        for (_, other) in case.placed.iter().take(5) {
            add_pod(pod, &mut state, other, node);
            remove_pod(pod, &mut state, other, node);
        }
        assert_eq!(verdicts(&state), before, "seed {seed}");
    });
}
