//! PREPARE, EXECUTE and DEALLOCATE (PostgreSQL's prepare.c).

use crate::error::error;
use crate::executor::Executor;
use crate::expression::Binder;
use crate::plan::{Plan, Text};
use crate::query::Output;
use crate::session::Prepared;
use crate::sql::Parsed;
use crate::statement::Arguments;
use crate::types::{self, Datum, Type, cast};
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use sqlparser::tokenizer::TokenWithSpan;
use std::rc::Rc;

impl Executor {
    pub(super) fn prepare(
        &self,
        name: &Rc<str>,
        declared: &[ast::DataType],
        statement: &[TokenWithSpan],
    ) -> Result<(), SqlError> {
        let ty = |ty: &ast::DataType| types::name::parse(ty).map(|(ty, _)| ty);
        let declared = declared.iter().map(ty).collect::<Result<Vec<Type>, SqlError>>()?;
        let text = Rc::new(Text::declared(statement.to_vec(), declared)?);
        let plan = self.current_plan(&text)?;
        let columns = plan.as_deref().map(|plan| plan.kind.columns().to_vec()).unwrap_or_default();
        let parameters = plan.map(|plan| plan.parameters.clone()).unwrap_or_default();
        self.with(|database| {
            let prepared = &mut database.session_mut(self.session).prepared;
            if prepared.contains_key(name) {
                return Err(error("42P05", format!("prepared statement \"{name}\" already exists")));
            }
            prepared.insert(name.clone(), Prepared { text, parameters, columns });
            Ok(())
        })
    }

    pub(super) async fn execute_prepared(
        &self,
        name: &str,
        arguments: &[ast::Expr],
    ) -> Result<Reply, SqlError> {
        let missing = || error("26000", format!("prepared statement \"{name}\" does not exist"));
        let (text, parameters, was) = self
            .with(|database| {
                let prepared = database.session(self.session).prepared.get(name)?;
                Some((prepared.text.clone(), prepared.parameters.clone(), prepared.columns.clone()))
            })
            .ok_or_else(missing)?;
        if arguments.len() != parameters.len() {
            let message = format!("wrong number of parameters for prepared statement \"{name}\"");
            return Err(error("42601", message));
        }
        let data = self.arguments(&parameters, arguments).await?;
        // What is wrong now is wrong in the text that was prepared.
        let plan = self.current_plan(&text).map_err(SqlError::elsewhere)?;
        let same = |(a, b): (&Output, &Output)| a.name == b.name && a.ty == b.ty;
        if let Some(plan) = plan {
            let is = plan.kind.columns().to_vec();
            if is.len() != was.len() || !is.iter().zip(&was).all(same) {
                return Err(error("0A000", "cached plan must not change result type"));
            }
        }
        match &text.parsed {
            Parsed::Statements(statements) if statements.len() == 1 => {
                let ordinary = self.ordinary(&text, &statements[0], Arguments::Data(&data));
                Box::pin(ordinary).await.map_err(SqlError::elsewhere)
            }
            _ => unreachable!("one statement was prepared"),
        }
    }

    pub(super) fn deallocate(&self, name: Option<&str>) -> Result<(), SqlError> {
        self.with(|database| {
            let prepared = &mut database.session_mut(self.session).prepared;
            match name {
                None => prepared.clear(),
                Some(name) if prepared.remove(name).is_some() => (),
                Some(name) => {
                    return Err(error("26000", format!("prepared statement \"{name}\" does not exist")));
                }
            }
            Ok(())
        })
    }

    fn current_plan(&self, text: &Text) -> Result<Option<Rc<Plan>>, SqlError> {
        self.with(|database| {
            database.refresh(self.session);
            text.plan(database.catalog(self.session), &database.session(self.session).naming)
        })
    }

    /// The arguments, as the types that the statement takes.
    async fn arguments(&self, types: &[Type], arguments: &[ast::Expr]) -> Result<Vec<Datum>, SqlError> {
        if arguments.is_empty() {
            return Ok(Vec::new());
        }
        let bound = self.with(|database| {
            let catalog = database.catalog(self.session);
            let mut binder = Binder::new(catalog, &database.session(self.session).naming);
            let mut exprs = Vec::new();
            for ((argument, ty), number) in arguments.iter().zip(types).zip(1..) {
                let bound = binder.in_clause("EXECUTE parameters", |binder| binder.expr(argument))?;
                let from = bound.ty;
                let fits = from == Type::UNKNOWN
                    || from == *ty
                    || cast::find(from, *ty).is_some_and(|cast| cast.context <= cast::Context::Assignment);
                if !fits {
                    let message = format!(
                        "parameter ${number} of type {from} cannot be coerced to the expected type {ty}"
                    );
                    return Err(error("42804", message));
                }
                exprs.push(binder.assign(bound, *ty, None)?);
            }
            Ok(exprs)
        })?;
        self.await_safe_snapshot().await?;
        let reader = self.reader();
        self.read(reader, &[], |cx| bound.iter().map(|expr| expr.evaluate(cx, &[])).collect()).await
    }
}
