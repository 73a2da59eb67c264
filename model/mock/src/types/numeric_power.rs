//! Roots, powers and logarithms of `numeric`. Each is computed with more digits than its result shows; how many it
//! shows is PostgreSQL's choice (`numeric.c`), which estimates the size of the result first.

use super::numeric::{DISPLAY_SCALE_MAX, GROUP, SIGNIFICANT_DIGITS_MIN, overflow, power_of_ten};
use super::{Decimal, Numeric};
use crate::error::error;
use drawloom_model::SqlError;
use num_bigint::BigInt;

type Result<T = Numeric> = std::result::Result<T, SqlError>;

/// Digits beyond the last one that a result shows.
const GUARD: u32 = 30;
/// Beyond this exponent of e a result is too large, or zero.
const EXPONENT_MAX: f64 = 6000.0;

fn domain(message: &str) -> SqlError {
    error("2201F", message)
}

fn display_scale(wanted: i64, least: &[u32]) -> u32 {
    let least = least.iter().copied().max().unwrap_or_default();
    wanted.max(i64::from(least)).clamp(0, DISPLAY_SCALE_MAX) as u32
}

impl Decimal {
    /// The nearest floating-point number; an infinity if it is too large.
    fn approximate(&self) -> f64 {
        self.to_string().parse().expect("decimal digits are a number")
    }

    /// The natural logarithm, roughly, also of what no floating-point number can hold.
    fn approximate_ln(&self) -> f64 {
        let exponent = self.exponent();
        let digits = self.coefficient.magnitude().to_str_radix(10);
        let leading: f64 = digits[..digits.len().min(17)].parse().expect("decimal digits are a number");
        let places = digits.len().min(17) as i64 - 1;
        libm::log(leading) + (exponent - places) as f64 * std::f64::consts::LN_10
    }

    /// The square root at this scale; it is not negative.
    pub fn root(&self, scale: u32) -> Decimal {
        let places = scale.max(self.scale) + 2;
        let square = self.at(places) * power_of_ten(places);
        let root = square.sqrt();
        // One digit more says on which side of the middle the root is.
        let is_exact = &root * &root == square;
        rounded(root * 10 + i32::from(!is_exact), places + 1, scale)
    }

    /// The exponent of ten of the logarithm's first digit, roughly (`estimate_ln_dweight`).
    fn ln_exponent(&self) -> i64 {
        if self.coefficient.sign() != num_bigint::Sign::Plus {
            return 0;
        }
        let near_one = self.minus(&Decimal::whole(1));
        let tenth = Decimal { coefficient: BigInt::from(1), scale: 1 };
        let distance = if near_one.is_negative() { -near_one.clone() } else { near_one };
        if distance <= tenth {
            if distance.is_zero() {
                return 0;
            }
            let (weight, group) = distance.leading_group();
            return weight * GROUP + i64::from(group.ilog10());
        }
        libm::log10(self.approximate_ln().abs()) as i64
    }
}

/// e^x in fixed point, by the series of x / 2^k, squared k times. |x| is at most some thousands.
fn exp_fixed(x: &BigInt, places: u32) -> BigInt {
    let halvings = 8 + x.magnitude().bits().saturating_sub(power_of_ten(places).bits()) as u32;
    let places = places + halvings;
    let one = power_of_ten(places);
    let reduced = (x * power_of_ten(halvings)) >> halvings;
    let (mut sum, mut term, mut index) = (one.clone(), one.clone(), 1_u32);
    while term != BigInt::ZERO {
        term = &term * &reduced / (&one * index);
        sum += &term;
        index += 1;
    }
    for _ in 0..halvings {
        sum = &sum * &sum / &one;
    }
    sum / power_of_ten(halvings)
}

/// The natural logarithm in fixed point: roots are drawn until the number is near 1, then 2 artanh((x-1)/(x+1)).
fn ln_fixed(number: &Decimal, places: u32) -> BigInt {
    let exponent = number.exponent();
    let mantissa = match u32::try_from(exponent) {
        Ok(exponent) => Decimal { coefficient: number.coefficient.clone(), scale: number.scale + exponent },
        Err(_) => number.times(&Decimal::whole(power_of_ten((-exponent) as u32))),
    };
    let places = places + 16;
    let near = ln_near_one(&mantissa.at(places), places);
    let tens = if exponent == 0 {
        BigInt::ZERO
    } else {
        ln_near_one(&Decimal::whole(10).at(places), places) * exponent
    };
    (near + tens) / power_of_ten(16)
}

fn ln_near_one(x: &BigInt, places: u32) -> BigInt {
    const ROOTS: u32 = 12;
    let places = places + 8;
    let one = power_of_ten(places);
    let mut x = x * power_of_ten(8);
    for _ in 0..ROOTS {
        x = (&x * &one).sqrt();
    }
    let ratio = (&x - &one) * &one / (&x + &one);
    let square = &ratio * &ratio / &one;
    let (mut sum, mut power, mut index) = (BigInt::ZERO, ratio, 1_u32);
    while power != BigInt::ZERO {
        sum += &power / index;
        power = &power * &square / &one;
        index += 2;
    }
    (sum << (ROOTS + 1)) / power_of_ten(8)
}

