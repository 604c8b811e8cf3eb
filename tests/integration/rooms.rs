//! The rooms of `src/` keep to the architecture: who may use whom, who may print, where there is no I/O, how long a file
//! is, and that the files of a room build on each other in one direction.

mod graph;
mod imports;
pub mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use graph::Graph;
use imports::imports;
use source::{files_of, name_of, rooms};

/// Each room and the rooms that it may use besides itself. An arrow that no path of the room uses is an error.
const ALLOWED: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("api", &["units"]),
    ("patch", &[]),
    ("input", &["units", "api"]),
    ("engine", &["units"]),
    ("cluster", &["units", "api"]),
    ("scheduler", &["units", "api", "engine", "cluster"]),
    ("workload", &["units", "api", "engine", "cluster", "input"]),
    ("network", &["units", "api", "engine", "cluster", "input"]),
    ("infra", &["units", "api", "engine", "cluster", "input"]),
    ("controllers", &["units", "api", "engine", "cluster", "scheduler"]),
    ("kubelet", &["units", "api", "engine", "cluster"]),
    ("autoscaler", &["units", "api", "engine", "cluster", "scheduler"]),
    ("record", &["units"]),
    ("stats", &["units", "record"]),
    ("report", &["units", "record", "stats"]),
    (
        "sim",
        &[
            "units",
            "api",
            "input",
            "patch",
            "engine",
            "cluster",
            "scheduler",
            "workload",
            "network",
            "infra",
            "controllers",
            "kubelet",
            "autoscaler",
            "record",
        ],
    ),
    (
        "study",
        &[
            "units",
            "api",
            "input",
            "patch",
            "engine",
            "cluster",
            "scheduler",
            "controllers",
            "autoscaler",
            "record",
            "sim",
            "stats",
            "report",
        ],
    ),
    ("cli", &["units", "input", "scheduler", "record", "sim", "report", "study"]),
];

/// What a room uses beyond the table: room, path, why. An entry that nothing needs any more is an error.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("infra", "workload::Sampler", "draws from a distribution: a pure function, no behaviour"),
    ("network", "workload::Sampler", "draws from a distribution: a pure function, no behaviour"),
    ("network", "workload::RateCurve", "a rate over time: a pure function, no behaviour"),
    ("workload", "network::queueing", "formulas of queueing theory: pure functions, no behaviour"),
    ("kubelet", "workload::Sampler", "draws from a distribution: a pure function, no behaviour"),
    ("kubelet", "input::scenario", "the scenario's start-up times"),
    ("record", "input::scenario::FaultKind", "a fault is recorded as what the scenario calls it"),
];

/// Rooms that do no I/O and read no clock, thread or environment.
const PURE: &[&str] = &[
    "units",
    "api",
    "patch",
    "engine",
    "cluster",
    "scheduler",
    "workload",
    "network",
    "infra",
    "controllers",
    "kubelet",
    "autoscaler",
    "record",
    "stats",
];

/// A file has fewer lines than this, tests included.
const MAX_LINES: usize = 500;

#[test]
fn rooms_use_only_what_they_may() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut unused_exceptions: BTreeSet<&(&str, &str, &str)> = EXCEPTIONS.iter().collect();
    let arrows = ALLOWED.iter().flat_map(|(room, used)| used.iter().map(move |used| (*room, *used)));
    let mut unused_arrows: BTreeSet<(&str, &str)> = arrows.collect();
    let mut found = Vec::new();
    for room in rooms() {
        let Some(allowed) = allowed.get(room.as_str()) else {
            found.push(format!("src/{room} is not in the table of rooms"));
            continue;
        };
        for file in files_of(&room) {
            for path in crate_paths(&fs::read_to_string(&file).unwrap()) {
                let used = path.split("::").next().unwrap_or_default();
                if used == room || allowed.contains(&used) {
                    unused_arrows.retain(|arrow| *arrow != (room.as_str(), used));
                    continue;
                }
                let exception = EXCEPTIONS.iter().find(|(of, excepted, _)| {
                    *of == room && (path == *excepted || path.starts_with(&format!("{excepted}::")))
                });
                match exception {
                    Some(exception) => _ = unused_exceptions.remove(exception),
                    None => found.push(format!("{}: {room} uses crate::{path}", name_of(&file))),
                }
            }
        }
    }
    found.extend(unused_arrows.iter().map(|(room, used)| format!("{room} may use {used}, and does not")));
    found.extend(
        unused_exceptions.iter().map(|(room, path, _)| format!("{room} does not need its exception for {path}")),
    );
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    assert_eq!(allowed.len(), rooms().len(), "a room of the table is gone");
}

