//! A metric of a summary: name, unit and meaning.

/// What a metric's value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A time-weighted number of things.
    Mean,
    /// Seconds of simulated time.
    Seconds,
    /// Hours of simulated time, summed over nodes.
    NodeHours,
    /// CPU cores.
    Cores,
    /// A share between 0 and 1.
    Ratio,
    /// US dollars, or whatever currency the prices are in.
    Dollars,
    /// Dollars for each simulated hour.
    DollarsPerHour,
    /// Missing replicas times seconds.
    ReplicaSeconds,
    /// A number of things for each simulated day.
    PerDay,
    /// How many times as fast as its error budget lasts for its whole period.
    BurnRate,
}

impl Unit {
    /// The unit in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Mean => "count (time-weighted mean)",
            Self::Seconds => "seconds",
            Self::NodeHours => "node hours",
            Self::Cores => "cores",
            Self::Ratio => "ratio",
            Self::Dollars => "dollars",
            Self::DollarsPerHour => "dollars per hour",
            Self::ReplicaSeconds => "replica seconds",
            Self::PerDay => "per day",
            Self::BurnRate => "burn rate",
        }
    }
}

/// One metric of a summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Name, with the unit in it. `<resource>` stands for the name of an extended resource in lower case with `_` for every other character than letters and digits.
    pub name: &'static str,
    /// Unit.
    pub unit: Unit,
    /// What it says.
    pub meaning: &'static str,
}

pub(super) const fn metric(name: &'static str, unit: Unit, meaning: &'static str) -> Metric {
    Metric { name, unit, meaning }
}
