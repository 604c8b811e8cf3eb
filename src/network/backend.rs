//! The workloads behind the Services of a traffic entry, and what proxies are told of their pods.

use super::destinations::{Route, manner};
use super::measured::MeasuredLoad;
use super::proxies::Proxies;
use super::routing::usable::Known;
use super::split::{Missing, Split, Way};
use crate::api::{Kind, Name};
use crate::cluster::{Cluster, ObjectId, PodId, WorkloadId};
use crate::input::scenario::{self, AfterSignal};
use smallvec::SmallVec;

/// What the proxies of a Service were told of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Number of the Service among those of the entry.
    pub route: usize,
    /// The number of the pod.
    pub endpoint: u32,
    /// What they were told.
    pub known: Known,
}

/// A workload whose pods serve an entry.
#[derive(Clone, Debug)]
pub struct Backend {
    /// The workload by name.
    pub target: scenario::Target,
    /// The workload, once it was seen.
    pub workload: Option<WorkloadId>,
    /// Requests that a pod works on at once.
    pub workers: usize,
    /// Requests that wait for a worker.
    pub queue: usize,
    /// Whether a pod refuses requests from its termination signal on.
    pub refuses: bool,
    /// The load at the last measurement.
    pub load: MeasuredLoad,
}

impl Backend {
    /// A backend that no pod was seen of; `own` is what is different there.
    pub fn new(target: &scenario::Target, server: &scenario::Server, own: Option<&scenario::BackendServer>) -> Self {
        let many = |limit: Option<u32>| limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let after_signal = own.and_then(|own| own.after_signal).unwrap_or(server.after_signal);
        Self {
            target: target.clone(),
            workload: None,
            workers: many(own.and_then(|own| own.concurrency).or(server.concurrency)),
            queue: many(own.and_then(|own| own.queue).or(server.queue)),
            refuses: after_signal == AfterSignal::Refuse,
            load: MeasuredLoad::default(),
        }
    }
}

/// The backend that a pod belongs to: that of its workload, which is new with its first pod unless the entry names it.
pub fn backend_of(pod: PodId, backends: &mut Vec<Backend>, server: &scenario::Server, cluster: &Cluster) -> usize {
    let Some(workload) = cluster.pod(pod).workload else { return 0 };
    let state = cluster.workload(workload);
    let is_it = |backend: &Backend| {
        let scenario::Target { kind, namespace, name } = &backend.target;
        backend.workload == Some(workload)
            || (*kind == state.kind && *name == *state.name && *namespace == **cluster.namespace_name(state.namespace))
    };
    let place = backends.iter().position(is_it).unwrap_or_else(|| {
        let target = scenario::Target {
            kind: state.kind,
            namespace: cluster.namespace_name(state.namespace).to_string(),
            name: state.name.to_string(),
        };
        backends.push(Backend::new(&target, server, None));
        backends.len() - 1
    });
    backends[place].workload = Some(workload);
    place
}

/// The pods of one revision of a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Index of the backend of the workload.
    pub backend: usize,
    /// The ReplicaSet of a Deployment's pods; empty of other workloads.
    pub revision: Name,
}

/// The group that a pod of a backend belongs to, which is new with its first pod.
pub fn group_of(pod: PodId, backend: usize, groups: &mut Vec<Group>, cluster: &Cluster) -> usize {
    let state = cluster.pod(pod);
    let revision = match state.owner {
        Some(ObjectId::ReplicaSet(set))
            if state.workload.map(|id| cluster.workload(id).kind) == Some(Kind::Deployment) =>
        {
            cluster.replica_set(set).name.clone()
        }
        _ => Name::default(),
    };
    let group = Group { backend, revision };
    groups.iter().position(|known| *known == group).unwrap_or_else(|| {
        groups.push(group);
        groups.len() - 1
    })
}

/// Follows whether a Service exists, and what it says. The name of one that does not exist resolves to nothing.
pub fn follow_service(proxies: &mut Proxies, route: &Route, cluster: &Cluster) {
    let service = route.service(cluster);
    if let Some(service) = service {
        proxies.set_manner(route.number, manner(service, cluster));
    }
    let number = u32::try_from(route.number).unwrap_or(u32::MAX);
    let way = if service.is_some() { Way::Route(number) } else { Way::Nowhere(Missing::Name) };
    proxies.split_all(&Split::all(way));
}

/// Tells the proxies of a Service what they do not know of a pod yet: `endpoint` is its number as long as it runs, and no
/// `known` is that it is no endpoint. Says whether it is a ready one that they are told of.
pub fn announce(
    announced: &mut SmallVec<[Announced; 1]>,
    endpoint: Option<u32>,
    route: usize,
    known: Option<Known>,
    mut tell: impl FnMut(u32, Option<Known>),
) -> bool {
    let place = announced.iter().position(|announced| announced.route == route);
    let before = place.map(|place| announced.remove(place));
    let number = endpoint.or(before.map(|before| before.endpoint));
    let wanted = number.zip(known).map(|(endpoint, known)| Announced { route, endpoint, known });
    announced.extend(wanted);
    if before == wanted {
        return false;
    }
    if let Some(before) = before
        && wanted.is_none_or(|wanted| wanted.endpoint != before.endpoint)
    {
        tell(before.endpoint, None);
    }
    if let Some(wanted) = wanted {
        tell(wanted.endpoint, Some(wanted.known));
    }
    wanted.is_some_and(|wanted| wanted.known.ready)
}
