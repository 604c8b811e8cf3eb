//! What is known later than it happened: the endpoints of Services, how requests are split among those, and which pods refuse.

use super::{Service, State};
use crate::network::proxies::Learned;
use crate::network::routing::usable::Known;
use crate::network::split::Split;
use crate::units::SimTime;
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
}

impl Service {
    /// A pod is, or is no longer, among the endpoints of a Service from `now` on: each proxy learns of it in its own time.
    pub fn announce(&mut self, route: usize, endpoint: u32, known: Option<Known>, now: SimTime) {
        let route = u32::try_from(route).unwrap_or(u32::MAX);
        for proxy in 0..self.latest.len() {
            let at = self.learns_at(proxy, now);
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
    pub(super) fn learn(&mut self, news: News) {
        let endpoint = match news {
            News::Endpoint { route, proxy, endpoint, known } => {
                match self.proxies.learn(route as usize, proxy as usize, endpoint, known) {
                    Learned::New => self.endpoints[endpoint as usize].mentions += 1,
                    Learned::Gone => self.endpoints[endpoint as usize].mentions -= 1,
                    Learned::Same => {}
                }
                endpoint
            }
            News::Split { proxy, split } => {
                if let Some(split) = self.splits.get(split as usize) {
                    self.proxies.split(proxy as usize, split.clone());
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
