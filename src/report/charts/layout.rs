//! Places a figure on the canvas: every line, area and text in pixels.

use super::axis::{Tick, Ticks, x_ticks, y_ticks};
use super::figure::{Area, Color, Dash, Figure, Line, Panel, Shape, Stroke, YAxis, palette};
use super::font::text_width;
use super::sampling::float;

/// Width and height of a chart in pixels.
pub(super) const SIZE: (u32, u32) = (1200, 700);
const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 700.0;
const MARGIN: f64 = 28.0;
const INK: Color = (40, 40, 40);
const FAINT: Color = (226, 226, 226);
const SMALL: f64 = 15.0;
const LABEL: f64 = 16.0;

/// Where a text's position is relative to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Left,
    Middle,
    Right,
}

/// One thing to draw, in order from back to front.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Polyline {
        points: Vec<(f64, f64)>,
        color: Color,
        width: f64,
    },
    Polygon {
        points: Vec<(f64, f64)>,
        color: Color,
        opacity: f64,
    },
    Dot {
        at: (f64, f64),
        radius: f64,
        color: Color,
    },
    /// `at` is the vertical middle.
    Text {
        at: (f64, f64),
        anchor: Anchor,
        size: f64,
        color: Color,
        text: String,
    },
}

/// A rectangle on the canvas.
#[derive(Clone, Copy)]
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// What a legend entry shows.
#[derive(Clone, PartialEq)]
enum Swatch {
    Line(Stroke),
    Area(Color, f64),
}

/// All shapes of a figure.
pub(super) fn layout(figure: &Figure) -> Vec<Item> {
    let mut items = vec![rectangle(Frame { left: 0.0, right: WIDTH, top: 0.0, bottom: HEIGHT }, (255, 255, 255), 1.0)];
    let mut top = title(figure, &mut items);
    top = legend(figure, top, &mut items);
    let bottom = if figure.note.is_empty() { HEIGHT - 8.0 } else { HEIGHT - 30.0 };
    if !figure.note.is_empty() {
        let note = fit(&figure.note, SMALL, WIDTH - 2.0 * MARGIN);
        items.push(text((MARGIN, HEIGHT - 16.0), Anchor::Left, SMALL, palette::GREY, note));
    }
    let columns = figure.columns.clamp(1, figure.panels.len().max(1));
    let rows = figure.panels.len().div_ceil(columns);
    let (width, height) = ((WIDTH - 2.0 * MARGIN + 16.0) / float(columns), (bottom - top) / float(rows.max(1)));
    for (index, panel) in figure.panels.iter().enumerate() {
        let (column, row) = (float(index % columns), float(index / columns));
        let frame = Frame {
            left: MARGIN - 8.0 + column * width,
            right: MARGIN - 8.0 + (column + 1.0) * width - 12.0,
            top: top + row * height,
            bottom: top + (row + 1.0) * height - 4.0,
        };
        draw_panel(panel, frame, &mut items);
    }
    items
}

const fn text(at: (f64, f64), anchor: Anchor, size: f64, color: Color, text: String) -> Item {
    Item::Text { at, anchor, size, color, text }
}

fn rectangle(frame: Frame, color: Color, opacity: f64) -> Item {
    let Frame { left, right, top, bottom } = frame;
    Item::Polygon { points: vec![(left, top), (right, top), (right, bottom), (left, bottom)], color, opacity }
}

/// Cuts a text to a width, with an ellipsis.
fn fit(words: &str, size: f64, width: f64) -> String {
    if text_width(words, size) <= width {
        return words.to_owned();
    }
    let mut kept = words.to_owned();
    while !kept.is_empty() && text_width(&format!("{kept}…"), size) > width {
        kept.pop();
    }
    format!("{}…", kept.trim_end())
}

/// Title in at most two lines and subtitle; gives the height used.
fn title(figure: &Figure, items: &mut Vec<Item>) -> f64 {
    const SIZE: f64 = 24.0;
    let width = WIDTH - 2.0 * MARGIN;
    let mut first = String::new();
    let mut words = figure.title.split_whitespace().peekable();
    while let Some(word) = words.peek() {
        let longer = if first.is_empty() { (*word).to_owned() } else { format!("{first} {word}") };
        if !first.is_empty() && text_width(&longer, SIZE) > width {
            break;
        }
        first = longer;
        words.next();
    }
    let second = words.collect::<Vec<_>>().join(" ");
    let mut y = 26.0;
    for line in [first, second].iter().filter(|line| !line.is_empty()) {
        items.push(text((MARGIN, y), Anchor::Left, SIZE, palette::BLACK, fit(line, SIZE, width)));
        y += 29.0;
    }
    if !figure.subtitle.is_empty() {
        let subtitle = fit(&figure.subtitle, LABEL, width);
        items.push(text((MARGIN, y - 1.0), Anchor::Left, LABEL, palette::GREY, subtitle));
        y += 25.0;
    }
    y
}

