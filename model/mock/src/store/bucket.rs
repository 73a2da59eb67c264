//! In which bucket of a hash index a key is (PostgreSQL's hashfn.c and hashfunc.c; the functions are Bob Jenkins's).
//!
//! Who reads by a hash index has read the bucket, and who enters a key there writes it. An index of up to 614 entries
//! has two buckets; larger ones have more in PostgreSQL, and share these two here.

use crate::types::Datum;

const BUCKETS: u32 = 2;

/// The bucket of a key; what has no hash here is in the first.
pub(super) fn bucket(key: &Datum) -> u32 {
    hash(key) % BUCKETS
}

/// The hash of a key: what is equal has the same, whatever integer or text it is.
fn hash(key: &Datum) -> u32 {
    match key {
        Datum::Bool(truth) => hash_number(u32::from(*truth)),
        Datum::Int(number) => {
            let [a, b, c, d, high @ ..] = number.to_le_bytes();
            let (low, high) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes(high));
            hash_number(low ^ if *number >= 0 { high } else { !high })
        }
        Datum::Text(text) => hash_bytes(text.as_bytes()),
        Datum::Padded(text) => hash_bytes(text.trim_end_matches(' ').as_bytes()),
        Datum::Bytes(bytes) => hash_bytes(bytes),
        _ => 0,
    }
}

/// What the three words of a hash begin with, for so many bytes.
fn begin(bytes: usize) -> [u32; 3] {
    let bytes = u32::try_from(bytes).expect("a value is shorter than a text may be");
    [0x9e37_79b9_u32.wrapping_add(bytes).wrapping_add(3_923_095); 3]
}

fn hash_number(number: u32) -> u32 {
    let [a, b, c] = begin(4);
    finish([a.wrapping_add(number), b, c])
}

fn hash_bytes(bytes: &[u8]) -> u32 {
    let mut words = begin(bytes.len());
    let chunks = bytes.chunks_exact(12);
    let rest = chunks.remainder();
    for chunk in chunks {
        words = mix(add(words, chunk, 0));
    }
    // The lowest byte of the last word is left to the length.
    let (front, back) = rest.split_at(rest.len().min(8));
    finish(add(add(words, front, 0), back, 9))
}

/// Adds bytes to the words, the lowest first, from this byte of them on.
fn add(mut words: [u32; 3], bytes: &[u8], from: usize) -> [u32; 3] {
    for (place, byte) in (from..).zip(bytes) {
        words[place / 4] = words[place / 4].wrapping_add(u32::from(*byte) << (8 * (place % 4)));
    }
    words
}

fn mix([mut a, mut b, mut c]: [u32; 3]) -> [u32; 3] {
    for turns in [[4, 6, 8], [16, 19, 4]] {
        a = a.wrapping_sub(c) ^ c.rotate_left(turns[0]);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(turns[1]);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(turns[2]);
        b = b.wrapping_add(a);
    }
    [a, b, c]
}

fn finish([mut a, mut b, mut c]: [u32; 3]) -> u32 {
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    (c ^ b).wrapping_sub(b.rotate_left(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PostgreSQL's `hashint4`, `hashint8`, `hashtext` and `hashchar`.
    #[test]
    fn hashes_are_those_of_postgresql() {
        let hash = |key| hash(&key) as i32;
        assert_eq!(hash(Datum::Int(20)), -2_014_641_093);
        assert_eq!(hash(Datum::Int(30)), 1_660_582_443);
        assert_eq!(hash(Datum::Int(-5)), 1_412_886_042);
        assert_eq!(hash(Datum::text("foo")), 1_955_559_433);
        assert_eq!(hash(Datum::text("hello world, this is long")), -1_137_652_777);
    }
}
