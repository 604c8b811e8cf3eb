//! The names that controllers make: hashes of templates, and the random ends of pods' names.

use crate::api::{Name, PodTemplate, well_known};
use crate::cluster::Cluster;
use crate::engine::Checksum;
use std::hash::{Hash, Hasher};

/// A short text that tells templates apart, in the alphabet that Kubernetes uses (`rand.SafeEncodeString`): no vowels,
/// so no words. The real hash depends on Go's memory layout and cannot be reproduced.
pub fn template_hash(template: &PodTemplate) -> String {
    let mut hasher = Checksum::default();
    template.hash(&mut hasher);
    safe_text(hasher.finish(), 9)
}

/// `length` characters of the safe alphabet that stand for `number`.
pub fn safe_text(mut number: u64, length: usize) -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut text = String::with_capacity(length);
    for _ in 0..length {
        text.push(char::from(ALPHABET[usize::try_from(number % 27).unwrap_or(0)]));
        number /= 27;
    }
    text
}

/// A template with the label of its revision.
pub fn with_revision_label(template: &PodTemplate, revision: &str) -> PodTemplate {
    PodTemplate { labels: template.labels.with(well_known::CONTROLLER_REVISION_HASH, revision), ..template.clone() }
}

/// A name for the next pod of an owner: the owner's and five characters that differ from pod to pod.
pub fn generated_name(owner: &str, cluster: &Cluster) -> Name {
    name_from_prefix(&format!("{owner}-"), cluster)
}

/// A name for the next pod: a prefix (`generateName`) and five characters that differ from pod to pod.
pub fn name_from_prefix(prefix: &str, cluster: &Cluster) -> Name {
    let number = cluster.requested_pods().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    Name::from(format!("{prefix}{}", safe_text(number, 5)))
}
