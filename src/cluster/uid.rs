//! `metadata.uid`: what tells objects apart that had the same name one after the other.

use crate::api::Name;
use std::fmt;

/// The odd number nearest to 2^64 divided by the golden ratio: its multiples are far from each other.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The uid of an object. It follows from the object's id, which is never given to another object: it costs no memory, never
/// changes, and is the same in every run. Uids order as their texts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uid {
    /// Scattered, as the random bits of the real one are, so that the order of uids tells nothing of the order of creation.
    scattered: u64,
    /// A number of the kind.
    kind: u8,
}

impl Uid {
    pub(super) const fn new(kind: u8, index: usize) -> Self {
        Self { scattered: (index as u64).wrapping_mul(GOLDEN), kind }
    }
}

/// In the form of a UUID of version 4 (RFC 9562). The four bits of the version stand in for bits in which no two of fewer
/// than 2^32 uids of a kind differ alone.
impl fmt::Display for Uid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let high = self.scattered & !0xf000 | 0x4000;
        let low = (self.scattered ^ u64::from(self.kind)).wrapping_mul(GOLDEN);
        let low = low & !0xc000_0000_0000_00ff | 0x8000_0000_0000_0000 | u64::from(self.kind);
        let (time_low, time_mid, version) = (high >> 32, high >> 16 & 0xffff, high & 0xffff);
        write!(
            formatter,
            "{time_low:08x}-{time_mid:04x}-{version:04x}-{:04x}-{:012x}",
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}

impl From<Uid> for Name {
    fn from(uid: Uid) -> Self {
        Self::from(uid.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{NodeId, ObjectId, PodId};
    use std::collections::BTreeSet;

    #[test]
    fn a_uid_has_the_form_of_a_uuid() {
        let cases = [
            (ObjectId::from(PodId::from_index(1)), "9e3779b9-7f4a-4c15-", "a pod"),
            (ObjectId::from(NodeId::from_index(1)), "9e3779b9-7f4a-4c15-", "a node: told apart by the second half"),
            (ObjectId::from(PodId::from_index(2)), "3c6ef372-fe94-482a-", "another pod"),
        ];
        let mut texts = BTreeSet::new();
        for (object, start, why) in cases {
            let text = object.uid().to_string();
            assert!(text.starts_with(start), "{text}: {why}");
            assert_eq!(text.len(), 36, "{text}");
            assert!("89ab".contains(&text[19..20]), "{text}: the variant");
            texts.insert(text);
        }
        assert_eq!(texts.len(), 3);
    }

    #[test]
    fn uids_order_as_their_texts() {
        let mut uids: Vec<Uid> = (0..20_000).map(|index| ObjectId::from(PodId::from_index(index)).uid()).collect();
        uids.sort_unstable();
        let texts: Vec<String> = uids.iter().map(ToString::to_string).collect();
        assert!(texts.is_sorted_by(|a, b| a < b), "no two are alike");
    }
}
