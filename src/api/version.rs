//! Releases of Kubernetes.

use std::fmt;

/// A minor version of Kubernetes whose rules can be simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KubernetesVersion {
    /// 1.34; kube-scheduler as in 1.34.1.
    V1_34,
    /// 1.36; kube-scheduler as in 1.36.2.
    #[default]
    V1_36,
}

impl KubernetesVersion {
    /// All versions.
    pub const ALL: [Self; 2] = [Self::V1_34, Self::V1_36];

    /// Major and minor number, as `kubectl version` begins: `1.36`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_34 => "1.34",
            Self::V1_36 => "1.36",
        }
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
