//! Schedules in cron's notation, as CronJobs have them.
//!
//! Mirrors `ParseStandard` and `Schedule.Next` of robfig/cron v3.0.1, which Kubernetes uses, with its error texts and its
//! behaviour around changes of summer time. Time zones come from a database that is part of the program (tzdata 2025c), so
//! that the same schedule gives the same times on every machine.
//!
//! - [`field`]: one of the five fields, such as `1-59/2`
//! - [`every`]: the duration of `@every 90m`
//! - [`zone`]: time zones, and Go's arithmetic of local times in them
//! - [`next`]: the search for the next time

mod every;
mod field;
mod next;
#[cfg(test)]
mod tests;
mod zone;

pub use next::{EndlessSearch, ZERO_TIME};
pub use zone::{TimeZone, TimeZoneError};

use field::Field;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronSchedule(Rule);

/// What makes a time one of the schedule's.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// `@every`: a fixed span after the time before.
    Every(SignedDuration),
    /// Fields of the local time.
    Fields(Box<Fields>),
}

/// The five fields and the time zone in which they are meant (`SpecSchedule`; its seconds are always 0).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fields {
    minute: Field,
    hour: Field,
    day_of_month: Field,
    month: Field,
    day_of_week: Field,
    zone: TimeZone,
}

/// Why a text is not a schedule. The texts are those of robfig/cron.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct CronScheduleError(String);

impl CronScheduleError {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl CronSchedule {
    /// Reads a schedule: five fields or a descriptor such as `@hourly`, which `TZ=ZONE ` or `CRON_TZ=ZONE ` may precede.
    ///
    /// # Errors
    /// [`CronScheduleError`] if the text has another form, or a field or the time zone is unknown.
    pub fn parse(text: &str) -> Result<Self, CronScheduleError> {
        if text.is_empty() {
            return Err(CronScheduleError::new("empty spec string"));
        }
        let (zone, text) = split_zone(text)?;
        if text.starts_with('@') {
            return descriptor(text, zone);
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day_of_month, month, day_of_week] = fields[..] else {
            let (found, fields) = (fields.len(), fields.join(" "));
            return Err(CronScheduleError(format!("expected exactly 5 fields, found {found}: [{fields}]")));
        };
        Ok(Self(Rule::Fields(Box::new(Fields {
            minute: field::MINUTE.parse(minute)?,
            hour: field::HOUR.parse(hour)?,
            day_of_month: field::DAY_OF_MONTH.parse(day_of_month)?,
            month: field::MONTH.parse(month)?,
            day_of_week: field::DAY_OF_WEEK.parse(day_of_week)?,
            zone,
        }))))
    }

    /// Reads the five fields of a schedule that has no zone of its own, meant in `zone`; no descriptors (robfig/cron's parser
    /// without `Descriptor`, which KEDA uses).
    ///
    /// # Errors
    /// [`CronScheduleError`] if the text has another form.
    pub fn parse_fields(text: &str, zone: &TimeZone) -> Result<Self, CronScheduleError> {
        let has_zone = text.starts_with("TZ=") || text.starts_with("CRON_TZ=");
        let (_, fields) = split_zone(text)?;
        if fields.starts_with('@') {
            return Err(CronScheduleError(format!("parser does not accept descriptors: {fields}")));
        }
        Ok(match Self::parse(text)? {
            Self(Rule::Fields(fields)) if !has_zone => {
                Self(Rule::Fields(Box::new(Fields { zone: zone.clone(), ..*fields })))
            }
            schedule => schedule,
        })
    }

    /// The first time of the schedule after `after`; [`ZERO_TIME`] if there is none within five years.
    ///
    /// # Errors
    /// [`EndlessSearch`] where the library's search would not end.
    pub fn next(&self, after: Timestamp) -> Result<Timestamp, EndlessSearch> {
        match &self.0 {
            Rule::Every(span) => Ok(next::after(after, *span)),
            Rule::Fields(fields) => fields.next(after),
        }
    }
}

/// Nanoseconds of a duration such as `1h30m`, as Go reads it (`time.ParseDuration`).
///
/// # Errors
/// Go's text.
pub fn parse_go_duration(text: &str) -> Result<i64, String> {
    let duration = every::parse(text)?;
    i64::try_from(duration.as_nanos()).map_err(|_| format!("time: invalid duration {text:?}"))
}

/// Takes the time zone off the front of a schedule. Without one it is that of the process: a simulated control plane runs
/// in UTC.
fn split_zone(text: &str) -> Result<(TimeZone, &str), CronScheduleError> {
    let Some(rest) = text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) else {
        return Ok((TimeZone::utc(), text));
    };
    // The library panics here, and the API server says that the schedule is invalid.
    let Some((name, rest)) = rest.split_once(' ') else {
        return Err(CronScheduleError::new("a time zone without fields"));
    };
    let zone =
        TimeZone::load(name).map_err(|error| CronScheduleError(format!("provided bad location {name}: {error}")))?;
    Ok((zone, rest.trim()))
}

/// A schedule that has a name.
fn descriptor(text: &str, zone: TimeZone) -> Result<CronSchedule, CronScheduleError> {
    let fields = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => {
            let Some(duration) = text.strip_prefix("@every ") else {
                return Err(CronScheduleError(format!("unrecognized descriptor: {text}")));
            };
            let span = every::parse(duration)
                .map_err(|error| CronScheduleError(format!("failed to parse duration {text}: {error}")))?;
            return Ok(CronSchedule(Rule::Every(next::whole_seconds(span))));
        }
    };
    let CronSchedule(rule) = CronSchedule::parse(fields)?;
    Ok(CronSchedule(match rule {
        Rule::Fields(fields) => Rule::Fields(Box::new(Fields { zone, ..*fields })),
        Rule::Every(span) => Rule::Every(span),
    }))
}
