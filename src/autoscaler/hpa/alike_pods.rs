//! The pods of an object that a reconcile takes together: pods that have been running and ready for so long that they differ
//! in nothing but the phase in which their kubelets look at them.
//!
//! A reconcile reads of its pods nothing but sums and counts. Of pods that have one spec, share a load evenly and are past
//! every time that a rule looks back on, the samples follow from the phases alone, so a reconcile costs a few instructions for
//! each of them in place of a look at the pod, its start, its spec and its usage.

use super::metric::requests_are_whole;
use super::usage_source::{LoadShare, UsageSource};
use super::{AlikePods, HpaConfig};
use crate::api::{HorizontalPodAutoscaler, MetricSpec, MilliValue, PodPhase, PodSpec};
use crate::autoscaler::metrics::{MetricsServer, PodMetric, ScrapeWindow};
use crate::cluster::{Cluster, PodId, TemplateId};
use crate::engine::scatter;
use crate::units::{SimDuration, SimTime};

/// Pods that are taken together.
#[derive(Clone, Debug)]
pub(super) struct AlikeGroup {
    template: TemplateId,
    /// What each of them uses.
    pub share: LoadShare,
    /// The number of departures from the load when the first of them was added.
    departures: u64,
    /// Which they are.
    pods: Vec<PodId>,
    /// For each of them, when within the housekeeping interval its kubelet looks at it.
    looks: Vec<SimDuration>,
}

impl AlikeGroup {
    /// The sum of the pods' samples at `now`: `value` is that of a pod with this window. What they use has been the same
    /// since `steady_since`. `None` if a pod has no sample.
    pub fn sum(
        &self,
        server: &MetricsServer,
        now: SimTime,
        steady_since: Option<SimTime>,
        value: impl Fn(ScrapeWindow) -> Option<PodMetric>,
    ) -> Option<MilliValue> {
        let scrape = server.last_scrape(now);
        let (resolution, interval) = (server.metric_resolution, server.housekeeping_interval);
        // A window has one of two lengths, and of one that is steady nothing else matters.
        let is_steady = steady_since.is_some_and(|since| since <= scrape - resolution - interval);
        let mut known: [Option<(SimDuration, i64)>; 2] = [None; 2];
        let into = |time: SimTime| SimDuration::from_nanos(time.as_nanos().rem_euclid(interval.as_nanos()));
        let (into_last, into_previous) = (into(scrape), into(scrape - resolution));
        let since_look = |into: SimDuration, look: SimDuration| {
            let since = into - look;
            if since < SimDuration::ZERO { since + interval } else { since }
        };
        let mut sum: i64 = 0;
        for look in &self.looks {
            let last = scrape - since_look(into_last, *look);
            let window = ScrapeWindow::between(scrape - resolution - since_look(into_previous, *look), last);
            let length = window.length();
            let found = known.iter().flatten().find(|(known, _)| is_steady && *known == length);
            let value = match found {
                Some((_, value)) => *value,
                None => {
                    let value = value(window)?.value.get();
                    if let Some(free) = known.iter_mut().find(|known| known.is_none()) {
                        *free = Some((length, value));
                    }
                    value
                }
            };
            sum = sum.wrapping_add(value);
        }
        Some(MilliValue::new(sum))
    }
}

/// When within the housekeeping interval the kubelet looks at a container that has run since `running`; `phase`, a share of
/// the interval, is the time from its start to the first look.
fn look_of(running: SimTime, phase: f64, interval: SimDuration) -> SimDuration {
    SimDuration::from_nanos((running + interval.mul_f64(phase)).as_nanos().rem_euclid(interval.as_nanos()))
}

/// What decides when a pod can be taken together with others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ripening<'a> {
    /// Parameters of the controller.
    pub config: &'a HpaConfig,
    /// Parameters of metrics-server.
    pub server: &'a MetricsServer,
    /// Seed of the phases in which the kubelets look at containers.
    pub look_phases: u64,
    /// Now.
    pub now: SimTime,
}

