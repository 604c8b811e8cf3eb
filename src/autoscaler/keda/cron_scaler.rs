//! Triggers of time: so many replicas between a start and an end (`pkg/scalers/cron_scaler.go`).

use super::parameters::{Parameters, normalized, with_index};
use crate::api::Name;
use crate::api::cron::{CronSchedule, TimeZone, TimeZoneError};
use jiff::Timestamp;

/// A cron trigger.
#[derive(Clone, Debug, PartialEq)]
pub struct CronScaler {
    /// The metric's name.
    pub metric_name: Name,
    /// Replicas while it is active.
    desired_replicas: i64,
    /// Start and end, or why the zone is not known: that fails each time that the trigger is asked.
    schedules: Result<(CronSchedule, CronSchedule), TimeZoneError>,
}

impl CronScaler {
    /// Reads a trigger, which is the `index`th of its object.
    ///
    /// # Errors
    /// KEDA's text of what is wrong; several problems are parted by line breaks.
    pub fn new(parameters: Parameters<'_>, index: usize) -> Result<Self, String> {
        let mut problems = Vec::new();
        let [start, end, zone] =
            ["start", "end", "timezone"].map(|name| parameters.required(name, &mut problems).unwrap_or_default());
        let desired = parameters.required_integer("desiredReplicas", &mut problems).unwrap_or_default();
        if let Err(problem) = check(start, end, desired) {
            problems.push(problem);
        }
        if !problems.is_empty() {
            return Err(format!("error parsing cron metadata: {}", problems.join("\n")));
        }
        let schedules = TimeZone::load(zone).and_then(|zone| {
            // Both have been read once before.
            let read = |text: &str| {
                CronSchedule::parse_fields(text, &zone).map_err(|error| TimeZoneError::Unknown(error.to_string()))
            };
            Ok((read(start)?, read(end)?))
        });
        let name = format!("cron-{zone}-{}-{}", in_a_name(start), in_a_name(end));
        Ok(Self { metric_name: with_index(index, &normalized(&name)), desired_replicas: desired, schedules })
    }

    /// Replicas at a time, and whether the trigger is active. It is active exactly when its next end comes no later than its
    /// next start.
    ///
    /// # Errors
    /// That the time zone is not known, or that the search for the next time never ends.
    pub fn value(&self, now: Timestamp) -> Result<(i64, bool), String> {
        let (start, end) = self.next_times(now)?;
        let is_active = start >= end;
        Ok((if is_active { self.desired_replicas } else { 0 }, is_active))
    }

    /// The next start and the next end after a time.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn next_times(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), String> {
        let (start, end) = self.schedules.as_ref().map_err(|error| format!("unable to load timezone: {error}"))?;
        let next = |schedule: &CronSchedule| schedule.next(now).map_err(|error| error.to_string());
        Ok((next(start)?, next(end)?))
    }
}

/// Checks what KEDA checks (`Validate`).
fn check(start: &str, end: &str, desired_replicas: i64) -> Result<(), String> {
    for (what, text) in [("start", start), ("end", end)] {
        CronSchedule::parse_fields(text, &TimeZone::utc())
            .map_err(|error| format!("error parsing {what} schedule: {error}"))?;
    }
    if start == end {
        return Err("start and end can not have exactly same time input".to_owned());
    }
    if desired_replicas == 0 {
        return Err("no desiredReplicas specified".to_owned());
    }
    Ok(())
}

/// A schedule within a name (`parseCronTimeFormat`).
fn in_a_name(schedule: &str) -> String {
    schedule.replace(' ', "").replace('*', "x").replace('/', "Sl").replace('?', "Qm")
}
