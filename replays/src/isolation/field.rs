//! Values as PostgreSQL sends them: as text.

use drawloom_model::Value;

/// The text of this value; none for a null.
pub fn field(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(truth) => if *truth { "t" } else { "f" }.to_owned(),
        Value::Int(n) => n.to_string(),
        Value::Real(x) => real(*x),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => bytes.iter().fold("\\x".to_owned(), |text, byte| text + &format!("{byte:02x}")),
    })
}

/// As few digits as tell it from its neighbours, with an exponent where it is large or small (`float8out`).
fn real(x: f64) -> String {
    if !x.is_finite() {
        return if x.is_nan() { "NaN" } else { ["-Infinity", "Infinity"][usize::from(x > 0.0)] }.to_owned();
    }
    let scientific = format!("{x:e}");
    let (digits, exponent) = scientific.split_once('e').expect("Rust writes an exponent");
    let exponent: i32 = exponent.parse().expect("Rust writes a whole exponent");
    if (-4..15).contains(&exponent) {
        return x.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::field;
    use drawloom_model::Value;

    #[test]
    fn values_read_as_in_postgresql() {
        for (value, expected) in [
            (Value::Bool(true), "t"),
            (Value::Int(-3), "-3"),
            (Value::Text("it's".into()), "it's"),
            (Value::Blob(vec![0, 255]), "\\x00ff"),
            (Value::Real(1.0), "1"),
            (Value::Real(-0.0), "-0"),
            (Value::Real(0.1), "0.1"),
            (Value::Real(0.0001), "0.0001"),
            (Value::Real(0.000_01), "1e-05"),
            (Value::Real(123_456_789_012_345.0), "123456789012345"),
            (Value::Real(1e15), "1e+15"),
            (Value::Real(-1.25e-300), "-1.25e-300"),
            (Value::Real(f64::NEG_INFINITY), "-Infinity"),
            (Value::Real(f64::NAN), "NaN"),
        ] {
            assert_eq!(field(&value).as_deref(), Some(expected));
        }
        assert_eq!(field(&Value::Null), None);
    }
}
