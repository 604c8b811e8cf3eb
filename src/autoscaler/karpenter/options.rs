//! Settings of Karpenter that its decisions read, and what differs between its versions.

use super::label::WellKnownLabels;

/// A release whose decisions are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 1.13.0.
    V1_13,
    /// 1.14.0.
    #[default]
    V1_14,
}

impl Version {
    /// Candidates are taken by what they save for each pod that moves, rather than by what moving costs alone; a node whose
    /// pods cost nothing to evict is empty; prices are those of the very offering.
    pub fn ranks_by_savings(self) -> bool {
        self >= Self::V1_14
    }

    /// What DaemonSets ask for is known by instance type rather than by NodePool.
    pub fn groups_daemon_sets_by_type(self) -> bool {
        self >= Self::V1_14
    }

    /// Pods are not moved to a node to which others came within `consolidateAfter`.
    pub fn spares_recently_used_nodes(self) -> bool {
        self >= Self::V1_14
    }
}

/// `PREFERENCE_POLICY`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PreferencePolicy {
    /// Preferences are required first, then given up one by one.
    #[default]
    Respect,
    /// Preferences are not looked at.
    Ignore,
}

/// `MIN_VALUES_POLICY`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MinValuesPolicy {
    /// No node is made that cannot keep `minValues`.
    #[default]
    Strict,
    /// `minValues` is lowered to what there is.
    BestEffort,
}

/// The settings.
#[derive(Clone, Debug)]
pub struct Options {
    /// The release.
    pub version: Version,
    /// `PREFERENCE_POLICY`.
    pub preference_policy: PreferencePolicy,
    /// `MIN_VALUES_POLICY`.
    pub min_values_policy: MinValuesPolicy,
    /// Feature gate `SpotToSpotConsolidation`.
    pub spot_to_spot_consolidation: bool,
    /// Feature gate `ReservedCapacity`.
    pub reserved_capacity: bool,
    /// The labels that a NodePool need not define.
    pub well_known: WellKnownLabels,
    /// The label of reserved offerings that names their reservation.
    pub reservation_label: crate::api::Name,
    /// What stands for the order of Go's maps.
    pub map_order: MapOrder,
}

/// The order of what Karpenter keeps in Go maps, which is another one each time: by name, or shuffled by a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MapOrder {
    seed: Option<u64>,
}

impl MapOrder {
    /// Shuffled; the number is drawn from a random stream.
    pub const fn shuffled(seed: u64) -> Self {
        Self { seed: Some(seed) }
    }

    /// A place for a key: the same key has the same place, and no key is likelier to be first than another.
    pub fn rank(self, key: &str) -> u64 {
        let Some(seed) = self.seed else { return 0 };
        // FNV-1a, then a finalizer: neighbouring names must not be neighbours.
        let mut hash = key.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }

    /// Puts keys, given as they came into a map, into the order in which the map is gone through: a map of up to eight
    /// keys from one of its eight places on and round, one of more keys in any order.
    pub fn arrange<'a, T: 'a>(self, keys: &mut [T], name: impl Fn(&T) -> &'a str) {
        let Some(seed) = self.seed else { return };
        if keys.len() > MAP_GROUP {
            keys.sort_by_key(|key| self.rank(name(key)));
            return;
        }
        let group = u64::try_from(MAP_GROUP).unwrap_or(1);
        let first = usize::try_from(seed % group).unwrap_or(0);
        if first < keys.len() {
            keys.rotate_left(first);
        }
    }
}

/// Keys that a Go map keeps in one group, through which it goes in order.
const MAP_GROUP: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_maps_are_gone_through_from_some_place_on() {
        let arranged = |order: MapOrder| {
            let mut keys = ["c", "a", "b"];
            order.arrange(&mut keys, |key| *key);
            keys
        };
        assert_eq!(arranged(MapOrder::default()), ["c", "a", "b"]);
        let first: Vec<&str> = (0..8).map(|seed| arranged(MapOrder::shuffled(seed))[0]).collect();
        assert_eq!(first, ["c", "a", "b", "c", "c", "c", "c", "c"]);
    }

    #[test]
    fn versions_are_in_order() {
        assert!(Version::V1_14.ranks_by_savings() && !Version::V1_13.ranks_by_savings());
    }
}
