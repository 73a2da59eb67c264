//! Text becomes statements: sqlparser reads PostgreSQL's language, and what it does not know is put right before.

use crate::catalog::QualifiedName;
use crate::command::{self, Command};
use crate::construct;
use crate::error::error;
use crate::escape;
use crate::index_key;
use crate::lexeme;
use crate::place;
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
    let (tokens, data) = tokens(sql)?;
    check_chains(&tokens)?;
    if let Some(utility) = Utility::parse(&tokens)? {
        return Ok(Parsed::Utility(utility));
    }
    if let Some(mut command) = parsed(tokens.clone(), Command::parse)? {
        if let Command::Copy(copy) = &mut command {
            copy.data = data.into();
        }
        return Ok(Parsed::Command(command));
    }
    let refusal = |failure| construct::refusal(&tokens).unwrap_or(failure);
    let statements = statements(tokens.clone()).map_err(refusal)?;
    match lexeme::misplaced(&tokens).or_else(|| index_key::misplaced(&tokens)) {
        Some(wrong) => Err(refusal(unexpected(Some(wrong)))),
        None => Ok(Parsed::Statements(statements)),
    }
}

/// The statements that are made of these tokens.
///
/// # Errors
/// `42601`: they are none.
pub(crate) fn statements(tokens: Vec<TokenWithSpan>) -> Result<Vec<ast::Statement>, SqlError> {
    parsed(spelling::spell_out(tokens), |parser| {
        let statements = parser.parse_statements()?;
        // It stops at END, whatever comes then.
        ended(parser, "end of statement").map(|()| statements)
    })
}

/// The tokens of a text with their places, and the data that stand behind them if it is a COPY.
fn tokens(sql: &str) -> Result<(Vec<TokenWithSpan>, &str), SqlError> {
    let dialect = PostgreSqlDialect {};
    let mut tokens = Vec::new();
    let read = Tokenizer::new(&dialect, sql).tokenize_with_location_into_buf(&mut tokens);
    let mut tokens = lexeme::settle(tokens, sql);
    // Of data there need be no tokens.
    let end = command::end(&tokens);
    let rest = end.map(|end| lexeme::after(sql, tokens[end].span.end));
    tokens.truncate(end.unwrap_or(tokens.len()));
    tokens = escape::settle(tokens, sql)?;
    if let Some(rest) = rest {
        place::mark(&mut tokens, &sql[..sql.len() - rest.len()], 1);
        return Ok((tokens, data(rest)?));
    }
    let after = place::mark(&mut tokens, sql, 1);
    if read.is_err() {
        let rest: String = sql.chars().skip(usize::try_from(after).unwrap_or(1) - 1).collect();
        let place = u32::try_from(after).ok();
        let fault = place.and_then(|place| escape::fault(&rest, place));
        return Err(fault.unwrap_or_else(|| unreadable(&rest).at(place)));
    }
    let is_empty = |token: &&TokenWithSpan| matches!(&token.token, Token::Word(word) if word.quote_style.is_some() && word.value.is_empty());
    if let Some(empty) = tokens.iter().find(is_empty) {
        let message = "zero-length delimited identifier at or near \"\"\"\"";
        return Err(error("42601", message).at(place::begin(empty.span)));
    }
    Ok((tokens, ""))
}

/// The data of a COPY, which begin on the line behind it and end before a line `\.`, as in psql's input.
///
/// # Errors
/// `42601`: there is more than that.
fn data(rest: &str) -> Result<&str, SqlError> {
    let (line, data) = rest.split_once('\n').unwrap_or((rest, ""));
    let mut end = 0;
    let mut behind = "";
    for line in data.split_inclusive('\n') {
        if line.trim_end_matches(['\r', '\n']) == "\\." {
            behind = &data[end + line.len()..];
            break;
        }
        end += line.len();
    }
    if line.trim().is_empty() && behind.trim().is_empty() {
        return Ok(&data[..end]);
    }
    Err(error("42601", "cannot insert multiple commands into a prepared statement"))
}

/// What is wrong with a text that begins with no token.
fn unreadable(rest: &str) -> SqlError {
    let unterminated = |what: &str| error("42601", format!("unterminated {what} at or near \"{rest}\""));
    let mut chars = rest.chars();
    match (chars.next(), chars.next()) {
        (Some('"'), _) => unterminated("quoted identifier"),
        (Some('\''), _) | (Some(_), Some('\'')) | (Some('U' | 'u'), Some('&')) => {
            unterminated("quoted string")
        }
        (Some('$'), _) => unterminated("dollar-quoted string"),
        (Some('/'), Some('*')) => unterminated("/* comment"),
        (Some(other), _) => error("42601", format!("syntax error at or near \"{other}\"")),
        (None, _) => error("42601", "syntax error at end of input"),
    }
}

