//! The lists of instances, which are asked for rarely (`CloudProviderNodeInstancesCache`).

use crate::autoscaler::cluster_autoscaler::environment::{Environment, GroupId, Instance};
use crate::units::{SimDuration, SimTime};

/// How often all lists are asked for (`CloudProviderNodeInstancesCacheRefreshInterval`).
const REFRESH_INTERVAL: SimDuration = SimDuration::from_minutes(2);

/// The lists as they were when they were asked for.
#[derive(Debug, Default)]
pub struct InstanceCache {
    lists: Vec<Option<Vec<Instance>>>,
    next_refresh: SimTime,
}

impl InstanceCache {
    /// A cache that asks for all lists now, and then again and again.
    pub fn new(now: SimTime) -> Self {
        Self { lists: Vec::new(), next_refresh: now }
    }

    /// Forgets the list of a group.
    pub fn invalidate(&mut self, group: GroupId) {
        if let Some(list) = self.lists.get_mut(group.index()) {
            *list = None;
        }
    }

    /// All lists; those of groups that are being scaled up are asked for.
    pub fn instances(
        &mut self,
        environment: &dyn Environment,
        scaling_up: &[bool],
        now: SimTime,
    ) -> Vec<Vec<Instance>> {
        self.lists.resize(scaling_up.len(), None);
        if now >= self.next_refresh {
            self.lists.fill(None);
            while now >= self.next_refresh {
                self.next_refresh += REFRESH_INTERVAL;
            }
        }
        let lists = self.lists.iter_mut().zip(scaling_up).enumerate();
        lists
            .map(|(index, (list, is_scaling_up))| {
                if *is_scaling_up || list.is_none() {
                    *list = Some(environment.instances(GroupId::from_index(index)));
                }
                list.clone().unwrap_or_default()
            })
            .collect()
    }
}
