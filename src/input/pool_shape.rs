//! The shape of nodes that do not exist yet, in one line: `cpu=16,memory=64Gi,zones=a+b+c,taint=gpu=yes:NoSchedule`.

use super::kinds::common::resources;
use super::{FieldErrors, FieldPath};
use crate::api::{Name, ResourceList, Taint, TaintEffect};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
use std::collections::BTreeMap;
use std::str::FromStr;
use thiserror::Error;

/// The shape of nodes that do not exist yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolShape {
    /// The node that they are copies of; what else is given replaces the copy's.
    pub like: Option<Name>,
    /// What each offers; absent resources are the copied node's.
    pub allocatable: ResourceList,
    /// Zones, in which the nodes stand in turn; empty is the copied node's zone, or none.
    pub zones: Vec<Name>,
    /// Labels.
    pub labels: Vec<(Name, Name)>,
    /// Taints.
    pub taints: Vec<Taint>,
}

/// A text is not the shape of a node.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{part}`: {problem}")]
pub struct PoolShapeError {
    part: String,
    problem: String,
}

/// What a part may be.
const EXPECTED: &str = "expected cpu=16, memory=64Gi, pods=110, another resource such as nvidia.com/gpu=1, like=NODE, \
                        zones=a+b, label:KEY=VALUE or taint:KEY=VALUE:EFFECT";

impl FromStr for PoolShape {
    type Err = PoolShapeError;

    fn from_str(text: &str) -> Result<Self, PoolShapeError> {
        let mut shape = Self::default();
        let mut quantities = BTreeMap::new();
        for part in text.split(',').map(str::trim) {
            let fail = |problem: String| PoolShapeError { part: part.to_owned(), problem };
            if let Some(label) = part.strip_prefix("label:") {
                let (key, value) = label.split_once('=').unwrap_or((label, ""));
                shape.labels.push(label_of(key, value).map_err(fail)?);
            } else if let Some(taint) = part.strip_prefix("taint:") {
                shape.taints.push(taint_of(taint).map_err(fail)?);
            } else if let Some((key, value)) = part.split_once('=') {
                match key {
                    "like" if shape.like.is_none() && !value.is_empty() => shape.like = Some(value.into()),
                    "zone" | "zones" if shape.zones.is_empty() => {
                        for zone in value.split('+') {
                            let (_, zone) = label_of("zone", zone).map_err(fail)?;
                            if zone.is_empty() || shape.zones.contains(&zone) {
                                return Err(fail("names a zone twice or not at all (expected zones=a+b)".to_owned()));
                            }
                            shape.zones.push(zone);
                        }
                    }
                    "like" | "zone" | "zones" => return Err(fail("is empty or given twice".to_owned())),
                    resource => {
                        quantity_of(resource, value).map_err(fail)?;
                        if quantities.insert(resource.to_owned(), QuantityText(value.to_owned())).is_some() {
                            return Err(fail("the resource is given twice".to_owned()));
                        }
                    }
                }
            } else {
                return Err(fail(format!("is not a part of a node's shape ({EXPECTED})")));
            }
        }
        let mut errors = FieldErrors::default();
        shape.allocatable = resources::convert(Some(&quantities), FieldPath::Root, &mut errors);
        if let Some(error) = errors.into_vec().into_iter().next() {
            return Err(PoolShapeError { part: error.field, problem: error.problem });
        }
        if shape.like.is_none() {
            for (resource, given) in
                [("cpu", shape.allocatable.cpu.is_some()), ("memory", shape.allocatable.memory.is_some())]
            {
                if !given {
                    let problem = format!("{resource} is missing (expected cpu and memory, or like=NODE)");
                    return Err(PoolShapeError { part: text.to_owned(), problem });
                }
            }
        }
        Ok(shape)
    }
}

