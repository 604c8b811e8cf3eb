//! How B stands to A.

/// How a metric or an objective of B stands to that of A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is worse.
    Worse,
    /// It is better.
    Better,
    /// It is another one, of a metric that is neither better nor worse with more.
    Changed,
    /// A price is not known on one side, so that the difference is not.
    Unknown,
    /// A alone has it.
    OnlyA,
    /// B alone has it.
    OnlyB,
    /// The interval of the difference reaches zero: it may be chance.
    NoEvidence,
    /// It is the same in every pair.
    Same,
}

impl Verdict {
    /// Its words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
            Self::OnlyA => "only A",
            Self::OnlyB => "only B",
            Self::NoEvidence => "no evidence",
            Self::Same => "same",
        }
    }

    /// Whether it says that something is different beyond chance.
    #[must_use]
    pub const fn is_difference(self) -> bool {
        !matches!(self, Self::NoEvidence | Self::Same)
    }
}
