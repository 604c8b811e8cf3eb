//! The rooms of `src/` keep to the architecture: who may use whom, who may print, where there is no I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may use besides itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("api", &["units"]),
    ("input", &["units", "api"]),
    ("engine", &["units"]),
    ("cluster", &["units", "api"]),
    ("scheduler", &["units", "api", "engine", "cluster"]),
    ("workload", &["units", "api", "engine", "cluster", "input"]),
    ("infra", &["units", "api", "engine", "cluster", "input"]),
    ("controllers", &["units", "api", "engine", "cluster", "scheduler"]),
    ("kubelet", &["units", "api", "engine", "cluster"]),
    ("autoscaler", &["units", "api", "engine", "cluster", "scheduler"]),
    ("record", &["units"]),
    ("stats", &["units", "record"]),
    ("report", &["units", "input", "record", "stats"]),
    (
        "sim",
        &[
            "units",
            "api",
            "input",
            "engine",
            "cluster",
            "scheduler",
            "workload",
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
            "engine",
            "cluster",
            "scheduler",
            "workload",
            "infra",
            "controllers",
            "kubelet",
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
    ("kubelet", "workload::Sampler", "draws from a distribution: a pure function, no behaviour"),
    ("kubelet", "input::scenario", "the scenario's start-up times"),
];

/// Rooms that do no I/O and read no clock, thread or environment.
const PURE: &[&str] = &[
    "units",
    "api",
    "engine",
    "cluster",
    "scheduler",
    "workload",
    "infra",
    "controllers",
    "kubelet",
    "autoscaler",
    "record",
    "stats",
];

#[test]
fn rooms_use_only_what_they_may() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut unused: BTreeSet<&(&str, &str, &str)> = EXCEPTIONS.iter().collect();
    let mut found = Vec::new();
    for room in rooms() {
        let Some(allowed) = allowed.get(room.as_str()) else {
            found.push(format!("src/{room} is not in the table of rooms"));
            continue;
        };
        for (file, code) in code_of(&room) {
            for path in crate_paths(&code) {
                let used = path.split("::").next().unwrap_or_default();
                if used == room || allowed.contains(&used) {
                    continue;
                }
                let exception = EXCEPTIONS.iter().find(|(own, excepted, _)| {
                    *own == room && (path == *excepted || path.starts_with(&format!("{excepted}::")))
                });
                match exception {
                    Some(exception) => _ = unused.remove(exception),
                    None => found.push(format!("{}: {room} uses crate::{path}", file.display())),
                }
            }
        }
    }
    found.extend(unused.iter().map(|(room, path, _)| format!("the exception of {room} for {path} is not needed")));
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    assert_eq!(allowed.len(), rooms().len(), "a room of the table is gone");
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

#[test]
fn paths_are_found_in_all_forms() {
    let cases: [(&str, &[&str], &str); 6] = [
        ("use crate::units::SimTime;", &["units::SimTime"], "plain"),
        ("use crate::{api, units::{Bytes, SimTime}, record};", &["api", "units", "record"], "a list"),
        ("fn f(x: crate::sim::Event) { crate::cli::run(x) }", &["sim::Event", "cli::run"], "in code"),
        ("pub(crate) fn f() {} // crate::cli", &[], "visibility and a comment"),
        ("/// See [`crate::report`].\nfn f() {}", &[], "a link in docs"),
        ("use crate::report::{self, Summary};", &["report"], "a list below"),
    ];
    for (code, expected, why) in cases {
        assert_eq!(crate_paths(&without_comments(code)), expected, "{why}");
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rooms() -> Vec<String> {
    let entries = fs::read_dir(source()).unwrap().map(|entry| entry.unwrap());
    let mut rooms: Vec<String> = entries
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    rooms.sort();
    rooms
}

fn files_of(room: &str) -> Vec<PathBuf> {
    let mut folders = vec![source().join(room)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                files.push(entry);
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "{room} has no file");
    files
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

/// The paths behind each `crate::`; of a list `crate::{..}`, the first step of each element.
fn crate_paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (start, marker) in code.match_indices("crate::") {
        let before = code[..start].chars().next_back();
        if before.is_some_and(|before| before.is_alphanumeric() || before == '_' || before == '$') {
            continue;
        }
        let rest = &code[start + marker.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut element = String::new();
            for c in list.chars() {
                match c {
                    '}' if depth == 0 => break,
                    ',' if depth == 0 => paths.push(first_step(&std::mem::take(&mut element))),
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ if depth == 0 => element.push(c),
                    _ => {}
                }
            }
            paths.push(first_step(&element));
        } else {
            let path: String = rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
            paths.push(path.trim_end_matches(':').to_owned());
        }
    }
    paths.retain(|path| !path.is_empty());
    paths
}

fn first_step(element: &str) -> String {
    element.trim().split([':', ' ']).next().unwrap_or_default().to_owned()
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
