//! Cohorts: pods of one priority that were rejected at the same instant, have reached the longest back-off, and so wait
//! together.
//!
//! While a cluster is full, every pod that ends lets the scheduler try all pods that wait for room, and almost all of them
//! fail as before. Kept one by one, each of these attempts would change the pod's place in the queue. Yet pods that were
//! rejected at the same instant with the longest back-off come up in the same order again and again. They are kept as a
//! *cohort*; the pods in it that every decision treats alike form a *lane*. An attempt of a whole lane is one number, from
//! which the numbers of each pod follow when somebody asks for them.

use super::lane::{Lane, LaneId, Likeness, Member, Outcomes, Round};
use super::{ActiveKey, Place, Source};
use crate::cluster::PodId;
use crate::scheduler::framework::Diagnosis;
use crate::scheduler::plugins::PluginSet;
use crate::scheduler::view::PodInfo;
use crate::units::SimTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Identifies a cohort.
pub type CohortId = u32;

/// Attempts of a pod that were counted with its cohort.
#[derive(Clone, Debug)]
pub struct SharedAttempts {
    /// The pod.
    pub pod: Arc<PodInfo>,
    /// How many.
    pub count: u32,
    /// When the last one was.
    pub last: SimTime,
    /// What the last one found.
    pub diagnosis: Arc<Diagnosis>,
}

/// A cohort.
#[derive(Clone, Debug)]
pub struct Cohort {
    /// Priority of its pods.
    pub priority: i32,
    /// When its pods were rejected.
    pub timestamp: SimTime,
    /// Where it is: unschedulable, in back-off or active.
    pub place: Place,
    /// The end of its back-off, once it was asked for.
    pub until: SimTime,
    /// The sequence numbers that it stands for: it has them and those between to itself.
    pub low: u64,
    /// The last of them.
    pub high: u64,
    /// No part of it has left with the same sequence numbers.
    pub is_whole: bool,
    /// Pods before this one were tried in the round under way.
    pub tried_before: Option<i32>,
    /// When the last round began.
    pub round_at: SimTime,
    /// Tells its last entry into a place from those before.
    pub ticket: u64,
    /// Its lanes.
    pub lanes: Vec<LaneId>,
}

/// A pod that changed its lane.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// The pod.
    pub pod: PodId,
    lane: LaneId,
    order: i32,
    /// The new lane's count of attempts less the old one's.
    shift: i64,
}

impl Move {
    /// Where the pod stands now.
    pub const fn apply(&self, before: Member) -> Member {
        Member { lane: self.lane, order: self.order, joined: before.joined + self.shift }
    }
}

/// All cohorts.
#[derive(Clone, Debug, Default)]
pub struct Cohorts {
    by_id: BTreeMap<CohortId, Cohort>,
    lanes: BTreeMap<LaneId, (CohortId, Lane)>,
    last_id: u32,
}

impl Cohorts {
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub fn get(&self, id: CohortId) -> Option<&Cohort> {
        self.by_id.get(&id)
    }

    pub fn get_mut(&mut self, id: CohortId) -> Option<&mut Cohort> {
        self.by_id.get_mut(&id)
    }

    /// The cohorts that satisfy a condition.
    pub fn ids(&self, condition: impl Fn(&Cohort) -> bool) -> Vec<CohortId> {
        self.by_id.iter().filter(|(_, cohort)| condition(cohort)).map(|(id, _)| *id).collect()
    }

    pub fn lane(&self, id: LaneId) -> Option<&Lane> {
        self.lanes.get(&id).map(|(_, lane)| lane)
    }

    /// The cohort of a lane.
    pub fn cohort_of(&self, lane: LaneId) -> Option<CohortId> {
        self.lanes.get(&lane).map(|(cohort, _)| *cohort)
    }

    /// The lanes of a cohort.
    pub fn lanes_of(&self, id: CohortId) -> impl Iterator<Item = (LaneId, &Lane)> {
        let lanes = self.by_id.get(&id).map_or(&[][..], |cohort| &cohort.lanes);
        lanes.iter().filter_map(|lane| Some((*lane, self.lane(*lane)?)))
    }