/// The legend in rows above the panels; gives the height used.
fn legend(figure: &Figure, top: f64, items: &mut Vec<Item>) -> f64 {
    let mut entries: Vec<(String, Swatch)> = Vec::new();
    for panel in &figure.panels {
        let lines = panel.lines.iter().map(|line| (&line.label, Swatch::Line(line.stroke)));
        let areas = panel.areas.iter().map(|area| (&area.label, Swatch::Area(area.color, area.opacity)));
        for (label, swatch) in lines.chain(areas) {
            if !label.is_empty() && !entries.iter().any(|(present, known)| present == label && *known == swatch) {
                entries.push((label.clone(), swatch));
            }
        }
    }
    if entries.is_empty() {
        return top;
    }
    let (mut x, mut y) = (MARGIN, top + 3.0);
    for (label, swatch) in entries {
        let label = fit(&label, LABEL, 420.0);
        let width = 40.0 + text_width(&label, LABEL) + 26.0;
        if x > MARGIN && x + width > WIDTH - MARGIN {
            (x, y) = (MARGIN, y + 22.0);
        }
        match swatch {
            Swatch::Line(stroke) => push_stroked(&[(x, y), (x + 32.0, y)], stroke, items),
            Swatch::Area(color, opacity) => {
                let frame = Frame { left: x, right: x + 32.0, top: y - 7.0, bottom: y + 7.0 };
                items.push(rectangle(frame, color, opacity));
            }
        }
        items.push(text((x + 40.0, y), Anchor::Left, LABEL, INK, label));
        x += width;
    }
    y + 20.0
}

/// Maps data to pixels.
struct Scale {
    x: (f64, f64),
    y: (f64, f64),
    is_log: bool,
    /// Whether the vertical ticks have lines across the frame.
    has_lines: bool,
    frame: Frame,
}

impl Scale {
    fn x(&self, value: f64) -> f64 {
        let share = (value - self.x.0) / (self.x.1 - self.x.0);
        self.frame.left + share.clamp(0.0, 1.0) * (self.frame.right - self.frame.left)
    }

    fn y(&self, value: f64) -> f64 {
        let share = if self.is_log {
            // Drawn to a hundredth of a pixel, so that the logarithm of every platform gives the same.
            let share = (value.max(self.y.0) / self.y.0).ln() / (self.y.1 / self.y.0).ln();
            (share * 100_000.0).round() / 100_000.0
        } else {
            (value - self.y.0) / (self.y.1 - self.y.0)
        };
        self.frame.bottom - share.clamp(0.0, 1.0) * (self.frame.bottom - self.frame.top)
    }
}

/// The least and greatest value that a panel shows.
fn extent(panel: &Panel) -> (f64, f64) {
    let lines = panel.lines.iter().flat_map(|line| {
        let bars = line.error_bars.iter().flat_map(|(_, low, high)| [*low, *high]);
        line.points.iter().map(|(_, y)| *y).chain(bars)
    });
    let areas = panel.areas.iter().flat_map(|area| area.points.iter().flat_map(|(_, low, high)| [*low, *high]));
    let finite = lines.chain(areas).filter(|value| value.is_finite());
    let (least, greatest) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if least <= greatest { (least, greatest) } else { (0.0, 0.0) }
}

fn draw_panel(panel: &Panel, outer: Frame, items: &mut Vec<Item>) {
    let (least, greatest) = extent(panel);
    let most = usize::from(outer.bottom - outer.top > 260.0) * 3 + 4;
    let (low, high, y_axis) = y_ticks(&panel.y, least, greatest, most);
    let labels = y_axis.iter().map(|tick| text_width(&tick.label, SMALL)).fold(0.0, f64::max);
    let inner_width = outer.right - outer.left - labels - 30.0;
    let x_axis = spaced_x_ticks(panel, inner_width);
    let two_lines = x_axis.ticks.iter().any(|tick| !tick.below.is_empty());
    let mut frame = Frame {
        left: outer.left + labels + 16.0,
        right: outer.right - 18.0,
        top: outer.top + 33.0,
        bottom: outer.bottom - if two_lines { 58.0 } else { 42.0 },
    };
    let heading = fit(&panel.heading, LABEL, outer.right - outer.left - 24.0);
    items.push(text((outer.left + 8.0, outer.top + 11.0), Anchor::Left, LABEL, palette::BLACK, heading));
    let (x_low, x_high) = panel.x.range();
    let rows = place_marks(panel, frame, (x_low, x_high), items);
    frame.top += rows * 18.0;
    let is_log = panel.y == YAxis::Log;
    let has_lines = !matches!(panel.y, YAxis::Categories(_));
    let scale = Scale { x: (x_low, x_high), y: (low, high), is_log, has_lines, frame };
    axes(&scale, &y_axis, &x_axis, items);
    for area in &panel.areas {
        draw_area(area, &scale, items);
    }
    for mark in &panel.marks {
        let x = scale.x(mark.x);
        let stroke = Stroke { color: mark.color, width: 1.4, dash: Dash::Dotted };
        push_stroked(&[(x, frame.top), (x, frame.bottom)], stroke, items);
    }
    for line in &panel.lines {
        draw_line(line, &scale, items);
    }
    // What is drawn in front has its names first, if there is not room for all.
    let mut names = Vec::new();
    for line in panel.lines.iter().rev() {
        draw_texts(line, &scale, &mut names, items);
    }
    let base = Stroke { color: INK, width: 1.0, dash: Dash::Solid };
    push_stroked(&[(frame.left, frame.bottom), (frame.right, frame.bottom)], base, items);
}

