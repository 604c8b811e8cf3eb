//! Scale-ups that are under way.

use super::ClusterState;
use crate::autoscaler::cluster_autoscaler::environment::{Environment, Event, EventSubject, GroupId, NodeGroup};
use crate::autoscaler::cluster_autoscaler::options::Options;
use crate::units::SimTime;

/// The code of scale-ups whose nodes did not come in time.
const TIMEOUT: &str = "timeout";

/// A scale-up of a group. Another one of the same group becomes part of it, and restarts its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleUpRequest {
    /// When it was asked for.
    pub time: SimTime,
    /// When its nodes should be there.
    pub expected: SimTime,
    /// How many nodes.
    pub increase: i64,
}

impl ClusterState {
    /// Notes a scale-up, or takes nodes off it.
    pub fn register_scale_up(&mut self, id: GroupId, delta: i64, group: &NodeGroup, now: SimTime) {
        let expected = now + group.options.max_node_provision_time;
        let Some(request) = self.requests.get_mut(&id) else {
            if delta > 0 {
                self.requests.insert(id, ScaleUpRequest { time: now, expected, increase: delta });
            }
            return;
        };
        request.increase += delta;
        if request.increase <= 0 {
            self.requests.remove(&id);
        } else if delta > 0 {
            request.time = now;
            request.expected = expected;
        }
    }

    /// Whether nodes of a scale-up of a group are still to come.
    pub fn is_scaling_up(&self, group: GroupId) -> bool {
        self.requests.contains_key(&group) && self.upcoming_of(group) > 0
    }

    /// Ends scale-ups whose nodes are there, and gives up those whose nodes did not come in time.
    pub(super) fn update_requests(
        &mut self,
        environment: &mut dyn Environment,
        groups: &[NodeGroup],
        has_template: &dyn Fn(GroupId) -> bool,
        options: &Options,
        now: SimTime,
    ) {
        self.backoff.forget_old(now, options);
        let known: Vec<(GroupId, ScaleUpRequest)> = self.requests.iter().map(|(id, request)| (*id, *request)).collect();
        for (id, request) in known {
            if self.upcoming_of(id) <= 0 {
                self.requests.remove(&id);
                continue;
            }
            if request.expected >= now {
                continue;
            }
            let name = groups.get(id.index()).map(|group| group.name.clone()).unwrap_or_default();
            let warn = |environment: &mut dyn Environment, reason, message| {
                environment.emit(Event { subject: EventSubject::Status, is_warning: true, reason, message });
            };
            let waited = now - request.time;
            let message = format!("Nodes added to group {name} failed to register within {waited}");
            warn(environment, "ScaleUpTimedOut", message);
            if has_template(id) {
                self.backoff.fail(id, TIMEOUT.into(), now, options);
            }
            let outcome = environment.decrease_target_size(id, request.increase);
            self.reverted.push((id, request.increase, outcome.is_ok()));
            if let Err(error) = outcome {
                let message =
                    format!("Failed to decrease target size for group {name} after scale-up timeout: {error}");
                warn(environment, "FailedToRevertScaleUp", message);
            }
            self.requests.remove(&id);
        }
    }
}
