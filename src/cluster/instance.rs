//! Instances: the machines that a cloud was asked for, from the request to the deletion.
//!
//! The truth below the nodes. Whoever wants a node asks for an instance; the cloud (`infra`) plays what becomes of it in
//! the course of time: it is launched or fails, registers a Node object, becomes ready, and is gone some time after
//! somebody has asked for its deletion. Autoscalers read and write here and never speak with the cloud.

use super::ids::{InstanceId, NodeGroupId, NodeId};
use super::{Change, Cluster};
use crate::api::{self, CapacityType, InstanceType, Name};
use crate::units::{NanoDollars, SimTime};
use std::sync::Arc;

/// Who asks for an instance or for its deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InstanceOrigin {
    /// The initial size of a pool.
    NodePool,
    /// An operator.
    Operator,
    /// Cluster Autoscaler.
    ClusterAutoscaler,
    /// Karpenter.
    Karpenter,
    /// The cloud itself: it takes a spot instance back, or gives up one that failed.
    Cloud,
}

impl InstanceOrigin {
    /// How it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NodePool => "node-pool",
            Self::Operator => "operator",
            Self::ClusterAutoscaler => "cluster-autoscaler",
            Self::Karpenter => "karpenter",
            Self::Cloud => "cloud",
        }
    }
}

/// What an instance may be launched as.
#[derive(Clone, Debug)]
pub struct LaunchChoice {
    /// Instance type; empty if the pool does not say.
    pub instance_type: Name,
    /// Zone; empty of a cloud without zones.
    pub zone: Name,
    /// How it is paid for.
    pub capacity_type: CapacityType,
    /// Price of an hour; `None` if it is not known.
    pub price: Option<NanoDollars>,
    /// The Node object that it registers: name, labels, taints (startup taints and `karpenter.sh/unregistered` among them),
    /// capacity and allocatable. The taint `node.kubernetes.io/not-ready` comes by itself.
    pub node: Arc<api::Node>,
}

/// A request for an instance.
#[derive(Clone, Debug)]
pub struct InstanceRequest {
    /// Who asks.
    pub origin: InstanceOrigin,
    /// Why, in words, for the records.
    pub reason: Name,
    /// The node group that it belongs to.
    pub group: Option<NodeGroupId>,
    /// The NodeClaim that it is for.
    pub node_claim: Option<Name>,
    /// What it may be launched as, best first: the first that can be had is taken. Not empty.
    pub choices: Vec<LaunchChoice>,
}

/// Where an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InstanceState {
    /// It was asked for.
    Requested,
    /// The machine exists and boots.
    Launched,
    /// Its Node object exists.
    Registered,
    /// Its node was ready at least once.
    Ready,
    /// It could not be launched; there is no machine.
    Failed,
    /// Its deletion was asked for; the machine runs on for a while.
    Deleting,
    /// It is gone.
    Deleted,
}

/// Why an instance could not be launched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LaunchFailure {
    /// None of the choices has capacity left (`InsufficientInstanceCapacity`, `STOCKOUT`).
    StockOut,
    /// A quota is used up.
    Quota(Name),
    /// Another error of the provider.
    Other(Name),
}

impl LaunchFailure {
    /// The provider's code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::StockOut => "STOCKOUT",
            Self::Quota(_) => "QUOTA_EXCEEDED",
            Self::Other(code) => code,
        }
    }
}

/// Who asked for a deletion, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceDeletion {
    /// Who.
    pub origin: InstanceOrigin,
    /// Why, in words.
    pub reason: Name,
    /// When it was asked for.
    pub asked: SimTime,
    /// When the machine was gone.
    pub done: Option<SimTime>,
}

/// A machine that a cloud was asked for.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The request.
    pub request: Arc<InstanceRequest>,
    /// Which of the choices it is: once it is launched the one that could be had.
    chosen: u16,
    /// The choices, by their place, that had no capacity when it was launched.
    pub without_capacity: Vec<u16>,
    /// Where it stands.
    pub state: InstanceState,
    /// Its node, once it has registered. The Node object may be gone again.
    pub node: Option<NodeId>,
    /// When it was asked for.
    pub requested: SimTime,
    /// When the machine was there.
    pub launched: Option<SimTime>,
    /// When its Node object came to be.
    pub registered: Option<SimTime>,
    /// When its node was first ready.
    pub ready: Option<SimTime>,
    /// Why it could not be launched, and when that was known.
    pub failure: Option<(SimTime, LaunchFailure)>,
    /// When the machine will be taken away, if the provider has given notice.
    pub interrupted: Option<SimTime>,
    /// Its deletion, once it was asked for.
    pub deletion: Option<InstanceDeletion>,
}

impl Instance {
    /// What it is launched as: before it is launched the best of the choices.
    #[must_use]
    pub fn choice(&self) -> &LaunchChoice {
        &self.request.choices[usize::from(self.chosen)]
    }

    /// `spec.providerID` of its node.
    #[must_use]
    pub fn provider_id(&self) -> Name {
        let choice = self.choice();
        Name::from(format!("wavetank:///{}/{}", choice.zone, choice.node.meta.name))
    }

    /// Whether it is one that its group or NodeClaim still has: it was not deleted, and nobody asked for that.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        !matches!(self.state, InstanceState::Deleting | InstanceState::Deleted)
    }

    /// Whether there is a machine.
    #[must_use]
    pub const fn has_machine(&self) -> bool {
        self.launched.is_some() && !matches!(self.state, InstanceState::Deleted)
    }
}

