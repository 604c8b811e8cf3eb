//! Zones: how far a zone is disrupted, how fast its nodes get their `NoExecute` taint, and the queue in which they
//! wait for it.
//!
//! Mirrors `handleDisruption` and `ComputeZoneState` of `pkg/controller/nodelifecycle` and the queue of its `scheduler`
//! folder (Kubernetes 1.36).

use crate::controllers::common::client_rate::TokenBucket;
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// `scheduler.EvictionRateLimiterBurst`: nodes of a zone that may be tainted at once.
pub const EVICTION_RATE_LIMITER_BURST: u32 = 1;
/// Not-ready nodes below which a zone is never partially disrupted (`ComputeZoneState`: more than 2).
const MIN_NOT_READY_FOR_DISRUPTION: u32 = 3;

/// How fast nodes of one zone are tainted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvictionRate {
    /// Not at all.
    Stopped,
    /// One node in this time.
    OnePer(SimDuration),
}

/// The controller's flags for zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvictionConfig {
    /// `--node-eviction-rate`, default 0.1 nodes per second.
    pub node_eviction_rate: EvictionRate,
    /// `--secondary-node-eviction-rate`, default 0.01 nodes per second: in large partially disrupted zones.
    pub secondary_node_eviction_rate: EvictionRate,
    /// `--unhealthy-zone-threshold` in percent, default 55: the part of not-ready nodes that makes a zone partially
    /// disrupted.
    pub unhealthy_zone_threshold_percent: u32,
    /// `--large-cluster-size-threshold`, default 50: smaller zones stop when partially disrupted.
    pub large_cluster_size_threshold: u32,
}

impl Default for EvictionConfig {
    fn default() -> Self {
        Self {
            node_eviction_rate: EvictionRate::OnePer(SimDuration::from_secs(10)),
            secondary_node_eviction_rate: EvictionRate::OnePer(SimDuration::from_secs(100)),
            unhealthy_zone_threshold_percent: 55,
            large_cluster_size_threshold: 50,
        }
    }
}

/// How many nodes of a zone are ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ZoneReadiness {
    /// Nodes whose `Ready` condition is True.
    pub ready: u32,
    /// All others.
    pub not_ready: u32,
}

impl ZoneReadiness {
    const fn size(self) -> u32 {
        self.ready.saturating_add(self.not_ready)
    }
}

/// How far a zone is disrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZoneState {
    /// Never looked at.
    #[default]
    Initial,
    /// Few nodes are not ready.
    Normal,
    /// Many nodes are not ready.
    PartialDisruption,
    /// No node is ready.
    FullDisruption,
}

/// `ComputeZoneState`.
pub fn zone_state(zone: ZoneReadiness, config: &EvictionConfig) -> ZoneState {
    let is_beyond_threshold =
        u64::from(zone.not_ready) * 100 >= u64::from(zone.size()) * u64::from(config.unhealthy_zone_threshold_percent);
    if zone.ready == 0 && zone.not_ready > 0 {
        ZoneState::FullDisruption
    } else if zone.not_ready >= MIN_NOT_READY_FOR_DISRUPTION && is_beyond_threshold {
        ZoneState::PartialDisruption
    } else {
        ZoneState::Normal
    }
}

/// The rate of a zone while another zone lives (`setLimiterInZone`).
pub fn zone_rate(state: ZoneState, size: u32, config: &EvictionConfig) -> EvictionRate {
    match state {
        ZoneState::PartialDisruption if size > config.large_cluster_size_threshold => {
            config.secondary_node_eviction_rate
        }
        ZoneState::PartialDisruption => EvictionRate::Stopped,
        ZoneState::Initial | ZoneState::Normal | ZoneState::FullDisruption => config.node_eviction_rate,
    }
}

/// What applies to the whole cluster after a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterMode {
    /// Nothing beyond the rates.
    Unchanged,
    /// The last zone fell: the `NoExecute` taints are removed from all nodes, which also leave their queues.
    EnterFullDisruption,
    /// A zone came back: the probe time of every node becomes the time of this pass.
    LeaveFullDisruption,
}

/// The end of a monitor pass: new states, and what follows from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disruption<Zone> {
    /// State of each zone, to be given to the next pass.
    pub states: BTreeMap<Zone, ZoneState>,
    /// Zones whose rate is set anew, with the rate.
    pub rates: Vec<(Zone, EvictionRate)>,
    /// What applies to the whole cluster.
    pub mode: ClusterMode,
}

