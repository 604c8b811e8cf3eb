//! The kinds, and what can be done with the objects of each.

/// What can be done with the objects of a kind.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own, as in the API's discovery")]
struct KindTraits {
    /// The kind as Kubernetes writes it.
    name: &'static str,
    /// kubectl's words for it: singular, plural, short name. A scenario points at objects of kinds that have words.
    words: &'static [&'static str],
    /// Whether its objects belong to no namespace.
    is_cluster_scoped: bool,
    /// Whether its objects run pods and replace those that are lost.
    is_workload: bool,
    /// Whether its objects have the scale subresource.
    has_scale: bool,
    /// Whether a change of its objects' template is rolled out to their pods.
    has_rollouts: bool,
}

impl KindTraits {
    /// A kind with nothing special about it.
    const PLAIN: Self = Self {
        name: "",
        words: &[],
        is_cluster_scoped: false,
        is_workload: false,
        has_scale: false,
        has_rollouts: false,
    };
    /// A kind that keeps as many pods of one template as its scale says.
    const REPLICAS: Self = Self { is_workload: true, has_scale: true, ..Self::PLAIN };
    /// A kind that replaces its pods when their template changes, besides.
    const ROLLED_OUT: Self = Self { has_rollouts: true, ..Self::REPLICAS };
    /// A kind that keeps pods on the nodes where they belong, and replaces them when their template changes.
    const PER_NODE: Self = Self { has_scale: false, ..Self::ROLLED_OUT };
    /// A kind whose pods run until they end.
    const TO_COMPLETION: Self = Self { is_workload: true, ..Self::PLAIN };
    /// A kind without a namespace.
    const CLUSTER_SCOPED: Self = Self { is_cluster_scoped: true, ..Self::PLAIN };
}