    /// A number that no cohort and no lane has. Those of the past are used again.
    fn next_id(&mut self) -> u32 {
        loop {
            self.last_id = self.last_id.wrapping_add(1);
            if !self.by_id.contains_key(&self.last_id) && !self.lanes.contains_key(&self.last_id) {
                return self.last_id;
            }
        }
    }

    /// A new cohort without lanes.
    pub fn add(&mut self, cohort: Cohort) -> CohortId {
        let id = self.next_id();
        self.by_id.insert(id, cohort);
        id
    }

    fn add_lane(&mut self, cohort: CohortId, lane: Lane) -> LaneId {
        let id = self.next_id();
        self.lanes.insert(id, (cohort, lane));
        if let Some(cohort) = self.by_id.get_mut(&cohort) {
            cohort.lanes.push(id);
        }
        id
    }

    /// Adds a pod that was just rejected at the end of a cohort.
    pub fn push(
        &mut self,
        cohort: CohortId,
        pod: &Arc<PodInfo>,
        likeness: Likeness,
        rejectors: PluginSet,
        diagnosis: &Arc<Diagnosis>,
    ) -> Member {
        let order = self.span(cohort).map_or(0, |(_, last)| last + 1);
        let known = self.find_lane(cohort, likeness, rejectors);
        let id = known.unwrap_or_else(|| {
            let lane = Lane {
                pod: Arc::clone(pod),
                likeness,
                rejectors,
                members: BTreeMap::new(),
                attempts: 0,
                outcomes: Outcomes::default(),
                round: Round::default(),
            };
            self.add_lane(cohort, lane)
        });
        let mut joined = 0;
        if let Some((_, lane)) = self.lanes.get_mut(&id) {
            lane.members.insert(order, pod.id);
            lane.outcomes.append(order, diagnosis);
            joined = lane.attempts;
        }
        Member { lane: id, order, joined }
    }

    fn find_lane(&self, cohort: CohortId, likeness: Likeness, rejectors: PluginSet) -> Option<LaneId> {
        let is_it = |lane: &Lane| lane.likeness == likeness && lane.rejectors == rejectors;
        self.lanes_of(cohort).find(|(_, lane)| is_it(lane)).map(|(id, _)| id)
    }

    /// The first and the last place in the order of a cohort that are taken.
    fn span(&self, cohort: CohortId) -> Option<(i32, i32)> {
        let ends = |lane: &Lane| Some((*lane.members.first_key_value()?.0, *lane.members.last_key_value()?.0));
        let spans = self.lanes_of(cohort).filter_map(|(_, lane)| ends(lane));
        spans.reduce(|all, span| (all.0.min(span.0), all.1.max(span.1)))
    }

    /// Takes a pod out, which was not tried in the round under way. Returns its attempts; a lane or cohort without pods
    /// is forgotten.
    pub fn remove(&mut self, member: Member) -> Option<(u32, Arc<Diagnosis>)> {
        let (cohort, lane) = self.lanes.get_mut(&member.lane)?;
        lane.members.remove(&member.order);
        let count = u32::try_from(lane.attempts - member.joined).unwrap_or(0);
        let diagnosis = lane.outcomes.of(member.order).cloned();
        if lane.members.is_empty() {
            let id = *cohort;
            self.lanes.remove(&member.lane);
            if let Some(cohort) = self.by_id.get_mut(&id) {
                cohort.lanes.retain(|lane| *lane != member.lane);
                if cohort.lanes.is_empty() {
                    self.by_id.remove(&id);
                }
            }
        }
        Some((count, diagnosis?))
    }

    /// The next pod of a cohort in the round under way, and its place in the order.
    pub fn next_member(&self, cohort: CohortId) -> Option<(i32, PodId)> {
        let from = self.get(cohort)?.tried_before.unwrap_or(i32::MIN);
        let firsts = self.lanes_of(cohort).filter_map(|(_, lane)| lane.next_from(from));
        firsts.min()
    }

    /// All pods of a cohort in order.
    pub fn members_in_order(&self, cohort: CohortId) -> Vec<PodId> {
        let mut members: Vec<(i32, PodId)> =
            self.lanes_of(cohort).flat_map(|(_, lane)| &lane.members).map(|(order, id)| (*order, *id)).collect();
        members.sort_unstable();
        members.into_iter().map(|(_, id)| id).collect()
    }

