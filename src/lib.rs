//! drawloom: deterministic simulation of SQL under concurrency.
//!
//! Workers run on a deterministic single-threaded executor with a simulated clock and network, in front of
//! a real SQL engine on a simulated disk. Every interleaving comes from a seed, is recorded, and replays
//! byte for byte.
//!
//! A test of your own starts here. It needs no command line:
//!
//! ```
//! use drawloom::{Plan, search};
//!
//! let plan = Plan::usual("bank", "correct").unwrap();
//! assert!(search::first_finding(&plan, 0..20).unwrap().is_none());
//! ```
//!
//! A workload of your own is an implementation of [`Workload`]; put it into the `workload` of a [`Plan`]. The `engine`
//! of a plan is SQLite, unless you say otherwise: [`Engine`] has the others, [`sqlite`] and [`mock`] their options.

pub mod cli;
mod corpus;
mod engine;
mod exit;
mod explain;
mod export;
mod isolation;
mod jobs;
mod list;
mod output;
mod outside;
mod prove;
mod replay;
mod run;
mod script;
mod shrink;

pub use drawloom_mock as mock;
pub use drawloom_model as model;
pub use drawloom_replays::lenient::{expect_fixed, expect_fixed_among};
pub use drawloom_replays::{
    Engine, Name, Plan, Replay, Swarm, codec, feedback, search, shrink as shrinking, why,
};
pub use drawloom_sim as sim;
pub use drawloom_sqlite as sqlite;
pub use drawloom_workloads::{Action, Client, Variant, Workload};
