//! What a database is and may answer.
//!
//! ```text
//! action --execute--> Session --Call--> Network --> Server --submit--> Backend (synchronous)
//!                        |                            |  ^                |
//!                        |                            |  +-- resume <-- Blocked: parked until `ready`
//!                        <--Answer-- Network <-- Done-+
//!
//! every call, answer, blocked span, fault, note --> History --> Oracle --> Finding
//! ```
//!
//! Only [`session`] and [`server`] await; backends and oracles are synchronous and own no clock. An oracle
//! sees a [`History`] and nothing else.

pub mod access;
pub mod backend;
pub mod dialect;
pub mod error;
pub mod history;
pub mod oracle;
pub mod server;
pub mod session;
pub mod statement;

pub use backend::{Backend, Cx, Notification, Progress, SessionId};
pub use dialect::Dialect;
pub use error::{Class, Effect, SqlError, Sqlstate};
pub use history::{Event, Executed, FaultEvent, History, Note, Observation, Phase, Recorder, Violation};
pub use oracle::{Finding, FindingKind, Oracle, Signature};
pub use server::Server;
pub use session::Session;
pub use statement::{Reply, Statement, Value};
