//! What a failed statement lets the caller conclude. Callers branch on class and effect, never on text.

use std::fmt;

/// Why a statement failed, by what a caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A constraint refused the data.
    Constraint,
    /// The transaction lost against another; rolled back and tried again it may succeed.
    Serialization,
    /// The transaction was in a deadlock and is the victim.
    Deadlock,
    /// A lock was not to be had in time.
    LockTimeout,
    /// Somebody cancelled the statement.
    Cancelled,
    /// The connection is gone, or could not be made.
    Connection,
    /// The statement itself is wrong: its syntax, its names, its types, its place.
    Statement,
    /// A resource is used up: the disk, memory, a limit.
    Resources,
    /// The database found its own data damaged.
    Corruption,
    /// The database failed in some other way.
    Internal,
}

impl Class {
    /// Every class.
    pub const ALL: [Class; 10] = [
        Class::Constraint,
        Class::Serialization,
        Class::Deadlock,
        Class::LockTimeout,
        Class::Cancelled,
        Class::Connection,
        Class::Statement,
        Class::Resources,
        Class::Corruption,
        Class::Internal,
    ];

    /// The class's name.
    pub fn name(self) -> &'static str {
        match self {
            Class::Constraint => "constraint",
            Class::Serialization => "serialization",
            Class::Deadlock => "deadlock",
            Class::LockTimeout => "lock-timeout",
            Class::Cancelled => "cancelled",
            Class::Connection => "connection",
            Class::Statement => "statement",
            Class::Resources => "resources",
            Class::Corruption => "corruption",
            Class::Internal => "internal",
        }
    }
}

/// Whether a failed statement may have changed something all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It certainly changed nothing.
    None,
    /// Nobody on this side can know.
    Unknown,
}

/// Five characters that name an error (PostgreSQL's list is appendix A of its manual).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sqlstate([u8; 5]);

impl Sqlstate {
    /// The code with these characters, if they are five capital letters or digits.
    pub const fn new(code: &str) -> Option<Sqlstate> {
        let bytes = code.as_bytes();
        if bytes.len() != 5 {
            return None;
        }
        let mut state = [0; 5];
        let mut index = 0;
        while index < 5 {
            if !bytes[index].is_ascii_uppercase() && !bytes[index].is_ascii_digit() {
                return None;
            }
            state[index] = bytes[index];
            index += 1;
        }
        Some(Sqlstate(state))
    }

    /// The five characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("letters and digits are UTF-8")
    }
}

impl fmt::Display for Sqlstate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Sqlstate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A statement's failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    /// Which failure, exactly.
    pub sqlstate: Sqlstate,
    /// What a caller can do about it.
    pub class: Class,
    /// Whether it may have changed something.
    pub effect: Effect,
    /// The engine's words, for people.
    pub message: Box<str>,
    /// The character of the statement's text where it went wrong, if the engine says so: the first is 1, the end of the
    /// text is one after the last (PostgreSQL's field `P`).
    pub position: Option<u32>,
}

impl std::error::Error for SqlError {}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "{} ({}, at character {position})", self.message, self.sqlstate),
            None => write!(f, "{} ({})", self.message, self.sqlstate),
        }
    }
}

impl SqlError {
    /// A failure that changed nothing.
    pub fn new(sqlstate: &'static str, class: Class, message: impl Into<Box<str>>) -> SqlError {
        let sqlstate = Sqlstate::new(sqlstate).expect("an SQLSTATE in the code is one");
        SqlError { sqlstate, class, effect: Effect::None, message: message.into(), position: None }
    }

    /// The same failure, at this character of the text unless a nearer place is known already.
    pub fn at(self, position: Option<u32>) -> SqlError {
        SqlError { position: self.position.or(position), ..self }
    }

    /// The same failure at no place: what failed is not part of the statement's text.
    pub fn elsewhere(self) -> SqlError {
        SqlError { position: None, ..self }
    }

    /// The connection broke while the statement was under way.
    pub fn connection_lost() -> SqlError {
        SqlError { effect: Effect::Unknown, ..SqlError::new("08006", Class::Connection, "connection reset") }
    }

    /// No connection could be made.
    pub fn connection_refused() -> SqlError {
        SqlError::new("08001", Class::Connection, "connection refused")
    }

    /// Whether the whole transaction, tried again, may well succeed, with nothing done twice.
    pub fn is_retryable(&self) -> bool {
        let transient = matches!(self.class, Class::Serialization | Class::Deadlock | Class::LockTimeout);
        transient && self.effect == Effect::None
    }
}
