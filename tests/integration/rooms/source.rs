//! The files of `src/` and the words of their code.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the library's code.
pub fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The folders of `src/`, by name.
pub fn rooms() -> Vec<String> {
    let entries = fs::read_dir(source()).unwrap().map(|entry| entry.unwrap());
    let mut rooms: Vec<String> = entries
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    rooms.sort();
    rooms
}

/// Every file of a room, in order of path.
pub fn files_of(room: &str) -> Vec<PathBuf> {
    let mut folders = vec![source().join(room)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                files.push(entry);
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "{room} has no file");
    files
}

/// A file as it is named here: from `src/` on, with `/` between the folders.
pub fn name_of(file: &Path) -> String {
    let steps = file.strip_prefix(source()).unwrap().iter();
    steps.map(|step| step.to_str().unwrap()).collect::<Vec<_>>().join("/")
}

/// A text's identifiers and signs, in order; `::` is one sign. Comments, literals and lifetimes are left out.
pub fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => quoted(rest, '"'),
            'r' if raw_hashes(rest).is_some() => {
                let end = format!("\"{}", "#".repeat(raw_hashes(rest).unwrap()));
                let body = rest.find('"').unwrap() + 1;
                rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len())
            }
            '\'' => quote_or_lifetime(rest),
            ':' if rest.starts_with("::") => {
                tokens.push(&rest[..2]);
                2
            }
            _ if first.is_whitespace() => first.len_utf8(),
            _ if is_word(first) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                // `b"` and `b'` are the prefix of a literal, which the next round leaves out.
                tokens.push(&rest[..length]);
                length
            }
            _ => {
                tokens.push(&rest[..first.len_utf8()]);
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    tokens
}

/// Whether a token is an identifier or a keyword.
pub fn is_identifier(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a literal that begins with `quote`, both quotes included.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// How many `#` stand before the quote of a raw string, or nothing if `text` does not begin with one.
fn raw_hashes(text: &str) -> Option<usize> {
    let hashes = text.strip_prefix('r')?.find(|c| c != '#')?;
    text[1 + hashes..].starts_with('"').then_some(hashes)
}

/// The length of the character literal or the lifetime that `text` begins with.
fn quote_or_lifetime(text: &str) -> usize {
    let mut after = text.chars().skip(1);
    match (after.next(), after.next()) {
        (Some(first), Some(second)) if first != '\\' && second != '\'' => {
            1 + text[1..].find(|c| !is_word(c)).unwrap_or(text.len() - 1)
        }
        _ => quoted(text, '\''),
    }
}

#[test]
fn tokens_leave_out_what_is_not_code() {
    let cases: [(&str, &[&str], &str); 6] = [
        ("a::b(c)", &["a", "::", "b", "(", "c", ")"], "signs one by one, `::` as one"),
        ("x // y\n/* z */ w", &["x", "w"], "comments"),
        (r#"f("{ \" }")"#, &["f", "(", ")"], "a string with a brace and a quote"),
        (r##"f(r#"" { "#)"##, &["f", "(", ")"], "a raw string"),
        (r"('{', '\'', 'a')", &["(", ",", ",", ")"], "characters"),
        ("&'a str + '_", &["&", "str", "+"], "lifetimes"),
    ];
    for (text, expected, why) in cases {
        assert_eq!(tokens(text), expected, "{why}");
    }
}
