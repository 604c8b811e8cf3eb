//! The command line: help, messages, exit codes, interrupts, and results that do not depend on threads.

use assert_cmd::Command;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use tempfile::TempDir;

const SCENARIO: &str = "\
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: batch}
spec:
  description: How many nodes does the batch need?
  duration: 30m
  nodePools:
    - {name: general, count: 2, capacity: {cpu: 4, memory: 16Gi}, pricePerHour: 0.2}
  arrivals:
    - name: jobs
      every: {exponential: {mean: 20s}}
      duration: {exponential: {mean: 5m}}
      template:
        spec:
          containers: [{name: main, image: busybox, resources: {requests: {cpu: 500m, memory: 256Mi}}}]
";

const SWEEP: &str = "  sweep:
    replications: 3
    metrics: [pod_pending_seconds_p99, cost_dollars]
    parameters:
      - {path: spec.nodePools.general.count, values: [3, 4]}
      - {path: spec.arrivals.jobs.every.exponential.mean, values: [20s, 15s]}
";

/// A folder with a scenario in it.
struct Tank(TempDir);

impl Tank {
    fn new(scenario: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("scenario.yaml"), scenario).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs `wavetank` in the folder.
    fn wavetank(&self, args: &[&str]) -> Output {
        command(self.path(), args).output().unwrap()
    }
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("wavetank").unwrap();
    command.current_dir(folder).args(args);
    for variable in ["COLUMNS", "RUST_BACKTRACE", "WAVETANK_TRACES", "CLICOLOR_FORCE", "FORCE_COLOR"] {
        command.env_remove(variable);
    }
    command
}

/// Exit code, standard output and standard error as one text.
fn told(output: &Output) -> String {
    format!(
        "exit code: {}\n--- stdout\n{}--- stderr\n{}",
        output.status.code().map_or("none".to_owned(), |code| code.to_string()),
        text(&output.stdout),
        text(&output.stderr)
    )
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// All files below a folder by their path in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for path in fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn help_fits_a_terminal() {
    let tank = Tank::new("");
    let commands = [
        "",
        "run",
        "report",
        "sweep",
        "plan",
        "compare",
        "explain",
        "validate",
        "fit",
        "schema",
        "conformance",
        "completions",
    ];
    for name in commands {
        let args: Vec<&str> = [name, "--help"].into_iter().filter(|arg| !arg.is_empty()).collect();
        let output = tank.wavetank(&args);
        assert_eq!(output.status.code(), Some(0), "{name}");
        let help = text(&output.stdout);
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
        assert!(help.contains("Examples:\n"), "{name}");
        insta::assert_snapshot!(format!("help_{}", if name.is_empty() { "wavetank" } else { name }), help);
    }
}

#[test]
fn the_version_is_the_packages() {
    let output = Tank::new("").wavetank(&["--version"]);
    assert_eq!(
        told(&output),
        format!("exit code: 0\n--- stdout\nwavetank {}\n--- stderr\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_expected() {
    let tank = Tank::new(SCENARIO);
    let cases: [(&[&str], &str); 7] = [
        (&["rnu", "."], "no such command"),
        (&["run"], "no path"),
        (&["run", ".", "--set", "spec.seed"], "an override without a value"),
        (&["run", ".", "-o", "xml"], "no such format"),
        (&["sweep", ".", "-j", "0"], "no thread"),
        (&["run", ".", "-f", "-", "-f", "-"], "standard input twice"),
        (&["conformance", "kubelet", "."], "no such component"),
    ];
    let mut all = String::new();
    for (args, why) in cases {
        let output = tank.wavetank(args);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()), "{why}");
        all = format!("{all}$ wavetank {}\n{}\n", args.join(" "), text(&output.stderr));
    }
    insta::assert_snapshot!("wrong_usage", all);
}

