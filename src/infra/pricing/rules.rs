//! From the list price of a machine to what is paid for it.

use crate::api::CapacityType;
use crate::input::catalogue::NodeTraits;
use crate::input::scenario::{Discount, Fee, PricedNodes, Pricing};
use crate::units::{MilliCpu, NanoDollars};
use glob::Pattern;

/// Which machines something applies to, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct Applies {
    instance_types: Vec<Pattern>,
    regions: Vec<String>,
    pools: Vec<String>,
    capacity_types: Vec<CapacityType>,
}

impl Applies {
    /// The conditions of a scenario. In a pattern only `*` has a meaning.
    pub fn new(nodes: &PricedNodes) -> Self {
        let pattern = |text: &String| Pattern::new(&Pattern::escape(text).replace("[*]", "*")).ok();
        Self {
            instance_types: nodes.instance_types.iter().filter_map(pattern).collect(),
            regions: nodes.regions.clone(),
            pools: nodes.pools.clone(),
            capacity_types: nodes.capacity_types.iter().map(|word| CapacityType::from(*word)).collect(),
        }
    }

    /// Whether they hold of a machine of this pool.
    pub fn to(&self, machine: &NodeTraits, pool: &str) -> bool {
        let names = |list: &[String], name: &str| list.is_empty() || list.iter().any(|listed| listed == name);
        (self.instance_types.is_empty()
            || self.instance_types.iter().any(|pattern| pattern.matches(&machine.instance_type)))
            && names(&self.regions, &machine.region)
            && names(&self.pools, pool)
            && (self.capacity_types.is_empty() || self.capacity_types.contains(&machine.capacity_type))
    }
}

/// Discounts and fees.
#[derive(Clone, Debug, Default)]
pub struct PriceRules {
    discounts: Vec<(Applies, f64)>,
    fees: Vec<(Applies, Fee)>,
}

impl PriceRules {
    /// Those of a scenario.
    pub fn new(pricing: &Pricing) -> Self {
        let discount = |Discount { nodes, multiplier }: &Discount| (Applies::new(nodes), *multiplier);
        let fee = |fee: &Fee| (Applies::new(&fee.nodes), fee.clone());
        Self {
            discounts: pricing.discounts.iter().map(discount).collect(),
            fees: pricing.fees.iter().map(fee).collect(),
        }
    }

    /// A price with the discounts that a machine is entitled to.
    pub fn discounted(&self, price: NanoDollars, machine: &NodeTraits, pool: &str) -> NanoDollars {
        let entitled = self.discounts.iter().filter(|(applies, _)| applies.to(machine, pool));
        // The product is of the factors alone, so that the price is rounded once.
        let mut factors = entitled.map(|(_, multiplier)| *multiplier).peekable();
        if factors.peek().is_none() { price } else { price.times(factors.product()) }
    }

    /// The fees of a machine for an hour.
    pub fn fees(&self, machine: &NodeTraits, pool: &str, cpu: MilliCpu) -> NanoDollars {
        let due = self.fees.iter().filter(|(applies, _)| applies.to(machine, pool));
        let dollars = due.map(|(_, fee)| fee.per_node_hour + fee.per_core_hour * cpu.as_cores());
        NanoDollars::from_dollars(dollars.sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(labels: &[(&str, &str)]) -> NodeTraits {
        NodeTraits::of(&"n".into(), &labels.iter().copied().collect())
    }

    fn pricing(text: &str) -> Pricing {
        serde_json::from_str(text).expect("pricing")
    }

    #[test]
    fn discounts_and_fees_go_to_whom_they_are_due() {
        let rules = PriceRules::new(&pricing(
            r#"{"discounts": [
                  {"multiplier": 0.9},
                  {"nodes": {"instanceTypes": ["m5.*"], "regions": ["eu"]}, "multiplier": 0.5},
                  {"nodes": {"capacityTypes": ["spot"], "pools": ["batch"]}, "multiplier": 2}],
                "fees": [{"perNodeHour": 0.01}, {"nodes": {"instanceTypes": ["*large"]}, "perCoreHour": 0.002}]}"#,
        ));
        let kind = "node.kubernetes.io/instance-type";
        let region = "topology.kubernetes.io/region";
        let cases = [
            (vec![(kind, "m5.large"), (region, "eu")], "web", 0.45, 0.018, "both discounts, both fees"),
            (vec![(kind, "m5.large"), (region, "us")], "web", 0.9, 0.018, "another region"),
            (vec![(kind, "xm5.2"), (region, "eu")], "web", 0.9, 0.01, "the pattern is of the whole name"),
            (vec![("karpenter.sh/capacity-type", "spot")], "batch", 1.8, 0.01, "spot of a pool"),
            (vec![], "", 0.9, 0.01, "a node of which nothing is known"),
        ];
        for (labels, pool, price, fee, why) in cases {
            let machine = machine(&labels);
            let dollar = NanoDollars::from_dollars(1.0);
            assert_eq!(rules.discounted(dollar, &machine, pool), NanoDollars::from_dollars(price), "{why}");
            let fees = rules.fees(&machine, pool, MilliCpu::new(4000));
            assert_eq!(fees, NanoDollars::from_dollars(fee), "{why}");
        }
    }
}
