//! The victims on one node where pods stand in the way only by the room that they take: sums instead of a trial with a copy
//! of the node. The answer is that of the trial (`SelectVictimsOnNode`, kube-scheduler 1.36).

use super::search::{Candidate, by_importance, split_by_budgets};
use crate::scheduler::framework::{Context, CycleState, Failure, filter};
use crate::scheduler::plugins::{Plugin, node_resources_fit};
use crate::scheduler::view::{NodeInfo, PodInfo, Resources};
use std::sync::Arc;

/// Plugins whose filters look at the pods of a node, besides NodeResourcesFit.
const LOOK_AT_PODS: [Plugin; 5] = [
    Plugin::NodePorts,
    Plugin::PodTopologySpread,
    Plugin::InterPodAffinity,
    Plugin::VolumeRestrictions,
    Plugin::NodeVolumeLimits,
];

/// Whether pods stand in the pod's way only by the room that they take: no filter but NodeResourcesFit looks at them.
pub fn only_room_counts(context: &Context<'_>, state: &CycleState) -> bool {
    LOOK_AT_PODS.iter().all(|plugin| state.skip_filter.contains(*plugin) || !context.profile.filter.contains(plugin))
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
    let lower = || node.pods().iter().filter(|other| other.priority() < pod.priority());
    if lower().next().is_none() {
        return Err(None);
    }
    let pods = i64::try_from(node.pods().len()).unwrap_or(i64::MAX);
    let mut taken = Taken { requested: node.requested().clone(), pods };
    // Nominated pods count as if they were there; where there is room with them, there is without them.
    for other in context.nominator.pods_on(node.id()) {
        if other.priority() >= pod.priority() && other.id != pod.id {
            taken.add(other);
        }
    }
    lower().for_each(|other| taken.remove(other));
    for plugin in context.profile.filter.iter().filter(|plugin| !state.skip_filter.contains(**plugin)) {
        if *plugin == Plugin::NodeResourcesFit {
            room(context, pod, node, &taken).map_err(Some)?;
        } else {
            filter(*plugin, context, pod, state, node).map_err(Some)?;
        }
    }
    let mut potential: Vec<Arc<PodInfo>> = lower().cloned().collect();
    potential.sort_by_key(|other| by_importance(other));
    let (violating, others) = split_by_budgets(&potential, &context.listers.disruption_budgets);
    let both = !violating.is_empty() && !others.is_empty();
    let protected = violating.len();
    let (mut victims, mut pdb_violations) = (Vec::new(), 0);
    for (index, other) in violating.into_iter().chain(others).enumerate() {
        taken.add(&other);
        if context.profile.filter.contains(&Plugin::NodeResourcesFit) && room(context, pod, node, &taken).is_err() {
            taken.remove(&other);
            pdb_violations += usize::from(index < protected);
            victims.push(other);
        }
    }
    if both {
        victims.sort_by_key(|other| by_importance(other));
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
        |_| false,
    );
    if shortage.is_empty() { Ok(()) } else { Err(Failure::Resources(shortage)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::PodTemplate;
    use crate::scheduler::framework::run_pre_filter;
    use crate::scheduler::preemption::search;
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
                    let trial = search::select_victims(&context, &pod, node, &mut state.clone());
                    let sums = select_victims(&context, &pod, node, &state);
                    let told = |outcome: &Result<Candidate, Option<Failure>>| {
                        outcome
                            .as_ref()
                            .map(|own| {
                                let victims: Vec<_> = own.victims.iter().map(|victim| victim.id).collect();
                                (own.node, victims, own.pdb_violations)
                            })
                            .map_err(|failure| *failure)
                    };
                    assert_eq!(told(&sums), told(&trial), "seed {seed}");
                    compared += 1;
                    found += usize::from(sums.is_ok_and(|own| !own.victims.is_empty()));
                }
            }
        }
        assert!(compared > 1000 && found > 10, "{compared} nodes, victims on {found}");
    }
}
