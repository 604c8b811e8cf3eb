//! Index and framework give the same answer: on random clusters with pods, nodes and configurations that come, go and
//! change.

use crate::cluster::NodeId;
use crate::scheduler::random_cluster::Case;
use crate::scheduler::{Context, Decision, PodInfo, TieBreak, schedule};
use std::sync::Arc;

impl Case {
    /// One scheduling attempt, by both; the decision is carried out.
    pub fn attempt(&mut self, seed: u64) {
        let mut pod = self.pod();
        if self.draw.chance(5) && !self.placed.is_empty() {
            let node = self.draw.name("n", 40);
            pod = Arc::new(PodInfo { nominated_node_name: Some(node), ..PodInfo::clone(&pod) });
        }
        self.snapshot.refresh();
        self.index.sync(&mut self.snapshot, &mut self.nominator);
        let tie_break = TieBreak::Random(self.draw.number());
        let context = Context {
            snapshot: &self.snapshot,
            listers: &self.listers,
            nominator: &self.nominator,
            profile: &self.profile,
        };
        let mut search = self.search;
        let indexed = self.index.schedule(&context, &pod, 0, &mut search, tie_break);
        let expected = schedule(&context, &pod, &mut self.search, tie_break, &mut self.scratch);
        if let Some(indexed) = indexed {
            assert_eq!(search, self.search, "seed {seed}: next start, {pod:?}");
            match (&indexed, &expected) {
                (Decision::Placed(indexed), Decision::Placed(expected)) => {
                    assert_eq!(indexed, expected, "seed {seed}: {pod:?}");
                }
                (Decision::Unschedulable(indexed), Decision::Unschedulable(expected)) => {
                    let message =
                        |own: &crate::scheduler::Diagnosis| own.message(&self.snapshot, &pod, self.profile.version);
                    assert_eq!(message(indexed), message(expected), "seed {seed}");
                    assert_eq!(indexed.plugins, expected.plugins, "seed {seed}");
                }
                (Decision::NoNodes, Decision::NoNodes) => {}
                _ => panic!("seed {seed}: {indexed:?} instead of {expected:?} for {pod:?}"),
            }
        }
        match expected {
            Decision::Placed(placement) => {
                self.snapshot.add_pod(Arc::clone(&pod), placement.node);
                self.placed.push((pod.id, pod));
            }
            Decision::Unschedulable(_) if self.draw.chance(20) => {
                let node = NodeId::from_index(self.draw.below(10));
                self.nominator.add(pod, node);
            }
            _ => {}
        }
    }
}

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
        indexed += case.index.statistics().indexed;
        fallbacks += case.index.statistics().fallbacks;
    }
    assert!(indexed > 4 * fallbacks, "{indexed} by the index, {fallbacks} left to the framework");
}
