//! The keys of CREATE INDEX. The parser takes any expression; PostgreSQL columns and calls of functions, and all others
//! in parentheses (gram.y, `index_elem`).

use crate::utility::Words;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Words that no key begins with, or that are operators behind one.
const WORDS: [Keyword; 13] = [
    Keyword::CASE,
    Keyword::TRUE,
    Keyword::FALSE,
    Keyword::NULL,
    Keyword::ARRAY,
    Keyword::NOT,
    Keyword::AND,
    Keyword::OR,
    Keyword::IS,
    Keyword::IN,
    Keyword::LIKE,
    Keyword::ILIKE,
    Keyword::SIMILAR,
];

/// The token at which a statement's key is none.
pub(crate) fn misplaced(tokens: &[TokenWithSpan]) -> Option<&TokenWithSpan> {
    let begin = Words::from(tokens, 0);
    if !begin.sees(&["CREATE", "INDEX"]) && !begin.sees(&["CREATE", "UNIQUE", "INDEX"]) {
        return None;
    }
    let on = (0..tokens.len()).find(|at| Words::from(tokens, *at).sees(&["ON"]))?;
    let mut rest = &tokens[on..];
    rest = &rest[rest.iter().position(|token| token.token == Token::LParen)? + 1..];
    loop {
        match key(rest) {
            Ok(more) => rest = more?,
            Err(wrong) => return Some(wrong),
        }
    }
}

/// What stands behind the comma of the first key, if it has one.
fn key(tokens: &[TokenWithSpan]) -> Result<Option<&[TokenWithSpan]>, &TokenWithSpan> {
    let Some((first, mut rest)) = tokens.split_first() else { return Ok(None) };
    if first.token == Token::LParen {
        rest = group(tokens);
    } else if is_name(first) {
        let mut is_qualified = false;
        while let [period, name, more @ ..] = rest
            && (&period.token, is_name(name)) == (&Token::Period, true)
        {
            (rest, is_qualified) = (more, true);
        }
        match rest {
            [open, ..] if open.token == Token::LParen => rest = group(rest),
            [wrong, ..] if is_qualified => return Err(wrong),
            _ => (),
        }
    } else {
        return Err(first);
    }
    // Its collation, its class of operators, its direction.
    while let Some((next, more)) = rest.split_first() {
        rest = match next.token {
            Token::Comma => return Ok(Some(more)),
            Token::RParen => return Ok(None),
            Token::LParen => group(rest),
            Token::Period => more,
            _ if is_name(next) => more,
            _ => return Err(next),
        };
    }
    Ok(None)
}

fn is_name(token: &TokenWithSpan) -> bool {
    matches!(&token.token, Token::Word(word) if word.quote_style.is_some() || !WORDS.contains(&word.keyword))
}

/// What stands behind the parenthesis that begins here.
fn group(tokens: &[TokenWithSpan]) -> &[TokenWithSpan] {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 1 => return &tokens[at + 1..],
            Token::RParen => depth -= 1,
            _ => (),
        }
    }
    &[]
}
