//! Sweeps give the same bytes on any number of threads, survive failing runs, and go on where they were interrupted.

use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use wavetank::study::sweep::{
    Attempt, JOURNAL_FILE, Metrics, Model, Parameter, Plan, Point, PreparedPoint, Run, RunError, RunOutcome,
    SUMMARY_FILE, SWEEP_FILE, SweepOptions, SweepResult, execute, summarize_points, write_tables,
};

/// Metrics that are a formula of parameter and seed, a panic, an error, and an interrupt after some runs.
#[derive(Default)]
struct Formula {
    fingerprint: u64,
    panics_at: Option<(i64, u64)>,
    refuses: Option<i64>,
    interrupt_after: Option<usize>,
    interrupt: AtomicBool,
    played: AtomicUsize,
}

impl Model for Formula {
    type Prepared = i64;

    fn prepare(&self, point: &Point) -> Result<PreparedPoint<i64>, RunError> {
        let nodes = point.values[0].1.as_i64().unwrap();
        if self.refuses == Some(nodes) {
            return Err(RunError(format!("{nodes} nodes are refused")));
        }
        Ok(PreparedPoint { prepared: nodes, fingerprint: self.fingerprint ^ (point.index as u64), first_seed: 10 })
    }

    #[expect(clippy::cast_precision_loss, reason = "the numbers of the test are small")]
    fn run(&self, nodes: &i64, seed: u64) -> Result<Attempt, RunError> {
        if self.interrupt.load(Ordering::Acquire) {
            return Ok(Attempt::Interrupted);
        }
        assert!(self.panics_at != Some((*nodes, seed)), "capacity of node-{nodes} exceeded");
        let played = self.played.fetch_add(1, Ordering::AcqRel) + 1;
        if self.interrupt_after == Some(played) {
            self.interrupt.store(true, Ordering::Release);
        }
        // Runs of unequal length, so that threads end them out of order.
        let mut value = seed;
        for _ in 0..(seed % 5) * 20_000 {
            value = value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        }
        let mut metrics: Metrics = vec![("pods_created".to_owned(), (*nodes * 3) as f64)];
        if *nodes > 1 {
            metrics.push(("noise".to_owned(), (value % 1000) as f64 / 7.0));
        }
        metrics.push(("wait_seconds".to_owned(), seed as f64 / *nodes as f64));
        Ok(Attempt::Finished(metrics, Vec::new()))
    }
}

fn plan() -> Plan {
    let nodes = Parameter::of_field("spec.nodePools.general.count", vec![json!(1), json!(2), json!(4)]);
    let names = Parameter::of_field("spec.name", vec![json!("a, b"), json!(null)]);
    Plan::new(&[nodes, names], 6).unwrap()
}

fn play(model: &Formula, folder: &Path, threads: usize) -> SweepResult {
    let plan = plan();
    let options = SweepOptions { threads, interrupt: &model.interrupt, progress: &|_| {} };
    let result = execute(model, &plan, folder, &options).unwrap();
    write_tables(&plan, &result, &summarize_points(&plan, &result), folder).unwrap();
    result
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect()
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let one = tempfile::tempdir().unwrap();
    play(&Formula::default(), one.path(), 1);
    let expected = files(one.path());
    assert_eq!(expected.keys().collect::<Vec<_>>(), [SWEEP_FILE, SUMMARY_FILE], "the journal is gone");
    for threads in [2, 3, 8] {
        let folder = tempfile::tempdir().unwrap();
        play(&Formula::default(), folder.path(), threads);
        assert_eq!(files(folder.path()), expected, "{threads} threads");
    }
}

#[test]
fn tables_have_a_row_for_each_run_and_metric() {
    let folder = tempfile::tempdir().unwrap();
    play(&Formula::default(), folder.path(), 2);
    let runs = fs::read_to_string(folder.path().join(SWEEP_FILE)).unwrap();
    let lines: Vec<&str> = runs.lines().collect();
    assert_eq!(lines.len(), 1 + 3 * 2 * 6);
    assert_eq!(
        lines[0],
        "point,spec.nodePools.general.count,spec.name,replication,seed,status,error,pods_created,noise,wait_seconds"
    );
    assert_eq!(lines[1], "0,1,\"a, b\",0,10,finished,,3,,10");
    assert_eq!(lines[8], "1,1,null,1,11,finished,,3,,11");
    let summary = fs::read_to_string(folder.path().join(SUMMARY_FILE)).unwrap();
    let lines: Vec<&str> = summary.lines().collect();
    assert_eq!(lines.len(), 1 + 2 * 2 + 4 * 3, "two points have no noise");
    assert_eq!(
        lines[0],
        "point,spec.nodePools.general.count,spec.name,metric,n,mean,ci95_low,ci95_high,min,p5,p50,p95,max,difference,difference_ci95_low,difference_ci95_high"
    );
    assert_eq!(lines[1], "0,1,\"a, b\",pods_created,6,3,3,3,3,3,3,3,3,,,");
    // 10 to 15: mean 12.5, standard error sqrt(3.5/6), t(5) = 2.570582.
    let waits: Vec<&str> = lines[2].split(',').collect();
    assert_eq!(waits[4..7], ["wait_seconds", "6", "12.5"]);
    assert!((waits[7].parse::<f64>().unwrap() - 10.536_689).abs() < 1e-5, "{}", lines[2]);
    assert!((waits[8].parse::<f64>().unwrap() - 14.463_311).abs() < 1e-5, "{}", lines[2]);
    assert_eq!(waits[9..], ["10", "10", "12", "15", "15", "", "", ""]);
}

