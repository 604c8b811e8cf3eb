//! What a NodePool makes NodeClaims from, and which of its instance types suit
//! (`pkg/controllers/provisioning/scheduling/{nodeclaimtemplate,nodeclaim}.go`).

use super::amounts::Amounts;
use super::daemon_set::{DaemonGroup, DaemonPods};
use super::host_ports::{HostPort, conflict};
use super::instance_type::{InstanceType, MinValues, min_values};
use super::options::{MinValuesPolicy, Options};
use super::requirement::Requirement;
use super::requirements::Requirements;
use super::state::Pool;
use crate::api::karpenter::keys;
use crate::api::{Labels, Name, Taint, well_known};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::rc::Rc;

/// Why no instance type is left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoInstanceType {
    /// Whether some type met the requirements, had the resources, had an offering.
    pub met: [bool; 3],
    /// Whether some type met the requirements and had the resources but no offering; and so on.
    pub pairs: [bool; 3],
    /// The labels of which there are too few values.
    pub min_values: Vec<Name>,
}

/// By requirements, of each type whether it meets them and whether it has an offering.
type Suiting = FxHashMap<Requirements, Rc<[(bool, bool)]>>;

/// What a NodePool makes NodeClaims from.
pub struct Template<'s> {
    /// The NodePool.
    pub pool: &'s Name,
    /// What nodes of the pool are.
    pub requirements: Requirements,
    /// Their taints.
    pub taints: &'s [Taint],
    /// All instance types of the pool.
    pub types: &'s [InstanceType],
    /// Those that suit the pool.
    pub allowed: Vec<u32>,
    /// Those by the DaemonSets that run on them.
    pub groups: Vec<DaemonGroup>,
    /// By requirements, which types meet them and which of those have an offering.
    suiting: RefCell<Suiting>,
}

/// The labels of a pool's nodes.
pub fn template_labels(pool: &Pool) -> Labels {
    let spec = &pool.spec;
    let class = &spec.template.node_class;
    let class_key = format!("{}/{}", class.group, class.kind.to_lowercase());
    spec.template.labels.with(keys::NODE_POOL, &spec.meta.name).with(&class_key, &class.name)
}

impl<'s> Template<'s> {
    /// The template of a pool; `None` if none of its instance types suits.
    pub fn new(pool: &'s Pool, daemons: &mut DaemonPods, options: &Options) -> Option<Self> {
        let mut requirements = Requirements::from_karpenter(&pool.spec.template.requirements);
        requirements.add_all(&Requirements::from_labels(&template_labels(pool)));
        if options.version.groups_daemon_sets_by_type() {
            let is_true = Requirement::value(&"true".into());
            requirements.add(keys::REGISTERED.into(), &is_true);
            requirements.add(keys::INITIALIZED.into(), &is_true);
        }
        let types = pool.instance_types.as_slice();
        let all: Vec<u32> = (0..u32::try_from(types.len()).unwrap_or(u32::MAX)).collect();
        let everything = DaemonGroup { types: all.clone(), overhead: Amounts::default(), host_ports: Vec::new() };
        let mut template = Self {
            pool: &pool.spec.meta.name,
            requirements,
            taints: &pool.spec.template.taints,
            types,
            allowed: Vec::new(),
            groups: vec![everything],
            suiting: RefCell::default(),
        };
        let asked = Asked {
            options: &all,
            requirements: &template.requirements,
            requests: &Amounts::default(),
            host_ports: &[],
            taken: &[],
        };
        template.allowed = template.filter(&asked, options, lowers(options)).ok()?.0;
        template.groups = daemons.groups(options, template.taints, &template.requirements, types, &template.allowed);
        Some(template)
    }

    /// Which types meet requirements and have an offering, from memory if this was asked before. The host name is no
    /// property of types.
    fn suiting(&self, requirements: &Requirements, options: &Options) -> Rc<[(bool, bool)]> {
        let mut key = requirements.clone();
        key.remove(well_known::HOSTNAME);
        let known = &options.well_known;
        let mut suiting = self.suiting.borrow_mut();
        if let Some(known) = suiting.get(&key) {
            return known.clone();
        }
        let suits = |of: &InstanceType| (of.requirements.intersects(&key).is_ok(), of.has_offering(&key, known));
        let types: Rc<[(bool, bool)]> = self.types.iter().map(suits).collect();
        suiting.insert(key, types.clone());
        types
    }

    /// The types that are left (`filterInstanceTypesByRequirements`), and the labels of which there are too few values, if
    /// that is put up with.
    pub fn filter(
        &self,
        asked: &Asked<'_>,
        options: &Options,
        lowers_min_values: bool,
    ) -> Result<(Vec<u32>, MinValues), NoInstanceType> {
        let suiting = self.suiting(asked.requirements, options);
        let mut reasons = NoInstanceType::default();
        let mut remaining = Vec::new();
        let mut is_asked = vec![false; self.types.len()];
        asked.options.iter().for_each(|index| is_asked[*index as usize] = true);
        for group in &self.groups {
            if conflict(asked.host_ports, group.host_ports.iter().chain(asked.taken)) {
                continue;
            }
            let mut requests = asked.requests.clone();
            requests.merge(&group.overhead);
            for index in group.types.iter().filter(|index| is_asked[**index as usize]) {
                let instance_type = &self.types[*index as usize];
                let (meets, is_offered) = suiting[*index as usize];
                let fits = requests.fits(&instance_type.allocatable);
                let criteria = [meets, fits, is_offered];
                for (met, criterion) in reasons.met.iter_mut().zip(criteria) {
                    *met |= criterion;
                }
                let pairs = [meets && fits && !is_offered, meets && is_offered && !fits, fits && is_offered && !meets];
                for (pair, of_this) in reasons.pairs.iter_mut().zip(pairs) {
                    *pair |= of_this;
                }
                if criteria.iter().all(|criterion| *criterion) {
                    remaining.push(*index);
                }
            }
        }
        let found = min_values(remaining.iter().map(|index| &self.types[*index as usize]), asked.requirements);
        if !found.missing.is_empty() && !lowers_min_values {
            reasons.min_values = found.missing.keys().cloned().collect();
            return Err(reasons);
        }
        if remaining.is_empty() { Err(reasons) } else { Ok((remaining, found)) }
    }
}

/// Whether `minValues` may be lowered.
pub fn lowers(options: &Options) -> bool {
    options.min_values_policy == MinValuesPolicy::BestEffort
}

/// What is asked of instance types.
pub struct Asked<'a> {
    /// The types to choose from.
    pub options: &'a [u32],
    /// What the node must be.
    pub requirements: &'a Requirements,
    /// What the pods request together.
    pub requests: &'a Amounts,
    /// The host ports of the new pod.
    pub host_ports: &'a [HostPort],
    /// The host ports of the others.
    pub taken: &'a [HostPort],
}
