//! Functions of text.

use super::Moment;
use super::catalog::{BYTEA, Entry, Kind, TEXT, entry, typed};
use crate::types::{Datum, Type, cast};
use drawloom_model::SqlError;

type Result = std::result::Result<Datum, SqlError>;

/// An argument of text.
pub(super) fn str(argument: &Datum) -> &str {
    match argument {
        Datum::Text(text) => text,
        other => unreachable!("text was promised, not {other:?}"),
    }
}

fn joined(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::text(str(&arguments[0]).to_owned() + str(&arguments[1])))
}

fn bytes_joined(_: &Moment, arguments: &[Datum]) -> Result {
    match arguments {
        [Datum::Bytes(left), Datum::Bytes(right)] => Ok(Datum::Bytes([&**left, &**right].concat().into())),
        _ => unreachable!("bytes were promised"),
    }
}

fn with_text(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    let text = |index: usize| {
        let cast = cast::find(types[index], Type::TEXT).expect("every type becomes text");
        cast.apply(&arguments[index], None)
    };
    joined(&Moment::default(), &[text(0)?, text(1)?])
}

pub(super) const ENTRIES: &[Entry] = &[
    entry("||", &[TEXT, TEXT], TEXT, joined),
    entry("||", &[BYTEA, BYTEA], BYTEA, bytes_joined),
    typed("||", &[TEXT, Kind::AnyNonArray], TEXT, with_text).stable(),
    typed("||", &[Kind::AnyNonArray, TEXT], TEXT, with_text).stable(),
];
