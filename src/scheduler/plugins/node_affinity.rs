//! NodeAffinity: node selectors, required and preferred node affinity, and the profile's `addedAffinity`.

use super::descriptor::{Descriptor, ExtensionPoint, Indexability};
use super::plugin::Plugin;
use crate::api::{Node, NodeAffinity, NodeSelectorOperator, NodeSelectorTerm, PodSpec};
use crate::cluster::NodeId;
use crate::scheduler::config::Profile;
use crate::scheduler::framework::{
    ClusterEvent, Context, EventKind, Failure, NodeChange, PreFilterOutcome, Reason, Words,
};
use crate::scheduler::view::{NodeInfo, PodInfo};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    weight: 2,
    points: |_| &[ExtensionPoint::PreFilter, ExtensionPoint::Filter, ExtensionPoint::PreScore, ExtensionPoint::Score],
    events: &[EventKind::NodeAdd, EventKind::NodeUpdate(NodeChange::Label)],
    hint: |profile, _, pod, event| matches_only_now(profile, pod, event),
    indexability: Indexability::Indexed,
    ..Descriptor::of(Plugin::NodeAffinity, "NodeAffinity")
};

/// The pod's node selector or required terms exclude the node.
static ERR_REASON_POD: Reason =
    Reason::unresolvable(Plugin::NodeAffinity, Words::Fixed("node(s) didn't match Pod's node affinity/selector"));
/// The profile's `addedAffinity` excludes the node.
static ERR_REASON_ENFORCED: Reason =
    Reason::unresolvable(Plugin::NodeAffinity, Words::Fixed("node(s) didn't match scheduler-enforced node affinity"));

/// Whether the node matches the pod's node selector and required node affinity (`GetRequiredNodeAffinity`).
pub fn matches_required(spec: &PodSpec, node: &Node) -> bool {
    spec.fits_node(node)
}

/// Skips where nothing is asked for; narrows the search where every term names its nodes.
pub fn pre_filter(context: &Context<'_>, pod: &PodInfo) -> PreFilterOutcome {
    let spec = pod.spec();
    let required = spec.required_node_affinity();
    let added = context.profile.args.added_affinity.as_ref().and_then(|added| added.required.as_ref());
    if required.is_none() && added.is_none() && spec.node_selector.is_empty() {
        return PreFilterOutcome::Skip;
    }
    let Some(required) = required.filter(|required| !required.terms.is_empty()) else { return PreFilterOutcome::Run };
    let mut names: Vec<&str> = Vec::new();
    for term in &required.terms {
        let Some(of_term) = named_nodes(term) else { return PreFilterOutcome::Run };
        names.extend(of_term);
    }
    if names.is_empty() {
        return PreFilterOutcome::unresolvable(Plugin::NodeAffinity, "pod affinity terms conflict".to_owned());
    }
    let mut nodes: Vec<NodeId> = names.iter().filter_map(|name| context.snapshot.node_by_name(name)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    PreFilterOutcome::Nodes(nodes)
}

/// The node names that a term allows, if it names nodes at all: the intersection of its `metadata.name In` fields.
fn named_nodes(term: &NodeSelectorTerm) -> Option<Vec<&str>> {
    let mut fields = term
        .match_fields
        .iter()
        .filter(|field| *field.key == *"metadata.name" && field.operator == NodeSelectorOperator::In);
    let first = fields.next()?;
    let mut names: Vec<&str> = first.values.iter().map(|name| &**name).collect();
    for field in fields {
        names.retain(|name| field.values.iter().any(|value| **value == **name));
    }
    Some(names)
}

/// Rejects nodes that the profile's `addedAffinity` or the pod's selector and affinity exclude.
pub fn filter(added: Option<&NodeAffinity>, pod: &PodInfo, node: &NodeInfo) -> Result<(), Failure> {
    let meta = &node.node().meta;
    if let Some(required) = added.and_then(|added| added.required.as_ref())
        && !required.matches(&meta.name, &meta.labels)
    {
        return Err(Failure::of(&ERR_REASON_ENFORCED));
    }
    if matches_required(pod.spec(), node.node()) { Ok(()) } else { Err(Failure::of(&ERR_REASON_POD)) }
}

/// Whether there is nothing to score by.
pub fn skips_score(added: Option<&NodeAffinity>, pod: &PodInfo) -> bool {
    let none = |affinity: Option<&NodeAffinity>| affinity.is_none_or(|affinity| affinity.preferred.is_empty());
    none(added) && none(pod.affinity().and_then(|affinity| affinity.node.as_ref()))
}

/// The sum of the weights of the preferred terms that the node matches.
pub fn score(added: Option<&NodeAffinity>, pod: &PodInfo, node: &NodeInfo) -> i64 {
    let meta = &node.node().meta;
    let of_pod = pod.affinity().and_then(|affinity| affinity.node.as_ref());
    let terms = added.into_iter().chain(of_pod).flat_map(|affinity| &affinity.preferred);
    terms.filter(|term| term.preference.matches(&meta.name, &meta.labels)).map(|term| i64::from(term.weight)).sum()
}

/// A node matches, and did not before.
fn matches_only_now(profile: &Profile, pod: &PodInfo, event: &ClusterEvent) -> bool {
    let Some((old, Some(new))) = event.nodes() else { return true };
    let added = profile.args.added_affinity.as_ref().and_then(|added| added.required.as_ref());
    if added.is_some_and(|added| !added.matches(&new.meta.name, &new.meta.labels)) {
        return false;
    }
    matches_required(pod.spec(), new) && !old.is_some_and(|old| matches_required(pod.spec(), old))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::NodeSelectorRequirement;

    #[test]
    fn fields_of_a_term_intersect() {
        let field = |values: &[&str]| NodeSelectorRequirement {
            key: "metadata.name".into(),
            operator: NodeSelectorOperator::In,
            values: values.iter().map(|value| (*value).into()).collect(),
        };
        let term = |match_fields| NodeSelectorTerm { match_fields, ..NodeSelectorTerm::default() };
        let cases = [
            (term(vec![]), None, "names no node"),
            (term(vec![field(&["a", "b"])]), Some(vec!["a", "b"]), "a list"),
            (term(vec![field(&["a", "b"]), field(&["b", "c"])]), Some(vec!["b"]), "both must hold"),
            (term(vec![field(&["a"]), field(&["c"])]), Some(vec![]), "a contradiction"),
        ];
        for (term, expected, why) in cases {
            assert_eq!(named_nodes(&term), expected, "{why}");
        }
    }
}