/// As many horizontal ticks as fit beside each other.
fn spaced_x_ticks(panel: &Panel, width: f64) -> Ticks {
    let (low, high) = panel.x.range();
    let fits = |ticks: &Ticks| {
        ticks.ticks.windows(2).all(|pair| {
            let [one, other] = pair else { return true };
            let room = (other.at - one.at) / (high - low) * width;
            let wide = |tick: &Tick| text_width(&tick.label, SMALL).max(text_width(&tick.below, SMALL));
            room >= f64::midpoint(wide(one), wide(other)) + 12.0
        })
    };
    let mut most = 13;
    loop {
        let ticks = x_ticks(&panel.x, most);
        if most <= 2 || fits(&ticks) {
            return ticks;
        }
        most -= 1;
    }
}

fn axes(scale: &Scale, y_axis: &[Tick], x_axis: &Ticks, items: &mut Vec<Item>) {
    let frame = scale.frame;
    for tick in y_axis {
        let y = scale.y(tick.at);
        if scale.has_lines {
            items.push(Item::Polyline { points: vec![(frame.left, y), (frame.right, y)], color: FAINT, width: 1.0 });
        }
        items.push(text((frame.left - 8.0, y), Anchor::Right, SMALL, INK, tick.label.clone()));
    }
    let mut bottom = frame.bottom + 15.0;
    for tick in &x_axis.ticks {
        let x = scale.x(tick.at);
        items.push(Item::Polyline { points: vec![(x, frame.bottom), (x, frame.bottom + 5.0)], color: INK, width: 1.0 });
        items.push(text((x, frame.bottom + 15.0), Anchor::Middle, SMALL, INK, tick.label.clone()));
        if !tick.below.is_empty() {
            bottom = frame.bottom + 31.0;
            items.push(text((x, bottom), Anchor::Middle, SMALL, INK, tick.below.clone()));
        }
    }
    let label = fit(&x_axis.label, SMALL, frame.right - frame.left);
    items.push(text(
        (f64::midpoint(frame.left, frame.right), bottom + 17.0),
        Anchor::Middle,
        SMALL,
        palette::GREY,
        label,
    ));
}

/// Puts the marks' labels above the frame, in as many rows as keep them apart; gives the number of rows. A label for which
/// the rows would take more than a third of the frame is left out.
fn place_marks(panel: &Panel, frame: Frame, (low, high): (f64, f64), items: &mut Vec<Item>) -> f64 {
    let room = (frame.bottom - frame.top) / 3.0;
    let mut ends: Vec<f64> = Vec::new();
    for mark in &panel.marks {
        let label = fit(&mark.label, SMALL, frame.right - frame.left);
        let width = text_width(&label, SMALL);
        let x = frame.left + (mark.x - low) / (high - low) * (frame.right - frame.left);
        let left = (x - 2.0).clamp(frame.left, (frame.right - width).max(frame.left));
        let row = ends.iter().position(|end| *end + 10.0 <= left).unwrap_or(ends.len());
        if row == ends.len() {
            if float(row + 1) * 18.0 > room {
                continue;
            }
            ends.push(0.0);
        }
        if let Some(end) = ends.get_mut(row) {
            *end = left + width;
        }
        items.push(text((left, frame.top + float(row) * 18.0 + 5.0), Anchor::Left, SMALL, mark.color, label));
    }
    float(ends.len())
}

/// Corner points of a step function.
fn corners(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut corners: Vec<(f64, f64)> = Vec::with_capacity(points.len() * 2);
    for (x, y) in points {
        if let Some((_, before)) = corners.last().copied()
            && (before - y).abs() > f64::EPSILON
        {
            corners.push((*x, before));
        }
        corners.push((*x, *y));
    }
    corners
}

