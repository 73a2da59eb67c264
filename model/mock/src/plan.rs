//! Statements, parsed and planned, kept by their text.
//!
//! Parsing takes longer than executing a short statement, so what a text means is found out once in a thread.
//! A plan serves every database whose catalog is the same.

use crate::catalog::{Catalog, Naming};
use crate::change::{Delete, Insert, Update};
use crate::expression::Binder;
use crate::ids::Oid;
use crate::locks::Mode;
use crate::query::Query;
use crate::sql::{self, Parsed};
use crate::types::Type;
use drawloom_model::SqlError;
use sqlparser::ast;
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
    /// The types of `$1`, `$2`, ...
    pub parameters: Vec<Type>,
    pub kind: Kind,
}

/// What a plan does.
#[derive(Debug)]
pub(crate) enum Kind {
    Query(Query),
    Insert(Insert),
    Update(Update),
    Delete(Delete),
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
        let text = Rc::new(Text::declared(sql, Vec::new())?);
        TEXTS.with_borrow_mut(|texts| {
            if texts.len() >= TEXTS_MAX {
                texts.clear();
            }
            texts.insert(sql.into(), text.clone());
        });
        Ok(text)
    }

    /// What a text means whose parameters have these types; this is not kept.
    ///
    /// # Errors
    /// It cannot be parsed.
    pub fn declared(sql: &str, declared: Vec<Type>) -> Result<Text, SqlError> {
        Ok(Text { sql: sql.into(), parsed: sql::parse(sql)?, declared, plans: RefCell::default() })
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
        let Some(plan) = Plan::of(statement, catalog, naming, &self.declared)? else { return Ok(None) };
        let plan = Rc::new(plan);
        if plans.len() >= PLANS_MAX {
            plans.remove(0);
        }
        plans.push(Known { version, naming: naming.clone(), plan: plan.clone() });
        Ok(Some(plan))
    }
}

impl Plan {
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
        let mut binder = Binder::new(catalog, naming);
        binder.parameters.extend_from_slice(declared);
        let kind = match ast {
            ast::Statement::Query(query) => {
                let mut query = binder.query(query)?;
                binder.settle(&mut query)?;
                Kind::Query(query)
            }
            ast::Statement::Insert(insert) => Kind::Insert(binder.insert(insert)?),
            ast::Statement::Update(update) => Kind::Update(binder.update(update)?),
            ast::Statement::Delete(delete) => Kind::Delete(binder.delete(delete)?),
            _ => return Ok(None),
        };
        if let Some(place) = binder.parameters.iter().position(|ty| *ty == Type::UNKNOWN) {
            let message = format!("could not determine data type of parameter ${}", place + 1);
            return Err(crate::error::error("42P18", message));
        }
        Ok(Some(Plan { uses: binder.uses, parameters: binder.parameters, kind }))
    }

    /// Whether it changes rows.
    pub fn writes(&self) -> bool {
        !matches!(self.kind, Kind::Query(_))
    }
}
