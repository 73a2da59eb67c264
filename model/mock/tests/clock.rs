//! Functions of time say what the moment says, and nothing else.

use drawloom_mock::functions::{self, Moment};
use drawloom_mock::types::{Datum, Scalar, Type, input, output};

const MOMENT: Moment = Moment { transaction_us: 86_399_000_000, statement_us: 86_400_000_001, clock_us: -1 };

fn shown(name: &str) -> String {
    let call = functions::function(name, &[]).expect("the function exists");
    output(&call.apply(&MOMENT, &[]).expect("it cannot fail"), call.result)
}

#[test]
fn the_clock_is_the_moment() {
    assert_eq!(shown("now"), "2000-01-01 23:59:59+00");
    assert_eq!(shown("transaction_timestamp"), "2000-01-01 23:59:59+00");
    assert_eq!(shown("current_timestamp"), "2000-01-01 23:59:59+00");
    assert_eq!(shown("localtimestamp"), "2000-01-01 23:59:59");
    assert_eq!(shown("localtime"), "23:59:59");
    assert_eq!(shown("current_date"), "2000-01-01");
    assert_eq!(shown("statement_timestamp"), "2000-01-02 00:00:00.000001+00");
    assert_eq!(shown("clock_timestamp"), "1999-12-31 23:59:59.999999+00");
}

#[test]
fn an_age_is_counted_to_the_midnight_of_the_transaction() {
    let of = Type::of(Scalar::Timestamp);
    let call = functions::function("age", &[of]).expect("the function exists");
    let birth = input("1998-11-30 12:00", of, None).expect("it is a timestamp");
    let age = call.apply(&MOMENT, &[birth]).expect("it is finite");
    assert_eq!(output(&age, call.result), "1 year 1 mon 12:00:00");
    assert_eq!(call.apply(&MOMENT, &[Datum::Null]), Ok(Datum::Null));
}
