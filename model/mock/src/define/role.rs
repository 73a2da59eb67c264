//! Roles: CREATE, ALTER and DROP ROLE, SET ROLE.

use crate::catalog::{Catalog, EVERYBODY, Object, ROLES, Role, identifier};
use crate::command::{Kind, Membership, RoleName, RoleOption};
use crate::error::error;
use crate::executor::Executor;
use crate::ids::Oid;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use std::rc::Rc;

impl Executor {
    /// The role that a statement names.
    ///
    /// # Errors
    /// `42704`: there is none.
    pub(super) fn role(&self, name: &RoleName) -> Result<Oid, SqlError> {
        self.with(|database| {
            database.refresh(self.session);
            let catalog = database.catalog(self.session);
            match name {
                RoleName::Named(ident) => catalog.unqualified(Kind::Role, &identifier(ident)),
                RoleName::CurrentUser => Ok(database.session(self.session).naming.user),
                RoleName::SessionUser => {
                    let settings = &database.session(self.session).settings;
                    catalog.unqualified(Kind::Role, &settings.get("session_authorization")?)
                }
                RoleName::Everybody => Ok(EVERYBODY),
            }
        })
    }

    pub(super) async fn create_role(
        &self,
        name: &ast::Ident,
        options: &[RoleOption],
    ) -> Result<Reply, SqlError> {
        let name = identifier(name);
        self.require_role_maker("permission denied to create role")?;
        self.with(|database| {
            if name.starts_with("pg_") {
                return Err(error("42939", format!("role name \"{name}\" is reserved")));
            }
            if *name == *"public" || *name == *"none" {
                return Err(error("42939", format!("role name \"{name}\" is reserved")));
            }
            if database.catalog(self.session).role(&name).is_some() {
                return Err(error("42710", format!("role \"{name}\" already exists")));
            }
            Ok(())
        })?;
        self.claim_name(ROLES, &name).await?;
        let oid = self.with(|database| database.new_oid());
        self.describe_role(oid, Role::new(name), options, "must be superuser to create superusers")?;
        Ok(Reply::default())
    }

    pub(super) async fn alter_role(
        &self,
        name: &RoleName,
        options: &[RoleOption],
    ) -> Result<Reply, SqlError> {
        let oid = self.role(name)?;
        self.claim_object(oid).await?;
        let role = self.with(|database| database.catalog(self.session).role_of(oid).cloned());
        let Some(role) = role else { return Err(error("42704", "role \"public\" does not exist")) };
        let only_password = options.iter().all(|option| matches!(option, RoleOption::Password(_)));
        let is_own = self.with(|database| database.session(self.session).naming.user) == oid;
        let message = "must be superuser to alter superuser roles or change superuser attribute";
        if role.is_superuser || options.iter().any(|option| matches!(option, RoleOption::Superuser(_))) {
            self.require_superuser(message)?;
        }
        if !(only_password && is_own) {
            self.require_role_maker("permission denied")?;
        }
        self.describe_role(oid, (*role).clone(), options, message)?;
        Ok(Reply::default())
    }

    fn describe_role(
        &self,
        oid: Oid,
        mut role: Role,
        options: &[RoleOption],
        denial: &str,
    ) -> Result<(), SqlError> {
        let mut members = Vec::new();
        for option in options {
            match option {
                RoleOption::Superuser(truth) => {
                    if *truth {
                        self.require_superuser(denial)?;
                    }
                    role.is_superuser = *truth;
                }
                RoleOption::CreatesDatabases(truth) => role.creates_databases = *truth,
                RoleOption::CreatesRoles(truth) => role.creates_roles = *truth,
                RoleOption::Inherits(truth) => role.inherits = *truth,
                RoleOption::LogsIn(truth) => role.logs_in = *truth,
                RoleOption::Replicates(truth) => role.replicates = *truth,
                RoleOption::BypassesRls(truth) => role.bypasses_rls = *truth,
                RoleOption::ConnectionLimit(limit) => role.connection_limit = *limit,
                RoleOption::Password(truth) => role.has_password = *truth,
                RoleOption::Members(names, admin) => {
                    for name in names {
                        members.push((self.role(name)?, *admin));
                    }
                }
                RoleOption::MemberOf(names) => {
                    for name in names {
                        role.member_of.insert(self.role(name)?, false);
                    }
                }
            }
        }
        self.with(|database| database.define(self.session, oid, Some(Object::Role(role.into()))));
        members.into_iter().try_for_each(|(member, admin)| self.let_in(oid, member, admin, false).map(drop))
    }

