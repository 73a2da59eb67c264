//! COMMENT ON.

use crate::catalog::{Notes, Object, QualifiedName, parts};
use crate::command::Kind;
use crate::error::error;
use crate::executor::Executor;
use crate::locks::Mode;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;

impl Executor {
    pub(super) async fn comment(
        &self,
        kind: Kind,
        name: &ast::ObjectName,
        text: Option<&str>,
    ) -> Result<Reply, SqlError> {
        let mut names = parts(name)?;
        let column = if kind == Kind::Column { names.pop() } else { None };
        let qualified = || match &*names {
            [name] => Ok(QualifiedName { schema: None, name: name.clone() }),
            [schema, name] => Ok(QualifiedName { schema: Some(schema.clone()), name: name.clone() }),
            _ => Err(error("42601", "column name must be qualified")),
        };
        let oid = match kind {
            Kind::Schema | Kind::Database | Kind::Role => self.with(|database| {
                database.refresh(self.session);
                let name = names.first().cloned().unwrap_or_default();
                database.catalog(self.session).unqualified(kind, &name)
            })?,
            _ => {
                let name = qualified()?;
                let found = match kind {
                    Kind::Column => {
                        self.altered(Kind::Table, &name, false, Mode::ShareUpdateExclusive).await?
                    }
                    _ => self.own_relation(kind, &name, Mode::ShareUpdateExclusive).await?,
                };
                found.ok_or_else(|| error("42P01", format!("relation \"{name}\" does not exist")))?
            }
        };
        self.with(|database| {
            self.require_owner(database, oid)?;
            let catalog = database.catalog(self.session);
            let place = match &column {
                None => 0,
                Some(column) => catalog.attribute(oid, column).ok_or_else(|| {
                    let relation = catalog.object(oid).map(Object::name).unwrap_or_default();
                    let message = format!("column \"{column}\" of relation \"{relation}\" does not exist");
                    error("42703", message)
                })?,
            };
            let owner = catalog.owner(oid);
            let mut notes = catalog.notes(oid).map_or_else(|| Notes::of(owner), |notes| (**notes).clone());
            match text {
                Some(text) => notes.comments.insert(place, text.into()),
                None => notes.comments.remove(&place),
            };
            database.note(self.session, oid, notes);
            Ok(Reply::default())
        })
    }
}
