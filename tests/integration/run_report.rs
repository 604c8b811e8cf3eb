//! The report of a run: the same bytes as long as its folder is there, and clear errors where the folder is not whole.

use crate::report::example;
use assert_cmd::Command;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;
use wavetank::record::Facts;
use wavetank::report::{OutputOptions, summarize, write_all, write_report};
use wavetank::units::SimTime;

/// A web service under load that loses a node, and an action; nothing of it takes long.
const SCENARIO: &str = "
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: small}
spec:
  description: Does the shop <b>stay up</b> & \"running\"?
  duration: 20m
  manifests: [web.yaml]
  nodePools:
    - {name: general, count: 3, zones: [a, b], capacity: {cpu: 2, memory: 8Gi}, pricePerHour: 0.1, instanceType: small}
  traffic:
    - {name: shop, target: deployment/shop/web, rate: {constant: 40}, cpuPerRequest: 10ms, server: {timeout: 5s}}
  faults:
    - {kind: nodeCrash, node: general-1, at: 5m, duration: 5m}
  actions:
    - {at: 12m, scale: {target: deployment/shop/web, replicas: 6}}
  objectives:
    - {metric: requests_unserved_ratio, max: 0.5}
    - {metric: recovery_seconds_max, max: 900}
";

const MANIFESTS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, resources: {requests: {cpu: 500m, memory: 256Mi}}}]}
---
apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: fast}
spec: {}
";

fn tank(scenario: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("scenario.yaml"), scenario).unwrap();
    fs::write(folder.path().join("web.yaml"), MANIFESTS).unwrap();
    folder
}

fn wavetank(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("wavetank").unwrap();
    command.current_dir(folder).args(args).env_remove("WAVETANK_TRACES").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs the scenario with a report in `out`.
fn run(folder: &Path, out: &str) {
    let output = wavetank(folder, &["run", ".", "--no-charts", "--report", "--out", out]);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", text(&output.stderr));
}

/// The text between two others, everywhere.
fn between<'a>(page: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    page.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

/// The data of the script.
fn data(page: &str) -> serde_json::Value {
    let found = between(page, "<script type=\"application/json\" id=\"data\">", "</script>");
    serde_json::from_str(found.first().unwrap()).unwrap()
}

/// Headings, first screen, columns and first rows of the tables, and what the charts show.
fn outline(page: &str) -> String {
    let mut outline = String::new();
    // The program's own text and styles are not what the page says.
    let body = page.split("<body>").nth(1).unwrap().split("<script").next().unwrap();
    for line in body.lines() {
        let plain = line.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
        let plain: Vec<&str> = plain.map(str::trim).filter(|text| !text.is_empty()).collect();
        if !plain.is_empty() && !line.contains("<pre") {
            writeln!(outline, "{}", plain.join(" | ")).unwrap();
        }
        if line.starts_with("OTHER DEALINGS") {
            break;
        }
    }
    let data = data(page);
    for chart in data["charts"].as_array().unwrap() {
        let lines: Vec<&str> =
            chart["lines"].as_array().unwrap().iter().map(|line| line["label"].as_str().unwrap()).collect();
        let (title, unit) = (&chart["title"], &chart["unit"]);
        writeln!(
            outline,
            "chart {title} in {unit}: {} at {} times",
            lines.join(", "),
            chart["times"].as_array().unwrap().len()
        )
        .unwrap();
    }
    writeln!(outline, "marks {}", data["marks"]).unwrap();
    outline
}

#[test]
fn a_finished_run_has_the_same_report_again() {
    let tank = tank(SCENARIO);
    for out in ["one", "other"] {
        run(tank.path(), out);
    }
    let page = fs::read_to_string(tank.path().join("one/report.html")).unwrap();
    assert!(
        page == fs::read_to_string(tank.path().join("other/report.html")).unwrap(),
        "the same seed, the same bytes"
    );
    let output = wavetank(tank.path(), &["report", "one", "-o", "again.html"]);
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(0), "again.html\n".to_owned()),
        "{}",
        text(&output.stderr)
    );
    assert!(page == fs::read_to_string(tank.path().join("again.html")).unwrap(), "the folder holds all of it");
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    for remote in ["src=\"http", "href=\"http", "@import", "url("] {
        assert!(!page.contains(remote), "the page loads nothing: {remote}");
    }
    insta::assert_snapshot!("report_outline", outline(&page));
    let run_file = fs::read_to_string(tank.path().join("one/run.json")).unwrap();
    insta::assert_snapshot!("run_json", run_file);
    // A run without a report leaves none of an earlier one.
    wavetank(tank.path(), &["run", ".", "--no-charts", "--out", "one"]);
    assert!(!tank.path().join("one/report.html").exists());
    assert_eq!(fs::read_to_string(tank.path().join("one/run.json")).unwrap(), run_file);
}

