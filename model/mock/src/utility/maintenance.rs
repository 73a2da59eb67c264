//! VACUUM, ANALYZE, CLUSTER, REINDEX: what keeps a database in good order.

use super::Words;
use crate::error::{error, unsupported};
use drawloom_model::SqlError;
use sqlparser::tokenizer::Token;
use std::rc::Rc;

/// Such a statement.
#[derive(Debug)]
pub(crate) struct Maintenance {
    pub verb: Verb,
    /// `VACUUM FULL`
    pub is_full: bool,
    /// `VACUUM ANALYZE`
    pub analyzes: bool,
    pub skips_locked: bool,
    pub is_concurrent: bool,
    /// What it is done to; everything, if nothing is named.
    pub targets: Vec<(Option<Rc<str>>, Rc<str>)>,
    /// The index by which a table is clustered.
    pub index: Option<Rc<str>>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Vacuum,
    Analyze,
    Cluster,
    ReindexTable,
    ReindexIndex,
    ReindexSchema,
    ReindexDatabase,
}

impl Maintenance {
    /// The statement, if it is one.
    ///
    /// # Errors
    /// `42601`
    pub fn parse(words: &mut Words<'_>) -> Result<Option<Maintenance>, SqlError> {
        let verb = if words.word("VACUUM") {
            Verb::Vacuum
        } else if words.word("ANALYZE") || words.word("ANALYSE") {
            Verb::Analyze
        } else if words.word("CLUSTER") {
            Verb::Cluster
        } else if words.word("REINDEX") {
            Verb::ReindexTable
        } else {
            return Ok(None);
        };
        let mut it = Maintenance {
            verb,
            is_full: false,
            analyzes: false,
            skips_locked: false,
            is_concurrent: false,
            targets: Vec::new(),
            index: None,
        };
        if words.sign(&Token::LParen) {
            it.options(words)?;
        } else {
            it.old_options(words);
        }
        if verb == Verb::ReindexTable {
            it.reindex(words)?;
        }
        it.tables(words)?;
        if verb == Verb::Cluster {
            if words.word("USING") {
                it.index = Some(words.name()?);
            } else if words.word("ON") {
                it.index = it.targets.pop().map(|(_, name)| name);
                it.tables(words)?;
            }
        }
        Ok(Some(it))
    }

    fn options(&mut self, words: &mut Words<'_>) -> Result<(), SqlError> {
        let command = match self.verb {
            Verb::Vacuum => "VACUUM",
            Verb::Analyze => "ANALYZE",
            Verb::Cluster => "CLUSTER",
            _ => "REINDEX",
        };
        loop {
            let name = words.name()?;
            let says = match words.whole()? {
                Some(number) => number != 0,
                None if words.word("OFF") || words.word("FALSE") => false,
                None => {
                    let _ = words.word("ON") || words.word("TRUE") || words.word("AUTO");
                    true
                }
            };
            match (&*name, self.verb) {
                ("full", Verb::Vacuum) => self.is_full = says,
                ("analyze" | "analyse", Verb::Vacuum) => self.analyzes = says,
                ("skip_locked", Verb::Vacuum | Verb::Analyze) => self.skips_locked = says,
                ("concurrently", Verb::ReindexTable) => self.is_concurrent = says,
                ("verbose", _) if says => return Err(unsupported(format!("{command} VERBOSE"))),
                ("verbose", _) => (),
                (
                    "freeze"
                    | "disable_page_skipping"
                    | "index_cleanup"
                    | "process_toast"
                    | "truncate"
                    | "parallel",
                    Verb::Vacuum,
                ) => (),
                _ => return Err(error("42601", format!("unrecognized {command} option \"{name}\""))),
            }
            if words.sign(&Token::RParen) {
                return Ok(());
            }
            if !words.sign(&Token::Comma) {
                return Err(words.unexpected());
            }
        }
    }

    fn old_options(&mut self, words: &mut Words<'_>) {
        if self.verb == Verb::Vacuum {
            self.is_full = words.word("FULL");
            words.word("FREEZE");
            self.analyzes = words.word("ANALYZE");
        }
    }

    fn reindex(&mut self, words: &mut Words<'_>) -> Result<(), SqlError> {
        self.verb = if words.word("TABLE") {
            Verb::ReindexTable
        } else if words.word("INDEX") {
            Verb::ReindexIndex
        } else if words.word("SCHEMA") {
            Verb::ReindexSchema
        } else if words.word("DATABASE") || words.word("SYSTEM") {
            Verb::ReindexDatabase
        } else {
            return Err(words.unexpected());
        };
        self.is_concurrent |= words.word("CONCURRENTLY");
        if words.is_over() { Err(words.unexpected()) } else { Ok(()) }
    }

    fn tables(&mut self, words: &mut Words<'_>) -> Result<(), SqlError> {
        while !words.is_over() {
            let mut name = (None, words.name()?);
            if words.sign(&Token::Period) {
                name = (Some(name.1), words.name()?);
            }
            // The columns of ANALYZE tell the planner's statistics alone.
            words.parenthesized();
            self.targets.push(name);
            if !words.sign(&Token::Comma) {
                return Ok(());
            }
        }
        Ok(())
    }
}
