//! PostgreSQL's semantics in memory.

mod backend;
pub mod bug;
mod catalog;
mod change;
mod cursor;
mod database;
mod define;
pub mod error;
mod executor;
mod expression;
pub mod functions;
pub mod ids;
mod inference;
pub mod locks;
pub mod options;
mod overriding;
mod plan;
mod query;
mod sequence;
mod session;
mod settings;
mod sql;
pub mod ssi;
mod statement;
mod store;
mod transaction;
mod two_phase;
pub mod types;
mod utility;
mod world;

pub use backend::{Mock, fingerprint};
pub use bug::Bug;
pub use options::{Isolation, Options};
