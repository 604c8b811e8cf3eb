//! What the proxies know of the endpoints, and which one they choose.
//!
//! Mirrors kube-proxy (Kubernetes 1.36): iptables and nftables choose each usable endpoint with the same probability, IPVS takes
//! turns (`rr`) or the one with the fewest connections (`lc`). Each request is a connection. With `sessionAffinity: ClientIP` a
//! proxy sends a client to the endpoint that it had last. What comes from outside the cluster comes to the proxy of a node first.

use super::outside::{DoorNode, Outside};
use super::routing::usable::{Known, Stand, ZoneId, usable};
use super::split::{Missing, Split, Way};
use crate::api::TrafficPolicy;
use crate::cluster::NodeId;
use crate::engine::RandomStream;
use crate::units::{SimDuration, SimTime};
use rand::RngExt;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

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

/// What a Service says of its clients' ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Which endpoints a proxy may use.
    pub policy: TrafficPolicy,
    /// How long a client keeps its endpoint after a request, if it does.
    pub affinity: Option<SimDuration>,
    /// Whether clients resolve the name to the pods' addresses themselves: a headless Service.
    pub is_headless: bool,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The Service, by its number among those of the entry.
    pub route: u32,
    /// The endpoint.
    pub endpoint: u32,
    /// The zone that it comes from.
    pub zone: Option<ZoneId>,
}

/// A request that goes nowhere: why, and the Service that has no endpoint for it, by its number, if it got that far.
pub type Lost = (Missing, Option<u32>);

/// What a proxy learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// Of an endpoint that it did not know.
    New,
    /// Something else of one that it knows, or nothing.
    Same,
    /// That one is none any more.
    Gone,
}

/// What one proxy knows of one Service.
#[derive(Clone, Debug, Default)]
struct Proxy {
    /// The endpoints that it knows, in the order in which it learned of them.
    known: Vec<(u32, Known)>,
    /// Those that it uses.
    usable: Vec<u32>,
    turn: usize,
    /// The endpoint of each client, and when it was last used. Only looked up, never iterated.
    clients: FxHashMap<u32, (u32, SimTime)>,
    /// The endpoints for requests that come by a node from outside, and the next turn there, since it learned something last.
    /// Only looked up, never iterated.
    at_node: FxHashMap<NodeId, (Vec<u32>, usize)>,
}

impl Proxy {
    fn use_anew(&mut self, stand: Stand, policy: TrafficPolicy) {
        self.at_node.clear();
        let usable = usable(&self.known, stand, policy);
        // The turn stands before the same endpoint as before.
        let before = self.usable.iter().take(self.turn);
        self.turn = before.filter(|endpoint| usable.contains(endpoint)).count();
        self.usable = usable;
    }
}

/// One Service of those among which requests are split.
#[derive(Clone, Debug)]
struct Route {
    manner: Manner,
    proxies: Vec<Proxy>,
    /// The nodes by which users come, if they come from outside the cluster.
    outside: Option<Outside>,
}

/// The proxies that an entry's clients go through, each client through any of them.
#[derive(Clone, Debug)]
pub struct Proxies {
    balancing: Balancing,
    stands: Vec<Stand>,
    routes: Vec<Route>,
    /// How each proxy splits requests among the Services.
    splits: Vec<Split>,
}

/// Who sends a request, and when.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// The client.
    pub client: u32,
    /// When.
    pub now: SimTime,
    /// Whether it is a user, not a pod of the cluster.
    pub is_user: bool,
}

impl Proxies {
    /// A number of proxies that know no endpoint yet, of one Service.
    pub fn new(balancing: Balancing, count: usize) -> Self {
        let (count, all) = (count.max(1), Split::all(Way::Route(0)));
        let (stands, splits) = (vec![Stand::default(); count], vec![all; count]);
        let mut proxies = Self { balancing, stands, routes: Vec::new(), splits };
        proxies.add_route();
        proxies
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.stands.len()
    }

    /// Where the proxies stand, in turn.
    pub fn set_stands(&mut self, stands: &[Stand]) {
        if stands.is_empty() {
            return;
        }
        for (index, stand) in self.stands.iter_mut().enumerate() {
            *stand = stands[index % stands.len()];
        }
        for route in &mut self.routes {
            for (proxy, stand) in route.proxies.iter_mut().zip(&self.stands) {
                proxy.use_anew(*stand, route.manner.policy);
            }
        }
    }

