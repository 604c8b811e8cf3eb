//! What the arguments of DefaultPreemption mean.

use crate::api::scheduler_config::DefaultPreemptionArgs;

impl DefaultPreemptionArgs {
    /// How many candidates are looked for among `potential` nodes (`calculateNumCandidates`).
    #[must_use]
    pub fn candidates_wanted(self, potential: usize) -> usize {
        let percentage = usize::try_from(self.min_candidate_nodes_percentage).unwrap_or(0);
        let absolute = usize::try_from(self.min_candidate_nodes_absolute).unwrap_or(0);
        (potential * percentage / 100).max(absolute).min(potential)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_candidates_wanted() {
        let cases = [
            (0, 0, "no node"),
            (50, 50, "all, where there are few"),
            (500, 100, "the absolute number"),
            (5000, 500, "the percentage, where it is more"),
        ];
        for (potential, expected, why) in cases {
            assert_eq!(DefaultPreemptionArgs::default().candidates_wanted(potential), expected, "{why}");
        }
    }
}
