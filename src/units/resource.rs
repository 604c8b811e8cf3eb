//! CPU and memory amounts as integers.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub, SubAssign};

/// The most of one resource that one object may name, in millicores, bytes or whole units: 2^53, which is 9 petabytes or
/// nine million million cores.
pub const MAX_AMOUNT: i64 = 1 << 53;

/// The most of one resource that all nodes of a run may offer together, and the most that pods which are bound from the
/// start may request together: 2^61, so that the two and what is on its way fit in 64 bits.
pub const MAX_TOTAL: i64 = 1 << 61;

macro_rules! amount {
    ($(#[$docs:meta])* $name:ident, $unit:literal) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            #[doc = concat!("An amount in ", $unit, ".")]
            #[must_use]
            pub const fn new(amount: i64) -> Self {
                Self(amount)
            }

            #[doc = concat!("The amount in ", $unit, ".")]
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }

            #[doc = concat!("The amount in ", $unit, " as a float, for statistics.")]
            #[must_use]
            #[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
            pub fn as_f64(self) -> f64 {
                self.0 as f64
            }
        }

        /// Amounts are checked where they are read, see [`MAX_AMOUNT`]; a sum beyond 64 bits would stay at the limit.
        impl Add for $name {
            type Output = Self;
            fn add(self, amount: Self) -> Self {
                Self(self.0.saturating_add(amount.0))
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, amount: Self) {
                *self = *self + amount;
            }
        }

        impl Sub for $name {
            type Output = Self;
            fn sub(self, amount: Self) -> Self {
                Self(self.0.saturating_sub(amount.0))
            }
        }

        impl SubAssign for $name {
            fn sub_assign(&mut self, amount: Self) {
                *self = *self - amount;
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
                amounts.fold(Self::ZERO, Add::add)
            }
        }
    };
}

amount!(
    /// CPU in thousandths of a core.
    MilliCpu,
    "millicores"
);
amount!(
    /// Memory or storage in bytes.
    Bytes,
    "bytes"
);

impl MilliCpu {
    /// The amount in cores, for output.
    #[must_use]
    pub fn as_cores(self) -> f64 {
        self.as_f64() / 1000.0
    }
}
