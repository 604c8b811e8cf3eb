//! Image pulls: which images a pod still needs, and how pulls wait for each other.
//!
//! Mirrors `pkg/kubelet/images` (Kubernetes 1.36). How long a pull takes is the caller's to say.

use crate::api::{Name, PodSpec, normalized_image_name};
use crate::units::{SimDuration, SimTime};

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

/// The pulls of one node: one after the other, first come first served (`serializeImagePulls: true`, the default).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PullQueue {
    /// When the last pull that was asked for ends.
    busy_until: Option<SimTime>,
}

impl PullQueue {
    /// Adds a pull asked for at `now` that takes `pull_time` once it starts; gives its end. Calls must come in the order
    /// of `now`.
    pub fn pull(&mut self, now: SimTime, pull_time: SimDuration) -> SimTime {
        let start = self.busy_until.map_or(now, |end| end.max(now));
        let end = start + pull_time.max_zero();
        self.busy_until = Some(end);
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Container;

    #[test]
    fn references_are_normalised() {
        let cases = [
            ("nginx", "nginx:latest"),
            ("nginx:1.27", "nginx:1.27"),
            ("registry:5000/team/web", "registry:5000/team/web:latest"),
            ("registry:5000/team/web:latest", "registry:5000/team/web:latest"),
            ("web@sha256:abc", "web@sha256:abc"),
        ];
        for (reference, name) in cases {
            assert_eq!(&*normalized_image_name(reference), name);
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
        let cases =
            [([0, 1, 12], [10, 20, 30], "one by one"), ([0, 10, 35], [10, 20, 45], "at once where nothing is pulled")];
        for (asked, expected, why) in cases {
            let mut queue = PullQueue::default();
            let ends = asked.map(|at| queue.pull(SimTime::from_secs(at), SimDuration::from_secs(10)));
            assert_eq!(ends, expected.map(SimTime::from_secs), "{why}");
        }
    }
}