impl Ripening<'_> {
    /// Whether pods are taken together at all: not where the metrics are read of each pod by itself, or the two points of a
    /// window are not those of the last two scrapes.
    pub fn is_possible(&self, hpa: &HorizontalPodAutoscaler) -> bool {
        let server = self.server;
        let is_regular = !server.instantaneous
            && server.housekeeping_interval > SimDuration::ZERO
            && server.housekeeping_interval <= server.metric_resolution;
        is_regular && !hpa.metrics.iter().any(|metric| matches!(metric, MetricSpec::Pods { .. }))
    }

    /// The share of a pod in its load, if it is past all that a rule looks back on, and when its containers started.
    fn share<U: UsageSource>(&self, id: PodId, cluster: &Cluster, usage: &U) -> Option<(LoadShare, SimTime)> {
        let pod = cluster.pod(id);
        let is_settled = pod.ready && pod.phase == PodPhase::Running && pod.exists() && pod.deletion.is_none();
        let start = pod.start_time.filter(|_| is_settled)?;
        if start + self.config.cpu_initialization_period > self.now {
            return None;
        }
        let oldest = self.now - self.server.longest_look_back() - self.server.metric_resolution;
        let running = usage.running_since(id).filter(|since| *since < oldest)?;
        Some((usage.share(id, oldest)?, running))
    }
}

/// The pods of one object, those that are taken together and the others.
#[derive(Debug, Default)]
pub(super) struct KnownPods {
    /// Of which selection of pods this is.
    selection: Option<u64>,
    groups: Vec<AlikeGroup>,
    /// The pods that stand by themselves, in order of creation.
    single: Vec<PodId>,
}

impl KnownPods {
    /// Everything is looked at anew at the next reconcile.
    pub fn clear(&mut self) {
        self.selection = None;
    }

    /// A pod was added.
    pub fn add(&mut self, pod: PodId) {
        if let Err(place) = self.single.binary_search(&pod) {
            self.single.insert(place, pod);
        }
    }

    /// A pod has changed or is gone.
    pub fn change(&mut self, pod: PodId, is_gone: bool) {
        match self.single.binary_search(&pod) {
            Ok(place) if is_gone => {
                self.single.remove(place);
            }
            Ok(_) => {}
            Err(place) => {
                let mut groups = self.groups.iter_mut();
                let was_together = groups.any(|group| {
                    let found = group.pods.iter().position(|member| *member == pod);
                    if let Some(position) = found {
                        group.pods.remove(position);
                        group.looks.remove(position);
                    }
                    found.is_some()
                });
                if was_together && !is_gone {
                    self.single.insert(place, pod);
                }
                self.groups.retain(|group| !group.pods.is_empty());
            }
        }
    }

    /// Looks at all pods anew if need be: `selected` are those of the object, of a selection with this number.
    pub fn update(&mut self, (selection, selected): (u64, &[PodId])) {
        if self.selection != Some(selection) {
            self.selection = Some(selection);
            self.groups.clear();
            self.single.clear();
            self.single.extend_from_slice(selected);
        }
    }

    /// Takes together what can be, and takes apart what no longer can.
    pub fn take_together<U: UsageSource>(
        &mut self,
        hpa: &HorizontalPodAutoscaler,
        ripening: &Ripening<'_>,
        cluster: &Cluster,
        usage: &U,
    ) {
        self.take_apart(usage);
        if !ripening.is_possible(hpa) {
            return;
        }
        let Self { groups, single, .. } = self;
        single.retain(|id| {
            let Some((share, running)) = ripening.share(*id, cluster, usage) else { return true };
            let template = cluster.pod(*id).template;
            let phase = scatter(ripening.look_phases, id.index() as u64);
            let look = look_of(running, phase, ripening.server.housekeeping_interval);
            if let Some(group) = groups.iter_mut().find(|group| group.template == template && group.share == share) {
                group.pods.push(*id);
                group.looks.push(look);
                return false;
            }
            if !requests_are_whole(hpa, &cluster.template(template).template.spec, ripening.config) {
                return true;
            }
            let departures = usage.departures(share);
            groups.push(AlikeGroup { template, share, departures, pods: vec![*id], looks: vec![look] });
            false
        });
    }

