//! `json` and `jsonb`: the syntax that both share (PostgreSQL's `jsonapi.c`), and jsonb's normal form.

use super::{Decimal, Numeric, numeric_text};
use crate::error::error;
use drawloom_model::SqlError;
use std::rc::Rc;

/// How deep values may be nested; PostgreSQL's own limit is the depth of its stack.
const DEPTH_MAX: usize = 1000;

/// A value of `jsonb`, normalised: the last of equal keys stays, keys are ordered by length and then by bytes.
#[derive(Clone, Debug)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, with its scale.
    Number(Rc<Numeric>),
    /// A string.
    Text(Rc<str>),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Vec<(Rc<str>, Json)>),
}

impl Json {
    /// A string.
    pub fn text(text: impl Into<Rc<str>>) -> Json {
        Json::Text(text.into())
    }

    /// A whole number.
    pub fn whole(number: i64) -> Json {
        Json::Number(Rc::new(Numeric::Finite(Decimal::whole(number))))
    }

    /// An object of these members, normalised.
    pub fn object(mut members: Vec<(Rc<str>, Json)>) -> Json {
        members.sort_by(|left, right| {
            (left.0.len(), left.0.as_bytes()).cmp(&(right.0.len(), right.0.as_bytes()))
        });
        let mut kept: Vec<(Rc<str>, Json)> = Vec::with_capacity(members.len());
        for member in members {
            match kept.last_mut() {
                Some(last) if last.0 == member.0 => *last = member,
                _ => kept.push(member),
            }
        }
        Json::Object(kept)
    }

    /// The member of an object.
    pub fn member(&self, key: &str) -> Option<&Json> {
        let Json::Object(members) = self else { return None };
        let at = members
            .binary_search_by(|(name, _)| (name.len(), name.as_bytes()).cmp(&(key.len(), key.as_bytes())));
        at.ok().map(|at| &members[at].1)
    }

    /// The element of an array; counted from its end if negative.
    pub fn element(&self, index: i64) -> Option<&Json> {
        let Json::Array(elements) = self else { return None };
        let index = if index < 0 { index.checked_add(elements.len() as i64)? } else { index };
        elements.get(usize::try_from(index).ok()?)
    }
}

/// Whether the text is JSON.
pub(super) fn verify(text: &str) -> Result<(), SqlError> {
    Reader { text, at: 0, is_normal: false }.whole().map(|_| ())
}

/// The value that the text is.
pub(crate) fn read(text: &str) -> Result<Json, SqlError> {
    Reader { text, at: 0, is_normal: true }.whole()
}

