//! Joins of FROM: which rows of two sources go together.

use super::super::{Column, Join, JoinKind, Named, Origin, Relation, Source};
use super::from::renamed;
use super::path::{all_of, attach};
use crate::catalog::QualifiedName;
use crate::error::{error, unsupported};
use crate::expression::{Binder, Bound, Expr};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

impl Binder<'_> {
    pub(super) fn with_joins(&mut self, table: &ast::TableWithJoins) -> Result<Source, SqlError> {
        let begin = self.scope().width;
        let left = self.scope().columns.len();
        let mut source = self.factor(&table.relation)?;
        for joined in &table.joins {
            use ast::JoinOperator as Op;
            let (kind, constraint) = match &joined.join_operator {
                Op::Join(constraint) | Op::Inner(constraint) | Op::CrossJoin(constraint) => {
                    (JoinKind::Inner, constraint)
                }
                Op::Left(constraint) | Op::LeftOuter(constraint) => (JoinKind::Left, constraint),
                Op::Right(constraint) | Op::RightOuter(constraint) => (JoinKind::Right, constraint),
                Op::FullOuter(constraint) => (JoinKind::Full, constraint),
                _ => return Err(unsupported("this kind of join")),
            };
            let is_cross = matches!(joined.join_operator, Op::CrossJoin(_));
            if matches!(constraint, ast::JoinConstraint::None) && !is_cross {
                return Err(error("42601", "syntax error: a join needs ON or USING"));
            }
            let middle = self.scope().width;
            let middle_column = self.scope().columns.len();
            let right = self.factor(&joined.relation)?;
            let end = self.scope().width;
            let on = self.constraint(kind, constraint, left, middle_column)?;
            if kind == JoinKind::Inner {
                self.joined.extend(on.clone());
            }
            source = join(kind, source, right, None, middle - begin, end - begin);
            if let (Some(on), Source::Join(join)) = (on, &mut source) {
                self.place_on(join, on, begin);
            }
        }
        Ok(source)
    }

    /// What the target of a MERGE, which comes second, meets.
    pub fn met(&self, kind: JoinKind, source: Source, target: Source, on: Expr) -> Source {
        let (middle, end) = (source.width(), source.width() + target.width());
        let mut all = join(kind, source, target, None, middle, end);
        if let Source::Join(join) = &mut all {
            self.place_on(join, on, 0);
        }
        all
    }

    /// Puts a join's condition where it can be asked first.
    fn place_on(&self, join: &mut Join, on: Expr, begin: usize) {
        let conjuncts = match on {
            Expr::And(parts) => parts.into_vec(),
            other => vec![other],
        };
        let middle = begin + join.left_width;
        let mut rest = Vec::new();
        for conjunct in conjuncts {
            let inner = matches!(join.kind, JoinKind::Inner | JoinKind::Left);
            if !inner || !attach(self, &mut join.right, &conjunct, middle) {
                rest.push(conjunct);
            }
        }
        join.on = all_of(rest);
    }

    /// A join's condition; the columns on its sides begin at these places of the scope's.
    fn constraint(
        &mut self,
        kind: JoinKind,
        constraint: &ast::JoinConstraint,
        left: usize,
        right: usize,
    ) -> Result<Option<Expr>, SqlError> {
        let names: Vec<Rc<str>> = match constraint {
            ast::JoinConstraint::None => return Ok(None),
            ast::JoinConstraint::On(on) => return self.condition(on, "JOIN/ON").map(Some),
            ast::JoinConstraint::Using(names) => {
                let name = |name: &ast::ObjectName| Ok(QualifiedName::of(name)?.name);
                names.iter().map(name).collect::<Result<_, SqlError>>()?
            }
            ast::JoinConstraint::Natural => {
                let (lefts, rights) = self.scope().columns[left..].split_at(right - left);
                let shared = lefts.iter().filter(|column| rights.iter().any(|it| it.name == column.name));
                let mut names: Vec<Rc<str>> = Vec::new();
                for column in shared {
                    if !names.contains(&column.name) {
                        names.push(column.name.clone());
                    }
                }
                names
            }
        };
        let mut rights = self.scope().columns.split_off(right);
        let mut lefts = self.scope().columns.split_off(left);
        let mut conditions = Vec::new();
        let mut merged: Vec<Column> = Vec::new();
        for name in names {
            if merged.iter().any(|column| column.name == name) {
                let message = format!("column name \"{name}\" appears more than once in USING clause");
                return Err(error("42701", message));
            }
            let left = taken(&mut lefts, &name, "left")?;
            let right = taken(&mut rights, &name, "right")?;
            let left_bound = Bound::new(left.expr, left.ty);
            let right_bound = Bound::new(right.expr, right.ty);
            let equal = self.operator("=", left_bound.clone(), right_bound.clone())?;
            conditions.push(equal.expr);
            let (parts, ty) = self.common(vec![left_bound, right_bound], "JOIN/USING")?;
            let [left_expr, right_expr] = <[Expr; 2]>::try_from(parts).expect("two went in");
            let expr = match kind {
                JoinKind::Inner | JoinKind::Left => left_expr,
                JoinKind::Right => right_expr,
                JoinKind::Full => Expr::Coalesce([left_expr, right_expr].into()),
            };
            merged.push(Column { name, ty, expr });
        }
        self.scope().columns.extend(merged.into_iter().chain(lefts).chain(rights));
        Ok(all_of(conditions))
    }

    /// A join that has a name: what is inside has none any more.
    pub(super) fn named_join(
        &mut self,
        joined: &ast::TableWithJoins,
        alias: &ast::TableAlias,
    ) -> Result<Source, SqlError> {
        let (relations, columns) = (self.scope().relations.len(), self.scope().columns.len());
        let source = self.with_joins(joined)?;
        let scope = self.scope();
        scope.relations.truncate(relations);
        let named = |column: Column| match column.expr {
            Expr::Column(slot) => Ok(Named { name: column.name, ty: column.ty, slot }),
            _ => Err(unsupported("a name for a join that merges columns")),
        };
        let columns = scope.columns.split_off(columns).into_iter().map(named).collect::<Result<_, _>>()?;
        let relation =
            Relation { name: "".into(), columns, table: None, is_hidden: false, origin: Origin::Other };
        self.scope().add(renamed(relation, Some(alias))?, 0)?;
        Ok(source)
    }
}

/// Takes the only column of this name out of a join's side.
fn taken(columns: &mut Vec<Column>, name: &str, side: &str) -> Result<Column, SqlError> {
    let mut places = (0..columns.len()).filter(|place| *columns[*place].name == *name);
    match (places.next(), places.next()) {
        (Some(only), None) => Ok(columns.remove(only)),
        (Some(_), Some(_)) => {
            let message = format!("common column name \"{name}\" appears more than once in {side} table");
            Err(error("42702", message))
        }
        (None, _) => {
            let message =
                format!("column \"{name}\" specified in USING clause does not exist in {side} table");
            Err(error("42703", message))
        }
    }
}

/// Every row of one with every row of the other.
pub(crate) fn together(left: Source, right: Source) -> Source {
    match (left, right) {
        (Source::Nothing, only) | (only, Source::Nothing) => only,
        (left, right) => {
            let (middle, end) = (left.width(), left.width() + right.width());
            join(JoinKind::Inner, left, right, None, middle, end)
        }
    }
}

/// Two sources put together; the left one's row is `middle` wide, both are `end`.
fn join(kind: JoinKind, left: Source, right: Source, on: Option<Expr>, middle: usize, end: usize) -> Source {
    Source::Join(Box::new(Join { kind, left, right, on, left_width: middle, right_width: end - middle }))
}
