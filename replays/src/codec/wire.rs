//! How values become bytes: bincode's variable-length numbers, and texts that are written once. The only
//! file that names bincode.
//!
//! ```text
//! body = texts (count, then each) | values        a text among the values is its number
//! ```

use super::ReadError;
use bincode::config::{Configuration, standard};
use bincode::{Decode, Encode};
use std::collections::BTreeMap;

const CONFIG: Configuration = standard();
const MALFORMED: ReadError = ReadError::Corrupt("its contents do not fit together");

/// Collects values and the texts they use. The texts live as long as what is written.
pub(super) struct Writer<'a> {
    values: Vec<u8>,
    numbers: BTreeMap<&'a str, u64>,
    /// Texts that were written lately, by where they are in memory: most are the same text again.
    recent: [Option<(*const str, u64)>; RECENT],
    texts: Vec<u8>,
}

const RECENT: usize = 256;

struct Bytes<'a>(&'a mut Vec<u8>);

impl bincode::enc::write::Writer for Bytes<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), bincode::error::EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

fn append(value: impl Encode, bytes: &mut Vec<u8>) {
    bincode::encode_into_writer(value, Bytes(bytes), CONFIG).expect("a vector takes every byte");
}

impl<'a> Writer<'a> {
    /// A writer with room for about so many bytes.
    pub(super) fn new(bytes: usize) -> Writer<'a> {
        Writer {
            values: Vec::with_capacity(bytes),
            numbers: BTreeMap::new(),
            recent: [None; RECENT],
            texts: Vec::new(),
        }
    }

    /// Any value.
    pub(super) fn put(&mut self, value: impl Encode) {
        append(value, &mut self.values);
    }

    /// One byte: what stands for one of a few possibilities.
    pub(super) fn byte(&mut self, byte: u8) {
        self.values.push(byte);
    }

    /// A whole number, as bincode writes it. Nearly all are small: they need not go through its encoder.
    #[inline(always)]
    pub(super) fn number(&mut self, number: u64) {
        const BYTE_MAX: u64 = 250;
        if number <= BYTE_MAX {
            self.values.push(number as u8);
        } else {
            self.large_number(number);
        }
    }

    #[inline(never)]
    fn large_number(&mut self, number: u64) {
        const TWO_BYTES: u8 = 251;
        match u16::try_from(number) {
            Ok(number) => {
                let [low, high] = number.to_le_bytes();
                self.values.extend_from_slice(&[TWO_BYTES, low, high]);
            }
            Err(_) => append(number, &mut self.values),
        }
    }

    /// A length, or a place in a list.
    pub(super) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    /// A text that may occur often: it is written once.
    pub(super) fn text(&mut self, text: &'a str) {
        let place = std::ptr::from_ref(text);
        // Texts lie close together: their addresses are spread by a multiplication.
        let slot = (place.addr() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - RECENT.ilog2());
        let number = match self.recent[slot as usize] {
            Some((recent, number)) if std::ptr::eq(recent, place) => number,
            _ => {
                let number = self.number_of(text);
                self.recent[slot as usize] = Some((place, number));
                number
            }
        };
        self.number(number);
    }

    fn number_of(&mut self, text: &'a str) -> u64 {
        let next = self.numbers.len() as u64;
        *self.numbers.entry(text).or_insert_with(|| {
            append(text, &mut self.texts);
            next
        })
    }

    /// Bytes, and how many they are.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.put(bytes);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.texts.len() + self.values.len() + 8);
        append(self.numbers.len() as u64, &mut body);
        body.extend_from_slice(&self.texts);
        body.extend_from_slice(&self.values);
        body
    }
}

/// How many bytes the texts of one replay may take in memory, each counted as often as it is named: far more
/// than any run has, and less than would be in anybody's way.
pub const TEXT_BYTES_MAX: usize = 256 << 20;

/// Takes values back in the order they were put.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    texts: Vec<&'a str>,
    /// How many bytes of text were copied so far.
    copied: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a [u8]) -> Result<Reader<'a>, ReadError> {
        let mut reader = Reader { rest: body, texts: Vec::new(), copied: 0 };
        for _ in 0..reader.count()? {
            let bytes = reader.bytes()?;
            reader.texts.push(std::str::from_utf8(bytes).map_err(|_| MALFORMED)?);
        }
        Ok(reader)
    }

    pub(super) fn get<T: Decode<()>>(&mut self) -> Result<T, ReadError> {
        let (value, length) = bincode::decode_from_slice(self.rest, CONFIG).map_err(|_| MALFORMED)?;
        self.rest = &self.rest[length..];
        Ok(value)
    }

    /// A whole number.
    pub(super) fn number(&mut self) -> Result<u64, ReadError> {
        self.get()
    }

    /// A whole number of 32 bits.
    pub(super) fn number32(&mut self) -> Result<u32, ReadError> {
        u32::try_from(self.number()?).map_err(|_| MALFORMED)
    }

    /// A length: no list is longer than the bytes that are left.
    pub(super) fn count(&mut self) -> Result<usize, ReadError> {
        let count: u64 = self.get()?;
        usize::try_from(count).ok().filter(|count| *count <= self.rest.len()).ok_or(MALFORMED)
    }

    pub(super) fn text_ref(&mut self) -> Result<&'a str, ReadError> {
        let number = self.number32()?;
        self.texts.get(number as usize).copied().ok_or(MALFORMED)
    }

    pub(super) fn text(&mut self) -> Result<String, ReadError> {
        let text = self.text_ref()?;
        self.copied += text.len();
        if self.copied > TEXT_BYTES_MAX {
            return Err(ReadError::Corrupt("its texts would take more than 256 MiB"));
        }
        Ok(text.to_owned())
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], ReadError> {
        let length = self.count()?;
        let (bytes, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(bytes)
    }

    /// One of a list of possibilities, by its place in the list.
    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> Result<T, ReadError> {
        let place: u8 = self.get()?;
        all.get(usize::from(place)).copied().ok_or(MALFORMED)
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), ReadError> {
        if self.rest.is_empty() { Ok(()) } else { Err(MALFORMED) }
    }
}

/// What does not fit together.
pub(super) fn malformed() -> ReadError {
    MALFORMED
}

/// The place of a value in the list of its kind.
pub(super) fn place_of<T: PartialEq>(value: &T, all: &[T]) -> u8 {
    let place =
        all.iter().position(|candidate| candidate == value).expect("the list has every value of its kind");
    u8::try_from(place).expect("a list of kinds is short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_bincode_writes_them() {
        for number in [0, 1, 250, 251, 252, 255, 256, 65_535, 65_536, u64::from(u32::MAX), u64::MAX] {
            let (mut ours, mut bincodes) = (Writer::new(0), Vec::new());
            ours.number(number);
            append(number, &mut bincodes);
            assert_eq!(ours.values, bincodes, "{number}");
        }
    }
}
