//! Reservations and savings plans: what is paid in advance, and which machines it pays for.
//!
//! Both are settled at every moment, as if the clouds' hour were an instant: a reservation takes the place of as many of its
//! machines as run, the dearest first; a savings plan then takes the place of the dearest machines that remain, at its share
//! of their price, until its commitment is spent.

use super::rules::Applies;
use crate::input::scenario::Pricing;
use crate::units::{NanoDollars, SimTime};

/// Machines of one price over time.
#[derive(Clone, Copy, Debug)]
pub struct PricedMachines<'a> {
    /// What one costs in an hour.
    pub price: NanoDollars,
    /// How many there are: from each time on, the number beside it.
    pub counts: &'a [(SimTime, i64)],
}

/// A reservation or a savings plan.
#[derive(Clone, Debug)]
pub struct Commitment {
    /// Name.
    pub name: String,
    /// Which machines it may pay for.
    pub applies: Applies,
    /// What it is.
    pub terms: Terms,
}

/// What a commitment is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Terms {
    /// So many machines, each at a price for an hour.
    Machines(u32, NanoDollars),
    /// So much spending in an hour, and what machines cost under it as a share of their price.
    Spending(NanoDollars, f64),
}

impl Commitment {
    /// Those of a scenario: reservations, then savings plans.
    pub fn of(pricing: &Pricing) -> Vec<Self> {
        let reserved = pricing.reservations.iter().map(|reserved| Self {
            name: reserved.name.clone(),
            applies: Applies::new(&reserved.nodes),
            terms: Terms::Machines(reserved.count, NanoDollars::from_dollars(reserved.price_per_hour)),
        });
        let plans = pricing.savings_plans.iter().map(|plan| Self {
            name: plan.name.clone(),
            applies: Applies::new(&plan.nodes),
            terms: Terms::Spending(NanoDollars::from_dollars(plan.commitment_per_hour), plan.multiplier),
        });
        reserved.chain(plans).collect()
    }

    /// The word for what it is.
    pub const fn kind(&self) -> &'static str {
        match self.terms {
            Terms::Machines(..) => "reservation",
            Terms::Spending(..) => "savings-plan",
        }
    }

    /// What is paid for it in an hour, used or not.
    pub fn rate(&self) -> NanoDollars {
        match self.terms {
            Terms::Machines(count, price) => NanoDollars::from_nanos(price.as_nanos() * i128::from(count)),
            Terms::Spending(rate, _) => rate,
        }
    }
}

/// What came of a commitment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// What was paid for it.
    pub paid: NanoDollars,
    /// The part of that for which a machine ran.
    pub used: NanoDollars,
    /// What the machines that it covered would have cost without it.
    pub covered: NanoDollars,
}

