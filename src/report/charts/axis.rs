//! The axes of a chart: where their ticks go, and how they are labelled.

use super::figure::{XAxis, YAxis};
use super::sampling::float;
use crate::report::numbers;
use jiff::Timestamp;

/// A tick: where, and the lines of its label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub at: f64,
    pub label: String,
    /// A second line, for the date where it changes.
    pub below: String,
}

/// The ticks of an axis with its label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ticks {
    pub ticks: Vec<Tick>,
    pub label: String,
}

/// Steps of a time axis in seconds.
const TIME_STEPS: [f64; 26] = [
    0.001,
    0.01,
    0.1,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1800.0,
    3600.0,
    7200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    2_592_000.0,
    31_536_000.0,
];

/// The multiples of `step` within a range, at most 1000.
fn multiples(from: f64, to: f64, step: f64) -> Vec<f64> {
    let first = (from / step - 1e-9).ceil();
    (0..1000).map(|index| (first + float(index)) * step).take_while(|at| *at <= to + step * 1e-9).collect()
}

/// 1, 2 or 5 times a power of ten that divides `span` into at most `most` parts.
fn nice_step(span: f64, most: f64) -> f64 {
    let rough = span / most;
    let power = 10_f64.powi(exponent(rough));
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough * 0.999_999)
        .unwrap_or(span)
}

/// The power of ten at or below a positive number, without the platform's logarithm.
fn exponent(value: f64) -> i32 {
    let mut power = 0;
    while power < 300 && 10_f64.powi(power + 1) <= value {
        power += 1;
    }
    while power > -300 && 10_f64.powi(power) > value {
        power -= 1;
    }
    power
}

/// The horizontal ticks, at most about `most`.
pub(super) fn x_ticks(axis: &XAxis, most: usize) -> Ticks {
    let (from, to) = axis.range();
    match axis {
        XAxis::Time { start_unix_seconds: None, .. } => relative_time("the start", from, to, most),
        XAxis::Since { event, .. } => relative_time(event, from, to, most),
        XAxis::Time { start_unix_seconds: Some(start), .. } => calendar_time(from, to, *start, most),
        XAxis::Numeric { label, values, .. } if !values.is_empty() && values.len() <= most => {
            let ticks = values.iter().map(|at| Tick::new(*at, at.to_string())).collect();
            Ticks { ticks, label: label.clone() }
        }
        XAxis::Numeric { label, .. } => {
            let step = nice_step(to - from, float(most));
            let ticks = multiples(from, to, step).into_iter().map(|at| Tick::new(at, number_label(at, step))).collect();
            Ticks { ticks, label: label.clone() }
        }
        XAxis::Categories { label, names } => {
            let every = names.len().div_ceil(most.max(1)).max(1);
            let tick = |(index, name): (usize, &String)| Tick::new(float(index), name.clone());
            Ticks { ticks: names.iter().enumerate().step_by(every).map(tick).collect(), label: label.clone() }
        }
    }
}

impl Tick {
    const fn new(at: f64, label: String) -> Self {
        Self { at, label, below: String::new() }
    }
}

fn time_step(span: f64, most: usize) -> f64 {
    TIME_STEPS.into_iter().find(|step| span / step <= float(most)).unwrap_or_else(|| nice_step(span, float(most)))
}

