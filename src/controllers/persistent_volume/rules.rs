//! What the PersistentVolume controller decides of a claim besides which volume it gets.

use crate::api::{Name, PersistentVolume, PersistentVolumeClaim};

/// Why a claim does not get the volume that it names (`checkVolumeSatisfyClaim`, Kubernetes 1.36).
pub fn mismatch(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Option<&'static str> {
    if volume.capacity < claim.request.unwrap_or_default() {
        return Some("requested PV is too small");
    }
    if volume.storage_class != claim.storage_class {
        return Some("storageClassName does not match");
    }
    if volume.attributes_class != claim.attributes_class {
        return Some("volumeAttributesClassName does not match");
    }
    if volume.volume_mode != claim.volume_mode {
        return Some("incompatible volumeMode");
    }
    let has_modes = claim.access_modes.iter().all(|mode| volume.access_modes.contains(mode));
    (!has_modes).then_some("incompatible accessMode")
}

/// Reason and message of the Event about a claim that waits for its first consumer, by the pods that use it and have no node
/// yet (`emitEventForUnboundDelayBindingClaim`).
pub fn waiting_event(pods: &[Name]) -> (&'static str, String) {
    match pods {
        [] => ("WaitForFirstConsumer", "waiting for first consumer to be created before binding".to_owned()),
        [pod] => ("WaitForPodScheduled", format!("waiting for pod {pod} to be scheduled")),
        pods => {
            let names: Vec<&str> = pods.iter().map(|name| &**name).collect();
            ("WaitForPodScheduled", format!("waiting for pods {} to be scheduled", names.join(",")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{AccessMode, VolumeMode};
    use crate::units::Bytes;

    #[test]
    fn a_volume_has_to_be_what_the_claim_asks_for() {
        let claim = PersistentVolumeClaim {
            request: Some(Bytes::new(10)),
            storage_class: "fast".into(),
            access_modes: vec![AccessMode::ReadWriteOnce],
            ..PersistentVolumeClaim::default()
        };
        let fitting = PersistentVolume {
            capacity: Bytes::new(20),
            storage_class: "fast".into(),
            access_modes: vec![AccessMode::ReadWriteMany, AccessMode::ReadWriteOnce],
            ..PersistentVolume::default()
        };
        let with = |change: fn(&mut PersistentVolume)| {
            let mut volume = fitting.clone();
            change(&mut volume);
            volume
        };
        let cases = [
            (fitting.clone(), None),
            (with(|volume| volume.capacity = Bytes::new(9)), Some("requested PV is too small")),
            (with(|volume| volume.storage_class = "slow".into()), Some("storageClassName does not match")),
            (with(|volume| volume.attributes_class = "gold".into()), Some("volumeAttributesClassName does not match")),
            (with(|volume| volume.volume_mode = VolumeMode::Block), Some("incompatible volumeMode")),
            (with(|volume| volume.access_modes = vec![AccessMode::ReadOnlyMany]), Some("incompatible accessMode")),
        ];
        for (volume, expected) in cases {
            assert_eq!(mismatch(&volume, &claim), expected);
        }
    }

    #[test]
    fn who_is_waited_for() {
        let cases: [(&[&str], &str); 3] = [
            (&[], "waiting for first consumer to be created before binding"),
            (&["a"], "waiting for pod a to be scheduled"),
            (&["a", "b"], "waiting for pods a,b to be scheduled"),
        ];
        for (pods, message) in cases {
            let pods: Vec<Name> = pods.iter().map(|pod| Name::from(*pod)).collect();
            assert_eq!(waiting_event(&pods).1, message);
        }
    }
}
