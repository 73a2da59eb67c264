//! FROM: tables and what is joined to them.

use super::probe::values;
use super::{Output, Probe, Query, Repeated};
use crate::expression::{Context, Expr, Outer};
use crate::ids::{Oid, Tid};
use crate::store::Row;
use crate::system::Rows;
use crate::types::Datum;
use drawloom_model::SqlError;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What rows come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// One row without columns.
    Nothing,
    Table(Rc<Scan>),
    Join(Box<Join>),
    /// A subquery, which sees what stands left of it if it is LATERAL.
    Query {
        query: Rc<Query>,
        /// What it goes by.
        name: Rc<str>,
        lateral: bool,
    },
    /// A subquery of WITH, by number.
    Cte {
        number: usize,
        /// What it goes by.
        name: Rc<str>,
        columns: Vec<Output>,
    },
    Series {
        function: Rc<str>,
        /// What it goes by.
        name: Rc<str>,
        repeated: Repeated,
        width: usize,
        ordinality: bool,
    },
    /// What the engine knows of itself.
    System(Rows),
}

/// How a table's rows are found.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    /// One for each in a statement.
    pub number: usize,
    /// What it goes by.
    pub name: Rc<str>,
    pub table: Oid,
    pub file: Oid,
    /// How many columns a row has, and what those are that it was written without.
    pub missing: Vec<Datum>,
    pub path: Path,
    /// The conditions that every row meets which the path finds.
    pub found: Vec<Expr>,
    /// The other ones, over the row so far with this table's columns.
    pub filter: Option<Expr>,
}

/// Which of a table's rows are looked at.
#[derive(Clone, Debug)]
pub(crate) enum Path {
    /// All of them, in the order in which they were written.
    Sequential,
    /// Those that an index finds, in its order.
    Index(Probe),
    /// Those that have these values in these columns: all rows are read once, and kept by them.
    Hash { columns: Vec<usize>, equal: Vec<Expr> },
}

/// Two sources put together.
#[derive(Clone, Debug)]
pub(crate) struct Join {
    pub kind: JoinKind,
    pub left: Source,
    pub right: Source,
    pub on: Option<Expr>,
    /// How many values each side appends.
    pub left_width: usize,
    pub right_width: usize,
}

/// What becomes of rows without a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
}

/// Takes a row.
pub(crate) type Emit<'a> = &'a mut dyn FnMut(&mut Vec<Datum>) -> Result<(), SqlError>;

/// Appends each of the source's rows to the row so far, and hands it on.
///
/// # Errors
/// What an expression says, or who takes the rows.
pub(crate) fn each(
    source: &Source,
    cx: &Context<'_>,
    row: &mut Vec<Datum>,
    emit: Emit<'_>,
) -> Result<(), SqlError> {
    let begin = row.len();
    match source {
        Source::Nothing => emit(row),
        Source::Table(scan) => scan.each(cx, row, emit),
        Source::Join(join) => join.each(cx, row, emit),
        Source::Query { query, lateral, .. } => {
            let rows = if *lateral {
                let outer = Outer { row, outer: cx.outer };
                super::rows(query, &Context { outer: Some(&outer), ..*cx })?
            } else {
                super::rows(query, cx)?
            };
            rows.into_iter().try_for_each(|values| {
                cx.world().look()?;
                row.extend(values);
                let emitted = emit(row);
                row.truncate(begin);
                emitted
            })
        }
        Source::Cte { number, .. } => {
            let rows = cx.world().cte(*number);
            rows.iter().try_for_each(|values| {
                cx.world().look()?;
                row.extend(values.iter().cloned());
                let emitted = emit(row);
                row.truncate(begin);
                emitted
            })
        }
        Source::System(rows) => rows.read(cx.world())?.into_iter().try_for_each(|values| {
            row.extend(values);
            let emitted = emit(row);
            row.truncate(begin);
            emitted
        }),
        Source::Series { repeated, ordinality, .. } => {
            let rows = repeated.rows(cx, row)?;
            rows.into_iter().zip(1_i64..).try_for_each(|(values, number)| {
                row.extend(values);
                if *ordinality {
                    row.push(Datum::Int(number));
                }
                let emitted = emit(row);
                row.truncate(begin);
                emitted
            })
        }
    }
}

/// A table's visible rows by some of their values, each in the order in which they were written.
pub(crate) type Hash = BTreeMap<Vec<Datum>, Vec<(Tid, Row)>>;

impl Repeated {
    /// Its rows over this one.
    ///
    /// # Errors
    /// What the function says.
    pub fn rows(&self, cx: &Context<'_>, row: &[Datum]) -> Result<Vec<Vec<Datum>>, SqlError> {
        let arguments =
            self.arguments.iter().map(|part| part.evaluate(cx, row)).collect::<Result<Vec<_>, _>>()?;
        let looked_at = |row| cx.world().look().and(row);
        self.series.rows(&arguments)?.map(looked_at).collect()
    }
}

