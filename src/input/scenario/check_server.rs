//! Rules for pods as servers, and for senders that they slow down.

use super::check::Checker;
use super::distribution::DistributionUnit;
use super::traffic::{Fidelity, Producer, Server};
use crate::input::document::field_path::FieldPathBuf;
use crate::units::SimDuration;

/// What is said of a field that a fluid has no use for.
const NEEDS: &str = "has no effect on a fluid (expected `fidelity: requests` beside it)";

impl Checker<'_> {
    /// What a pod is as a server, beyond its workers and its queue.
    pub fn check_server(&mut self, path: &FieldPathBuf, server: &mut Server, fidelity: Fidelity) {
        let default = Server::default();
        if fidelity == Fidelity::Fluid {
            let given = [
                ("cores", server.cores.is_some()),
                ("speed", server.speed != default.speed),
                ("warmUp", server.warm_up.is_some()),
                ("memory", server.memory != default.memory),
            ];
            for (field, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
                self.error(path.key(field), NEEDS);
            }
        }
        if let Some(cores) = server.cores {
            self.require_positive(path.key("cores"), cores.to_f64());
        }
        if let Some(mean) = self.check_distribution(&path.key("speed"), &mut server.speed) {
            self.require_positive(path.key("speed"), mean);
        }
        let Some(warm_up) = &server.warm_up else { return };
        let path = path.key("warmUp");
        let factor = warm_up.factor;
        self.require(factor >= 1.0, path.key("factor"), format!("`{factor}` is below 1: a pod would become slower"));
        self.require(factor <= 1e6, path.key("factor"), format!("`{factor}` is too large (expected at most 1000000)"));
        match (warm_up.duration, warm_up.requests) {
            (Some(duration), None) => {
                self.require(duration.get() > SimDuration::ZERO, path.key("duration"), "is not above zero");
            }
            (None, Some(requests)) => self.require(requests > 0, path.key("requests"), "is 0 (expected 1 or more)"),
            _ => self.error(path, "needs exactly one of `duration` and `requests`"),
        }
    }

    /// A sender that is slowed down.
    pub fn check_producer(
        &mut self,
        path: &FieldPathBuf,
        producer: &mut Producer,
        has_others: bool,
        fidelity: Fidelity,
    ) {
        let path = path.key("producer");
        if has_others {
            self.error(path.clone(), "stands beside `rate` or `users` (expected one of them)");
        }
        if fidelity == Fidelity::Fluid {
            self.error(path.clone(), NEEDS);
        }
        self.check_settled_rate(&path.key("rate"), &mut producer.rate);
        self.require(producer.connections > 0, path.key("connections"), "is 0 (expected 1 or more)");
    }
}