    /// Whether pods of these lanes were tried in the round under way and rejected by other plugins.
    pub fn rejectors_differ(&self, cohort: CohortId, verdicts: &[(LaneId, Arc<Diagnosis>)]) -> bool {
        let Some(from) = self.get(cohort).and_then(|cohort| cohort.tried_before) else { return false };
        verdicts.iter().any(|(lane, diagnosis)| {
            self.lane(*lane).is_some_and(|lane| {
                let was_tried = !lane.round.outcomes.is_empty();
                was_tried && lane.round.rejectors != diagnosis.plugins && lane.next_from(from).is_some()
            })
        })
    }

    /// The pods of these lanes up to a place in the order (to the last: `None`) fail in the round under way.
    pub fn fail(&mut self, cohort: CohortId, verdicts: &[(LaneId, Arc<Diagnosis>)], until: Option<i32>) {
        let from = self.get(cohort).and_then(|cohort| cohort.tried_before).unwrap_or(i32::MIN);
        for (id, diagnosis) in verdicts {
            let Some((_, lane)) = self.lanes.get_mut(id) else { continue };
            if let Some((first, _)) = lane.next_from(from)
                && until.is_none_or(|until| first < until)
            {
                lane.round.rejectors = diagnosis.plugins;
                lane.round.outcomes.append(first, diagnosis);
            }
        }
        if let Some(cohort) = self.get_mut(cohort) {
            cohort.tried_before = until.or(cohort.tried_before);
        }
    }

    /// Ends the round of a cohort all of whose pods were tried. Returns how many they are.
    pub fn end_round(&mut self, cohort: CohortId) -> u64 {
        let Some(cohort) = self.by_id.get_mut(&cohort) else { return 0 };
        cohort.tried_before = None;
        let mut count = 0;
        for id in &cohort.lanes {
            let Some((_, lane)) = self.lanes.get_mut(id) else { continue };
            lane.end_round();
            count += lane.members.len() as u64;
        }
        count
    }

    /// Parts those that were tried in the round under way from a cohort; they have ended their round. Returns their cohort,
    /// if there are any, and how many they are. The sequence numbers are the caller's to give.
    pub fn part_tried(&mut self, cohort: CohortId, moves: &mut Vec<Move>) -> Option<(CohortId, u64)> {
        let whole = self.by_id.get_mut(&cohort)?;
        let before = whole.tried_before.take()?;
        let part = Cohort { lanes: Vec::new(), ..whole.clone() };
        let lanes = whole.lanes.clone();
        let tried = self.add(part);
        for id in lanes {
            let Some((_, lane)) = self.lanes.get_mut(&id) else { continue };
            let rest = lane.members.split_off(&before);
            if rest.is_empty() {
                self.give_lane(id, tried);
                continue;
            }
            if lane.members.is_empty() {
                lane.members = rest;
                continue;
            }
            // The smaller part takes a new lane.
            let mut new_lane = Lane { members: rest, round: Round::default(), ..lane.clone() };
            let round = std::mem::take(&mut lane.round);
            if new_lane.members.len() < lane.members.len() {
                lane.round = round;
                let new = self.add_lane(cohort, new_lane);
                self.give_lane(id, tried);
                self.follow(new, moves);
            } else {
                std::mem::swap(&mut new_lane.members, &mut lane.members);
                new_lane.round = round;
                let new = self.add_lane(tried, new_lane);
                self.follow(new, moves);
            }
        }
        let count = self.end_round(tried);
        if count == 0 {
            self.by_id.remove(&tried);
            return None;
        }
        if self.get(cohort).is_some_and(|cohort| cohort.lanes.is_empty()) {
            self.by_id.remove(&cohort);
        }
        Some((tried, count))
    }

    /// Notes where the pods of a new lane are, which was split off with their counts of attempts.
    fn follow(&self, lane: LaneId, moves: &mut Vec<Move>) {
        let members = self.lane(lane).into_iter().flat_map(|lane| &lane.members);
        moves.extend(members.map(|(order, id)| Move { pod: *id, lane, order: *order, shift: 0 }));
    }

