//! Who a statement speaks of, and what may be said of a role.

use super::Command;
use sqlparser::ast::Ident;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// A role in a statement.
#[derive(Clone, Debug)]
pub(crate) enum RoleName {
    Named(Ident),
    CurrentUser,
    SessionUser,
    /// PUBLIC, which GRANT knows.
    Everybody,
}

/// An option of CREATE ROLE and ALTER ROLE.
#[derive(Clone, Debug)]
pub(crate) enum RoleOption {
    Superuser(bool),
    CreatesDatabases(bool),
    CreatesRoles(bool),
    Inherits(bool),
    LogsIn(bool),
    Replicates(bool),
    BypassesRls(bool),
    ConnectionLimit(i32),
    Password(bool),
    /// Its members, and whether they may let others in.
    Members(Vec<RoleName>, bool),
    MemberOf(Vec<RoleName>),
}

impl RoleName {
    pub(super) fn parse(parser: &mut Parser<'_>) -> Result<RoleName, ParserError> {
        let ident = parser.parse_identifier()?;
        if ident.quote_style.is_some() {
            return Ok(RoleName::Named(ident));
        }
        Ok(match ident.value.to_ascii_lowercase().as_str() {
            "current_user" | "current_role" => RoleName::CurrentUser,
            "session_user" => RoleName::SessionUser,
            "public" => RoleName::Everybody,
            _ => RoleName::Named(ident),
        })
    }
}

/// The options up to the end. They are no keywords of the parser's.
pub(super) fn options(parser: &mut Parser<'_>) -> Result<Vec<RoleOption>, ParserError> {
    let _ = parser.parse_keyword(Keyword::WITH);
    let mut options = Vec::new();
    while let Token::Word(word) = &parser.peek_token_ref().token {
        let word = word.value.to_ascii_lowercase();
        parser.next_token();
        let (name, truth) = match word.strip_prefix("no") {
            Some(rest) => (rest, false),
            None => (word.as_str(), true),
        };
        options.push(match name {
            "superuser" => RoleOption::Superuser(truth),
            "createdb" => RoleOption::CreatesDatabases(truth),
            "createrole" => RoleOption::CreatesRoles(truth),
            "inherit" => RoleOption::Inherits(truth),
            "login" => RoleOption::LogsIn(truth),
            "replication" => RoleOption::Replicates(truth),
            "bypassrls" => RoleOption::BypassesRls(truth),
            "connection" => {
                parser.expect_keyword_is(Keyword::LIMIT)?;
                let sign = if parser.consume_token(&Token::Minus) { -1 } else { 1 };
                let limit = i32::try_from(parser.parse_literal_uint()?).unwrap_or(i32::MAX);
                RoleOption::ConnectionLimit(sign * limit)
            }
            "encrypted" => continue,
            "password" => RoleOption::Password(match parser.parse_keyword(Keyword::NULL) {
                true => false,
                false => {
                    parser.parse_literal_string()?;
                    true
                }
            }),
            "in" => {
                let _ = parser.parse_one_of_keywords(&[Keyword::ROLE, Keyword::GROUP]);
                RoleOption::MemberOf(parser.parse_comma_separated(RoleName::parse)?)
            }
            "role" | "user" => RoleOption::Members(parser.parse_comma_separated(RoleName::parse)?, false),
            "admin" => RoleOption::Members(parser.parse_comma_separated(RoleName::parse)?, true),
            _ => {
                parser.prev_token();
                return parser.expected_ref("an option of a role", parser.peek_token_ref());
            }
        });
    }
    Ok(options)
}

/// What follows `ALTER ROLE`.
pub(super) fn alter(parser: &mut Parser<'_>) -> Result<Command, ParserError> {
    let name = RoleName::parse(parser)?;
    if parser.parse_keywords(&[Keyword::RENAME, Keyword::TO]) {
        let to = parser.parse_identifier()?;
        let RoleName::Named(name) = name else {
            return parser.expected_ref("a role's name", parser.peek_token_ref());
        };
        let (kind, name) = (super::Kind::Role, name.into());
        return Ok(Command::Rename { kind, name, if_exists: false, to });
    }
    Ok(Command::AlterRole { name, options: options(parser)? })
}

/// What follows `SET`, if it is about who the session is.
pub(super) fn set(parser: &mut Parser<'_>) -> Result<Option<Command>, ParserError> {
    let local = parser.parse_keyword(Keyword::LOCAL);
    if !local && parser.parse_keywords(&[Keyword::SESSION, Keyword::AUTHORIZATION]) {
        return Ok(Some(Command::SetSessionAuthorization(named(parser, Keyword::DEFAULT)?)));
    }
    let _ = parser.parse_keyword(Keyword::SESSION);
    if local || !parser.parse_keyword(Keyword::ROLE) {
        return Ok(None);
    }
    let _ = parser.parse_keyword(Keyword::TO) || parser.consume_token(&Token::Eq);
    Ok(Some(Command::SetRole(named(parser, Keyword::NONE)?)))
}

/// What follows `RESET`, if it is about who the session is.
pub(super) fn reset(parser: &mut Parser<'_>) -> Option<Command> {
    if parser.parse_keyword(Keyword::ROLE) {
        return Some(Command::SetRole(None));
    }
    let session = parser.parse_keywords(&[Keyword::SESSION, Keyword::AUTHORIZATION]);
    session.then_some(Command::SetSessionAuthorization(None))
}

/// A name, plain or in quotes, or the word for none.
fn named(parser: &mut Parser<'_>, none: Keyword) -> Result<Option<Ident>, ParserError> {
    if parser.parse_keyword(none) {
        return Ok(None);
    }
    match &parser.peek_token_ref().token {
        Token::SingleQuotedString(_) => {
            let name = parser.parse_literal_string()?;
            Ok(Some(Ident::with_quote('"', name)))
        }
        _ => parser.parse_identifier().map(Some),
    }
}
