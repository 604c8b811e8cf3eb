//! The cloud of a scenario as its running half takes it.

use crate::infra::cloud::{BootTimes, CloudSettings};
use crate::input::scenario::{Boot, Cloud, Scenario, default_spot_notice};
use crate::units::SimDuration;
use crate::workload::Sampler;

/// Boot times, delays and shortages.
pub fn cloud_settings(scenario: &Scenario) -> CloudSettings {
    let spec = &scenario.spec;
    let by_default = Cloud::default();
    let cloud = spec.cloud.as_ref().unwrap_or(&by_default);
    let interruption = cloud.spot_interruption.filter(|interruption| interruption.per_hour > 0.0);
    CloudSettings {
        boot: boot_times(cloud.boot.as_ref().unwrap_or(&Boot::default())),
        group_boots: spec.node_pools.iter().map(|pool| pool.boot.as_ref().map(boot_times)).collect(),
        delete_delay: Sampler::new(&cloud.delete_delay),
        shortages: scenario.shortages.clone(),
        spot_interruption: interruption.map(|one| SimDuration::from_secs_f64(3600.0 / one.per_hour)),
        spot_notice: cloud.spot_interruption.map_or(default_spot_notice(), |one| one.notice).get(),
        node_monitor_period: spec.control_plane.controller_manager.node_monitor_period.get(),
    }
}

fn boot_times(boot: &Boot) -> BootTimes {
    BootTimes {
        launch: Sampler::new(&boot.launch),
        register: Sampler::new(&boot.register),
        ready: Sampler::new(&boot.ready),
    }
}
