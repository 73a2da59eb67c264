//! Sequences. They belong to no transaction: what was handed out stays so.

use crate::catalog::{Catalog, Object, Sequence};
use crate::error::error;
use crate::ids::Oid;
use crate::types::{Datum, Type};
use drawloom_model::{SessionId, SqlError};
use std::collections::BTreeMap;

/// The columns of a sequence that is read like a table.
pub(crate) const COLUMNS: &[(&str, Type)] =
    &[("last_value", Type::INT8), ("log_cnt", Type::INT8), ("is_called", Type::BOOL)];

/// For how many values PostgreSQL writes ahead to its log that they were handed out.
const LOGGED: i64 = 32;

/// How far each sequence is.
#[derive(Debug, Default)]
pub(crate) struct Sequences {
    /// By the sequence's file.
    states: BTreeMap<Oid, State>,
    /// What each session was given last, of each sequence, and of which it was last.
    given: BTreeMap<(SessionId, Oid), i64>,
    last: BTreeMap<SessionId, Oid>,
}

/// How far a sequence is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub value: i64,
    /// Whether that value has been handed out.
    pub is_called: bool,
    /// How many values may be handed out before the log hears of it: `log_cnt`.
    pub logged: i64,
}

impl State {
    /// What the log says of it: values that may be handed out without its hearing of them count as handed out
    /// (PostgreSQL's `nextval_internal`).
    pub fn ahead(self, sequence: &Sequence) -> State {
        let step = if self.is_called { i128::from(self.logged) * i128::from(sequence.increment) } else { 0 };
        let value = i64::try_from(i128::from(self.value) + step).expect("it is within the sequence's bounds");
        State { value, logged: 0, ..self }
    }

    /// Its row, if it is read like a table.
    pub fn row(self) -> Vec<Datum> {
        vec![Datum::Int(self.value), Datum::Int(self.logged), Datum::Bool(self.is_called)]
    }
}

impl Sequences {
    /// How far a sequence is.
    pub fn state(&self, sequence: &Sequence) -> State {
        let fresh = State { value: sequence.start, is_called: false, logged: 0 };
        self.states.get(&sequence.file).copied().unwrap_or(fresh)
    }

    /// Goes on from where the log says they are.
    pub fn resume(&mut self, states: &BTreeMap<Oid, State>) {
        self.states = states.clone();
    }

    /// Lets a file begin there.
    pub fn restart(&mut self, file: Oid, state: State) {
        self.states.insert(file, state);
    }

    /// The next value, and what the log is to hear of it.
    ///
    /// # Errors
    /// `2200H`: there is none any more.
    pub fn next(
        &mut self,
        catalog: &Catalog,
        session: SessionId,
        oid: Oid,
    ) -> Result<(i64, Option<(Oid, State)>), SqlError> {
        let sequence = find(catalog, oid)?;
        let state = self.state(sequence);
        let value = if state.is_called { sequence.after(state.value)? } else { state.value };
        let is_logged = !state.is_called || state.logged == 0;
        let logged = if is_logged { sequence.values_after(value).min(LOGGED) } else { state.logged - 1 };
        let state = State { value, is_called: true, logged };
        self.states.insert(sequence.file, state);
        self.given.insert((session, oid), value);
        self.last.insert(session, oid);
        Ok((value, is_logged.then(|| (sequence.file, state.ahead(sequence)))))
    }

    /// Hands out the last value once more, if one other session has it and no more ([`Bug::RepeatedSequenceValue`]).
    pub fn repeat(&mut self, catalog: &Catalog, session: SessionId, oid: Oid) -> Option<i64> {
        let value = self.states.get(&find(catalog, oid).ok()?.file)?.value;
        let mut holders = self.given.iter().filter(|((_, of), given)| *of == oid && **given == value);
        let ((holder, _), _) = holders.next()?;
        if *holder == session || holders.next().is_some() {
            return None;
        }
        self.given.insert((session, oid), value);
        Some(value)
    }

    /// What the session was given last.
    ///
    /// # Errors
    /// `55000`: nothing.
    pub fn current(&self, catalog: &Catalog, session: SessionId, oid: Oid) -> Result<i64, SqlError> {
        let sequence = find(catalog, oid)?;
        self.given.get(&(session, oid)).copied().ok_or_else(|| {
            let message =
                format!("currval of sequence \"{}\" is not yet defined in this session", sequence.name);
            error("55000", message)
        })
    }

    /// What the session was given last, of whatever sequence.
    ///
    /// # Errors
    /// `55000`: nothing.
    pub fn last(&self, catalog: &Catalog, session: SessionId) -> Result<i64, SqlError> {
        let last = self.last.get(&session).filter(|oid| catalog.object(**oid).is_some());
        let given = last.and_then(|oid| self.given.get(&(session, *oid)));
        given.copied().ok_or_else(|| error("55000", "lastval is not yet defined in this session"))
    }

    /// Sets it; what the log is to hear of that.
    ///
    /// # Errors
    /// `22003`: the value is out of its bounds.
    pub fn set(
        &mut self,
        catalog: &Catalog,
        session: SessionId,
        oid: Oid,
        value: i64,
        is_called: bool,
    ) -> Result<(Oid, State), SqlError> {
        let sequence = find(catalog, oid)?;
        if !(sequence.least..=sequence.greatest).contains(&value) {
            let (name, least, greatest) = (&sequence.name, sequence.least, sequence.greatest);
            let message = format!(
                "setval: value {value} is out of bounds for sequence \"{name}\" ({least}..{greatest})"
            );
            return Err(error("22003", message));
        }
        let state = State { value, is_called, logged: 0 };
        self.states.insert(sequence.file, state);
        if is_called {
            self.given.insert((session, oid), value);
            self.last.insert(session, oid);
        }
        Ok((sequence.file, state))
    }

    /// The session is gone.
    pub fn forget(&mut self, session: SessionId) {
        self.given.retain(|(owner, _), _| *owner != session);
        self.last.remove(&session);
    }
}

impl Sequence {
    /// How many values there are after this one before the sequence ends.
    fn values_after(&self, value: i64) -> i64 {
        let end = if self.increment > 0 { self.greatest } else { self.least };
        let count = (i128::from(end) - i128::from(value)) / i128::from(self.increment);
        i64::try_from(count).unwrap_or(LOGGED)
    }

    fn after(&self, value: i64) -> Result<i64, SqlError> {
        let next =
            value.checked_add(self.increment).filter(|next| (self.least..=self.greatest).contains(next));
        let (bound, limit, restart) = if self.increment > 0 {
            ("maximum", self.greatest, self.least)
        } else {
            ("minimum", self.least, self.greatest)
        };
        match next {
            Some(next) => Ok(next),
            None if self.cycle => Ok(restart),
            None => {
                let message =
                    format!("nextval: reached {bound} value of sequence \"{}\" ({limit})", self.name);
                Err(error("2200H", message))
            }
        }
    }
}

/// The sequence with this number.
///
/// # Errors
/// `42809`, `42P01`: there is none.
pub(crate) fn find(catalog: &Catalog, oid: Oid) -> Result<&Sequence, SqlError> {
    match catalog.object(oid) {
        Some(Object::Sequence(sequence)) => Ok(sequence),
        Some(other) => Err(error("42809", format!("\"{}\" is not a sequence", other.name()))),
        None => Err(error("42P01", format!("could not open relation with OID {}", oid.0))),
    }
}
