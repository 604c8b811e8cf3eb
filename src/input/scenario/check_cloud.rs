//! Rules for the cloud: catalogues and prices.

use super::check::Checker;
use super::cloud::{Cloud, OtherRegions, PricedNodes, Pricing};
use super::spec::ScenarioSpec;
use crate::input::catalogue::{Catalogue, Cloud as Provider};
use crate::input::document::field_path::FieldPathBuf;
use crate::input::{Diagnostic, Severity};
use std::path::Path;

/// The most that anything may cost in an hour, in dollars.
pub(super) const MAX_PRICE: f64 = 1e6;

/// Reads the catalogues of a scenario; without `spec.cloud` the built-in one.
///
/// # Errors
/// What is wrong with a file.
pub(super) fn load_catalogue(
    cloud: Option<&Cloud>,
    folder: &Path,
) -> Result<(Catalogue, Vec<Diagnostic>), Vec<Diagnostic>> {
    let Some(cloud) = cloud else { return Ok((Catalogue::builtin(), Vec::new())) };
    let mut catalogue = Catalogue::default();
    let (mut warnings, mut errors) = (Vec::new(), Vec::new());
    for word in &cloud.catalogues {
        match word.as_str() {
            "builtin" => catalogue.extend(Catalogue::builtin()),
            "kwok" => catalogue.extend(Catalogue::kwok()),
            word => match Provider::from_word(word) {
                Some(provider) => catalogue.extend(Catalogue::of_cloud(provider)),
                None => match Catalogue::read(&folder.join(word)) {
                    Ok((read, found)) => {
                        catalogue.extend(read);
                        warnings.extend(found);
                    }
                    Err(found) => errors.extend(found),
                },
            },
        }
    }
    let region = cloud.region.as_deref().unwrap_or("");
    catalogue.extend(Catalogue::of_types(cloud.instance_types.iter().map(|entry| entry.listed(region))));
    if cloud.pricing.other_regions == OtherRegions::Listed {
        catalogue.count_everywhere();
    }
    if let Some(share) = cloud.pricing.spot_ratio {
        catalogue.assume_spot(share);
    }
    if errors.is_empty() { Ok((catalogue, warnings)) } else { Err(errors) }
}

impl Checker<'_> {
    /// The cloud.
    pub fn check_cloud(&mut self, path: &FieldPathBuf, cloud: &Cloud, spec: &ScenarioSpec) {
        let catalogues = path.key("catalogues");
        let named = cloud.catalogues.iter().enumerate();
        self.require_unique("catalogue", named.map(|(index, word)| (catalogues.index(index), word.clone())));
        if let Some(region) = &cloud.region {
            let regions = self.catalogue.regions();
            if !regions.contains(&region.as_str()) && !regions.iter().all(|region| region.is_empty()) {
                let hint = format!("regions of the catalogues: {}", regions.join(", "));
                let message = format!("region `{region}` is in none of the catalogues");
                self.note(Severity::Error, path.key("region"), message, Some(hint));
            }
        }
        self.check_pricing(&path.key("pricing"), &cloud.pricing, spec);
    }

    fn check_pricing(&mut self, path: &FieldPathBuf, pricing: &Pricing, spec: &ScenarioSpec) {
        if let Some(ratio) = pricing.spot_ratio {
            self.require_share(path.key("spotRatio"), ratio);
        }
        self.require_price(path.key("clusterFeePerHour"), pricing.cluster_fee_per_hour);
        if let Some(price) = pricing.cross_zone_per_gb {
            self.require_price(path.key("crossZonePerGb"), price);
        }
        for (index, discount) in pricing.discounts.iter().enumerate() {
            let path = path.key("discounts").index(index);
            self.check_nodes(&path.key("nodes"), &discount.nodes, spec);
            let path = path.key("multiplier");
            self.require_not_negative(path.clone(), discount.multiplier);
            self.require(discount.multiplier <= 100.0, path, "is above 100 (expected a share: 0.9 is ten percent off)");
        }
        for (index, fee) in pricing.fees.iter().enumerate() {
            let path = path.key("fees").index(index);
            self.check_nodes(&path.key("nodes"), &fee.nodes, spec);
            self.require_price(path.key("perNodeHour"), fee.per_node_hour);
            self.require_price(path.key("perCoreHour"), fee.per_core_hour);
            let is_fee = fee.per_node_hour > 0.0 || fee.per_core_hour > 0.0;
            self.require(is_fee, path, "is nothing (expected perNodeHour or perCoreHour above zero)");
        }
        for (index, reserved) in pricing.reservations.iter().enumerate() {
            let path = path.key("reservations").index(index);
            self.check_nodes(&path.key("nodes"), &reserved.nodes, spec);
            self.require_price(path.key("pricePerHour"), reserved.price_per_hour);
            self.require(reserved.count > 0, path.key("count"), "is 0 (expected one machine or more)");
        }
        for (index, plan) in pricing.savings_plans.iter().enumerate() {
            let path = path.key("savingsPlans").index(index);
            self.check_nodes(&path.key("nodes"), &plan.nodes, spec);
            self.require_price(path.key("commitmentPerHour"), plan.commitment_per_hour);
            self.require_share(path.key("multiplier"), plan.multiplier);
        }
        let reservations = pricing.reservations.iter().enumerate();
        let reservations =
            reservations.map(|(index, one)| (path.key("reservations").index(index).key("name"), one.name.clone()));
        let plans = pricing.savings_plans.iter().enumerate();
        let plans = plans.map(|(index, one)| (path.key("savingsPlans").index(index).key("name"), one.name.clone()));
        self.require_unique("commitment", reservations.chain(plans));
    }

    fn check_nodes(&mut self, path: &FieldPathBuf, nodes: &PricedNodes, spec: &ScenarioSpec) {
        let pools = self.pools(spec);
        for (index, pool) in nodes.pools.iter().enumerate() {
            self.require_pool(path.key("pools").index(index), pool, &pools);
        }
        for (index, pattern) in nodes.instance_types.iter().enumerate() {
            let path = path.key("instanceTypes").index(index);
            self.require(
                !pattern.is_empty(),
                path,
                "is empty (expected an instance type such as `m5.large` or `m5.*`)",
            );
        }
    }

    /// A price for an hour.
    pub fn require_price(&mut self, path: FieldPathBuf, dollars: f64) {
        self.require_not_negative(path.clone(), dollars);
        self.require(dollars <= MAX_PRICE, path, format!("may be at most {MAX_PRICE} dollars an hour"));
    }

    /// A share of a price.
    fn require_share(&mut self, path: FieldPathBuf, share: f64) {
        let message = format!("`{share}` is not a share (expected a number above 0 and at most 1)");
        self.require(share > 0.0 && share <= 1.0, path, message);
    }
}
