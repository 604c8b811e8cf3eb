//! Alibaba openb GPU cluster, 2023: the files of `alibaba/clusterdata`, folder `cluster-trace-gpu-v2023/csv`, as published.
//!
//! Pods: `name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time`,
//! times in seconds from the start. Nodes: `sn,cpu_milli,memory_mib,gpu,model`.
//!
//! Kubernetes counts whole GPUs. A pod that asks for a share of one (`gpu_milli` below 1000) gets a whole one here, and is
//! marked. `pod_phase` and `scheduled_time` are what the real cluster made of the pod, and are not read: a simulation
//! makes its own.

use super::rows::{Lifetime, TraceNode, TracePod};
use super::shape::{PodShape, Shapes};
use crate::api::Name;
use crate::input::table::{Column, Table, TableError};
use crate::units::{Bytes, MilliCpu, SimTime};

/// Bytes in a mebibyte.
const MEBIBYTE: i64 = 1 << 20;
/// `gpu_milli` of a whole GPU.
const WHOLE_GPU: i64 = 1000;
/// Pod label with the trace's `qos`.
const QOS_LABEL: &str = "qos";

/// A cursor over the pod file.
#[derive(Debug)]
pub(super) struct OpenbPods {
    table: Table,
    shapes: Shapes,
    name: Column,
    cpu: Column,
    memory: Column,
    gpus: Column,
    gpu_milli: Column,
    gpu_spec: Column,
    qos: Column,
    creation: Column,
    deletion: Column,
}

impl OpenbPods {
    pub fn new(table: Table) -> Result<Self, TableError> {
        let has_times = table.find("creation_time").is_some();
        if !has_times && table.find("num_gpu").is_some() {
            return Err(TableError {
                message: "is missing: this variant of the trace has no times, so it cannot be replayed".to_owned(),
                hint: Some("the multigpuNN files have only the first five columns; use another pod list".to_owned()),
                ..table.missing("creation_time")
            });
        }
        Ok(Self {
            name: table.need("name")?,
            cpu: table.need("cpu_milli")?,
            memory: table.need("memory_mib")?,
            gpus: table.need("num_gpu")?,
            gpu_milli: table.need("gpu_milli")?,
            gpu_spec: table.need("gpu_spec")?,
            qos: table.need("qos")?,
            creation: table.need("creation_time")?,
            deletion: table.need("deletion_time")?,
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
        let arrival = SimTime::from_secs_f64(table.positive_number(self.creation)?);
        let deletion = match table.text(self.deletion) {
            "" => None,
            _ => Some(SimTime::from_secs_f64(table.positive_number(self.deletion)?)),
        };
        if deletion.is_some_and(|deletion| deletion < arrival) {
            return Err(table.wrong(self.deletion, "is before `creation_time`"));
        }
        let columns = [self.cpu, self.memory, self.gpus, self.gpu_milli, self.gpu_spec, self.qos];
        let shape =
            self.shapes.of(columns.iter().map(|column| table.text(*column)), || -> Result<PodShape, TableError> {
                let gpus = table.amount(self.gpus, 1)?;
                let per_gpu = table.whole(self.gpu_milli)?;
                let gpu_models: Vec<Name> = table
                    .text(self.gpu_spec)
                    .split('|')
                    .map(str::trim)
                    .filter(|model| !model.is_empty())
                    .map(Name::from)
                    .collect();
                let qos = table.text(self.qos);
                Ok(PodShape {
                    cpu: MilliCpu::new(table.amount(self.cpu, 1)?),
                    memory: Bytes::new(table.amount(self.memory, MEBIBYTE)?),
                    gpus,
                    shared_gpu: gpus > 0 && per_gpu < WHOLE_GPU,
                    gpu_models,
                    labels: if qos.is_empty() { Vec::new() } else { vec![(QOS_LABEL.into(), qos.into())] },
                    ..PodShape::default()
                })
            })?;
        Ok(Some(TracePod { name: Name::from(name), arrival, lifetime: deletion.map(Lifetime::DeletedAt), shape }))
    }
}

/// Reads the node file.
pub(super) fn nodes(mut table: Table) -> Result<Vec<TraceNode>, TableError> {
    let (name, cpu, memory) = (table.need("sn")?, table.need("cpu_milli")?, table.need("memory_mib")?);
    let (gpus, model) = (table.need("gpu")?, table.need("model")?);
    let mut nodes = Vec::new();
    while table.advance()? {
        if table.text(name).is_empty() {
            return Err(table.wrong(name, "is empty (expected the node's name)"));
        }
        nodes.push(TraceNode {
            name: table.text(name).to_owned(),
            created: SimTime::ZERO,
            cpu: MilliCpu::new(table.amount(cpu, 1)?),
            memory: Bytes::new(table.amount(memory, MEBIBYTE)?),
            gpus: table.amount(gpus, 1)?,
            gpu_model: Some(table.text(model)).filter(|model| !model.is_empty()).map(Name::from),
            zone: None,
        });
    }
    Ok(nodes)
}
