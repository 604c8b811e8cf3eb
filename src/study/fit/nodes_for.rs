//! How many nodes of a shape are needed so that so many pods fit: found by search, each number tried by placing the pods.

use super::fill::{Details, asked, details, fill};
use super::placer::Placer;
use super::pool::Pool;
use super::prepare::Study;
use crate::input::pool_shape::PoolShape;
use crate::report::fit::{FIT_FORMAT_VERSION, NodesForReport};

/// What the search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// This many nodes are enough, and one fewer is not.
    Enough {
        /// Nodes.
        nodes: usize,
        /// Pods that fit on one node fewer; `None` if no node is needed.
        with_one_fewer: Option<usize>,
        /// Whether one node more is enough too. Constraints such as topology spread can make it worse.
        one_more_is_enough: bool,
    },
    /// No number is enough.
    Never {
        /// The largest number that was tried.
        tried: usize,
    },
}

/// How often the number of nodes is doubled without one more pod finding a place before the search gives up.
const FRUITLESS_DOUBLINGS: usize = 2;
/// By how much the number of nodes grows at most from one try to the next. A large cluster is slow to fill.
const GROWTH: usize = 8;

/// Looks for the number of nodes on which `wanted` pods fit. `fits` places pods on so many nodes and counts them. The first
/// number that is tried is `at_least`, one node in each zone.
///
/// Each further number is the one that would do if every node took as many pods as those that were tried; where that
/// leads nowhere, the number is doubled, and later bisected. The answer and its predecessor have both been tried. The
/// search gives up at two nodes for each pod, or where two doublings in turn placed no further pod. Where more nodes can
/// make it worse, a smaller number that would do may be missed.
pub fn search(wanted: usize, at_least: usize, mut fits: impl FnMut(usize) -> usize) -> Found {
    let none = fits(0);
    if none >= wanted {
        return Found::Enough { nodes: 0, with_one_fewer: None, one_more_is_enough: fits(1) >= wanted };
    }
    // How many nodes would do if all took as many pods as the first `nodes` did.
    let estimate = |nodes: usize, count: usize| {
        let more = (wanted - count).checked_mul(nodes)?.checked_div(count.saturating_sub(none))?;
        nodes.checked_add(more.max(1))
    };
    let limit = wanted.saturating_add(at_least).saturating_mul(2);
    let (mut low, mut low_fits, mut high) = (0_usize, none, at_least.max(1));
    let (mut fruitless, mut estimated) = (0, false);
    loop {
        let count = fits(high);
        if count >= wanted {
            break;
        }
        let grew = count > low_fits;
        if grew {
            fruitless = 0;
        } else if low > 0 && high >= low.saturating_mul(2) {
            fruitless += 1;
        }
        (low, low_fits) = (high, count);
        if fruitless >= FRUITLESS_DOUBLINGS || high >= limit {
            return Found::Never { tried: high };
        }
        // An estimate that was not enough is not trusted with a small step again.
        let least = if estimated { low + low / 2 + 1 } else { low + 1 };
        high = match estimate(low, low_fits).filter(|_| grew) {
            Some(guess) => guess.clamp(least, low.saturating_mul(GROWTH).max(least)),
            None => low.saturating_mul(2),
        };
        estimated = grew;
        high = high.min(limit);
    }
    let mut width_before = usize::MAX;
    while high - low > 1 {
        let width = high - low;
        let halved = width <= width_before / 2;
        let middle = match estimate(low, low_fits).filter(|_| halved) {
            Some(guess) => guess.clamp(low + 1, high - 1),
            None => low + width / 2,
        };
        width_before = width;
        let count = fits(middle);
        if count >= wanted {
            high = middle;
        } else {
            (low, low_fits) = (middle, count);
        }
    }
    let one_more_is_enough = fits(high.saturating_add(1)) >= wanted;
    Found::Enough { nodes: high, with_one_fewer: Some(low_fits), one_more_is_enough }
}

