//! Answers about nodes: their JSON form, and the text for people.

use super::grid::Grid;
use super::text::wrap;
use crate::report::format::Format;
use serde::Serialize;

/// The node that is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedNode {
    /// Name.
    pub name: String,
    /// Its pool, if it belongs to one.
    pub pool: Option<String>,
    /// Instance type, if it has one.
    pub instance_type: Option<String>,
    /// Zone, if it has one.
    pub zone: Option<String>,
    /// Pods on it at the end or at `--at`; null if it never registered.
    pub pods: Option<u32>,
}

/// Something that was decided about a node, or happened to its machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedDecision {
    /// When, exactly, for the order.
    #[serde(skip)]
    pub at_nanos: i64,
    /// Seconds since the start of the run.
    pub at_seconds: f64,
    /// The same as a duration.
    pub at: String,
    /// Who: an autoscaler, the cloud or the kubelet.
    pub by: String,
    /// What, for example `ScaleUp`, `Keep` or `Registered`.
    pub decision: String,
    /// The rule that decided, for example `NotUnderutilized`; empty if there is none.
    pub limited_by: String,
    /// From what it was decided, `key=value` pairs with `;` between them, or a sentence.
    pub inputs: String,
}

/// Why a node is there, stays or went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeExplanation {
    /// [`EXPLAIN_FORMAT_VERSION`](super::EXPLAIN_FORMAT_VERSION).
    pub format_version: u32,
    /// The answer in a line.
    pub answer: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Seed of the random streams.
    pub seed: u64,
    /// The node.
    pub node: ExplainedNode,
    /// Everything that was decided about it, in order of time.
    pub decisions: Vec<ExplainedDecision>,
    /// What else there is to know.
    pub notes: Vec<String>,
}

impl NodeExplanation {
    /// The explanation as text that ends with a line break.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Json => serde_json::to_value(self).map_or_else(|_| String::new(), |value| format!("{value:#}\n")),
            Format::Yaml => serde_saphyr::to_string(self).unwrap_or_default(),
            Format::Csv => self.grid().render(format),
            Format::Table | Format::Wide | Format::Markdown => {
                let mut text = String::new();
                wrap(&mut text, "", &self.answer);
                if !self.decisions.is_empty() {
                    text.push('\n');
                    match format {
                        Format::Table => self.tell(&mut text),
                        _ => text.push_str(&self.grid().render(format)),
                    }
                }
                if !self.notes.is_empty() {
                    text.push('\n');
                }
                for note in &self.notes {
                    wrap(&mut text, "- ", note);
                }
                text
            }
        }
    }

    /// The decisions one below the other: when, who, what, and in lines of their own the rule and what it was decided from.
    fn tell(&self, text: &mut String) {
        let width = self.decisions.iter().map(|decision| decision.at.len()).max().unwrap_or(0);
        let indent = " ".repeat(width + 4);
        for decision in &self.decisions {
            let ExplainedDecision { at, by, decision, limited_by, inputs, .. } = decision;
            wrap(text, &format!("{at:>width$}  "), &format!("{by}: {decision}"));
            for part in [limited_by, inputs].into_iter().filter(|part| !part.is_empty()) {
                wrap(text, &indent, &part.replace(';', "; "));
            }
        }
    }

    fn grid(&self) -> Grid {
        let mut grid = Grid::default().number("TIME").text("BY").text("DECISION").text("RULE").text("FROM");
        for decision in &self.decisions {
            grid.push(vec![
                decision.at.clone(),
                decision.by.clone(),
                decision.decision.clone(),
                decision.limited_by.clone(),
                decision.inputs.clone(),
            ]);
        }
        grid
    }
}
