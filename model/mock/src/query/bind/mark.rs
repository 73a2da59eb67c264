//! FOR UPDATE and the like: which rows of FROM are locked.

use super::super::{JoinKind, Mark, Origin, Relation, Source, Waits};
use crate::catalog::Privilege;
use crate::change::Target;
use crate::error::{error, unsupported};
use crate::expression::Binder;
use crate::locks::Mode;
use crate::place;
use crate::spelling::LockStrength;
use drawloom_model::SqlError;
use sqlparser::ast::{self, Spanned};
use std::ops::Range;

impl Binder<'_> {
    pub(super) fn marks(&mut self, locks: &[ast::LockClause]) -> Result<Vec<Mark>, SqlError> {
        let mut marks: Vec<Mark> = Vec::new();
        for clause in locks {
            let LockStrength { mode, of } = LockStrength::of(clause)?;
            self.row_lock.get_or_insert(mode);
            let waits = match &clause.nonblock {
                None => Waits::Wait,
                Some(ast::NonBlock::Nowait) => Waits::Fail,
                Some(ast::NonBlock::SkipLocked) => Waits::Skip,
            };
            let scope = self.scopes.last().expect("its own scope");
            let relations: Vec<_> = match &of {
                Some(name) => {
                    let message =
                        format!("relation \"{name}\" in {} clause not found in FROM clause", mode.clause());
                    let at = clause.of.as_ref().and_then(|of| place::begin(of.0.last()?.span()));
                    vec![scope.relation(name).cloned().ok_or_else(|| error("42P01", message).at(at))?]
                }
                None => scope.relations.iter().filter(|relation| relation.table.is_some()).cloned().collect(),
            };
            let named = of.is_some();
            let within = |relation: &&Relation| matches!(relation.origin, Origin::System | Origin::Query);
            if let Some(other) =
                scope.relations.iter().filter(|it| !named || of.as_ref() == Some(&it.name)).find(within)
            {
                return Err(unsupported(format!("{} of {}, which is no table,", mode.clause(), other.name)));
            }
            for relation in relations {
                let Some((oid, _)) = relation.table else {
                    let message = format!("{} cannot be applied to {}", mode.clause(), relation.name);
                    return Err(error("0A000", message));
                };
                self.uses(oid, Mode::RowShare);
                self.needs(oid, Privilege::Update);
                // Of several the strongest holds.
                match marks.iter_mut().find(|mark| mark.relation.name == relation.name) {
                    Some(mark) => mark.mode = mode.max(mark.mode),
                    None => {
                        let target =
                            Target::of(self.catalog, self.naming, oid).map_err(SqlError::elsewhere)?.into();
                        marks.push(Mark { relation, mode, waits, target });
                    }
                }
            }
        }
        Ok(marks)
    }
}

/// Refuses to lock rows that need not be there: those that an outer join fills up with NULLs.
pub(super) fn refuse_nullable(from: &Source, marks: &[Mark]) -> Result<(), SqlError> {
    let mut nullable = Vec::new();
    nullable_slots(from, 0, false, &mut nullable);
    let is_nullable = |mark: &&Mark| {
        mark.relation.table.is_some_and(|(_, slot)| nullable.iter().any(|slots| slots.contains(&slot)))
    };
    match marks.iter().find(is_nullable) {
        Some(mark) => {
            let clause = mark.mode.clause();
            let message = format!("{clause} cannot be applied to the nullable side of an outer join");
            Err(error("0A000", message))
        }
        None => Ok(()),
    }
}

fn nullable_slots(source: &Source, begin: usize, is_nullable: bool, found: &mut Vec<Range<usize>>) {
    if let Source::Join(join) = source {
        let left = matches!(join.kind, JoinKind::Right | JoinKind::Full);
        let right = matches!(join.kind, JoinKind::Left | JoinKind::Full);
        nullable_slots(&join.left, begin, is_nullable || left, found);
        nullable_slots(&join.right, begin + join.left_width, is_nullable || right, found);
    } else if is_nullable {
        found.push(begin..begin + source.width());
    }
}
