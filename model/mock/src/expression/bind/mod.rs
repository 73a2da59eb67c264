//! Makes expressions of what the parser read: finds what names stand for, and gives everything its type.

mod column;
mod conversion;
mod engine;
mod function;
mod literal;
mod operator;
mod row;
mod subquery;
mod symmetric;
mod window;

pub(crate) use function::{function_name, sort_key};
pub(crate) use symmetric::SYMMETRIC;

use super::evaluate::check_depth;
use super::{Called, EngineCall, Expr, SubqueryKind};
use crate::catalog::{Catalog, Naming, Privilege, identifier};
use crate::error::{error, unsupported};
use crate::functions;
use crate::ids::Oid;
use crate::locks::Mode;
use crate::place::{self, Place};
use crate::query::Scope;
use crate::store::RowLock;
use crate::types::cast::Context;
use crate::types::{self, Datum, Modifier, Scalar, Type};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

/// An expression and its type.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub expr: Expr,
    pub ty: Type,
    /// Where it is written.
    pub place: Place,
}

/// A subquery of WITH that is in sight.
#[derive(Clone, Debug)]
pub(crate) struct VisibleCte {
    pub name: Rc<str>,
    pub number: usize,
    pub columns: Vec<crate::query::Output>,
    /// Whether it is a statement that changes rows.
    pub is_change: bool,
}

/// Something that a statement may do only if it is allowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub relation: Oid,
    pub privilege: Privilege,
    /// Who needs it: a view's owner, or the user.
    pub role: Option<Oid>,
}

/// Binds one statement.
pub(crate) struct Binder<'a> {
    pub catalog: &'a Catalog,
    pub naming: &'a Naming,
    /// The FROMs around what is bound, the innermost last.
    pub scopes: Vec<Scope>,
    pub ctes: Vec<VisibleCte>,
    pub cte_count: usize,
    /// Whether the part of a recursive subquery is bound that is repeated.
    pub is_recursing: bool,
    /// What `$1`, `$2`, ... have turned out to be.
    pub parameters: Vec<Type>,
    /// The relations that the statement uses, with the lock that it takes on each, in their order.
    pub uses: Vec<(Oid, Mode)>,
    /// What whoever executes the statement has to be allowed.
    pub needs: Vec<Need>,
    /// Whose rights the view that is being bound has; the user's own outside of views.
    pub reader: Option<Oid>,
    /// The views around what is bound.
    pub views: Vec<Oid>,
    /// The conditions of inner joins in the innermost FROM.
    pub joined: Vec<Expr>,
    /// The windows that have names in the innermost query.
    pub windows: Vec<(Rc<str>, ast::WindowSpec)>,
    /// The functions that give rows in the innermost list; `None` where there may be none.
    pub series: Option<Vec<crate::query::Repeated>>,
    /// What is bound, for messages.
    place: String,
    /// The clause that is bound, where aggregates and windows may not stand; empty where they may.
    pub clause: &'static str,
    /// Relations that are there, and out of sight of what is bound.
    pub unreachable: Vec<Rc<str>>,
    /// Whether `$1` means something: not in what is kept.
    pub has_parameters: bool,
    /// The first clause that locks rows.
    pub row_lock: Option<RowLock>,
    pub depth: usize,
}

impl Bound {
    pub fn new(expr: Expr, ty: Type) -> Bound {
        Bound { expr, ty, place: None }
    }

    pub fn scalar(expr: Expr, scalar: Scalar) -> Bound {
        Bound::new(expr, Type::of(scalar))
    }

    fn bool(expr: Expr) -> Bound {
        Bound::scalar(expr, Scalar::Bool)
    }
}

/// The clauses whose expressions stand for themselves: no query may be in them.
const STORED: [&str; 7] = [
    "DEFAULT expressions",
    "check constraints",
    "column generation expressions",
    "index expressions",
    "index predicates",
    "transform expressions",
    "EXECUTE parameters",
];

