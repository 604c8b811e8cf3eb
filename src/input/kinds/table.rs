//! The one table of kinds.

use super::capacity_buffer::CapacityBuffer;
use super::common::inert;
use super::common::validation::Naming;
use super::config_map::ConfigMap;
use super::cron_job::CronJob;
use super::csi_driver::CsiDriver;
use super::csi_node::CsiNode;
use super::csi_storage_capacity::CsiStorageCapacity;
use super::daemon_set::DaemonSet;
use super::deployment::Deployment;
use super::horizontal_pod_autoscaler::v1::HorizontalPodAutoscalerV1;
use super::horizontal_pod_autoscaler::v2::HorizontalPodAutoscalerV2;
use super::http_route::HttpRoute;
use super::ingress::Ingress;
use super::job::Job;
use super::karpenter::node_claim::NodeClaim;
use super::karpenter::node_class::{AksNodeClass, Ec2NodeClass, GceNodeClass, KwokNodeClass};
use super::karpenter::node_pool::NodePool;
use super::keda::scaled_object::ScaledObject;
use super::kind::Kind;
use super::limit_range::LimitRange;
use super::namespace::Namespace;
use super::node::Node;
use super::persistent_volume::PersistentVolume;
use super::persistent_volume_claim::PersistentVolumeClaim;
use super::pod::Pod;
use super::pod_disruption_budget::PodDisruptionBudget;
use super::pod_template::PodTemplate;
use super::priority_class::PriorityClass;
use super::replica_set::ReplicaSet;
use super::replication_controller::ReplicationController;
use super::resource_quota::ResourceQuota;
use super::runtime_class::RuntimeClass;
use super::secret::Secret;
use super::service::Service;
use super::stateful_set::StatefulSet;
use super::storage_class::StorageClass;
use super::vertical_pod_autoscaler::VerticalPodAutoscaler;
use crate::api::Object;
use crate::input::document::typed::{self, InertFields, Notes};
use crate::input::{FieldError, FieldErrors};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The kinds that the simulation acts on. Where Kubernetes serves several versions of one, the one to use comes first.
pub static KINDS: &[Descriptor<Object>] = &[
    Descriptor::of::<Namespace>(),
    Descriptor::of::<Node>(),
    Descriptor::of::<LimitRange>(),
    Descriptor::of::<ResourceQuota>(),
    Descriptor::of::<Pod>(),
    Descriptor::of::<Service>(),
    Descriptor::of::<Ingress>(),
    Descriptor::of::<HttpRoute>(),
    Descriptor::of::<Deployment>(),
    Descriptor::of::<ReplicaSet>(),
    Descriptor::of::<ReplicationController>(),
    Descriptor::of::<StatefulSet>(),
    Descriptor::of::<DaemonSet>(),
    Descriptor::of::<Job>(),
    Descriptor::of::<CronJob>(),
    Descriptor::of::<HorizontalPodAutoscalerV2>(),
    Descriptor::of::<HorizontalPodAutoscalerV1>(),
    Descriptor::of::<VerticalPodAutoscaler>(),
    Descriptor::of::<ScaledObject>(),
    Descriptor::of::<PodDisruptionBudget>(),
    Descriptor::of::<CapacityBuffer>(),
    Descriptor::of::<PodTemplate>(),
    Descriptor::of::<PriorityClass>(),
    Descriptor::of::<RuntimeClass>(),
    Descriptor::of::<PersistentVolume>(),
    Descriptor::of::<PersistentVolumeClaim>(),
    Descriptor::of::<StorageClass>(),
    Descriptor::of::<CsiNode>(),
    Descriptor::of::<CsiDriver>(),
    Descriptor::of::<CsiStorageCapacity>(),
    Descriptor::of::<ConfigMap>(),
    Descriptor::of::<Secret>(),
    Descriptor::of::<NodePool>(),
    Descriptor::of::<NodeClaim>(),
    Descriptor::of::<Ec2NodeClass>(),
    Descriptor::of::<AksNodeClass>(),
    Descriptor::of::<GceNodeClass>(),
    Descriptor::of::<KwokNodeClass>(),
];

