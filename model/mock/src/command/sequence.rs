//! What may be said of a sequence.

use sqlparser::ast::{DataType, ObjectName};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// An option of CREATE SEQUENCE and ALTER SEQUENCE.
#[derive(Debug)]
pub(crate) enum SequenceOption {
    As(DataType),
    Increment(i64),
    Least(Option<i64>),
    Greatest(Option<i64>),
    Start(i64),
    Restart(Option<i64>),
    Cache(i64),
    Cycle(bool),
    /// `None` is nobody.
    OwnedBy(Option<ObjectName>),
}

/// The options up to the end, in any order.
///
/// # Errors
/// Something stands there that is none.
pub(super) fn options(parser: &mut Parser<'_>) -> Result<Vec<SequenceOption>, ParserError> {
    let mut options = Vec::new();
    while let Some(option) = option(parser)? {
        options.push(option);
    }
    Ok(options)
}

fn option(parser: &mut Parser<'_>) -> Result<Option<SequenceOption>, ParserError> {
    let word = parser.parse_one_of_keywords(&[
        Keyword::AS,
        Keyword::INCREMENT,
        Keyword::MINVALUE,
        Keyword::MAXVALUE,
        Keyword::START,
        Keyword::RESTART,
        Keyword::CACHE,
        Keyword::CYCLE,
        Keyword::NO,
        Keyword::OWNED,
    ]);
    Ok(Some(match word {
        None => return Ok(None),
        Some(Keyword::AS) => SequenceOption::As(parser.parse_data_type()?),
        Some(Keyword::INCREMENT) => {
            let _ = parser.parse_keyword(Keyword::BY);
            SequenceOption::Increment(number(parser)?)
        }
        Some(Keyword::MINVALUE) => SequenceOption::Least(Some(number(parser)?)),
        Some(Keyword::MAXVALUE) => SequenceOption::Greatest(Some(number(parser)?)),
        Some(Keyword::START) => {
            let _ = parser.parse_keyword(Keyword::WITH);
            SequenceOption::Start(number(parser)?)
        }
        Some(Keyword::RESTART) => {
            let said = parser.parse_keyword(Keyword::WITH)
                || matches!(parser.peek_token_ref().token, Token::Number(..) | Token::Minus | Token::Plus);
            SequenceOption::Restart(if said { Some(number(parser)?) } else { None })
        }
        Some(Keyword::CACHE) => SequenceOption::Cache(number(parser)?),
        Some(Keyword::CYCLE) => SequenceOption::Cycle(true),
        Some(Keyword::NO) => {
            match parser.parse_one_of_keywords(&[Keyword::MINVALUE, Keyword::MAXVALUE, Keyword::CYCLE]) {
                Some(Keyword::MINVALUE) => SequenceOption::Least(None),
                Some(Keyword::MAXVALUE) => SequenceOption::Greatest(None),
                Some(_) => SequenceOption::Cycle(false),
                None => return parser.expected_ref("an option", parser.peek_token_ref()),
            }
        }
        Some(_) => {
            parser.expect_keyword_is(Keyword::BY)?;
            let name = parser.parse_object_name(false)?;
            let nobody = name.to_string().eq_ignore_ascii_case("none");
            SequenceOption::OwnedBy((!nobody).then_some(name))
        }
    }))
}

fn number(parser: &mut Parser<'_>) -> Result<i64, ParserError> {
    let sign = match parser.consume_token(&Token::Minus) {
        true => "-",
        false => {
            let _ = parser.consume_token(&Token::Plus);
            ""
        }
    };
    match &parser.peek_token_ref().token {
        Token::Number(digits, _) => match format!("{sign}{digits}").parse() {
            Ok(number) => {
                parser.next_token();
                Ok(number)
            }
            Err(_) => parser.expected_ref("a bigint", parser.peek_token_ref()),
        },
        _ => parser.expected_ref("a number", parser.peek_token_ref()),
    }
}
