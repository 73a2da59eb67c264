//! What SQL engines write differently.

/// An engine's SQL, as far as a workload or a script must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: &[Dialect] = &[Dialect::Sqlite, Dialect::Postgres];

    /// Begins a transaction that reads and then writes. Where there is one writer at a time it waits for its turn
    /// here, before it reads; elsewhere it locks what it reads, or may fail with a serialization error.
    pub fn begin_to_write(self) -> &'static str {
        match self {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN",
        }
    }
}
