//! Validation of a scenario's values against each other, after the document has been read.
//!
//! Turns the entries of the document into closed enums on the way.

use super::action::Action;
use super::fault::Fault;
use super::shortage::Shortage;
use super::spec::ScenarioSpec;
use super::typed::Arrivals;
use crate::input::Severity;
use crate::input::catalogue::Catalogue;
use crate::input::document::field_path::FieldPathBuf;
use crate::input::document::similar::{Tolerance, nearest};
use crate::units::SimTime;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A broken rule, before its place is known.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub severity: Severity,
    pub path: FieldPathBuf,
    pub message: String,
    pub hint: Option<String>,
}

/// What a checked spec becomes.
#[derive(Debug, Default)]
pub(super) struct Lowered {
    pub arrivals: Vec<Arrivals>,
    pub faults: Vec<Fault>,
    pub shortages: Vec<Shortage>,
    pub actions: Vec<Action>,
}

/// Checks one scenario.
pub(super) struct Checker<'a> {
    /// The folder of the scenario file.
    pub folder: &'a Path,
    /// The folder given by `--traces`.
    pub traces: Option<&'a Path>,
    /// Places that the reader could not read: no rule is checked there.
    pub damaged: &'a BTreeSet<FieldPathBuf>,
    /// What the catalogues of the scenario know.
    pub catalogue: &'a Catalogue,
    pub findings: Vec<Finding>,
}

