//! The grammar of these statements.

use super::{Announcement, Declare, Direction, Discard, Maintenance, Modes, Utility, Words};
use crate::error::{error, unsupported};
use crate::options::Isolation;
use crate::sql;
use drawloom_model::SqlError;
use sqlparser::tokenizer::{Token, TokenWithSpan};
use std::rc::Rc;

impl Utility {
    /// The statement, if it is one of these.
    ///
    /// # Errors
    /// `42601`: it begins like one, and is none.
    pub fn parse(tokens: &[TokenWithSpan]) -> Result<Option<Utility>, SqlError> {
        let Some(mut words) = Words::of(tokens) else { return Ok(None) };
        let utility = match of(&mut words)? {
            Some(utility) => utility,
            None => return Ok(None),
        };
        words.end()?;
        Ok(Some(utility))
    }
}

fn of(words: &mut Words<'_>) -> Result<Option<Utility>, SqlError> {
    if let Some(transaction) = transaction(words)? {
        return Ok(Some(transaction));
    }
    if let Some(maintenance) = Maintenance::parse(words)? {
        return Ok(Some(Utility::Maintain(maintenance)));
    }
    if words.sees(&["SET", "CONSTRAINTS"]) {
        return Ok(None);
    }
    Ok(Some(if words.word("SET") {
        return set(words);
    } else if words.word("RESET") {
        if words.sees(&["ROLE"]) || words.sees(&["SESSION", "AUTHORIZATION"]) {
            return Ok(None);
        }
        let all = words.word("ALL");
        Utility::Reset(if all { None } else { Some(setting(words)?) })
    } else if words.word("SHOW") {
        Utility::Show(if words.word("ALL") { "all".into() } else { setting(words)? })
    } else if words.word("DISCARD") {
        Utility::Discard(discard(words)?)
    } else if words.word("PREPARE") {
        prepare(words)?
    } else if words.word("EXECUTE") {
        let name = words.name()?;
        let arguments = words.parenthesized().map(sql::expressions).transpose()?.unwrap_or_default();
        Utility::Execute { name, arguments }
    } else if words.word("DEALLOCATE") {
        words.word("PREPARE");
        Utility::Deallocate(all_or_name(words)?)
    } else if words.word("DECLARE") {
        Utility::Declare(declare(words)?)
    } else if words.word("FETCH") {
        fetch(words, false)?
    } else if words.word("MOVE") {
        fetch(words, true)?
    } else if words.word("CLOSE") {
        Utility::Close(all_or_name(words)?)
    } else if words.word("LISTEN") {
        Utility::Announce(Announcement::Listen(words.name()?))
    } else if words.word("UNLISTEN") {
        let all = words.sign(&Token::Mul);
        Utility::Announce(Announcement::Unlisten(if all { None } else { Some(words.name()?) }))
    } else if words.word("NOTIFY") {
        let channel = words.name()?;
        let payload = match words.sign(&Token::Comma) {
            true => words.string().ok_or_else(|| words.unexpected())?,
            false => "".into(),
        };
        Utility::Announce(Announcement::notify(&channel, &payload)?)
    } else if words.word("CHECKPOINT") {
        Utility::Checkpoint
    } else {
        return Ok(None);
    }))
}

fn transaction(words: &mut Words<'_>) -> Result<Option<Utility>, SqlError> {
    Ok(Some(if words.words(&["START", "TRANSACTION"]) {
        Utility::Begin(modes(words)?)
    } else if words.word("BEGIN") {
        noise(words);
        Utility::Begin(modes(words)?)
    } else if words.words(&["COMMIT", "PREPARED"]) {
        Utility::CommitPrepared(words.string().ok_or_else(|| words.unexpected())?)
    } else if words.words(&["ROLLBACK", "PREPARED"]) {
        Utility::RollBackPrepared(words.string().ok_or_else(|| words.unexpected())?)
    } else if words.words(&["PREPARE", "TRANSACTION"]) {
        Utility::PrepareTransaction(words.string().ok_or_else(|| words.unexpected())?)
    } else if words.word("COMMIT") || words.word("END") {
        noise(words);
        Utility::Commit { chain: chain(words)? }
    } else if words.word("ABORT") {
        noise(words);
        Utility::RollBack { chain: chain(words)? }
    } else if words.word("ROLLBACK") {
        noise(words);
        if words.word("TO") {
            words.word("SAVEPOINT");
            return Ok(Some(Utility::RollBackTo(words.name()?)));
        }
        Utility::RollBack { chain: chain(words)? }
    } else if words.word("SAVEPOINT") {
        Utility::Savepoint(words.name()?)
    } else if words.word("RELEASE") {
        words.word("SAVEPOINT");
        Utility::Release(words.name()?)
    } else {
        return Ok(None);
    }))
}

