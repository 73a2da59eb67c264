//! Who may do what: roles, owners and grants (PostgreSQL's manual, chapters 5.7 and 22; its `acl.c`).

use super::{Catalog, Naming, Object, QualifiedName, SUPERUSER};
use crate::error::error;
use crate::ids::Oid;
use drawloom_model::SqlError;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A role: a user, or a group of them.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Role {
    pub name: Rc<str>,
    pub is_superuser: bool,
    pub inherits: bool,
    pub creates_roles: bool,
    pub creates_databases: bool,
    pub logs_in: bool,
    pub replicates: bool,
    pub bypasses_rls: bool,
    pub connection_limit: i32,
    pub has_password: bool,
    /// The roles that it is a member of, and whether it may let others in.
    pub member_of: BTreeMap<Oid, bool>,
}

/// What is said of an object beside what it is. One that has none is the superuser's, and has the usual rights.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Notes {
    pub owner: Oid,
    /// Who may do what with it, once somebody has said so.
    pub grants: Option<Vec<Grant>>,
    /// By column; 0 is the object itself.
    pub comments: BTreeMap<u32, Rc<str>>,
}

/// What one role gave to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Grant {
    pub grantor: Oid,
    /// Everybody, if it is [`EVERYBODY`].
    pub grantee: Oid,
    pub privilege: Privilege,
    /// Whether it may be given on.
    pub option: bool,
}

/// PUBLIC
pub(crate) const EVERYBODY: Oid = Oid(0);

/// A right to do something with an object, in the order in which PostgreSQL lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Privilege {
    Insert,
    Select,
    Update,
    Delete,
    Truncate,
    References,
    Trigger,
    Usage,
    Create,
    Connect,
    Temporary,
}

impl Privilege {
    const ALL: [Privilege; 11] = [
        Privilege::Insert,
        Privilege::Select,
        Privilege::Update,
        Privilege::Delete,
        Privilege::Truncate,
        Privilege::References,
        Privilege::Trigger,
        Privilege::Usage,
        Privilege::Create,
        Privilege::Connect,
        Privilege::Temporary,
    ];

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Privilege::Insert => "INSERT",
            Privilege::Select => "SELECT",
            Privilege::Update => "UPDATE",
            Privilege::Delete => "DELETE",
            Privilege::Truncate => "TRUNCATE",
            Privilege::References => "REFERENCES",
            Privilege::Trigger => "TRIGGER",
            Privilege::Usage => "USAGE",
            Privilege::Create => "CREATE",
            Privilege::Connect => "CONNECT",
            Privilege::Temporary => "TEMPORARY",
        }
    }

    /// That of this name.
    pub fn named(name: &str) -> Option<Privilege> {
        let name = name.to_ascii_uppercase();
        let name = if name == "TEMP" { "TEMPORARY" } else { &name };
        Privilege::ALL.into_iter().find(|privilege| privilege.name() == name)
    }

    /// Its letter in a list of rights.
    pub fn letter(self) -> char {
        match self {
            Privilege::Insert => 'a',
            Privilege::Select => 'r',
            Privilege::Update => 'w',
            Privilege::Delete => 'd',
            Privilege::Truncate => 'D',
            Privilege::References => 'x',
            Privilege::Trigger => 't',
            Privilege::Usage => 'U',
            Privilege::Create => 'C',
            Privilege::Connect => 'c',
            Privilege::Temporary => 'T',
        }
    }

    /// Those that there are of such an object.
    pub fn of(object: &Object) -> &'static [Privilege] {
        use Privilege::*;
        match object {
            Object::Table(_) | Object::View(_) | Object::System(_) | Object::Index(_) => {
                &[Insert, Select, Update, Delete, Truncate, References, Trigger]
            }
            Object::Sequence(_) => &[Select, Update, Usage],
            Object::Schema(_) => &[Usage, Create],
            Object::Database(_) => &[Create, Connect, Temporary],
            Object::Role(_) => &[],
        }
    }
}

impl Role {
    /// One without any rights.
    pub fn new(name: Rc<str>) -> Role {
        Role {
            name,
            is_superuser: false,
            inherits: true,
            creates_roles: false,
            creates_databases: false,
            logs_in: false,
            replicates: false,
            bypasses_rls: false,
            connection_limit: -1,
            has_password: false,
            member_of: BTreeMap::new(),
        }
    }

    /// The one that a new database has.
    pub fn superuser(name: Rc<str>) -> Role {
        Role {
            is_superuser: true,
            creates_roles: true,
            creates_databases: true,
            logs_in: true,
            replicates: true,
            bypasses_rls: true,
            ..Role::new(name)
        }
    }
}

