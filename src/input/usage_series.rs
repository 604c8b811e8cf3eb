//! Measured usage of containers over time: CSV, or what a range query of Prometheus answers.

use super::table::Table;
use super::{Diagnostic, Diagnostics};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// One measurement of a container. What was not measured is absent.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageSample {
    /// Namespace; empty if the file does not say.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Container.
    pub container: String,
    /// Seconds since any instant, the same for all of a file.
    pub seconds: f64,
    /// CPU in cores.
    pub cpu_cores: Option<f64>,
    /// Memory in bytes.
    pub memory_bytes: Option<f64>,
}

/// Reads files of samples and puts them in order of time: CSV with the columns `time`, `pod`, `container`, `cpu_cores`,
/// `memory_bytes` and optionally `namespace`; or, where the name ends in `.json`, the answer of a range query.
///
/// # Errors
/// What is wrong with a file, with line and column.
pub fn read_usage(files: &[impl AsRef<Path>]) -> Result<Vec<UsageSample>, Diagnostics> {
    let mut samples = Vec::new();
    for file in files {
        let file = file.as_ref();
        let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let read = if is_json { read_prometheus(file) } else { read_csv(file) };
        samples.extend(read.map_err(Diagnostics::from)?);
    }
    samples.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    Ok(samples)
}

#[expect(clippy::result_large_err, reason = "made once for a file")]
fn read_csv(file: &Path) -> Result<Vec<UsageSample>, Diagnostic> {
    let mut table = Table::open(file)?;
    let [time, pod, container] = ["time", "pod", "container"].map(|name| table.need(name));
    let (time, pod, container) = (time?, pod?, container?);
    let namespace = table.find("namespace");
    let (cpu, memory) = (table.find("cpu_cores"), table.find("memory_bytes"));
    if cpu.is_none() && memory.is_none() {
        return Err(table.missing("cpu_cores").into());
    }
    let mut samples = Vec::new();
    while table.advance()? {
        let text = table.text(time);
        let seconds = match text.parse::<jiff::Timestamp>() {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium fit in 53 bits")]
            Ok(instant) => instant.as_millisecond() as f64 / 1000.0,
            Err(_) => table.number(time).map_err(|_| {
                table.wrong(
                    time,
                    format!("`{text}` is no time (expected seconds or a form such as 2026-11-30T12:00:00Z)"),
                )
            })?,
        };
        let amount = |column: Option<super::table::Column>| {
            let column = column.filter(|column| !table.text(*column).is_empty());
            column.map(|column| table.positive_number(column)).transpose()
        };
        samples.push(UsageSample {
            namespace: namespace.map(|column| table.text(column).to_owned()).unwrap_or_default(),
            pod: table.text(pod).to_owned(),
            container: table.text(container).to_owned(),
            seconds,
            cpu_cores: amount(cpu)?,
            memory_bytes: amount(memory)?,
        });
    }
    Ok(samples)
}

/// The answer of `/api/v1/query_range`.
#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

/// What a series measures.
enum Measure {
    /// Memory in bytes.
    Memory,
    /// CPU in cores.
    Cores,
    /// CPU time in seconds since the container's start.
    CpuSeconds,
}

