//! Recorded answers to which run is due: `sync.jsonl.gz`.

use super::{Answer, optional_timestamp, text_of, timestamp};
use crate::api::cron::CronSchedule;
use crate::controllers::cron_job::times::{
    MissedSchedules, ScheduleProblem, Timing, format_schedule, job_name, most_recent_schedule_time, next_schedule_time,
    next_schedule_time_duration, scheduled_timestamp,
};
use crate::controllers::cron_job::too_many_missed_times;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A line of the recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SyncCase {
    schedule: String,
    time_zone: Option<String>,
    creation_timestamp: String,
    last_schedule_time: Option<String>,
    starting_deadline_seconds: Option<i64>,
    now: String,
    /// The results.
    #[serde(flatten)]
    results: Map<String, Value>,
}

/// The recorded answer and ours.
pub(super) fn replay(case: SyncCase) -> Result<(Answer, Answer), String> {
    let spec = format_schedule(&case.schedule, case.time_zone.as_deref());
    let schedule = CronSchedule::parse(&spec).map_err(|error| format!("`{spec}`: {error}"))?;
    let now = timestamp(&case.now)?;
    let timing = Timing {
        schedule: &schedule,
        created: timestamp(&case.creation_timestamp)?,
        last_schedule_time: optional_timestamp(case.last_schedule_time.as_deref())?,
        starting_deadline_seconds: case.starting_deadline_seconds,
    };
    let mut actual = Answer::new();
    for (field, uses_deadline) in [("withDeadline", true), ("withoutDeadline", false)] {
        actual.insert(field.to_owned(), most_recent(&timing, now, uses_deadline)?);
    }
    match next_schedule_time(&timing, now) {
        Ok(None) => {}
        Ok(Some((scheduled, missed))) => {
            actual.insert("nextScheduleTime".to_owned(), text_of(scheduled));
            actual.insert("jobName".to_owned(), job_name("cj", scheduled).as_str().into());
            let annotation = scheduled_timestamp(scheduled, case.time_zone.as_deref());
            actual.insert("scheduledTimestampAnnotation".to_owned(), annotation.into());
            if let Some(event) = too_many_missed_times(missed) {
                actual.insert("event".to_owned(), event.to_string().into());
            }
        }
        Err(error) => {
            actual.insert("nextError".to_owned(), error.to_string().into());
        }
    }
    let requeue = next_schedule_time_duration(&timing, now).map_err(|error| error.to_string())?;
    actual.insert("requeueAfterNanos".to_owned(), requeue.as_nanos().into());
    Ok((case.results, actual))
}

/// `mostRecentScheduleTime` as the recording has it.
fn most_recent(timing: &Timing<'_>, now: Timestamp, uses_deadline: bool) -> Result<Value, String> {
    let found = most_recent_schedule_time(timing, now, uses_deadline).map_err(|error| error.to_string())?;
    let mut answer = Map::new();
    answer.insert("earliest".to_owned(), text_of(found.earliest));
    let missed = match found.missed {
        MissedSchedules::None => "none",
        MissedSchedules::Few => "few",
        MissedSchedules::Many => "many",
    };
    answer.insert("missed".to_owned(), missed.into());
    if let Some(time) = found.time {
        answer.insert("mostRecent".to_owned(), text_of(time));
    }
    if found.is_invalid {
        answer.insert("error".to_owned(), ScheduleProblem::TooClose.to_string().into());
    }
    Ok(Value::Object(answer))
}
