//! Published traces of request load, read from files that the user has.
//!
//! Each has the form in which it is published: NASA-HTTP 1995 as counts per second, WorldCup98 as counts per minute, Azure Functions
//! 2019 as invocations per function and minute, Azure LLM inference 2023 as single requests.

use super::scenario::{Duration, TraceLoad, TraceName};
use super::table::{Table, TableError};
use crate::units::SimDuration;
use flate2::read::MultiGzDecoder;
use jiff::civil::DateTime;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Minutes of a day in Azure Functions 2019.
const MINUTES: usize = 1440;
/// More minutes than this between two rows are taken for damage.
const LONGEST_GAP: i64 = 60 * 24 * 365;

/// Where a trace can be had, for messages.
pub(super) const fn where_rates_come_from(name: TraceName) -> &'static str {
    match name {
        TraceName::NasaHttp1995 => "counts per second are in reconfigurable-ml-pipeline/web-service-datasets on GitHub",
        TraceName::WorldCup98 => {
            "counts per minute are in nimamahmoudi/worldcup98-dataset on GitHub (invocation_count.csv)"
        }
        TraceName::AzureFunctions2019 => "invocations per function are in Azure/AzurePublicDataset on GitHub",
        TraceName::AzureLlmInference2023 => "AzureLLMInferenceTrace_*.csv are in Azure/AzurePublicDataset on GitHub",
    }
}

/// The load of a trace without its first part, times a factor if it consists of rates.
pub(super) fn read_rate_trace(
    name: TraceName,
    file: &Path,
    from: SimDuration,
    scale: f64,
    function: Option<&str>,
) -> Result<TraceLoad, TableError> {
    let (counts, interval) = match name {
        TraceName::NasaHttp1995 => (counts_by_line(file)?, SimDuration::from_secs(1)),
        TraceName::WorldCup98 => (counts_by_minute(file)?, SimDuration::from_secs(60)),
        TraceName::AzureFunctions2019 => (invocations(file, function)?, SimDuration::from_secs(60)),
        TraceName::AzureLlmInference2023 => return times(file, from).map(|times| TraceLoad::Times(times.into())),
    };
    let skipped = usize::try_from(from.as_nanos() / interval.as_nanos()).unwrap_or(0);
    if skipped >= counts.len() {
        return Err(failed(
            file,
            0,
            "",
            format!("has {} intervals of {interval} (expected more than `from` leaves out)", counts.len()),
        ));
    }
    let per_second = scale / interval.as_secs_f64();
    let values = counts.iter().skip(skipped).map(|count| count * per_second).collect();
    Ok(TraceLoad::Rates { values, interval: Duration::from_secs(interval.whole_seconds()) })
}

fn failed(file: &Path, line: u64, column: &str, message: String) -> TableError {
    TableError { file: file.to_owned(), line, column: column.to_owned(), message, hint: None }
}

/// A count a line.
fn counts_by_line(file: &Path) -> Result<Vec<f64>, TableError> {
    let unreadable = |error: std::io::Error| failed(file, 0, "", format!("cannot be read: {error}"));
    let opened = File::open(file).map_err(unreadable)?;
    let is_gzip = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    let source: Box<dyn Read> = if is_gzip { Box::new(MultiGzDecoder::new(opened)) } else { Box::new(opened) };
    let mut counts = Vec::new();
    for (line, text) in (1..).zip(BufReader::new(source).lines()) {
        let text = text.map_err(unreadable)?;
        let count = text.trim().parse::<u32>().map_err(|_| {
            failed(file, line, "", format!("`{}` is not a count (expected a whole number a line)", text.trim()))
        })?;
        counts.push(f64::from(count));
    }
    Ok(counts)
}

/// Counts of the minutes in which there were requests; 0 in the others.
fn counts_by_minute(file: &Path) -> Result<Vec<f64>, TableError> {
    let mut table = Table::open(file)?;
    let (period, count) = (table.need("period")?, table.need("count")?);
    let mut counts: Vec<f64> = Vec::new();
    let mut last: Option<DateTime> = None;
    while table.advance()? {
        let at = civil(table.text(period)).ok_or_else(|| {
            table.wrong(period, format!("`{}` is not a time (expected `1998-04-30 21:30:00`)", table.text(period)))
        })?;
        if let Some(last) = last {
            let minutes = last.duration_until(at).as_secs() / 60;
            if !(1..=LONGEST_GAP).contains(&minutes) {
                return Err(table.wrong(period, "is not after the row before it, or more than a year".to_owned()));
            }
            let gap = usize::try_from(minutes - 1).unwrap_or(0);
            counts.resize(counts.len() + gap, 0.0);
        }
        counts.push(table.positive_number(count)?);
        last = Some(at);
    }
    Ok(counts)
}

/// Invocations of each minute of a day, of all functions or of those whose name begins like one.
fn invocations(file: &Path, function: Option<&str>) -> Result<Vec<f64>, TableError> {
    let mut table = Table::open(file)?;
    let name = table.need("HashFunction")?;
    let minutes = (1..=MINUTES).map(|minute| table.need(&minute.to_string())).collect::<Result<Vec<_>, _>>()?;
    let mut counts = vec![0.0; MINUTES];
    let mut found = false;
    while table.advance()? {
        if function.is_some_and(|function| !table.text(name).starts_with(function)) {
            continue;
        }
        found = true;
        for (count, column) in counts.iter_mut().zip(&minutes) {
            *count += table.positive_number(*column)?;
        }
    }
    if let Some(function) = function.filter(|_| !found) {
        return Err(failed(file, 0, "HashFunction", format!("has no function that begins with `{function}`")));
    }
    Ok(counts)
}

