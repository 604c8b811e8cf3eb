//! What is counted of requests: the one list of which columns, metrics, charts and summaries are made.
//!
//! A further cause of failure, or another thing to count, is a line of [`RequestCount`]'s table here, and a row in
//! `docs/reference/metrics.md` and `docs/model/requests.md`; what ends a request is named by `network::Outcome`, of which
//! `sim::request_logs` says the count.

use std::ops::AddAssign;

/// What a count says of the requests in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountKind {
    /// They were sent.
    Offered,
    /// They were answered in time.
    Served,
    /// They failed: each failed request is in exactly one count of this kind.
    Failed,
    /// Something else, beside the other counts.
    Further,
}

/// One thing that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountInfo {
    /// Name of its column.
    pub name: &'static str,
    /// Name of its metric: of all requests of a run.
    pub metric: &'static str,
    /// What it says of the requests in it.
    pub kind: CountKind,
    /// What is said after a number of them in a summary.
    pub words: &'static str,
    /// What it counts.
    pub meaning: &'static str,
}

macro_rules! counts {
    ($($count:ident = $name:literal, $kind:ident, $words:literal, $meaning:literal;)+) => {
        /// Something that is counted of requests.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum RequestCount {
            $(#[doc = $meaning] $count,)+
        }

        impl RequestCount {
            /// All, in the order of columns.
            pub const ALL: &[Self] = &[$(Self::$count),+];

            /// Its names and meaning.
            #[must_use]
            pub const fn info(self) -> CountInfo {
                match self {
                    $(Self::$count => CountInfo {
                        name: $name,
                        metric: concat!("requests_", $name),
                        kind: CountKind::$kind,
                        words: $words,
                        meaning: $meaning,
                    },)+
                }
            }
        }
    };
}

counts! {
    Offered = "offered", Offered, "offered", "requests that were sent";
    Served = "served", Served, "served", "requests that were answered in time";
    NoEndpoint = "no_endpoint", Failed, "without an endpoint", "requests lost because there was no endpoint";
    DeadEndpoint = "dead_endpoint", Failed, "sent to a dead endpoint",
        "requests sent to an endpoint that did not take them any more";
    QueueFull = "queue_full", Failed, "refused by full pods",
        "requests that found the queue of their pod full; of a fluid, those beyond what its pods can serve";
    Timeout = "timeout", Failed, "timed out", "requests whose clients gave up";
    Cut = "cut", Failed, "cut by the end of a pod", "requests on their way in a pod when it ended";
    Dependency = "dependency", Failed, "failed with a call", "requests that failed because a call of their pod did";
    RetryExhausted = "retry_exhausted", Failed, "failed after retries",
        "requests that were tried again, and whose last attempt failed as well";
    Abandoned = "abandoned", Failed, "abandoned by their callers", "calls whose caller needed no answer any more";
    Error = "error", Failed, "answered with an error", "requests that were answered with an error";
    NoName = "no_name", Failed, "to a name that does not resolve", "requests to the name of a Service that does not exist";
    NoRoute = "no_route", Failed, "without a matching rule", "requests that no rule of an Ingress or HTTPRoute matched";
    Attempts = "attempts", Further, "attempts", "attempts that were sent: requests, and each retry of a client";
    SameZone = "same_zone", Further, "in their zone", "attempts that a pod in the zone of their proxy took";
    CrossZone = "cross_zone", Further, "to another zone", "attempts that a pod in another zone than that of their proxy took";
    CrossZoneAnswered = "cross_zone_answered", Further, "answered from another zone", "those of them that were answered, if with an error";
    Good = "good", Further, "good",
        "requests that were served, within the latency of the entry's objective if it names one";
    Satisfied = "apdex_satisfied", Further, "satisfied", "requests served within T of Apdex";
    Tolerating = "apdex_tolerating", Further, "tolerated", "requests served later than T and within four times T";
}

impl RequestCount {
    /// Those of the requests that failed, one for each cause.
    pub fn causes() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|count| count.info().kind == CountKind::Failed)
    }
}

/// Requests by what became of them. What was offered and is in no count of those served or failed was on its way when the
/// run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCounts([u64; RequestCount::ALL.len()]);

impl RequestCounts {
    /// One of the counts.
    #[must_use]
    pub const fn of(&self, count: RequestCount) -> u64 {
        self.0[count as usize]
    }

    /// Counts some more.
    pub fn add(&mut self, count: RequestCount, more: u64) {
        self.0[count as usize] += more;
    }

    /// Requests that were sent.
    #[must_use]
    pub const fn offered(&self) -> u64 {
        self.of(RequestCount::Offered)
    }

    /// Requests that were answered in time.
    #[must_use]
    pub const fn served(&self) -> u64 {
        self.of(RequestCount::Served)
    }

    /// All requests that failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        RequestCount::causes().map(|cause| self.of(cause)).sum()
    }

    /// All requests that ended.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.served() + self.failed()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }
}

impl AddAssign for RequestCounts {
    fn add_assign(&mut self, more: Self) {
        for (count, more) in self.0.iter_mut().zip(more.0) {
            *count += more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failed_request_is_counted_once() {
        let mut counts = RequestCounts::default();
        assert!(counts.is_empty());
        for (number, count) in RequestCount::ALL.iter().enumerate() {
            counts.add(*count, 3_u64.pow(u32::try_from(number).unwrap()));
        }
        assert_eq!((counts.offered(), counts.served()), (1, 3));
        let causes: u64 = RequestCount::causes().map(|cause| counts.of(cause)).sum();
        assert_eq!(counts.failed(), causes);
        assert_eq!(counts.ended(), counts.failed() + counts.served());
        let once = counts;
        counts += once;
        assert_eq!(counts.failed(), 2 * once.failed());
    }
}