#[test]
fn a_failing_run_is_a_row_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let model = Formula { panics_at: Some((2, 12)), refuses: Some(4), ..Formula::default() };
    let result = play(&model, folder.path(), 2);
    assert_eq!(result.missing, 0);
    let failures: Vec<(&Run, &str)> = result.failures().collect();
    assert_eq!(failures.len(), 2 + 12, "one seed at two points, and two points as a whole");
    assert_eq!(failures[0].1, "internal error: capacity of node-2 exceeded");
    assert_eq!(failures[0].0.seed, Some(12));
    assert_eq!((failures[2].1, failures[2].0.seed), ("4 nodes are refused", None));
    let runs = fs::read_to_string(folder.path().join(SWEEP_FILE)).unwrap();
    assert!(runs.contains("\n2,2,\"a, b\",2,12,failed,internal error: capacity of node-2 exceeded,,,\n"), "{runs}");
    assert!(runs.contains("\n4,4,\"a, b\",0,,failed,4 nodes are refused,,,\n"), "{runs}");
    assert_eq!(runs.lines().count(), 1 + 36);

    let mended = Formula::default();
    let result = play(&mended, folder.path(), 2);
    assert_eq!((result.resumed, mended.played.into_inner()), (22, 14), "only what failed is played again");
    assert_eq!(result.failures().count(), 0);
}

#[test]
fn an_interrupted_sweep_goes_on_where_it_stopped() {
    let whole = tempfile::tempdir().unwrap();
    play(&Formula::default(), whole.path(), 2);

    let folder = tempfile::tempdir().unwrap();
    let stopped = Formula { interrupt_after: Some(7), ..Formula::default() };
    let result = play(&stopped, folder.path(), 2);
    let kept = result.runs.len();
    assert!(result.missing > 0 && (7..=8).contains(&kept), "{kept}: the other thread may just have ended a run");
    assert!(result.runs.iter().all(|run| matches!(run.outcome, RunOutcome::Finished(_))));
    let partial = fs::read_to_string(folder.path().join(SWEEP_FILE)).unwrap();
    assert_eq!(partial.lines().count(), 1 + kept);
    assert!(folder.path().join(JOURNAL_FILE).exists());

    let rest = Formula::default();
    let result = play(&rest, folder.path(), 2);
    assert_eq!((result.resumed, rest.played.into_inner()), (kept, 36 - kept));
    assert_eq!(result.missing, 0);
    assert_eq!(files(folder.path()), files(whole.path()), "the journal is gone and nothing shows that it was there");
}

#[test]
fn a_changed_scenario_starts_afresh() {
    let folder = tempfile::tempdir().unwrap();
    play(&Formula { interrupt_after: Some(7), ..Formula::default() }, folder.path(), 1);
    let changed = Formula { fingerprint: 1 << 40, ..Formula::default() };
    let result = play(&changed, folder.path(), 1);
    assert_eq!((result.resumed, changed.played.into_inner()), (0, 36));
}

/// Plays the upgrade scenario small; gives the files of the sweep.
fn upgrade(threads: usize) -> BTreeMap<String, Vec<u8>> {
    use wavetank::sim::PrepareOptions;
    use wavetank::study::{scenario_sweep, single, sweep::write_placements};
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/kubernetes-upgrade");
    let changed = [("spec.duration", "1h"), ("spec.sweep.replications", "2")];
    let overrides = changed.map(|(path, value)| (path.to_owned(), value.to_owned())).to_vec();
    let options = PrepareOptions { overrides, ..PrepareOptions::default() };
    let (prepared, _) = single::prepare(&scenario, &options).unwrap();
    let plan = scenario_sweep::plan(&prepared).unwrap();
    let (folder, interrupt) = (tempfile::tempdir().unwrap(), AtomicBool::new(false));
    let model = scenario_sweep::ScenarioModel::new(&prepared, &interrupt);
    let options = SweepOptions { threads, interrupt: &interrupt, progress: &|_| {} };
    let result = execute(&model, &plan, folder.path(), &options).unwrap();
    write_tables(&plan, &result, &summarize_points(&plan, &result), folder.path()).unwrap();
    write_placements(&plan, &result.runs, folder.path()).unwrap().unwrap();
    files(folder.path())
}

#[test]
fn placements_are_compared_with_the_baseline_and_its_noise() {
    let files = upgrade(2);
    assert_eq!(files, upgrade(1), "whatever the number of threads");
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    let mut runs = csv::Reader::from_reader(files[SWEEP_FILE].as_slice());
    let moved = runs.headers().unwrap().iter().position(|own| own == "placements_moved").unwrap();
    let rows: Vec<csv::StringRecord> = runs.records().map(Result::unwrap).collect();
    let mut of_tables: BTreeMap<(String, String), u64> = BTreeMap::new();
    let placements = text(wavetank::study::sweep::PLACEMENTS_FILE);
    let mut table = csv::Reader::from_reader(placements.as_bytes());
    for row in table.records().map(Result::unwrap) {
        let number = |column: usize| row[column].parse::<u64>().unwrap();
        // point, two parameters, replication, compared point and replication, workload, node, pods, compared pods
        let (own, other) = (number(8), number(9));
        *of_tables.entry((row[0].to_owned(), row[3].to_owned())).or_default() += own.saturating_sub(other);
    }
    assert_eq!(rows.len(), 8);
    for row in &rows {
        let key = (row[0].to_owned(), row[3].to_owned());
        let listed = of_tables.get(&key).copied().unwrap_or(0);
        assert_eq!(row[moved].parse::<u64>().unwrap(), listed, "the metric sums up the table: {key:?}");
    }
    assert!(of_tables.values().any(|moved| *moved > 0));
}
