//! Readers of workload traces: cursors over the pods of a file, and its nodes.
//!
//! A pod file is gone over once before a run begins, to find every row that is wrong. Its pods are held in memory, which runs
//! of one sweep share, unless there are millions of them: such a file is read again, row by row, as a run goes on. A file
//! that is not sorted by arrival (some variants of openb are not) is held whatever its size. Nodes are few and come as a list.

mod generic;
mod gpu;
mod objects;
mod openb;
mod rows;
mod shape;

use super::scenario::TraceFormat;
use super::table::{Table, TableError};
use crate::units::SimTime;
use generic::GenericPods;
use openb::OpenbPods;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use rows::{Lifetime, TraceNode, TracePod};
pub use shape::PodShape;

pub(crate) use gpu::GPU_RESOURCE;

/// A trace with more pods than this is not held in memory.
const MAX_HELD: usize = 4_000_000;

/// The pod file of a trace, gone over once.
#[derive(Clone, Debug)]
pub struct TraceFile {
    format: TraceFormat,
    file: PathBuf,
    /// All pods in order of arrival, if they are not too many.
    held: Option<Arc<[TracePod]>>,
}

/// A cursor over the pods of a trace, in order of arrival.
#[derive(Debug)]
pub struct TracePods {
    source: Source,
}

#[derive(Debug)]
enum Source {
    File(Box<Rows>),
    Held {
        pods: Arc<[TracePod]>,
        next: usize,
    },
    /// The file has become unreadable; nothing more comes.
    Failed,
}

/// The rows of a file, in the order of the file.
#[derive(Debug)]
enum Rows {
    Openb(OpenbPods),
    Generic(GenericPods),
}

impl Rows {
    fn open(format: TraceFormat, file: &Path) -> Result<Self, TableError> {
        let table = open_table(format, file)?;
        Ok(match format {
            TraceFormat::Openb => Self::Openb(OpenbPods::new(table)?),
            TraceFormat::Generic => Self::Generic(GenericPods::new(table)?),
        })
    }

    fn advance(&mut self) -> Result<Option<TracePod>, TableError> {
        match self {
            Self::Openb(rows) => rows.advance(),
            Self::Generic(rows) => rows.advance(),
        }
    }
}

impl TraceFile {
    /// Goes over all pods.
    ///
    /// # Errors
    /// [`TableError`] if the file cannot be read, lacks a column, has no row or a row that is not a pod.
    pub fn read(format: TraceFormat, file: &Path) -> Result<Self, TableError> {
        Self::read_holding(format, file, MAX_HELD)
    }

    fn read_holding(format: TraceFormat, file: &Path, most: usize) -> Result<Self, TableError> {
        let mut rows = Rows::open(format, file)?;
        let (mut count, mut is_sorted, mut last_arrival) = (0, true, SimTime::ZERO);
        let mut pods = Vec::new();
        while let Some(pod) = rows.advance()? {
            is_sorted &= pod.arrival >= last_arrival;
            last_arrival = last_arrival.max(pod.arrival);
            count += 1;
            if pods.len() < most || !is_sorted {
                pods.push(pod);
            }
        }
        if count == 0 {
            return Err(TableError {
                file: file.to_owned(),
                line: 0,
                column: String::new(),
                message: "has no pods (expected at least one row)".to_owned(),
                hint: None,
            });
        }
        let is_whole = count == pods.len();
        if !(is_whole || is_sorted) {
            pods = all_pods(format, file)?;
        }
        if !is_sorted {
            pods.sort_by_key(|pod| pod.arrival);
        }
        let held = (is_whole || !is_sorted).then(|| pods.into());
        Ok(Self { format, file: file.to_owned(), held })
    }

    /// A cursor that stands before the first pod.
    ///
    /// # Errors
    /// [`TableError`] if the file has become unreadable since it was gone over.
    pub fn pods(&self) -> Result<TracePods, TableError> {
        let source = match &self.held {
            Some(pods) => Source::Held { pods: Arc::clone(pods), next: 0 },
            None => Source::File(Box::new(Rows::open(self.format, &self.file)?)),
        };
        Ok(TracePods { source })
    }
}

/// All pods of a file, in the order of the file.
fn all_pods(format: TraceFormat, file: &Path) -> Result<Vec<TracePod>, TableError> {
    let mut rows = Rows::open(format, file)?;
    let mut pods = Vec::new();
    while let Some(pod) = rows.advance()? {
        pods.push(pod);
    }
    Ok(pods)
}

impl TracePods {
    /// Opens the pod file of a trace and goes over all of it once.
    ///
    /// # Errors
    /// [`TableError`] if the file cannot be read, lacks a column, has no row or a row that is not a pod.
    pub fn open(format: TraceFormat, file: &Path) -> Result<Self, TableError> {
        TraceFile::read(format, file)?.pods()
    }
}

impl Iterator for TracePods {
    type Item = Result<TracePod, TableError>;

    /// The next pod. An error means that the file has changed since it was opened; nothing comes after it.
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.source {
            Source::File(rows) => {
                let item = rows.advance().transpose();
                if matches!(item, Some(Err(_))) {
                    self.source = Source::Failed;
                }
                item
            }
            Source::Held { pods, next } => {
                let pod = pods.get(*next)?;
                *next += 1;
                Some(Ok(pod.clone()))
            }
            Source::Failed => None,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_the_same_pods_whether_it_is_held_or_not() {
        let sorted = "a,1\nb,2\nc,2\nd,9\n";
        let unsorted = "a,1\nc,2\nd,9\nb,2\n";
        let cases = [
            (sorted, 4, true, "abcd"),
            (sorted, 3, false, "abcd"),
            (sorted, 0, false, "abcd"),
            (unsorted, 4, true, "acbd"),
            // What is not in order is found out when not all pods are there any more.
            (unsorted, 1, true, "acbd"),
        ];
        for (rows, most, held, expected) in cases {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("pods.csv");
            let rows = rows.replace('\n', ",100,1000\n");
            std::fs::write(&file, format!("name,arrival_s,cpu_milli,memory_bytes\n{rows}")).unwrap();
            let trace = TraceFile::read_holding(TraceFormat::Generic, &file, most).unwrap();
            assert_eq!(trace.held.is_some(), held, "{rows} {most}");
            for _ in 0..2 {
                let names: String = trace.pods().unwrap().map(|pod| pod.unwrap().name.to_string()).collect();
                assert_eq!(names, expected, "{rows} {most}");
            }
        }
    }
}
