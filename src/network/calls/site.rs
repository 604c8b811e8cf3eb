//! A place at which a service calls another, or at which users call: the rules for its calls and what it counts.

use super::super::arena::Ticket;
use super::super::outcome::Outcome;
use super::budget::{Allowance, Budget};
use super::outliers::{Detection, Outliers};
use crate::engine::RandomStream;
use crate::input::scenario::{self, Jitter, OutlierDetection, Retries, RetryBudget, RetryCause};
use crate::units::{SimDuration, SimTime};
use rand::RngExt as _;
use std::collections::VecDeque;

/// How calls are made.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Share of the requests that call.
    pub share: f64,
    /// Share of the calls that a cache answers.
    pub cache_hit_ratio: f64,
    /// Calls at once.
    pub count: u32,
    pub timeout: Option<SimDuration>,
    /// Attempts after the first.
    pub retries: u32,
    /// By outcome.
    retries_on: [bool; 16],
    base: SimDuration,
    max: SimDuration,
    jitter: Jitter,
    pub allowance: Option<Allowance>,
    pub max_requests: Option<u32>,
    pub detection: Option<Detection>,
    pub hedge_after: Option<SimDuration>,
    pub is_optional: bool,
}

impl Rule {
    /// The rule of a call.
    pub fn of_call(call: &scenario::Call) -> Self {
        let detection = call.outlier_detection.as_ref().map(|detection: &OutlierDetection| Detection {
            consecutive_errors: detection.consecutive_errors,
            base_ejection_time: detection.base_ejection_time.into(),
            max_ejection_percent: detection.max_ejection_percent,
        });
        Self {
            share: call.share,
            cache_hit_ratio: call.cache_hit_ratio,
            count: call.count,
            max_requests: call.max_requests,
            detection,
            hedge_after: call.hedge_after.map(Into::into),
            is_optional: call.optional,
            ..Self::of_users(&call.retries, call.timeout.map(Into::into))
        }
    }

    /// The rule of what users send.
    pub fn of_users(retries: &Retries, timeout: Option<SimDuration>) -> Self {
        let mut retries_on = [false; 16];
        for cause in &retries.on {
            retries_on[outcome(*cause) as usize] = true;
        }
        let base = SimDuration::from(retries.back_off.base);
        let allowance = retries.budget.as_ref().map(|budget: &RetryBudget| {
            let ttl = SimDuration::from(budget.ttl);
            Allowance { ratio: budget.ratio, reserve: budget.min_per_second * ttl.as_secs_f64(), ttl }
        });
        Self {
            share: 1.0,
            cache_hit_ratio: 0.0,
            count: 1,
            timeout,
            retries: retries.attempts,
            retries_on,
            base,
            max: retries.back_off.max.map_or(base * 10, Into::into),
            jitter: retries.back_off.jitter,
            allowance,
            max_requests: None,
            detection: None,
            hedge_after: None,
            is_optional: false,
        }
    }

    /// Calls that a request makes on average.
    pub fn mean_calls(&self) -> f64 {
        self.share * (1.0 - self.cache_hit_ratio) * f64::from(self.count)
    }

    /// Whether a request makes one of the calls.
    pub fn is_made(&self, random: &mut RandomStream) -> bool {
        let happens = |share: f64, random: &mut RandomStream| share >= 1.0 || random.random::<f64>() < share;
        happens(self.share, random) && (self.cache_hit_ratio <= 0.0 || !happens(self.cache_hit_ratio, random))
    }

    /// Whether another attempt may be made after one that failed.
    pub const fn retries_after(&self, outcome: Outcome) -> bool {
        self.retries_on[outcome as usize]
    }

    /// Time until a retry, counted from 0.
    pub fn back_off(&self, retry: u32, random: &mut RandomStream) -> SimDuration {
        let doubled = self.base.as_nanos().saturating_mul(1_i64 << retry.min(40));
        let whole = SimDuration::from_nanos(doubled).min(self.max);
        match self.jitter {
            Jitter::None => whole,
            Jitter::Full => SimDuration::from_secs_f64(whole.as_secs_f64() * random.random::<f64>()),
        }
    }
}

const fn outcome(cause: RetryCause) -> Outcome {
    match cause {
        RetryCause::NoEndpoint => Outcome::NoEndpoint,
        RetryCause::DeadEndpoint => Outcome::DeadEndpoint,
        RetryCause::QueueFull => Outcome::QueueFull,
        RetryCause::Timeout => Outcome::Timeout,
        RetryCause::Cut => Outcome::Cut,
        RetryCause::Dependency => Outcome::Dependency,
        RetryCause::Error => Outcome::Error,
        RetryCause::NoName => Outcome::NoName,
    }
}

/// What a client keeps of its calls.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Attempts in flight.
    pub in_flight: u32,
    pub budget: Budget,
    pub outliers: Outliers,
}

/// What became of the calls of a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Calls made.
    pub calls: u64,
    /// Attempts sent.
    pub attempts: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Attempts by hedging.
    pub hedges: u64,
    /// Calls that were answered.
    pub served: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Calls that nobody waited for any more.
    pub abandoned: u64,
    /// Attempts that timed out.
    pub timeouts: u64,
    /// Attempts that were not sent because too many were in flight.
    pub circuit_open: u64,
    /// Retries that the budget did not allow.
    pub over_budget: u64,
    /// Ejections of endpoints.
    pub ejections: u64,
}

/// A place at which calls are made.
#[derive(Clone, Debug)]
pub struct Site {
    /// The service that calls; of users, the one that they call.
    pub caller: usize,
    pub by_user: bool,
    pub callee: usize,
    pub rule: Rule,
    /// When attempts time out.
    pub deadlines: VecDeque<(SimTime, Ticket)>,
    /// By number of the calling pod.
    pub clients: Vec<Client>,
    pub counts: CallCounts,
}

impl Site {
    /// A place at which nothing was called yet.
    pub fn new(from: usize, to: usize, by_user: bool, rule: Rule) -> Self {
        let (deadlines, clients) = (VecDeque::new(), Vec::new());
        Self { caller: from, by_user, callee: to, rule, deadlines, clients, counts: CallCounts::default() }
    }

    /// What a client keeps.
    pub fn client(&mut self, client: usize) -> &mut Client {
        if client >= self.clients.len() {
            self.clients.resize_with(client + 1, Client::default);
        }
        &mut self.clients[client]
    }
}
