//! Releases of Kubernetes.

use std::fmt;

/// A minor version of Kubernetes whose rules can be simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KubernetesVersion {
    /// 1.34; kube-scheduler as in 1.34.1.
    V1_34,
    /// 1.35, by its release notes, before 1.35.4 took the gate MaxUnavailableStatefulSet back.
    V1_35,
    /// 1.36; the components as in 1.36.2.
    #[default]
    V1_36,
    /// 1.37, by its release notes.
    V1_37,
}

impl KubernetesVersion {
    /// All versions.
    pub const ALL: [Self; 4] = [Self::V1_34, Self::V1_35, Self::V1_36, Self::V1_37];

    /// Major and minor number, as `kubectl version` begins: `1.36`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_34 => "1.34",
            Self::V1_35 => "1.35",
            Self::V1_36 => "1.36",
            Self::V1_37 => "1.37",
        }
    }
}

impl KubernetesVersion {
    /// Whether this release is `first` or a later one.
    #[must_use]
    pub const fn is_at_least(self, first: Self) -> bool {
        self as u8 >= first as u8
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
