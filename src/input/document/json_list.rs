//! Where the elements of a list in a JSON text stand, found without a tree of them all.

use serde::de::IgnoredAny;
use serde_json::Deserializer;
use std::ops::Range;

/// The places, in bytes, of the elements of the list in `field` of an object; none if there is no such list. The text
/// must be JSON; other text has none from where it goes wrong.
pub fn elements(text: &str, field: &str) -> Vec<Range<usize>> {
    // Of a key that is given twice the last counts.
    let Some((_, list)) = values(text, '{').filter(|(key, _)| key.is_some_and(|key| is_key(key, field))).last() else {
        return Vec::new();
    };
    let within = text.get(list.clone()).unwrap_or_default();
    values(within, '[').map(|(_, element)| list.start + element.start..list.start + element.end).collect()
}

/// The places of the values of the object or list that a text is, each with its key as it is written if it has one.
fn values(text: &str, opening: char) -> impl Iterator<Item = (Option<&str>, Range<usize>)> {
    let mut rest = text.trim_start().strip_prefix(opening).unwrap_or_default();
    std::iter::from_fn(move || {
        let mut key = None;
        if opening == '{' {
            let (written, after) = split_value(rest)?;
            key = Some(written);
            rest = after.trim_start().strip_prefix(':')?;
        }
        let (value, after) = split_value(rest)?;
        let end = text.len() - after.len();
        let after = after.trim_start();
        rest = after.strip_prefix(',').unwrap_or(after);
        Some((key, end - value.len()..end))
    })
}

/// The value that a text begins with, and what follows it.
fn split_value(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let mut stream = Deserializer::from_str(text).into_iter::<IgnoredAny>();
    stream.next()?.ok()?;
    text.split_at_checked(stream.byte_offset())
}

/// Whether a quoted key, perhaps with escapes, is the wanted one.
fn is_key(quoted: &str, wanted: &str) -> bool {
    serde_json::from_str::<String>(quoted).is_ok_and(|key| key == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements_of<'a>(text: &'a str, field: &str) -> Vec<&'a str> {
        elements(text, field).into_iter().map(|place| &text[place]).collect()
    }

    #[test]
    fn elements_are_found() {
        let text = "\n{\"kind\": \"List\", \"i\\u0074ems\": [ {\"a\": [1]}, {},\n{\"b\": \"]\\\"\"} , 7, -1.5e3,null ], \"z\": [1], \"z\": [2],\"n\": 1}";
        let cases: [(&str, &[&str]); 4] = [
            ("items", &["{\"a\": [1]}", "{}", "{\"b\": \"]\\\"\"}", "7", "-1.5e3", "null"]),
            ("kind", &[]),
            ("z", &["2"]),
            ("missing", &[]),
        ];
        for (field, expected) in cases {
            assert_eq!(elements_of(text, field), expected, "{field}");
        }
    }

    #[test]
    fn broken_text_ends_the_list() {
        let cases =
            ["", "{", "{\"a\"", "{\"a\":", "{\"a\": [", "{\"a\": [}", "{\"a\": \"\\", "nul", "]", "{:::", "[1, 2"];
        for text in cases {
            assert_eq!(elements_of(text, "a"), [""; 0], "{text}");
        }
    }
}