/// A [`Kind`] as a value.
pub struct Descriptor<T> {
    /// `kind`.
    pub kind: &'static str,
    /// The API versions that are read; the one to use comes first.
    pub versions: &'static [&'static str],
    /// The scope, and the form of the name.
    pub naming: Naming,
    /// Whether the object is a pod, or stands for pods that are placed by choice.
    pub runs_pods: bool,
    inert: &'static [InertFields],
    read: fn(&Value, Timestamp) -> Reading<T>,
    with_defaults: fn(&Value) -> Option<Value>,
}

impl Descriptor<Object> {
    /// The kind that a document states.
    pub fn named(api_version: &str, kind: &str) -> Option<&'static Self> {
        KINDS.iter().find(|known| known.kind == kind && known.versions.contains(&api_version))
    }
}

impl<T> Descriptor<T> {
    /// The descriptor of a kind.
    const fn of<K: Kind<Converted = T>>() -> Self {
        Self {
            kind: K::KIND,
            versions: K::VERSIONS,
            naming: K::NAMING,
            runs_pods: K::RUNS_PODS,
            inert: K::INERT,
            read: read::<K>,
            with_defaults: with_defaults::<K>,
        }
    }

    /// Reads, checks, defaults and converts an object. Times become relative to `start`.
    pub fn read(&self, value: &Value, start: Timestamp) -> Reading<T> {
        (self.read)(value, start)
    }

    /// The object as the API server keeps it: fields that the kind does not have are gone, and defaults are set, as far as
    /// the simulation knows them. `None` if it is not of the kind's form.
    pub fn with_defaults(&self, value: &Value) -> Option<Value> {
        (self.with_defaults)(value)
    }
}

/// What reading an object gives.
#[derive(Debug)]
pub struct Reading<T> {
    /// The converted object; `None` with errors.
    pub object: Option<T>,
    /// What is wrong, in the order in which it was found.
    pub errors: Vec<FieldError>,
    /// Keys that the kind does not have, and fields that have no effect.
    pub notes: Notes,
}

/// Reads, checks, defaults and converts an object of a kind.
fn read<K: Kind>(value: &Value, start: Timestamp) -> Reading<K::Converted> {
    let (mut notes, mut type_errors) = (Notes::default(), Vec::new());
    let plain = typed::read::<K::Plain>(value, inert_fields, &mut notes, &mut type_errors);
    let mut errors = Vec::new();
    for error in &type_errors {
        errors.push(FieldError { field: error.path().to_owned(), problem: error.problem().to_owned() });
    }
    let Some(mut plain) = plain else { return Reading { object: None, errors, notes } };
    let mut found = FieldErrors::default();
    K::validate(&plain, &mut found);
    K::set_defaults(&mut plain);
    let object = K::convert(&plain, start, &mut found);
    let found = found.into_vec();
    let is_faultless = errors.is_empty() && found.is_empty();
    // A value of the wrong type was taken out: what is missing because of that is no further error.
    let hangs_on_a_type = |error: &FieldError| type_errors.iter().any(|wrong| error.field.starts_with(wrong.path()));
    errors.extend(found.into_iter().filter(|error| !hangs_on_a_type(error)));
    Reading { object: is_faultless.then_some(object), errors, notes }
}

/// An object of a kind with its defaults, as JSON.
fn with_defaults<K: Kind>(value: &Value) -> Option<Value> {
    let mut plain: K::Plain = serde_json::from_value(value.clone()).ok()?;
    K::set_defaults(&mut plain);
    serde_json::to_value(plain).ok()
}

/// The fields of a `k8s-openapi` type that the simulation does not act on, whichever kind states them.
fn inert_fields(type_name: &str) -> Option<&'static InertFields> {
    static BY_TYPE: LazyLock<BTreeMap<&str, &InertFields>> = LazyLock::new(|| {
        let kinds = KINDS.iter().map(|kind| kind.inert);
        let all = kinds.chain([inert::SHARED]).flatten();
        all.map(|fields| (fields.type_name, fields)).collect()
    });
    BY_TYPE.get(type_name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_and_each_type_is_described_once() {
        let mut versions: Vec<(&str, &str)> =
            KINDS.iter().flat_map(|kind| kind.versions.iter().map(|version| (kind.kind, *version))).collect();
        let count = versions.len();
        versions.sort_unstable();
        versions.dedup();
        assert_eq!(versions.len(), count);
        let kinds = KINDS.iter().map(|kind| kind.inert);
        let mut types: Vec<&str> = kinds.chain([inert::SHARED]).flatten().map(|fields| fields.type_name).collect();
        let count = types.len();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), count, "{types:?}");
    }
}
