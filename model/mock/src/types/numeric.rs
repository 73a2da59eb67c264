//! `numeric`: exact numbers in decimal. The scale of every result is the one that PostgreSQL's `numeric.c` gives it.

use crate::error::error;
use drawloom_model::SqlError;
use num_bigint::{BigInt, Sign};
use std::cmp::Ordering;

/// The most digits after the point.
pub(crate) const SCALE_MAX: u32 = 16383;
/// The most digits before it.
const WHOLE_DIGITS_MAX: i64 = 131_072;
/// How many digits after the point a division may choose on its own.
pub(super) const DISPLAY_SCALE_MAX: i64 = 1000;
/// How many digits a quotient has at least that count.
pub(super) const SIGNIFICANT_DIGITS_MIN: i64 = 16;
/// PostgreSQL computes with digits of base 10000; where it counts digits, this many decimal ones are one.
pub(super) const GROUP: i64 = 4;

/// A number, or what stands for none.
#[derive(Clone, Debug)]
pub enum Numeric {
    /// A number.
    Finite(Decimal),
    /// `Infinity`
    Infinity,
    /// `-Infinity`
    NegativeInfinity,
    /// `NaN`: equal to itself, after everything.
    NaN,
}

/// `coefficient` / 10^`scale`; the scale is shown, and so `1.0` and `1.00` are equal but not the same.
#[derive(Clone, Debug)]
pub struct Decimal {
    /// The digits.
    pub coefficient: BigInt,
    /// How many of them stand after the point.
    pub scale: u32,
}

/// 10 to the power of `exponent`.
pub(super) fn power_of_ten(exponent: u32) -> BigInt {
    match 10_u64.checked_pow(exponent) {
        Some(power) => BigInt::from(power),
        None => BigInt::from(10).pow(exponent),
    }
}

/// `dividend` / `divisor`, rounded to the nearest whole number, and away from zero in the middle.
pub(super) fn divided(dividend: &BigInt, divisor: &BigInt) -> BigInt {
    let quotient = dividend / divisor;
    let remainder = dividend - &quotient * divisor;
    if (remainder.magnitude() << 1_u32) < *divisor.magnitude() {
        return quotient;
    }
    let is_negative = (dividend.sign() == Sign::Minus) != (divisor.sign() == Sign::Minus);
    if is_negative { quotient - 1 } else { quotient + 1 }
}

impl Decimal {
    /// A whole number.
    pub fn whole(number: impl Into<BigInt>) -> Decimal {
        Decimal { coefficient: number.into(), scale: 0 }
    }

    /// Whether it is zero, of whatever scale.
    pub fn is_zero(&self) -> bool {
        self.coefficient.sign() == Sign::NoSign
    }

    /// Whether it is less than zero.
    pub fn is_negative(&self) -> bool {
        self.coefficient.sign() == Sign::Minus
    }

    /// The exponent of ten of the first digit that is not zero; 0 for zero.
    pub(crate) fn exponent(&self) -> i64 {
        if self.is_zero() {
            return 0;
        }
        let digits = match u64::try_from(self.coefficient.magnitude()) {
            Ok(small) => i64::from(small.ilog10()) + 1,
            Err(_) => self.coefficient.magnitude().to_str_radix(10).len() as i64,
        };
        digits - 1 - i64::from(self.scale)
    }

    /// The exponent of its first digit of base 10000, and that digit.
    pub(super) fn leading_group(&self) -> (i64, u32) {
        if self.is_zero() {
            return (0, 0);
        }
        let weight = self.exponent().div_euclid(GROUP);
        let shift = weight * GROUP + i64::from(self.scale);
        let magnitude = BigInt::from(self.coefficient.magnitude().clone());
        let group = match u32::try_from(shift) {
            Ok(shift) => magnitude / power_of_ten(shift),
            Err(_) => magnitude * power_of_ten((-shift) as u32),
        };
        (weight, u32::try_from(group).expect("it is less than 10000"))
    }

    /// The coefficient at this scale, rounded if it has fewer digits.
    pub(super) fn at(&self, scale: u32) -> BigInt {
        match scale.cmp(&self.scale) {
            Ordering::Equal => self.coefficient.clone(),
            Ordering::Greater => &self.coefficient * power_of_ten(scale - self.scale),
            Ordering::Less => divided(&self.coefficient, &power_of_ten(self.scale - scale)),
        }
    }

    /// Rounded to so many digits after the point; before it, if negative.
    pub fn rounded(&self, scale: i64) -> Decimal {
        self.reduced(scale, divided)
    }

    /// Cut off after so many digits after the point.
    pub fn truncated(&self, scale: i64) -> Decimal {
        self.reduced(scale, |dividend, divisor| dividend / divisor)
    }

    fn reduced(&self, scale: i64, divide: impl Fn(&BigInt, &BigInt) -> BigInt) -> Decimal {
        let scale = scale.clamp(-WHOLE_DIGITS_MAX, i64::from(SCALE_MAX));
        if scale >= i64::from(self.scale) {
            return Decimal { coefficient: self.at(scale as u32), scale: scale as u32 };
        }
        let dropped = power_of_ten((i64::from(self.scale) - scale) as u32);
        let coefficient = divide(&self.coefficient, &dropped);
        match u32::try_from(scale) {
            Ok(scale) => Decimal { coefficient, scale },
            Err(_) => Decimal::whole(coefficient * power_of_ten((-scale) as u32)),
        }
    }