impl<'a> Binder<'a> {
    pub fn new(catalog: &'a Catalog, naming: &'a Naming) -> Binder<'a> {
        Binder {
            catalog,
            naming,
            scopes: Vec::new(),
            ctes: Vec::new(),
            cte_count: 0,
            is_recursing: false,
            parameters: Vec::new(),
            uses: Vec::new(),
            needs: Vec::new(),
            reader: None,
            views: Vec::new(),
            joined: Vec::new(),
            windows: Vec::new(),
            series: None,
            place: "RETURNING".to_owned(),
            clause: "DEFAULT expressions",
            unreachable: Vec::new(),
            has_parameters: true,
            row_lock: None,
            depth: 0,
        }
    }

    /// Notes that the statement uses a relation.
    pub fn uses(&mut self, oid: Oid, mode: Mode) {
        match self.uses.iter_mut().find(|(used, _)| *used == oid) {
            Some((_, strongest)) => *strongest = mode.max(*strongest),
            None => self.uses.push((oid, mode)),
        }
    }

    /// Notes that the statement does this with a relation.
    pub fn needs(&mut self, relation: Oid, privilege: Privilege) {
        let need = Need { relation, privilege, role: self.reader };
        if !self.needs.contains(&need) {
            self.needs.push(need);
        }
    }

    /// A condition.
    ///
    /// # Errors
    /// It is none.
    pub fn condition(&mut self, ast: &ast::Expr, place: &str) -> Result<Expr, SqlError> {
        let clause = match place {
            "WHERE" => "WHERE",
            "JOIN/ON" => "JOIN conditions",
            "CHECK" => "check constraints",
            "FILTER" => "FILTER",
            "WHEN" => "MERGE WHEN conditions",
            _ => self.clause,
        };
        self.condition_of(clause, ast, place)
    }

    /// An index's predicate, which is said to be a WHERE.
    ///
    /// # Errors
    /// As for a condition.
    pub fn predicate(&mut self, ast: &ast::Expr) -> Result<Expr, SqlError> {
        self.condition_of("index predicates", ast, "WHERE")
    }

    fn condition_of(&mut self, clause: &'static str, ast: &ast::Expr, place: &str) -> Result<Expr, SqlError> {
        let series = self.series.take();
        let around = std::mem::replace(&mut self.place, place.to_owned());
        let bound = self.in_clause(clause, |binder| binder.expr(ast));
        (self.place, self.series) = (around, series);
        let bound = bound?;
        if bound.ty != Type::of(Scalar::Bool) && bound.ty != Type::of(Scalar::Unknown) {
            let message = format!("argument of {place} must be type boolean, not type {}", bound.ty);
            return Err(error("42804", message).at(bound.place));
        }
        self.coerce(bound, Type::of(Scalar::Bool), Context::Implicit)
    }

    /// Binds a clause in which aggregates and windows may not stand; they may if it has no name.
    pub fn in_clause<T>(&mut self, clause: &'static str, bind: impl FnOnce(&mut Self) -> T) -> T {
        let around = std::mem::replace(&mut self.clause, clause);
        let bound = bind(self);
        self.clause = around;
        bound
    }

    /// An expression of this type.
    ///
    /// # Errors
    /// It has another one, which does not become this one by itself.
    pub fn expr_as(&mut self, ast: &ast::Expr, ty: Type) -> Result<Expr, SqlError> {
        let bound = self.expr(ast)?;
        self.coerce(bound, ty, Context::Implicit)
    }

    /// An expression.
    ///
    /// # Errors
    /// Names that do not exist, types that do not fit, constructs that are not supported.
    pub fn expr(&mut self, ast: &ast::Expr) -> Result<Bound, SqlError> {
        self.depth += 1;
        check_depth(self.depth)?;
        let bound = self.expr_at_depth(ast);
        self.depth -= 1;
        match bound {
            Ok(bound) => Ok(Bound { place: place::expression(ast), ..bound }),
            Err(failure) => Err(failure.at(place::fault(ast))),
        }
    }

    fn expr_at_depth(&mut self, ast: &ast::Expr) -> Result<Bound, SqlError> {
        use ast::Expr as Ast;
        match ast {
            Ast::Nested(inner) => self.expr(inner),
            Ast::Identifier(_) if is_default(ast) => {
                Err(error("42601", "DEFAULT is not allowed in this context"))
            }
            Ast::Identifier(ident) => self.column(&identifier(ident)),
            Ast::CompoundIdentifier(idents) => match idents.as_slice() {
                [relation, column] | [_, relation, column] => {
                    self.qualified(&identifier(relation), &identifier(column))
                }
                _ => Err(unsupported(format!("the name {ast}"))),
            },
            Ast::Value(value) => self.literal(&value.value),
            Ast::TypedString(typed) => self.typed_string(typed),
            Ast::Interval(interval) => self.interval(interval),
            Ast::Cast { kind: ast::CastKind::Cast | ast::CastKind::DoubleColon, expr, data_type, .. } => {
                let (ty, modifier) = crate::types::name::parse(data_type)?;
                let bound = match &**expr {
                    // The cast says what it is empty of.
                    Ast::Array(array) if array.elem.is_empty() => {
                        Bound::scalar(Expr::Literal(Datum::text("{}")), Scalar::Unknown)
                    }
                    // It is a cast of each element (PostgreSQL's transformTypeCast).
                    Ast::Array(array)
                        if ty.is_array
                            && ty.scalar != Scalar::Regclass
                            && !array.elem.iter().any(|element| matches!(element, Ast::Array(_))) =>
                    {
                        return self.cast_array(&array.elem, ty, modifier);
                    }
                    expr => self.expr(expr)?,
                };
                let regclass = Type::of(Scalar::Regclass);
                match (bound.ty, ty) {
                    (from, to) if to == regclass && from != regclass => {
                        Ok(Bound::new(self.regclass(bound)?, ty))
                    }
                    (from, Type::TEXT) if from == regclass => {
                        Ok(Bound::new(Expr::Engine(EngineCall::RelationName, [bound.expr].into()), ty))
                    }
                    _ => Ok(Bound::new(self.convert(bound, ty, modifier, Context::Explicit)?, ty)),
                }
            }
            Ast::UnaryOp { op, expr } => self.unary(*op, expr),
            Ast::BinaryOp { left, op, right } => self.binary(left, op, right),
            Ast::IsNull(inner) if let Some(parts) = row::row_parts(inner) => self.row_is_null(&parts, false),
            Ast::IsNotNull(inner) if let Some(parts) = row::row_parts(inner) => {
                self.row_is_null(&parts, true)
            }
            Ast::IsNull(inner) => Ok(Bound::bool(Expr::IsNull(self.expr(inner)?.expr.into()))),
            Ast::IsNotNull(inner) => {
                Ok(Bound::bool(negated(Expr::IsNull(self.expr(inner)?.expr.into()), true)))
            }
            Ast::IsTrue(inner) => self.is(inner, Some(true), false),
            Ast::IsNotTrue(inner) => self.is(inner, Some(true), true),
            Ast::IsFalse(inner) => self.is(inner, Some(false), false),
            Ast::IsNotFalse(inner) => self.is(inner, Some(false), true),
            Ast::IsUnknown(inner) => self.is(inner, None, false),
            Ast::IsNotUnknown(inner) => self.is(inner, None, true),
            Ast::IsDistinctFrom(left, right) => self.distinct(left, right, false),
            Ast::IsNotDistinctFrom(left, right) => self.distinct(left, right, true),
            Ast::Between { expr, negated: not, low, high } => self.between(expr, low, high, *not),
            Ast::InList { expr, list, negated: not } => self.in_list(expr, list, *not),
            Ast::InSubquery { expr, subquery, negated: not } => {
                if let Some(parts) = row::row_parts(expr) {
                    let any = self.rows_quantified(&parts, "=", subquery, false)?;
                    return Ok(Bound::bool(negated(any.expr, *not)));
                }
                let any = self.quantified(expr, "=", subquery, false)?;
                Ok(Bound::bool(negated(any.expr, *not)))
            }
            Ast::AnyOp { left, compare_op, right, .. } => self.any_or_all(left, compare_op, right, false),
            Ast::AllOp { left, compare_op, right } => self.any_or_all(left, compare_op, right, true),
            Ast::Like { negated: not, any: false, expr, pattern, escape_char } => {
                self.like("~~", expr, pattern, escape_char.as_deref(), *not)
            }
            Ast::ILike { negated: not, any: false, expr, pattern, escape_char } => {
                self.like("~~*", expr, pattern, escape_char.as_deref(), *not)
            }
            Ast::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Ast::Exists { subquery, negated: not } => {
                let mut query = self.subquery(subquery)?;
                Rc::make_mut(&mut query).simplify_exists();
                let exists = self.over_query(SubqueryKind::Exists, query);
                Ok(Bound::bool(negated(exists, *not)))
            }
            Ast::Subquery(query) => {
                let query = self.subquery(query)?;
                let ty = subquery::single_column(&query)?;
                Ok(Bound::new(self.over_query(SubqueryKind::Scalar, query), ty))
            }
            Ast::Array(array) => self.array(&array.elem),
            Ast::CompoundFieldAccess { root, access_chain } => self.element(root, access_chain),
            Ast::Function(function) => self.function(function),
            Ast::Collate { expr, collation } => {
                let bound = self.expr(expr)?;
                types::name::collation(collation, bound.ty)?;
                Ok(bound)
            }
            _ => self.special_function(ast),
        }
    }

    fn is(&mut self, inner: &ast::Expr, truth: Option<bool>, not: bool) -> Result<Bound, SqlError> {
        let words = match truth {
            Some(true) => "TRUE",
            Some(false) => "FALSE",
            None => "UNKNOWN",
        };
        let inner = self.condition(inner, &format!("IS {}{words}", if not { "NOT " } else { "" }))?.into();
        let expr = match truth {
            Some(truth) => Expr::Is(inner, truth),
            None => Expr::IsNull(inner),
        };
        Ok(Bound::bool(negated(expr, not)))
    }

    fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&ast::Expr>,
    ) -> Result<Bound, SqlError> {
        let mut whens = Vec::new();
        // The type of ELSE is asked first.
        let mut results = vec![Bound::scalar(Expr::NULL, Scalar::Unknown)];
        for ast::CaseWhen { condition, result } in conditions {
            whens.push(match operand {
                Some(operand) => self.binary(operand, &ast::BinaryOperator::Eq, condition)?.expr,
                None => self.condition(condition, "CASE/WHEN")?,
            });
            results.push(self.expr(result)?);
        }
        if let Some(otherwise) = otherwise {
            results[0] = self.expr(otherwise)?;
        }
        let (results, ty) = self.common(results, "CASE")?;
        let mut results = results.into_iter();
        let otherwise = Box::new(results.next().expect("there is an ELSE"));
        let branches = whens.into_iter().zip(results).collect();
        Ok(Bound::new(Expr::Case { branches, otherwise }, ty))
    }

    fn array(&mut self, elements: &[ast::Expr]) -> Result<Bound, SqlError> {
        let bound = elements.iter().map(|element| self.expr(element)).collect::<Result<Vec<_>, _>>()?;
        if bound.is_empty() {
            return Err(error("42P18", "cannot determine type of empty array"));
        }
        let (of, ty) = self.common(bound, "ARRAY")?;
        if ty.is_array {
            return Err(unsupported("an array of several dimensions"));
        }
        Ok(Bound::new(Expr::Array { of: of.into(), scalar: ty.scalar }, Type::array_of(ty.scalar)))
    }

    fn cast_array(
        &mut self,
        elements: &[ast::Expr],
        to: Type,
        modifier: Option<Modifier>,
    ) -> Result<Bound, SqlError> {
        let mut of = Vec::with_capacity(elements.len());
        for element in elements {
            let bound = self.expr(element)?;
            of.push(self.convert(bound, Type::of(to.scalar), modifier, Context::Explicit)?);
        }
        Ok(Bound::new(Expr::Array { of: of.into(), scalar: to.scalar }, to))
    }

    fn element(&mut self, root: &ast::Expr, chain: &[ast::AccessExpr]) -> Result<Bound, SqlError> {
        let bound = self.expr(root)?;
        match chain {
            [ast::AccessExpr::Subscript(ast::Subscript::Index { index })] if bound.ty.is_array => {
                let index = self.expr_as(index, Type::of(Scalar::Int4))?;
                Ok(Bound::scalar(Expr::Element((bound.expr, index).into()), bound.ty.scalar))
            }
            _ => Err(unsupported("a subscript that is no array's single element")),
        }
    }

    /// Whether what is bound stands for itself in the catalog, without parameters and queries.
    fn is_stored(&self) -> bool {
        STORED.contains(&self.clause)
    }

    /// A comparison of two expressions.
    ///
    /// # Errors
    /// `42883`: the two cannot be compared.
    pub fn comparison(&mut self, symbol: &str, left: Bound, right: Bound) -> Result<Called, SqlError> {
        let call = functions::operator(symbol, Some(left.ty), right.ty)?;
        self.called(symbol, call, vec![left, right])
    }

    /// A function over arguments, each turned into what it takes.
    ///
    /// # Errors
    /// `42846`: an argument cannot be.
    pub fn called(
        &mut self,
        name: &str,
        call: functions::Call,
        arguments: Vec<Bound>,
    ) -> Result<Called, SqlError> {
        let mut coerced = Vec::with_capacity(arguments.len());
        for (place, argument) in arguments.into_iter().enumerate() {
            let ty = call.parameter(place);
            coerced.push(self.coerce(argument, ty, Context::Implicit)?);
        }
        Ok(Called { name: name.into(), call, arguments: coerced.into() })
    }
}

/// Whether this is the word DEFAULT.
pub(crate) fn is_default(ast: &ast::Expr) -> bool {
    matches!(ast, ast::Expr::Identifier(ident)
        if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default"))
}

fn negated(expr: Expr, not: bool) -> Expr {
    if not { Expr::Not(expr.into()) } else { expr }
}
