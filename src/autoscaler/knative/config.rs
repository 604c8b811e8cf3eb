//! `config-autoscaler` of `knative-serving` (`pkg/autoscaler/config/config.go`): keys that are missing are defaults, and what is
//! refused is refused with Knative's text.

use super::go_duration;
use crate::units::SimDuration;
use std::collections::BTreeMap;

/// The least target (`autoscaling.TargetMin`).
pub const TARGET_MIN: f64 = 0.01;
/// The default of `*-target-percentage`, as a share.
const TARGET_UTILIZATION: f64 = 0.7;
/// The bounds of `stable-window`.
const WINDOW_MIN: SimDuration = SimDuration::from_secs(6);
const WINDOW_MAX: SimDuration = SimDuration::from_secs(3600);

/// The parameters of all autoscalers of a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct KpaConfig {
    /// `enable-scale-to-zero`.
    pub enable_scale_to_zero: bool,
    /// `allow-zero-initial-scale`.
    pub allow_zero_initial_scale: bool,
    /// `max-scale-up-rate`.
    pub max_scale_up_rate: f64,
    /// `max-scale-down-rate`.
    pub max_scale_down_rate: f64,
    /// `container-concurrency-target-percentage`, as a share.
    pub container_concurrency_target_fraction: f64,
    /// `container-concurrency-target-default`.
    pub container_concurrency_target_default: f64,
    /// The share of a target in requests per second, which has no key.
    pub target_utilization: f64,
    /// `requests-per-second-target-default`.
    pub rps_target_default: f64,
    /// `target-burst-capacity`; -1 keeps the activator in the path.
    pub target_burst_capacity: f64,
    /// `panic-window-percentage`.
    pub panic_window_percentage: f64,
    /// `activator-capacity`.
    pub activator_capacity: f64,
    /// `panic-threshold-percentage`.
    pub panic_threshold_percentage: f64,
    /// `initial-scale`.
    pub initial_scale: i32,
    /// `min-scale`.
    pub min_scale: i32,
    /// `max-scale`; 0 is no bound.
    pub max_scale: i32,
    /// `max-scale-limit`; 0 is no limit.
    pub max_scale_limit: i32,
    /// `stable-window`.
    pub stable_window: SimDuration,
    /// `scale-down-delay`.
    pub scale_down_delay: SimDuration,
    /// `scale-to-zero-grace-period`.
    pub scale_to_zero_grace_period: SimDuration,
    /// `scale-to-zero-pod-retention-period`.
    pub scale_to_zero_pod_retention_period: SimDuration,
}

impl Default for KpaConfig {
    fn default() -> Self {
        Self {
            enable_scale_to_zero: true,
            allow_zero_initial_scale: false,
            max_scale_up_rate: 1000.0,
            max_scale_down_rate: 2.0,
            container_concurrency_target_fraction: TARGET_UTILIZATION,
            container_concurrency_target_default: 100.0,
            target_utilization: TARGET_UTILIZATION,
            rps_target_default: 200.0,
            target_burst_capacity: 211.0,
            panic_window_percentage: 10.0,
            activator_capacity: 100.0,
            panic_threshold_percentage: 200.0,
            initial_scale: 1,
            min_scale: 0,
            max_scale: 0,
            max_scale_limit: 0,
            stable_window: SimDuration::from_secs(60),
            scale_down_delay: SimDuration::ZERO,
            scale_to_zero_grace_period: SimDuration::from_secs(30),
            scale_to_zero_pod_retention_period: SimDuration::ZERO,
        }
    }
}

/// Reads the values of a ConfigMap.
struct Reader<'a> {
    data: &'a BTreeMap<String, String>,
}

impl Reader<'_> {
    fn value<T>(&self, key: &str, target: &mut T, read: impl Fn(&str) -> Result<T, String>) -> Result<(), String> {
        let Some(text) = self.data.get(key) else { return Ok(()) };
        *target = read(text).map_err(|problem| format!("failed to parse data: failed to parse {key:?}: {problem}"))?;
        Ok(())
    }

    fn boolean(&self, key: &str, target: &mut bool) -> Result<(), String> {
        self.value(key, target, |text| match text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
        })
    }

    fn float(&self, key: &str, target: &mut f64) -> Result<(), String> {
        self.value(key, target, |text| {
            let problem = |problem: &str| format!("strconv.ParseFloat: parsing {text:?}: {problem}");
            let value: f64 = text.parse().map_err(|_| problem("invalid syntax"))?;
            let is_beyond = value.is_infinite() && text.contains(|character: char| character.is_ascii_digit());
            if is_beyond { Err(problem("value out of range")) } else { Ok(value) }
        })
    }

    fn integer(&self, key: &str, target: &mut i32) -> Result<(), String> {
        self.value(key, target, |text| {
            text.parse().map_err(|_| {
                let is_number = text.parse::<i128>().is_ok();
                let problem = if is_number { "value out of range" } else { "invalid syntax" };
                format!("strconv.ParseInt: parsing {text:?}: {problem}")
            })
        })
    }

    fn duration(&self, key: &str, target: &mut SimDuration) -> Result<(), String> {
        self.value(key, target, go_duration::parse)
    }
}

