//! Replay files.
//!
//! ```text
//! "DRAWLOOM" | version u32 | body length u64 | CRC-32 of these | body | CRC-32 of the body
//! body = header, plan, texts, tape, history, findings, decisions digest      (wire.rs: the encoding)
//! ```
//!
//! Numbers of the frame are little-endian. The frame stays as it is whatever becomes of the body, so that
//! an old drawloom can always say that a file is newer. The same replay gives the same bytes.

mod history;
mod plan;
mod tape;
mod wire;

use crate::name::Name;
use crate::plan::PlanError;
use crate::replay::{Header, Replay};
use drawloom_workloads::Workload;
pub use wire::TEXT_BYTES_MAX;
use wire::{Reader, Writer};

const MAGIC: &[u8; 8] = b"DRAWLOOM";
const FRAME: usize = 8 + 4 + 8 + 4;
/// The version of the body's format.
pub const VERSION: u32 = 4;

/// Why bytes are not a replay for this drawloom.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// They do not begin like one.
    #[error("this is not a drawloom replay; give the path of a *.replay file")]
    NotAReplay,
    /// They end too early.
    #[error("this replay is truncated: {have} of {whole} bytes are there; copy or record it again")]
    Truncated {
        /// How many bytes there are.
        have: u64,
        /// How many there should be.
        whole: u64,
    },
    /// They were changed.
    #[error("this replay is corrupt ({0}); copy or record it again")]
    Corrupt(&'static str),
    /// They were written by a later drawloom.
    #[error(
        "this replay has format version {found}, newer than the {VERSION} that this drawloom reads; use a newer drawloom"
    )]
    Newer {
        /// The format version.
        found: u32,
    },
    /// They were written by an earlier drawloom.
    #[error(
        "this replay has format version {found}, older than the {VERSION} that this drawloom reads; replay it with \
         the drawloom that made it, or record the seed again"
    )]
    Older {
        /// The format version.
        found: u32,
    },
    /// They are of a workload, or on an engine, that this drawloom does not have.
    #[error("this replay is not for this drawloom: {0}. Use the drawloom that made it")]
    Foreign(PlanError),
}

/// The bytes of a replay.
pub fn encode(replay: &Replay) -> Vec<u8> {
    let mut body = Writer::new(replay.history.events.len() * 24 + replay.tape.len() * 4);
    body.text(&replay.header.drawloom);
    body.text(&replay.header.fingerprint);
    body.put(replay.header.name.seed);
    body.put(replay.header.name.mutant);
    plan::write(&mut body, &replay.plan);
    tape::write(&mut body, &replay.tape);
    history::write(&mut body, &replay.history);
    history::write_findings(&mut body, &replay.findings);
    body.put(replay.decisions_digest);
    let body = body.finish();

    let mut bytes = Vec::with_capacity(FRAME + body.len() + 4);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend_from_slice(&body);
    bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    bytes
}

/// Reads a replay of one of drawloom's own workloads, whole or not at all.
///
/// # Errors
/// See [`ReadError`].
pub fn decode(bytes: &[u8]) -> Result<Replay, ReadError> {
    decode_among(bytes, drawloom_workloads::ALL)
}

/// Reads a replay of one of these workloads, whole or not at all.
///
/// # Errors
/// See [`ReadError`].
pub fn decode_among(bytes: &[u8], workloads: &[&'static dyn Workload]) -> Result<Replay, ReadError> {
    let mut reader = Reader::new(unframe(bytes)?)?;
    let (drawloom, fingerprint) = (reader.text()?, reader.text()?);
    let name = Name { seed: reader.get()?, mutant: reader.get()? };
    let header = Header { drawloom, fingerprint, name };
    let plan = plan::read(&mut reader, workloads)?;
    let tape = tape::read(&mut reader)?;
    let history = history::read(&mut reader)?;
    let findings = history::read_findings(&mut reader)?;
    let decisions_digest = reader.get()?;
    reader.end()?;
    Ok(Replay { header, plan, tape, history, findings, decisions_digest })
}

/// The body of a frame that is whole and undamaged.
fn unframe(bytes: &[u8]) -> Result<&[u8], ReadError> {
    let have = bytes.len() as u64;
    let begins = bytes.len().min(MAGIC.len());
    if bytes[..begins] != MAGIC[..begins] || bytes.is_empty() {
        return Err(ReadError::NotAReplay);
    }
    let Some((frame, rest)) = bytes.split_at_checked(FRAME) else {
        return Err(ReadError::Truncated { have, whole: FRAME as u64 + 4 });
    };
    let number = |at: usize| u32::from_le_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]);
    if crc32fast::hash(&frame[..FRAME - 4]) != number(FRAME - 4) {
        return Err(ReadError::Corrupt("its first bytes were changed"));
    }
    let version = number(8);
    if version > VERSION {
        return Err(ReadError::Newer { found: version });
    }
    if version < VERSION {
        return match version {
            0 => Err(ReadError::Corrupt("there is no such format version")),
            found => Err(ReadError::Older { found }),
        };
    }
    let length = u64::from(number(12)) | u64::from(number(16)) << 32;
    let whole = length.saturating_add(FRAME as u64 + 4);
    if have < whole {
        return Err(ReadError::Truncated { have, whole });
    }
    if have > whole {
        return Err(ReadError::Corrupt("there are bytes after its end"));
    }
    let (body, crc) = rest.split_at(rest.len() - 4);
    if crc32fast::hash(body).to_le_bytes() != *crc {
        return Err(ReadError::Corrupt("its checksum does not match"));
    }
    Ok(body)
}
