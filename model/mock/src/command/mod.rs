//! Statements that the parser does not know, or not as PostgreSQL does: sequences, materialized views, roles,
//! owners, comments, COPY. They are read from the same tokens, before the parser gets them.

mod copy;
mod grant;
mod role;
mod sequence;

pub(crate) use copy::{Copy, CopyOption, Peer as CopyPeer, Subject as CopySubject, Value as CopyValue, end};
pub(crate) use grant::{Grant, GrantOn, Membership};
pub(crate) use role::{RoleName, RoleOption};
pub(crate) use sequence::SequenceOption;

use sqlparser::ast::{Ident, ObjectName, Query};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// One of those statements.
#[derive(Debug)]
pub(crate) enum Command {
    CreateSequence {
        name: ObjectName,
        temporary: bool,
        if_not_exists: bool,
        options: Vec<SequenceOption>,
    },
    AlterSequence {
        name: ObjectName,
        if_exists: bool,
        options: Vec<SequenceOption>,
    },
    CreateMaterializedView {
        name: ObjectName,
        if_not_exists: bool,
        columns: Vec<Ident>,
        query: Box<Query>,
        with_data: bool,
    },
    RefreshMaterializedView {
        name: ObjectName,
        concurrently: bool,
        with_data: bool,
    },
    Rename {
        kind: Kind,
        name: ObjectName,
        if_exists: bool,
        to: Ident,
    },
    Move {
        kind: Kind,
        name: ObjectName,
        if_exists: bool,
        to: Ident,
    },
    ChangeOwner {
        kind: Kind,
        name: ObjectName,
        if_exists: bool,
        to: RoleName,
    },
    Comment {
        kind: Kind,
        name: ObjectName,
        text: Option<String>,
    },
    CreateRole {
        name: Ident,
        options: Vec<RoleOption>,
    },
    AlterRole {
        name: RoleName,
        options: Vec<RoleOption>,
    },
    DropRoles {
        names: Vec<RoleName>,
        if_exists: bool,
    },
    Grant(Grant),
    Membership(Membership),
    /// `None` is nobody: who the session logged in as.
    SetRole(Option<Ident>),
    SetSessionAuthorization(Option<Ident>),
    Copy(Copy),
    CreateDatabase {
        name: Ident,
        owner: Option<RoleName>,
    },
    DropDatabase {
        name: Ident,
        if_exists: bool,
    },
}

/// What a statement says that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Table,
    Index,
    Sequence,
    View,
    MaterializedView,
    Schema,
    Database,
    Role,
    Column,
}

impl Kind {
    /// What it is called in errors.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Table => "table",
            Kind::Index => "index",
            Kind::Sequence => "sequence",
            Kind::View => "view",
            Kind::MaterializedView => "materialized view",
            Kind::Schema => "schema",
            Kind::Database => "database",
            Kind::Role => "role",
            Kind::Column => "column",
        }
    }

    fn parse(parser: &mut Parser<'_>) -> Option<Kind> {
        if parser.parse_keywords(&[Keyword::MATERIALIZED, Keyword::VIEW]) {
            return Some(Kind::MaterializedView);
        }
        let kinds = [
            (Keyword::TABLE, Kind::Table),
            (Keyword::INDEX, Kind::Index),
            (Keyword::SEQUENCE, Kind::Sequence),
            (Keyword::VIEW, Kind::View),
            (Keyword::SCHEMA, Kind::Schema),
            (Keyword::DATABASE, Kind::Database),
            (Keyword::ROLE, Kind::Role),
            (Keyword::USER, Kind::Role),
            (Keyword::GROUP, Kind::Role),
            (Keyword::COLUMN, Kind::Column),
        ];
        kinds.into_iter().find(|(keyword, _)| parser.parse_keyword(*keyword)).map(|(_, kind)| kind)
    }
}

impl Command {
    /// The statement that the tokens are, if it is one of these.
    ///
    /// # Errors
    /// It is one, with a mistake.
    pub fn parse(parser: &mut Parser<'_>) -> Result<Option<Command>, ParserError> {
        let command = parser.maybe_parse(|parser| match command(parser) {
            Ok(Some(command)) => Ok(Ok(command)),
            // The tokens are left to the parser.
            Ok(None) => Err(ParserError::ParserError(String::new())),
            Err(failure) => Ok(Err(failure)),
        })?;
        let Some(command) = command.transpose()? else { return Ok(None) };
        let _ = parser.consume_token(&Token::SemiColon);
        match parser.peek_token_ref().token {
            Token::EOF => Ok(Some(command)),
            _ => parser.expected_ref("end of statement", parser.peek_token_ref()),
        }
    }

