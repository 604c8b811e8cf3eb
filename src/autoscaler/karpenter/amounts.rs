//! Amounts by resource, with the arithmetic of `pkg/utils/resources`: a resource that is not named differs from none of it.

use crate::api::{Name, ResourceAmounts, ResourceList};
use crate::units::{Bytes, MilliCpu};

/// The resources that have a place of their own.
const CPU: usize = 0;
const MEMORY: usize = 1;
const EPHEMERAL_STORAGE: usize = 2;
const PODS: usize = 3;
const NODES: usize = 4;

/// Names of the resources with a place of their own.
const NAMES: [&str; 5] = ["cpu", "memory", "ephemeral-storage", "pods", "nodes"];

/// Amounts in millicores, bytes and whole units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Amounts {
    named: [Option<i64>; 5],
    /// Every other resource, sorted by name.
    others: Vec<(Name, i64)>,
}

impl Amounts {
    /// The amounts of a list.
    pub fn from_list(list: &ResourceList) -> Self {
        let mut amounts = Self::default();
        amounts.named[CPU] = list.cpu.map(MilliCpu::get);
        amounts.named[MEMORY] = list.memory.map(Bytes::get);
        amounts.named[EPHEMERAL_STORAGE] = list.ephemeral_storage.map(Bytes::get);
        amounts.named[PODS] = list.pods;
        for (name, amount) in list.scalar.iter() {
            amounts.add(name, *amount);
        }
        amounts
    }

    /// What pods request, of whose number `pods` is the count.
    pub fn of_pods(requests: &ResourceAmounts, pods: i64) -> Self {
        let mut amounts = Self::default();
        for (name, amount) in requests.amounts() {
            amounts.add(name, amount);
        }
        amounts.named[PODS] = Some(pods);
        amounts
    }

    /// Adds to one resource.
    pub fn add(&mut self, name: &str, amount: i64) {
        match NAMES.iter().position(|known| *known == name) {
            Some(place) => self.named[place] = Some(self.named[place].unwrap_or(0).saturating_add(amount)),
            None => match self.others.binary_search_by(|(listed, _)| (**listed).cmp(name)) {
                Ok(position) => self.others[position].1 = self.others[position].1.saturating_add(amount),
                Err(position) => self.others.insert(position, (Name::from(name), amount)),
            },
        }
    }

    fn other(&self, name: &str) -> Option<i64> {
        self.others.binary_search_by(|(listed, _)| (**listed).cmp(name)).ok().map(|position| self.others[position].1)
    }

    /// How many nodes are left of a limit.
    pub const fn nodes(&self) -> Option<i64> {
        self.named[NODES]
    }

    /// Sets how many nodes this is.
    pub const fn set_nodes(&mut self, nodes: i64) {
        self.named[NODES] = Some(nodes);
    }

    /// CPU and memory, for the order of the queue.
    pub fn size(&self) -> (i64, i64) {
        (self.named[CPU].unwrap_or(0), self.named[MEMORY].unwrap_or(0))
    }

    /// Whether no resource is named.
    pub fn is_empty(&self) -> bool {
        self.named.iter().all(Option::is_none) && self.others.is_empty()
    }

    /// Adds all of the others.
    pub fn merge(&mut self, amounts: &Self) {
        for (mine, amount) in self.named.iter_mut().zip(amounts.named) {
            if let Some(amount) = amount {
                *mine = Some(mine.unwrap_or(0).saturating_add(amount));
            }
        }
        for (name, amount) in &amounts.others {
            self.add(name, *amount);
        }
    }

    /// Takes away all of the others, also what is not named here.
    pub fn take(&mut self, amounts: &Self) {
        for (mine, amount) in self.named.iter_mut().zip(amounts.named) {
            if let Some(amount) = amount {
                *mine = Some(mine.unwrap_or(0).saturating_sub(amount));
            }
        }
        for (name, amount) in &amounts.others {
            self.add(name, amount.saturating_neg());
        }
    }

    /// Takes away of those that are named here.
    pub fn take_of_named(&mut self, amounts: &Self) {
        for (mine, amount) in self.named.iter_mut().zip(amounts.named) {
            *mine = mine.map(|mine| mine.saturating_sub(amount.unwrap_or(0)));
        }
        for (name, mine) in &mut self.others {
            *mine = mine.saturating_sub(amounts.other(name).unwrap_or(0));
        }
    }

    /// Gives back to those that are named here.
    pub fn give_to_named(&mut self, amounts: &Self) {
        for (mine, amount) in self.named.iter_mut().zip(amounts.named) {
            *mine = mine.map(|mine| mine.saturating_add(amount.unwrap_or(0)));
        }
        for (name, mine) in &mut self.others {
            *mine = mine.saturating_add(amounts.other(name).unwrap_or(0));
        }
    }

