//! Real SQLite on a simulated disk: the engine `sqlite`.
//!
//! ```text
//! Backend (backend.rs) --> SQLite, unmodified --> VFS (vfs.rs) --> Disk (disk.rs), locks (locks.rs)
//! ```
//!
//! SQLite's files, locks, randomness and clock all come from the simulation, so the same decisions give the
//! same bytes, down to the database's pages.

pub mod backend;
pub mod disk;
mod error;
mod footprint;
pub mod locks;
pub mod options;
pub mod vfs;

pub use backend::{Sqlite, fingerprint};
pub use options::{Busy, JournalMode, Options, Synchronous};
