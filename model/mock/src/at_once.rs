//! Statements that are over at once.
//!
//! A statement that stands alone, outside a block, and finds nobody in its way, takes effect in one step: nobody can
//! see the locks that it takes and gives back, nor the transaction of one that only reads. So these are not made, and
//! neither is a future. What cannot be told to be so goes the usual way, and so does everything while somebody
//! observes what is touched.
//!
//! ```text
//! submit -> over at once: a query, a change of single rows that are free -> the reply
//!        -> the usual way (executor.rs): a future, which may wait
//! ```

use crate::catalog::{Catalog, Object};
use crate::change::{self, Author, Outcome};
use crate::database::Database;
use crate::expression::{Context, Expr};
use crate::ids::Oid;
use crate::locks::{Mode, Tag};
use crate::options::Isolation;
use crate::plan::{Kind, Plan, Text};
use crate::query::{self, Output};
use crate::session::Part;
use crate::sql::Parsed;
use crate::store::Reader;
use crate::types::{Datum, Scalar, Type};
use crate::value::{data, reply};
use crate::world::World;
use drawloom_model::{Reply, SessionId, SqlError, Value};

impl Database {
    /// Executes a statement that is over at once; `None` if it has to go the usual way. Nothing has changed by then.
    ///
    /// # Errors
    /// Those of a query. What a change breaks is told the usual way.
    pub fn execute_at_once(
        &mut self,
        session: SessionId,
        text: &Text,
        values: &[Value],
    ) -> Option<Result<Reply, SqlError>> {
        if !matches!(text.parsed, Parsed::Statements(_)) || !self.is_alone(session) {
            return None;
        }
        self.refresh(session);
        let plan = text.plan(&self.catalog, &self.session(session).naming).ok()??;
        if !plan.is_over_at_once || plan.refusal.is_some() || !self.are_free_for(session, &plan) {
            return None;
        }
        let isolation = self.isolation(self.session(session));
        let reader = Reader {
            sequence: self.transactions.commits(),
            top: None,
            command: 0,
            dirty: isolation == Isolation::ReadUncommitted,
        };
        let parameters = match data(&plan.parameters, values) {
            Ok(parameters) => parameters,
            Err(error) => return Some(Err(error)),
        };
        let outcome = match &plan.kind {
            Kind::Query(query) => self
                .look(session, reader, &parameters, |cx| query::rows(query, cx))
                .map(|rows| Outcome { affected: 0, rows }),
            kind => Ok(self.change_at_once(Author { session, reader, parameters: &parameters }, kind)?),
        };
        Some(outcome.map(|outcome| reply(outcome, plan.kind.columns(), plan.names.clone())))
    }

    /// Works something out over the database, for a statement that does not wait.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn look<T>(
        &self,
        session: SessionId,
        reader: Reader,
        parameters: &[Datum],
        read: impl FnOnce(&Context<'_>) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let moment = self.moment(session);
        let world = World::new(self, session, reader, &[]);
        read(&Context { world: Some(&world), moment: &moment, parameters, outer: None })
    }

    /// Whether a session's statement is a transaction of its own, of which nobody keeps account.
    fn is_alone(&self, session: SessionId) -> bool {
        let state = self.session(session);
        let is_alone = state.part == Part::Alone && state.transaction.is_none() && state.cursors.is_empty();
        let is_watched = matches!(self.isolation(state), Isolation::Serializable | Isolation::Strict);
        is_alone && !is_watched && !self.footprints.are_wanted() && self.options.bugs.is_empty()
    }

    /// Whether a plan gets the locks of all that it uses, and may write if it does.
    fn are_free_for(&mut self, session: SessionId, plan: &Plan) -> bool {
        let state = self.session(session);
        let is_query = matches!(plan.kind, Kind::Query(_));
        let may_write = !state.settings.is_read_only() && !state.empties_tables;
        let may_wait = self.is_fenced || self.options.yields;
        let locks = self.locks.get_mut();
        (is_query || may_write && !may_wait)
            && plan.uses.iter().all(|(oid, mode)| locks.would_grant(session, Tag::Relation(*oid), *mode))
    }
}

/// Whether this is a statement that never waits where nobody is in its way, and asks nothing of its session or its
/// transaction, nor of what the engine knows of itself.
pub(crate) fn is_over(kind: &Kind, uses: &[(Oid, Mode)], catalog: &Catalog) -> bool {
    let is_engine = |expr: &Expr, _: usize| matches!(expr, Expr::Engine(..));
    let is_system =
        |oid: &Oid| matches!(catalog.object(*oid), Some(Object::System(_) | Object::Sequence(_)) | None);
    let is_named = |column: &Output| column.ty == Type::of(Scalar::Regclass);
    let is_small = matches!(kind, Kind::Query(_)) || change::is_small(kind);
    is_small
        && !kind.any(&is_engine)
        && !uses.iter().any(|(oid, _)| is_system(oid))
        && !kind.columns().iter().any(is_named)
}
