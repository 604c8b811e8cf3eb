//! Hands shapes to plotters: as SVG with text as text, and as PNG drawn at twice the size and averaged down.

use super::figure::{Color, Figure};
use super::font::{FONT, register};
use super::layout::{Anchor, Item, SIZE, layout};
use crate::report::files::{self, ReportError};
use plotters::prelude::*;
use plotters::style::Color as _;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::{Path, PathBuf};

/// Writes a chart as SVG.
pub fn write_svg(figure: &Figure, path: &Path) -> Result<PathBuf, ReportError> {
    let mut content = String::new();
    draw_items(&layout(figure), SVGBackend::with_string(&mut content, SIZE), 1.0)
        .map_err(|problem| ReportError::Draw { file: path.to_owned(), problem })?;
    files::write_whole(path, content.as_bytes())
}

/// Writes a chart as PNG.
pub fn write_png(figure: &Figure, path: &Path) -> Result<PathBuf, ReportError> {
    let failed = |problem| ReportError::Draw { file: path.to_owned(), problem };
    let (width, height) = (SIZE.0 as usize, SIZE.1 as usize);
    let mut large = vec![255_u8; width * height * 3 * 4];
    draw_items(&layout(figure), BitMapBackend::with_buffer(&mut large, (SIZE.0 * 2, SIZE.1 * 2)), 2.0)
        .map_err(failed)?;
    let pixels = halve(&large, width);
    let temporary = files::temporary_name(path);
    let save = || -> Result<(), String> {
        let mut backend = BitMapBackend::new(&temporary, SIZE);
        backend.blit_bitmap((0, 0), SIZE, &pixels).map_err(|error| error.to_string())?;
        backend.present().map_err(|error| error.to_string())
    };
    if let Err(problem) = save() {
        let _ = std::fs::remove_file(&temporary);
        return Err(failed(problem));
    }
    std::fs::rename(&temporary, path).map_err(|source| ReportError::Write { file: path.to_owned(), source })?;
    Ok(path.to_owned())
}

/// Averages each square of four pixels; `width` is that of the result.
fn halve(large: &[u8], width: usize) -> Vec<u8> {
    let row = width * 2 * 3;
    let mut pixels = Vec::with_capacity(large.len() / 4);
    for rows in large.chunks_exact(row * 2) {
        let (upper, lower) = rows.split_at(row);
        for (above, below) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            for channel in 0..3 {
                let sum: u16 =
                    [above, below].iter().map(|two| u16::from(two[channel]) + u16::from(two[channel + 3])).sum();
                pixels.push(u8::try_from((sum + 2) / 4).unwrap_or(u8::MAX));
            }
        }
    }
    pixels
}

const fn rgb((red, green, blue): Color) -> RGBColor {
    RGBColor(red, green, blue)
}

/// A piece of a path: along an axis a filled rectangle with square ends, so that corners are whole.
fn stroke<DB: DrawingBackend>(piece: &[(i32, i32)], style: ShapeStyle) -> DynElement<'static, DB, (i32, i32)> {
    match *piece {
        [from, to] if from.0 == to.0 || from.1 == to.1 => {
            let (before, after) = half_widths(style.stroke_width);
            let low = (from.0.min(to.0) - before, from.1.min(to.1) - before);
            let high = (from.0.max(to.0) + after, from.1.max(to.1) + after);
            Rectangle::new([low, high], style.filled()).into_dyn()
        }
        _ => PathElement::new(piece.to_vec(), style).into_dyn(),
    }
}

/// How far a stroke of some width reaches before its middle, and after it.
fn half_widths(width: u32) -> (i32, i32) {
    let width = i32::try_from(width).unwrap_or(i32::MAX);
    ((width - 1) / 2, width / 2)
}

fn draw_items<DB: DrawingBackend>(items: &[Item], backend: DB, scale: f64) -> Result<(), String> {
    register();
    let area = backend.into_drawing_area();
    #[expect(clippy::cast_possible_truncation, reason = "a pixel is within the canvas, and the cast saturates")]
    let pixel = |(x, y): (f64, f64)| ((x * scale).round() as i32, (y * scale).round() as i32);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a width is small and positive")]
    let width = |value: f64| (value * scale).round().max(1.0) as u32;
    // The bitmap backend centres the line box rather than the letters, which stand lower; SVG centres the letters.
    let lowered = |(x, y): (f64, f64), size: f64| if scale > 1.0 { (x, y + size * 0.17) } else { (x, y + size * 0.05) };
    for item in items {
        let drawn = match item {
            Item::Polyline { points, color, width: line } => {
                let mut points: Vec<(i32, i32)> = points.iter().copied().map(pixel).collect();
                points.dedup();
                let style = rgb(*color).stroke_width(width(*line));
                // The bitmap backend makes one polygon of a thick path, which is nearly empty where the path turns back: each
                // piece of it is drawn by itself.
                if scale > 1.0 && points.len() > 2 {
                    points.windows(2).try_for_each(|piece| area.draw(&stroke(piece, style)))
                } else {
                    area.draw(&PathElement::new(points, style).into_dyn())
                }
            }
            Item::Polygon { points, color, opacity } => {
                let points: Vec<(i32, i32)> = points.iter().copied().map(pixel).collect();
                area.draw(&Polygon::new(points, rgb(*color).mix(*opacity).filled()))
            }
            Item::Dot { at, radius, color } => {
                area.draw(&Circle::new(pixel(*at), width(*radius), rgb(*color).filled()))
            }
            Item::Text { at, anchor, size, color, text } => {
                let anchor = match anchor {
                    Anchor::Left => HPos::Left,
                    Anchor::Middle => HPos::Center,
                    Anchor::Right => HPos::Right,
                };
                let style = (FONT, size * scale).into_font().color(&rgb(*color)).pos(Pos::new(anchor, VPos::Center));
                area.draw(&Text::new(text.as_str(), pixel(lowered(*at, *size)), style))
            }
        };
        drawn.map_err(|error| error.to_string())?;
    }
    area.present().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The colour of a point of a bitmap that is 40 points wide.
    fn colour(pixels: &[u8], (x, y): (usize, usize)) -> &[u8] {
        &pixels[(y * 40 + x) * 3..][..3]
    }

    #[test]
    fn a_thick_line_that_turns_back_is_whole() {
        // Level, a dip of one point's width, level again.
        let points = vec![(2.0, 4.0), (9.0, 4.0), (9.0, 16.0), (9.5, 16.0), (9.5, 4.0), (18.0, 4.0)];
        let line = Item::Polyline { points, color: (0, 0, 0), width: 3.0 };
        let mut pixels = vec![255_u8; 40 * 40 * 3];
        draw_items(&[line], BitMapBackend::with_buffer(&mut pixels, (40, 40)), 2.0).unwrap();
        for y in 8..32 {
            assert_eq!(colour(&pixels, (18, y)), [0, 0, 0], "the dip at {y}");
        }
        for x in 5..36 {
            assert_eq!(colour(&pixels, (x, 8)), [0, 0, 0], "the level at {x}");
        }
        assert_eq!(colour(&pixels, (30, 20)), [255, 255, 255]);
    }
}
