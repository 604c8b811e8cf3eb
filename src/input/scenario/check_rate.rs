//! Rules for rates over time.

use super::check::Checker;
use super::rate::{Modulated, Rate, RatePoint, RateTrace, SelfSimilar, TraceName};
use crate::input::document::field_path::FieldPathBuf;
use crate::input::rate_trace::{read_rate_trace, where_rates_come_from};
use crate::units::SimDuration;

/// Shorter mean times in a state are taken for a slip.
const SHORTEST_STATE: SimDuration = SimDuration::from_millis(1);
/// Recorded requests are not later than that.
const LATEST_SECONDS: f64 = 315_576_000.0;
/// The most values of a self-similar rate: they are held in memory.
const MOST_VALUES: i64 = 1 << 22;

impl Checker<'_> {
    /// A rate; values of a file are read.
    pub fn check_rate(&mut self, path: &FieldPathBuf, rate: &mut Rate) {
        match rate {
            Rate::Constant(value) => self.require_not_negative(path.key("constant"), *value),
            Rate::Steps(points) => self.check_points(&path.key("steps"), points),
            Rate::Ramps(points) => self.check_points(&path.key("ramps"), points),
            Rate::Sine(sine) => {
                let path = path.key("sine");
                self.require_not_negative(path.key("mean"), sine.mean);
                self.require_not_negative(path.key("amplitude"), sine.amplitude);
                self.require(
                    sine.amplitude <= sine.mean,
                    path.key("amplitude"),
                    "is above `mean`: the rate would be negative",
                );
                self.require(
                    sine.period.get().as_nanos() > 0,
                    path.key("period"),
                    "is zero (expected a time above zero)",
                );
            }
            Rate::Diurnal(diurnal) => {
                let path = path.key("diurnal");
                self.require_not_negative(path.key("low"), diurnal.low);
                self.require(diurnal.high >= diurnal.low, path.key("high"), "is below `low`");
                let is_day = diurnal.peak_at.get().as_secs_f64() < 86_400.0;
                self.require(is_day, path.key("peakAt"), format!("`{}` is not within a day", diurnal.peak_at));
            }
            Rate::Spikes(spikes) => {
                let path = path.key("spikes");
                self.require_not_negative(path.key("base"), spikes.base);
                for (index, spike) in spikes.spikes.iter().enumerate() {
                    let path = path.key("spikes").index(index);
                    self.require_not_negative(path.key("height"), spike.height);
                    let is_long = spike.duration.get().as_nanos() > 0;
                    self.require(is_long, path.key("duration"), "is zero (expected a time above zero)");
                }
            }
            Rate::FlashCrowds(crowds) => {
                let path = path.key("flashCrowds");
                self.require_not_negative(path.key("base"), crowds.base);
                for (index, crowd) in crowds.crowds.iter().enumerate() {
                    let path = path.key("crowds").index(index);
                    self.require_not_negative(path.key("height"), crowd.height);
                    let is_long = crowd.half_life.get().as_nanos() > 0;
                    self.require(is_long, path.key("halfLife"), "is zero (expected a time above zero)");
                }
            }
            Rate::Modulated(modulated) => self.check_modulated(&path.key("modulated"), modulated),
            Rate::SelfSimilar(noise) => self.check_self_similar(&path.key("selfSimilar"), noise),
            Rate::Csv(csv) => {
                let path = path.key("csv");
                self.require(
                    csv.interval.get().as_nanos() > 0,
                    path.key("interval"),
                    "is zero (expected a time above zero)",
                );
                self.require_not_negative(path.key("scale"), csv.scale);
                let (file, column, scale) = (&csv.file, &csv.column, csv.scale);
                if let Some(values) = self.read_values(&path, file, column, scale) {
                    csv.values = values.into();
                }
            }
            Rate::Times(times) => {
                let path = path.key("times");
                let message = "is below 1ms (expected a longer time)";
                self.require(times.interval.get() >= SHORTEST_STATE, path.key("interval"), message);
                self.require_not_negative(path.key("scale"), times.scale);
                let (file, column, scale) = (&times.file, &times.column, times.scale);
                if let Some(values) = self.read_values(&path, file, column, scale) {
                    let message = format!("column `{column}` does not ascend");
                    self.require(values.is_sorted(), path.key("column"), message);
                    let is_near = values.last().is_none_or(|last| *last < LATEST_SECONDS);
                    self.require(is_near, path.key("scale"), "puts requests more than ten years after the start");
                    times.values = if is_near { values.into() } else { [].into() };
                }
            }
            Rate::Trace(trace) => self.check_rate_trace(&path.key("trace"), trace),
            Rate::Sum(parts) => self.check_parts(&path.key("sum"), parts),
            Rate::Product(parts) => self.check_parts(&path.key("product"), parts),
        }
    }

    /// A rate where none can be drawn: there is no stream of chance for it.
    pub fn check_settled_rate(&mut self, path: &FieldPathBuf, rate: &mut Rate) {
        if rate.is_drawn() {
            let message = "has a part that chance shapes (expected that only in the `rate` of a traffic entry)";
            self.error(path.clone(), message);
        }
        self.check_rate(path, rate);
    }

    fn check_modulated(&mut self, path: &FieldPathBuf, modulated: &Modulated) {
        let states = path.key("states");
        self.require(modulated.states.len() >= 2, states.clone(), "has fewer than two states");
        for (index, state) in modulated.states.iter().enumerate() {
            let path = states.index(index);
            self.require_not_negative(path.key("rate"), state.rate);
            let is_long = state.mean_duration.get() >= SHORTEST_STATE;
            self.require(is_long, path.key("meanDuration"), "is too short (expected 1ms or more)");
        }
    }

    fn check_self_similar(&mut self, path: &FieldPathBuf, noise: &SelfSimilar) {
        self.require_not_negative(path.key("mean"), noise.mean);
        self.require_not_negative(path.key("stddev"), noise.stddev);
        let hurst = noise.hurst;
        let message = format!("`{hurst}` is out of range (expected 0.5 to 0.99)");
        self.require((0.5..=0.99).contains(&hurst), path.key("hurst"), message);
        let message = "is below 1ms (expected a longer time)";
        self.require(noise.interval.get() >= SHORTEST_STATE, path.key("interval"), message);
    }

    /// The path of a rate that chance shapes is held in memory: it must not have too many values in a run.
    pub fn check_path_length(&mut self, path: &FieldPathBuf, rate: &Rate, duration: SimDuration) {
        let step = match rate {
            Rate::SelfSimilar(noise) => Some(noise.interval.get()),
            Rate::Modulated(modulated) => {
                let each = modulated.states.iter().map(|state| state.mean_duration.get().as_nanos());
                let whole = each.fold(0, i64::saturating_add);
                let states = i64::try_from(modulated.states.len()).unwrap_or(i64::MAX);
                whole.checked_div(states).map(SimDuration::from_nanos)
            }
            Rate::Sum(parts) | Rate::Product(parts) => {
                for part in parts {
                    self.check_path_length(path, part, duration);
                }
                None
            }
            _ => None,
        };
        let count = step.and_then(|step| duration.as_nanos().checked_div(step.as_nanos().max(1)));
        let message =
            format!("changes more than {MOST_VALUES} times in the run (expected longer intervals or a shorter run)");
        self.require(count.is_none_or(|count| count <= MOST_VALUES), path.clone(), message);
    }

    fn check_rate_trace(&mut self, path: &FieldPathBuf, trace: &mut RateTrace) {
        self.require_not_negative(path.key("scale"), trace.scale);
        let of_functions = trace.name == TraceName::AzureFunctions2019;
        if trace.function.is_some() && !of_functions {
            self.error(
                path.key("function"),
                "names a function, and the trace has none (expected `azure-functions-2019`)",
            );
        }
        if self.is_damaged(path) {
            return;
        }
        let file = match self.traces {
            Some(traces) if traces.join(&trace.file).is_file() => traces.join(&trace.file),
            _ => self.resolve(&trace.file),
        };
        match read_rate_trace(trace.name, &file, trace.from.get(), trace.scale, trace.function.as_deref()) {
            Ok(load) => trace.load = load,
            Err(error) => self.error_hint(path.key("file"), error.to_string(), where_rates_come_from(trace.name)),
        }
    }

    fn check_parts(&mut self, path: &FieldPathBuf, parts: &mut [Rate]) {
        self.require(!parts.is_empty(), path.clone(), "is empty (expected at least one rate)");
        for (index, part) in parts.iter_mut().enumerate() {
            self.check_rate(&path.index(index), part);
        }
    }

    fn check_points(&mut self, path: &FieldPathBuf, points: &[RatePoint]) {
        self.require(!points.is_empty(), path.clone(), "is empty (expected at least one point)");
        for (index, point) in points.iter().enumerate() {
            self.require_not_negative(path.index(index).key("rate"), point.rate);
            let is_later = index == 0 || points.get(index - 1).is_none_or(|before| before.at < point.at);
            self.require(is_later, path.index(index).key("at"), "is not after the point before it");
        }
    }
}
