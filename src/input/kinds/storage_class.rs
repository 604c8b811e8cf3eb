//! StorageClasses.

use super::common::meta;
use super::common::validation::{Naming, object_meta};
use super::common::value::{name, names, optional_word};
use super::common::volume::RECLAIM_POLICIES;
use super::kind::Kind;
use crate::api::{self, Name, Object, ReclaimPolicy, VolumeBindingMode, WithMeta};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::storage::v1 as storage;

/// The annotations that make a class the default one.
const DEFAULT_CLASS: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
/// Words of `volumeBindingMode`.
const BINDING_MODES: [(&str, VolumeBindingMode); 2] =
    [("Immediate", VolumeBindingMode::Immediate), ("WaitForFirstConsumer", VolumeBindingMode::WaitForFirstConsumer)];

/// `StorageClass` of `storage.k8s.io/v1`.
pub struct StorageClass;

impl Kind for StorageClass {
    type Plain = storage::StorageClass;
    type Converted = Object;
    const KIND: &'static str = "StorageClass";
    const VERSIONS: &'static [&'static str] = &["storage.k8s.io/v1"];
    const NAMING: Naming = Naming::Cluster;
    const INERT: &'static [InertFields] =
        &[InertFields { inside: &["mountOptions", "parameters"], ..InertFields::of("StorageClass") }];

    fn validate(class: &storage::StorageClass, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&class.metadata, Self::NAMING, root.key("metadata"), errors);
        if class.provisioner.is_empty() {
            errors.push(root.key("provisioner"), "missing (expected a name such as `ebs.csi.aws.com`)");
        }
    }

    fn convert(class: &storage::StorageClass, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let meta = meta::convert_cluster_scoped(&class.metadata, start);
        Object::StorageClass(Box::new(WithMeta { meta, object: convert_storage_class(class, errors) }))
    }
}

/// Converts a storage class as the scheduler sees it.
pub fn convert_storage_class(class: &storage::StorageClass, errors: &mut FieldErrors) -> api::StorageClass {
    let terms = class.allowed_topologies.iter().flatten();
    api::StorageClass {
        name: name(class.metadata.name.as_ref()),
        provisioner: Name::from(class.provisioner.as_str()),
        binding_mode: optional_word(
            class.volume_binding_mode.as_ref(),
            &BINDING_MODES,
            VolumeBindingMode::default(),
            FieldPath::Root.key("volumeBindingMode"),
            errors,
        ),
        allowed_topologies: terms
            .map(|term| {
                let expressions = term.match_label_expressions.iter().flatten();
                expressions
                    .map(|requirement| (Name::from(requirement.key.as_str()), names(Some(&requirement.values))))
                    .collect()
            })
            .collect(),
        reclaim_policy: optional_word(
            class.reclaim_policy.as_ref(),
            &RECLAIM_POLICIES,
            ReclaimPolicy::Delete,
            FieldPath::Root.key("reclaimPolicy"),
            errors,
        ),
        allow_volume_expansion: class.allow_volume_expansion == Some(true),
        is_default: is_default(class),
    }
}

/// Whether the class is marked as the one for claims that name none.
fn is_default(class: &storage::StorageClass) -> bool {
    let annotations = class.metadata.annotations.as_ref();
    let marks = DEFAULT_CLASS.iter().filter_map(|key| annotations.and_then(|annotations| annotations.get(*key)));
    marks.into_iter().any(|value| value == "true")
}
