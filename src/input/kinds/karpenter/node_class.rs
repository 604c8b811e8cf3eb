//! The providers' classes of nodes. What bears on what a node offers is read; images, networks and rights are the provider's
//! business.

use crate::api::karpenter::{self, KubeletConfiguration};
use crate::api::{self, Object, Quantity};
use crate::input::document::typed::InertFields;
use crate::input::kinds::common::validation::{Naming, at_least, object_meta, quantities};
use crate::input::kinds::common::{meta, resources};
use crate::input::kinds::kind::Kind;
use crate::input::{FieldErrors, FieldPath};
use crate::units::{Bytes, MAX_AMOUNT};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Bytes of a `Gi`, in which AKS and GCE give the sizes of disks.
const GIB: i64 = 1 << 30;

/// The object as it is written, whichever provider's it is.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "NodeClass", rename_all = "camelCase")]
pub struct PlainNodeClass {
    api_version: String,
    kind: String,
    metadata: ObjectMeta,
    spec: NodeClassSpec,
    #[serde(skip_serializing)]
    status: Option<Value>,
}

/// The fields of all four classes that are read.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeClassSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    block_device_mappings: Option<Vec<BlockDeviceMapping>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disks: Option<Vec<Disk>>,
    #[serde(rename = "osDiskSizeGB", skip_serializing_if = "Option::is_none")]
    os_disk_size_gb: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_pods: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kubelet: Option<Kubelet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kubelet_configuration: Option<Kubelet>,
    // Without effect.
    ami_family: Value,
    ami_selector_terms: Value,
    artifact_streaming: Value,
    associate_public_ip_address: Value,
    #[serde(rename = "associatePublicIPAddress")]
    associate_public_ip: Value,
    capacity_reservation_selector_terms: Value,
    connection_tracking: Value,
    context: Value,
    cpu_options: Value,
    detailed_monitoring: Value,
    fips_mode: Value,
    image_family: Value,
    #[serde(rename = "imageID")]
    image_id: Value,
    image_selector_terms: Value,
    image_version: Value,
    instance_profile: Value,
    instance_store_policy: Value,
    ip_prefix_count: Value,
    local_dns: Value,
    #[serde(rename = "localDNS")]
    local_dns_upper: Value,
    metadata: Value,
    metadata_options: Value,
    network_config: Value,
    network_interfaces: Value,
    network_tags: Value,
    node_registration_delay: Value,
    placement_group_selector: Value,
    role: Value,
    security: Value,
    security_group_selector_terms: Value,
    service_account: Value,
    shielded_instance_config: Value,
    subnet_range_name: Value,
    subnet_selector_terms: Value,
    tags: Value,
    user_data: Value,
    #[serde(rename = "vnetSubnetID")]
    vnet_subnet_id: Value,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct BlockDeviceMapping {
    device_name: Value,
    root_volume: bool,
    ebs: Option<BlockDevice>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct BlockDevice {
    volume_size: Option<QuantityText>,
    delete_on_termination: Value,
    encrypted: Value,
    iops: Value,
    #[serde(rename = "kmsKeyID")]
    kms_key_id: Value,
    #[serde(rename = "snapshotID")]
    snapshot_id: Value,
    throughput: Value,
    volume_initialization_rate: Value,
    volume_type: Value,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Disk {
    boot: bool,
    #[serde(rename = "sizeGiB")]
    size_gib: Option<i64>,
    category: Value,
    #[serde(rename = "secondaryBoot")]
    secondary_boot: Value,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "NodeClassKubelet", rename_all = "camelCase")]
struct Kubelet {
    max_pods: Option<i64>,
    pods_per_core: Option<i64>,
    kube_reserved: Option<BTreeMap<String, QuantityText>>,
    system_reserved: Option<BTreeMap<String, QuantityText>>,
    eviction_hard: Option<BTreeMap<String, String>>,
    allowed_unsafe_sysctls: Value,
    #[serde(rename = "clusterDNS")]
    cluster_dns: Value,
    container_log_max_files: Value,
    container_log_max_size: Value,
    #[serde(rename = "cpuCFSQuota")]
    cpu_cfs_quota: Value,
    #[serde(rename = "cpuCFSQuotaPeriod")]
    cpu_cfs_quota_period: Value,
    cpu_manager_policy: Value,
    eviction_max_pod_grace_period: Value,
    eviction_soft: Value,
    eviction_soft_grace_period: Value,
    #[serde(rename = "imageGCHighThresholdPercent")]
    image_gc_high_threshold_percent: Value,
    #[serde(rename = "imageGCLowThresholdPercent")]
    image_gc_low_threshold_percent: Value,
    pod_pids_limit: Value,
    topology_manager_policy: Value,
}

/// Fields of all four classes that bear on nothing that is simulated, or that the simulation does without.
const INERT: &[InertFields] = &[
    InertFields {
        inside: &[
            "amiFamily",
            "amiSelectorTerms",
            "artifactStreaming",
            "associatePublicIPAddress",
            "associatePublicIpAddress",
            "connectionTracking",
            "context",
            "detailedMonitoring",
            "fipsMode",
            "imageFamily",
            "imageID",
            "imageSelectorTerms",
            "imageVersion",
            "instanceProfile",
            "ipPrefixCount",
            "localDns",
            "localDNS",
            "metadata",
            "metadataOptions",
            "networkConfig",
            "networkInterfaces",
            "networkTags",
            "role",
            "security",
            "securityGroupSelectorTerms",
            "serviceAccount",
            "shieldedInstanceConfig",
            "subnetRangeName",
            "tags",
            "userData",
            "vnetSubnetID",
        ],
        not_simulated: &[
            "capacityReservationSelectorTerms",
            "cpuOptions",
            "instanceStorePolicy",
            "nodeRegistrationDelay",
            "placementGroupSelector",
            "subnetSelectorTerms",
        ],
        ..InertFields::of("NodeClassSpec")
    },
    InertFields { inside: &["deviceName"], ..InertFields::of("BlockDeviceMapping") },
    InertFields {
        inside: &[
            "deleteOnTermination",
            "encrypted",
            "iops",
            "kmsKeyID",
            "snapshotID",
            "throughput",
            "volumeInitializationRate",
            "volumeType",
        ],
        ..InertFields::of("BlockDevice")
    },
    InertFields { inside: &["category", "secondaryBoot"], ..InertFields::of("Disk") },
    InertFields {
        inside: &[
            "allowedUnsafeSysctls",
            "clusterDNS",
            "containerLogMaxFiles",
            "containerLogMaxSize",
            "cpuCFSQuota",
            "cpuCFSQuotaPeriod",
        ],
        not_simulated: &[
            "cpuManagerPolicy",
            "evictionMaxPodGracePeriod",
            "evictionSoft",
            "evictionSoftGracePeriod",
            "imageGCHighThresholdPercent",
            "imageGCLowThresholdPercent",
            "podPidsLimit",
            "topologyManagerPolicy",
        ],
        ..InertFields::of("NodeClassKubelet")
    },
];

/// Defines the kind of a provider's class.
macro_rules! node_class {
    ($(#[doc = $doc:literal])+ $name:ident, $kind:expr, $text:literal, $versions:expr, $inert:expr) => {
        $(#[doc = $doc])+
        pub struct $name;

        impl Kind for $name {
            type Plain = PlainNodeClass;
            type Converted = Object;
            const KIND: &'static str = $text;
            const VERSIONS: &'static [&'static str] = $versions;
            const NAMING: Naming = Naming::Cluster;
            const INERT: &'static [InertFields] = $inert;

            fn validate(class: &PlainNodeClass, errors: &mut FieldErrors) {
                validate(class, errors);
            }

            fn convert(class: &PlainNodeClass, start: Timestamp, errors: &mut FieldErrors) -> Object {
                Object::NodeClass(Box::new(convert(class, $kind, start, errors)))
            }
        }
    };
}

node_class! {
    /// `EC2NodeClass` of `karpenter.k8s.aws/v1`.
    Ec2NodeClass, api::Kind::Ec2NodeClass, "EC2NodeClass", &["karpenter.k8s.aws/v1"], INERT
}
node_class! {
    /// `AKSNodeClass` of `karpenter.azure.com`.
    AksNodeClass, api::Kind::AksNodeClass, "AKSNodeClass",
    &["karpenter.azure.com/v1beta1", "karpenter.azure.com/v1alpha2"], &[]
}
node_class! {
    /// `GCENodeClass` of `karpenter.k8s.gcp`.
    GceNodeClass, api::Kind::GceNodeClass, "GCENodeClass", &["karpenter.k8s.gcp/v1alpha1"], &[]
}
node_class! {
    /// `KWOKNodeClass` of `karpenter.kwok.sh`.
    KwokNodeClass, api::Kind::KwokNodeClass, "KWOKNodeClass", &["karpenter.kwok.sh/v1alpha1"], &[]
}

impl NodeClassSpec {
    /// The kubelet's configuration and the name of the field that it stands in.
    fn kubelet(&self) -> Option<(&Kubelet, &'static str)> {
        let by_short_name = self.kubelet.as_ref().map(|kubelet| (kubelet, "kubelet"));
        by_short_name.or_else(|| self.kubelet_configuration.as_ref().map(|kubelet| (kubelet, "kubeletConfiguration")))
    }
}

fn validate(class: &PlainNodeClass, errors: &mut FieldErrors) {
    let root = FieldPath::Root;
    let path = root.key("spec");
    object_meta(&class.metadata, Naming::Cluster, root.key("metadata"), errors);
    let spec = &class.spec;
    at_least(spec.max_pods, 1, path.key("maxPods"), errors);
    at_least(spec.os_disk_size_gb, 1, path.key("osDiskSizeGB"), errors);
    if let Some((kubelet, field)) = spec.kubelet() {
        let path = path.key(field);
        at_least(kubelet.max_pods, 0, path.key("maxPods"), errors);
        at_least(kubelet.pods_per_core, 0, path.key("podsPerCore"), errors);
        quantities(kubelet.kube_reserved.as_ref(), path.key("kubeReserved"), errors);
        quantities(kubelet.system_reserved.as_ref(), path.key("systemReserved"), errors);
    }
}

fn convert(
    class: &PlainNodeClass,
    kind: api::Kind,
    start: Timestamp,
    errors: &mut FieldErrors,
) -> karpenter::NodeClass {
    let root = FieldPath::Root;
    let path = root.key("spec");
    let spec = &class.spec;
    let mut kubelet = spec.kubelet().map(|(kubelet, field)| convert_kubelet(kubelet, path.key(field), errors));
    if let Some(pods) = spec.max_pods {
        kubelet.get_or_insert_default().max_pods = Some(pods);
    }
    karpenter::NodeClass {
        kind,
        meta: meta::convert_cluster_scoped(&class.metadata, start),
        root_volume: root_volume(spec, path, errors),
        kubelet: kubelet.unwrap_or_default(),
    }
}

/// The size of the disk that the node's file system is on: the one marked so, else the first.
fn root_volume(spec: &NodeClassSpec, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<Bytes> {
    let mappings = spec.block_device_mappings.as_deref().unwrap_or_default();
    let root = mappings.iter().position(|mapping| mapping.root_volume).unwrap_or(0);
    if let Some(size) = mappings.get(root).and_then(|mapping| mapping.ebs.as_ref()?.volume_size.as_ref()) {
        let size_path = path.key("blockDeviceMappings");
        return bytes(&size.0, size_path.index(root).key("ebs").key("volumeSize"), errors);
    }
    let disks = spec.disks.iter().flatten();
    let boot = disks.clone().find(|disk| disk.boot).or_else(|| disks.clone().next());
    let gib = boot.and_then(|disk| disk.size_gib).or(spec.os_disk_size_gb)?;
    gib.checked_mul(GIB).filter(|bytes| (0..=MAX_AMOUNT).contains(bytes)).map(Bytes::new)
}

/// An amount of memory or disk.
fn bytes(text: &str, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<Bytes> {
    match text.parse::<Quantity>() {
        Ok(quantity) if (0..=MAX_AMOUNT).contains(&quantity.value()) => Some(Bytes::new(quantity.value())),
        Ok(_) => {
            errors.push(path, resources::too_large(text, false));
            None
        }
        Err(error) => {
            errors.push(path, error);
            None
        }
    }
}

fn convert_kubelet(kubelet: &Kubelet, path: FieldPath<'_>, errors: &mut FieldErrors) -> KubeletConfiguration {
    let eviction_path = path.key("evictionHard");
    let eviction_path = eviction_path.key("memory.available");
    let eviction = kubelet.eviction_hard.as_ref().and_then(|signals| signals.get("memory.available"));
    let percent = eviction.and_then(|text| text.strip_suffix('%'));
    if let Some(text) = percent.filter(|text| text.parse::<u32>().is_err()) {
        errors.push(eviction_path, format_args!("`{text}%` is no percentage (expected a form such as `5%`)"));
    }
    KubeletConfiguration {
        max_pods: kubelet.max_pods,
        pods_per_core: kubelet.pods_per_core.filter(|pods| *pods > 0),
        kube_reserved: resources::convert(kubelet.kube_reserved.as_ref(), path.key("kubeReserved"), errors),
        system_reserved: resources::convert(kubelet.system_reserved.as_ref(), path.key("systemReserved"), errors),
        eviction_memory: eviction.filter(|_| percent.is_none()).and_then(|text| bytes(text, eviction_path, errors)),
        eviction_memory_percent: percent.and_then(|text| text.parse().ok()),
    }
}
