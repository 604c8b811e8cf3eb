//! Whether the triggers want the target to run, and what the HorizontalPodAutoscaler is told (`getScaledObjectState` and
//! `GetScaledObjectMetrics` of `pkg/scaling/scale_handler.go`, `HandleScalingModifiers` of `pkg/scaling/modifiers`).
//!
//! Triggers are taken in the order of the spec. The real ones are asked at the same time and their answers come in any order,
//! which shows in the order of the active triggers alone.

use super::fallback::{COMPOSITE_METRIC, ExternalMetric, HealthStatus, TargetReplicas, metrics_with_fallback};
use super::formula::Formula;
use super::scaler::Scaler;
use super::value::MetricValue;
use crate::api::Name;
use crate::api::keda::ScaledObjectSpec;
use std::collections::BTreeMap;

/// What a trigger answers: its value, and whether it is active.
pub type Answer = Result<(MetricValue, bool), String>;

/// What the last poll found of triggers with `useCachedMetrics`, by metric.
pub type CachedAnswers = BTreeMap<Name, Answer>;

/// A ScaledObject's triggers, ready to be asked.
#[derive(Clone, Copy, Debug)]
pub struct Triggers<'a> {
    /// The spec.
    pub spec: &'a ScaledObjectSpec,
    /// One for each of `spec.triggers`.
    pub scalers: &'a [Scaler],
    /// `scalingModifiers.formula`, if there is one.
    pub formula: Option<&'a Formula>,
}

/// What a poll found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScaledObjectState {
    /// Whether the target has work.
    pub is_active: bool,
    /// Whether a trigger failed.
    pub is_error: bool,
    /// Which triggers are active.
    pub active_triggers: Vec<String>,
    /// What is kept for the HorizontalPodAutoscaler. The scale loop keeps it unless there is a `problem`.
    pub cached: CachedAnswers,
    /// That `activationTarget` is no number: the poll then leads to nothing.
    pub problem: Option<String>,
}

