//! PostgreSQL's semantics in memory.

pub mod error;
pub mod functions;
pub mod ids;
pub mod locks;
pub mod types;