#[test]
fn validate_reports_everything_at_once() {
    let good = Tank::new(SCENARIO).wavetank(&["validate", "."]);
    assert_eq!(told(&good), "exit code: 0\n--- stdout\n./scenario.yaml: valid\n--- stderr\n");

    let bad = SCENARIO
        .replace("cpu: 4,", "cpu: four,")
        .replace("duration: 30m", "duration: -3m")
        .replace("description:", "descripton:");
    insta::assert_snapshot!("validate_bad_fields", told(&Tank::new(&bad).wavetank(&["validate", "."])));
    let metric =
        format!("{SCENARIO}  objectives: [{{metric: pod_pending_second_p99, max: 1}}, {{metric: beauty, min: 1}}]\n");
    insta::assert_snapshot!("validate_bad_metrics", told(&Tank::new(&metric).wavetank(&["validate", "."])));
    insta::assert_snapshot!("validate_no_file", told(&Tank::new("").wavetank(&["validate", "missing.yaml"])));
    insta::assert_snapshot!("sweep_without_a_sweep", told(&Tank::new(SCENARIO).wavetank(&["sweep", "."])));
}

#[test]
fn manifests_come_from_standard_input() {
    let tank = Tank::new(SCENARIO);
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: -1\n";
    let output = command(tank.path(), &["validate", ".", "-f", "-"]).write_stdin(deployment).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let problems = text(&output.stderr);
    assert!(problems.contains("error: <stdin>:5:3: `Deployment default/web`: spec.replicas: "), "{problems}");
}

#[test]
fn a_run_writes_its_folder_and_prints_data_only() {
    let tank = Tank::new(SCENARIO);
    let output = tank.wavetank(&["run", ".", "--no-charts"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert!(text(&output.stdout).starts_with("scenario    batch (seed 1)\n"), "{}", text(&output.stdout));
    let written = files(&tank.path().join("output/batch"));
    assert!(written.contains_key(Path::new("summary.json")) && written.contains_key(Path::new("pods.csv")));
    assert!(!written.keys().any(|path| path.starts_with("charts")));

    let json = tank.wavetank(&["run", ".", "--no-charts", "--seed", "2", "-o", "json", "--out", "two"]);
    let metrics: Vec<serde_json::Value> = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&metrics[0]["metric"], &metrics[0]["value"]), (&"simulated_seconds".into(), &1800.into()));
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(tank.path().join("two/summary.json")).unwrap()).unwrap();
    assert_eq!(summary["seed"], 2);
}

#[test]
fn a_missed_objective_ends_with_3() {
    let cases = [(0, 3, "no pod can be created then"), (1_000_000, 0, "as many pods as one likes")];
    for (max, code, why) in cases {
        let tank = Tank::new(&format!("{SCENARIO}  objectives: [{{metric: pods_created, max: {max}}}]\n"));
        let output = tank.wavetank(&["run", ".", "--no-charts"]);
        assert_eq!(output.status.code(), Some(code), "{why}: {}", told(&output));
    }
}

#[test]
fn results_that_cannot_be_written_end_with_1() {
    let tank = Tank::new(&format!("{SCENARIO}{SWEEP}"));
    fs::write(tank.path().join("occupied"), "a file").unwrap();
    for command in ["run", "sweep"] {
        let output = tank.wavetank(&[command, ".", "--out", "occupied"]);
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        assert!(text(&output.stderr).starts_with("error: occupied"), "{}", told(&output));
    }
}

#[test]
fn the_number_of_threads_changes_no_file() {
    let tank = Tank::new(&format!("{SCENARIO}{SWEEP}"));
    let one = tank.wavetank(&["sweep", ".", "-j", "1", "--out", "one"]);
    let two = tank.wavetank(&["sweep", ".", "-j", "2", "--out", "two"]);
    assert_eq!((one.status.code(), two.status.code()), (Some(0), Some(0)), "{}", told(&one));
    assert_eq!(text(&one.stdout), text(&two.stdout));
    let (one, two) = (files(&tank.path().join("one")), files(&tank.path().join("two")));
    assert_eq!(one.len(), 2 + 5 * 2, "two tables, five charts in two forms: {:?}", one.keys());
    assert_eq!(one, two);
    let runs = text(&one[Path::new("sweep.csv")]);
    assert_eq!(runs.lines().count(), 1 + 2 * 2 * 3);
    let seeds: Vec<&str> = runs.lines().skip(1).filter_map(|line| line.split(',').nth(4)).collect();
    assert_eq!(seeds, ["1", "2", "3"].repeat(4), "the same seeds at every point");
}

