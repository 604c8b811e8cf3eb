//! A metric over two parameters of a sweep: a cell for each pair of values.

use super::figure::{Area, Color, Dash, Figure, Line, Panel, Shape, Stroke, XAxis, YAxis, palette};
use super::sampling::float;

/// One parameter: its name and what its values are called.
#[derive(Clone, Copy, Debug)]
pub struct MapAxis<'a> {
    /// The parameter.
    pub name: &'a str,
    /// Its values in order.
    pub values: &'a [String],
}

/// The heat map of `metric`: the mean at each pair of values, by their indices. The darker, the greater.
#[must_use]
pub fn sweep_map(
    title: &str,
    metric: &str,
    (x, y): (MapAxis<'_>, MapAxis<'_>),
    means: &[(usize, usize, f64)],
) -> Figure {
    let finite = || means.iter().filter(|(_, _, mean)| mean.is_finite());
    let (least, greatest) = finite()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, _, mean)| (low.min(*mean), high.max(*mean)));
    let share = |mean: f64| if greatest > least { (mean - least) / (greatest - least) } else { 0.0 };
    let mut areas = Vec::new();
    let (mut dark, mut light) = (Vec::new(), Vec::new());
    for (column, row, mean) in finite() {
        let (left, bottom) = (float(*column) - 0.49, float(*row) - 0.48);
        let opacity = 0.06 + 0.84 * share(*mean);
        let points = vec![(left, bottom, bottom + 0.96), (left + 0.98, bottom, bottom + 0.96)];
        areas.push(Area { label: String::new(), color: palette::BLUE, opacity, shape: Shape::Linear, points });
        let texts = if opacity > 0.5 { &mut light } else { &mut dark };
        texts.push(((float(*column), float(*row)), number(*mean)));
    }
    let line = |color: Color, texts: Vec<((f64, f64), String)>| {
        let stroke = Stroke { color, width: 1.0, dash: Dash::Solid };
        let (places, words) = texts.into_iter().unzip();
        Line { texts: words, ..Line::new("", stroke, Shape::Points, places) }
    };
    let panel = Panel {
        heading: y.name.to_owned(),
        x: XAxis::Categories { label: x.name.to_owned(), names: x.values.to_vec() },
        y: YAxis::Categories(y.values.to_vec()),
        areas,
        lines: vec![line((255, 255, 255), light), line(palette::BLACK, dark)],
        marks: Vec::new(),
    };
    Figure {
        title: title.to_owned(),
        subtitle: format!("{metric}: mean of each point's runs, the darker the greater"),
        note: String::new(),
        columns: 1,
        panels: vec![panel],
    }
}

/// A number to four significant digits.
fn number(value: f64) -> String {
    let rounded: f64 = format!("{value:.3e}").parse().unwrap_or(value);
    format!("{rounded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_has_a_cell_with_its_mean() {
        let names = ["4".to_owned(), "8".to_owned()];
        let axis = |name| MapAxis { name, values: &names };
        let means = [(0, 0, 1.0), (1, 0, 123.456), (0, 1, f64::NAN)];
        let figure = sweep_map("Which?", "cost_dollars", (axis("nodes"), axis("cpu")), &means);
        let panel = &figure.panels[0];
        assert_eq!(panel.areas.len(), 2, "what no run measured is left blank");
        assert_eq!((panel.lines[0].texts[0].as_str(), panel.lines[1].texts[0].as_str()), ("123.5", "1"));
        assert!(panel.areas[1].opacity > panel.areas[0].opacity);
    }
}
