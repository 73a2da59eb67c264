//! How a name in a statement becomes an object.

use super::{Catalog, Object};
use crate::error::{error, unsupported};
use crate::ids::Oid;
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

/// Where a session looks for names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Naming {
    /// Schemas, the first that has the name wins.
    pub path: Vec<Oid>,
    /// The schema of the session's temporary tables, which is looked in first.
    pub temporary: Option<Oid>,
}

/// What a session calls the schema of its temporary tables.
pub(crate) const PG_TEMP: &str = "pg_temp";

/// A name with or without its schema.
#[derive(Clone, Debug)]
pub(crate) struct QualifiedName {
    pub schema: Option<Rc<str>>,
    pub name: Rc<str>,
}

/// An identifier as PostgreSQL reads it: in lower case, unless it is quoted; at most 63 bytes.
pub(crate) fn identifier(ident: &ast::Ident) -> Rc<str> {
    let name = match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    };
    let mut end = name.len().min(63);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].into()
}

/// The parts of a dotted name.
///
/// # Errors
/// A part is no identifier.
pub(crate) fn parts(name: &ast::ObjectName) -> Result<Vec<Rc<str>>, SqlError> {
    let part = |part: &ast::ObjectNamePart| match part.as_ident() {
        Some(ident) => Ok(identifier(ident)),
        None => Err(unsupported(format!("the name {name}"))),
    };
    name.0.iter().map(part).collect()
}

impl QualifiedName {
    /// A relation's name.
    ///
    /// # Errors
    /// `42601`: it has too many parts.
    pub fn of(name: &ast::ObjectName) -> Result<QualifiedName, SqlError> {
        match &*parts(name)? {
            [name] => Ok(QualifiedName { schema: None, name: name.clone() }),
            [schema, name] | [_, schema, name] => {
                Ok(QualifiedName { schema: Some(schema.clone()), name: name.clone() })
            }
            _ => Err(error("42601", format!("improper relation name (too many dotted names): {name}"))),
        }
    }
}

impl std::fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl Catalog {
    /// The relation of this name, if there is one.
    pub fn find(&self, naming: &Naming, name: &QualifiedName) -> Option<Oid> {
        match &name.schema {
            Some(schema) if **schema == *PG_TEMP => self.relation(naming.temporary?, &name.name),
            Some(schema) => self.relation(self.schema(schema)?, &name.name),
            None => {
                let mut schemas = naming.temporary.iter().chain(&naming.path);
                schemas.find_map(|schema| self.relation(*schema, &name.name))
            }
        }
    }

    /// The relation of this name.
    ///
    /// # Errors
    /// `42P01`: there is none; `3F000`: nor is the schema.
    pub fn resolve(&self, naming: &Naming, name: &QualifiedName) -> Result<(Oid, &Object), SqlError> {
        let missing = || error("42P01", format!("relation \"{name}\" does not exist"));
        let oid = self.find(naming, name).ok_or_else(missing)?;
        Ok((oid, self.object(oid).expect("a name stands for an object")))
    }

    /// Where a new relation of this name goes.
    ///
    /// # Errors
    /// `3F000`: there is no such schema.
    pub fn place(&self, naming: &Naming, name: &QualifiedName) -> Result<Oid, SqlError> {
        match &name.schema {
            Some(schema) if **schema == *PG_TEMP => {
                Ok(naming.temporary.expect("who creates a temporary table has a schema for it"))
            }
            Some(schema) => self
                .schema(schema)
                .ok_or_else(|| error("3F000", format!("schema \"{schema}\" does not exist"))),
            None => naming
                .path
                .first()
                .copied()
                .ok_or_else(|| error("3F000", "no schema has been selected to create in")),
        }
    }
}
