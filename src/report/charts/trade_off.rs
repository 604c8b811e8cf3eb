//! The points of a sweep by what they cost and by how good they are, and which of them are worth a choice.

use super::figure::{Dash, Figure, Line, Panel, Shape, Stroke, XAxis, YAxis, palette};

/// The most points with a name beside them, of the front and of the others.
const NAMED: usize = 16;

/// A point of a sweep: its name, a metric and what it costs.
#[derive(Clone, Debug, PartialEq)]
pub struct TradeOffPoint {
    /// What it is called.
    pub name: String,
    /// Mean of the metric.
    pub metric: f64,
    /// Mean of the cost in dollars.
    pub cost: f64,
}

/// Which values of a metric are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Lower ones.
    Lower,
    /// Higher ones.
    Higher,
}

/// The points that no other point beats: none is better by one of the two and at least as good by the other. By cost, from
/// the lowest; of equal points the first.
fn front(points: &[TradeOffPoint], better: Better) -> Vec<&TradeOffPoint> {
    let rank = |point: &TradeOffPoint| if better == Better::Lower { point.metric } else { -point.metric };
    let mut ordered: Vec<&TradeOffPoint> = points.iter().collect();
    ordered.sort_by(|one, other| one.cost.total_cmp(&other.cost).then(rank(one).total_cmp(&rank(other))));
    let mut best = f64::INFINITY;
    ordered.retain(|point| {
        let is_better = rank(point) < best;
        best = best.min(rank(point));
        is_better
    });
    ordered
}

/// What each point of a sweep costs against a metric, and the Pareto front: the points that no other beats in both. `None` of
/// fewer than two points.
#[must_use]
pub fn trade_off(
    title: &str,
    (metric, better): (&str, Better),
    points: &[TradeOffPoint],
    bound: Option<(&str, f64)>,
) -> Option<Figure> {
    let finite = |point: &&TradeOffPoint| point.metric.is_finite() && point.cost.is_finite();
    let points: Vec<TradeOffPoint> = points.iter().filter(finite).cloned().collect();
    if points.len() < 2 {
        return None;
    }
    let front = front(&points, better);
    let place = |point: &TradeOffPoint| (point.metric, point.cost);
    let stroke = |color, width, dash| Stroke { color, width, dash };
    let named = |color, words: &str, dash, mut of_line: Vec<&TradeOffPoint>, shape| {
        of_line.sort_by(|one, other| one.metric.total_cmp(&other.metric));
        let places = of_line.iter().map(|point| place(point)).collect();
        let mut line = Line::new(words, stroke(color, 1.6, dash), shape, places);
        line.dots = true;
        if of_line.len() <= NAMED {
            line.texts = of_line.iter().map(|point| point.name.clone()).collect();
        }
        line
    };
    let beaten: Vec<&TradeOffPoint> = points.iter().filter(|point| !front.contains(point)).collect();
    let words = "Pareto front: no other point is both cheaper and better";
    let mut lines = Vec::new();
    if !beaten.is_empty() {
        lines.push(named(palette::GREY, "beaten by another point", Dash::Dotted, beaten, Shape::Points));
    }
    lines.push(named(palette::BLUE, words, Dash::Solid, front, Shape::Linear));
    let bound_value = bound.map(|(_, value)| value);
    let most = points.iter().map(|point| point.metric).chain(bound_value).fold(0.0, f64::max);
    let least = points.iter().map(|point| point.metric).chain(bound_value).fold(f64::INFINITY, f64::min);
    // An axis begins at zero unless that leaves the points in a corner of it.
    let from = if least > 0.6 * most { least - 0.1 * (most - least) } else { 0.0_f64.min(least) };
    let to = if most > from { most + 0.05 * (most - from) } else { from + 1.0 };
    if let Some((words, value)) = bound {
        let dearest = points.iter().map(|point| point.cost).fold(0.0, f64::max);
        let ends = vec![(value, 0.0), (value, dearest)];
        lines.push(Line::new(words, stroke(palette::VERMILION, 1.4, Dash::Dashed), Shape::Linear, ends));
    }
    let panel = Panel {
        heading: "cost_dollars".to_owned(),
        x: XAxis::Numeric { label: metric.to_owned(), from, to, values: Vec::new() },
        y: YAxis::Dollars,
        areas: Vec::new(),
        lines,
        marks: Vec::new(),
    };
    let note = if from > 0.0 { "The horizontal axis does not begin at zero".to_owned() } else { String::new() };
    let subtitle = format!("cost_dollars against {metric}: the mean of each point's runs");
    Some(Figure { title: title.to_owned(), subtitle, note, columns: 1, panels: vec![panel] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_has_what_no_other_point_beats() {
        let points: Vec<TradeOffPoint> =
            [("a", 9.0, 1.0), ("b", 5.0, 2.0), ("c", 6.0, 3.0), ("d", 5.0, 2.0), ("e", 1.0, 4.0)]
                .map(|(name, metric, cost)| TradeOffPoint { name: name.to_owned(), metric, cost })
                .to_vec();
        let names = |better| front(&points, better).iter().map(|point| point.name.as_str()).collect::<String>();
        assert_eq!(names(Better::Lower), "abe", "c costs more than b and is worse; d is b again");
        assert_eq!(names(Better::Higher), "a", "the cheapest is the best");
        assert!(trade_off("", ("x", Better::Lower), &points[..1], None).is_none());
    }
}
