//! wavetank's own form: one row per instance type and region. Columns in any order; further columns are an error, so that a
//! misspelt one is not lost.
//!
//! `instance_type`, `vcpus` and `memory_gib` are needed; `cloud` (`aws`, `gcp`, `azure`: whose formula says what a node
//! offers; without it the whole capacity), `region`, `zones` (separated by blanks), `architecture` (`amd64`), `gpu` (name of
//! the extended resource) and `gpus`, `interfaces` and `ipv4_per_interface` (of EC2: how many pods there may be),
//! `on_demand_dollars_per_hour`, `spot_dollars_per_hour` (empty is unknown), `as_of` and `source` may be given.

use super::entry::{Cloud, Listed};
use super::machine::Machine;
use super::{Catalogue, offerings};
use crate::api::{CapacityType, Name};
use crate::input::table::{Column, Table, TableError};
use crate::units::{Bytes, MAX_AMOUNT, MilliCpu, NanoDollars};

/// The columns.
pub(super) const COLUMNS: [&str; 15] = [
    "cloud",
    "region",
    "zones",
    "instance_type",
    "architecture",
    "vcpus",
    "memory_gib",
    "gpu",
    "gpus",
    "interfaces",
    "ipv4_per_interface",
    "on_demand_dollars_per_hour",
    "spot_dollars_per_hour",
    "as_of",
    "source",
];

/// The regions of the built-in rows, with zones in which they are offered. AWS has more zones in its region.
const REGIONS: [(Cloud, &str, [&str; 3]); 3] = [
    (Cloud::Aws, "us-east-1", ["us-east-1a", "us-east-1b", "us-east-1c"]),
    (Cloud::Gcp, "us-central1", ["us-central1-a", "us-central1-b", "us-central1-c"]),
    (Cloud::Azure, "eastus", ["eastus-1", "eastus-2", "eastus-3"]),
];

/// The cloud of a built-in region.
pub(super) fn cloud_of_region(region: &str) -> Option<Cloud> {
    REGIONS.iter().find(|(_, name, _)| *name == region).map(|(cloud, _, _)| *cloud)
}

/// Dollars beyond which a price is a slip.
const MAX_PRICE: f64 = 1e6;

/// A price that may be empty.
pub(super) fn price(table: &Table, column: Option<Column>) -> Result<Option<NanoDollars>, TableError> {
    let Some(column) = column.filter(|column| !table.text(*column).is_empty()) else { return Ok(None) };
    match table.positive_number(column)? {
        dollars if dollars <= MAX_PRICE => Ok(Some(NanoDollars::from_dollars(dollars))),
        dollars => Err(table.wrong(column, format!("`{dollars}` is too large (expected at most {MAX_PRICE} dollars)"))),
    }
}

/// Cores in thousandths.
pub(super) fn cores(table: &Table, column: Column) -> Result<MilliCpu, TableError> {
    scaled(table, column, 1000.0).map(MilliCpu::new)
}

/// GiB in bytes.
pub(super) fn gibibytes(table: &Table, column: Column) -> Result<Bytes, TableError> {
    scaled(table, column, f64::from(1_u32 << 30)).map(Bytes::new)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "compared with the largest amount first"
)]
fn scaled(table: &Table, column: Column, factor: f64) -> Result<i64, TableError> {
    let value = table.positive_number(column)?;
    let amount = (value * factor).round();
    if value > 0.0 && amount <= MAX_AMOUNT as f64 {
        Ok(amount as i64)
    } else {
        let most = MAX_AMOUNT as f64 / factor;
        Err(table.wrong(column, format!("`{value}` is out of range (expected more than 0 and at most {most})")))
    }
}

/// Reads the rows.
pub(super) fn read(mut table: Table) -> Result<Catalogue, TableError> {
    for name in table.columns() {
        if !COLUMNS.contains(&name.as_str())
            && let Some(column) = table.find(name)
        {
            let mut error = table.wrong(column, format!("has no meaning here (expected {})", COLUMNS.join(", ")));
            error.line = 1;
            return Err(error);
        }
    }
    let (name, vcpus, memory) = (table.need("instance_type")?, table.need("vcpus")?, table.need("memory_gib")?);
    let [cloud, region, zones, architecture, gpu, gpus, interfaces, addresses, on_demand, spot, as_of, source] = [
        "cloud",
        "region",
        "zones",
        "architecture",
        "gpu",
        "gpus",
        "interfaces",
        "ipv4_per_interface",
        "on_demand_dollars_per_hour",
        "spot_dollars_per_hour",
        "as_of",
        "source",
    ]
    .map(|column| table.find(column));
    let mut catalogue = Catalogue::default();
    while table.advance()? {
        let text = |column: Option<Column>| column.map_or("", |column| table.text(column));
        let whole = |column: Option<Column>| match column.filter(|column| !table.text(*column).is_empty()) {
            Some(column) => table.amount(column, 1).map(Some),
            None => Ok(None),
        };
        if table.text(name).is_empty() {
            return Err(table.wrong(name, "is empty (expected the instance type)"));
        }
        let provider = match (cloud, text(cloud)) {
            (_, "") | (None, _) => None,
            (Some(column), word) => Some(Cloud::from_word(word).ok_or_else(|| {
                let words = Cloud::ALL.map(Cloud::as_str).join(", ");
                table.wrong(column, format!("`{word}` is not a cloud (expected {words}, or nothing)"))
            })?),
        };
        let zones: Vec<&str> = match text(zones).split_whitespace().collect::<Vec<_>>() {
            none if none.is_empty() => {
                let known = REGIONS.iter().find(|(_, known, _)| *known == text(region));
                known.map_or_else(|| vec![""], |(_, _, zones)| zones.to_vec())
            }
            given => given,
        };
        let accelerators = match (text(gpu), whole(gpus)?) {
            ("", _) | (_, None | Some(0)) => None,
            (resource, Some(count)) => Some((resource, count)),
        };
        let machine = Machine {
            cloud: provider,
            region: text(region),
            name: table.text(name),
            architecture: Some(text(architecture)).filter(|text| !text.is_empty()).unwrap_or("amd64"),
            cpu: cores(&table, vcpus)?,
            memory: gibibytes(&table, memory)?,
            accelerators,
            interfaces: whole(interfaces)?.zip(whole(addresses)?),
        };
        let prices = [(CapacityType::OnDemand, price(&table, on_demand)?), (CapacityType::Spot, price(&table, spot)?)];
        let origin = [text(source), text(as_of)].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
        catalogue.add_type(Listed {
            region: text(region).into(),
            source: Name::from(origin.join(", ")),
            instance_type: machine.instance_type(offerings(&zones, &prices.into_iter().collect())),
        });
    }
    Ok(catalogue)
}
