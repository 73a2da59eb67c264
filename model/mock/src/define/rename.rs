//! ALTER ... RENAME TO, OWNER TO, SET SCHEMA: of whatever has a name.

use crate::catalog::{
    Catalog, DATABASE, Index, Notes, Object, Privilege, QualifiedName, ROLES, Role, SCHEMAS, SUPERUSER,
    Schema, Sequence, Table, View, identifier, parts,
};
use crate::command::{Kind, RoleName};
use crate::database::Database;
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::ids::Oid;
use crate::locks::Mode;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use std::rc::Rc;

impl Executor {
    pub(super) async fn rename(
        &self,
        kind: Kind,
        name: &ast::ObjectName,
        if_exists: bool,
        to: &ast::Ident,
    ) -> Result<Reply, SqlError> {
        let to = identifier(to);
        match kind {
            Kind::Schema | Kind::Role => return self.rename_unqualified(kind, &parts(name)?, to).await,
            Kind::Database => return Err(unsupported("ALTER DATABASE RENAME")),
            _ => (),
        }
        let name = QualifiedName::of(name)?;
        let mode = if kind == Kind::Index { Mode::ShareUpdateExclusive } else { Mode::AccessExclusive };
        let Some(oid) = self.altered(kind, &name, if_exists, mode).await? else {
            return Ok(Reply::default());
        };
        let object = self.object(oid).expect("it is locked");
        let schema = object.place().expect("a relation is in a schema");
        self.claim_name(schema, &to).await?;
        self.with(|database| {
            let catalog = database.catalog(self.session);
            let user = database.session(self.session).naming.user;
            catalog.require(user, schema, Privilege::Create)?;
            if catalog.relation(schema, &to).is_some() {
                return Err(error("42P07", format!("relation \"{to}\" already exists")));
            }
            let constrained = catalog.constraint_of(oid);
            database.define(self.session, oid, Some(object.renamed(to.clone())));
            // A constraint has its index's name.
            if let Some((table, place)) = constrained
                && let Some(Object::Table(owner)) = database.catalog(self.session).object(table)
            {
                let mut owner = (**owner).clone();
                owner.constraints[place].name = to;
                database.define(self.session, table, Some(Object::Table(owner.into())));
            }
            Ok(Reply::default())
        })
    }

    /// The relation of an ALTER. `ALTER TABLE` knows them all.
    pub(super) async fn altered(
        &self,
        kind: Kind,
        name: &QualifiedName,
        if_exists: bool,
        mode: Mode,
    ) -> Result<Option<Oid>, SqlError> {
        let actual = self.with(|database| {
            database.refresh(self.session);
            let catalog = database.catalog(self.session);
            catalog.object(catalog.find(&database.session(self.session).naming, name)?).cloned()
        });
        let kinds = [Kind::Table, Kind::Index, Kind::Sequence, Kind::View, Kind::MaterializedView];
        let actual = actual.and_then(|object| kinds.into_iter().find(|kind| kind.covers(&object)));
        let kind = if kind == Kind::Table { actual.unwrap_or(kind) } else { kind };
        let found = self.own_relation(kind, name, mode).await?;
        if found.is_none() {
            if if_exists {
                let text = format!("relation \"{}\" does not exist, skipping", name.name);
                self.notice(&text);
            } else {
                return Err(error("42P01", format!("relation \"{name}\" does not exist")));
            }
        }
        Ok(found)
    }

    /// A schema's or a role's new name, once nobody else changes it or takes the name.
    async fn rename_unqualified(&self, kind: Kind, name: &[Rc<str>], to: Rc<str>) -> Result<Reply, SqlError> {
        let [name] = name else {
            return Err(unsupported(format!("a {}'s name of several parts", kind.name())));
        };
        let find = || {
            self.with(|database| {
                database.refresh(self.session);
                database.catalog(self.session).unqualified(kind, name)
            })
        };
        if let Ok(oid) = find() {
            self.claim_object(oid).await?;
            self.claim_name(if kind == Kind::Schema { SCHEMAS } else { ROLES }, &to).await?;
        }
        let oid = find()?;
        self.with(|database| {
            let renamed = match kind {
                Kind::Schema => self.renamed_schema(database, oid, to)?,
                _ => self.renamed_role(database, oid, to)?,
            };
            database.define(self.session, oid, Some(renamed));
            Ok(Reply::default())
        })
    }

