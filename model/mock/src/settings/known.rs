//! Which settings there are, what kind of value each takes, and its default.

use crate::error::error;
use drawloom_model::SqlError;

/// What kind of value a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Text,
    /// Words with commas between them.
    List,
    /// Names with commas between them.
    Names,
    /// It is what it is.
    Fixed,
    /// It is set when the server starts.
    Started,
    /// Which messages the client wants to hear.
    Messages,
    /// Milliseconds, if no unit is named.
    Milliseconds,
    Number,
    Isolation,
}

/// Every setting that is known, with its default.
pub(super) const KNOWN: &[(&str, Kind, &str)] = &[
    ("application_name", Kind::Text, ""),
    ("bytea_output", Kind::Text, "hex"),
    ("client_encoding", Kind::Text, "UTF8"),
    ("client_min_messages", Kind::Messages, "notice"),
    ("datestyle", Kind::List, "ISO, MDY"),
    ("deadlock_timeout", Kind::Milliseconds, "1s"),
    ("cpu_index_tuple_cost", Kind::Number, "0.005"),
    ("cpu_operator_cost", Kind::Number, "0.0025"),
    ("cpu_tuple_cost", Kind::Number, "0.01"),
    ("debug_parallel_query", Kind::Text, "off"),
    ("default_transaction_deferrable", Kind::Bool, "off"),
    ("default_transaction_isolation", Kind::Isolation, "read committed"),
    ("default_transaction_read_only", Kind::Bool, "off"),
    ("enable_bitmapscan", Kind::Bool, "on"),
    ("enable_hashagg", Kind::Bool, "on"),
    ("enable_hashjoin", Kind::Bool, "on"),
    ("enable_indexonlyscan", Kind::Bool, "on"),
    ("enable_indexscan", Kind::Bool, "on"),
    ("enable_material", Kind::Bool, "on"),
    ("enable_mergejoin", Kind::Bool, "on"),
    ("enable_nestloop", Kind::Bool, "on"),
    ("enable_seqscan", Kind::Bool, "on"),
    ("enable_sort", Kind::Bool, "on"),
    ("extra_float_digits", Kind::Number, "1"),
    ("force_parallel_mode", Kind::Text, "off"),
    ("idle_in_transaction_session_timeout", Kind::Milliseconds, "0"),
    ("idle_session_timeout", Kind::Milliseconds, "0"),
    ("intervalstyle", Kind::Text, "postgres"),
    ("lock_timeout", Kind::Milliseconds, "0"),
    ("max_connections", Kind::Started, "100"),
    ("max_prepared_transactions", Kind::Started, "64"),
    ("max_parallel_workers_per_gather", Kind::Number, "2"),
    ("min_parallel_index_scan_size", Kind::Text, "512kB"),
    ("min_parallel_table_scan_size", Kind::Text, "8MB"),
    ("parallel_leader_participation", Kind::Bool, "on"),
    ("parallel_setup_cost", Kind::Number, "1000"),
    ("parallel_tuple_cost", Kind::Number, "0.1"),
    ("plan_cache_mode", Kind::Text, "auto"),
    ("role", Kind::Text, "none"),
    ("random_page_cost", Kind::Number, "4"),
    ("search_path", Kind::Names, "\"$user\", public"),
    ("seq_page_cost", Kind::Number, "1"),
    ("server_version", Kind::Fixed, "15.18"),
    ("server_version_num", Kind::Fixed, "150018"),
    ("session_authorization", Kind::Text, "postgres"),
    ("standard_conforming_strings", Kind::Bool, "on"),
    ("statement_timeout", Kind::Milliseconds, "0"),
    ("synchronous_commit", Kind::Text, "on"),
    ("timezone", Kind::Text, "Etc/UTC"),
    ("transaction_isolation", Kind::Isolation, "read committed"),
    ("transaction_deferrable", Kind::Bool, "off"),
    ("transaction_read_only", Kind::Bool, "off"),
    ("vacuum_freeze_min_age", Kind::Number, "50000000"),
    ("vacuum_multixact_freeze_min_age", Kind::Number, "5000000"),
    ("work_mem", Kind::Text, "4MB"),
];

/// A setting that a session may set.
pub(super) fn changeable(name: &str) -> Result<&'static (&'static str, Kind, &'static str), SqlError> {
    let known = known(name)?;
    match known.1 {
        Kind::Fixed => Err(error("55P02", format!("parameter \"{name}\" cannot be changed"))),
        Kind::Started => {
            let message = format!("parameter \"{name}\" cannot be changed without restarting the server");
            Err(error("55P02", message))
        }
        _ => Ok(known),
    }
}

pub(super) fn known(name: &str) -> Result<&'static (&'static str, Kind, &'static str), SqlError> {
    let unknown = || error("42704", format!("unrecognized configuration parameter \"{name}\""));
    KNOWN.iter().find(|(known, ..)| *known == name).ok_or_else(unknown)
}
