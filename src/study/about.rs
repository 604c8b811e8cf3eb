//! What a run takes for granted: assumptions of the model that the scenario leaves as they are, what of the input has no
//! effect, and of which day its prices are.

use crate::input::scenario::{ControlPlane, Fidelity, Scenario, Startup, Traffic};
use crate::input::{Diagnostics, Folded, Severity, fold};
use crate::record::Facts;
use crate::report::About;
use crate::sim::Prepared;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What the facts of a run do not say of it, with the warnings of its input.
#[must_use]
pub fn about(prepared: &Prepared, warnings: &Diagnostics, facts: &Facts) -> About {
    let scenario = &prepared.scenario;
    About {
        kubernetes_version: scenario.spec.kubernetes_version.as_str().to_owned(),
        warnings: warning_texts(warnings),
        assumptions: assumptions(scenario, facts),
        prices: prices(scenario, facts),
    }
}

/// The warnings without the names of files, which depend on where the run was started.
fn warning_texts(warnings: &Diagnostics) -> Vec<String> {
    let text = |Folded { first, others }: Folded<'_>| {
        let mut parts: Vec<&str> = first.object.iter().chain(&first.field).map(String::as_str).collect();
        parts.push(&first.message);
        let mut text = parts.join(": ");
        if !others.is_empty() {
            let _ = write!(text, " (the same {} times more)", others.len());
        }
        text
    };
    fold(warnings.iter().filter(|diagnostic| diagnostic.severity == Severity::Warning)).into_iter().map(text).collect()
}

/// The assumptions that this run rests on.
fn assumptions(scenario: &Scenario, facts: &Facts) -> Vec<String> {
    let spec = &scenario.spec;
    let mut assumptions = Vec::new();
    if spec.startup == Startup::default() {
        let text = "Pulling an image takes 3 s and starting the containers of a pod 1 s: the scenario leaves spec.startup as it is.";
        assumptions.push(text.to_owned());
    }
    if spec.control_plane == ControlPlane::default() {
        let text = "The control plane has the delays, rate limits and periods that wavetank has for an idle one: the scenario leaves \
            spec.controlPlane as it is.";
        assumptions.push(text.to_owned());
    }
    let asked_for = facts.instances.iter().any(crate::record::InstanceRecord::is_launched_in_run);
    let is_boot_given = spec.cloud.as_ref().is_some_and(|cloud| cloud.boot.is_some())
        || spec.node_pools.iter().any(|pool| pool.boot.is_some());
    if asked_for && !is_boot_given {
        let text = "A machine takes 15 s to launch, 30 s to register and 10 s to become ready in the median: the scenario leaves \
            spec.cloud.boot as it is.";
        assumptions.push(text.to_owned());
    }
    let fluids: Vec<String> =
        spec.traffic.iter().filter(|traffic| traffic.fidelity == Fidelity::Fluid).map(Traffic::title).collect();
    if !fluids.is_empty() {
        assumptions.push(format!(
            "The requests of {} are a fluid: latency and losses are those of formulas of queueing theory, not of single requests.",
            fluids.join(", ")
        ));
    }
    if spec.traffic.is_empty() && spec.usage.is_empty() {
        let text = "Pods use no CPU and no memory: the scenario has neither traffic nor usage.";
        assumptions.push(text.to_owned());
    } else {
        let text = "Only pods with traffic or usage in the scenario use CPU and memory.";
        assumptions.push(text.to_owned());
    }
    if spec.start.is_none() {
        assumptions.push("The run starts at midnight UTC of no particular day.".to_owned());
    }
    assumptions
}

/// Where the price of each instance type comes from.
fn prices(scenario: &Scenario, facts: &Facts) -> Vec<String> {
    let mut prices = BTreeSet::new();
    for machines in &facts.machine_types {
        let Some(price) = machines.list_price else {
            let name = if machines.instance_type.is_empty() {
                "nodes without an instance type"
            } else {
                &machines.instance_type
            };
            prices.insert(format!("{name}: unknown"));
            continue;
        };
        let pool = facts.pools.get(machines.pool as usize).map_or("", |pool| pool.name.as_str());
        let given = scenario.spec.node_pools.iter().find(|of| of.name == pool).and_then(|of| of.price_per_hour);
        let listed = scenario.catalogue.listed().iter().find(|listed| {
            listed.instance_type.name == machines.instance_type
                && (listed.region.is_empty() || listed.region == machines.region)
        });
        let name = if machines.instance_type.is_empty() { pool } else { machines.instance_type.as_str() };
        let region = if machines.region.is_empty() { String::new() } else { format!(" in {}", machines.region) };
        let from = match (given, listed) {
            (Some(_), _) => "given by the scenario".to_owned(),
            (None, Some(listed)) if !listed.source.is_empty() => listed.source.to_string(),
            (None, _) => "by the scenario's catalogues".to_owned(),
        };
        let kind = machines.capacity_type;
        prices.insert(format!("{name}{region}, {kind}: ${} per hour, {from}", price.as_dollars()));
    }
    prices.into_iter().collect()
}
