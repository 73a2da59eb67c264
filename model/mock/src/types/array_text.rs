//! Arrays, read and printed (PostgreSQL's `arrayfuncs.c`).

use super::array::{DIMENSIONS_MAX, Dimension, too_deep};
use super::{Array, Datum, Modifier, Scalar, Type, input, is_space, output};
use crate::error::error;
use drawloom_model::SqlError;

/// `{1,2}`, `{{a,"b c"},{NULL,d}}`, `[0:1]={1,2}`.
pub(super) fn read(text: &str, element: Scalar, modifier: Option<Modifier>) -> Result<Array, SqlError> {
    let bare = text.trim_start_matches(|character: char| character.is_ascii() && is_space(character as u8));
    let (lowers, body) = match bare.strip_prefix('[') {
        Some(_) => {
            let (bounds, body) = bare.split_once('=').ok_or_else(|| malformed(text))?;
            (Some(bounds_of(bounds.trim()).ok_or_else(|| malformed(text))?), body.trim_start())
        }
        None => (None, bare),
    };
    let mut reader = Reader { bytes: body.as_bytes(), at: 0, text, words: Vec::new() };
    if body.as_bytes().first() != Some(&b'{') {
        return Err(malformed(text));
    }
    let lengths = reader.level(1)?;
    reader.skip_space();
    if reader.at != body.len() {
        return Err(malformed(text));
    }
    // Only a literal of the right form has its elements read.
    let value = |word: Option<String>| match word {
        Some(word) => input(&word, Type::of(element), modifier),
        None => Ok(Datum::Null),
    };
    let values: Vec<Datum> = reader.words.into_iter().map(value).collect::<Result<_, _>>()?;
    if values.is_empty() {
        return Ok(Array::row(element, values));
    }
    let mut dimensions: Vec<Dimension> =
        lengths.into_iter().map(|length| Dimension { length, lower: 1 }).collect();
    if let Some(bounds) = lowers {
        if !bounds.iter().map(|bound| bound.length).eq(dimensions.iter().map(|dimension| dimension.length)) {
            return Err(malformed(text));
        }
        dimensions = bounds;
    }
    Ok(Array { element, dimensions, values })
}

fn malformed(text: &str) -> SqlError {
    error("22P02", format!("malformed array literal: \"{text}\""))
}

/// `[1:2][0:3]`
fn bounds_of(text: &str) -> Option<Vec<Dimension>> {
    let mut dimensions = Vec::new();
    let mut rest = text;
    while let Some(inner) = rest.strip_prefix('[') {
        let (bound, after) = inner.split_once(']')?;
        let (lower, upper) = bound.split_once(':').unwrap_or(("1", bound));
        let (lower, upper): (i32, i32) = (lower.parse().ok()?, upper.parse().ok()?);
        let length = usize::try_from(i64::from(upper) - i64::from(lower) + 1).ok()?;
        dimensions.push(Dimension { length, lower });
        rest = after;
    }
    (rest.is_empty() && dimensions.len() <= DIMENSIONS_MAX).then_some(dimensions)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    text: &'a str,
    words: Vec<Option<String>>,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        while self.bytes.get(self.at).is_some_and(|byte| is_space(*byte)) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Result<u8, SqlError> {
        let byte = self.bytes.get(self.at).copied().ok_or_else(|| malformed(self.text))?;
        self.at += 1;
        Ok(byte)
    }

    /// One pair of braces; gives the lengths of the dimensions within.
    fn level(&mut self, depth: usize) -> Result<Vec<usize>, SqlError> {
        if depth > DIMENSIONS_MAX {
            return Err(too_deep(depth));
        }
        self.next()?;
        let mut shape: Option<Vec<usize>> = None;
        let mut length = 0;
        self.skip_space();
        if self.bytes.get(self.at) == Some(&b'}') {
            self.at += 1;
            return Ok(vec![0]);
        }
        loop {
            self.skip_space();
            let inner = match self.bytes.get(self.at) {
                Some(b'{') => self.level(depth + 1)?,
                _ => self.value().map(|()| Vec::new())?,
            };
            if shape.as_ref().is_some_and(|shape| *shape != inner) {
                return Err(malformed(self.text));
            }
            shape = Some(inner);
            length += 1;
            self.skip_space();
            match self.next()? {
                b',' => {}
                b'}' => break,
                _ => return Err(malformed(self.text)),
            }
        }
        let mut lengths = vec![length];
        lengths.extend(shape.unwrap_or_default());
        Ok(lengths)
    }

    fn value(&mut self) -> Result<(), SqlError> {
        let mut word: Vec<u8> = Vec::new();
        let mut kept = 0; // so much of the word is not white space at its end
        let mut is_quoted = false;
        let mut is_escaped = false;
        loop {
            match self.bytes.get(self.at).copied().ok_or_else(|| malformed(self.text))? {
                b',' | b'}' => break,
                b'{' => return Err(malformed(self.text)),
                b'"' if !word.is_empty() || is_quoted => return Err(malformed(self.text)),
                b'"' => {
                    is_quoted = true;
                    self.at += 1;
                    self.quoted(&mut word)?;
                    kept = word.len();
                }
                b'\\' if is_quoted => return Err(malformed(self.text)),
                b'\\' => {
                    is_escaped = true;
                    self.at += 1;
                    word.push(self.next()?);
                    kept = word.len();
                }
                byte if is_quoted && !is_space(byte) => return Err(malformed(self.text)),
                byte => {
                    word.push(byte);
                    self.at += 1;
                    if !is_space(byte) {
                        kept = word.len();
                    }
                }
            }
        }
        word.truncate(kept);
        if word.is_empty() && !is_quoted {
            return Err(malformed(self.text));
        }
        let word = String::from_utf8(word).expect("only ASCII was taken out of it");
        let is_null = !is_quoted && !is_escaped && word.eq_ignore_ascii_case("null");
        self.words.push((!is_null).then_some(word));
        Ok(())
    }

    fn quoted(&mut self, word: &mut Vec<u8>) -> Result<(), SqlError> {
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => word.push(self.next()?),
                byte => word.push(byte),
            }
        }
    }
}

/// As PostgreSQL prints it: quotes only where they are needed.
pub(super) fn print(array: &Array) -> String {
    let mut text = String::new();
    if array.dimensions.iter().any(|dimension| dimension.lower != 1) {
        for dimension in &array.dimensions {
            let upper = i64::from(dimension.lower) + dimension.length as i64 - 1;
            text.push_str(&format!("[{}:{upper}]", dimension.lower));
        }
        text.push('=');
    }
    if array.values.is_empty() {
        text.push_str("{}");
    } else {
        print_level(array, &array.dimensions, &array.values, &mut text);
    }
    text
}

fn print_level(array: &Array, dimensions: &[Dimension], values: &[Datum], text: &mut String) {
    let Some((outer, inner)) = dimensions.split_first() else {
        return print_value(&values[0], Type::of(array.element), text);
    };
    let mut separator = '{';
    for part in values.chunks(values.len() / outer.length) {
        text.push(separator);
        separator = ',';
        print_level(array, inner, part, text);
    }
    text.push('}');
}

fn print_value(value: &Datum, element: Type, text: &mut String) {
    if value.is_null() {
        return text.push_str("NULL");
    }
    let word = output(value, element);
    let special = |byte: u8| is_space(byte) || matches!(byte, b'{' | b'}' | b',' | b'"' | b'\\');
    if !word.is_empty() && !word.eq_ignore_ascii_case("null") && !word.bytes().any(special) {
        return text.push_str(&word);
    }
    text.push('"');
    for character in word.chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
}
