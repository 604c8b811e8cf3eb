//! A node that is about to be made: pods are added as long as some instance type is left
//! (`pkg/controllers/provisioning/scheduling/nodeclaim.go`).

use super::amounts::Amounts;
use super::base::Base;
use super::failure::Failure;
use super::host_ports::HostPort;
use super::instance_type::InstanceType;
use super::label::WellKnownLabels;
use super::options::Options;
use super::pod::{ClassId, PodForm};
use super::requirement::Requirement;
use super::requirements::Requirements;
use super::reservations::{Reservations, ReservedMode};
use super::state::{PodKey, PodVolumes};
use super::template::{Asked, Template};
use super::topology::Topology;
use crate::api::karpenter::{KarpenterOperator, keys};
use crate::api::{CapacityType, Name, well_known};

/// A node that is about to be made.
#[derive(Clone, Debug)]
pub struct NewNode {
    /// Which template it is made from.
    pub template: usize,
    /// What it will be.
    pub requirements: Requirements,
    /// The instance types that are left.
    pub options: Vec<u32>,
    /// What its pods request.
    pub requests: Amounts,
    /// Its pods, in the order in which they were placed.
    pub pods: Vec<PodKey>,
    /// The host name that it goes by for now.
    pub host: Name,
    /// Whether `minValues` was lowered.
    pub min_values_relaxed: bool,
    ports: Vec<HostPort>,
    /// The reservations that it holds.
    reserved: Vec<Name>,
}

/// A pod that wants a place.
pub struct Arrival<'a> {
    /// The pod.
    pub key: PodKey,
    /// Its class.
    pub class: ClassId,
    /// The form that is tried.
    pub form: &'a PodForm,
    /// Its claims.
    pub volumes: Option<&'a PodVolumes>,
}

impl Arrival<'_> {
    /// What its volumes ask of a node: one of these must be met.
    pub fn alternatives(&self) -> Vec<Option<&Requirements>> {
        let alternatives = self.volumes.map_or(&[][..], |volumes| &volumes.alternatives);
        if alternatives.is_empty() { vec![None] } else { alternatives.iter().map(Some).collect() }
    }
}

/// How the node would be with the pod.
pub struct WithPod {
    requirements: Requirements,
    options: Vec<u32>,
    reserved: Vec<Name>,
    /// Whether `minValues` would be lowered.
    pub min_values_relaxed: bool,
}

impl NewNode {
    /// A node without pods, which may be of some instance types.
    pub fn new(template: usize, of: &Template<'_>, options: Vec<u32>, host: Name) -> Self {
        let mut requirements = of.requirements.clone();
        requirements.add(well_known::HOSTNAME.into(), &Requirement::value(&host));
        Self {
            template,
            requirements,
            options,
            requests: Amounts::default(),
            pods: Vec::new(),
            host,
            min_values_relaxed: false,
            ports: Vec::new(),
            reserved: Vec::new(),
        }
    }