macro_rules! kinds {
    (@name $kind:ident $name:literal) => { $name };
    (@name $kind:ident) => { stringify!($kind) };
    ($($kind:ident $(= $name:literal)? [$($word:literal),*] $traits:ident;)+) => {
        /// A kind of objects; each variant is the Kubernetes kind of its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each variant is the Kubernetes kind of its name")]
        pub enum Kind {
            $($kind,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            const fn traits(self) -> KindTraits {
                match self {
                    $(Self::$kind => KindTraits {
                        name: kinds!(@name $kind $($name)?),
                        words: &[$($word),*],
                        ..KindTraits::$traits
                    },)+
                }
            }
        }
    };
}

kinds! {
    Deployment ["deployment", "deployments", "deploy"] ROLLED_OUT;
    ReplicaSet ["replicaset", "replicasets", "rs"] REPLICAS;
    StatefulSet ["statefulset", "statefulsets", "sts"] ROLLED_OUT;
    DaemonSet ["daemonset", "daemonsets", "ds"] PER_NODE;
    ReplicationController ["replicationcontroller", "replicationcontrollers", "rc"] REPLICAS;
    Job ["job", "jobs"] TO_COMPLETION;
    CronJob ["cronjob", "cronjobs", "cj"] TO_COMPLETION;
    Pod ["pod", "pods", "po"] PLAIN;
    Node ["node", "nodes", "no"] CLUSTER_SCOPED;
    Service ["service", "services", "svc"] PLAIN;
    Ingress ["ingress", "ingresses", "ing"] PLAIN;
    HttpRoute = "HTTPRoute" ["httproute", "httproutes"] PLAIN;
    HorizontalPodAutoscaler ["horizontalpodautoscaler", "horizontalpodautoscalers", "hpa"] PLAIN;
    VerticalPodAutoscaler ["verticalpodautoscaler", "verticalpodautoscalers", "vpa"] PLAIN;
    ScaledObject ["scaledobject", "scaledobjects", "so"] PLAIN;
    PodDisruptionBudget ["poddisruptionbudget", "poddisruptionbudgets", "pdb"] PLAIN;
    Namespace ["namespace", "namespaces", "ns"] CLUSTER_SCOPED;
    LimitRange ["limitrange", "limitranges", "limits"] PLAIN;
    ResourceQuota ["resourcequota", "resourcequotas", "quota"] PLAIN;
    PodTemplate ["podtemplate", "podtemplates"] PLAIN;
    CapacityBuffer ["capacitybuffer", "capacitybuffers", "cb"] PLAIN;
    PriorityClass ["priorityclass", "priorityclasses", "pc"] CLUSTER_SCOPED;
    RuntimeClass ["runtimeclass", "runtimeclasses"] CLUSTER_SCOPED;
    PersistentVolume ["persistentvolume", "persistentvolumes", "pv"] CLUSTER_SCOPED;
    PersistentVolumeClaim ["persistentvolumeclaim", "persistentvolumeclaims", "pvc"] PLAIN;
    StorageClass [] CLUSTER_SCOPED;
    CsiNode = "CSINode" ["csinode", "csinodes"] CLUSTER_SCOPED;
    CsiDriver = "CSIDriver" [] CLUSTER_SCOPED;
    CsiStorageCapacity = "CSIStorageCapacity" [] PLAIN;
    ConfigMap ["configmap", "configmaps", "cm"] PLAIN;
    Secret ["secret", "secrets"] PLAIN;
    NodePool ["nodepool", "nodepools"] CLUSTER_SCOPED;
    NodeClaim ["nodeclaim", "nodeclaims"] CLUSTER_SCOPED;
    Ec2NodeClass = "EC2NodeClass" ["ec2nodeclass", "ec2nodeclasses", "ec2nc"] CLUSTER_SCOPED;
    AksNodeClass = "AKSNodeClass" ["aksnodeclass", "aksnodeclasses", "aksnc"] CLUSTER_SCOPED;
    GceNodeClass = "GCENodeClass" ["gcenodeclass", "gcenodeclasses", "gcenc"] CLUSTER_SCOPED;
    KwokNodeClass = "KWOKNodeClass" ["kwoknodeclass", "kwoknodeclasses", "kwoknc"] CLUSTER_SCOPED;
}

impl Kind {
    /// The kind that one of kubectl's words names, whatever its case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        Self::ALL.iter().copied().find(|kind| kind.traits().words.contains(&word.as_str()))
    }

    /// The kind of this name, as Kubernetes writes it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// The kind as Kubernetes writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.traits().name
    }

    /// The kind's resource with its API group, as messages and quotas name it: `deployments.apps`, `pods`.
    #[must_use]
    pub fn group_resource(self) -> String {
        let resource = self.as_str().to_ascii_lowercase();
        // `storageclasses`, but `csidrivers`.
        let plural = if resource.ends_with('s') { "es" } else { "s" };
        let group = match self {
            Self::Deployment | Self::ReplicaSet | Self::StatefulSet | Self::DaemonSet => ".apps",
            Self::HorizontalPodAutoscaler => ".autoscaling",
            Self::VerticalPodAutoscaler => ".autoscaling.k8s.io",
            Self::ScaledObject => ".keda.sh",
            Self::Job | Self::CronJob => ".batch",
            Self::PodDisruptionBudget => ".policy",
            Self::Ingress => ".networking.k8s.io",
            Self::HttpRoute => ".gateway.networking.k8s.io",
            Self::CapacityBuffer => ".autoscaling.x-k8s.io",
            Self::PriorityClass => ".scheduling.k8s.io",
            Self::RuntimeClass => ".node.k8s.io",
            Self::StorageClass | Self::CsiNode | Self::CsiDriver => ".storage.k8s.io",
            Self::CsiStorageCapacity => return "csistoragecapacities.storage.k8s.io".to_owned(),
            Self::NodePool | Self::NodeClaim => ".karpenter.sh",
            Self::Ec2NodeClass => ".karpenter.k8s.aws",
            Self::AksNodeClass => ".karpenter.azure.com",
            Self::GceNodeClass => ".karpenter.k8s.gcp",
            Self::KwokNodeClass => ".karpenter.kwok.sh",
            Self::ReplicationController
            | Self::Pod
            | Self::PodTemplate
            | Self::Node
            | Self::Service
            | Self::Namespace
            | Self::LimitRange
            | Self::ResourceQuota
            | Self::PersistentVolume
            | Self::PersistentVolumeClaim
            | Self::ConfigMap
            | Self::Secret => "",
        };
        format!("{resource}{plural}{group}")
    }

    /// Whether its objects belong to no namespace.
    #[must_use]
    pub const fn is_cluster_scoped(self) -> bool {
        self.traits().is_cluster_scoped
    }

    /// Whether its objects run pods and replace those that are lost.
    #[must_use]
    pub const fn is_workload(self) -> bool {
        self.traits().is_workload
    }

    /// Whether its objects have the scale subresource: `kubectl scale` and autoscalers can set their number of pods.
    #[must_use]
    pub const fn has_scale(self) -> bool {
        self.traits().has_scale
    }

    /// Whether a change of its objects' template is rolled out to their pods (`kubectl rollout restart`).
    #[must_use]
    pub const fn has_rollouts(self) -> bool {
        self.traits().has_rollouts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubectl_words_name_kinds() {
        let cases = [
            ("deploy", Some(Kind::Deployment), "a short name"),
            ("StatefulSets", Some(Kind::StatefulSet), "a plural in any case"),
            ("hpa", Some(Kind::HorizontalPodAutoscaler), "an abbreviation"),
            ("jobs", Some(Kind::Job), "a plural"),
            ("storageclass", None, "a kind that a scenario cannot point at"),
            ("", None, "nothing"),
        ];
        for (word, expected, why) in cases {
            assert_eq!(Kind::from_word(word), expected, "{word}: {why}");
        }
    }

    #[test]
    fn a_word_names_one_kind() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.as_str()), Some(*kind));
            let is_pointed_at = !kind.traits().words.is_empty();
            assert_eq!(Kind::from_word(kind.as_str()), is_pointed_at.then_some(*kind), "{kind:?}");
            for word in kind.traits().words {
                assert_eq!(Kind::from_word(word), Some(*kind), "{word}");
            }
        }
    }
}
