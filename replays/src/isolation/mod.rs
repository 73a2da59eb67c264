//! PostgreSQL's isolation specs: sessions, their steps, and the orders in which the steps are to be tried.
//!
//! ```text
//! *.spec --spec--> setups, sessions, steps --permutations--> the orders that it names, or all there are
//! what a step returns --rows--> text, as PostgreSQL's isolation tester prints it
//! ```
//!
//! The format is that of PostgreSQL's own isolation tester (src/test/isolation/README, specscanner.l and
//! specparse.y), so that its files can be read as they are.

pub mod rows;
mod scanner;
pub mod spec;

pub use spec::{Spec, SpecError};
