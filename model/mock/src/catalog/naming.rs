//! How a name in a statement becomes an object.

use super::{Catalog, Object, PG_CATALOG, Privilege};
use crate::error::{error, unsupported};
use crate::ids::Oid;
use crate::place;
use crate::system;
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

/// Where a session looks for names, and who it is.
#[derive(Clone, Debug)]
pub(crate) struct Naming {
    /// Schemas, the first that has the name wins.
    pub path: Vec<Oid>,
    /// Those that `search_path` names: what is created goes into the first of them.
    pub named: Vec<Oid>,
    /// Who it is for now.
    pub user: Oid,
    /// What `pg_temp` stands for.
    pub temporary: Rc<str>,
}

/// Two are the same for whoever looks for names: what `pg_temp` stands for is in the path once it is there.
impl PartialEq for Naming {
    fn eq(&self, other: &Naming) -> bool {
        (&self.path, &self.named, self.user) == (&other.path, &other.named, other.user)
    }
}

/// What a session calls the schema of its temporary things.
pub(crate) const PG_TEMP: &str = "pg_temp";

/// A name with or without its schema.
#[derive(Clone, Debug)]
pub(crate) struct QualifiedName {
    pub schema: Option<Rc<str>>,
    pub name: Rc<str>,
}

/// Refuses a literal as a name, which the parser takes for one.
///
/// # Errors
/// `42601`: it is a literal.
pub(crate) fn check_name(ident: &ast::Ident) -> Result<(), SqlError> {
    match ident.quote_style {
        Some('\'') => {
            Err(error("42601", format!("syntax error at or near \"{ident}\"")).at(place::begin(ident.span)))
        }
        _ => Ok(()),
    }
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

impl Naming {
    /// That of a session with this `search_path`. Temporary things are found first, then PostgreSQL's own, unless
    /// the path names these schemas itself (PostgreSQL's `namespace.c`).
    pub fn of(catalog: &Catalog, search_path: &str, user: Oid, temporary: Rc<str>) -> Naming {
        let mut naming = Naming { path: Vec::new(), named: Vec::new(), user, temporary };
        for name in path_names(search_path).unwrap_or_default() {
            let name = match &*name {
                "$user" => catalog.object(user).map(Object::name).unwrap_or_default(),
                _ => name,
            };
            let schema = catalog.schema(naming.schema_name(&name));
            let usable = |schema: &Oid| catalog.allows(user, *schema, Privilege::Usage);
            if let Some(schema) = schema.filter(usable)
                && !naming.named.contains(&schema)
            {
                naming.named.push(schema);
            }
        }
        let implicit = catalog.schema(&naming.temporary).into_iter().chain([PG_CATALOG]);
        naming.path = implicit.filter(|schema| !naming.named.contains(schema)).collect();
        naming.path.extend(&naming.named);
        naming
    }

    fn schema_name<'a>(&'a self, name: &'a str) -> &'a str {
        if name == PG_TEMP { &self.temporary } else { name }
    }
}

/// The names in a `search_path`; `None` if it is no list of names.
pub(crate) fn path_names(search_path: &str) -> Option<Vec<Rc<str>>> {
    let mut names = Vec::new();
    let mut rest = search_path.trim();
    if rest.is_empty() {
        return Some(names);
    }
    loop {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let mut end = quoted.find('"')?;
                while quoted[end + 1..].starts_with('"') {
                    end += 2 + quoted[end + 2..].find('"')?;
                }
                (quoted[..end].replace("\"\"", "\""), &quoted[end + 1..])
            }
            None => {
                let end = rest.find(|c: char| c == ',' || c.is_ascii_whitespace()).unwrap_or(rest.len());
                (rest[..end].to_ascii_lowercase(), &rest[end..])
            }
        };
        names.push(name.into());
        rest = match after.trim_start() {
            "" => return Some(names),
            after => after.strip_prefix(',')?.trim_start(),
        };
    }
}

impl Catalog {
    /// The relation of this name, if there is one.
    pub fn find(&self, naming: &Naming, name: &QualifiedName) -> Option<Oid> {
        match &name.schema {
            Some(schema) => self.relation(self.schema(naming.schema_name(schema))?, &name.name),
            None => naming.path.iter().find_map(|schema| self.relation(*schema, &name.name)),
        }
    }

    /// The relation of this name.
    ///
    /// # Errors
    /// `42P01`: there is none.
    pub fn resolve(&self, naming: &Naming, name: &QualifiedName) -> Result<(Oid, &Object), SqlError> {
        let missing = || match system::is_relation(name.schema.as_deref(), &name.name) {
            true => unsupported(format!("the relation {name}")),
            false => error("42P01", format!("relation \"{name}\" does not exist")),
        };
        self.use_schema(naming, name)?;
        let oid = self.find(naming, name).ok_or_else(missing)?;
        Ok((oid, self.object(oid).expect("a name stands for an object")))
    }

    /// Where a new relation of this name goes.
    ///
    /// # Errors
    /// `3F000`: there is no such schema.
    pub fn place(&self, naming: &Naming, name: &QualifiedName) -> Result<Oid, SqlError> {
        match &name.schema {
            Some(schema) => self
                .schema(naming.schema_name(schema))
                .ok_or_else(|| error("3F000", format!("schema \"{schema}\" does not exist"))),
            None => naming
                .named
                .first()
                .copied()
                .ok_or_else(|| error("3F000", "no schema has been selected to create in")),
        }
    }

    /// What an object is called in messages: with its schema, if the name alone does not find it.
    pub fn describe(&self, naming: &Naming, oid: Oid) -> String {
        let Some(object) = self.object(oid) else { return format!("object {}", oid.0) };
        format!("{} {}", object.kind(), self.name_of(naming, oid))
    }

    /// An object's name, quoted where it has to be, with its schema if the name alone does not find it.
    pub fn name_of(&self, naming: &Naming, oid: Oid) -> String {
        let Some(object) = self.object(oid) else { return oid.0.to_string() };
        let name = object.name();
        let quoted = crate::functions::quoted_identifier(&name);
        let own = QualifiedName { schema: None, name };
        match object.place() {
            Some(schema) if self.find(naming, &own) != Some(oid) => {
                let schema = self.object(schema).map(Object::name).unwrap_or_default();
                format!("{}.{quoted}", crate::functions::quoted_identifier(&schema))
            }
            _ => quoted,
        }
    }
}