    fn renamed_schema(&self, database: &Database, oid: Oid, to: Rc<str>) -> Result<Object, SqlError> {
        let catalog = database.catalog(self.session);
        if catalog.schema(&to).is_some() {
            return Err(error("42P06", format!("schema \"{to}\" already exists")));
        }
        self.require_owner(database, oid)?;
        catalog.require(database.session(self.session).naming.user, DATABASE, Privilege::Create)?;
        if to.starts_with("pg_") {
            return Err(error("42939", format!("unacceptable schema name \"{to}\"")));
        }
        Ok(Object::Schema(Schema { name: to }.into()))
    }

    fn renamed_role(&self, database: &Database, oid: Oid, to: Rc<str>) -> Result<Object, SqlError> {
        let (catalog, session) = (database.catalog(self.session), database.session(self.session));
        let role = catalog.role_of(oid).expect("it was found");
        if session.settings.own("session_authorization").is_some_and(|own| *own == role.name)
            || oid == SUPERUSER
        {
            return Err(error("0A000", "session user cannot be renamed"));
        }
        if oid == session.naming.user {
            return Err(error("0A000", "current user cannot be renamed"));
        }
        if catalog.role(&to).is_some() {
            return Err(error("42710", format!("role \"{to}\" already exists")));
        }
        if !catalog.is_superuser(session.naming.user)
            && !catalog.role_of(session.naming.user).is_some_and(|role| role.creates_roles)
        {
            return Err(error("42501", "permission denied to rename role"));
        }
        Ok(Object::Role(Role { name: to, ..(**role).clone() }.into()))
    }

    /// `SET SCHEMA`: what goes with a table moves with it.
    pub(super) async fn change_schema(
        &self,
        kind: Kind,
        name: &ast::ObjectName,
        if_exists: bool,
        to: &ast::Ident,
    ) -> Result<Reply, SqlError> {
        let (name, to) = (QualifiedName::of(name)?, identifier(to));
        let found = self.altered(kind, &name, if_exists, Mode::AccessExclusive).await?;
        let Some(oid) = found else { return Ok(Reply::default()) };
        let place = QualifiedName { schema: Some(to.clone()), name: name.name };
        let schema = self.new_place(&place, false).await?;
        self.with(|database| {
            let catalog = database.catalog(self.session);
            if catalog.object(oid).and_then(Object::place) == Some(schema) {
                return Ok(Reply::default());
            }
            let parts = catalog.belongings(oid);
            for part in parts {
                let catalog = database.catalog(self.session);
                let object = catalog.object(part).expect("it was found").clone();
                if catalog.relation(schema, &object.name()).is_some() {
                    let message = format!("relation \"{}\" already exists in schema \"{to}\"", object.name());
                    return Err(error("42P07", message));
                }
                database.define(self.session, part, Some(object.moved(schema)));
            }
            Ok(Reply::default())
        })
    }

