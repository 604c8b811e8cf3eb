//! The pod as a server, by hand.

use super::*;

/// Ends of jobs that come at given times, in milliseconds: (comes, CPU, wait).
fn ends(shape: Shape, jobs: &[(i64, f64, i64)]) -> Vec<Option<f64>> {
    let mut station = Station::new(shape, SimDuration::from_secs(60), SimTime::ZERO);
    let mut arena = Arena::default();
    let mut ends = vec![None; jobs.len()];
    let note = |slot: Option<u32>, at: SimTime, ends: &mut Vec<Option<f64>>| {
        if let Some(slot) = slot {
            ends[slot as usize] = Some(at.as_secs_f64() * 1e3);
        }
    };
    for (index, (at, cpu, wait)) in jobs.iter().enumerate() {
        let now = SimTime::from_millis(*at);
        while station.next_at() <= now {
            let at = station.next_at();
            note(station.step(&mut arena), at, &mut ends);
        }
        let slot = arena.add(now, 0);
        assert_eq!(slot as usize, index);
        let job = Job { slot, cpu: cpu * 1e6, wait: SimDuration::from_millis(*wait) };
        station.offer(job, now);
    }
    while station.next_at() < SimTime::MAX {
        let at = station.next_at();
        note(station.step(&mut arena), at, &mut ends);
    }
    ends
}

const OPEN: Shape = Shape { cores: 1.0, quota: None, workers: usize::MAX, queue: 0 };

#[test]
fn requests_share_the_cpu() {
    let one_by_one = Shape { workers: 1, queue: 1, ..OPEN };
    let half = Shape { cores: 4.0, quota: Some(0.5), ..OPEN };
    type Case<'a> = (Shape, &'a [(i64, f64, i64)], &'a [Option<f64>], &'a str);
    let cases: [Case<'_>; 8] = [
        (OPEN, &[(0, 10.0, 0)], &[Some(10.0)], "alone at full speed"),
        (OPEN, &[(0, 10.0, 0), (0, 10.0, 0)], &[Some(20.0), Some(20.0)], "two at half speed"),
        (OPEN, &[(0, 10.0, 0), (5, 2.0, 0)], &[Some(12.0), Some(9.0)], "a short one overtakes"),
        (Shape { cores: 2.0, ..OPEN }, &[(0, 10.0, 0), (0, 10.0, 0)], &[Some(10.0), Some(10.0)], "a core each"),
        (one_by_one, &[(0, 10.0, 0), (1, 10.0, 0), (2, 10.0, 0)], &[Some(10.0), Some(20.0), None], "full"),
        (one_by_one, &[(0, 10.0, 5), (1, 10.0, 0)], &[Some(15.0), Some(25.0)], "waiting keeps the worker"),
        (half, &[(0, 40.0, 0)], &[Some(40.0)], "within the quota at full speed"),
        // 50 ms in each period of 100 ms; four at once use them up in 12.5 ms.
        (
            half,
            &[(0, 20.0, 0), (0, 20.0, 0), (0, 20.0, 0), (0, 20.0, 0)],
            &[Some(107.5), Some(107.5), Some(107.5), Some(107.5)],
            "throttled until the next period",
        ),
    ];
    for (shape, jobs, expected, why) in cases {
        let found = ends(shape, jobs);
        let same = found.iter().zip(expected).all(|pair| match pair {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-4,
            (found, expected) => found.is_none() && expected.is_none(),
        });
        assert!(same, "{why}: {found:?} is not {expected:?}");
    }
}

#[test]
fn a_quota_holds_over_time() {
    // Ten at once that want ten seconds of CPU on four cores with a limit of 1.5: 66 2/3 s.
    let shape = Shape { cores: 4.0, quota: Some(1.5), workers: usize::MAX, queue: 0 };
    let jobs: Vec<_> = (0..10).map(|_| (0, 10_000.0, 0)).collect();
    for end in ends(shape, &jobs) {
        let seconds = end.unwrap() / 1e3;
        assert!((66.5..66.7).contains(&seconds), "{seconds}");
    }
}