#[test]
fn a_folder_that_is_not_whole_is_refused() {
    let tank = tank(SCENARIO);
    run(tank.path(), "out");
    let out = tank.path().join("out");
    type Damage = fn(&Path);
    let edit = |file: &str, from: &str, to: &str| {
        let path = out.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    let damages: [(&str, Damage); 4] = [
        ("no folder of a run", |out| fs::remove_file(out.join("run.json")).unwrap()),
        ("a table is gone", |out| fs::remove_file(out.join("pods.csv")).unwrap()),
        ("not JSON", |out| fs::write(out.join("run.json"), "{").unwrap()),
        ("of two runs", |out| fs::write(out.join("INCOMPLETE"), "").unwrap()),
    ];
    let mut told = String::new();
    let mut refused = |why: &str| {
        let output = wavetank(tank.path(), &["report", "out", "-o", "refused.html"]);
        assert_eq!(output.status.code(), Some(2), "{why}: {}", text(&output.stderr));
        assert!(!tank.path().join("refused.html").exists(), "{why}");
        writeln!(told, "{why}: {}", text(&output.stderr).trim_end()).unwrap();
        run(tank.path(), "out");
    };
    for (why, damage) in damages {
        damage(&out);
        refused(why);
    }
    edit("run.json", "\"format_version\": 1", "\"format_version\": 2");
    refused("a later version");
    edit("run.json", "\"seed\"", "\"sead\"");
    refused("a field is missing");
    edit("nodes.csv", "general-0", "general-00");
    refused("a table of another length");
    edit("nodes.csv", "general-0", "general-7");
    refused("another value of the same length");
    edit("events.csv", "first_seconds", "other_seconds");
    refused("another column");
    edit("run.json", "\"file\": \"pods.csv\"", "\"file\": \"../pods.csv\"");
    refused("a file outside of the folder");
    insta::assert_snapshot!("report_refused", told);
    assert_eq!(wavetank(tank.path(), &["report", "out", "-o", "nowhere/report.html"]).status.code(), Some(1));
}

/// Text that ends what it stands in, wherever that is.
const HOSTILE: &str = "</script><script>alert('1')</script><img src=x onerror=\"alert(2)\">&lt;'\"`{{ 7*7 }}";

#[test]
fn names_from_input_are_text() {
    let yaml = HOSTILE.replace('\'', "''");
    let scenario = SCENARIO
        .replace("description: Does the shop <b>stay up</b> & \"running\"?", &format!("description: '{yaml}'"))
        .replace("name: shop, target", &format!("name: '{yaml}', target"))
        .replace("instanceType: small", &format!("instanceType: '{yaml}'"));
    let tank = tank(&scenario);
    run(tank.path(), "out");
    check_hostile(&fs::read_to_string(tank.path().join("out/report.html")).unwrap());

    // What no manifest can hold may still come from a message.
    let mut facts = example::day();
    facts.scenario = HOSTILE.to_owned();
    facts.remarks.push(HOSTILE.to_owned());
    for pod in &mut facts.pods {
        pod.reason = HOSTILE.into();
    }
    for node in &mut facts.nodes {
        node.name = HOSTILE.into();
    }
    for action in &mut facts.actions {
        action.detail = HOSTILE.to_owned();
    }
    let page = page_of(&facts);
    check_hostile(&page);
    let pods = data(&page);
    assert_eq!(pods["heat"]["nodes"][0]["name"], HOSTILE, "the script has the name as it is");
}

/// The page has the scripts that it is made of, and no element or attribute of the text.
fn check_hostile(page: &str) {
    assert_eq!(page.matches("<script").count(), 3, "data, uPlot and the page's own");
    assert_eq!(page.matches("</script").count(), 3);
    assert!(!page.contains("<img"), "no element comes from a name");
    assert!(!page.contains("alert(&#x27;1&#x27;)<") && page.contains("&lt;img src=x"), "the text is there, as text");
    assert!(page.contains("{{ 7*7 }}"), "and is no template");
    data(page);
}

fn page_of(facts: &Facts) -> String {
    let folder = tempfile::tempdir().unwrap();
    let summary = summarize(facts);
    let options = OutputOptions { svg: false, png: false, report: true, ..OutputOptions::default() };
    write_all(facts, &summary, folder.path(), &options).unwrap();
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    let again = folder.path().join("again.html");
    write_report(folder.path(), &again).unwrap();
    assert!(page == fs::read_to_string(again).unwrap());
    page
}

#[test]
fn a_large_run_stays_below_three_megabytes_and_says_what_it_leaves_out() {
    let mut facts = example::day();
    let pod = example::pod("web", "Deployment/web", 0, SimTime::ZERO);
    for index in 0..20_000_u32 {
        let mut pod = pod.clone();
        pod.name = format!("web-{index}").into();
        pod.restarts = 1;
        pod.reason = format!("{index} is a long reason that is no other pod's. ").repeat(40).into();
        facts.pods.push(pod);
    }
    let page = page_of(&facts);
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    let listed = data(&page)["pods"].as_array().unwrap().len();
    assert!((100..4000).contains(&listed), "{listed} pods");
    let all = format!("of {},{:03} pods are listed", facts.pods.len() / 1000, facts.pods.len() % 1000);
    assert!(page.contains(&all), "{all}");
}

#[test]
fn a_run_without_anything_has_a_report() {
    let page = page_of(&example::empty(60));
    assert!(page.contains("No objective was set"), "and it passes no judgement");
    assert!(!page.contains("are met"));
}
