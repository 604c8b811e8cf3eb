//! What the capacity of the nodes was for, and what it cost.

use super::timeline::Grid;
use super::view::{Share, Split, TableView};
use crate::report::numbers::{human_dollars, human_number, human_percent, trimmed};
use crate::report::read::{ReadError, RunFolder, number};

const GIB: f64 = 1_073_741_824.0;
/// A smaller share of a whole is not told.
const SMALLEST: f64 = 0.0005;

/// The means of CPU and memory, and the cost, as parts of a whole.
pub(super) fn splits(run: &RunFolder, grid: &Grid) -> Vec<Split> {
    let mean = |name: &str| grid.mean(name).unwrap_or(0.0);
    let mut splits = Vec::new();
    for (resource, heading, size, unit, scale) in [
        ("cpu", "CPU of the nodes, mean", "cores", "cores", 1.0),
        ("memory", "Memory of the nodes, mean", "bytes", "GiB", GIB),
    ] {
        let column = |part: &str| mean(&format!("{resource}_{part}_{size}_mean")) / scale;
        let (whole, requested, used) = (column("allocatable"), column("requested"), column("used"));
        let parts = if used > 0.0 {
            // Use may be beyond what was requested: the sum of all pods does not tell whose it is.
            vec![
                ("used", used),
                ("requested beyond what was used", (requested - used).max(0.0)),
                ("neither requested nor used", (whole - requested.max(used)).max(0.0)),
            ]
        } else {
            vec![("requested", requested), ("not requested", (whole - requested).max(0.0))]
        };
        splits.extend(split(heading, whole, &parts, |amount| format!("{} {unit}", human_number(amount))));
    }
    let dollars = |name: &str| run.run.metrics.get(name).and_then(serde_json::Value::as_f64).unwrap_or(0.0);
    let parts = [
        ("requested and used", "cost_split_used_dollars"),
        ("requested and not used", "cost_split_requested_idle_dollars"),
        ("DaemonSets", "cost_split_daemon_sets_dollars"),
        ("kept for the system", "cost_split_system_reserved_dollars"),
        ("free, but not in one shape", "cost_split_fragmented_dollars"),
        ("free, but no more pods allowed", "cost_split_pod_cap_dollars"),
        ("free", "cost_split_free_dollars"),
        ("machines without a Node yet", "cost_split_without_node_dollars"),
    ]
    .map(|(words, name)| (words, dollars(name)));
    splits.extend(split(
        "What the price of the nodes was paid for",
        parts.iter().map(|(_, part)| part).sum(),
        &parts,
        human_dollars,
    ));
    splits
}

fn split(heading: &str, whole: f64, parts: &[(&str, f64)], amount: impl Fn(f64) -> String) -> Option<Split> {
    if whole <= 0.0 {
        return None;
    }
    let share = |(label, part): &(&str, f64)| Share {
        label: (*label).to_owned(),
        percent: (part / whole * 1000.0).round() / 10.0,
        text: format!("{} ({})", human_percent(part / whole), amount(*part)),
    };
    let shares = parts.iter().filter(|(_, part)| part / whole >= SMALLEST).map(share).collect();
    Some(Split { heading: format!("{heading}: {}", amount(whole)), shares })
}

/// What each pool cost.
///
/// # Errors
/// The table is missing or damaged.
pub(super) fn cost(run: &RunFolder, most: usize) -> Result<TableView, ReadError> {
    let head = [
        "pool",
        "instance type",
        "paid as",
        "most nodes#",
        "node hours#",
        "price per hour#",
        "cost#",
        "for CPU not requested#",
    ];
    let mut table = TableView::new("Cost by node pool", &head);
    let mut all = 0;
    let columns = [
        "pool",
        "instance_type",
        "capacity_type",
        "nodes_max",
        "node_hours",
        "price_per_hour_dollars",
        "cost_dollars",
        "idle_dollars",
    ];
    run.each("cost.csv", columns, |[pool, kind, capacity, nodes, hours, price, cost, idle]| {
        all += 1;
        if table.rows.len() >= most {
            return;
        }
        let dollars = |cell: &str| number(cell).map_or_else(|| cell.to_owned(), human_dollars);
        table.rows.push(vec![
            if pool.is_empty() { "(none)".to_owned() } else { pool.to_owned() },
            kind.to_owned(),
            capacity.to_owned(),
            nodes.to_owned(),
            number(hours).map_or_else(String::new, human_number),
            number(price).map_or_else(|| price.to_owned(), |price| format!("${}", trimmed(price, 4))),
            dollars(cost),
            dollars(idle),
        ]);
    })?;
    table.note_of(all, "rows", "cost.csv");
    Ok(table)
}
