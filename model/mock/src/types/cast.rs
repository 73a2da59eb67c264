//! From one type to another (PostgreSQL's `pg_cast`, and its conversions by way of text).

use super::resolve::Category;
use super::{
    Datum, Modifier, Numeric, Scalar, Type, float, input, integer, json_text, length, moment, output,
};
use crate::error::{error, unsupported};
use drawloom_model::SqlError;
use std::rc::Rc;

/// Where a cast happens on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere.
    Implicit,
    /// When a column gets a value.
    Assignment,
    /// Only where it is written.
    Explicit,
}

/// How a value of one type becomes one of another.
#[derive(Clone, Copy, Debug)]
pub struct Cast {
    /// Where it happens on its own.
    pub context: Context,
    /// The type that it takes.
    pub from: Type,
    /// The type that it gives.
    pub to: Type,
    method: Method,
}

#[derive(Clone, Copy, Debug)]
enum Method {
    /// The values are the same.
    Keep,
    /// Every element by itself.
    Elements,
    /// Printed and read again.
    Text,
    /// Computed.
    Function(fn(&Datum, &Cast) -> Result<Datum, SqlError>),
}

impl Cast {
    /// The value as a cast that is written out gives it: text too long for the modifier is cut off.
    ///
    /// # Errors
    /// What the value has that the type cannot hold: mostly 22003 and 22P02.
    pub fn apply(&self, datum: &Datum, modifier: Option<Modifier>) -> Result<Datum, SqlError> {
        length::trimmed(self.convert(datum)?, self.to, modifier)
    }

    /// The value as a column gets it: text too long for the modifier is refused.
    ///
    /// # Errors
    /// As `apply`, and 22001.
    pub fn assign(&self, datum: &Datum, modifier: Option<Modifier>) -> Result<Datum, SqlError> {
        length::assigned(self.convert(datum)?, self.to, modifier)
    }

    /// Whether the result depends on what the session has set: its time zone, how it prints dates. It is what
    /// PostgreSQL's `provolatile` says of the functions of `pg_cast`, and of those that read and print types.
    pub fn asks_settings(&self) -> bool {
        match self.method {
            Method::Keep | Method::Function(_) => {
                (self.from.scalar == Scalar::Timestamptz) != (self.to.scalar == Scalar::Timestamptz)
            }
            Method::Elements => find(Type::of(self.from.scalar), Type::of(self.to.scalar))
                .expect("find looked it up")
                .asks_settings(),
            Method::Text => prints_by_settings(self.from) || reads_by_settings(self.to),
        }
    }

    fn convert(&self, datum: &Datum) -> Result<Datum, SqlError> {
        if datum.is_null() {
            return Ok(Datum::Null);
        }
        match self.method {
            Method::Keep => Ok(datum.clone()),
            Method::Function(function) => function(datum, self),
            Method::Text => input(&output(datum, self.from), self.to, None),
            Method::Elements => self.elements(datum),
        }
    }

    fn elements(&self, datum: &Datum) -> Result<Datum, SqlError> {
        let Datum::Array(array) = datum else { unreachable!("a value of an array type is an array") };
        let element = find(Type::of(self.from.scalar), Type::of(self.to.scalar)).expect("find looked it up");
        let mut array = (**array).clone();
        array.element = self.to.scalar;
        for value in &mut array.values {
            *value = element.convert(value)?;
        }
        Ok(Datum::Array(Rc::new(array)))
    }
}

/// The cast, if there is one.
pub fn find(from: Type, to: Type) -> Option<Cast> {
    let (context, method) = way(from, to)?;
    Some(Cast { context, from, to, method })
}

fn way(from: Type, to: Type) -> Option<(Context, Method)> {
    if from == to {
        return Some((Context::Implicit, Method::Keep));
    }
    if from == Type::UNKNOWN {
        return Some((Context::Implicit, Method::Text));
    }
    if to == Type::UNKNOWN {
        return None;
    }
    let direct = match (from.is_array, to.is_array) {
        (false, false) => scalar(from.scalar, to.scalar),
        (true, true) => {
            way(Type::of(from.scalar), Type::of(to.scalar)).map(|(context, _)| (context, Method::Elements))
        }
        _ => None,
    };
    direct.or_else(|| match (from.category(), to.category()) {
        (Category::Pseudo, _) | (_, Category::Pseudo) => None,
        (_, Category::Text) => Some((Context::Assignment, Method::Text)),
        (Category::Text, _) => Some((Context::Explicit, Method::Text)),
        _ => None,
    })
}

