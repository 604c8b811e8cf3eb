//! The font that charts are drawn with, and how wide a text is in it.

use plotters::style::{FontStyle, IntoFont, register_font};
use std::sync::Once;

/// The embedded font, under the name that SVG files carry: viewers without it take a family of the same widths.
pub(super) const FONT: &str = "DejaVu Sans, Verdana, sans-serif";

/// Registers the embedded font once.
pub(super) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let font = include_bytes!("../../../assets/fonts/DejaVuSans.ttf");
        // The font is part of the program, and a test reads it: it cannot be invalid.
        let _ = register_font(FONT, FontStyle::Normal, font);
    });
}

/// The width of a text in pixels.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    register();
    (FONT, size).into_font().box_size(text).map_or(0.0, |(width, _)| f64::from(width))
}