    pub(super) async fn drop_roles(&self, names: &[RoleName], if_exists: bool) -> Result<Reply, SqlError> {
        self.require_role_maker("permission denied to drop role")?;
        for name in names {
            if !matches!(name, RoleName::Named(_)) {
                return Err(error("22023", "cannot use special role specifier in DROP ROLE"));
            }
            let oid = match (self.role(name), name) {
                (Ok(oid), _) => oid,
                (Err(_), RoleName::Named(ident)) if if_exists => {
                    let text = format!("role \"{}\" does not exist, skipping", identifier(ident));
                    self.notice(&text);
                    continue;
                }
                (Err(failure), _) => return Err(failure),
            };
            self.claim_object(oid).await?;
            self.with(|database| {
                let session = database.session(self.session);
                if oid == session.naming.user {
                    return Err(error("55006", "current user cannot be dropped"));
                }
                let catalog = database.catalog(self.session);
                if *catalog.object(oid).map(Object::name).unwrap_or_default()
                    == *session.settings.get("session_authorization")?
                {
                    return Err(error("55006", "session user cannot be dropped"));
                }
                if let Some(role) = catalog.role_of(oid)
                    && (catalog.is_used(oid) || oid < Catalog::first_oid())
                {
                    let reason = if oid < Catalog::first_oid() {
                        format!(
                            "cannot drop role {} because it is required by the database system",
                            role.name
                        )
                    } else {
                        format!("role \"{}\" cannot be dropped because some objects depend on it", role.name)
                    };
                    return Err(error("2BP01", reason));
                }
                let others: Vec<(Oid, Rc<Role>)> = catalog
                    .objects()
                    .filter_map(|(other, object)| match object {
                        Object::Role(role) if role.member_of.contains_key(&oid) => {
                            Some((other, role.clone()))
                        }
                        _ => None,
                    })
                    .collect();
                for (other, role) in others {
                    let mut role = (*role).clone();
                    role.member_of.remove(&oid);
                    database.define(self.session, other, Some(Object::Role(role.into())));
                }
                database.define(self.session, oid, None);
                Ok(())
            })?;
        }
        Ok(Reply::default())
    }

    pub(super) async fn change_membership(&self, membership: &Membership) -> Result<Reply, SqlError> {
        for of in &membership.of {
            let of = self.role(&RoleName::Named(of.clone()))?;
            for member in &membership.members {
                let member = self.role(member)?;
                self.require_admin(of)?;
                self.claim_object(member).await?;
                if membership.is_grant {
                    self.let_in(of, member, membership.option, true)?;
                } else {
                    self.put_out(of, member, membership.option);
                }
            }
        }
        Ok(Reply::default())
    }

    /// Makes a role a member of another.
    fn let_in(&self, of: Oid, member: Oid, admin: bool, tells: bool) -> Result<(), SqlError> {
        self.with(|database| {
            let catalog = database.catalog(self.session);
            let name = |oid| catalog.object(oid).map(Object::name).unwrap_or_default();
            let Some(role) = catalog.role_of(member) else {
                return Err(error("42704", "role \"public\" does not exist"));
            };
            if catalog.roles_of(of, false).contains(&member) {
                let message = format!("role \"{}\" is a member of role \"{}\"", name(of), name(member));
                return Err(error("0LP01", message));
            }
            match role.member_of.get(&of) {
                Some(had) if tells && *had >= admin => {
                    let text =
                        format!("role \"{}\" is already a member of role \"{}\"", name(member), name(of));
                    database.session(self.session).notice(&text);
                    return Ok(());
                }
                _ => (),
            }
            let mut role = (**role).clone();
            role.member_of.insert(of, admin);
            database.define(self.session, member, Some(Object::Role(role.into())));
            Ok(())
        })
    }

    fn put_out(&self, of: Oid, member: Oid, only_admin: bool) {
        self.with(|database| {
            let catalog = database.catalog(self.session);
            let Some(role) = catalog.role_of(member) else { return };
            let mut role = (**role).clone();
            if role.member_of.remove(&of).is_none() {
                let name = |oid| catalog.object(oid).map(Object::name).unwrap_or_default();
                let text = format!("role \"{}\" is not a member of role \"{}\"", name(member), name(of));
                database.session(self.session).warning(text);
                return;
            }
            if only_admin {
                role.member_of.insert(of, false);
            }
            database.define(self.session, member, Some(Object::Role(role.into())));
        });
    }

