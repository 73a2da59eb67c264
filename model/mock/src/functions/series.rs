//! Functions that give rows.

use super::catalog::{Kind as Takes, *};
use super::json::{json, shown, written_text};
use super::text::{int, str};
use super::time::{interval, is_infinite, moved, timestamp};
use super::{Call, array::array};
use crate::error::error;
use crate::types::json::{Written, parts};
use crate::types::{Datum, Json, Numeric, Type};
use drawloom_model::SqlError;
use std::cmp::Ordering;
use std::rc::Rc;

type Result<T> = std::result::Result<T, SqlError>;

/// The rows, one after the other; each has a value for every column.
pub type Rows = Box<dyn Iterator<Item = Result<Vec<Datum>>>>;

/// Which function it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Numbers,
    Numerics,
    Timestamps,
    Elements,
    Subscripts,
    /// Elements of a `json` or `jsonb` array.
    Values,
    ValuesText,
    Keys,
    Members,
    MembersText,
}

/// A function that gives rows, chosen for arguments of certain types.
#[derive(Clone, Debug)]
pub struct Series {
    /// What each argument is to be cast to before the call.
    pub parameters: Rc<[Type]>,
    /// The columns of a row. A single one without a name is called after the function.
    pub columns: Vec<(Option<&'static str>, Type)>,
    kind: Kind,
}

impl Series {
    pub(super) fn of(call: Call, kind: Kind) -> Series {
        let columns = match kind {
            Kind::Members | Kind::MembersText => {
                vec![(Some("key"), Type::TEXT), (Some("value"), call.result)]
            }
            Kind::Values | Kind::ValuesText => vec![(Some("value"), call.result)],
            _ => vec![(None, call.result)],
        };
        Series { parameters: call.parameters, columns, kind }
    }

    /// What the argument of this place is to be cast to.
    pub fn parameter(&self, place: usize) -> Type {
        self.parameters[place.min(self.parameters.len() - 1)]
    }

    /// The rows for these arguments, which are of the types of `parameters`. None if one of them is NULL.
    ///
    /// # Errors
    /// 22023 for a step of zero, or for JSON of the wrong kind.
    pub fn rows(&self, arguments: &[Datum]) -> Result<Rows> {
        if arguments.iter().any(Datum::is_null) {
            return Ok(Box::new(std::iter::empty()));
        }
        match self.kind {
            Kind::Numbers => numbers(arguments),
            Kind::Numerics => numerics(arguments),
            Kind::Timestamps => timestamps(arguments),
            Kind::Elements => Ok(single(array(&arguments[0]).values.clone())),
            Kind::Subscripts => Ok(subscripts(arguments)),
            Kind::Values | Kind::ValuesText => self.values(&arguments[0]).map(single),
            Kind::Keys => {
                let members = self.members(&arguments[0])?;
                Ok(single(members.into_iter().map(|(key, _)| key).collect()))
            }
            Kind::Members | Kind::MembersText => {
                let members = self.members(&arguments[0])?;
                Ok(Box::new(members.into_iter().map(|(key, value)| Ok(vec![key, value]))))
            }
        }
    }

    fn function(&self) -> &'static str {
        let is_binary = self.parameters[0] == Type::of(crate::types::Scalar::Jsonb);
        match (self.kind, is_binary) {
            (Kind::Values, true) => "jsonb_array_elements",
            (Kind::Values, false) => "json_array_elements",
            (Kind::ValuesText, true) => "jsonb_array_elements_text",
            (Kind::ValuesText, false) => "json_array_elements_text",
            (Kind::Keys, true) => "jsonb_object_keys",
            (Kind::Keys, false) => "json_object_keys",
            (Kind::Members, true) => "jsonb_each",
            (Kind::Members, false) => "json_each",
            (_, true) => "jsonb_each_text",
            (_, false) => "json_each_text",
        }
    }

    fn values(&self, argument: &Datum) -> Result<Vec<Datum>> {
        let is_text = self.kind == Kind::ValuesText;
        let refused = |kind: &str| error("22023", format!("cannot {kind}"));
        if let Datum::Jsonb(_) = argument {
            return match json(argument) {
                Json::Array(elements) => Ok(elements.iter().map(|element| value(element, is_text)).collect()),
                Json::Object(_) => Err(refused("extract elements from an object")),
                _ => Err(refused("extract elements from a scalar")),
            };
        }
        match parts(str(argument))? {
            Written::Array(elements) => {
                elements.into_iter().map(|element| written_value(element, is_text)).collect()
            }
            Written::Object(_) => Err(refused(&format!("call {} on a non-array", self.function()))),
            Written::Scalar(_) => Err(refused(&format!("call {} on a scalar", self.function()))),
        }
    }

    fn members(&self, argument: &Datum) -> Result<Vec<(Datum, Datum)>> {
        let is_text = self.kind == Kind::MembersText;
        let refused = |kind: &str| {
            let message = match self.kind {
                Kind::Keys => format!("cannot call {} on {kind}", self.function()),
                _ => format!("cannot call {} on a non-object", self.function()),
            };
            error("22023", message)
        };
        if let Datum::Jsonb(_) = argument {
            return match json(argument) {
                Json::Object(members) => {
                    let pair =
                        |(key, json): &(Rc<str>, Json)| (Datum::Text(key.clone()), value(json, is_text));
                    Ok(members.iter().map(pair).collect())
                }
                Json::Array(_) => Err(refused("an array")),
                _ => Err(refused("a scalar")),
            };
        }
        match parts(str(argument))? {
            Written::Object(members) => members
                .into_iter()
                .map(|(key, text)| Ok((Datum::text(key), written_value(text, is_text)?)))
                .collect(),
            Written::Array(_) => Err(refused("an array")),
            Written::Scalar(_) => Err(refused("a scalar")),
        }
    }
}

