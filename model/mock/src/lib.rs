//! PostgreSQL's semantics in memory.

pub mod error;
pub mod ids;
pub mod types;
