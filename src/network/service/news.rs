//! What is known later than it happened: the endpoints of Services, how requests are split among those, and which pods refuse.

use super::{Service, State};
use crate::cluster::NodeId;
use crate::network::outside::{DoorNode, Outside};
use crate::network::proxies::Learned;
use crate::network::routing::usable::Known;
use crate::network::split::Split;
use crate::units::{SimDuration, SimTime};
use std::cmp::Reverse;

/// What is known later than it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum News {
    /// A proxy learns what an endpoint of a Service is, or that it is none any more.
    Endpoint { route: u32, proxy: u32, endpoint: u32, known: Option<Known> },
    /// A proxy learns how it splits requests, by the number of the split.
    Split { proxy: u32, split: u32 },
    /// A pod takes no more requests.
    Refuses { endpoint: u32 },
    /// A load balancer may have checked a node often enough.
    Check { route: u32, node: NodeId },
}

impl Service {
    /// A pod is, or is no longer, among the endpoints of a Service from `now` on: each proxy learns of it in its own time.
    pub fn announce(&mut self, route: usize, endpoint: u32, known: Option<Known>, now: SimTime) {
        let route = u32::try_from(route).unwrap_or(u32::MAX);
        for proxy in 0..self.latest.len() {
            let at = self.learns_at(proxy, now);
            let at = self.resolved_at(route, proxy, at);
            let proxy = u32::try_from(proxy).unwrap_or(u32::MAX);
            self.tell(at, News::Endpoint { route, proxy, endpoint, known }, endpoint);
        }
    }

    /// Requests are split in another way from `now` on: each proxy learns of it in its own time, after all that it was told
    /// before.
    pub fn announce_split(&mut self, split: Split, now: SimTime) {
        let number = u32::try_from(self.splits.len()).unwrap_or(u32::MAX);
        self.splits.push(split);
        for proxy in 0..self.latest.len() {
            let at = self.learns_at(proxy, now);
            self.push_news(at, News::Split { proxy: u32::try_from(proxy).unwrap_or(u32::MAX), split: number });
        }
    }

    /// When a proxy learns of what happens now.
    fn learns_at(&mut self, proxy: usize, now: SimTime) -> SimTime {
        let at = now + self.rules.propagation.sample_duration(&mut self.streams.propagation);
        let at = at.max(self.latest[proxy]);
        self.latest[proxy] = at;
        at
    }

    /// When a client that keeps what a name resolved to asks again: each of them at its own instants, evenly apart.
    fn resolved_at(&self, route: u32, proxy: usize, at: SimTime) -> SimTime {
        let ttl = self.rules.dns_ttl;
        if !self.proxies.manner(route as usize).is_headless || ttl <= SimDuration::ZERO {
            return at;
        }
        let (proxy, count) = (i64::try_from(proxy), i64::try_from(self.latest.len().max(1)));
        let share = proxy.unwrap_or(0) * (ttl.as_nanos() / count.unwrap_or(1));
        at.next_tick(SimTime::ZERO + SimDuration::from_nanos(share), ttl)
    }

    /// From now on the users of a Service come by these nodes, or from inside the cluster.
    pub fn set_outside(&mut self, route: usize, outside: Option<Outside>, now: SimTime) {
        self.proxies.set_outside(route, outside);
        self.note_endpoints(route, now);
    }

    /// A node by which users come is there, has changed, or is gone.
    pub fn announce_node(&mut self, route: usize, id: NodeId, node: Option<DoorNode>, now: SimTime) {
        let due = self.proxies.outside(route).and_then(|outside| outside.set_node(id, node, now));
        self.plan_checks(route, due.map(|at| (id, at)));
    }

    /// A load balancer is told which nodes have an endpoint.
    fn note_endpoints(&mut self, route: usize, now: SimTime) {
        if self.proxies.outside(route).is_some() {
            let nodes = self.proxies.nodes_with_endpoint(route);
            let due = self.proxies.outside(route).map(|outside| outside.set_endpoints(nodes, now));
            self.plan_checks(route, due.into_iter().flatten());
        }
    }

    /// Plans that the checks of nodes count.
    pub fn plan_checks(&mut self, route: usize, due: impl IntoIterator<Item = (NodeId, SimTime)>) {
        let route = u32::try_from(route).unwrap_or(u32::MAX);
        for (node, at) in due {
            self.push_news(at, News::Check { route, node });
        }
    }

    /// A pod takes no more requests from an instant on.
    pub fn refuse_from(&mut self, endpoint: u32, at: SimTime) {
        self.tell(at, News::Refuses { endpoint }, endpoint);
    }

    fn tell(&mut self, at: SimTime, news: News, endpoint: u32) {
        self.endpoints[endpoint as usize].mentions += 1;
        self.push_news(at, news);
    }

    fn push_news(&mut self, at: SimTime, news: News) {
        self.news_count += 1;
        self.news.push(Reverse((at, self.news_count, news)));
    }

    /// What somebody learns now.
    pub(super) fn learn(&mut self, news: News, now: SimTime) {
        let endpoint = match news {
            News::Endpoint { route, proxy, endpoint, known } => {
                match self.proxies.learn(route as usize, proxy as usize, endpoint, known) {
                    Learned::New => self.endpoints[endpoint as usize].mentions += 1,
                    Learned::Gone => self.endpoints[endpoint as usize].mentions -= 1,
                    Learned::Same => {}
                }
                if proxy == 0 {
                    self.note_endpoints(route as usize, now);
                }
                endpoint
            }
            News::Split { proxy, split } => {
                if let Some(split) = self.splits.get(split as usize) {
                    self.proxies.split(proxy as usize, split.clone());
                }
                return;
            }
            News::Check { route, node } => {
                if let Some(outside) = self.proxies.outside(route as usize) {
                    outside.turn(node, now);
                }
                return;
            }
            News::Refuses { endpoint } => {
                let state = &mut self.endpoints[endpoint as usize].state;
                if *state == State::Serves {
                    *state = State::Refuses;
                }
                endpoint
            }
        };
        self.endpoints[endpoint as usize].mentions -= 1;
        self.forget(endpoint);
    }

    /// An endpoint that is gone and that nobody speaks of any more makes room for another.
    pub(super) fn forget(&mut self, endpoint: u32) {
        let state = &self.endpoints[endpoint as usize];
        if state.state == State::Gone && state.mentions == 0 {
            self.unused.push(endpoint);
        }
    }
}
