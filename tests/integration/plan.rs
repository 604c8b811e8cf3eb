//! `wavetank plan` finds what the whole grid finds, with fewer runs; says so where it cannot; and goes on where it stopped.

use assert_cmd::Command;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use wavetank::report::Objective;
use wavetank::study::plan::{PlanOptions, PlanOutcome, Rules, State, find, write_csv, write_json};
use wavetank::study::sweep::{
    Attempt, Model, OBJECTIVES_MET, Parameter, Plan, Point, PreparedPoint, RunError, SweepOptions,
};

/// What a point costs and how likely a run of it meets the objective, by a formula of its parameters.
struct Formula<F> {
    of: F,
    /// Whether the price is known.
    is_priced: bool,
    interrupt: AtomicBool,
    interrupt_after: Option<usize>,
    played: AtomicUsize,
}

impl<F: Fn(&BTreeMap<String, serde_json::Value>) -> (f64, f64) + Sync> Formula<F> {
    fn new(of: F) -> Self {
        Self {
            of,
            is_priced: true,
            interrupt: AtomicBool::new(false),
            interrupt_after: None,
            played: AtomicUsize::new(0),
        }
    }
}

impl<F: Fn(&BTreeMap<String, serde_json::Value>) -> (f64, f64) + Sync> Model for Formula<F> {
    type Prepared = (f64, f64);

    fn prepare(&self, point: &Point) -> Result<PreparedPoint<(f64, f64)>, RunError> {
        let values = point.values.iter().cloned().collect();
        Ok(PreparedPoint { prepared: (self.of)(&values), fingerprint: point.index as u64, first_seed: 1 })
    }

    fn run(&self, prepared: &(f64, f64), seed: u64) -> Result<Attempt, RunError> {
        if self.interrupt.load(Ordering::Acquire) {
            return Ok(Attempt::Interrupted);
        }
        let played = self.played.fetch_add(1, Ordering::AcqRel) + 1;
        if self.interrupt_after == Some(played) {
            self.interrupt.store(true, Ordering::Release);
        }
        let (cost, share) = *prepared;
        // The fractional parts of multiples of the golden ratio are spread evenly.
        let lost = if (f64::from(u32::try_from(seed).unwrap()) * 0.618_033_988_75).fract() < share { 0.0 } else { 1.0 };
        let name = if self.is_priced { "cost_dollars" } else { "node_hours" };
        let metrics = [(name, cost), ("requests_unserved_ratio", lost), (OBJECTIVES_MET, 1.0 - lost)];
        Ok(Attempt::Finished(metrics.map(|(name, value)| (name.to_owned(), value)).to_vec(), Vec::new()))
    }
}

const RULES: Rules = Rules { confidence: 0.95, reliability: 0.9 };

fn objective() -> Vec<Objective> {
    vec![Objective { metric: "requests_unserved_ratio".to_owned(), max: Some(0.5), ..Objective::default() }]
}

fn search<M: Model>(
    model: &M,
    interrupt: &AtomicBool,
    plan: &Plan,
    folder: &Path,
    budget: usize,
    threads: usize,
) -> Option<PlanOutcome> {
    let sweep = SweepOptions { threads, interrupt, progress: &|_| {} };
    let options = PlanOptions { rules: RULES, budget, minimize: None, sweep };
    find(model, plan, &objective(), folder, &options).unwrap()
}

/// Searches in a folder of its own.
fn found<F: Fn(&BTreeMap<String, serde_json::Value>) -> (f64, f64) + Sync>(
    of: F,
    plan: &Plan,
    budget: usize,
) -> PlanOutcome {
    let (model, folder) = (Formula::new(of), tempfile::tempdir().unwrap());
    search(&model, &model.interrupt, plan, folder.path(), budget, 2).unwrap()
}

fn counts(most: i64) -> Parameter {
    Parameter::of_field("nodes", (1..=most).map(|count| json!(count)).collect())
}

fn nodes(values: &BTreeMap<String, serde_json::Value>) -> f64 {
    values["nodes"].as_f64().unwrap()
}

