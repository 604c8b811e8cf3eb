//! Readers of workload traces: cursors over the pods of a file, and its nodes.
//!
//! Pods are read row by row and never held in memory as a whole, so they must be sorted by arrival; a file that is not is
//! an error. Nodes are few and come as a list.

mod generic;
mod openb;

use super::scenario::{TraceFiles, TraceFormat};
use super::table::{Table, TableError};
use crate::api::Name;
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use generic::GenericPods;
use openb::OpenbPods;
use std::path::Path;

/// Node label with the GPU model, as NVIDIA's GPU feature discovery sets it.
pub const GPU_PRODUCT_LABEL: &str = "nvidia.com/gpu.product";
/// Extended resource that counts GPUs, as NVIDIA's device plugin names it.
pub const GPU_RESOURCE: &str = "nvidia.com/gpu";

/// A pod of a trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TracePod {
    /// Name, as in the trace.
    pub name: String,
    /// Namespace, where the trace has one.
    pub namespace: Option<String>,
    /// When it is created, since the start of the trace.
    pub arrival: SimTime,
    /// How long it exists from its creation (openb) or its containers run from their start (generic); `None` is until the
    /// end.
    pub lifetime: Option<Lifetime>,
    /// CPU request.
    pub cpu: MilliCpu,
    /// Memory request.
    pub memory: Bytes,
    /// Whole GPUs ([`GPU_RESOURCE`]).
    pub gpus: i64,
    /// The pod asked for a share of a GPU in the trace, which became a whole one.
    pub shared_gpu: bool,
    /// GPU models that it accepts (node label [`GPU_PRODUCT_LABEL`]); empty accepts every model.
    pub gpu_models: Vec<Name>,
    /// `spec.priority`; 0 unless the trace says otherwise.
    pub priority: i32,
    /// Labels: what the trace says of the pod.
    pub labels: Vec<(Name, Name)>,
}

/// What ends a pod of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// It is deleted at this time since the start of the trace, whether it ran or not.
    DeletedAt(SimTime),
    /// Its containers end with exit code 0 this long after their start.
    RunsFor(SimDuration),
}

/// A node of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceNode {
    /// Name, as in the trace.
    pub name: String,
    /// When it joins, since the start of the trace.
    pub created: SimTime,
    /// CPU.
    pub cpu: MilliCpu,
    /// Memory.
    pub memory: Bytes,
    /// Whole GPUs.
    pub gpus: i64,
    /// Model of the GPUs (node label [`GPU_PRODUCT_LABEL`]).
    pub gpu_model: Option<Name>,
    /// Zone.
    pub zone: Option<Name>,
}

/// A cursor over the pods of a trace, in order of arrival.
#[derive(Debug)]
pub struct TracePods {
    rows: Rows,
    last: SimTime,
    has_failed: bool,
}

#[derive(Debug)]
enum Rows {
    Openb(OpenbPods),
    Generic(GenericPods),
}

impl TracePods {
    /// Opens the pod file of a trace.
    ///
    /// # Errors
    /// [`TableError`] if the file cannot be read or lacks a column.
    pub fn open(format: TraceFormat, file: &Path) -> Result<Self, TableError> {
        let table = open_table(format, file)?;
        let rows = match format {
            TraceFormat::Openb => Rows::Openb(OpenbPods::new(table)?),
            TraceFormat::Generic => Rows::Generic(GenericPods::new(table)?),
        };
        Ok(Self { rows, last: SimTime::from_nanos(i64::MIN), has_failed: false })
    }

    fn advance(&mut self) -> Result<Option<TracePod>, TableError> {
        let pod = match &mut self.rows {
            Rows::Openb(rows) => rows.advance()?,
            Rows::Generic(rows) => rows.advance()?,
        };
        let Some(pod) = pod else { return Ok(None) };
        if pod.arrival < self.last {
            let mut error = match &self.rows {
                Rows::Openb(rows) => rows.arrival_error("is before the arrival of the row above"),
                Rows::Generic(rows) => rows.arrival_error("is before the arrival of the row above"),
            };
            error.hint = Some("sort the file by this column: pods are read one by one in order of arrival".to_owned());
            return Err(error);
        }
        self.last = pod.arrival;
        Ok(Some(pod))
    }
}

impl Iterator for TracePods {
    type Item = Result<TracePod, TableError>;

    /// The next pod; after an error nothing more comes.
    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let item = self.advance().transpose();
        self.has_failed = matches!(item, Some(Err(_)));
        item
    }
}

/// Reads the nodes of a trace.
///
/// # Errors
/// [`TableError`] if the file cannot be read, or a row is not a node.
pub fn read_nodes(format: TraceFormat, file: &Path) -> Result<Vec<TraceNode>, TableError> {
    let table = open_table(format, file)?;
    let nodes = match format {
        TraceFormat::Openb => openb::nodes(table),
        TraceFormat::Generic => generic::nodes(table),
    }?;
    let mut names = std::collections::BTreeSet::new();
    if let Some(twice) = nodes.iter().find(|node| !names.insert(node.name.as_str())) {
        return Err(TableError {
            file: file.to_owned(),
            line: 0,
            column: "name".to_owned(),
            message: format!("node `{}` is given twice", twice.name),
            hint: None,
        });
    }
    Ok(nodes)
}

/// Opens the pods of a trace whose files have been located.
///
/// # Errors
/// [`TableError`] if the file cannot be read or lacks a column.
pub fn open_pods(files: &TraceFiles) -> Result<TracePods, TableError> {
    TracePods::open(files.format, &files.pods)
}

fn open_table(format: TraceFormat, file: &Path) -> Result<Table, TableError> {
    Table::open(file)
        .map_err(|error| if file.exists() { error } else { TableError { hint: Some(where_to_get(format)), ..error } })
}

/// Where the files of a format come from, and how to name them.
pub(super) fn where_to_get(format: TraceFormat) -> String {
    match format {
        TraceFormat::Openb => {
            "the trace is not part of wavetank: get it from https://github.com/alibaba/clusterdata, folder \
             cluster-trace-gpu-v2023/csv, and pass its folder with `--traces DIR`"
        }
        TraceFormat::Generic => {
            "paths are relative to the scenario file; with `directory`, pass the folder of your traces with `--traces DIR`"
        }
    }
    .to_owned()
}
