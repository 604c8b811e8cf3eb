//! Answers about pods, found once for all pods of one origin.

use crate::scheduler::view::{OriginAddress, PodInfo};
use rustc_hash::FxHashMap;

/// After so many questions it is clear whether pods share their templates.
const TRIAL: usize = 64;

/// Answers about pods that live as long as `'pods`, so that no address is used twice.
#[derive(Debug)]
pub struct PodMemo<'pods, T> {
    answers: FxHashMap<OriginAddress, T>,
    questions: usize,
    pods: std::marker::PhantomData<&'pods PodInfo>,
}

impl<'pods, T: Copy> PodMemo<'pods, T> {
    /// No answers yet.
    pub fn new() -> Self {
        Self { answers: FxHashMap::default(), questions: 0, pods: std::marker::PhantomData }
    }

    /// The answer about `pod`, by `find` where no pod like it was asked about; it must depend on nothing else of the pod
    /// than its origin.
    pub fn answer(&mut self, pod: &'pods PodInfo, find: impl FnOnce() -> T) -> T {
        // Where no two pods share a template, as in a dump, remembering costs more than asking again.
        self.questions += 1;
        if self.questions > TRIAL && self.answers.len() > TRIAL / 2 {
            return find();
        }
        *self.answers.entry(pod.origin_address()).or_insert_with(find)
    }
}
