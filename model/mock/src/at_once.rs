//! Queries that are over at once.
//!
//! A query that stands alone, outside a block, and finds nobody in its way, takes effect in one step: nobody can see
//! the transaction that it runs in, nor the locks that it takes and gives back. So neither are made. What cannot be
//! told to be so goes the usual way, and so does everything while somebody observes what is touched.

use crate::catalog::{Catalog, Object};
use crate::change::Outcome;
use crate::database::Database;
use crate::expression::{Context, Expr};
use crate::ids::Oid;
use crate::locks::{Mode, Tag};
use crate::options::Isolation;
use crate::plan::{Kind, Text};
use crate::query::{self, Output};
use crate::session::Part;
use crate::statement::{data, reply};
use crate::store::Reader;
use crate::types::{Scalar, Type};
use crate::world::World;
use drawloom_model::{Reply, SessionId, SqlError, Statement};

impl Database {
    /// Answers a query that is over at once; `None` if it has to go the usual way. Nothing has changed by then.
    ///
    /// # Errors
    /// Those of the query.
    pub fn answer_at_once(
        &mut self,
        session: SessionId,
        statement: &Statement,
    ) -> Option<Result<Reply, SqlError>> {
        let state = self.session(session);
        if state.part != Part::Alone || state.transaction.is_some() || self.footprints.are_wanted() {
            return None;
        }
        let isolation = state.settings.isolation().unwrap_or(self.options.isolation);
        let is_watched = matches!(isolation, Isolation::Serializable | Isolation::Strict);
        if is_watched || !self.options.bugs.is_empty() {
            return None;
        }
        let text = Text::of(&statement.sql).ok()?;
        self.refresh(session);
        let plan = text.plan(&self.catalog, &self.session(session).naming).ok()??;
        let Kind::Query(query) = &plan.kind else { return None };
        let locks = self.locks.get_mut();
        let is_free = |(oid, mode)| locks.would_grant(session, Tag::Relation(oid), mode);
        if !plan.is_over_at_once || plan.refusal.is_some() || !plan.uses.iter().copied().all(is_free) {
            return None;
        }
        let reader = Reader {
            sequence: self.transactions.commits(),
            top: None,
            command: 0,
            dirty: isolation == Isolation::ReadUncommitted,
        };
        Some(data(&plan.parameters, &statement.params).and_then(|parameters| {
            let moment = self.moment(session);
            let world = World::new(self, session, reader, &[]);
            let cx = Context { world: Some(&world), moment: &moment, parameters: &parameters, outer: None };
            let rows = query::rows(query, &cx)?;
            Ok(reply(Outcome { affected: 0, rows }, &query.columns, plan.names.clone()))
        }))
    }
}

/// Whether this is a query that never waits, once it has the locks of what it uses, and asks nothing of its session or
/// its transaction, nor of what the engine knows of itself.
pub(crate) fn is_over(kind: &Kind, uses: &[(Oid, Mode)], catalog: &Catalog) -> bool {
    let Kind::Query(query) = kind else { return false };
    let is_engine = |expr: &Expr, _: usize| matches!(expr, Expr::Engine(..));
    let is_system =
        |oid: &Oid| matches!(catalog.object(*oid), Some(Object::System(_) | Object::Sequence(_)) | None);
    let is_named = |column: &Output| column.ty == Type::of(Scalar::Regclass);
    !query.any(&is_engine)
        && !uses.iter().any(|(oid, _)| is_system(oid))
        && !query.columns.iter().any(is_named)
}