#[test]
fn every_point_is_the_run_with_its_values() {
    let tank = Tank::new(&format!("{SCENARIO}{SWEEP}"));
    tank.wavetank(&["sweep", ".", "--out", "sweep", "--no-charts"]);
    let overrides =
        ["--set", "spec.nodePools.general.count=3", "--set", "spec.arrivals.jobs.every.exponential.mean=15s"];
    let args: Vec<&str> =
        ["run", ".", "--seed", "2", "--out", "run", "--no-charts", "-o", "csv"].into_iter().chain(overrides).collect();
    let run = text(&tank.wavetank(&args).stdout);
    let sweep = fs::read_to_string(tank.path().join("sweep/sweep.csv")).unwrap();
    let names: Vec<&str> = sweep.lines().next().unwrap().split(',').collect();
    let row = sweep.lines().find(|line| line.starts_with("1,3,15s,1,2,finished,,")).unwrap();
    let compared = row.split(',').zip(names).skip(7).filter(|(value, _)| !value.is_empty()).inspect(|(value, name)| {
        assert!(
            run.contains(&format!("\n{name},{value},")),
            "{name} is {value} in the sweep and another in the run:\n{run}"
        );
    });
    assert!(compared.count() > 20);
}

/// A run that takes far longer than the test would wait.
const ENDLESS: &str = "spec.duration=100000h";

/// Starts `wavetank` and sends SIGINT when the process with this id has begun.
#[cfg(unix)]
fn interrupted(tank: &Tank, args: &[&str], begun: impl Fn(u32) -> bool) -> Output {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("wavetank"))
        .current_dir(tank.path())
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !begun(child.id()) {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
        std::thread::yield_now();
    }
    let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signal.success());
    child.wait_with_output().unwrap()
}

#[cfg(unix)]
#[test]
fn an_interrupted_sweep_keeps_its_runs_and_goes_on() {
    let tank = Tank::new(&format!("{SCENARIO}{SWEEP}"));
    let longer = ["sweep", ".", "-j", "2", "--no-charts", "--set", "spec.duration=12h", "--out"];
    let args = |folder| longer.into_iter().chain([folder]).collect::<Vec<&str>>();
    let journal = tank.path().join("out/sweep.partial.jsonl");
    let stopped =
        interrupted(&tank, &args("out"), |_| fs::read_to_string(&journal).is_ok_and(|text| text.lines().count() >= 2));
    assert_eq!(stopped.status.code(), Some(4), "{}", told(&stopped));
    let kept = fs::read_to_string(&journal).unwrap().lines().count();
    let partial = fs::read_to_string(tank.path().join("out/sweep.csv")).unwrap();
    assert_eq!(partial.lines().count(), 1 + kept);
    assert!(text(&stopped.stderr).contains(&format!("{} of 12 runs are missing", 12 - kept)), "{}", told(&stopped));

    let resumed = tank.wavetank(&args("out"));
    assert_eq!(resumed.status.code(), Some(0), "{}", told(&resumed));
    assert!(text(&resumed.stderr).contains(&format!("{kept} of 12 runs were finished before")), "{}", told(&resumed));
    tank.wavetank(&args("whole"));
    assert_eq!(files(&tank.path().join("out")), files(&tank.path().join("whole")));
}

