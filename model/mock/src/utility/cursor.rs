//! DECLARE, FETCH, MOVE and CLOSE.

use super::{Declare, Direction};
use crate::bug::Bug;
use crate::change::Outcome;
use crate::cursor::{Ahead, Cursor, Fetched, goes_backward, simple, tables};
use crate::error::error;
use crate::executor::Executor;
use crate::ids::Tid;
use crate::place;
use crate::plan::{Kind, Plan, Text};
use crate::query::Query;
use crate::store::RowLock;
use crate::types::Datum;
use crate::value::reply;
use drawloom_model::{Reply, SqlError};
use sqlparser::tokenizer::{Token, TokenWithSpan};
use std::rc::Rc;

impl Executor {
    pub(super) async fn declare(&self, declare: &Declare) -> Result<(), SqlError> {
        let Declare { name, is_insensitive, scrolls, is_held, query } = declare;
        if !is_held && !self.is_in_transaction() {
            return Err(error("25P01", "DECLARE CURSOR can only be used in transaction blocks"));
        }
        let text = Text::declared(query.clone(), Vec::new())?;
        let plan = self.locked_plan(&text).await?.ok_or_else(|| error("42601", "a cursor is of a query"))?;
        let Kind::Query(planned) = &plan.kind else { return Err(error("42601", "a cursor is of a query")) };
        if let Some(clause) = lock_clause(planned) {
            if *is_held {
                let message = format!("DECLARE CURSOR WITH HOLD ... {clause} is not supported");
                return Err(error("0A000", message));
            }
            if *scrolls == Some(true) {
                return Err(error("0A000", format!("DECLARE SCROLL CURSOR ... {clause} is not supported")));
            }
            if *is_insensitive {
                return Err(error("42P11", format!("DECLARE INSENSITIVE CURSOR ... {clause} is not valid")));
            }
        }
        if !plan.parameters.is_empty() {
            return Err(no_parameter(query));
        }
        if self.with(|database| database.session(self.session).cursors.contains_key(name)) {
            return Err(error("42P03", format!("cursor \"{name}\" already exists")));
        }
        let scrolls = scrolls.unwrap_or_else(|| goes_backward(planned));
        self.await_safe_snapshot().await?;
        let reader = self.reader();
        self.with(|database| {
            let session = database.session_mut(self.session);
            let cursor = Cursor {
                scrolls,
                plan: plan.clone(),
                reader: Some(reader),
                is_held: *is_held,
                depth: session.transaction().depth(),
                rows: Vec::new(),
                source: Ahead::Unknown,
                at: 0,
                is_past: false,
                is_failed: false,
            };
            session.cursors.insert(name.clone(), cursor);
        });
        Ok(())
    }

    /// The plan of a statement that the user may execute, with the locks of what it uses.
    ///
    /// # Errors
    /// It cannot be bound, `42501`, or a wait.
    pub async fn locked_plan(&self, text: &Text) -> Result<Option<Rc<Plan>>, SqlError> {
        loop {
            let (plan, version) = self.with(|database| {
                database.refresh(self.session);
                let catalog = database.catalog(self.session);
                let plan = text.plan(catalog, &database.session(self.session).naming);
                (plan, catalog.version())
            });
            let Some(plan) = plan? else { return Ok(None) };
            self.lock_relations(&plan.uses).await?;
            let is_current = self.with(|database| {
                database.refresh(self.session);
                database.catalog(self.session).version() == version
            });
            if is_current {
                plan.check_user()?;
                return Ok(Some(plan));
            }
        }
    }

    pub(super) async fn fetch(
        &self,
        name: &str,
        direction: Direction,
        moves: bool,
    ) -> Result<Reply, SqlError> {
        let missing = || error("34000", format!("cursor \"{name}\" does not exist"));
        let taken = self.with(|database| database.session_mut(self.session).cursors.remove(name));
        let mut cursor = taken.ok_or_else(missing)?;
        if self.has(Bug::CursorPhantom) {
            self.look_again(&mut cursor);
        }
        let moved = match cursor.is_failed {
            true => Err(error("55000", format!("portal \"{name}\" cannot be run"))),
            false => self.go(&mut cursor, direction).await,
        };
        cursor.is_failed = moved.is_err();
        let rows: Result<Vec<Vec<Datum>>, SqlError> =
            moved.map(|places| places.into_iter().map(|place| cursor.rows[place - 1].row.clone()).collect());
        let plan = cursor.plan.clone();
        self.with(|database| database.session_mut(self.session).cursors.insert(name.into(), cursor));
        let rows = rows?;
        let Kind::Query(query) = &plan.kind else { unreachable!("a cursor is of a query") };
        let affected = u64::try_from(rows.len()).expect("rows fit into memory");
        if moves {
            return Ok(Reply { affected, ..Reply::default() });
        }
        let mut outcome = Outcome { affected: 0, rows };
        self.name_relations(&mut outcome, &query.columns);
        Ok(reply(outcome, &query.columns, plan.names.clone()))
    }

