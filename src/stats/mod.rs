//! Summaries of numbers: percentiles, means, confidence intervals, quantities over time.
//!
//! Every function is pure. A percentile is always the *nearest rank*: the smallest value such that at least the asked
//! share of the weight lies at or below it, so it is a value that occurred. Nothing here yields not-a-number: what has
//! no value is `None`.

mod confidence;
mod over_time;
mod sample;
mod share;

pub use confidence::{Interval, confidence_interval, mean, paired_difference, unpaired_difference};
pub use over_time::{mean_of_intervals, mean_of_steps, peak_ratio, ratio_of_totals, shortfall, total_until};
pub use sample::{Sample, percentile_of_sorted};
pub use share::share_bounds;
