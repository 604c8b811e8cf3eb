//! How many pods the metrics ask for (`Scale` of `pkg/autoscaler/scaling/autoscaler.go`).

use super::collector::Observed;
use super::decider::DeciderSpec;
use super::delay_window::DelayWindow;
use crate::autoscaler::go_number::int32;
use crate::units::{SimDuration, SimTime};

/// What an autoscaler remembers between two ticks.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoscaler {
    /// Since when there has been a burst, extended while it goes on; `None` outside of panic mode.
    panic_since: Option<SimTime>,
    /// The most pods that were asked for in this panic.
    max_panic_pods: i32,
    /// Only an autoscaler that is made with a delay ever has one.
    delay: Option<DelayWindow>,
}

/// What bounded the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KpaRule {
    /// The stable window's average.
    Stable,
    /// The panic window's average, or the maximum of the panic.
    Panic,
    /// `max-scale-up-rate`.
    MaxScaleUpRate,
    /// `max-scale-down-rate`.
    MaxScaleDownRate,
    /// `activation-scale`.
    ActivationScale,
    /// `scale-down-delay`.
    ScaleDownDelay,
}

/// The answer of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleResult {
    /// `DesiredPodCount`.
    pub desired_pods: i32,
    /// `ExcessBurstCapacity`: below zero the activator has to hold bursts.
    pub excess_burst_capacity: i32,
    /// What bounded it.
    pub rule: KpaRule,
    /// Whether it panics.
    pub is_panicking: bool,
}

impl Autoscaler {
    /// A new autoscaler of a revision with so many ready pods: more than one make it start in panic mode, so that it keeps
    /// them until it has seen enough.
    #[must_use]
    pub fn new(spec: &DeciderSpec, ready: i32, now: SimTime) -> Self {
        Self {
            panic_since: (ready > 1).then_some(now),
            max_panic_pods: ready,
            delay: (spec.scale_down_delay > SimDuration::ZERO).then(|| DelayWindow::new(spec.scale_down_delay)),
        }
    }

    /// Whether it panics.
    #[must_use]
    pub fn is_panicking(&self) -> bool {
        self.panic_since.is_some()
    }

    /// Asks for pods at a tick; `None` without data.
    pub fn scale(
        &mut self,
        spec: &DeciderSpec,
        observed: Option<Observed>,
        ready: i32,
        now: SimTime,
    ) -> Option<ScaleResult> {
        let observed = observed?;
        let pods = f64::from(ready).max(1.0);
        let most = (spec.max_scale_up_rate * pods).ceil();
        let least = if spec.is_reachable { (pods / spec.max_scale_down_rate).floor() } else { 0.0 };
        let asked = |value: f64| (value / spec.target_value).ceil();
        let (stable, panic) = (asked(observed.stable), asked(observed.panic));
        let bounded = |value: f64| {
            let pods = int32(value.max(least).min(most));
            let rule = match () {
                () if value > most => KpaRule::MaxScaleUpRate,
                () if value < least => KpaRule::MaxScaleDownRate,
                () => KpaRule::Stable,
            };
            // Beyond the rate: zero to this many at once.
            if spec.activation_scale > 1 && value > 0.0 && spec.activation_scale > pods {
                return (spec.activation_scale, KpaRule::ActivationScale);
            }
            (pods, rule)
        };
        let (mut desired, mut rule) = bounded(stable);
        let (for_panic, panic_rule) = bounded(panic);
        if panic / pods >= spec.panic_threshold {
            self.panic_since = Some(now);
        } else if self.panic_since.is_some_and(|since| since + spec.stable_window < now) {
            self.panic_since = None;
            self.max_panic_pods = 0;
        }
        if self.panic_since.is_some() {
            if desired < for_panic {
                desired = for_panic;
                rule = if panic_rule == KpaRule::Stable { KpaRule::Panic } else { panic_rule };
            }
            if desired > self.max_panic_pods {
                self.max_panic_pods = desired;
            } else if desired < self.max_panic_pods {
                desired = self.max_panic_pods;
                rule = KpaRule::Panic;
            }
        }
        if spec.is_reachable
            && let Some(delay) = &mut self.delay
        {
            let most = delay.record(now, desired);
            if most != desired {
                (desired, rule) = (most, KpaRule::ScaleDownDelay);
            }
        }
        Some(ScaleResult {
            desired_pods: desired,
            excess_burst_capacity: excess_burst_capacity(spec, ready, observed.panic),
            rule,
            is_panicking: self.is_panicking(),
        })
    }
}

/// What counts before the first tick: the capacity of the initial scale (`createScaler` of `multiscaler.go`).
#[must_use]
pub fn initial_excess_burst_capacity(spec: &DeciderSpec) -> i32 {
    let burst = spec.target_burst_capacity;
    int32(if burst > 0.0 { f64::from(spec.initial_scale) * spec.total_value - burst } else { burst })
}

/// Requests that may come on top without being held. The panic value counts, so that the activator is no knee-jerk decision.
#[must_use]
pub fn excess_burst_capacity(spec: &DeciderSpec, ready: i32, panic: f64) -> i32 {
    let burst = spec.target_burst_capacity;
    int32(if burst == 0.0 {
        0.0
    } else if burst > 0.0 {
        (f64::from(ready) * spec.total_value - burst - panic).floor()
    } else {
        -1.0
    })
}