    /// One more Service among which requests are split. Gives its number.
    pub fn add_route(&mut self) -> usize {
        let proxies = vec![Proxy::default(); self.count()];
        self.routes.push(Route { manner: Manner::default(), proxies, outside: None });
        self.routes.len() - 1
    }

    /// From now on all proxies split requests so.
    pub fn split_all(&mut self, split: &Split) {
        self.splits.fill(split.clone());
    }

    /// From now on a proxy splits requests so.
    pub fn split(&mut self, proxy: usize, split: Split) {
        if let Some(known) = self.splits.get_mut(proxy) {
            *known = split;
        }
    }

    /// What a Service says of its clients' ways.
    pub fn set_manner(&mut self, route: usize, manner: Manner) {
        let Some(route) = self.routes.get_mut(route) else { return };
        if route.manner == manner {
            return;
        }
        route.manner = manner;
        for (proxy, stand) in route.proxies.iter_mut().zip(&self.stands) {
            proxy.use_anew(*stand, manner.policy);
        }
    }

    /// What a Service says of its clients' ways.
    pub fn manner(&self, route: usize) -> Manner {
        self.routes.get(route).map(|route| route.manner).unwrap_or_default()
    }

    /// The nodes by which users come to a Service, if they come from outside the cluster.
    pub fn outside(&mut self, route: usize) -> Option<&mut Outside> {
        self.routes.get_mut(route)?.outside.as_mut()
    }

    /// From now on the users of a Service come by these nodes, or from inside the cluster.
    pub fn set_outside(&mut self, route: usize, outside: Option<Outside>) {
        if let Some(route) = self.routes.get_mut(route) {
            route.outside = outside;
        }
    }

    /// The nodes with a ready endpoint of a Service, as far as its first proxy knows.
    pub fn nodes_with_endpoint(&self, route: usize) -> BTreeSet<NodeId> {
        let first = self.routes.get(route).and_then(|route| route.proxies.first());
        let known = first.map(|proxy| proxy.known.as_slice()).unwrap_or_default();
        known.iter().filter(|(_, known)| known.ready).filter_map(|(_, known)| known.node).collect()
    }

    /// A proxy learns of an endpoint of a Service: what it is, or that it is none any more.
    pub fn learn(&mut self, route: usize, index: usize, endpoint: u32, news: Option<Known>) -> Learned {
        let (Some(route), Some(stand)) = (self.routes.get_mut(route), self.stands.get(index)) else {
            return Learned::Same;
        };
        let policy = route.manner.policy;
        let Some(proxy) = route.proxies.get_mut(index) else { return Learned::Same };
        let place = proxy.known.iter().position(|(known, _)| *known == endpoint);
        let learned = match (place, news) {
            (Some(place), Some(known)) => {
                proxy.known[place].1 = known;
                Learned::Same
            }
            (Some(place), None) => {
                proxy.known.remove(place);
                Learned::Gone
            }
            (None, Some(known)) => {
                proxy.known.push((endpoint, known));
                Learned::New
            }
            (None, None) => return Learned::Same,
        };
        proxy.use_anew(*stand, policy);
        learned
    }

    /// The Service and the endpoint for a request. `in_flight` says how many requests an endpoint has.
    ///
    /// # Errors
    /// What is missing.
    pub fn choose(
        &mut self,
        sender: Sender,
        random: &mut RandomStream,
        in_flight: impl Fn(u32) -> usize,
    ) -> Result<Chosen, Lost> {
        let count = self.stands.len();
        let index = if count > 1 { random.random_range(0..count) } else { 0 };
        let split = self.splits.get(index).ok_or((Missing::Endpoint, None))?;
        let route = match split.draw(random) {
            Way::Route(route) => route,
            Way::Nowhere(missing) => return Err((missing, None)),
        };
        let instead = split.instead_of(route);
        if sender.is_user && self.routes.get(route as usize).is_some_and(|route| route.outside.is_some()) {
            return self.choose_from_outside(route, sender, random, in_flight);
        }
        let chosen = self.choose_of(route, index, sender, random, &in_flight);
        match (chosen, instead) {
            (None, Some(Way::Route(first))) => {
                self.choose_of(first, index, sender, random, &in_flight).ok_or((Missing::Endpoint, Some(first)))
            }
            (None, Some(Way::Nowhere(missing))) => Err((missing, None)),
            (None, None) => Err((self.missing(route), Some(route))),
            (Some(chosen), _) => Ok(chosen),
        }
    }

