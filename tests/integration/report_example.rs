//! Facts of a made-up day: a web service with a daily rhythm behind a HorizontalPodAutoscaler, batch pods, a node crash.
#![expect(clippy::cast_possible_truncation, reason = "made-up numbers are small")]

use std::f64::consts::TAU;
use std::sync::Arc;
use wavetank::record::*;
use wavetank::units::{Bytes, MilliCpu, NanoDollars, SimDuration, SimTime};

const GIB: i64 = 1 << 30;

/// Facts without anything, `seconds` long.
pub fn empty(seconds: i64) -> Facts {
    let mut cluster = ClusterSeries::new(SimDuration::from_secs(60));
    cluster.advance(SimTime::from_secs(seconds));
    Facts {
        scenario: "empty".to_owned(),
        seed: 1,
        start_unix_seconds: None,
        planned_duration: SimDuration::from_secs(seconds),
        end: SimTime::from_secs(seconds),
        interrupted: false,
        checksum: 0,
        events_handled: 0,
        scheduling_attempts: 0,
        framework_attempts: 0,
        pods: Vec::new(),
        nodes: Vec::new(),
        instances: Vec::new(),
        decisions: Vec::new(),
        traffic: Vec::new(),
        calls: Vec::new(),
        pools: Vec::new(),
        machine_types: Vec::new(),
        commitments: Vec::new(),
        cluster_fee: NanoDollars::ZERO,
        workloads: Vec::new(),
        jobs: Vec::new(),
        event_table: EventTable::default(),
        autoscalers: Vec::new(),
        autoscaling: Vec::new(),
        recommendations: Vec::new(),
        nominated_last: Vec::new(),
        actions: Vec::new(),
        recoveries: Vec::new(),
        cluster,
        remarks: Vec::new(),
    }
}

/// A pod that was created, bound two seconds later, ready eight seconds after that, and runs.
pub fn pod(name: &str, workload: &str, node: u32, created: SimTime) -> PodRecord {
    let group = PodGroup {
        namespace: "shop".into(),
        workload: workload.into(),
        cpu_request: MilliCpu::new(500),
        memory_request: Bytes::new(GIB),
        containers: 1,
        ..PodGroup::default()
    };
    PodRecord {
        group: Arc::new(group),
        name: name.into(),
        node: Some(node),
        created,
        scheduled: Some(created + SimDuration::from_secs(2)),
        running: Some(created + SimDuration::from_secs(8)),
        ready: Some(created + SimDuration::from_secs(10)),
        deletion_requested: None,
        deleted_as: "",
        ended: None,
        outcome: PodOutcome::Running,
        containers_ready_last: 1,
        is_listed_last: true,
        status_last: "Running",
        restarts: 0,
        scheduling_attempts: 1,
        reason: "".into(),
    }
}

/// Machines of four cores that cost nothing.
pub fn machine_type() -> MachineTypeRecord {
    MachineTypeRecord {
        pool: 0,
        instance_type: "m5.xlarge".into(),
        region: "us-east-1".into(),
        capacity_type: "on-demand",
        cpu_capacity: MilliCpu::new(4000),
        list_price: Some(NanoDollars::from_dollars(0.192)),
        price: Some(NanoDollars::ZERO),
        fee: NanoDollars::ZERO,
        machines: StepSeries::default(),
    }
}

/// A node of four cores.
pub fn node(name: &str) -> NodeRecord {
    NodeRecord {
        name: name.into(),
        pool: 0,
        zone: "zone-a".into(),
        instance_type: "m5.xlarge".into(),
        instance: None,
        created: SimTime::ZERO,
        deleted: None,
        capacity_type: "on-demand",
        machine_type: Some(0),
        paid_from: Some(SimTime::ZERO),
        paid_until: None,
        cpu_capacity: MilliCpu::new(4000),
        memory_capacity: Bytes::new(16 * GIB),
        cpu_allocatable: MilliCpu::new(4000),
        memory_allocatable: Bytes::new(16 * GIB),
        pods_allocatable: 110,
        extended_allocatable: Arc::from([]),
        cpu_requested_integral: 0,
        memory_requested_integral: 0,
        cpu_used_integral: 0,
        cpu_daemons_integral: 0,
        memory_daemons_integral: 0,
        cpu_fragmented_integral: 0,
        memory_fragmented_integral: 0,
        cpu_pod_cap_integral: 0,
        memory_pod_cap_integral: 0,
        used_for: SimDuration::from_hours(20),
        ready_for: SimDuration::from_hours(24),
        pods_bound: 0,
        pods_max: 0,
        pods_last: 0,
        cpu_requested_last: MilliCpu::ZERO,
        memory_requested_last: Bytes::ZERO,
        faults: 0,
        status_last: "Ready".into(),
    }
}

