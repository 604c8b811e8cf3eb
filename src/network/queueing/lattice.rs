//! Evenly scattered points of a unit cube: what a latency depends on, at quantiles that belong to each other by no chance.
//!
//! A rank-1 lattice in the form of Korobov (1959): point `i` has the coordinates `i * a^j / N mod 1`, each shifted by half a
//! step. Its error falls nearly with the number of points, where that of random draws falls with its root, and it is the
//! same in each run.

/// Number of points; a prime.
pub const POINTS: usize = 2039;
/// The generator. Its powers are far from each other in the first dimensions.
const GENERATOR: usize = 1487;
/// Number of coordinates of a point.
pub const DIMENSIONS: usize = 7;

/// The points; in the first coordinate they ascend.
pub fn points() -> impl Iterator<Item = [f64; DIMENSIONS]> {
    (0..POINTS).map(|index| {
        let mut factor = 1;
        std::array::from_fn(|_| {
            let place = index * factor % POINTS;
            factor = factor * GENERATOR % POINTS;
            #[expect(clippy::cast_precision_loss, reason = "a few thousand points")]
            let share = (place as f64 + 0.5) / POINTS as f64;
            share
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrals_of_smooth_functions_are_near() {
        // The product of a function of mean 1 in each coordinate: its integral is 1.
        let sum: f64 = points().map(|point| point.iter().map(|share| 1.0 + 0.8 * (share - 0.5)).product::<f64>()).sum();
        #[expect(clippy::cast_precision_loss, reason = "a few thousand points")]
        let mean = sum / POINTS as f64;
        assert!((mean - 1.0).abs() < 2e-3, "{mean}");
        // Any two coordinates fill the square evenly.
        for one in 0..DIMENSIONS {
            for other in 0..one {
                let mut cells = [[0_usize; 10]; 10];
                for point in points() {
                    let cell = |share: f64| (0..10).position(|tenth| share * 10.0 < f64::from(tenth + 1)).unwrap();
                    cells[cell(point[one])][cell(point[other])] += 1;
                }
                let counts = cells.iter().flatten();
                let (least, most) = (counts.clone().min().unwrap(), counts.max().unwrap());
                assert!(
                    *least >= 12 && *most <= 30,
                    "coordinates {one} and {other}: {least} to {most} of 20 in a cell"
                );
            }
        }
    }
}
