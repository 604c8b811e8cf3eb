//! The report in a headless Chromium: nothing is logged as an error, every timeline and list is drawn, nothing is wider than a
//! telephone, and axe-core finds no fault with it. Where Chromium is not installed the test says so and passes; so does its
//! part with axe-core, which is looked for in `WAVETANK_AXE`, in `node_modules` here, and where `npm install -g` puts it.

use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Runs in the page when it has been drawn, and tells the frame around it what it found.
const PROBE: &str = r##"
addEventListener("load", async () => {
  const words = (id) => [...document.querySelectorAll(id)].map((element) => element.textContent);
  const found = {
    charts: JSON.parse(document.getElementById("data").textContent).charts.length,
    plots: document.querySelectorAll(".uplot canvas").length,
    unlabelled: [...document.querySelectorAll(".plot")].filter((plot) => !plot.getAttribute("aria-label")).length,
    rows: ["#event-list tbody tr", "#pod-list tbody tr"].map((rows) => document.querySelectorAll(rows).length),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    width: innerWidth,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    contents: words("#contents a"),
  };
  // The keyboard alone moves the cursor, and the values are said.
  document.querySelector(".plot").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  found.spoken = document.getElementById("spoken").textContent;
  const search = document.getElementById("event-list-search");
  search.value = "no Event has these words";
  search.dispatchEvent(new Event("input"));
  found.none = document.querySelector("#event-list .count").textContent;
  search.value = "";
  search.dispatchEvent(new Event("input"));
  found.violations = null;
  if (window.axe) {
    const result = await axe.run();
    found.violations = result.violations.map((violation) => violation.id + ": " + violation.nodes[0].html);
  }
  parent.postMessage(JSON.stringify(found), "*");
});
"##;

fn browser() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let named = |name: &&str| folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    BROWSERS.iter().find_map(named)
}

fn axe() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let installed = "axe-core/axe.min.js";
    let places = [
        std::env::var_os("WAVETANK_AXE").map(PathBuf::from),
        Some(root.join("node_modules").join(installed)),
        Some(Path::new("/usr/lib/node_modules").join(installed)),
        Some(Path::new("/usr/local/lib/node_modules").join(installed)),
    ];
    places.into_iter().flatten().find_map(|path| fs::read_to_string(path).ok())
}

/// What the page says of itself in a frame of this width, and what the browser logged.
fn look(browser: &Path, folder: &Path, width: u32, flags: &[&str]) -> (Value, Vec<String>) {
    let around = format!(
        "<!doctype html><html lang=en><title>frame</title><body><iframe src=page.html width={width} height=800></iframe>\
         <script>addEventListener('message', (e) => {{ document.body.dataset.found = encodeURIComponent(e.data); }})</script>"
    );
    fs::write(folder.join("around.html"), around).unwrap();
    let mut command = Command::new(browser);
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=20000",
        "--enable-logging=stderr",
    ]);
    command.arg(format!("--user-data-dir={}", folder.join("profile").display()));
    command.args(flags).args(["--window-size=1400,900", "--dump-dom"]);
    command.arg(format!("file://{}", folder.join("around.html").display()));
    let output = command.output().unwrap();
    let (dom, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let found = dom.split("data-found=\"").nth(1).and_then(|rest| rest.split('"').next());
    let found = found.unwrap_or_else(|| panic!("the page says nothing of itself:\n{log}"));
    let logged = log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    (serde_json::from_str(&decoded(found)).unwrap(), logged)
}

/// The opposite of `encodeURIComponent`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten();
        let value = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(value.unwrap_or(*first));
        rest = if value.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_report_works_in_a_browser() {
    let Some(browser) = browser() else {
        eprintln!("SKIPPED: no Chromium is installed (looked for {})", BROWSERS.join(", "));
        return;
    };
    let axe = axe();
    if axe.is_none() {
        eprintln!(
            "SKIPPED in part: axe-core is not installed (npm install -g axe-core, or name axe.min.js in WAVETANK_AXE)"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::cargo_bin("wavetank").unwrap();
    command.current_dir(root).args(["run", "scenarios/quickstart", "--no-charts", "--report", "--out"]);
    assert!(command.arg(folder.path()).output().unwrap().status.success());
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    let axe_script = axe.as_ref().map_or_else(String::new, |axe| axe.replace("</script", "<\\/script"));
    let probed = format!("<script>{axe_script}</script><script>{PROBE}</script></body>");
    fs::write(folder.path().join("page.html"), page.replace("</body>", &probed)).unwrap();
    for (width, flags, is_dark) in [(1280, [].as_slice(), false), (360, &["--force-dark-mode"], true)] {
        let (found, logged) = look(&browser, folder.path(), width, flags);
        assert!(logged.is_empty(), "{width}: {logged:#?}");
        assert_eq!((found["width"].as_u64(), found["dark"].as_bool()), (Some(width.into()), Some(is_dark)), "{found}");
        assert_eq!(found["overflow"], 0, "nothing is wider than {width} pixels: {found}");
        assert!(found["charts"].as_u64().unwrap() >= 8 && found["plots"] == found["charts"], "{found}");
        assert_eq!(found["unlabelled"], 0, "{found}");
        assert!(found["rows"].as_array().unwrap().iter().all(|rows| rows.as_u64().unwrap() >= 20), "{found}");
        assert!(found["spoken"].as_str().unwrap().contains("p99"), "{found}");
        assert_eq!(found["none"], "0 to 0 of 0 found", "{found}");
        assert!(found["contents"].as_array().unwrap().len() >= 8, "{found}");
        if axe.is_some() {
            assert_eq!(found["violations"], serde_json::json!([]), "{width}");
        }
    }
}
