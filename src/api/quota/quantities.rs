//! Quantities by resource name, as `status.used` of a ResourceQuota holds them.
//!
//! Mirrors `k8s.io/apiserver/pkg/quota/v1/resources.go` (Kubernetes 1.36).

use crate::api::{Amounts, Name, Quantity, QuantityFormat, ResourceList};
use std::collections::BTreeMap;
use std::fmt;

/// Quantities by resource name, in order of the names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quantities(BTreeMap<Name, Quantity>);

impl Quantities {
    /// The quantity of a resource.
    #[must_use]
    pub fn get(&self, resource: &str) -> Option<Quantity> {
        self.0.get(resource).copied()
    }

    /// Sets the quantity of a resource.
    pub fn insert(&mut self, resource: impl Into<Name>, quantity: Quantity) {
        self.0.insert(resource.into(), quantity);
    }

    /// Each resource with its quantity.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, Quantity)> {
        self.0.iter().map(|(name, quantity)| (name, *quantity))
    }

    /// The names of the resources.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.0.keys()
    }

    /// Whether no resource is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Only those resources that `wanted` has (`Mask`).
    #[must_use]
    pub fn masked(&self, wanted: impl Fn(&Name) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| wanted(name)).map(|(name, quantity)| (name.clone(), *quantity)).collect())
    }

    /// Adds `count` times another's quantities.
    pub fn add_times(&mut self, added: &Self, count: i64) {
        for (name, quantity) in &added.0 {
            let product = quantity.times(count);
            self.0.entry(name.clone()).and_modify(|sum| sum.add(product)).or_insert(product);
        }
    }

    /// What is left without another's quantities, at least nothing (`SubtractWithNonNegativeResult`).
    #[must_use]
    pub fn less(&self, taken: &Self) -> Self {
        let mut rest = BTreeMap::new();
        for (name, quantity) in &self.0 {
            let mut left = *quantity;
            if let Some(taken) = taken.0.get(name) {
                left.subtract(*taken);
            }
            rest.insert(name.clone(), if left > Quantity::ZERO { left } else { Quantity::ZERO });
        }
        for name in taken.0.keys() {
            rest.entry(name.clone()).or_insert(Quantity::ZERO);
        }
        Self(rest)
    }

    /// Only those resources of which there is something (`RemoveZeros`).
    #[must_use]
    pub fn without_zeros(&self) -> Self {
        Self(
            self.0.iter().filter(|(_, quantity)| !quantity.is_zero()).map(|(name, one)| (name.clone(), *one)).collect(),
        )
    }
}

impl Amounts for Quantities {
    fn from_list(list: &ResourceList) -> Self {
        let bytes = |bytes: crate::units::Bytes| Quantity::from_units(bytes.get());
        let formats = list.formats;
        let named = [
            ("cpu", list.cpu.map(|cpu| Quantity::from_millis(cpu.get())), formats.cpu),
            ("memory", list.memory.map(bytes), formats.memory),
            ("ephemeral-storage", list.ephemeral_storage.map(bytes), formats.ephemeral_storage),
        ];
        let named = named
            .into_iter()
            .filter_map(|(name, quantity, format)| Some((Name::from(name), quantity?.in_format(format))));
        let scalar = list.scalar.iter().map(|(name, amount)| {
            let is_bytes = name.starts_with("hugepages-");
            let format = if is_bytes { QuantityFormat::BinarySi } else { QuantityFormat::DecimalSi };
            (name.clone(), Quantity::from_units(*amount).in_format(format))
        });
        Self(named.chain(scalar).collect())
    }

    fn add(&mut self, amounts: &Self) {
        self.add_times(amounts, 1);
    }

    fn max(&mut self, amounts: &Self) {
        for (name, quantity) in &amounts.0 {
            let largest = self.0.entry(name.clone()).or_insert(*quantity);
            if quantity > largest {
                *largest = *quantity;
            }
        }
    }
}

impl FromIterator<(Name, Quantity)> for Quantities {
    fn from_iter<I: IntoIterator<Item = (Name, Quantity)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

/// As messages of the API server write them: `cpu=2,pods=5` (`prettyPrint`).
impl fmt::Display for Quantities {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, quantity)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(formatter, "{separator}{name}={quantity}")?;
        }
        Ok(())
    }
}
