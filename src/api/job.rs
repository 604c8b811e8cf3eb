//! `Job` of `batch/v1`, after API-server defaulting.

use super::{
    ApiObject, CompletionIndexes, ConditionStatus, ImmutableField, Kind, LabelSelector, Name, ObjectMeta, PodTemplate,
};
use crate::units::SimDuration;
use std::sync::Arc;

/// `spec.completionMode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CompletionMode {
    /// Any pods that succeed count.
    #[default]
    NonIndexed,
    /// A pod for each index below `completions`.
    Indexed,
}

/// `spec.podReplacementPolicy`: which pods are replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PodReplacementPolicy {
    /// Those that terminate, too.
    #[default]
    TerminatingOrFailed,
    /// Those that have ended.
    Failed,
}

/// `action` of a rule of a pod failure policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PodFailurePolicyAction {
    /// The Job fails.
    FailJob,
    /// The index of the pod fails.
    FailIndex,
    /// The failure does not count.
    Ignore,
    /// The failure counts, as without a rule.
    Count,
}

impl PodFailurePolicyAction {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailJob => "FailJob",
            Self::FailIndex => "FailIndex",
            Self::Ignore => "Ignore",
            Self::Count => "Count",
        }
    }
}

/// What a rule of a pod failure policy looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PodFailureRequirement {
    /// `onExitCodes`.
    ExitCodes {
        /// `containerName`; `None` for any container.
        container: Option<Name>,
        /// Whether the operator is `In`; else it is `NotIn`.
        is_in: bool,
        /// `values`.
        values: Vec<i32>,
    },
    /// `onPodConditions`: type and status, of which one must be there.
    PodConditions(Vec<(Name, ConditionStatus)>),
}

/// A rule of `spec.podFailurePolicy`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodFailurePolicyRule {
    /// `action`.
    pub action: PodFailurePolicyAction,
    /// Which failed pods it is about.
    pub requirement: PodFailureRequirement,
}

/// A rule of `spec.successPolicy`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SuccessPolicyRule {
    /// `succeededIndexes`.
    pub succeeded_indexes: Option<CompletionIndexes>,
    /// `succeededCount`.
    pub succeeded_count: Option<i32>,
}

/// `spec` of a Job, without its template.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobSpec {
    /// `parallelism`.
    pub parallelism: i32,
    /// `completions`; `None` of a work queue: any pod's success is that of the Job.
    pub completions: Option<i32>,
    /// `completionMode`.
    pub completion_mode: CompletionMode,
    /// `backoffLimit`.
    pub backoff_limit: i32,
    /// `backoffLimitPerIndex`.
    pub backoff_limit_per_index: Option<i32>,
    /// `maxFailedIndexes`.
    pub max_failed_indexes: Option<i32>,
    /// The rules of `podFailurePolicy`; `None` without a policy.
    pub pod_failure_policy: Option<Vec<PodFailurePolicyRule>>,
    /// The rules of `successPolicy`.
    pub success_policy: Vec<SuccessPolicyRule>,
    /// `activeDeadlineSeconds`.
    pub active_deadline: Option<SimDuration>,
    /// `ttlSecondsAfterFinished`.
    pub ttl_after_finished: Option<SimDuration>,
    /// `suspend`.
    pub suspend: bool,
    /// `podReplacementPolicy`.
    pub pod_replacement_policy: PodReplacementPolicy,
    /// `selector` of a Job with `manualSelector`; otherwise the API server makes one.
    pub manual_selector: Option<LabelSelector>,
    /// `managedBy`, if that is not the controller of Kubernetes.
    pub managed_by: Option<Name>,
}

/// `backoffLimit` of Jobs that name none (`SetDefaults_Job`).
pub const DEFAULT_BACKOFF_LIMIT: i32 = 6;

impl Default for JobSpec {
    fn default() -> Self {
        Self {
            parallelism: 1,
            completions: Some(1),
            completion_mode: CompletionMode::default(),
            backoff_limit: DEFAULT_BACKOFF_LIMIT,
            backoff_limit_per_index: None,
            max_failed_indexes: None,
            pod_failure_policy: None,
            success_policy: Vec::new(),
            active_deadline: None,
            ttl_after_finished: None,
            suspend: false,
            pod_replacement_policy: PodReplacementPolicy::default(),
            manual_selector: None,
            managed_by: None,
        }
    }
}

impl JobSpec {
    /// The number of completions of an Indexed Job; `None` of others.
    #[must_use]
    pub fn indexed_completions(&self) -> Option<i32> {
        self.completions.filter(|_| self.completion_mode == CompletionMode::Indexed)
    }

    /// Whether pods are replaced only when they have ended (`onlyReplaceFailedPods`).
    #[must_use]
    pub fn replaces_only_failed(&self) -> bool {
        self.pod_replacement_policy == PodReplacementPolicy::Failed || self.pod_failure_policy.is_some()
    }
}

/// A `Job`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job<T = Arc<PodTemplate>> {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec` without the template.
    pub spec: JobSpec,
    /// `spec.template`.
    pub template: T,
    /// Whether its status, in a dump, says that it has finished.
    pub is_finished: bool,
}

impl<T> Job<T> {
    /// The same with its template held in another way, for example by the id of what admission made of it.
    #[must_use]
    pub fn with_template<U>(self, template: U) -> Job<U> {
        let Self { meta, spec, template: _, is_finished } = self;
        Job { meta, spec, template, is_finished }
    }
}

impl ApiObject for Job {
    fn kind(&self) -> Kind {
        Kind::Job
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    /// `ValidateJobSpecUpdate`, Kubernetes 1.36. An Indexed Job may change `completions` together with `parallelism`; a
    /// suspended one may change some fields of its template, which is not looked at.
    fn immutable_fields(&self) -> Vec<ImmutableField> {
        let spec = &self.spec;
        let completions = if spec.indexed_completions().is_some() { None } else { spec.completions };
        vec![
            ImmutableField::new("spec.completions", &completions),
            ImmutableField::new("spec.selector", &spec.manual_selector),
            ImmutableField::new("spec.template", &self.template),
            ImmutableField::new("spec.completionMode", &spec.completion_mode),
            ImmutableField::new("spec.podFailurePolicy", &spec.pod_failure_policy),
            ImmutableField::new("spec.backoffLimitPerIndex", &spec.backoff_limit_per_index),
            ImmutableField::new("spec.managedBy", &spec.managed_by),
            ImmutableField::new("spec.successPolicy", &spec.success_policy),
        ]
    }
}
