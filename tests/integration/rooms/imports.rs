//! What a file names of the crate: its imports and the paths in its code.

use super::source::{is_identifier, tokens};

/// What one file says about modules.
#[derive(Debug, Default)]
pub struct Imports {
    /// Modules that have a file of their own (`mod name;`).
    pub children: Vec<String>,
    /// Names that `use` brings into the file's module.
    pub uses: Vec<Use>,
    /// Paths of two or more steps that stand in code.
    pub paths: Vec<Reference>,
}

/// One name brought in by a `use`.
#[derive(Debug)]
pub struct Use {
    /// What is brought in.
    pub reference: Reference,
    /// The name that it has here; `*` for everything.
    pub name: String,
}

/// A path and where it stands.
#[derive(Debug)]
pub struct Reference {
    /// The steps of the path as they are written.
    pub path: Vec<String>,
    /// The modules written out within the file that the path stands in, outermost first.
    pub within: Vec<String>,
    /// Whether it is compiled for tests alone.
    pub test: bool,
}

impl Reference {
    /// The path from the crate's root on, for a file that is the module `module`; nothing for a path that leads elsewhere.
    pub fn absolute(&self, module: &[String], children: &[String]) -> Option<Vec<String>> {
        let mut here: Vec<String> = module.iter().chain(&self.within).cloned().collect();
        let first = self.path.first()?.as_str();
        let up = self.path.iter().take_while(|step| *step == "super").count();
        let rest = match first {
            "crate" => {
                here.clear();
                &self.path[1..]
            }
            "self" => &self.path[1..],
            "super" => {
                here.truncate(here.len().checked_sub(up)?);
                &self.path[up..]
            }
            child if self.within.is_empty() && children.iter().any(|name| name == child) => &self.path[..],
            _ => return None,
        };
        here.extend_from_slice(rest);
        Some(here)
    }
}

/// A module written out within a file that is being read.
struct Inline {
    name: String,
    depth: usize,
    test: bool,
}

/// Reads the text of a file.
pub fn imports(text: &str) -> Imports {
    let tokens = tokens(text);
    let mut found = Imports::default();
    let mut inline: Vec<Inline> = Vec::new();
    let (mut depth, mut at, mut test_next) = (0, 0, false);
    while let Some(&token) = tokens.get(at) {
        let next = |steps: usize| tokens.get(at + steps).copied().unwrap_or_default();
        let place = |path: Vec<String>, test: bool| Reference {
            path,
            within: inline.iter().map(|module| module.name.clone()).collect(),
            test: test || inline.iter().any(|module| module.test),
        };
        match token {
            "#" if tokens[at..].starts_with(&["#", "[", "cfg", "(", "test", ")", "]"]) => {
                test_next = true;
                at += 7;
                continue;
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inline.pop_if(|module| module.depth == depth);
            }
            "mod" if next(2) == ";" => found.children.push(next(1).to_owned()),
            "mod" if next(2) == "{" => {
                inline.push(Inline { name: next(1).to_owned(), depth, test: test_next });
                depth += 1;
                at += 2;
            }
            "use" if next(1) != "<" => {
                let (names, end) = use_tree(&tokens, at + 1, &[]);
                found
                    .uses
                    .extend(names.into_iter().map(|(path, name)| Use { reference: place(path, test_next), name }));
                at = end;
                continue;
            }
            _ if is_identifier(token) && (at == 0 || !matches!(tokens[at - 1], "::" | ".")) => {
                let mut path = vec![token.to_owned()];
                while tokens.get(at + 1) == Some(&"::") && tokens.get(at + 2).is_some_and(|step| is_identifier(step)) {
                    path.push(tokens[at + 2].to_owned());
                    at += 2;
                }
                if path.len() > 1 {
                    found.paths.push(place(path, false));
                }
            }
            _ => {}
        }
        if matches!(token, ";" | "{" | "}") {
            test_next = false;
        }
        at += 1;
    }
    found
}

/// The paths of a `use` from token `at` on, each with the name that it gets, and where the next token stands.
fn use_tree(tokens: &[&str], mut at: usize, before: &[String]) -> (Vec<(Vec<String>, String)>, usize) {
    let mut path = before.to_vec();
    loop {
        match tokens[at] {
            "::" => at += 1,
            "{" => {
                at += 1;
                let mut found = Vec::new();
                while tokens[at] != "}" {
                    let (names, end) = use_tree(tokens, at, &path);
                    found.extend(names);
                    at = end + usize::from(tokens[end] == ",");
                }
                return (found, at + 1);
            }
            "*" => return (vec![(path, "*".to_owned())], at + 1),
            step => {
                assert!(is_identifier(step), "a use has the step {step}");
                at += 1;
                if tokens[at] == "::" {
                    path.push(step.to_owned());
                    continue;
                }
                if step != "self" || path.is_empty() {
                    path.push(step.to_owned());
                }
                let mut name = path[path.len() - 1].clone();
                if tokens[at] == "as" {
                    tokens[at + 1].clone_into(&mut name);
                    at += 2;
                }
                return (vec![(path, name)], at);
            }
        }
    }
}

#[test]
fn imports_are_found_in_all_forms() {
    let cases: [(&str, &[&str], &str); 11] = [
        ("use crate::units::SimTime;", &["units::SimTime"], "plain"),
        ("use crate::{api, units::{Bytes, SimTime}};", &["api", "units::Bytes", "units::SimTime"], "lists"),
        ("fn f(x: crate::sim::Event) { crate::cli::run(x) }", &["sim::Event", "cli::run"], "in code"),
        ("pub(crate) fn f() {} // crate::cli", &[], "visibility and a comment"),
        ("/// See [`crate::report`].\nfn f() {}", &[], "a link in docs"),
        ("use crate::report::{self, Summary as S};", &["report", "report::Summary"], "the module itself, another name"),
        ("use super::*;", &["room"], "everything of the module above"),
        ("mod tests { use super::super::f; }", &["room::f"], "within a module that is written out"),
        ("mod part; fn f() { part::g(); std::mem::take(x); }", &["room::file::part::g"], "a child, not another crate"),
        ("fn f() { self::g::h::<T>() }", &["room::file::g::h"], "a generic function"),
        ("fn f() -> impl Sized + use<'_, T> {}", &[], "a captured lifetime"),
    ];
    let module = ["room".to_owned(), "file".to_owned()];
    for (text, expected, why) in cases {
        let found = imports(text);
        let references = found.uses.iter().map(|used| &used.reference).chain(&found.paths);
        let paths = references.filter_map(|reference| reference.absolute(&module, &found.children));
        assert_eq!(paths.map(|path| path.join("::")).collect::<Vec<_>>(), expected, "{why}");
    }
}

#[test]
fn what_only_tests_compile_is_marked() {
    let cases = [
        ("use crate::a::B;", false, "plain"),
        ("#[cfg(test)]\nuse crate::a::B;", true, "a use"),
        ("#[cfg(test)]\nmod tests { fn f() { crate::a::b(); } }", true, "in a module"),
        ("#[cfg(test)]\nmod tests {}\nuse crate::a::B;", false, "after a module"),
    ];
    for (text, expected, why) in cases {
        let found = imports(text);
        let references: Vec<&Reference> = found.uses.iter().map(|used| &used.reference).chain(&found.paths).collect();
        assert_eq!(references.iter().map(|reference| reference.test).collect::<Vec<_>>(), [expected], "{why}");
    }
}
