//! Groups of pending pods that ask the scheduler for the same (`scaleup/equivalence`).

use super::environment::GroupId;
use super::pods;
use crate::api::{Name, OwnerReference};
use crate::scheduler::PodInfo;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Groups that one controller may have; further pods of it stand alone.
const MAX_GROUPS_BY_CONTROLLER: usize = 10;

/// A controller, by the namespace of its pods.
pub type Controller = (Name, OwnerReference);

/// The controller of a pod.
pub fn controller(pod: &PodInfo) -> Option<Controller> {
    pod.owner.as_ref().map(|owner| (pod.namespace.clone(), owner.clone()))
}

/// Pods that ask for the same.
#[derive(Clone, Debug, Default)]
pub struct PodGroup {
    /// The pods; the first speaks for all.
    pub pods: Vec<Arc<PodInfo>>,
    /// Node groups on whose nodes they would fit.
    pub schedulable_groups: Vec<GroupId>,
    /// Why they would not fit on nodes of the other groups.
    pub errors: BTreeMap<GroupId, Vec<String>>,
    /// Whether some node group would do.
    pub schedulable: bool,
}

/// Groups pods, in the order of the first pod of each group.
pub fn pod_groups(pods: &[Arc<PodInfo>]) -> Vec<PodGroup> {
    let mut groups: Vec<PodGroup> = Vec::new();
    let mut known: FxHashMap<Controller, Vec<usize>> = FxHashMap::default();
    for pod in pods {
        let alone = PodGroup { pods: vec![Arc::clone(pod)], ..PodGroup::default() };
        let Some(controller) = controller(pod).filter(|_| !pods::is_daemon(pod)) else {
            groups.push(alone);
            continue;
        };
        let of_controller = known.entry(controller).or_default();
        let found = of_controller.iter().find(|index| {
            groups.get(**index).and_then(|group| group.pods.first()).is_some_and(|first| pods::are_alike(first, pod))
        });
        if let Some(group) = found.and_then(|index| groups.get_mut(*index)) {
            group.pods.push(Arc::clone(pod));
            continue;
        }
        if of_controller.len() < MAX_GROUPS_BY_CONTROLLER {
            of_controller.push(groups.len());
        }
        groups.push(alone);
    }
    groups
}