fn noise(words: &mut Words<'_>) {
    let _ = words.word("WORK") || words.word("TRANSACTION");
}

fn chain(words: &mut Words<'_>) -> Result<bool, SqlError> {
    if !words.word("AND") {
        return Ok(false);
    }
    let chain = !words.word("NO");
    words.expect("CHAIN")?;
    Ok(chain)
}

fn modes(words: &mut Words<'_>) -> Result<Modes, SqlError> {
    let mut modes = Modes::default();
    while !words.is_over() {
        if words.words(&["ISOLATION", "LEVEL"]) {
            modes.isolation = Some(level(words)?);
        } else if words.words(&["READ", "ONLY"]) {
            modes.is_read_only = Some(true);
        } else if words.words(&["READ", "WRITE"]) {
            modes.is_read_only = Some(false);
        } else if words.words(&["NOT", "DEFERRABLE"]) {
            modes.is_deferrable = Some(false);
        } else if words.word("DEFERRABLE") {
            modes.is_deferrable = Some(true);
        } else {
            return Err(words.unexpected());
        }
        if words.sign(&Token::Comma) && words.is_over() {
            return Err(words.unexpected());
        }
    }
    Ok(modes)
}

fn level(words: &mut Words<'_>) -> Result<Isolation, SqlError> {
    Ok(if words.words(&["READ", "UNCOMMITTED"]) {
        Isolation::ReadUncommitted
    } else if words.words(&["READ", "COMMITTED"]) {
        Isolation::ReadCommitted
    } else if words.words(&["REPEATABLE", "READ"]) {
        Isolation::RepeatableRead
    } else if words.word("SERIALIZABLE") {
        Isolation::Serializable
    } else {
        return Err(words.unexpected());
    })
}

fn set(words: &mut Words<'_>) -> Result<Option<Utility>, SqlError> {
    if words.words(&["SESSION", "CHARACTERISTICS", "AS", "TRANSACTION"]) {
        return Ok(Some(Utility::SetModes(modes(words)?)));
    }
    let local = words.word("LOCAL");
    let _ = !local && words.word("SESSION");
    if words.sees(&["ROLE"]) || words.sees(&["AUTHORIZATION"]) || words.sees(&["CONSTRAINTS"]) {
        return Ok(None);
    }
    if words.word("TRANSACTION") {
        if words.word("SNAPSHOT") {
            return Err(unsupported("SET TRANSACTION SNAPSHOT"));
        }
        return Ok(Some(Utility::SetTransaction(modes(words)?)));
    }
    let (name, is_assigned): (Rc<str>, bool) = if words.words(&["TIME", "ZONE"]) {
        ("timezone".into(), false)
    } else if words.word("SCHEMA") {
        ("search_path".into(), false)
    } else if words.word("NAMES") {
        ("client_encoding".into(), false)
    } else {
        (setting(words)?, true)
    };
    if is_assigned && !words.word("TO") && !words.sign(&Token::Eq) {
        return Err(words.unexpected());
    }
    let values = match words.word("DEFAULT") || (!is_assigned && words.word("LOCAL")) {
        true => None,
        false => Some(values(words)?),
    };
    Ok(Some(Utility::Set { name, values, local }))
}

fn values(words: &mut Words<'_>) -> Result<Vec<Rc<str>>, SqlError> {
    let mut values = Vec::new();
    loop {
        values.push(value(words)?);
        if !words.sign(&Token::Comma) {
            return Ok(values);
        }
    }
}

fn value(words: &mut Words<'_>) -> Result<Rc<str>, SqlError> {
    if let Some(text) = words.string() {
        return Ok(text);
    }
    let minus = words.sign(&Token::Minus);
    if !minus {
        words.sign(&Token::Plus);
    }
    match words.number() {
        Some(number) if minus => Ok(format!("-{number}").into()),
        Some(number) => Ok(number),
        None if minus => Err(words.unexpected()),
        None => words.name(),
    }
}

/// A setting's name.
fn setting(words: &mut Words<'_>) -> Result<Rc<str>, SqlError> {
    if words.words(&["TRANSACTION", "ISOLATION", "LEVEL"]) {
        return Ok("transaction_isolation".into());
    }
    if words.words(&["TIME", "ZONE"]) {
        return Ok("timezone".into());
    }
    if words.words(&["SESSION", "AUTHORIZATION"]) {
        return Ok("session_authorization".into());
    }
    let mut name = words.name()?.to_string();
    while words.sign(&Token::Period) {
        name.push('.');
        name.push_str(&words.name()?);
    }
    Ok(name.into())
}

