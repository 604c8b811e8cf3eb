//! What the pods of Jobs have besides those of others.

/// What a pod of a Job has besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobPod {
    /// Annotation `batch.kubernetes.io/job-completion-index`.
    pub index: Option<i32>,
    /// Annotation `batch.kubernetes.io/job-index-failure-count`: failures of its index before it that counted.
    pub index_failures: i32,
    /// Annotation `batch.kubernetes.io/job-index-ignored-failure-count`.
    pub index_ignored_failures: i32,
    /// Whether the Job has still to count it: it has the finalizer `batch.kubernetes.io/job-tracking`.
    pub is_tracked: bool,
    /// Whether only that finalizer keeps the object.
    pub is_released: bool,
    /// Exit code of its containers.
    pub exit_code: Option<u8>,
}
