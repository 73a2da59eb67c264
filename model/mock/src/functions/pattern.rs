//! LIKE and regular expressions (PostgreSQL's manual, section 9.7).

use super::Moment;
use super::catalog::{BOOL, CHAR, Entry, NAME, TEXT, entry};
use super::text::str;
use crate::error::{error, unsupported};
use crate::types::Datum;
use drawloom_model::SqlError;
use regex_lite::{NoExpand, Regex};

type Result<T = Datum> = std::result::Result<T, SqlError>;

/// Whether the text is like the pattern; with `fold`, in whatever case (ASCII's).
fn is_like(text: &str, pattern: &str, fold: bool) -> Result<bool> {
    let mut tokens = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        tokens.push(match character {
            '%' => Token::Many,
            '_' => Token::One,
            '\\' => match characters.next() {
                Some(escaped) => Token::Exactly(escaped),
                None => Token::LoneEscape,
            },
            plain => Token::Exactly(plain),
        });
    }
    matched(text, &tokens, fold)
}

#[derive(Clone, Copy)]
enum Token {
    Many,
    One,
    Exactly(char),
    /// An escape character at the end: wrong where a character of the text meets it.
    LoneEscape,
}

/// Greedy with one place to come back to: linear in the pattern, quadratic at worst in the text.
fn matched(text: &str, tokens: &[Token], fold: bool) -> Result<bool> {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut token) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        let fits = match tokens.get(token) {
            Some(Token::Many) => {
                let plain = tokens[token..].iter().find(|token| !matches!(token, Token::Many | Token::One));
                let ones = tokens[token..].iter().filter(|token| matches!(token, Token::One)).count();
                // Behind wildcards PostgreSQL looks at what comes next before it looks at the text.
                if matches!(plain, Some(Token::LoneEscape)) && ones <= text.len() - at {
                    return Err(lone_escape());
                }
                back = Some((at, token));
                token += 1;
                continue;
            }
            Some(Token::One) => true,
            Some(Token::Exactly(character)) if fold => character.eq_ignore_ascii_case(&text[at]),
            Some(Token::Exactly(character)) => *character == text[at],
            Some(Token::LoneEscape) => {
                return Err(lone_escape());
            }
            None => false,
        };
        if fits {
            at += 1;
            token += 1;
        } else {
            let Some((start, many)) = back else { return Ok(false) };
            back = Some((start + 1, many));
            at = start + 1;
            token = many + 1;
        }
    }
    Ok(tokens[token..].iter().all(|token| matches!(token, Token::Many)))
}

fn lone_escape() -> SqlError {
    error("22025", "LIKE pattern must not end with escape character")
}

macro_rules! patterns {
    ($($name:ident, $negated:ident = $function:ident, $fold:literal;)*) => {
        $(fn $name(_: &Moment, arguments: &[Datum]) -> Result {
            $function(str(&arguments[0]), str(&arguments[1]), $fold).map(Datum::Bool)
        }

        fn $negated(_: &Moment, arguments: &[Datum]) -> Result {
            $function(str(&arguments[0]), str(&arguments[1]), $fold).map(|truth| Datum::Bool(!truth))
        })*
    };
}

patterns! {
    like, not_like = is_like, false;
    ilike, not_ilike = is_like, true;
    matching, not_matching = is_match, false;
    imatching, not_imatching = is_match, true;
}

/// A pattern with another escape character, rewritten to have the backslash.
fn like_escape(_: &Moment, arguments: &[Datum]) -> Result {
    let (pattern, escape) = (str(&arguments[0]), str(&arguments[1]));
    let mut characters = escape.chars();
    let escape = match (characters.next(), characters.next()) {
        (None, _) => return Ok(Datum::text(pattern.replace('\\', "\\\\"))),
        (Some('\\'), None) => return Ok(arguments[0].clone()),
        (Some(escape), None) => escape,
        _ => return Err(error("22025", "invalid escape string")),
    };
    let mut rewritten = String::new();
    let mut is_escaped = false;
    for character in pattern.chars() {
        if character == escape && !is_escaped {
            rewritten.push('\\');
            is_escaped = true;
            continue;
        }
        if character == '\\' && !is_escaped {
            rewritten.push('\\');
        }
        rewritten.push(character);
        is_escaped = false;
    }
    Ok(Datum::text(rewritten))
}

fn is_match(text: &str, pattern: &str, fold: bool) -> Result<bool> {
    Ok(regex(pattern, fold)?.is_match(text))
}

