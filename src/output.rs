//! Results as JSON.

pub use drawloom_replays::export::json::finding;
use serde_json::Value;

/// The text of a JSON document.
pub fn document(value: &Value) -> String {
    format!("{value:#}\n")
}
