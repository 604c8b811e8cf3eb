//! From a scenario file and overrides to a checked [`Scenario`], or to every error at once.

use super::check::{Checker, Finding};
use super::check_cloud::load_catalogue;
use super::leaf::AnyValue;
use super::overrides::apply_override;
use super::source::ScenarioSource;
use super::spec::ScenarioFile;
use super::stand_in::stand_in;
use super::sweep::{Sweep, SweepStep};
use super::typed::Scenario;
use crate::input::catalogue::Catalogue;
use crate::input::document::field_path::FieldPathBuf;
use crate::input::document::tolerant::{Problem, read};
use crate::input::document::tree::{self, Node, Position, Value};
use crate::input::document::yaml::{Dialect, YamlError};
use crate::input::manifest::ManifestField;
use crate::input::{Diagnostic, Diagnostics, Severity};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest scenario file in bytes: YAML of this size is no scenario. Large workloads come as traces.
const MAX_FILE_SIZE: u64 = 16 << 20;
/// Name of the scenario in a folder.
const FILE_IN_FOLDER: &str = "scenario.yaml";

/// What changes how a scenario is loaded.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// `--set PATH=VALUE`: dotted paths with values in YAML, applied in order before anything is checked. Elements of
    /// lists are named by their `name` or by index; `\.` is a dot within a name.
    pub overrides: Vec<(String, String)>,
    /// `--traces DIR`: the folder below which traces with a `directory` lie.
    pub traces: Option<PathBuf>,
}

/// Reads a scenario file, or `scenario.yaml` in a folder.
///
/// # Errors
/// [`Diagnostics`] with every problem that was found.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Scenario, Diagnostics> {
    let file = if path.is_dir() { path.join(FILE_IN_FOLDER) } else { path.to_owned() };
    let failed = |message: String, hint: Option<&str>| Diagnostics::from(of_file(&file, message, hint));
    let size = match std::fs::metadata(&file) {
        Ok(data) if data.is_dir() => return Err(failed("is a folder (expected a file)".to_owned(), None)),
        Ok(data) => data.len(),
        Err(_) if path.is_dir() => {
            return Err(failed(
                "does not exist".to_owned(),
                Some("name the scenario file, or a folder that has a scenario.yaml"),
            ));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(failed("does not exist".to_owned(), None));
        }
        Err(error) => return Err(failed(format!("cannot be read: {error}"), None)),
    };
    if size > MAX_FILE_SIZE {
        let hint = "pods in large numbers come from a trace (`arrivals[].trace`), manifests from `manifests`";
        return Err(failed(format!("has {size} bytes (expected at most {MAX_FILE_SIZE})"), Some(hint)));
    }
    let bytes = std::fs::read(&file).map_err(|error| failed(format!("cannot be read: {error}"), None))?;
    let text = String::from_utf8(bytes).map_err(|_| failed("is not UTF-8 text (expected YAML)".to_owned(), None))?;
    load_text(&text, &file, options)
}