impl Checker<'_> {
    /// Whether anything at, above or below a path could not be read.
    pub fn is_damaged(&self, path: &FieldPathBuf) -> bool {
        self.damaged.iter().any(|damaged| damaged.0.starts_with(&path.0) || path.0.starts_with(&damaged.0))
    }

    /// Notes an error.
    pub fn error(&mut self, path: FieldPathBuf, message: impl Into<String>) {
        self.note(Severity::Error, path, message.into(), None);
    }

    /// Notes an error and what to do.
    pub fn error_hint(&mut self, path: FieldPathBuf, message: impl Into<String>, hint: impl Into<String>) {
        self.note(Severity::Error, path, message.into(), Some(hint.into()));
    }

    /// Notes a warning.
    pub fn warn(&mut self, path: FieldPathBuf, message: impl Into<String>) {
        self.note(Severity::Warning, path, message.into(), None);
    }

    /// Notes a problem, and what to do if anything can be told.
    pub fn note(&mut self, severity: Severity, path: FieldPathBuf, message: String, hint: Option<String>) {
        if !self.is_damaged(&path) {
            self.findings.push(Finding { severity, path, message, hint });
        }
    }

    /// An error unless the condition holds.
    pub fn require(&mut self, holds: bool, path: FieldPathBuf, message: impl Into<String>) {
        if !holds {
            self.error(path, message);
        }
    }

    /// A reference to one of several names.
    pub fn require_known(&mut self, path: FieldPathBuf, what: &str, name: &str, known: &BTreeSet<String>) {
        if known.contains(name) {
            return;
        }
        let message = format!("{what} `{name}` does not exist");
        if let Some(near) = nearest(name, known.iter().map(String::as_str), Tolerance::Wide) {
            let hint = format!("did you mean `{near}`?");
            self.error_hint(path, message, hint);
        } else if known.is_empty() {
            self.error(path, format!("{message} (the scenario has none)"));
        } else {
            let names: Vec<&str> = known.iter().map(String::as_str).take(10).collect();
            let hint = format!("known: {}", names.join(", "));
            self.error_hint(path, message, hint);
        }
    }

    /// Names that shall differ; each is given with its path.
    pub fn require_unique(&mut self, what: &str, names: impl IntoIterator<Item = (FieldPathBuf, String)>) {
        let mut seen = BTreeSet::new();
        for (path, name) in names {
            if !seen.insert(name.clone()) {
                self.error(path, format!("{what} `{name}` is given twice"));
            }
        }
    }

    /// A name as Kubernetes objects have it (RFC 1123 subdomain).
    pub fn require_name(&mut self, path: FieldPathBuf, name: &str) {
        let is_edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let is_good = name.len() <= 253
            && is_edge(name.chars().next())
            && is_edge(name.chars().last())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'));
        if !is_good {
            let short: String = name.chars().take(60).collect();
            self.error(
                path,
                format!("`{short}` is not a name (expected lower-case letters, digits, `-` and `.`, a letter or digit at both ends)"),
            );
        }
    }

    /// A number that is not below zero.
    pub fn require_not_negative(&mut self, path: FieldPathBuf, value: f64) {
        self.require(value >= 0.0, path, format!("`{value}` is negative (expected zero or more)"));
    }

    /// A number above zero.
    pub fn require_positive(&mut self, path: FieldPathBuf, value: f64) {
        self.require(value > 0.0, path, format!("`{value}` is not above zero"));
    }

    /// A path of the scenario, made absolute or relative to the working directory.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// A file that exists.
    pub fn require_file(&mut self, path: FieldPathBuf, file: &Path) {
        let resolved = self.resolve(file);
        if resolved.is_dir() {
            self.error(path, format!("`{}` is a folder (expected a file)", file.display()));
        } else if !resolved.exists() {
            self.error(path, format!("file `{}` does not exist", resolved.display()));
        }
    }

    /// A file, folder or glob that names at least one file.
    pub fn require_files(&mut self, path: FieldPathBuf, pattern: &str) {
        if pattern.is_empty() {
            return self.error(path, "is empty (expected a file, folder or glob)");
        }
        let resolved = self.resolve(Path::new(pattern));
        if resolved.exists() {
            return;
        }
        if !pattern.contains(['*', '?', '[']) {
            return self.error(path, format!("`{}` does not exist", resolved.display()));
        }
        match glob::glob(&resolved.to_string_lossy()) {
            Err(error) => self.error(path, format!("`{pattern}` is not a glob: {}", error.msg)),
            Ok(mut matches) => {
                if matches.next().is_none() {
                    self.error(path, format!("glob `{}` matches no file", resolved.display()));
                }
            }
        }
    }

    /// Checks a whole spec.
    pub fn check(&mut self, spec: &mut ScenarioSpec) -> Lowered {
        let root = FieldPathBuf::default().key("spec");
        self.require(spec.duration.get().as_nanos() > 0, root.key("duration"), "is zero (expected a time above zero)");
        let is_counted = spec.duration.from_start() <= SimTime::MAX_RUN;
        self.require(
            is_counted,
            root.key("duration"),
            format!("`{}` is too long (expected at most 100 years)", spec.duration),
        );
        for (index, pattern) in spec.manifests.iter().enumerate() {
            self.require_files(root.key("manifests").index(index), pattern);
        }
        if let Some(file) = &spec.scheduler {
            self.require_file(root.key("scheduler"), file);
        }
        self.check_node_pools(&root.key("nodePools"), &mut spec.node_pools);
        if let Some(cloud) = &mut spec.cloud {
            self.check_machines(&root.key("cloud"), cloud);
        }
        if let Some(cloud) = &spec.cloud {
            self.check_cloud(&root.key("cloud"), cloud, spec);
        }
        let arrivals = self.check_arrivals(&root.key("arrivals"), spec);
        self.check_traffic(&root.key("traffic"), &mut spec.traffic, spec.duration.get());
        self.check_usage(&root.key("usage"), &mut spec.usage);
        self.check_vertical_pod_autoscaler(&root.key("verticalPodAutoscaler"), &spec.vertical_pod_autoscaler);
        self.check_jobs(&root.key("jobs"), &mut spec.jobs);
        self.check_metrics(&root.key("metrics"), &mut spec.metrics, &spec.traffic);
        self.check_startup(&root.key("startup"), &mut spec.startup);
        self.check_storage(&root.key("storage"), &mut spec.storage);
        self.check_control_plane(&root.key("controlPlane"), &spec.control_plane);
        let faults = self.check_faults(&root.key("faults"), spec);
        let shortages = self.check_shortages(&root.key("cloud").key("shortages"), spec);
        let actions = self.check_actions(&root.key("actions"), spec);
        self.check_objectives(&root.key("objectives"), &spec.objectives, &spec.traffic);
        if let Some(interval) = spec.output.timeline_interval {
            let path = root.key("output").key("timelineInterval");
            self.require(interval.get().as_nanos() > 0, path, "is zero (expected a time above zero)");
        }
        if let Some(sweep) = &spec.sweep {
            self.check_sweep(&root.key("sweep"), sweep);
        }
        Lowered { arrivals, faults, shortages, actions }
    }
}
