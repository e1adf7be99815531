//! Fixtures that the JavaScript originals wrote (`fixtures/produce.mjs`), and generators.
#![allow(dead_code)]
#![expect(unreachable_pub, reason = "shared by several test crates")]

use std::path::Path;

use bytes::Bytes;
use serde_json::Value;

/// Reads `fixtures/{name}.json`.
pub fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/{name}.json"));
    let text = std::fs::read_to_string(&path).expect("the fixture is in the tree");
    serde_json::from_str(&text).expect("the fixture is JSON")
}

/// The elements of an array.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

/// A text.
pub fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// A text, empty where there is none.
pub fn text_or_empty(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Bytes written as hexadecimal digits.
pub fn hex(value: &Value) -> Bytes {
    let digits = text(value);
    assert_eq!(digits.len() % 2, 0);
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("two digits"))
        .collect()
}

/// Hexadecimal bytes, or none where the fixture has none.
pub fn hex_or_empty(value: &Value) -> Bytes {
    if value.is_null() {
        Bytes::new()
    } else {
        hex(value)
    }
}

/// A number.
pub fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}