/// `handleDisruption`: at the end of a monitor pass, after nodes were queued for their taints. The first node of a
/// zone can therefore be tainted before the pass finds that all zones are down.
pub fn handle_disruption<Zone: Ord + Clone>(
    previous: &BTreeMap<Zone, ZoneState>,
    observed: &BTreeMap<Zone, ZoneReadiness>,
    config: &EvictionConfig,
) -> Disruption<Zone> {
    let old = |zone: &Zone| previous.get(zone).copied().unwrap_or_default();
    let states: BTreeMap<Zone, ZoneState> =
        observed.iter().map(|(zone, nodes)| (zone.clone(), zone_state(*nodes, config))).collect();
    let all_are_down = states.values().all(|state| *state == ZoneState::FullDisruption);
    let all_were_down = states.keys().all(|zone| old(zone) == ZoneState::FullDisruption);
    let rate = |zone: &Zone, state: &ZoneState| {
        let size = observed.get(zone).copied().unwrap_or_default().size();
        (zone.clone(), zone_rate(*state, size, config))
    };
    let (mode, rates) = match (all_were_down, all_are_down) {
        (true, true) => (ClusterMode::Unchanged, Vec::new()),
        (false, true) => {
            let stop = |zone: &Zone| (zone.clone(), EvictionRate::Stopped);
            (ClusterMode::EnterFullDisruption, states.keys().map(stop).collect())
        }
        (true, false) => {
            (ClusterMode::LeaveFullDisruption, states.iter().map(|(zone, state)| rate(zone, state)).collect())
        }
        (false, false) => {
            let changed = states.iter().filter(|(zone, state)| old(zone) != **state);
            (ClusterMode::Unchanged, changed.map(|(zone, state)| rate(zone, state)).collect())
        }
    };
    Disruption { states, rates, mode }
}

/// The nodes of one zone that wait for their `NoExecute` taint (`RateLimitedTimedQueue`).
#[derive(Clone, Debug)]
pub struct TaintQueue<Node> {
    waiting: VecDeque<Node>,
    /// Nodes that joined since they were last removed, whether they still wait or not.
    joined: BTreeSet<Node>,
    rate: EvictionRate,
    /// `None` while the rate is [`EvictionRate::Stopped`].
    limiter: Option<TokenBucket>,
}

impl<Node: Ord + Copy> TaintQueue<Node> {
    /// An empty queue with a token at hand.
    pub fn new(rate: EvictionRate) -> Self {
        Self { waiting: VecDeque::new(), joined: BTreeSet::new(), rate, limiter: limiter(rate) }
    }

    /// Adds a node unless it joined already; says whether it is new.
    pub fn add(&mut self, node: Node) -> bool {
        let is_new = self.joined.insert(node);
        if is_new {
            self.waiting.push_back(node);
        }
        is_new
    }

    /// Forgets a node (it is ready again, or gone); says whether it had joined.
    pub fn remove(&mut self, node: Node) -> bool {
        self.waiting.retain(|waiting| *waiting != node);
        self.joined.remove(&node)
    }

    /// The next node to taint, if there is one and the rate allows it. A node that is ready by then takes its turn too,
    /// and is not tainted.
    pub fn take(&mut self, now: SimTime) -> Option<Node> {
        let limiter = self.limiter.as_mut()?;
        if self.waiting.is_empty() || !limiter.try_take(now) {
            return None;
        }
        self.waiting.pop_front()
    }

    /// From when on [`Self::take`] gives a node, if nothing changes. The real queue is looked at every
    /// 100 ms (`NodeEvictionPeriod`).
    pub fn next_at(&self, now: SimTime) -> Option<SimTime> {
        let limiter = self.limiter.as_ref()?;
        (!self.waiting.is_empty()).then(|| limiter.next_at(now))
    }

    /// Changes the rate (`SwapLimiter`). A queue that had to wait, or was stopped, waits a full turn under the new
    /// rate.
    pub fn set_rate(&mut self, rate: EvictionRate, now: SimTime) {
        if rate == self.rate {
            return;
        }
        let was_free = self.limiter.as_mut().is_some_and(|limiter| limiter.try_take(now));
        self.rate = rate;
        self.limiter = limiter(rate);
        if let (false, Some(limiter)) = (was_free, self.limiter.as_mut()) {
            limiter.take(now);
        }
    }
}

