//! Sequences. They belong to no transaction: what was handed out stays so.

use crate::catalog::{Catalog, Object, Sequence};
use crate::error::error;
use crate::ids::Oid;
use drawloom_model::{SessionId, SqlError};
use std::collections::BTreeMap;

/// How far each sequence is.
#[derive(Debug, Default)]
pub(crate) struct Sequences {
    states: BTreeMap<Oid, State>,
    /// What each session was given last, of each sequence, and of which it was last.
    given: BTreeMap<(SessionId, Oid), i64>,
    last: BTreeMap<SessionId, Oid>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    value: i64,
    /// Whether that value has been handed out.
    is_called: bool,
}

impl Sequences {
    /// The next value.
    ///
    /// # Errors
    /// `2200H`: there is none any more.
    pub fn next(&mut self, catalog: &Catalog, session: SessionId, oid: Oid) -> Result<i64, SqlError> {
        let sequence = find(catalog, oid)?;
        let state =
            self.states.get(&oid).copied().unwrap_or(State { value: sequence.start, is_called: false });
        let value = if state.is_called { sequence.after(state.value)? } else { state.value };
        self.states.insert(oid, State { value, is_called: true });
        self.given.insert((session, oid), value);
        self.last.insert(session, oid);
        Ok(value)
    }

    /// Hands out the last value once more, if one other session has it and no more ([`Bug::RepeatedSequenceValue`]).
    pub fn repeat(&mut self, session: SessionId, oid: Oid) -> Option<i64> {
        let value = self.states.get(&oid)?.value;
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
    pub fn last(&self, session: SessionId) -> Result<i64, SqlError> {
        let given = self.last.get(&session).and_then(|oid| self.given.get(&(session, *oid)));
        given.copied().ok_or_else(|| error("55000", "lastval is not yet defined in this session"))
    }

    /// Sets it.
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
    ) -> Result<(), SqlError> {
        let sequence = find(catalog, oid)?;
        if !(sequence.least..=sequence.greatest).contains(&value) {
            let (name, least, greatest) = (&sequence.name, sequence.least, sequence.greatest);
            let message = format!(
                "setval: value {value} is out of bounds for sequence \"{name}\" ({least}..{greatest})"
            );
            return Err(error("22003", message));
        }
        self.states.insert(oid, State { value, is_called });
        if is_called {
            self.given.insert((session, oid), value);
            self.last.insert(session, oid);
        }
        Ok(())
    }

    /// The session is gone.
    pub fn forget(&mut self, session: SessionId) {
        self.given.retain(|(owner, _), _| *owner != session);
        self.last.remove(&session);
    }
}

impl Sequence {
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

fn find(catalog: &Catalog, oid: Oid) -> Result<&Sequence, SqlError> {
    match catalog.object(oid) {
        Some(Object::Sequence(sequence)) => Ok(sequence),
        Some(other) => Err(error("42809", format!("\"{}\" is not a sequence", other.name()))),
        None => Err(error("42P01", format!("could not open relation with OID {}", oid.0))),
    }
}