fn discard(words: &mut Words<'_>) -> Result<Discard, SqlError> {
    Ok(if words.word("ALL") {
        Discard::All
    } else if words.word("PLANS") {
        Discard::Plans
    } else if words.word("SEQUENCES") {
        Discard::Sequences
    } else if words.word("TEMP") || words.word("TEMPORARY") {
        Discard::Temporary
    } else {
        return Err(words.unexpected());
    })
}

fn all_or_name(words: &mut Words<'_>) -> Result<Option<Rc<str>>, SqlError> {
    if words.word("ALL") { Ok(None) } else { words.name().map(Some) }
}

fn prepare(words: &mut Words<'_>) -> Result<Utility, SqlError> {
    let name = words.name()?;
    let types = words.parenthesized().map(sql::data_types).transpose()?.unwrap_or_default();
    words.expect("AS")?;
    let known = ["SELECT", "INSERT", "UPDATE", "DELETE", "VALUES", "WITH", "MERGE", "CREATE"];
    if !known.iter().any(|verb| words.sees(&[verb])) {
        return Err(words.unexpected());
    }
    Ok(Utility::Prepare { name, types, statement: words.rest()? })
}

fn declare(words: &mut Words<'_>) -> Result<Declare, SqlError> {
    let name = words.name()?;
    let (mut is_insensitive, mut scrolls, mut is_held) = (false, None, false);
    loop {
        if words.word("INSENSITIVE") {
            is_insensitive = true;
        } else if words.word("BINARY") {
            return Err(unsupported("DECLARE BINARY CURSOR"));
        } else if words.word("ASENSITIVE") {
            // What a cursor sees is fixed in any case.
        } else {
            let says = if words.words(&["NO", "SCROLL"]) {
                false
            } else if words.word("SCROLL") {
                true
            } else {
                break;
            };
            if scrolls.is_some_and(|said| said != says) {
                return Err(error("42P11", "cannot specify both SCROLL and NO SCROLL"));
            }
            scrolls = Some(says);
        }
    }
    words.expect("CURSOR")?;
    if words.words(&["WITH", "HOLD"]) {
        is_held = true;
    } else {
        words.words(&["WITHOUT", "HOLD"]);
    }
    words.expect("FOR")?;
    let is_query = words.sign_ahead(&Token::LParen)
        || ["SELECT", "VALUES", "WITH", "TABLE"].iter().any(|verb| words.sees(&[verb]));
    if !is_query {
        return Err(words.unexpected());
    }
    Ok(Declare { name, is_insensitive, scrolls, is_held, query: words.rest()? })
}

fn fetch(words: &mut Words<'_>, moves: bool) -> Result<Utility, SqlError> {
    let direction = direction(words)?;
    let _ = words.word("FROM") || words.word("IN");
    Ok(Utility::Fetch { cursor: words.name()?, direction, moves })
}

fn direction(words: &mut Words<'_>) -> Result<Direction, SqlError> {
    let must = |words: &mut Words<'_>| words.whole()?.ok_or_else(|| words.unexpected());
    Ok(if words.word("NEXT") {
        Direction::Forward(Some(1))
    } else if words.word("PRIOR") {
        Direction::Backward(Some(1))
    } else if words.word("FIRST") {
        Direction::Absolute(1)
    } else if words.word("LAST") {
        Direction::Absolute(-1)
    } else if words.word("ABSOLUTE") {
        Direction::Absolute(must(words)?)
    } else if words.word("RELATIVE") {
        Direction::Relative(must(words)?)
    } else if words.word("ALL") {
        Direction::Forward(None)
    } else if words.word("FORWARD") {
        counted(words, true)?
    } else if words.word("BACKWARD") {
        counted(words, false)?
    } else {
        match words.whole()? {
            Some(count) => signed(count),
            None => Direction::Forward(Some(1)),
        }
    })
}

fn counted(words: &mut Words<'_>, forward: bool) -> Result<Direction, SqlError> {
    if words.word("ALL") {
        return Ok(if forward { Direction::Forward(None) } else { Direction::Backward(None) });
    }
    let count = words.whole()?.unwrap_or(1);
    Ok(signed(if forward { count } else { -count }))
}

fn signed(count: i64) -> Direction {
    match count >= 0 {
        true => Direction::Forward(Some(count.unsigned_abs())),
        false => Direction::Backward(Some(count.unsigned_abs())),
    }
}
