//! Runs of days: what is kept of them follows what is decided and the intervals of the timeline, not the ticks of curves and
//! the syncs of controllers.

use crate::behaviour;
use wavetank::record::Facts;
use wavetank::report::{OutputOptions, summarize, write_all};

/// A service whose requests follow the time of day, under a HorizontalPodAutoscaler, with a timeline of hours.
fn service(days: u32) -> Facts {
    let manifests = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: app:v1, resources: {requests: {cpu: 250m}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 20
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]
";
    let spec = format!(
        "duration: {}h
        output: {{timelineInterval: 1h}}
        traffic:
        - {{target: deployment/default/web, rate: {{diurnal: {{low: 20, high: 180, peakAt: 20h}}}}, cpuPerRequest: 10ms}}",
        days * 24
    );
    behaviour::run(2, "", manifests, &spec)
}

#[test]
fn records_grow_with_decisions_and_intervals() {
    for days in [1, 4] {
        let facts = service(days);
        let intervals = days as usize * 24;
        let decisions = facts.autoscalers[0].decisions;
        let changes = decisions.scale_ups + decisions.scale_downs;
        assert!(decisions.all > days as usize * 5700, "a decision every 15 s: {decisions:?}");
        assert!(changes >= days as usize * 10, "it follows the day: {decisions:?}");
        // Around a change of replicas the reasons of conditions change, too.
        let kept = facts.autoscaling.len();
        assert!(kept <= intervals + 6 * changes, "{kept} decisions kept of {decisions:?}");
        assert!(kept >= changes, "{kept} decisions kept of {decisions:?}");
        let scalings = facts.autoscaling.iter().filter(|decision| decision.changes_replicas());
        assert_eq!(scalings.count(), changes, "each change of replicas is kept");
        let rate = &facts.workloads[0].request_rate_milli;
        let points = rate.points().count();
        assert!((intervals..=intervals + 1).contains(&points), "{points} points of {} minutes", days * 1440);
        // The mean of a day is that of its ends, 100 requests per second, kept in thousandths.
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
        let offered = rate.total() as f64 / 1e12;
        assert!((offered / (f64::from(days) * 86_400.0 * 100.0) - 1.0).abs() < 1e-5, "{offered} requests");
    }
}

#[test]
fn tables_grow_with_decisions_and_intervals() {
    let facts = service(2);
    let folder = tempfile::tempdir().unwrap();
    let options = OutputOptions { svg: false, png: false, ..OutputOptions::default() };
    write_all(&facts, &summarize(&facts), folder.path(), &options).unwrap();
    let rows = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap().lines().count() - 1;
    assert_eq!(rows("autoscaling.csv"), facts.autoscaling.len());
    assert_eq!(rows("timeline.csv"), 48);
    let workload = &facts.workloads[0];
    let steps = [&workload.desired, &workload.current, &workload.ready, &workload.proposed, &workload.cpu_requested];
    let loads = [&workload.request_rate_milli, &workload.request_rate_unserved_milli, &workload.cpu_used];
    let changes = steps.map(|series| series.points().len()).into_iter().sum::<usize>()
        + loads.map(|series| series.points().count()).into_iter().sum::<usize>();
    assert!(rows("workloads.csv") <= changes + 1, "{} rows of {changes} changes", rows("workloads.csv"));
    assert!(changes < 1000, "{changes} changes in 2,880 minutes and 11,520 decisions");
}
