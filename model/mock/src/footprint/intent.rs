//! What is known before it happens: of statements about the transaction itself, and of a session's end.

use super::ending;
use super::name::{self, Thing};
use crate::bug::Bug;
use crate::database::Database;
use crate::plan::Text;
use crate::sql::Parsed;
use crate::utility::Utility;
use drawloom_model::SessionId;
use drawloom_sim::Footprint;
use drawloom_sim::footprint::Access;
use std::collections::BTreeSet;

impl Utility {
    /// Whether what it touches is told as it is executed.
    pub fn tells(&self) -> bool {
        use Utility::Execute;
        self.concerns_itself() || matches!(self, Execute { .. })
    }

    /// Whether it touches nothing but its own session and transaction.
    fn concerns_itself(&self) -> bool {
        use Utility::{
            Begin, Commit, Deallocate, Prepare, Release, Reset, RollBack, RollBackTo, Savepoint, Set,
            SetModes, SetTransaction, Show,
        };
        matches!(
            self,
            Begin(_)
                | Commit { .. }
                | RollBack { .. }
                | Savepoint(_)
                | Release(_)
                | RollBackTo(_)
                | SetTransaction(_)
                | SetModes(_)
                | Set { .. }
                | Reset(_)
                | Show(_)
                | Prepare { .. }
                | Deallocate(_)
        )
    }
}

impl Database {
    /// What executing the statement touches. One that uses rows may wait, and whether a wait closes a circle hangs on
    /// everybody, so nothing is said of it.
    pub fn intent(&self, session: SessionId, sql: &str) -> Footprint {
        if self.options.yields || self.ends_idle {
            return Footprint::Unknown;
        }
        let Ok(text) = Text::of(sql) else { return self.end_of(session, false) };
        match &text.parsed {
            Parsed::Utility(Utility::Commit { .. }) if self.looks_at_commit(session) => Footprint::Unknown,
            Parsed::Utility(Utility::Commit { .. }) => self.end_of(session, true),
            Parsed::Utility(utility) if utility.concerns_itself() => self.end_of(session, false),
            _ => Footprint::Unknown,
        }
    }

    /// Whether the transaction has yet to look at rows before it commits.
    fn looks_at_commit(&self, session: SessionId) -> bool {
        let session = self.session(session);
        let checks =
            session.transaction.as_ref().is_some_and(|transaction| !transaction.checks.later.is_empty());
        checks || !session.cursors.is_empty()
    }

    /// What the end of the session's transaction touches, or its failure.
    fn end_of(&self, session: SessionId, commits: bool) -> Footprint {
        let mut accesses = BTreeSet::from([Thing::Catalog.read()]);
        match self.footprints.written.borrow().get(&session) {
            None => (),
            Some(None) => return Footprint::Unknown,
            Some(Some(written)) => accesses.extend(ending(session, written, commits)),
        }
        if self.watched(session).is_some() {
            accesses.insert(Thing::Serializable.write());
        }
        if self.session(session).transaction.is_some() {
            accesses.extend(self.held(session));
        }
        Footprint::Known(accesses.into_iter().collect())
    }

    /// The locks that a session holds or waits for. Somebody may wait for them.
    fn held(&self, session: SessionId) -> Vec<Access> {
        let locks = self.locks.borrow();
        let mut held: Vec<Access> =
            locks.held(session).filter_map(|(tag, mode)| name::lock(tag, mode)).collect();
        held.push(Thing::Waits.write());
        held
    }

    /// What opening a session touches.
    pub fn opening(&self) -> Footprint {
        Footprint::Known([].into())
    }

    /// What closing the session touches.
    pub fn closing(&self, session: SessionId) -> Footprint {
        if self.has(Bug::RepeatedSequenceValue) || self.temporary_schema(session).is_some() {
            return Footprint::Unknown;
        }
        let held = self.held(session);
        match self.end_of(session, false) {
            Footprint::Known(accesses) if self.session(session).transaction.is_some() || held.len() > 1 => {
                Footprint::Known(
                    accesses.iter().copied().chain(held).collect::<BTreeSet<_>>().into_iter().collect(),
                )
            }
            Footprint::Known(_) => Footprint::Known([].into()),
            other => other,
        }
    }
}
