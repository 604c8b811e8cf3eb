//! The table of nodes.

use super::chosen::Chosen;
use super::view::TableView;
use super::words::{instant_cell, span_cell};
use crate::report::numbers::human_percent;
use crate::report::read::{ReadError, RunFolder, number};

/// One row per node, those that were made or removed in the run first where not all can be shown.
///
/// # Errors
/// The table is missing or damaged.
pub(super) fn nodes(run: &RunFolder, most: usize) -> Result<TableView, ReadError> {
    let head = [
        "node@",
        "type@",
        "zone@",
        "in the API from@",
        "for#",
        "CPU requested#",
        "most pods#",
        "faults#",
        "made and removed by*",
    ];
    let mut table = TableView::new("Nodes", &head);
    let mut chosen = Chosen::new(most);
    let columns = [
        "name",
        "instance_type",
        "zone",
        "created_seconds",
        "lifetime_seconds",
        "cpu_requested_ratio_mean",
        "pods_max",
        "faults",
        "created_by",
        "created_reason",
        "deleted_by",
        "deleted_reason",
    ];
    run.each("nodes.csv", columns, |cells| {
        let [name, kind, zone, created, lifetime, requested, pods, faults, made_by, made_why, gone_by, gone_why] =
            cells;
        let is_notable = faults != "0" || !gone_by.is_empty() || !["", "node-pool"].contains(&made_by);
        chosen.offer(is_notable.into(), || {
            let said = |verb: &str, by: &str, why: &str| match (by, why) {
                ("" | "node-pool", _) => String::new(),
                (by, "") => format!("{verb} by {by}"),
                (by, why) => format!("{verb} by {by}: {why}"),
            };
            let said = [said("made", made_by, made_why), said("removed", gone_by, gone_why)];
            vec![
                name.to_owned(),
                kind.to_owned(),
                zone.to_owned(),
                instant_cell(run, created),
                span_cell(lifetime),
                number(requested).map_or_else(String::new, human_percent),
                pods.to_owned(),
                faults.to_owned(),
                said.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; "),
            ]
        });
    })?;
    let (rows, all) = chosen.finish();
    table.rows = rows;
    table.note_of(all, "nodes", "nodes.csv");
    Ok(table)
}
