//! The cloud of a scenario as its running half takes it.

use crate::infra::cloud::{BootTimes, CloudSettings};
use crate::input::scenario::{Boot, Scenario, default_delete_delay, default_spot_notice};
use crate::workload::Sampler;

/// Boot times, delays and shortages.
pub fn cloud_settings(scenario: &Scenario) -> CloudSettings {
    CloudSettings {
        boot: boot_times(&Boot::default()),
        group_boots: Vec::new(),
        delete_delay: Sampler::new(&default_delete_delay()),
        shortages: Vec::new(),
        spot_interruption: None,
        spot_notice: default_spot_notice().get(),
        node_monitor_period: scenario.spec.control_plane.controller_manager.node_monitor_period.get(),
    }
}

fn boot_times(boot: &Boot) -> BootTimes {
    BootTimes {
        launch: Sampler::new(&boot.launch),
        register: Sampler::new(&boot.register),
        ready: Sampler::new(&boot.ready),
    }
}
