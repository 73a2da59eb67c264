//! GRANT and REVOKE of privileges (PostgreSQL's `aclchk.c`).

use crate::catalog::{EVERYBODY, Grant, Notes, Object, Privilege, QualifiedName, identifier};
use crate::command::{self, GrantOn, Kind};
use crate::error::error;
use crate::executor::Executor;
use crate::ids::Oid;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use std::collections::BTreeSet;

impl Executor {
    pub(super) async fn grant(&self, grant: &command::Grant) -> Result<Reply, SqlError> {
        let objects = self.granted_objects(&grant.on)?;
        let roles = grant.roles.iter().map(|role| self.role(role)).collect::<Result<Vec<_>, _>>()?;
        if grant.is_grant && grant.option && roles.contains(&EVERYBODY) {
            return Err(error("0LP01", "grant options can only be granted to roles"));
        }
        for oid in objects {
            self.claim_object(oid).await?;
            self.change_grants(grant, oid, &roles)?;
        }
        Ok(Reply::default())
    }

    /// What a GRANT is about.
    fn granted_objects(&self, on: &GrantOn) -> Result<Vec<Oid>, SqlError> {
        self.with(|database| {
            database.refresh(self.session);
            let catalog = database.catalog(self.session);
            let naming = &database.session(self.session).naming;
            let schema = |name: &str| catalog.unqualified(Kind::Schema, name);
            match on {
                GrantOn::All(kind, schemas) => {
                    let mut all = Vec::new();
                    for name in schemas {
                        let schema = schema(&identifier(name))?;
                        let covers = |object: &Object| match kind {
                            Kind::Sequence => matches!(object, Object::Sequence(_)),
                            _ => matches!(object, Object::Table(_) | Object::View(_)),
                        };
                        let objects = catalog.objects();
                        let found =
                            objects.filter(|(_, object)| object.place() == Some(schema) && covers(object));
                        all.extend(found.map(|(oid, _)| oid));
                    }
                    Ok(all)
                }
                GrantOn::Objects(kind, names) => {
                    let object = |name: &ast::ObjectName| {
                        let name = QualifiedName::of(name)?;
                        match kind {
                            Kind::Schema => schema(&name.name),
                            Kind::Database => catalog.database(&name.name).ok_or_else(|| {
                                error("3D000", format!("database \"{}\" does not exist", name.name))
                            }),
                            _ => {
                                let (oid, object) = catalog.resolve(naming, &name)?;
                                match (kind, object) {
                                    (_, Object::Index(_)) => {
                                        Err(error("42809", format!("\"{}\" is an index", name.name)))
                                    }
                                    (Kind::Sequence, other) if !matches!(other, Object::Sequence(_)) => {
                                        Err(error("42809", format!("\"{}\" is not a sequence", name.name)))
                                    }
                                    _ => Ok(oid),
                                }
                            }
                        }
                    };
                    names.iter().map(object).collect()
                }
            }
        })
    }

    fn change_grants(&self, grant: &command::Grant, oid: Oid, roles: &[Oid]) -> Result<(), SqlError> {
        self.with(|database| {
            let catalog = database.catalog(self.session);
            let user = database.session(self.session).naming.user;
            let object = catalog.object(oid).expect("it was found");
            let privileges = privileges(grant, object)?;
            // A superuser, and a member of the owner, grants as the owner.
            let grantor = if catalog.is_owner(user, oid) { catalog.owner(oid) } else { user };
            let (mine, others): (Vec<Privilege>, Vec<Privilege>) =
                privileges.iter().partition(|privilege| catalog.lets_grant(user, oid, **privilege));
            if mine.is_empty() && !others.is_empty() {
                let any = Privilege::of(object).iter().any(|one| catalog.allows(user, oid, *one));
                if !any {
                    let message = format!("permission denied for {} {}", object.kind(), object.name());
                    return Err(error("42501", message));
                }
                let verb = if grant.is_grant { "granted" } else { "could be revoked" };
                let text = match grant.is_grant {
                    true => format!("no privileges were {verb} for \"{}\"", object.name()),
                    false => format!("no privileges {verb} for \"{}\"", object.name()),
                };
                database.session(self.session).warning(text);
                return Ok(());
            }
            let mut grants = catalog.grants(oid);
            for role in roles {
                for privilege in &mine {
                    let one = Grant { grantor, grantee: *role, privilege: *privilege, option: grant.option };
                    match grant.is_grant {
                        true => add(&mut grants, one),
                        false => take(&mut grants, one, grant.cascade)?,
                    }
                }
            }
            let owner = catalog.owner(oid);
            let notes = catalog.notes(oid).map_or_else(|| Notes::of(owner), |notes| (**notes).clone());
            database.note(self.session, oid, Notes { grants: Some(grants), ..notes });
            Ok(())
        })
    }
}

/// The privileges that a statement names.
fn privileges(grant: &command::Grant, object: &Object) -> Result<Vec<Privilege>, SqlError> {
    let possible = Privilege::of(object);
    if grant.privileges.is_empty() {
        return Ok(possible.to_vec());
    }
    let one = |name: &ast::Ident| {
        let unknown = || error("42601", format!("unrecognized privilege type \"{}\"", identifier(name)));
        let privilege = Privilege::named(&name.value).ok_or_else(unknown)?;
        // Older versions granted sequences as tables.
        if !possible.contains(&privilege) {
            let kind = object.kind();
            let kind = if matches!(kind, "view" | "materialized view") { "table" } else { kind };
            let message = format!("invalid privilege type {} for {kind}", privilege.name());
            return Err(error("0LP01", message));
        }
        Ok(privilege)
    };
    grant.privileges.iter().map(one).collect()
}

fn add(grants: &mut Vec<Grant>, new: Grant) {
    let same = |one: &&mut Grant| {
        one.grantor == new.grantor && one.grantee == new.grantee && one.privilege == new.privilege
    };
    match grants.iter_mut().find(same) {
        Some(one) => one.option |= new.option,
        None => grants.push(new),
    }
}

/// Takes a privilege from a role, or only that it may give it on.
fn take(grants: &mut Vec<Grant>, from: Grant, cascade: bool) -> Result<(), SqlError> {
    let mut open = vec![from];
    let mut seen = BTreeSet::new();
    while let Some(from) = open.pop() {
        let same = |one: &Grant| {
            one.grantor == from.grantor && one.grantee == from.grantee && one.privilege == from.privilege
        };
        let Some(place) = grants.iter().position(same) else { continue };
        let had_option = grants[place].option;
        match from.option {
            true => grants[place].option = false,
            false => drop(grants.remove(place)),
        }
        if !had_option || !seen.insert(from.grantee) {
            continue;
        }
        let given = |one: &&Grant| one.grantor == from.grantee && one.privilege == from.privilege;
        let given: Vec<Grant> = grants.iter().filter(given).cloned().collect();
        if !given.is_empty() && !cascade {
            return Err(error("2BP01", "dependent privileges exist"));
        }
        open.extend(given.into_iter().map(|one| Grant { option: false, ..one }));
    }
    Ok(())
}
