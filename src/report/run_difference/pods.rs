//! Pods that two runs placed differently.

use crate::report::read::{ReadError, Rows, RunFolder, number};
use csv::StringRecord;
use std::collections::BTreeMap;

const FILE: &str = "pods.csv";

/// Pods by what became of them in two runs, A and B.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodDifference {
    /// Pods that both runs have.
    pub shared: u64,
    /// Of those, pods that were bound to different nodes, or bound in one run only.
    pub on_another_node: u64,
    /// Of those on the same node, pods that were bound at another time.
    pub at_another_time: u64,
    /// Pods that A alone has, or B alone.
    pub only: [u64; 2],
    /// The first pods on another node or at another time, by when they were bound in A.
    pub moved: Vec<MovedPod>,
    /// The first pods that A alone has, or B alone, by when they were created.
    pub only_examples: [Vec<PodOfOne>; 2],
}

/// A pod that both runs have, placed differently.
#[derive(Clone, Debug, PartialEq)]
pub struct MovedPod {
    /// Namespace and name.
    pub pod: String,
    /// Node in A and in B; empty if it was not bound.
    pub nodes: [String; 2],
    /// When it was bound in A and in B, in seconds.
    pub bound: [Option<f64>; 2],
}

/// A pod that one run alone has.
#[derive(Clone, Debug, PartialEq)]
pub struct PodOfOne {
    /// Namespace and name.
    pub pod: String,
    /// When it was created, in seconds.
    pub created: f64,
}

/// What is read of a pod. Texts are compared as they are written: times are exact there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pod {
    node: String,
    created: String,
    scheduled: String,
}

/// One run's table and the pods in it that the other one has not come to yet.
struct Side<'a> {
    rows: Option<Rows<'a>>,
    places: [usize; 5],
    waiting: BTreeMap<String, Pod>,
}

impl<'a> Side<'a> {
    fn open(run: &'a RunFolder) -> Result<Self, ReadError> {
        let columns = ["namespace", "name", "node", "created_seconds", "scheduled_seconds"];
        let Some(table) = run.table(FILE) else {
            return Ok(Self { rows: None, places: [0; 5], waiting: BTreeMap::new() });
        };
        let places = run.places(table, columns)?;
        Ok(Self { rows: Some(run.rows(table)?), places, waiting: BTreeMap::new() })
    }

    fn next(&mut self, record: &mut StringRecord) -> Result<Option<(String, Pod)>, ReadError> {
        let Some(rows) = &mut self.rows else { return Ok(None) };
        if !rows.next(record)? {
            self.rows = None;
            return Ok(None);
        }
        let [namespace, name, node, created, scheduled] =
            self.places.map(|place| record.get(place).unwrap_or_default());
        let pod = Pod { node: node.to_owned(), created: created.to_owned(), scheduled: scheduled.to_owned() };
        Ok(Some((format!("{namespace}/{name}"), pod)))
    }

    /// How many pods are left, and the first of them.
    fn left(self, examples: usize) -> (u64, Vec<PodOfOne>) {
        let count = self.waiting.len() as u64;
        let only = |(pod, row): (String, Pod)| PodOfOne { pod, created: number(&row.created).unwrap_or(0.0) };
        let mut pods: Vec<PodOfOne> = self.waiting.into_iter().map(only).collect();
        pods.sort_by(|one, other| one.created.total_cmp(&other.created).then_with(|| one.pod.cmp(&other.pod)));
        pods.truncate(examples);
        (count, pods)
    }
}

/// Reads both tables side by side.
pub(super) fn compare(one: &RunFolder, other: &RunFolder, examples: usize) -> Result<PodDifference, ReadError> {
    let (mut a, mut b) = (Side::open(one)?, Side::open(other)?);
    let mut found = PodDifference::default();
    let mut record = StringRecord::new();
    loop {
        let (from_a, from_b) = (a.next(&mut record)?, b.next(&mut record)?);
        if from_a.is_none() && from_b.is_none() {
            break;
        }
        for (is_of_a, read) in [(true, from_a), (false, from_b)] {
            let Some((name, pod)) = read else { continue };
            let (own, others) = if is_of_a { (&mut a, &mut b) } else { (&mut b, &mut a) };
            match others.waiting.remove(&name) {
                Some(twin) if is_of_a => found.add(&name, &pod, &twin, examples),
                Some(twin) => found.add(&name, &twin, &pod, examples),
                None => _ = own.waiting.insert(name, pod),
            }
        }
    }
    let (only_a, only_b) = (a.left(examples), b.left(examples));
    found.only = [only_a.0, only_b.0];
    found.only_examples = [only_a.1, only_b.1];
    Ok(found)
}

impl PodDifference {
    /// Adds a pod that both runs have.
    fn add(&mut self, name: &str, a: &Pod, b: &Pod, examples: usize) {
        self.shared += 1;
        if a.node != b.node {
            self.on_another_node += 1;
        } else if a.scheduled != b.scheduled {
            self.at_another_time += 1;
        } else {
            return;
        }
        let moved = MovedPod {
            pod: name.to_owned(),
            nodes: [a.node.clone(), b.node.clone()],
            bound: [number(&a.scheduled), number(&b.scheduled)],
        };
        let place = self.moved.partition_point(|known| known.order() <= moved.order());
        if place < examples {
            self.moved.insert(place, moved);
            self.moved.truncate(examples);
        }
    }

    /// Whether every pod of both runs was placed alike.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.on_another_node == 0 && self.at_another_time == 0 && self.only[0] == 0 && self.only[1] == 0
    }
}

impl MovedPod {
    /// By the first time at which it was bound in A, then in B; nanoseconds, so that they have an order.
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
    fn order(&self) -> ([i128; 2], &str) {
        (self.bound.map(|at| at.map_or(i128::MAX, |seconds| (seconds * 1e9) as i128)), &self.pod)
    }
}
