//! `kubectl taint`.

use super::Operator;
use crate::api::{Name, Taint};
use crate::cluster::Cluster;
use crate::input::scenario::{TaintAction, TaintChange};
use crate::record::ActionOutcome;
use crate::units::SimTime;

impl Operator<'_> {
    /// `kubectl taint`.
    pub(super) fn taint(&mut self, taint: &TaintAction, cluster: &mut Cluster, now: SimTime) {
        let Some(node) = self.existing_node(&taint.node, "taint", cluster, now) else { return };
        match changed(&cluster.node(node).object.taints, taint) {
            Ok((word, taints)) => {
                cluster.update_node(node, |node| node.taints = taints);
                self.tracker.note("taint", &taint.node, ActionOutcome::Done, word, now);
            }
            Err(problem) => self.refused("taint", &taint.node, None, &problem, now),
        }
    }
}

/// The taints of a node after `kubectl taint` with kubectl's word for what was done, or why kubectl does nothing
/// (`reorganizeTaints` of kubectl 1.36). New taints come first.
fn changed(old: &[Taint], action: &TaintAction) -> Result<(&'static str, Vec<Taint>), String> {
    let set = action.taints.iter().filter_map(|change| match change {
        TaintChange::Set { key, value, effect } => Some(Taint {
            key: Name::from(key.as_str()),
            value: Name::from(value.as_str()),
            effect: *effect,
            time_added: None,
        }),
        TaintChange::Remove { .. } => None,
    });
    let mut taints: Vec<Taint> = set.collect();
    let is_same = |left: &Taint, right: &Taint| left.key == right.key && left.effect == right.effect;
    let there: Vec<&str> =
        taints.iter().filter(|taint| old.iter().any(|old| is_same(old, taint))).map(|taint| &*taint.key).collect();
    if !action.overwrite && !there.is_empty() {
        let (node, keys) = (&action.node, there.join(","));
        return Err(format!("node {node} already has {keys} taint(s) with same effect(s) and --overwrite is false"));
    }
    let kept: Vec<Taint> = old.iter().filter(|old| !taints.iter().any(|new| is_same(old, new))).cloned().collect();
    taints.extend(kept);
    let is_added = taints.len() != old.len();
    let mut is_removed = false;
    let mut missing = Vec::new();
    for change in &action.taints {
        let TaintChange::Remove { key, effect } = change else { continue };
        let before = taints.len();
        taints.retain(|taint| *taint.key != **key || effect.is_some_and(|effect| effect != taint.effect));
        is_removed = taints.len() != before;
        if !is_removed {
            let effect = effect.map_or(String::new(), |effect| format!(":{}", effect.as_str()));
            missing.push(format!("taint \"{key}{effect}\" not found"));
        }
    }
    match missing.as_slice() {
        [] => {}
        [problem] => return Err(problem.clone()),
        problems => return Err(format!("[{}]", problems.join(", "))),
    }
    let word = match (is_added, is_removed) {
        _ if action.overwrite => "modified",
        (true, true) => "modified",
        (true, false) => "tainted",
        (false, _) => "untainted",
    };
    Ok((word, taints))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::TaintEffect::{NoExecute, NoSchedule};

    #[test]
    fn taints_are_set_and_taken_away() {
        let old = [("gpu", "a100", NoSchedule), ("maint", "yes", NoExecute), ("maint", "", NoSchedule)];
        let old =
            old.map(|(key, value, effect)| Taint { key: key.into(), value: value.into(), effect, time_added: None });
        // What is done, whether it may overwrite, kubectl's word and the taints, or its complaint.
        type Case<'a> = (&'a [&'a str], bool, Result<(&'a str, &'a str), &'a str>);
        let cases: &[Case<'_>] = &[
            (
                &["a=b:NoExecute"],
                false,
                Ok(("tainted", "a=b:NoExecute gpu=a100:NoSchedule maint=yes:NoExecute maint:NoSchedule")),
            ),
            (&["maint:NoExecute-"], false, Ok(("untainted", "gpu=a100:NoSchedule maint:NoSchedule"))),
            (&["maint-"], false, Ok(("untainted", "gpu=a100:NoSchedule"))),
            (&["a:NoSchedule", "maint-"], false, Ok(("modified", "a:NoSchedule gpu=a100:NoSchedule"))),
            (
                &["gpu=h100:NoSchedule"],
                true,
                Ok(("modified", "gpu=h100:NoSchedule maint=yes:NoExecute maint:NoSchedule")),
            ),
            (
                &["gpu=h100:NoSchedule"],
                false,
                Err("node n already has gpu taint(s) with same effect(s) and --overwrite is false"),
            ),
            (&["gpu:NoExecute-"], false, Err("taint \"gpu:NoExecute\" not found")),
            (&["x-", "y-"], false, Err("[taint \"x\" not found, taint \"y\" not found]")),
        ];
        for (changes, overwrite, expected) in cases {
            let taints: Vec<TaintChange> =
                changes.iter().map(|change| serde_json::from_value((*change).into()).unwrap()).collect();
            let found = changed(&old, &TaintAction { node: "n".to_owned(), taints, overwrite: *overwrite });
            let told = |taint: &Taint| match &*taint.value {
                "" => format!("{}:{}", taint.key, taint.effect.as_str()),
                value => format!("{}={value}:{}", taint.key, taint.effect.as_str()),
            };
            let found = found.map(|(word, taints)| (word, taints.iter().map(told).collect::<Vec<_>>().join(" ")));
            let expected = expected.map(|(word, taints)| (word, taints.to_owned())).map_err(str::to_owned);
            assert_eq!(found, expected, "{changes:?}");
        }
    }
}
