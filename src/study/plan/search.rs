//! Which points are run, how often, and which one is the answer.
//!
//! A point meets the objectives if the share of its runs that do is, with the confidence that is asked for, at least the
//! reliability; it fails if the share is below. Along one parameter of numbers cost and reliability are expected to rise
//! together: the cheapest point that meets is found by bisection, and neighbours are tried to see whether that is so. Where
//! it is not, all points of the line are tried. Then the cheapest points that have not failed are run until they are decided.

use std::collections::BTreeSet;

/// Runs of a point before it is left for a dearer or cheaper one, unless it has failed before.
const SCREEN: [u32; 3] = [2, 4, 8];

/// What has to be known of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Confidence of each decision.
    pub confidence: f64,
    /// Share of the runs that shall meet the objectives.
    pub reliability: f64,
}

/// What the runs of a point say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Runs.
    pub runs: u32,
    /// Those that met every objective.
    pub met: u32,
    /// Mean of the cost; `None` if it is not known.
    pub cost: Option<f64>,
}

/// How a point stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It meets the objectives.
    Met,
    /// It does not.
    Failed,
    /// Its runs do not tell.
    Open,
}

impl State {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Failed => "failed",
            Self::Open => "undecided",
        }
    }
}

impl Rules {
    /// How a point with these runs stands.
    #[must_use]
    pub fn state(&self, tally: &Tally) -> State {
        let (low, high) = crate::stats::share_bounds(tally.met, tally.runs, self.confidence);
        if low >= self.reliability {
            State::Met
        } else if high < self.reliability {
            State::Failed
        } else {
            State::Open
        }
    }

    /// The fewest runs that decide for a point: those that it needs if it meets the objectives in all of them.
    #[must_use]
    pub fn fewest(&self) -> u32 {
        let is_enough = |runs: &u32| self.state(&Tally { runs: *runs, met: *runs, cost: None }) == State::Met;
        (1..MOST_FEWEST).find(is_enough).unwrap_or(MOST_FEWEST)
    }
}

/// More runs than this for one decision are not planned.
const MOST_FEWEST: u32 = 10_000;

/// Where runs come from.
pub trait Bench {
    /// Why no further run can be had.
    type Stop;

    /// Gives each of these points at least so many runs.
    ///
    /// # Errors
    /// The budget is spent, it was interrupted, or a run cannot be kept.
    fn ensure(&mut self, wanted: &[(usize, u32)]) -> Result<(), Self::Stop>;

    /// What the runs of a point say.
    fn tally(&self, point: usize) -> Tally;
}

/// The points along the parameter of numbers for one choice of all else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Points by index, in the order of their numbers; after the first runs in the order of their cost.
    pub points: Vec<usize>,
    /// Whether cost and reliability rise together along it, as far as its runs tell. A list of points without an order is
    /// not monotone.
    pub is_monotone: bool,
}

/// What a search has found so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The lines.
    pub lines: Vec<Line>,
    /// The cheapest point that is known to meet the objectives.
    pub answer: Option<usize>,
    /// Points that could be cheaper and are not decided.
    pub undecided: BTreeSet<usize>,
}

impl Search {
    /// A search along these lines.
    #[must_use]
    pub const fn new(lines: Vec<Line>) -> Self {
        Self { lines, answer: None, undecided: BTreeSet::new() }
    }

    /// Searches until the cheapest point is decided.
    ///
    /// # Errors
    /// The bench stops; what was found so far stays.
    pub fn run<B: Bench>(&mut self, rules: &Rules, bench: &mut B) -> Result<(), B::Stop> {
        let outcome = self.search(rules, bench);
        self.conclude(rules, bench);
        outcome
    }