#[test]
fn what_was_used_is_known_for_a_while() {
    let mut station = Station::new(OPEN, SimDuration::from_secs(60), SimTime::ZERO);
    let mut arena = Arena::default();
    for second in 0..200 {
        let slot = arena.add(SimTime::from_secs(second), 0);
        station.offer(Job { slot, cpu: 250e6, wait: SimDuration::ZERO }, SimTime::from_secs(second));
        assert_eq!(station.step(&mut arena), Some(slot));
        arena.free(slot);
    }
    assert!(station.notes.len() < 65, "{}", station.notes.len());
    let used = station.used_between(SimTime::from_secs(150), SimTime::from_secs(170)) / 1e9;
    assert!((used - 5.0).abs() < 1e-6, "{used}");
}

/// When a request that comes at 0 with so many milliseconds of CPU is done, in milliseconds.
fn end_of(station: &mut Station, cpu: f64) -> f64 {
    let mut arena = Arena::default();
    let slot = arena.add(SimTime::ZERO, 0);
    station.offer(Job { slot, cpu: cpu * 1e6, wait: SimDuration::ZERO }, SimTime::ZERO);
    loop {
        let at = station.next_at();
        assert!(at < SimTime::MAX, "it is done some time");
        if station.step(&mut arena).is_some() {
            return at.as_secs_f64() * 1e3;
        }
    }
}

#[test]
fn what_a_node_gives_and_what_a_pod_uses_beside_change_how_long_a_request_takes() {
    let two = Shape { cores: 2.0, ..OPEN };
    let limited = Shape { cores: 4.0, quota: Some(0.5), ..OPEN };
    type Case<'a> = (Shape, f64, f64, f64, f64, &'a str);
    // Shape, cores that the node gives, cores used beside, CPU of the request, when it is done.
    let cases: [Case<'_>; 8] = [
        (OPEN, f64::INFINITY, 0.0, 10.0, 10.0, "alone"),
        (OPEN, 0.25, 0.0, 10.0, 40.0, "a quarter of a core"),
        (OPEN, f64::INFINITY, 0.2, 10.0, 12.5, "a fifth of the core is used otherwise"),
        (two, f64::INFINITY, 0.5, 10.0, 10.0, "there is a core besides"),
        (
            two,
            f64::INFINITY,
            1.5,
            10.0,
            15.0,
            "two other threads want 1.5 of two cores: 2/3 of a core for each of three",
        ),
        (OPEN, f64::INFINITY, 1.0, 10.0, 20.0, "two threads share the core"),
        (limited, f64::INFINITY, 0.0, 60.0, 110.0, "50 ms, then throttled, then 10 ms"),
        // It runs at one core and the rest at a quarter: 40 ms use up the quota of the period.
        (limited, f64::INFINITY, 0.25, 50.0, 110.0, "the rest uses up the quota too"),
    ];
    for (shape, gets, beside, cpu, expected, why) in cases {
        let mut station = Station::new(shape, SimDuration::from_secs(60), SimTime::ZERO);
        station.set_gets(gets, SimTime::ZERO);
        station.set_beside(beside, SimTime::ZERO);
        let end = end_of(&mut station, cpu);
        assert!((end - expected).abs() < 1e-4, "{why}: {end} is not {expected}");
    }
}

#[test]
fn a_pod_wants_what_its_threads_can_use() {
    let shape = Shape { cores: 2.0, quota: Some(0.5), ..OPEN };
    let mut station = Station::new(shape, SimDuration::from_secs(60), SimTime::ZERO);
    let mut arena = Arena::default();
    assert!(station.wants() < 1e-12, "idle");
    for (count, wants) in [(1_u32, 1.0), (2, 2.0), (3, 2.0)] {
        let slot = arena.add(SimTime::ZERO, 0);
        station.offer(Job { slot, cpu: 100e6, wait: SimDuration::ZERO }, SimTime::ZERO);
        assert!((station.wants() - wants).abs() < 1e-12, "{count} requests");
    }
    station.step(&mut arena);
    assert!(station.wants() < 1e-12, "throttled");
}
