//! What a chart shows, independent of pixels.

/// A colour as red, green, blue.
pub(super) type Color = (u8, u8, u8);

/// The palette of Okabe and Ito, which people with any kind of colour vision can tell apart.
pub(super) mod palette {
    use super::Color;
    pub(in super::super) const BLUE: Color = (0, 114, 178);
    pub(in super::super) const ORANGE: Color = (230, 159, 0);
    pub(in super::super) const GREEN: Color = (0, 158, 115);
    pub(in super::super) const VERMILION: Color = (213, 94, 0);
    pub(in super::super) const SKY: Color = (86, 180, 233);
    pub(in super::super) const PURPLE: Color = (204, 121, 167);
    pub(in super::super) const BLACK: Color = (0, 0, 0);
    pub(in super::super) const GREY: Color = (120, 120, 120);
    /// Colours for series without a meaning of their own, in order of use.
    pub(in super::super) const SERIES: [Color; 7] = [BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK];
}

/// How a line is stroked. Lines differ in dash as well as in colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Dash {
    Solid,
    Dashed,
    Dotted,
    Mixed,
}

impl Dash {
    /// Dashes for series without a meaning of their own, in order of use.
    pub(super) const SERIES: [Self; 4] = [Self::Solid, Self::Dashed, Self::Mixed, Self::Dotted];

    /// Lengths of strokes and gaps in turn, in pixels; empty for a solid line.
    pub(super) const fn pattern(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Dashed => &[9.0, 5.0],
            Self::Dotted => &[2.5, 3.5],
            Self::Mixed => &[10.0, 4.0, 2.5, 4.0],
        }
    }
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stroke {
    pub color: Color,
    pub width: f64,
    pub dash: Dash,
}

/// How points are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The value holds until the next point.
    Step,
    /// Straight from point to point.
    Linear,
    /// The points alone: what lies between them means nothing.
    Points,
}

/// A line through points in ascending order of x.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// Name in the legend.
    pub label: String,
    pub stroke: Stroke,
    pub shape: Shape,
    pub points: Vec<(f64, f64)>,
    /// Lower and upper end of a vertical bar at x.
    pub error_bars: Vec<(f64, f64, f64)>,
    /// Whether each point gets a dot.
    pub dots: bool,
    /// Text of each point: beside its dot, or in its place where there are none. Empty for no texts.
    pub texts: Vec<String>,
}

impl Line {
    pub(super) fn new(label: &str, stroke: Stroke, shape: Shape, points: Vec<(f64, f64)>) -> Self {
        Self { label: label.to_owned(), stroke, shape, points, error_bars: Vec::new(), dots: false, texts: Vec::new() }
    }
}

/// A filled area between two lines.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Area {
    /// Name in the legend; empty for none.
    pub label: String,
    pub color: Color,
    /// 0 is invisible, 1 hides what is behind.
    pub opacity: f64,
    pub shape: Shape,
    /// x, lower y, upper y, in ascending order of x.
    pub points: Vec<(f64, f64, f64)>,
}

/// A vertical line at an instant that matters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub x: f64,
    pub label: String,
    pub color: Color,
}

/// The horizontal axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum XAxis {
    /// Seconds since the start; calendar time if the start is pinned.
    Time { from: f64, to: f64, start_unix_seconds: Option<i64> },
    /// Seconds before and after an event, which is at zero.
    Since { event: String, from: f64, to: f64 },
    /// A number; a few values get a tick each, and no other place does.
    Numeric { label: String, from: f64, to: f64, values: Vec<f64> },
    /// Names at 0, 1, 2 and so on.
    Categories { label: String, names: Vec<String> },
}

impl XAxis {
    /// First and last x that the axis shows.
    pub(super) fn range(&self) -> (f64, f64) {
        match self {
            Self::Time { from, to, .. } | Self::Since { from, to, .. } | Self::Numeric { from, to, .. } => {
                if to > from { (*from, *to) } else { (*from, from + 1.0) }
            }
            Self::Categories { names, .. } => (-0.5, f64::max(0.5, super::sampling::float(names.len()) - 0.5)),
        }
    }
}

/// What the vertical axis counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum YAxis {
    /// Whole things: no tick between two of them. Starts at zero.
    Count,
    /// An amount; starts at zero.
    Amount,
    /// Money; starts at zero.
    Dollars,
    /// An amount whose axis may start above zero.
    Free,
    /// An amount above zero on a logarithmic axis.
    Log,
    /// Names at 0, 1, 2 and so on, from below.
    Categories(Vec<String>),
}

/// One coordinate system.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Panel {
    /// What is shown and in which unit.
    pub heading: String,
    pub x: XAxis,
    pub y: YAxis,
    pub areas: Vec<Area>,
    pub lines: Vec<Line>,
    pub marks: Vec<Mark>,
}

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub(super) title: String,
    pub(super) subtitle: String,
    /// Small print: what was left out.
    pub(super) note: String,
    /// Panels side by side.
    pub(super) columns: usize,
    pub(super) panels: Vec<Panel>,
}

impl Figure {
    /// The same chart with another line below its title.
    #[must_use]
    pub fn with_subtitle(self, subtitle: String) -> Self {
        Self { subtitle, ..self }
    }
}
