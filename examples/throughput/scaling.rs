//! Cost per pod against nodes: each kind of workload at several sizes, as a table and a chart.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use wavetank::report::charts::{self, Interval, SweepPoint, SweepSeries, SweepX};

/// Nodes of the measured clusters; each gets [`PODS_PER_NODE`] times as many pods.
const NODES: [u32; 5] = [100, 300, 1_000, 3_000, 10_000];
const PODS_PER_NODE: u32 = 20;
/// Runs of each size, of which the median counts.
const RUNS: usize = 3;
/// The kinds: a workload, whose size is replaced, and what the chart calls it.
const KINDS: [(&str, &str); 4] = [
    ("plain-1k", "plain"),
    ("spread-10k", "zone spread"),
    ("anti-affinity-10k", "hostname anti-affinity"),
    ("mixed-5k", "mixed constraints"),
];

/// Measures every kind at every size and writes `scaling.csv`, `scaling.svg` and `scaling.png` into a folder.
///
/// # Errors
/// What is wrong, in words.
pub fn measure(folder: &Path) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| format!("this program cannot be found: {error}"))?;
    let failed = |error: std::io::Error| format!("{}: cannot be written: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut table = String::from("kind,nodes,pods,cpu_microseconds_per_pod\n");
    let mut series = Vec::new();
    for (name, label) in KINDS {
        let mut points = Vec::new();
        for (x, nodes) in NODES.into_iter().enumerate() {
            let mut costs = Vec::new();
            for _ in 0..RUNS {
                let mut command = Command::new(&program);
                command.args(["--here", "--nodes", &nodes.to_string(), "--pods", &(nodes * PODS_PER_NODE).to_string()]);
                let output =
                    command.arg(name).output().map_err(|error| format!("{name}: cannot be started: {error}"))?;
                let line = String::from_utf8_lossy(&output.stdout).into_owned();
                costs.push(cost_per_pod(&line).ok_or_else(|| format!("{name}: failed on {nodes} nodes: {line}"))?);
            }
            costs.sort_by(f64::total_cmp);
            let cost = costs[RUNS / 2];
            println!("{label}: {nodes} nodes, {cost:.1} us of CPU per pod");
            let _ = writeln!(table, "{label},{nodes},{},{cost:.2}", nodes * PODS_PER_NODE);
            points.push(SweepPoint { x, mean: Interval { mean: cost, half_width: None, count: RUNS } });
        }
        series.push(SweepSeries { label: label.to_owned(), points });
    }
    std::fs::write(folder.join("scaling.csv"), table).map_err(failed)?;
    let x = SweepX::Categories(NODES.iter().map(ToString::to_string).collect());
    let title = "What a pod costs as the cluster grows";
    let subtitle = format!("whole simulations with {PODS_PER_NODE} pods per node, median of {RUNS} runs, one core");
    let figure = charts::sweep(title, "CPU microseconds per pod", "nodes", &x, &series, &[]).with_subtitle(subtitle);
    charts::write_svg(&figure, &folder.join("scaling.svg")).map_err(|error| error.to_string())?;
    charts::write_png(&figure, &folder.join("scaling.png")).map_err(|error| error.to_string())?;
    Ok(())
}

/// CPU time over pods, in microseconds, from a line of the table.
fn cost_per_pod(line: &str) -> Option<f64> {
    // Words of a kind may be several; the columns are counted from the end.
    let mut columns = line.split_whitespace().rev();
    let cpu_milliseconds: f64 = columns.nth(3)?.parse().ok()?;
    let pods: f64 = line.split_whitespace().nth(2)?.parse().ok()?;
    (pods > 0.0).then_some(cpu_milliseconds * 1000.0 / pods)
}
