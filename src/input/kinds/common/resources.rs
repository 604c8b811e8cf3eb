//! Resource lists: quantities by resource name.

use crate::api::{Name, Quantity, ResourceList};
use crate::input::{FieldErrors, FieldPath};
use crate::units::{Bytes, MAX_AMOUNT, MilliCpu};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
use std::collections::BTreeMap;

/// Converts `requests`, `limits`, `capacity` and the like. Cpu is rounded up to millicores, everything else to whole
/// units, as kube-scheduler's `Resource` does. A malformed quantity is an error and counts as absent; so does one above
/// [`MAX_AMOUNT`], except of `storage`, which is compared and never added up.
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
        let is_cpu = resource == "cpu";
        let amount = if is_cpu { quantity.milli_value() } else { quantity.value() };
        if amount > MAX_AMOUNT && resource != "storage" {
            errors.push(path.key(resource), too_large(&text.0, is_cpu));
            continue;
        }
        match resource.as_str() {
            "cpu" => (resources.cpu, resources.formats.cpu) = (Some(MilliCpu::new(amount)), quantity.format()),
            "memory" => (resources.memory, resources.formats.memory) = (Some(Bytes::new(amount)), quantity.format()),
            "ephemeral-storage" => {
                resources.ephemeral_storage = Some(Bytes::new(amount));
                resources.formats.ephemeral_storage = quantity.format();
            }
            "pods" => resources.pods = Some(amount),
            // The map is in key order, which is the order that the list promises.
            scalar_name => scalar.push((Name::from(scalar_name), amount)),
        }
    }
    resources.scalar = scalar.into();
    resources
}

/// The problem of an amount above [`MAX_AMOUNT`].
pub fn too_large(text: impl std::fmt::Display, is_cpu: bool) -> String {
    let (most, unit) = if is_cpu { (MAX_AMOUNT / 1000, " cores") } else { (MAX_AMOUNT, "") };
    format!("`{text}` is too large (expected at most {most}{unit})")
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
    fn an_amount_that_could_overflow_a_sum_is_named() {
        let cases = [
            ("cpu", "9007199254740", false, "the most"),
            ("cpu", "9007199254741", true, "one more core"),
            ("cpu", "9e18", true, "thousandths of it do not fit in 64 bits"),
            ("memory", "8Pi", false, "the most"),
            ("memory", "9Pi", true, "beyond"),
            ("ephemeral-storage", "7Ei", true, "beyond"),
            ("pods", "9223372036854775807", true, "the largest number"),
            ("nvidia.com/gpu", "9e18", true, "any resource"),
            ("storage", "7Ei", false, "a volume is never added to another"),
        ];
        for (resource, text, is_refused, why) in cases {
            let list = BTreeMap::from([(resource.to_owned(), QuantityText(text.to_owned()))]);
            let mut errors = FieldErrors::default();
            convert(Some(&list), FieldPath::Root.key("requests"), &mut errors);
            let errors = errors.into_vec();
            assert_eq!(errors.len(), usize::from(is_refused), "{why}");
            assert!(errors.iter().all(|error| error.problem.starts_with(&format!("`{text}` is too large"))), "{why}");
        }
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