    /// The first word of the statement.
    pub fn verb(&self) -> &'static str {
        match self {
            Command::CreateSequence { .. } => "CREATE SEQUENCE",
            Command::AlterSequence { .. } => "ALTER SEQUENCE",
            Command::CreateMaterializedView { .. } => "CREATE MATERIALIZED VIEW",
            Command::RefreshMaterializedView { .. } => "REFRESH MATERIALIZED VIEW",
            Command::Rename { kind, .. } | Command::Move { kind, .. } | Command::ChangeOwner { kind, .. } => {
                match kind {
                    Kind::Table | Kind::Column => "ALTER TABLE",
                    Kind::Index => "ALTER INDEX",
                    Kind::Sequence => "ALTER SEQUENCE",
                    Kind::View => "ALTER VIEW",
                    Kind::MaterializedView => "ALTER MATERIALIZED VIEW",
                    Kind::Schema => "ALTER SCHEMA",
                    Kind::Database => "ALTER DATABASE",
                    Kind::Role => "ALTER ROLE",
                }
            }
            Command::Comment { .. } => "COMMENT",
            Command::CreateRole { .. } => "CREATE ROLE",
            Command::AlterRole { .. } => "ALTER ROLE",
            Command::DropRoles { .. } => "DROP ROLE",
            Command::Grant(grant) if grant.is_grant => "GRANT",
            Command::Grant(_) => "REVOKE",
            Command::Membership(membership) if membership.is_grant => "GRANT ROLE",
            Command::Membership(_) => "REVOKE ROLE",
            Command::SetRole(_) | Command::SetSessionAuthorization(_) => "SET",
            Command::Copy(_) => "COPY",
            Command::CreateDatabase { .. } => "CREATE DATABASE",
            Command::DropDatabase { .. } => "DROP DATABASE",
        }
    }

    /// Whether a transaction that may not write may do it. A COPY finds out for itself.
    pub fn is_read_only(&self) -> bool {
        matches!(self, Command::SetRole(_) | Command::SetSessionAuthorization(_) | Command::Copy(_))
    }
}

fn command(parser: &mut Parser<'_>) -> Result<Option<Command>, ParserError> {
    match parser.parse_one_of_keywords(&[
        Keyword::CREATE,
        Keyword::ALTER,
        Keyword::DROP,
        Keyword::REFRESH,
        Keyword::COPY,
        Keyword::COMMENT,
        Keyword::GRANT,
        Keyword::REVOKE,
        Keyword::SET,
        Keyword::RESET,
    ]) {
        Some(Keyword::CREATE) => create(parser),
        Some(Keyword::ALTER) => alter(parser),
        Some(Keyword::DROP) => drop_(parser),
        Some(Keyword::REFRESH) => refresh(parser).map(Some),
        Some(Keyword::COPY) => copy::parse(parser).map(Command::Copy).map(Some),
        Some(Keyword::COMMENT) => comment(parser).map(Some),
        Some(Keyword::GRANT) => grant::parse(parser, true).map(Some),
        Some(Keyword::REVOKE) => grant::parse(parser, false).map(Some),
        Some(Keyword::SET) => role::set(parser),
        Some(Keyword::RESET) => Ok(role::reset(parser)),
        _ => Ok(None),
    }
}

fn create(parser: &mut Parser<'_>) -> Result<Option<Command>, ParserError> {
    if parser.parse_keywords(&[Keyword::MATERIALIZED, Keyword::VIEW]) {
        return materialized(parser).map(Some);
    }
    let temporary = parser.parse_one_of_keywords(&[Keyword::TEMP, Keyword::TEMPORARY]).is_some();
    if parser.parse_keyword(Keyword::SEQUENCE) {
        let if_not_exists = parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
        let name = parser.parse_object_name(false)?;
        let options = sequence::options(parser)?;
        return Ok(Some(Command::CreateSequence { name, temporary, if_not_exists, options }));
    }
    if temporary {
        return Ok(None);
    }
    match parser.parse_one_of_keywords(&[Keyword::ROLE, Keyword::USER, Keyword::GROUP, Keyword::DATABASE]) {
        Some(Keyword::DATABASE) => {
            let name = parser.parse_identifier()?;
            let _ = parser.parse_keyword(Keyword::WITH);
            let mut owner = None;
            if parser.parse_keyword(Keyword::OWNER) {
                let _ = parser.consume_token(&Token::Eq);
                owner = Some(RoleName::parse(parser)?);
            }
            Ok(Some(Command::CreateDatabase { name, owner }))
        }
        Some(word) => {
            let name = parser.parse_identifier()?;
            let mut options = role::options(parser)?;
            if word == Keyword::USER {
                options.insert(0, RoleOption::LogsIn(true));
            }
            Ok(Some(Command::CreateRole { name, options }))
        }
        None => Ok(None),
    }
}

