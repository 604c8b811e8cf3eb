//! OpenCost's pricing CSV: `EndTimestamp,InstanceID,Region,AssetClass,InstanceIDField,InstanceType,MarketPriceHourly,Version`.
//!
//! Rows of class `node` price a node whose field `InstanceIDField` (`metadata.name` or `metadata.labels.KEY`) is `InstanceID`,
//! and every node of the `InstanceType`, if that is given, at the mean of its rows, as OpenCost does. A row of an unknown class
//! counts as `node`, which OpenCost does too. Rows of volumes (`pv`) and GPUs (`gpu`), and nodes by `spec.providerID`, have no
//! effect and are warned of.
//!
//! Source: `pkg/cloud/provider/csvprovider.go` of opencost/opencost.

use super::Catalogue;
use super::entry::{ListedPrice, NodeField, NodePrice};
use super::own_csv::price;
use crate::api::{CapacityType, Name};
use crate::input::Diagnostic;
use crate::input::table::{Table, TableError};
use crate::units::NanoDollars;
use std::collections::BTreeMap;

/// Reads the rows, and says which have no effect.
pub(super) fn read(mut table: Table, warnings: &mut Vec<Diagnostic>) -> Result<Catalogue, TableError> {
    let columns = ["InstanceID", "Region", "AssetClass", "InstanceIDField", "InstanceType", "MarketPriceHourly"];
    let mut needed = Vec::new();
    for column in columns {
        needed.push(table.need(column)?);
    }
    let [id, region, class, field, instance_type, dollars] = needed[..] else { return Ok(Catalogue::default()) };
    let mut catalogue = Catalogue::default();
    let mut by_type: BTreeMap<(Name, Name), Vec<NanoDollars>> = BTreeMap::new();
    while table.advance()? {
        let Some(price) = price(&table, Some(dollars))? else {
            return Err(table.wrong(dollars, "is empty (expected a price in dollars)"));
        };
        if let word @ ("pv" | "gpu") = table.text(class) {
            let message = format!("rows of class `{word}` have no effect: only nodes are priced");
            warnings
                .push(Diagnostic { severity: crate::input::Severity::Warning, ..table.wrong(class, message).into() });
            continue;
        }
        let (region, kind) = (Name::from(table.text(region)), Name::from(table.text(instance_type)));
        let node_field = match table.text(field) {
            "metadata.name" => Some(NodeField::Name),
            word => word.strip_prefix("metadata.labels.").map(|key| NodeField::Label(key.into())),
        };
        match node_field {
            Some(node_field) if !table.text(id).is_empty() => {
                let value = Name::from(table.text(id));
                catalogue.nodes.push(NodePrice { field: node_field, value, region: region.clone(), price });
            }
            _ if kind.is_empty() => {
                let word = table.text(field);
                let message =
                    format!("`{word}` has no effect (expected metadata.name, metadata.labels.KEY or an InstanceType)");
                warnings.push(Diagnostic {
                    severity: crate::input::Severity::Warning,
                    ..table.wrong(field, message).into()
                });
            }
            _ => {}
        }
        if !kind.is_empty() {
            by_type.entry((kind, region)).or_default().push(price);
        }
    }
    for ((instance_type, region), prices) in by_type {
        let sum: f64 = prices.iter().map(|price| price.as_dollars()).sum();
        #[expect(clippy::cast_precision_loss, reason = "a number of rows")]
        let price = NanoDollars::from_dollars(sum / prices.len() as f64);
        // The file does not tell capacity types apart.
        for capacity_type in [CapacityType::OnDemand, CapacityType::Spot] {
            let (instance_type, region) = (instance_type.clone(), region.clone());
            catalogue.prices.push(ListedPrice { instance_type, region, capacity_type, price });
        }
    }
    Ok(catalogue)
}
