//! The points of a sweep as lines along its parameter of numbers.

use super::search::Line;
use crate::study::sweep::Plan;
use std::collections::BTreeMap;

/// Fewest points of a line whose order is worth a bisection.
const FEWEST: usize = 3;

/// A line for each choice of the other parameters, along the parameter of numbers that takes most values; without such a
/// parameter, and of a sample, one list without an order.
pub(super) fn lines(plan: &Plan) -> Vec<Line> {
    let along = plan
        .parameters()
        .iter()
        .enumerate()
        .filter(|(_, parameter)| !plan.is_sample() && parameter.steps.len() >= FEWEST)
        .filter_map(|(place, parameter)| Some((place, parameter.numbers()?)))
        .max_by_key(|(place, numbers)| (numbers.len(), std::cmp::Reverse(*place)));
    let Some((along, numbers)) = along else {
        return vec![Line { points: plan.points().iter().map(|point| point.index).collect(), is_monotone: false }];
    };
    let mut lines: BTreeMap<Vec<usize>, Vec<(f64, usize)>> = BTreeMap::new();
    for point in plan.points() {
        let mut others = point.steps.clone();
        let step = if along < others.len() { others.remove(along) } else { 0 };
        let number = numbers.get(step).copied().unwrap_or_default();
        lines.entry(others).or_default().push((number, point.index));
    }
    let line = |mut points: Vec<(f64, usize)>| {
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        Line { points: points.into_iter().map(|(_, point)| point).collect(), is_monotone: true }
    };
    lines.into_values().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::sweep::Parameter;
    use serde_json::json;

    #[test]
    fn lines_go_along_the_longest_parameter_of_numbers() {
        let list = |path: &str, values: &[serde_json::Value]| Parameter::of_field(path, values.to_vec());
        let machine = list("machine", &[json!("m5"), json!("c5")]);
        let count = list("count", &[json!(8), json!(2), json!(4)]);
        let plan = Plan::new(&[machine.clone(), count], 1).unwrap();
        let found: Vec<(Vec<usize>, bool)> =
            lines(&plan).into_iter().map(|line| (line.points, line.is_monotone)).collect();
        assert_eq!(found, [(vec![1, 2, 0], true), (vec![4, 5, 3], true)]);
        let plan = Plan::new(&[machine, list("count", &[json!(1), json!(2)])], 1).unwrap();
        assert_eq!(lines(&plan), [Line { points: vec![0, 1, 2, 3], is_monotone: false }]);
    }
}
