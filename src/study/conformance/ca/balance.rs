//! How a scale-up is split between similar groups.

use super::super::CaseResult;
use super::compare;
use crate::autoscaler::cluster_autoscaler::balancing::balance;
use crate::autoscaler::cluster_autoscaler::environment::{GroupId, NodeGroup};
use crate::autoscaler::cluster_autoscaler::options::GroupOptions;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    id: String,
    groups: Vec<Group>,
    new_nodes: i64,
    expect: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    target_size: i64,
    max_size: i64,
}

/// Replays a case.
#[expect(clippy::unnecessary_wraps, reason = "the shape of all replays")]
pub fn replay(case: &Case) -> Result<CaseResult, String> {
    let groups: Vec<NodeGroup> = case
        .groups
        .iter()
        .map(|group| NodeGroup {
            name: group.name.as_str().into(),
            min: 0,
            max: group.max_size,
            target: group.target_size,
            options: GroupOptions::default(),
        })
        .collect();
    let given: Vec<(GroupId, &NodeGroup)> =
        groups.iter().enumerate().map(|(index, group)| (GroupId::from_index(index), group)).collect();
    let infos = balance(&given, case.new_nodes);
    let name = |id: GroupId| groups.get(id.index()).map(|group| group.name.to_string()).unwrap_or_default();
    let sizes: BTreeMap<String, i64> = infos.iter().map(|info| (name(info.group), info.new_size)).collect();
    let mut differences = Vec::new();
    compare(&mut differences, "sizes", &case.expect, &sizes);
    Ok(CaseResult::new("balancing", case.id.as_str(), differences))
}
