//! What aggregates of numbers keep while rows come.

use super::arithmetic::numeric;
use super::time::{interval, scaled, sum};
use crate::types::{Datum, Decimal, Interval, Numeric, Scalar, Type, float};
use drawloom_model::SqlError;
use std::cmp::Ordering;
use std::rc::Rc;

type Result<T = Datum> = std::result::Result<T, SqlError>;

/// An argument of any type of exact numbers.
fn exact(argument: &Datum) -> Numeric {
    match argument {
        Datum::Int(number) => Numeric::whole(*number),
        other => numeric(other).clone(),
    }
}

/// A sum, and of how many.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    count: i64,
    total: Total,
}

#[derive(Clone, Debug, Default)]
enum Total {
    #[default]
    Nothing,
    /// Whole numbers, as long as they fit.
    Whole(i128),
    Exact(Numeric),
    Float(f64),
    Span(Interval),
}

impl Sum {
    pub(super) fn add(&mut self, argument: &Datum, of: Type) -> Result<()> {
        self.count += 1;
        let total = std::mem::take(&mut self.total);
        self.total = match (total, argument) {
            (Total::Nothing, Datum::Int(number)) => Total::Whole(i128::from(*number)),
            // 2^63 rows of 2^63 still fit.
            (Total::Whole(total), Datum::Int(number)) => Total::Whole(total + i128::from(*number)),
            (Total::Nothing, Datum::Numeric(number)) => Total::Exact((**number).clone()),
            (Total::Exact(total), Datum::Numeric(number)) => Total::Exact(total.plus(number)?),
            (Total::Nothing, Datum::Float(number)) => Total::Float(*number),
            (Total::Float(total), Datum::Float(number)) => {
                let sum = total + number;
                let sum = if of.scalar == Scalar::Float4 { f64::from(sum as f32) } else { sum };
                Total::Float(float::checked(sum, total.is_infinite() || number.is_infinite())?)
            }
            (Total::Nothing, span) => Total::Span(*interval(span)),
            (Total::Span(total), span) => Total::Span(sum(&total, interval(span))?),
            (total, _) => unreachable!("all rows have one type, not {total:?} and {argument:?}"),
        };
        Ok(())
    }

    pub(super) fn total(self) -> Datum {
        match self.total {
            Total::Nothing => Datum::Null,
            Total::Whole(total) => Datum::numeric(Numeric::whole(total)),
            Total::Exact(total) => Datum::numeric(total),
            Total::Float(total) => Datum::Float(total),
            Total::Span(total) => Datum::Interval(Rc::new(total)),
        }
    }

    pub(super) fn average(self) -> Result {
        let count = Numeric::whole(self.count);
        match self.total {
            Total::Nothing => Ok(Datum::Null),
            Total::Whole(total) => Numeric::whole(total).divided_by(&count).map(Datum::numeric),
            Total::Exact(total) => total.divided_by(&count).map(Datum::numeric),
            Total::Float(total) => Ok(Datum::Float(total / self.count as f64)),
            Total::Span(total) => scaled(&total, |number| number / self.count as f64),
        }
    }
}

/// The least or the greatest value.
#[derive(Clone, Debug)]
pub(super) struct Extreme {
    wanted: Ordering,
    value: Option<Datum>,
}

impl Extreme {
    pub(super) fn new(is_least: bool) -> Extreme {
        let wanted = if is_least { Ordering::Less } else { Ordering::Greater };
        Extreme { wanted, value: None }
    }

    pub(super) fn add(&mut self, argument: &Datum) {
        if self.value.as_ref().is_none_or(|value| argument.cmp(value) == self.wanted) {
            self.value = Some(argument.clone());
        }
    }

    pub(super) fn value(self) -> Datum {
        self.value.unwrap_or(Datum::Null)
    }
}

/// Sums of exact numbers and of their squares.
#[derive(Clone, Debug, Default)]
pub(super) struct Squares {
    count: i64,
    has_special: bool,
    sum: Option<Decimal>,
    squares: Option<Decimal>,
}

impl Squares {
    pub(super) fn add(&mut self, argument: &Datum) {
        self.count += 1;
        let Numeric::Finite(number) = exact(argument) else {
            self.has_special = true;
            return;
        };
        let square = number.times(&number);
        self.sum = Some(self.sum.as_ref().map_or_else(|| number.clone(), |sum| sum.plus(&number)));
        self.squares = Some(self.squares.as_ref().map_or_else(|| square.clone(), |sum| sum.plus(&square)));
    }

    /// The variance, or its root; of a sample the divisor is one less.
    pub(super) fn spread(self, is_sample: bool, is_root: bool) -> Result {
        if self.count <= i64::from(is_sample) {
            return Ok(Datum::Null);
        }
        let (false, Some(sum), Some(squares)) = (self.has_special, self.sum, self.squares) else {
            return Ok(Datum::numeric(Numeric::NaN));
        };
        let count = Decimal::whole(self.count);
        let numerator = count.times(&squares).minus(&sum.times(&sum));
        if numerator.is_zero() || numerator.is_negative() {
            return Ok(Datum::numeric(Numeric::whole(0)));
        }
        let divisor = count.times(&Decimal::whole(self.count - i64::from(is_sample)));
        let scale = numerator.quotient_scale(&divisor);
        let variance = numerator.over(&divisor, scale);
        if is_root { variance.root(scale) } else { variance }.checked().map(Datum::numeric)
    }
}

/// The sum of floating-point numbers and of their squared distances from the mean, by Youngs and Cramer's method.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    pub(super) fn add(&mut self, argument: &Datum) -> Result<()> {
        let Datum::Float(number) = *argument else { unreachable!("a floating-point number was promised") };
        let old = *self;
        self.count += 1.0;
        self.sum += number;
        if old.count > 0.0 {
            let distance = number * self.count - self.sum;
            self.squares += distance * distance / (self.count * old.count);
            if self.sum.is_infinite() || self.squares.is_infinite() {
                if !old.sum.is_infinite() && !number.is_infinite() {
                    return Err(float::overflow());
                }
                self.squares = f64::NAN;
            }
        } else if !number.is_finite() {
            self.squares = f64::NAN;
        }
        Ok(())
    }

    pub(super) fn average(self) -> Datum {
        if self.count == 0.0 { Datum::Null } else { Datum::Float(self.sum / self.count) }
    }

    pub(super) fn spread(self, is_sample: bool, is_root: bool) -> Datum {
        let least = if is_sample { 1.0 } else { 0.0 };
        if self.count <= least {
            return Datum::Null;
        }
        let variance = self.squares / (self.count - least);
        Datum::Float(if is_root { variance.sqrt() } else { variance })
    }
}