    /// What a Service without endpoints is to its clients: the name of a headless one resolves to nothing.
    fn missing(&self, route: u32) -> Missing {
        if self.manner(route as usize).is_headless { Missing::Name } else { Missing::Endpoint }
    }

    /// The endpoint for a request that comes from outside the cluster, chosen by the proxy of the node to which it comes.
    fn choose_from_outside(
        &mut self,
        number: u32,
        sender: Sender,
        random: &mut RandomStream,
        in_flight: impl Fn(u32) -> usize,
    ) -> Result<Chosen, Lost> {
        let missing = (Missing::Endpoint, Some(number));
        let route = self.routes.get_mut(number as usize).ok_or(missing)?;
        let affinity = route.manner.affinity;
        let outside = route.outside.as_mut().ok_or(missing)?;
        let policy = outside.policy();
        let client = affinity.is_some().then_some(sender.client);
        let (node, DoorNode { zone, is_up }) = outside.choose(client, random).ok_or(missing)?;
        if !is_up {
            return Err((Missing::Node, Some(number)));
        }
        // The proxies are fewer than the nodes: each learns for several of them.
        let index = node.index() % route.proxies.len().max(1);
        let proxy = route.proxies.get_mut(index).ok_or(missing)?;
        let Proxy { known, at_node, clients, .. } = proxy;
        let (usable, turn) = at_node.entry(node).or_insert_with(|| {
            let stand = Stand { node: Some(node), zone };
            (usable(known, stand, policy), 0)
        });
        if let Some(affinity) = affinity
            && let Some((endpoint, last)) = clients.get(&sender.client)
            && sender.now - *last <= affinity
            && usable.contains(endpoint)
        {
            let endpoint = *endpoint;
            clients.insert(sender.client, (endpoint, sender.now));
            return Ok(Chosen { route: number, endpoint, zone });
        }
        let endpoint = take(usable, turn, self.balancing, random, in_flight).ok_or(missing)?;
        if affinity.is_some() {
            clients.insert(sender.client, (endpoint, sender.now));
        }
        Ok(Chosen { route: number, endpoint, zone })
    }

    /// The endpoint for a request to a Service.
    fn choose_of(
        &mut self,
        route: u32,
        index: usize,
        sender: Sender,
        random: &mut RandomStream,
        in_flight: impl Fn(u32) -> usize,
    ) -> Option<Chosen> {
        let count = self.stands.len();
        let number = route;
        let route = self.routes.get_mut(route as usize)?;
        let affinity = route.manner.affinity;
        // A client with an affinity is always behind the same proxy: that of its node.
        let index = if affinity.is_some() { sender.client as usize % count } else { index };
        let proxy = route.proxies.get_mut(index)?;
        let zone = self.stands.get(index).and_then(|stand| stand.zone);
        if let Some(affinity) = affinity
            && let Some((endpoint, last)) = proxy.clients.get(&sender.client)
            && sender.now - *last <= affinity
            && proxy.usable.contains(endpoint)
        {
            let endpoint = *endpoint;
            proxy.clients.insert(sender.client, (endpoint, sender.now));
            return Some(Chosen { route: number, endpoint, zone });
        }
        let chosen = take(&proxy.usable, &mut proxy.turn, self.balancing, random, in_flight)?;
        if affinity.is_some() {
            proxy.clients.insert(sender.client, (chosen, sender.now));
        }
        Some(Chosen { route: number, endpoint: chosen, zone })
    }
}

