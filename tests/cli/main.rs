//! The whole program, through its command line.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod documentation;
mod engine;
mod explain;
mod isolation;
mod keep;
mod place;
mod process;
mod replay;
mod run;
mod script;
mod search;
mod shrink;
