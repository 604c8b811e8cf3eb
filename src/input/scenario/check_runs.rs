//! Rules for what is asked of the runs: objectives and sweeps.

use super::check::Checker;
use super::spec::{Objective, Sweep};
use super::traffic::Traffic;
use crate::input::document::field_path::FieldPathBuf;
use std::collections::BTreeSet;

/// More runs than this are taken for a slip.
const MAX_RUNS: u64 = 1_000_000;

impl Checker<'_> {
    /// Bounds on metrics.
    pub fn check_objectives(&mut self, path: &FieldPathBuf, objectives: &[Objective], traffic: &[Traffic]) {
        let entries: BTreeSet<String> = traffic.iter().map(Traffic::title).collect();
        for (index, objective) in objectives.iter().enumerate() {
            let path = path.index(index);
            self.require(!objective.metric.is_empty(), path.key("metric"), "is empty (expected the name of a metric)");
            if let Some(entry) = &objective.traffic {
                self.require_known(path.key("traffic"), "traffic", entry, &entries);
            }
            if let Some(share) = objective.of_intervals {
                let message = format!("`{share}` is out of range (expected above 0 and at most 1)");
                self.require(share > 0.0 && share <= 1.0, path.key("ofIntervals"), message);
                let message = "has no meaning without `traffic`";
                self.require(objective.traffic.is_some(), path.key("ofIntervals"), message);
            }
            match (objective.min, objective.max) {
                (None, None) => self.error(path, "has no bound (expected `max`, `min` or both)"),
                (Some(min), Some(max)) => {
                    self.require(
                        min <= max,
                        path.key("min"),
                        format!("`{min}` is above `max`: no value would be good"),
                    );
                }
                _ => {}
            }
        }
    }

    /// Sweeps; whether the paths exist is found by trying each value (`load`).
    pub fn check_sweep(&mut self, path: &FieldPathBuf, sweep: &Sweep) {
        self.require(
            !sweep.parameters.is_empty(),
            path.key("parameters"),
            "is empty (expected at least one parameter)",
        );
        self.require(sweep.replications > 0, path.key("replications"), "is zero: nothing would run");
        let names = sweep.parameters.iter().enumerate();
        let names =
            names.map(|(index, parameter)| (path.key("parameters").index(index).key("path"), parameter.path.clone()));
        self.require_unique("parameter", names.collect::<Vec<_>>());
        let mut runs = u64::from(sweep.replications);
        for (index, parameter) in sweep.parameters.iter().enumerate() {
            let path = path.key("parameters").index(index);
            runs = runs.saturating_mul(parameter.values.len() as u64);
            self.require(!parameter.values.is_empty(), path.key("values"), "is empty (expected at least one value)");
            let (given, values) = (parameter.names.len(), parameter.values.len());
            let message = format!("has {given} names for {values} values (expected one for each)");
            self.require(given == 0 || given == values, path.key("names"), message);
            let is_known = parameter.baseline.as_ref().is_none_or(|baseline| parameter.values.contains(baseline));
            self.require(is_known, path.key("baseline"), "is not one of `values`");
            let is_inside = parameter.path == "spec.sweep" || parameter.path.starts_with("spec.sweep.");
            self.require(!is_inside, path.key("path"), "a sweep cannot change itself");
        }
        self.require(runs <= MAX_RUNS, path.clone(), format!("has {runs} runs in all (expected at most {MAX_RUNS})"));
    }
}