fn relative_time(event: &str, from: f64, to: f64, most: usize) -> Ticks {
    let step = time_step(to - from, most);
    let (unit, name) = match step {
        _ if step >= 86_400.0 => (86_400.0, "d"),
        _ if step >= 3600.0 => (3600.0, "h"),
        _ if step >= 60.0 => (60.0, "min"),
        _ => (1.0, "s"),
    };
    let ticks =
        multiples(from, to, step).into_iter().map(|at| Tick::new(at, number_label(at / unit, step / unit))).collect();
    Ticks { ticks, label: format!("time since {event} ({name})") }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a date needs no more than 53 bits")]
fn calendar_time(from: f64, to: f64, start: i64, most: usize) -> Ticks {
    let step = time_step(to - from, most);
    let offset = start as f64;
    let mut ticks = Vec::new();
    let mut previous_date = String::new();
    for at in multiples(from + offset, to + offset, step) {
        let Ok(time) = Timestamp::from_millisecond((at * 1000.0).round() as i64) else { continue };
        let date = time.strftime("%b %-d").to_string();
        let (label, below) = if step >= 86_400.0 {
            (date.clone(), String::new())
        } else {
            let form = match step {
                _ if step >= 60.0 => "%H:%M",
                _ if step >= 1.0 => "%H:%M:%S",
                _ => "%H:%M:%S%.3f",
            };
            (time.strftime(form).to_string(), if date == previous_date { String::new() } else { date.clone() })
        };
        previous_date = date;
        ticks.push(Tick { at: at - offset, label, below });
    }
    let year = Timestamp::from_second(start).map(|time| time.strftime("%Y").to_string()).unwrap_or_default();
    Ticks { ticks, label: format!("time (UTC, {year})") }
}

/// A number with as many decimals as the step needs.
fn number_label(value: f64, step: f64) -> String {
    let digits = usize::try_from((-exponent(step * 1.000_001)).max(0)).unwrap_or(0);
    if value.abs() >= 10_000.0 && digits == 0 {
        numbers::grouped(value)
    } else {
        numbers::trimmed(value, digits.min(9))
    }
}

/// The vertical range and ticks for values between `least` and `greatest`.
pub(super) fn y_ticks(axis: &YAxis, least: f64, greatest: f64, most: usize) -> (f64, f64, Vec<Tick>) {
    if let YAxis::Categories(names) = axis {
        let ticks = names.iter().enumerate().map(|(index, name)| Tick::new(float(index), name.clone()));
        return (-0.5, f64::max(0.5, float(names.len()) - 0.5), ticks.collect());
    }
    if *axis == YAxis::Log {
        return log_ticks(least, greatest, most);
    }
    // Away from zero only where there is something to see: otherwise noise, or rounding, would fill the chart.
    let free = *axis == YAxis::Free && least > 0.4 * greatest && greatest - least > 0.05 * greatest;
    let bottom = if free || least < 0.0 { least } else { 0.0 };
    let top = if greatest > bottom { greatest } else { bottom + bottom.abs().max(1.0) };
    let mut step = nice_step((top - bottom) * 1.04, float(most));
    if *axis == YAxis::Count {
        step = step.max(1.0);
    }
    let low = (bottom / step + 1e-9).floor() * step;
    let high = (top / step - 1e-9).ceil() * step;
    // Headroom where a line would run along the upper edge.
    let high = if high - top < 0.02 * (high - low) { high + step * 0.25 } else { high };
    let ticks = multiples(low, high, step)
        .into_iter()
        .map(|at| {
            let text = number_label(at, step);
            Tick::new(at, if *axis == YAxis::Dollars { format!("${text}") } else { text })
        })
        .collect();
    (low, high, ticks)
}

/// The powers of ten between which some values are; with 2 and 5 times each where there is room.
fn log_ticks(least: f64, greatest: f64, most: usize) -> (f64, f64, Vec<Tick>) {
    let low_power = exponent(least.max(1e-9));
    let high_power = exponent(greatest.max(1e-9) * 0.999_999) + 1;
    let factors: &[f64] = match usize::try_from(high_power - low_power).unwrap_or(1) {
        decades if decades * 3 <= most => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    let mut all: Vec<f64> = (low_power..=high_power)
        .flat_map(|power| factors.iter().map(move |factor| (power, factor)))
        .map(|(power, factor)| if power < 0 { factor / 10_f64.powi(-power) } else { factor * 10_f64.powi(power) })
        .collect();
    all.retain(|at| *at <= 10_f64.powi(high_power) * 1.000_001);
    // The axis ends at the ticks next to the values.
    let from = all.iter().rposition(|at| *at <= least.max(1e-9)).unwrap_or(0);
    let to = all.iter().position(|at| *at >= greatest).unwrap_or(all.len() - 1).max(from + 1).min(all.len() - 1);
    let shown = all.get(from..=to).unwrap_or_default();
    let ticks = shown.iter().map(|at| Tick::new(*at, number_label(*at, *at))).collect();
    (shown.first().copied().unwrap_or(1e-9), shown.last().copied().unwrap_or(1.0), ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn times_have_round_ticks() {
        let axis = XAxis::Time { from: 0.0, to: 86_400.0, start_unix_seconds: None };
        let found = x_ticks(&axis, 10);
        assert_eq!(labels(&found.ticks), ["0", "3", "6", "9", "12", "15", "18", "21", "24"]);
        assert_eq!(found.label, "time since the start (h)");
        // 2026-03-02 22:15 UTC: ticks stand on whole hours, not on hours since the start.
        let axis = XAxis::Time { from: 0.0, to: 14_400.0, start_unix_seconds: Some(1_772_489_700) };
        let found = x_ticks(&axis, 5);
        assert_eq!(labels(&found.ticks), ["23:00", "00:00", "01:00", "02:00"]);
        assert_eq!(found.ticks.iter().map(|tick| tick.below.as_str()).collect::<Vec<_>>(), ["Mar 2", "Mar 3", "", ""]);
    }

    #[test]
    fn the_axis_leaves_zero_only_for_differences() {
        let bottom = |least, greatest| y_ticks(&YAxis::Free, least, greatest, 8).0;
        assert!(bottom(9.0, 24.0) < 1e-9, "from zero");
        assert!(bottom(20.0, 24.0) >= 18.0, "the differences fill the chart");
        assert!(bottom(0.288, 0.290) < 1e-9, "noise does not");
        assert!(bottom(3.0, 3.0) < 1e-9, "nor does a constant");
    }

    #[test]
    fn counts_have_no_tick_between_two_things() {
        let (low, high, ticks) = y_ticks(&YAxis::Count, 0.0, 2.0, 8);
        assert_eq!(labels(&ticks), ["0", "1", "2"]);
        assert!(low == 0.0 && high > 2.0);
    }

    #[test]
    fn logarithmic_axes_end_next_to_the_values() {
        let cases: [(f64, f64, usize, &[&str]); 4] = [
            (0.012, 0.9, 7, &["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]),
            (0.012, 45.0, 7, &["0.01", "0.1", "1", "10", "100"]),
            (0.3, 0.4, 7, &["0.2", "0.5"]),
            (0.001, 1.0, 7, &["0.001", "0.01", "0.1", "1"]),
        ];
        for (least, greatest, most, expected) in cases {
            let (low, high, ticks) = y_ticks(&YAxis::Log, least, greatest, most);
            assert_eq!(labels(&ticks), expected, "{least} to {greatest}");
            assert!(low <= least.max(1e-9) * 1.000_001 && high >= greatest * 0.999_999, "{low} {high}");
        }
    }

    #[test]
    fn every_range_has_ticks() {
        for greatest in [0.0, 1e-12, 0.3, 1.0, 17.0, 1e6, 3.3e15, 1e300] {
            let (low, high, ticks) = y_ticks(&YAxis::Amount, 0.0, greatest, 6);
            assert!(low < high && ticks.len() >= 2 && ticks.len() < 12, "{greatest}: {low} {high} {}", ticks.len());
        }
        for span in [1e-3, 1.0, 100.0, 86_400.0 * 365.0, 9.2e9] {
            let axis = XAxis::Time { from: 0.0, to: span, start_unix_seconds: Some(0) };
            assert!((2..12).contains(&x_ticks(&axis, 10).ticks.len()), "{span}");
        }
    }
}
