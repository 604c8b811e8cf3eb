//! Answers about pods, found once for all pods that share their template, labels and namespace.

use crate::scheduler::PodInfo;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Addresses of template, labels and namespace.
type Address = (usize, usize, usize);

/// After so many questions it is clear whether pods share their templates.
const TRIAL: usize = 64;

/// Answers about pods that live as long as `'pods`, so that no address is used twice.
#[derive(Debug)]
pub struct PodMemo<'pods, T> {
    answers: FxHashMap<Address, T>,
    questions: usize,
    pods: std::marker::PhantomData<&'pods PodInfo>,
}

impl<'pods, T: Copy> PodMemo<'pods, T> {
    /// No answers yet.
    pub fn new() -> Self {
        Self { answers: FxHashMap::default(), questions: 0, pods: std::marker::PhantomData }
    }

    /// The answer about `pod`, by `find` where no pod like it was asked about; it must depend on nothing else of the pod
    /// than template, labels and namespace.
    pub fn answer(&mut self, pod: &'pods PodInfo, find: impl FnOnce() -> T) -> T {
        // Where each pod has a template of its own, as in a dump, remembering costs more than asking again.
        self.questions += 1;
        if self.questions > TRIAL && self.answers.len() > TRIAL / 2 {
            return find();
        }
        let address = (Arc::as_ptr(&pod.template).addr(), pod.labels.address(), pod.namespace.as_ptr().addr());
        *self.answers.entry(address).or_insert_with(find)
    }
}
