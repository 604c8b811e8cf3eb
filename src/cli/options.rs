//! Options that several subcommands take.

use super::stdio;
use crate::input::{Diagnostic, Diagnostics, ManifestSource};
use crate::report::SUMMARY_FILE;
use crate::report::format::Format;
use crate::scheduler::KubernetesVersion;
use crate::sim::{PrepareOptions, Prepared};
use crate::study::plan::{PLAN_FILE, PLAN_JOURNAL};
use crate::study::single;
use crate::study::sweep::{JOURNAL_FILE, SWEEP_FILE};
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Names the folder of traces when `--traces` does not.
const TRACES_VARIABLE: &str = "WAVETANK_TRACES";

/// What is simulated.
#[derive(Debug, Args)]
pub struct ScenarioArgs {
    /// The scenario file, or a folder with a scenario.yaml
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    #[command(flatten)]
    pub input: InputArgs,
}

/// What is read besides a scenario, and set in it.
#[derive(Debug, Args)]
pub struct InputArgs {
    /// Set a field of the scenario; elements of lists go by their name or index.
    /// May be given again
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = parse_override)]
    overrides: Vec<(String, String)>,
    /// The folder below which traces lie [env: WAVETANK_TRACES]
    #[arg(long, value_name = "DIR")]
    traces: Option<PathBuf>,
    /// Manifests besides those of the scenario: a file, a folder with all that
    /// is in it, or `-` for standard input. May be given again
    #[arg(short = 'f', long = "filename", value_name = "FILE|DIR|-")]
    manifests: Vec<PathBuf>,
}

impl ScenarioArgs {
    /// Reads the scenario with everything that it refers to, and prints warnings.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn prepare(&self) -> Result<Prepared, Diagnostics> {
        self.prepare_with_warnings().map(|(prepared, _)| prepared)
    }

    /// The same, with the warnings that were printed.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn prepare_with_warnings(&self) -> Result<(Prepared, Diagnostics), Diagnostics> {
        let (prepared, warnings) = single::prepare(&self.path, &self.prepare_options()?)?;
        stdio::print_diagnostics(warnings.iter());
        Ok((prepared, warnings))
    }

    /// Reads standard input if it is wanted, and the environment.
    ///
    /// # Errors
    /// What is wrong with standard input.
    pub fn prepare_options(&self) -> Result<PrepareOptions, Diagnostics> {
        self.input.prepare_options()
    }
}

impl InputArgs {
    /// Reads standard input if it is wanted, and the environment.
    ///
    /// # Errors
    /// What is wrong with standard input.
    pub fn prepare_options(&self) -> Result<PrepareOptions, Diagnostics> {
        Ok(PrepareOptions {
            overrides: self.overrides.clone(),
            manifests: manifest_sources(&self.manifests)?,
            traces: self
                .traces
                .clone()
                .or_else(|| std::env::var_os(TRACES_VARIABLE).filter(|folder| !folder.is_empty()).map(PathBuf::from)),
        })
    }
}

/// Manifests to read; `-` is standard input, which is read here.
///
/// # Errors
/// What is wrong with standard input.
pub fn manifest_sources(paths: &[PathBuf]) -> Result<Vec<ManifestSource>, Diagnostics> {
    let standard_input = Path::new("-");
    if paths.iter().filter(|source| *source == standard_input).count() > 1 {
        return Err(refused(Diagnostic::error("-f -", "standard input can be read once only")));
    }
    let source = |path: &PathBuf| -> Result<ManifestSource, Diagnostics> {
        if path != standard_input {
            return Ok(ManifestSource::Path(path.clone()));
        }
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| refused(Diagnostic::error("<stdin>", format!("cannot be read: {error}"))))?;
        Ok(ManifestSource::Text { name: "<stdin>".into(), text })
    };
    paths.iter().map(source).collect()
}

/// One problem as all problems.
fn refused(problem: Diagnostic) -> Diagnostics {
    let mut problems = Diagnostics::default();
    problems.push(problem);
    problems
}

/// Splits `spec.nodePools.general.count=3` at the first `=`.
pub(super) fn parse_override(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() => Ok((path.trim().to_owned(), value.to_owned())),
        _ => Err("expected PATH=VALUE, for example spec.nodePools.general.count=3".to_owned()),
    }
}

/// Where results go.
#[derive(Debug, Args)]
pub struct OutArgs {
    /// The folder for the results [default: output/<scenario name>; of a sweep
    /// output/<scenario name>_sweep, of a plan output/<scenario name>_plan]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl OutArgs {
    /// The folder of a run.
    ///
    /// # Errors
    /// It holds the results of something else.
    pub fn of_run(&self, scenario: &str) -> Result<PathBuf, Diagnostics> {
        let folder = self.out.clone().unwrap_or_else(|| Path::new("output").join(scenario));
        without(folder, &[&OF_SWEEP, &OF_PLAN])
    }