fn rounded(fixed: BigInt, places: u32, scale: u32) -> Decimal {
    Decimal { coefficient: fixed, scale: places }.rounded(i64::from(scale))
}

impl Numeric {
    /// The square root.
    pub fn sqrt(&self) -> Result {
        let number = match self {
            Numeric::NaN | Numeric::Infinity => return Ok(self.clone()),
            Numeric::Finite(number) if !number.is_negative() => number,
            _ => return Err(domain("cannot take square root of a negative number")),
        };
        let weight = number.leading_group().0;
        let scale = display_scale(SIGNIFICANT_DIGITS_MIN - ((weight + 1) * GROUP / 2 - 1), &[number.scale]);
        Ok(Numeric::Finite(number.root(scale)))
    }

    /// e to the power of it.
    pub fn exp(&self) -> Result {
        let number = match self {
            Numeric::NegativeInfinity => return Ok(Numeric::whole(0)),
            Numeric::Finite(number) => number,
            _ => return Ok(self.clone()),
        };
        let value = (number.approximate() * std::f64::consts::LOG10_E).clamp(-2000.0, 2000.0);
        let scale = display_scale(SIGNIFICANT_DIGITS_MIN - value as i64, &[number.scale]);
        exp_to(number, scale)
    }

    /// The natural logarithm.
    pub fn ln(&self) -> Result {
        let number = positive(self)?;
        let Some(number) = number else { return Ok(self.clone()) };
        let scale = display_scale(SIGNIFICANT_DIGITS_MIN - number.ln_exponent(), &[number.scale]);
        Ok(Numeric::Finite(rounded(ln_fixed(number, scale + GUARD), scale + GUARD, scale)))
    }

    /// The logarithm to this base.
    pub fn log(&self, base: &Numeric) -> Result {
        if matches!(self, Numeric::NaN) || matches!(base, Numeric::NaN) {
            return Ok(Numeric::NaN);
        }
        if self.signum() < 0 || base.signum() < 0 {
            return Err(error("2201E", "cannot take logarithm of a negative number"));
        }
        let (Some(number), Some(base)) = (positive(self)?, positive(base)?) else {
            return match (self, base) {
                (Numeric::NaN, _) | (_, Numeric::NaN) | (Numeric::Infinity, Numeric::Infinity) => {
                    Ok(Numeric::NaN)
                }
                (Numeric::Infinity, _) => Ok(Numeric::Infinity),
                _ => Ok(Numeric::whole(0)),
            };
        };
        let exponent = number.ln_exponent() - base.ln_exponent();
        let scale = display_scale(SIGNIFICANT_DIGITS_MIN - exponent, &[number.scale, base.scale]);
        let places = scale + GUARD;
        let divisor = Decimal { coefficient: ln_fixed(base, places), scale: places };
        if divisor.is_zero() {
            return Err(error("22012", "division by zero"));
        }
        Decimal { coefficient: ln_fixed(number, places), scale: places }.over(&divisor, scale).checked()
    }

    /// The power.
    pub fn power(&self, exponent: &Numeric) -> Result {
        let (Numeric::Finite(base), Numeric::Finite(exponent)) = (self, exponent) else {
            return special_power(self, exponent);
        };
        let is_whole = exponent.truncated(0) == *exponent;
        if base.is_zero() && exponent.is_negative() {
            return Err(domain("zero raised to a negative power is undefined"));
        }
        if base.is_negative() && !is_whole {
            return Err(domain("a negative number raised to a non-integer power yields a complex result"));
        }
        if is_whole && let Ok(exponent) = i32::try_from(&exponent.truncated(0).coefficient) {
            return whole_power(base, exponent, display_scale(SIGNIFICANT_DIGITS_MIN, &[base.scale]));
        }
        if base.is_zero() {
            return Ok(Numeric::Finite(Decimal::whole(0).rounded(SIGNIFICANT_DIGITS_MIN)));
        }
        let is_odd = is_whole && exponent.truncated(0).coefficient.bit(0);
        let magnitude = if base.is_negative() { -base.clone() } else { base.clone() };
        let value = magnitude.approximate_ln() * exponent.approximate();
        if value.abs() > EXPONENT_MAX * 1.003 {
            if value > 0.0 {
                return Err(overflow());
            }
            return Ok(Numeric::Finite(Decimal::whole(0).rounded(DISPLAY_SCALE_MAX)));
        }
        let wanted = SIGNIFICANT_DIGITS_MIN - (value * std::f64::consts::LOG10_E) as i64;
        let scale = display_scale(wanted, &[base.scale, exponent.scale]);
        let places = scale + GUARD + (value.abs() as u32);
        let ln = Decimal { coefficient: ln_fixed(&magnitude, places), scale: places };
        let power = exp_to(&ln.times(exponent).rounded(i64::from(places)), scale)?;
        Ok(if base.is_negative() && is_odd { power.negated() } else { power })
    }
}

