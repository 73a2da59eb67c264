//! What must hold of every value of every type.

use drawloom_mock::functions::{self, Moment};
use drawloom_mock::types::{Array, Datum, Interval, Json, Numeric, Scalar, Type, input, output};
use proptest::prelude::*;
use std::rc::Rc;

const SCALARS: [Scalar; 21] = [
    Scalar::Bool,
    Scalar::Int2,
    Scalar::Int4,
    Scalar::Int8,
    Scalar::Float4,
    Scalar::Float8,
    Scalar::Numeric,
    Scalar::Text,
    Scalar::Varchar,
    Scalar::Char,
    Scalar::Name,
    Scalar::Bytea,
    Scalar::Uuid,
    Scalar::Json,
    Scalar::Jsonb,
    Scalar::Date,
    Scalar::Time,
    Scalar::Timestamp,
    Scalar::Timestamptz,
    Scalar::Interval,
    Scalar::Oid,
];

fn scalar() -> impl Strategy<Value = Scalar> {
    prop::sample::select(SCALARS.to_vec())
}

fn numeric() -> impl Strategy<Value = Datum> {
    "-?[0-9]{1,30}(\\.[0-9]{1,20})?".prop_map(|text| read(&text, Scalar::Numeric))
}

fn read(text: &str, scalar: Scalar) -> Datum {
    input(text, Type::of(scalar), None).expect("the strategy makes texts that can be read")
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::whole),
        "[^\0]{0,6}".prop_map(|text| Json::text(text.as_str())),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let member = ("[^\0]{0,3}".prop_map(|key| Rc::from(key.as_str())), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Json::Array),
            prop::collection::vec(member, 0..4).prop_map(Json::object),
        ]
    })
}

fn interval() -> impl Strategy<Value = Datum> {
    (any::<i32>(), any::<i32>(), -4_000_000_000_000_000_000..4_000_000_000_000_000_000_i64)
        .prop_map(|(months, days, time_us)| Datum::Interval(Rc::new(Interval { months, days, time_us })))
}

/// A value of the type.
fn value(scalar: Scalar) -> BoxedStrategy<Datum> {
    match scalar {
        Scalar::Bool => any::<bool>().prop_map(Datum::Bool).boxed(),
        Scalar::Int2 => any::<i16>().prop_map(|number| Datum::Int(number.into())).boxed(),
        Scalar::Int4 => any::<i32>().prop_map(|number| Datum::Int(number.into())).boxed(),
        Scalar::Int8 => any::<i64>().prop_map(Datum::Int).boxed(),
        Scalar::Oid => any::<u32>().prop_map(|number| Datum::Int(number.into())).boxed(),
        Scalar::Float4 => any::<f32>().prop_map(|number| Datum::Float(number.into())).boxed(),
        Scalar::Float8 => {
            prop_oneof![any::<f64>(), Just(f64::NAN), Just(1e23)].prop_map(Datum::Float).boxed()
        }
        Scalar::Numeric => numeric().boxed(),
        Scalar::Char => "[^\0]{0,4} {0,2}".prop_map(|text| Datum::Padded(text.into())).boxed(),
        Scalar::Text | Scalar::Varchar => "[^\0]{0,8}".prop_map(|text| Datum::text(text.as_str())).boxed(),
        Scalar::Name => "[a-z]{1,8}".prop_map(|text| Datum::text(text.as_str())).boxed(),
        Scalar::Bytea => any::<Vec<u8>>().prop_map(|bytes| Datum::Bytes(bytes.into())).boxed(),
        Scalar::Uuid => any::<[u8; 16]>().prop_map(|bytes| Datum::Uuid(Rc::new(bytes))).boxed(),
        Scalar::Jsonb => json().prop_map(|json| Datum::Jsonb(Rc::new(json))).boxed(),
        Scalar::Json => {
            let shown = |json: Json| output(&Datum::Jsonb(Rc::new(json)), Type::of(Scalar::Jsonb));
            json().prop_map(move |json| Datum::text(shown(json))).boxed()
        }
        Scalar::Date => prop_oneof![-2_451_545..2_145_031_949_i32, Just(i32::MIN), Just(i32::MAX)]
            .prop_map(Datum::Date)
            .boxed(),
        Scalar::Time => (0..=86_400_000_000_i64).prop_map(Datum::Time).boxed(),
        Scalar::Timestamp | Scalar::Timestamptz => prop_oneof![
            -211_813_488_000_000_000..9_223_371_331_200_000_000_i64,
            Just(i64::MIN),
            Just(i64::MAX)
        ]
        .prop_map(Datum::Timestamp)
        .boxed(),
        Scalar::Interval => interval().boxed(),
        other => unreachable!("{other:?} has no values of its own"),
    }
}