impl Cluster {
    /// The instance types that can be had, in the order of the catalogues.
    pub const fn instance_types(&self) -> &Arc<[InstanceType]> {
        &self.instance_types
    }

    /// Sets the instance types that can be had.
    pub fn set_instance_types(&mut self, instance_types: Arc<[InstanceType]>) {
        self.instance_types = instance_types;
    }

    /// An instance.
    pub fn instance(&self, id: InstanceId) -> &Instance {
        &self.instances[id.index()]
    }

    /// Every instance that ever was asked for, in order of the requests.
    pub fn instances(&self) -> impl ExactSizeIterator<Item = (InstanceId, &Instance)> {
        self.instances.iter().enumerate().map(|(index, instance)| (InstanceId::from_index(index), instance))
    }

    /// Asks for an instance. Whether it comes is known later: [`Change::InstanceChanged`] tells.
    ///
    /// # Panics
    /// If the request has no choices.
    pub fn request_instance(&mut self, request: InstanceRequest, now: SimTime) -> InstanceId {
        assert!(!request.choices.is_empty(), "an instance is launched as something");
        let id = InstanceId::from_index(self.instances.len());
        if let Some(group) = request.group {
            self.node_groups[group.index()].instances.push(id);
        }
        self.instances.push(Instance {
            request: Arc::new(request),
            chosen: 0,
            without_capacity: Vec::new(),
            state: InstanceState::Requested,
            node: None,
            requested: now,
            launched: None,
            registered: None,
            ready: None,
            failure: None,
            interrupted: None,
            deletion: None,
        });
        self.changes.push(Change::InstanceChanged(id));
        id
    }

    /// Asks for the deletion of an instance, whatever its state. The target of its group falls by one. Its Node object goes
    /// when the machine is gone, unless somebody removes it before.
    pub fn delete_instance(&mut self, id: InstanceId, origin: InstanceOrigin, reason: &Name, now: SimTime) {
        if !self.instance(id).is_wanted() {
            return;
        }
        if let Some(group) = self.instance(id).request.group {
            self.take_from_group(group, id);
        }
        let instance = &mut self.instances[id.index()];
        instance.state = InstanceState::Deleting;
        instance.deletion = Some(InstanceDeletion { origin, reason: reason.clone(), asked: now, done: None });
        self.changes.push(Change::InstanceChanged(id));
    }

    /// The machine of an instance is there: the choice that could be had, and those before it that could not.
    pub fn set_instance_launched(&mut self, id: InstanceId, chosen: u16, without_capacity: Vec<u16>, now: SimTime) {
        let instance = &mut self.instances[id.index()];
        instance.chosen = chosen;
        instance.without_capacity = without_capacity;
        instance.state = InstanceState::Launched;
        instance.launched = Some(now);
        self.changes.push(Change::InstanceChanged(id));
    }

    /// An instance could not be launched.
    pub fn set_instance_failed(
        &mut self,
        id: InstanceId,
        failure: LaunchFailure,
        without_capacity: Vec<u16>,
        now: SimTime,
    ) {
        let instance = &mut self.instances[id.index()];
        instance.state = InstanceState::Failed;
        instance.without_capacity = without_capacity;
        instance.failure = Some((now, failure));
        self.changes.push(Change::InstanceChanged(id));
    }

    /// An instance registers its Node object, not ready yet.
    pub fn register_instance(&mut self, id: InstanceId, now: SimTime) -> NodeId {
        let group = self.instance(id).request.group;
        let pool = group.and_then(|group| u32::try_from(group.index()).ok());
        let object = Arc::clone(&self.instance(id).choice().node);
        let node = self.add_unready_node(object, pool, now);
        let instance = &mut self.instances[id.index()];
        instance.state = InstanceState::Registered;
        instance.registered = Some(now);
        self.link_instance(id, node);
        self.changes.push(Change::InstanceChanged(id));
        node
    }

    /// Adds a node of a group that is ready from the start, with its instance: how pools have their first nodes.
    pub fn add_ready_instance(&mut self, group: NodeGroupId, origin: InstanceOrigin, now: SimTime) -> NodeId {
        let id = self.add_instance_to_group(group, origin, &Name::default(), now);
        let object = Arc::clone(&self.instance(id).choice().node);
        let node = self.add_node(object, u32::try_from(group.index()).ok(), now);
        let instance = &mut self.instances[id.index()];
        instance.state = InstanceState::Ready;
        (instance.launched, instance.registered, instance.ready) = (Some(now), Some(now), Some(now));
        self.link_instance(id, node);
        node
    }

    fn link_instance(&mut self, id: InstanceId, node: NodeId) {
        self.instances[id.index()].node = Some(node);
        self.nodes[node.index()].instance = Some(id);
    }

    /// The node of an instance is ready for the first time.
    pub fn set_instance_ready(&mut self, id: InstanceId, now: SimTime) {
        let instance = &mut self.instances[id.index()];
        instance.state = InstanceState::Ready;
        instance.ready = Some(now);
        self.changes.push(Change::InstanceChanged(id));
    }

    /// The provider gives notice that it will take the machine of an instance away.
    pub fn interrupt_instance(&mut self, id: InstanceId, at: SimTime) {
        self.instances[id.index()].interrupted = Some(at);
        self.changes.push(Change::InstanceChanged(id));
    }

    /// The machine of an instance is gone.
    pub fn remove_instance(&mut self, id: InstanceId, now: SimTime) {
        let instance = &mut self.instances[id.index()];
        instance.state = InstanceState::Deleted;
        if let Some(deletion) = &mut instance.deletion {
            deletion.done = Some(now);
        }
        self.changes.push(Change::InstanceChanged(id));
    }
}