impl Triggers<'_> {
    /// Polls the triggers: whether the target has work. `answer` is that of a trigger by its index.
    pub fn state(&self, answer: &mut dyn FnMut(usize) -> Answer) -> ScaledObjectState {
        let mut state = ScaledObjectState::default();
        let mut metrics = Vec::new();
        for (index, scaler) in self.scalers.iter().enumerate() {
            let Some(name) = scaler.metric_name() else { continue };
            let answer = answer(index);
            match &answer {
                Ok((value, is_active)) => {
                    metrics.push(ExternalMetric { name: name.clone(), value: *value });
                    if *is_active {
                        state.is_active = true;
                        state.active_triggers.push(scaler.display_name.clone());
                    }
                }
                Err(_) => state.is_error = true,
            }
            if scaler.use_cached_metrics {
                state.cached.insert(name.clone(), answer);
            }
        }
        if let Some(modifiers) = &self.spec.scaling_modifiers {
            state.is_active = false;
            state.active_triggers.clear();
            if !state.is_error {
                let text = modifiers.activation_target.as_str();
                let Ok(activation) = (if text.is_empty() { Ok(0.0) } else { text.parse::<f64>() }) else {
                    let problem = format!("strconv.ParseFloat: parsing {text:?}: invalid syntax");
                    state.problem = Some(format!("scalingModifiers.ActivationTarget parsing error {problem}"));
                    state.is_error = true;
                    return state;
                };
                if self.composed(metrics).iter().any(|metric| metric.value.as_f64() > activation) {
                    state.is_active = true;
                    state.active_triggers.push("ModifiersTrigger".to_owned());
                }
            }
        }
        // cpu and memory alone could never wake a target from zero: it is kept awake.
        if self.spec.triggers.iter().all(crate::api::keda::ScaleTrigger::is_resource) && !state.is_error {
            state.is_active = true;
        }
        state
    }

    /// What a formula makes of the metrics; without one they are as they are. Nothing where it fails.
    fn composed(&self, metrics: Vec<ExternalMetric>) -> Vec<ExternalMetric> {
        let Some(formula) = self.formula.filter(|_| self.spec.scaling_modifiers.is_some()) else { return metrics };
        let value_of = |trigger: &str| {
            let scaler = self.scalers.iter().find(|scaler| &*scaler.trigger_name == trigger)?;
            let name = scaler.metric_name()?;
            metrics.iter().find(|metric| metric.name == *name).map(|metric| metric.value.as_f64())
        };
        match formula.run(&value_of) {
            Ok(value) => vec![ExternalMetric { name: COMPOSITE_METRIC.into(), value: MetricValue::from_f64(value) }],
            Err(_) => Vec::new(),
        }
    }

    /// Answers the HorizontalPodAutoscaler's question for a metric: the composite one asks every trigger.
    ///
    /// # Errors
    /// What the HorizontalPodAutoscaler is told if a trigger failed and no fallback is in force.
    pub fn metrics(
        &self,
        metric: &str,
        answer: &mut dyn FnMut(usize) -> Answer,
        cached: &CachedAnswers,
        replicas: TargetReplicas,
        health: &mut HealthStatus,
    ) -> Result<Vec<ExternalMetric>, String> {
        let is_composite = self.spec.scaling_modifiers.as_ref().is_some_and(|modifiers| !modifiers.target.is_empty());
        let (mut found, mut is_error, mut fallbacks) = (Vec::new(), false, Vec::new());
        for (index, scaler) in self.scalers.iter().enumerate() {
            let Some((name, target)) = scaler.external() else { continue };
            if !is_composite && !name.eq_ignore_ascii_case(metric) {
                continue;
            }
            let kept = cached.get(name).filter(|_| scaler.use_cached_metrics).cloned();
            let answer = kept.unwrap_or_else(|| answer(index));
            let answer = answer.map(|(value, _)| vec![ExternalMetric { name: name.clone(), value }]);
            match metrics_with_fallback(self.spec, (name, target), answer, replicas, health) {
                Ok((metrics, is_fallback)) => {
                    if is_fallback {
                        fallbacks.extend(metrics.iter().cloned());
                    }
                    found.extend(metrics);
                }
                Err(_) => is_error = true,
            }
        }
        if is_error && fallbacks.is_empty() {
            return Err(format!("metric:{metric} encountered error"));
        }
        if found.is_empty() {
            return Err(format!("no matching metrics found for {metric}"));
        }
        if self.spec.scaling_modifiers.is_none() {
            return Ok(found);
        }
        Ok(match fallbacks.into_iter().next() {
            Some(fallback) => vec![ExternalMetric { name: COMPOSITE_METRIC.into(), value: fallback.value }],
            None => self.composed(found),
        })
    }
}

/// Reads the triggers of a ScaledObject.
///
/// # Errors
/// KEDA's text of what is wrong with one.
pub fn read_triggers(spec: &ScaledObjectSpec) -> Result<Vec<Scaler>, String> {
    spec.triggers.iter().enumerate().map(|(index, trigger)| Scaler::new(trigger, index)).collect()
}

/// The names that a formula may use.
fn formula_names(spec: &ScaledObjectSpec) -> Vec<String> {
    let named = spec.triggers.iter().filter(|trigger| !trigger.is_resource() && !trigger.name.is_empty());
    named.map(|trigger| trigger.name.to_string()).collect()
}

/// The formula of a ScaledObject over its triggers that have names; `None` without one.
///
/// # Errors
/// Why it is refused.
pub fn compile_formula(spec: &ScaledObjectSpec) -> Result<Option<Formula>, String> {
    let Some(modifiers) = spec.scaling_modifiers.as_ref().filter(|modifiers| !modifiers.formula.is_empty()) else {
        return Ok(None);
    };
    Formula::compile(&modifiers.formula, &formula_names(spec)).map(Some).map_err(|error| error.to_string())
}
