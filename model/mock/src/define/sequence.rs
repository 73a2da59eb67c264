//! CREATE SEQUENCE and ALTER SEQUENCE (PostgreSQL's `sequence.c`).

use crate::catalog::{Object, QualifiedName, Sequence, parts};
use crate::command::{Kind, SequenceOption};
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::ids::Oid;
use crate::locks::{Mode, Tag};
use crate::sequence::State;
use crate::types::{self, Scalar, Type};
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;

/// What the options say, each at most once.
#[derive(Default)]
struct Options<'a> {
    ty: Option<Type>,
    increment: Option<i64>,
    least: Option<Option<i64>>,
    greatest: Option<Option<i64>>,
    start: Option<i64>,
    restart: Option<Option<i64>>,
    cycle: Option<bool>,
    owner: Option<Option<&'a ast::ObjectName>>,
}

impl Executor {
    pub(super) async fn create_sequence(
        &self,
        name: &ast::ObjectName,
        temporary: bool,
        if_not_exists: bool,
        options: &[SequenceOption],
    ) -> Result<Reply, SqlError> {
        let name = QualifiedName::of(name)?;
        let schema = self.new_place(&name, temporary).await?;
        if self.is_taken(schema, &name.name, if_not_exists)? {
            return Ok(Reply::default());
        }
        let options = Options::of(options)?;
        self.claim_name(schema, &name.name).await?;
        let oid = self.with(|database| database.new_oid());
        let fresh = Sequence::of(name.name, schema, oid, options.ty.unwrap_or(Type::INT8));
        let mut sequence = options.defined(&fresh, true)?;
        if let Some(owner) = options.owner {
            sequence.owner = self.sequence_owner(&sequence, owner).await?;
        }
        self.with(|database| database.define(self.session, oid, Some(Object::Sequence(sequence.into()))));
        self.lock(Tag::Relation(oid), Mode::AccessExclusive, "a table's lock").await?;
        Ok(Reply::default())
    }

    pub(super) async fn alter_sequence(
        &self,
        name: &ast::ObjectName,
        if_exists: bool,
        options: &[SequenceOption],
    ) -> Result<Reply, SqlError> {
        let name = QualifiedName::of(name)?;
        let found = self.own_relation(Kind::Sequence, &name, Mode::ShareRowExclusive).await?;
        let Some(oid) = found else {
            let message = format!("relation \"{}\" does not exist", name.name);
            if !if_exists {
                return Err(error("42P01", message));
            }
            self.notice(format!("{message}, skipping"));
            return Ok(Reply::default());
        };
        let Some(Object::Sequence(sequence)) = self.object(oid) else { unreachable!("it is locked") };
        let options = Options::of(options)?;
        let mut altered = options.defined(&sequence, false)?;
        let state = self.with(|database| database.sequences.get_mut().state(&sequence));
        let state = options.restarted(state, &altered)?;
        if let Some(owner) = options.owner {
            altered.owner = self.sequence_owner(&altered, owner).await?;
        }
        self.with(|database| {
            // Where it is goes with its definition: a new one is its own until this commits.
            if options.rewrites() {
                altered.file = database.new_oid();
                database.sequences.get_mut().restart(altered.file, state);
            }
            database.define(self.session, oid, Some(Object::Sequence(altered.into())));
            Ok(Reply::default())
        })
    }

    /// The column that a sequence is to belong to.
    async fn sequence_owner(
        &self,
        sequence: &Sequence,
        name: Option<&ast::ObjectName>,
    ) -> Result<Option<(Oid, usize)>, SqlError> {
        let Some(name) = name else { return Ok(None) };
        let names = parts(name)?;
        let (relation, column) = match &*names {
            [relation, column] => (QualifiedName { schema: None, name: relation.clone() }, column),
            [schema, relation, column] => {
                (QualifiedName { schema: Some(schema.clone()), name: relation.clone() }, column)
            }
            _ => return Err(error("42601", "invalid OWNED BY option")),
        };
        let oid = self.with(|database| {
            let naming = &database.session(self.session).naming;
            Ok::<_, SqlError>(database.catalog(self.session).resolve(naming, &relation)?.0)
        })?;
        self.lock(Tag::Relation(oid), Mode::AccessShare, "a table's lock").await?;
        self.with(|database| database.refresh(self.session));
        let Some(Object::Table(table)) = self.object(oid) else {
            let message = format!("sequence cannot be owned by relation \"{}\"", relation.name);
            return Err(error("42809", message));
        };
        if table.schema != sequence.schema {
            return Err(error("55000", "sequence must be in same schema as table it is linked to"));
        }
        let Some((place, _)) = table.column(column) else {
            let message = format!("column \"{column}\" of relation \"{}\" does not exist", table.name);
            return Err(error("42703", message));
        };
        Ok(Some((oid, place)))
    }
}

