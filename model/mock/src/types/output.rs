//! From a value to text: the output functions of all types.

use super::{Datum, Scalar, Type, array_text, bytea, float, interval_text, json_text, moment, uuid};

/// The value as PostgreSQL prints it, in UTC and with its settings as they come. NULL has no text; it gives the
/// empty one.
pub fn output(datum: &Datum, of: Type) -> String {
    match datum {
        Datum::Null => String::new(),
        Datum::Bool(true) => "t".into(),
        Datum::Bool(false) => "f".into(),
        Datum::Int(number) => number.to_string(),
        Datum::Float(number) => float::print(*number, of.scalar),
        Datum::Numeric(number) => number.to_string(),
        Datum::Text(text) | Datum::Padded(text) => text.to_string(),
        Datum::Bytes(bytes) => format!("\\x{}", bytea::to_hex(bytes)),
        Datum::Uuid(bytes) => uuid::print(bytes),
        Datum::Date(days) => moment::print_date(*days),
        Datum::Time(time_us) => moment::print_time(*time_us),
        Datum::Timestamp(time_us) => moment::print_timestamp(*time_us, of.scalar == Scalar::Timestamptz),
        Datum::Interval(interval) => interval_text::print(interval),
        Datum::Jsonb(json) => json_text::print(json),
        Datum::Array(array) => array_text::print(array),
    }
}
