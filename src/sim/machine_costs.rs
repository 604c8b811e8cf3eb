//! What the machines of a run cost: which there are, since when, at which price.
//!
//! A machine that a cloud was asked for costs from its launch until it is gone; a node that manifests or traces define, while
//! it is in the API. An instance whose node somebody deletes costs no more, unless its deletion was asked for: then it runs
//! on until the cloud has removed it.

use crate::api::{CapacityType, Name};
use crate::cluster::{Cluster, InstanceId, InstanceState, NodeId};
use crate::infra::pricing::commitments::{Commitment, PricedMachines, settle};
use crate::infra::pricing::rules::PriceRules;
use crate::input::catalogue::{Catalogue, NodeTraits, PriceUnknown};
use crate::input::scenario::{Pricing, Scenario};
use crate::record::{CommitmentRecord, MachineTypeRecord, StepSeries};
use crate::units::{MilliCpu, NanoDollars, SimTime};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A machine that costs or has cost.
#[derive(Clone, Copy, Debug)]
pub struct Paid {
    /// Index of its type.
    pub machine_type: u32,
    /// Since when.
    pub from: SimTime,
    /// Until when; `None` if it still does.
    pub until: Option<SimTime>,
}

/// What machines have in common that cost alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct TypeKey {
    pool: u32,
    instance_type: Name,
    region: Name,
    capacity_type: CapacityType,
    list_price: Option<NanoDollars>,
    price: Option<NanoDollars>,
    cpu: i64,
}

/// Keeps account of the machines.
#[derive(Debug)]
pub struct MachineCosts {
    catalogue: Arc<Catalogue>,
    pricing: Pricing,
    rules: PriceRules,
    /// Whether the scenario asks what things cost.
    is_asked: bool,
    types: Vec<MachineTypeRecord>,
    traits: Vec<(NodeTraits, Name)>,
    by_key: BTreeMap<TypeKey, u32>,
    instances: Vec<Option<Paid>>,
    nodes: BTreeMap<NodeId, Paid>,
    /// Why prices are unknown, and of how many machines, by instance type.
    unknown: BTreeMap<(PriceUnknown, Name), usize>,
}

/// Everything that is known of costs at the end.
#[derive(Debug)]
pub struct Costs {
    /// Machines by type.
    pub machine_types: Vec<MachineTypeRecord>,
    /// Reservations and savings plans.
    pub commitments: Vec<CommitmentRecord>,
    /// What is paid for the cluster for an hour.
    pub cluster_fee: NanoDollars,
    /// Which prices are unknown, and why.
    pub remarks: Vec<String>,
}

impl MachineCosts {
    /// Of a run of this scenario.
    pub fn new(scenario: &Scenario) -> Self {
        let cloud = scenario.spec.cloud.as_ref();
        let pricing = cloud.map(|cloud| cloud.pricing.clone()).unwrap_or_default();
        Self {
            catalogue: Arc::clone(&scenario.catalogue),
            rules: PriceRules::new(&pricing),
            is_asked: cloud.is_some(),
            pricing,
            types: Vec::new(),
            traits: Vec::new(),
            by_key: BTreeMap::new(),
            instances: Vec::new(),
            nodes: BTreeMap::new(),
            unknown: BTreeMap::new(),
        }
    }

    /// An instance changed.
    pub fn account_instance(&mut self, id: InstanceId, pool: u32, cluster: &Cluster, now: SimTime) {
        let instance = cluster.instance(id);
        if self.instances.len() <= id.index() {
            self.instances.resize(id.index() + 1, None);
        }
        let has_node = instance.node.is_none_or(|node| cluster.node(node).exists());
        let costs = instance.has_machine() && (has_node || instance.state == InstanceState::Deleting);
        match &mut self.instances[id.index()] {
            None if costs => {
                let choice = instance.choice();
                let mut traits = NodeTraits::of(&choice.node.meta.name, &choice.node.meta.labels);
                traits.capacity_type = choice.capacity_type;
                if !choice.instance_type.is_empty() {
                    traits.instance_type = choice.instance_type.clone();
                }
                let cpu = choice.node.capacity.cpu.unwrap_or_default();
                let paid = self.start(traits, pool, choice.price, cpu, cluster, now);
                self.instances[id.index()] = Some(paid);
            }
            Some(paid) if !costs && paid.until.is_none() => {
                paid.until = Some(now);
                let machine_type = paid.machine_type;
                self.count(machine_type, -1, now);
            }
            _ => {}
        }
    }

    /// A node came, went or changed.
    pub fn account_node(&mut self, id: NodeId, pool: u32, cluster: &Cluster, now: SimTime) {
        let node = cluster.node(id);
        if let Some(instance) = node.instance {
            self.account_instance(instance, pool, cluster, now);
            return;
        }
        match self.nodes.get_mut(&id) {
            None if node.exists() => {
                let traits = NodeTraits::of(&node.object.meta.name, &node.object.meta.labels);
                let cpu = node.object.capacity.cpu.or(node.object.allocatable.cpu).unwrap_or_default();
                let paid = self.start(traits, pool, None, cpu, cluster, now);
                self.nodes.insert(id, paid);
            }
            Some(paid) if !node.exists() && paid.until.is_none() => {
                paid.until = Some(now);
                let machine_type = paid.machine_type;
                self.count(machine_type, -1, now);
            }
            _ => {}
        }
    }

    /// What the machine of a node costs.
    pub fn of_node(&self, id: NodeId, cluster: &Cluster) -> Option<Paid> {
        match cluster.node(id).instance {
            Some(instance) => self.instances.get(instance.index()).copied().flatten(),
            None => self.nodes.get(&id).copied(),
        }
    }