/// Requests per second over the day.
fn demand(hour: f64) -> f64 {
    let daily = 0.5 - 0.5 * ((hour - 3.0) / 24.0 * TAU).cos();
    let lunch = (-(hour - 12.5).powi(2) / 0.4).exp();
    200.0 + 1500.0 * daily + 700.0 * lunch
}

fn workload(name: &str) -> WorkloadRecord {
    WorkloadRecord {
        namespace: "shop".into(),
        name: name.into(),
        desired: StepSeries::default(),
        current: StepSeries::default(),
        ready: StepSeries::default(),
        updated_last: 0,
        available_last: 0,
        proposed: StepSeries::default(),
        request_rate_milli: LoadSeries::new(SimDuration::from_secs(60)),
        request_rate_unserved_milli: LoadSeries::new(SimDuration::from_secs(60)),
        cpu_used: LoadSeries::new(SimDuration::from_secs(60)),
        cpu_requested: StepSeries::default(),
    }
}

fn decision(
    spec: &Arc<AutoscalerSpec>,
    at: SimTime,
    before: i64,
    proposed: i64,
    after: i64,
    rate: f64,
) -> AutoscalingRecord {
    let metric = MetricRecord {
        current: Some((rate / before.max(1) as f64).round()),
        proposal: Some(i32::try_from(proposed).unwrap()),
        error: "".into(),
    };
    AutoscalingRecord {
        at,
        autoscaler: Arc::clone(spec),
        current_replicas: i32::try_from(before).unwrap(),
        ready_pods: u32::try_from(before).unwrap(),
        metrics: [metric].into_iter().collect(),
        proposed_replicas: Some(i32::try_from(proposed).unwrap()),
        desired_replicas: i32::try_from(after).unwrap(),
        able_to_scale_reason: if after > proposed { "ScaleDownStabilized" } else { "ReadyForNewScale" },
        scaling_active_reason: "ValidMetricFound",
        scaling_limited_reason: if proposed > 30 { "TooManyReplicas" } else { "DesiredWithinRange" },
    }
}

