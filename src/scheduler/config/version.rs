//! Every rule of kube-scheduler that differs between the releases that are mirrored.
//!
//! No other file of this room asks for the release itself: they ask the questions that are answered here.

use crate::api::KubernetesVersion;

impl KubernetesVersion {
    /// NodeDeclaredFeatures is a default plugin.
    pub(crate) const fn has_node_declared_features(self) -> bool {
        self.is_at_least(Self::V1_36)
    }

    /// DynamicResources scores nodes (weight 2).
    pub(crate) const fn dynamic_resources_scores(self) -> bool {
        self.is_at_least(Self::V1_36)
    }

    /// NodeResourcesBalancedAllocation scores the improvement that the pod makes rather than the balance with it.
    pub(crate) const fn balanced_allocation_scores_improvement(self) -> bool {
        self.is_at_least(Self::V1_36)
    }

    /// The API server copies zone and region of the node to a pod's labels when it is bound (PodTopologyLabelsAdmission).
    pub(crate) const fn copies_topology_labels(self) -> bool {
        self.is_at_least(Self::V1_35)
    }

    /// TaintToleration's failure names the taint.
    pub(crate) const fn taint_reason_names_taint(self) -> bool {
        !self.is_at_least(Self::V1_36)
    }

    /// ImageLocality counts image volumes.
    pub(crate) const fn image_locality_counts_image_volumes(self) -> bool {
        self.is_at_least(Self::V1_36)
    }

    /// ImageLocality's largest sum grows with image volumes as it does with containers (kubernetes/kubernetes#138951).
    pub(crate) const fn image_locality_expects_image_volumes(self) -> bool {
        self.is_at_least(Self::V1_37)
    }

    /// One term of required anti-affinity that held a pending pod off is enough to re-queue it; before, all of them had
    /// to (kubernetes/kubernetes#139161).
    pub(crate) const fn inter_pod_affinity_hints_see_each_anti_affinity_term(self) -> bool {
        self.is_at_least(Self::V1_37)
    }

    /// A pod that waits in PreBind has its node as `status.nominatedNodeName` (gate NominatedNodeNameForExpectation).
    pub(crate) const fn nominates_while_binding(self) -> bool {
        self.is_at_least(Self::V1_35)
    }

    /// The binding of a pod that was nominated counts as its deletion from the nominated node for pods of its priority or
    /// below.
    pub(crate) const fn binding_ends_nomination_as_deletion(self) -> bool {
        !self.is_at_least(Self::V1_36)
    }

    /// The status of a pod on a node decides over its pod-level requests (gate
    /// InPlacePodLevelResourcesVerticalScaling).
    pub(crate) const fn resizes_pod_level_resources(self) -> bool {
        self.is_at_least(Self::V1_36)
    }

    /// The deletion of a pod whose required anti-affinity kept a pending pod away re-queues the pending pod, and a
    /// change of a pending pod's labels re-queues it for InterPodAffinity.
    pub(crate) const fn inter_pod_affinity_hints_see_existing_anti_affinity(self) -> bool {
        self.is_at_least(Self::V1_36)
    }

    /// PodTopologySpread's hints look at pending pods with a nominated node too.
    pub(crate) const fn spread_hints_see_nominated_pods(self) -> bool {
        self.is_at_least(Self::V1_36)
    }
}
