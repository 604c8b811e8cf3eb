//! How the fields of Kubernetes' kinds are merged: what the tags `patchStrategy` and `patchMergeKey` of the Go structs say.
//!
//! `fields.txt` has every struct that a kind of the table consists of, with the JSON name, the Go type, the patch strategy
//! and the merge key of each field, as `types.go` of `k8s.io/api` and `k8s.io/apimachinery` v0.36.2 state them. A named
//! type that is a plain value stands there as that value (`string` for `PullPolicy`), an embedded struct as its fields.

use super::PatchError;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Each struct by name, with its fields. Where two groups have a struct of one name, the group is part of it.
static STRUCTS: LazyLock<BTreeMap<&'static str, Vec<Field>>> = LazyLock::new(|| {
    let mut structs: BTreeMap<&str, Vec<Field>> = BTreeMap::new();
    let mut name = "";
    for line in include_str!("fields.txt").lines() {
        match line.strip_prefix("  ") {
            Some(field) => structs.entry(name).or_default().push(Field::of(field)),
            None => {
                name = line;
                structs.entry(name).or_default();
            }
        }
    }
    structs
});

/// The kinds that are merged by their fields: API version, kind, struct.
const KINDS: &[(&str, &str, &str)] = &[
    ("apps/v1", "DaemonSet", "DaemonSet"),
    ("apps/v1", "Deployment", "Deployment"),
    ("apps/v1", "ReplicaSet", "ReplicaSet"),
    ("apps/v1", "StatefulSet", "StatefulSet"),
    ("autoscaling/v1", "HorizontalPodAutoscaler", "autoscaling/v1.HorizontalPodAutoscaler"),
    ("autoscaling/v2", "HorizontalPodAutoscaler", "autoscaling/v2.HorizontalPodAutoscaler"),
    ("batch/v1", "CronJob", "CronJob"),
    ("batch/v1", "Job", "Job"),
    ("networking.k8s.io/v1", "Ingress", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy", "NetworkPolicy"),
    ("node.k8s.io/v1", "RuntimeClass", "RuntimeClass"),
    ("policy/v1", "PodDisruptionBudget", "PodDisruptionBudget"),
    ("scheduling.k8s.io/v1", "PriorityClass", "PriorityClass"),
    ("storage.k8s.io/v1", "CSIDriver", "CSIDriver"),
    ("storage.k8s.io/v1", "CSINode", "CSINode"),
    ("storage.k8s.io/v1", "CSIStorageCapacity", "CSIStorageCapacity"),
    ("storage.k8s.io/v1", "StorageClass", "StorageClass"),
    ("v1", "ConfigMap", "ConfigMap"),
    ("v1", "LimitRange", "LimitRange"),
    ("v1", "Namespace", "Namespace"),
    ("v1", "Node", "Node"),
    ("v1", "PersistentVolume", "PersistentVolume"),
    ("v1", "PersistentVolumeClaim", "PersistentVolumeClaim"),
    ("v1", "Pod", "Pod"),
    ("v1", "PodTemplate", "PodTemplate"),
    ("v1", "ReplicationController", "ReplicationController"),
    ("v1", "ResourceQuota", "ResourceQuota"),
    ("v1", "Secret", "Secret"),
    ("v1", "Service", "Service"),
    ("v1", "ServiceAccount", "ServiceAccount"),
];

/// A field of a struct.
#[derive(Clone, Copy, Debug)]
struct Field {
    name: &'static str,
    go_type: &'static str,
    strategies: &'static str,
    merge_key: &'static str,
}

impl Field {
    /// The field of a line: name, type, strategies, merge key; the last two may be absent.
    fn of(line: &'static str) -> Self {
        let mut words = line.split(' ');
        let mut next = || words.next().unwrap_or_default();
        Self { name: next(), go_type: next(), strategies: next(), merge_key: next() }
    }
}

/// The Go type of a value, which says how its fields are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema(&'static str);

/// How two values of a field become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Nothing is declared: maps are merged, lists replaced.
    Default,
    /// `merge`: lists are merged too.
    Merge,
    /// `replace`: the new value takes the place of the old one.
    Replace,
}

/// What is declared of a field.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// The type of the field; that of its items for a list.
    pub schema: Schema,
    /// How it is merged.
    pub strategy: Strategy,
    /// `retainKeys`: fields that the new value does not state are removed.
    pub retain_keys: bool,
    /// The field that tells the items of a list apart; empty for plain values.
    pub merge_key: &'static str,
}

