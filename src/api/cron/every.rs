//! The duration of `@every`, with the errors of Go's `time.ParseDuration`.

use jiff::SignedDuration;

/// The longest duration in nanoseconds.
const MAX: u128 = i64::MAX as u128;

/// Reads a duration such as `1h30m`; the error is Go's text.
pub fn parse(text: &str) -> Result<SignedDuration, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let is_negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return Ok(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let whole = &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())];
        rest = &rest[whole.len()..];
        let fraction = match rest.strip_prefix('.') {
            Some(tail) => {
                let fraction = &tail[..tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len())];
                rest = &tail[fraction.len()..];
                fraction
            }
            None => "",
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let unit = &rest[..rest.find(is_number).unwrap_or(rest.len())];
        rest = &rest[unit.len()..];
        let nanos: u128 = match unit {
            "" => return Err(format!("time: missing unit in duration {text:?}")),
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(format!("time: unknown unit {unit:?} in duration {text:?}")),
        };
        // More than 20 digits are too long in every unit; the digits of a fraction beyond those count for nothing.
        let whole = whole.trim_start_matches('0');
        let whole: u128 = match whole.len() {
            0 => 0,
            1..=20 => whole.parse().map_err(|_| invalid())?,
            _ => return Err(invalid()),
        };
        let fraction = &fraction[..fraction.len().min(18)];
        let part: u128 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| invalid())? };
        let scale = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or(0));
        total += whole * nanos + part * nanos / scale;
        if total > MAX {
            return Err(invalid());
        }
    }
    let nanos = i64::try_from(total).map_err(|_| invalid())?;
    Ok(SignedDuration::from_nanos(if is_negative { -nanos } else { nanos }))
}
