//! Which sizes of pods a run has seen: what is free on a node and too small for all of them is of no use.

use rustc_hash::FxHashSet;

/// CPU in millicores and memory in bytes that a pod requests.
pub type Shape = (i64, i64);

/// The sizes that pods of the run have, reduced to the smallest: a space that has no room for any of these has none for any
/// other. Pods of DaemonSets, and pods that request nothing, do not count.
#[derive(Debug, Default)]
pub struct KnownShapes {
    seen: FxHashSet<Shape>,
    smallest: Vec<Shape>,
}

impl KnownShapes {
    /// Notes a size, and says whether it changes what is too small.
    pub fn note(&mut self, shape: Shape) -> bool {
        if shape == (0, 0) || !self.seen.insert(shape) {
            return false;
        }
        let holds = |outer: Shape, inner: Shape| inner.0 <= outer.0 && inner.1 <= outer.1;
        if self.smallest.iter().any(|known| holds(shape, *known)) {
            return false;
        }
        self.smallest.retain(|known| !holds(*known, shape));
        self.smallest.push(shape);
        true
    }

    /// Whether a space has room for a pod of some size that was seen. Before the first everything has.
    pub fn fit(&self, free: Shape) -> bool {
        self.smallest.is_empty() || self.smallest.iter().any(|shape| shape.0 <= free.0 && shape.1 <= free.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_sizes_decide() {
        let mut shapes = KnownShapes::default();
        assert!(shapes.fit((0, 0)), "nothing is known yet");
        let notes =
            [((500, 100), true), ((1000, 200), false), ((500, 100), false), ((100, 400), true), ((0, 0), false)];
        for (shape, changes) in notes {
            assert_eq!(shapes.note(shape), changes, "{shape:?}");
        }
        let cases = [((499, 399), false), ((500, 100), true), ((100, 400), true), ((99, 9999), false)];
        for (free, fits) in cases {
            assert_eq!(shapes.fit(free), fits, "{free:?}");
        }
        assert!(shapes.note((100, 100)), "smaller than both");
        assert_eq!(shapes.smallest, [(100, 100)]);
    }
}