/// Seconds of single requests since the first one that is not left out.
fn times(file: &Path, from: SimDuration) -> Result<Vec<f64>, TableError> {
    let mut table = Table::open(file)?;
    let stamp = table.need("TIMESTAMP")?;
    let mut first: Option<DateTime> = None;
    let mut times: Vec<f64> = Vec::new();
    while table.advance()? {
        let at = civil(table.text(stamp)).ok_or_else(|| {
            table.wrong(stamp, format!("`{}` is not a time (expected `2023-11-16 18:17:03.97`)", table.text(stamp)))
        })?;
        let first = *first.get_or_insert(at);
        let seconds = first.duration_until(at).as_secs_f64() - from.as_secs_f64();
        if seconds < 0.0 {
            continue;
        }
        if times.last().is_some_and(|last| *last > seconds) {
            return Err(table.wrong(stamp, "is before the row above it".to_owned()));
        }
        times.push(seconds);
    }
    if times.is_empty() {
        return Err(failed(file, 0, "TIMESTAMP", "has no request after what `from` leaves out".to_owned()));
    }
    Ok(times)
}

/// A time of a calendar, with a space or a `T` between day and time.
fn civil(text: &str) -> Option<DateTime> {
    text.trim().replacen(' ', "T", 1).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: TraceName, text: &str, from: i64, scale: f64, function: Option<&str>) -> Result<TraceLoad, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trace.csv");
        std::fs::write(&file, text).unwrap();
        read_rate_trace(name, &file, SimDuration::from_secs(from), scale, function).map_err(|error| error.to_string())
    }

    fn rates(load: TraceLoad) -> (Vec<f64>, i64) {
        match load {
            TraceLoad::Rates { values, interval } => (values.to_vec(), interval.get().whole_seconds()),
            TraceLoad::Times(times) => (times.to_vec(), 0),
        }
    }

    fn azure() -> String {
        let header: Vec<String> = (1..=MINUTES).map(|minute| minute.to_string()).collect();
        let row = |function: &str, first: u32| {
            let rest = vec!["0"; MINUTES - 1].join(",");
            format!("o,a,{function},http,{first},{rest}\n")
        };
        format!("HashOwner,HashApp,HashFunction,Trigger,{}\n{}{}", header.join(","), row("abc", 60), row("def", 30))
    }

    #[test]
    fn each_form_is_read() {
        let seconds = rates(read(TraceName::NasaHttp1995, "1\n0\n4\n", 1, 2.0, None).unwrap());
        assert_eq!(seconds, (vec![0.0, 8.0], 1));
        let cup = "period,count\n1998-04-30 21:30:00,60\n1998-04-30 21:33:00,120\n";
        let minutes = rates(read(TraceName::WorldCup98, cup, 0, 1.0, None).unwrap());
        assert_eq!(minutes, (vec![1.0, 0.0, 0.0, 2.0], 60), "minutes that are absent had no requests");
        let all = rates(read(TraceName::AzureFunctions2019, &azure(), 0, 1.0, None).unwrap());
        assert_eq!((all.0[0], all.0[1], all.0.len()), (1.5, 0.0, MINUTES));
        let one = rates(read(TraceName::AzureFunctions2019, &azure(), 0, 1.0, Some("de")).unwrap());
        assert!((one.0[0] - 0.5).abs() < 1e-12);
        let llm = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.5,48,10\n2023-11-16 18:17:04.0,31,8\n2023-11-16 18:18:03.5,3,8\n";
        let times = rates(read(TraceName::AzureLlmInference2023, llm, 0, 1.0, None).unwrap());
        assert_eq!(times, (vec![0.0, 0.5, 60.0], 0));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            (TraceName::NasaHttp1995, "1\nx\n", 0, "`x` is not a count"),
            (TraceName::NasaHttp1995, "1\n", 9, "has 1 intervals"),
            (TraceName::WorldCup98, "period,count\nnoon,1\n", 0, "`noon` is not a time"),
            (TraceName::WorldCup98, "time,count\n", 0, "period"),
            (
                TraceName::WorldCup98,
                "period,count\n1998-04-30 21:30:00,1\n1998-04-30 21:30:00,1\n",
                0,
                "is not after the row before it",
            ),
            (TraceName::AzureFunctions2019, "HashFunction,1\nx,1\n", 0, "`2`"),
            (TraceName::AzureLlmInference2023, "TIMESTAMP\n", 0, "has no request"),
        ];
        for (name, text, from, expected) in cases {
            let error = read(name, text, from, 1.0, None).unwrap_err();
            assert!(error.contains(expected), "{error} does not say {expected}");
        }
        let error = read(TraceName::AzureFunctions2019, &azure(), 0, 1.0, Some("zzz")).unwrap_err();
        assert!(error.contains("begins with `zzz`"), "{error}");
    }
}
