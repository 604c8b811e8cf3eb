//! wavetank's own trace form, for workloads of one's own: plain CSV with a header line; columns in any order.
//!
//! Pods: `name`, `arrival_s` (seconds since the start of the trace; best ascending), `cpu_milli`, `memory_bytes`; optionally
//! `duration_s` (how long the containers run; empty is for ever), `app` (label `app`), `namespace`, `priority`, `gpu`
//! (whole GPUs). Nodes: `name`, `cpu_milli`, `memory_bytes`; optionally `create_s`, `zone`, `gpu`. Further columns are an
//! error, so that a misspelt one is not lost.

use super::rows::{Lifetime, TraceNode, TracePod};
use super::shape::{PodShape, Shapes};
use crate::api::Name;
use crate::input::table::{Column, Table, TableError};
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};

const POD_COLUMNS: [&str; 9] =
    ["name", "arrival_s", "cpu_milli", "memory_bytes", "duration_s", "app", "namespace", "priority", "gpu"];
const NODE_COLUMNS: [&str; 6] = ["name", "create_s", "cpu_milli", "memory_bytes", "zone", "gpu"];

/// A cursor over the pod file.
#[derive(Debug)]
pub(super) struct GenericPods {
    table: Table,
    shapes: Shapes,
    name: Column,
    arrival: Column,
    cpu: Column,
    memory: Column,
    duration: Option<Column>,
    app: Option<Column>,
    namespace: Option<Column>,
    priority: Option<Column>,
    gpu: Option<Column>,
}

/// Refuses columns that have no meaning.
fn require_known(table: &Table, known: &[&str]) -> Result<(), TableError> {
    for name in table.columns() {
        if !known.contains(&name.as_str())
            && let Some(column) = table.find(name)
        {
            let mut error = table.wrong(column, format!("has no meaning here (expected {})", known.join(", ")));
            error.line = 1;
            return Err(error);
        }
    }
    Ok(())
}

impl GenericPods {
    pub fn new(table: Table) -> Result<Self, TableError> {
        require_known(&table, &POD_COLUMNS)?;
        Ok(Self {
            name: table.need("name")?,
            arrival: table.need("arrival_s")?,
            cpu: table.need("cpu_milli")?,
            memory: table.need("memory_bytes")?,
            duration: table.find("duration_s"),
            app: table.find("app"),
            namespace: table.find("namespace"),
            priority: table.find("priority"),
            gpu: table.find("gpu"),
            shapes: Shapes::default(),
            table,
        })
    }

    pub fn advance(&mut self) -> Result<Option<TracePod>, TableError> {
        if !self.table.advance()? {
            return Ok(None);
        }
        let table = &self.table;
        let name = table.text(self.name);
        if name.is_empty() {
            return Err(table.wrong(self.name, "is empty (expected the pod's name)"));
        }
        // An optional column, where the row gives a value.
        let given = |column: Option<Column>| column.filter(|column| !table.text(*column).is_empty());
        let lifetime = match given(self.duration) {
            Some(column) => Some(Lifetime::RunsFor(SimDuration::from_secs_f64(table.positive_number(column)?))),
            None => None,
        };
        let arrival = SimTime::from_secs_f64(table.positive_number(self.arrival)?);
        // The texts of one row make one shape: besides them it matters only whether there is a lifetime.
        let common = [self.app, self.namespace, self.priority, self.gpu]
            .map(|column| column.map_or("", |column| table.text(column)));
        let ends = if lifetime.is_some() { "ends" } else { "" };
        let texts = [table.text(self.cpu), table.text(self.memory), ends].into_iter().chain(common);
        let shape = self.shapes.of(texts, || -> Result<PodShape, TableError> {
            let priority = match given(self.priority) {
                Some(column) => table
                    .text(column)
                    .parse::<i32>()
                    .map_err(|_| table.wrong(column, format!("`{}` is not a priority", table.text(column))))?,
                None => 0,
            };
            Ok(PodShape {
                namespace: given(self.namespace).map(|column| Name::from(table.text(column))),
                cpu: MilliCpu::new(table.amount(self.cpu, 1)?),
                memory: Bytes::new(table.amount(self.memory, 1)?),
                gpus: given(self.gpu).map_or(Ok(0), |column| table.amount(column, 1))?,
                priority,
                labels: given(self.app)
                    .map(|column| (Name::from("app"), Name::from(table.text(column))))
                    .into_iter()
                    .collect(),
                ends_by_itself: lifetime.is_some(),
                ..PodShape::default()
            })
        })?;
        Ok(Some(TracePod { name: Name::from(name), arrival, lifetime, shape }))
    }
}

/// Reads the node file.
pub(super) fn nodes(mut table: Table) -> Result<Vec<TraceNode>, TableError> {
    require_known(&table, &NODE_COLUMNS)?;
    let (name, cpu, memory) = (table.need("name")?, table.need("cpu_milli")?, table.need("memory_bytes")?);
    let (created, zone, gpu) = (table.find("create_s"), table.find("zone"), table.find("gpu"));
    let mut nodes = Vec::new();
    while table.advance()? {
        if table.text(name).is_empty() {
            return Err(table.wrong(name, "is empty (expected the node's name)"));
        }
        let given = |column: Option<Column>| column.filter(|column| !table.text(*column).is_empty());
        nodes.push(TraceNode {
            name: table.text(name).to_owned(),
            created: given(created)
                .map_or(Ok(0.0), |column| table.positive_number(column))
                .map(SimTime::from_secs_f64)?,
            cpu: MilliCpu::new(table.amount(cpu, 1)?),
            memory: Bytes::new(table.amount(memory, 1)?),
            gpus: given(gpu).map_or(Ok(0), |column| table.amount(column, 1))?,
            gpu_model: None,
            zone: given(zone).map(|column| Name::from(table.text(column))),
        });
    }
    Ok(nodes)
}