fn materialized(parser: &mut Parser<'_>) -> Result<Command, ParserError> {
    let if_not_exists = parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
    let name = parser.parse_object_name(false)?;
    let mut columns = Vec::new();
    if parser.consume_token(&Token::LParen) {
        columns = parser.parse_comma_separated(Parser::parse_identifier)?;
        parser.expect_token(&Token::RParen)?;
    }
    parser.expect_keyword_is(Keyword::AS)?;
    let query = parser.parse_query()?;
    let with_data = with_data(parser);
    Ok(Command::CreateMaterializedView { name, if_not_exists, columns, query, with_data })
}

/// `WITH [NO] DATA`
fn with_data(parser: &mut Parser<'_>) -> bool {
    if parser.parse_keywords(&[Keyword::WITH, Keyword::NO, Keyword::DATA]) {
        return false;
    }
    let _ = parser.parse_keywords(&[Keyword::WITH, Keyword::DATA]);
    true
}

fn refresh(parser: &mut Parser<'_>) -> Result<Command, ParserError> {
    parser.expect_keywords(&[Keyword::MATERIALIZED, Keyword::VIEW])?;
    let concurrently = parser.parse_keyword(Keyword::CONCURRENTLY);
    let name = parser.parse_object_name(false)?;
    Ok(Command::RefreshMaterializedView { name, concurrently, with_data: with_data(parser) })
}

fn alter(parser: &mut Parser<'_>) -> Result<Option<Command>, ParserError> {
    let Some(kind) = Kind::parse(parser) else { return Ok(None) };
    if kind == Kind::Role {
        return role::alter(parser).map(Some);
    }
    let if_exists = parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
    let _ = kind == Kind::Table && parser.parse_keyword(Keyword::ONLY);
    let name = parser.parse_object_name(false)?;
    if parser.parse_keywords(&[Keyword::RENAME, Keyword::TO]) {
        let to = parser.parse_identifier()?;
        return Ok(Some(Command::Rename { kind, name, if_exists, to }));
    }
    if parser.parse_keywords(&[Keyword::OWNER, Keyword::TO]) {
        let to = RoleName::parse(parser)?;
        return Ok(Some(Command::ChangeOwner { kind, name, if_exists, to }));
    }
    if parser.parse_keywords(&[Keyword::SET, Keyword::SCHEMA]) {
        let to = parser.parse_identifier()?;
        return Ok(Some(Command::Move { kind, name, if_exists, to }));
    }
    if kind == Kind::Sequence {
        let options = sequence::options(parser)?;
        return Ok(Some(Command::AlterSequence { name, if_exists, options }));
    }
    Ok(None)
}

fn drop_(parser: &mut Parser<'_>) -> Result<Option<Command>, ParserError> {
    let word =
        parser.parse_one_of_keywords(&[Keyword::ROLE, Keyword::USER, Keyword::GROUP, Keyword::DATABASE]);
    let Some(word) = word else { return Ok(None) };
    let if_exists = parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
    if word == Keyword::DATABASE {
        let name = parser.parse_identifier()?;
        return Ok(Some(Command::DropDatabase { name, if_exists }));
    }
    let names = parser.parse_comma_separated(RoleName::parse)?;
    Ok(Some(Command::DropRoles { names, if_exists }))
}

fn comment(parser: &mut Parser<'_>) -> Result<Command, ParserError> {
    parser.expect_keyword_is(Keyword::ON)?;
    let Some(kind) = Kind::parse(parser) else {
        return parser.expected_ref("a kind of object", parser.peek_token_ref());
    };
    let name = parser.parse_object_name(false)?;
    parser.expect_keyword_is(Keyword::IS)?;
    let text = match parser.parse_keyword(Keyword::NULL) {
        true => None,
        false => Some(parser.parse_literal_string()?).filter(|text| !text.is_empty()),
    };
    Ok(Command::Comment { kind, name, text })
}
