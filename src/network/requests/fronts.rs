//! Ingresses and HTTPRoutes in front of entries: requests are split anew when one of them or a Service changes.

use super::Requests;
use crate::cluster::{Cluster, PodId};
use crate::network::destinations::Route;
use crate::network::outcome::Ledger;
use crate::units::SimTime;

/// Who had a request, by name; empty of what it did not come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendNames {
    /// Namespace and name of the Service.
    pub service: String,
    /// Kind and name of the workload.
    pub workload: String,
    /// The ReplicaSet of a Deployment's pods.
    pub revision: String,
}

impl Requests {
    /// Splits the requests of the entries with a front anew, where something has changed: first the proxies learn of the
    /// endpoints of Services that are new to them.
    pub(super) fn follow_fronts<L: Ledger>(&mut self, cluster: &Cluster, ledgers: &mut [L], now: SimTime) {
        let entries: Vec<usize> = self.fronts.keys().copied().collect();
        for entry in entries {
            let known = self.destinations.routes_of(entry).count();
            let proxies = self.graph.service_mut(entry).proxies();
            let front = self.fronts.get_mut(&entry);
            let split = front.and_then(|front| front.follow(entry, &mut self.destinations, proxies, cluster));
            let added = self.destinations.routes_of(entry).skip(known).filter_map(|route| route.service(cluster));
            let pods: Vec<PodId> = added.flat_map(|service| cluster.endpoints(service)).map(|(pod, _)| pod).collect();
            for pod in pods {
                self.update_pod(pod, cluster, ledgers, now);
            }
            if let Some(split) = split {
                self.graph.service_mut(entry).announce_split(split, now);
                self.graph.touch(entry);
            }
        }
    }

    /// Who has the requests of an entry, by its index in the scenario, that came to a Service and a group of pods.
    pub fn backend_at(&self, traffic: usize, route: u32, group: u32) -> BackendNames {
        let found = self.entries.iter().enumerate().find(|(_, entry)| entry.traffic == traffic);
        let Some((index, entry)) = found else { return BackendNames::default() };
        let route = usize::try_from(route).ok();
        let service = self.destinations.routes_of(index).find(|known| Some(known.number) == route);
        let group = usize::try_from(group).ok().and_then(|group| entry.groups.get(group));
        let target = group.and_then(|group| entry.backends.get(group.backend)).map(|backend| &backend.target);
        BackendNames {
            service: service.map(Route::title).unwrap_or_default(),
            workload: target.map(|target| format!("{}/{}", target.kind.as_str(), target.name)).unwrap_or_default(),
            revision: group.map(|group| group.revision.to_string()).unwrap_or_default(),
        }
    }
}