/// The cheapest point by trying all with as many runs as are needed.
fn exhaustive<F: Fn(&BTreeMap<String, serde_json::Value>) -> (f64, f64)>(of: F, plan: &Plan) -> Option<usize> {
    let good = plan.points().iter().filter_map(|point| {
        let (cost, share) = of(&point.values.iter().cloned().collect());
        (share > 0.95).then_some((cost, point.index))
    });
    good.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, point)| point)
}

#[test]
fn along_one_number_it_finds_the_least_that_meets_with_few_runs() {
    for least in [1, 2, 17, 39, 40] {
        let plan = Plan::new(&[counts(40)], 1).unwrap();
        let of = |values: &BTreeMap<String, serde_json::Value>| {
            (nodes(values), if nodes(values) >= f64::from(least) { 1.0 } else { 0.0 })
        };
        let outcome = found(of, &plan, 1000);
        assert_eq!(outcome.answer, exhaustive(of, &plan), "{least}");
        assert!(outcome.undecided.is_empty() && outcome.not_monotone.is_empty(), "{outcome:?}");
        assert!(outcome.spent < 120, "the grid has 40 x 29 runs: {}", outcome.spent);
        let next = outcome.next_cheaper().map(|next| next.point);
        assert_eq!(
            next,
            outcome.answer.and_then(|answer| answer.checked_sub(1)),
            "{least}: what fails is the one below"
        );
        assert_eq!(outcome.binding(), Some(0));
    }
}

#[test]
fn more_that_costs_less_is_a_line_too() {
    // A higher target: fewer replicas, until too few.
    let targets = Parameter::of_field("nodes", [40, 50, 60, 70, 80, 90].map(|target| json!(target)).to_vec());
    let plan = Plan::new(&[targets], 1).unwrap();
    let outcome = found(|values| (100.0 - nodes(values), if nodes(values) < 75.0 { 1.0 } else { 0.0 }), &plan, 1000);
    assert_eq!(outcome.answer, Some(3));
    assert!(outcome.not_monotone.is_empty());
}

#[test]
fn where_more_is_not_always_better_every_point_is_tried() {
    let plan = Plan::new(&[counts(12)], 1).unwrap();
    // Three to five nodes happen to do, six to nine do not.
    let of = |values: &BTreeMap<String, serde_json::Value>| {
        let count = nodes(values);
        (count, if (2.5..5.5).contains(&count) || count > 9.5 { 1.0 } else { 0.0 })
    };
    let outcome = found(of, &plan, 1000);
    assert_eq!(outcome.answer, exhaustive(of, &plan));
    assert_eq!(outcome.not_monotone, [0], "and it is said");
    // A cost that falls again is no line either.
    let of = |values: &BTreeMap<String, serde_json::Value>| {
        ((nodes(values) - 6.0).abs(), if nodes(values) > 2.5 { 1.0 } else { 0.0 })
    };
    let outcome = found(of, &plan, 1000);
    assert_eq!((outcome.answer, outcome.not_monotone), (Some(5), vec![0]));
}

#[test]
fn categories_each_have_a_line() {
    let machines = Parameter::of_field("machine", ["small", "large", "huge"].map(|name| json!(name)).to_vec());
    let plan = Plan::new(&[machines, counts(16)], 1).unwrap();
    let of = |values: &BTreeMap<String, serde_json::Value>| {
        let (size, price) = match values["machine"].as_str().unwrap() {
            "small" => (1.0, 1.0),
            "large" => (2.0, 1.8),
            _ => (4.0, 4.4),
        };
        (price * nodes(values), if size * nodes(values) >= 11.0 { 1.0 } else { 0.0 })
    };
    let outcome = found(of, &plan, 1000);
    assert_eq!(outcome.answer, exhaustive(of, &plan));
    assert_eq!(plan.points()[outcome.answer.unwrap()].label(), "machine=large, nodes=6");
    assert!(outcome.undecided.is_empty());
    // Without a number there is a list.
    let machines = Parameter::of_field("machine", ["small", "large", "huge"].map(|name| json!(name)).to_vec());
    let plan = Plan::new(&[machines], 1).unwrap();
    let of = |values: &BTreeMap<String, serde_json::Value>| match values["machine"].as_str().unwrap() {
        "small" => (1.0, 0.5),
        "large" => (3.0, 1.0),
        _ => (2.0, 1.0),
    };
    assert_eq!(found(of, &plan, 1000).answer, Some(2));
}