    /// The pods of groups of which one may have lost its share stand by themselves again.
    fn take_apart<U: UsageSource>(&mut self, usage: &U) {
        let Self { groups, single, .. } = self;
        let before = single.len();
        groups.retain_mut(|group| {
            let is_whole = usage.departures(group.share) == group.departures;
            if !is_whole {
                single.append(&mut group.pods);
            }
            is_whole
        });
        if single.len() != before {
            single.sort_unstable();
        }
    }

    /// The pods that stand by themselves, in order of creation.
    pub fn single(&self) -> &[PodId] {
        &self.single
    }

    /// The pods that are taken together, as the decision and its metrics see them.
    pub fn alike<'a>(&'a self, cluster: &'a Cluster) -> (Vec<AlikePods<'a>>, Vec<(&'a PodSpec, &'a AlikeGroup)>) {
        let spec = |group: &AlikeGroup| &cluster.template(group.template).template.spec;
        let pods = |group: &'a AlikeGroup| AlikePods {
            count: group.looks.len(),
            name: group.pods.first().map_or("", |first| &cluster.pod(*first).name),
            spec: spec(group),
        };
        (self.groups.iter().map(pods).collect(), self.groups.iter().map(|group| (spec(group), group)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::TemplateId;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_are_those_of_each_pod_by_itself(
            now in 1_000_000_u64..9_000_000,
            resolution in 1_u64..61,
            interval in 1_u64..61,
            first_scrape in 0_u64..60_000,
            pods in prop::collection::vec((0_u64..500_000, 0.0..1.0), 1..40),
            changes in prop::collection::vec((0_u64..120_000, 0_i64..3000), 0..4),
        ) {
            let millis = |value: u64| SimDuration::from_millis(i64::try_from(value).unwrap());
            let server = MetricsServer {
                metric_resolution: millis(resolution.max(interval) * 1000),
                housekeeping_interval: millis(interval * 1000),
                first_scrape: SimTime::ZERO + millis(first_scrape),
                ..MetricsServer::default()
            };
            let now = SimTime::ZERO + millis(now);
            // Usage from instants of the recent past on, in millicores; 250 before.
            let mut points = vec![(SimTime::from_secs(-1_000_000), 250)];
            points.extend(changes.iter().map(|(ago, cpu)| (now - millis(*ago), *cpu)));
            points.sort_by_key(|(from, _)| *from);
            let used_until = |time: SimTime| -> SimDuration {
                let ends = points.iter().skip(1).map(|(from, _)| *from).chain([SimTime::MAX]);
                let spans = points.iter().zip(ends).map(|((from, cpu), end)| {
                    let span = (end.min(time) - (*from).min(time)).max_zero();
                    SimDuration::from_nanos(span.as_nanos() / 1000 * cpu)
                });
                spans.fold(SimDuration::ZERO, |total, span| total + span)
            };
            let value = |window: ScrapeWindow| window.cpu(used_until(window.last) - used_until(window.previous));
            let started = |age: u64| now - server.longest_look_back() - server.metric_resolution - millis(age + 1);
            let group = AlikeGroup {
                template: TemplateId::from_index(0),
                share: LoadShare { load: 0, kind: 0, container: 0 },
                departures: 0,
                pods: Vec::new(),
                looks: pods
                    .iter()
                    .map(|(age, phase)| look_of(started(*age), *phase, server.housekeeping_interval))
                    .collect(),
            };
            let windows = pods.iter().map(|(age, phase)| server.window(now, started(*age), *phase).unwrap());
            let expected: i64 = windows.map(|window| value(window).unwrap().value.get()).sum();
            let steady_since = points.last().map(|(from, _)| *from);
            let found = group.sum(&server, now, steady_since, value);
            prop_assert_eq!(found, Some(MilliValue::new(expected)));
            prop_assert_eq!(group.sum(&server, now, None, value), found, "nothing is known of the load");
        }
    }
}