#[test]
fn no_two_files_of_a_room_import_each_other_in_a_circle() {
    let mut found = Vec::new();
    for room in rooms() {
        let graph = Graph::of(&room);
        let circles = graph.circles().into_iter();
        found.extend(circles.map(|circle| format!("these files import each other in a circle: {circle:?}")));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_file_is_long() {
    let mut found = Vec::new();
    for file in rooms().iter().flat_map(|room| files_of(room)) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        if lines >= MAX_LINES {
            found.push(format!("{} has {lines} lines, not under {MAX_LINES}", name_of(&file)));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_kernel_names_no_kubernetes_term() {
    let terms = ["pod", "node", "kube", "deployment", "replica"];
    let mut found = Vec::new();
    for file in files_of("engine") {
        // Comments count too: whoever reads the kernel needs no Kubernetes.
        let text = fs::read_to_string(&file).unwrap();
        for (index, line) in text.lines().enumerate() {
            let lower = line.to_lowercase();
            let named = terms.iter().filter(|term| lower.contains(**term) && !lower.contains("nothing of kubernetes"));
            found.extend(named.map(|term| format!("{}:{}: `{term}`", file.display(), index + 1)));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn only_the_command_line_prints_and_exits() {
    let forbidden = ["println!", "print!", "dbg!", "process::exit", "process::abort"];
    let mut found = Vec::new();
    for room in rooms().into_iter().filter(|room| room != "cli") {
        found.extend(occurrences(&room, &forbidden));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn behaviour_does_no_io() {
    let forbidden = [
        "std::fs",
        "std::env",
        "std::io",
        "std::net",
        "std::thread",
        "std::time",
        "std::process",
        "Instant",
        "SystemTime",
    ];
    let found: Vec<String> = PURE.iter().flat_map(|room| occurrences(room, &forbidden)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// Each file of a room without its comments.
fn code_of(room: &str) -> Vec<(PathBuf, String)> {
    let read = |file: PathBuf| {
        let code = without_comments(&fs::read_to_string(&file).unwrap());
        (file, code)
    };
    files_of(room).into_iter().map(read).collect()
}

/// The code with line comments cut off. `//` within a string cuts too, which can only hide the rest of that line.
fn without_comments(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    lines.join("\n")
}

/// The paths from the crate's root on that a file has.
fn crate_paths(text: &str) -> Vec<String> {
    let found = imports(text);
    let references = found.uses.iter().map(|used| &used.reference).chain(&found.paths);
    let of_crate = references.filter(|reference| reference.path[0] == "crate");
    of_crate.map(|reference| reference.path[1..].join("::")).collect()
}

/// Where the code of a room has one of these words.
fn occurrences(room: &str, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (file, code) in code_of(room) {
        for (index, line) in code.lines().enumerate() {
            let has = |word: &&&str| {
                line.match_indices(**word).any(|(start, word)| {
                    let end = line[start + word.len()..].chars().next();
                    let before = line[..start].chars().next_back();
                    let letter = |c: char| c.is_alphanumeric() || c == '_';
                    // `eprintln!` is `println!` for this purpose; `Instantiate` is not `Instant`.
                    (word.ends_with('!') || !before.is_some_and(letter)) && !end.is_some_and(letter)
                })
            };
            found.extend(words.iter().filter(has).map(|word| format!("{}:{}: `{word}`", file.display(), index + 1)));
        }
    }
    found
}
