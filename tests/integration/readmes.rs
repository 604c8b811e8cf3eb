//! The READMEs of the scenarios show what the binary says: a block after `<!-- gives: ARGUMENTS -->` is the output of
//! `wavetank ARGUMENTS`, a table after `<!-- sweep: FOLDER; METRIC, METRIC -->` holds the means of these metrics from
//! `sweep_summary.csv`. `WAVETANK_UPDATE=1 cargo test --test integration readmes` writes them anew. `WAVETANK_BIN` names the
//! program if it is not the one that the test builds: an optimized one of the same commit is through in a fraction of the time.

use assert_cmd::Command;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use wavetank::report::{METRICS, Unit};

const MARK: &str = "<!-- gives: ";

/// The folder of the public traces, where it is at hand: they are not the project's to ship.
fn traces(root: &Path) -> Option<PathBuf> {
    let given = std::env::var_os("WAVETANK_TRACES").map(PathBuf::from);
    given.or_else(|| Some(root.join("../shared/traces"))).filter(|folder| folder.is_dir())
}

/// The program.
fn program() -> Command {
    std::env::var_os("WAVETANK_BIN").map_or_else(|| Command::cargo_bin("wavetank").unwrap(), Command::new)
}

/// What a command prints, with the folder that its files would go to by default. `DIR` stands for the folder of traces.
fn output(root: &Path, arguments: &str) -> String {
    let out = tempfile::tempdir().unwrap();
    let scenario = arguments.split_whitespace().nth(1).unwrap().trim_start_matches("scenarios/");
    let mut command = program();
    let traces = traces(root).unwrap_or_default();
    let words = arguments.split_whitespace().map(|word| if word == "DIR" { traces.as_os_str() } else { word.as_ref() });
    command.current_dir(root).args(words).env_remove("COLUMNS").env_remove("WAVETANK_TRACES");
    let writes = arguments.starts_with("run ") || arguments.starts_with("sweep ");
    if writes {
        command.args(["--no-charts", "--out"]).arg(out.path());
    } else if arguments.starts_with("plan ") {
        command.arg("--out").arg(out.path());
    }
    let output = command.output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(matches!(output.status.code(), Some(0 | 3)), "wavetank {arguments}: {errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.replace(&out.path().display().to_string(), &format!("output/{scenario}"))
}

const SWEEP_MARK: &str = "<!-- sweep: ";

/// A mean as a table shows it.
fn told(metric: &str, mean: f64) -> String {
    let unit = METRICS.iter().find(|known| known.name == metric).unwrap().unit;
    match unit {
        Unit::Ratio => format!("{:.2} %", mean * 100.0),
        Unit::Dollars => format!("${mean:.2}"),
        _ => format!("{mean:.1}"),
    }
}

/// The table of a sweep: a row for each point, its parameters first.
fn sweep_table(root: &Path, folder: &str, metrics: &[&str]) -> String {
    let out = tempfile::tempdir().unwrap();
    let mut command = program();
    command.current_dir(root).args(["sweep", folder, "-j", "2", "--no-charts", "--out"]).arg(out.path());
    command.assert().success();
    let mut reader = csv::Reader::from_path(out.path().join("sweep_summary.csv")).unwrap();
    let headers = reader.headers().unwrap().clone();
    let parameters = headers.iter().skip(1).take_while(|column| *column != "metric").count();
    let mut points: BTreeMap<usize, (Vec<String>, BTreeMap<String, f64>)> = BTreeMap::new();
    for row in reader.records().map(Result::unwrap) {
        let point = points.entry(row[0].parse().unwrap()).or_default();
        point.0 = row.iter().skip(1).take(parameters).map(str::to_owned).collect();
        point.1.insert(row[1 + parameters].to_owned(), row[3 + parameters].parse().unwrap());
    }
    let names = headers.iter().skip(1).take(parameters).map(|path| path.trim_start_matches("spec."));
    let mut text = format!("| {} |\n", names.chain(metrics.iter().copied()).collect::<Vec<_>>().join(" | "));
    let alignment = std::iter::repeat_n("---", parameters).chain(std::iter::repeat_n("---:", metrics.len()));
    let _ = writeln!(text, "| {} |", alignment.collect::<Vec<_>>().join(" | "));
    for (values, means) in points.into_values() {
        let means = metrics.iter().map(|metric| told(metric, means[*metric]));
        let _ = writeln!(text, "| {} |", values.into_iter().chain(means).collect::<Vec<_>>().join(" | "));
    }
    text
}

/// The README with each marked block as its command gives it now.
fn current(root: &Path, readme: &str) -> String {
    let mut text = String::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        if let Some(sweep) = line.strip_prefix(SWEEP_MARK).and_then(|rest| rest.strip_suffix(" -->")) {
            let (folder, metrics) = sweep.split_once("; ").unwrap();
            lines.by_ref().find(|line| line.is_empty()).expect("an empty line ends the table");
            text.push_str(&sweep_table(root, folder, &metrics.split(", ").collect::<Vec<_>>()));
            text.push('\n');
            continue;
        }
        let Some(arguments) = line.strip_prefix(MARK).and_then(|rest| rest.strip_suffix(" -->")) else { continue };
        assert_eq!(lines.next(), Some("```"), "a block follows `{line}`");
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        text.push_str("```\n");
        if arguments.contains("DIR") && traces(root).is_none() {
            text.extend(block.iter().flat_map(|line| [line, "\n"]));
            text.push_str("```\n");
            continue;
        }
        for line in output(root, arguments).trim_end().lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push_str("```\n");
    }
    text
}

#[test]
fn the_readmes_of_the_scenarios_show_what_comes_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = std::fs::read_dir(root.join("scenarios")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = folders.map(|folder| folder.join("README.md")).filter(|file| file.exists()).collect();
    files.sort();
    #[expect(clippy::disallowed_methods, reason = "the way to write the files anew")]
    let is_update = std::env::var("WAVETANK_UPDATE").is_ok();
    let anew = |file: PathBuf| {
        let readme = std::fs::read_to_string(&file).unwrap();
        let current = current(root, &readme);
        let blocks = readme.matches(MARK).count();
        if current != readme && is_update {
            std::fs::write(&file, &current).unwrap();
        }
        (blocks, (current != readme && !is_update).then(|| format!("{}\n{current}", file.display())))
    };
    // Each README waits for its commands in turn.
    let read: Vec<(usize, Option<String>)> = files.into_par_iter().map(anew).collect();
    let blocks: usize = read.iter().map(|(blocks, _)| blocks).sum();
    let stale: Vec<String> = read.into_iter().filter_map(|(_, stale)| stale).collect();
    assert!(blocks >= 8, "only {blocks} blocks are marked");
    let advice = "write them anew with `WAVETANK_UPDATE=1 cargo test --test integration readmes`";
    assert!(stale.is_empty(), "{} READMEs are stale: {advice}\n{}", stale.len(), stale.join("\n"));
}
