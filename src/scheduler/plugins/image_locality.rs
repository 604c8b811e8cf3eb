//! ImageLocality: nodes that have the pod's large images score more.

use super::descriptor::{Descriptor, ExtensionPoint, Indexability};
use super::plugin::Plugin;
use crate::api::{KubernetesVersion, Name};
use crate::scheduler::framework::MAX_NODE_SCORE;
use crate::scheduler::view::{ImageId, NodeInfo, PodInfo, Snapshot};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    weight: 1,
    points: |_| &[ExtensionPoint::Score],
    indexability: Indexability::Indexed,
    ..Descriptor::of(Plugin::ImageLocality, "ImageLocality")
};

const MEBIBYTE: i64 = 1024 * 1024;
/// Images below this size do not count (`minThreshold`).
const MIN_THRESHOLD: i64 = 23 * MEBIBYTE;
/// Largest size that counts for each container (`maxContainerThreshold`).
const MAX_CONTAINER_THRESHOLD: i64 = 1000 * MEBIBYTE;

/// The pod's images, without those that no node ever had.
pub fn known_images<'a>(
    snapshot: &'a Snapshot,
    version: KubernetesVersion,
    pod: &'a PodInfo,
) -> impl Iterator<Item = ImageId> + 'a {
    let volumes: &[Name] = if version.image_locality_counts_image_volumes() { &pod.traits.volume_images } else { &[] };
    pod.traits.container_images.iter().chain(volumes).filter_map(|name| snapshot.image_id(name))
}

/// The node's score; each image counts with its size times the share of all nodes that have it.
#[expect(clippy::cast_precision_loss, reason = "kube-scheduler multiplies as float64")]
#[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates; sizes are far smaller")]
pub fn score(
    version: KubernetesVersion,
    snapshot: &Snapshot,
    images: &[ImageId],
    pod: &PodInfo,
    node: &NodeInfo,
) -> i64 {
    let total = snapshot.len() as f64;
    let sum: i64 = images
        .iter()
        .filter_map(|image| {
            let nodes = node.nodes_with_image(*image)?;
            Some((snapshot.image_size(*image) as f64 * (f64::from(nodes) / total)) as i64)
        })
        .fold(0, i64::saturating_add);
    priority(sum, expected_images(version, pod))
}

/// The score of every node when no node has any of the pod's images.
pub fn score_without_images(version: KubernetesVersion, pod: &PodInfo) -> i64 {
    priority(0, expected_images(version, pod))
}

/// How many images the largest sum stands for.
fn expected_images(version: KubernetesVersion, pod: &PodInfo) -> i64 {
    let volumes = if version.image_locality_expects_image_volumes() { pod.traits.volume_images.len() } else { 0 };
    i64::try_from(pod.traits.container_images.len() + volumes).unwrap_or(i64::MAX)
}

/// The score of a sum of sizes (`calculatePriority`).
fn priority(sum: i64, containers: i64) -> i64 {
    let max = MAX_CONTAINER_THRESHOLD.saturating_mul(containers);
    let sum = sum.max(MIN_THRESHOLD).min(max);
    match max - MIN_THRESHOLD {
        0 => 0,
        range => MAX_NODE_SCORE * (sum - MIN_THRESHOLD) / range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_clamped() {
        let cases = [
            (0, 1, 0, "nothing there"),
            (23 * MEBIBYTE, 1, 0, "small images do not count"),
            (1000 * MEBIBYTE, 1, 100, "large images count fully"),
            (5000 * MEBIBYTE, 1, 100, "no more than that"),
            (1000 * MEBIBYTE, 2, 49, "of two containers"),
        ];
        for (sum, containers, expected, why) in cases {
            assert_eq!(priority(sum, containers), expected, "{why}");
        }
    }
}
