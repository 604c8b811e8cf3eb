//! Which run of a schedule is due, and when to look again (`pkg/controller/cronjob/utils.go`, Kubernetes 1.36).

use crate::api::Name;
use crate::api::cron::{CronSchedule, EndlessSearch, TimeZone, ZERO_TIME};
use crate::units::SimDuration;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

/// How long after the time of a run the controller looks at it (`nextScheduleDelta`).
const NEXT_SCHEDULE_DELTA: SignedDuration = SignedDuration::from_millis(100);
/// With more missed runs than this the controller warns.
const MANY_MISSED: i64 = 100;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// How many runs were missed, counted roughly by the time between the first two of them (`missedSchedulesType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissedSchedules {
    /// None, or just the one that is due.
    None,
    /// Up to a hundred.
    Few,
    /// More than a hundred.
    Many,
}

/// What of a CronJob the times depend on.
#[derive(Clone, Copy, Debug)]
pub struct Timing<'a> {
    /// The schedule in its time zone.
    pub schedule: &'a CronSchedule,
    /// `metadata.creationTimestamp`.
    pub created: Timestamp,
    /// `status.lastScheduleTime`.
    pub last_schedule_time: Option<Timestamp>,
    /// `spec.startingDeadlineSeconds`.
    pub starting_deadline_seconds: Option<i64>,
}

/// The answer of [`most_recent_schedule_time`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MostRecent {
    /// From when on runs were looked for.
    pub earliest: Timestamp,
    /// The latest run that is not later than now.
    pub time: Option<Timestamp>,
    /// How many runs there are in between.
    pub missed: MissedSchedules,
    /// Whether the schedule has no two times, as one for 31 February.
    pub is_invalid: bool,
}

/// Why no time can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ScheduleProblem {
    /// The schedule is one that no two times satisfy.
    #[error("time difference between two schedules is less than 1 second")]
    TooClose,
    /// The search does not end.
    #[error(transparent)]
    Endless(#[from] EndlessSearch),
}

/// The latest run up to `now` (`mostRecentScheduleTime`). With `uses_deadline` runs are forgotten that are older than
/// `startingDeadlineSeconds`.
pub fn most_recent_schedule_time(
    timing: &Timing<'_>,
    now: Timestamp,
    uses_deadline: bool,
) -> Result<MostRecent, EndlessSearch> {
    let mut earliest = timing.last_schedule_time.unwrap_or(timing.created);
    if let Some(seconds) = timing.starting_deadline_seconds.filter(|_| uses_deadline) {
        earliest = earliest.max(add(now, -i128::from(seconds) * i128::from(NANOS_PER_SECOND)));
    }
    let found = |time, missed| MostRecent { earliest, time, missed, is_invalid: false };
    let first = timing.schedule.next(earliest)?;
    let second = timing.schedule.next(first)?;
    if now < first {
        return Ok(found(None, MissedSchedules::None));
    }
    if now < second {
        return Ok(found(Some(first), MissedSchedules::None));
    }
    let between = nanos_between(first, second) / NANOS_PER_SECOND;
    if between < 1 {
        return Ok(MostRecent { is_invalid: true, ..found(None, MissedSchedules::None) });
    }
    let number = nanos_between(first, now) / NANOS_PER_SECOND / between + 1;
    // Times at equal distances are right at once; where the distances differ the steps from here find the last one.
    let ahead = i128::from(number - 2) * i128::from(between) * i128::from(NANOS_PER_SECOND);
    let mut most_recent = None;
    let mut time = timing.schedule.next(add(first, ahead))?;
    while time <= now {
        if time == ZERO_TIME {
            return Err(EndlessSearch);
        }
        most_recent = Some(time);
        time = timing.schedule.next(time)?;
    }
    let missed = if number > MANY_MISSED { MissedSchedules::Many } else { MissedSchedules::Few };
    Ok(found(most_recent, missed))
}

/// The run that is due, with how many were missed (`nextScheduleTime`).
///
/// # Errors
/// [`ScheduleProblem`] if the schedule has no two times, or the search for them does not end.
pub fn next_schedule_time(
    timing: &Timing<'_>,
    now: Timestamp,
) -> Result<Option<(Timestamp, MissedSchedules)>, ScheduleProblem> {
    let found = most_recent_schedule_time(timing, now, true)?;
    if found.is_invalid {
        return Err(ScheduleProblem::TooClose);
    }
    Ok(found.time.map(|time| (time, found.missed)))
}

/// From `now` until the controller has to look at the next run (`nextScheduleTimeDuration`). As far back as a duration
/// reaches if there is none.
pub fn next_schedule_time_duration(timing: &Timing<'_>, now: Timestamp) -> Result<SimDuration, EndlessSearch> {
    let found = most_recent_schedule_time(timing, now, false)?;
    let from = match found.time {
        _ if found.is_invalid => now,
        Some(time) => time,
        None if found.missed == MissedSchedules::None => found.earliest,
        None => now,
    };
    let next = add(timing.schedule.next(from)?, NEXT_SCHEDULE_DELTA.as_nanos());
    Ok(SimDuration::from_nanos(nanos_between(now, next)))
}

/// The schedule as the parser gets it (`formatSchedule`): with the time zone in front, unless it has one already or the
/// time zone is unknown.
pub fn format_schedule(schedule: &str, time_zone: Option<&str>) -> String {
    match time_zone {
        Some(zone) if !names_time_zone(schedule) && TimeZone::load(zone).is_ok() => format!("TZ={zone} {schedule}"),
        _ => schedule.to_owned(),
    }
}

/// Whether a schedule seems to have a time zone of its own.
pub fn names_time_zone(schedule: &str) -> bool {
    schedule.contains("TZ")
}

/// The name of the Job of a run (`getJobName`): with the minutes since 1970.
pub fn job_name(cron_job: &str, scheduled: Timestamp) -> Name {
    Name::from(format!("{cron_job}-{}", scheduled.as_second() / 60))
}

/// The annotation `batch.kubernetes.io/cronjob-scheduled-timestamp` of a run's Job: its time in the CronJob's time zone.
pub fn scheduled_timestamp(scheduled: Timestamp, time_zone: Option<&str>) -> String {
    TimeZone::load(time_zone.unwrap_or_default()).unwrap_or_else(|_| TimeZone::utc()).rfc3339(scheduled)
}

/// A time so many nanoseconds later, within the range of times.
fn add(time: Timestamp, nanos: i128) -> Timestamp {
    let limit = if nanos < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_nanosecond(time.as_nanosecond().saturating_add(nanos)).unwrap_or(limit)
}

/// Nanoseconds from one time to another; at most 292 years, as with Go's `Time.Sub`.
fn nanos_between(from: Timestamp, to: Timestamp) -> i64 {
    let nanos = to.as_nanosecond() - from.as_nanosecond();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}
