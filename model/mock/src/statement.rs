//! A statement from its text to its reply.

use crate::bug::Bug;
use crate::catalog::{Object, Privilege};
use crate::change::Outcome;
use crate::define::takes_snapshot;
use crate::error::error;
use crate::executor::Executor;
use crate::expression::Need;
use crate::ids::Oid;
use crate::locks::{Mode, Tag};
use crate::options::Isolation;
use crate::plan::{self, Before, Kind, Plan, Text};
use crate::query::{self, Output, Query};
use crate::session::{Block, Part};
use crate::sql::Parsed;
use crate::store::Reader;
use crate::types::{Datum, Scalar, Type};
use crate::value::{data, reply};
use drawloom_model::{Class, Reply, SqlError, Value};
use sqlparser::ast;
use std::rc::Rc;

/// What stands for `$1`, `$2`, ...
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arguments<'a> {
    /// From the client.
    Values(&'a [Value]),
    /// Of the types that the plan takes.
    Data(&'a [Datum]),
}

impl Executor {
    /// Executes a statement.
    ///
    /// # Errors
    /// Whatever PostgreSQL says of it. What it did is undone by then.
    pub async fn execute(
        &self,
        text: Result<Rc<Text>, SqlError>,
        values: &[Value],
    ) -> Result<Reply, SqlError> {
        let result = match text {
            Ok(text) => self.attempt(&text, values).await,
            Err(failure) => Err(failure),
        };
        match result {
            Ok(reply) => {
                self.commit_if_implicit().await?;
                Ok(reply)
            }
            Err(failure) if failure.class == Class::Cancelled && self.has(Bug::CancelledInForce) => {
                self.commit_if_implicit().await?;
                Err(failure)
            }
            Err(failure) => {
                self.with(|database| database.fail(self.session));
                Err(failure)
            }
        }
    }

    /// Commits what lasts no longer than its statement.
    async fn commit_if_implicit(&self) -> Result<(), SqlError> {
        let is_over = self.with(|database| {
            let session = database.session(self.session);
            let transaction = session.transaction.as_ref();
            session.part != Part::Inside
                && transaction.is_some_and(|transaction| transaction.block == Block::Implicit)
        });
        if is_over { self.commit().await } else { Ok(()) }
    }

    async fn attempt(&self, text: &Text, values: &[Value]) -> Result<Reply, SqlError> {
        match &text.parsed {
            Parsed::Utility(utility) => {
                if !utility.tells() {
                    self.touch_unknown();
                }
                Box::pin(self.session_utility(utility)).await
            }
            Parsed::Command(command) => {
                self.touch_unknown();
                self.enter_transaction().await?;
                Box::pin(self.command(command)).await
            }
            Parsed::Statements(statements) => match statements.as_slice() {
                [] => Ok(Reply::default()),
                [ast] => self.ordinary(text, ast, Arguments::Values(values)).await,
                _ => Err(error("42601", "cannot insert multiple commands into a prepared statement")),
            },
        }
    }

    /// Begins a transaction for a statement, if there is none.
    ///
    /// # Errors
    /// `25P02`: there is a failed one.
    pub fn open_transaction(&self) -> Result<(), SqlError> {
        self.with(|database| {
            match &database.session(self.session).transaction {
                None => database.begin(self.session, Block::Implicit),
                Some(transaction) if transaction.block == Block::Failed => {
                    let message =
                        "current transaction is aborted, commands ignored until end of transaction block";
                    return Err(error("25P02", message));
                }
                Some(_) => (),
            }
            Ok(())
        })
    }

    /// Begins a transaction for a statement, if there is none, and waits for its turn where transactions go one after
    /// the other.
    async fn enter_transaction(&self) -> Result<(), SqlError> {
        self.open_transaction()?;
        if self.with(|database| database.session(self.session).transaction().isolation == Isolation::Strict) {
            self.lock(Tag::Object(Oid(0)), Mode::Exclusive, "another transaction").await?;
        }
        Ok(())
    }

    /// Executes a statement that reads or changes rows, or defines something.
    ///
    /// # Errors
    /// Those of the statement.
    pub async fn ordinary(
        &self,
        text: &Text,
        ast: &ast::Statement,
        arguments: Arguments<'_>,
    ) -> Result<Reply, SqlError> {
        self.enter_transaction().await?;
        if takes_snapshot(ast) {
            self.await_safe_snapshot().await?;
        }
        let plan = loop {
            if let Some(plan) = self.stale_plan(text) {
                break plan;
            }
            let (plan, version) = self.with(|database| {
                database.refresh(self.session);
                let catalog = database.catalog(self.session);
                let plan = text.plan(catalog, &database.session(self.session).naming);
                (plan, catalog.version())
            });
            let Some(plan) = plan? else {
                // It is executed as it stands.
                return Box::pin(self.utility(ast)).await;
            };
            self.refuse_if_read_only(&plan)?;
            self.refuse_if_renamed(&plan)?;
            // With one snapshot for all statements it is taken before anything is waited for.
            self.keep_snapshot();
            self.lock_relations(&plan.uses).await?;
            // What it waited for may have changed what its names mean.
            let is_current = self.with(|database| {
                database.refresh(self.session);
                database.catalog(self.session).version() == version
            });
            if is_current {
                self.keep_stale_plan(text, &plan);
                break plan;
            }
        };
        self.perform(&plan, arguments).await
    }

    /// A plan of before, with [`Bug::StalePlan`] if its tables have been altered since, with [`Bug::DroppedTable`]
    /// if they have been dropped.
    fn stale_plan(&self, text: &Text) -> Option<Rc<Plan>> {
        let (altered, dropped) = (self.has(Bug::StalePlan), self.has(Bug::DroppedTable));
        if (!altered && !dropped) || text.sql.is_empty() {
            return None;
        }
        self.with(|database| {
            database.refresh(self.session);
            let (plan, indexes) = database.session(self.session).stale_plans.get(&text.sql)?.clone();
            let catalog = database.catalog(self.session);
            let stands = plan.uses.iter().all(|(oid, _)| catalog.object(*oid).is_some());
            // Without an index that it may ask, or keep, it cannot be executed.
            if stands && indexes.iter().any(|index| catalog.object(*index).is_none()) {
                return None;
            }
            let readable = plan.uses.iter().all(|(oid, _)| database.files.contains_key(oid));
            (readable && if stands { altered } else { dropped }).then_some(plan)
        })
    }

    fn keep_stale_plan(&self, text: &Text, plan: &Rc<Plan>) {
        if (self.has(Bug::StalePlan) || self.has(Bug::DroppedTable)) && !text.sql.is_empty() {
            self.with(|database| {
                let catalog = database.catalog(self.session);
                let indexes = plan.uses.iter().flat_map(|(oid, _)| catalog.indexes_of(*oid));
                let indexes = indexes.map(|(index, _)| index).collect();
                let plans = &mut database.session_mut(self.session).stale_plans;
                plans.insert(text.sql.clone(), (plan.clone(), indexes));
            });
        }
    }

    /// With [`Bug::NonAtomicRename`], a table that another transaction has renamed has no name until that one ends.
    ///
    /// # Errors
    /// `42P01`
    fn refuse_if_renamed(&self, plan: &Plan) -> Result<(), SqlError> {
        if !self.has(Bug::NonAtomicRename) {
            return Ok(());
        }
        self.with(|database| {
            let catalog = database.catalog(self.session);
            let others = database.sessions.iter().filter(|(session, _)| *session != self.session);
            let drafts = others.filter_map(|(_, other)| other.transaction.as_ref()?.draft.as_ref());
            for (draft, (oid, _)) in drafts.flat_map(|draft| plan.uses.iter().map(move |used| (draft, used)))
            {
                let name = catalog.object(*oid).map(Object::name);
                if draft.catalog.object(*oid).is_some_and(|object| Some(object.name()) != name) {
                    return Err(error(
                        "42P01",
                        format!("relation \"{}\" does not exist", name.unwrap_or_default()),
                    ));
                }
            }
            Ok(())
        })
    }

    /// Refuses a statement that changes or locks rows in a transaction that may not write, unless they are the session's
    /// own.
    ///
    /// # Errors
    /// `25006`
    fn refuse_if_read_only(&self, plan: &Plan) -> Result<(), SqlError> {
        let writes = self.with(|database| {
            if !database.session(self.session).transaction().is_read_only {
                return false;
            }
            let catalog = database.catalog(self.session);
            let temporary = database.temporary_schema(self.session);
            let is_own =
                |oid: Oid| temporary.is_some() && catalog.object(oid).and_then(Object::place) == temporary;
            let writes = |need: &Need| {
                use Privilege::{Delete, Insert, Update};
                matches!(need.privilege, Delete | Insert | Update) && !is_own(need.relation)
            };
            plan.needs.iter().any(writes)
        });
        match writes {
            true => Err(read_only(&plan.verb())),
            false => Ok(()),
        }
    }

    /// Executes a plan whose relations are locked.
    ///
    /// # Errors
    /// Those of the statement.
    pub async fn perform(&self, plan: &Plan, arguments: Arguments<'_>) -> Result<Reply, SqlError> {
        let parameters = match arguments {
            Arguments::Values(values) => &data(&plan.parameters, values)?,
            Arguments::Data(data) => data,
        };
        plan.check_user()?;
        self.with(|database| database.session_mut(self.session).kept.clear());
        let reader = self.reader();
        if !plan.before.is_empty() {
            Box::pin(self.begin_plan(plan, reader, parameters)).await?;
        }
        let mut outcome = self.one(&plan.kind, reader, parameters).await?;
        if plan.writes() {
            self.with(|database| database.session_mut(self.session).transaction_mut().command += 1);
            self.check_keys().await?;
        }
        self.name_relations(&mut outcome, plan.kind.columns());
        Ok(reply(outcome, plan.kind.columns(), plan.names.clone()))
    }

    /// What a plan's WITH does before.
    async fn begin_plan(&self, plan: &Plan, reader: Reader, parameters: &[Datum]) -> Result<(), SqlError> {
        for before in &plan.before {
            match before {
                Before::Rows(cte) => self.read(reader, parameters, |cx| cte.fill(cx)).await?,
                Before::Change(number, _, kind) => {
                    let rows = self.one(kind, reader, parameters).await?.rows.into();
                    self.with(|database| database.session_mut(self.session).kept.insert(*number, rows));
                }
            }
        }
        Ok(())
    }

    /// One part of a statement.
    async fn one(&self, kind: &Kind, reader: Reader, parameters: &[Datum]) -> Result<Outcome, SqlError> {
        match kind {
            Kind::Query(query) => {
                let rows = self.query(query, reader, parameters).await?;
                Ok(Outcome { affected: 0, rows })
            }
            Kind::Insert(insert) => Box::pin(self.insert(insert, reader, parameters)).await,
            Kind::Update(update) => Box::pin(self.update(update, reader, parameters)).await,
            Kind::Delete(delete) => Box::pin(self.delete(delete, reader, parameters)).await,
            Kind::Merge(merge) => Box::pin(self.merge(merge, reader, parameters)).await,
        }
    }

    /// Puts names for the numbers in columns of `regclass`.
    pub fn name_relations(&self, outcome: &mut Outcome, columns: &[Output]) {
        let named = columns.iter().enumerate().filter(|(_, column)| column.ty == Type::of(Scalar::Regclass));
        for (place, _) in named {
            self.with(|database| {
                for row in &mut outcome.rows {
                    row[place] = database.relation_name(self.session, &row[place]);
                }
            });
        }
    }

    /// Refuses what the user may not do, and what cannot be read yet.
    ///
    /// # Errors
    /// `42501`, `55000`
    pub fn check_needs(&self, needs: &[Need]) -> Result<(), SqlError> {
        self.with(|database| {
            let user = database.session(self.session).naming.user;
            plan::check_needs(database.catalog(self.session), user, needs)
        })
    }

    /// The rows of a query.
    ///
    /// # Errors
    /// Those of the query.
    pub async fn query(
        &self,
        query: &Query,
        reader: Reader,
        parameters: &[Datum],
    ) -> Result<Vec<Vec<Datum>>, SqlError> {
        if query.locks_rows() {
            return Box::pin(self.lock_rows(query, reader, parameters, &[])).await;
        }
        self.read(reader, parameters, |cx| query::rows(query, cx)).await
    }
}

/// A statement that may not be: its transaction does not write.
pub(crate) fn read_only(verb: &str) -> SqlError {
    error("25006", format!("cannot execute {verb} in a read-only transaction"))
}