impl Notes {
    /// Those of something that has just been made.
    pub fn of(owner: Oid) -> Notes {
        Notes { owner, grants: None, comments: BTreeMap::new() }
    }
}

impl Catalog {
    /// The role with this number.
    pub fn role_of(&self, oid: Oid) -> Option<&Rc<Role>> {
        match self.object(oid)? {
            Object::Role(role) => Some(role),
            _ => None,
        }
    }

    /// Who an object belongs to.
    pub fn owner(&self, oid: Oid) -> Oid {
        if let Some(Object::Index(index)) = self.object(oid) {
            return self.owner(index.table);
        }
        self.notes(oid).map_or(SUPERUSER, |notes| notes.owner)
    }

    pub fn is_superuser(&self, role: Oid) -> bool {
        self.role_of(role).is_some_and(|role| role.is_superuser)
    }

    /// The roles whose rights a role has: itself, those that it is a member of, everybody.
    pub fn roles_of(&self, role: Oid, inherited: bool) -> BTreeSet<Oid> {
        let mut all = BTreeSet::from([EVERYBODY]);
        let mut open = vec![role];
        while let Some(oid) = open.pop() {
            if !all.insert(oid) {
                continue;
            }
            if let Some(role) = self.role_of(oid).filter(|role| role.inherits || !inherited) {
                open.extend(role.member_of.keys());
            }
        }
        all
    }

    /// Whether a role may do what the owner may.
    pub fn is_owner(&self, role: Oid, object: Oid) -> bool {
        self.is_superuser(role) || self.roles_of(role, true).contains(&self.owner(object))
    }

    /// The rights on an object as they were granted, its owner's and the usual ones among them.
    pub fn grants(&self, oid: Oid) -> Vec<Grant> {
        match self.notes(oid).and_then(|notes| notes.grants.clone()) {
            Some(grants) => grants,
            None => self.usual_grants(oid),
        }
    }

    fn usual_grants(&self, oid: Oid) -> Vec<Grant> {
        use Privilege::{Connect, Select, Temporary, Usage};
        let Some(object) = self.object(oid) else { return Vec::new() };
        let owner = self.owner(oid);
        let grant = |grantee, privilege| Grant { grantor: owner, grantee, privilege, option: false };
        let everybodys: &[Privilege] = match object {
            Object::System(_) => &[Select],
            Object::Database(_) => &[Connect, Temporary],
            Object::Schema(_) if oid < Catalog::first_oid() => &[Usage],
            _ => &[],
        };
        let own = Privilege::of(object).iter().map(|privilege| grant(owner, *privilege));
        everybodys.iter().map(|privilege| grant(EVERYBODY, *privilege)).chain(own).collect()
    }

    /// Whether a role may do this with an object.
    pub fn allows(&self, role: Oid, object: Oid, privilege: Privilege) -> bool {
        if self.is_superuser(role) {
            return true;
        }
        let roles = self.roles_of(role, true);
        self.grants(object).iter().any(|grant| grant.privilege == privilege && roles.contains(&grant.grantee))
    }

    /// Whether a role may let others do this with an object.
    pub fn lets_grant(&self, role: Oid, object: Oid, privilege: Privilege) -> bool {
        let roles = self.roles_of(role, true);
        self.is_owner(role, object)
            || self
                .grants(object)
                .iter()
                .any(|grant| grant.privilege == privilege && grant.option && roles.contains(&grant.grantee))
    }

    /// Refuses a role that may not do this with an object.
    ///
    /// # Errors
    /// `42501`
    pub fn require(&self, role: Oid, object: Oid, privilege: Privilege) -> Result<(), SqlError> {
        if self.allows(role, object, privilege) {
            return Ok(());
        }
        let Some(object) = self.object(object) else { return Ok(()) };
        Err(error("42501", format!("permission denied for {} {}", object.kind(), object.name())))
    }

    /// Refuses a role that is not a member of another.
    ///
    /// # Errors
    /// `42501`
    pub fn require_member(&self, role: Oid, of: Oid) -> Result<(), SqlError> {
        if self.is_superuser(role) || self.roles_of(role, false).contains(&of) {
            return Ok(());
        }
        let name = self.object(of).map(Object::name).unwrap_or_default();
        Err(error("42501", format!("must be member of role \"{name}\"")))
    }

    /// Refuses who may not look into the schema that a name names.
    ///
    /// # Errors
    /// `42501`
    pub fn use_schema(&self, naming: &Naming, name: &QualifiedName) -> Result<(), SqlError> {
        match name.schema.as_ref().and_then(|schema| self.schema(schema)) {
            Some(schema) => self.require(naming.user, schema, Privilege::Usage),
            None => Ok(()),
        }
    }
}
