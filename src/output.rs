//! Results as JSON.

use drawloom_replays::Engine;
pub use drawloom_replays::export::json::finding;
use serde_json::Value;

/// The document of something that was run on this engine.
pub fn on(engine: &Engine, mut document: Value) -> Value {
    document["backend"] = engine.name().into();
    document[engine.name()] = engine.options();
    document
}

/// The text of a JSON document.
pub fn document(value: &Value) -> String {
    format!("{value:#}\n")
}
