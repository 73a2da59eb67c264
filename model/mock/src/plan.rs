//! Statements, parsed and planned, kept by their text.
//!
//! Parsing takes longer than executing a short statement, so what a text means is found out once in a thread.
//! A plan serves every database whose catalog is the same.

use crate::at_once;
use crate::catalog::{Catalog, Naming, Object, identifier};
use crate::change::{Delete, Insert, Merge, Returning, Source, Update};
use crate::define::derived;
use crate::error::{error, unsupported};
use crate::explain;
use crate::expression::{Binder, Expr, Need, VisibleCte};
use crate::ids::Oid;
use crate::locks::Mode;
use crate::query::{Cte, Output, Query};
use crate::sql::{self, Parsed};
use crate::store::RowLock;
use crate::types::{Datum, Type};
use drawloom_model::SqlError;
use sqlparser::ast;
use sqlparser::tokenizer::TokenWithSpan;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many texts are kept.
const TEXTS_MAX: usize = 4_096;

/// How many plans of one text are kept, for as many catalogs.
const PLANS_MAX: usize = 16;

thread_local! {
    static TEXTS: RefCell<BTreeMap<Box<str>, Rc<Text>>> = const { RefCell::new(BTreeMap::new()) };
}

/// A text that was parsed.
#[derive(Debug)]
pub(crate) struct Text {
    /// Empty for a part of another one.
    pub sql: Rc<str>,
    pub parsed: Parsed,
    /// The types of its parameters, as far as they were declared.
    declared: Vec<Type>,
    plans: RefCell<Vec<Known>>,
}

#[derive(Debug)]
struct Known {
    version: u64,
    naming: Naming,
    plan: Rc<Plan>,
}

/// A statement that reads or changes rows, ready to be executed.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The relations that it uses, and how it locks them.
    pub uses: Vec<(Oid, Mode)>,
    /// What its user has to be allowed.
    pub needs: Vec<Need>,
    /// Why its user may not execute it.
    pub refusal: Option<SqlError>,
    /// The types of `$1`, `$2`, ...
    pub parameters: Vec<Type>,
    /// What its WITH does before.
    pub before: Vec<Before>,
    pub kind: Kind,
    /// Whether it never waits where nobody is in its way, and asks nothing of its transaction.
    pub is_over_at_once: bool,
    /// How it locks rows that it reads; the first that it says.
    pub row_lock: Option<RowLock>,
    /// What its reply's columns are called.
    pub names: Rc<[String]>,
}

/// A subquery of WITH in a statement of which some part changes rows: all parts see the same snapshot, and none sees
/// what another one does.
#[derive(Debug)]
pub(crate) enum Before {
    Rows(Rc<Cte>),
    /// A change, whose RETURNING gives the rows of this number and name.
    Change(usize, Rc<str>, Box<Kind>),
}

/// What a plan does.
#[derive(Debug)]
pub(crate) enum Kind {
    Query(Query),
    Insert(Insert),
    Update(Update),
    Delete(Delete),
    Merge(Merge),
}

impl Text {
    /// What a text means.
    ///
    /// # Errors
    /// It cannot be parsed.
    pub fn of(sql: &str) -> Result<Rc<Text>, SqlError> {
        if let Some(text) = TEXTS.with_borrow(|texts| texts.get(sql).cloned()) {
            return Ok(text);
        }
        let text = Rc::new(Text {
            sql: sql.into(),
            parsed: sql::parse(sql)?,
            declared: Vec::new(),
            plans: RefCell::default(),
        });
        TEXTS.with_borrow_mut(|texts| {
            if texts.len() >= TEXTS_MAX {
                texts.clear();
            }
            texts.insert(sql.into(), text.clone());
        });
        Ok(text)
    }

    /// What a part of a text means whose parameters have these types; this is not kept.
    ///
    /// # Errors
    /// It cannot be parsed.
    pub fn declared(tokens: Vec<TokenWithSpan>, declared: Vec<Type>) -> Result<Text, SqlError> {
        let parsed = Parsed::Statements(sql::statements(tokens)?);
        Ok(Text { sql: "".into(), parsed, declared, plans: RefCell::default() })
    }

    /// The plan of its only statement, if that reads or changes rows.
    ///
    /// # Errors
    /// It cannot be bound.
    pub fn plan(&self, catalog: &Catalog, naming: &Naming) -> Result<Option<Rc<Plan>>, SqlError> {
        let mut plans = self.plans.borrow_mut();
        let version = catalog.version();
        if let Some(known) = plans.iter().find(|known| known.version == version && known.naming == *naming) {
            return Ok(Some(known.plan.clone()));
        }
        let Parsed::Statements(statements) = &self.parsed else { return Ok(None) };
        let [statement] = statements.as_slice() else { return Ok(None) };
        let plan = Plan::of(statement, catalog, naming, &self.declared);
        let Some(plan) = plan.map_err(|failure| sql::placed(failure, &self.sql))? else { return Ok(None) };
        let plan = Rc::new(plan);
        if plans.len() >= PLANS_MAX {
            plans.remove(0);
        }
        plans.push(Known { version, naming: naming.clone(), plan: plan.clone() });
        Ok(Some(plan))
    }
}

