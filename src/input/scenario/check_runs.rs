//! Rules for objectives.

use super::check::Checker;
use super::spec::Objective;
use super::traffic::Traffic;
use crate::input::document::field_path::FieldPathBuf;
use std::collections::BTreeSet;

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
}
