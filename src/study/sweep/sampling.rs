//! The places of a sample's points in the unit cube, one coordinate for each parameter.

use crate::engine::RandomStreams;
use rand::RngExt;
use rand::seq::SliceRandom;

/// A sample of a sweep's combinations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How the points are chosen.
    pub method: Method,
    /// How many.
    pub points: u32,
    /// Seed of what is drawn.
    pub seed: u64,
}

/// How the points of a sample are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Each coordinate has one point in each of as many equal parts as there are points (`McKay`, Beckman and Conover, 1979).
    LatinHypercube,
    /// The Sobol sequence, not scrambled, in the order of the Gray code; from its beginning, the corner where all is zero.
    Sobol,
}

/// The coordinates of each point, from 0 up to, not including, 1.
#[must_use]
pub fn places(sample: Sample, parameters: usize) -> Vec<Vec<f64>> {
    match sample.method {
        Method::LatinHypercube => latin_hypercube(sample.points, parameters, sample.seed),
        Method::Sobol => sobol(sample.points, parameters),
    }
}

fn latin_hypercube(points: u32, parameters: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut stream = RandomStreams::new(seed).stream("sweep/latin-hypercube");
    let coordinates: Vec<Vec<f64>> = (0..parameters)
        .map(|_| {
            let mut parts: Vec<u32> = (0..points).collect();
            parts.shuffle(&mut stream);
            parts.iter().map(|part| (f64::from(*part) + stream.random::<f64>()) / f64::from(points)).collect()
        })
        .collect();
    let place = |point: usize| coordinates.iter().filter_map(|of_parameter| of_parameter.get(point).copied()).collect();
    (0..points as usize).map(place).collect()
}

/// Primitive polynomials and first direction numbers of the second coordinate and on: degree, coefficients, numbers. From
/// `new-joe-kuo-6` of S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections" (2008).
const DIRECTIONS: [(u32, u32, &[u32]); 20] = [
    (1, 0, &[1]),
    (2, 1, &[1, 3]),
    (3, 1, &[1, 3, 1]),
    (3, 2, &[1, 1, 1]),
    (4, 1, &[1, 1, 3, 3]),
    (4, 4, &[1, 3, 5, 13]),
    (5, 2, &[1, 1, 5, 5, 17]),
    (5, 4, &[1, 1, 5, 5, 5]),
    (5, 7, &[1, 1, 7, 11, 19]),
    (5, 11, &[1, 1, 5, 1, 1]),
    (5, 13, &[1, 1, 1, 3, 11]),
    (5, 14, &[1, 3, 5, 5, 31]),
    (6, 1, &[1, 3, 3, 9, 7, 49]),
    (6, 13, &[1, 1, 1, 15, 21, 21]),
    (6, 16, &[1, 3, 1, 13, 27, 49]),
    (6, 19, &[1, 1, 1, 15, 7, 5]),
    (6, 22, &[1, 3, 1, 15, 13, 25]),
    (6, 25, &[1, 1, 5, 5, 19, 61]),
    (7, 1, &[1, 3, 7, 11, 23, 15, 103]),
    (7, 4, &[1, 3, 7, 13, 13, 15, 69]),
];

/// The 32 direction numbers of a coordinate, as binary fractions; `None` beyond the last one that is known.
fn directions(coordinate: usize) -> Option<Vec<u32>> {
    let Some(index) = coordinate.checked_sub(1) else {
        return Some((0..32).map(|bit| 1 << (31 - bit)).collect());
    };
    let (degree, coefficients, first) = DIRECTIONS.get(index)?;
    let mut numbers: Vec<u32> = first.iter().zip(0..).map(|(number, bit)| number << (31 - bit)).collect();
    let degree = *degree as usize;
    while numbers.len() < 32 {
        let earlier = |back: usize| numbers.get(numbers.len().wrapping_sub(back)).copied().unwrap_or(0);
        let mut next = earlier(degree) ^ (earlier(degree) >> degree);
        for back in 1..degree {
            if (coefficients >> (degree - 1 - back)) & 1 == 1 {
                next ^= earlier(back);
            }
        }
        numbers.push(next);
    }
    Some(numbers)
}

fn sobol(points: u32, parameters: usize) -> Vec<Vec<f64>> {
    let directions: Vec<Vec<u32>> = (0..parameters).filter_map(directions).collect();
    let mut current = vec![0_u32; directions.len()];
    let mut places = Vec::new();
    for index in 0..points {
        places.push(current.iter().map(|bits| f64::from(*bits) / 4_294_967_296.0).collect());
        // The Gray codes of neighbours differ in the bit of the lowest zero.
        let bit = index.trailing_ones() as usize;
        for (bits, directions) in current.iter_mut().zip(&directions) {
            *bits ^= directions.get(bit).copied().unwrap_or(0);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sobol_points_are_as_published() {
        // scipy.stats.qmc.Sobol(d=21, scramble=False), which has the same direction numbers.
        let thirty_seventh = [
            0.921_875, 0.640_625, 0.578_125, 0.921_875, 0.765_625, 0.296_875, 0.171_875, 0.796_875, 0.609_375,
            0.171_875, 0.015_625, 0.078_125, 0.578_125, 0.859_375, 0.109_375, 0.484_375, 0.796_875, 0.421_875,
            0.046_875, 0.140_625, 0.953_125,
        ];
        let sixty_second = [
            0.515_625, 0.296_875, 0.859_375, 0.953_125, 0.359_375, 0.640_625, 0.078_125, 0.640_625, 0.328_125,
            0.078_125, 0.921_875, 0.171_875, 0.046_875, 0.265_625, 0.828_125, 0.265_625, 0.578_125, 0.890_625,
            0.453_125, 0.734_375, 0.734_375,
        ];
        let places = sobol(64, 21);
        assert_eq!(places[0], [0.0; 21]);
        assert_eq!(places[1], [0.5; 21]);
        assert_eq!(places[37], thirty_seventh);
        assert_eq!(places[62], sixty_second);
    }

    #[test]
    fn each_part_of_a_latin_hypercube_is_met_once() {
        let sample = Sample { method: Method::LatinHypercube, points: 50, seed: 7 };
        let places = places(sample, 3);
        for parameter in 0..3 {
            let mut parts: Vec<f64> = places.iter().map(|place| (place[parameter] * 50.0).floor()).collect();
            parts.sort_by(f64::total_cmp);
            assert_eq!(parts, (0..50).map(f64::from).collect::<Vec<_>>());
        }
        assert_ne!(places, super::places(Sample { seed: 8, ..sample }, 3), "another seed, other points");
    }
}
