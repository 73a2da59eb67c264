//! Floating-point numbers, read and printed as PostgreSQL's `float.c` and `d2s.c` do.

use super::{Datum, Scalar, input, stripped};
use crate::error::{error, unsupported};
use drawloom_model::SqlError;

/// A number in decimal, or one of the words for what is none.
pub(super) fn read(text: &str, scalar: Scalar) -> Result<Datum, SqlError> {
    let word = stripped(text);
    let malformed = || input::malformed(scalar.name(), text);
    let unsigned = word.strip_prefix(['-', '+']).unwrap_or(word).to_ascii_lowercase();
    if unsigned.starts_with("0x") {
        return Err(unsupported("a hexadecimal number of a floating-point type"));
    }
    if unsigned.starts_with(|first: char| first.is_ascii_alphabetic())
        && !matches!(unsigned.as_str(), "inf" | "infinity" | "nan")
    {
        return Err(malformed());
    }
    let double: f64 = word.parse().map_err(|_| malformed())?;
    let number = if scalar == Scalar::Float4 {
        f64::from(word.parse::<f32>().map_err(|_| malformed())?)
    } else {
        double
    };
    let is_word = unsigned.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_zero =
        !unsigned.split('e').next().unwrap_or_default().contains(|digit: char| ('1'..='9').contains(&digit));
    if !is_word && (number.is_infinite() || number == 0.0 && !is_zero) {
        return Err(error("22003", format!("\"{word}\" is out of range for type {}", scalar.name())));
    }
    Ok(Datum::Float(number))
}

/// The fewest digits that read back as the number.
pub(crate) fn print(number: f64, scalar: Scalar) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    let (scientific, fixed_exponents) = match scalar {
        Scalar::Float4 => (digits_single(number as f32), -4..6),
        _ => (digits_double(number), -4..15),
    };
    let (mantissa, exponent) = scientific.split_once('e').expect("the format writes an exponent");
    let exponent: i32 = exponent.parse().expect("the format writes it in decimal");
    if fixed_exponents.contains(&exponent) {
        return fixed(mantissa, exponent);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

fn fixed(mantissa: &str, exponent: i32) -> String {
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let Ok(whole) = usize::try_from(exponent + 1) else {
        return format!("{sign}0.{}{digits}", "0".repeat((-exponent - 1) as usize));
    };
    match digits.split_at_checked(whole) {
        None | Some((_, "")) => format!("{sign}{digits:0<whole$}"),
        Some(("", fraction)) => format!("{sign}0.{fraction}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
    }
}

fn digits_double(number: f64) -> String {
    let is_power = number.to_bits() & ((1 << 52) - 1) == 0;
    let reads_back = |text: &str| text.parse() == Ok(number);
    longer_on_midpoint(
        format!("{number:e}"),
        53,
        is_power,
        |places| format!("{number:.places$e}"),
        reads_back,
    )
}

fn digits_single(number: f32) -> String {
    let is_power = number.to_bits() & ((1 << 23) - 1) == 0;
    let reads_back = |text: &str| text.parse() == Ok(number);
    longer_on_midpoint(
        format!("{number:e}"),
        24,
        is_power,
        |places| format!("{number:.places$e}"),
        reads_back,
    )
}

/// PostgreSQL never prints a number that stands in the very middle between two floating-point numbers, though
/// rounding to even would read it back; it prints one digit more.
fn longer_on_midpoint(
    shortest: String,
    precision_bits: u32,
    is_power: bool,
    rounded: impl Fn(usize) -> String,
    reads_back: impl Fn(&str) -> bool,
) -> String {
    let (mantissa, exponent) = shortest.split_once('e').expect("the format writes an exponent");
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().expect("the format writes it in decimal");
    let Ok(tens) = u32::try_from(exponent + 1 - digits.len() as i32) else { return shortest };
    if tens > 23 || digits == "0" {
        return shortest;
    }
    let odd = digits.parse::<u128>().expect("at most 17 digits") * 5_u128.pow(tens);
    let bits = 128 - odd.leading_zeros() - odd.trailing_zeros();
    if bits == precision_bits + 1 || is_power && bits == precision_bits + 2 {
        let differs = |longer: &String| reads_back(longer) && is_no_midpoint(longer, &digits);
        (digits.len()..16).map(rounded).find(differs).unwrap_or(shortest)
    } else {
        shortest
    }
}

/// Whether it has other digits, zeros at the end aside.
fn is_no_midpoint(longer: &str, digits: &str) -> bool {
    let (mantissa, _) = longer.split_once('e').expect("the format writes an exponent");
    let longer: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    longer.trim_end_matches('0') != digits.trim_end_matches('0')
}

/// A result, refused if it overflowed where no argument was infinite.
pub(crate) fn checked(result: f64, may_be_infinite: bool) -> Result<f64, SqlError> {
    if result.is_infinite() && !may_be_infinite { Err(overflow()) } else { Ok(result) }
}

/// What floating-point arithmetic says whose result is too large.
pub(crate) fn overflow() -> SqlError {
    error("22003", "value out of range: overflow")
}

/// What floating-point arithmetic says whose result is too small.
pub(crate) fn underflow() -> SqlError {
    error("22003", "value out of range: underflow")
}
