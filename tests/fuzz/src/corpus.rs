//! The fixtures of the protocol crate, as inputs to damage.

pub mod history;

use serde_json::Value;

const Y_WEBSOCKET: &str = include_str!("../../../server/protocol/fixtures/y-websocket.json");
const HOCUSPOCUS: &str = include_str!("../../../server/protocol/fixtures/hocuspocus.json");
const AWARENESS: &str = include_str!("../../../server/protocol/fixtures/awareness.json");
const UPDATES: &str = include_str!("../../../server/protocol/fixtures/updates.json");
const REFUSED: &str = include_str!("../../../server/protocol/fixtures/refused.json");
const STATE_VECTORS: &str = include_str!("../../../server/protocol/fixtures/state-vectors.json");

/// Frames of both ends of `y-websocket`.
pub fn y_websocket() -> Vec<Vec<u8>> {
    inputs(&[Y_WEBSOCKET])
}

/// Frames of both ends of Hocuspocus.
pub fn hocuspocus() -> Vec<Vec<u8>> {
    inputs(&[HOCUSPOCUS])
}

/// Awareness updates.
pub fn awareness() -> Vec<Vec<u8>> {
    inputs(&[AWARENESS])
}

/// Updates of Yjs, accepted and refused ones.
pub fn updates() -> Vec<Vec<u8>> {
    inputs(&[UPDATES, REFUSED])
}

/// Updates of Yjs that the server accepts.
pub fn accepted_updates() -> Vec<Vec<u8>> {
    inputs(&[UPDATES])
}

/// State vectors.
pub fn state_vectors() -> Vec<Vec<u8>> {
    inputs(&[STATE_VECTORS])
}

fn inputs(texts: &[&str]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for text in texts {
        collect(
            &serde_json::from_str(text).expect("a fixture is JSON"),
            &mut found,
        );
    }
    assert!(!found.is_empty());
    found
}

/// Takes what stands under `hex` or in `frames`, however deep.
fn collect(value: &Value, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("hex", Value::String(digits)) => found.push(bytes(digits)),
                    ("frames", Value::Array(frames)) => {
                        found.extend(frames.iter().filter_map(Value::as_str).map(bytes));
                    }
                    _ => collect(value, found),
                }
            }
        }
        _ => {}
    }
}

fn bytes(digits: &str) -> Vec<u8> {
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits"))
        .collect()
}
