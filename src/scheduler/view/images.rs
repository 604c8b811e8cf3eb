//! Container images on the nodes: which there are, how large each is, and how many nodes have it.

use crate::api::{Name, Node};
use rustc_hash::FxHashMap;

/// A name of a container image, interned in one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageId(u32);

/// What the nodes report about an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageState {
    /// Size in bytes, as the first node that had the image reported it.
    size_bytes: i64,
    /// Nodes that have the image now.
    nodes: u32,
}

/// All images that a node has or had (`imageStates` of `backend/cache`, kube-scheduler 1.36).
#[derive(Clone, Debug, Default)]
pub struct Images {
    ids: FxHashMap<Name, ImageId>,
    states: Vec<ImageState>,
}

impl Images {
    /// The image of that name, if a node ever had it.
    pub fn id(&self, name: &str) -> Option<ImageId> {
        self.ids.get(name).copied()
    }

    /// Size of an image in bytes, as the first node that had it reported it.
    pub fn size(&self, image: ImageId) -> i64 {
        self.states[image.0 as usize].size_bytes
    }

    /// How many nodes have an image now.
    pub fn nodes(&self, image: ImageId) -> u32 {
        self.states[image.0 as usize].nodes
    }

    /// Counts a node's images; gives them sorted and without repetition. `before` is told the state of each that changes.
    pub fn add(&mut self, node: &Node, mut before: impl FnMut(ImageId, ImageState)) -> Vec<(ImageId, u32)> {
        let mut counted = Vec::new();
        for image in &node.images {
            for name in &image.names {
                let next = ImageId(u32::try_from(self.states.len()).unwrap_or(u32::MAX));
                let id = *self.ids.entry(name.clone()).or_insert(next);
                if id == next {
                    self.states.push(ImageState::default());
                }
                if counted.iter().any(|(known, _)| *known == id) {
                    continue;
                }
                let state = &mut self.states[id.0 as usize];
                before(id, *state);
                if state.nodes == 0 {
                    state.size_bytes = image.size_bytes;
                }
                state.nodes += 1;
                counted.push((id, 0));
            }
        }
        counted.sort_unstable();
        counted
    }

    /// Counts the images of a node that has them no longer. `before` is told the state of each.
    pub fn remove(&mut self, images: &[(ImageId, u32)], mut before: impl FnMut(ImageId, ImageState)) {
        for (image, _) in images {
            let state = &mut self.states[image.0 as usize];
            before(*image, *state);
            state.nodes -= 1;
        }
    }

    /// Gives an image the state that it had.
    pub fn restore(&mut self, image: ImageId, state: ImageState) {
        self.states[image.0 as usize] = state;
    }

    /// Every image that a node has, with its size and the number of its nodes, in the order of their names.
    #[cfg(test)]
    pub fn in_use(&self) -> std::collections::BTreeMap<&Name, (i64, u32)> {
        let states = self.ids.iter().map(|(name, id)| (name, (self.size(*id), self.nodes(*id))));
        states.filter(|(_, (_, nodes))| *nodes > 0).collect()
    }
}
