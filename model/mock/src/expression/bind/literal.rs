//! Literals and parameters.

use super::{Binder, Bound};
use crate::error::{error, unsupported};
use crate::expression::Expr;
use crate::types::{self, Datum, Modifier, Scalar, Type};
use drawloom_model::SqlError;
use sqlparser::ast;

/// How many parameters a statement may have: PostgreSQL's protocol counts them in 16 bits.
const PARAMETERS_MAX: usize = 65_535;

impl Binder<'_> {
    pub(super) fn literal(&mut self, value: &ast::Value) -> Result<Bound, SqlError> {
        use ast::Value as Ast;
        let text = |text: &str| Ok(Bound::scalar(Expr::Literal(Datum::text(text)), Scalar::Unknown));
        match value {
            Ast::Null => Ok(Bound::scalar(Expr::NULL, Scalar::Unknown)),
            Ast::Boolean(truth) => Ok(Bound::bool(Expr::Literal(Datum::Bool(*truth)))),
            Ast::Number(digits, _) => self.number(digits),
            Ast::SingleQuotedString(it) | Ast::EscapedStringLiteral(it) | Ast::UnicodeStringLiteral(it) => {
                text(it)
            }
            Ast::NationalStringLiteral(it) => text(it),
            Ast::DollarQuotedString(quoted) => text(&quoted.value),
            Ast::Placeholder(name) => self.parameter(name),
            _ => Err(unsupported(format!("the literal {value}"))),
        }
    }

    /// The least of integer, bigint and numeric that has it.
    pub(super) fn number(&mut self, digits: &str) -> Result<Bound, SqlError> {
        if let Ok(number) = digits.parse::<i64>() {
            let scalar = if i32::try_from(number).is_ok() { Scalar::Int4 } else { Scalar::Int8 };
            return Ok(Bound::scalar(Expr::Literal(Datum::Int(number)), scalar));
        }
        let datum = types::input(digits, Type::of(Scalar::Numeric), None)?;
        Ok(Bound::scalar(Expr::Literal(datum), Scalar::Numeric))
    }

    fn parameter(&mut self, name: &str) -> Result<Bound, SqlError> {
        let number = name.strip_prefix('$').and_then(|digits| digits.parse::<usize>().ok());
        let place = number.and_then(|number| number.checked_sub(1)).filter(|place| *place < PARAMETERS_MAX);
        let place = place.filter(|_| self.has_parameters && !self.is_stored());
        let place = place.ok_or_else(|| error("42P02", format!("there is no parameter {name}")))?;
        if self.parameters.len() <= place {
            self.parameters.resize(place + 1, Type::of(Scalar::Unknown));
        }
        Ok(Bound::new(Expr::Parameter(place), self.parameters[place]))
    }

    pub(super) fn typed_string(&mut self, typed: &ast::TypedString) -> Result<Bound, SqlError> {
        let (ty, modifier) = types::name::parse(&typed.data_type)?;
        let text = typed.value.clone().into_string();
        let text = text.ok_or_else(|| unsupported(format!("the literal {}", typed.value)))?;
        Ok(Bound::new(Expr::Literal(types::literal(&text, ty, modifier)?), ty))
    }

    pub(super) fn interval(&mut self, interval: &ast::Interval) -> Result<Bound, SqlError> {
        let literal = match &*interval.value {
            ast::Expr::Value(value) => value.clone().into_string(),
            _ => None,
        };
        let literal = literal.ok_or_else(|| unsupported("an interval that is no literal"))?;
        if interval.last_field.is_some() {
            return Err(unsupported(format!("the literal {interval}")));
        }
        let ty = Type::of(Scalar::Interval);
        let (text, modifier) = match (&interval.leading_field, interval.leading_precision) {
            (None, None) => (literal, None),
            (Some(field), precision) if counts(&literal, field, precision.is_some()) => {
                let digits = precision.map(|digits| u8::try_from(digits).unwrap_or(u8::MAX));
                (format!("{literal} {field}"), digits.map(Modifier::Precision))
            }
            // The field cuts off what is smaller than it.
            _ => return Err(unsupported(format!("the literal {interval}"))),
        };
        Ok(Bound::new(Expr::Literal(types::input(&text, ty, modifier)?), ty))
    }
}

/// Whether a literal counts a field, and nothing else; only seconds have parts, and digits.
fn counts(literal: &str, field: &ast::DateTimeField, has_digits: bool) -> bool {
    let number = literal.trim().trim_start_matches(['+', '-']);
    let is_seconds = *field == ast::DateTimeField::Second;
    let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'.' && is_seconds;
    !number.is_empty() && number.bytes().all(is_digit) && (is_seconds || !has_digits)
}