fn value(json: &Json, is_text: bool) -> Datum {
    if is_text { shown(Some(json)) } else { Datum::Jsonb(Rc::new(json.clone())) }
}

fn written_value(text: &str, is_text: bool) -> Result<Datum> {
    if is_text { written_text(Some(text)) } else { Ok(Datum::text(text)) }
}

fn single(values: Vec<Datum>) -> Rows {
    Box::new(values.into_iter().map(|value| Ok(vec![value])))
}

fn zero_step() -> SqlError {
    error("22023", "step size cannot equal zero")
}

fn numbers(arguments: &[Datum]) -> Result<Rows> {
    let (start, stop, step) = (int(&arguments[0]), int(&arguments[1]), arguments.get(2).map_or(1, int));
    if step == 0 {
        return Err(zero_step());
    }
    let is_within = move |number: &i64| if step > 0 { *number <= stop } else { *number >= stop };
    let numbers = std::iter::successors(Some(start).filter(is_within), move |number| {
        number.checked_add(step).filter(is_within)
    });
    Ok(Box::new(numbers.map(|number| Ok(vec![Datum::Int(number)]))))
}

fn numerics(arguments: &[Datum]) -> Result<Rows> {
    let number = |index: usize| match arguments.get(index) {
        Some(Datum::Numeric(number)) => (**number).clone(),
        _ => Numeric::whole(1),
    };
    let (start, stop, step) = (number(0), number(1), number(2));
    for (number, name) in [(&start, "start value"), (&stop, "stop value"), (&step, "step size")] {
        match number {
            Numeric::NaN => return Err(error("22023", format!("{name} cannot be NaN"))),
            Numeric::Finite(_) => {}
            _ => return Err(error("22023", format!("{name} cannot be infinity"))),
        }
    }
    let beyond = match step.signum() {
        0 => return Err(zero_step()),
        1 => Ordering::Greater,
        _ => Ordering::Less,
    };
    let mut next = Ok(start);
    let mut is_over = false;
    Ok(Box::new(std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let current = match &next {
            Ok(current) if current.cmp(&stop) == beyond => return None,
            Ok(current) => current.clone(),
            Err(refusal) => {
                is_over = true;
                return Some(Err(SqlError::clone(refusal)));
            }
        };
        next = current.plus(&step);
        Some(Ok(vec![Datum::numeric(current)]))
    })))
}

fn timestamps(arguments: &[Datum]) -> Result<Rows> {
    let (start, stop) = (timestamp(&arguments[0])?, timestamp(&arguments[1])?);
    let step = *interval(&arguments[2]);
    let is_forward = match step.estimate_us() {
        0 => return Err(zero_step()),
        estimate_us => estimate_us > 0,
    };
    let mut next = Some(start);
    Ok(Box::new(std::iter::from_fn(move || {
        let current = next.filter(|current| if is_forward { *current <= stop } else { *current >= stop })?;
        match moved(current, &step) {
            Ok(moved) => next = Some(moved).filter(|moved| !is_infinite(*moved)),
            Err(refusal) => {
                next = None;
                return Some(Err(refusal));
            }
        }
        Some(Ok(vec![Datum::Timestamp(current)]))
    })))
}

fn subscripts(arguments: &[Datum]) -> Rows {
    let at = usize::try_from(int(&arguments[1]) - 1).ok();
    let dimension = at.and_then(|at| array(&arguments[0]).dimensions.get(at).copied());
    let subscripts = dimension.map_or(0..0, |dimension| {
        i64::from(dimension.lower)..i64::from(dimension.lower) + dimension.length as i64
    });
    Box::new(subscripts.map(|subscript| Ok(vec![Datum::Int(subscript)])))
}

pub(super) const ENTRIES: &[Entry] = &[
    series("generate_series", &[INT4, INT4], INT4, Kind::Numbers),
    series("generate_series", &[INT4, INT4, INT4], INT4, Kind::Numbers),
    series("generate_series", &[INT8, INT8], INT8, Kind::Numbers),
    series("generate_series", &[INT8, INT8, INT8], INT8, Kind::Numbers),
    series("generate_series", &[NUMERIC, NUMERIC], NUMERIC, Kind::Numerics),
    series("generate_series", &[NUMERIC, NUMERIC, NUMERIC], NUMERIC, Kind::Numerics),
    series("generate_series", &[TIMESTAMP, TIMESTAMP, INTERVAL], TIMESTAMP, Kind::Timestamps),
    series("generate_series", &[TIMESTAMPTZ, TIMESTAMPTZ, INTERVAL], TIMESTAMPTZ, Kind::Timestamps),
    series("generate_subscripts", &[Takes::AnyArray, INT4], INT4, Kind::Subscripts),
    series("unnest", &[Takes::AnyArray], Takes::AnyElement, Kind::Elements),
    series("jsonb_array_elements", &[JSONB], JSONB, Kind::Values),
    series("json_array_elements", &[JSON], JSON, Kind::Values),
    series("jsonb_array_elements_text", &[JSONB], TEXT, Kind::ValuesText),
    series("json_array_elements_text", &[JSON], TEXT, Kind::ValuesText),
    series("jsonb_object_keys", &[JSONB], TEXT, Kind::Keys),
    series("json_object_keys", &[JSON], TEXT, Kind::Keys),
    series("jsonb_each", &[JSONB], JSONB, Kind::Members),
    series("json_each", &[JSON], JSON, Kind::Members),
    series("jsonb_each_text", &[JSONB], TEXT, Kind::MembersText),
    series("json_each_text", &[JSON], TEXT, Kind::MembersText),
];