    fn search<B: Bench>(&mut self, rules: &Rules, bench: &mut B) -> Result<(), B::Stop> {
        for line in &mut self.lines {
            if line.is_monotone {
                bisect(line, rules, bench)?;
            }
            if !line.is_monotone {
                // One run tells what each costs; then the cheapest come first.
                bench.ensure(&line.points.iter().map(|point| (*point, 1)).collect::<Vec<_>>())?;
            }
        }
        let most = rules.fewest().saturating_mul(MOST_TIMES);
        loop {
            let best = self.best(rules, bench);
            let best_cost = best.and_then(|point| bench.tally(point).cost).unwrap_or(f64::INFINITY);
            if let Some(point) = self.next_open(rules, bench, best_cost, most) {
                let (runs, fewest) = (bench.tally(point).runs, rules.fewest());
                let steps = SCREEN.into_iter().chain([fewest]);
                let wanted = steps.filter(|step| *step > runs).min().unwrap_or(runs + fewest);
                bench.ensure(&[(point, wanted.min(most))])?;
                continue;
            }
            match self.next_neighbour(rules, bench, best, best_cost) {
                Some(point) => screen(&[point], rules, bench)?,
                None => return Ok(()),
            }
        }
    }

    /// All points that were run, in order.
    fn known<'a, B: Bench>(&'a self, bench: &'a B) -> impl Iterator<Item = usize> + 'a {
        self.lines.iter().flat_map(|line| line.points.iter().copied()).filter(|point| bench.tally(*point).runs > 0)
    }

    fn best<B: Bench>(&self, rules: &Rules, bench: &B) -> Option<usize> {
        let met = self.known(bench).filter(|point| rules.state(&bench.tally(*point)) == State::Met);
        cheapest(met, bench)
    }

    /// The cheapest point that is open, could be cheaper than the best, and may have more runs.
    fn next_open<B: Bench>(&self, rules: &Rules, bench: &B, below: f64, most: u32) -> Option<usize> {
        let is_open = |point: &usize| {
            let tally = bench.tally(*point);
            tally.runs < most && tally.cost.is_some_and(|cost| cost < below) && rules.state(&tally) == State::Open
        };
        cheapest(self.known(bench).filter(is_open), bench)
    }

    /// On a line whose order counts: the point above the dearest that does not meet the objectives, if it can be cheaper than the best; or the one
    /// below the best.
    fn next_neighbour<B: Bench>(&self, rules: &Rules, bench: &B, best: Option<usize>, below: f64) -> Option<usize> {
        let is_new = |point: &usize| bench.tally(*point).runs == 0;
        for line in self.lines.iter().filter(|line| line.is_monotone) {
            let states: Vec<Option<State>> = line
                .points
                .iter()
                .map(|point| Some(bench.tally(*point)).filter(|tally| tally.runs > 0).map(|tally| rules.state(&tally)))
                .collect();
            let failed = states.iter().rposition(|state| matches!(state, Some(State::Failed | State::Open)));
            if let Some(place) = failed
                && let (Some(point), Some(next)) = (line.points.get(place), line.points.get(place + 1))
                && bench.tally(*point).cost.is_none_or(|cost| cost < below)
                && is_new(next)
            {
                return Some(*next);
            }
            let place = line.points.iter().position(|point| Some(*point) == best);
            if let Some(lower) = place.and_then(|place| place.checked_sub(1)).and_then(|place| line.points.get(place))
                && is_new(lower)
            {
                return Some(*lower);
            }
        }
        None
    }

    fn conclude<B: Bench>(&mut self, rules: &Rules, bench: &B) {
        self.answer = self.best(rules, bench);
        let cost = self.answer.and_then(|point| bench.tally(point).cost).unwrap_or(f64::INFINITY);
        let is_undecided = |point: &usize| {
            let tally = bench.tally(*point);
            rules.state(&tally) == State::Open && tally.cost.is_none_or(|own| own < cost)
        };
        self.undecided = self.known(bench).filter(is_undecided).collect();
    }
}

/// A point gets at most so many times the runs that would decide for it.
const MOST_TIMES: u32 = 10;

/// The cheapest, of equal ones the first; those of unknown cost last.
fn cheapest<B: Bench>(points: impl Iterator<Item = usize>, bench: &B) -> Option<usize> {
    let cost = |point: &usize| bench.tally(*point).cost.unwrap_or(f64::INFINITY);
    points.min_by(|one, other| cost(one).total_cmp(&cost(other)).then_with(|| one.cmp(other)))
}

