//! Recorded times of schedules: `next.jsonl.gz` and `dst.jsonl.gz`.

use super::{Answer, timestamp};
use crate::api::cron::{CronSchedule, TimeZone, ZERO_TIME};
use crate::controllers::cron_job::times::format_schedule;
use serde::Deserialize;
use serde_json::Value;

/// A line of a recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScheduleCase {
    schedule: String,
    time_zone: Option<String>,
    effective_spec: String,
    from: String,
    next: Option<Vec<String>>,
    next_local: Option<Vec<String>>,
    #[serde(default)]
    never_returns: bool,
    error: Option<String>,
    /// The change of the zone's offset; only `dst.jsonl.gz` has it.
    transition: Option<String>,
}

/// Times of a case of `next.jsonl.gz`, and of `dst.jsonl.gz`.
const TIMES: usize = 6;
const TIMES_AROUND_TRANSITION: usize = 8;

/// The recorded answer and ours.
pub(super) fn replay(case: ScheduleCase) -> Result<(Answer, Answer), String> {
    let mut expected = Answer::new();
    expected.insert("effectiveSpec".to_owned(), case.effective_spec.into());
    expected.insert("next".to_owned(), case.next.unwrap_or_default().into());
    expected.insert("error".to_owned(), case.error.into());
    expected.insert("neverReturns".to_owned(), case.never_returns.into());
    let is_around_transition = case.transition.is_some();
    if is_around_transition {
        expected.insert("nextLocal".to_owned(), case.next_local.unwrap_or_default().into());
    }

    let spec = format_schedule(&case.schedule, case.time_zone.as_deref());
    let mut time = timestamp(&case.from)?;
    let (mut next, mut local, mut error, mut never_returns) = (Vec::new(), Vec::new(), Value::Null, false);
    let zone = TimeZone::load(case.time_zone.as_deref().unwrap_or_default()).unwrap_or_else(|_| TimeZone::utc());
    match CronSchedule::parse(&spec) {
        Err(problem) => error = problem.to_string().into(),
        Ok(schedule) => {
            for _ in 0..if is_around_transition { TIMES_AROUND_TRANSITION } else { TIMES } {
                let Ok(found) = schedule.next(time) else {
                    never_returns = true;
                    break;
                };
                time = found;
                next.push(time.to_string());
                // The recording writes the offset of UTC as a number.
                local.push(zone.rfc3339(time).replace('Z', "+00:00"));
                if time == ZERO_TIME {
                    break;
                }
            }
        }
    }
    let mut actual = Answer::new();
    actual.insert("effectiveSpec".to_owned(), spec.into());
    actual.insert("next".to_owned(), next.into());
    actual.insert("error".to_owned(), error);
    actual.insert("neverReturns".to_owned(), never_returns.into());
    if is_around_transition {
        actual.insert("nextLocal".to_owned(), local.into());
    }
    Ok((expected, actual))
}
