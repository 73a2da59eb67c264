//! The words of a spec.

use super::SpecError;
use std::fmt;

/// A word of a spec, and the line that it begins in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub what: What,
    pub line: usize,
}

/// What words there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A name, or a keyword: they are told apart by where they stand.
    Word(String),
    /// A name in quotes, which is no keyword.
    Quoted(String),
    Number(u32),
    /// What stands in braces, without the blanks at its ends. It holds no closing brace.
    Sql(String),
    Open,
    Close,
    Comma,
    Star,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Word(name) | What::Quoted(name) => write!(f, "\"{name}\""),
            What::Number(number) => write!(f, "{number}"),
            What::Sql(_) => f.write_str("SQL in braces"),
            What::Open => f.write_str("\"(\""),
            What::Close => f.write_str("\")\""),
            What::Comma => f.write_str("\",\""),
            What::Star => f.write_str("\"*\""),
        }
    }
}

/// Blanks that are not the end of a line.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\u{c}'];

/// The words of this text, in their order.
pub fn scan(text: &str) -> Result<Vec<Token>, SpecError> {
    let mut rest = text;
    let mut tokens = Vec::new();
    loop {
        rest = after_blanks(rest);
        let line = 1 + text[..text.len() - rest.len()].matches('\n').count();
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let fail = |message: String| SpecError { line, message };
        let (what, length) = match first {
            '{' => {
                let end = rest.find('}').ok_or_else(|| fail("this SQL has no closing \"}\"".to_owned()))?;
                let sql = rest[1..end].trim_start_matches(BLANKS).trim_end_matches(BLANKS);
                (What::Sql(sql.to_owned()), end + 1)
            }
            '"' => {
                quoted(rest).ok_or_else(|| fail("this name has no closing quote in its line".to_owned()))?
            }
            '(' => (What::Open, 1),
            ')' => (What::Close, 1),
            ',' => (What::Comma, 1),
            '*' => (What::Star, 1),
            '0'..='9' => {
                let length = length_while(rest, |it| it.is_ascii_digit());
                let number = rest[..length].parse();
                let large = |_| fail(format!("expected a number below {}", u32::MAX));
                (What::Number(number.map_err(large)?), length)
            }
            _ if is_of_name(first) => {
                let length = length_while(rest, is_of_name);
                (What::Word(rest[..length].to_owned()), length)
            }
            _ => {
                let first = first.escape_debug();
                return Err(fail(format!("expected a name, a keyword or SQL in braces, found \"{first}\"")));
            }
        };
        tokens.push(Token { what, line });
        rest = &rest[length..];
    }
}

/// The text from the next word on: blanks, line ends and comments are none.
fn after_blanks(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches(|it| BLANKS.contains(&it) || it == '\n');
        let Some(comment) = text.strip_prefix('#') else { return text };
        text = comment.find('\n').map_or("", |end| &comment[end..]);
    }
}

/// A name in quotes, and how long it is with them; two quotes in it stand for one.
fn quoted(text: &str) -> Option<(What, usize)> {
    let mut name = String::new();
    let mut rest = &text[1..];
    loop {
        let end = rest.find(['"', '\n'])?;
        if rest.as_bytes()[end] == b'\n' {
            return None;
        }
        name += &rest[..end];
        rest = &rest[end + 1..];
        let Some(more) = rest.strip_prefix('"') else { break };
        name.push('"');
        rest = more;
    }
    Some((What::Quoted(name), text.len() - rest.len()))
}

fn is_of_name(it: char) -> bool {
    it.is_ascii_alphanumeric() || it == '_' || !it.is_ascii()
}

fn length_while(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|it| !is_part(it)).unwrap_or(text.len())
}
