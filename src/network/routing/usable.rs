//! Which endpoints a proxy sends requests to.
//!
//! Mirrors `CategorizeEndpoints` of kube-proxy (`pkg/proxy/topology.go`, Kubernetes 1.36): ready endpoints, those alone that are
//! meant for the proxy's node or zone if all ready ones have hints and one of them is; without a ready endpoint those that
//! still serve while they terminate.

use crate::api::TrafficPolicy;
use crate::cluster::NodeId;

/// A zone by its number in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ZoneId(pub u16);

/// What a proxy knows of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::struct_excessive_bools, reason = "each is a condition or a hint, as in the API")]
pub struct Known {
    /// `conditions.ready`.
    pub ready: bool,
    /// `conditions.serving`.
    pub serving: bool,
    /// `conditions.terminating`.
    pub terminating: bool,
    /// `nodeName`.
    pub node: Option<NodeId>,
    /// `hints.forZones`.
    pub for_zone: Option<ZoneId>,
    /// `hints.forNodes` names its own node.
    pub for_own_node: bool,
}

impl Known {
    /// A ready endpoint without hints.
    pub const READY: Self =
        Self { ready: true, serving: true, terminating: false, node: None, for_zone: None, for_own_node: false };

    const fn serves_while_it_terminates(self) -> bool {
        self.serving && self.terminating
    }

    fn is_for_node(self, node: Option<NodeId>) -> bool {
        self.for_own_node && self.node.is_some() && self.node == node
    }

    fn is_for_zone(self, zone: Option<ZoneId>) -> bool {
        self.for_zone.is_some() && self.for_zone == zone
    }
}

/// Where a proxy stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    /// Its node; `None` outside of the cluster's nodes.
    pub node: Option<NodeId>,
    /// Its zone.
    pub zone: Option<ZoneId>,
}

/// Which endpoints a proxy prefers (`topologyModeFromHints`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preference {
    SameNode,
    SameZone,
    None,
}

fn preference(endpoints: &[(u32, Known)], stand: Stand) -> Preference {
    let ready = || endpoints.iter().map(|(_, known)| known).filter(|known| known.ready);
    let all_have_node_hints = ready().all(|known| known.for_own_node && known.node.is_some());
    let all_have_zone_hints = ready().all(|known| known.for_zone.is_some());
    if all_have_node_hints && ready().any(|known| known.is_for_node(stand.node)) {
        Preference::SameNode
    } else if all_have_zone_hints && ready().any(|known| known.is_for_zone(stand.zone)) {
        Preference::SameZone
    } else {
        Preference::None
    }
}