impl<'a> Options<'a> {
    fn of(options: &'a [SequenceOption]) -> Result<Options<'a>, SqlError> {
        let mut said = Options::default();
        for option in options {
            match option {
                SequenceOption::As(data_type) => once(&mut said.ty, sequence_type(data_type)?)?,
                SequenceOption::Increment(0) => return Err(error("22023", "INCREMENT must not be zero")),
                SequenceOption::Increment(by) => once(&mut said.increment, *by)?,
                SequenceOption::Least(least) => once(&mut said.least, *least)?,
                SequenceOption::Greatest(greatest) => once(&mut said.greatest, *greatest)?,
                SequenceOption::Start(start) => once(&mut said.start, *start)?,
                SequenceOption::Restart(at) => once(&mut said.restart, *at)?,
                SequenceOption::Cycle(cycle) => once(&mut said.cycle, *cycle)?,
                SequenceOption::OwnedBy(owner) => once(&mut said.owner, owner.as_ref())?,
                SequenceOption::Cache(1) => (),
                SequenceOption::Cache(cache) if *cache < 1 => {
                    return Err(error("22023", format!("CACHE ({cache}) must be greater than zero")));
                }
                SequenceOption::Cache(_) => return Err(unsupported("a CACHE of several values")),
            }
        }
        Ok(said)
    }

    /// Whether they change more than whose the sequence is.
    fn rewrites(&self) -> bool {
        let Options { ty, increment, least, greatest, start, restart, cycle, owner: _ } = self;
        ty.is_some()
            || increment.is_some()
            || least.is_some()
            || greatest.is_some()
            || start.is_some()
            || restart.is_some()
            || cycle.is_some()
    }

    /// The sequence with these options.
    fn defined(&self, old: &Sequence, is_new: bool) -> Result<Sequence, SqlError> {
        let mut new = old.clone();
        new.ty = self.ty.unwrap_or(old.ty);
        new.increment = self.increment.unwrap_or(old.increment);
        new.cycle = self.cycle.unwrap_or(old.cycle);
        let (type_least, type_greatest) = bounds(new.ty);
        let (old_least, old_greatest) = bounds(old.ty);
        let ascends = new.increment > 0;
        // A limit that was the old type's becomes the new one's.
        let limit = |said: Option<Option<i64>>, old: i64, old_type: i64, usual: i64| match said {
            Some(said) => said.unwrap_or(usual),
            None if is_new || self.ty.is_some() && old == old_type => usual,
            None => old,
        };
        let usual_greatest = if ascends { type_greatest } else { -1 };
        new.greatest = limit(self.greatest, old.greatest, old_greatest, usual_greatest);
        check_range("MAXVALUE", new.greatest, new.ty)?;
        let usual_least = if ascends { 1 } else { type_least };
        new.least = limit(self.least, old.least, old_least, usual_least);
        check_range("MINVALUE", new.least, new.ty)?;
        if new.least >= new.greatest {
            let message = format!("MINVALUE ({}) must be less than MAXVALUE ({})", new.least, new.greatest);
            return Err(error("22023", message));
        }
        new.start = match self.start {
            Some(start) => start,
            None if is_new && ascends => new.least,
            None if is_new => new.greatest,
            None => old.start,
        };
        check_bounds("START", new.start, &new)?;
        Ok(new)
    }

    /// Where the altered sequence is.
    fn restarted(&self, state: State, sequence: &Sequence) -> Result<State, SqlError> {
        let state = match self.restart {
            Some(at) => State { value: at.unwrap_or(sequence.start), is_called: false, logged: 0 },
            None => State { logged: 0, ..state },
        };
        check_bounds("RESTART", state.value, sequence)?;
        Ok(state)
    }
}

fn once<T>(option: &mut Option<T>, value: T) -> Result<(), SqlError> {
    match option.replace(value) {
        None => Ok(()),
        Some(_) => Err(error("42601", "conflicting or redundant options")),
    }
}

fn sequence_type(data_type: &ast::DataType) -> Result<Type, SqlError> {
    let (ty, _) = types::name::parse(data_type)?;
    match ty {
        Type { scalar: Scalar::Int2 | Scalar::Int4 | Scalar::Int8, is_array: false } => Ok(ty),
        _ => Err(error("22023", "sequence type must be smallint, integer, or bigint")),
    }
}

/// The least and the greatest value of a type of whole numbers.
pub(super) fn bounds(ty: Type) -> (i64, i64) {
    match ty.scalar {
        Scalar::Int2 => (i16::MIN.into(), i16::MAX.into()),
        Scalar::Int4 => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN, i64::MAX),
    }
}

fn check_range(name: &str, value: i64, ty: Type) -> Result<(), SqlError> {
    let (least, greatest) = bounds(ty);
    if (least..=greatest).contains(&value) {
        return Ok(());
    }
    Err(error("22023", format!("{name} ({value}) is out of range for sequence data type {ty}")))
}

fn check_bounds(name: &str, value: i64, sequence: &Sequence) -> Result<(), SqlError> {
    let (relation, bound, limit) = match value {
        value if value < sequence.least => ("less", "MINVALUE", sequence.least),
        value if value > sequence.greatest => ("greater", "MAXVALUE", sequence.greatest),
        _ => return Ok(()),
    };
    Err(error("22023", format!("{name} value ({value}) cannot be {relation} than {bound} ({limit})")))
}

impl Sequence {
    /// One that counts from 1.
    pub(crate) fn of(name: std::rc::Rc<str>, schema: Oid, file: Oid, ty: Type) -> Sequence {
        let greatest = bounds(ty).1;
        let (start, increment, least) = (1, 1, 1);
        Sequence { name, schema, file, ty, start, increment, least, greatest, cycle: false, owner: None }
    }
}