#[test]
fn chance_is_told_from_failure() {
    // At 96 % a point meets 90 %, at 70 % it does not; neither shows in the first runs alone.
    let plan = Plan::new(&[counts(6)], 1).unwrap();
    let of = |values: &BTreeMap<String, serde_json::Value>| {
        (
            nodes(values),
            if nodes(values) > 3.5 {
                0.96
            } else if nodes(values) > 2.5 {
                0.7
            } else {
                0.0
            },
        )
    };
    let outcome = found(of, &plan, 2000);
    assert_eq!(outcome.answer, Some(3), "{outcome:?}");
    let answer = outcome.point(3).unwrap();
    assert!(answer.bounds.0 >= 0.9 && answer.tally.met < answer.tally.runs, "{answer:?}");
    assert_eq!(outcome.point(2).map(|point| point.state), Some(State::Failed));
}

#[test]
fn nothing_that_meets_and_nothing_decided_are_not_the_same() {
    let plan = Plan::new(&[counts(8)], 1).unwrap();
    let nothing = found(|values| (nodes(values), 0.0), &plan, 1000);
    assert!(nothing.answer.is_none() && nothing.undecided.is_empty() && !nothing.is_budget_spent, "{nothing:?}");
    let short = found(|values| (nodes(values), if nodes(values) > 4.5 { 1.0 } else { 0.0 }), &plan, 20);
    assert!(short.answer.is_none() && short.is_budget_spent && short.spent == 20, "{short:?}");
    assert!(!short.undecided.is_empty(), "what is undecided is said: {short:?}");
}

#[test]
fn without_prices_node_hours_count() {
    let plan = Plan::new(&[counts(8)], 1).unwrap();
    let of =
        |values: &BTreeMap<String, serde_json::Value>| (nodes(values), if nodes(values) > 4.5 { 1.0 } else { 0.0 });
    let (model, folder) = (Formula { is_priced: false, ..Formula::new(of) }, tempfile::tempdir().unwrap());
    let outcome = search(&model, &model.interrupt, &plan, folder.path(), 1000, 1).unwrap();
    assert_eq!((outcome.answer, outcome.cost.as_str()), (Some(4), "node_hours"));
}

/// The files of a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn an_interrupted_search_goes_on_and_gives_the_same_bytes() {
    let plan = Plan::new(&[counts(30)], 1).unwrap();
    let of =
        |values: &BTreeMap<String, serde_json::Value>| (nodes(values), if nodes(values) > 11.5 { 1.0 } else { 0.2 });
    let search_in = |folder: &Path, threads: usize, interrupt_after: Option<usize>, budget: usize| {
        let model = Formula { interrupt_after, ..Formula::new(of) };
        let outcome = search(&model, &model.interrupt, &plan, folder, budget, threads)?;
        write_csv(&plan, &objective(), &outcome, folder).unwrap();
        write_json(&plan, &objective(), &RULES, &outcome, folder).unwrap();
        Some((outcome, model.played.into_inner()))
    };
    let whole = tempfile::tempdir().unwrap();
    let (outcome, all) = search_in(whole.path(), 1, None, 1000).unwrap();
    assert_eq!(files(whole.path()).keys().collect::<Vec<_>>(), ["plan.csv", "plan.json"], "the journal is gone");
    for stop in [1, 7, 23, all - 1] {
        let folder = tempfile::tempdir().unwrap();
        assert!(search_in(folder.path(), 3, Some(stop), 1000).is_none(), "interrupted after {stop}");
        let (again, played) = search_in(folder.path(), 2, None, 1000).unwrap();
        assert_eq!(again.spent, outcome.spent);
        assert_eq!(played + again.resumed, all, "no run is lost or played twice");
        assert!(again.resumed >= stop, "{} after {stop}", again.resumed);
        assert!(files(folder.path()) == files(whole.path()), "the same bytes after {stop}");
    }
    // A larger budget goes on from where a smaller one ended.
    let folder = tempfile::tempdir().unwrap();
    let (short, _) = search_in(folder.path(), 2, None, 30).unwrap();
    assert!(short.is_budget_spent && short.spent == 30);
    let (_, played) = search_in(folder.path(), 2, None, 1000).unwrap();
    assert_eq!(played, all - 30);
    assert!(files(folder.path()) == files(whole.path()));
}

