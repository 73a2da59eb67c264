//! Every operator and function, on the edges of its types: none may panic, and none may give a value of another type.

use super::Body;
use super::catalog::{Entry, Kind, tables};
use super::{Moment, aggregate, function, operator, series};
use crate::types::{Datum, Scalar, Type, input, output};

/// Texts of values on the edges of a type.
fn edges(scalar: Scalar) -> &'static [&'static str] {
    match scalar {
        Scalar::Bool => &["t", "f"],
        Scalar::Int2 => &["0", "1", "-1", "7", "32767", "-32768"],
        Scalar::Int4 => &["0", "1", "-1", "3", "-2", "2147483647", "-2147483648"],
        Scalar::Int8 => &["0", "1", "-1", "42", "9223372036854775807", "-9223372036854775808"],
        Scalar::Float4 => &["0", "-1.5", "1e-40", "3.4e38", "NaN", "-Infinity"],
        Scalar::Float8 => &["0", "-0", "1.5", "-2.5", "5e-324", "1.7e308", "NaN", "Infinity", "-Infinity"],
        Scalar::Numeric => {
            &["0", "1.50", "-2.5", "0.00001", "12345678901234567890.123", "NaN", "Infinity", "-Infinity"]
        }
        Scalar::Text | Scalar::Varchar | Scalar::Char | Scalar::Name => {
            &["", "a", "aBc dE", "é€😀", "%_\\", "a'b\"c", "1", "day", "utf8", " x "]
        }
        Scalar::Bytea => &["", "\\x00ff", "abc"],
        Scalar::Uuid => &["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
        Scalar::Json | Scalar::Jsonb => {
            &["null", "1.50", "\"a\"", "[]", "[1,[2,\"a\"],null]", "{}", "{\"a\":{\"b\":[1]},\"c\":null}"]
        }
        Scalar::Date => {
            &["2000-02-29", "0044-03-15 BC", "infinity", "-infinity", "5874897-12-31", "4714-11-24 BC"]
        }
        Scalar::Time => &["00:00", "12:34:56.789", "24:00"],
        Scalar::Timestamp | Scalar::Timestamptz => &[
            "2000-02-29 12:34:56.789",
            "infinity",
            "-infinity",
            "294276-12-31 23:59:59.999999",
            "4714-11-24 BC",
            "1999-12-31",
        ],
        Scalar::Interval => &[
            "0",
            "1 mon -1 day 02:03:04.5",
            "-178000000 years",
            "2147483647 days",
            "-2562047788:00:54.775808",
            "1 day",
        ],
        Scalar::Oid | Scalar::Regclass => &["0", "4294967295"],
        Scalar::Unknown | Scalar::Void => &[],
    }
}

fn values(of: Type) -> Vec<Datum> {
    let texts: Vec<String> = if of.is_array {
        ["{}", "{NULL}", "[0:1]={0,1}", "{{1},{NULL}}"].map(String::from).to_vec()
    } else {
        edges(of.scalar).iter().map(|text| (*text).to_owned()).collect()
    };
    // What a literal of one type cannot be for another, such as an array of dates, is left out.
    let read = texts.iter().filter_map(|text| input(text, of, None).ok());
    read.chain([Datum::Null]).collect()
}

fn types(entry: &Entry) -> Vec<Type> {
    let of = |kind: &Kind| match kind {
        Kind::Is(of) => *of,
        Kind::AnyArray | Kind::AnyCompatibleArray => Type::array_of(Scalar::Int4),
        Kind::AnyElement | Kind::AnyNonArray | Kind::AnyCompatible | Kind::Any | Kind::AnyRange => Type::INT4,
    };
    entry.parameters.iter().map(of).collect()
}

/// All choices of one value for each type; of the later ones fewer, so that they stay few.
fn combinations(types: &[Type]) -> Vec<Vec<Datum>> {
    types.iter().enumerate().fold(vec![Vec::new()], |begun, (at, of)| {
        let step = if at < 3 { 1 } else { 3 };
        let values: Vec<Datum> = values(*of).into_iter().step_by(step).collect();
        begun
            .iter()
            .flat_map(|begun| {
                values.iter().map(|value| [begun.as_slice(), std::slice::from_ref(value)].concat())
            })
            .collect()
    })
}

fn is_of(datum: &Datum, of: Type) -> bool {
    if of.is_array {
        return matches!(datum, Datum::Array(array) if array.element == of.scalar) || datum.is_null();
    }
    matches!(
        (datum, of.scalar),
        (Datum::Null, _)
            | (Datum::Bool(_), Scalar::Bool)
            | (Datum::Int(_), Scalar::Int2 | Scalar::Int4 | Scalar::Int8 | Scalar::Oid | Scalar::Regclass)
            | (Datum::Float(_), Scalar::Float4 | Scalar::Float8)
            | (Datum::Numeric(_), Scalar::Numeric)
            | (Datum::Text(_), Scalar::Text | Scalar::Varchar | Scalar::Name | Scalar::Json)
            | (Datum::Padded(_), Scalar::Char)
            | (Datum::Bytes(_), Scalar::Bytea)
            | (Datum::Uuid(_), Scalar::Uuid)
            | (Datum::Date(_), Scalar::Date)
            | (Datum::Time(_), Scalar::Time)
            | (Datum::Timestamp(_), Scalar::Timestamp | Scalar::Timestamptz)
            | (Datum::Interval(_), Scalar::Interval)
            | (Datum::Jsonb(_), Scalar::Jsonb)
    )
}

#[test]
fn no_function_panics_on_the_edges() {
    let is_had = |entry: &&Entry| !matches!(entry.body, Body::Refused);
    for entry in tables().iter().copied().flatten().filter(is_had) {
        let types = types(entry);
        let is_operator = !entry.name.starts_with(|first: char| first.is_ascii_lowercase());
        let call = match (is_operator, types.as_slice()) {
            (true, [right]) => operator(entry.name, None, *right),
            (true, [left, right]) => operator(entry.name, Some(*left), *right),
            _ => function(entry.name, &types),
        };
        let call = call.expect("a function is found by the types of its parameters");
        for arguments in combinations(&types) {
            if let Ok(result) = call.apply(&Moment::default(), &arguments) {
                let shown = output(&result, call.result);
                assert!(
                    is_of(&result, call.result),
                    "{}: {arguments:?} gave {result:?}, {shown}",
                    entry.name
                );
            }
        }
    }
}

#[test]
fn no_aggregate_panics_on_the_edges() {
    for entry in super::aggregate::ENTRIES {
        let types = types(entry);
        let aggregate = aggregate(entry.name, &types)
            .expect("an aggregate is found by the types of its parameters")
            .expect("the table has it");
        let mut state = aggregate.start();
        for arguments in combinations(&types) {
            // A sum that does not fit stays what it was.
            let mut next = state.clone();
            if aggregate.add(&mut next, &arguments).is_ok() {
                state = next;
            }
            if let Ok(result) = aggregate.finish(state.clone()) {
                assert!(is_of(&result, aggregate.result), "{}: {result:?}", entry.name);
            }
        }
    }
}

#[test]
fn no_series_panics_on_the_edges() {
    for entry in super::series::ENTRIES {
        let types = types(entry);
        let series = series(entry.name, &types)
            .expect("it is found by the types of its parameters")
            .expect("the table has it");
        for arguments in combinations(&types) {
            let Ok(rows) = series.rows(&arguments) else { continue };
            for row in rows.take(5).flatten() {
                assert_eq!(row.len(), series.columns.len());
                for (value, (_, of)) in row.iter().zip(&series.columns) {
                    assert!(is_of(value, *of), "{}: {value:?}", entry.name);
                }
            }
        }
    }
}
