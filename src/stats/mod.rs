//! Summaries, confidence intervals, percentiles.
