//! Progress bars on standard error, if it is a terminal.

use crate::study::sweep::Progress;
use crate::units::{SimDuration, SimTime};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, stderr};

fn bar(length: u64, template: &str) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length);
    // The templates below are constant; a wrong one only looks plain.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Simulated time of one run.
pub struct RunProgress(ProgressBar);

impl RunProgress {
    /// A bar for a run of this length.
    pub fn new(duration: SimDuration) -> Self {
        Self(bar(whole_seconds(duration), "{wide_bar} {percent}% of {msg}, {eta} left"))
            .with_message(&format!("{} s", duration.whole_seconds()))
    }

    fn with_message(self, message: &str) -> Self {
        self.0.set_message(message.to_owned());
        self
    }

    /// How far the run is.
    pub fn at(&self, now: SimTime) {
        self.0.set_position(whole_seconds(now.since_start()));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

/// Runs of a sweep.
pub struct SweepProgress(ProgressBar);

impl SweepProgress {
    /// A bar for so many runs.
    pub fn new(runs: usize) -> Self {
        let bar = bar(runs as u64, "{wide_bar} {pos} of {len} runs, {eta} left");
        bar.tick();
        Self(bar)
    }

    /// How far the sweep is.
    pub fn at(&self, progress: Progress) {
        self.0.set_length(progress.runs as u64);
        self.0.set_position(progress.done as u64);
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn whole_seconds(span: SimDuration) -> u64 {
    u64::try_from(span.whole_seconds()).unwrap_or(0)
}