/// The endpoints that a proxy uses of those that it knows, in their order.
pub fn usable(endpoints: &[(u32, Known)], stand: Stand, policy: TrafficPolicy) -> Vec<u32> {
    let those = |is_usable: &dyn Fn(Known) -> bool| -> Vec<u32> {
        endpoints.iter().filter(|(_, known)| is_usable(*known)).map(|(number, _)| *number).collect()
    };
    let is_near = |known: Known| match policy {
        TrafficPolicy::Cluster => true,
        TrafficPolicy::Local => known.node.is_some() && known.node == stand.node,
    };
    let preference = match policy {
        TrafficPolicy::Cluster => preference(endpoints, stand),
        TrafficPolicy::Local => Preference::None,
    };
    let ready = those(&|known| {
        let is_preferred = match preference {
            Preference::SameNode => known.is_for_node(stand.node),
            Preference::SameZone => known.is_for_zone(stand.zone),
            Preference::None => true,
        };
        known.ready && is_near(known) && is_preferred
    });
    if ready.is_empty() { those(&|known| known.serves_while_it_terminates() && is_near(known)) } else { ready }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Conditions and hints, where the proxy stands, its policy, which ones it uses, and why.
    type Case<'a> = (Vec<Known>, Stand, TrafficPolicy, &'a [u32], &'a str);

    fn stand(place: u16) -> Stand {
        Stand { node: Some(NodeId::from_index(place.into())), zone: Some(ZoneId(place)) }
    }

    #[test]
    fn kube_proxy_uses_these_endpoints() {
        const READY: Known = Known::READY;
        let ends = Known { ready: false, terminating: true, ..READY };
        let dead = Known { serving: false, ..ends };
        let unready = Known { ready: false, serving: false, ..READY };
        let published = Known { serving: false, ..READY };
        let on = |known: Known, place: u16| Known { node: stand(place).node, ..known };
        let for_zone = |known: Known, place: u16| Known { for_zone: stand(place).zone, ..known };
        let for_node = |known: Known, place: u16| Known { for_own_node: true, ..on(known, place) };
        let here = stand(0);
        let (cluster, local) = (TrafficPolicy::Cluster, TrafficPolicy::Local);
        let cases: Vec<Case<'_>> = vec![
            (vec![], here, cluster, &[], "none"),
            (vec![READY, unready, READY], here, cluster, &[0, 2], "ready ones"),
            (vec![READY, ends], here, cluster, &[0], "none that ends while there is a ready one"),
            (vec![ends, dead, unready], here, cluster, &[0], "without a ready one, one that serves to its end"),
            (vec![dead, unready], here, cluster, &[], "none that serves"),
            (vec![published], here, cluster, &[0], "publishNotReadyAddresses"),
            (vec![for_zone(READY, 0), for_zone(READY, 1)], here, cluster, &[0], "its zone"),
            (vec![for_zone(READY, 1), for_zone(READY, 2)], here, cluster, &[0, 1], "no endpoint for its zone"),
            (vec![for_zone(READY, 0), READY], here, cluster, &[0, 1], "one without a hint: no hint counts"),
            (
                vec![for_zone(READY, 0), unready, for_zone(READY, 1)],
                here,
                cluster,
                &[0],
                "endpoints that are not ready need no hint",
            ),
            (
                vec![for_zone(READY, 0), for_zone(READY, 1)],
                Stand::default(),
                cluster,
                &[0, 1],
                "a proxy without a zone",
            ),
            (vec![for_zone(for_node(READY, 0), 0), for_zone(for_node(READY, 1), 0)], here, cluster, &[0], "its node"),
            (
                vec![for_zone(for_node(READY, 1), 0), for_zone(for_node(READY, 2), 1)],
                here,
                cluster,
                &[0],
                "none on its node: its zone",
            ),
            (vec![for_zone(ends, 1), for_zone(dead, 0)], here, cluster, &[0], "those that end have no topology"),
            (vec![on(READY, 0), on(READY, 1)], here, local, &[0], "Local: its node"),
            (vec![on(READY, 1)], here, local, &[], "Local: dropped, though another node has one"),
            (vec![on(ends, 0), on(READY, 1)], here, local, &[0], "Local: one that ends before one elsewhere"),
            (vec![for_zone(on(READY, 0), 1), for_zone(on(READY, 1), 0)], here, local, &[0], "Local: no hint counts"),
            (vec![on(READY, 0)], Stand::default(), local, &[], "Local: a client that is on no node"),
        ];
        for (known, stand, policy, expected, why) in cases {
            let numbered: Vec<(u32, Known)> = (0..).zip(known).collect();
            assert_eq!(usable(&numbered, stand, policy), expected, "{why}");
        }
    }

    fn any_known() -> impl Strategy<Value = Known> {
        let conditions = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
        (conditions, 0_u16..3, proptest::option::of(0_u16..3)).prop_map(
            |((publishes, serving, ends, own), place, hint)| Known {
                ready: publishes || (serving && !ends),
                serving,
                terminating: ends,
                node: stand(place).node,
                for_zone: hint.map(ZoneId),
                for_own_node: own,
            },
        )
    }

    proptest! {
        #[test]
        fn only_ready_or_serving_endpoints_are_used(
            known in proptest::collection::vec(any_known(), 0..8),
            place in 0_u16..3,
            is_local in any::<bool>(),
        ) {
            let policy = if is_local { TrafficPolicy::Local } else { TrafficPolicy::Cluster };
            let stand = stand(place);
            let numbered: Vec<(u32, Known)> = (0..).zip(known.iter().copied()).collect();
            let used = usable(&numbered, stand, policy);
            let counts = |known: &Known| !is_local || known.node == stand.node;
            let any_ready = known.iter().any(|known| known.ready && counts(known));
            for number in &used {
                let known = known[*number as usize];
                prop_assert!(counts(&known));
                prop_assert!(known.ready || (!any_ready && known.serving && known.terminating));
            }
            // Whoever is ready somewhere is used by some proxy.
            prop_assert_eq!(!used.is_empty(), any_ready || known.iter().any(|known| {
                counts(known) && known.serving && known.terminating
            }));
        }
    }
}
