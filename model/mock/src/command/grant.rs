//! GRANT and REVOKE.

use super::{Command, Kind, RoleName};
use sqlparser::ast::{Ident, ObjectName};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};

/// `GRANT privileges ON objects TO roles`, or REVOKE.
#[derive(Debug)]
pub(crate) struct Grant {
    pub is_grant: bool,
    /// All of them, if there are none; a name with columns is not supported.
    pub privileges: Vec<Ident>,
    pub on: GrantOn,
    pub roles: Vec<RoleName>,
    /// `WITH GRANT OPTION`, or `GRANT OPTION FOR`.
    pub option: bool,
    pub cascade: bool,
}

/// What a GRANT is about.
#[derive(Debug)]
pub(crate) enum GrantOn {
    /// Of a table it may be said that it is one.
    Objects(Kind, Vec<ObjectName>),
    /// All tables or sequences in these schemas.
    All(Kind, Vec<Ident>),
}

/// `GRANT role TO roles`, or REVOKE.
#[derive(Debug)]
pub(crate) struct Membership {
    pub is_grant: bool,
    pub of: Vec<Ident>,
    pub members: Vec<RoleName>,
    /// `WITH ADMIN OPTION`, or `ADMIN OPTION FOR`.
    pub option: bool,
}

/// What follows GRANT or REVOKE.
pub(super) fn parse(parser: &mut Parser<'_>, is_grant: bool) -> Result<Command, ParserError> {
    let mut option = !is_grant && parser.parse_keywords(&[Keyword::GRANT, Keyword::OPTION, Keyword::FOR]);
    let admin = !is_grant && parser.parse_keywords(&[Keyword::ADMIN, Keyword::OPTION, Keyword::FOR]);
    let mut privileges = Vec::new();
    if parser.parse_keyword(Keyword::ALL) {
        let _ = parser.parse_keyword(Keyword::PRIVILEGES);
    } else {
        privileges = parser.parse_comma_separated(Parser::parse_identifier)?;
    }
    let to = if is_grant { Keyword::TO } else { Keyword::FROM };
    if !privileges.is_empty() && parser.parse_keyword(to) {
        let members = parser.parse_comma_separated(RoleName::parse)?;
        let with = is_grant && parser.parse_keywords(&[Keyword::WITH, Keyword::ADMIN, Keyword::OPTION]);
        let _ = granted_by(parser)?;
        let _ = parser.parse_one_of_keywords(&[Keyword::CASCADE, Keyword::RESTRICT]);
        let option = admin || with;
        return Ok(Command::Membership(Membership { is_grant, of: privileges, members, option }));
    }
    parser.expect_keyword_is(Keyword::ON)?;
    let on = on(parser)?;
    parser.expect_keyword_is(to)?;
    let roles = parser.parse_comma_separated(|parser| {
        let _ = parser.parse_keyword(Keyword::GROUP);
        RoleName::parse(parser)
    })?;
    if is_grant {
        option = parser.parse_keywords(&[Keyword::WITH, Keyword::GRANT, Keyword::OPTION]);
    }
    let _ = granted_by(parser)?;
    let cascade =
        parser.parse_one_of_keywords(&[Keyword::CASCADE, Keyword::RESTRICT]) == Some(Keyword::CASCADE);
    Ok(Command::Grant(Grant { is_grant, privileges, on, roles, option, cascade }))
}

fn granted_by(parser: &mut Parser<'_>) -> Result<Option<RoleName>, ParserError> {
    match parser.parse_keywords(&[Keyword::GRANTED, Keyword::BY]) {
        true => RoleName::parse(parser).map(Some),
        false => Ok(None),
    }
}

fn on(parser: &mut Parser<'_>) -> Result<GrantOn, ParserError> {
    for (words, kind) in [(Keyword::TABLES, Kind::Table), (Keyword::SEQUENCES, Kind::Sequence)] {
        if parser.parse_keywords(&[Keyword::ALL, words, Keyword::IN, Keyword::SCHEMA]) {
            return Ok(GrantOn::All(kind, parser.parse_comma_separated(Parser::parse_identifier)?));
        }
    }
    let kinds = [
        (Keyword::TABLE, Kind::Table),
        (Keyword::SEQUENCE, Kind::Sequence),
        (Keyword::SCHEMA, Kind::Schema),
        (Keyword::DATABASE, Kind::Database),
    ];
    let kind = kinds.into_iter().find(|(word, _)| parser.parse_keyword(*word));
    let kind = kind.map_or(Kind::Table, |(_, kind)| kind);
    let names = parser.parse_comma_separated(|parser| parser.parse_object_name(false))?;
    Ok(GrantOn::Objects(kind, names))
}