    pub(super) async fn change_owner(
        &self,
        kind: Kind,
        name: &ast::ObjectName,
        if_exists: bool,
        to: &RoleName,
    ) -> Result<Reply, SqlError> {
        let oid = match kind {
            Kind::Schema | Kind::Database => {
                let name = QualifiedName::of(name)?.name;
                self.with(|database| {
                    database.refresh(self.session);
                    let oid = database.catalog(self.session).unqualified(kind, &name)?;
                    self.require_owner(database, oid)?;
                    Ok::<_, SqlError>(oid)
                })?
            }
            _ => {
                let name = QualifiedName::of(name)?;
                match self.altered(kind, &name, if_exists, Mode::AccessExclusive).await? {
                    Some(oid) => oid,
                    None => return Ok(Reply::default()),
                }
            }
        };
        let to = self.role(to)?;
        self.with(|database| {
            let catalog = database.catalog(self.session);
            let user = database.session(self.session).naming.user;
            catalog.require_member(user, to)?;
            let object = catalog.object(oid).expect("it was found");
            if let Some(schema) = object.place()
                && !catalog.is_superuser(user)
            {
                catalog.require(to, schema, Privilege::Create)?;
            }
            for part in catalog.belongings(oid) {
                let catalog = database.catalog(self.session);
                let from = catalog.owner(part);
                let mut notes =
                    catalog.notes(part).map_or_else(|| Notes::of(from), |notes| (**notes).clone());
                notes.owner = to;
                for grant in notes.grants.iter_mut().flatten() {
                    for role in [&mut grant.grantor, &mut grant.grantee] {
                        if *role == from {
                            *role = to;
                        }
                    }
                }
                database.note(self.session, part, notes);
            }
            Ok(Reply::default())
        })
    }
}

impl Catalog {
    /// An object, and those that go with it wherever it goes.
    pub fn belongings(&self, oid: Oid) -> Vec<Oid> {
        let belongs = |object: &Object| match object {
            Object::Index(index) => index.table == oid,
            Object::Sequence(sequence) => sequence.owner.is_some_and(|(owner, _)| owner == oid),
            _ => false,
        };
        let parts = self.objects().filter(|(_, object)| belongs(object)).map(|(oid, _)| oid);
        parts.chain([oid]).collect()
    }

    /// The constraint that an index serves: its table, and its place there.
    pub fn constraint_of(&self, index: Oid) -> Option<(Oid, usize)> {
        use crate::catalog::ConstraintKind::{PrimaryKey, Unique};
        let table = self.index(index)?.table;
        let serves =
            |kind: &_| matches!(kind, PrimaryKey { index: own } | Unique { index: own } if *own == index);
        let place = self.table(table)?.constraints.iter().position(|constraint| serves(&constraint.kind))?;
        Some((table, place))
    }

    /// The number of a relation's column of this name; the first is 1.
    pub fn attribute(&self, relation: Oid, name: &str) -> Option<u32> {
        let place = match self.object(relation)? {
            Object::Table(table) => table.column(name)?.0,
            Object::View(view) => view.columns.iter().position(|column| *column.name == *name)?,
            _ => return None,
        };
        u32::try_from(place + 1).ok()
    }
}

impl Object {
    fn renamed(&self, name: Rc<str>) -> Object {
        match self {
            Object::Table(table) => Object::Table(Table { name, ..(**table).clone() }.into()),
            Object::Index(index) => Object::Index(Index { name, ..(**index).clone() }.into()),
            Object::Sequence(sequence) => Object::Sequence(Sequence { name, ..(**sequence).clone() }.into()),
            Object::View(view) => {
                let mut view = View { name: name.clone(), ..(**view).clone() };
                if let Some(materialized) = &mut view.materialized {
                    Rc::make_mut(&mut materialized.table).name = name;
                }
                Object::View(view.into())
            }
            other => other.clone(),
        }
    }

    fn moved(&self, schema: Oid) -> Object {
        match self {
            Object::Table(table) => Object::Table(Table { schema, ..(**table).clone() }.into()),
            Object::Index(index) => Object::Index(Index { schema, ..(**index).clone() }.into()),
            Object::Sequence(sequence) => {
                Object::Sequence(Sequence { schema, ..(**sequence).clone() }.into())
            }
            Object::View(view) => {
                let mut view = View { schema, ..(**view).clone() };
                if let Some(materialized) = &mut view.materialized {
                    Rc::make_mut(&mut materialized.table).schema = schema;
                }
                Object::View(view.into())
            }
            other => other.clone(),
        }
    }
}
