//! Step lines of replicas over time, recorded and simulated, as an SVG.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 46.0;
const TOP: f64 = 40.0;
const RIGHT: f64 = 12.0;
const BOTTOM: f64 = 44.0;

/// A line.
pub struct Line {
    /// What it is, for the legend; lines of the same name are there once.
    pub name: &'static str,
    /// Its colour.
    pub colour: &'static str,
    /// Its width.
    pub width: f64,
    /// Value from each time on.
    pub points: Vec<(f64, f64)>,
}

/// A chart of steps up to `end`, in units of `unit` of the horizontal axis.
pub fn steps(title: &str, x_label: &str, y_label: &str, (end, tick): (f64, f64), lines: &[Line]) -> String {
    let highest = lines.iter().flat_map(|line| &line.points).map(|(_, value)| *value).fold(1.0, f64::max);
    let top = (highest / 2.0).ceil() * 2.0;
    let (plot_width, plot_height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    let x = |time: f64| LEFT + time / end * plot_width;
    let y = |value: f64| TOP + (1.0 - value / top) * plot_height;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n<text x=\"{LEFT}\" y=\"16\" font-size=\"14\">{title}</text>\n"
    );
    let mut value = 0.0;
    while value <= top {
        let height = y(value);
        writeln!(svg, "<path d=\"M{LEFT} {height:.1}H{:.1}\" stroke=\"#e0e0e0\"/>", WIDTH - RIGHT).unwrap();
        writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>", LEFT - 6.0, height + 4.0)
            .unwrap();
        value += if top > 12.0 { 4.0 } else { 2.0 };
    }
    let mut time = 0.0;
    while time <= end {
        let place = x(time);
        writeln!(
            svg,
            "<text x=\"{place:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{time}</text>",
            HEIGHT - BOTTOM + 16.0
        )
        .unwrap();
        time += tick;
    }
    writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x_label}</text>",
        LEFT + plot_width / 2.0,
        HEIGHT - 8.0
    )
    .unwrap();
    writeln!(
        svg,
        "<text transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">{y_label}</text>",
        TOP + plot_height / 2.0
    )
    .unwrap();
    let (mut known, mut legend) = (Vec::new(), LEFT);
    for line in lines {
        let mut path = String::new();
        for (index, (time, value)) in line.points.iter().enumerate() {
            let (place, height) = (x(*time), y(*value));
            if index == 0 {
                write!(path, "M{place:.1} {height:.1}").unwrap();
            } else {
                write!(path, "H{place:.1}V{height:.1}").unwrap();
            }
        }
        write!(path, "H{:.1}", x(end)).unwrap();
        writeln!(svg, "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"/>", line.colour, line.width)
            .unwrap();
        if !known.contains(&line.name) {
            known.push(line.name);
            writeln!(
                svg,
                "<path d=\"M{legend:.1} 29h18\" stroke=\"{}\" stroke-width=\"{}\"/><text x=\"{:.1}\" y=\"33\">{}</text>",
                line.colour,
                line.width,
                legend + 24.0,
                line.name
            )
            .unwrap();
            legend += 170.0;
        }
    }
    svg.push_str("</svg>\n");
    svg
}
