//! Checks of how long the pods of Jobs run.

use super::check::Checker;
use super::job_run::JobRun;
use crate::api::Kind;
use crate::input::document::field_path::FieldPathBuf;

impl Checker<'_> {
    /// How the pods of Jobs end.
    pub fn check_jobs(&mut self, path: &FieldPathBuf, jobs: &mut [JobRun]) {
        let targets =
            jobs.iter().enumerate().map(|(index, job)| (path.index(index).key("target"), job.target.to_string()));
        let targets: Vec<_> = targets.collect();
        self.require_unique("job", targets);
        for (index, job) in jobs.iter_mut().enumerate() {
            let path = path.index(index);
            let kind = job.target.kind;
            let message =
                format!("a {} has no pods that end (expected a Job or CronJob such as job/shop/import)", kind.as_str());
            self.require(matches!(kind, Kind::Job | Kind::CronJob), path.key("target"), message);
            self.check_distribution(&path.key("runTime"), &mut job.run_time);
            let share = job.failure_probability;
            let message = format!("`{share}` is not a probability (expected 0 to 1)");
            self.require((0.0..=1.0).contains(&share), path.key("failureProbability"), message);
            self.require(job.exit_code > 0, path.key("exitCode"), "is zero, which is success (expected 1 to 255)");
        }
    }
}