    /// Nothing is less than zero.
    pub fn clamp_to_zero(&mut self) {
        for mine in &mut self.named {
            *mine = mine.map(|mine| mine.max(0));
        }
        for (_, mine) in &mut self.others {
            *mine = (*mine).max(0);
        }
    }

    /// The smaller amounts of what both name.
    pub fn min(&mut self, amounts: &Self) {
        for (mine, amount) in self.named.iter_mut().zip(amounts.named) {
            *mine = mine.zip(amount).map(|(mine, amount)| mine.min(amount));
        }
        self.others.retain_mut(|(name, mine)| match amounts.other(name) {
            Some(amount) => {
                *mine = (*mine).min(amount);
                true
            }
            None => false,
        });
    }

    /// The larger amounts of what either names.
    pub fn max(&mut self, amounts: &Self) {
        for (mine, amount) in self.named.iter_mut().zip(amounts.named) {
            *mine = (*mine).max(amount);
        }
        for (name, amount) in &amounts.others {
            match self.others.binary_search_by(|(listed, _)| listed.cmp(name)) {
                Ok(position) => self.others[position].1 = self.others[position].1.max(*amount),
                Err(position) => self.others.insert(position, (name.clone(), *amount)),
            }
        }
    }

    /// Fills what is not named here, or none of it, from the others (`Override any zero quantity values`).
    pub fn fill_zeros(&mut self, amounts: &Self) {
        for (mine, amount) in self.named.iter_mut().zip(amounts.named) {
            if mine.unwrap_or(0) == 0 && amount.is_some() {
                *mine = amount;
            }
        }
        for (name, amount) in &amounts.others {
            match self.others.binary_search_by(|(listed, _)| listed.cmp(name)) {
                Ok(position) if self.others[position].1 == 0 => self.others[position].1 = *amount,
                Ok(_) => {}
                Err(position) => self.others.insert(position, (name.clone(), *amount)),
            }
        }
    }

    /// Whether these requests fit into a total. Nothing fits where some amount is below zero.
    pub fn fits(&self, total: &Self) -> bool {
        let mut named = self.named.iter().zip(total.named);
        named.all(|(asked, total)| {
            let total = total.unwrap_or(0);
            total >= 0 && asked.is_none_or(|asked| asked <= total)
        }) && total.others.iter().all(|(_, total)| *total >= 0)
            && self.others.iter().all(|(name, asked)| *asked <= total.other(name).unwrap_or(0))
    }

    /// Whether of each resource that a limit names there is no more than it allows.
    pub fn within(&self, limits: &Self) -> bool {
        let mut named = self.named.iter().zip(limits.named);
        named.all(|(mine, limit)| limit.is_none_or(|limit| mine.unwrap_or(0) <= limit))
            && limits.others.iter().all(|(name, limit)| self.other(name).unwrap_or(0) <= *limit)
    }

    /// As a resource list.
    pub fn to_list(&self) -> ResourceList {
        ResourceList {
            cpu: self.named[CPU].map(MilliCpu::new),
            memory: self.named[MEMORY].map(Bytes::new),
            ephemeral_storage: self.named[EPHEMERAL_STORAGE].map(Bytes::new),
            pods: self.named[PODS],
            scalar: self.others.clone().into(),
            ..ResourceList::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(amounts: &[(&str, i64)]) -> Amounts {
        let mut all = Amounts::default();
        for (name, amount) in amounts {
            all.add(name, *amount);
        }
        all
    }

    #[test]
    fn what_fits() {
        let total = of(&[("cpu", 4000), ("memory", 10), ("gpu", 1)]);
        let cases = [
            (of(&[("cpu", 4000), ("gpu", 1)]), true),
            (of(&[("cpu", 4001)]), false),
            (of(&[("fpga", 1)]), false),
            (of(&[("fpga", 0), ("pods", 0)]), true),
            (of(&[("pods", 1)]), false),
        ];
        for (asked, fits) in cases {
            assert_eq!(asked.fits(&total), fits, "{asked:?}");
        }
        assert!(!Amounts::default().fits(&of(&[("gpu", -1)])), "nothing fits where an amount is below zero");
    }

    #[test]
    fn the_smaller_and_the_larger_amounts() {
        let (left, right) = (of(&[("cpu", 1), ("gpu", 2)]), of(&[("cpu", 2), ("memory", 3)]));
        let mut smaller = left.clone();
        smaller.min(&right);
        assert_eq!(smaller, of(&[("cpu", 1)]));
        let mut larger = left.clone();
        larger.max(&right);
        assert_eq!(larger, of(&[("cpu", 2), ("gpu", 2), ("memory", 3)]));
        let mut rest = left;
        rest.take_of_named(&right);
        assert_eq!(rest, of(&[("cpu", -1), ("gpu", 2)]));
    }
}
