//! A patch as YAML, for the text of a conflict.
//!
//! As `sigs.k8s.io/yaml` writes it, but that long lines are not folded.

use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::fmt::Write;

/// An object as YAML.
pub fn of(object: &Map<String, Value>) -> String {
    let mut text = String::new();
    if object.is_empty() {
        text.push_str("{}\n");
    } else {
        write_map(&mut text, object, 0);
    }
    text
}

fn write_map(text: &mut String, fields: &Map<String, Value>, indent: usize) {
    let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
    sorted.sort_by(|(left, _), (right, _)| compare_keys(left, right));
    for (position, (key, value)) in sorted.into_iter().enumerate() {
        // The first key of an item of a list stands behind the dash.
        if position > 0 || !text.ends_with("- ") {
            text.extend(std::iter::repeat_n(' ', indent));
        }
        let key = if key.contains('\n') { format!("{key:?}") } else { scalar(key) };
        let _ = write!(text, "{key}:");
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                text.push('\n');
                write_map(text, fields, indent + 2);
            }
            Value::Array(items) if !items.is_empty() => {
                text.push('\n');
                write_list(text, items, indent);
            }
            value => {
                text.push(' ');
                write_leaf(text, value, indent + 2);
            }
        }
    }
}

fn write_list(text: &mut String, items: &[Value], indent: usize) {
    for (position, item) in items.iter().enumerate() {
        if position > 0 || !text.ends_with("- ") {
            text.extend(std::iter::repeat_n(' ', indent));
        }
        text.push_str("- ");
        match item {
            Value::Object(fields) if !fields.is_empty() => write_map(text, fields, indent + 2),
            Value::Array(items) if !items.is_empty() => write_list(text, items, indent + 2),
            item => write_leaf(text, item, indent + 2),
        }
    }
}

fn write_leaf(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(_) => text.push_str("{}"),
        Value::Array(_) => text.push_str("[]"),
        Value::String(string) if string.contains('\n') && is_literal(string) => {
            return write_literal(text, string, indent);
        }
        Value::String(string) => text.push_str(&scalar(string)),
        value => _ = write!(text, "{value}"),
    }
    text.push('\n');
}

fn is_literal(string: &str) -> bool {
    let is_printable = |letter: char| letter == '\n' || !letter.is_control();
    string.chars().all(is_printable) && !string.ends_with(' ')
}

fn write_literal(text: &mut String, string: &str, indent: usize) {
    text.push('|');
    if string.starts_with([' ', '\n']) {
        text.push('2');
    }
    match string.strip_suffix('\n') {
        None => text.push('-'),
        Some(rest) if rest.is_empty() || rest.ends_with('\n') => text.push('+'),
        Some(_) => {}
    }
    text.push('\n');
    for line in string.split_inclusive('\n') {
        if line != "\n" {
            text.extend(std::iter::repeat_n(' ', indent));
        }
        text.push_str(line);
    }
    if !string.ends_with('\n') {
        text.push('\n');
    }
}

/// A string of one line: plain if it is read as the same string again, else quoted.
fn scalar(string: &str) -> String {
    if string.is_empty() || means_another_type(string) || string.chars().any(char::is_control) {
        return Value::from(string).to_string();
    }
    let starts_plain =
        !string.starts_with(['#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', ' ']);
    let indicator = string.starts_with(['-', '?', ':']) && matches!(string.as_bytes().get(1), None | Some(b' '));
    let is_plain = starts_plain
        && !indicator
        && !string.starts_with("---")
        && !string.starts_with("...")
        && !string.ends_with([' ', ':'])
        && !string.contains(": ")
        && !string.contains(" #");
    if is_plain { string.to_owned() } else { format!("'{}'", string.replace('\'', "''")) }
}

/// Whether a plain string would be read as something else: null, a truth value, a number or a time.
fn means_another_type(string: &str) -> bool {
    const WORDS: &[&str] = &[
        "~", "null", "true", "false", "y", "n", "yes", "no", "on", "off", ".nan", ".inf", "+.inf", "-.inf", "<<", "=",
    ];
    let is_word = WORDS.iter().any(|word| {
        let (capital, upper) = (capitalized(word), word.to_uppercase());
        string == *word || string == capital || string == upper
    });
    is_word || is_number(string) || is_base_sixty(string) || is_time(string)
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn is_number(string: &str) -> bool {
    let plain = string.replace('_', "");
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let digits = |text: &str, radix| !text.is_empty() && text.chars().all(|digit| digit.is_digit(radix));
    let lower = unsigned.to_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            return digits(rest, radix);
        }
    }
    let (mantissa, exponent) = match lower.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (lower.as_str(), None),
    };
    let exponent_fits = exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text), 10));
    let mantissa_fits = match mantissa.split_once('.') {
        None => digits(mantissa, 10),
        Some(("", fraction)) => digits(fraction, 10),
        Some((whole, fraction)) => digits(whole, 10) && (fraction.is_empty() || digits(fraction, 10)),
    };
    mantissa_fits && exponent_fits
}