#[expect(clippy::result_large_err, reason = "made once for a file")]
fn read_prometheus(file: &Path) -> Result<Vec<UsageSample>, Diagnostic> {
    let wrong = |message: String| Diagnostic::error(file.display().to_string(), message);
    let text = std::fs::read_to_string(file).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let answer: Answer = serde_json::from_str(&text).map_err(|error| {
        let mut diagnostic = wrong(format!("is not the answer of a range query of Prometheus: {error}"));
        diagnostic.line = Some(error.line()).filter(|line| *line > 0);
        diagnostic
    })?;
    let mut samples = Vec::new();
    for (index, series) in answer.data.result.iter().enumerate() {
        let label = |name: &str| series.metric.get(name).cloned();
        let field = |name: &str| format!("data.result[{index}].metric.{name}");
        let needed = |name: &str| {
            label(name).ok_or_else(|| wrong(format!("a series has no label `{name}`")).in_field(field(name)))
        };
        let (pod, container) = (needed("pod")?, needed("container")?);
        let measure = match label("__name__").as_deref() {
            Some(name) if name.contains("memory") => Measure::Memory,
            Some(name) if name.ends_with("_seconds_total") => Measure::CpuSeconds,
            _ => Measure::Cores,
        };
        let mut before: Option<(f64, f64)> = None;
        for (seconds, text) in &series.values {
            let Some(value) = text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0) else {
                let field = format!("data.result[{index}].values");
                return Err(wrong(format!("`{text}` is not a number of zero or more")).in_field(field));
            };
            let (mut cpu_cores, mut memory_bytes) = (None, None);
            match measure {
                Measure::Memory => memory_bytes = Some(value),
                Measure::Cores => cpu_cores = Some(value),
                Measure::CpuSeconds => {
                    // A counter that falls has begun anew with its container.
                    let pair = before.filter(|(earlier, used)| earlier < seconds && *used <= value);
                    cpu_cores = pair.map(|(earlier, used)| (value - used) / (seconds - earlier));
                    before = Some((*seconds, value));
                }
            }
            if cpu_cores.is_some() || memory_bytes.is_some() {
                samples.push(UsageSample {
                    namespace: label("namespace").unwrap_or_default(),
                    pod: pod.clone(),
                    container: container.clone(),
                    seconds: *seconds,
                    cpu_cores,
                    memory_bytes,
                });
            }
        }
    }
    Ok(samples)
}

/// The name of what made a pod, by the form of the pod's name: `web` of `web-7d9f8b6c5-x2x7k`, `db` of `db-0`.
#[must_use]
pub fn workload_of(pod: &str) -> &str {
    /// The letters that Kubernetes makes random names of.
    const RANDOM: &str = "bcdfghjklmnpqrstvwxz2456789";
    let is_random = |text: &str| text.chars().all(|letter| RANDOM.contains(letter));
    let Some((rest, last)) = pod.rsplit_once('-') else { return pod };
    if last.chars().all(|digit| digit.is_ascii_digit()) && !last.is_empty() {
        return rest;
    }
    if last.len() != 5 || !is_random(last) {
        return pod;
    }
    match rest.rsplit_once('-') {
        Some((name, hash)) if (6..=10).contains(&hash.len()) && is_random(hash) => name,
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn read(name: &str, text: &str) -> Result<Vec<UsageSample>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        read_usage(&[&file]).map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn both_forms_are_read() {
        let csv = "time,pod,container,cpu_cores,memory_bytes\n60,web-0,app,0.25,1000\n0,web-0,app,0.5,\n";
        let samples = read("usage.csv", csv).unwrap();
        let found: Vec<_> = samples.iter().map(|one| (one.seconds, one.cpu_cores, one.memory_bytes)).collect();
        assert_eq!(found, [(0.0, Some(0.5), None), (60.0, Some(0.25), Some(1000.0))]);
        let json = r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"__name__":"container_cpu_usage_seconds_total","pod":"web-0","container":"app"},
             "values":[[0,"10"],[60,"25"],[120,"3"],[180,"33"]]},
            {"metric":{"__name__":"container_memory_working_set_bytes","pod":"web-0","container":"app"},
             "values":[[60,"1000"]]}]}}"#;
        let samples = read("usage.json", json).unwrap();
        let found: Vec<_> = samples.iter().map(|one| (one.seconds, one.cpu_cores, one.memory_bytes)).collect();
        assert_eq!(found, [(60.0, Some(0.25), None), (60.0, None, Some(1000.0)), (180.0, Some(0.5), None)]);
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            ("usage.csv", "time,pod,container,cpu_cores\nnoon,a,b,1\n", "`noon` is no time"),
            ("usage.csv", "time,pod,container,cpu_cores\n1,a,b,-1\n", "negative"),
            ("usage.csv", "time,pod,cpu_cores\n1,a,1\n", "is missing"),
            ("usage.json", "{}", "is not the answer of a range query"),
            ("usage.json", r#"{"data":{"result":[{"metric":{"pod":"a"},"values":[]}]}}"#, "no label `container`"),
        ];
        for (name, text, expected) in cases {
            let problem = read(name, text).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
    }

    #[test]
    fn pods_say_what_made_them() {
        let cases = [
            ("web-7d9f8b6c5-x2x7k", "web"),
            ("db-0", "db"),
            ("node-agent-x2x7k", "node-agent"),
            ("single", "single"),
            ("my-app", "my-app"),
        ];
        for (pod, expected) in cases {
            assert_eq!(workload_of(pod), expected, "{pod}");
        }
    }
}