/// Checks a resource and its quantity.
fn quantity_of(resource: &str, text: &str) -> Result<(), String> {
    let native = matches!(resource, "cpu" | "memory" | "pods" | "ephemeral-storage");
    let extended = resource.contains('/') || resource.starts_with("hugepages-");
    if !(native || extended && super::kinds::common::validation::is_qualified_name(resource)) {
        return Err(format!("`{resource}` is not a part of a node's shape ({EXPECTED})"));
    }
    match text.parse::<crate::api::Quantity>() {
        Ok(quantity) if quantity.is_negative() => Err("is negative (expected 0 or more)".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// Checks a label.
fn label_of(key: &str, value: &str) -> Result<(Name, Name), String> {
    if !super::kinds::common::validation::is_qualified_name(key) {
        return Err(format!("`{key}` is not a label key (expected a form such as `example.com/name`)"));
    }
    if !super::kinds::common::validation::is_label_value(value) {
        return Err(format!("`{value}` is not a label value"));
    }
    Ok((key.into(), value.into()))
}

/// Reads `key=value:Effect` or `key:Effect`, the form of `kubectl taint`.
fn taint_of(text: &str) -> Result<Taint, String> {
    let (pair, effect) = text.rsplit_once(':').unwrap_or((text, ""));
    let effects = [TaintEffect::NoSchedule, TaintEffect::PreferNoSchedule, TaintEffect::NoExecute];
    let Some(effect) = effects.into_iter().find(|known| known.as_str() == effect) else {
        return Err(format!(
            "`{effect}` is not an effect (expected KEY=VALUE:NoSchedule, :PreferNoSchedule or :NoExecute)"
        ));
    };
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    let (key, value) = label_of(key, value)?;
    Ok(Taint { key, value, effect, time_added: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Bytes, MilliCpu};

    #[test]
    fn shapes_are_read() {
        let shape: PoolShape =
            "cpu=15900m,memory=64Gi,nvidia.com/gpu=2,zones=a+b,label:pool=gpu,taint:gpu=yes:NoSchedule,taint:x:NoExecute"
                .parse()
                .unwrap();
        assert_eq!(shape.allocatable.cpu, Some(MilliCpu::new(15_900)));
        assert_eq!(shape.allocatable.memory, Some(Bytes::new(64 << 30)));
        assert_eq!(shape.allocatable.scalar("nvidia.com/gpu"), Some(2));
        assert_eq!(shape.zones, [Name::from("a"), Name::from("b")]);
        assert_eq!(shape.labels, [(Name::from("pool"), Name::from("gpu"))]);
        let taints: Vec<_> = shape.taints.iter().map(|taint| (&*taint.key, &*taint.value, taint.effect)).collect();
        assert_eq!(taints, [("gpu", "yes", TaintEffect::NoSchedule), ("x", "", TaintEffect::NoExecute)]);
        let copy: PoolShape = "like=worker-1,pods=30".parse().unwrap();
        assert_eq!((copy.like.as_deref(), copy.allocatable.pods), (Some("worker-1"), Some(30)));
    }

    #[test]
    fn what_is_no_shape_is_refused() {
        let cases = [
            ("", "is not a part"),
            ("cpu=4", "memory is missing"),
            ("cpu=4,memory=x", "`memory=x`"),
            ("cpu=-4,memory=1Gi", "is negative"),
            ("cpu=4,cpu=5,memory=1Gi", "given twice"),
            ("cores=4,memory=1Gi", "`cores` is not a part"),
            ("cpu=4,memory=1Gi,zones=a+a", "names a zone twice"),
            ("cpu=4,memory=1Gi,zones=", "not at all"),
            ("cpu=4,memory=1Gi,taint:a=b", "is not an effect"),
            ("cpu=4,memory=1Gi,label:a b=c", "is not a label key"),
            ("like=,cpu=4", "is empty"),
            ("cpu", "is not a part"),
        ];
        for (text, expected) in cases {
            let error = text.parse::<PoolShape>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
