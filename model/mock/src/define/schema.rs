//! CREATE SCHEMA.

use crate::catalog::{DATABASE, Notes, Object, Privilege, SCHEMAS, Schema, identifier, parts};
use crate::error::{error, unsupported};
use crate::executor::Executor;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;

impl Executor {
    pub(super) async fn create_schema(
        &self,
        name: &ast::SchemaName,
        if_not_exists: bool,
    ) -> Result<Reply, SqlError> {
        let (name, owner) = match name {
            ast::SchemaName::Simple(name) => (Some(name), None),
            ast::SchemaName::UnnamedAuthorization(owner) => (None, Some(owner)),
            ast::SchemaName::NamedAuthorization(name, owner) => (Some(name), Some(owner)),
        };
        let owner = owner.map(|owner| self.role(&crate::command::RoleName::of(owner))).transpose()?;
        let name = match name {
            Some(name) => match &*parts(name)? {
                [name] => name.clone(),
                _ => return Err(unsupported(format!("the schema {name}"))),
            },
            None => {
                let role = owner.and_then(|owner| self.object(owner));
                role.map(|role| role.name()).expect("without a name there is an owner")
            }
        };
        let exists = self.with(|database| {
            database.refresh(self.session);
            let user = database.session(self.session).naming.user;
            let catalog = database.catalog(self.session);
            catalog.require(user, DATABASE, Privilege::Create)?;
            if let Some(owner) = owner {
                catalog.require_member(user, owner)?;
            }
            if name.starts_with("pg_") {
                return Err(error("42939", format!("unacceptable schema name \"{name}\"")));
            }
            if catalog.schema(&name).is_some() {
                let message = format!("schema \"{name}\" already exists");
                if !if_not_exists {
                    return Err(error("42P06", message));
                }
                database.session(self.session).notice(format!("{message}, skipping"));
                return Ok(Some(Reply::default()));
            }
            Ok(None)
        })?;
        if let Some(reply) = exists {
            return Ok(reply);
        }
        self.claim_name(SCHEMAS, &name).await?;
        self.with(|database| {
            let oid = database.new_oid();
            database.define(self.session, oid, Some(Object::Schema(Schema { name }.into())));
            if let Some(owner) = owner {
                database.note(self.session, oid, Notes::of(owner));
            }
            Ok(Reply::default())
        })
    }
}

impl crate::command::RoleName {
    /// That of a name which the parser has read.
    pub(super) fn of(ident: &ast::Ident) -> Self {
        match (&ident.quote_style, &*identifier(ident)) {
            (None, "current_user" | "current_role") => Self::CurrentUser,
            (None, "session_user") => Self::SessionUser,
            _ => Self::Named(ident.clone()),
        }
    }
}
