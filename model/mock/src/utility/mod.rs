//! Statements about the session itself: transactions, settings, prepared statements, cursors, maintenance.
//!
//! Most of them the parser does not know, or knows in part; they are short, and are read here word by word.
//!
//! ```text
//! text -> tokens -> Utility::parse -> Some: executed by the file that its noun names
//!                                  -> None: the parser's
//! ```

mod cursor;
mod execute;
mod maintain;
mod maintenance;
mod notify;
mod parse;
mod prepared;
mod setting;
mod words;

pub(crate) use maintenance::{Maintenance, Verb};
pub(crate) use notify::Announcement;
pub(crate) use words::Words;

use crate::options::Isolation;
use sqlparser::ast;
use sqlparser::tokenizer::TokenWithSpan;
use std::rc::Rc;

/// Such a statement.
#[derive(Debug)]
pub(crate) enum Utility {
    Begin(Modes),
    Commit {
        chain: bool,
    },
    RollBack {
        chain: bool,
    },
    Savepoint(Rc<str>),
    Release(Rc<str>),
    RollBackTo(Rc<str>),
    PrepareTransaction(Rc<str>),
    CommitPrepared(Rc<str>),
    RollBackPrepared(Rc<str>),
    SetTransaction(Modes),
    /// `SET SESSION CHARACTERISTICS`
    SetModes(Modes),
    /// No value is the default.
    Set {
        name: Rc<str>,
        values: Option<Vec<Rc<str>>>,
        local: bool,
    },
    /// All of them, if none is named.
    Reset(Option<Rc<str>>),
    Show(Rc<str>),
    Discard(Discard),
    Prepare {
        name: Rc<str>,
        types: Vec<ast::DataType>,
        statement: Vec<TokenWithSpan>,
    },
    Execute {
        name: Rc<str>,
        arguments: Vec<ast::Expr>,
    },
    /// All of them, if none is named.
    Deallocate(Option<Rc<str>>),
    Declare(Declare),
    Fetch {
        cursor: Rc<str>,
        direction: Direction,
        moves: bool,
    },
    /// All of them, if none is named.
    Close(Option<Rc<str>>),
    Maintain(Maintenance),
    Checkpoint,
    Announce(Announcement),
}

/// What is said of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modes {
    pub isolation: Option<Isolation>,
    pub is_read_only: Option<bool>,
    pub is_deferrable: Option<bool>,
}

/// What a session forgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Discard {
    All,
    Plans,
    Sequences,
    Temporary,
}

/// `DECLARE ... CURSOR`
#[derive(Debug)]
pub(crate) struct Declare {
    pub name: Rc<str>,
    pub is_insensitive: bool,
    /// Whether it was said that it goes backward, or that it does not.
    pub scrolls: Option<bool>,
    pub is_held: bool,
    pub query: Vec<TokenWithSpan>,
}

/// Where a cursor goes (PostgreSQL's manual, FETCH).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// So many rows on; `None`: all of them. None is the row where it stands.
    Forward(Option<u64>),
    Backward(Option<u64>),
    /// From the end, if negative.
    Absolute(i64),
    Relative(i64),
}

impl Utility {
    /// Whether a failed transaction takes it.
    pub fn ends_failure(&self) -> bool {
        use Utility::{Commit, PrepareTransaction, RollBack, RollBackTo};
        matches!(self, Commit { .. } | RollBack { .. } | RollBackTo(_) | PrepareTransaction(_))
    }
}