    /// The folder of a sweep.
    ///
    /// # Errors
    /// It holds the results of something else.
    pub fn of_sweep(&self, scenario: &str) -> Result<PathBuf, Diagnostics> {
        // No scenario has an underscore in its name.
        let folder = self.out.clone().unwrap_or_else(|| Path::new("output").join(format!("{scenario}_sweep")));
        without(folder, &[&OF_RUN, &OF_PLAN])
    }

    /// The folder of a search for the cheapest point.
    ///
    /// # Errors
    /// It holds the results of something else.
    pub fn of_plan(&self, scenario: &str) -> Result<PathBuf, Diagnostics> {
        let folder = self.out.clone().unwrap_or_else(|| Path::new("output").join(format!("{scenario}_plan")));
        without(folder, &[&OF_RUN, &OF_SWEEP])
    }
}

/// What has left results, and the files that tell.
type Results = (&'static str, &'static [&'static str]);
const OF_RUN: Results = ("a run", &[SUMMARY_FILE]);
const OF_SWEEP: Results = ("a sweep", &[SWEEP_FILE, JOURNAL_FILE]);
const OF_PLAN: Results = ("a plan", &[PLAN_FILE, PLAN_JOURNAL]);

/// The folder, if it has no results of something else.
fn without(folder: PathBuf, others: &[&Results]) -> Result<PathBuf, Diagnostics> {
    let files = others.iter().flat_map(|(of, files)| files.iter().map(move |file| (of, file)));
    let mut found = files.filter(|(_, file)| folder.join(file).exists());
    match found.next() {
        Some((of, file)) => {
            let message = format!("holds the results of {of} (`{file}`)");
            let hint = "write to another folder with --out, or remove this one";
            Err(refused(Diagnostic::error(folder.display().to_string(), message).with_hint(Some(hint.to_owned()))))
        }
        None => Ok(folder),
    }
}

impl ValueEnum for KubernetesVersion {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

/// How results are printed.
#[derive(Debug, Args)]
pub struct FormatArgs {
    /// What standard output looks like
    #[arg(short = 'o', long = "output", value_name = "FORMAT", value_enum, default_value_t = OutputFormat::Table)]
    pub output: OutputFormat,
}

/// The forms of `-o`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Columns for people.
    #[value(help = None)]
    Table,
    /// The same with further columns.
    #[value(help = None)]
    Wide,
    /// An array of objects.
    #[value(help = None)]
    Json,
    /// A list of mappings.
    #[value(help = None)]
    Yaml,
    /// Comma-separated values.
    #[value(help = None)]
    Csv,
    /// A table in Markdown.
    #[value(help = None)]
    Markdown,
}

impl OutputFormat {
    /// Whether people read it, rather than programs.
    pub const fn is_for_people(self) -> bool {
        matches!(self, Self::Table | Self::Wide | Self::Markdown)
    }
}

impl From<OutputFormat> for Format {
    fn from(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Table => Self::Table,
            OutputFormat::Wide => Self::Wide,
            OutputFormat::Json => Self::Json,
            OutputFormat::Yaml => Self::Yaml,
            OutputFormat::Csv => Self::Csv,
            OutputFormat::Markdown => Self::Markdown,
        }
    }
}

/// Joins result sets so that each keeps its form: documents in YAML, a stream of arrays in JSON, blank lines elsewhere.
pub fn join_sets(sets: &[String], format: OutputFormat) -> String {
    let separator = match format {
        OutputFormat::Yaml => "---\n",
        OutputFormat::Json => "",
        _ => "\n",
    };
    let sets: Vec<&str> = sets.iter().map(String::as_str).filter(|set| !set.is_empty()).collect();
    sets.join(separator)
}

/// Says what is wrong and gives the exit code for bad input.
pub fn refuse(problems: &Diagnostics) -> super::Exit {
    stdio::print_diagnostics(problems.iter());
    super::Exit::BadInput
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_split_at_the_first_equals_sign() {
        let cases = [
            ("spec.seed=7", Some(("spec.seed", "7"))),
            ("a=b=c", Some(("a", "b=c"))),
            ("a=", Some(("a", ""))),
            ("a", None),
            ("=1", None),
        ];
        for (text, expected) in cases {
            let parsed = parse_override(text).ok();
            assert_eq!(parsed.as_ref().map(|(path, value)| (path.as_str(), value.as_str())), expected, "{text}");
        }
    }
}
