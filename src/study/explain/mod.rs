//! Why a pod was placed where it is, or nowhere: its last scheduling attempt, taken apart. And why a node is there, stays
//! or went.
//!
//! The scenario is really run, with its seed. What the scheduler knew at the attempt is kept, and the decision is taken
//! again with the same functions, this time with everything that they say noted. It must come out the same.

mod build;
mod choose;
mod compare;
mod decide;
mod node;
mod preemption;
mod reference;

pub use node::explain_node;
pub use reference::{PodReference, PodReferenceError};

use crate::input::Diagnostic;
use crate::report::explain::Explanation;
use crate::sim::{self, Prepared, RunOptions, SimError};
use crate::units::SimTime;
use thiserror::Error;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The pod.
    pub pod: PodReference,
    /// The last moment that counts; `None` is the end of the run.
    pub at: Option<SimTime>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// The run cannot go on.
    #[error(transparent)]
    Sim(#[from] SimError),
    /// The question names no pod or node, or several.
    #[error("{0}")]
    Pod(Box<Diagnostic>),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The explanation.
    pub explanation: Explanation,
    /// Whether the run was interrupted, so that later attempts may be missing.
    pub interrupted: bool,
}

impl Answer {
    /// Whether the decision came out the same when it was taken again; anything else is a bug.
    #[must_use]
    pub fn is_reproduced(&self) -> bool {
        self.explanation.attempt.as_ref().is_none_or(|attempt| attempt.reproduced)
    }
}

/// Runs a scenario and explains the last scheduling attempt of a pod.
///
/// # Errors
/// [`ExplainError`] if the run cannot go on, or if the question names no pod or several.
pub fn explain(prepared: &Prepared, question: &Question, options: &RunOptions<'_>) -> Result<Answer, ExplainError> {
    let followed = sim::follow(prepared, options, &question.pod.followed(), question.at)?;
    let chosen = choose::choose(&question.pod, &followed).map_err(ExplainError::Pod)?;
    let mut explanation = build::explanation(&prepared.scenario.metadata.name, &followed, chosen.pod);
    let planned = SimTime::ZERO + prepared.scenario.spec.duration.get();
    if question.at.is_some_and(|at| at > planned) {
        let end = crate::units::format_go_duration(planned.since_start());
        explanation.notes.push(format!("the run ends at {end}, before --at"));
    }
    explanation.notes.extend(chosen.note);
    if chosen.pod.node.is_none() {
        explanation.notes.extend(node::waits_because(&followed.decisions, &chosen.pod.namespace, &chosen.pod.name));
    }
    if followed.interrupted {
        let end = crate::units::format_go_duration(followed.end.since_start());
        explanation.notes.push(format!("interrupted at {end}: later attempts are not known"));
    }
    Ok(Answer { explanation, interrupted: followed.interrupted })
}