/// Settles commitments from the start of a run to its end. `may_cover[c]` are the machines, by their place, that commitment
/// `c` may pay for.
pub fn settle(
    commitments: &[Commitment],
    machines: &[PricedMachines<'_>],
    may_cover: &[Vec<usize>],
    end: SimTime,
) -> Vec<Settled> {
    let mut times: Vec<SimTime> = machines.iter().flat_map(|of| of.counts.iter().map(|(at, _)| *at)).collect();
    times.push(SimTime::ZERO);
    times.retain(|at| *at < end);
    times.sort_unstable();
    times.dedup();
    // In nano-dollars an hour times nanoseconds.
    let mut sums = vec![(0_i128, 0_i128); commitments.len()];
    let mut next = vec![0_usize; machines.len()];
    let mut counts = vec![0_i64; machines.len()];
    for (index, at) in times.iter().enumerate() {
        for (place, of) in machines.iter().enumerate() {
            while let Some((_, count)) = of.counts.get(next[place]).filter(|(since, _)| since <= at) {
                counts[place] = *count;
                next[place] += 1;
            }
        }
        let until = times.get(index + 1).copied().unwrap_or(end);
        let span = i128::from((until - (*at).max(SimTime::ZERO)).as_nanos()).max(0);
        for (sum, (used, covered)) in sums.iter_mut().zip(at_one_moment(commitments, machines, may_cover, &counts)) {
            sum.0 += used * span;
            sum.1 += covered * span;
        }
    }
    let length = end - SimTime::ZERO;
    let dollars = |sum: i128| NanoDollars::from_nanos(sum / 3_600_000_000_000);
    commitments
        .iter()
        .zip(sums)
        .map(|(commitment, (used, covered))| Settled {
            paid: commitment.rate().per_hour_over(length),
            used: dollars(used),
            covered: dollars(covered),
        })
        .collect()
}

/// By commitment: what of it is used, and what the machines that it covers cost without it, in nano-dollars an hour.
fn at_one_moment(
    commitments: &[Commitment],
    machines: &[PricedMachines<'_>],
    may_cover: &[Vec<usize>],
    counts: &[i64],
) -> Vec<(i128, i128)> {
    let mut left: Vec<i128> =
        machines.iter().zip(counts).map(|(of, count)| of.price.as_nanos().saturating_mul(i128::from(*count))).collect();
    let mut settled = Vec::with_capacity(commitments.len());
    for (commitment, places) in commitments.iter().zip(may_cover) {
        let mut places: Vec<usize> = places.clone();
        places.sort_by_key(|place| (std::cmp::Reverse(machines[*place].price), *place));
        let (mut used, mut covered) = (0, 0);
        match commitment.terms {
            Terms::Machines(count, price) => {
                let mut free = i128::from(count);
                for place in places {
                    let each = machines[place].price.as_nanos();
                    let running = if each > 0 { left[place] / each } else { i128::from(counts[place]) };
                    let taken = running.min(free);
                    free -= taken;
                    used += taken * price.as_nanos();
                    covered += taken * each;
                    left[place] -= taken * each;
                }
            }
            Terms::Spending(rate, share) => {
                // What the commitment is worth at the price without it.
                let mut worth = rate.times(1.0 / share).as_nanos();
                for place in places {
                    let taken = left[place].min(worth);
                    worth -= taken;
                    covered += taken;
                    left[place] -= taken;
                }
                used = NanoDollars::from_nanos(covered).times(share).as_nanos().min(rate.as_nanos());
            }
        }
        settled.push((used, covered));
    }
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commitment(terms: Terms) -> Commitment {
        Commitment { name: "c".to_owned(), applies: Applies::default(), terms }
    }

    #[test]
    fn the_dearest_machines_are_covered_first() {
        let dollars = NanoDollars::from_dollars;
        let hour = |hours: i64| SimTime::from_secs(hours * 3600);
        // For an hour three machines at 1 dollar and one at 4, then one at 1 dollar.
        let cheap = [(SimTime::ZERO, 3), (hour(1), 1)];
        let dear = [(SimTime::ZERO, 1), (hour(1), 0)];
        let machines = [
            PricedMachines { price: dollars(1.0), counts: &cheap },
            PricedMachines { price: dollars(4.0), counts: &dear },
        ];
        let settled =
            |paid, used, covered| Settled { paid: dollars(paid), used: dollars(used), covered: dollars(covered) };
        let two = Terms::Machines(2, dollars(0.5));
        let plan = Terms::Spending(dollars(3.0), 0.75);
        let cases = [
            (vec![two], vec![settled(2.0, 1.5, 6.0)], "the dear one and a cheap one; then the only one"),
            (
                vec![plan],
                vec![settled(6.0, 3.75, 5.0)],
                "the dear one, which is 3 dollars under the plan; then one of 75 cents",
            ),
            (
                vec![two, plan],
                vec![settled(2.0, 1.5, 6.0), settled(6.0, 1.5, 2.0)],
                "the plan has the two cheap ones that the reservation leaves, and then nothing",
            ),
        ];
        for (terms, expected, why) in cases {
            let commitments: Vec<Commitment> = terms.into_iter().map(commitment).collect();
            let all = vec![vec![0, 1]; commitments.len()];
            assert_eq!(settle(&commitments, &machines, &all, hour(2)), expected, "{why}");
        }
        let none = settle(&[commitment(two)], &machines, &[Vec::new()], hour(2));
        assert_eq!(none, [settled(2.0, 0.0, 0.0)], "it is paid for even if no machine may use it");
    }
}
