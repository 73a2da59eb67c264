//! Functions that ask the catalog.

use crate::catalog::{Object, Privilege};
use crate::command::Kind;
use crate::database::Database;
use crate::error::error;
use crate::expression::EngineCall;
use crate::ids::Oid;
use crate::types::{self, Array, Datum, Modifier, Scalar};
use drawloom_model::{SessionId, SqlError};

impl Database {
    /// What a function of the catalog gives; `None` if it is another one.
    ///
    /// # Errors
    /// As PostgreSQL's function of that name.
    pub fn ask(
        &self,
        session: SessionId,
        call: EngineCall,
        arguments: &[Datum],
    ) -> Result<Option<Datum>, SqlError> {
        let catalog = self.catalog(session);
        let naming = &self.session(session).naming;
        Ok(Some(match (call, arguments) {
            (EngineCall::CurrentSchemas, [Datum::Bool(implicit)]) => {
                let path = if *implicit { &naming.path } else { &naming.named };
                let names = path.iter().filter_map(|schema| catalog.object(*schema));
                let names = names.map(|schema| Datum::Text(schema.name())).collect();
                Datum::Array(Array::row(Scalar::Name, names).into())
            }
            (EngineCall::RoleName, [Datum::Int(role)]) => {
                match number(*role).and_then(|oid| catalog.role_of(oid)) {
                    Some(role) => Datum::Text(role.name.clone()),
                    None => Datum::text(format!("unknown (OID={role})")),
                }
            }
            (EngineCall::RelationNamed, [Datum::Text(text), rest @ ..]) => {
                if let (false, Ok(number)) = (rest.is_empty(), text.parse::<u32>()) {
                    return Ok(Some(Datum::Int(number.into())));
                }
                let name = crate::sql::relation_name(text)?;
                match catalog.find(naming, &name) {
                    Some(oid) => Datum::Int(oid.0.into()),
                    None if rest.is_empty() => Datum::Null,
                    None => return Err(error("42P01", format!("relation \"{name}\" does not exist"))),
                }
            }
            (EngineCall::RelationName, [relation]) => self.relation_name(session, relation),
            (EngineCall::FormatType, [Datum::Int(ty), modifier]) => {
                let Some(ty) = super::type_of(*ty) else { return Ok(Some(Datum::text("???"))) };
                Datum::text(types::name::print(ty, modifier_of(ty.scalar, modifier)))
            }
            (EngineCall::FormatType, _) => Datum::Null,
            (EngineCall::TableIsVisible, [Datum::Int(relation)]) => {
                let Some((oid, object)) = number(*relation).and_then(|oid| Some((oid, catalog.object(oid)?)))
                else {
                    return Ok(Some(Datum::Null));
                };
                let own = crate::catalog::QualifiedName { schema: None, name: object.name() };
                Datum::Bool(catalog.find(naming, &own) == Some(oid))
            }
            (EngineCall::Description, [Datum::Int(object), rest @ ..]) => {
                let place = match rest {
                    [Datum::Int(place)] => u32::try_from(*place).unwrap_or(u32::MAX),
                    _ => 0,
                };
                let notes = number(*object).and_then(|oid| catalog.notes(oid));
                let comment = notes.and_then(|notes| notes.comments.get(&place));
                comment.map_or(Datum::Null, |comment| Datum::Text(comment.clone()))
            }
            (EngineCall::HasPrivilege(kind), [rest @ .., Datum::Text(object), Datum::Text(privileges)]) => {
                let role = match rest {
                    [Datum::Text(name)] => catalog.unqualified(Kind::Role, name)?,
                    _ => naming.user,
                };
                let oid = self.privileged(session, kind, object)?;
                let mut any = false;
                for privilege in privileges.split(',') {
                    any |= self.has_privilege(session, role, oid, privilege.trim())?;
                }
                Datum::Bool(any)
            }
            _ => return Ok(None),
        }))
    }

    /// A relation's name, as `regclass` prints it.
    pub fn relation_name(&self, session: SessionId, relation: &Datum) -> Datum {
        match relation {
            Datum::Int(0) => Datum::text("-"),
            Datum::Int(relation) => {
                let catalog = self.catalog(session);
                let found =
                    number(*relation).filter(|oid| catalog.object(*oid).and_then(Object::place).is_some());
                match found {
                    Some(oid) => Datum::text(catalog.name_of(&self.session(session).naming, oid)),
                    None => Datum::text(relation.to_string()),
                }
            }
            other => other.clone(),
        }
    }

    fn privileged(&self, session: SessionId, kind: &str, name: &str) -> Result<Oid, SqlError> {
        let catalog = self.catalog(session);
        match kind {
            "schema" => catalog.unqualified(Kind::Schema, name),
            "database" => catalog.unqualified(Kind::Database, name),
            _ => {
                let name = crate::sql::relation_name(name)?;
                let oid = catalog.find(&self.session(session).naming, &name);
                oid.ok_or_else(|| error("42P01", format!("relation \"{name}\" does not exist")))
            }
        }
    }

    fn has_privilege(
        &self,
        session: SessionId,
        role: Oid,
        object: Oid,
        privilege: &str,
    ) -> Result<bool, SqlError> {
        let catalog = self.catalog(session);
        let upper = privilege.to_ascii_uppercase();
        let (name, option) = match upper.strip_suffix(" WITH GRANT OPTION") {
            Some(name) => (name, true),
            None => (upper.as_str(), false),
        };
        let possible = catalog.object(object).map_or(&[][..], Privilege::of);
        let unknown = || error("22023", format!("unrecognized privilege type: \"{privilege}\""));
        let known = Privilege::named(name).filter(|one| possible.contains(one)).ok_or_else(unknown)?;
        Ok(match option {
            true => catalog.lets_grant(role, object, known),
            false => catalog.allows(role, object, known),
        })
    }
}

fn number(number: i64) -> Option<Oid> {
    u32::try_from(number).ok().map(Oid)
}

/// What a type's modifier in `pg_attribute` says.
fn modifier_of(scalar: Scalar, modifier: &Datum) -> Option<Modifier> {
    let Datum::Int(modifier) = modifier else { return None };
    match scalar {
        _ if *modifier < 0 => None,
        Scalar::Varchar | Scalar::Char => u32::try_from(modifier - 4).ok().map(Modifier::Length),
        Scalar::Numeric => {
            let bits = modifier - 4;
            let scale = i32::try_from(bits & 0x7ff).ok()?;
            let scale = if scale > 1023 { scale - 2048 } else { scale };
            Some(Modifier::Numeric { precision: u32::try_from(bits >> 16).ok()?, scale })
        }
        Scalar::Time | Scalar::Timestamp | Scalar::Timestamptz | Scalar::Interval => {
            u8::try_from(modifier & 0xff).ok().map(Modifier::Precision)
        }
        _ => None,
    }
}
