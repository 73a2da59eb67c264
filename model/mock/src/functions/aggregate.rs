//! Aggregates.
use crate::types::{Datum, Scalar, Type};
use drawloom_model::SqlError;
use std::rc::Rc;
#[derive(Clone, Debug)]
pub struct Aggregate {
    pub result: Type,
    name: Rc<str>,
    types: Rc<[Type]>,
}
#[derive(Clone, Debug)]
pub struct AggregateState(i64, Option<Datum>);
impl Aggregate {
    pub fn parameter(&self, n: usize) -> Type {
        self.types[n]
    }
    pub fn start(&self) -> AggregateState {
        AggregateState(0, None)
    }
    pub fn add(&self, s: &mut AggregateState, a: &[Datum]) -> Result<(), SqlError> {
        if a.first().is_some_and(Datum::is_null) {
            return Ok(());
        }
        s.0 += match (&*self.name, a.first()) {
            ("sum", Some(Datum::Int(n))) => *n,
            _ => 1,
        };
        if let Some(d) = a.first() {
            let better = match &s.1 {
                None => true,
                Some(b) => {
                    if &*self.name == "max" {
                        d > b
                    } else {
                        d < b
                    }
                }
            };
            if better {
                s.1 = Some(d.clone());
            }
        }
        Ok(())
    }
    pub fn finish(&self, s: AggregateState) -> Result<Datum, SqlError> {
        Ok(match &*self.name {
            "count" => Datum::Int(s.0),
            "sum" => {
                if s.1.is_some() {
                    Datum::Int(s.0)
                } else {
                    Datum::Null
                }
            }
            _ => s.1.unwrap_or(Datum::Null),
        })
    }
}
pub fn aggregate(name: &str, types: &[Type]) -> Result<Option<Aggregate>, SqlError> {
    let result = match name {
        "count" | "sum" => Type::of(Scalar::Int8),
        "max" | "min" => types[0],
        _ => return Ok(None),
    };
    Ok(Some(Aggregate { result, name: name.into(), types: types.into() }))
}
#[derive(Clone, Debug)]
pub struct Series {
    pub results: Rc<[(Rc<str>, Type)]>,
    types: Rc<[Type]>,
}
impl Series {
    pub fn parameter(&self, n: usize) -> Type {
        self.types[n]
    }
    pub fn rows(&self, _: &super::Moment, a: &[Datum]) -> Result<Vec<Vec<Datum>>, SqlError> {
        match a {
            [Datum::Int(a), Datum::Int(b)] => Ok((*a..=*b).map(|n| vec![Datum::Int(n)]).collect()),
            _ => Ok(vec![]),
        }
    }
}
pub fn is_series(name: &str) -> bool {
    name == "generate_series"
}
pub fn series(name: &str, types: &[Type]) -> Result<Option<Series>, SqlError> {
    if name != "generate_series" || types.len() != 2 {
        return Ok(None);
    }
    Ok(Some(Series { results: [(name.into(), types[0])].into(), types: types.into() }))
}
