//! The expressions and the condition of an ON CONFLICT target. The parser knows columns only; others reach it as
//! quoted names that no identifier can be, with the text of the expression.
//!
//! ```text
//! ON CONFLICT (lower(a), b) WHERE c > 0 DO   ->   ON CONFLICT ("\0lower(a)", b, "\0WHERE c > 0") DO
//! ```

use crate::sql;
use drawloom_model::SqlError;
use sqlparser::ast;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Word};

const MARK: &str = "\0";
const CONDITION: &str = "\0WHERE ";

/// A part of an ON CONFLICT target.
pub(crate) enum Part {
    Key(ast::Expr),
    /// The rows that the index is over.
    Condition(ast::Expr),
}

impl Part {
    /// What the parser read as a column.
    ///
    /// # Errors
    /// `42601`: it is no expression.
    pub fn of(ident: &ast::Ident) -> Result<Part, SqlError> {
        let expr = |text: &str| sql::expression(text, ident.span.start.line);
        match (ident.value.strip_prefix(CONDITION), ident.value.strip_prefix(MARK)) {
            (Some(condition), _) => Ok(Part::Condition(expr(condition)?)),
            (None, Some(key)) => Ok(Part::Key(expr(key)?)),
            (None, None) => Ok(Part::Key(ast::Expr::Identifier(ident.clone()))),
        }
    }
}

/// Rewrites the targets of ON CONFLICT that are more than columns.
pub(crate) fn spell_out(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let Some(begin) = target(&tokens) else { return tokens };
    let Some((parts, mut end)) = parts(&tokens, begin) else { return tokens };
    let mut names: Vec<(String, Span)> = parts.into_iter().map(|part| named(MARK, part)).collect();
    if let Some(first) = word(&tokens, end).filter(|at| is(&tokens[*at], Keyword::WHERE)) {
        let until = tokens[first..].iter().position(|token| is(token, Keyword::DO));
        let Some(until) = until.map(|until| first + until) else { return tokens };
        names.push(named(CONDITION, &tokens[first + 1..until]));
        end = until;
    }
    let span = tokens[begin].span;
    let mut spelled = tokens[..begin].to_vec();
    for (number, (value, span)) in names.into_iter().enumerate() {
        if number > 0 {
            spelled.push(TokenWithSpan::new(Token::Comma, span));
        }
        let name = Word { value, quote_style: Some('"'), keyword: Keyword::NoKeyword };
        spelled.push(TokenWithSpan::new(Token::Word(name), span));
    }
    spelled.push(TokenWithSpan::new(Token::RParen, span));
    spelled.extend_from_slice(&tokens[end..]);
    spelled
}

/// Where the parts begin in `ON CONFLICT (`.
fn target(tokens: &[TokenWithSpan]) -> Option<usize> {
    (0..tokens.len()).find_map(|at| {
        let conflict = word(tokens, at + 1).filter(|_| is(&tokens[at], Keyword::ON))?;
        let open = word(tokens, conflict + 1).filter(|_| is(&tokens[conflict], Keyword::CONFLICT))?;
        (tokens[open].token == Token::LParen).then_some(open + 1)
    })
}

/// What stands between the commas, and where what comes after the parenthesis begins.
fn parts(tokens: &[TokenWithSpan], begin: usize) -> Option<(Vec<&[TokenWithSpan]>, usize)> {
    let (mut depth, mut from, mut parts) = (0, begin, Vec::new());
    for at in begin..tokens.len() {
        match tokens[at].token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => {
                parts.push(&tokens[from..at]);
                return Some((parts, at + 1));
            }
            Token::RParen => depth -= 1,
            Token::Comma if depth == 0 => {
                parts.push(&tokens[from..at]);
                from = at + 1;
            }
            _ => (),
        }
    }
    None
}

/// The next token that is not blank.
fn word(tokens: &[TokenWithSpan], from: usize) -> Option<usize> {
    (from..tokens.len()).find(|at| !matches!(tokens[*at].token, Token::Whitespace(_)))
}

fn is(token: &TokenWithSpan, keyword: Keyword) -> bool {
    matches!(&token.token, Token::Word(word) if word.keyword == keyword && word.quote_style.is_none())
}

/// A name that says what stands in these tokens, at their place.
fn named(mark: &str, tokens: &[TokenWithSpan]) -> (String, Span) {
    let begin = word(tokens, 0).unwrap_or(0);
    let text: String = tokens[begin..].iter().map(|token| token.token.to_string()).collect();
    (format!("{mark}{}", text.trim_end()), tokens.get(begin).map_or(Span::empty(), |first| first.span))
}
