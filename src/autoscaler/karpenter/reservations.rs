//! Reserved capacity while new nodes are considered: each may hold any reservation that it could be launched into, until it
//! is decided (`pkg/controllers/provisioning/scheduling/reservationmanager.go`).

use super::instance_type::InstanceType;
use crate::api::{CapacityType, Name};
use std::collections::{BTreeMap, BTreeSet};

/// What happens to a pod that could use reserved capacity when none can be held for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservedMode {
    /// It waits.
    Strict,
    /// It takes other capacity.
    Fallback,
}

/// How many machines reservations have room for, and which new node holds which.
#[derive(Clone, Debug, Default)]
pub struct Reservations {
    capacity: BTreeMap<Name, u32>,
    held: BTreeMap<Name, BTreeSet<Name>>,
}

impl Reservations {
    /// Those of some instance types; of several statements about one the least counts.
    pub fn new<'a>(types: impl Iterator<Item = &'a InstanceType>) -> Self {
        let mut capacity: BTreeMap<Name, u32> = BTreeMap::new();
        let offerings = types.flat_map(|instance_type| &instance_type.offerings);
        let reserved = offerings.filter(|offering| offering.capacity_type == CapacityType::Reserved);
        for (id, room) in reserved.filter_map(|offering| offering.reservation.as_ref()) {
            capacity.entry(id.clone()).and_modify(|known| *known = (*known).min(*room)).or_insert(*room);
        }
        Self { capacity, held: BTreeMap::new() }
    }

    /// Whether a host holds a reservation, or could.
    pub fn can_reserve(&self, host: &str, id: &str) -> bool {
        self.held.get(host).is_some_and(|held| held.contains(id)) || self.capacity.get(id).is_some_and(|room| *room > 0)
    }

    /// A host holds these from now on, and no others.
    pub fn hold(&mut self, host: &Name, ids: &[Name]) {
        let held = self.held.entry(host.clone()).or_default();
        for id in ids {
            if held.insert(id.clone())
                && let Some(room) = self.capacity.get_mut(id)
            {
                *room = room.saturating_sub(1);
            }
        }
        let released: Vec<Name> = held.iter().filter(|id| !ids.contains(id)).cloned().collect();
        for id in released {
            held.remove(&id);
            if let Some(room) = self.capacity.get_mut(&id) {
                *room += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_holds_what_it_may_be_launched_into() {
        let mut reservations = Reservations { capacity: BTreeMap::from([("r".into(), 1)]), held: BTreeMap::new() };
        let (a, ids) = (Name::from("a"), [Name::from("r")]);
        assert!(reservations.can_reserve("b", "r"));
        reservations.hold(&a, &ids);
        assert!(reservations.can_reserve("a", "r"), "what is held can be held again");
        assert!(!reservations.can_reserve("b", "r"));
        reservations.hold(&a, &[]);
        assert!(reservations.can_reserve("b", "r"));
        assert!(!reservations.can_reserve("b", "unknown"));
    }
}