impl Scan {
    fn each(&self, cx: &Context<'_>, row: &mut Vec<Datum>, emit: Emit<'_>) -> Result<(), SqlError> {
        let world = cx.world();
        match &self.path {
            Path::Sequential => {
                world.read_all(self.table);
                // No statement changes a table while a query reads it: what it writes comes after.
                for (tid, tuple) in world.file(self.file).heap.iter() {
                    if world.sees(tuple)? {
                        self.one(cx, tid, &tuple.row, row, emit)?;
                    }
                }
            }
            Path::Hash { columns, equal } => {
                let Some(key) = values(equal, cx, row)? else { return Ok(()) };
                let hash = match world.hash(self.number) {
                    Some(hash) => hash,
                    None => {
                        let hash = Rc::new(self.hash(cx, columns)?);
                        world.keep_hash(self.number, hash.clone());
                        hash
                    }
                };
                for (tid, values) in hash.get(&key).into_iter().flatten() {
                    self.one(cx, *tid, values, row, emit)?;
                }
            }
            Path::Index(probe) => {
                let file = world.file(self.file);
                for tid in self.tids(probe, cx, row)?.iter().copied() {
                    let tuple = file.heap.get(tid).expect("an index names versions that there are");
                    if world.sees(tuple)? {
                        world.read_row(self.table, tid, tuple);
                        self.one(cx, tid, &tuple.row, row, emit)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The versions that an index finds.
    ///
    /// # Errors
    /// What the expressions say that it looks for.
    pub(super) fn tids<'a>(
        &self,
        probe: &Probe,
        cx: &Context<'a>,
        row: &[Datum],
    ) -> Result<Cow<'a, [Tid]>, SqlError> {
        let world = cx.world();
        let table = (self.table, self.file);
        let watch = |page, key: &[Datum]| world.read_index(table, probe.index, page, key);
        let tids = probe.tids(world.file(self.file).index(probe.index), &watch, cx, row)?;
        Ok(tids.unwrap_or_default())
    }

    /// The rows by their values in these columns.
    fn hash(&self, cx: &Context<'_>, columns: &[usize]) -> Result<Hash, SqlError> {
        let world = cx.world();
        let mut hash = Hash::new();
        world.read_all(self.table);
        for (tid, tuple) in world.file(self.file).heap.iter() {
            if !world.sees(tuple)? {
                continue;
            }
            world.look()?;
            let value = |column: &usize| tuple.row.get(*column).unwrap_or_else(|| &self.missing[*column]);
            let key = columns.iter().map(|column| value(column).clone()).collect();
            hash.entry(key).or_default().push((tid, tuple.row.clone()));
        }
        Ok(hash)
    }

    fn one(
        &self,
        cx: &Context<'_>,
        tid: Tid,
        values: &[Datum],
        row: &mut Vec<Datum>,
        emit: Emit<'_>,
    ) -> Result<(), SqlError> {
        cx.world().look()?;
        let begin = row.len();
        self.push(tid, values, row);
        let done = match &self.filter {
            Some(filter) if !filter.holds(cx, row)? => Ok(()),
            _ => emit(row),
        };
        row.truncate(begin);
        done
    }

    /// Appends a version's values and its number.
    pub fn push(&self, tid: Tid, values: &[Datum], row: &mut Vec<Datum>) {
        row.extend_from_slice(values);
        row.extend_from_slice(&self.missing[values.len()..]);
        row.push(Datum::Int(tid.0.into()));
    }
}

impl Join {
    fn each(&self, cx: &Context<'_>, row: &mut Vec<Datum>, emit: Emit<'_>) -> Result<(), SqlError> {
        match self.kind {
            JoinKind::Inner | JoinKind::Left => each(&self.left, cx, row, &mut |row| {
                let mut met = false;
                each(&self.right, cx, row, &mut |row| {
                    if self.meets(cx, row)? {
                        met = true;
                        emit(row)?;
                    }
                    Ok(())
                })?;
                if !met && self.kind == JoinKind::Left {
                    return padded(row, self.right_width, emit);
                }
                Ok(())
            }),
            JoinKind::Right | JoinKind::Full => self.each_right(cx, row, emit),
        }
    }

    /// The right side is read once, and what of it met nobody comes last.
    fn each_right(&self, cx: &Context<'_>, row: &mut Vec<Datum>, emit: Emit<'_>) -> Result<(), SqlError> {
        let begin = row.len();
        let mut rights = Vec::new();
        row.resize(begin + self.left_width, Datum::Null);
        each(&self.right, cx, row, &mut |row| {
            rights.push((row[begin + self.left_width..].to_vec(), false));
            Ok(())
        })?;
        row.truncate(begin);
        each(&self.left, cx, row, &mut |row| {
            let middle = row.len();
            let mut met = false;
            for (right, right_met) in &mut rights {
                cx.world().look()?;
                row.extend_from_slice(right);
                if self.meets(cx, row)? {
                    met = true;
                    *right_met = true;
                    emit(row)?;
                }
                row.truncate(middle);
            }
            if !met && self.kind == JoinKind::Full {
                return padded(row, self.right_width, emit);
            }
            Ok(())
        })?;
        for (right, met) in rights {
            if !met {
                row.resize(begin + self.left_width, Datum::Null);
                row.extend(right);
                emit(row)?;
                row.truncate(begin);
            }
        }
        Ok(())
    }

    fn meets(&self, cx: &Context<'_>, row: &[Datum]) -> Result<bool, SqlError> {
        self.on.as_ref().map_or(Ok(true), |on| on.holds(cx, row))
    }
}

fn padded(row: &mut Vec<Datum>, width: usize, emit: Emit<'_>) -> Result<(), SqlError> {
    let begin = row.len();
    row.resize(begin + width, Datum::Null);
    let emitted = emit(row);
    row.truncate(begin);
    emitted
}

impl Source {
    /// How many values it appends to a row.
    pub fn width(&self) -> usize {
        match self {
            Source::Nothing => 0,
            Source::Table(scan) => scan.missing.len() + 1,
            Source::Join(join) => join.left_width + join.right_width,
            Source::Query { query, .. } => query.columns.len(),
            Source::Cte { columns, .. } => columns.len(),
            Source::System(rows) => rows.columns().len(),
            Source::Series { width, ordinality, .. } => width + usize::from(*ordinality),
        }
    }
}