    fn give_lane(&mut self, lane: LaneId, to: CohortId) {
        let Some((cohort, _)) = self.lanes.get_mut(&lane) else { return };
        let from = std::mem::replace(cohort, to);
        if let Some(giver) = self.by_id.get_mut(&from) {
            giver.lanes.retain(|id| *id != lane);
        }
        if let Some(taker) = self.by_id.get_mut(&to) {
            taker.lanes.push(lane);
        }
    }

    /// Parts lanes from a cohort. Both parts keep the sequence numbers.
    pub fn part_lanes(&mut self, cohort: CohortId, lanes: &[LaneId]) -> Option<CohortId> {
        let whole = self.by_id.get_mut(&cohort)?;
        whole.is_whole = false;
        let part = Cohort { lanes: Vec::new(), ..whole.clone() };
        let parted = self.add(part);
        for lane in lanes {
            self.give_lane(*lane, parted);
        }
        Some(parted)
    }

    /// Gives the lanes of a part back to another part with the same sequence numbers.
    pub fn rejoin(&mut self, part: CohortId, to: CohortId) {
        let Some(part) = self.by_id.remove(&part) else { return };
        for lane in part.lanes {
            if let Some((cohort, _)) = self.lanes.get_mut(&lane) {
                *cohort = to;
            }
            if let Some(taker) = self.by_id.get_mut(&to) {
                taker.lanes.push(lane);
            }
        }
    }

    /// Unites two cohorts of the same priority and time, `first` just before `second` in the order. Returns which of them is
    /// left: the larger one, whose pods keep their places in its order.
    pub fn unite(&mut self, first: CohortId, second: CohortId, moves: &mut Vec<Move>) -> CohortId {
        let size = |id| self.lanes_of(id).map(|(_, lane)| lane.members.len()).sum::<usize>();
        let (larger, smaller, before) =
            if size(first) < size(second) { (second, first, true) } else { (first, second, false) };
        let Some(span) = self.span(larger) else { return larger };
        let Some(gone) = self.by_id.remove(&smaller) else { return larger };
        let lanes: Vec<Lane> = gone.lanes.iter().filter_map(|id| self.lanes.remove(id)).map(|(_, lane)| lane).collect();
        let mut members: Vec<(i32, PodId, usize)> = Vec::new();
        for (index, lane) in lanes.iter().enumerate() {
            members.extend(lane.members.iter().map(|(order, id)| (*order, *id, index)));
        }
        members.sort_unstable();
        let mut orders: Vec<i32> = (1..).take(members.len()).map(|step| span.1 + step).collect();
        if before {
            members.reverse();
            orders = (1..).take(members.len()).map(|step| span.0 - step).collect();
        }
        let mut targets: Vec<Option<(LaneId, i64)>> = vec![None; lanes.len()];
        for ((old, pod, index), order) in members.into_iter().zip(orders) {
            let lane = &lanes[index];
            let target = match targets[index] {
                Some(target) => target,
                None => {
                    let known = self.find_lane(larger, lane.likeness, lane.rejectors);
                    let target = known.unwrap_or_else(|| {
                        let empty = Lane {
                            members: BTreeMap::new(),
                            outcomes: Outcomes::default(),
                            round: Round::default(),
                            ..lane.clone()
                        };
                        self.add_lane(larger, empty)
                    });
                    // Its pods' counts of attempts stay: what they joined with shifts by this.
                    let shift = self.lane(target).map_or(0, |target| target.attempts) - lane.attempts;
                    *targets[index].insert((target, shift))
                }
            };
            let Some((_, taker)) = self.lanes.get_mut(&target.0) else { continue };
            taker.members.insert(order, pod);
            if let Some(diagnosis) = lane.outcomes.of(old) {
                if before {
                    taker.outcomes.prepend(order, diagnosis);
                } else {
                    taker.outcomes.append(order, diagnosis);
                }
            }
            moves.push(Move { pod, lane: target.0, order, shift: target.1 });
        }
        if let Some(left) = self.by_id.get_mut(&larger) {
            (left.low, left.high) = (left.low.min(gone.low), left.high.max(gone.high));
        }
        larger
    }
}

impl Cohort {
    /// Its place among active pods.
    pub fn active_key(&self, id: CohortId) -> ActiveKey {
        let Self { priority, timestamp, low, .. } = *self;
        ActiveKey { priority, timestamp, sequence: low, order: i32::MIN, source: Source::Cohort(id) }
    }
}