/// A batch whose pods wait for nodes.
const SCENARIO: &str = "
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: batch}
spec:
  duration: 30m
  nodePools: [{name: general, count: 2, capacity: {cpu: 4, memory: 16Gi}, pricePerHour: 0.2}]
  arrivals:
    - name: jobs
      every: {exponential: {mean: 10s}}
      duration: {exponential: {mean: 5m}}
      template: {spec: {containers: [{name: main, image: busybox, resources: {requests: {cpu: 500m, memory: 256Mi}}}]}}
  objectives:
    - {metric: pod_pending_seconds_p99, max: 30}
  sweep:
    parameters:
      - {path: spec.nodePools.general.count, range: {from: 1, to: 12, step: 1}}
";

#[test]
fn a_scenario_is_planned_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("scenario.yaml");
    fs::write(&scenario, SCENARIO).unwrap();
    let wavetank = |args: &[&str]| {
        let mut command = Command::cargo_bin("wavetank").unwrap();
        let output = command.current_dir(folder.path()).args(args).env_remove("WAVETANK_TRACES").output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, stdout, stderr) = wavetank(&["plan", ".", "--out", "out", "--reliability", "0.8"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    insta::assert_snapshot!("plan_table", stdout);
    // The sweep says the same of the answer and of the point below.
    let answer: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("out/plan.json")).unwrap()).unwrap();
    let count = answer["answer_set"]["spec.nodePools.general.count"].as_u64().unwrap();
    let set = |count: u64| format!("spec.sweep.parameters.0={{path: spec.nodePools.general.count, values: [{count}]}}");
    let met = |count: u64| {
        let (_, csv, stderr) = wavetank(&[
            "sweep",
            ".",
            "--out",
            &format!("sweep-{count}"),
            "--no-charts",
            "-o",
            "csv",
            "--set",
            &set(count),
            "--set",
            "spec.sweep.replications=29",
        ]);
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let place = reader.headers().unwrap().iter().position(|column| column == "objectives_met_runs");
        let row = reader.records().next().unwrap_or_else(|| panic!("{stderr}")).unwrap();
        row[place.unwrap()].parse::<u32>().unwrap()
    };
    assert!(met(count) >= 24, "the answer meets them in four of five of 29 runs");
    assert!(met(count - 1) < 24, "the one below does not");

    let (code, stdout, _) = wavetank(&["plan", ".", "--out", "none", "--set", "spec.sweep.parameters.0.range.to=3"]);
    assert!(code == 3 && stdout.contains("no point meets the objectives"), "{code}: {stdout}");
    let (code, stdout, _) = wavetank(&["plan", ".", "--out", "short", "--budget", "20"]);
    assert!(code == 3 && stdout.contains("undecided") && stdout.contains("which is the budget"), "{code}: {stdout}");
    let cases: [(&[&str], &str); 3] = [
        (&["plan", ".", "--set", "spec.objectives=[]"], "spec.objectives"),
        (&["plan", ".", "--confidence", "95"], "between 0 and 1"),
        (&["plan", ".", "--minimize", "cost_dolars"], "did you mean cost_dollars"),
    ];
    for (args, part) in cases {
        let (code, _, stderr) = wavetank(args);
        assert!(code == 2 && stderr.contains(part), "{args:?}: {code}: {stderr}");
    }
    let (code, _, stderr) = wavetank(&["plan", ".", "--out", &format!("sweep-{count}")]);
    assert!(code == 2 && stderr.contains("holds the results of a sweep"), "{code}: {stderr}");
}
