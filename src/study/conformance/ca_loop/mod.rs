//! Replays sequences of loops of the whole Cluster Autoscaler (`loops.jsonl.gz`): each is a scripted cluster, and every
//! field that was recorded of each loop is compared.

mod cloud;
mod cluster;
mod objects;
mod observed;
mod options;
mod recording;

use super::{CaseResult, ConformanceError, Difference, read_json_lines};
use crate::autoscaler::cluster_autoscaler::ClusterAutoscaler;
use crate::scheduler::{KubernetesVersion, Profile};
use crate::units::{SimDuration, SimTime};
use cluster::ScriptedCluster;
use observed::Observer;
use recording::Sequence;
use std::path::Path;

const LOOPS: &str = "loops.jsonl.gz";
/// Loops begin this long after each other.
const SCAN_INTERVAL: SimDuration = SimDuration::from_secs(10);

/// Replays every sequence of a folder.
///
/// # Errors
/// [`ConformanceError`] if the file does not exist, cannot be read or holds a line of another form.
pub fn replay(folder: &Path) -> Result<Vec<CaseResult>, ConformanceError> {
    let file = folder.join(LOOPS);
    if !file.exists() {
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected: LOOPS });
    }
    let mut results = Vec::new();
    for (index, sequence) in read_json_lines::<Sequence>(&file)?.iter().enumerate() {
        let malformed = |problem| ConformanceError::Malformed { file: file.clone(), line: index + 1, problem };
        results.push(replay_sequence(sequence).map_err(malformed)?);
    }
    Ok(results)
}

fn replay_sequence(sequence: &Sequence) -> Result<CaseResult, String> {
    let options = options::options(&sequence.options)?;
    let mut cluster = ScriptedCluster::new(sequence, &options);
    let cutoff = options.expendable_pods_priority_cutoff;
    let mut autoscaler =
        ClusterAutoscaler::new(options, Profile::default_of(KubernetesVersion::V1_36), SimTime::default());
    let mut watch = Observer::default();
    let mut differences: Vec<Difference> = Vec::new();
    for step in 0..sequence.loops {
        let now = SimTime::default() + SCAN_INTERVAL * i64::try_from(step).unwrap_or(i64::MAX);
        let next = now + SCAN_INTERVAL;
        cluster.now = now;
        cluster.step(step);
        tell(&mut cluster, &mut autoscaler, cutoff);
        let report = autoscaler.run_once(&mut cluster, now);
        let mut observed = watch.after_loop(step, &cluster, &autoscaler, &report, now);
        tell(&mut cluster, &mut autoscaler, cutoff);
        let is_last = step + 1 == sequence.loops;
        // What happens until the next loop, or in the last one at its own moment.
        let until = if is_last { now } else { next };
        while let Some(due) = [autoscaler.next_due(), cluster.next_pod_end()].into_iter().flatten().min() {
            if due > until {
                break;
            }
            cluster.now = due;
            cluster.end_pods(due);
            tell(&mut cluster, &mut autoscaler, cutoff);
            autoscaler.advance(&mut cluster, due);
            tell(&mut cluster, &mut autoscaler, cutoff);
        }
        Observer::until_next(&cluster, &mut observed);
        let Some(expected) = sequence.expect.get(step) else { return Err(format!("loop {step} was not recorded")) };
        observed::compare(step, expected, &observed, &mut differences);
        if !differences.is_empty() {
            // What follows follows from it.
            break;
        }
    }
    let family = sequence.tags.first().map_or("loops", String::as_str);
    Ok(CaseResult::new(family, sequence.id.as_str(), differences))
}

/// Tells the autoscaler which nodes and pods changed.
fn tell(cluster: &mut ScriptedCluster<'_>, autoscaler: &mut ClusterAutoscaler, cutoff: i32) {
    for id in std::mem::take(&mut cluster.changed_nodes) {
        match cluster.node(id) {
            Some(node) => autoscaler.snapshot.put_node(id, std::sync::Arc::clone(node)),
            None => autoscaler.snapshot.remove_node(id),
        }
    }
    for id in std::mem::take(&mut cluster.changed_pods) {
        match cluster.placed(id).filter(|(pod, _)| pod.priority() >= cutoff) {
            Some((pod, node)) => autoscaler.snapshot.put_pod(std::sync::Arc::clone(pod), node),
            None => autoscaler.snapshot.remove_pod(id),
        }
    }
}
