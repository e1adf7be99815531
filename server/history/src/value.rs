//! Values of lib0's `any` encoding as JSON.

use serde_json::{Map, Number, Value};
use unisson_protocol::encoding::{DecodeError, Reader};

/// The largest integer that JavaScript's numbers count exactly.
const INTEGER_MAX: f64 = 9_007_199_254_740_991.0;
/// Values nest at most so deep: the scan of updates refuses deeper ones.
const NESTING_MAX: usize = unisson_protocol::scan::NESTING_MAX;

/// A value as JSON. What JSON has no word for: `undefined` becomes `null`, bytes become
/// `{"bytes": "hexadecimal"}`, and numbers that are none become strings.
pub(crate) fn json_of_any(bytes: &[u8]) -> Value {
    any(&mut Reader::new(bytes), 0).unwrap_or(Value::Null)
}

/// A text that should be JSON; itself where it is not.
pub(crate) fn json_of_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Bytes as JSON.
pub(crate) fn json_of_bytes(bytes: &[u8]) -> Value {
    let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    serde_json::json!({ "bytes": hexadecimal })
}

fn any(reader: &mut Reader<'_>, depth: usize) -> Result<Value, DecodeError> {
    if depth > NESTING_MAX {
        return Err(DecodeError::Invalid("a value is nested too deeply"));
    }
    Ok(match reader.byte()? {
        121 => Value::Bool(false),
        120 => Value::Bool(true),
        125 => Value::from(reader.var_int()?),
        124 => number(f64::from(f32::from_be_bytes(array(reader)?))),
        123 => number(f64::from_be_bytes(array(reader)?)),
        122 => Value::from(i64::from_be_bytes(array(reader)?)),
        119 => Value::String(reader.var_string()?.to_owned()),
        118 => {
            let mut object = Map::new();
            for _ in 0..reader.count(2)? {
                let key = reader.var_string()?.to_owned();
                object.insert(key, any(reader, depth + 1)?);
            }
            Value::Object(object)
        }
        117 => {
            let count = reader.count(1)?;
            let items = (0..count).map(|_| any(reader, depth + 1));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        116 => json_of_bytes(reader.var_bytes()?),
        _ => Value::Null,
    })
}

fn array<const N: usize>(reader: &mut Reader<'_>) -> Result<[u8; N], DecodeError> {
    let bytes = reader.bytes(N)?;
    bytes.try_into().map_err(|_| DecodeError::Truncated)
}

fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() <= INTEGER_MAX {
        return Value::from(value as i64);
    }
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None => Value::String(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_become_what_they_mean() {
        for (bytes, value) in [
            (&[127][..], Value::Null),
            (&[120], json!(true)),
            (&[125, 0x41], json!(-1)),
            (&[123, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], json!(1.5)),
            (&[123, 0x40, 0x08, 0, 0, 0, 0, 0, 0], json!(3)),
            (&[123, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0], json!("inf")),
            (&[116, 2, 1, 0xab], json!({"bytes": "01ab"})),
            (
                &[118, 1, 1, b'a', 117, 1, 119, 1, b'b'],
                json!({"a": ["b"]}),
            ),
        ] {
            assert_eq!(json_of_any(bytes), value);
        }
    }
}