/// The regular expression, if it is of the part of the syntax that means the same in both dialects.
fn regex(pattern: &str, fold: bool) -> Result<Regex> {
    let mut translated = String::from(if fold { "(?si)" } else { "(?s)" });
    let mut characters = pattern.chars().peekable();
    let mut class_place = None; // how far within brackets it is
    if pattern.starts_with("***") || pattern.starts_with("(?") {
        return Err(unsupported(format!("the regular expression {pattern}")));
    }
    while let Some(character) = characters.next() {
        let next = characters.peek().copied();
        match (character, class_place) {
            ('\\', None) => match next {
                Some(letter @ ('d' | 'w' | 's' | 'D' | 'W' | 'S' | 'n' | 't' | 'r' | 'f')) => {
                    translated.extend(['\\', letter]);
                    characters.next();
                }
                Some(plain) if !plain.is_alphanumeric() => {
                    translated.push_str(&regex_lite::escape(&plain.to_string()));
                    characters.next();
                }
                Some(_) => return Err(unsupported(format!("the regular expression {pattern}"))),
                None => return Err(invalid("invalid escape \\ sequence")),
            },
            ('\\', Some(_)) => return Err(unsupported(format!("the regular expression {pattern}"))),
            ('[', None) => {
                class_place = Some(0);
                translated.push('[');
                if next == Some('^') {
                    translated.push('^');
                    characters.next();
                }
            }
            ('[', Some(_)) if matches!(next, Some(':' | '.' | '=')) => {
                return Err(unsupported(format!("the regular expression {pattern}")));
            }
            (']', Some(1..)) => {
                class_place = None;
                translated.push(']');
            }
            (plain, Some(place)) => {
                class_place = Some(place + 1);
                if matches!(plain, '[' | ']' | '&' | '~' | '^') {
                    translated.push('\\');
                }
                translated.push(plain);
            }
            ('(', None) if next == Some('?') => {
                return Err(unsupported(format!("the regular expression {pattern}")));
            }
            ('$', None) => translated.push_str("\\z"),
            (plain, None) => translated.push(plain),
        }
    }
    match (class_place, Regex::new(&translated)) {
        (Some(_), _) => Err(invalid("brackets [] not balanced")),
        (None, Ok(regex)) => Ok(regex),
        (None, Err(_)) if unbalanced(pattern) => Err(invalid("parentheses () not balanced")),
        (None, Err(_)) if pattern.starts_with(['*', '+', '?']) => Err(invalid("quantifier operand invalid")),
        (None, Err(_)) => Err(unsupported(format!("the regular expression {pattern}"))),
    }
}

fn unbalanced(pattern: &str) -> bool {
    pattern.matches('(').count() != pattern.matches(')').count()
}

fn invalid(reason: &str) -> SqlError {
    error("2201B", format!("invalid regular expression: {reason}"))
}

/// The parts that match are replaced: the first, or all with the flag `g`.
fn regexp_replace(_: &Moment, arguments: &[Datum]) -> Result {
    let flags = arguments.get(3).map_or("", str);
    if let Some(flag) = flags.chars().find(|flag| !matches!(flag, 'g' | 'i')) {
        if !"bcegimnpqstwx".contains(flag) {
            return Err(error("22023", format!("invalid regular expression option: \"{flag}\"")));
        }
        return Err(unsupported(format!("the flag {flag} of regexp_replace")));
    }
    let replacement = str(&arguments[2]);
    if replacement.contains('\\') {
        return Err(unsupported("a reference in what regexp_replace puts in"));
    }
    let regex = regex(str(&arguments[1]), flags.contains('i'))?;
    let limit = if flags.contains('g') { 0 } else { 1 };
    Ok(Datum::text(regex.replacen(str(&arguments[0]), limit, NoExpand(replacement)).into_owned()))
}

pub(super) const ENTRIES: &[Entry] = &[
    entry("~~", &[TEXT, TEXT], BOOL, like),
    entry("~~", &[CHAR, TEXT], BOOL, like),
    entry("~~", &[NAME, TEXT], BOOL, like),
    entry("!~~", &[TEXT, TEXT], BOOL, not_like),
    entry("!~~", &[CHAR, TEXT], BOOL, not_like),
    entry("!~~", &[NAME, TEXT], BOOL, not_like),
    entry("~~*", &[TEXT, TEXT], BOOL, ilike),
    entry("~~*", &[CHAR, TEXT], BOOL, ilike),
    entry("~~*", &[NAME, TEXT], BOOL, ilike),
    entry("!~~*", &[TEXT, TEXT], BOOL, not_ilike),
    entry("!~~*", &[CHAR, TEXT], BOOL, not_ilike),
    entry("!~~*", &[NAME, TEXT], BOOL, not_ilike),
    entry("~", &[TEXT, TEXT], BOOL, matching),
    entry("~", &[CHAR, TEXT], BOOL, matching),
    entry("~", &[NAME, TEXT], BOOL, matching),
    entry("!~", &[TEXT, TEXT], BOOL, not_matching),
    entry("!~", &[CHAR, TEXT], BOOL, not_matching),
    entry("!~", &[NAME, TEXT], BOOL, not_matching),
    entry("~*", &[TEXT, TEXT], BOOL, imatching),
    entry("~*", &[CHAR, TEXT], BOOL, imatching),
    entry("~*", &[NAME, TEXT], BOOL, imatching),
    entry("!~*", &[TEXT, TEXT], BOOL, not_imatching),
    entry("!~*", &[CHAR, TEXT], BOOL, not_imatching),
    entry("!~*", &[NAME, TEXT], BOOL, not_imatching),
    entry("like_escape", &[TEXT, TEXT], TEXT, like_escape),
    entry("regexp_replace", &[TEXT, TEXT, TEXT], TEXT, regexp_replace),
    entry("regexp_replace", &[TEXT, TEXT, TEXT, TEXT], TEXT, regexp_replace),
];