#[cfg(unix)]
#[test]
fn a_killed_run_leaves_the_files_of_one_run() {
    let tank = Tank::new(SCENARIO);
    let run = |seed: &str, out: &str| {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("wavetank"));
        child.current_dir(tank.path()).args(["run", ".", "--seed", seed, "--out", out]);
        child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    for seed in ["1", "2"] {
        assert!(run(seed, seed).wait().unwrap().success());
    }
    let of_seed = ["1", "2"].map(|seed| files(&tank.path().join(seed)));
    assert_ne!(of_seed[0], of_seed[1]);
    assert!(run("1", "out").wait().unwrap().success());
    let visible = || {
        let all = files(&tank.path().join("out"));
        all.into_iter().filter(|(path, _)| !path.to_string_lossy().starts_with(".next")).collect::<BTreeMap<_, _>>()
    };
    let stage = tank.path().join("out/.next");
    let staged = || fs::read_dir(&stage).map_or(0, Iterator::count);
    for count in 0..12 {
        let mut child = run(if count % 2 == 0 { "2" } else { "1" }, "out");
        // Killed when so many files are there, or when the note is; then with SIGKILL, so that nothing can tidy up.
        let note = tank.path().join("out/INCOMPLETE");
        while child.try_wait().unwrap().is_none() && staged() <= count && !note.exists() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let left = visible();
        let says_so = left.keys().any(|path| path.ends_with("INCOMPLETE"));
        assert!(says_so || of_seed.contains(&left), "killed with {count} files: {:?}", left.keys());
        if says_so {
            assert!(run("1", "out").wait().unwrap().success());
        }
    }
    assert!(run("2", "out").wait().unwrap().success());
    assert_eq!(files(&tank.path().join("out")), of_seed[1], "the next run leaves nothing of the killed ones");
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_run_writes_what_it_has() {
    // Whether the process catches SIGINT (signal 2) yet.
    let catches = |id| {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 0b10 != 0))
    };
    let tank = Tank::new(SCENARIO);
    let output = interrupted(&tank, &["run", ".", "--no-charts", "--set", ENDLESS], catches);
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    assert!(text(&output.stdout).contains("INTERRUPTED"), "{}", told(&output));
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(tank.path().join("output/batch/summary.json")).unwrap()).unwrap();
    assert_eq!(summary["interrupted"], true);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let tank = Tank::new("");
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("wavetank"))
        .args(["schema"])
        .current_dir(tank.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The schema is larger than a pipe: its writer is not done when the reader leaves.
    let mut line = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert_eq!((child.wait().unwrap().code(), complaint.as_str()), (Some(0), ""));
}

#[test]
fn conformance_counts_and_compares() {
    let tank = Tank::new("");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for component in ["hpa", "controllers"] {
        let folder = golden.join(component);
        let output = tank.wavetank(&["conformance", component, folder.to_str().unwrap(), "-o", "json"]);
        assert_eq!(output.status.code(), Some(0), "{component}: {}", told(&output));
        let families: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
        assert!(!families.is_empty());
        assert!(families.iter().all(|family| family["cases"] == family["equal"] && family["different"] == 0));
    }
    let nothing = tank.wavetank(&["conformance", "hpa", "."]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(text(&nothing.stderr).starts_with("error: .: no recording found"), "{}", told(&nothing));
}

#[test]
fn schema_and_completions_are_data() {
    let tank = Tank::new("");
    let schema = tank.wavetank(&["schema"]);
    let parsed: serde_json::Value = serde_json::from_slice(&schema.stdout).unwrap();
    assert_eq!((schema.status.code(), &parsed["title"]), (Some(0), &"wavetank scenario".into()));
    let bash = tank.wavetank(&["completions", "bash"]);
    assert_eq!(bash.status.code(), Some(0));
    assert!(text(&bash.stdout).contains("_wavetank()"));
}

#[test]
fn a_baseline_is_one_of_the_values() {
    let wrong = SWEEP.replace("values: [3, 4]", "values: [3, 4], baseline: 5");
    let tank = Tank::new(&format!("{SCENARIO}{wrong}"));
    let output = tank.wavetank(&["sweep", "."]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.contains("spec.sweep.parameters[0].baseline: is not one of `values`"), "{message}");
}
