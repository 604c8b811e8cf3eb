//! Index and framework give the same answer: on random clusters with pods, nodes and configurations that come, go and
//! change.

use crate::api::PodTemplate;
use crate::scheduler::framework::{
    Code, Context, CycleState, Decision, Diagnosis, Failures, Scratch, TieBreak, find_feasible_nodes, run_pre_filter,
};
use crate::scheduler::preemption::preempt;
use crate::scheduler::tests::random_cluster::Case;
use crate::scheduler::view::{PodInfo, PodOrigin, PodTraits};
use crate::units::MilliCpu;
use std::sync::Arc;

/// How many clusters are tried: fewer where continuous integration, which sets `CI`, waits for them.
const RUNS: u64 = if option_env!("CI").is_some() { 200 } else { 2000 };

#[test]
fn the_index_decides_as_the_framework_does() {
    let (mut indexed, mut fallbacks) = (0, 0);
    for seed in 0..RUNS {
        let mut case = Case::new(seed);
        for _ in 0..120 {
            case.attempt(seed);
            case.change();
        }
        indexed += case.indexed;
        fallbacks += case.left_to_framework;
    }
    assert!(indexed > 4 * fallbacks, "{indexed} by the index, {fallbacks} left to the framework");
}

/// Pods of a priority above all others that ask for so much of a node.
fn urgent(case: &mut Case, cpu: i64) -> Arc<PodOrigin> {
    let pod = case.pod();
    let mut spec = pod.spec().clone();
    spec.priority = 1000;
    spec.containers[0].requests.cpu = Some(MilliCpu::new(cpu));
    let traits = Arc::new(PodTraits::of(&spec));
    let template = Arc::new(PodTemplate { spec, ..PodTemplate::clone(&pod.template) });
    Arc::new(PodOrigin { template, traits, ..PodOrigin::clone(&pod.origin) })
}

/// Tells whether the pod found no node, and then has shown that index and memo preempt as the framework does.
fn preempts_alike(case: &mut Case, pod: &Arc<PodInfo>, state: &mut CycleState, seed: u64) -> bool {
    case.view.refresh();
    case.index.sync(&mut case.view);
    let tie_break = TieBreak::Random(case.draw.number());
    let context = Context::new(&case.view, &case.profile);
    let mut search = case.search;
    let decision = case.index.schedule(&context, pod, 0, &mut search, tie_break);
    let Some(Decision::Unschedulable(found)) = decision else { return false };
    let Some(resolvable) = case.index.resolvable(&context, pod, 0, case.search) else { return false };
    let mut scratch = Scratch::default();
    let expected = find_feasible_nodes(&context, pod, &mut case.search.clone(), &mut scratch).unwrap();
    let is_resolvable = |code: Code| code == Code::Unschedulable;
    let by_node = expected.failures.by_node().iter().filter(|(_, failure)| is_resolvable(failure.code()));
    assert_eq!(resolvable, by_node.map(|(node, _)| *node).collect::<Vec<_>>(), "seed {seed}: {pod:?}");

    let expected = preempt(&context, pod, &expected, &mut scratch.state, tie_break);
    let mut found = Diagnosis::clone(&found);
    if let Failures::Counted { resolvable: nodes, .. } = &mut found.failures {
        *nodes = Some(resolvable);
    }
    run_pre_filter(&context, pod, state);
    let found = preempt(&context, pod, &found, state, tie_break);
    let told = |preemption: &crate::scheduler::Preemption| {
        let victims =
            preemption.chosen().map(|chosen| chosen.victims.iter().map(|victim| victim.id).collect::<Vec<_>>());
        (preemption.nominated, preemption.ties.clone(), preemption.failure.clone(), victims)
    };
    assert_eq!(told(&found), told(&expected), "seed {seed}: {pod:?}");
    true
}

#[test]
fn preemption_is_the_same_by_index_and_memo() {
    let mut compared = 0;
    for seed in 0..RUNS / 4 {
        let mut case = Case::new(seed);
        let origins = [7500, 15_500].map(|cpu| urgent(&mut case, cpu));
        let mut state = CycleState::default();
        state.preemption_memo = Some(Box::default());
        for round in 0..60 {
            case.attempt(seed);
            case.change();
            if round % 3 == 0 {
                let origin = Arc::clone(&origins[round % 2]);
                let pod = Arc::new(PodInfo { origin, ..PodInfo::clone(&case.pod()) });
                compared += u64::from(preempts_alike(&mut case, &pod, &mut state, seed));
            }
        }
    }
    assert!(compared > RUNS / 4, "{compared} attempts found no node");
}
