//! What each expander of a chain leaves.

use super::super::CaseResult;
use super::{compare, node};
use crate::api::{Container, Pod, PodSpec, PodTemplate, ResourceList};
use crate::autoscaler::cluster_autoscaler::environment::GroupId;
use crate::autoscaler::cluster_autoscaler::expander::{ExpanderContext, ExpansionOption, filter};
use crate::autoscaler::cluster_autoscaler::options::Expander;
use crate::cluster::PodId;
use crate::scheduler::{KubernetesVersion, PodInfo, PodTraits};
use crate::units::{Bytes, MilliCpu};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
pub struct Case {
    id: String,
    expanders: Vec<String>,
    #[serde(default, rename = "prioritiesYaml")]
    priorities: String,
    #[serde(default, rename = "podPricePerCPUHour")]
    pod_price_per_cpu_hour: f64,
    #[serde(default, rename = "podPricePerGiBHour")]
    pod_price_per_gib_hour: f64,
    #[serde(default, rename = "clusterNodeCount")]
    cluster_node_count: usize,
    options: Vec<RecordedOption>,
    expect: Expect,
}

#[derive(Deserialize)]
struct RecordedOption {
    #[serde(rename = "nodeGroup")]
    node_group: String,
    exist: bool,
    #[serde(rename = "templateNode")]
    template_node: core::Node,
    #[serde(rename = "nodePricePerHour")]
    node_price_per_hour: f64,
    #[serde(rename = "nodeCount")]
    node_count: usize,
    #[serde(rename = "podRequests_cpuMilli_memMi")]
    pod_requests: Vec<(i64, i64)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expect {
    remaining_after_each_filter: Vec<Vec<String>>,
    candidates: Vec<String>,
}

/// Replays a case. Chance is left out: the candidates are compared.
pub fn replay(case: &Case) -> Result<CaseResult, String> {
    let mut options = Vec::new();
    for (index, option) in case.options.iter().enumerate() {
        options.push(ExpansionOption {
            group: GroupId::from_index(index),
            name: option.node_group.as_str().into(),
            node: Arc::new(node(&option.template_node, Timestamp::UNIX_EPOCH)?),
            node_count: option.node_count,
            pods: option.pod_requests.iter().map(|(cpu, memory)| pod(*cpu, *memory)).collect(),
            exists: option.exist,
            node_price_per_hour: Some(option.node_price_per_hour),
        });
    }
    let context = ExpanderContext {
        pod_prices_per_hour: (case.pod_price_per_cpu_hour, case.pod_price_per_gib_hour),
        cluster_nodes: case.cluster_node_count,
        priorities: Some(case.priorities.as_str()).filter(|content| !content.is_empty()),
    };
    let mut left = options;
    let mut remaining = Vec::new();
    for name in &case.expanders {
        let expander = Expander::named(name).ok_or_else(|| format!("`{name}` is no expander"))?;
        if expander == Expander::Random {
            continue;
        }
        left = filter(expander, &left, &context, &mut |_| 0);
        remaining.push(names(&left));
        if left.len() == 1 {
            break;
        }
    }
    let mut differences = Vec::new();
    compare(&mut differences, "remainingAfterEachFilter", &case.expect.remaining_after_each_filter, &remaining);
    compare(&mut differences, "candidates", &case.expect.candidates, &names(&left));
    Ok(CaseResult::new("expanders", case.id.as_str(), differences))
}

fn names(options: &[ExpansionOption]) -> Vec<String> {
    let mut names: Vec<String> = options.iter().map(|option| option.name.to_string()).collect();
    names.sort();
    names
}

/// A pod that asks for millicores and MiB.
fn pod(cpu: i64, memory: i64) -> Arc<PodInfo> {
    let requests = ResourceList {
        cpu: Some(MilliCpu::new(cpu)),
        memory: Some(Bytes::new(memory << 20)),
        ..ResourceList::default()
    };
    let spec = PodSpec { containers: vec![Container { requests, ..Container::default() }], ..PodSpec::default() };
    let traits = Arc::new(PodTraits::of(&spec));
    let template = Arc::new(PodTemplate { spec, ..PodTemplate::default() });
    let pod = Pod { template, ..Pod::default() };
    Arc::new(PodInfo::new(PodId::from_index(0), &pod, traits, KubernetesVersion::V1_36))
}
