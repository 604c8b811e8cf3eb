//! The victims on one node where pods stand in the way only by the room that they take: sums instead of a trial with a copy
//! of the node. The answer is that of the trial (`SelectVictimsOnNode`, kube-scheduler 1.36).

use super::budgets::split_by_budgets;
use super::candidate::{Candidate, by_importance};
use crate::scheduler::framework::{Context, CycleState, Failure, filter};
use crate::scheduler::plugins::{Descriptor, Plugin, PluginSet, TABLE, node_resources_fit};
use crate::scheduler::view::{NodeInfo, PodInfo, Resources};
use std::sync::Arc;

/// Plugins whose filters look at the pods of a node, besides NodeResourcesFit.
const LOOK_AT_PODS: PluginSet = {
    let mut set = PluginSet::EMPTY;
    let mut position = 0;
    while position < TABLE.len() {
        let Descriptor { plugin, filter_looks_at_pods, .. } = TABLE[position];
        if filter_looks_at_pods && !matches!(plugin, Plugin::NodeResourcesFit) {
            set = set.union(PluginSet::of(&[plugin]));
        }
        position += 1;
    }
    set
};

/// Whether pods stand in the pod's way only by the room that they take: no filter but NodeResourcesFit looks at them.
pub fn only_room_counts(context: &Context<'_>, state: &CycleState) -> bool {
    let may_look = |plugin: &Plugin| LOOK_AT_PODS.contains(*plugin) && !state.skip_filter.contains(*plugin);
    !context.profile.filter.iter().any(may_look)
}

/// What pods take of a node.
#[derive(Clone)]
struct Taken {
    requested: Resources,
    pods: i64,
}

impl Taken {
    fn add(&mut self, pod: &PodInfo) {
        self.requested.add(&pod.placed().requests);
        self.pods += 1;
    }

    fn remove(&mut self, pod: &PodInfo) {
        self.requested.subtract(&pod.placed().requests);
        self.pods -= 1;
    }
}

/// The pods that would have to go from one node.
///
/// # Errors
/// `None` where no pod may go, else why the pod would not fit all the same.
pub fn select_victims(
    context: &Context<'_>,
    pod: &PodInfo,
    node: &NodeInfo,
    state: &CycleState,
) -> Result<Candidate, Option<Failure>> {
    let lower = || node.pods().iter().filter(|placed| placed.priority() < pod.priority());
    if lower().next().is_none() {
        return Err(None);
    }
    let pods = i64::try_from(node.pods().len()).unwrap_or(i64::MAX);
    let mut taken = Taken { requested: node.requested().clone(), pods };
    // Nominated pods count as if they were there; where there is room with them, there is without them.
    for placed in context.nominator.pods_on(node.id()) {
        if placed.priority() >= pod.priority() && placed.id != pod.id {
            taken.add(placed);
        }
    }
    lower().for_each(|placed| taken.remove(placed));
    for plugin in context.profile.filter.iter().filter(|plugin| !state.skip_filter.contains(**plugin)) {
        if *plugin == Plugin::NodeResourcesFit {
            room(context, pod, node, &taken).map_err(Some)?;
        } else {
            filter(*plugin, context, pod, state, node).map_err(Some)?;
        }
    }
    let mut potential: Vec<Arc<PodInfo>> = lower().cloned().collect();
    potential.sort_by_key(|placed| by_importance(placed));
    let (violating, others) = split_by_budgets(&potential, &context.listers.disruption_budgets);
    let both = !violating.is_empty() && !others.is_empty();
    let protected = violating.len();
    let (mut victims, mut pdb_violations) = (Vec::new(), 0);
    for (index, placed) in violating.into_iter().chain(others).enumerate() {
        taken.add(&placed);
        if context.profile.filter.contains(&Plugin::NodeResourcesFit) && room(context, pod, node, &taken).is_err() {
            taken.remove(&placed);
            pdb_violations += usize::from(index < protected);
            victims.push(placed);
        }
    }
    if both {
        victims.sort_by_key(|placed| by_importance(placed));
    }
    Ok(Candidate { node: node.id(), victims, pdb_violations })
}

/// NodeResourcesFit of a node of which so much is taken.
fn room(context: &Context<'_>, pod: &PodInfo, node: &NodeInfo, taken: &Taken) -> Result<(), Failure> {
    let args = &context.profile.args.fit;
    let shortage = node_resources_fit::shortage(
        &args.ignored_resources,
        &args.ignored_resource_groups,
        &pod.requests().requests,
        node.allocatable(),
        &taken.requested,
        node.allocatable_pods() - taken.pods,
    );
    shortage.into_result()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::PodTemplate;
    use crate::scheduler::framework::run_pre_filter;
    use crate::scheduler::preemption::trial;
    use crate::scheduler::tests::random_cluster::Case;
    use crate::scheduler::view::PodOrigin;

    #[test]
    fn sums_find_the_victims_of_the_trial() {
        let (mut compared, mut found) = (0, 0);
        for seed in 0..300 {
            let mut case = Case::new(seed);
            for _ in 0..60 {
                case.attempt(seed);
                case.change();
            }
            case.view.refresh();
            let pod = case.pod();
            for priority in [5, 1000] {
                let mut template = PodTemplate::default();
                template.spec.priority = priority;
                let origin = PodOrigin { template: Arc::new(template), ..PodOrigin::clone(&pod.origin) };
                let pod = PodInfo { origin: Arc::new(origin), ..PodInfo::clone(&pod) };
                let context = Context::new(&case.view, &case.profile);
                let mut state = CycleState::default();
                run_pre_filter(&context, &pod, &mut state);
                if !only_room_counts(&context, &state) {
                    continue;
                }
                for node in case.view.snapshot().nodes() {
                    let found_by_trial = trial::select_victims(&context, &pod, node, &mut state.clone());
                    let sums = select_victims(&context, &pod, node, &state);
                    let told = |outcome: &Result<Candidate, Option<Failure>>| {
                        outcome
                            .as_ref()
                            .map(|candidate| {
                                let victims: Vec<_> = candidate.victims.iter().map(|victim| victim.id).collect();
                                (candidate.node, victims, candidate.pdb_violations)
                            })
                            .map_err(|failure| *failure)
                    };
                    assert_eq!(told(&sums), told(&found_by_trial), "seed {seed}");
                    compared += 1;
                    found += usize::from(sums.is_ok_and(|candidate| !candidate.victims.is_empty()));
                }
            }
        }
        assert!(compared > 1000 && found > 10, "{compared} nodes, victims on {found}");
    }
}