    pub(super) fn close(&self, name: Option<&str>) -> Result<(), SqlError> {
        self.with(|database| {
            let cursors = &mut database.session_mut(self.session).cursors;
            match name {
                None => cursors.clear(),
                Some(name) if cursors.remove(name).is_some() => (),
                Some(name) => return Err(error("34000", format!("cursor \"{name}\" does not exist"))),
            }
            Ok(())
        })
    }

    /// Moves a cursor; the places of the rows that it comes by.
    async fn go(&self, cursor: &mut Cursor, direction: Direction) -> Result<Vec<usize>, SqlError> {
        match direction {
            Direction::Forward(Some(0)) | Direction::Backward(Some(0)) | Direction::Relative(0) => {
                self.stay(cursor)
            }
            Direction::Forward(count) => self.forward(cursor, count).await,
            Direction::Backward(count) => backward(cursor, count),
            Direction::Relative(by) if by > 0 => {
                self.forward(cursor, Some(by.unsigned_abs() - 1)).await?;
                self.forward(cursor, Some(1)).await
            }
            Direction::Relative(by) => {
                backward(cursor, Some(by.unsigned_abs() - 1))?;
                backward(cursor, Some(1))
            }
            Direction::Absolute(place) if place < 0 => {
                self.forward(cursor, None).await?;
                backward(cursor, Some(place.unsigned_abs() - 1))?;
                backward(cursor, Some(1))
            }
            Direction::Absolute(place) => {
                let place = usize::try_from(place).expect("it is not negative");
                if place <= cursor.at && cursor.at > 0 {
                    forward_only(cursor)?;
                    (cursor.at, cursor.is_past) = (place.saturating_sub(1).min(cursor.rows.len()), false);
                }
                if place == 0 {
                    return Ok(Vec::new());
                }
                let skipped = (place - 1).saturating_sub(cursor.at);
                self.forward(cursor, u64::try_from(skipped).ok()).await?;
                self.forward(cursor, Some(1)).await
            }
        }
    }

    fn stay(&self, cursor: &Cursor) -> Result<Vec<usize>, SqlError> {
        if cursor.at == 0 || cursor.is_past {
            return Ok(Vec::new());
        }
        forward_only(cursor)?;
        Ok(vec![cursor.at])
    }

    async fn forward(&self, cursor: &mut Cursor, count: Option<u64>) -> Result<Vec<usize>, SqlError> {
        let mut places = Vec::new();
        while !cursor.is_past && count.is_none_or(|count| (places.len() as u64) < count) {
            if cursor.at == cursor.rows.len() && !self.fetch_row(cursor).await? {
                cursor.is_past = true;
            }
            cursor.at += 1;
            if !cursor.is_past {
                places.push(cursor.at);
            }
        }
        Ok(places)
    }

    /// Takes one more row; false if there is none.
    async fn fetch_row(&self, cursor: &mut Cursor) -> Result<bool, SqlError> {
        let plan = cursor.plan.clone();
        let Kind::Query(query) = &plan.kind else { unreachable!("a cursor is of a query") };
        if matches!(cursor.source, Ahead::Unknown) {
            self.open_cursor(cursor, query).await?;
        }
        let reader = cursor.reader;
        loop {
            let (candidate, drops) = match &mut cursor.source {
                Ahead::Unknown => unreachable!("it was opened"),
                Ahead::Rows(rows) => {
                    let Some(row) = rows.pop_front() else { return Ok(false) };
                    cursor.rows.push(Fetched { row, versions: Vec::new() });
                    return Ok(true);
                }
                Ahead::Candidates { most: 0, .. } => return Ok(false),
                Ahead::Candidates { rows, skipped, .. } => match rows.pop_front() {
                    Some(row) => (row, *skipped > 0),
                    None => return Ok(false),
                },
            };
            let reader = reader.expect("a cursor that was held has all of its rows");
            let Some((row, from)) = self.lock_candidate(query, reader, &[], &[], candidate).await? else {
                continue;
            };
            let Ahead::Candidates { skipped, most, .. } = &mut cursor.source else { continue };
            if drops {
                *skipped -= 1;
                continue;
            }
            *most -= 1;
            let select = simple(query).expect("only a simple query has candidates");
            let version = |&(table, slot): &(_, usize)| match from[slot] {
                Datum::Int(number) => Some((table, Tid(u32::try_from(number).expect("it was made of one")))),
                _ => None,
            };
            let versions = tables(select).iter().filter_map(version).collect();
            cursor.rows.push(Fetched { row, versions });
            return Ok(true);
        }
    }