fn limiter(rate: EvictionRate) -> Option<TokenBucket> {
    match rate {
        EvictionRate::Stopped => None,
        EvictionRate::OnePer(interval) => Some(TokenBucket::new(interval, EVICTION_RATE_LIMITER_BURST)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ZoneState::{FullDisruption, Initial, Normal, PartialDisruption};

    const NORMAL: EvictionRate = EvictionRate::OnePer(SimDuration::from_secs(10));
    const SECONDARY: EvictionRate = EvictionRate::OnePer(SimDuration::from_secs(100));

    #[test]
    fn zones_are_classified() {
        let cases = [
            (4, 0, Normal, NORMAL, "all ready"),
            (2, 2, Normal, NORMAL, "half, but only two"),
            (1, 2, Normal, NORMAL, "two thirds, but only two"),
            (3, 3, Normal, NORMAL, "half is below the threshold"),
            (1, 3, PartialDisruption, EvictionRate::Stopped, "a small zone stops"),
            (9, 11, PartialDisruption, EvictionRate::Stopped, "exactly the threshold"),
            (22, 28, PartialDisruption, EvictionRate::Stopped, "50 nodes are not more than 50"),
            (20, 31, PartialDisruption, SECONDARY, "a large zone slows down"),
            (0, 1, FullDisruption, NORMAL, "no node is ready"),
            (0, 0, Normal, NORMAL, "no nodes"),
        ];
        let config = EvictionConfig::default();
        for (ready, not_ready, state, rate, why) in cases {
            let zone = ZoneReadiness { ready, not_ready };
            assert_eq!(zone_state(zone, &config), state, "{why}");
            assert_eq!(zone_rate(state, zone.size(), &config), rate, "{why}");
        }
    }

    #[test]
    fn the_whole_cluster_stops_only_when_every_zone_is_down() {
        let up = ZoneReadiness { ready: 4, not_ready: 0 };
        let down = ZoneReadiness { ready: 0, not_ready: 4 };
        let part = ZoneReadiness { ready: 1, not_ready: 3 };
        let stopped = EvictionRate::Stopped;
        let cases = [
            ([Initial, Initial], [up, up], ClusterMode::Unchanged, vec![(0, NORMAL), (1, NORMAL)], "first pass"),
            ([Normal, Normal], [up, up], ClusterMode::Unchanged, vec![], "nothing changed"),
            ([Normal, Normal], [down, up], ClusterMode::Unchanged, vec![(0, NORMAL)], "one zone fell"),
            ([Normal, Normal], [part, up], ClusterMode::Unchanged, vec![(0, stopped)], "one zone partly"),
            (
                [FullDisruption, Normal],
                [down, down],
                ClusterMode::EnterFullDisruption,
                vec![(0, stopped), (1, stopped)],
                "the last zone fell",
            ),
            ([FullDisruption; 2], [down, down], ClusterMode::Unchanged, vec![], "still down"),
            (
                [FullDisruption; 2],
                [down, part],
                ClusterMode::LeaveFullDisruption,
                vec![(0, NORMAL), (1, stopped)],
                "a node came back",
            ),
        ];
        for (old, new, mode, rates, why) in cases {
            let previous = (0..).zip(old).collect();
            let observed = (0..).zip(new).collect();
            let outcome = handle_disruption(&previous, &observed, &EvictionConfig::default());
            assert_eq!((outcome.mode, outcome.rates), (mode, rates), "{why}");
        }
    }

    #[test]
    fn nodes_are_tainted_one_by_one() {
        let at = SimTime::from_secs;
        let mut queue = TaintQueue::new(NORMAL);
        assert!(queue.add('a') && queue.add('b') && queue.add('c') && !queue.add('a'));
        assert_eq!(queue.take(at(0)), Some('a'), "the bucket starts full");
        assert_eq!(queue.take(at(9)), None);
        assert_eq!(queue.next_at(at(9)), Some(at(10)));
        assert!(!queue.add('a'), "a tainted node does not join again");
        assert!(queue.remove('b') && !queue.remove('b'));
        assert_eq!(queue.take(at(10)), Some('c'));
        assert_eq!((queue.take(at(30)), queue.next_at(at(30))), (None, None), "nobody waits");
        assert!(queue.remove('a') && queue.add('a'), "ready in between: it joins again");
        assert_eq!(queue.take(at(30)), Some('a'), "an empty queue took no token");
    }

    #[test]
    fn a_new_rate_does_not_hand_out_a_token() {
        let at = SimTime::from_secs;
        let mut queue = TaintQueue::new(NORMAL);
        queue.add('a');
        queue.add('b');
        queue.take(at(0));
        queue.set_rate(EvictionRate::Stopped, at(5));
        assert_eq!((queue.take(at(100)), queue.next_at(at(100))), (None, None));
        queue.set_rate(NORMAL, at(100));
        assert_eq!(queue.next_at(at(100)), Some(at(110)), "after a stop a full turn is waited");
        let mut idle = TaintQueue::new(NORMAL);
        idle.add('a');
        idle.set_rate(SECONDARY, at(5));
        assert_eq!(idle.take(at(5)), Some('a'), "a free queue stays free");
    }
}
