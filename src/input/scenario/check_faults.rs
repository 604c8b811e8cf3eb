//! Rules for faults.

use super::check::Checker;
use super::fault::{Fault, FaultEntry, FaultKind, FaultScope, FaultTiming};
use super::leaf::Duration;
use super::nodes::Pools;
use super::spec::ScenarioSpec;
use crate::api::Kind;
use crate::input::document::field_path::FieldPathBuf;
use crate::units::SimTime;

impl Checker<'_> {
    /// Faults.
    pub fn check_faults(&mut self, path: &FieldPathBuf, spec: &mut ScenarioSpec) -> Vec<Fault> {
        let pools = self.pools(spec);
        let horizon = spec.duration.from_start();
        let mut faults = Vec::new();
        for (index, entry) in spec.faults.iter_mut().enumerate() {
            let path = path.index(index);
            if let Some(name) = &entry.name {
                self.require_name(path.key("name"), name);
            }
            let scope = self.check_scope(&path, entry, &pools);
            let timing = self.check_timing(&path, entry, horizon);
            if let (Some(scope), Some(timing)) = (scope, timing) {
                let name = entry.name.clone().unwrap_or_else(|| format!("{}-{index}", entry.kind.as_str()));
                faults.push(Fault { name, kind: entry.kind, scope, timing });
            }
        }
        let names = spec.faults.iter().enumerate().map(|(index, entry)| match &entry.name {
            Some(name) => (path.index(index).key("name"), name.clone()),
            None => (path.index(index), format!("{}-{index}", entry.kind.as_str())),
        });
        self.require_unique("fault", names.collect::<Vec<_>>());
        faults
    }

    fn check_scope(&mut self, path: &FieldPathBuf, entry: &FaultEntry, pools: &Pools) -> Option<FaultScope> {
        let allowed: &[&str] = match entry.kind {
            FaultKind::NodeCrash => &["node", "pool"],
            FaultKind::ZoneOutage => &["zone"],
            FaultKind::PodCrash => &["target"],
            FaultKind::NetworkPartition | FaultKind::KubeletNotReady => &["node", "pool", "zone"],
            FaultKind::ControllerManagerOutage => &[],
        };
        let given: Vec<(&str, FaultScope)> = [
            entry.node.clone().map(|node| ("node", FaultScope::Node(node))),
            entry.pool.clone().map(|pool| ("pool", FaultScope::Pool(pool))),
            entry.zone.clone().map(|zone| ("zone", FaultScope::Zone(zone))),
            entry.target.clone().map(|target| ("target", FaultScope::Workload(target))),
        ]
        .into_iter()
        .flatten()
        .collect();
        let words = allowed.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let kind = entry.kind.as_str();
        for (field, scope) in &given {
            let path = path.key(field);
            if !allowed.contains(field) {
                let expected = if allowed.is_empty() { "none" } else { &words };
                self.error(path, format!("`{field}` has no meaning for `{kind}` (expected {expected})"));
                continue;
            }
            match scope {
                FaultScope::Pool(pool) => self.require_pool(path, pool, pools),
                // Which nodes and zones there are is known when all input is read.
                FaultScope::Node(_) | FaultScope::Zone(_) | FaultScope::ControllerManager => {}
                FaultScope::Workload(target) => {
                    self.require_kind(path, target, |kind| kind.is_workload() || kind == Kind::Pod);
                }
            }
        }
        if entry.kind == FaultKind::ControllerManagerOutage {
            return Some(FaultScope::ControllerManager);
        }
        match given.len() {
            0 => self.error(path.clone(), format!("`{kind}` needs one of {words}")),
            1 => {}
            _ => self.error(path.clone(), format!("`{kind}` needs exactly one of {words}")),
        }
        given.into_iter().next().map(|(_, scope)| scope)
    }

    fn check_timing(&mut self, path: &FieldPathBuf, entry: &mut FaultEntry, horizon: SimTime) -> Option<FaultTiming> {
        if let Some(mtbf) = &mut entry.mtbf
            && let Some(mean) = self.check_distribution(&path.key("mtbf"), mtbf)
            && mean <= 0.0
        {
            self.error(path.key("mtbf"), "has a mean of zero: faults would follow each other without end");
        }
        if let Some(mttr) = &mut entry.mttr {
            self.check_distribution(&path.key("mttr"), mttr);
        }
        if let Some(duration) = entry.duration {
            self.require(duration > Duration::ZERO, path.key("duration"), "is zero: nothing would happen");
        }
        if entry.at.is_some_and(|at| at.from_start() > horizon) {
            self.warn(path.key("at"), "is after the end of the run: the fault does not happen");
        }
        if entry.kind == FaultKind::PodCrash {
            for (field, given) in [("duration", entry.duration.is_some()), ("mttr", entry.mttr.is_some())] {
                self.require(
                    !given,
                    path.key(field),
                    "has no meaning for `podCrash`: the kubelet restarts the container",
                );
            }
        }
        match (entry.at, &entry.mtbf) {
            (Some(at), None) => {
                self.require(entry.mttr.is_none(), path.key("mttr"), "goes with `mtbf` (beside `at`, use `duration`)");
                let duration = entry.duration.map(Duration::get);
                Some(FaultTiming::Scheduled { at: at.from_start(), duration })
            }
            (None, Some(mtbf)) => {
                self.require(
                    entry.duration.is_none(),
                    path.key("duration"),
                    "goes with `at` (beside `mtbf`, use `mttr`)",
                );
                Some(FaultTiming::Random { mtbf: mtbf.clone(), mttr: entry.mttr.clone() })
            }
            (None, None) => {
                self.error(path.clone(), "says not when it happens (expected `at` or `mtbf`)");
                None
            }
            (Some(_), Some(_)) => {
                self.error(path.clone(), "has both `at` and `mtbf` (expected one of them)");
                None
            }
        }
    }
}
