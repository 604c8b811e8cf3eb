//! Standard output for data and standard error for messages.

use super::Exit;
use crate::input::{Diagnostic, Folded, Severity, fold};
use std::fmt::{Display, Write as _};
use std::io::{self, ErrorKind, Write};

const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const CYAN: &str = "\x1b[1;36m";
const PLAIN: &str = "\x1b[0m";
/// The most places that are named of a problem that is found in many.
const PLACES: usize = 3;

/// Prints data, and gives `exit`. A reader that has gone away (`| head`) is no error.
pub fn print_data(text: &str, exit: Exit) -> Exit {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            print_error(&format_args!("standard output: {error}"));
            Exit::Internal
        }
        _ => exit,
    }
}

/// Says something to the person at the terminal.
pub fn say(text: &str) {
    // Nobody can be told that standard error is closed.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Says that something is wrong.
pub fn print_error(message: &dyn Display) {
    say(&format!("{RED}error:{PLAIN} {message}"));
}

/// Says what a reader of the results should know.
pub fn print_warning(message: &dyn Display) {
    say(&format!("{YELLOW}warning:{PLAIN} {message}"));
}

/// Says what is wrong with the input, one problem after the other, and counts them. The same problem of many objects is
/// said once.
pub fn print_diagnostics<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>) {
    let (mut errors, mut warnings) = (0_usize, 0_usize);
    for Folded { first: diagnostic, others } in fold(diagnostics) {
        let label = match diagnostic.severity {
            Severity::Error => {
                errors += 1 + others.len();
                format!("{RED}error:{PLAIN}")
            }
            Severity::Warning => {
                warnings += 1 + others.len();
                format!("{YELLOW}warning:{PLAIN}")
            }
        };
        say(&format!("{label} {}", located(diagnostic)));
        if !others.is_empty() {
            say(&format!("  {CYAN}and{PLAIN} {}", elsewhere(&others)));
        }
        for hint in diagnostic.hint.iter().flat_map(|hint| hint.lines()) {
            say(&format!("  {CYAN}hint:{PLAIN} {hint}"));
        }
    }
    if let Some(count) = count(errors, warnings) {
        say(&count);
    }
}

/// How often the same problem is found elsewhere, and the first places: `the same 54 times more: a.yaml:9:3, ...`.
fn elsewhere(others: &[&Diagnostic]) -> String {
    let places: Vec<String> = others.iter().take(PLACES).map(|other| place(other)).collect();
    let more = if others.len() > PLACES { ", ..." } else { "" };
    format!("the same {} times more: {}{more}", others.len(), places.join(", "))
}

/// `file:line:column`, without what is not known.
fn place(diagnostic: &Diagnostic) -> String {
    // Writing to a String cannot fail.
    let mut text = diagnostic.file.to_string();
    for number in [diagnostic.line, diagnostic.column].into_iter().flatten() {
        let _ = write!(text, ":{number}");
    }
    text
}

/// `file:line:column: object: field: message`, without what is not known.
fn located(diagnostic: &Diagnostic) -> String {
    // Writing to a String cannot fail.
    let mut text = String::new();
    if !diagnostic.file.is_empty() {
        let _ = write!(text, "{}: ", place(diagnostic));
    }
    if let Some(object) = &diagnostic.object {
        let _ = write!(text, "`{object}`: ");
    }
    if let Some(field) = &diagnostic.field {
        let _ = write!(text, "{field}: ");
    }
    text.push_str(&diagnostic.message);
    text
}

/// `3 errors, 1 warning`; nothing if there are none.
fn count(errors: usize, warnings: usize) -> Option<String> {
    let number = |count: usize, word: &str| {
        (count > 0).then(|| if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") })
    };
    let parts: Vec<String> = [number(errors, "error"), number(warnings, "warning")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_counted_in_words() {
        let cases =
            [(0, 0, None), (1, 0, Some("1 error")), (3, 1, Some("3 errors, 1 warning")), (0, 2, Some("2 warnings"))];
        for (errors, warnings, expected) in cases {
            assert_eq!(count(errors, warnings).as_deref(), expected);
        }
    }

    #[test]
    fn problems_are_located_as_far_as_is_known() {
        let problem = Diagnostic::error("a.yaml", "is wrong");
        assert_eq!(located(&problem), "a.yaml: is wrong");
        let problem = problem.at((3, 7)).of_object("Pod a/b").in_field("spec");
        assert_eq!(located(&problem), "a.yaml:3:7: `Pod a/b`: spec: is wrong");
    }
}
