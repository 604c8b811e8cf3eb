//! A summary of the leaves of one base in one block: how many nodes are feasible, the best score for resources, and how many
//! nodes have it.

/// Leaves from this value on are not feasible; the rest of the value is the index of the failure.
pub const FAILED: u32 = 1 << 31;

/// The feasible leaves of a base in one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The highest resource score.
    pub best: u16,
    /// How many leaves.
    pub leaves: u8,
    /// How many of them have the highest score.
    pub ties: u8,
}

impl Summary {
    /// Takes a leaf in.
    pub fn add(&mut self, score: u16) {
        self.leaves += 1;
        if score > self.best || self.leaves == 1 {
            self.best = score;
            self.ties = 1;
        } else if score == self.best {
            self.ties += 1;
        }
    }

    /// Takes a leaf out. Tells whether the highest score is still known.
    pub fn remove(&mut self, score: u16) -> bool {
        self.leaves -= 1;
        if score == self.best {
            self.ties -= 1;
        }
        self.ties > 0 || self.leaves == 0
    }
}

/// The summary of leaves of one base, of at most one block.
pub fn summary_of(leaves: impl Iterator<Item = u32>) -> Summary {
    // A feasible leaf is worth one more than its score, the others nothing, so that all are compared alike.
    let (mut best, mut ties, mut feasible) = (0, 0_u8, 0_u8);
    for leaf in leaves {
        let worth = if leaf < FAILED { (leaf & 0xFFFF) + 1 } else { 0 };
        feasible += u8::from(worth > 0);
        ties = u8::from(worth == best) + if worth > best { 1 } else { ties };
        best = best.max(worth);
    }
    match best {
        0 => Summary::default(),
        _ => Summary { best: u16::try_from(best - 1).unwrap_or(u16::MAX), leaves: feasible, ties },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_of_leaves_is_that_of_one_by_one() {
        let cases: [&[u32]; 6] = [
            &[],
            &[FAILED, FAILED | 3, u32::MAX],
            &[0, 0, FAILED],
            &[5, 7, 7, FAILED, 3, 7],
            &[7, 7, 5, 7],
            &[0xFFFE, 0, 0xFFFE],
        ];
        for leaves in cases {
            let mut expected = Summary::default();
            leaves.iter().filter(|leaf| **leaf < FAILED).for_each(|leaf| expected.add((*leaf & 0xFFFF) as u16));
            assert_eq!(summary_of(leaves.iter().copied()), expected, "{leaves:?}");
        }
    }

    #[test]
    fn a_summary_knows_its_best_until_the_last_of_them_goes() {
        let mut summary = Summary::default();
        for score in [0, 5, 7, 7] {
            summary.add(score);
        }
        assert_eq!(summary, Summary { best: 7, leaves: 4, ties: 2 });
        assert!(summary.remove(5));
        assert!(summary.remove(7));
        assert_eq!((summary.best, summary.ties), (7, 1));
        assert!(!summary.remove(7), "what comes next has to be looked for");
        let mut only = Summary::default();
        only.add(0);
        assert_eq!(only, Summary { best: 0, leaves: 1, ties: 1 }, "a score of 0 counts");
        assert!(only.remove(0), "nothing is left to look for");
        only.add(3);
        assert_eq!(only, Summary { best: 3, leaves: 1, ties: 1 });
    }
}