fn scalar(from: Scalar, to: Scalar) -> Option<(Context, Method)> {
    use Context::{Assignment, Explicit, Implicit};
    use Method::{Function, Keep};
    use Scalar as S;
    Some(match (from, to) {
        (S::Int2, S::Int4 | S::Int8) | (S::Int4, S::Int8) => (Implicit, Keep),
        (S::Int4 | S::Int8, S::Int2) | (S::Int8, S::Int4) => (Assignment, Function(whole_to_whole)),
        (S::Int2 | S::Int4, S::Oid | S::Regclass) => (Implicit, Function(whole_to_oid)),
        (S::Int8, S::Oid | S::Regclass) => (Implicit, Function(whole_to_whole)),
        (S::Oid, S::Regclass) | (S::Regclass, S::Oid) => (Implicit, Keep),
        (S::Oid | S::Regclass, S::Int8) => (Assignment, Keep),
        (S::Oid | S::Regclass, S::Int4) => (Assignment, Function(oid_to_whole)),
        (S::Int2 | S::Int4 | S::Int8, S::Float4 | S::Float8) => (Implicit, Function(whole_to_float)),
        (S::Int2 | S::Int4 | S::Int8, S::Numeric) => (Implicit, Function(whole_to_numeric)),
        (S::Float4, S::Float8) => (Implicit, Keep),
        (S::Float8, S::Float4) => (Assignment, Function(double_to_single)),
        (S::Float4 | S::Float8, S::Int2 | S::Int4 | S::Int8) => (Assignment, Function(float_to_whole)),
        (S::Float4 | S::Float8, S::Numeric) => (Assignment, Function(float_to_numeric)),
        (S::Numeric, S::Float4 | S::Float8) => (Implicit, Function(numeric_to_float)),
        (S::Numeric, S::Int2 | S::Int4 | S::Int8) => (Assignment, Function(numeric_to_whole)),
        (S::Bool, S::Int4) => {
            (Explicit, Function(|datum, _| Ok(Datum::Int(i64::from(*datum == Datum::Bool(true))))))
        }
        (S::Int4, S::Bool) => (Explicit, Function(|datum, _| Ok(Datum::Bool(*datum != Datum::Int(0))))),
        (S::Bool, S::Text | S::Varchar) => (Assignment, Function(bool_to_text)),
        (S::Bool, S::Char) => (Assignment, Function(bool_to_padded)),
        (S::Text | S::Varchar, S::Text | S::Varchar) => (Implicit, Keep),
        (S::Text | S::Varchar, S::Char) => (Implicit, Function(padded)),
        (S::Char, S::Text | S::Varchar) => (Implicit, Function(unpadded)),
        (S::Text | S::Varchar | S::Char, S::Name) => (Implicit, Function(text_to_name)),
        (S::Name, S::Text) => (Implicit, Keep),
        (S::Name, S::Varchar) => (Assignment, Keep),
        (S::Name, S::Char) => (Assignment, Function(padded)),
        (S::Text | S::Varchar, S::Regclass) => (Implicit, Method::Text),
        (S::Json, S::Jsonb) | (S::Jsonb, S::Json) => (Assignment, Method::Text),
        (S::Jsonb, S::Bool | S::Numeric | S::Int2 | S::Int4 | S::Int8 | S::Float4 | S::Float8) => {
            (Explicit, Function(jsonb_to_scalar))
        }
        (S::Date, S::Timestamp | S::Timestamptz) => (Implicit, Function(moment::cast)),
        (S::Timestamp, S::Timestamptz) => (Implicit, Keep),
        (S::Timestamptz, S::Timestamp) => (Assignment, Keep),
        (S::Timestamp | S::Timestamptz, S::Date | S::Time) => (Assignment, Function(moment::cast)),
        (S::Time, S::Interval) => (Implicit, Function(moment::cast)),
        (S::Interval, S::Time) => (Assignment, Function(moment::cast)),
        _ => return None,
    })
}

/// Whether how a value of this type is printed depends on what the session has set.
pub(crate) fn prints_by_settings(of: Type) -> bool {
    use Scalar::{Date, Interval, Regclass, Timestamp, Timestamptz};
    of.is_array || matches!(of.scalar, Date | Interval | Regclass | Timestamp | Timestamptz)
}

/// Whether what a text means as a value of this type depends on what the session has set.
fn reads_by_settings(of: Type) -> bool {
    prints_by_settings(of) || of.scalar == Scalar::Time
}

fn whole(datum: &Datum) -> i64 {
    match datum {
        Datum::Int(number) => *number,
        _ => unreachable!("a value of a type of whole numbers is one"),
    }
}

fn whole_to_whole(datum: &Datum, cast: &Cast) -> Result<Datum, SqlError> {
    let scalar = if cast.to.scalar == Scalar::Regclass { Scalar::Oid } else { cast.to.scalar };
    integer::fitting(whole(datum), scalar)
}

/// Negative numbers wrap around: the bits are kept.
fn whole_to_oid(datum: &Datum, _: &Cast) -> Result<Datum, SqlError> {
    Ok(Datum::Int(i64::from(whole(datum) as u32)))
}

fn oid_to_whole(datum: &Datum, _: &Cast) -> Result<Datum, SqlError> {
    Ok(Datum::Int(i64::from(whole(datum) as i32)))
}

