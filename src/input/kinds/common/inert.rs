//! Fields that Kubernetes knows and the simulation does not act on. A manifest that uses one is told so.

/// Why a field has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inert {
    /// It bears on what runs inside the container, which is not simulated: the environment, commands, mounts, identity.
    Inside,
    /// It bears on scheduling, lifecycle or traffic in a real cluster, and the simulation does without it: results may
    /// differ from the real cluster's.
    NotSimulated,
}

/// Whether a value is the API server's default, which every dump shows and nobody chose.
pub fn is_default(field: &str, value: &str) -> bool {
    matches!(
        (field, value),
        ("sessionAffinity", "None") | ("internalTrafficPolicy" | "externalTrafficPolicy", "Cluster")
    )
}

/// Whether a field of a `k8s-openapi` type has no effect, and why. Fields of `status` are not asked about.
#[expect(clippy::too_many_lines, reason = "a table of the fields of many types")]
pub fn inert(type_name: &str, field: &str) -> Option<Inert> {
    let (inside, not_simulated): (&[&str], &[&str]) = match type_name {
        "PodSpec" => (
            &[
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
            &["ephemeralContainers", "os", "readinessGates", "resourceClaims", "runtimeClassName", "schedulingGroup"],
        ),
        "Container" => (
            &[
                "args",
                "command",
                "env",
                "envFrom",
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
            &["volumeDevices"],
        ),
        "Lifecycle" => (&["stopSignal"], &["postStart"]),
        // `sleep` of a preStop hook is simulated.
        "LifecycleHandler" => (&[], &["exec", "httpGet", "tcpSocket"]),
        // How a probe asks is the container's business; when it asks, and what follows, is simulated.
        "Probe" => (&[], &["terminationGracePeriodSeconds"]),
        "ResourceRequirements" => (&[], &["claims"]),
        // Claims, image volumes and some disks bear on scheduling; what is filled without a disk bears on nothing.
        "Volume" => (
            &["configMap", "downwardAPI", "emptyDir", "hostPath", "projected", "secret"],
            &[
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
        ),
        "StatefulSetSpec" => (&["revisionHistoryLimit", "serviceName"], &["persistentVolumeClaimRetentionPolicy"]),
        "RollingUpdateStatefulSetStrategy" => (&[], &["maxUnavailable"]),
        "DaemonSetSpec" => (&["revisionHistoryLimit"], &[]),
        "ServiceSpec" => (
            &[
                "allocateLoadBalancerNodePorts",
                "clusterIPs",
                "externalName",
                "healthCheckNodePort",
                "ipFamilies",
                "ipFamilyPolicy",
                "loadBalancerClass",
                "loadBalancerIP",
                "loadBalancerSourceRanges",
            ],
            &[
                "externalIPs",
                "externalTrafficPolicy",
                "internalTrafficPolicy",
                "sessionAffinity",
                "sessionAffinityConfig",
                "trafficDistribution",
            ],
        ),
        "NodeSpec" => (&["externalID", "podCIDR", "podCIDRs", "providerID"], &["configSource"]),
        "NamespaceSpec" => (&["finalizers"], &[]),
        "PersistentVolumeSpec" => (&["mountOptions", "persistentVolumeReclaimPolicy"], &["volumeAttributesClassName"]),
        "PersistentVolumeClaimSpec" => (&[], &["dataSource", "dataSourceRef", "volumeAttributesClassName"]),
        "StorageClass" => (&["allowVolumeExpansion", "mountOptions", "parameters", "reclaimPolicy"], &[]),
        "PriorityClass" => (&["description"], &[]),
        "ObjectMeta" => (&[], &["generateName"]),
        _ => return None,
    };
    if inside.contains(&field) {
        Some(Inert::Inside)
    } else if not_simulated.contains(&field) {
        Some(Inert::NotSimulated)
    } else {
        None
    }
}
