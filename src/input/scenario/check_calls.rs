//! Rules for calls between services, retries and sidecars.

use super::calls::{BackOff, Call, Mesh, OutlierDetection, Retries, RetryBudget};
use super::check::Checker;
use super::traffic::{Fidelity, Traffic};
use crate::input::document::field_path::FieldPathBuf;
use crate::units::SimDuration;
use std::collections::{BTreeMap, BTreeSet};

/// More parallel calls of one request, or attempts of one call, than these are taken for a slip.
const MAX_COUNT: u32 = 1000;
const MAX_ATTEMPTS: u32 = 100;

const NEEDS_REQUESTS: &str = "has no effect on a fluid (expected `fidelity: requests` beside it)";

impl Checker<'_> {
    /// The calls of all entries: each by itself, and that they form no cycle.
    pub fn check_calls(&mut self, path: &FieldPathBuf, traffic: &mut [Traffic]) {
        let fidelities: BTreeMap<String, Fidelity> =
            traffic.iter().map(|entry| (entry.title(), entry.fidelity)).collect();
        let known: BTreeSet<String> = fidelities.keys().cloned().collect();
        for (index, entry) in traffic.iter_mut().enumerate() {
            let path = path.index(index);
            if entry.fidelity == Fidelity::Fluid {
                let given = [
                    (path.key("retries"), entry.retries != Retries::default()),
                    (path.key("mesh"), entry.mesh.is_some()),
                    (path.key("server").key("calls"), !entry.server.calls.is_empty()),
                    (path.key("server").key("async"), entry.server.asynchronous),
                ];
                for (path, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
                    self.error(path, NEEDS_REQUESTS);
                }
            } else if entry.server.asynchronous && entry.server.calls.is_empty() {
                self.error(path.key("server").key("async"), "has no effect without `calls`");
            }
            let has_senders = entry.has_senders();
            if !has_senders && entry.retries != Retries::default() {
                self.error(path.key("retries"), "has no effect without `rate` or `users`: callers have their own");
            }
            self.check_retries(&path.key("retries"), &entry.retries);
            if let Some(Mesh { latency, cpu: _ }) = &mut entry.mesh {
                self.check_distribution(&path.key("mesh").key("latency"), latency);
            }
            for (place, call) in entry.server.calls.iter().enumerate() {
                let path = path.key("server").key("calls").index(place);
                self.require_known(path.key("to"), "traffic entry", &call.to, &known);
                if fidelities.get(&call.to) == Some(&Fidelity::Fluid) {
                    let message = format!(
                        "`{}` is a fluid, which cannot be called (expected `fidelity: requests` there)",
                        call.to
                    );
                    self.error(path.key("to"), message);
                }
                self.require(place > 0 || !call.parallel, path.key("parallel"), "there is no call before it");
                self.check_call(&path, call);
            }
        }
        self.check_cycles(path, traffic);
    }

    fn check_call(&mut self, path: &FieldPathBuf, call: &Call) {
        for (name, share) in [("share", call.share), ("cacheHitRatio", call.cache_hit_ratio)] {
            let message = format!("`{share}` is out of range (expected 0 to 1)");
            self.require((0.0..=1.0).contains(&share), path.key(name), message);
        }
        let message = format!("`{}` is out of range (expected 1 to {MAX_COUNT})", call.count);
        self.require((1..=MAX_COUNT).contains(&call.count), path.key("count"), message);
        for (name, span) in [("timeout", call.timeout), ("hedgeAfter", call.hedge_after)] {
            let is_good = span.is_none_or(|span| span.get() > SimDuration::ZERO);
            self.require(is_good, path.key(name), "is not above zero");
        }
        if let (Some(hedge), Some(timeout)) = (call.hedge_after, call.timeout) {
            let is_before = hedge.get() < timeout.get();
            self.require(is_before, path.key("hedgeAfter"), "is not before `timeout`: it would never happen");
        }
        self.require(call.max_requests != Some(0), path.key("maxRequests"), "is 0: no call would be made");
        self.check_retries(&path.key("retries"), &call.retries);
        if let Some(detection) = &call.outlier_detection {
            let OutlierDetection { consecutive_errors, base_ejection_time, max_ejection_percent } = detection;
            let path = path.key("outlierDetection");
            self.require(*consecutive_errors > 0, path.key("consecutiveErrors"), "is 0 (expected 1 or more)");
            let is_long = base_ejection_time.get() > SimDuration::ZERO;
            self.require(is_long, path.key("baseEjectionTime"), "is not above zero");
            let message = format!("`{max_ejection_percent}` is out of range (expected 0 to 100)");
            self.require(*max_ejection_percent <= 100, path.key("maxEjectionPercent"), message);
        }
    }

    fn check_retries(&mut self, path: &FieldPathBuf, retries: &Retries) {
        let Retries { attempts, on, back_off: BackOff { base, max, jitter: _ }, budget } = retries;
        let message = format!("`{attempts}` is out of range (expected 0 to {MAX_ATTEMPTS})");
        self.require(*attempts <= MAX_ATTEMPTS, path.key("attempts"), message);
        self.require(!on.is_empty(), path.key("on"), "is empty: nothing would be tried again");
        let is_above = max.is_none_or(|max| max.get() >= base.get());
        self.require(is_above, path.key("backOff").key("max"), "is below `base`");
        if let Some(RetryBudget { ratio, min_per_second, ttl }) = budget {
            let path = path.key("budget");
            self.require_not_negative(path.key("ratio"), *ratio);
            self.require_not_negative(path.key("minPerSecond"), *min_per_second);
            self.require(ttl.get() > SimDuration::ZERO, path.key("ttl"), "is not above zero");
        }
    }

    /// A request that came back to a service would call without end.
    fn check_cycles(&mut self, path: &FieldPathBuf, traffic: &[Traffic]) {
        let mut by_title = BTreeMap::new();
        for (index, entry) in traffic.iter().enumerate() {
            by_title.entry(entry.title()).or_insert(index);
        }
        let mut done = vec![false; traffic.len()];
        for start in 0..traffic.len() {
            // The way from `start`, each with the number of its next call.
            let mut way: Vec<(usize, usize)> = vec![(start, 0)];
            while let Some((index, place)) = way.last_mut() {
                let (caller, call_index) = (*index, *place);
                *place += 1;
                let Some(call) = traffic.get(caller).and_then(|entry| entry.server.calls.get(call_index)) else {
                    done[caller] = true;
                    way.pop();
                    continue;
                };
                let Some(&target) = by_title.get(&call.to) else { continue };
                if let Some(from) = way.iter().position(|(index, _)| *index == target) {
                    let names: Vec<String> = way
                        .iter()
                        .skip(from)
                        .map(|(index, _)| *index)
                        .chain([target])
                        .filter_map(|index| traffic.get(index).map(Traffic::title))
                        .collect();
                    let field = path.index(caller).key("server").key("calls").index(call_index).key("to");
                    self.error(field, format!("closes a cycle of calls: {}", names.join(" -> ")));
                } else if !done[target] {
                    way.push((target, 0));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::load::{LoadOptions, load_text};
    use std::path::Path;

    /// The errors of two entries, `a` with `server` and more fields and `b` with others.
    fn errors(a: &str, b: &str) -> Vec<String> {
        let text = format!(
            "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: x}}\nspec:\n  duration: 1h\n  traffic:\n    \
             - {{name: a, target: deployment/a, cpuPerRequest: 1ms, {a}}}\n    \
             - {{name: b, target: deployment/b, cpuPerRequest: 1ms, {b}}}\n"
        );
        match load_text(&text, Path::new("scenario.yaml"), &LoadOptions::default()) {
            Ok(_) => Vec::new(),
            Err(found) => found.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn what_is_wrong_with_calls_is_said() {
        const PLAYED: &str = "fidelity: requests";
        let call =
            |more: &str| format!("fidelity: requests, rate: {{constant: 1}}, server: {{calls: [{{to: b{more}}}]}}");
        assert_eq!(errors(&call(""), PLAYED), [""; 0], "an entry that is called needs no rate");
        let good =
            ", share: 0.5, timeout: 1s, hedgeAfter: 10ms, retries: {attempts: 2, budget: {}}, outlierDetection: {}";
        assert_eq!(errors(&call(good), PLAYED), [""; 0]);
        let fluid = "rate: {constant: 1}";
        let cases = [
            (call("").replace("to: b", "to: c"), PLAYED, "calls[0].to: traffic entry `c` does not exist"),
            (call(""), fluid, "calls[0].to: `b` is a fluid"),
            (call("").replace("fidelity: requests, ", ""), PLAYED, "server.calls: has no effect on a fluid"),
            (call(", share: 1.5"), PLAYED, "calls[0].share: `1.5` is out of range"),
            (call(", cacheHitRatio: -1"), PLAYED, "cacheHitRatio: `-1` is out of range"),
            (call(", count: 0"), PLAYED, "count: `0` is out of range"),
            (call(", parallel: true"), PLAYED, "parallel: there is no call before it"),
            (call(", timeout: 0s"), PLAYED, "timeout: is not above zero"),
            (call(", timeout: 1s, hedgeAfter: 2s"), PLAYED, "hedgeAfter: is not before `timeout`"),
            (call(", maxRequests: 0"), PLAYED, "maxRequests: is 0"),
            (call(", retries: {attempts: 101}"), PLAYED, "attempts: `101` is out of range"),
            (call(", retries: {attempts: 1, on: []}"), PLAYED, "on: is empty"),
            (call(", retries: {backOff: {base: 1s, max: 1ms}}"), PLAYED, "max: is below `base`"),
            (call(", retries: {budget: {ratio: -1}}"), PLAYED, "ratio: `-1` is negative"),
            (call(", retries: {budget: {ttl: 0s}}"), PLAYED, "ttl: is not above zero"),
            (call(", outlierDetection: {consecutiveErrors: 0}"), PLAYED, "consecutiveErrors: is 0"),
            (call(", outlierDetection: {maxEjectionPercent: 101}"), PLAYED, "`101` is out of range"),
            (
                call(""),
                "fidelity: requests, retries: {attempts: 1}",
                "retries: has no effect without `rate` or `users`",
            ),
            (call(""), "fidelity: requests, server: {async: true}", "async: has no effect without `calls`"),
            (call(""), "fidelity: requests, server: {calls: [{to: a}]}", "closes a cycle of calls: a -> b -> a"),
            (call("").replace("to: b", "to: a"), "rate: {constant: 1}", "closes a cycle of calls: a -> a"),
            ("rate: {constant: 1}".to_owned(), PLAYED, "has neither `rate` nor `users`"),
            ("rate: {constant: 1}, mesh: {cpu: 1ms}".to_owned(), fluid, "mesh: has no effect on a fluid"),
        ];
        for (a, b, expected) in cases {
            let found = errors(&a, b);
            assert!(found.iter().any(|error| error.contains(expected)), "{a} / {b}: {expected} is not in {found:?}");
            assert!(found.iter().all(|error| error.contains("scenario.yaml:")), "{found:?}");
        }
    }
}