    /// How the machines of a type are paid for.
    pub fn capacity_type(&self, machine_type: u32) -> &'static str {
        self.types.get(machine_type as usize).map_or("", |record| record.capacity_type)
    }

    /// A machine begins to cost.
    fn start(
        &mut self,
        traits: NodeTraits,
        pool: u32,
        known: Option<NanoDollars>,
        cpu: MilliCpu,
        cluster: &Cluster,
        now: SimTime,
    ) -> Paid {
        let pool_name =
            cluster.node_groups().nth(pool as usize).map(|(_, group)| group.name.clone()).unwrap_or_default();
        let list_price = match known.map_or_else(|| self.catalogue.price(&traits), Ok) {
            Ok(price) => Some(price),
            Err(why) => {
                *self.unknown.entry((why, traits.instance_type.clone())).or_default() += 1;
                None
            }
        };
        let price = list_price.map(|price| self.rules.discounted(price, &traits, &pool_name));
        let key = TypeKey {
            pool,
            instance_type: traits.instance_type.clone(),
            region: traits.region.clone(),
            capacity_type: traits.capacity_type,
            list_price,
            price,
            cpu: cpu.get(),
        };
        let machine_type = match self.by_key.get(&key) {
            Some(known) => *known,
            None => {
                let index = u32::try_from(self.types.len()).unwrap_or(u32::MAX);
                self.types.push(MachineTypeRecord {
                    pool,
                    instance_type: traits.instance_type.clone(),
                    region: traits.region.clone(),
                    capacity_type: traits.capacity_type.as_str(),
                    cpu_capacity: cpu,
                    list_price,
                    price,
                    fee: self.rules.fees(&traits, &pool_name, cpu),
                    machines: StepSeries::default(),
                });
                self.traits.push((traits, pool_name));
                self.by_key.insert(key, index);
                index
            }
        };
        self.count(machine_type, 1, now);
        Paid { machine_type, from: now, until: None }
    }

    /// Counts machines of a type.
    fn count(&mut self, machine_type: u32, change: i64, now: SimTime) {
        if let Some(record) = self.types.get_mut(machine_type as usize) {
            let count = record.machines.last().unwrap_or(0) + change;
            record.machines.set(now, count);
        }
    }

    /// Closes the books at `end`.
    pub fn finish(self, end: SimTime) -> Costs {
        let remarks = self.remarks();
        let commitments = Commitment::of(&self.pricing);
        // What is paid on demand can be paid in advance instead.
        let covered: Vec<usize> = (0..self.types.len())
            .filter(|place| {
                self.types[*place].price.is_some() && self.traits[*place].0.capacity_type != CapacityType::Spot
            })
            .collect();
        let machines: Vec<PricedMachines<'_>> = covered
            .iter()
            .filter_map(|place| {
                let record = &self.types[*place];
                record.price.map(|price| PricedMachines { price, counts: record.machines.points() })
            })
            .collect();
        let may_cover: Vec<Vec<usize>> = commitments
            .iter()
            .map(|commitment| {
                let applies = |place: &usize| {
                    let (traits, pool) = &self.traits[covered[*place]];
                    commitment.applies.to(traits, pool)
                };
                (0..covered.len()).filter(applies).collect()
            })
            .collect();
        let settled = settle(&commitments, &machines, &may_cover, end);
        let commitments = commitments
            .iter()
            .zip(settled)
            .map(|(commitment, settled)| CommitmentRecord {
                name: Name::from(commitment.name.as_str()),
                kind: commitment.kind(),
                paid: settled.paid,
                used: settled.used,
                covered: settled.covered,
            })
            .collect();
        let cluster_fee = NanoDollars::from_dollars(self.pricing.cluster_fee_per_hour);
        Costs { machine_types: self.types, commitments, cluster_fee, remarks }
    }

    /// Which prices are unknown and why, if anybody asks for prices: the scenario has a cloud, or other machines a price.
    fn remarks(&self) -> Vec<String> {
        let is_priced = self.is_asked || self.types.iter().any(|record| record.list_price.is_some());
        let remark = |((why, instance_type), count): (&(PriceUnknown, Name), &usize)| {
            let machines = if *count == 1 { "1 machine".to_owned() } else { format!("{count} machines") };
            let of_type = if instance_type.is_empty() { String::new() } else { format!(" of type `{instance_type}`") };
            let (why, hint) = match why {
                PriceUnknown::NoInstanceType => {
                    ("no label and no pool names the instance type".to_owned(), "set `pricePerHour` or `instanceType`")
                }
                PriceUnknown::NotListed => {
                    ("no catalogue lists it".to_owned(), "add a file to `spec.cloud.catalogues`, or set `pricePerHour`")
                }
                PriceUnknown::OtherRegion(region) => (
                    format!("the catalogues list it in `{region}` only"),
                    "add a file to `spec.cloud.catalogues`, or set `spec.cloud.pricing.otherRegions: listed`",
                ),
                PriceUnknown::NoPrice(capacity_type) => (
                    format!("it is listed without a price of capacity type {}", capacity_type.as_str()),
                    "add a file to `spec.cloud.catalogues`, or set `spec.cloud.pricing.spotRatio`",
                ),
                PriceUnknown::Ambiguous => (
                    "it is listed at several prices, and nothing says in which zone or region the machine is"
                        .to_owned(),
                    "label the nodes with zone and region",
                ),
            };
            format!("the price of {machines}{of_type} is unknown: {why} ({hint})")
        };
        if is_priced { self.unknown.iter().map(remark).collect() } else { Vec::new() }
    }
}
