//! Binds MERGE.

use super::Target;
use super::merge::{Action, Merge, When};
use super::target::assigned;
use crate::catalog::{Object, Privilege, QualifiedName, identifier};
use crate::error::{error, unsupported};
use crate::expression::{Binder, Expr, is_default};
use crate::overriding::{self, Overriding};
use crate::query::{Distinct, JoinKind, Select};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

impl Binder<'_> {
    /// `MERGE`
    ///
    /// # Errors
    /// Names that do not exist, types that do not fit, constructs that are not supported.
    pub fn merge(&mut self, ast: &ast::Merge) -> Result<Merge, SqlError> {
        let ast::TableFactor::Table { name, alias, args: None, .. } = &ast.table else {
            return Err(unsupported(format!("a merge into {}", ast.table)));
        };
        if ast.output.is_some() {
            return Err(unsupported("OUTPUT"));
        }
        refuse_unreachable(&ast.clauses)?;
        let (target, name) = self.merge_target(name, &ast.clauses)?;
        let shown = alias.as_ref().map_or(name.clone(), |alias| identifier(&alias.name));
        self.scopes.push(Default::default());
        let source = ast::TableWithJoins { relation: ast.source.clone(), joins: Vec::new() };
        let mut from = self.from(std::slice::from_ref(&source))?;
        let scope = self.scopes.last().expect("it has just been pushed").clone();
        if scope.relation(&shown).is_some() {
            return Err(error("42712", format!("name \"{shown}\" specified more than once")));
        }
        let table = self.table(target.oid, &target.table, &name, alias.as_ref())?;
        let on = self.condition(&ast.on, "JOIN/ON")?;
        let is_aggregate = |expr: &Expr, depth| depth == 0 && matches!(expr, Expr::Aggregate(_));
        if on.any(&is_aggregate) {
            return Err(error("42803", "aggregate functions are not allowed in JOIN conditions"));
        }
        let inserts = ast.clauses.iter().any(|clause| !is_matched(clause));
        let kind = if inserts { JoinKind::Left } else { JoinKind::Inner };
        from = self.met(kind, from, table, on.clone());
        let (mut matched, mut unmatched) = (Vec::new(), Vec::new());
        for clause in &ast.clauses {
            if is_matched(clause) {
                matched.push(self.when(clause, &target)?);
                continue;
            }
            // There is no row of the target that it could speak of.
            let both = self.scopes.last_mut().expect("it stands in a query");
            let both = std::mem::replace(both, scope.clone());
            self.unreachable.push(shown.clone());
            let when = self.when(clause, &target);
            self.unreachable.pop();
            *self.scopes.last_mut().expect("it stands in a query") = both;
            unmatched.push(when?);
        }
        self.scopes.pop();
        let rows = Select::of(from, None, Distinct::All);
        Ok(Merge { target, rows, begin: scope.width, on, matched, unmatched })
    }

    /// The table that a MERGE changes, and its name.
    fn merge_target(
        &mut self,
        name: &ast::ObjectName,
        clauses: &[ast::MergeClause],
    ) -> Result<(Rc<Target>, Rc<str>), SqlError> {
        let qualified = QualifiedName::of(name)?;
        let (oid, object) = self.catalog.resolve(self.naming, &qualified)?;
        if !matches!(object, Object::Table(_)) {
            let message = format!("cannot execute MERGE on relation \"{}\"", object.name());
            return Err(error("0A000", message));
        }
        let (oid, name) = self.changed(name, Privilege::Select).map(|(_, name)| (oid, name))?;
        for clause in clauses {
            match &clause.action {
                ast::MergeAction::Insert(_) => self.needs(oid, Privilege::Insert),
                ast::MergeAction::Update(_) => self.needs(oid, Privilege::Update),
                ast::MergeAction::Delete { .. } => self.needs(oid, Privilege::Delete),
                ast::MergeAction::DoNothing { .. } => (),
            }
        }
        Ok((Rc::new(Target::of(self.catalog, self.naming, oid)?), name))
    }

    fn when(&mut self, clause: &ast::MergeClause, target: &Target) -> Result<When, SqlError> {
        let condition = clause.predicate.as_ref().map(|condition| self.condition(condition, "WHEN"));
        let condition = condition.transpose()?;
        let action = match &clause.action {
            ast::MergeAction::DoNothing { .. } => Action::Nothing,
            ast::MergeAction::Delete { .. } => Action::Delete,
            ast::MergeAction::Update(update) => {
                let ast::MergeUpdateKind::Set(assignments) = &update.kind else {
                    return Err(unsupported("UPDATE SET *"));
                };
                Action::Update(self.assignments(assignments, target)?)
            }
            ast::MergeAction::Insert(insert) => Action::Insert(self.merged_values(insert, target)?),
        };
        Ok(When { condition, action })
    }

    /// What each column of the table gets.
    fn merged_values(
        &mut self,
        insert: &ast::MergeInsertExpr,
        target: &Target,
    ) -> Result<Vec<Expr>, SqlError> {
        let (columns, overriding) = Overriding::split(&insert.columns);
        let places = self.insert_places(target, columns)?;
        let ast::MergeInsertKind::Values(values) = &insert.kind else {
            return Err(unsupported(format!("INSERT {}", insert.kind)));
        };
        let [row] = values.rows.as_slice() else { return Err(unsupported("INSERT of several rows")) };
        if row.content.len() > places.len() {
            return Err(error("42601", "INSERT has more expressions than target columns"));
        }
        if row.content.len() < places.len() && !columns.is_empty() {
            return Err(error("42601", "INSERT has more target columns than expressions"));
        }
        let mut all = Vec::with_capacity(target.missing.len());
        for (place, column) in target.table.columns.iter().enumerate() {
            let named = places.iter().position(|named| *named == place);
            all.push(match named.and_then(|number| row.content.get(number)) {
                _ if column.is_dropped => Expr::NULL,
                None => target.default(self, place)?,
                Some(ast) if is_default(ast) => target.default(self, place)?,
                Some(_) if overriding::ignores(column, overriding) => target.default(self, place)?,
                Some(_) if overriding::refuses(column, overriding) => {
                    return Err(super::bind::no_value(column));
                }
                Some(ast) => {
                    let bound = self.in_clause("VALUES", |binder| binder.expr(ast))?;
                    assigned(self, bound, column)?
                }
            });
        }
        Ok(all)
    }
}

fn is_matched(clause: &ast::MergeClause) -> bool {
    clause.clause_kind == ast::MergeClauseKind::Matched
}

/// Refuses what comes after a clause that always holds, and clauses that PostgreSQL 15 does not have.
fn refuse_unreachable(clauses: &[ast::MergeClause]) -> Result<(), SqlError> {
    for (number, clause) in clauses.iter().enumerate() {
        use ast::MergeClauseKind as Kind;
        if matches!(clause.clause_kind, Kind::NotMatchedByTarget | Kind::NotMatchedBySource) {
            return Err(unsupported(format!("WHEN {}", clause.clause_kind)));
        }
        let is_last_word = |before: &ast::MergeClause| {
            before.predicate.is_none() && is_matched(before) == is_matched(clause)
        };
        if clauses[..number].iter().any(is_last_word) {
            let message = "unreachable WHEN clause specified after unconditional WHEN clause";
            return Err(error("42601", message));
        }
    }
    Ok(())
}
