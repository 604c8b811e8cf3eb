//! Requests that create objects, as the API server takes them: admission first, then the object.
//!
//! Admission asks, in this order: whether the namespace takes new objects (NamespaceLifecycle), what the plugins say of a pod
//! ([`Cluster::refusal`]), and whether the object fits the ResourceQuotas of its namespace, which it is then charged to.

use super::{ClaimId, Cluster, NamespaceId, NewPod, PodId};
use crate::api::quota::{CountedObject, CountedPod};
use crate::api::{ClaimTemplate, Kind, Name, Object, PodPhase};
use crate::units::SimTime;
use std::fmt;
use std::sync::Arc;

/// Why the API server refuses a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// In the API server's words.
    pub message: String,
    /// Its status code: 403 of what admission forbids, 422 of an invalid object, 404 without the namespace.
    pub code: u16,
    /// Because the namespace is being deleted: whoever asks again is refused again.
    pub is_namespace_terminating: bool,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Refusal {
    /// Admission forbids it.
    pub const fn forbidden(message: String) -> Self {
        Self { message, code: 403, is_namespace_terminating: false }
    }

    /// The object is invalid.
    pub const fn invalid(message: String) -> Self {
        Self { message, code: 422, is_namespace_terminating: false }
    }

    /// The same, with other words.
    pub fn saying(self, message: String) -> Self {
        Self { message, ..self }
    }
}

impl Cluster {
    /// Creates a pod as its creator asks for it.
    ///
    /// # Errors
    /// Why the API server refuses it.
    pub fn create_pod(&mut self, mut new: NewPod, now: SimTime) -> Result<PodId, Refusal> {
        new.template = self.with_current_priority(new.template);
        new.template = self.with_recommendation(new.workload, new.template);
        match self.admit_pod(&new, now) {
            Ok(()) => Ok(self.add_pod(new, now)),
            Err(refusal) => {
                self.refused_pods += 1;
                Err(refusal)
            }
        }
    }

    fn admit_pod(&mut self, new: &NewPod, now: SimTime) -> Result<(), Refusal> {
        self.admit_namespace(Kind::Pod, new.namespace, &new.name)?;
        if let Some(text) = self.refusal(new.namespace, new.template, &new.name) {
            let is_forbidden = text.contains("is forbidden");
            return Err(if is_forbidden { Refusal::forbidden(text) } else { Refusal::invalid(text) });
        }
        let template = Arc::clone(&self.template(new.template).template);
        let spec = &template.spec;
        let pod = CountedPod { spec, phase: PodPhase::Pending, deletion: None, status: None, now };
        self.charged(new.namespace, &CountedObject::Pod(pod), None, &new.name)
    }

    /// How many pods were asked for so far, those that were refused included.
    pub fn requested_pods(&self) -> u64 {
        self.pods.len() as u64 + self.refused_pods
    }

    /// Creates a claim as its creator asks for it, unless there is one of the name.
    ///
    /// # Errors
    /// Why the API server refuses it.
    pub fn create_claim(&mut self, new: ClaimTemplate, now: SimTime) -> Result<ClaimId, Refusal> {
        let new = self.with_default_class(new);
        let (namespace, name) = (self.namespace(&new.claim.namespace, now), new.claim.name.clone());
        if self.storage().claim_id(&new.claim.namespace, &name).is_none() {
            self.admit_namespace(Kind::PersistentVolumeClaim, namespace, &name)?;
            self.charged(namespace, &CountedObject::Claim(&new.claim), None, &name)?;
        }
        Ok(self.add_claim(new, now))
    }

    /// Admits an object of a kind of which only the number counts, which a controller is about to create.
    ///
    /// # Errors
    /// Why the API server refuses it.
    pub fn admit_creation(&mut self, kind: Kind, namespace: NamespaceId, name: &str) -> Result<(), Refusal> {
        self.admit_namespace(kind, namespace, name)?;
        self.charged(namespace, &CountedObject::Other(kind), None, name)
    }

    /// Admits an object of a manifest that is about to be created or replaced. Pods that have a node were admitted before:
    /// they are charged without being asked.
    pub(super) fn admit_object(&mut self, object: &Object, now: SimTime) -> Result<(), Refusal> {
        let (kind, meta) = (object.kind(), object.meta());
        if kind.is_cluster_scoped() {
            return Ok(());
        }
        let namespace = self.namespace_of_request(&meta.namespace, now)?;
        let name = &meta.name;
        match object {
            Object::Pod(pod) => {
                // At the start names are known to be unique.
                let exists = now > SimTime::ZERO && self.pod_id(namespace, name).is_some();
                if exists || pod.status.phase.is_terminal() {
                    return Ok(());
                }
                let template = self.admit(&meta.namespace, &pod.template);
                let new = NewPod::bare(name.clone(), namespace, template);
                let answer = self.admit_pod(&new, now);
                if pod.node_name.is_some() { Ok(()) } else { answer }
            }
            Object::Service(service) => {
                let old = self.find(kind, namespace, name).map(|id| self.service(id).object.clone());
                if old.is_none() {
                    self.admit_namespace(kind, namespace, name)?;
                }
                let old = old.as_ref().map(CountedObject::Service);
                self.charged(namespace, &CountedObject::Service(service), old.as_ref(), name)
            }
            Object::PersistentVolumeClaim(claim) => {
                if self.storage().claim_id(&meta.namespace, name).is_some() {
                    return Ok(());
                }
                self.admit_namespace(kind, namespace, name)?;
                let new = self.with_default_class(claim.object.clone());
                self.charged(namespace, &CountedObject::Claim(&new.claim), None, name)
            }
            _ if self.index.get(kind, Some(namespace), name).is_some() => Ok(()),
            _ => self.admit_creation(kind, namespace, name),
        }
    }

    /// Charges a request to the quotas of its namespace.
    pub(super) fn charged(
        &mut self,
        namespace: NamespaceId,
        object: &CountedObject<'_>,
        old: Option<&CountedObject<'_>>,
        name: &str,
    ) -> Result<(), Refusal> {
        match self.charge(namespace, object, old, name) {
            Some(text) => Err(Refusal::forbidden(text)),
            None => Ok(()),
        }
    }

    /// The namespace in which a request creates something; a manifest may use one that it does not define.
    ///
    /// # Errors
    /// The namespace was deleted.
    pub fn namespace_of_request(&mut self, name: &Name, now: SimTime) -> Result<NamespaceId, Refusal> {
        if self.is_namespace_gone(name) {
            let message = format!("namespaces \"{name}\" not found");
            return Err(Refusal { message, code: 404, is_namespace_terminating: false });
        }
        Ok(self.namespace(name, now))
    }

    /// The admission plugin NamespaceLifecycle: nothing new in a namespace that is being deleted.
    fn admit_namespace(&self, kind: Kind, namespace: NamespaceId, name: &str) -> Result<(), Refusal> {
        if !self.is_terminating(namespace) {
            return Ok(());
        }
        let (resource, namespace) = (kind.group_resource(), self.namespace_name(namespace));
        let message = format!(
            "{resource} \"{name}\" is forbidden: unable to create new content in namespace {namespace} because it is being \
             terminated"
        );
        Err(Refusal { is_namespace_terminating: true, ..Refusal::forbidden(message) })
    }
}
