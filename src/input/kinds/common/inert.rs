//! Fields of the types that several kinds share, which Kubernetes knows and the simulation does not act on.

use super::container::is_cluster_autoscaler_image;
use crate::input::document::typed::InertFields;
use serde_json::Value;

/// The fields without effect, by type.
pub const SHARED: &[InertFields] = &[
    InertFields {
        inside: &[
            "automountServiceAccountToken",
            "dnsConfig",
            "dnsPolicy",
            "enableServiceLinks",
            "hostAliases",
            "hostIPC",
            "hostPID",
            "hostname",
            "hostnameOverride",
            "imagePullSecrets",
            "securityContext",
            "serviceAccount",
            "serviceAccountName",
            "setHostnameAsFQDN",
            "shareProcessNamespace",
            "subdomain",
        ],
        not_simulated: &["ephemeralContainers", "os", "readinessGates", "resourceClaims", "schedulingGroup"],
        ..InertFields::of("PodSpec")
    },
    InertFields {
        inside: &[
            "args",
            "command",
            "imagePullPolicy",
            "resizePolicy",
            "securityContext",
            "stdin",
            "stdinOnce",
            "terminationMessagePath",
            "terminationMessagePolicy",
            "tty",
            "volumeMounts",
            "workingDir",
        ],
        not_simulated: &["volumeDevices"],
        has_effect: |container, field| {
            let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
            matches!(field, "args" | "command") && is_cluster_autoscaler_image(image)
        },
        ..InertFields::of("Container")
    },
    InertFields { inside: &["stopSignal"], not_simulated: &["postStart"], ..InertFields::of("Lifecycle") },
    // `sleep` of a preStop hook is simulated.
    InertFields { not_simulated: &["exec", "httpGet", "tcpSocket"], ..InertFields::of("LifecycleHandler") },
    // How a probe asks is the container's business; when it asks, and what follows, is simulated.
    InertFields { not_simulated: &["terminationGracePeriodSeconds"], ..InertFields::of("Probe") },
    InertFields { not_simulated: &["claims"], ..InertFields::of("ResourceRequirements") },
    InertFields { inside: &["value"], ..InertFields::of("EnvVar") },
    InertFields { inside: &["fieldRef", "fileKeyRef", "resourceFieldRef"], ..InertFields::of("EnvVarSource") },
    InertFields { inside: &["prefix"], ..InertFields::of("EnvFromSource") },
    InertFields { inside: &["defaultMode"], ..InertFields::of("ConfigMapVolumeSource") },
    InertFields { inside: &["defaultMode"], ..InertFields::of("ProjectedVolumeSource") },
    InertFields {
        inside: &["clusterTrustBundle", "downwardAPI", "podCertificate", "serviceAccountToken"],
        ..InertFields::of("VolumeProjection")
    },
    InertFields { inside: &["defaultMode"], ..InertFields::of("SecretVolumeSource") },
    InertFields { inside: &["mode"], ..InertFields::of("KeyToPath") },
    // Claims, image volumes and some disks bear on scheduling, and pods wait for what some volumes show; the rest of what
    // is filled without a disk bears on nothing.
    InertFields {
        inside: &["downwardAPI", "emptyDir", "hostPath"],
        not_simulated: &[
            "azureFile",
            "cephfs",
            "csi",
            "fc",
            "flexVolume",
            "flocker",
            "gitRepo",
            "glusterfs",
            "nfs",
            "photonPersistentDisk",
            "portworxVolume",
            "quobyte",
            "scaleIO",
            "storageos",
            "vsphereVolume",
        ],
        ..InertFields::of("Volume")
    },
    InertFields { not_simulated: &["generateName"], ..InertFields::of("ObjectMeta") },
];