/// Expressions with commas between them.
///
/// # Errors
/// `42601`
pub(crate) fn expressions(tokens: Vec<TokenWithSpan>) -> Result<Vec<ast::Expr>, SqlError> {
    list(tokens, |parser| parser.parse_comma_separated(Parser::parse_expr))
}

/// An expression in a text of which the first character has this number.
///
/// # Errors
/// `42601`
pub(crate) fn expression(text: &str, first: u64) -> Result<ast::Expr, SqlError> {
    let dialect = PostgreSqlDialect {};
    let mut tokens = Vec::new();
    let read = Tokenizer::new(&dialect, text).tokenize_with_location_into_buf(&mut tokens);
    place::mark(&mut tokens, text, first);
    read.map_err(|_| unexpected(tokens.last()))?;
    parsed(tokens, |parser| {
        let expr = parser.parse_expr()?;
        ended(parser, "end of expression").map(|()| expr)
    })
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
    if tokens.iter().all(|token| token.token == Token::EOF) {
        return Ok(Vec::new());
    }
    parsed(tokens, |parser| {
        let list = parse(parser)?;
        ended(parser, "end of list").map(|()| list)
    })
}

/// Refuses what is left of the text.
fn ended(parser: &Parser<'_>, expected: &str) -> Result<(), ParserError> {
    match parser.peek_token_ref().token {
        Token::EOF => Ok(()),
        _ => parser.expected_ref(expected, parser.peek_token_ref()),
    }
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
                    tokens.iter().find(is_there)
                })
                .or(Some(parser.peek_token_ref()).filter(|next| place::begin(next.span).is_some()))
                .or(tokens.last());
            unexpected(named)
        }
    })
}

/// The parser's refusal of a token; of the end of the text if there is none.
pub(crate) fn unexpected(token: Option<&TokenWithSpan>) -> SqlError {
    match token {
        None => error("42601", "syntax error at end of input"),
        Some(TokenWithSpan { token: Token::EOF, span }) => {
            error("42601", "syntax error at end of input").at(place::begin(*span))
        }
        Some(TokenWithSpan { token, span }) => {
            error("42601", format!("syntax error at or near \"{token}\"")).at(place::begin(*span))
        }
    }
}

/// The refusal of a statement in this text, with its place also where a literal was taken for a name: of these the
/// parser keeps no places.
pub(crate) fn placed(failure: SqlError, sql: &str) -> SqlError {
    if failure.sqlstate.as_str() != "42601" || failure.position.is_some() {
        return failure;
    }
    let tokens = tokens(sql).map_or(Vec::new(), |(tokens, _)| tokens);
    let is_named = |pair: &&[TokenWithSpan]| {
        matches!(pair[0].token, Token::Word(_) | Token::RParen | Token::RBracket)
            && matches!(pair[1].token, Token::SingleQuotedString(_))
            && failure.message.ends_with(&format!("near \"{}\"", pair[1].token))
    };
    let place = tokens.windows(2).find(is_named).and_then(|pair| place::begin(pair[1].span));
    failure.at(place)
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
            Token::Number(..) | Token::SingleQuotedString(_) | Token::Placeholder(_) | Token::Period => (),
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
    #[test]
    fn the_data_of_a_copy_are_no_statement() {
        let data = |sql: &str| match parse(sql) {
            Ok(Parsed::Command(Command::Copy(copy))) => Ok(copy.data.into_string()),
            Ok(other) => panic!("{sql}: {other:?}"),
            Err(failure) => Err(failure.sqlstate.as_str().to_owned()),
        };
        for (sql, expected) in [
            ("COPY t FROM STDIN", Ok("")),
            ("COPY t FROM STDIN;", Ok("")),
            ("/* é */ copy t\nfrom stdin -- ;\n csv; \n;'\t$$\n\\.\n\n", Ok(";'\t$$\n")),
            ("COPY t FROM STDIN;\r\n1\r\n\\.\r\n", Ok("1\r\n")),
            ("COPY t FROM STDIN;\n\\.", Ok("")),
            ("COPY t FROM STDIN; 1\n", Err("42601")),
            ("COPY t FROM STDIN;\n1\n\\.\nSELECT 1", Err("42601")),
            ("COPY t TO STDOUT;\n1\n", Err("42601")),
            ("COPY t FROM STDIN\n1\n", Err("42601")),
        ] {
            assert_eq!(data(sql), expected.map(str::to_owned).map_err(str::to_owned), "{sql}");
        }
    }
}
