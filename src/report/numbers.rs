//! Numbers as text: exact and shortest for files, with human units for people.

use crate::units::{SimDuration, SimTime};
use jiff::Timestamp;

/// A float the shortest way that reads back as the same number: no exponent, no locale, no `-0`. What is no finite
/// number becomes an empty text.
pub(super) fn shortest(value: f64) -> String {
    if !value.is_finite() {
        String::new()
    } else if value == 0.0 {
        "0".to_owned()
    } else {
        format!("{value}")
    }
}

/// `amount / 10^digits` as an exact decimal without trailing zeros.
pub(super) fn exact_decimal(amount: i128, digits: u32) -> String {
    let mut text = String::new();
    push_decimal(&mut text, amount, digits);
    text
}

/// Appends [`exact_decimal`] to a text: the cells of a table, of which there are millions, share one.
pub(super) fn push_decimal(text: &mut String, amount: i128, digits: u32) {
    if amount < 0 {
        text.push('-');
    }
    let magnitude = amount.unsigned_abs();
    // Nearly every amount fits into 64 bits, whose division is many times as fast.
    let (whole, fraction) = match (u64::try_from(magnitude), 10_u64.checked_pow(digits)) {
        (Ok(magnitude), Some(scale)) => (u128::from(magnitude / scale), u128::from(magnitude % scale)),
        _ => (magnitude / 10_u128.pow(digits), magnitude % 10_u128.pow(digits)),
    };
    push_digits(text, whole, 1);
    if fraction > 0 {
        text.push('.');
        push_digits(text, fraction, digits as usize);
        text.truncate(text.trim_end_matches('0').len());
    }
}

/// Appends a number of at least `width` digits, with zeros in front.
fn push_digits(text: &mut String, number: u128, width: usize) {
    let mut digits = [b'0'; 39];
    let mut start = digits.len();
    let mut push = |digit: u8| {
        start -= 1;
        digits[start] = b'0' + digit;
    };
    if let Ok(mut rest) = u64::try_from(number) {
        while rest > 0 {
            push((rest % 10) as u8);
            rest /= 10;
        }
    } else {
        let mut rest = number;
        while rest > 0 {
            push((rest % 10) as u8);
            rest /= 10;
        }
    }
    let start = start.min(digits.len().saturating_sub(width));
    text.extend(digits[start..].iter().map(|digit| char::from(*digit)));
}

/// RFC 3339 in UTC; `None` if the scenario pins no start or the instant is out of the calendar's range.
pub(super) fn calendar_time(start_unix_seconds: Option<i64>, at: SimTime) -> Option<String> {
    let nanos = i128::from(start_unix_seconds?) * 1_000_000_000 + i128::from(at.as_nanos());
    Some(Timestamp::from_nanosecond(nanos).ok()?.to_string())
}

/// A span with its two largest units: `1m 23s`, `2h 5m`, `3d 4h`, `1.25s`, `340ms`.
pub(super) fn human_seconds(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "-".to_owned();
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    let magnitude = seconds.abs();
    let two = |large: f64, big: &str, ratio: f64, small: &str| {
        // Rounded in the small unit first, so that 59.9 of them carry over.
        let total = (magnitude / (large / ratio)).round();
        let (whole, rest) = ((total / ratio).floor(), total % ratio);
        if rest > 0.0 { format!("{sign}{whole}{big} {rest}{small}") } else { format!("{sign}{whole}{big}") }
    };
    match magnitude {
        _ if magnitude < 0.000_5 => "0s".to_owned(),
        _ if magnitude < 0.999_5 => format!("{sign}{}ms", (magnitude * 1e3).round()),
        _ if magnitude < 9.995 => format!("{sign}{}s", trimmed(magnitude, 2)),
        _ if magnitude < 59.95 => format!("{sign}{}s", trimmed(magnitude, 1)),
        _ if magnitude < 3599.5 => two(60.0, "m", 60.0, "s"),
        _ if magnitude < 86_370.0 => two(3600.0, "h", 60.0, "m"),
        _ => two(86_400.0, "d", 24.0, "h"),
    }
}

/// A span with its two largest units.
pub(super) fn human_span(span: SimDuration) -> String {
    human_seconds(span.as_secs_f64())
}

/// At most `digits` decimals, without trailing zeros.
pub(super) fn trimmed(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Three significant digits: `0.123`, `1.23`, `12.3`, `123`, `1,234`.
pub(super) fn human_number(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude >= 999.5 => grouped(value.round()),
        magnitude if magnitude >= 99.95 => trimmed(value, 0),
        magnitude if magnitude >= 9.995 => trimmed(value, 1),
        magnitude if magnitude >= 0.995 || magnitude == 0.0 => trimmed(value, 2),
        _ => trimmed(value, 3),
    }
}

/// A whole number with commas between the thousands.
pub(super) fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 && digits != "0" { format!("-{text}") } else { text }
}

/// Dollars and cents: `$3.42`, `$1,234.50`; amounts below a cent keep three significant digits.
pub(super) fn human_dollars(dollars: f64) -> String {
    let magnitude = dollars.abs();
    let sign = if dollars < 0.0 { "-" } else { "" };
    if magnitude > 0.0 && magnitude < 0.01 {
        return format!("{sign}${}", trimmed(magnitude, 5));
    }
    let cents = (magnitude * 100.0).round();
    format!("{sign}${}.{:02}", grouped((cents / 100.0).floor()), cents % 100.0)
}

