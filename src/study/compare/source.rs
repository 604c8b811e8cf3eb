//! What a path names: a scenario, the folder of a run, or that of a sweep.

use super::side::SideKind;
use crate::input::{Diagnostic, Diagnostics};
use crate::report::RUN_FILE;
use crate::study::sweep::{JOURNAL_FILE, SWEEP_FILE};
use std::path::{Path, PathBuf};

/// A thing to compare, found but not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Where it is.
    pub(super) path: PathBuf,
    /// What it is.
    pub(super) kind: SideKind,
    /// The point of a sweep that alone is wanted, by its number.
    pub(super) point: Option<String>,
}

/// Says what a path names. `DIR@3` is the point 3 of a sweep.
///
/// # Errors
/// It is none of the three.
pub(super) fn find(path: &Path) -> Result<Source, Diagnostics> {
    let source = |path: &Path, kind, point| Source { path: path.to_owned(), kind, point };
    if path.is_dir() {
        let has = |file: &str| path.join(file).exists();
        if has(RUN_FILE) {
            return Ok(source(path, SideKind::Run, None));
        }
        if has(SWEEP_FILE) {
            return Ok(source(path, SideKind::Sweep, None));
        }
        if has("scenario.yaml") {
            return Ok(source(path, SideKind::Scenario, None));
        }
        let problem = if has(JOURNAL_FILE) {
            format!("holds a sweep that has not ended: it has no `{SWEEP_FILE}` (expected a whole one; sweep it again)")
        } else {
            format!(
                "is neither a scenario nor the folder of a run or of a sweep (expected `scenario.yaml`, `{RUN_FILE}` or \
                `{SWEEP_FILE}` in it)"
            )
        };
        return Err(Diagnostic::error(path.display().to_string(), problem).into());
    }
    let text = path.to_string_lossy();
    if !path.exists()
        && let Some((folder, point)) = text.rsplit_once('@')
        && Path::new(folder).join(SWEEP_FILE).exists()
    {
        return Ok(source(Path::new(folder), SideKind::Sweep, Some(point.to_owned())));
    }
    Ok(source(path, SideKind::Scenario, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn folders_are_told_by_what_is_in_them() {
        let home = tempfile::tempdir().unwrap();
        for (folder, file) in
            [("a", "scenario.yaml"), ("b", RUN_FILE), ("c", SWEEP_FILE), ("d", JOURNAL_FILE), ("e", "x")]
        {
            fs::create_dir(home.path().join(folder)).unwrap();
            fs::write(home.path().join(folder).join(file), "").unwrap();
        }
        let kind = |name: &str| find(&home.path().join(name)).map(|found| (found.kind, found.point));
        assert_eq!(kind("a"), Ok((SideKind::Scenario, None)));
        assert_eq!(kind("a/scenario.yaml"), Ok((SideKind::Scenario, None)));
        assert_eq!(kind("b"), Ok((SideKind::Run, None)));
        assert_eq!(kind("c"), Ok((SideKind::Sweep, None)));
        assert_eq!(kind("c@2"), Ok((SideKind::Sweep, Some("2".to_owned()))));
        let told = |name: &str| kind(name).unwrap_err().iter().next().unwrap().message.clone();
        assert!(told("d").contains("has not ended"));
        assert!(told("e").contains("is neither a scenario nor"));
    }
}
