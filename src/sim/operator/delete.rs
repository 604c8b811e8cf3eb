//! `kubectl delete`, and which pod an action means.

use super::Operator;
use crate::cluster::{Cluster, Disruption, ObjectId, PodId};
use crate::input::scenario::{DeleteOptions, ObjectReference, PodOf};
use crate::record::ActionOutcome;
use crate::units::{SimDuration, SimTime};

impl Operator<'_> {
    /// `kubectl delete`.
    pub(super) fn delete(&mut self, options: &DeleteOptions, cluster: &mut Cluster, now: SimTime) {
        let Some((object, target)) = self.referred_among(&options.target, "delete", options.force, cluster, now) else {
            return;
        };
        if let ObjectId::Namespace(_) = object
            && let Some(refusal) = Cluster::refuses_deletion(cluster.name_of(object))
        {
            self.tracker.note("delete", &target, ActionOutcome::Refused, &refusal, now);
            self.tracker.answered(Some(403));
            return;
        }
        match object {
            ObjectId::Pod(pod) if options.force => {
                cluster.delete_pod(pod, SimDuration::ZERO, Disruption::Deletion, now);
                cluster.remove_pod(pod, now);
            }
            ObjectId::Pod(pod) => {
                // kubectl makes one second of `--grace-period=0` without `--force`.
                let given = options.grace_period.map(|grace| grace.get().max(SimDuration::from_secs(1)));
                let own = cluster.template_of(pod).template.spec.termination_grace_period;
                cluster.delete_pod(pod, given.unwrap_or(own), Disruption::Deletion, now);
            }
            object => cluster.delete(object, now),
        }
        self.tracker.note("delete", &target, ActionOutcome::Done, "", now);
    }

    /// The object that an action refers to and its name; without it nothing can be done.
    pub(super) fn referred(
        &mut self,
        reference: &ObjectReference,
        verb: &str,
        cluster: &mut Cluster,
        now: SimTime,
    ) -> Option<(ObjectId, String)> {
        self.referred_among(reference, verb, false, cluster, now)
    }

    /// The same; pods that are being deleted may count too.
    fn referred_among(
        &mut self,
        reference: &ObjectReference,
        verb: &str,
        with_terminating: bool,
        cluster: &mut Cluster,
        now: SimTime,
    ) -> Option<(ObjectId, String)> {
        match reference {
            ObjectReference::Named(target) => {
                self.existing(target, verb, cluster, now).map(|object| (object, target.to_string()))
            }
            ObjectReference::PodOf(PodOf { of, index }) => {
                let owner = self.existing(of, verb, cluster, now)?;
                let Some(pod) = living_pods(owner, with_terminating, cluster).nth(*index as usize) else {
                    self.not_found(verb, reference, now);
                    return None;
                };
                let state = cluster.pod(pod);
                let target = format!("pod/{}/{}", cluster.namespace_name(state.namespace), state.name);
                Some((pod.into(), target))
            }
        }
    }
}

/// The pods of a workload that exist, oldest first: those that are being deleted only if they are asked for too.
fn living_pods(owner: ObjectId, with_terminating: bool, cluster: &Cluster) -> impl Iterator<Item = PodId> {
    let workload = cluster.workload_of(owner);
    let lives = move |pod: &crate::cluster::Pod| {
        let is_its = pod.owner == Some(owner) || (workload.is_some() && pod.workload == workload);
        is_its && pod.exists() && (with_terminating || pod.deletion.is_none())
    };
    cluster.pods().filter(move |(_, pod)| lives(pod)).map(|(id, _)| id)
}
