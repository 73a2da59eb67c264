//! Binds ON CONFLICT.

use super::conflict::Action;
use super::target::TargetIndex;
use super::{Conflict, Target};
use crate::catalog::QualifiedName;
use crate::error::error;
use crate::expression::{Binder, Expr};
use crate::inference::Part;
use crate::place;
use crate::query::{Named, Origin, Relation};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

impl Binder<'_> {
    pub(super) fn conflict(
        &mut self,
        on: &ast::OnConflict,
        target: &Target,
        name: &Rc<str>,
    ) -> Result<Conflict, SqlError> {
        let arbiters = match &on.conflict_target {
            None => unique_indexes(target).map(|(place, _)| place).collect(),
            Some(ast::ConflictTarget::OnConstraint(constraint)) => {
                let wanted = QualifiedName::of(constraint)?.name;
                let found = unique_indexes(target).find(|(_, index)| index.name == wanted);
                let missing = || {
                    let table = &target.table.name;
                    error("42704", format!("constraint \"{wanted}\" for table \"{table}\" does not exist"))
                };
                vec![found.ok_or_else(missing)?.0]
            }
            Some(ast::ConflictTarget::Columns(columns)) => {
                let (keys, condition) = self.inferred(columns, target, name)?;
                let fits = |index: &TargetIndex| {
                    let covers = index.keys.iter().all(|key| keys.contains(key));
                    let is_whole = index.predicate.is_none() || index.predicate == condition;
                    covers && is_whole && keys.iter().all(|key| index.keys.contains(key))
                };
                unique_indexes(target).filter(|(_, index)| fits(index)).map(|(place, _)| place).collect()
            }
        };
        if arbiters.is_empty() && on.conflict_target.is_some() {
            let message = "there is no unique or exclusion constraint matching the ON CONFLICT specification";
            return Err(error("42P10", message));
        }
        let action = match &on.action {
            ast::OnConflictAction::DoNothing => Action::Nothing,
            ast::OnConflictAction::DoUpdate(update) => {
                if on.conflict_target.is_none() {
                    let message = "ON CONFLICT DO UPDATE requires inference specification or constraint name";
                    return Err(error("42601", message));
                }
                let mut scope = target.scope(name);
                let begin = scope.width;
                let named = |(place, column): (usize, &crate::catalog::Column)| Named {
                    name: column.name.clone(),
                    ty: column.ty,
                    slot: begin + place,
                };
                let columns = target.table.live_columns().map(named).collect();
                let excluded = Relation {
                    name: "excluded".into(),
                    columns,
                    table: None,
                    is_hidden: true,
                    origin: Origin::Other,
                };
                scope.add(excluded, target.missing.len())?;
                self.scopes.push(scope);
                let assignments = self.assignments(&update.assignments, target)?;
                let filter =
                    update.selection.as_ref().map(|filter| self.condition(filter, "WHERE")).transpose()?;
                self.scopes.pop();
                Action::Update { assignments, filter }
            }
        };
        Ok(Conflict { arbiters, action })
    }

    /// The keys of an ON CONFLICT target, and its condition, over the table's row.
    fn inferred(
        &mut self,
        parts: &[ast::Ident],
        target: &Target,
        name: &Rc<str>,
    ) -> Result<(Vec<Expr>, Option<Expr>), SqlError> {
        let (mut keys, mut condition) = (Vec::new(), None);
        self.scopes.push(target.scope(name));
        for part in parts {
            match Part::of(part)? {
                Part::Key(key) => {
                    let bound = self.expr(&key).map_err(|failure| match &key {
                        // PostgreSQL says it of the whole list.
                        ast::Expr::Identifier(_) => failure.elsewhere().at(place::around(part.span)),
                        _ => failure,
                    })?;
                    keys.push(self.known(bound)?.expr);
                }
                Part::Condition(ast) => condition = Some(self.condition(&ast, "WHERE")?),
            }
        }
        self.scopes.pop();
        Ok((keys, condition))
    }
}

fn unique_indexes(target: &Target) -> impl Iterator<Item = (usize, &TargetIndex)> {
    target.indexes.iter().enumerate().filter(|(_, index)| index.is_unique)
}