    /// How the node would be with a pod more.
    pub fn with_pod(
        &self,
        arrival: &Arrival<'_>,
        base: &Base<'_>,
        topology: &Topology<'_, '_>,
        reservations: &Reservations,
        mode: ReservedMode,
        lowers_min_values: bool,
    ) -> Result<WithPod, Failure> {
        let template = &base.templates[self.template];
        let form = arrival.form;
        let untolerated =
            |taint: &&crate::api::Taint| !form.tolerations.iter().any(|toleration| toleration.tolerates(taint));
        if let Some(taint) = template.taints.iter().find(untolerated) {
            return Err(Failure::Taint(taint.clone()));
        }
        let known = &base.options.well_known;
        self.requirements.compatible(&form.requirements, Some(known)).map_err(Failure::Requirements)?;
        let mut with_pod = self.requirements.clone();
        with_pod.add_all(&form.requirements);
        let mut last = Failure::NoTemplates;
        for volumes in arrival.alternatives() {
            let mut requirements = with_pod.clone();
            if let Some(volumes) = volumes {
                if let Err(problem) = requirements.compatible(volumes, Some(known)) {
                    last = Failure::Volumes(problem);
                    continue;
                }
                requirements.add_all(volumes);
            }
            let tried = self.try_with(arrival, requirements, base, topology, reservations, mode, lowers_min_values);
            match tried {
                Ok(with_pod) => return Ok(with_pod),
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    #[expect(clippy::too_many_arguments, reason = "one alternative of `with_pod`, which has the same")]
    fn try_with(
        &self,
        arrival: &Arrival<'_>,
        mut requirements: Requirements,
        base: &Base<'_>,
        topology: &Topology<'_, '_>,
        reservations: &Reservations,
        mode: ReservedMode,
        lowers_min_values: bool,
    ) -> Result<WithPod, Failure> {
        let template = &base.templates[self.template];
        let known = &base.options.well_known;
        if !topology.is_free(arrival.key, arrival.class) {
            let left = topology
                .add_requirements(arrival.key, arrival.class, &arrival.form.strict, &requirements)
                .map_err(Failure::Topology)?;
            requirements.compatible(&left, Some(known)).map_err(Failure::Requirements)?;
            requirements.add_all(&left);
        }
        let class = base.state.classes.get(arrival.class);
        let mut requests = self.requests.clone();
        requests.merge(&class.requests);
        let asked = Asked {
            options: &self.options,
            requirements: &requirements,
            requests: &requests,
            host_ports: &class.host_ports,
            taken: &self.ports,
        };
        let (options, found) =
            template.filter(&asked, base.options, lowers_min_values).map_err(Failure::InstanceTypes)?;
        let mut min_values_relaxed = false;
        for (key, count) in &found.missing {
            let asked = self.requirements.get(key).and_then(|requirement| requirement.min_values);
            min_values_relaxed |= asked.is_some_and(|asked| *count < asked);
            requirements.set_min_values(key, *count);
        }
        let reserved = self.reservable(template, &options, &requirements, base.options, reservations, mode)?;
        Ok(WithPod { requirements, options, reserved, min_values_relaxed })
    }

    /// The reservations that the node could be launched into.
    fn reservable(
        &self,
        template: &Template<'_>,
        types: &[u32],
        requirements: &Requirements,
        options: &Options,
        reservations: &Reservations,
        mode: ReservedMode,
    ) -> Result<Vec<Name>, Failure> {
        if !options.reserved_capacity {
            return Ok(Vec::new());
        }
        let mut any = false;
        let mut ids: Vec<Name> = Vec::new();
        for index in types {
            let reserved = template.types[*index as usize].offerings.iter();
            let reserved = reserved.filter(|of| of.available && of.capacity_type == CapacityType::Reserved);
            for offering in reserved {
                let Some((id, _)) = &offering.reservation else { continue };
                if requirements.compatible(&offering.requirements, Some(&options.well_known)).is_ok() {
                    any = true;
                    if reservations.can_reserve(&self.host, id) && !ids.contains(id) {
                        ids.push(id.clone());
                    }
                }
            }
        }
        if mode == ReservedMode::Strict && ids.is_empty() {
            if any {
                return Err(Failure::Reserved(
                    "one or more instance types with compatible reserved offerings are available, but could not be reserved",
                ));
            }
            if !self.reserved.is_empty() {
                return Err(Failure::Reserved(
                    "satisfying updated nodeclaim constraints would remove all compatible reserved offering options",
                ));
            }
        }
        Ok(ids)
    }

    /// Adds the pod.
    pub fn add(
        &mut self,
        arrival: &Arrival<'_>,
        with_pod: WithPod,
        base: &Base<'_>,
        topology: &mut Topology<'_, '_>,
        reservations: &mut Reservations,
    ) {
        let class = base.state.classes.get(arrival.class);
        self.pods.push(arrival.key);
        self.options = with_pod.options;
        self.requirements = with_pod.requirements;
        self.requests.merge(&class.requests);
        self.ports.extend(class.host_ports.iter().cloned());
        let taints = base.templates[self.template].taints;
        topology.record(arrival.key, arrival.class, taints, &self.requirements);
        if !with_pod.reserved.is_empty() || !self.reserved.is_empty() {
            reservations.hold(&self.host, &with_pod.reserved);
        }
        self.reserved = with_pod.reserved;
    }

    /// No more pods come: the host name is forgotten, reservations become requirements, and the DaemonSets' pods are added
    /// to the requests (`FinalizeScheduling`).
    pub fn finish(&mut self, base: &Base<'_>) {
        let options = base.options;
        self.requirements.remove(well_known::HOSTNAME);
        if !self.reserved.is_empty() {
            let reserved = Requirement::value(&CapacityType::Reserved.as_str().into());
            self.requirements.set(keys::CAPACITY_TYPE, reserved);
            let ids = Requirement::new(KarpenterOperator::In, &self.reserved, None);
            self.requirements.add(options.reservation_label.clone(), &ids);
        }
        let mut least: Option<Amounts> = None;
        for group in &base.templates[self.template].groups {
            if !group.types.iter().any(|index| self.options.contains(index)) {
                continue;
            }
            match &mut least {
                Some(least) if !least.is_empty() => least.min(&group.overhead),
                least => *least = Some(group.overhead.clone()),
            }
        }
        if let Some(least) = least {
            self.requests.merge(&least);
        }
    }

    /// Leaves the types that cost less at worst than this; says whether `minValues` is still kept.
    pub fn keep_cheaper(&mut self, types: &[InstanceType], price: f64, known: &WellKnownLabels) -> bool {
        let requirements = &self.requirements;
        self.options.retain(|index| types[*index as usize].worst_launch_price(requirements, known) < price);
        let left = self.options.iter().map(|index| &types[*index as usize]);
        super::instance_type::min_values(left, requirements).missing.is_empty()
    }

    /// Whether the node may be of a capacity type.
    pub fn may_be(&self, capacity_type: CapacityType) -> bool {
        self.requirements.get(keys::CAPACITY_TYPE).is_none_or(|requirement| requirement.has(capacity_type.as_str()))
    }

    /// The node is of this capacity type.
    pub fn must_be(&mut self, capacity_type: CapacityType) {
        self.requirements.add(keys::CAPACITY_TYPE.into(), &Requirement::value(&capacity_type.as_str().into()));
    }
}
