//! Recorded lives of a revision, down to zero: `lifecycle.jsonl.gz`. The world around the decisions is the recorder's, as its
//! README states it: pods that are ready a fixed time after a patch, and a reconcile at each tick.

use super::super::answer::Exact;
use super::decisions::requeue_value;
use super::revision::{RecordedRevision, decider_value, result_fields, time};
use crate::api::ConditionStatus;
use crate::autoscaler::knative::autoscaler::{Autoscaler, initial_excess_burst_capacity};
use crate::autoscaler::knative::collector::{MetricCollector, Stat};
use crate::autoscaler::knative::decider::{DeciderSpec, MetricWindows};
use crate::autoscaler::knative::scaler::{SCALE_UNKNOWN, ScalerInputs, SksMode, scale};
use crate::autoscaler::knative::status::{KpaStatus, activators, compute_active_condition};
use crate::units::{SimDuration, SimTime};
use serde::Deserialize;
use serde_json::{Value, json};

/// A line of the recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LifecycleCase {
    id: String,
    #[serde(flatten)]
    revision: RecordedRevision,
    load: Vec<Exact>,
    pod_start_delay_seconds: usize,
    #[serde(default)]
    pods_never_ready: bool,
    activator_probe: bool,
    progress_deadline_seconds: i64,
    start_replicas: i32,
    expected: Value,
}

pub(super) fn id(case: &LifecycleCase) -> String {
    case.id.clone()
}

/// Pods that are ready at a second.
struct Pods {
    /// The replicas that have been started by each second.
    started: Vec<i32>,
    delay: usize,
    never_ready: bool,
}

impl Pods {
    fn patch(&mut self, second: usize, replicas: i32) {
        let replicas = if self.never_ready { 0 } else { replicas };
        self.started.iter_mut().skip(second + self.delay).for_each(|started| *started = replicas);
    }
}

/// The recorded answer and ours.
pub(super) fn replay(case: LifecycleCase) -> Result<(Value, Value), String> {
    let (config, revision) = (case.revision.config()?, case.revision.revision()?);
    let (spec, windows) = (DeciderSpec::new(&revision, &config), MetricWindows::new(&revision, &config));
    let mut collector = MetricCollector::new(&windows);
    let mut pods = Pods {
        started: vec![0; case.load.len()],
        delay: case.pod_start_delay_seconds,
        never_ready: case.pods_never_ready,
    };
    pods.patch(0, case.start_replicas);
    let start_ready = pods.started.first().copied().unwrap_or(0).min(case.start_replicas);
    let mut autoscaler = Autoscaler::new(&spec, start_ready, SimTime::ZERO);
    let mut status = KpaStatus::new(SimTime::ZERO);
    let (mut mode, mut proxy_since) = (SksMode::Proxy, Some(SimTime::ZERO));
    let initial_ebc = initial_excess_burst_capacity(&spec);
    let (mut desired, mut ebc, mut replicas) = (SCALE_UNKNOWN, initial_ebc, case.start_replicas);
    let mut ticks = Vec::new();
    for (second, Exact(load)) in case.load.iter().enumerate() {
        let now = time(i64::try_from(second).unwrap_or(i64::MAX) * 1000);
        collector.record(now, Stat { concurrency: *load, requests: *load, ..Stat::default() });
        if second % 2 == 0 {
            continue;
        }
        let ready = pods.started[second].min(replicas);
        let observed = collector.stable_and_panic(spec.scaling_metric, now);
        let result = autoscaler.scale(&spec, observed, ready, now);
        if let Some(result) = result {
            (desired, ebc) = (result.desired_pods, result.excess_burst_capacity);
        }
        let decision = scale(
            &ScalerInputs {
                revision: &revision,
                config: &config,
                progress_deadline: SimDuration::from_secs(case.progress_deadline_seconds),
                status,
                mode,
                proxy_since,
                replicas,
                activator_answers: case.activator_probe,
                now,
            },
            desired,
        );
        if let Some(patch) = decision.patch {
            replicas = patch;
            pods.patch(second, patch);
        }
        let is_unknown = decision.want == SCALE_UNKNOWN && status.active == ConditionStatus::False;
        let next = if !is_unknown && decision.want > 0 && ebc >= 0 { SksMode::Serve } else { SksMode::Proxy };
        if next != mode {
            mode = next;
            proxy_since = (mode == SksMode::Proxy).then_some(now);
        }
        compute_active_condition(&revision, &config, &mut status, (decision.want, ready), true, now);
        let mut fields = result_fields(observed, result);
        let of_the_life: [(&str, Value); 13] = [
            ("t", (second * 1000).into()),
            ("ready", ready.into()),
            ("deciderDesired", desired.into()),
            ("deciderEbc", ebc.into()),
            ("want", decision.want.into()),
            ("patch", decision.patch.into()),
            ("replicas", replicas.into()),
            ("mode", if mode == SksMode::Serve { "Serve" } else { "Proxy" }.into()),
            ("activators", activators(ready, &spec).into()),
            ("active", format!("{:?}", status.active).into()),
            ("reason", (!status.reason.is_empty()).then_some(status.reason).into()),
            ("initialized", status.is_initialized.into()),
            ("enqueueMs", requeue_value(&decision)),
        ];
        fields.extend(of_the_life.into_iter().map(|(key, value)| (key.to_owned(), value)));
        ticks.push(Value::Object(fields));
    }
    let actual = json!({
        "decider": decider_value(&spec, &windows),
        "initialDeciderEbc": initial_ebc,
        "ticks": ticks,
    });
    Ok((case.expected, actual))
}
