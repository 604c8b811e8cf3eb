//! The pages of the documentation, and what they name.

use super::files::{files_below, from_root, root};
use std::fs;

/// The folders whose files the pages name by their path from the root.
const ROOTS: &[&str] = &["assets/", "benches/", "docs/", "examples/", "scenarios/", "src/", "tests/"];

/// A page.
pub struct Page {
    /// From the root.
    pub path: String,
    text: String,
}

/// A file that a page names, and items in it: `Type` and `method`, from the outside in.
pub struct Reference {
    /// From the root.
    pub path: String,
    pub items: Vec<String>,
    /// Of the page, from 1.
    pub line: usize,
}

/// A section under a heading of the second level.
pub struct Section<'a> {
    pub title: &'a str,
    /// Each with its number.
    lines: Vec<(usize, &'a str)>,
}

impl Page {
    /// The README, every page of the book, and those of the gallery.
    pub fn all() -> Vec<Self> {
        let mut files = vec![root().join("README.md")];
        files.extend(files_below("docs", "md"));
        files.extend(files_below("scenarios", "md"));
        files.iter().map(|file| Self { path: from_root(file), text: fs::read_to_string(file).unwrap() }).collect()
    }

    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The files and items that the page names.
    pub fn references(&self) -> impl Iterator<Item = Reference> {
        self.lines().flat_map(|(number, line)| references_in(line, number))
    }

    /// The links to files, with the line of each: what stands in `](...)`.
    pub fn links(&self) -> impl Iterator<Item = (usize, &str)> {
        let links = self.lines().flat_map(|(number, line)| {
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
            targets.map(move |(target, _)| (number, target))
        });
        links.filter(|(_, target)| !target.starts_with("http"))
    }

    /// The path from the root of the file that a link of this page leads to; an empty link leads to the page itself.
    pub fn resolve(&self, link: &str) -> String {
        if link.is_empty() {
            return self.path.clone();
        }
        let mut steps: Vec<&str> = self.path.split('/').collect();
        steps.pop();
        for step in link.split('/') {
            match step {
                ".." => _ = steps.pop(),
                "." | "" => {}
                _ => steps.push(step),
            }
        }
        steps.join("/")
    }

    /// The headings as links name them.
    pub fn headings(&self) -> impl Iterator<Item = String> {
        self.lines().filter_map(|(_, line)| {
            let title = line.strip_prefix('#')?.trim_start_matches('#').trim();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            Some(kept.collect::<String>().to_lowercase().replace(' ', "-"))
        })
    }

    /// The cells of the columns whose heading begins with a word, in all tables, with the line of each.
    pub fn column(&self, heading: &str) -> Vec<(usize, String)> {
        let mut cells = Vec::new();
        let mut column = None;
        for (number, line) in self.lines() {
            let Some(row) = line.strip_prefix('|') else {
                column = None;
                continue;
            };
            let row: Vec<&str> = row.split('|').map(str::trim).collect();
            match column {
                // The first line of a table is its heading; the second one parts it from the rest.
                None => column = Some(row.iter().position(|cell| cell.starts_with(heading))),
                Some(Some(index)) if !row[0].starts_with("--") => cells.push((number, row[index].to_owned())),
                Some(_) => {}
            }
        }
        cells
    }

    /// The sections of the page.
    pub fn sections(&self) -> Vec<Section<'_>> {
        let mut sections: Vec<Section<'_>> = Vec::new();
        for (number, line) in self.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                sections.push(Section { title, lines: Vec::new() });
            } else if let Some(section) = sections.last_mut() {
                section.lines.push((number, line));
            }
        }
        sections
    }
}

impl<'a> Section<'a> {
    /// The words in backticks on the line that begins with "Follow".
    pub fn followed_words(&self) -> Vec<&'a str> {
        let line = self.lines.iter().map(|(_, line)| *line).find(|line| line.starts_with("Follow "));
        line.into_iter().flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
    }

    /// The items of its lists, with the line of each.
    pub fn list_items(&self) -> impl Iterator<Item = (usize, &'a str)> {
        self.lines.iter().filter_map(|(number, line)| Some((*number, line.strip_prefix("- ")?)))
    }
}

/// The files and items that a line names.
pub fn references_in(line: &str, number: usize) -> impl Iterator<Item = Reference> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric() && !"_-./:#".contains(c));
    let named = words.filter(|word| ROOTS.iter().any(|root| word.starts_with(root)));
    named.map(move |word| {
        let word = word.split('#').next().unwrap_or_default().trim_end_matches(['.', ':', '-']);
        let mut parts = word.split("::").map(str::to_owned);
        let path = parts.next().unwrap_or_default();
        Reference { path, items: parts.collect(), line: number }
    })
}
