//! Published runs of real clusters against the same runs simulated: figures and charts of `docs/validation.md`.
//!
//! The recorded data are not the project's to ship: they are read from the folder of traces (`WAVETANK_TRACES`, or
//! `../shared/traces`). Where they are not at hand a test says so and compares nothing. `WAVETANK_UPDATE=1` writes the
//! figures and charts anew; what is said there and does not come out fails the test.

mod chart;
mod gke;
mod three_days;
mod vector;

use std::path::{Path, PathBuf};
use wavetank::record::{Facts, StepSeries};
use wavetank::sim::{PrepareOptions, RunOptions, prepare, simulate};
use wavetank::units::SimTime;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of a recorded run, where it is at hand.
fn recorded(name: &str) -> Option<PathBuf> {
    let given = std::env::var_os("WAVETANK_TRACES").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| root().join("../shared/traces")).join(name);
    if !folder.is_dir() {
        println!("skipped: {} is not at hand (WAVETANK_TRACES names the folder of traces)", folder.display());
        return None;
    }
    Some(folder)
}

/// The rows of a CSV file by column.
fn rows(file: &Path) -> Vec<std::collections::BTreeMap<String, String>> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next().unwrap();
    lines.map(|line| head.iter().cloned().zip(line).collect()).collect()
}

/// A scenario of `tests/validation`, with data files beside it that are made from the recording.
fn copy(scenario: &str, files: &[(&str, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let source = root().join("tests/validation").join(scenario);
    copy_folder(&source, folder.path());
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn copy_folder(source: &Path, target: &Path) {
    for entry in std::fs::read_dir(source).unwrap().map(Result::unwrap) {
        let target = target.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn run(folder: &Path, seed: u64, overrides: &[(&str, &str)]) -> Facts {
    let overrides = overrides.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    let options = PrepareOptions { overrides, ..PrepareOptions::default() };
    let (prepared, _) = prepare(&folder.join("scenario.yaml"), &options)
        .unwrap_or_else(|errors| panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")));
    simulate(&prepared, &RunOptions { seed: Some(seed), ..RunOptions::default() }).unwrap()
}

/// What a series is so many seconds after the start.
fn at(series: &StepSeries, seconds: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "times of a run")]
    let nanos = (seconds * 1e9) as i64;
    series.value_at(SimTime::from_nanos(nanos)).unwrap_or(0)
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).unwrap())
}

/// Holds a part of `docs/validation.md` to what came out, or writes it anew.
fn hold(name: &str, now: &str) {
    let page = root().join("docs/validation.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->\n"));
    let (before, rest) = text.split_once(&begin).expect("the page has the part");
    let (told, after) = rest.split_once(&end).expect("the part has an end");
    if std::env::var_os("WAVETANK_UPDATE").is_some() {
        std::fs::write(&page, format!("{before}{begin}{now}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(now, told, "docs/validation.md tells something else (WAVETANK_UPDATE=1 writes it anew)");
}

/// Holds a chart of `docs/images` to what came out, or writes it anew.
fn hold_chart(name: &str, now: &str) {
    let file = root().join("docs/images").join(name);
    if std::env::var_os("WAVETANK_UPDATE").is_some() {
        std::fs::write(&file, now).unwrap();
        return;
    }
    let told = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(told == now, "{} shows something else (WAVETANK_UPDATE=1 writes it anew)", file.display());
}
