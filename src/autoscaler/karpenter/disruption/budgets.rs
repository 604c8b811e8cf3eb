//! How many nodes of each NodePool may be disrupted now (`pkg/apis/v1/nodepool.go`, `BuildDisruptionBudgetMapping`).

use crate::api::Name;
use crate::api::cron::CronSchedule;
use crate::api::karpenter::{Budget, DisruptionReason, NodeClaimConditionType, NodePool};
use crate::autoscaler::karpenter::state::ClusterState;
use crate::units::{SimDuration, SimTime};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// What the calendar says at the start of the run, which schedules are about.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The calendar time of [`SimTime::ZERO`].
    pub start: Timestamp,
}

impl Clock {
    fn at(self, time: SimTime) -> Timestamp {
        let since = SignedDuration::from_nanos(time.as_nanos());
        self.start.checked_add(since).unwrap_or(Timestamp::MAX)
    }
}

/// How many more nodes of each pool may be disrupted for a reason.
pub fn allowed(state: &ClusterState, clock: Clock, now: SimTime, reason: DisruptionReason) -> BTreeMap<Name, i32> {
    let mut nodes: BTreeMap<&Name, (i32, i32)> = BTreeMap::new();
    for (_, node) in state.nodes() {
        let (Some(claim), Some(pool)) = (&node.claim, node.pool()) else { continue };
        let is_gone = claim.status.is_true(NodeClaimConditionType::InstanceTerminating);
        if !node.is_initialized() || is_gone {
            continue;
        }
        let (number, disrupted) = nodes.entry(pool).or_default();
        *number += 1;
        let is_ready = node.node.as_ref().is_some_and(|node| node.ready);
        *disrupted += i32::from(!is_ready || node.is_deleting());
    }
    let of_pool = |(name, pool): (&Name, &crate::autoscaler::karpenter::state::Pool)| {
        let (number, disrupted) = nodes.get(name).copied().unwrap_or_default();
        let most = most_of_pool(&pool.spec, clock, now, number, reason);
        (name.clone(), most.saturating_sub(disrupted).max(0))
    };
    state.pools.iter().map(of_pool).collect()
}

/// The least that an active budget allows (`MustGetAllowedDisruptions`): nothing if one is malformed.
fn most_of_pool(pool: &NodePool, clock: Clock, now: SimTime, nodes: i32, reason: DisruptionReason) -> i32 {
    let mut most = i32::MAX;
    for budget in &pool.disruption.budgets {
        let Some(is_active) = is_active(budget, clock, now) else { return 0 };
        let is_about = budget.reasons.is_empty() || budget.reasons.contains(&reason);
        if is_active && is_about {
            most = most.min(budget.nodes.resolve_up(nodes));
        }
    }
    most
}

/// Whether a budget holds now: whether its schedule was hit within its duration. `None` if the schedule is none.
fn is_active(budget: &Budget, clock: Clock, now: SimTime) -> Option<bool> {
    let Some(schedule) = &budget.schedule else { return budget.duration.is_none().then_some(true) };
    let schedule = CronSchedule::parse(&format!("TZ=UTC {schedule}")).ok()?;
    let span = budget.duration.unwrap_or(SimDuration::ZERO);
    let since = SimTime::from_nanos(now.as_nanos().saturating_sub(span.as_nanos()));
    Some(schedule.next(clock.at(since)).is_ok_and(|hit| hit <= clock.at(now)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::IntOrPercent;
    use crate::api::karpenter::{DisruptionSpec, NodeClaimTemplate};

    fn pool(budgets: Vec<Budget>) -> NodePool {
        NodePool {
            meta: crate::api::ObjectMeta::default(),
            template: NodeClaimTemplate::default(),
            disruption: DisruptionSpec { budgets, ..DisruptionSpec::default() },
            limits: crate::api::ResourceList::default(),
            weight: 0,
            replicas: None,
            is_not_ready: false,
        }
    }

    #[test]
    fn the_least_active_budget_holds() {
        let budget = |nodes, reasons: &[DisruptionReason], schedule: Option<(&str, i64)>| Budget {
            nodes,
            reasons: reasons.to_vec(),
            schedule: schedule.map(|(schedule, _)| schedule.into()),
            duration: schedule.map(|(_, hours)| SimDuration::from_hours(hours)),
        };
        use DisruptionReason::{Empty, Underutilized};
        use IntOrPercent::{Int, Percent};
        let cases = [
            (vec![budget(Percent(10), &[], None)], Empty, 2),
            (vec![budget(Percent(10), &[], None), budget(Int(1), &[Empty], None)], Empty, 1),
            (vec![budget(Percent(10), &[], None), budget(Int(1), &[Empty], None)], Underutilized, 2),
            (vec![budget(Int(0), &[], Some(("0 9 * * *", 8)))], Empty, 0),
            (vec![budget(Int(0), &[], Some(("0 9 * * *", 2)))], Empty, i32::MAX),
            (vec![budget(Int(5), &[], Some(("never", 2)))], Empty, 0),
            (Vec::new(), Empty, i32::MAX),
        ];
        // Noon.
        let clock = Clock { start: "2026-08-24T12:00:00Z".parse().expect("a time") };
        for (budgets, reason, most) in cases {
            let text = format!("{budgets:?} {reason:?}");
            assert_eq!(most_of_pool(&pool(budgets), clock, SimTime::ZERO, 11, reason), most, "{text}");
        }
    }
}
