//! The files of `docs/ci` do what they say: their scripts run here as they stand, on a repository with a change in it.

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const SCENARIO: &str = "
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: batch}
spec:
  duration: 10m
  nodePools: [{name: general, count: 2, capacity: {cpu: 4, memory: 16Gi}, pricePerHour: 0.2}]
  arrivals:
    - name: jobs
      every: {fixed: 20s}
      duration: {fixed: 1m}
      template: {spec: {containers: [{name: main, image: busybox, resources: {requests: {cpu: 500m}}}]}}
";

fn read(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci").join(file);
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A repository whose second commit has twice the nodes; gives the first commit too.
struct Repository {
    home: TempDir,
    base: String,
}

impl Repository {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let repository = Self { home, base: String::new() };
        let git = |args: &[&str]| {
            let output = Command::new("git").current_dir(repository.folder()).args(args).output().unwrap();
            assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
            text(&output.stdout).trim().to_owned()
        };
        fs::create_dir_all(repository.folder().join("shop")).unwrap();
        git(&["init", "--quiet"]);
        let commit = |scenario: &str| {
            fs::write(repository.folder().join("shop/scenario.yaml"), scenario).unwrap();
            git(&["add", "."]);
            git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "x"]);
            git(&["rev-parse", "HEAD"])
        };
        let base = commit(SCENARIO);
        commit(&SCENARIO.replace("count: 2", "count: 4"));
        Self { base, ..repository }
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("repository")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs a script in the repository with these variables.
    fn bash(&self, script: &str, variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new("bash");
        command.current_dir(self.folder()).args(["-eo", "pipefail", "-c", script]).env_remove("WAVETANK_TRACES");
        for (name, file) in
            [("RUNNER_TEMP", ""), ("GITHUB_STEP_SUMMARY", "summary.md"), ("GITHUB_OUTPUT", "output.txt")]
        {
            command.env(name, self.file(file));
        }
        command.env("WAVETANK", cargo_bin("wavetank")).envs(variables.iter().copied());
        command.output().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The script of a step of the action, and the names of its variables.
fn step(action: &Value, name: &str) -> (String, Vec<String>) {
    let steps = action["runs"]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["name"] == name).unwrap();
    let variables = step["env"].as_object().unwrap().keys().cloned().collect();
    (step["run"].as_str().unwrap().to_owned(), variables)
}

#[test]
fn the_action_compares_comments_and_fails_by_the_tolerance() {
    let action = read("github/action.yml");
    for step in action["runs"]["steps"].as_array().unwrap() {
        let script = step["run"].as_str().expect("a step is a script: no other action is used");
        assert!(!script.contains("${{"), "an input is a variable, not a part of a script: {script}");
    }
    let repository = Repository::new();
    let (script, variables) = step(&action, "Compare");
    assert_eq!(variables, ["SCENARIO", "TOLERANCES", "FAIL_ON", "REPLICATIONS", "WAVETANK", "BASE"]);
    let given = [
        ("SCENARIO", "shop"),
        ("TOLERANCES", "cost_dollars=5% pods_created=0"),
        ("FAIL_ON", action["inputs"]["fail-on"]["default"].as_str().unwrap()),
        ("REPLICATIONS", "2"),
        ("BASE", &repository.base),
    ];
    for _ in 0..2 {
        let output = repository.bash(&script, &given);
        assert!(output.status.success(), "the verdict is the last step's: {}", text(&output.stderr));
    }
    let outputs = fs::read_to_string(repository.file("output.txt")).unwrap();
    assert_eq!(outputs, "code=3\ncode=3\n", "twice the nodes cost more than 5 %");
    let comment = fs::read_to_string(repository.file("wavetank.md")).unwrap();
    assert!(comment.starts_with("**B against A: 1 tolerance exceeded; "), "{comment}");
    assert!(fs::read_to_string(repository.file("summary.md")).unwrap().contains(&comment));
    let (script, _) = step(&action, "Verdict");
    assert_eq!(repository.bash(&script, &[("CODE", "3")]).status.code(), Some(3));
    check_comment(&repository, &step(&action, "Comment").0, &comment);
}

/// Runs the step that comments with a `gh` that notes what it is asked.
fn check_comment(repository: &Repository, script: &str, comment: &str) {
    let tools = repository.file("tools");
    fs::create_dir(&tools).unwrap();
    let log = repository.file("asked.txt");
    let gh =
        format!("#!/bin/sh\necho \"$@\" >> '{}'\n[ \"$2\" != --paginate ] || printf '%s' \"$KNOWN\"\n", log.display());
    fs::write(tools.join("gh"), gh).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(tools.join("gh")).status().unwrap().success());
    let path = format!("{}:{}", tools.display(), std::env::var_os("PATH").unwrap().display());
    let given = [("KEY", "shop$(x)\""), ("REPOSITORY", "a/b"), ("NUMBER", "7"), ("GH_TOKEN", "x"), ("PATH", &path)];
    for (known, method) in [("", "POST repos/a/b/issues/7/comments"), ("41", "PATCH repos/a/b/issues/comments/41")] {
        fs::write(&log, "").unwrap();
        let output = repository.bash(script, &[&given[..], &[("KNOWN", known)]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let asked = fs::read_to_string(&log).unwrap();
        assert!(asked.contains(&format!("api --method {method} -F body=@")), "{asked}");
        assert!(asked.contains("startswith(\"<!-- wavetank-compare:shopx -->\")"), "{asked}");
    }
    let body = fs::read_to_string(repository.file("comment.md")).unwrap();
    assert_eq!(body, format!("<!-- wavetank-compare:shopx -->\n{comment}"));
}

#[test]
fn the_job_of_gitlab_compares_and_fails_by_the_tolerance() {
    let document = read("gitlab/wavetank.gitlab-ci.yml");
    let job = &document["wavetank-compare"];
    let script: Vec<&str> = job["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let repository = Repository::new();
    let own = job["variables"].as_object().unwrap();
    for name in ["WAVETANK_TOLERANCES", "WAVETANK_FAIL_ON", "WAVETANK_REPLICATIONS", "WAVETANK_SCENARIO"] {
        assert!(own.contains_key(name), "{name} has a default");
    }
    let given = [
        ("WAVETANK_SCENARIO", "shop"),
        ("WAVETANK_TOLERANCES", "cost_dollars=5%"),
        ("WAVETANK_FAIL_ON", own["WAVETANK_FAIL_ON"].as_str().unwrap()),
        ("WAVETANK_REPLICATIONS", "2"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &repository.base),
    ];
    let output = repository.bash(&script.join("\n"), &given);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("**B against A: 1 tolerance exceeded; "), "{}", text(&output.stdout));
    assert_eq!(job["artifacts"]["paths"][0], "wavetank.md");
    assert!(repository.folder().join("wavetank.md").exists());
}
