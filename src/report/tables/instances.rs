//! `instances.csv`: one row per machine that the cloud was asked for.

use super::{ReportError, Table, TableForm};
use crate::record::Facts;
use crate::units::NanoDollars;
use std::path::Path;

const COLUMNS: &[&str] = &[
    "name",
    "pool",
    "node_claim",
    "instance_type",
    "zone",
    "capacity_type",
    "price_per_hour_dollars",
    "created_by",
    "created_reason",
    "requested_seconds",
    "launched_seconds",
    "registered_seconds",
    "ready_seconds",
    "failure",
    "failed_seconds",
    "interrupted_seconds",
    "deleted_by",
    "deleted_reason",
    "deletion_requested_seconds",
    "gone_seconds",
];

/// Writes every machine, in order of the requests.
pub(in crate::report) fn write_instances(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut table = Table::create(path, COLUMNS)?;
    for instance in &facts.instances {
        for text in [&instance.name, &instance.pool, &instance.node_claim, &instance.instance_type, &instance.zone] {
            table.text(text)?;
        }
        table.text(instance.capacity_type)?;
        table.float(instance.price_per_hour.map(NanoDollars::as_dollars))?;
        table.text(instance.created_by)?;
        table.text(&instance.created_reason)?;
        table.instant(Some(instance.requested))?;
        table.instant(instance.launched)?;
        table.instant(instance.registered)?;
        table.instant(instance.ready)?;
        table.text(&instance.failure)?;
        table.instant(instance.failed)?;
        table.instant(instance.interrupted)?;
        table.text(instance.deleted_by)?;
        table.text(&instance.deleted_reason)?;
        table.instant(instance.deletion_requested)?;
        table.instant(instance.gone)?;
        table.end_row()?;
    }
    table.finish()
}
