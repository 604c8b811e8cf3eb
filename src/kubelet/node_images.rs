//! The images on the nodes: what has been pulled, what is on its way, how long a pull takes.

use super::image_pull::{PullQueue, images_to_pull};
use crate::api::{Name, PodTemplate, normalized_image_name};
use crate::cluster::NodeId;
use crate::engine::{RandomStream, RandomStreams};
use crate::input::scenario::{ImagePull, ImageTransfer};
use crate::units::{SimDuration, SimTime};
use crate::workload::Sampler;
use rustc_hash::FxHashMap;

/// How long an image takes to reach a node.
#[derive(Debug)]
enum Pull {
    /// Drawn for each pull.
    Duration(Sampler),
    /// Size over bandwidth; the sampler gives the sizes that are not listed.
    Transfer(ImageTransfer, Sampler),
}

/// The images on all nodes. A node keeps what it has pulled; it pulls one image after the other (`serializeImagePulls`, on
/// by default).
#[derive(Debug)]
pub struct NodeImages {
    pull: Pull,
    /// Ids of image names; only looked up, never iterated.
    image_ids: FxHashMap<Name, u32>,
    image_sizes: Vec<Option<f64>>,
    /// When an image is (or will be) on a node; only looked up, never iterated.
    images: FxHashMap<(NodeId, u32), SimTime>,
    pulls: Vec<PullQueue>,
    pull_stream: RandomStream,
    size_stream: RandomStream,
}

impl NodeImages {
    /// Nodes without images.
    pub fn new(pull: &ImagePull, streams: RandomStreams) -> Self {
        Self {
            pull: match pull {
                ImagePull::Duration(distribution) => Pull::Duration(Sampler::new(distribution)),
                ImagePull::Transfer(transfer) => Pull::Transfer(transfer.clone(), Sampler::new(&transfer.default_size)),
            },
            image_ids: FxHashMap::default(),
            image_sizes: Vec::new(),
            images: FxHashMap::default(),
            pulls: Vec::new(),
            pull_stream: streams.stream("kubelet/image-pull"),
            size_stream: streams.stream("kubelet/image-size"),
        }
    }

    /// When all images of a template are on a node.
    pub fn complete_at(&mut self, node: NodeId, template: &PodTemplate, now: SimTime) -> SimTime {
        let mut complete = now;
        // An image that is on its way already is waited for; `images_to_pull` names those that are not.
        let containers = template.spec.init_containers.iter().chain(&template.spec.containers);
        for image in containers.map(|container| &container.image).filter(|image| !image.is_empty()) {
            let id = self.image_id(&normalized_image_name(image));
            if let Some(present) = self.images.get(&(node, id)) {
                complete = complete.max(*present);
            }
        }
        let missing = images_to_pull(&template.spec, |image| {
            self.image_ids.get(image).is_some_and(|id| self.images.contains_key(&(node, *id)))
        });
        for image in missing {
            if self.pulls.len() <= node.index() {
                self.pulls.resize(node.index() + 1, PullQueue::default());
            }
            let id = self.image_id(&image);
            let span = self.pull_time(id, &image);
            let end = self.pulls[node.index()].pull(now, span);
            self.images.insert((node, id), end);
            complete = complete.max(end);
        }
        complete
    }

    fn image_id(&mut self, image: &Name) -> u32 {
        if let Some(id) = self.image_ids.get(image) {
            return *id;
        }
        let id = u32::try_from(self.image_sizes.len()).unwrap_or(u32::MAX);
        self.image_ids.insert(image.clone(), id);
        self.image_sizes.push(None);
        id
    }

    /// How long the pull of an image takes.
    fn pull_time(&mut self, id: u32, image: &Name) -> SimDuration {
        match &self.pull {
            Pull::Duration(sampler) => sampler.sample_duration(&mut self.pull_stream),
            Pull::Transfer(transfer, default_size) => {
                let listed = transfer.sizes.iter().find(|(name, _)| normalized_image_name(name) == *image);
                let size = *self.image_sizes[id as usize].get_or_insert_with(|| match listed {
                    Some((_, size)) => size.bytes().as_f64(),
                    None => default_size.sample(&mut self.size_stream),
                });
                SimDuration::from_secs_f64(size / transfer.bandwidth.get().as_f64())
            }
        }
    }
}
