//! Any object that a manifest can hold and the simulation acts on.

use super::{
    ApiObject, CapacityBuffer, ClaimTemplate, ConfigObject, CronJob, CsiDriver, CsiNode, CsiStorageCapacity, DaemonSet,
    Deployment, HorizontalPodAutoscaler, HttpRoute, ImmutableField, Ingress, Job, Kind, LabelSelector, LimitRange,
    Namespace, Node, ObjectMeta, PersistentVolume, Pod, PodDisruptionBudget, PodTemplate, PodTemplateObject,
    PriorityClass, ReplicaSet, ResourceQuota, RuntimeClass, Service, StatefulSet, StorageClass, VerticalPodAutoscaler,
    WithMeta, karpenter, keda,
};
use std::sync::Arc;

/// Defines [`Object`] and `for_object!` from one list of types; objects that have pods name the field of their template.
/// `$dollar` is the token of that name, which the macro that
/// is defined needs.
macro_rules! objects {
    (@template $object:ident) => { None };
    (@template $object:ident $field:ident) => { Some(&$object.$field) };
    ($dollar:tt $($(#[doc = $doc:literal])* $variant:ident($type:ty) $(with $template:ident)?,)+) => {
        /// One object after defaulting and validation.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant is the Kubernetes kind of its name")]
        pub enum Object {
            $($(#[doc = $doc])* $variant($type),)+
        }

        impl Object {
            /// What its pods are made from; `None` of objects without pods. A pod is made from its template.
            #[must_use]
            pub const fn pod_template(&self) -> Option<&Arc<PodTemplate>> {
                match self {
                    $(Self::$variant(_object) => objects!(@template _object $($template)?),)+
                }
            }
        }

        /// Evaluates an expression for what is inside an [`Object`], whatever its kind.
        macro_rules! for_object {
            ($dollar object:expr, $dollar inner:ident => $dollar result:expr) => {
                match $dollar object {
                    $($crate::api::Object::$variant($dollar inner) => $dollar result,)+
                }
            };
        }
        pub(crate) use for_object;
    };
}

objects! { $
    Namespace(Namespace),
    LimitRange(LimitRange),
    ResourceQuota(ResourceQuota),
    Node(Node),
    Pod(Pod) with template,
    /// A ReplicaSet or ReplicationController.
    ReplicaSet(ReplicaSet) with template,
    Deployment(Deployment) with template,
    StatefulSet(StatefulSet) with template,
    DaemonSet(DaemonSet) with template,
    Job(Job) with template,
    CronJob(CronJob) with template,
    Service(Service),
    Ingress(Ingress),
    HttpRoute(HttpRoute),
    HorizontalPodAutoscaler(HorizontalPodAutoscaler),
    VerticalPodAutoscaler(VerticalPodAutoscaler),
    /// KEDA's ScaledObject.
    ScaledObject(Box<keda::ScaledObject>),
    PriorityClass(PriorityClass),
    RuntimeClass(RuntimeClass),
    PodDisruptionBudget(PodDisruptionBudget),
    CapacityBuffer(CapacityBuffer),
    /// A template that stands by itself: nothing makes pods from it.
    PodTemplate(PodTemplateObject),
    PersistentVolume(Box<WithMeta<PersistentVolume>>),
    PersistentVolumeClaim(Box<WithMeta<ClaimTemplate>>),
    StorageClass(Box<WithMeta<StorageClass>>),
    CsiNode(Box<WithMeta<CsiNode>>),
    CsiDriver(Box<WithMeta<CsiDriver>>),
    CsiStorageCapacity(Box<WithMeta<CsiStorageCapacity>>),
    /// A ConfigMap or Secret.
    Config(ConfigObject),
    /// Karpenter's NodePool.
    NodePool(Box<karpenter::NodePool>),
    NodeClaim(Box<karpenter::NodeClaim>),
    /// A class of nodes of one of Karpenter's providers.
    NodeClass(Box<karpenter::NodeClass>),
}

impl Object {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        for_object!(self, object => object.kind())
    }

    /// The identity.
    #[must_use]
    pub fn meta(&self) -> &ObjectMeta {
        for_object!(self, object => object.meta())
    }

    /// The selector by which it finds pods; `None` of objects that select none.
    #[must_use]
    pub fn selector(&self) -> Option<&LabelSelector> {
        for_object!(self, object => object.selector())
    }

    /// `spec.replicas`; `None` of objects without.
    #[must_use]
    pub fn replicas(&self) -> Option<i32> {
        for_object!(self, object => object.replicas())
    }

    /// The first field that an update to `new` would change and may not; `None` if the API server takes the update.
    #[must_use]
    pub fn forbidden_change(&self, new: &Self) -> Option<ImmutableField> {
        let before = for_object!(self, object => object.immutable_fields());
        let after = for_object!(new, object => object.immutable_fields());
        before.into_iter().zip(after).find(|(before, after)| before != after).map(|(before, _)| before)
    }
}