impl Kind {
    /// What it gives.
    pub fn columns(&self) -> &[Output] {
        let returning = match self {
            Kind::Query(query) => return &query.columns,
            Kind::Insert(insert) => &insert.returning,
            Kind::Update(update) => &update.returning,
            Kind::Delete(delete) => &delete.returning,
            Kind::Merge(_) => return &[],
        };
        returning.as_ref().map_or(&[], |returning| &returning.columns)
    }
}

impl Kind {
    /// Whether this is so of any of its expressions, those of its subqueries too. MERGE is not asked.
    pub fn any(&self, test: &dyn Fn(&Expr, usize) -> bool) -> bool {
        let all = |exprs: &[Expr]| exprs.iter().any(|expr| expr.any(test));
        let shown = |returning: &Option<Returning>| returning.as_ref().is_some_and(|it| all(&it.list));
        let read = |source: &Source| source.select.any(0, test);
        match self {
            Kind::Query(query) => query.any(test),
            Kind::Insert(it) => it.source.any(test) || all(&it.values) || shown(&it.returning),
            Kind::Update(it) => {
                let assigned = it.assignments.iter().any(|(_, expr)| expr.any(test));
                read(&it.source) || assigned || shown(&it.returning)
            }
            Kind::Delete(it) => read(&it.source) || shown(&it.returning),
            Kind::Merge(_) => unreachable!("a MERGE is never over at once"),
        }
    }
}

/// Whether a query or a subquery of its WITH changes rows.
fn changes(query: &ast::Query) -> bool {
    let with = query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| &*cte.query);
    with.chain([query]).any(|query| is_change(&query.body))
}

fn is_change(body: &ast::SetExpr) -> bool {
    matches!(
        body,
        ast::SetExpr::Insert(_) | ast::SetExpr::Update(_) | ast::SetExpr::Delete(_) | ast::SetExpr::Merge(_)
    )
}

impl Binder<'_> {
    /// A query, or the change that stands in the place of one. Its WITH is bound already.
    fn kind(&mut self, query: &ast::Query) -> Result<Kind, SqlError> {
        Ok(match &*query.body {
            ast::SetExpr::Insert(ast::Statement::Insert(insert)) => Kind::Insert(self.insert(insert)?),
            ast::SetExpr::Update(ast::Statement::Update(update)) => Kind::Update(self.update(update)?),
            ast::SetExpr::Delete(ast::Statement::Delete(delete)) => Kind::Delete(self.delete(delete)?),
            ast::SetExpr::Merge(ast::Statement::Merge(merge)) => Kind::Merge(self.merge(merge)?),
            body if is_change(body) => return Err(unsupported("this statement with WITH")),
            _ => {
                let mut query = self.query(&ast::Query { with: None, ..query.clone() })?;
                self.settle(&mut query)?;
                Kind::Query(query)
            }
        })
    }

    /// A WITH of which some part changes rows.
    fn with_changes(&mut self, with: &ast::With) -> Result<Vec<Before>, SqlError> {
        let mut before = Vec::new();
        for cte in &with.cte_tables {
            if !is_change(&cte.query.body) {
                let single = ast::With { cte_tables: vec![cte.clone()], ..with.clone() };
                before.extend(self.with(&single)?.into_iter().map(Before::Rows));
                continue;
            }
            let name = identifier(&cte.alias.name);
            let number = self.cte_count;
            self.cte_count += 1;
            if matches!(*cte.query.body, ast::SetExpr::Merge(_)) {
                return Err(crate::error::error("0A000", "MERGE not supported in WITH query"));
            }
            let kind = self.kind(&cte.query)?;
            let mut columns = kind.columns().to_vec();
            columns.iter_mut().zip(&cte.alias.columns).for_each(|(column, alias)| {
                column.name = identifier(&alias.name);
            });
            self.ctes.push(VisibleCte { name: name.clone(), number, columns, is_change: true });
            before.push(Before::Change(number, name, kind.into()));
        }
        Ok(before)
    }
}

