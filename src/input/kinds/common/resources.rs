//! Resource lists: quantities by resource name.

use crate::api::{Name, Quantity, ResourceList};
use crate::input::{FieldErrors, FieldPath};
use crate::units::{Bytes, MilliCpu};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
use std::collections::BTreeMap;

/// Converts `requests`, `limits`, `capacity` and the like. Cpu is rounded up to millicores, everything else to whole
/// units, as kube-scheduler's `Resource` does. A malformed quantity is an error and counts as absent.
pub fn convert(
    list: Option<&BTreeMap<String, QuantityText>>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> ResourceList {
    let mut resources = ResourceList::default();
    let mut scalar = Vec::new();
    for (resource, text) in list.into_iter().flatten() {
        let quantity = match text.0.parse::<Quantity>() {
            Ok(quantity) => quantity,
            Err(error) => {
                errors.push(path.key(resource), error);
                continue;
            }
        };
        match resource.as_str() {
            "cpu" => resources.cpu = Some(MilliCpu::new(quantity.milli_value())),
            "memory" => resources.memory = Some(Bytes::new(quantity.value())),
            "ephemeral-storage" => resources.ephemeral_storage = Some(Bytes::new(quantity.value())),
            "pods" => resources.pods = Some(quantity.value()),
            // The map is in key order, which is the order that the list promises.
            scalar_name => scalar.push((Name::from(scalar_name), quantity.value())),
        }
    }
    resources.scalar = scalar.into();
    resources
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_round_up_and_stay_in_order() {
        let entries =
            [("cpu", "0.0001"), ("memory", "1500m"), ("nvidia.com/gpu", "2"), ("a.b/c", "1"), ("pods", "110")];
        let list = entries.iter().map(|(key, text)| ((*key).to_owned(), QuantityText((*text).to_owned()))).collect();
        let mut errors = FieldErrors::default();
        let resources = convert(Some(&list), FieldPath::Root, &mut errors);
        assert!(errors.is_empty());
        assert_eq!(resources.cpu, Some(MilliCpu::new(1)));
        assert_eq!(resources.memory, Some(Bytes::new(2)));
        assert_eq!(resources.pods, Some(110));
        assert_eq!(resources.scalar("nvidia.com/gpu"), Some(2));
        assert_eq!(resources.scalar("a.b/c"), Some(1));
    }

    #[test]
    fn a_malformed_quantity_is_named() {
        let list = BTreeMap::from([("nvidia.com/gpu".to_owned(), QuantityText("two".to_owned()))]);
        let mut errors = FieldErrors::default();
        convert(Some(&list), FieldPath::Root.key("limits"), &mut errors);
        let errors = errors.into_vec();
        assert_eq!(errors[0].field, "limits[nvidia.com/gpu]");
        assert!(errors[0].problem.contains("`two` is not a quantity"), "{}", errors[0].problem);
    }
}