/// Reads a scenario from text; `file` is named in messages, and its folder is the one that paths are relative to.
///
/// # Errors
/// [`Diagnostics`] with every problem that was found.
pub fn load_text(text: &str, file: &Path, options: &LoadOptions) -> Result<Scenario, Diagnostics> {
    let mut root = parse_one(text).map_err(|error| {
        let diagnostic = of_file(file, error.problem, None);
        Diagnostics::from(match error.position {
            Some(place) => diagnostic.at(place),
            None => diagnostic,
        })
    })?;
    match root.value {
        Value::Mapping(_) => {}
        Value::Null => {
            return Err(of_file(file, "is empty (expected a scenario)", None).into());
        }
        _ => {
            let message = "is not a scenario (expected a mapping with `apiVersion`, `kind`, `metadata` and `spec`)";
            return Err(of_file(file, message, None).into());
        }
    }
    let mut errors = Vec::new();
    for (path, value) in &options.overrides {
        let origin: Arc<str> = format!("--set {path}").into();
        let outcome = match parse_one(value) {
            Ok(mut node) => {
                node.set_origin(&origin);
                apply_override(&mut root, path, node).map_err(|error| (error.message, error.hint))
            }
            Err(error) => Err((format!("`{value}` is not YAML: {}", error.problem), None)),
        };
        if let Err((message, hint)) = outcome {
            errors.push(of_file(Path::new(&*origin), message, hint.as_deref()));
        }
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    let document = ScenarioSource { file: file.to_owned(), folder, traces: options.traces.clone(), root };
    let (scenario, found) = match document.check() {
        Ok(scenario) => (Some(scenario), Vec::new()),
        Err(found) => (None, found),
    };
    errors.extend(document.try_sweep(&found));
    errors.splice(0..0, found);
    match scenario {
        Some(scenario) if errors.is_empty() => Ok(scenario),
        _ => Err(errors.into_iter().collect()),
    }
}

/// Reads text that shall be one document.
fn parse_one(text: &str) -> Result<Node, YamlError> {
    tree::parse(text, Dialect::Core).map_err(|mut error| {
        if error.problem.starts_with("multiple YAML documents") {
            "more than one YAML document (expected one scenario)".clone_into(&mut error.problem);
        }
        error
    })
}

/// An error that concerns a file as a whole.
fn of_file(file: &Path, message: impl Display, hint: Option<&str>) -> Diagnostic {
    Diagnostic::error(file.display().to_string(), message).with_hint(hint.map(str::to_owned))
}

impl ScenarioSource {
    /// Reads and checks the document.
    fn check(&self) -> Result<Scenario, Vec<Diagnostic>> {
        let reading = read::<ScenarioFile>(&self.root, stand_in);
        let mut diagnostics: Vec<Diagnostic> = reading
            .problems
            .into_iter()
            .map(|Problem { path, position, message, hint }| {
                self.diagnostic(Severity::Error, &path, &position, message, hint)
            })
            .collect();
        let mut scenario = None;
        let mut catalogue = Arc::new(Catalogue::default());
        let mut of_files = Vec::new();
        if let Some(mut typed) = reading.value {
            let loaded = load_catalogue(typed.spec.cloud.as_ref(), &self.folder);
            let (read, found) = loaded.unwrap_or_else(|errors| (Catalogue::default(), errors));
            catalogue = Arc::new(read);
            of_files = found;
            let mut checker = Checker {
                catalogue: &catalogue,
                folder: &self.folder,
                traces: self.traces.as_deref(),
                damaged: &reading.damaged,
                findings: Vec::new(),
            };
            checker.require_name(FieldPathBuf::default().key("metadata").key("name"), &typed.metadata.name);
            let lowered = checker.check(&mut typed.spec);
            for Finding { severity, path, message, hint } in checker.findings {
                diagnostics.push(self.diagnostic(severity, &path, self.root.locate(&path), message, hint));
            }
            scenario = Some((typed, lowered));
        }
        diagnostics
            .sort_by(|left, right| (left.line, left.column, &left.file).cmp(&(right.line, right.column, &right.file)));
        diagnostics.extend(of_files);
        let (errors, warnings): (Vec<_>, Vec<_>) =
            diagnostics.into_iter().partition(|diagnostic| diagnostic.severity == Severity::Error);
        match scenario {
            Some((typed, lowered)) if errors.is_empty() => Ok(Scenario {
                file: self.file.clone(),
                folder: self.folder.clone(),
                metadata: typed.metadata,
                spec: typed.spec,
                arrivals: lowered.arrivals,
                faults: lowered.faults,
                shortages: lowered.shortages,
                actions: lowered.actions,
                catalogue,
                warnings,
                document: Arc::new(self.clone()),
            }),
            _ => Err(errors),
        }
    }

    /// Tries each value of each parameter by itself, and reports what is wrong beyond `known`.
    fn try_sweep(&self, known: &[Diagnostic]) -> Vec<Diagnostic> {
        let mut errors: Vec<Diagnostic> = Vec::new();
        let sweep =
            self.root.get("spec").and_then(|spec| spec.get("sweep")).map(|sweep| read::<Sweep>(sweep, stand_in));
        let Some(sweep) = sweep.filter(|sweep| sweep.problems.is_empty()).and_then(|sweep| sweep.value) else {
            return errors;
        };
        let parameters = FieldPathBuf::default().key("spec").key("sweep").key("parameters");
        for (index, parameter) in sweep.parameters.iter().enumerate() {
            let field = parameters.index(index);
            for (place, step) in parameter.steps().iter().enumerate() {
                let (path, of_path) = if !parameter.points.is_empty() {
                    let point = field.key("points").index(place).key("set");
                    (point.clone(), point)
                } else if parameter.range.is_some() {
                    (field.key("range"), field.key("path"))
                } else {
                    (field.key("values").index(place), field.key("path"))
                };
                match self.try_step(step, &path, &of_path, known) {
                    Ok(found) => errors.extend(found),
                    Err(problem) => {
                        errors.push(*problem);
                        break;
                    }
                }
            }
        }
        errors
    }
}

impl ScenarioSource {
    /// Tries the fields of the scenario that one step sets, and gives what is wrong with the values beyond `known`; those of
    /// manifests are tried with the manifests. `path` is where the values stand, and `of_path` where their paths do.
    ///
    /// # Errors
    /// A path that does not exist.
    fn try_step(
        &self,
        step: &SweepStep,
        path: &FieldPathBuf,
        of_path: &FieldPathBuf,
        known: &[Diagnostic],
    ) -> Result<Vec<Diagnostic>, Box<Diagnostic>> {
        let problem = |field: &FieldPathBuf, message, hint| {
            let at = self.root.locate(field);
            self.diagnostic(Severity::Error, field, at, message, hint)
        };
        let mut values: Vec<(&str, &AnyValue)> = Vec::new();
        for (name, value) in &step.set {
            match ManifestField::parse(name) {
                None => values.push((name, value)),
                Some(field) => drop(field.map_err(|message| Box::new(problem(of_path, message, None)))?),
            }
        }
        let at = self.root.locate(path).clone();
        let point = self.point(&values, &at);
        let point = point.map_err(|(_, message, hint)| Box::new(problem(of_path, message, hint)))?;
        let Err(found) = point.check() else { return Ok(Vec::new()) };
        let is_new = |diagnostic: &Diagnostic| {
            !known.iter().any(|old| (&old.field, &old.message) == (&diagnostic.field, &diagnostic.message))
        };
        let found = found.into_iter().filter(is_new).map(|diagnostic| {
            let field = diagnostic.field.as_deref().unwrap_or("the scenario");
            problem(path, format!("with this value, {field}: {}", diagnostic.message), diagnostic.hint)
        });
        Ok(found.collect())
    }
}

impl Scenario {
    /// The same scenario with other values at some paths: a point of a sweep. Paths are as in `spec.sweep`.
    ///
    /// # Errors
    /// [`Diagnostics`] if a path does not exist or the changed scenario breaks a rule.
    pub fn with_values(&self, values: &[(&str, &AnyValue)]) -> Result<Self, Diagnostics> {
        let names: Vec<String> = values.iter().map(|(path, value)| format!("{path}={}", value.0)).collect();
        let at = Position { line: 0, column: 0, origin: Some(format!("sweep point {}", names.join(", ")).into()) };
        let point = self
            .document
            .point(values, &at)
            .map_err(|(_, message, hint)| Diagnostics::from(of_file(&self.file, message, hint.as_deref())))?;
        point.check().map_err(Diagnostics::from_iter)
    }

    /// The place of a field (`spec.arrivals[0].template.spec`) as an error with this message: for problems that are found
    /// later, in a pod template or when parts of the scenario meet.
    #[must_use]
    pub fn error_at(&self, field: &str, message: impl Into<String>) -> Diagnostic {
        self.problem_at(Severity::Error, field, message.into())
    }

    /// The same as a warning.
    #[must_use]
    pub fn warning_at(&self, field: &str, message: impl Into<String>) -> Diagnostic {
        self.problem_at(Severity::Warning, field, message.into())
    }

    fn problem_at(&self, severity: Severity, field: &str, message: String) -> Diagnostic {
        let path = FieldPathBuf::parse(field);
        let at = self.document.root.locate(&path);
        self.document.diagnostic(severity, &path, at, message, None)
    }
}

#[cfg(test)]
mod tests {
    use super::super::leaf::Duration;
    use super::super::spec::ScenarioFile;
    use super::*;
    use crate::input::document::tree;
    use crate::input::document::yaml::Dialect;

    const GOOD: &str =
        "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: x}\nspec:\n  duration: 1h\n";

    #[test]
    fn a_good_document_has_no_problems() {
        let reading = read::<ScenarioFile>(&tree::parse(GOOD, Dialect::Core).unwrap(), stand_in);
        assert_eq!(reading.problems, []);
        assert_eq!(reading.value.unwrap().spec.duration, Duration::from_secs(3600));
    }

    #[test]
    fn every_mistake_is_found() {
        let text = format!(
            "{GOOD}  seed: -1\n  sead: 2\n  nodePools:\n    - cuont: 3\n      capacity: {{cpu: 1.5x, memory: [1]}}\n    - 7\n  \
             traffic:\n    - {{target: web, rate: {{sinus: 1}}, cpuPerRequest: 5}}\n  output: {{charts: maybe, x: }}\n"
        );
        let reading = read::<ScenarioFile>(&tree::parse(&text, Dialect::Core).unwrap(), stand_in);
        let found: Vec<String> = reading.problems.iter().map(|p| format!("{} {}", p.position.line, p.path)).collect();
        let mut expected = vec![
            "6 spec.seed",
            "7 spec.sead",
            "9 spec.nodePools[0].cuont",
            "9 spec.nodePools[0].name",
            "9 spec.nodePools[0].count",
            "10 spec.nodePools[0].capacity.cpu",
            "10 spec.nodePools[0].capacity.memory",
            "11 spec.nodePools[1]",
            "13 spec.traffic[0].target",
            "13 spec.traffic[0].rate",
            "13 spec.traffic[0].cpuPerRequest",
            "14 spec.output.charts",
            "14 spec.output.x",
        ];
        let mut found: Vec<&str> = found.iter().map(String::as_str).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{:#?}", reading.problems);
        assert!(reading.value.is_some());
    }
}
