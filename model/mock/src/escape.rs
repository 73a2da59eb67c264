//! Escapes that the parser reads otherwise than PostgreSQL (scan.l), or not at all: in `E'...'`, `U&'...'`, `U&"..."`.

use crate::error::{error, unsupported};
use crate::lexeme::Source;
use drawloom_model::SqlError;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Whitespace};

/// The tokens with identifiers for what the parser takes for `u & "..."`.
///
/// # Errors
/// `0A000`: such an identifier has escapes, or a literal says which character begins them; `42601`: what a literal
/// escapes is no character.
pub(crate) fn settle(tokens: Vec<TokenWithSpan>, sql: &str) -> Result<Vec<TokenWithSpan>, SqlError> {
    let mut source = Source::new(sql);
    let mut settled: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // Whether the last token that is not blank may have an escape of its own.
    let mut is_escaped = false;
    for mut token in tokens {
        if is_escaped && is_word(&token, "uescape") {
            source.after(token.span.start);
            return Err(unsupported("UESCAPE").at(Some(source.place)));
        }
        if let Some(begin) = prefix(&settled, &token) {
            let text = source.after(begin);
            let place = source.place;
            if text[..text.len() - source.after(token.span.end).len()].contains('\\') {
                return Err(unsupported("an escape in U&\"...\"").at(Some(place)));
            }
            settled.truncate(settled.len() - 2);
            token.span.start = begin;
            is_escaped = true;
        } else if let Token::UnicodeStringLiteral(text) = &token.token {
            if text.contains('\0') {
                let text = source.after(token.span.start);
                return Err(fault(text, source.place).expect("a character is escaped that there is not"));
            }
            is_escaped = true;
        } else if !matches!(
            token.token,
            Token::Whitespace(Whitespace::Space | Whitespace::Newline | Whitespace::Tab)
        ) {
            is_escaped = false;
        }
        settled.push(token);
    }
    Ok(settled)
}

/// Where `U&` begins, right before a quoted identifier.
fn prefix(before: &[TokenWithSpan], token: &TokenWithSpan) -> Option<Location> {
    let [.., letter, sign] = before else { return None };
    let is_quoted = |token: &Token| matches!(token, Token::Word(word) if word.quote_style.is_some());
    let touch = |left: Span, right: Span| left.end == right.start;
    let is_one = is_word(letter, "u")
        && sign.token == Token::Ampersand
        && is_quoted(&token.token)
        && touch(letter.span, sign.span)
        && touch(sign.span, token.span);
    is_one.then_some(letter.span.start)
}

fn is_word(token: &TokenWithSpan, wanted: &str) -> bool {
    matches!(&token.token, Token::Word(word)
        if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted))
}

/// What is wrong with the escapes of a literal that begins a text, at this place; `None` if it is not they.
///
/// `22025`, `42601`: it is no escape, or none of a character; `22021`: a zero byte; `0A000`: PostgreSQL may read it.
pub(crate) fn fault(text: &str, place: u32) -> Option<SqlError> {
    let (kind, mut rest) = text.split_once('\'')?;
    let is_unicode = kind.eq_ignore_ascii_case("u&");
    if !is_unicode && !kind.eq_ignore_ascii_case("e") {
        return None;
    }
    let mut found: Option<SqlError> = None;
    loop {
        let escape = &rest[rest.find(['\'', '\\'])?..];
        let behind = &escape[1..];
        if escape.starts_with('\'') {
            match behind.strip_prefix('\'') {
                Some(more) => rest = more,
                None if is_unicode && behind.trim_start().to_lowercase().starts_with("uescape") => {
                    return Some(unsupported("UESCAPE"));
                }
                None => return found,
            }
            continue;
        }
        let at = || {
            let before = text[..text.len() - escape.len()].chars().count();
            u32::try_from(before).ok().map(|before| place + before)
        };
        let first = behind.chars().next()?;
        let more = &behind[first.len_utf8()..];
        rest = match first {
            '\\' => more,
            _ if is_unicode => {
                let (code, more) = if first == '+' { digits(more, 16, 6) } else { digits(behind, 16, 4) };
                let count = if first == '+' { 6 } else { 4 };
                let failure = (code.len() < count)
                    .then(|| error("42601", "invalid Unicode escape"))
                    .or_else(|| character(code, ""));
                found = found.or_else(|| Some(failure?.at(at())));
                more
            }
            'u' | 'U' => {
                let count = if first == 'u' { 4 } else { 8 };
                let (code, more) = digits(more, 16, count);
                if code.len() < count {
                    return Some(error("22025", "invalid Unicode escape").at(at()));
                }
                let written = format!(" at or near \"\\{first}{code}\"");
                if let Some(failure) = character(code, &written) {
                    return Some(failure.at(at()));
                }
                more
            }
            'x' => {
                let (code, more) = digits(more, 16, 2);
                found = found.or_else(|| byte(code, 16));
                more
            }
            '0'..='7' => {
                let (code, more) = digits(behind, 8, 3);
                found = found.or_else(|| byte(code, 8));
                more
            }
            _ => more,
        };
    }
}

/// The digits that a text begins with, and what stands behind them.
fn digits(text: &str, radix: u32, count_max: usize) -> (&str, &str) {
    text.split_at(text.chars().take(count_max).take_while(|char| char.is_digit(radix)).count())
}

/// What is wrong with the number of a character.
fn character(code: &str, written: &str) -> Option<SqlError> {
    match u32::from_str_radix(code, 16) {
        Ok(0xD800..=0xDFFF) => Some(unsupported("a surrogate pair in a literal")),
        Ok(1..=0x10_FFFF) => None,
        _ => Some(error("42601", format!("invalid Unicode escape value{written}"))),
    }
}

/// What is wrong with a byte. Bytes beyond ASCII may be a character together.
fn byte(code: &str, radix: u32) -> Option<SqlError> {
    match u32::from_str_radix(code, radix).ok()? & 0xFF {
        0 => Some(error("22021", "invalid byte sequence for encoding \"UTF8\": 0x00")),
        1..=0x7F => None,
        _ => Some(unsupported("a byte beyond ASCII in a literal")),
    }
}
