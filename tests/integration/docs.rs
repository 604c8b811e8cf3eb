//! The documentation tells the truth about the repository: what its pages name is there.
//!
//! A page names a file by its path from the root (`src/sim/world.rs`), and an item of it after two colons
//! (`src/sim/world.rs::World::step`). An item is looked for among the definitions of the file's code, tests left out.

mod code;
mod files;
mod page;

use code::Code;
use files::root;
use page::{Page, Reference};
use std::collections::BTreeSet;
use wavetank::report::METRICS;

/// The page of lists that [`the_lists_of_how_to_add_are_whole`] checks.
const HOW_TO_ADD: &str = "docs/how-to-add.md";

/// What that page tells how to add.
const ADDED: &[&str] = &["A kind", "A controller", "A plugin", "A fault", "A metric", "A command"];

#[test]
fn every_file_and_item_that_a_page_names_exists() {
    let mut found = Vec::new();
    for page in Page::all() {
        for reference in page.references() {
            if let Some(problem) = problem_with(&reference) {
                found.push(format!("{}:{}: {problem}", page.path, reference.line));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// What is wrong with a reference, if something is.
fn problem_with(reference: &Reference) -> Option<String> {
    let Reference { path, items, .. } = reference;
    if !root().join(path).exists() {
        return Some(format!("`{path}` does not exist"));
    }
    if items.is_empty() {
        return None;
    }
    let code = Code::of(path);
    let missing = items.iter().find(|item| !code.defines(item))?;
    Some(format!("`{path}` does not define `{missing}` outside its tests"))
}

#[test]
fn links_lead_to_files_and_headings_that_exist() {
    let pages = Page::all();
    let mut found = Vec::new();
    for page in &pages {
        for (line, link) in page.links() {
            let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
            let target = page.resolve(file);
            if !root().join(&target).exists() {
                found.push(format!("{}:{line}: `{link}` leads nowhere", page.path));
            }
            let linked = pages.iter().find(|linked| linked.path == target);
            let has = |heading: &str| linked.is_some_and(|linked| linked.headings().any(|known| known == heading));
            if heading.is_some_and(|heading| !has(heading)) {
                found.push(format!("{}:{line}: `{link}` leads to no heading", page.path));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_summary_lists_every_page_once() {
    let pages = Page::all();
    let summary = pages.iter().find(|page| page.path == "docs/SUMMARY.md").expect("the book has a summary");
    let mut listed: Vec<String> = summary.links().map(|(_, link)| summary.resolve(link)).collect();
    let mut written: Vec<String> = pages
        .iter()
        .map(|page| page.path.clone())
        .filter(|path| path.starts_with("docs/") && *path != summary.path)
        .collect();
    listed.sort();
    written.sort();
    assert_eq!(listed, written);
}

#[test]
fn evidence_names_code_that_a_run_executes() {
    // Behaviour is in private rooms: what they define outside their tests and no run calls, the compiler refuses.
    let (mut found, mut checked) = (Vec::new(), 0);
    for page in Page::all().iter().filter(|page| page.path.starts_with("docs/model/")) {
        for (line, evidence) in page.column("evidence") {
            let references: Vec<Reference> = page::references_in(&evidence, line).collect();
            checked += 1;
            let named = |reference: &&Reference| reference.path.starts_with("src/") && !reference.items.is_empty();
            if evidence.split(|c: char| !c.is_alphabetic()).any(|word| word == "table")
                && !references.iter().any(|one| named(&one))
            {
                found.push(format!(
                    "{}:{line}: a table test is evidence for an item, as in `src/file.rs::item`",
                    page.path
                ));
            }
            for reference in references.iter().filter(|reference| reference.path.starts_with("src/")) {
                if reference.items.is_empty() || code::is_test(&reference.path) {
                    found.push(format!("{}:{line}: `{}` is no item that a run executes", page.path, reference.path));
                }
            }
        }
    }
    assert!(checked > 30, "the columns of evidence were found: {checked} cells");
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_lists_of_how_to_add_are_whole() {
    let pages = Page::all();
    let page = pages.iter().find(|page| page.path == HOW_TO_ADD).expect("the page is there");
    let sections = page.sections();
    let titles: Vec<&str> = sections.iter().map(|section| section.title).collect();
    assert_eq!(titles, ADDED);
    let files: Vec<(String, Code)> = code::files().map(|path| (path.clone(), Code::of(&path))).collect();
    let mut found = Vec::new();
    for section in &sections {
        let title = section.title;
        let words = section.followed_words();
        if words.is_empty() {
            found.push(format!("{title}: a line \"Follow `Word`.\" names what the list follows"));
        }
        let mut listed = BTreeSet::new();
        for (line, item) in section.list_items() {
            let Some(reference) = page::references_in(item, line).next() else {
                found.push(format!("{HOW_TO_ADD}:{line}: no file"));
                continue;
            };
            listed.insert(reference.path);
        }
        let mention = files.iter().filter(|(_, code)| words.iter().any(|word| code.mentions(word)));
        let following: BTreeSet<String> = mention.map(|(path, _)| path.clone()).collect();
        let in_source = listed.iter().filter(|path| path.starts_with("src/"));
        let stale = in_source.filter(|path| !following.contains(*path));
        found.extend(stale.map(|path| format!("{title}: {path} is listed and has none of {words:?}")));
        let left_out = following.iter().filter(|path| !listed.contains(*path));
        found.extend(left_out.map(|path| format!("{title}: {path} has one of {words:?} and is not listed")));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_reference_lists_every_metric_in_the_order_of_the_summary() {
    let pages = Page::all();
    let page = pages.iter().find(|page| page.path == "docs/reference/metrics.md").expect("the page is there");
    let column = page.column("metric");
    let listed: Vec<&str> = column.iter().map(|(_, name)| name.trim_matches('`')).collect();
    let known: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(listed, known);
}

#[test]
fn a_wrong_reference_is_found() {
    let cases = [
        ("`src/sim/world.rs`", true, "a file"),
        ("`src/sim/world.rs::World::step`", true, "a method of a type"),
        ("`src/sim/event.rs::Event`, and so on", true, "with text after it"),
        ("`src/sim/nowhere.rs`", false, "no such file"),
        ("`src/sim/world.rs::World::leap`", false, "no such method"),
        ("`src/controllers/pod_gc/mod.rs::cases`", false, "an item of the tests alone"),
        ("see src/sim/nowhere.rs.", false, "without backticks"),
        ("`pkg/scheduler/src/x.rs`, <https://example.com/src/x>", true, "not of this repository"),
    ];
    for (text, is_right, why) in cases {
        let problems: Vec<String> = page::references_in(text, 1).filter_map(|one| problem_with(&one)).collect();
        assert_eq!(problems.is_empty(), is_right, "{why}: {problems:?}");
    }
}
