//! The pods of an arrival stream, read and ready to come.

use crate::api::PodTemplate;
use crate::input::trace::{TraceFile, TraceNode};
use std::sync::Arc;

/// The pods of an arrival stream.
#[derive(Clone, Debug)]
pub enum PreparedArrivals {
    /// All from one template.
    Template(Arc<PodTemplate>),
    /// From a trace.
    Trace {
        /// Its nodes, if it has any.
        nodes: Vec<TraceNode>,
        /// Its pod file; `None` if it cannot be read, and then there is no run.
        pods: Option<TraceFile>,
    },
}