/// How many nodes of `shape` (given as `text`) are needed so that `wanted` of the study's pod fit. Without a pod in the
/// study there is no answer.
///
/// # Errors
/// If the shape is a copy of a node that does not exist.
pub fn nodes_for(
    study: &Study,
    wanted: usize,
    shape: &PoolShape,
    text: &str,
) -> Result<Option<NodesForReport>, String> {
    let Some(pod) = &study.pod else { return Ok(None) };
    let view = &study.view;
    let pool = Pool::new(shape, &study.objects, view)?;
    let mut placer = Placer::new(view.scheduler.clone(), &study.profiles);
    let one_more = wanted.saturating_add(1);
    let found = search(wanted, pool.zones(), |nodes| {
        placer.what_if(|placer| {
            pool.extend(&mut placer.view, view, nodes, one_more);
            fill(placer, view, pod, wanted).placements.len()
        })
    });
    let (tried, mut notes) = (found.tried(), study.notes.clone());
    pool.extend(&mut placer.view, view, tried, one_more);
    // One pod more than wanted says what would stop the next one.
    let stopped = placer.try_out(|placer| {
        let filled = fill(placer, view, pod, one_more);
        if filled.rejection.is_some() { Ok(filled) } else { Err(()) }
    });
    let filled = stopped.unwrap_or_else(|()| fill(&mut placer, view, pod, wanted));
    let count = filled.placements.len();
    let Details { nodes, zones, next, in_short } = details(&mut placer, view, pod, &filled, tried);
    let answer = match found {
        Found::Enough { nodes: 0, .. } => format!("no node is needed: {wanted} fit as it is"),
        Found::Enough { nodes, with_one_fewer, .. } => {
            let count = with_one_fewer.unwrap_or(0);
            match nodes {
                1 => format!("1 node is needed so that {wanted} fit; without it {count} do"),
                _ => format!("{nodes} nodes are needed so that {wanted} fit; on {} only {count} do", nodes - 1),
            }
        }
        Found::Never { tried } => {
            let reasons = in_short.unwrap_or_default();
            format!("no number of nodes is enough: {count} of {wanted} fit on {tried} nodes; then: {reasons}")
        }
    };
    if let Found::Enough { nodes, one_more_is_enough: false, .. } = found {
        notes.push(format!(
            "with {} nodes fewer than {wanted} fit: the pod's constraints depend on the nodes",
            nodes + 1
        ));
    }
    let (nodes_needed, fits_with_one_fewer) = match found {
        Found::Enough { nodes, with_one_fewer, .. } => (Some(nodes), with_one_fewer),
        Found::Never { .. } => (None, None),
    };
    Ok(Some(NodesForReport {
        format_version: FIT_FORMAT_VERSION,
        question: "nodes-for",
        answer,
        kubernetes_version: view.version.as_str().to_owned(),
        pod: asked(pod),
        wanted,
        pool: text.to_owned(),
        nodes_needed,
        fits_with_one_fewer,
        fits: count,
        tried_nodes: tried,
        next,
        zones,
        nodes,
        notes,
    }))
}

impl Found {
    const fn tried(self) -> usize {
        match self {
            Self::Enough { nodes, .. } => nodes,
            Self::Never { tried } => tried,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer of a search without checks of its neighbours.
    fn nodes(wanted: usize, at_least: usize, fits: impl FnMut(usize) -> usize) -> Option<usize> {
        match search(wanted, at_least, fits) {
            Found::Enough { nodes, .. } => Some(nodes),
            Found::Never { .. } => None,
        }
    }

    #[test]
    fn the_answer_is_enough_and_one_fewer_is_not() {
        for per_node in 1..=7 {
            for present in [0, 3, 40] {
                for wanted in 1..=60 {
                    let expected = usize::saturating_sub(wanted, present).div_ceil(per_node);
                    let found = nodes(wanted, 1, |nodes| (present + nodes * per_node).min(wanted));
                    assert_eq!(found, Some(expected), "{wanted} pods, {per_node} to a node, {present} fit already");
                }
            }
        }
    }

    #[test]
    fn what_can_never_fit_is_told_early() {
        let mut tries = Vec::new();
        let found = search(1000, 1, |nodes| {
            tries.push(nodes);
            12
        });
        assert_eq!((found, tries), (Found::Never { tried: 4 }, vec![0, 1, 2, 4]));
        let stops_growing = search(1000, 1, |nodes| nodes.min(400));
        assert_eq!(stops_growing, Found::Never { tried: 2002 });
    }

    #[test]
    fn nothing_fits_before_every_zone_has_a_node() {
        // Five zones are needed before the first pod fits.
        let found = nodes(10, 5, |nodes| if nodes < 5 { 0 } else { nodes * 2 });
        assert_eq!(found, Some(5));
    }

    #[test]
    fn a_number_that_helps_less_is_noticed() {
        let found = search(8, 1, |nodes| if nodes == 1 { 8 } else { 7 });
        assert_eq!(found, Found::Enough { nodes: 1, with_one_fewer: Some(7), one_more_is_enough: false });
    }

    #[test]
    fn few_numbers_are_tried() {
        // Equal nodes, some room on present ones, and nodes that take ever fewer pods.
        type Fits = fn(usize) -> usize;
        let cases: [(&str, Fits, usize, usize); 3] = [
            ("equal", |nodes| nodes * 8, 1250, 7),
            ("present", |nodes| 3_000 + nodes * 30, 234, 9),
            ("ever fewer", |nodes| (nodes * 1000).isqrt(), 100_000, 40),
        ];
        for (why, fits, expected, most) in cases {
            let mut tries = 0;
            let found = search(10_000, 3, |nodes| {
                tries += 1;
                fits(nodes).min(10_000)
            });
            // The limit is two nodes for each pod.
            let expected = (expected <= 20_000).then_some(expected);
            let nodes = match found {
                Found::Enough { nodes, .. } => Some(nodes),
                Found::Never { .. } => None,
            };
            assert_eq!(nodes, expected, "{why}");
            assert!(tries <= most, "{why}: {tries} tries");
        }
    }
}