impl Schema {
    /// The schema of a kind; `None` for one that is not built in, a custom resource.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        let found = KINDS.iter().find(|(version, name, _)| *version == api_version && *name == kind)?;
        Some(Self(found.2))
    }

    /// What is declared of a field that holds a map.
    ///
    /// # Errors
    /// [`PatchError`] if the struct has no such field, or the value is no struct.
    pub fn field(self, name: &str) -> Result<Declared, PatchError> {
        let struct_name = self.0.strip_prefix('*').unwrap_or(self.0);
        let Some(fields) = STRUCTS.get(struct_name) else {
            return Err(PatchError::NotStruct { kind: Self(struct_name).kind().to_owned() });
        };
        // As in Go's decoder: the exact name, else the first that differs in case alone.
        let exact = fields.iter().find(|field| field.name == name);
        let Some(field) = exact.or_else(|| fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))) else {
            let short = struct_name.rsplit('.').next().unwrap_or(struct_name);
            return Err(PatchError::UnknownField { name: short.to_owned(), field: name.to_owned() });
        };
        let strategies: Vec<&str> = field.strategies.split(',').collect();
        let strategy = match strategies.iter().find(|strategy| **strategy != "retainKeys") {
            Some(&"merge") => Strategy::Merge,
            Some(&"replace") => Strategy::Replace,
            _ => Strategy::Default,
        };
        let retain_keys = strategies.contains(&"retainKeys");
        Ok(Declared { schema: Self(field.go_type), strategy, retain_keys, merge_key: field.merge_key })
    }

    /// What is declared of a field that holds a list; the schema is that of an item.
    ///
    /// # Errors
    /// [`PatchError`] if the struct has no such field, the field is no list, or the value is no struct.
    pub fn list(self, name: &str) -> Result<Declared, PatchError> {
        let declared = self.field(name)?;
        let go_type = declared.schema.0;
        let item = if let Some(item) = go_type.strip_prefix("[]") {
            if item.starts_with("[]") {
                return Err(PatchError::ListOfListsInKind);
            }
            item
        } else if let Some(pointed) = go_type.strip_prefix('*') {
            pointed.strip_prefix("[]").unwrap_or(pointed)
        } else {
            return Err(PatchError::NotList { kind: self.kind().to_owned() });
        };
        Ok(Declared { schema: Self(item), ..declared })
    }

    /// The Go kind of the type.
    pub fn kind(self) -> &'static str {
        match self.0 {
            slice if slice.starts_with("[]") => "slice",
            pointer if pointer.starts_with('*') => "ptr",
            "any" => "interface",
            name if STRUCTS.contains_key(name) => "struct",
            scalar => scalar,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_table_is_in_it() {
        let plain = ["any", "bool", "float64", "int32", "int64", "map", "string", "uint8"];
        for (name, fields) in STRUCTS.iter() {
            for field in fields {
                let item = field.go_type.trim_start_matches(['*', '[', ']']);
                assert!(plain.contains(&item) || STRUCTS.contains_key(item), "{name}.{}: {item}", field.name);
                let strategies = ["", "merge", "replace", "retainKeys", "merge,retainKeys"];
                assert!(strategies.contains(&field.strategies), "{name}.{}: {}", field.name, field.strategies);
                let of_maps = STRUCTS.contains_key(item) && field.strategies.contains("merge");
                assert_eq!(!field.merge_key.is_empty(), of_maps, "{name}.{}", field.name);
            }
        }
        for (version, kind, name) in KINDS {
            assert!(STRUCTS.contains_key(name), "{version} {kind}");
        }
    }

    #[test]
    fn a_field_is_found_through_pointers_and_lists() {
        let pod = Schema::of("v1", "Pod").unwrap().field("spec").unwrap().schema;
        let containers = pod.list("containers").unwrap();
        assert_eq!((containers.strategy, containers.merge_key), (Strategy::Merge, "name"));
        let ports = containers.schema.list("ports").unwrap();
        assert_eq!(ports.merge_key, "containerPort");
        let volumes = pod.list("volumes").unwrap();
        assert_eq!((volumes.strategy, volumes.retain_keys), (Strategy::Merge, true));
        let budget = Schema::of("policy/v1", "PodDisruptionBudget").unwrap().field("spec").unwrap().schema;
        assert_eq!(budget.field("selector").unwrap().strategy, Strategy::Replace);
    }

    #[test]
    fn a_mistake_is_told_as_the_library_tells_it() {
        let deployment = Schema::of("apps/v1", "Deployment").unwrap();
        let spec = deployment.field("spec").unwrap().schema;
        let cases = [
            (spec.field("nosuch"), "unable to find api field in struct DeploymentSpec for the json field \"nosuch\""),
            (
                spec.field("replicas").unwrap().schema.field("x"),
                "merging an object in json but data type is not struct, instead is: int32",
            ),
            (spec.list("strategy"), "expected slice or array type, but got: struct"),
        ];
        for (found, expected) in cases {
            assert_eq!(found.unwrap_err().to_string(), expected);
        }
    }
}
