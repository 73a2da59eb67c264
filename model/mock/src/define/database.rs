//! CREATE and DROP DATABASE: names only, for every session is in the same one.

use crate::catalog::{Catalog, DATABASE, DATABASES, Notes, Object, identifier};
use crate::command::RoleName;
use crate::error::error;
use crate::executor::Executor;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;

impl Executor {
    pub(super) async fn create_database(
        &self,
        name: &ast::Ident,
        owner: Option<&RoleName>,
    ) -> Result<Reply, SqlError> {
        self.refuse_block("CREATE DATABASE")?;
        let name = identifier(name);
        let owner = owner.map(|owner| self.role(owner)).transpose()?;
        self.claim_name(DATABASES, &name).await?;
        self.with(|database| {
            database.refresh(self.session);
            let user = database.session(self.session).naming.user;
            let catalog = database.catalog(self.session);
            let role = catalog.role_of(user);
            if !role.is_some_and(|role| role.is_superuser || role.creates_databases) {
                return Err(error("42501", "permission denied to create database"));
            }
            if catalog.database(&name).is_some() {
                return Err(error("42P04", format!("database \"{name}\" already exists")));
            }
            let oid = database.new_oid();
            database.define(self.session, oid, Some(Object::Database(name)));
            if let Some(owner) = owner {
                database.note(self.session, oid, Notes::of(owner));
            }
            Ok(Reply::default())
        })
    }

    pub(super) async fn drop_database(&self, name: &ast::Ident, if_exists: bool) -> Result<Reply, SqlError> {
        self.refuse_block("DROP DATABASE")?;
        let name = identifier(name);
        let found = self.with(|database| {
            database.refresh(self.session);
            database.catalog(self.session).database(&name)
        });
        if let Some(oid) = found {
            self.claim_object(oid).await?;
        }
        self.with(|database| {
            database.refresh(self.session);
            let Some(oid) = database.catalog(self.session).database(&name) else {
                let message = format!("database \"{name}\" does not exist");
                if !if_exists {
                    return Err(error("3D000", message));
                }
                database.session(self.session).notice(format!("{message}, skipping"));
                return Ok(Reply::default());
            };
            self.require_owner(database, oid)?;
            if oid == DATABASE {
                return Err(error("55006", "cannot drop the currently open database"));
            }
            if oid < Catalog::first_oid() {
                return Err(error("42809", "cannot drop a template database"));
            }
            database.define(self.session, oid, None);
            Ok(Reply::default())
        })
    }
}