    /// The greatest whole number that is not greater.
    pub fn floor(&self) -> Decimal {
        let whole = self.truncated(0);
        if whole > *self { Decimal::whole(whole.coefficient - 1) } else { whole }
    }

    /// The least whole number that is not less.
    pub fn ceil(&self) -> Decimal {
        let whole = self.truncated(0);
        if whole < *self { Decimal::whole(whole.coefficient + 1) } else { whole }
    }

    pub(super) fn aligned(&self, other: &Decimal) -> (BigInt, BigInt, u32) {
        let scale = self.scale.max(other.scale);
        (self.at(scale), other.at(scale), scale)
    }

    /// The sum, at the greater scale.
    pub fn plus(&self, other: &Decimal) -> Decimal {
        let (left, right, scale) = self.aligned(other);
        Decimal { coefficient: left + right, scale }
    }

    /// The difference, at the greater scale.
    pub fn minus(&self, other: &Decimal) -> Decimal {
        let (left, right, scale) = self.aligned(other);
        Decimal { coefficient: left - right, scale }
    }

    /// The product, at the sum of the scales.
    pub fn times(&self, other: &Decimal) -> Decimal {
        let product =
            Decimal { coefficient: &self.coefficient * &other.coefficient, scale: self.scale + other.scale };
        if product.scale > SCALE_MAX { product.rounded(i64::from(SCALE_MAX)) } else { product }
    }

    /// The quotient rounded at this scale; the divisor is not zero.
    pub fn over(&self, divisor: &Decimal, scale: u32) -> Decimal {
        let shift = i64::from(scale) + i64::from(divisor.scale) - i64::from(self.scale);
        let coefficient = match u32::try_from(shift) {
            Ok(shift) => divided(&(&self.coefficient * power_of_ten(shift)), &divisor.coefficient),
            Err(_) => divided(&self.coefficient, &(&divisor.coefficient * power_of_ten((-shift) as u32))),
        };
        Decimal { coefficient, scale }
    }

    /// The scale of a quotient: enough for 16 digits that count (`select_div_scale`).
    pub fn quotient_scale(&self, divisor: &Decimal) -> u32 {
        let (weight, group) = self.leading_group();
        let (divisor_weight, divisor_group) = divisor.leading_group();
        let quotient_weight = weight - divisor_weight - i64::from(group <= divisor_group);
        (SIGNIFICANT_DIGITS_MIN - quotient_weight * GROUP)
            .max(i64::from(self.scale))
            .max(i64::from(divisor.scale))
            .clamp(0, DISPLAY_SCALE_MAX) as u32
    }

    /// What is left of a division, with the sign of the dividend; the divisor is not zero.
    pub fn remainder(&self, divisor: &Decimal) -> Decimal {
        let (left, right, scale) = self.aligned(divisor);
        Decimal { coefficient: left % right, scale }
    }

    /// The number, if `numeric` can hold it.
    pub fn checked(self) -> Result<Numeric, SqlError> {
        if self.exponent() >= WHOLE_DIGITS_MAX || self.scale > SCALE_MAX {
            return Err(overflow());
        }
        Ok(Numeric::Finite(self))
    }
}

/// What is said of a number that `numeric` cannot hold.
pub(super) fn overflow() -> SqlError {
    error("22003", "value overflows numeric format")
}

impl std::ops::Neg for Decimal {
    type Output = Decimal;

    fn neg(self) -> Decimal {
        Decimal { coefficient: -self.coefficient, scale: self.scale }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        if self.scale == other.scale {
            return self.coefficient.cmp(&other.coefficient);
        }
        let (left, right, _) = self.aligned(other);
        left.cmp(&right)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal {}

impl Numeric {
    /// A whole number.
    pub fn whole(number: impl Into<BigInt>) -> Numeric {
        Numeric::Finite(Decimal::whole(number))
    }

    /// What no finite number is: NaN, and the infinities by their sign.
    pub(super) fn class(&self) -> Class {
        match self {
            Numeric::Finite(_) => Class::Finite,
            Numeric::Infinity => Class::Infinite { is_negative: false },
            Numeric::NegativeInfinity => Class::Infinite { is_negative: true },
            Numeric::NaN => Class::NaN,
        }
    }

    /// An infinity.
    pub(super) fn infinity(is_negative: bool) -> Numeric {
        if is_negative { Numeric::NegativeInfinity } else { Numeric::Infinity }
    }

    /// -1, 0 or 1; 0 for NaN.
    pub fn signum(&self) -> i32 {
        match self {
            Numeric::Finite(number) => match number.coefficient.sign() {
                Sign::Minus => -1,
                Sign::NoSign => 0,
                Sign::Plus => 1,
            },
            Numeric::Infinity => 1,
            Numeric::NegativeInfinity => -1,
            Numeric::NaN => 0,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Numeric::NegativeInfinity => 0,
            Numeric::Finite(_) => 1,
            Numeric::Infinity => 2,
            Numeric::NaN => 3,
        }
    }
}

/// See `Numeric::class`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Finite,
    Infinite { is_negative: bool },
    NaN,
}

impl Ord for Numeric {
    fn cmp(&self, other: &Numeric) -> Ordering {
        match (self, other) {
            (Numeric::Finite(left), Numeric::Finite(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Numeric {
    fn partial_cmp(&self, other: &Numeric) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Numeric {
    fn eq(&self, other: &Numeric) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Numeric {}