fn whole_to_float(datum: &Datum, cast: &Cast) -> Result<Datum, SqlError> {
    let number = whole(datum);
    Ok(Datum::Float(if cast.to.scalar == Scalar::Float4 { f64::from(number as f32) } else { number as f64 }))
}

fn whole_to_numeric(datum: &Datum, _: &Cast) -> Result<Datum, SqlError> {
    Ok(Datum::numeric(Numeric::whole(whole(datum))))
}

fn double(datum: &Datum) -> f64 {
    match datum {
        Datum::Float(number) => *number,
        _ => unreachable!("a value of a floating-point type is one"),
    }
}

fn double_to_single(datum: &Datum, _: &Cast) -> Result<Datum, SqlError> {
    let number = double(datum);
    let single = number as f32;
    if single.is_infinite() && !number.is_infinite() {
        return Err(float::overflow());
    }
    if single == 0.0 && number != 0.0 {
        return Err(float::underflow());
    }
    Ok(Datum::Float(f64::from(single)))
}

fn float_to_whole(datum: &Datum, cast: &Cast) -> Result<Datum, SqlError> {
    let number = double(datum).round_ties_even();
    let beyond = || integer::out_of_range(cast.to.scalar);
    // 2^63 and what is greater does not fit; the conversion below would saturate.
    if number.is_nan() || !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number) {
        return Err(beyond());
    }
    integer::fitting(number as i64, cast.to.scalar)
}

fn float_to_numeric(datum: &Datum, cast: &Cast) -> Result<Datum, SqlError> {
    let digits = if cast.from.scalar == Scalar::Float4 { 6 } else { 15 };
    Ok(Datum::numeric(Numeric::from_float(double(datum), digits)))
}

fn numeric(datum: &Datum) -> &Numeric {
    match datum {
        Datum::Numeric(number) => number,
        _ => unreachable!("a value of numeric is one"),
    }
}

fn numeric_to_float(datum: &Datum, cast: &Cast) -> Result<Datum, SqlError> {
    if cast.to.scalar == Scalar::Float4 {
        return input(&numeric(datum).to_string(), cast.to, None);
    }
    numeric(datum).to_float().map(Datum::Float)
}

fn numeric_to_whole(datum: &Datum, cast: &Cast) -> Result<Datum, SqlError> {
    let scalar = cast.to.scalar;
    match numeric(datum) {
        Numeric::NaN => Err(error("0A000", format!("cannot convert NaN to {}", scalar.name()))),
        Numeric::Infinity | Numeric::NegativeInfinity => {
            Err(error("0A000", format!("cannot convert infinity to {}", scalar.name())))
        }
        number => match number.to_whole() {
            Some(number) => integer::fitting(number, scalar),
            None => Err(integer::out_of_range(scalar)),
        },
    }
}

fn bool_to_text(datum: &Datum, _: &Cast) -> Result<Datum, SqlError> {
    Ok(Datum::text(if *datum == Datum::Bool(true) { "true" } else { "false" }))
}

fn bool_to_padded(datum: &Datum, cast: &Cast) -> Result<Datum, SqlError> {
    padded(&bool_to_text(datum, cast)?, cast)
}

fn text(datum: &Datum) -> &str {
    match datum {
        Datum::Text(text) | Datum::Padded(text) => text,
        _ => unreachable!("a value of a type of text is one"),
    }
}

fn padded(datum: &Datum, _: &Cast) -> Result<Datum, SqlError> {
    Ok(Datum::Padded(text(datum).into()))
}

fn unpadded(datum: &Datum, _: &Cast) -> Result<Datum, SqlError> {
    Ok(Datum::text(text(datum).trim_end_matches(' ')))
}

fn text_to_name(datum: &Datum, cast: &Cast) -> Result<Datum, SqlError> {
    let whole = text(datum);
    Ok(Datum::text(length::name(if cast.from.scalar == Scalar::Char {
        whole.trim_end_matches(' ')
    } else {
        whole
    })))
}

fn jsonb_to_scalar(datum: &Datum, cast: &Cast) -> Result<Datum, SqlError> {
    use super::Json;
    let Datum::Jsonb(json) = datum else { return Err(unsupported("a jsonb that is none")) };
    match (&**json, cast.to.scalar) {
        (Json::Bool(truth), Scalar::Bool) => Ok(Datum::Bool(*truth)),
        (Json::Number(number), Scalar::Numeric) => Ok(Datum::Numeric(number.clone())),
        (Json::Number(number), to) if to != Scalar::Bool => find(Type::of(Scalar::Numeric), cast.to)
            .expect("numeric becomes every type of numbers")
            .convert(&Datum::Numeric(number.clone())),
        (other, to) => {
            // PostgreSQL says `numeric` where `jsonb_typeof` says `number`.
            let kind = if matches!(other, Json::Number(_)) { "numeric" } else { json_text::kind(other) };
            Err(error("22023", format!("cannot cast jsonb {kind} to type {}", to.name())))
        }
    }
}
