//! Values as bytes: the `any` encoding of lib0, which both sides have anyway.
//!
//! A value that comes out is `[0, value]`, or `[1, kind, id, tag]` for a shared type, so that no
//! value of an application can be taken for a type.

use std::{collections::HashMap, sync::Arc};

use yrs::{Any, Out, encoding::read::Cursor, types::Attrs};

use super::node;

/// Values may be nested so deeply: the server refuses more, and decoding is recursive.
const NESTING_MAX: usize = 64;

/// Why a value cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Not the bytes of a value.
    #[error("the value cannot be read")]
    Malformed,
    /// More than a document carries.
    #[error("the value is nested more than {NESTING_MAX} levels deep")]
    TooDeep,
    /// A list, or an object, was expected.
    #[error("the value is not {0}")]
    NotA(&'static str),
}

pub(super) fn decode(bytes: &[u8]) -> Result<Any, ValueError> {
    let value = Any::decode(&mut Cursor::new(bytes)).map_err(|_| ValueError::Malformed)?;
    if depth(&value) > NESTING_MAX {
        return Err(ValueError::TooDeep);
    }
    Ok(value)
}

pub(super) fn decode_list(bytes: &[u8]) -> Result<Arc<[Any]>, ValueError> {
    match decode(bytes)? {
        Any::Array(list) => Ok(list),
        _ => Err(ValueError::NotA("a list")),
    }
}

/// Attributes; an empty slice is none.
pub(super) fn decode_attributes(bytes: &[u8]) -> Result<Option<Attrs>, ValueError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    attributes(&decode(bytes)?).map(Some)
}

pub(super) fn attributes(value: &Any) -> Result<Attrs, ValueError> {
    let Any::Map(map) = value else {
        return Err(ValueError::NotA("an object"));
    };
    Ok(map
        .iter()
        .map(|(key, value)| (Arc::from(key.as_str()), value.clone()))
        .collect())
}

pub(super) fn encode(value: &Any) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    bytes
}

/// A value on its way out.
pub(super) fn out(value: &Out) -> Any {
    match value {
        Out::Any(any) => list([number(0), any.clone()]),
        shared => match node::describe(shared) {
            Some((kind, id, tag)) => list([number(1), number(kind.code()), text(id), text(tag)]),
            // A subdocument, or a type that nobody has defined: it stays where it is.
            None => list([number(2)]),
        },
    }
}

pub(super) fn list(items: impl IntoIterator<Item = Any>) -> Any {
    Any::Array(items.into_iter().collect())
}

pub(super) fn object(entries: impl IntoIterator<Item = (String, Any)>) -> Any {
    Any::Map(Arc::new(entries.into_iter().collect::<HashMap<_, _>>()))
}

pub(super) fn text(text: impl AsRef<str>) -> Any {
    Any::String(Arc::from(text.as_ref()))
}

pub(super) fn number(number: u32) -> Any {
    Any::from(number)
}

fn depth(value: &Any) -> usize {
    match value {
        Any::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Any::Map(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
