//! PostgreSQL's semantics in memory.

pub mod bug;
pub mod error;
pub mod functions;
pub mod ids;
pub mod locks;
pub mod options;
pub mod ssi;
pub mod types;

pub use bug::Bug;
pub use options::{Isolation, Options};
