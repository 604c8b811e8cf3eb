//! The code of a file as the documentation speaks of it: its definitions and words, without its tests.

use super::files::{files_below, from_root, root};
use crate::rooms::source::{is_identifier, tokens};
use std::fs;

/// What a definition begins with.
const DEFINING: &[&str] = &["const", "enum", "fn", "mod", "static", "struct", "trait", "type"];

/// The code of a file.
pub struct Code(String);

impl Code {
    /// The code of the file at a path from the root, without the module of tests at its end.
    pub fn of(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let tests = text.match_indices("#[cfg(test)]\nmod ").map(|(at, _)| at);
        let inline = tests.into_iter().find(|at| text[*at..].lines().nth(1).is_some_and(|line| line.ends_with('{')));
        Self(text[..inline.unwrap_or(text.len())].to_owned())
    }

    /// Whether the code defines an item of this name, or implements something for it.
    pub fn defines(&self, name: &str) -> bool {
        let tokens = tokens(&self.0);
        let is_defined = tokens.windows(2).any(|pair| DEFINING.contains(&pair[0]) && pair[1] == name);
        let mut impls = tokens.split(|token| *token == "impl").skip(1);
        is_defined || impls.any(|rest| rest.iter().take_while(|token| **token != "{").any(|token| *token == name))
    }

    /// Whether a word is in the code, strings included and comments left out.
    pub fn mentions(&self, word: &str) -> bool {
        let lines = self.0.lines().filter(|line| !line.trim_start().starts_with("//"));
        let mut words = lines.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
        debug_assert!(is_identifier(word));
        words.any(|known| known == word)
    }
}

/// Every file of code that is not there for tests alone.
pub fn files() -> impl Iterator<Item = String> {
    files_below("src", "rs").into_iter().map(|file| from_root(&file)).filter(|path| !is_test(path))
}

/// Whether a file is compiled for tests alone: its name says so.
pub fn is_test(path: &str) -> bool {
    path.split(['/', '.']).any(|step| step == "tests" || step.starts_with("test_") || step.ends_with("_tests"))
}