/// One value of `json` within a text, as it was written.
#[derive(Clone, Debug)]
pub(crate) enum Written<'a> {
    /// A scalar.
    Scalar(&'a str),
    /// The elements of an array.
    Array(Vec<&'a str>),
    /// The members of an object, in the order in which they stand, keys decoded.
    Object(Vec<(String, &'a str)>),
}

/// The parts of a text that is JSON.
pub(crate) fn parts(text: &str) -> Result<Written<'_>, SqlError> {
    let mut reader = Reader { text, at: 0, is_normal: false };
    reader.skip_space();
    let start = reader.at;
    match reader.peek() {
        Some(b'[') => {
            let mut elements = Vec::new();
            reader.list(b']', |reader| reader.span().map(|span| elements.push(span)))?;
            Ok(Written::Array(elements))
        }
        Some(b'{') => {
            let mut members = Vec::new();
            reader.list(b'}', |reader| {
                let key = reader.key()?;
                reader.span().map(|span| members.push((key, span)))
            })?;
            Ok(Written::Object(members))
        }
        _ => {
            reader.value(0)?;
            Ok(Written::Scalar(&text[start..reader.at]))
        }
    }
}

/// What a string in JSON says; None if the text is no string.
pub(crate) fn decoded(text: &str) -> Result<Option<String>, SqlError> {
    let mut reader = Reader { text, at: 0, is_normal: true };
    if reader.peek() == Some(b'"') { reader.string().map(Some) } else { Ok(None) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Whether the value is wanted: then strings must be representable, and numbers within the range.
    is_normal: bool,
}

fn malformed() -> SqlError {
    error("22P02", "invalid input syntax for type json")
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        self.skip_space();
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn whole(mut self) -> Result<Json, SqlError> {
        let value = self.value(0)?;
        self.skip_space();
        if self.at == self.text.len() { Ok(value) } else { Err(malformed()) }
    }

    /// The text of the next value.
    fn span(&mut self) -> Result<&'a str, SqlError> {
        self.skip_space();
        let start = self.at;
        self.value(0)?;
        Ok(&self.text[start..self.at])
    }

    /// What stands between brackets, an item at a time, commas between.
    fn list(
        &mut self,
        end: u8,
        mut item: impl FnMut(&mut Reader<'a>) -> Result<(), SqlError>,
    ) -> Result<(), SqlError> {
        self.at += 1;
        if self.takes(end) {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.takes(end) {
                return Ok(());
            }
            if !self.takes(b',') {
                return Err(malformed());
            }
        }
    }

    fn key(&mut self) -> Result<String, SqlError> {
        self.skip_space();
        if self.peek() != Some(b'"') {
            return Err(malformed());
        }
        let key = self.string()?;
        if self.takes(b':') { Ok(key) } else { Err(malformed()) }
    }

    fn value(&mut self, depth: usize) -> Result<Json, SqlError> {
        if depth > DEPTH_MAX {
            return Err(error("54001", "stack depth limit exceeded"));
        }
        self.skip_space();
        match self.peek() {
            Some(b'"') => self.string().map(Json::text),
            Some(b'[') => {
                let mut elements = Vec::new();
                self.list(b']', |reader| reader.value(depth + 1).map(|element| elements.push(element)))?;
                Ok(Json::Array(elements))
            }
            Some(b'{') => {
                let mut members = Vec::new();
                self.list(b'}', |reader| {
                    let key = reader.key()?;
                    reader.value(depth + 1).map(|value| members.push((key.into(), value)))
                })?;
                Ok(Json::object(members))
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Json, SqlError> {
        let rest = &self.text[self.at..];
        let length = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte > 127)
            .count();
        self.at += length;
        match &rest[..length] {
            "null" => Ok(Json::Null),
            "true" => Ok(Json::Bool(true)),
            "false" => Ok(Json::Bool(false)),
            _ => Err(malformed()),
        }
    }

    fn digits(&mut self) -> usize {
        let count = self.text[self.at..].bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        count
    }

    fn number(&mut self) -> Result<Json, SqlError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let first = self.peek();
        let whole = self.digits();
        let mut is_right = whole == 1 || whole > 1 && first != Some(b'0');
        if self.peek() == Some(b'.') {
            self.at += 1;
            is_right &= self.digits() > 0;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'-' | b'+')));
            is_right &= self.digits() > 0;
        }
        is_right &=
            !self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte > 127);
        if !is_right {
            return Err(malformed());
        }
        if !self.is_normal {
            return Ok(Json::Null);
        }
        numeric_text::read(&self.text[start..self.at]).map(|number| Json::Number(Rc::new(number)))
    }

    fn string(&mut self) -> Result<String, SqlError> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain =
                rest.find(|next: char| matches!(next, '"' | '\\') || next < ' ').ok_or_else(malformed)?;
            string.push_str(&rest[..plain]);
            self.at += plain + 1;
            match rest.as_bytes()[plain] {
                b'"' => return Ok(string),
                b'\\' => {
                    let character = self.escape()?;
                    string.extend(character);
                }
                _ => return Err(malformed()),
            }
        }
    }

    /// What stands behind a backslash; None for a character that only `json` may name.
    fn escape(&mut self) -> Result<Option<char>, SqlError> {
        let byte = self.peek().ok_or_else(malformed)?;
        self.at += 1;
        Ok(Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(malformed()),
        }))
    }

    fn unicode(&mut self) -> Result<Option<char>, SqlError> {
        let high = self.hexadecimal()?;
        if !(0xD800..0xE000).contains(&high) {
            if high == 0 && self.is_normal {
                return Err(error("22P05", "unsupported Unicode escape sequence"));
            }
            return Ok(char::from_u32(high).filter(|character| *character != '\0'));
        }
        if !self.is_normal {
            return Ok(None);
        }
        let is_pair = high < 0xDC00 && self.text[self.at..].starts_with("\\u");
        if !is_pair {
            return Err(malformed());
        }
        self.at += 2;
        let low = self.hexadecimal()?;
        if !(0xDC00..0xE000).contains(&low) {
            return Err(malformed());
        }
        Ok(char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)))
    }

    fn hexadecimal(&mut self) -> Result<u32, SqlError> {
        let digits = self.text.get(self.at..self.at + 4).ok_or_else(malformed)?;
        let is_right = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.at += 4;
        if is_right {
            Ok(u32::from_str_radix(digits, 16).expect("four digits fit"))
        } else {
            Err(malformed())
        }
    }
}
