//! ConfigMaps and the like: the rules for their keys, and the references of pods to them.

use super::validation::is_config_map_key;
use crate::api::{ConfigKind, ConfigReference, ConfigReferences, ConfigUse, Name};
use crate::input::{FieldErrors, FieldPath};
use k8s_openapi::api::core::v1::{Container, KeyToPath, PodSpec, Volume, VolumeProjection};

/// The ConfigMap with the API server's certificate, which kube-controller-manager keeps in every namespace
/// (`RootCACertConfigMapName`, `pkg/controller/certificates/rootcacertpublisher`): nobody waits for it.
const ROOT_CA: &str = "kube-root-ca.crt";

/// Checks the keys of an object's data (`IsConfigMapKey`). `path` leads to the data.
pub fn check_keys<'k>(keys: impl Iterator<Item = &'k String>, path: FieldPath<'_>, errors: &mut FieldErrors) {
    for key in keys.filter(|key| !is_config_map_key(key)) {
        let expected = "expected at most 253 of letters, digits, `-`, `_` and `.`, and neither `.` nor a leading `..`";
        errors.push(path.key(key), format_args!("`{key}` is not a key ({expected})"));
    }
}

/// The references of a pod that are not optional: those of its volumes, then those of its containers' environments.
pub fn convert_references(spec: &PodSpec) -> ConfigReferences {
    let mut found = Found::default();
    for volume in spec.volumes.iter().flatten() {
        found.volume(volume);
    }
    for container in spec.init_containers.iter().flatten().chain(&spec.containers) {
        found.environment(container);
    }
    ConfigReferences(found.0)
}

/// What a reference names: kind, name and whether it is optional.
type Named<'a> = (ConfigKind, &'a str, Option<bool>);

/// The references that have been found.
#[derive(Default)]
struct Found(Vec<ConfigReference>);

impl Found {
    fn add(&mut self, (kind, name, optional): Named<'_>, key: Option<&str>, used_as: &ConfigUse) {
        if optional == Some(true) || name.is_empty() || (kind, name) == (ConfigKind::ConfigMap, ROOT_CA) {
            return;
        }
        let reference =
            ConfigReference { kind, name: Name::from(name), key: key.map(Name::from), used_as: used_as.clone() };
        if !self.0.contains(&reference) {
            self.0.push(reference);
        }
    }

    /// The object as a whole, or those of its keys that a volume lists.
    fn files(&mut self, named: Named<'_>, items: Option<&Vec<KeyToPath>>, used_as: &ConfigUse) {
        match items.filter(|items| !items.is_empty()) {
            None => self.add(named, None, used_as),
            Some(items) => items.iter().for_each(|item| self.add(named, Some(&item.key), used_as)),
        }
    }

    fn volume(&mut self, volume: &Volume) {
        let used_as = ConfigUse::Volume(Name::from(volume.name.as_str()));
        if let Some(source) = &volume.config_map {
            self.files((ConfigKind::ConfigMap, &source.name, source.optional), source.items.as_ref(), &used_as);
        }
        if let Some(source) = &volume.secret {
            let name = source.secret_name.as_deref().unwrap_or_default();
            self.files((ConfigKind::Secret, name, source.optional), source.items.as_ref(), &used_as);
        }
        let projections = volume.projected.as_ref().and_then(|projected| projected.sources.as_ref());
        for source in projections.into_iter().flatten() {
            self.projection(source, &used_as);
        }
    }

    fn projection(&mut self, source: &VolumeProjection, used_as: &ConfigUse) {
        if let Some(source) = &source.config_map {
            self.files((ConfigKind::ConfigMap, &source.name, source.optional), source.items.as_ref(), used_as);
        }
        if let Some(source) = &source.secret {
            self.files((ConfigKind::Secret, &source.name, source.optional), source.items.as_ref(), used_as);
        }
    }

    fn environment(&mut self, container: &Container) {
        for source in container.env_from.iter().flatten() {
            if let Some(source) = &source.config_map_ref {
                self.add((ConfigKind::ConfigMap, &source.name, source.optional), None, &ConfigUse::Environment);
            }
            if let Some(source) = &source.secret_ref {
                self.add((ConfigKind::Secret, &source.name, source.optional), None, &ConfigUse::Environment);
            }
        }
        for source in container.env.iter().flatten().filter_map(|variable| variable.value_from.as_ref()) {
            if let Some(source) = &source.config_map_key_ref {
                let named = (ConfigKind::ConfigMap, source.name.as_str(), source.optional);
                self.add(named, Some(&source.key), &ConfigUse::Environment);
            }
            if let Some(source) = &source.secret_key_ref {
                let named = (ConfigKind::Secret, source.name.as_str(), source.optional);
                self.add(named, Some(&source.key), &ConfigUse::Environment);
            }
        }
    }
}