/// Runs points a few times; one that has failed gets no more.
fn screen<B: Bench>(points: &[usize], rules: &Rules, bench: &mut B) -> Result<(), B::Stop> {
    for runs in SCREEN {
        let is_open = |point: &&usize| rules.state(&bench.tally(**point)) == State::Open;
        let wanted: Vec<(usize, u32)> = points.iter().filter(is_open).map(|point| (*point, runs)).collect();
        if wanted.is_empty() {
            break;
        }
        bench.ensure(&wanted)?;
    }
    Ok(())
}

fn looks_met<B: Bench>(point: usize, rules: &Rules, bench: &B) -> bool {
    let tally = bench.tally(point);
    tally.runs > 0 && f64::from(tally.met) >= rules.reliability * f64::from(tally.runs)
}

/// Finds where a line begins to meet the objectives, and whether it is a line at all.
fn bisect<B: Bench>(line: &mut Line, rules: &Rules, bench: &mut B) -> Result<(), B::Stop> {
    let (Some(first), Some(last)) = (line.points.first().copied(), line.points.last().copied()) else { return Ok(()) };
    screen(&[first, last], rules, bench)?;
    let cost = |point: usize, bench: &B| bench.tally(point).cost;
    match (cost(first, bench), cost(last, bench)) {
        (Some(low), Some(high)) if low > high => line.points.reverse(),
        (Some(_), Some(_)) => {}
        _ => {
            line.is_monotone = false;
            return Ok(());
        }
    }
    let point = |place: usize| line.points.get(place).copied().unwrap_or_default();
    let (mut low, mut high) = (0, line.points.len() - 1);
    if looks_met(point(0), rules, bench) {
        high = 0;
    } else if looks_met(point(high), rules, bench) {
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            screen(&[point(middle)], rules, bench)?;
            if looks_met(point(middle), rules, bench) { high = middle } else { low = middle }
        }
    }
    // Neighbours, the middle of what lies above, and the quarters of what lies below.
    let end = line.points.len() - 1;
    let below = [high / 4, high / 2, high - high / 4, high.saturating_sub(2)];
    let above = [(high + 1).min(end), usize::midpoint(high, end)];
    let probes: BTreeSet<usize> = below.into_iter().chain(above).collect();
    let probes: Vec<usize> = probes.into_iter().map(point).collect();
    screen(&probes, rules, bench)?;
    line.is_monotone = is_monotone(&line.points, rules, bench);
    Ok(())
}

/// Whether, of the points that were run, no dearer one fails where a cheaper one meets, and the cost rises.
fn is_monotone<B: Bench>(points: &[usize], rules: &Rules, bench: &B) -> bool {
    let known: Vec<usize> = points.iter().copied().filter(|point| bench.tally(*point).runs > 0).collect();
    known.iter().zip(known.iter().skip(1)).all(|(one, other)| {
        bench.tally(*one).cost.zip(bench.tally(*other).cost).is_some_and(|(one, other)| one <= other)
    }) && !known.iter().enumerate().any(|(place, cheap)| {
        looks_met(*cheap, rules, bench)
            && known.iter().skip(place + 1).any(|dear| rules.state(&bench.tally(*dear)) == State::Failed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_as_the_guide_says() {
        let rules = Rules { confidence: 0.95, reliability: 0.9 };
        assert_eq!(rules.fewest(), 29);
        let cases = [
            (29, 29, State::Met, "each of 29"),
            (28, 28, State::Open, "one too few"),
            (2, 0, State::Failed, "none of two"),
            (1, 0, State::Open, "one run is no evidence"),
            (0, 0, State::Open, "nothing is known"),
            (200, 190, State::Met, "95 % of many"),
            (200, 160, State::Failed, "80 % of many"),
            (40, 36, State::Open, "90 % of 40"),
        ];
        for (runs, met, expected, why) in cases {
            assert_eq!(rules.state(&Tally { runs, met, cost: None }), expected, "{why}");
        }
    }
}
