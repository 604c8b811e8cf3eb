//! Where a pod's volumes let it be (`pkg/controllers/provisioning/scheduling/volumetopology.go`, `pkg/scheduling/volumeusage.go`).

use super::requirement::Requirement;
use super::requirements::Requirements;
use super::state::PodVolumes;
use crate::api::karpenter::KarpenterOperator;
use crate::api::{
    Name, NodeSelectorRequirement, PersistentVolume, PersistentVolumeClaim, PersistentVolumeSource, StorageClass,
    VolumeBindingMode, well_known,
};

/// A claim of a pod, with what stands behind it.
#[derive(Clone, Copy, Debug)]
pub struct ClaimedVolume<'a> {
    /// The claim's name.
    pub name: &'a Name,
    /// The claim, if it is there.
    pub claim: Option<&'a PersistentVolumeClaim>,
    /// The volume that it names, if that is there.
    pub volume: Option<&'a PersistentVolume>,
    /// Its StorageClass, if that is there.
    pub class: Option<&'a StorageClass>,
}

/// What the claims of a pod ask of its node.
pub fn pod_volumes(claimed: &[ClaimedVolume<'_>]) -> PodVolumes {
    let mut volumes = PodVolumes::default();
    let mut alternatives: Option<Vec<Requirements>> = None;
    for one in claimed {
        if volumes.problem.is_none() {
            volumes.problem = problem(one);
        }
        if let (Some(claim), Some(driver)) = (one.claim, driver(one)) {
            volumes.claims.insert((driver, Name::from(format!("{}/{}", claim.namespace, claim.name))));
        }
        let of_one = of_claim(one);
        if !of_one.is_empty() {
            alternatives = Some(match alternatives {
                None => of_one,
                Some(known) => combined(&known, &of_one),
            });
        }
    }
    volumes.alternatives = alternatives.unwrap_or_default();
    volumes
}

/// Each alternative of the one with each of the other: those that suit each other, or all if none do.
fn combined(left: &[Requirements], right: &[Requirements]) -> Vec<Requirements> {
    let pairs = || left.iter().flat_map(|left| right.iter().map(move |right| (left, right)));
    let both = |(left, right): (&Requirements, &Requirements)| {
        let mut both = left.clone();
        both.add_all(right);
        both
    };
    let suitable: Vec<Requirements> =
        pairs().filter(|(left, right)| left.intersects(right).is_ok()).map(both).collect();
    if suitable.is_empty() { pairs().map(both).collect() } else { suitable }
}

/// The alternatives of one claim: where its volume is, or where its class makes volumes.
fn of_claim(one: &ClaimedVolume<'_>) -> Vec<Requirements> {
    let Some(claim) = one.claim else { return Vec::new() };
    if claim.volume_name.is_empty() {
        let terms = one.class.map_or(&[][..], |class| &class.allowed_topologies);
        let of_term = |term: &Vec<(Name, Vec<Name>)>| {
            let mut requirements = Requirements::default();
            for (key, values) in term {
                let any = Requirement::new(KarpenterOperator::In, values, None);
                requirements.add(super::label::normalized(key), &any);
            }
            requirements
        };
        return terms.iter().filter(|term| !term.is_empty()).map(of_term).collect();
    }
    let Some(volume) = one.volume else { return Vec::new() };
    let mut alternatives = Vec::new();
    for term in volume.node_affinity.iter().flat_map(|affinity| &affinity.terms) {
        // A pod that moves does not take the disk of its host with it, nor can it be waited for elsewhere.
        let is_of_host = volume.source == PersistentVolumeSource::Other;
        let kept: Vec<NodeSelectorRequirement> = term
            .match_expressions
            .iter()
            .filter(|expression| !(is_of_host && expression.key == well_known::HOSTNAME))
            .cloned()
            .collect();
        if !term.match_expressions.is_empty() {
            let mut requirements = Requirements::default();
            requirements.add_expressions(&kept);
            alternatives.push(requirements);
        }
    }
    alternatives
}

/// Why a pod with this claim is not provisioned for (`ValidatePersistentVolumeClaims`).
fn problem(one: &ClaimedVolume<'_>) -> Option<String> {
    let Some(claim) = one.claim else { return Some(format!("persistentvolumeclaim \"{}\" not found", one.name)) };
    let text = if claim.terminating {
        "persistentvolumeclaim is being deleted"
    } else if claim.is_lost {
        "persistentvolumeclaim bound to non-existent persistentvolume"
    } else if !claim.volume_name.is_empty() {
        match one.volume {
            None => "failed to validate pvc, persistentvolume not found",
            Some(volume) if volume.terminating => "failed to validate pvc, persistentvolume is being deleted",
            Some(_) if !claim.bind_completed => "pvc is considered unbound because it does not contain annotation",
            Some(_) => return None,
        }
    } else if claim.storage_class.is_empty() {
        "unbound pvc must define a storage class"
    } else {
        match one.class {
            None => "failed to validate pvc, failed to get storage class",
            Some(class) if class.binding_mode == VolumeBindingMode::Immediate => {
                "failed to validate pvc, pvc with immediate volume binding mode must be bound"
            }
            Some(_) => return None,
        }
    };
    Some(format!("{text} (PersistentVolumeClaim={}/{})", claim.namespace, claim.name))
}

/// The driver that counts the volume on a node.
fn driver(one: &ClaimedVolume<'_>) -> Option<Name> {
    if one.claim?.volume_name.is_empty() {
        return Some(one.class?.provisioner.clone()).filter(|driver| !driver.is_empty());
    }
    match &one.volume?.source {
        PersistentVolumeSource::Csi { driver, .. } => Some(driver.clone()),
        PersistentVolumeSource::AwsElasticBlockStore(_) => Some("ebs.csi.aws.com".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{NodeSelector, NodeSelectorOperator, NodeSelectorTerm};

    fn bound(volume: &str) -> PersistentVolumeClaim {
        PersistentVolumeClaim { volume_name: volume.into(), bind_completed: true, ..PersistentVolumeClaim::default() }
    }

    fn volume(source: PersistentVolumeSource, terms: &[&[(&str, &str)]]) -> PersistentVolume {
        let expression = |(key, value): &(&str, &str)| NodeSelectorRequirement {
            key: Name::from(*key),
            operator: NodeSelectorOperator::In,
            values: vec![Name::from(*value)],
        };
        let term = |term: &&[(&str, &str)]| NodeSelectorTerm {
            match_expressions: term.iter().map(expression).collect(),
            match_fields: Vec::new(),
        };
        let affinity = NodeSelector { terms: terms.iter().map(term).collect() };
        PersistentVolume { node_affinity: Some(affinity), source, ..PersistentVolume::default() }
    }

    fn written(volumes: &PodVolumes) -> Vec<String> {
        volumes.alternatives.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn volumes_say_where_a_pod_can_be() {
        let name = Name::from("data");
        let csi = || PersistentVolumeSource::Csi { driver: "csi".into(), handle: "v".into() };
        let zone = well_known::ZONE;
        let claim = bound("v");
        let in_zones = volume(csi(), &[&[(zone, "a")], &[(zone, "b")]]);
        let in_a = volume(csi(), &[&[(zone, "a")]]);
        let in_c = volume(csi(), &[&[(zone, "c")]]);
        let of_host = volume(PersistentVolumeSource::Other, &[&[(well_known::HOSTNAME, "n")]]);
        let of = |volume| ClaimedVolume { name: &name, claim: Some(&claim), volume: Some(volume), class: None };
        let cases = [
            (vec![of(&in_zones)], vec!["topology.kubernetes.io/zone In [a]", "topology.kubernetes.io/zone In [b]"]),
            (vec![of(&in_zones), of(&in_a)], vec!["topology.kubernetes.io/zone In [a]"]),
            (vec![of(&in_a), of(&in_c)], vec!["topology.kubernetes.io/zone DoesNotExist"]),
            (vec![of(&of_host)], vec![""]),
            (Vec::new(), Vec::new()),
        ];
        for (claimed, alternatives) in cases {
            let volumes = pod_volumes(&claimed);
            assert_eq!(written(&volumes), alternatives, "{claimed:?}");
            assert_eq!(volumes.problem, None);
        }
    }

    #[test]
    fn an_unbound_claim_goes_where_its_class_makes_volumes() {
        let name = Name::from("data");
        let claim = PersistentVolumeClaim { storage_class: "fast".into(), ..PersistentVolumeClaim::default() };
        let class = StorageClass {
            provisioner: "csi".into(),
            binding_mode: VolumeBindingMode::WaitForFirstConsumer,
            allowed_topologies: vec![vec![(well_known::ZONE.into(), vec!["a".into(), "b".into()])]],
            ..StorageClass::default()
        };
        let one = ClaimedVolume { name: &name, claim: Some(&claim), volume: None, class: Some(&class) };
        let volumes = pod_volumes(&[one]);
        assert_eq!(written(&volumes), ["topology.kubernetes.io/zone In [a b]"]);
        assert_eq!(volumes.claims.len(), 1);
        let immediate = StorageClass { binding_mode: VolumeBindingMode::Immediate, ..class.clone() };
        let cases = [
            (ClaimedVolume { class: None, ..one }, "failed to get storage class"),
            (ClaimedVolume { class: Some(&immediate), ..one }, "must be bound"),
            (ClaimedVolume { claim: None, ..one }, "not found"),
        ];
        for (one, problem) in cases {
            assert!(pod_volumes(&[one]).problem.is_some_and(|text| text.contains(problem)), "{problem}");
        }
    }
}
