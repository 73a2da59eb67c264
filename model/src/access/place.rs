//! Which rows a condition holds of, as far as one column being equal to a constant says it.

use super::text::{name, single};
use crate::statement::Value;
use sqlparser::ast::{BinaryOperator, Expr, TableFactor, TableWithJoins, UnaryOperator, Value as Literal};

/// A column is equal to a constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Equality {
    pub column: String,
    pub constant: Constant,
}

/// A constant of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Value(Value),
    /// The parameter of this number, the first being 1.
    Param(usize),
}

/// The one table that a statement is about, under the names that it has in it.
pub(super) struct Target {
    pub name: String,
    alias: Option<String>,
}

impl Target {
    pub(super) fn of(from: &TableWithJoins) -> Option<Target> {
        let TableFactor::Table { name: table, alias, .. } = &from.relation else { return None };
        if !from.joins.is_empty() {
            return None;
        }
        let alias = match alias {
            Some(alias) => Some(single(&alias.name)?),
            None => None,
        };
        Some(Target { name: name(table)?, alias })
    }

    /// What holds of every row that the condition holds of. Nothing is said of a condition that could fail on
    /// some row: whether it does hangs on rows that it does not hold of.
    pub(super) fn place(&self, condition: Option<&Expr>) -> Vec<Equality> {
        let mut place = Vec::new();
        if let Some(condition) = condition
            && never_fails(condition)
        {
            self.add_equalities(condition, &mut place);
        }
        place
    }

    fn add_equalities(&self, condition: &Expr, place: &mut Vec<Equality>) {
        match condition {
            Expr::Nested(inner) => self.add_equalities(inner, place),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.add_equalities(left, place);
                self.add_equalities(right, place);
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                place.extend(self.equality(left, right).or_else(|| self.equality(right, left)));
            }
            Expr::InList { expr, list, negated: false } => {
                if let [one] = &list[..] {
                    place.extend(self.equality(expr, one));
                }
            }
            _ => (),
        }
    }

    fn equality(&self, column: &Expr, constant: &Expr) -> Option<Equality> {
        let column = match column {
            Expr::Identifier(column) => single(column)?,
            Expr::CompoundIdentifier(names) => {
                let [table, column] = &names[..] else { return None };
                if single(table)? != *self.alias.as_ref().unwrap_or(&self.name) {
                    return None;
                }
                single(column)?
            }
            _ => return None,
        };
        Some(Equality { column, constant: constant_of(constant)? })
    }
}

fn constant_of(expr: &Expr) -> Option<Constant> {
    let text = |text: &str| Some(Constant::Value(Value::Text(text.to_owned())));
    match expr {
        Expr::Value(literal) => match &literal.value {
            Literal::Number(number, _) => Some(Constant::Value(Value::Int(number.parse().ok()?))),
            Literal::SingleQuotedString(string) => text(string),
            // A bare `?` counts from what stands before it in the text, which the tree no longer knows.
            Literal::Placeholder(name) => Some(Constant::Param(name.get(1..)?.parse().ok()?)),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match constant_of(expr)? {
            Constant::Value(Value::Int(n)) => Some(Constant::Value(Value::Int(n.checked_neg()?))),
            _ => None,
        },
        _ => None,
    }
}

/// Comparisons and arithmetic give a value for any row; functions and patterns may give an error.
fn never_fails(expr: &Expr) -> bool {
    use BinaryOperator::{And, Divide, Eq, Gt, GtEq, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Or, Plus};
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) => true,
        Expr::Nested(expr) | Expr::IsNull(expr) | Expr::IsNotNull(expr) => never_fails(expr),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus | UnaryOperator::Not, expr } => {
            never_fails(expr)
        }
        Expr::BinaryOp { left, op, right } => {
            let plain = [And, Divide, Eq, Gt, GtEq, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Or, Plus];
            plain.contains(op) && never_fails(left) && never_fails(right)
        }
        Expr::Between { expr, low, high, .. } => [expr, low, high].into_iter().all(|expr| never_fails(expr)),
        Expr::InList { expr, list, .. } => never_fails(expr) && list.iter().all(never_fails),
        _ => false,
    }
}
