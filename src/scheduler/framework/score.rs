//! Scores of nodes: their table, and how most plugins spread theirs over the range.

use crate::scheduler::plugins::Plugin;

/// The highest score of a plugin before its weight (`framework.MaxNodeScore`).
pub const MAX_NODE_SCORE: i64 = 100;

/// The scores of one plugin on the feasible nodes.
#[derive(Clone, Debug)]
pub struct PluginScores {
    /// The plugin.
    pub plugin: Plugin,
    /// Its weight.
    pub weight: i64,
    /// As the plugin gave them, in the order of the feasible nodes.
    pub raw: Vec<i64>,
    /// Normalised and weighted.
    pub weighted: Vec<i64>,
}

/// The scores of all plugins; its buffers are used again in each cycle.
#[derive(Clone, Debug, Default)]
pub struct ScoreTable {
    plugins: Vec<PluginScores>,
    pub(super) used: usize,
    pub(super) totals: Vec<i64>,
}

impl ScoreTable {
    /// The scores of each plugin that took part.
    pub fn plugins(&self) -> &[PluginScores] {
        &self.plugins[..self.used]
    }

    /// The sum of the weighted scores of each feasible node.
    pub fn totals(&self) -> &[i64] {
        &self.totals
    }

    /// The next plugin's row, with empty buffers.
    pub(super) fn next_row(&mut self, plugin: Plugin, weight: i64) -> &mut PluginScores {
        if self.used == self.plugins.len() {
            self.plugins.push(PluginScores { plugin, weight, raw: Vec::new(), weighted: Vec::new() });
        }
        let row = &mut self.plugins[self.used];
        self.used += 1;
        row.plugin = plugin;
        row.weight = weight;
        row.raw.clear();
        row.weighted.clear();
        row
    }
}

/// `helper.DefaultNormalizeScore` of kube-scheduler: the highest becomes 100; reversed, zero becomes 100.
pub fn default_normalize(scores: &mut [i64], reverse: bool) {
    let max = scores.iter().copied().max().unwrap_or(0);
    for score in scores {
        if max == 0 {
            if reverse {
                *score = MAX_NODE_SCORE;
            }
            continue;
        }
        let scaled = MAX_NODE_SCORE * *score / max;
        *score = if reverse { MAX_NODE_SCORE - scaled } else { scaled };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_normalization() {
        let cases = [
            (vec![0, 0], true, vec![100, 100], "nothing to complain about"),
            (vec![2, 2], true, vec![0, 0], "all equally bad"),
            (vec![1, 3], true, vec![67, 0], "truncated before it is reversed"),
            (vec![0, 0], false, vec![0, 0], "zero stays"),
            (vec![1, 3], false, vec![33, 100], "scaled"),
        ];
        for (mut scores, reverse, expected, why) in cases {
            default_normalize(&mut scores, reverse);
            assert_eq!(scores, expected, "{why}");
        }
    }
}