/// One of the endpoints that a proxy uses; `turn` is the next one's place.
fn take(
    usable: &[u32],
    turn: &mut usize,
    balancing: Balancing,
    random: &mut RandomStream,
    in_flight: impl Fn(u32) -> usize,
) -> Option<u32> {
    if usable.is_empty() {
        return None;
    }
    match balancing {
        Balancing::Random => usable.get(random.random_range(0..usable.len())).copied(),
        Balancing::RoundRobin => {
            let place = if *turn < usable.len() { *turn } else { 0 };
            *turn = place + 1;
            usable.get(place).copied()
        }
        Balancing::LeastConnection => usable.iter().copied().min_by_key(|endpoint| in_flight(*endpoint)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;

    const FIRST: Sender = Sender { client: 0, now: SimTime::ZERO, is_user: true };

    fn counts(balancing: Balancing, draws: usize) -> Vec<usize> {
        let mut proxies = Proxies::new(balancing, 1);
        for endpoint in 0..4 {
            assert_eq!(proxies.learn(0, 0, endpoint, Some(Known::READY)), Learned::New);
        }
        assert_eq!(proxies.learn(0, 0, 2, Some(Known::READY)), Learned::Same, "it knows that one");
        assert_eq!(proxies.learn(0, 0, 3, None), Learned::Gone);
        assert_eq!(proxies.learn(0, 0, 3, None), Learned::Same);
        let mut random = RandomStreams::new(1).stream("routes");
        let mut counts = vec![0; 4];
        for _ in 0..draws {
            let chosen =
                proxies.choose(FIRST, &mut random, |endpoint| counts[endpoint as usize] * (endpoint as usize + 1));
            counts[chosen.unwrap().endpoint as usize] += 1;
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
        let chosen = Proxies::new(Balancing::Random, 2).choose(FIRST, &mut stream, |_| 0);
        assert_eq!(chosen, Err((Missing::Endpoint, Some(0))));
    }

    #[test]
    fn weights_split_the_requests() {
        let mut proxies = Proxies::new(Balancing::Random, 1);
        assert_eq!(proxies.add_route(), 1);
        for route in 0..2 {
            proxies.learn(route, 0, u32::try_from(route).unwrap(), Some(Known::READY));
        }
        let both = |first, second| vec![(Way::Route(0), first), (Way::Route(1), second)];
        proxies.split_all(&Split::new(both(90, 10), true));
        let mut random = RandomStreams::new(1).stream("routes");
        let mut choose = |proxies: &mut Proxies| {
            proxies.choose(FIRST, &mut random, |_| 0).map(|chosen| (chosen.route, chosen.endpoint))
        };
        let canary = (0..30_000).filter(|_| choose(&mut proxies) == Ok((1, 1))).count();
        // Four standard deviations.
        assert!((2_792..=3_208).contains(&canary), "{canary}");
        proxies.split_all(&Split::new(both(0, 10), true));
        assert_eq!(choose(&mut proxies), Ok((1, 1)), "a weight of zero gets nothing");
        proxies.learn(1, 0, 1, None);
        assert_eq!(choose(&mut proxies), Ok((0, 0)), "the first takes those of a Service without endpoints");
        proxies.split_all(&Split::new(both(0, 10), false));
        assert_eq!(choose(&mut proxies), Err((Missing::Endpoint, Some(1))));
        proxies.split_all(&Split::all(Way::Nowhere(Missing::Route)));
        assert_eq!(choose(&mut proxies), Err((Missing::Route, None)));
    }

    #[test]
    fn clients_keep_their_endpoint() {
        let mut proxies = Proxies::new(Balancing::RoundRobin, 3);
        let affinity = Some(SimDuration::from_secs(60));
        proxies.set_manner(0, Manner { affinity, ..Manner::default() });
        for proxy in 0..3 {
            for endpoint in 0..4 {
                proxies.learn(0, proxy, endpoint, Some(Known::READY));
            }
        }
        let mut random = RandomStreams::new(1).stream("routes");
        let mut choose = |proxies: &mut Proxies, client, seconds| {
            let sender = Sender { client, now: SimTime::from_secs(seconds), is_user: true };
            proxies.choose(sender, &mut random, |_| 0).unwrap().endpoint
        };
        let first = choose(&mut proxies, 4, 0);
        assert_eq!(choose(&mut proxies, 4, 50), first);
        assert_eq!(choose(&mut proxies, 4, 110), first, "each request begins the time anew");
        assert_ne!(choose(&mut proxies, 1, 110), first, "another client behind the same proxy has its turn");
        assert_ne!(choose(&mut proxies, 4, 171), first, "after the timeout it is chosen anew");
        let now = choose(&mut proxies, 4, 172);
        proxies.learn(0, 1, now, None);
        assert_ne!(choose(&mut proxies, 4, 173), now, "its endpoint is gone");
    }
}
