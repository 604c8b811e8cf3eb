//! What can be said of CronJobs before a run: how the calendar bears on them.

use super::settings;
use crate::api::cron::{CronSchedule, EndlessSearch};
use crate::api::{CronJob, Object};
use crate::controllers::cron_job::times::format_schedule;
use crate::input::scenario::Scenario;
use crate::input::{Diagnostic, Diagnostics};
use jiff::{SignedDuration, Timestamp};

/// So many runs of a CronJob are looked at.
const RUNS: usize = 10_000;

/// Warns of a calendar that nobody chose, and of a schedule that stops its controller.
pub(super) fn check(scenario: &Scenario, all: &[&Object], diagnostics: &mut Diagnostics) {
    let file = scenario.file.display().to_string();
    let cron_jobs: Vec<&CronJob> = all
        .iter()
        .filter_map(|object| if let Object::CronJob(cron_job) = object { Some(cron_job) } else { None })
        .collect();
    let name = |cron_job: &CronJob| format!("CronJob {}/{}", cron_job.meta.namespace, cron_job.meta.name);
    if let Some(first) = cron_jobs.first().filter(|_| scenario.spec.start.is_none()) {
        let message = format!(
            "schedules count from Thursday, 1970-01-01T00:00:00Z, since spec.start is not given ({} CronJobs)",
            cron_jobs.len()
        );
        let hint = "give spec.start, for example 2026-11-30T00:00:00Z: time zones had other rules in 1970";
        diagnostics
            .push(Diagnostic::warning(file.clone(), message).of_object(name(first)).with_hint(Some(hint.to_owned())));
    }
    let start = settings::calendar_start(&scenario.spec);
    let span = SignedDuration::from_nanos(scenario.spec.duration.get().as_nanos());
    let end = start.checked_add(span).unwrap_or(Timestamp::MAX);
    for cron_job in cron_jobs {
        if let Err(error) = search(cron_job, start, end) {
            let message = format!("is not started any more once {error}");
            diagnostics.push(Diagnostic::warning(file.clone(), message).of_object(name(cron_job)));
        }
    }
}

/// Searches the runs from one time to another. Only days that a time zone skips can make a search endless.
fn search(cron_job: &CronJob, start: Timestamp, end: Timestamp) -> Result<(), EndlessSearch> {
    let Some(zone) = &cron_job.spec.time_zone else { return Ok(()) };
    let Ok(schedule) = CronSchedule::parse(&format_schedule(&cron_job.spec.schedule, Some(zone))) else {
        return Ok(());
    };
    let mut time = start;
    for _ in 0..RUNS {
        let next = schedule.next(time)?;
        // None within five years is told as a time before.
        if next <= time || next > end {
            break;
        }
        time = next;
    }
    Ok(())
}