/// The whole day.
#[expect(clippy::too_many_lines, reason = "a day in order of time")]
pub fn day() -> Facts {
    let mut facts = empty(0);
    "black-friday".clone_into(&mut facts.scenario);
    facts.seed = 42;
    facts.start_unix_seconds = Some(1_795_737_600);
    facts.planned_duration = SimDuration::from_hours(24);
    facts.end = SimTime::from_secs(86_400);
    facts.events_handled = 812_345;
    facts.remarks.push("shared GPUs of 3 pods were rounded up to whole ones".to_owned());
    let mut web = workload("Deployment/web");
    let mut extra: Vec<WorkloadRecord> =
        ["Deployment/cart", "StatefulSet/db"].iter().map(|name| workload(name)).collect();
    let mut nodes_series = StepSeries::default();
    let (mut cpu_series, mut memory_series) = (StepSeries::default(), StepSeries::default());
    let mut pool_requested = IntervalSeries::new(SimDuration::from_secs(60));
    let crash = SimTime::from_secs(50_400);
    let restored = SimTime::from_secs(50_400 + 372);
    let (mut desired, mut last_high) = (6_i64, 0_i64);
    let spec = Arc::new(AutoscalerSpec {
        namespace: "shop".into(),
        name: "web".into(),
        target: "Deployment/web".into(),
        metrics: vec![MetricSpecRecord {
            name: "cpu resource utilization (percentage of request)".into(),
            resource: Some("cpu".into()),
            target: 60.0,
            target_text: "60%".into(),
        }],
    });
    let mut decisions = DecisionLog::new(SimDuration::from_secs(60));
    let cluster = &mut facts.cluster;
    for (workload, replicas) in extra.iter_mut().zip([4, 3]) {
        workload.desired.set(SimTime::ZERO, replicas);
        workload.current.set(SimTime::ZERO, replicas);
        workload.ready.set(SimTime::ZERO, 0);
        workload.ready.set(SimTime::from_secs(30), replicas);
        workload.ready.set(crash, replicas - 1);
        workload.ready.set(restored, replicas);
        workload.cpu_used.set(SimTime::ZERO, 300 * replicas);
        (workload.updated_last, workload.available_last) = (replicas, replicas);
    }
    for step in 0..(86_400 / 15) {
        let now = SimTime::from_secs(step * 15);
        let rate = demand(now.as_secs_f64() / 3600.0) * (1.0 + 0.03 * ((step * 7919 % 101) as f64 / 50.0 - 1.0));
        let proposed = (rate / 72.0).ceil() as i64;
        let bounded = proposed.clamp(3, 30);
        let before = desired;
        if bounded > desired {
            (desired, last_high) = (bounded, step);
        } else if bounded < desired && step - last_high >= 20 {
            (desired, last_high) = (desired - 1, step);
        }
        decisions.add(0, decision(&spec, now, before, proposed, desired, rate));
        let lost = if now >= crash && now < restored { 4 } else { 0 };
        let ready = if desired > before { before } else { desired } - lost;
        let served = (ready as f64 * 74.0).min(rate);
        web.desired.set(now, desired);
        web.current.set(now, desired);
        web.proposed.set(now, proposed);
        web.ready.set(now, ready);
        web.request_rate_milli.set(now, (rate * 1000.0) as i64);
        web.request_rate_unserved_milli.set(now, ((rate - served) * 1000.0) as i64);
        web.cpu_used.set(now, (served * 4.2) as i64);
        web.cpu_requested.set(now, ready * 500);
        let batch = if (28_800..36_000).contains(&(step * 15)) { 12 } else { 2 };
        let nodes = ((desired + 7 + batch) / 7 + 1) - i64::from(lost > 0);
        cluster.nodes.set(now, nodes + i64::from(lost > 0));
        cluster.nodes_ready.set(now, nodes);
        cluster.cpu_allocatable.set(now, 4000 * (nodes + i64::from(lost > 0)));
        cluster.memory_allocatable.set(now, 16 * GIB * (nodes + i64::from(lost > 0)));
        cluster.cpu_requested.set(now, 500 * (ready + 7) + 800 * batch);
        cluster.cpu_used.set(now, (served * 4.2) as i64 + 2100 + 600 * batch);
        cluster.memory_requested.set(now, GIB * (ready + 14 + 2 * batch));
        cluster.memory_used.set(now, GIB * (ready + 9 + batch));
        cluster.pods_bound.set(now, ready + 7 + batch);
        cluster.pods_ready.set(now, ready + 7 + batch);
        cluster.pods_pending.set(now, (desired - before).max(0) + lost + if step == 1920 { 10 } else { 0 });
        nodes_series.set(now, nodes);
        cluster.nodes_used.set(now, nodes - 1);
        cluster.cpu_stranded.set(now, 300 * nodes);
        cluster.memory_stranded.set(now, GIB * batch);
        cpu_series.set(now, 4000 * nodes);
        memory_series.set(now, 16 * GIB * nodes);
        pool_requested.set(now, 500 * (ready + 7) + 800 * batch);
    }
    for workload in extra.iter_mut().chain([&mut web]) {
        workload.request_rate_milli.advance(facts.end);
        workload.request_rate_unserved_milli.advance(facts.end);
        workload.cpu_used.advance(facts.end);
    }
    (web.updated_last, web.available_last) = (desired, desired);
    for index in 0..3 {
        let mut record = node(&format!("general-{index}"));
        record.cpu_requested_integral = 2_600 * 86_400_000_000_000;
        record.cpu_used_integral = 1_900 * 86_400_000_000_000;
        record.memory_requested_integral = i128::from(7 * GIB) * 86_400_000_000_000;
        (record.pods_bound, record.pods_max, record.pods_last) = (40, 9, 6);
        record.cpu_requested_last = MilliCpu::new(2500);
        record.memory_requested_last = Bytes::new(6 * GIB);
        facts.nodes.push(record);
    }
    facts.nodes[1].faults = 1;
    facts.nodes[2].status_last = "Ready,SchedulingDisabled".into();
    for index in 0..40_i64 {
        let mut record = pod(
            &format!("web-6d5f-{index:02}"),
            "Deployment/web",
            u32::try_from(index % 3).unwrap(),
            SimTime::from_secs(index * 600),
        );
        let later = SimTime::from_secs(index * 600 + 40_000);
        if index % 3 == 1 && record.created < crash {
            (record.ended, record.outcome, record.reason) = (Some(crash), PodOutcome::Evicted, "NodeNotReady".into());
        } else if index > 30 {
            record.outcome = PodOutcome::Running;
        } else {
            (record.ended, record.outcome) = (Some(later), PodOutcome::Deleted);
        }
        record.is_listed_last = record.ended.is_none();
        facts.pods.push(record);
    }
    for index in 0..3 {
        let mut record = pod(&format!("db-{index}"), "StatefulSet/db", index, SimTime::ZERO);
        record.restarts = index;
        facts.pods.push(record);
    }
    let mut waiting = pod("report-1", "", 0, SimTime::from_secs(80_000));
    (waiting.node, waiting.scheduled, waiting.running, waiting.ready) = (None, None, None, None);
    (waiting.outcome, waiting.containers_ready_last, waiting.status_last) = (PodOutcome::Pending, 0, "Pending");
    waiting.reason = "0/3 nodes are available: 3 Insufficient cpu.".into();
    let mut impossible = waiting.clone();
    (impossible.name, impossible.outcome) = ("report-2".into(), PodOutcome::Impossible);
    facts.pods.extend([waiting, impossible]);
    facts.scheduling_attempts = 61;
    facts.workloads = std::iter::once(web).chain(extra).collect();
    let (kept, mut autoscalers) = decisions.finish();
    facts.autoscaling = kept;
    let (decisions, last) = autoscalers.remove(0);
    facts.autoscalers.push(AutoscalerRecord {
        spec,
        created: SimTime::ZERO,
        removed: false,
        min_replicas: 3,
        max_replicas: 30,
        decisions,
        last,
    });
    facts.pools.push(PoolRecord {
        name: "general".into(),
        instance_type: "m5.xlarge".into(),
        nodes: nodes_series.clone(),
        cpu_allocatable: cpu_series.clone(),
        memory_allocatable: memory_series.clone(),
        cpu_requested: pool_requested,
    });
    let mut spot = facts.pools[0].clone();
    spot.name = "spot".into();
    facts.pools.push(spot);
    for (pool, capacity_type, price) in [(0, "on-demand", 0.192), (1, "spot", 0.06)] {
        facts.machine_types.push(MachineTypeRecord {
            pool,
            capacity_type,
            price: Some(NanoDollars::from_dollars(price)),
            machines: facts.pools[0].nodes.clone(),
            ..machine_type()
        });
    }
    facts.recoveries.push(RecoveryRecord {
        kind: FaultKind::NodeCrash,
        subject: "general-1".into(),
        workloads: vec![0],
        struck: crash,
        ended: Some(SimTime::from_secs(52_000)),
        detected: Some(crash + SimDuration::from_secs(46)),
        evicted: Some(crash + SimDuration::from_secs(346)),
        pods_affected: 6,
        pods_lost: 6,
        pods_unreplaced: 0,
        replacements_scheduled: 6,
        replacements_ready: 6,
        last_scheduled: Some(crash + SimDuration::from_secs(350)),
        restored: Some(restored),
        missing_replica_nanos: 6 * 372_000_000_000,
    });
    let table = &mut facts.event_table;
    let kind =
        table.kind(EventKind { event_type: EventType::Normal, reason: "NodeNotReady", source: "node-controller" });
    let subject = table.object("Node", "".into(), "general-1".into());
    let message = table.text("Node general-1 status is now: NodeNotReady".into());
    let first = crash + SimDuration::from_secs(46);
    table.rows.push(EventRow { first, last: first, count: 1, kind, subject, message });
    facts.cluster.advance(facts.end);
    for pool in &mut facts.pools {
        pool.cpu_requested.advance(facts.end);
    }
    facts
}
