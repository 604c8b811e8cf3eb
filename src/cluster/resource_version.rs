//! `metadata.resourceVersion`: one counter of the cluster, from which each change of an object takes the next number.

/// The counter.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ResourceVersions(u64);

impl ResourceVersions {
    /// The version of an object that is being changed.
    pub(super) const fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    /// Whether an object can have this version: it was given, and the counter has not gone back.
    pub(super) const fn has_given(self, version: u64) -> bool {
        version > 0 && version <= self.0
    }
}

#[cfg(test)]
mod tests;
