//! What the proxies know of the endpoints, and which one they choose.
//!
//! Mirrors kube-proxy (Kubernetes 1.36): iptables and nftables choose each ready endpoint with the same probability, IPVS takes
//! turns (`rr`) or the one with the fewest connections (`lc`). Each request is a connection.

use crate::engine::RandomStream;
use rand::RngExt;

/// How a proxy chooses among endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balancing {
    /// `iptables`, `nftables`: each with the same probability.
    Random,
    /// IPVS `rr`: in turn.
    RoundRobin,
    /// IPVS `lc`: the one with the fewest requests in flight.
    LeastConnection,
}

/// One proxy.
#[derive(Clone, Debug, Default)]
struct Proxy {
    /// The endpoints that it knows, in the order in which it learned of them.
    endpoints: Vec<u32>,
    turn: usize,
}

/// The proxies that a service's clients go through, each client through any of them.
#[derive(Clone, Debug)]
pub struct Proxies {
    balancing: Balancing,
    proxies: Vec<Proxy>,
}

impl Proxies {
    /// A number of proxies that know no endpoint yet.
    pub fn new(balancing: Balancing, count: usize) -> Self {
        Self { balancing, proxies: vec![Proxy::default(); count.max(1)] }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.proxies.len()
    }

    /// A proxy learns of an endpoint. Says whether that is new to it.
    pub fn add(&mut self, proxy: usize, endpoint: u32) -> bool {
        let Some(proxy) = self.proxies.get_mut(proxy) else { return false };
        let is_new = !proxy.endpoints.contains(&endpoint);
        if is_new {
            proxy.endpoints.push(endpoint);
        }
        is_new
    }

    /// A proxy learns that an endpoint is none any more. Says whether it knew it.
    pub fn remove(&mut self, proxy: usize, endpoint: u32) -> bool {
        let Some(proxy) = self.proxies.get_mut(proxy) else { return false };
        let place = proxy.endpoints.iter().position(|known| *known == endpoint);
        if let Some(place) = place {
            proxy.endpoints.remove(place);
            if place < proxy.turn {
                proxy.turn -= 1;
            }
        }
        place.is_some()
    }

    /// The endpoint for a request; `None` if the client's proxy knows none. `in_flight` says how many requests an endpoint
    /// has.
    pub fn choose(&mut self, random: &mut RandomStream, in_flight: impl Fn(u32) -> usize) -> Option<u32> {
        let count = self.proxies.len();
        let index = if count > 1 { random.random_range(0..count) } else { 0 };
        let proxy = self.proxies.get_mut(index)?;
        if proxy.endpoints.is_empty() {
            return None;
        }
        match self.balancing {
            Balancing::Random => proxy.endpoints.get(random.random_range(0..proxy.endpoints.len())).copied(),
            Balancing::RoundRobin => {
                let turn = if proxy.turn < proxy.endpoints.len() { proxy.turn } else { 0 };
                proxy.turn = turn + 1;
                proxy.endpoints.get(turn).copied()
            }
            Balancing::LeastConnection => proxy.endpoints.iter().copied().min_by_key(|endpoint| in_flight(*endpoint)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;

    fn counts(balancing: Balancing, draws: usize) -> Vec<usize> {
        let mut proxies = Proxies::new(balancing, 1);
        for endpoint in 0..4 {
            assert!(proxies.add(0, endpoint));
        }
        assert!(!proxies.add(0, 2), "it knows that one");
        assert!(proxies.remove(0, 3) && !proxies.remove(0, 3));
        let mut random = RandomStreams::new(1).stream("routes");
        let mut counts = vec![0; 4];
        for _ in 0..draws {
            let chosen = proxies.choose(&mut random, |endpoint| counts[endpoint as usize] * (endpoint as usize + 1));
            counts[chosen.unwrap() as usize] += 1;
        }
        counts
    }

    #[test]
    fn each_mode_has_its_shares() {
        assert_eq!(counts(Balancing::RoundRobin, 30), [10, 10, 10, 0]);
        assert_eq!(counts(Balancing::LeastConnection, 11), [6, 3, 2, 0], "as many as their loads let them");
        let random = counts(Balancing::Random, 30_000);
        for count in random.iter().take(3) {
            // Four standard deviations.
            assert!((9_673..=10_327).contains(count), "{random:?}");
        }
        assert_eq!(random[3], 0);
        let mut stream = RandomStreams::new(1).stream("routes");
        assert_eq!(Proxies::new(Balancing::Random, 2).choose(&mut stream, |_| 0), None);
    }
}
