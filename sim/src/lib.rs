//! Who acts next, when, and what breaks. There is no SQL word in this crate.
//!
//! ```text
//!            Source  (random | tape | round-robin | ...)      answers every question put to chance
//!               ^
//!               | pick / choose
//!           Decisions  (lanes, keys, the tape being recorded)  the one door for chance
//!               ^
//!   +-----------+------------+---------------+
//!   |                        |               |
//! Executor: whose turn?   Network: how late,  Faults: what breaks,
//! (lane Schedule)         or lost? (Link)     and when? (Faults)
//!   |
//!   +--> polls one ready slot at a time; Clock jumps when nothing is ready
//! ```
//!
//! What must never happen here: a second source of chance, an unordered collection, a look at the wall
//! clock. [`host`] is the only module that knows madsim.

pub mod clock;
pub mod decisions;
pub mod executor;
pub mod faults;
pub mod footprint;
pub mod host;
pub mod network;
pub mod sim;
pub mod source;
pub mod units;

pub use decisions::{Decision, Divergence, Key, Lane, Place, Tape, Track};
pub use executor::{Executor, Outcome, StuckSlot};
pub use footprint::Footprint;
pub use host::Host;
pub use network::{Network, Profile, Transit};
pub use sim::{Sim, SlotId};
pub use source::{Choice, Enabled, RunShape, Source};
pub use units::{Actor, Odds, SimDuration, SimTime, Step};
