//! The expressions and the condition of an ON CONFLICT target. The parser knows columns only; others reach it as
//! quoted names that no identifier can be, with the text of the expression.
//!
//! ```text
//! ON CONFLICT (lower(a), b) WHERE c > 0 DO   ->   ON CONFLICT ("\0lower(a)", b, "\0WHERE c > 0") DO
//! ```

use crate::spelling::quoted;
use crate::sql;
use crate::utility::Words;
use drawloom_model::SqlError;
use sqlparser::ast;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan};

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
    let mut names: Vec<TokenWithSpan> = parts.into_iter().map(|part| named(MARK, part)).collect();
    if Words::from(&tokens, end).word("WHERE") {
        let until = (end..tokens.len()).find(|at| Words::from(&tokens, *at).word("DO"));
        let Some(until) = until else { return tokens };
        names.push(named(CONDITION, &tokens[end + 1..until]));
        end = until;
    }
    let span = tokens[begin].span;
    let mut spelled = tokens[..begin].to_vec();
    for (number, name) in names.into_iter().enumerate() {
        if number > 0 {
            spelled.push(TokenWithSpan::new(Token::Comma, span));
        }
        spelled.push(name);
    }
    spelled.push(TokenWithSpan::new(Token::RParen, span));
    spelled.extend_from_slice(&tokens[end..]);
    spelled
}

/// Where the parts begin in `ON CONFLICT (`.
fn target(tokens: &[TokenWithSpan]) -> Option<usize> {
    (0..tokens.len()).find_map(|at| {
        let mut words = Words::from(tokens, at);
        (words.words(&["ON", "CONFLICT"]) && words.sign(&Token::LParen)).then_some(words.place())
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

/// A name that says what stands in these tokens, each at its own distance from the first.
fn named(mark: &str, tokens: &[TokenWithSpan]) -> TokenWithSpan {
    let span = tokens.first().map_or(Span::empty(), |first| first.span);
    let mut text = String::new();
    let mut length = 0;
    for token in tokens {
        while length < token.span.start.line.saturating_sub(span.start.line) {
            text.push(' ');
            length += 1;
        }
        let written = token.token.to_string();
        length += written.chars().count() as u64;
        text.push_str(&written);
    }
    TokenWithSpan::new(quoted(&format!("{mark}{text}")), span)
}
