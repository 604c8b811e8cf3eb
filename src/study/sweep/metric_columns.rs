//! Which metrics the runs of a sweep have, in one order.

use super::run::{Run, RunOutcome};

/// The names of all metrics that any run has. A metric that the first runs lack stands behind the one that it follows in
/// its own run.
pub(super) fn metric_columns(runs: &[Run]) -> Vec<&str> {
    let mut columns: Vec<&str> = Vec::new();
    for run in runs {
        let RunOutcome::Finished(metrics) = &run.outcome else { continue };
        let mut next = 0;
        for (name, _) in metrics {
            match columns.iter().position(|column| column == name) {
                Some(position) => next = position + 1,
                None => {
                    columns.insert(next, name);
                    next += 1;
                }
            }
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(names: &[&str]) -> Run {
        let metrics = names.iter().map(|name| ((*name).to_owned(), 1.0)).collect();
        Run { point: 0, replication: 0, seed: Some(1), outcome: RunOutcome::Finished(metrics), placements: Vec::new() }
    }

    #[test]
    fn late_metrics_keep_their_neighbours() {
        type Case<'a> = (&'a [&'a [&'a str]], &'a [&'a str], &'a str);
        let cases: [Case; 4] = [
            (&[&["a", "c"], &["a", "b", "c"]], &["a", "b", "c"], "in the middle"),
            (&[&["b"], &["a", "b"]], &["a", "b"], "in front"),
            (&[&["a"], &["a", "b"]], &["a", "b"], "at the end"),
            (&[], &[], "nothing"),
        ];
        for (runs, expected, why) in cases {
            let runs: Vec<Run> = runs.iter().map(|names| run(names)).collect();
            assert_eq!(metric_columns(&runs), expected, "{why}");
        }
    }
}
