//! PostFilter: what the scheduler tries after no node was found, and what it adds to the message.

use super::context::Context;
use super::cycle_state::CycleState;
use super::diagnosis::Diagnosis;
use super::schedule_one::TieBreak;
use crate::scheduler::plugins::{Plugin, dynamic_resources};
use crate::scheduler::preemption::{Preemption, preempt};
use crate::scheduler::view::PodInfo;

/// The status of PostFilter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostFilterCode {
    /// Preemption makes room.
    Success,
    /// Nothing helps.
    Unschedulable,
    /// A plugin failed; the others were not asked.
    Error,
}

impl PostFilterCode {
    /// The name in the framework.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::Unschedulable => "Unschedulable",
            Self::Error => "Error",
        }
    }
}

/// The outcome of PostFilter.
#[derive(Clone, Debug)]
pub struct PostFilterResult {
    /// The plugin that gave the status.
    pub plugin: Option<Plugin>,
    /// The status.
    pub code: PostFilterCode,
    /// Reasons in the order in which the plugins gave them.
    pub reasons: Vec<String>,
    /// What preemption found.
    pub preemption: Preemption,
}

impl PostFilterResult {
    /// Appends the reasons to the message of the event `FailedScheduling`.
    pub fn append_to(&self, message: &mut String) {
        if !self.reasons.is_empty() {
            message.push(' ');
            message.push_str(&self.reasons.join(", "));
        }
    }
}

/// Runs the PostFilter plugins after [`schedule`](super::schedule) found no node. `state` is the scratch's, as that call
/// left it.
#[must_use]
pub fn post_filter(
    context: &Context<'_>,
    pod: &PodInfo,
    diagnosis: &Diagnosis,
    state: &mut CycleState,
    tie_break: TieBreak,
) -> PostFilterResult {
    let mut result = PostFilterResult {
        plugin: None,
        code: PostFilterCode::Unschedulable,
        reasons: Vec::new(),
        preemption: Preemption::default(),
    };
    for plugin in &context.profile.post_filter {
        match plugin {
            Plugin::DynamicResources => match dynamic_resources::post_filter(state.dynamic_resources_ran) {
                Ok(reason) => {
                    result.plugin.get_or_insert(*plugin);
                    result.reasons.push(reason.to_owned());
                }
                Err(error) => {
                    return PostFilterResult {
                        plugin: Some(*plugin),
                        code: PostFilterCode::Error,
                        reasons: vec![error.to_owned()],
                        ..result
                    };
                }
            },
            Plugin::DefaultPreemption => {
                let preemption = preempt(context, pod, diagnosis, state, tie_break);
                match &preemption.failure {
                    Some(failure) => {
                        result.plugin.get_or_insert(*plugin);
                        result.reasons.push(format!("preemption: {failure}"));
                        result.preemption = preemption;
                    }
                    None => {
                        return PostFilterResult {
                            plugin: Some(*plugin),
                            code: PostFilterCode::Success,
                            reasons: Vec::new(),
                            preemption,
                        };
                    }
                }
            }
            _ => {}
        }
    }
    result
}