fn draw_line(line: &Line, scale: &Scale, items: &mut Vec<Item>) {
    let points: Vec<(f64, f64)> = line
        .points
        .iter()
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .map(|(x, y)| (scale.x(*x), scale.y(*y)))
        .collect();
    let points = if line.shape == Shape::Step { corners(&points) } else { points };
    for (x, low, high) in line.error_bars.iter().filter(|(x, low, high)| (x + low + high).is_finite()) {
        let (x, low, high) = (scale.x(*x), scale.y(*low), scale.y(*high));
        let bar = Stroke { width: 1.5, dash: Dash::Solid, ..line.stroke };
        push_stroked(&[(x, low), (x, high)], bar, items);
        push_stroked(&[(x - 5.0, low), (x + 5.0, low)], bar, items);
        push_stroked(&[(x - 5.0, high), (x + 5.0, high)], bar, items);
    }
    if line.dots {
        items.extend(points.iter().map(|at| Item::Dot { at: *at, radius: 4.0, color: line.stroke.color }));
    }
    if line.shape != Shape::Points {
        push_stroked(&points, line.stroke, items);
    }
}

/// The texts of a line's points: beside their dots where `names` leaves room for them, or in the place of points without.
fn draw_texts(line: &Line, scale: &Scale, names: &mut Vec<Frame>, items: &mut Vec<Item>) {
    for ((x, y), words) in line.points.iter().zip(&line.texts).filter(|((x, y), _)| x.is_finite() && y.is_finite()) {
        let (x, y) = (scale.x(*x), scale.y(*y));
        if !line.dots {
            items.push(text((x, y), Anchor::Middle, SMALL, line.stroke.color, words.clone()));
            continue;
        }
        let width = text_width(words, SMALL);
        // To the side with more room.
        let is_right = x < f64::midpoint(scale.frame.left, scale.frame.right);
        let (left, anchor, aside) =
            if is_right { (x + 9.0, Anchor::Left, 9.0) } else { (x - 9.0 - width, Anchor::Right, -9.0) };
        let own = Frame { left, right: left + width, top: y - 17.0, bottom: y - 1.0 };
        let meets = |other: &Frame| {
            own.left < other.right && other.left < own.right && own.top < other.bottom && other.top < own.bottom
        };
        if !names.iter().any(meets) {
            items.push(text((x + aside, y - 9.0), anchor, SMALL, line.stroke.color, words.clone()));
            names.push(own);
        }
    }
}

fn draw_area(area: &Area, scale: &Scale, items: &mut Vec<Item>) {
    let finite = || area.points.iter().filter(|(x, low, high)| (x + low + high).is_finite());
    let lower: Vec<(f64, f64)> = finite().map(|(x, low, _)| (scale.x(*x), scale.y(*low))).collect();
    let upper: Vec<(f64, f64)> = finite().map(|(x, _, high)| (scale.x(*x), scale.y(*high))).collect();
    let (lower, mut upper) =
        if area.shape == Shape::Step { (corners(&lower), corners(&upper)) } else { (lower, upper) };
    if upper.len() >= 2 {
        upper.extend(lower.into_iter().rev());
        items.push(Item::Polygon { points: upper, color: area.color, opacity: area.opacity });
    }
}

/// A polyline cut into its dashes.
fn push_stroked(points: &[(f64, f64)], stroke: Stroke, items: &mut Vec<Item>) {
    let Stroke { color, width, dash } = stroke;
    if points.len() < 2 {
        return;
    }
    let pattern = dash.pattern();
    if pattern.is_empty() {
        items.push(Item::Polyline { points: points.to_vec(), color, width });
        return;
    }
    let mut lengths = pattern.iter().copied().cycle();
    let mut left = lengths.next().unwrap_or(1.0);
    let mut drawing = true;
    let mut current: Vec<(f64, f64)> = points.first().copied().into_iter().collect();
    for pair in points.windows(2) {
        let &[(mut x, mut y), (to_x, to_y)] = pair else { continue };
        loop {
            let rest = ((to_x - x).powi(2) + (to_y - y).powi(2)).sqrt();
            if rest <= left {
                left -= rest;
                current.push((to_x, to_y));
                break;
            }
            (x, y) = (x + (to_x - x) * left / rest, y + (to_y - y) * left / rest);
            current.push((x, y));
            if drawing {
                items.push(Item::Polyline { points: std::mem::take(&mut current), color, width });
            }
            current = vec![(x, y)];
            drawing = !drawing;
            left = lengths.next().unwrap_or(1.0);
        }
    }
    if drawing && current.len() >= 2 {
        items.push(Item::Polyline { points: current, color, width });
    }
}