    /// Lets a cursor see what is committed by now ([`Bug::CursorPhantom`]).
    fn look_again(&self, cursor: &mut Cursor) {
        if let Some(reader) = &mut cursor.reader {
            reader.sequence = self.with(|database| database.transactions.commits());
            cursor.source = Ahead::Unknown;
        }
    }

    /// Finds the rows of a cursor behind those that it gave already.
    async fn open_cursor(&self, cursor: &mut Cursor, query: &Query) -> Result<(), SqlError> {
        let reader = cursor.reader.expect("only an open transaction's cursor was never fetched from");
        let given = cursor.rows.len();
        cursor.source = match simple(query) {
            Some(_) => {
                let (rows, (skipped, most)) = self.lock_candidates(query, reader, &[], &[]).await?;
                let most = most.saturating_sub(given);
                Ahead::Candidates { rows: rows.into(), skipped: skipped + given, most }
            }
            None => {
                let rows = self.read(reader, &[], |cx| crate::query::rows(query, cx)).await?;
                Ahead::Rows(rows.into_iter().skip(given).collect())
            }
        };
        Ok(())
    }

    /// The transaction commits: its cursors WITH HOLD get all of their rows, and the others are closed.
    ///
    /// # Errors
    /// Those of a query.
    pub async fn hold_cursors(&self) -> Result<(), SqlError> {
        if self.with(|database| database.session(self.session).cursors.is_empty()) {
            return Ok(());
        }
        Box::pin(self.outlive_transaction()).await
    }

    async fn outlive_transaction(&self) -> Result<(), SqlError> {
        let mut cursors =
            self.with(|database| std::mem::take(&mut database.session_mut(self.session).cursors));
        cursors.retain(|_, cursor| cursor.is_held && !(cursor.is_failed && cursor.depth > 0));
        for cursor in cursors.values_mut().filter(|cursor| cursor.depth > 0) {
            let (at, is_past) = (cursor.at, cursor.is_past);
            cursor.at = cursor.rows.len();
            self.forward(cursor, None).await?;
            (cursor.at, cursor.is_past) = (at, is_past);
            cursor.depth = 0;
            cursor.reader = None;
        }
        self.with(|database| database.session_mut(self.session).cursors = cursors);
        Ok(())
    }
}

/// What is said of the first `$1` in a cursor's query.
fn no_parameter(query: &[TokenWithSpan]) -> SqlError {
    let parameter = query.iter().find_map(|part| match &part.token {
        Token::Placeholder(name) => Some((name, part.span)),
        _ => None,
    });
    let (name, span) = parameter.expect("the query has a parameter");
    error("42P02", format!("there is no parameter {name}")).at(place::begin(span))
}

fn backward(cursor: &mut Cursor, count: Option<u64>) -> Result<Vec<usize>, SqlError> {
    if count == Some(0) {
        return Ok(Vec::new());
    }
    forward_only(cursor)?;
    let mut places = Vec::new();
    while cursor.at > 0 && count.is_none_or(|count| (places.len() as u64) < count) {
        cursor.at -= 1;
        cursor.is_past = false;
        if cursor.at > 0 {
            places.push(cursor.at);
        }
    }
    Ok(places)
}

/// Refuses to go backward with a cursor that does not.
fn forward_only(cursor: &Cursor) -> Result<(), SqlError> {
    if cursor.scrolls { Ok(()) } else { Err(error("55000", "cursor can only scan forward")) }
}

/// How a query locks its rows, as an error names it.
fn lock_clause(query: &Query) -> Option<&'static str> {
    let mode = simple(query)?.marks.iter().map(|mark| mark.mode).max()?;
    Some(match mode {
        RowLock::KeyShare => "FOR KEY SHARE",
        RowLock::Share => "FOR SHARE",
        RowLock::NoKeyUpdate => "FOR NO KEY UPDATE",
        RowLock::Update => "FOR UPDATE",
    })
}