/// e^number at this scale.
fn exp_to(number: &Decimal, scale: u32) -> Result {
    let value = number.approximate();
    if value.abs() >= EXPONENT_MAX {
        return if value > 0.0 {
            Err(overflow())
        } else {
            Ok(Numeric::Finite(Decimal::whole(0).rounded(i64::from(scale))))
        };
    }
    // Squaring loses as many digits as stand before the point.
    let places = scale + GUARD + (value.abs() / 2.0) as u32;
    rounded(exp_fixed(&number.at(places), places), places, scale).checked()
}

/// None for what is no number or infinite; an error for what has no logarithm.
fn positive(number: &Numeric) -> Result<Option<&Decimal>> {
    match number {
        Numeric::NaN | Numeric::Infinity => Ok(None),
        Numeric::Finite(number) if number.is_zero() => Err(error("2201E", "cannot take logarithm of zero")),
        Numeric::Finite(number) if !number.is_negative() => Ok(Some(number)),
        _ => Err(error("2201E", "cannot take logarithm of a negative number")),
    }
}

/// A power with a whole exponent, by squaring, with as many digits as the result needs.
fn whole_power(base: &Decimal, exponent: i32, scale: u32) -> Result {
    let at_scale = |number: Decimal| number.rounded(i64::from(scale)).checked();
    match exponent {
        0 => return at_scale(Decimal::whole(1)),
        1 => return at_scale(base.clone()),
        2 => return at_scale(base.times(base)),
        _ if base.is_zero() => return at_scale(Decimal::whole(0)),
        -1 => return Decimal::whole(1).over(base, scale).checked(),
        _ => {}
    }
    let magnitude = if base.is_negative() { -base.clone() } else { base.clone() };
    let digits = magnitude.approximate_ln() * f64::from(exponent) / std::f64::consts::LN_10;
    if digits > 131_073.0 {
        return Err(overflow());
    }
    if digits + 1.0 < -f64::from(scale) {
        return at_scale(Decimal::whole(0));
    }
    let significant = (f64::from(scale) + digits.abs() + f64::from(GUARD)) as i64 + 12;
    let limited = |number: Decimal| {
        let places = significant - number.exponent();
        if i64::from(number.scale) > places { number.rounded(places) } else { number }
    };
    let (mut power, mut square, mut rest) = (Decimal::whole(1), magnitude, exponent.unsigned_abs());
    while rest > 0 {
        if rest & 1 == 1 {
            power = limited(power.widely_times(&square));
        }
        rest >>= 1;
        if rest > 0 {
            square = limited(square.widely_times(&square));
        }
    }
    let power = if base.is_negative() && exponent % 2 != 0 { -power } else { power };
    if exponent > 0 { at_scale(power) } else { Decimal::whole(1).over(&power, scale).checked() }
}

impl Decimal {
    /// The product with all its digits.
    fn widely_times(&self, other: &Decimal) -> Decimal {
        Decimal { coefficient: &self.coefficient * &other.coefficient, scale: self.scale + other.scale }
    }
}

/// Powers with NaN and infinities, as POSIX has them for `pow`.
fn special_power(base: &Numeric, exponent: &Numeric) -> Result {
    let one = Numeric::whole(1);
    if *base == one || exponent.signum() == 0 && !matches!(exponent, Numeric::NaN) {
        return Ok(one);
    }
    if matches!(base, Numeric::NaN) || matches!(exponent, Numeric::NaN) {
        return Ok(Numeric::NaN);
    }
    let Numeric::Finite(whole) = exponent else {
        if base.signum() == 0 && exponent.signum() < 0 {
            return Err(domain("zero raised to a negative power is undefined"));
        }
        let magnitude = if base.signum() < 0 { base.negated() } else { base.clone() };
        return Ok(match (magnitude.cmp(&one), exponent.signum() > 0) {
            (std::cmp::Ordering::Equal, _) => one,
            (std::cmp::Ordering::Greater, true) | (std::cmp::Ordering::Less, false) => Numeric::Infinity,
            _ => Numeric::whole(0),
        });
    };
    if base.signum() < 0 && whole.truncated(0) != *whole {
        return Err(domain("a negative number raised to a non-integer power yields a complex result"));
    }
    if exponent.signum() < 0 {
        return Ok(Numeric::whole(0));
    }
    let is_odd = whole.truncated(0) == *whole && whole.truncated(0).coefficient.bit(0);
    Ok(Numeric::infinity(base.signum() < 0 && is_odd))
}
