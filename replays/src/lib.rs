//! One run from a seed: run it, record it, write it, read it, replay it with verification.
//!
//! ```text
//! Plan + Source --run--> Run { tape, history, findings, digest }
//!                          |
//!                    Replay (header, plan, tape, history, findings, digest)
//!                          |  codec                       |
//!                       *.replay  ---- read ---->  Strict source --run--> compare --> identical | diverged
//! ```
//!
//! Record, replay, and later shrink and sweep, are callers of the one function [`run`] with different
//! sources.

pub mod codec;
pub mod corpus;
pub mod coverage;
pub mod engine;
pub mod export;
pub mod feedback;
pub mod isolation;
pub mod lanes;
pub mod lenient;
pub mod name;
pub mod outside;
pub mod plan;
pub mod proof;
pub mod replay;
pub mod report;
pub mod run;
pub mod script;
pub mod search;
pub mod shrink;
pub mod swarm;
pub mod why;

pub use coverage::Coverage;
pub use engine::Engine;
pub use name::Name;
pub use plan::{Plan, PlanError};
pub use replay::{Header, Replay, Verdict, verify};
pub use run::{Run, RunError, RunOptions, run};
pub use swarm::Swarm;
