//! Node groups that are not scaled up for a while because a scale-up failed (`utils/backoff`).

use crate::api::Name;
use crate::autoscaler::cluster_autoscaler::environment::GroupId;
use crate::autoscaler::cluster_autoscaler::options::Options;
use crate::units::{SimDuration, SimTime};
use std::collections::BTreeMap;

/// The back-off of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackoffInfo {
    /// How long it lasts.
    pub duration: SimDuration,
    /// Its end, which still belongs to it.
    pub until: SimTime,
    /// The failure that it follows.
    pub last_failure: SimTime,
    /// The code of that failure.
    pub code: Name,
}

/// The back-offs of all groups.
#[derive(Clone, Debug, Default)]
pub struct Backoff(BTreeMap<GroupId, BackoffInfo>);

impl Backoff {
    /// Notes a failure. One during a back-off starts it anew with the same length; a later one doubles it.
    pub fn fail(&mut self, group: GroupId, code: Name, now: SimTime, options: &Options) {
        let duration = match self.0.get(&group) {
            None => options.initial_node_group_backoff_duration,
            Some(known) if known.until < now => (known.duration * 2).min(options.max_node_group_backoff_duration),
            Some(known) => known.duration,
        };
        self.0.insert(group, BackoffInfo { duration, until: now + duration, last_failure: now, code });
    }

    /// The back-off that a group is in.
    pub fn of(&self, group: GroupId, now: SimTime) -> Option<&BackoffInfo> {
        self.0.get(&group).filter(|info| info.until >= now)
    }

    /// Forgets failures that were long ago.
    pub fn forget_old(&mut self, now: SimTime, options: &Options) {
        self.0.retain(|_, info| info.last_failure + options.node_group_backoff_reset_timeout >= now);
    }

    /// The next moment when a group may be scaled up again.
    pub fn next_end(&self, now: SimTime) -> Option<SimTime> {
        self.0.values().map(|info| info.until).filter(|until| *until >= now).min()
    }
}
