//! Words of a formula.

use super::FormulaError;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A whole number.
    Integer(i64),
    /// A number with a point or an exponent.
    Float(f64),
    /// A text in quotes.
    Text(String),
    /// A name or an operator that is a word.
    Word(String),
    /// A bracket: `(`, `)`, `[`, `]`, `{` or `}`.
    Bracket(char),
    /// An operator or other sign.
    Sign(&'static str),
    /// The end.
    End,
}

impl Token {
    /// As expr-lang's errors tell it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Integer(number) => format!("Number(\"{number}\")"),
            Self::Float(number) => format!("Number(\"{number}\")"),
            Self::Text(text) => format!("String({text:?})"),
            Self::Word(word) if OPERATOR_WORDS.contains(&word.as_str()) => format!("Operator({word:?})"),
            Self::Word(word) => format!("Identifier({word:?})"),
            Self::Bracket(bracket) => format!("Bracket(\"{bracket}\")"),
            Self::Sign(sign) => format!("Operator({sign:?})"),
            Self::End => "EOF".to_owned(),
        }
    }
}

/// Words that are operators.
const OPERATOR_WORDS: [&str; 11] =
    ["not", "or", "and", "in", "matches", "contains", "startsWith", "endsWith", "let", "if", "else"];

/// Signs, the longer first.
const SIGNS: [&str; 27] = [
    "**", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "..", "+", "-", "*", "/", "%", "^", "<", ">", "!", "?", ":",
    ",", ";", "=", "#", "|", ".",
];

/// The words of a formula, each with the number of characters before it.
pub(super) fn tokens(source: &str) -> Result<Vec<(Token, usize)>, FormulaError> {
    let characters: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let start = at;
        let token = if character.is_whitespace() {
            at += 1;
            continue;
        } else if character.is_ascii_digit()
            || (character == '.' && characters.get(at + 1).is_some_and(char::is_ascii_digit))
        {
            number(&characters, &mut at).ok_or_else(|| FormulaError::at(source, start, "bad number syntax"))?
        } else if character.is_alphabetic() || matches!(character, '_' | '$') {
            while characters.get(at).is_some_and(|next| next.is_alphanumeric() || matches!(next, '_' | '$')) {
                at += 1;
            }
            Token::Word(characters[start..at].iter().collect())
        } else if matches!(character, '"' | '\'' | '`') {
            let length = characters[at + 1..].iter().position(|next| *next == character);
            let Some(length) = length else { return Err(FormulaError::at(source, start, "literal not terminated")) };
            at += length + 2;
            Token::Text(characters[start + 1..at - 1].iter().collect())
        } else if matches!(character, '(' | ')' | '[' | ']' | '{' | '}') {
            at += 1;
            Token::Bracket(character)
        } else {
            let rest: String = characters[at..].iter().take(2).collect();
            let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) else {
                let problem = format!("unrecognized character: U+{:04X} '{character}'", u32::from(character));
                return Err(FormulaError::at(source, start, &problem));
            };
            at += sign.len();
            Token::Sign(sign)
        };
        tokens.push((token, start));
    }
    tokens.push((Token::End, characters.len()));
    Ok(tokens)
}

/// A number: decimal with underscores, or hexadecimal, octal or binary.
fn number(characters: &[char], at: &mut usize) -> Option<Token> {
    let start = *at;
    let radix = match characters.get(start + 1) {
        Some('x' | 'X') if characters[start] == '0' => 16,
        Some('o' | 'O') if characters[start] == '0' => 8,
        Some('b' | 'B') if characters[start] == '0' => 2,
        _ => 10,
    };
    let text = |from: usize, to: usize| characters[from..to].iter().filter(|digit| **digit != '_').collect::<String>();
    if radix != 10 {
        *at += 2;
        while characters.get(*at).is_some_and(char::is_ascii_alphanumeric) {
            *at += 1;
        }
        return i64::from_str_radix(&text(start + 2, *at), radix).ok().map(Token::Integer);
    }
    let digits = |at: &mut usize| {
        while characters.get(*at).is_some_and(|next| next.is_ascii_digit() || *next == '_') {
            *at += 1;
        }
    };
    digits(at);
    let mut is_float = false;
    // `1..3` is a range.
    if characters.get(*at) == Some(&'.') && characters.get(*at + 1) != Some(&'.') {
        is_float = true;
        *at += 1;
        digits(at);
    }
    if matches!(characters.get(*at), Some('e' | 'E')) {
        is_float = true;
        *at += 1;
        if matches!(characters.get(*at), Some('+' | '-')) {
            *at += 1;
        }
        digits(at);
    }
    if characters.get(*at).is_some_and(|next| next.is_alphabetic()) {
        return None;
    }
    let text = text(start, *at);
    if is_float { text.parse().ok().map(Token::Float) } else { text.parse().ok().map(Token::Integer) }
}