    /// `SET ROLE`; `None` is who the session is.
    pub(super) fn set_role(&self, name: Option<&ast::Ident>) -> Result<Reply, SqlError> {
        let name = name.map(identifier);
        self.with(|database| {
            database.refresh(self.session);
            let catalog = database.catalog(self.session);
            let settings = &database.session(self.session).settings;
            if let Some(name) = &name {
                let missing = || error("22023", format!("role \"{name}\" does not exist"));
                let role = catalog.role(name).ok_or_else(missing)?;
                let user = catalog.role(&settings.get("session_authorization")?);
                let may = user.is_some_and(|user| {
                    catalog.is_superuser(user) || catalog.roles_of(user, false).contains(&role)
                });
                if !may {
                    return Err(error("42501", format!("permission denied to set role \"{name}\"")));
                }
            }
            let settings = &mut database.session_mut(self.session).settings;
            match name {
                Some(name) => settings.set("role", &[name], false)?,
                None => settings.reset("role", false)?,
            }
            database.refresh(self.session);
            Ok(Reply::default())
        })
    }

    /// `SET SESSION AUTHORIZATION`; `None` is who logged in.
    pub(super) fn set_session_authorization(&self, name: Option<&ast::Ident>) -> Result<Reply, SqlError> {
        let name = name.map(identifier);
        self.with(|database| {
            database.refresh(self.session);
            if let Some(name) = &name
                && database.catalog(self.session).role(name).is_none()
            {
                return Err(error("22023", format!("role \"{name}\" does not exist")));
            }
            // Every session has logged in as the superuser, and may be whoever it likes.
            let settings = &mut database.session_mut(self.session).settings;
            settings.reset("role", false)?;
            match name {
                Some(name) => settings.set("session_authorization", &[name], false)?,
                None => settings.reset("session_authorization", false)?,
            }
            database.refresh(self.session);
            Ok(Reply::default())
        })
    }

    fn require_role_maker(&self, message: &str) -> Result<(), SqlError> {
        self.with(|database| {
            database.refresh(self.session);
            let user = database.session(self.session).naming.user;
            let role = database.catalog(self.session).role_of(user);
            match role.is_some_and(|role| role.is_superuser || role.creates_roles) {
                true => Ok(()),
                false => Err(error("42501", message)),
            }
        })
    }

    fn require_superuser(&self, message: &str) -> Result<(), SqlError> {
        self.with(|database| {
            let user = database.session(self.session).naming.user;
            match database.catalog(self.session).is_superuser(user) {
                true => Ok(()),
                false => Err(error("42501", message)),
            }
        })
    }

    /// Refuses who may not let others into a role.
    fn require_admin(&self, of: Oid) -> Result<(), SqlError> {
        self.with(|database| {
            let user = database.session(self.session).naming.user;
            let catalog = database.catalog(self.session);
            let Some(role) = catalog.role_of(of) else {
                return Err(error("42704", "role \"public\" does not exist"));
            };
            let mine = catalog.role_of(user);
            if mine.is_some_and(|mine| mine.is_superuser) {
                return Ok(());
            }
            if role.is_superuser {
                return Err(error("42501", "must be superuser to alter superusers"));
            }
            let admin = |role: &Oid| {
                catalog.role_of(*role).is_some_and(|role| role.member_of.get(&of) == Some(&true))
            };
            if mine.is_some_and(|mine| mine.creates_roles) || catalog.roles_of(user, false).iter().any(admin)
            {
                return Ok(());
            }
            Err(error("42501", format!("must have admin option on role \"{}\"", role.name)))
        })
    }
}

impl Catalog {
    /// Whether something belongs to a role, or was granted to it.
    fn is_used(&self, role: Oid) -> bool {
        self.objects().any(|(oid, _)| {
            self.notes(oid).is_some_and(|notes| {
                notes.owner == role
                    || notes
                        .grants
                        .iter()
                        .flatten()
                        .any(|grant| grant.grantee == role || grant.grantor == role)
            })
        })
    }
}