impl KpaConfig {
    /// Reads the `data` of the ConfigMap (`NewConfigFromMap`).
    ///
    /// # Errors
    /// Knative's text of the first problem.
    pub fn from_map(data: &BTreeMap<String, String>) -> Result<Self, String> {
        let mut config = Self::default();
        let reader = Reader { data };
        reader.boolean("enable-scale-to-zero", &mut config.enable_scale_to_zero)?;
        reader.boolean("allow-zero-initial-scale", &mut config.allow_zero_initial_scale)?;
        reader.float("max-scale-up-rate", &mut config.max_scale_up_rate)?;
        reader.float("max-scale-down-rate", &mut config.max_scale_down_rate)?;
        reader.float("container-concurrency-target-percentage", &mut config.container_concurrency_target_fraction)?;
        reader.float("container-concurrency-target-default", &mut config.container_concurrency_target_default)?;
        reader.float("requests-per-second-target-default", &mut config.rps_target_default)?;
        reader.float("target-burst-capacity", &mut config.target_burst_capacity)?;
        reader.float("panic-window-percentage", &mut config.panic_window_percentage)?;
        reader.float("activator-capacity", &mut config.activator_capacity)?;
        reader.float("panic-threshold-percentage", &mut config.panic_threshold_percentage)?;
        reader.integer("initial-scale", &mut config.initial_scale)?;
        reader.integer("min-scale", &mut config.min_scale)?;
        reader.integer("max-scale", &mut config.max_scale)?;
        reader.integer("max-scale-limit", &mut config.max_scale_limit)?;
        reader.duration("stable-window", &mut config.stable_window)?;
        reader.duration("scale-down-delay", &mut config.scale_down_delay)?;
        reader.duration("scale-to-zero-grace-period", &mut config.scale_to_zero_grace_period)?;
        reader.duration("scale-to-zero-pod-retention-period", &mut config.scale_to_zero_pod_retention_period)?;
        // A share may be written as such.
        if config.container_concurrency_target_fraction > 1.0 {
            config.container_concurrency_target_fraction /= 100.0;
        }
        match config.problem() {
            Some(problem) => Err(problem),
            None => Ok(config),
        }
    }

    /// What is wrong with the values (`validate`).
    fn problem(&self) -> Option<String> {
        self.duration_problem().or_else(|| self.rate_problem()).or_else(|| self.window_problem()).or_else(|| {
            let limit = self.max_scale_limit;
            let least = i32::from(limit > 0);
            if self.initial_scale < 0 || (self.initial_scale == 0 && !self.allow_zero_initial_scale) {
                let rule = "must be at least 0 (or at least 1 when allow-zero-initial-scale is false)";
                return Some(format!("initial-scale = {}, {rule}", self.initial_scale));
            }
            if self.min_scale < 0 {
                return Some(format!("min-scale = {}, must be at least 0", self.min_scale));
            }
            if self.max_scale < least || (limit > 0 && self.max_scale > limit) {
                let range = format!("[{least}, max-scale-limit({limit})]");
                return Some(format!("max-scale = {}, must be in {range} range", self.max_scale));
            }
            if limit < 0 {
                return Some(format!("max-scale-limit = {limit}, must be at least 0"));
            }
            (self.min_scale > self.max_scale && self.max_scale > 0)
                .then(|| format!("min-scale ({}) must be less than max-scale ({})", self.min_scale, self.max_scale))
        })
    }

    fn duration_problem(&self) -> Option<String> {
        let grace = self.scale_to_zero_grace_period;
        if grace <= SimDuration::ZERO {
            return Some(format!("scale-to-zero-grace-period must be positive, was: {}", go_duration::write(grace)));
        }
        let delay = go_duration::write(self.scale_down_delay);
        if self.scale_down_delay < SimDuration::ZERO {
            return Some(format!("scale-down-delay cannot be negative, was: {delay}"));
        }
        if !is_whole_seconds(self.scale_down_delay) {
            return Some(format!("scale-down-delay = {delay}, must be specified with at most second precision"));
        }
        let retention = self.scale_to_zero_pod_retention_period;
        (retention < SimDuration::ZERO).then(|| {
            format!("scale-to-zero-pod-retention-period cannot be negative, was: {}", go_duration::write(retention))
        })
    }

