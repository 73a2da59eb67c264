//! PostgreSQL's isolation specs: sessions, their steps, and the orders in which the steps are to be tried.
//!
//! ```text
//! *.spec --spec--> setups, sessions, steps --permutations--> the orders that it names, or all there are
//!                                               |
//! Backend <--submit, resume-- driver <--send-- tester --field, rows--> text, as PostgreSQL's prints it
//!                               |                                        |
//!                   parts: one statement at a time                  comparison: with what was expected
//! ```
//!
//! The format is that of PostgreSQL's own isolation tester (src/test/isolation/README, specscanner.l and
//! specparse.y), so that its files can be read as they are.

pub mod comparison;
mod difference;
pub(crate) mod driver;
pub(crate) mod field;
pub(crate) mod parts;
pub mod rows;
mod scanner;
pub mod spec;
pub mod summary;
pub mod tester;
mod transcript;

pub use spec::{Spec, SpecError};
pub use tester::{Ended, Tested, test};
pub use transcript::{Listener, Said};
