//! Rules for machines: instance types of the user's own, boot times, shortages.

use super::boot::Boot;
use super::check::Checker;
use super::cloud::Cloud;
use super::machine_type::{InstanceTypeEntry, SpotInterruption};
use super::nodes::Pools;
use super::shortage::{Problem, Shortage, ShortageEntry, ShortageKind};
use super::spec::{NodePool, ScenarioSpec};
use crate::api::{CapacityType, Name};
use crate::input::document::field_path::FieldPathBuf;
use crate::units::SimDuration;
use std::collections::BTreeSet;

/// The most often that anything may happen in a minute or an hour.
const MOST_OFTEN: f64 = 1e6;

impl Checker<'_> {
    /// Machines of the cloud.
    pub fn check_machines(&mut self, path: &FieldPathBuf, cloud: &mut Cloud) {
        let types = path.key("instanceTypes");
        let names = cloud.instance_types.iter().enumerate();
        self.require_unique(
            "instance type",
            names.map(|(index, one)| (types.index(index).key("name"), one.name.clone())),
        );
        for (index, entry) in cloud.instance_types.iter().enumerate() {
            self.check_instance_type(&types.index(index), entry);
        }
        if let Some(boot) = &mut cloud.boot {
            self.check_boot(&path.key("boot"), boot);
        }
        self.check_distribution(&path.key("deleteDelay"), &mut cloud.delete_delay);
        if let Some(SpotInterruption { per_hour, .. }) = cloud.spot_interruption {
            let path = path.key("spotInterruption").key("perHour");
            self.require_not_negative(path.clone(), per_hour);
            self.require(per_hour <= MOST_OFTEN, path, format!("is too often (expected at most {MOST_OFTEN})"));
        }
    }

    fn check_instance_type(&mut self, path: &FieldPathBuf, entry: &InstanceTypeEntry) {
        self.require(!entry.name.is_empty(), path.key("name"), "is empty");
        self.check_node_resources(path, &entry.capacity, &entry.allocatable);
        for (field, price) in
            [("onDemandPricePerHour", entry.on_demand_price_per_hour), ("spotPricePerHour", entry.spot_price_per_hour)]
        {
            if let Some(price) = price {
                self.require_price(path.key(field), price);
            }
        }
        let zones = entry.zones.iter().enumerate();
        self.require_unique("zone", zones.map(|(index, zone)| (path.key("zones").index(index), zone.clone())));
        for (index, offering) in entry.offerings.iter().enumerate() {
            if let Some(price) = offering.price_per_hour {
                self.require_price(path.key("offerings").index(index).key("pricePerHour"), price);
            }
        }
        let offerings = entry.offerings.iter().enumerate();
        let offered = |offering: &super::machine_type::OfferingEntry| {
            format!("{}, {}", offering.zone, CapacityType::from(offering.capacity_type).as_str())
        };
        let offerings = offerings
            .map(|(index, offering)| (path.key("offerings").index(index), offered(offering)))
            .collect::<Vec<_>>();
        self.require_unique("offering", offerings);
    }

    /// How long machines take to boot.
    pub fn check_boot(&mut self, path: &FieldPathBuf, boot: &mut Boot) {
        self.check_distribution(&path.key("launch"), &mut boot.launch);
        self.check_distribution(&path.key("register"), &mut boot.register);
        self.check_distribution(&path.key("ready"), &mut boot.ready);
    }

    /// What makes a pool a node group of the Cluster Autoscaler, and its boot times.
    pub fn check_node_group(&mut self, path: &FieldPathBuf, pool: &mut NodePool) {
        if let Some(boot) = &mut pool.boot {
            self.check_boot(&path.key("boot"), boot);
        }
        match (pool.min, pool.max) {
            (Some(_), None) => self.error(path.key("min"), "has no meaning without `max`"),
            (min, Some(max)) => {
                let (min, count) = (min.unwrap_or(0), pool.count);
                self.require(min <= max, path.key("max"), format!("`{max}` is below `min`, which is {min}"));
                let message = format!("`{count}` is not between `min` and `max` ({min} and {max})");
                self.require((min..=max).contains(&count) || min > max, path.key("count"), message);
            }
            (None, None) => {}
        }
    }

    /// What the cloud cannot or will not give.
    pub fn check_shortages(&mut self, path: &FieldPathBuf, spec: &ScenarioSpec) -> Vec<Shortage> {
        let entries = spec.cloud.as_ref().map_or(&[][..], |cloud| &cloud.shortages);
        let pools = self.pools(spec);
        let name = |index: usize, entry: &ShortageEntry| {
            entry.name.clone().unwrap_or_else(|| format!("{}-{index}", entry.kind.as_str()))
        };
        let names = entries.iter().enumerate().map(|(index, entry)| (path.index(index), name(index, entry)));
        self.require_unique("shortage", names.collect::<Vec<_>>());
        let known = self.known_types(spec);
        let mut shortages = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let path = path.index(index);
            if let Some(name) = &entry.name {
                self.require_name(path.key("name"), name);
            }
            self.check_scope_of_shortage(&path, entry, &pools, &known);
            if let Some(problem) = self.check_problem(&path, entry) {
                shortages.push(lower(entry, name(index, entry), problem));
            }
        }
        shortages
    }

    /// The instance types that a scenario knows.
    fn known_types(&self, spec: &ScenarioSpec) -> BTreeSet<String> {
        let of_catalogue = self.catalogue.listed().iter().map(|listed| listed.instance_type.name.to_string());
        of_catalogue.chain(spec.node_pools.iter().filter_map(|pool| pool.instance_type.clone())).collect()
    }

    fn check_scope_of_shortage(
        &mut self,
        path: &FieldPathBuf,
        entry: &ShortageEntry,
        pools: &Pools,
        known: &BTreeSet<String>,
    ) {
        for (index, pool) in entry.pools.iter().enumerate() {
            self.require_pool(path.key("pools").index(index), pool, pools);
        }
        for (index, instance_type) in entry.instance_types.iter().enumerate() {
            self.require_known(path.key("instanceTypes").index(index), "instance type", instance_type, known);
        }
        if let Some(duration) = entry.duration {
            self.require(
                duration.get() > SimDuration::ZERO,
                path.key("duration"),
                "is zero (expected a time above zero)",
            );
        }
    }

    fn check_problem(&mut self, path: &FieldPathBuf, entry: &ShortageEntry) -> Option<Problem> {
        let kind = entry.kind.as_str();
        let is_drawn = !matches!(entry.kind, ShortageKind::Quota | ShortageKind::Refused | ShortageKind::LaunchRate);
        if let Some(probability) = entry.probability {
            let path = path.key("probability");
            self.require(is_drawn, path.clone(), format!("has no meaning for `{kind}`"));
            let message = format!("`{probability}` is not a probability (expected 0 to 1)");
            self.require((0.0..=1.0).contains(&probability), path, message);
        }
        let is_quota = entry.kind == ShortageKind::Quota;
        for (field, is_given) in [("nodes", entry.nodes.is_some()), ("cpu", entry.cpu.is_some())] {
            self.require(!is_given || is_quota, path.key(field), format!("has no meaning for `{kind}`"));
        }
        let is_rate = entry.kind == ShortageKind::LaunchRate;
        self.require(
            entry.per_minute.is_none() || is_rate,
            path.key("perMinute"),
            format!("has no meaning for `{kind}`"),
        );
        Some(match entry.kind {
            ShortageKind::StockOut => Problem::StockOut,
            ShortageKind::LaunchError => Problem::LaunchError,
            ShortageKind::NeverRegisters => Problem::NeverRegisters,
            ShortageKind::NeverReady => Problem::NeverReady,
            ShortageKind::Refused => Problem::Refused,
            ShortageKind::Reclaim => Problem::Reclaim,
            ShortageKind::Quota => {
                let is_limited = entry.nodes.is_some() || entry.cpu.is_some();
                self.require(is_limited, path.clone(), "limits nothing (expected `nodes` or `cpu`)");
                Problem::Quota { nodes: entry.nodes, cpu: entry.cpu.map(super::leaf::Amount::milli_cpu) }
            }
            ShortageKind::LaunchRate => {
                let Some(per_minute) = entry.per_minute else {
                    self.error(path.clone(), "needs `perMinute`");
                    return None;
                };
                self.require_positive(path.key("perMinute"), per_minute);
                let is_plausible = per_minute <= MOST_OFTEN;
                let message = format!("is too often (expected at most {MOST_OFTEN})");
                self.require(is_plausible, path.key("perMinute"), message);
                Problem::LaunchRate(SimDuration::from_secs_f64(60.0 / per_minute))
            }
        })
    }
}

/// A shortage as a run uses it.
fn lower(entry: &ShortageEntry, name: String, problem: Problem) -> Shortage {
    let names = |texts: &[String]| texts.iter().map(|text| Name::from(text.as_str())).collect();
    let from = entry.at.from_start();
    Shortage {
        name: Name::from(name),
        problem,
        pools: names(&entry.pools),
        instance_types: names(&entry.instance_types),
        zones: names(&entry.zones),
        capacity_types: entry.capacity_types.iter().map(|one| CapacityType::from(*one)).collect(),
        from,
        until: entry.duration.map(|duration| from + duration.get()),
        probability: entry.probability.unwrap_or(1.0),
    }
}