/// Three values of one type, NULL among them.
fn three() -> impl Strategy<Value = (Scalar, [Datum; 3])> {
    scalar().prop_flat_map(|scalar| {
        let one = || prop_oneof![8 => value(scalar), 1 => Just(Datum::Null)];
        (Just(scalar), [one(), one(), one()])
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back((scalar, values) in three()) {
        for value in values.iter().filter(|value| !value.is_null()) {
            let text = output(value, Type::of(scalar));
            let back = read(&text, scalar);
            prop_assert_eq!(value, &back, "{}", text);
            prop_assert_eq!(&text, &output(&back, Type::of(scalar)));
        }
        let array = Datum::Array(Rc::new(Array::row(scalar, values.to_vec())));
        let text = output(&array, Type::array_of(scalar));
        prop_assert_eq!(&array, &input(&text, Type::array_of(scalar), None).expect("it was printed"));
    }

    #[test]
    fn the_order_is_total((_, [first, second, third]) in three()) {
        prop_assert_eq!(first.cmp(&second), second.cmp(&first).reverse());
        prop_assert_eq!(first == second, first.cmp(&second).is_eq());
        if first <= second && second <= third {
            prop_assert!(first <= third);
        }
        prop_assert!(first <= Datum::Null);
    }

    #[test]
    fn the_operators_agree_with_the_order((scalar, [first, second, _]) in three()) {
        let of = Type::of(scalar);
        let Ok(less) = functions::operator("<", Some(of), of) else { return Ok(()) };
        let expected = if first.is_null() || second.is_null() {
            Datum::Null
        } else {
            Datum::Bool(first < second)
        };
        prop_assert_eq!(less.apply(&Moment::default(), &[first, second]).expect("a comparison cannot fail"), expected);
    }

    #[test]
    fn no_text_makes_an_input_panic(scalar in scalar(), text in "\\PC*", digits in "[-+0-9:. /TZeE,{}\"\\\\a-z]{0,24}") {
        for text in [&text, &digits] {
            for of in [Type::of(scalar), Type::array_of(scalar)] {
                if let Ok(value) = input(text, of, None) {
                    let shown = output(&value, of);
                    prop_assert_eq!(&value, &input(&shown, of, None).expect("it was printed"), "{} {}", of, shown);
                }
            }
        }
    }

    #[test]
    fn numeric_reckons_as_whole_numbers_do(left in any::<i64>(), right in any::<i64>(), scale in 0..6_u32) {
        let wide = |number: i64| i128::from(number);
        let decimal = |number: i128, scale: u32| {
            let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale as usize + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
            let sign = if number < 0 { "-" } else { "" };
            if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
        };
        let number = |number: i64| match read(&decimal(wide(number), scale), Scalar::Numeric) {
            Datum::Numeric(number) => (*number).clone(),
            other => unreachable!("{other:?} is no numeric"),
        };
        let shown = |result: Result<Numeric, _>| result.expect("it is within the range").to_string();
        let (a, b) = (number(left), number(right));
        prop_assert_eq!(shown(a.plus(&b)), decimal(wide(left) + wide(right), scale));
        prop_assert_eq!(shown(a.minus(&b)), decimal(wide(left) - wide(right), scale));
        prop_assert_eq!(shown(a.times(&b)), decimal(wide(left) * wide(right), 2 * scale));
        if right != 0 {
            prop_assert_eq!(shown(a.remainder(&b)), decimal(wide(left) % wide(right), scale));
            prop_assert_eq!(shown(a.whole_quotient(&b)), (wide(left) / wide(right)).to_string());
        }
        prop_assert_eq!(a.cmp(&b), left.cmp(&right));
    }
}
