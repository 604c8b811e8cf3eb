//! From the binding of a pod to its first containers: volumes are mounted, images pulled, containers created. A volume or
//! container that needs an object that is not there waits for it.

use super::report::pod_event;
use super::{KubeletEvent, Kubelets, machine_of, plan_deadline};
use crate::api::{ConfigKind, ConfigReference, ConfigUse, PodTemplate};
use crate::cluster::{Cluster, Machine, PodId, Severity};
use crate::engine::Agenda;
use crate::kubelet::config::{CREATE_CONTAINER_CONFIG_ERROR, mount_retry, problem, sync_retry};
use crate::units::SimTime;
use rand::RngExt;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Kubelets {
    /// The kubelet sees a new pod: it mounts the volumes, pulls the images and starts the containers.
    pub(super) fn begin<A: Agenda<KubeletEvent>>(&mut self, pod: PodId, cluster: &mut Cluster, agenda: &mut A) {
        let seen = agenda.now() + self.until_seen();
        self.runtime(pod).seen = true;
        cluster.set_pod_start_time(pod, seen);
        let generation = cluster.next_pod_generation(pod);
        let template = &cluster.template_of(pod).template;
        if !cluster.attachable_volumes_of(pod).is_empty() {
            let at = seen + self.until_in_status();
            agenda.schedule(at, KubeletEvent::Mount { pod, generation, failures: 0 });
        } else if awaited(template, &self.settings.awaited).any(is_of_a_volume) {
            agenda.schedule(seen, KubeletEvent::Mount { pod, generation, failures: 0 });
        } else {
            self.pull(pod, generation, seen, cluster, agenda);
        }
        plan_deadline(pod, generation, cluster, agenda);
    }

    /// Pulls the images from `at` on. The containers are created after that.
    fn pull<A: Agenda<KubeletEvent>>(
        &mut self,
        pod: PodId,
        generation: u32,
        at: SimTime,
        cluster: &Cluster,
        agenda: &mut A,
    ) {
        let Some(node) = cluster.pod(pod).node else { return };
        let template = Arc::clone(&cluster.template_of(pod).template);
        // An annotation that says when the containers run stands for the pulls too.
        let pulled = match template.hints.start_delay {
            Some(_) => at,
            None => self.images.complete_at(node, &template, at),
        };
        if awaited(&template, &self.settings.awaited).any(is_of_the_environment) {
            agenda.schedule(pulled, KubeletEvent::Create { pod, generation });
        } else {
            self.start(pod, generation, pulled, &template, agenda);
        }
    }

    /// The containers are created at `at`: they run a little later.
    fn start<A: Agenda<KubeletEvent>>(
        &mut self,
        pod: PodId,
        generation: u32,
        at: SimTime,
        template: &PodTemplate,
        agenda: &mut A,
    ) {
        let running = at
            + match template.hints.start_delay {
                Some(delay) => delay,
                None => self.container_start.sample_duration(&mut self.start_stream),
            };
        let reported = running + self.until_reported();
        agenda.schedule(reported, KubeletEvent::Started { pod, generation });
    }

    /// Mounts the volumes of a pod, if all that they need is there.
    pub(super) fn mount<A: Agenda<KubeletEvent>>(
        &mut self,
        pod: PodId,
        generation: u32,
        failures: u8,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        if !self.has_volumes(pod, generation, cluster, agenda) {
            return;
        }
        let Some((reference, problem)) = self.missing(pod, is_of_a_volume, cluster) else {
            self.pull(pod, generation, agenda.now(), cluster, agenda);
            return;
        };
        if let ConfigUse::Volume(volume) = reference.used_as
            && machine_of(cluster, pod) == Some(Machine::Up)
        {
            let message = format!("MountVolume.SetUp failed for volume \"{volume}\" : {problem}");
            pod_event(pod, (Severity::Warning, "FailedMount"), message, cluster);
        }
        let retry = KubeletEvent::Mount { pod, generation, failures: failures.saturating_add(1) };
        agenda.schedule(agenda.now() + mount_retry(failures), retry);
    }

    /// Creates the containers of a pod, if all that their environment needs is there.
    pub(super) fn create<A: Agenda<KubeletEvent>>(
        &mut self,
        pod: PodId,
        generation: u32,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let connected = machine_of(cluster, pod) == Some(Machine::Up);
        let missing = self.missing(pod, is_of_the_environment, cluster);
        if connected {
            cluster.set_pod_reason(pod, if missing.is_some() { CREATE_CONTAINER_CONFIG_ERROR } else { "" });
        }
        let Some((_, problem)) = missing else {
            let template = Arc::clone(&cluster.template_of(pod).template);
            self.start(pod, generation, agenda.now(), &template, agenda);
            return;
        };
        if connected {
            pod_event(pod, (Severity::Warning, "Failed"), format!("Error: {problem}"), cluster);
        }
        let retry = agenda.now() + sync_retry(self.retry_stream.random::<f64>());
        agenda.schedule(retry, KubeletEvent::Create { pod, generation });
    }

    /// The first of a pod's references of this use that cannot be used, and why. A kubelet that is cut off sees the API as
    /// it is: what is there was there before, or is looked up when it is needed.
    fn missing(
        &self,
        pod: PodId,
        is_used: fn(&ConfigReference) -> bool,
        cluster: &Cluster,
    ) -> Option<(ConfigReference, String)> {
        let namespace = cluster.pod(pod).namespace;
        let references = awaited(&cluster.template_of(pod).template, &self.settings.awaited);
        references.filter(|reference| is_used(reference)).find_map(|reference| {
            let keys = cluster.config_keys(reference.kind, namespace, &reference.name);
            let problem = problem(reference, cluster.namespace_name(namespace), keys)?;
            Some((reference.clone(), problem))
        })
    }
}

/// The references of a pod's template to objects of those kinds that are waited for.
fn awaited<'a>(
    template: &'a PodTemplate,
    kinds: &'a BTreeSet<ConfigKind>,
) -> impl Iterator<Item = &'a ConfigReference> {
    template.spec.config_references.0.iter().filter(|reference| kinds.contains(&reference.kind))
}

const fn is_of_a_volume(reference: &ConfigReference) -> bool {
    matches!(reference.used_as, ConfigUse::Volume(_))
}

const fn is_of_the_environment(reference: &ConfigReference) -> bool {
    matches!(reference.used_as, ConfigUse::Environment)
}
