//! Jobs whose pods nothing ends.

use super::given::Given;
use crate::api::{JobSpec, Object, PodTemplate};
use crate::input::Diagnostics;

/// Warns of Jobs that never finish because nobody says how long their pods run.
pub fn check(given: &Given<'_>, diagnostics: &mut Diagnostics) {
    for object in given.objects {
        let ends = match object {
            Object::Job(job) => job.is_finished || ends(&job.spec, &job.template),
            Object::CronJob(cron_job) => ends(&cron_job.job, &cron_job.template),
            _ => continue,
        };
        let (kind, meta) = (object.kind(), object.meta());
        let has_entry = given.scenario.spec.jobs.iter().any(|run| {
            let target = &run.target;
            target.kind == kind && *meta.namespace == target.namespace && *meta.name == target.name
        });
        if !ends && !has_entry {
            let message = "nothing says how long its pods run, so that they never end".to_owned();
            let hint = "give `spec.jobs` an entry for it, or its template the annotation `wavetank.dev/run-for`";
            diagnostics.push(given.warning_of(object, message).with_hint(Some(hint.to_owned())));
        }
    }
}

/// Whether something ends the pods of a Job, or the Job itself.
fn ends(spec: &JobSpec, template: &PodTemplate) -> bool {
    let has_deadline = spec.active_deadline.is_some() || template.spec.active_deadline.is_some();
    let runs_nothing = spec.completions == Some(0) || spec.managed_by.is_some();
    has_deadline || runs_nothing || ends_by_itself(template)
}

/// Whether annotations say when the pods of a template end.
fn ends_by_itself(template: &PodTemplate) -> bool {
    let hints = &template.hints;
    hints.run_for.is_some() || hints.fail_after.is_some() || !hints.ends.run_by_index.is_empty()
}
