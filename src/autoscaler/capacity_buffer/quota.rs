//! How many chunks the ResourceQuotas of a namespace allow (`resourceQuotaAllocator` of the Cluster Autoscaler).

use crate::api::quota::Quantities;
use crate::api::{Name, Quantity};

/// A quota that applies to a buffer's chunks.
#[derive(Clone, Debug)]
pub struct QuotaRoom<'a> {
    /// Name of the ResourceQuota.
    pub name: &'a Name,
    /// `status.hard`.
    pub hard: &'a Quantities,
    /// `status.used`, with what the buffers before this one take.
    pub used: Quantities,
}

/// How many of `wanted` chunks fit all quotas, and the names of those that allow fewer. What the chunks request is taken
/// from the room of every quota.
pub fn within_quotas(wanted: i32, requests: &Quantities, quotas: &mut [QuotaRoom<'_>]) -> (i32, Vec<Name>) {
    let mut allowed = wanted;
    let mut blocking = Vec::new();
    for quota in quotas.iter() {
        let fitting = quota.fitting(requests);
        if fitting < wanted {
            blocking.push(quota.name.clone());
        }
        allowed = allowed.min(fitting);
    }
    for quota in quotas {
        quota.used.add_times(&requests.masked(|name| quota.hard.get(name).is_some()), i64::from(allowed));
    }
    (allowed, blocking)
}

impl QuotaRoom<'_> {
    /// How many chunks of these requests fit.
    fn fitting(&self, requests: &Quantities) -> i32 {
        let mut fitting = i64::from(i32::MAX);
        for (name, hard) in self.hard.iter() {
            let Some(request) = requests.get(name).filter(|request| !request.is_zero()) else { continue };
            let mut left = hard;
            left.subtract(self.used.get(name).unwrap_or(Quantity::ZERO));
            fitting = fitting.min(left.milli_value().max(0) / request.milli_value().max(1));
        }
        i32::try_from(fitting).unwrap_or(i32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantities(entries: &[(&str, i64)]) -> Quantities {
        let mut quantities = Quantities::default();
        for (name, millis) in entries {
            quantities.insert(*name, Quantity::from_millis(*millis));
        }
        quantities
    }

    #[test]
    fn quotas_bound_chunks_and_are_used_up_in_turn() {
        let cases = [
            (5, &[("requests.cpu", 2_000)][..], &[][..], 4, true, "2 cores hold four of half a core"),
            (3, &[("requests.cpu", 2_000)], &[], 3, false, "enough"),
            (5, &[("cpu", 2_000)], &[("cpu", 1_600)], 0, true, "0.4 of a core are left"),
            (5, &[("cpu", 1_000)], &[("cpu", 1_600)], 0, true, "more is used than allowed"),
            (5, &[("services", 0)], &[], 5, false, "a quota of something else"),
        ];
        let requests = quantities(&[("cpu", 500), ("requests.cpu", 500)]);
        let name = Name::from("team");
        for (wanted, hard, used, allowed, is_bound, why) in cases {
            let hard = quantities(hard);
            let mut quotas = [QuotaRoom { name: &name, hard: &hard, used: quantities(used) }];
            let (found, blocking) = within_quotas(wanted, &requests, &mut quotas);
            assert_eq!((found, !blocking.is_empty()), (allowed, is_bound), "{why}");
        }
        let hard = quantities(&[("cpu", 2_000)]);
        let mut quotas = [QuotaRoom { name: &name, hard: &hard, used: Quantities::default() }];
        assert_eq!(within_quotas(3, &requests, &mut quotas).0, 3);
        assert_eq!(within_quotas(3, &requests, &mut quotas).0, 1, "the buffer before has taken 1.5 cores");
    }
}
