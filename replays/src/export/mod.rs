//! A replay in forms that others understand: SQL for a bug report, JSON for a program, Rust for a test, a spec for
//! PostgreSQL's isolation tester.
//!
//! ```text
//! Replay --script--> what the server executed, by session --sql, literal--> SQL
//!                                                         --spec, literal-> an isolation spec
//!        --json----> everything, with stable names
//! bytes  --rust----> a test that fails until the bug is fixed
//! ```

pub mod json;
mod literal;
mod rust;
mod script;
mod spec;
mod sql;

pub use json::json;
pub use rust::rust;
pub use spec::{NoSpec, spec};
pub use sql::sql;

use crate::replay::Replay;
use crate::report::printable;
use drawloom_model::Finding;

/// What a replay is of, in one line.
fn title(replay: &Replay) -> String {
    let (plan, header) = (&replay.plan, &replay.header);
    let title = format!(
        "{}, variant {}, seed {}, by drawloom {} on {}",
        plan.workload.name(),
        plan.variant.name,
        header.name,
        header.drawloom,
        plan.engine.called(&header.fingerprint)
    );
    printable(&title)
}

/// The findings, one a line.
fn findings(findings: &[Finding]) -> Vec<String> {
    let line = |finding: &Finding| {
        let Finding { signature, expected, actual, keys, .. } = finding;
        let mut line = format!("found: {}", signature.name);
        if !expected.is_empty() || !actual.is_empty() {
            line += &format!(": expected {expected}, actual {actual}");
        }
        if !keys.is_empty() {
            line += &format!(" ({})", keys.join(", "));
        }
        printable(&line)
    };
    match findings {
        [] => vec!["nothing was found in this run".to_owned()],
        findings => findings.iter().map(line).collect(),
    }
}
