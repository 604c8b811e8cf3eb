//! Which file of a room imports which, and where that goes round in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::imports::{Imports, imports};
use super::source::{files_of, name_of};

type Module = Vec<String>;

/// The files of one room by the module that each is.
pub struct Graph {
    files: BTreeMap<Module, (String, Imports)>,
}

impl Graph {
    /// Reads a room.
    pub fn of(room: &str) -> Self {
        let texts = files_of(room).into_iter().map(|file| (name_of(&file), fs::read_to_string(&file).unwrap()));
        Self::from_texts(texts)
    }

    fn from_texts(texts: impl Iterator<Item = (String, String)>) -> Self {
        let files = texts.map(|(name, text)| (module_of(&name), (name, imports(&text))));
        Self { files: files.collect() }
    }

    /// The groups of two or more files of which each reaches each other by imports.
    pub fn circles(&self) -> Vec<BTreeSet<&str>> {
        let reach: BTreeMap<&Module, BTreeSet<&Module>> =
            self.files.keys().map(|module| (module, self.reached_from(module))).collect();
        let mut circles = BTreeSet::new();
        for module in self.files.keys() {
            let circle = reach[module].iter().filter(|reached| reach[*reached].contains(module));
            let names: BTreeSet<&str> = circle.map(|module| self.files[*module].0.as_str()).collect();
            // A file that lies on a circle reaches itself.
            circles.insert(names);
        }
        circles.into_iter().filter(|circle| circle.len() > 1).collect()
    }

    fn reached_from(&self, module: &Module) -> BTreeSet<&Module> {
        let mut reached = BTreeSet::new();
        let mut open = self.imported_by(module);
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                open.extend(self.imported_by(next));
            }
        }
        reached
    }

    /// The files that a file imports.
    ///
    /// The file that heads a module and the files below it are not held against each other: a part is made of what its
    /// head defines, and the head puts its parts together. Neither is what only tests import: a test may look anywhere.
    fn imported_by(&self, module: &Module) -> Vec<&Module> {
        let (_, imports) = &self.files[module];
        let uses = imports.uses.iter().map(|used| &used.reference);
        let references = uses.chain(&imports.paths).filter(|reference| !reference.test);
        let targets = references
            .filter_map(|reference| reference.absolute(module, &imports.children))
            .filter_map(|path| self.home_of(&path, &mut BTreeSet::new()));
        targets.filter(|target| !target.starts_with(module) && !module.starts_with(target)).collect()
    }

    /// The file that defines what a path names. A name that a file itself takes from elsewhere in the room is followed
    /// there, so that a re-export hides no import.
    fn home_of(&self, path: &[String], seen: &mut BTreeSet<Vec<String>>) -> Option<&Module> {
        if !seen.insert(path.to_vec()) {
            return None;
        }
        let (module, (_, imports)) =
            (1..=path.len()).rev().find_map(|length| self.files.get_key_value(&path[..length]))?;
        let Some(name) = path.get(module.len()) else { return Some(module) };
        let taken = imports.uses.iter().find(|used| used.name == *name && used.reference.within.is_empty());
        let Some(taken) = taken else { return Some(module) };
        let mut target = taken.reference.absolute(module, &imports.children)?;
        target.extend_from_slice(&path[module.len() + 1..]);
        self.home_of(&target, seen)
    }
}

fn module_of(name: &str) -> Module {
    let mut steps: Module =
        Path::new(name).with_extension("").iter().map(|step| step.to_str().unwrap().into()).collect();
    steps.pop_if(|step| step == "mod");
    steps
}

#[test]
fn circles_are_found_through_re_exports() {
    type Files = &'static [(&'static str, &'static str)];
    let cases: [(Files, &[&str], &str); 6] = [
        (&[("a", "use super::b::B;"), ("b", "use super::a::A;")], &["r/a.rs r/b.rs"], "two files"),
        (&[("a", "use super::b::B;"), ("b", "fn f() {}")], &[], "one way"),
        (
            &[("mod", "mod a; mod b; pub use a::A;"), ("a", "use super::b::B;"), ("b", "use super::A;")],
            &["r/a.rs r/b.rs"],
            "a re-export",
        ),
        (&[("mod", "mod a; fn f() { a::g() }"), ("a", "use super::f;")], &[], "a head and its part"),
        (&[("a", "use super::b::B;"), ("b", "#[cfg(test)] mod tests { use crate::r::a::A; }")], &[], "only a test"),
        (
            &[
                ("a", "use super::b::B;"),
                ("b", "use super::c::C;"),
                ("c", "fn f() { super::a::g() }"),
                ("d", "use super::a::A;"),
            ],
            &["r/a.rs r/b.rs r/c.rs"],
            "three files, and one that only looks on",
        ),
    ];
    for (files, expected, why) in cases {
        let texts = files.iter().map(|(name, text)| (format!("r/{name}.rs"), (*text).to_owned()));
        let graph = Graph::from_texts(texts);
        let circles: Vec<String> =
            graph.circles().into_iter().map(|circle| circle.into_iter().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(circles, expected, "{why}");
    }
}
