//! PostgreSQL's semantics in memory: what it answers, statement by statement, error by error, lock by lock, at any
//! isolation level, and with known bugs on a switch.
//!
//! ```text
//! text -- sql, utility --> syntax -- plan: query, expression, change bind it --> Plan, kept by text and catalog
//!                                    define, utility: executed as they stand
//! Mock::submit --> at_once: nobody in the way --> the reply
//!          `--> Executor --> lock the relations --> take the snapshot (Reader) --> rows (query) and changes (change)
//!                     |              locks                 store: heap, index, transactions;   ssi watches both
//!                     +-- waits: Pause; `ready` grants, `resume` goes on
//! ```
//!
//! | | |
//! |---|---|
//! | [`types`], [`functions`] | values, and what is done with them: pure, and found by PostgreSQL's rules |
//! | `catalog` | what there is beside rows; a transaction that defines something works on a draft |
//! | `query`, `expression`, `world` | what reads: bound to the catalog, worked out over a snapshot |
//! | `change` | what writes rows: claims on versions, unique keys, foreign keys |
//! | `define`, `utility` | what defines things, and what a session says about itself |
//! | `log`, `disk` | what is durable of all this, and recovery |
//! | `backup` | all of it as a script |
//! | `store`, [`locks`], [`ssi`] | versions, heavyweight locks, serializable transactions |
//! | `footprint` | what a step touches that others may touch too |
//! | `database`, `session`, `transaction` | who shares what, and for how long |

mod at_once;
mod backend;
mod backup;
pub mod bug;
mod catalog;
mod change;
mod command;
mod construct;
mod cursor;
mod database;
mod define;
mod disk;
mod engine_call;
pub mod error;
mod escape;
mod executor;
mod explain;
mod expression;
mod footprint;
pub mod functions;
mod idle;
pub mod ids;
mod index_key;
mod inference;
mod lexeme;
mod limit;
pub mod locks;
mod log;
pub mod options;
mod overriding;
mod place;
mod plan;
mod query;
mod sequence;
mod session;
mod sessions;
mod settings;
mod shorthand;
mod spelling;
mod sql;
pub mod ssi;
mod statement;
mod store;
mod system;
mod transaction;
mod two_phase;
pub mod types;
mod undo;
mod utility;
mod value;
mod world;

pub use backend::{Mock, fingerprint};
pub use bug::Bug;
pub use options::{Isolation, Options};
