//! Arithmetic of `numeric` with its infinities and NaN.

use super::numeric::Class;
use super::{Decimal, Numeric};
use crate::error::error;
use drawloom_model::SqlError;

fn division_by_zero() -> SqlError {
    error("22012", "division by zero")
}

impl Numeric {
    /// The sum.
    pub fn plus(&self, other: &Numeric) -> Result<Numeric, SqlError> {
        if let (Numeric::Finite(left), Numeric::Finite(right)) = (self, other) {
            return left.plus(right).checked();
        }
        Ok(match (self.class(), other.class()) {
            (Class::NaN, _) | (_, Class::NaN) => Numeric::NaN,
            (Class::Infinite { is_negative: left }, Class::Infinite { is_negative: right })
                if left != right =>
            {
                Numeric::NaN
            }
            (Class::Infinite { is_negative }, _) | (_, Class::Infinite { is_negative }) => {
                Numeric::infinity(is_negative)
            }
            (Class::Finite, Class::Finite) => unreachable!("both being finite is answered above"),
        })
    }

    /// With the other sign.
    pub fn negated(&self) -> Numeric {
        match self {
            Numeric::Finite(number) => Numeric::Finite(-number.clone()),
            Numeric::Infinity => Numeric::NegativeInfinity,
            Numeric::NegativeInfinity => Numeric::Infinity,
            Numeric::NaN => Numeric::NaN,
        }
    }

    /// The difference.
    pub fn minus(&self, other: &Numeric) -> Result<Numeric, SqlError> {
        self.plus(&other.negated())
    }

    /// The product.
    pub fn times(&self, other: &Numeric) -> Result<Numeric, SqlError> {
        if let (Numeric::Finite(left), Numeric::Finite(right)) = (self, other) {
            return left.times(right).checked();
        }
        Ok(match self.signum() * other.signum() {
            0 => Numeric::NaN,
            sign => Numeric::infinity(sign < 0),
        })
    }

    /// The quotient, with enough digits that 16 count.
    pub fn divided_by(&self, divisor: &Numeric) -> Result<Numeric, SqlError> {
        if let (Numeric::Finite(left), Numeric::Finite(right)) = (self, divisor) {
            if right.is_zero() {
                return Err(division_by_zero());
            }
            return left.over(right, left.quotient_scale(right)).checked();
        }
        match (self.class(), divisor.class()) {
            (Class::NaN, _) | (_, Class::NaN) | (Class::Infinite { .. }, Class::Infinite { .. }) => {
                Ok(Numeric::NaN)
            }
            (Class::Infinite { is_negative }, _) => match divisor.signum() {
                0 => Err(division_by_zero()),
                sign => Ok(Numeric::infinity(is_negative == (sign > 0))),
            },
            _ => Ok(Numeric::whole(0)),
        }
    }

    /// The quotient without what is behind the point (PostgreSQL's `div`).
    pub fn whole_quotient(&self, divisor: &Numeric) -> Result<Numeric, SqlError> {
        match (self, divisor) {
            (Numeric::Finite(_), Numeric::Finite(right)) if right.is_zero() => Err(division_by_zero()),
            (Numeric::Finite(left), Numeric::Finite(right)) => {
                let (left, right, _) = left.aligned(right);
                Decimal::whole(left / right).checked()
            }
            _ => self.divided_by(divisor),
        }
    }

    /// What is left of a division, with the sign of the dividend.
    pub fn remainder(&self, divisor: &Numeric) -> Result<Numeric, SqlError> {
        match (self, divisor) {
            (Numeric::NaN, _) | (_, Numeric::NaN) => Ok(Numeric::NaN),
            (_, Numeric::Finite(right)) if right.is_zero() => Err(division_by_zero()),
            (Numeric::Finite(left), Numeric::Finite(right)) => left.remainder(right).checked(),
            (Numeric::Finite(left), _) => Ok(Numeric::Finite(left.clone())),
            _ => Ok(Numeric::NaN),
        }
    }
}
