//! The place of a field in a JSON text, found by reading the text up to it. Nothing is kept while a document is right:
//! only a problem asks where it is.

use super::field_path::PathStep;

/// Finds the place of the field, or of the last step on the way to it that exists, as an offset in bytes: of a key
/// where the key stands, of a list's element where the element begins. The text must be JSON.
#[must_use]
pub fn offset_of(text: &str, steps: &[PathStep]) -> usize {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    scanner.skip_blank();
    let mut found = scanner.at;
    for step in steps {
        match scanner.enter(step) {
            Some(place) => found = place,
            None => break,
        }
    }
    found
}

/// The offsets at which the elements of the list in `field` of an object begin, found in one pass.
#[must_use]
pub fn element_offsets(text: &str, field: &str) -> Vec<usize> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    scanner.skip_blank();
    let mut offsets = Vec::new();
    if scanner.enter(&PathStep::Key(field.to_owned())).is_none() || scanner.peek() != b'[' {
        return offsets;
    }
    scanner.at += 1;
    loop {
        scanner.skip_blank();
        let begin = scanner.at;
        scanner.skip_value();
        if scanner.at == begin {
            return offsets;
        }
        offsets.push(begin);
    }
}

/// Reads forward through JSON text that is known to be well formed; on other text it ends early.
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn skip_blank(&mut self) {
        while self.peek().is_ascii_whitespace() || (self.peek() == b',') {
            self.at += 1;
        }
    }

    /// Moves from an object or list to the value that the step names; the place of its key or of itself.
    fn enter(&mut self, step: &PathStep) -> Option<usize> {
        let opening = self.peek();
        self.at += 1;
        let closing = match opening {
            b'{' => b'}',
            b'[' => b']',
            _ => return None,
        };
        let number;
        let (wanted_key, wanted_index) = match step {
            PathStep::Key(key) => (key.as_str(), None),
            PathStep::Index(index) => {
                number = index.to_string();
                (number.as_str(), Some(*index))
            }
        };
        let mut index = 0;
        loop {
            self.skip_blank();
            if self.peek() == closing || self.at >= self.bytes.len() {
                return None;
            }
            let place = self.at;
            let matches = if opening == b'{' {
                self.skip_string();
                let key = self.bytes.get(place..self.at).unwrap_or_default();
                self.skip_blank();
                if self.peek() == b':' {
                    self.at += 1;
                }
                self.skip_blank();
                key_is(key, wanted_key)
            } else {
                wanted_index == Some(index)
            };
            if matches {
                return Some(place);
            }
            let before = self.at;
            self.skip_value();
            if self.at == before {
                return None;
            }
            index += 1;
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while self.at < self.bytes.len() && self.peek() != b'"' {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at = (self.at + 1).min(self.bytes.len());
    }

    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
            match self.peek() {
                b'"' => self.skip_string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' | b',' if depth == 0 => return,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                return;
            }
        }
    }
}

/// Whether a quoted key, perhaps with escapes, is the wanted one.
fn key_is(quoted: &[u8], wanted: &str) -> bool {
    serde_json::from_slice::<String>(quoted).is_ok_and(|key| key == wanted)
}

#[cfg(test)]
mod tests {
    use super::super::field_path::FieldPathBuf;
    use super::*;

    /// Line and column, from 1.
    fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |index| index + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    #[test]
    fn elements_are_found_in_one_pass() {
        let text = "{\"kind\": \"List\", \"items\": [ {\"a\": [1]}, {},\n{\"b\": \"]\"} ], \"z\": []}";
        let offsets = element_offsets(text, "items");
        let rests: Vec<_> = offsets.iter().map(|offset| text[*offset..].chars().take(4).collect::<String>()).collect();
        assert_eq!(rests, ["{\"a\"", "{},\n", "{\"b\""]);
        assert_eq!(element_offsets(text, "kind"), [0_usize; 0]);
        assert_eq!(element_offsets(text, "z"), [0_usize; 0]);
    }

    #[test]
    fn fields_are_found() {
        let text = "{\n \"a\\u002fb\": 1, \"x\": {\"y\": \"}]\\\"\", \"z\": [1, [2, {}], {\"k\": null}]},\n \"é\": {\"v\": 1}}";
        let cases = [
            ("", (1, 1)),
            ("[a/b]", (2, 2)),
            ("x.y", (2, 23)),
            ("x.z[0]", (2, 42)),
            ("x.z[2].k", (2, 55)),
            ("x.z[2].missing", (2, 54)),
            ("x.z[7]", (2, 36)),
            ("é.v", (3, 8)),
            ("nowhere", (1, 1)),
        ];
        for (path, expected) in cases {
            let offset = offset_of(text, &FieldPathBuf::parse(path).0);
            assert_eq!(line_and_column(text, offset), expected, "{path}");
        }
    }

    #[test]
    fn broken_text_ends_the_search() {
        for text in ["", "{", "{\"a\"", "{\"a\":", "[1, 2", "[\"", "{\"a\": \"\\", "nul", "]", "{:::"] {
            for path in ["a", "[3]", "a.b.c"] {
                assert!(offset_of(text, &FieldPathBuf::parse(path).0) <= text.len(), "{text} {path}");
            }
        }
    }
}
