//! Text becomes statements: sqlparser reads PostgreSQL's language, and what it does not know is put right before.

use crate::catalog::QualifiedName;
use crate::command::Command;
use crate::construct;
use crate::error::error;
use crate::spelling;
use crate::utility::Utility;
use drawloom_model::SqlError;
use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

/// How long a statement's text may be.
pub(crate) const STATEMENT_BYTES_MAX: usize = 1 << 20;

/// How deep a statement may be nested for the parser.
const DEPTH_MAX: usize = 40;

/// What a text is.
#[derive(Debug)]
pub(crate) enum Parsed {
    Statements(Vec<ast::Statement>),
    Command(Command),
    Utility(Utility),
}

/// What a text says.
///
/// # Errors
/// `42601`: it is no statement; `22021`: no text has a zero byte; `54000`, `54001`: it is too long or too deep.
pub(crate) fn parse(sql: &str) -> Result<Parsed, SqlError> {
    if sql.len() > STATEMENT_BYTES_MAX {
        return Err(error("54000", format!("a statement may be {STATEMENT_BYTES_MAX} bytes long")));
    }
    if sql.contains('\0') {
        return Err(error("22021", "invalid byte sequence for encoding \"UTF8\": 0x00"));
    }
    let tokens = tokens(sql)?;
    check_chains(&tokens)?;
    if let Some(utility) = Utility::parse(&tokens)? {
        return Ok(Parsed::Utility(utility));
    }
    if let Some(command) = parsed(tokens.clone(), Command::parse)? {
        return Ok(Parsed::Command(command));
    }
    let refusal = |failure| construct::refusal(&tokens).unwrap_or(failure);
    statements(tokens.clone()).map(Parsed::Statements).map_err(refusal)
}

/// The statements that are made of these tokens.
///
/// # Errors
/// `42601`: they are none.
pub(crate) fn statements(tokens: Vec<TokenWithSpan>) -> Result<Vec<ast::Statement>, SqlError> {
    parsed(spelling::spell_out(tokens), |parser| parser.parse_statements())
}

fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, SqlError> {
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, sql).tokenize_with_location();
    tokens.map_err(|failure| error("42601", format!("syntax error: {}", failure.message)))
}

/// Expressions with commas between them.
///
/// # Errors
/// `42601`
pub(crate) fn expressions(tokens: Vec<TokenWithSpan>) -> Result<Vec<ast::Expr>, SqlError> {
    list(tokens, |parser| parser.parse_comma_separated(Parser::parse_expr))
}

/// Types with commas between them.
///
/// # Errors
/// `42601`
pub(crate) fn data_types(tokens: Vec<TokenWithSpan>) -> Result<Vec<ast::DataType>, SqlError> {
    list(tokens, |parser| parser.parse_comma_separated(Parser::parse_data_type))
}

fn list<T>(
    tokens: Vec<TokenWithSpan>,
    parse: impl FnOnce(&mut Parser<'_>) -> Result<Vec<T>, ParserError>,
) -> Result<Vec<T>, SqlError> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    parsed(tokens, |parser| {
        let list = parse(parser)?;
        match parser.peek_token_ref().token {
            Token::EOF => Ok(list),
            _ => parser.expected_ref("end of list", parser.peek_token_ref()),
        }
    })
}

/// What the parser makes of these tokens.
fn parsed<T>(
    tokens: Vec<TokenWithSpan>,
    parse: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Result<T, SqlError> {
    let dialect = PostgreSqlDialect {};
    let mut parser =
        Parser::new(&dialect).with_recursion_limit(DEPTH_MAX).with_tokens_with_locations(tokens.clone());
    parse(&mut parser).map_err(|failure| match failure {
        ParserError::RecursionLimitExceeded => error("54001", "stack depth limit exceeded"),
        ParserError::TokenizerError(message) => error("42601", format!("syntax error: {message}")),
        ParserError::ParserError(message) => {
            let named = location(&message)
                .and_then(|(line, column)| {
                    let is_there = |token: &&TokenWithSpan| {
                        (token.span.start.line, token.span.start.column) == (line, column)
                    };
                    Some(&tokens.iter().find(is_there)?.token)
                })
                .unwrap_or(&parser.peek_token_ref().token);
            match named {
                Token::EOF => error("42601", "syntax error at end of input"),
                token => error("42601", format!("syntax error at or near \"{token}\"")),
            }
        }
    })
}

/// Where the parser says that the text went wrong.
fn location(message: &str) -> Option<(u64, u64)> {
    let (_, place) = message.rsplit_once("at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    Some((line.parse().ok()?, column.trim().parse().ok()?))
}

/// How many operators in a row the parser may nest into each other.
const CHAIN_MAX: usize = 1_000;

/// How deep queries may stand in each other.
const QUERIES_MAX: usize = 12;

/// Refuses long chains of operators: the parser reads them in a loop, but what it makes of them is as deep as they are
/// long, and the stack is not. Queries inside queries cost the parser more of the stack than other parentheses do.
fn check_chains(tokens: &[TokenWithSpan]) -> Result<(), SqlError> {
    // One chain for each parenthesis that is open, and whether it holds a query.
    let mut chains = vec![0_usize];
    let mut queries = vec![false];
    for token in tokens {
        if let Token::Word(Word { keyword: Keyword::SELECT, .. }) = &token.token {
            *queries.last_mut().expect("one is open") = true;
            if queries.iter().filter(|is_query| **is_query).count() > QUERIES_MAX {
                return Err(error("54001", "stack depth limit exceeded"));
            }
        }
        match &token.token {
            Token::LParen => queries.push(false),
            Token::RParen if queries.len() > 1 => drop(queries.pop()),
            _ => (),
        }
        match &token.token {
            Token::LParen | Token::LBracket => chains.push(0),
            Token::RParen | Token::RBracket if chains.len() > 1 => drop(chains.pop()),
            Token::Comma | Token::SemiColon => *chains.last_mut().expect("one is open") = 0,
            Token::Whitespace(_)
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::Placeholder(_)
            | Token::Period => (),
            Token::Word(word) if word.keyword == Keyword::NoKeyword => (),
            // Each of these stands inside the one before.
            Token::Word(Word { keyword: Keyword::NOT | Keyword::CASE, .. }) => {
                *chains.last_mut().expect("one is open") += CHAIN_MAX / 20;
            }
            _ => *chains.last_mut().expect("one is open") += 1,
        }
        if chains.last().is_some_and(|length| *length > CHAIN_MAX) {
            return Err(error("54001", "stack depth limit exceeded"));
        }
    }
    Ok(())
}

/// A relation's name in a text, as `regclass` reads it.
///
/// # Errors
/// `42602`: it is no name.
pub(crate) fn relation_name(text: &str) -> Result<QualifiedName, SqlError> {
    let dialect = PostgreSqlDialect {};
    let invalid = || error("42602", "invalid name syntax");
    let mut parser = Parser::new(&dialect).try_with_sql(text).map_err(|_| invalid())?;
    let name = parser.parse_object_name(false).map_err(|_| invalid())?;
    QualifiedName::of(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_has_the_byte_that_respelled_names_begin_with() {
        let refused = parse("SELECT * FROM t FOR UPDATE OF \"\0key share\"").unwrap_err();
        assert_eq!(refused.sqlstate.as_str(), "22021");
    }
}
