//! Values of a client, and what the engine makes of them.

use crate::change::Outcome;
use crate::error::error;
use crate::query::Output;
use crate::types::{self, Datum, Scalar, Type};
use drawloom_model::{Reply, SqlError, Value};
use smallvec::SmallVec;
use std::rc::Rc;

/// A statement's parameters as the types that it takes.
pub(crate) fn data(types: &[Type], values: &[Value]) -> Result<SmallVec<[Datum; 4]>, SqlError> {
    if types.len() != values.len() {
        let message = format!(
            "bind message supplies {} parameters, but prepared statement requires {}",
            values.len(),
            types.len()
        );
        return Err(error("08P01", message));
    }
    let mut data = SmallVec::with_capacity(types.len());
    for (ty, value) in types.iter().zip(values) {
        data.push(datum(*ty, value)?);
    }
    Ok(data)
}

fn datum(ty: Type, value: &Value) -> Result<Datum, SqlError> {
    Ok(match value {
        Value::Null => Datum::Null,
        Value::Bool(truth) if ty == Type::of(Scalar::Bool) => Datum::Bool(*truth),
        Value::Int(number) if ty == Type::of(Scalar::Int8) => Datum::Int(*number),
        // What does not fit goes the long way, to its error.
        Value::Int(number) if ty == Type::of(Scalar::Int4) && i32::try_from(*number).is_ok() => {
            Datum::Int(*number)
        }
        Value::Real(number) if ty == Type::of(Scalar::Float8) => Datum::Float(*number),
        Value::Text(text) if ty == Type::of(Scalar::Text) => Datum::text(text.as_str()),
        Value::Blob(bytes) if ty == Type::of(Scalar::Bytea) => Datum::Bytes(bytes.as_slice().into()),
        Value::Bool(truth) => types::input(if *truth { "t" } else { "f" }, ty, None)?,
        Value::Int(number) => types::input(&number.to_string(), ty, None)?,
        Value::Real(number) => types::input(&number.to_string(), ty, None)?,
        Value::Text(text) => types::input(text, ty, None)?,
        Value::Blob(_) => return Err(error("42804", format!("bytes are no {ty}"))),
    })
}

/// A reply with these rows, and these names of its columns.
pub(crate) fn reply(outcome: Outcome, columns: &[Output], names: Rc<[String]>) -> Reply {
    let value = |(place, datum): (usize, Datum)| match datum {
        Datum::Null => Value::Null,
        Datum::Bool(truth) => Value::Bool(truth),
        Datum::Int(number) if columns[place].ty != Type::of(Scalar::Regclass) => Value::Int(number),
        Datum::Bytes(bytes) => Value::Blob(bytes.to_vec()),
        Datum::Text(text) => Value::Text(text.as_ref().to_owned()),
        other => Value::Text(types::output(&other, columns[place].ty)),
    };
    // The values take the places of the data: the lists are not made anew.
    let row = |row: Vec<Datum>| row.into_iter().enumerate().map(value).collect();
    Reply { columns: names, rows: outcome.rows.into_iter().map(row).collect(), affected: outcome.affected }
}
