//! Image pulls: which images a pod still needs, how pulls wait for each other, and the back-off after a failed one.
//!
//! Mirrors `pkg/kubelet/images` (Kubernetes 1.36). How long a pull takes is the caller's to say.

use super::BackoffRecord;
use super::crash_backoff::MAX_CONTAINER_BACK_OFF;
use crate::api::{Name, PodSpec, normalized_image_name};
use crate::units::{SimDuration, SimTime};

/// `imageBackOffPeriod`: the first delay after a failed pull; the longest is [`MAX_CONTAINER_BACK_OFF`].
pub const IMAGE_BACK_OFF_PERIOD: SimDuration = SimDuration::from_secs(10);

/// When a pull that failed may be tried again (`ImagePullBackOff` until then). Records belong to a pod and an image.
pub fn retry_at(record: BackoffRecord) -> SimTime {
    record.since + record.delay
}

/// The record after a pull that failed at `failed`. It is forgotten after twice the longest delay without a failure.
pub fn after_failed_pull(record: Option<BackoffRecord>, failed: SimTime) -> BackoffRecord {
    let limits = [IMAGE_BACK_OFF_PERIOD, MAX_CONTAINER_BACK_OFF, MAX_CONTAINER_BACK_OFF * 2];
    BackoffRecord::next(record, failed, failed, limits)
}

/// `imagePullPolicy` that the API server gives a container which has none: `Always` for the tag `latest`.
pub fn is_always_pulled_by_default(reference: &str) -> bool {
    !reference.contains('@') && normalized_image_name(reference).ends_with(":latest")
}

/// The images that a node must still fetch for a pod, each once, in the order in which the kubelet asks for them: image
/// volumes, init containers, containers. `is_present` is asked for [`normalized_image_name`]s.
pub fn images_to_pull(spec: &PodSpec, mut is_present: impl FnMut(&str) -> bool) -> Vec<Name> {
    let containers = spec.init_containers.iter().chain(&spec.containers).map(|container| &container.image);
    let mut missing: Vec<Name> = Vec::new();
    for reference in spec.image_volumes.iter().chain(containers).filter(|reference| !reference.is_empty()) {
        let name = normalized_image_name(reference);
        if !missing.contains(&name) && !is_present(&name) {
            missing.push(name);
        }
    }
    missing
}

/// How many pulls a node does at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImagePulls {
    /// One after the other, first come first served (`serializeImagePulls: true`, the default).
    #[default]
    Serial,
    /// All at once, or at most this many (`maxParallelImagePulls`).
    Parallel(Option<u32>),
}

/// The pulls of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullQueue {
    mode: ImagePulls,
    /// When each of the limited number of pulls in progress ends.
    busy_until: Vec<SimTime>,
}

impl PullQueue {
    /// A node that pulls nothing yet.
    pub const fn new(mode: ImagePulls) -> Self {
        Self { mode, busy_until: Vec::new() }
    }

    /// Adds a pull asked for at `now` that takes `pull_time` once it starts; returns (start, end). Calls must come in
    /// the order of `now`.
    pub fn pull(&mut self, now: SimTime, pull_time: SimDuration) -> (SimTime, SimTime) {
        let limit = match self.mode {
            ImagePulls::Serial => Some(1),
            ImagePulls::Parallel(limit) => limit.map(|limit| usize::try_from(limit.max(1)).unwrap_or(usize::MAX)),
        };
        self.busy_until.retain(|end| *end > now);
        let mut start = now;
        if limit.is_some_and(|limit| self.busy_until.len() >= limit) {
            // The pull takes over the place that becomes free first.
            if let Some((place, free_at)) = self.busy_until.iter().copied().enumerate().min_by_key(|(_, end)| *end) {
                start = free_at;
                self.busy_until.swap_remove(place);
            }
        }
        let end = start + pull_time.max_zero();
        if limit.is_some() {
            self.busy_until.push(end);
        }
        (start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Container;

    #[test]
    fn references_are_normalised() {
        let cases = [
            ("nginx", "nginx:latest", true),
            ("nginx:1.27", "nginx:1.27", false),
            ("registry:5000/team/web", "registry:5000/team/web:latest", true),
            ("registry:5000/team/web:latest", "registry:5000/team/web:latest", true),
            ("web@sha256:abc", "web@sha256:abc", false),
        ];
        for (reference, name, always) in cases {
            assert_eq!(&*normalized_image_name(reference), name);
            assert_eq!(is_always_pulled_by_default(reference), always, "{reference}");
        }
    }

    #[test]
    fn only_missing_images_are_pulled_once() {
        let container = |image: &str| Container { image: image.into(), ..Container::default() };
        let spec = PodSpec {
            init_containers: vec![container("init:1")],
            containers: vec![container("web"), container("proxy:2"), container("web:latest")],
            image_volumes: vec!["data:3".into()],
            ..PodSpec::default()
        };
        let missing = |present: &[&str]| {
            let names = images_to_pull(&spec, |name| present.contains(&name));
            names.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(missing(&[]), ["data:3", "init:1", "web:latest", "proxy:2"]);
        assert_eq!(missing(&["web:latest", "data:3"]), ["init:1", "proxy:2"]);
    }

    #[test]
    fn pulls_wait_for_each_other() {
        // Three pulls of 10 s, asked for at 0, 1 and 12 s: their ends.
        let cases = [
            (ImagePulls::Serial, [10, 20, 30], "one by one"),
            (ImagePulls::Parallel(None), [10, 11, 22], "all at once"),
            (ImagePulls::Parallel(Some(2)), [10, 11, 22], "two at once, both done by 12 s"),
        ];
        for (mode, expected, why) in cases {
            let mut queue = PullQueue::new(mode);
            let ends = [0, 1, 12].map(|at| queue.pull(SimTime::from_secs(at), SimDuration::from_secs(10)).1);
            assert_eq!(ends, expected.map(SimTime::from_secs), "{why}");
        }
        let mut queue = PullQueue::new(ImagePulls::Parallel(Some(2)));
        let starts = [10, 30, 5, 5].map(|span| queue.pull(SimTime::ZERO, SimDuration::from_secs(span)).0);
        assert_eq!(starts, [0, 0, 10, 15].map(SimTime::from_secs), "the place that is free first");
    }

    #[test]
    fn failed_pulls_back_off() {
        let mut record = None;
        let mut now = SimTime::ZERO;
        let mut delays = Vec::new();
        for _ in 0..7 {
            let next = after_failed_pull(record, now);
            delays.push(next.delay.whole_seconds());
            now = retry_at(next);
            record = Some(next);
        }
        assert_eq!(delays, [10, 20, 40, 80, 160, 300, 300]);
        let late = after_failed_pull(record, now + SimDuration::from_secs(601));
        assert_eq!(late.delay, IMAGE_BACK_OFF_PERIOD, "forgotten after ten minutes");
    }
}
