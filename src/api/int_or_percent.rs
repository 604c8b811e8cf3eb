//! Numbers that may be percentages.

/// `IntOrString` as a number of pods or a percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntOrPercent {
    /// A number.
    Int(i32),
    /// Whole percents.
    Percent(i32),
}

impl IntOrPercent {
    /// The number, or that share of `total` rounded up.
    #[must_use]
    pub fn resolve_up(self, total: i32) -> i32 {
        self.resolve(total, 99)
    }

    /// The number, or that share of `total` rounded down.
    #[must_use]
    pub fn resolve_down(self, total: i32) -> i32 {
        self.resolve(total, 0)
    }

    /// `intstr.GetScaledValueFromIntOrPercent` of apimachinery.
    fn resolve(self, total: i32, add: i64) -> i32 {
        match self {
            Self::Int(number) => number,
            Self::Percent(percent) => {
                let scaled = i64::from(percent) * i64::from(total);
                i32::try_from((scaled + add).div_euclid(100)).unwrap_or(i32::MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_as_asked() {
        assert_eq!(IntOrPercent::Percent(25).resolve_up(10), 3);
        assert_eq!(IntOrPercent::Percent(25).resolve_down(10), 2);
        assert_eq!(IntOrPercent::Percent(100).resolve_up(7), 7);
        assert_eq!(IntOrPercent::Int(4).resolve_up(1), 4);
    }
}
