//! Rules for sweeps. Whether the paths exist is found by trying each value (`load`).

use super::check::Checker;
use super::sweep::{MAX_STEPS, Sampling, SamplingMethod, Scale, StopRule, Sweep, SweepParameter, SweepRange};
use crate::input::document::field_path::FieldPathBuf;

/// More runs than this are taken for a slip.
const MAX_RUNS: u64 = 1_000_000;
/// Parameters for which there are Sobol points.
const SOBOL_PARAMETERS: usize = 21;

impl Checker<'_> {
    /// The parameters, how their values are combined, and how often each point runs.
    pub fn check_sweep(&mut self, path: &FieldPathBuf, sweep: &Sweep) {
        let parameters = path.key("parameters");
        self.require(!sweep.parameters.is_empty(), parameters.clone(), "is empty (expected at least one parameter)");
        self.require(sweep.replications > 0, path.key("replications"), "is zero: nothing would run");
        let names = sweep.parameters.iter().enumerate().map(|(index, parameter)| {
            let key = if parameter.name.is_some() { "name" } else { "path" };
            (parameters.index(index).key(key), parameter.title().to_owned())
        });
        self.require_unique("parameter", names.collect::<Vec<_>>());
        let mut points: u64 = 1;
        for (index, parameter) in sweep.parameters.iter().enumerate() {
            let path = parameters.index(index);
            self.check_parameter(&path, parameter, sweep.sampling.is_some());
            points = points.saturating_mul(parameter.steps().len() as u64);
        }
        if let Some(sampling) = &sweep.sampling {
            points = u64::from(sampling.points);
            self.check_sampling(&path.key("sampling"), sampling, &sweep.parameters);
        }
        if let Some(rule) = &sweep.until {
            self.check_stop_rule(&path.key("until"), rule, sweep.replications);
        }
        let replications = sweep.until.as_ref().map_or(sweep.replications, |rule| rule.max_replications);
        let runs = points.saturating_mul(u64::from(replications));
        self.require(runs <= MAX_RUNS, path.clone(), format!("has {runs} runs in all (expected at most {MAX_RUNS})"));
    }

    fn check_parameter(&mut self, path: &FieldPathBuf, parameter: &SweepParameter, is_sample: bool) {
        let is_given = [!parameter.values.is_empty(), parameter.range.is_some(), !parameter.points.is_empty()];
        match is_given.iter().filter(|given| **given).count() {
            0 => self.error(path.key("values"), "is empty (expected at least one value, a `range`, or `points`)"),
            1 => {}
            _ => self.error(path.clone(), "has several of `values`, `range` and `points` (expected one of them)"),
        }
        if parameter.points.is_empty() {
            let message = "is missing (expected the field that varies, such as `spec.nodePools.general.count`)";
            self.require(parameter.path.is_some(), path.key("path"), message);
        } else {
            let message = "has no meaning with `points`, whose `set` names the fields";
            self.require(parameter.path.is_none(), path.key("path"), message);
            let message = "is missing (expected what the points differ in, such as `machine`)";
            self.require(parameter.name.is_some(), path.key("name"), message);
            let names = parameter.points.iter().enumerate();
            let names = names.map(|(index, point)| (path.key("points").index(index).key("name"), point.name.clone()));
            self.require_unique("point", names.collect::<Vec<_>>());
        }
        let (given, values) = (parameter.names.len(), parameter.values.len());
        let message = format!("has {given} names for {values} values (expected one for each)");
        self.require(given == 0 || given == values, path.key("names"), message);
        if parameter.baseline.is_some() {
            let message = if parameter.points.is_empty() { "is not one of `values`" } else { "is no point's name" };
            self.require(parameter.baseline_step().is_some(), path.key("baseline"), message);
            self.require(
                !is_sample,
                path.key("baseline"),
                "has no meaning in a sample, whose points are not combinations",
            );
        }
        if let Some(range) = &parameter.range {
            self.check_range(&path.key("range"), range, is_sample);
        }
        let of_points = parameter.points.iter().flat_map(|point| point.set.keys());
        let mut paths = parameter.path.iter().chain(of_points);
        let is_inside = |path: &String| path == "spec.sweep" || path.starts_with("spec.sweep.");
        self.require(!paths.any(is_inside), path.key("path"), "a sweep cannot change itself");
    }

    fn check_range(&mut self, path: &FieldPathBuf, range: &SweepRange, is_sample: bool) {
        let is_finite = range.from.is_finite() && range.to.is_finite();
        self.require(is_finite && range.from < range.to, path.key("to"), "is not above `from`");
        match range.step {
            Some(step) => {
                let fits = step > 0.0 && step <= range.to - range.from;
                self.require(
                    fits,
                    path.key("step"),
                    format!("`{step}` is out of range (expected above 0, within the range)"),
                );
                let message = format!("gives more than {MAX_STEPS} values");
                self.require(!fits || range.intervals() < MAX_STEPS, path.key("step"), message);
            }
            None => self.require(is_sample, path.key("step"), "is missing (only a sample, `sampling`, does without)"),
        }
        let message = "is not above zero, which a logarithmic range needs";
        self.require(range.scale == Scale::Linear || range.from > 0.0, path.key("from"), message);
    }

    fn check_sampling(&mut self, path: &FieldPathBuf, sampling: &Sampling, parameters: &[SweepParameter]) {
        self.require(sampling.points > 0, path.key("points"), "is zero: nothing would run");
        let message = format!("has points for at most {SOBOL_PARAMETERS} parameters; `latinHypercube` has no limit");
        let fits = sampling.method != SamplingMethod::Sobol || parameters.len() <= SOBOL_PARAMETERS;
        self.require(fits, path.key("method"), message);
    }

    fn check_stop_rule(&mut self, path: &FieldPathBuf, rule: &StopRule, replications: u32) {
        match (rule.relative, rule.half_width) {
            (Some(bound), None) => self.require_positive(path.key("relative"), bound),
            (None, Some(bound)) => self.require_positive(path.key("halfWidth"), bound),
            _ => self.error(path.clone(), "has no bound (expected either `relative` or `halfWidth`)"),
        }
        let message = "fewer than two replications have no confidence interval";
        self.require(replications >= 2, path.clone(), message);
        let message = format!("is below the {replications} `replications` that each point has");
        self.require(rule.max_replications >= replications, path.key("maxReplications"), message);
    }
}
