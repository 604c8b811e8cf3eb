//! Durations as Go reads and writes them.

use crate::units::SimDuration;
use std::fmt::Write as _;

/// Reads a duration such as `1m30s` (`time.ParseDuration`); the error is Go's text.
pub(super) fn parse(text: &str) -> Result<SimDuration, String> {
    crate::api::cron::parse_go_duration(text).map(SimDuration::from_nanos)
}

/// Writes a duration (`Duration.String`).
pub(super) fn write(duration: SimDuration) -> String {
    const SECOND: u64 = 1_000_000_000;
    let nanos = duration.as_nanos();
    let (sign, mut rest) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
    if rest == 0 {
        return "0s".to_owned();
    }
    let with_fraction = |whole: u64, fraction: u64, digits: usize| {
        let text = format!("{fraction:0digits$}");
        let text = text.trim_end_matches('0');
        if text.is_empty() { whole.to_string() } else { format!("{whole}.{text}") }
    };
    if rest < SECOND {
        let (unit, size, digits) = match rest {
            0..1_000 => ("ns", 1, 0),
            1_000..1_000_000 => ("µs", 1_000, 3),
            _ => ("ms", 1_000_000, 6),
        };
        let fraction = rest % size;
        let number = if digits == 0 { rest.to_string() } else { with_fraction(rest / size, fraction, digits) };
        return format!("{sign}{number}{unit}");
    }
    let mut text = sign.to_owned();
    let hours = rest / (3600 * SECOND);
    rest %= 3600 * SECOND;
    let minutes = rest / (60 * SECOND);
    rest %= 60 * SECOND;
    // Writing to a text cannot fail.
    if hours > 0 {
        let _ = write!(text, "{hours}h");
    }
    if hours > 0 || minutes > 0 {
        let _ = write!(text, "{minutes}m");
    }
    let _ = write!(text, "{}s", with_fraction(rest / SECOND, rest % SECOND, 9));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_writes_them() {
        let cases = [
            ("1.5s", "1.5s"),
            ("3600s", "1h0m0s"),
            ("90s", "1m30s"),
            ("1500us", "1.5ms"),
            ("0", "0s"),
            ("-1s", "-1s"),
            ("10500ms", "10.5s"),
            ("7ns", "7ns"),
        ];
        for (read, written) in cases {
            assert_eq!(parse(read).map(write), Ok(written.to_owned()), "{read}");
        }
        assert_eq!(parse("10"), Err("time: missing unit in duration \"10\"".to_owned()));
    }
}