/// Shares are told to so many digits of a percent.
const SMALLEST_DIGITS: usize = 6;

/// A share in percent: `62 %`, `0.4 %`; below a tenth with two significant digits: `0.012 %`.
pub(super) fn human_percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    let digits = usize::from(percent.abs() < 9.95);
    // Nearly all is not all, and nearly nothing is not nothing.
    if percent > 0.0 && percent < 0.099_5 {
        let mut digits = 2;
        let mut scaled = percent * 100.0;
        while scaled < 9.95 && digits < SMALLEST_DIGITS {
            digits += 1;
            scaled *= 10.0;
        }
        let text = trimmed(percent, digits);
        return if text == "0" { "<0.000001 %".to_owned() } else { format!("{text} %") };
    }
    if (99.5..100.0).contains(&percent) {
        return format!("{} %", trimmed((percent * 10.0).floor() / 10.0, 1));
    }
    format!("{} %", trimmed(percent, digits))
}

/// A number of thousandths as a Kubernetes quantity, with the largest suffix that leaves a whole number: `1500m`, `200M`.
#[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
pub fn quantity(value: f64) -> String {
    let mut number = (value * 1000.0).round() as i64;
    if number == 0 {
        return "0".to_owned();
    }
    let mut suffixes = ["m", "", "k", "M", "G", "T"].into_iter();
    let mut suffix = suffixes.next().unwrap_or_default();
    while number % 1000 == 0
        && let Some(larger) = suffixes.next()
    {
        number /= 1000;
        suffix = larger;
    }
    format!("{number}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn floats_are_shortest_without_exponents() {
        let cases = [
            (0.1, "0.1"),
            (-0.0, "0"),
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
            (f64::NAN, ""),
            (3.0, "3"),
        ];
        for (value, text) in cases {
            assert_eq!(shortest(value), text);
        }
    }

    #[test]
    fn decimals_are_exact() {
        let cases = [
            (1_500, 3, "1.5"),
            (-1_500, 3, "-1.5"),
            (0, 9, "0"),
            (7, 0, "7"),
            (70, 0, "70"),
            (1, 9, "0.000000001"),
            (10, 1, "1"),
            (i128::from(u64::MAX), 3, "18446744073709551.615"),
            (i128::from(u64::MAX) + 1, 3, "18446744073709551.616"),
            (10, 19, "0.000000000000000001"),
            (1, 20, "0.00000000000000000001"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
            (i128::MAX, 1, "17014118346046923173168730371588410572.7"),
        ];
        for (amount, digits, text) in cases {
            assert_eq!(exact_decimal(amount, digits), text);
        }
    }

    #[test]
    fn people_read_two_units() {
        let cases = [
            (0.0, "0s"),
            (0.34, "340ms"),
            (0.9996, "1s"),
            (1.25, "1.25s"),
            (59.96, "1m"),
            (83.0, "1m 23s"),
            (3599.9, "1h"),
            (7500.0, "2h 5m"),
            (86_399.0, "1d"),
            (273_600.0, "3d 4h"),
            (-83.0, "-1m 23s"),
        ];
        for (seconds, text) in cases {
            assert_eq!(human_seconds(seconds), text, "{seconds}");
        }
        assert_eq!(
            (human_dollars(3.424), human_dollars(1234.5), human_dollars(0.0)),
            ("$3.42".into(), "$1,234.50".into(), "$0.00".into())
        );
        assert_eq!(human_dollars(0.9999), "$1.00");
        assert_eq!(
            (human_percent(0.6215), human_percent(0.004), human_percent(0.9999)),
            ("62 %".into(), "0.4 %".into(), "99.9 %".into())
        );
        assert_eq!(
            (human_percent(0.000_12), human_percent(0.0), human_percent(1.0)),
            ("0.012 %".into(), "0 %".into(), "100 %".into())
        );
        assert_eq!(
            (human_percent(0.000_656), human_percent(0.000_994_9), human_percent(0.000_999)),
            ("0.066 %".into(), "0.099 %".into(), "0.1 %".into())
        );
        assert_eq!(
            (human_percent(0.000_003), human_percent(1.26e-7), human_percent(1e-10)),
            ("0.0003 %".into(), "0.000013 %".into(), "<0.000001 %".into())
        );
        assert_eq!(
            (human_number(1234.5), human_number(0.1234), human_number(12.34)),
            ("1,235".into(), "0.123".into(), "12.3".into())
        );
        assert_eq!(grouped(-1_234_567.0), "-1,234,567");
    }

    #[test]
    fn calendar_times_are_rfc_3339() {
        let start = Some(1_767_225_600);
        assert_eq!(calendar_time(start, SimTime::from_millis(1_500)).as_deref(), Some("2026-01-01T00:00:01.5Z"));
        assert_eq!(calendar_time(None, SimTime::ZERO), None);
        assert_eq!(calendar_time(Some(i64::MAX), SimTime::MAX), None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in prop::num::f64::NORMAL) {
            let text = shortest(value);
            prop_assert!(!text.contains(['e', 'E']));
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
        }

        #[test]
        fn seconds_read_back_exactly(nanos in any::<i64>()) {
            let text = exact_decimal(nanos.into(), 9);
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            let digits = format!("{whole}{fraction:0<9}");
            prop_assert_eq!(digits.parse::<i64>().unwrap(), nanos);
        }
    }
}