/// Refuses what a user may not do, and what cannot be read yet.
///
/// # Errors
/// `42501`, `55000`
pub(crate) fn check_needs(catalog: &Catalog, user: Oid, needs: &[Need]) -> Result<(), SqlError> {
    for need in needs {
        catalog.require(need.role.unwrap_or(user), need.relation, need.privilege)?;
    }
    for need in needs {
        if let Some(Object::View(view)) = catalog.object(need.relation)
            && view.materialized.as_ref().is_some_and(|materialized| !materialized.is_populated)
        {
            let message = format!("materialized view \"{}\" has not been populated", view.name);
            return Err(error("55000", message));
        }
    }
    Ok(())
}

impl Plan {
    /// Refuses the user who may not execute it.
    ///
    /// # Errors
    /// `42501`, `55000`
    pub fn check_user(&self) -> Result<(), SqlError> {
        self.refusal.clone().map_or(Ok(()), Err)
    }

    /// The plan of a statement, if it reads or changes rows.
    ///
    /// # Errors
    /// It cannot be bound.
    pub fn of(
        ast: &ast::Statement,
        catalog: &Catalog,
        naming: &Naming,
        declared: &[Type],
    ) -> Result<Option<Plan>, SqlError> {
        if let Some(statement) = explain::explained(ast)? {
            return Plan::explained(statement, catalog, naming, declared).map(Some);
        }
        let mut binder = Binder::new(catalog, naming);
        binder.parameters.extend_from_slice(declared);
        let mut before = Vec::new();
        let kind = match ast {
            ast::Statement::Query(query) if derived::into(query).is_some() => return Ok(None),
            ast::Statement::Query(query) if changes(query) => {
                if let Some(with) = &query.with {
                    before = binder.with_changes(with)?;
                }
                binder.kind(query)?
            }
            ast::Statement::Query(query) => {
                let mut query = binder.query(query)?;
                binder.settle(&mut query)?;
                if query.columns.is_empty() {
                    return Err(unsupported("an empty SELECT list"));
                }
                Kind::Query(query)
            }
            ast::Statement::Insert(insert) => Kind::Insert(binder.insert(insert)?),
            ast::Statement::Update(update) => Kind::Update(binder.update(update)?),
            ast::Statement::Delete(delete) => Kind::Delete(binder.delete(delete)?),
            ast::Statement::Merge(merge) => Kind::Merge(binder.merge(merge)?),
            _ => return Ok(None),
        };
        if let Some(place) = binder.parameters.iter().position(|ty| *ty == Type::UNKNOWN) {
            let message = format!("could not determine data type of parameter ${}", place + 1);
            return Err(error("42P18", message));
        }
        let names = kind.columns().iter().map(|column| column.name.as_ref().to_owned()).collect();
        let Binder { uses, needs, parameters, row_lock, .. } = binder;
        let refusal = check_needs(catalog, naming.user, &needs).err();
        let is_over_at_once =
            before.is_empty() && row_lock.is_none() && at_once::is_over(&kind, &uses, catalog);
        Ok(Some(Plan { uses, needs, refusal, parameters, before, kind, is_over_at_once, row_lock, names }))
    }

    /// What it is called.
    pub fn verb(&self) -> String {
        match (&self.kind, self.row_lock) {
            (Kind::Insert(_), _) => "INSERT".to_owned(),
            (Kind::Update(_), _) => "UPDATE".to_owned(),
            (Kind::Delete(_), _) => "DELETE".to_owned(),
            (Kind::Merge(_), _) => "MERGE".to_owned(),
            (Kind::Query(_), Some(mode)) => format!("SELECT {}", mode.clause()),
            (Kind::Query(_), None) => "SELECT".to_owned(),
        }
    }

    /// The plan that says how another statement would be executed: its lines are known already.
    fn explained(
        ast: &ast::Statement,
        catalog: &Catalog,
        naming: &Naming,
        declared: &[Type],
    ) -> Result<Plan, SqlError> {
        let plan = match ast {
            ast::Statement::Explain { .. } => None,
            _ => Plan::of(ast, catalog, naming, declared)?,
        };
        let plan = plan.ok_or_else(|| unsupported("EXPLAIN of this statement"))?;
        let lines = explain::explain(&plan, catalog, naming);
        let rows = lines.into_iter().map(|line| vec![Expr::Literal(Datum::text(line.as_str()))]).collect();
        let columns = vec![Output { name: "QUERY PLAN".into(), ty: Type::TEXT }];
        let names = ["QUERY PLAN".to_owned()].into();
        let kind = Kind::Query(Query::of_values(rows, columns));
        Ok(Plan { before: Vec::new(), kind, names, ..plan })
    }

    /// Whether it changes rows.
    pub fn writes(&self) -> bool {
        let writes = match &self.kind {
            Kind::Query(_) => false,
            Kind::Merge(merge) => merge.writes(),
            Kind::Insert(_) | Kind::Update(_) | Kind::Delete(_) => true,
        };
        writes || self.before.iter().any(|before| matches!(before, Before::Change(..)))
    }
}
