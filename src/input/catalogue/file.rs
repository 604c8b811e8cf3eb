//! A catalogue file: its form is found by its content.

use super::{Catalogue, gcp_json, json_fields, karpenter_json, opencost, own_csv, skypilot};
use crate::input::table::{Table, TableError};
use crate::input::{Diagnostic, Severity};
use serde_json::Value;
use std::path::Path;

/// What a file may be.
const FORMS: &str = "expected wavetank's CSV with a column `instance_type`, SkyPilot's with `InstanceType` and `vCPUs`, OpenCost's \
                     with `AssetClass` and `MarketPriceHourly`, instance_types.json of Karpenter's KWOK provider, or the \
                     price list of karpenter-provider-gcp";

impl Catalogue {
    /// Reads a file, and gives warnings of what has no effect.
    ///
    /// # Errors
    /// What is wrong, with file, line and field.
    pub fn read(file: &Path) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let mut warnings = Vec::new();
        let catalogue = if extension.eq_ignore_ascii_case("json") {
            read_json(file)?
        } else {
            read_csv(file, &mut warnings).map_err(|error| vec![error.into()])?
        };
        if catalogue.types.is_empty() && catalogue.prices.is_empty() && catalogue.nodes.is_empty() {
            let message = "has no instance type and no price (expected at least one)";
            return Err(vec![Diagnostic::error(file.display().to_string(), message)]);
        }
        Ok((catalogue, warnings))
    }
}

fn read_csv(file: &Path, warnings: &mut Vec<Diagnostic>) -> Result<Catalogue, TableError> {
    let table = Table::open(file)?;
    if table.find("instance_type").is_some() {
        own_csv::read(table)
    } else if table.find("vCPUs").is_some() {
        skypilot::read(table)
    } else if table.find("MarketPriceHourly").is_some() {
        opencost::read(table, warnings)
    } else {
        let error = table.missing("instance_type");
        Err(TableError { column: String::new(), message: format!("is no catalogue that is known ({FORMS})"), ..error })
    }
}

fn read_json(file: &Path) -> Result<Catalogue, Vec<Diagnostic>> {
    let name = file.display().to_string();
    let failed = |diagnostic: Diagnostic| vec![diagnostic];
    let text = std::fs::read_to_string(file)
        .map_err(|error| failed(Diagnostic::error(name.clone(), format_args!("cannot be read: {error}"))))?;
    let text = text.trim_start_matches('\u{feff}');
    let root: Value = serde_json::from_str(text).map_err(|error| {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        failed(
            Diagnostic::error(name.clone(), format_args!("is not JSON: {what}"))
                .at((error.line(), error.column().max(1))),
        )
    })?;
    match &root {
        Value::Array(_) => json_fields::checked(file, text, &root, karpenter_json::read),
        Value::Object(map) if map.contains_key("prices") => json_fields::checked(file, text, &root, gcp_json::read),
        _ => Err(failed(
            Diagnostic::new(Severity::Error, name, format_args!("is no catalogue that is known ({FORMS})")).at((1, 1)),
        )),
    }
}
