//! One field of a schedule: lists, ranges, steps and names (`getField` of robfig/cron v3.0.1).

use super::CronScheduleError;

/// The values that a field allows, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    bits: u64,
    /// Whether the field has a `*` or `?` without a step: then it does not restrict a day, and a day has to fit the
    /// other field as well.
    pub is_star: bool,
}

impl Field {
    /// Whether a value is allowed.
    pub fn has(self, value: i8) -> bool {
        u32::try_from(value).is_ok_and(|value| self.bits >> value & 1 == 1)
    }
}

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    min: u64,
    max: u64,
    /// Names of the values, the first for `min`.
    names: &'static [&'static str],
}

/// Minutes.
pub const MINUTE: Bounds = Bounds { min: 0, max: 59, names: &[] };
/// Hours.
pub const HOUR: Bounds = Bounds { min: 0, max: 23, names: &[] };
/// Days of the month.
pub const DAY_OF_MONTH: Bounds = Bounds { min: 1, max: 31, names: &[] };
/// Months.
pub const MONTH: Bounds = Bounds {
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
/// Days of the week from Sunday on.
pub const DAY_OF_WEEK: Bounds = Bounds { min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

impl Bounds {
    /// Reads a field: ranges, parted by commas.
    pub fn parse(self, text: &str) -> Result<Field, CronScheduleError> {
        let mut field = Field { bits: 0, is_star: false };
        for expression in text.split(',').filter(|expression| !expression.is_empty()) {
            let range = self.range(expression)?;
            field.bits |= range.bits;
            field.is_star |= range.is_star;
        }
        Ok(field)
    }

    /// `*`, a value or `from-to`, each with or without `/step`.
    fn range(self, expression: &str) -> Result<Field, CronScheduleError> {
        let error = |text: String| Err(CronScheduleError(format!("{text}: {expression}")));
        let parts: Vec<&str> = expression.split('/').collect();
        let values: Vec<&str> = parts[0].split('-').collect();
        let mut is_star = matches!(values[0], "*" | "?");
        let (start, mut end) = if is_star {
            (self.min, self.max)
        } else {
            let start = self.value(values[0])?;
            match values[..] {
                [_] => (start, start),
                [_, end] => (start, self.value(end)?),
                _ => return error("too many hyphens".to_owned()),
            }
        };
        let step = match parts[..] {
            [_] => 1,
            [_, step] => {
                let step = number(step)?;
                // `5/15` means `5-59/15`.
                if values.len() == 1 {
                    end = self.max;
                }
                is_star &= step <= 1;
                step
            }
            _ => return error("too many slashes".to_owned()),
        };
        if start < self.min {
            return error(format!("beginning of range ({start}) below minimum ({})", self.min));
        }
        if end > self.max {
            return error(format!("end of range ({end}) above maximum ({})", self.max));
        }
        if start > end {
            return error(format!("beginning of range ({start}) beyond end of range ({end})"));
        }
        let Ok(step @ 1..) = usize::try_from(step) else {
            return error("step of range should be a positive number".to_owned());
        };
        let bits = (start..=end).step_by(step).fold(0, |bits, value| bits | 1 << value);
        Ok(Field { bits, is_star })
    }

    /// A value, by its name or number.
    fn value(self, text: &str) -> Result<u64, CronScheduleError> {
        let named = (self.min..).zip(self.names).find(|(_, name)| name.eq_ignore_ascii_case(text));
        named.map_or_else(|| number(text), |(value, _)| Ok(value))
    }
}

/// A number that is not negative (`mustParseInt`, with the errors of Go's `strconv.Atoi`).
fn number(text: &str) -> Result<u64, CronScheduleError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let problem = if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        "invalid syntax"
    } else {
        match text.parse::<i64>() {
            Ok(number) => {
                return u64::try_from(number)
                    .map_err(|_| CronScheduleError(format!("negative number ({number}) not allowed: {text}")));
            }
            Err(_) => "value out of range",
        }
    };
    Err(CronScheduleError(format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: {problem}")))
}
