//! `COPY` (PostgreSQL's gram.y, CopyStmt). Its options have two grammars, the one in parentheses and the older one;
//! what they may be is found out when it is executed.

use sqlparser::ast::{Ident, ObjectName, Query};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{IsOptional, Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// `COPY`
#[derive(Debug)]
pub(crate) struct Copy {
    pub subject: Subject,
    pub is_from: bool,
    pub peer: Peer,
    pub options: Vec<CopyOption>,
    /// Whether it has a WHERE.
    pub is_filtered: bool,
    /// What stands in the text behind `FROM STDIN;`.
    pub data: Box<str>,
}

/// What is copied.
#[derive(Debug)]
pub(crate) enum Subject {
    Relation { name: ObjectName, columns: Vec<Ident> },
    Query(Box<Query>),
}

/// Where to, or where from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Client,
    File,
    Program,
}

/// An option, by its name in lower case.
#[derive(Debug)]
pub(crate) struct CopyOption {
    pub name: String,
    pub value: Value,
}

/// What an option is set to.
#[derive(Debug)]
pub(crate) enum Value {
    Nothing,
    Word(String),
    All,
    Names(Vec<Ident>),
}

/// Where the statement ends whose data follow in the same text: at the semicolon behind `COPY ... FROM STDIN`.
pub(crate) fn end(tokens: &[TokenWithSpan]) -> Option<usize> {
    let end = tokens.iter().position(|token| token.token == Token::SemiColon)?;
    let mut words = tokens[..end].iter().filter(|token| !matches!(token.token, Token::Whitespace(_)));
    let is =
        |token: &TokenWithSpan, keyword| matches!(&token.token, Token::Word(word) if word.keyword == keyword);
    let first = words.next()?;
    let rest: Vec<&TokenWithSpan> = words.collect();
    let reads = rest.windows(2).any(|two| is(two[0], Keyword::FROM) && is(two[1], Keyword::STDIN));
    (is(first, Keyword::COPY) && reads).then_some(end)
}

/// What follows `COPY`.
///
/// # Errors
/// It is no such statement.
pub(super) fn parse(parser: &mut Parser<'_>) -> Result<Copy, ParserError> {
    let is_binary = parser.parse_keyword(Keyword::BINARY);
    let subject = if parser.consume_token(&Token::LParen) {
        let query = parser.parse_query()?;
        parser.expect_token(&Token::RParen)?;
        Subject::Query(query)
    } else {
        let name = parser.parse_object_name(false)?;
        let columns = parser.parse_parenthesized_column_list(IsOptional::Optional, false)?;
        Subject::Relation { name, columns }
    };
    let is_from = match &subject {
        Subject::Relation { .. } if parser.parse_keyword(Keyword::FROM) => true,
        _ => parser.expect_keyword_is(Keyword::TO).map(|_| false)?,
    };
    let peer = if parser.parse_one_of_keywords(&[Keyword::STDIN, Keyword::STDOUT]).is_some() {
        Peer::Client
    } else {
        let is_program = parser.parse_keyword(Keyword::PROGRAM);
        parser.parse_literal_string()?;
        if is_program { Peer::Program } else { Peer::File }
    };
    let _ = parser.parse_keyword(Keyword::WITH);
    let mut options = if parser.consume_token(&Token::LParen) {
        let options = parser.parse_comma_separated(option)?;
        parser.expect_token(&Token::RParen)?;
        options
    } else {
        older_options(parser)?
    };
    if is_binary {
        options.insert(0, CopyOption { name: "format".to_owned(), value: Value::Word("binary".to_owned()) });
    }
    let is_filtered = is_from && parser.parse_keyword(Keyword::WHERE);
    if is_filtered {
        parser.parse_expr()?;
    }
    Ok(Copy { subject, is_from, peer, options, is_filtered, data: Box::default() })
}

/// One in the parentheses.
fn option(parser: &mut Parser<'_>) -> Result<CopyOption, ParserError> {
    let name = label(parser)?;
    let value = match &parser.peek_token_ref().token {
        Token::Comma | Token::RParen => Value::Nothing,
        Token::Mul => {
            parser.next_token();
            Value::All
        }
        Token::LParen => Value::Names(parser.parse_parenthesized_column_list(IsOptional::Mandatory, false)?),
        Token::Number(digits, _) => {
            let digits = digits.clone();
            parser.next_token();
            Value::Word(digits)
        }
        Token::Word(_) => Value::Word(label(parser)?),
        _ => Value::Word(parser.parse_literal_string()?),
    };
    Ok(CopyOption { name, value })
}

/// A name, which may be a keyword.
fn label(parser: &mut Parser<'_>) -> Result<String, ParserError> {
    match &parser.peek_token_ref().token {
        Token::Word(word) => {
            let quoted = word.quote_style.is_some();
            let label = if quoted { word.value.clone() } else { word.value.to_ascii_lowercase() };
            parser.next_token();
            Ok(label)
        }
        _ => parser.expected_ref("a name", parser.peek_token_ref()),
    }
}

/// Those of before PostgreSQL 9.0, one behind the other.
fn older_options(parser: &mut Parser<'_>) -> Result<Vec<CopyOption>, ParserError> {
    let mut options = Vec::new();
    while let Some(word) = parser.parse_one_of_keywords(&[
        Keyword::BINARY,
        Keyword::CSV,
        Keyword::FREEZE,
        Keyword::HEADER,
        Keyword::DELIMITER,
        Keyword::NULL,
        Keyword::QUOTE,
        Keyword::ESCAPE,
        Keyword::ENCODING,
        Keyword::FORCE,
    ]) {
        let (name, value) = match word {
            Keyword::BINARY => ("format", Value::Word("binary".to_owned())),
            Keyword::CSV => ("format", Value::Word("csv".to_owned())),
            Keyword::FREEZE => ("freeze", Value::Nothing),
            Keyword::HEADER => ("header", Value::Nothing),
            Keyword::ENCODING => ("encoding", Value::Word(parser.parse_literal_string()?)),
            Keyword::DELIMITER => ("delimiter", as_text(parser)?),
            Keyword::NULL => ("null", as_text(parser)?),
            Keyword::QUOTE => ("quote", as_text(parser)?),
            Keyword::ESCAPE => ("escape", as_text(parser)?),
            _ if parser.parse_keyword(Keyword::QUOTE) => match parser.consume_token(&Token::Mul) {
                true => ("force_quote", Value::All),
                false => ("force_quote", names(parser)?),
            },
            _ if parser.parse_keywords(&[Keyword::NOT, Keyword::NULL]) => ("force_not_null", names(parser)?),
            _ => {
                parser.expect_keyword_is(Keyword::NULL)?;
                ("force_null", names(parser)?)
            }
        };
        options.push(CopyOption { name: name.to_owned(), value });
    }
    Ok(options)
}

fn as_text(parser: &mut Parser<'_>) -> Result<Value, ParserError> {
    let _ = parser.parse_keyword(Keyword::AS);
    parser.parse_literal_string().map(Value::Word)
}

fn names(parser: &mut Parser<'_>) -> Result<Value, ParserError> {
    parser.parse_comma_separated(Parser::parse_identifier).map(Value::Names)
}