    fn rate_problem(&self) -> Option<String> {
        let burst = self.target_burst_capacity;
        #[expect(clippy::float_cmp, reason = "the value is a marker")]
        if burst < 0.0 && burst != -1.0 {
            let rule = "must be either non-negative or -1 (for unlimited)";
            return Some(format!("target-burst-capacity {rule}, was: {burst:.6}"));
        }
        let share = self.container_concurrency_target_fraction;
        if share <= 0.0 || share > 1.0 {
            let range = "is outside of valid range of (0, 100]";
            return Some(format!("container-concurrency-target-percentage = {share:.6} {range}"));
        }
        let target = share * self.container_concurrency_target_default;
        if target < TARGET_MIN {
            let keys = "container-concurrency-target-percentage and container-concurrency-target-default";
            let target = written(target);
            return Some(format!("{keys} yield target concurrency of {target}, can't be less than {TARGET_MIN}"));
        }
        if self.rps_target_default < TARGET_MIN {
            let rule = format!("must be at least {TARGET_MIN}");
            return Some(format!(
                "requests-per-second-target-default {rule}, was: {}",
                written(self.rps_target_default)
            ));
        }
        if self.activator_capacity < 1.0 {
            return Some(format!("activator-capacity = {}, must be at least 1", written(self.activator_capacity)));
        }
        let rates = [("max-scale-up-rate", self.max_scale_up_rate), ("max-scale-down-rate", self.max_scale_down_rate)];
        let (key, rate) = rates.into_iter().find(|(_, rate)| *rate <= 1.0)?;
        Some(format!("{key} = {}, must be greater than 1.0", written(rate)))
    }

    fn window_problem(&self) -> Option<String> {
        let window = go_duration::write(self.stable_window);
        if self.stable_window < WINDOW_MIN || self.stable_window > WINDOW_MAX {
            let (least, most) = (go_duration::write(WINDOW_MIN), go_duration::write(WINDOW_MAX));
            return Some(format!("stable-window = {window}, must be in [{least}; {most}] range"));
        }
        if !is_whole_seconds(self.stable_window) {
            return Some(format!("stable-window = {window}, must be specified with at most second precision"));
        }
        let percentage = self.panic_window_percentage;
        (!(1.0..=100.0).contains(&percentage))
            .then(|| format!("panic-window-percentage = {}, must be in [1, 100] interval", written(percentage)))
    }
}

/// A float as Go's `%v` writes it: with an exponent where it is very small or large.
fn written(value: f64) -> String {
    let size = value.abs();
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if size == 0.0 || value.is_nan() || (1e-4..1e21).contains(&size) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}e{sign}{exponent:0>2}")
}

fn is_whole_seconds(duration: SimDuration) -> bool {
    duration.as_nanos() % 1_000_000_000 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_knative_refuses() {
        let cases: [(&[(&str, &str)], &str); 8] = [
            (&[("scale-down-delay", "-1s")], "scale-down-delay cannot be negative, was: -1s"),
            (&[("stable-window", "2h")], "stable-window = 2h0m0s, must be in [6s; 1h0m0s] range"),
            (&[("min-scale", "5"), ("max-scale", "2")], "min-scale (5) must be less than max-scale (2)"),
            (
                &[("requests-per-second-target-default", "0.00001")],
                "requests-per-second-target-default must be at least 0.01, was: 1e-05",
            ),
            (
                &[("max-scale-up-rate", "1e400")],
                "failed to parse data: failed to parse \"max-scale-up-rate\": strconv.ParseFloat: parsing \"1e400\": value out of range",
            ),
            (
                &[("min-scale", "1.5")],
                "failed to parse data: failed to parse \"min-scale\": strconv.ParseInt: parsing \"1.5\": invalid syntax",
            ),
            (
                &[("container-concurrency-target-percentage", "0")],
                "container-concurrency-target-percentage = 0.000000 is outside of valid range of (0, 100]",
            ),
            (
                &[("container-concurrency-target-default", "0.0001")],
                "container-concurrency-target-percentage and container-concurrency-target-default yield target concurrency of 7e-05, can't be less than 0.01",
            ),
        ];
        for (data, expected) in cases {
            let data = data.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            assert_eq!(KpaConfig::from_map(&data), Err(expected.to_owned()));
        }
    }
}
