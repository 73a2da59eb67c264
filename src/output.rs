//! Findings as JSON.

use drawloom_model::Finding;
use serde_json::{Value, json};

/// A finding with all that a program needs to file it.
pub fn finding(finding: &Finding) -> Value {
    json!({
        "kind": finding.signature.kind.name(),
        "name": finding.signature.name,
        "signature": finding.signature.to_string(),
        "statements": finding.signature.statements,
        "expected": finding.expected,
        "actual": finding.actual,
        "keys": finding.keys,
        "actor": finding.actor.to_string(),
        "step": finding.step.0,
        "at_us": finding.at.0,
    })
}

/// The text of a JSON document.
pub fn document(value: &Value) -> String {
    format!("{value:#}\n")
}
