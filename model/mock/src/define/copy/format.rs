//! How the lines of a COPY are written (PostgreSQL's ProcessCopyOptions in copy.c).

use super::places;
use crate::catalog::{Table, identifier};
use crate::command::{CopyOption, CopyValue};
use crate::error::{error, unsupported};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How the lines are written.
#[derive(Debug)]
pub(super) struct Format {
    pub is_csv: bool,
    pub delimiter: char,
    pub null: String,
    pub header: Header,
    pub quote: char,
    pub escape: char,
    pub force_quote: Forced,
    pub force_not_null: Forced,
    pub force_null: Forced,
}

/// Whether the first line has the columns' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    No,
    Yes,
    /// And they are to be the right ones.
    Match,
}

/// The columns of an option.
#[derive(Debug)]
pub(super) enum Forced {
    All,
    Names(Vec<Rc<str>>),
}

impl Forced {
    const NONE: Forced = Forced::Names(Vec::new());

    /// Whether it is one of them.
    pub fn has(&self, column: &str) -> bool {
        match self {
            Forced::All => true,
            Forced::Names(names) => names.iter().any(|name| **name == *column),
        }
    }

    fn names(&self) -> &[Rc<str>] {
        match self {
            Forced::All => &[],
            Forced::Names(names) => names,
        }
    }

    fn is_none(&self) -> bool {
        matches!(self, Forced::Names(names) if names.is_empty())
    }
}

impl Format {
    /// That of these options.
    ///
    /// # Errors
    /// PostgreSQL's, for options that are none or that do not go together.
    pub fn of(options: &[CopyOption], is_from: bool) -> Result<Format, SqlError> {
        let mut format = Format {
            is_csv: false,
            delimiter: '\t',
            null: "\\N".to_owned(),
            header: Header::No,
            quote: '"',
            escape: '"',
            force_quote: Forced::NONE,
            force_not_null: Forced::NONE,
            force_null: Forced::NONE,
        };
        let (mut delimiter, mut null, mut quote, mut escape) = (None, None, None, None);
        let mut seen = BTreeSet::new();
        for option in options {
            if !seen.insert(&*option.name) {
                return Err(error("42601", "conflicting or redundant options"));
            }
            match &*option.name {
                "format" => format.is_csv = is_csv(&option.text()?)?,
                "freeze" if option.is_true("a Boolean value")? => return Err(unsupported("COPY FREEZE")),
                "freeze" => (),
                "delimiter" => delimiter = Some(option.text()?),
                "null" => null = Some(option.text()?),
                "header" => format.header = option.header(is_from)?,
                "quote" => quote = Some(option.text()?),
                "escape" => escape = Some(option.text()?),
                "force_quote" => format.force_quote = option.columns(true)?,
                "force_not_null" => format.force_not_null = option.columns(false)?,
                "force_null" => format.force_null = option.columns(false)?,
                "encoding" => match option.text()?.to_ascii_lowercase().as_str() {
                    "utf8" | "utf-8" | "unicode" => (),
                    other => return Err(unsupported(format!("COPY in the encoding {other}"))),
                },
                name => return Err(error("42601", format!("option \"{name}\" not recognized"))),
            }
        }
        if format.is_csv {
            (format.delimiter, format.null) = (',', String::new());
        }
        format.delimit(delimiter, null)?;
        format.quote_by(quote, escape)?;
        format.check_forced(is_from)?;
        if format.null.contains(format.delimiter) {
            return Err(error("0A000", "COPY delimiter must not appear in the NULL specification"));
        }
        if format.is_csv && format.null.contains(format.quote) {
            return Err(error("0A000", "CSV quote character must not appear in the NULL specification"));
        }
        Ok(format)
    }

    /// Refuses options about columns that are not copied.
    ///
    /// # Errors
    /// `42703`: there is no such column; `42P10`: it is not among `named`.
    pub fn check_columns(&self, table: &Table, named: &[&str]) -> Result<(), SqlError> {
        for (forced, option) in [
            (&self.force_quote, "FORCE_QUOTE"),
            (&self.force_not_null, "FORCE_NOT_NULL"),
            (&self.force_null, "FORCE_NULL"),
        ] {
            for name in forced.names() {
                places(table, std::slice::from_ref(&ast::Ident::with_quote('"', &**name)))?;
                if !named.contains(&&**name) {
                    return Err(error("42P10", format!("{option} column \"{name}\" not referenced by COPY")));
                }
            }
        }
        Ok(())
    }

