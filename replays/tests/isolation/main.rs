//! PostgreSQL's isolation specs: read, and run, as its isolation tester does.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod definitions;
mod export;
mod format;
mod ownspecs;
mod sessions;
mod suite;
mod tester;
mod toy;