/// `1:30`, a number to base sixty in YAML 1.1.
fn is_base_sixty(string: &str) -> bool {
    let mut parts = string.strip_prefix(['+', '-']).unwrap_or(string).split(':');
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut rest = 0;
    parts.next().is_some_and(is_digits)
        && parts.all(|part| {
            rest += 1;
            let whole = part.split('.').next().unwrap_or_default();
            is_digits(whole) && whole.len() <= 2 && (whole.len() == 1 || whole.as_bytes()[0] <= b'5')
        })
        && rest > 0
}

/// `2026-01-01` or `2026-01-01T00:00:00Z`.
fn is_time(string: &str) -> bool {
    let date = string.split(['T', 't', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = date.split('-').collect();
    let is_digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_date = parts.len() == 3 && parts[0].len() == 4 && parts.iter().all(is_digits);
    let rest = &string[date.len()..];
    let is_clock = |clock: &str| {
        let clock = clock.trim_end_matches(['Z', 'z']);
        clock.bytes().filter(|byte| *byte == b':').count() >= 2
            && clock.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'+' | b'-'))
    };
    is_date && (rest.is_empty() || is_clock(&rest[1..]))
}

/// The order of keys: letters after other characters, digits by the number that they write.
fn compare_keys(left: &str, right: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let Some(at) = left.iter().zip(&right).position(|(left, right)| left != right) else {
        return left.len().cmp(&right.len());
    };
    let (first, second) = (left[at], right[at]);
    if first.is_alphabetic() && second.is_alphabetic() {
        return first.cmp(&second);
    }
    if first.is_alphabetic() || second.is_alphabetic() {
        return if second.is_alphabetic() { Ordering::Less } else { Ordering::Greater };
    }
    let digits = |text: &[char]| text[at..].iter().take_while(|letter| letter.is_ascii_digit()).count();
    let (left_digits, right_digits) = (digits(&left), digits(&right));
    let number = |text: &[char], count: usize| {
        text[at..at + count]
            .iter()
            .fold(0_i64, |sum, digit| sum.wrapping_mul(10).wrapping_add(i64::from(digit.to_digit(10).unwrap_or(0))))
    };
    // A zero after other digits is part of their number: what follows it counts.
    let is_within = |text: &[char]| {
        let before = text[..at].iter().rev().take_while(|letter| letter.is_ascii_digit());
        (first == '0' || second == '0') && before.clone().any(|digit| *digit != '0')
    };
    let lead = |text: &[char]| i64::from(is_within(text));
    let scaled = |text: &[char], count: usize| {
        let scale = (0..count).fold(lead(text), |scale, _| scale.wrapping_mul(10));
        scale.wrapping_add(number(text, count))
    };
    scaled(&left, left_digits)
        .cmp(&scaled(&right, right_digits))
        .then(left_digits.cmp(&right_digits))
        .then(first.cmp(&second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn yaml_is_written_as_kubectl_writes_it() {
        let object = json!({
            "b": {"$setElementOrder/x": [{"name": "a"}], "x": [{"n": {"k": "25%"}, "a": "0.5"}], "e": {}, "l": []},
            "a": "l1\nl2\n", "t": "2026-01-01T00:00:00Z", "n": null, "q": "- x", "s": "500m", "y": "on", "i": "redis:7",
            "k10": "--a", "k9": "", "c": "a: b"
        });
        let Value::Object(object) = object else { unreachable!() };
        let expected = "a: |\n  l1\n  l2\nb:\n  $setElementOrder/x:\n  - name: a\n  e: {}\n  l: []\n  x:\n  - a: \"0.5\"\n    \"n\":\n      \
                        k: 25%\nc: 'a: b'\ni: redis:7\nk9: \"\"\nk10: --a\n\"n\": null\nq: '- x'\ns: 500m\nt: \"2026-01-01T00:00:00Z\"\n\"y\": \"on\"\n";
        assert_eq!(of(&object), expected);
    }
}
