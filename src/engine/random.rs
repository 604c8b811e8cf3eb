//! Named random streams: one per purpose, independent of each other, the same on every machine.

use crate::units::SimDuration;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The generator behind a stream: small, fast and specified to the bit.
pub type RandomStream = Xoshiro256PlusPlus;

/// Gives each purpose its own stream, so that drawing more numbers for one purpose leaves the others' draws alone
/// (common random numbers in a comparison of scenarios).
#[derive(Clone, Copy, Debug)]
pub struct RandomStreams {
    seed: u64,
}

impl RandomStreams {
    /// Streams of one run.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The stream of `purpose`, for example `faults/power-cut`, from its beginning.
    pub fn stream(&self, purpose: &str) -> RandomStream {
        // FNV-1a over the name, mixed with the seed; `seed_from_u64` then spreads the bits with SplitMix64.
        let hash = purpose
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        RandomStream::seed_from_u64(hash ^ self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31))
    }

    /// How far into its period a loop is that began at an unknown time: from zero up to, not including, `period`.
    pub fn phase(&self, purpose: &str, period: SimDuration) -> SimDuration {
        draw_phase(&mut self.stream(purpose), period)
    }
}

/// Draws how far into its period a loop is, to the millisecond: from zero up to, not including, `period`; zero if there is
/// no period.
pub fn draw_phase(stream: &mut RandomStream, period: SimDuration) -> SimDuration {
    let millis = period.as_nanos() / 1_000_000;
    if millis <= 0 { SimDuration::ZERO } else { SimDuration::from_millis(stream.random_range(0..millis)) }
}

/// A number from zero up to, not including, one that belongs to `index`: as good as drawn, and the same each time.
pub fn scatter(seed: u64, index: u64) -> f64 {
    // The finalizer of SplitMix64.
    let mut bits = (seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let numerator = (bits >> 11) as f64;
    numerator / 9_007_199_254_740_992.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_are_fixed_and_differ_by_purpose_and_seed() {
        let draw = |seed, purpose| RandomStreams::new(seed).stream(purpose).next_u64();
        assert_eq!(draw(42, "a"), draw(42, "a"));
        assert_ne!(draw(42, "a"), draw(42, "b"));
        assert_ne!(draw(42, "a"), draw(43, "a"));
        assert_eq!(
            draw(1, "faults/power-cut"),
            18_420_217_805_005_686_204,
            "the value must never change between releases"
        );
    }

    #[test]
    fn scattered_numbers_are_even_and_fixed() {
        let numbers: Vec<f64> = (0..1000).map(|index| scatter(3, index)).collect();
        let mean = numbers.iter().sum::<f64>() / 1000.0;
        assert!((0.47..0.53).contains(&mean), "{mean}");
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        assert_eq!(scatter(3, 17).to_bits(), numbers[17].to_bits());
        assert_ne!(scatter(4, 17).to_bits(), numbers[17].to_bits());
    }

    #[test]
    fn phases_fill_the_period() {
        let period = SimDuration::from_secs(15);
        let phases: Vec<f64> =
            (0..200).map(|seed| RandomStreams::new(seed).phase("loop", period).as_secs_f64()).collect();
        assert!(phases.iter().all(|phase| (0.0..15.0).contains(phase)));
        let mean = phases.iter().sum::<f64>() / 200.0;
        assert!((6.5..8.5).contains(&mean), "{mean}");
        assert_eq!(RandomStreams::new(1).phase("loop", SimDuration::ZERO), SimDuration::ZERO);
    }
}
