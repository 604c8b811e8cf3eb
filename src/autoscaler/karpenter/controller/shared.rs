//! What all parts of a running Karpenter share.

use super::api_events::EventRecorder;
use super::decisions::Decisions;
use super::mirror::Mirror;
use super::settings::KarpenterSettings;
use crate::api::Name;
use crate::autoscaler::karpenter::disruption::method::Method;
use crate::cluster::{Change, Cluster, NodeClaimId};
use crate::engine::RandomStream;
use crate::units::{SimDuration, SimTime};
use rand::{Rng, RngExt};
use std::collections::{BTreeMap, BTreeSet};

/// The letters of names that the API server makes up (`utilrand.SafeEncodeString`).
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// What all parts share.
#[derive(Debug)]
pub struct Shared {
    /// The settings.
    pub settings: KarpenterSettings,
    /// The picture of the cluster.
    pub mirror: Mirror,
    /// Tells Events.
    pub recorder: EventRecorder,
    /// Its decisions, for the records.
    pub decisions: Decisions,
    /// Why NodeClaims that are being deleted are.
    pub deletion_reasons: BTreeMap<NodeClaimId, Name>,
    /// NodeClaims that the disruption queue is about to delete.
    pub queued: BTreeSet<Name>,
    names: RandomStream,
    map_order: RandomStream,
}

impl Shared {
    /// At the start of a run.
    pub fn new(settings: KarpenterSettings) -> Self {
        Self {
            mirror: Mirror::new(&settings),
            recorder: EventRecorder::default(),
            decisions: Decisions::default(),
            deletion_reasons: BTreeMap::new(),
            queued: BTreeSet::new(),
            names: settings.streams.stream("karpenter/names"),
            map_order: settings.streams.stream("karpenter/map-order"),
            settings,
        }
    }

    /// The name of a new NodeClaim of a pool.
    pub fn claim_name(&mut self, pool: &Name) -> Name {
        let mut name = format!("{pool}-");
        for _ in 0..5 {
            name.push(char::from(LETTERS[self.names.random_range(0..LETTERS.len())]));
        }
        Name::from(name)
    }

    /// A number that stands for the order of Go's maps in a pass.
    pub fn draw_map_order(&mut self) -> u64 {
        self.map_order.next_u64()
    }

    /// Until when a node that pods were promised a place on is kept (`nominationWindow`).
    pub fn nomination_end(&self, now: SimTime) -> SimTime {
        now + (self.settings.batch_max * 2).max(SimDuration::from_secs(10))
    }

    /// Deletes a NodeClaim: its node is drained, and its instance given back.
    pub fn delete_claim(&mut self, id: NodeClaimId, reason: &str, cluster: &mut Cluster, now: SimTime) {
        let claim = cluster.node_claim(id);
        if claim.deletion.is_some() || !claim.exists() {
            return;
        }
        self.deletion_reasons.insert(id, Name::from(reason));
        cluster.delete_node_claim(id, now);
        self.mirror.observe(Change::NodeClaimChanged(id), cluster);
    }

    /// Notes a decision about a NodeClaim, or about a NodePool; `inputs` are `key=value` pairs with `;` between them.
    pub fn report(&mut self, about: &Name, decision: &'static str, inputs: String, limited_by: impl Into<Name>) {
        let node = self.mirror.state.node(about);
        let pool = node.and_then(|node| node.pool()).unwrap_or(about).clone();
        self.decisions.note(pool, node.map(|_| about), decision, inputs, limited_by.into());
    }

    /// Notes why a method leaves a node alone, once.
    pub fn keep(&mut self, node: &Name, method: Method, why: &str) {
        if self.decisions.is_news(node, method, why) {
            self.report(node, "Keep", format!("method={method:?}"), why);
        }
    }
}