    fn delimit(&mut self, delimiter: Option<String>, null: Option<String>) -> Result<(), SqlError> {
        if let Some(delimiter) = delimiter {
            self.delimiter = one_byte(&delimiter, "delimiter")?;
        }
        if matches!(self.delimiter, '\n' | '\r') {
            return Err(error("22023", "COPY delimiter cannot be newline or carriage return"));
        }
        self.null = null.unwrap_or(std::mem::take(&mut self.null));
        if self.null.contains(['\n', '\r']) {
            return Err(error("22023", "COPY null representation cannot use newline or carriage return"));
        }
        let delimiter = self.delimiter;
        if !self.is_csv && matches!(delimiter, '\\' | '.' | 'a'..='z' | '0'..='9') {
            return Err(error("22023", format!("COPY delimiter cannot be \"{delimiter}\"")));
        }
        Ok(())
    }

    fn quote_by(&mut self, quote: Option<String>, escape: Option<String>) -> Result<(), SqlError> {
        if let Some(quote) = quote {
            if !self.is_csv {
                return Err(error("0A000", "COPY quote available only in CSV mode"));
            }
            self.quote = one_byte(&quote, "quote")?;
            self.escape = self.quote;
        }
        if self.is_csv && self.delimiter == self.quote {
            return Err(error("22023", "COPY delimiter and quote must be different"));
        }
        if let Some(escape) = escape {
            if !self.is_csv {
                return Err(error("0A000", "COPY escape available only in CSV mode"));
            }
            self.escape = one_byte(&escape, "escape")?;
        }
        Ok(())
    }

    fn check_forced(&self, is_from: bool) -> Result<(), SqlError> {
        for (forced, name, goes_from) in [
            (&self.force_quote, "force quote", false),
            (&self.force_not_null, "force not null", true),
            (&self.force_null, "force null", true),
        ] {
            if forced.is_none() {
                continue;
            }
            if !self.is_csv {
                return Err(error("0A000", format!("COPY {name} available only in CSV mode")));
            }
            if is_from != goes_from {
                let way = if goes_from { "FROM" } else { "TO" };
                return Err(error("0A000", format!("COPY {name} only available using COPY {way}")));
            }
        }
        Ok(())
    }
}

impl CopyOption {
    fn text(&self) -> Result<String, SqlError> {
        match &self.value {
            CopyValue::Word(word) => Ok(word.clone()),
            CopyValue::All => Ok("*".to_owned()),
            CopyValue::Nothing | CopyValue::Names(_) => {
                Err(error("42601", format!("{} requires a parameter", self.name)))
            }
        }
    }

    /// Whether it is set; `what` is what else it would have to be.
    fn is_true(&self, what: &str) -> Result<bool, SqlError> {
        let refused = || error("42601", format!("{} requires {what}", self.name));
        match &self.value {
            CopyValue::Nothing => Ok(true),
            CopyValue::Word(word) => match word.to_ascii_lowercase().as_str() {
                "true" | "on" | "1" => Ok(true),
                "false" | "off" | "0" => Ok(false),
                _ => Err(refused()),
            },
            CopyValue::All | CopyValue::Names(_) => Err(refused()),
        }
    }

    fn header(&self, is_from: bool) -> Result<Header, SqlError> {
        if matches!(&self.value, CopyValue::Word(word) if word.eq_ignore_ascii_case("match")) {
            if !is_from {
                return Err(error("0A000", "cannot use \"match\" with HEADER in COPY TO"));
            }
            return Ok(Header::Match);
        }
        let is_there = self.is_true("a Boolean value or \"match\"")?;
        Ok(if is_there { Header::Yes } else { Header::No })
    }

    fn columns(&self, may_be_all: bool) -> Result<Forced, SqlError> {
        match &self.value {
            CopyValue::All if may_be_all => Ok(Forced::All),
            CopyValue::Names(names) => Ok(Forced::Names(names.iter().map(identifier).collect())),
            _ => {
                let message = format!("argument to option \"{}\" must be a list of column names", self.name);
                Err(error("22023", message))
            }
        }
    }
}

fn is_csv(format: &str) -> Result<bool, SqlError> {
    match format {
        "text" => Ok(false),
        "csv" => Ok(true),
        "binary" => Err(unsupported("COPY in binary")),
        other => Err(error("22023", format!("COPY format \"{other}\" not recognized"))),
    }
}

fn one_byte(text: &str, name: &str) -> Result<char, SqlError> {
    match *text.as_bytes() {
        [byte] => Ok(char::from(byte)),
        _ => Err(error("0A000", format!("COPY {name} must be a single one-byte character"))),
    }
}
