//! Text, plain and with formats, and its deltas: lists of `{insert, attributes}`, `{delete}` and
//! `{retain, attributes}`.

use yrs::{
    Any, GetString, In, Text, TextRef,
    types::{Attrs, Delta, text::YChange},
};

use super::{
    Replica, ReplicaError, check_range,
    node::{Kind, resolve},
    value::{self, ValueError},
};

impl Replica {
    /// The length in UTF-16 units, embedded values counting one.
    pub fn text_len(&self, id: &str) -> Result<u32, ReplicaError> {
        self.read(|transaction| {
            let text: TextRef = resolve(transaction, id, Kind::is_text)?;
            Ok(text.len(transaction))
        })
    }

    /// The text without formats and embedded values.
    pub fn text_string(&self, id: &str) -> Result<String, ReplicaError> {
        self.read(|transaction| {
            let text: TextRef = resolve(transaction, id, Kind::is_text)?;
            Ok(text.get_string(transaction))
        })
    }

    /// The text as an encoded delta.
    pub fn text_delta(&self, id: &str) -> Result<Vec<u8>, ReplicaError> {
        self.read(|transaction| {
            let text: TextRef = resolve(transaction, id, Kind::is_text)?;
            let operations = text
                .diff(transaction, YChange::identity)
                .into_iter()
                .map(|part| {
                    operation(
                        "insert",
                        value::out(&part.insert),
                        part.attributes.as_deref(),
                    )
                });
            Ok(value::encode(&value::list(operations)))
        })
    }

    /// Inserts text, with attributes if there are any.
    pub fn text_insert(
        &mut self,
        origin: Option<&str>,
        id: &str,
        index: u32,
        chunk: &str,
        attributes: &[u8],
    ) -> Result<(), ReplicaError> {
        let attributes = value::decode_attributes(attributes)?;
        self.edit(origin, |transaction| {
            let text: TextRef = resolve(transaction, id, Kind::is_text)?;
            check_range(index, 0, text.len(transaction))?;
            match attributes {
                _ if chunk.is_empty() => {}
                None => text.insert(transaction, index, chunk),
                Some(attributes) => {
                    text.insert_with_attributes(transaction, index, chunk, attributes);
                }
            }
            Ok(())
        })
    }

    /// Inserts one value.
    pub fn text_embed(
        &mut self,
        origin: Option<&str>,
        id: &str,
        index: u32,
        value: &[u8],
        attributes: &[u8],
    ) -> Result<(), ReplicaError> {
        let value = value::decode(value)?;
        let attributes = value::decode_attributes(attributes)?.unwrap_or_default();
        self.edit(origin, |transaction| {
            let text: TextRef = resolve(transaction, id, Kind::is_text)?;
            check_range(index, 0, text.len(transaction))?;
            text.insert_embed_with_attributes(transaction, index, value, attributes);
            Ok(())
        })
    }

    /// Deletes a range.
    pub fn text_delete(
        &mut self,
        origin: Option<&str>,
        id: &str,
        index: u32,
        len: u32,
    ) -> Result<(), ReplicaError> {
        self.edit(origin, |transaction| {
            let text: TextRef = resolve(transaction, id, Kind::is_text)?;
            check_range(index, len, text.len(transaction))?;
            if len > 0 {
                text.remove_range(transaction, index, len);
            }
            Ok(())
        })
    }

    /// Formats a range; a `null` takes a format away.
    pub fn text_format(
        &mut self,
        origin: Option<&str>,
        id: &str,
        index: u32,
        len: u32,
        attributes: &[u8],
    ) -> Result<(), ReplicaError> {
        let attributes = value::decode_attributes(attributes)?.unwrap_or_default();
        self.edit(origin, |transaction| {
            let text: TextRef = resolve(transaction, id, Kind::is_text)?;
            check_range(index, len, text.len(transaction))?;
            if len > 0 && !attributes.is_empty() {
                text.format(transaction, index, len, attributes);
            }
            Ok(())
        })
    }

    /// Applies an encoded delta in one transaction: all of it, or nothing.
    pub fn text_apply_delta(
        &mut self,
        origin: Option<&str>,
        id: &str,
        delta: &[u8],
    ) -> Result<(), ReplicaError> {
        let delta: Vec<Delta<In>> = value::decode_list(delta)?
            .iter()
            .map(read_operation)
            .collect::<Result<_, _>>()?;
        self.edit(origin, |transaction| {
            let text: TextRef = resolve(transaction, id, Kind::is_text)?;
            let consumed = delta.iter().map(|operation| match operation {
                Delta::Deleted(len) | Delta::Retain(len, _) => u64::from(*len),
                Delta::Inserted(..) => 0,
            });
            let (end, len) = (consumed.sum::<u64>(), text.len(transaction));
            if end > u64::from(len) {
                return Err(ReplicaError::OutOfRange { index: end, len });
            }
            text.apply_delta(transaction, delta);
            Ok(())
        })
    }
}

/// One operation on its way out.
pub(super) fn operation(name: &str, value: Any, attributes: Option<&Attrs>) -> Any {
    let formats = attributes
        .filter(|attributes| !attributes.is_empty())
        .map(|attributes| {
            let entries = attributes
                .iter()
                .map(|(key, value)| (key.to_string(), value.clone()));
            ("attributes".to_owned(), value::object(entries))
        });
    value::object([(name.to_owned(), value)].into_iter().chain(formats))
}

fn read_operation(operation: &Any) -> Result<Delta<In>, ValueError> {
    let Any::Map(fields) = operation else {
        return Err(ValueError::NotA("an operation of a delta"));
    };
    let attributes = match fields.get("attributes") {
        None | Some(Any::Null | Any::Undefined) => None,
        Some(attributes) => Some(Box::new(value::attributes(attributes)?)),
    };
    if let Some(inserted) = fields.get("insert") {
        return Ok(Delta::Inserted(In::Any(inserted.clone()), attributes));
    }
    if let Some(len) = fields.get("delete") {
        return Ok(Delta::Deleted(length(len)?));
    }
    match fields.get("retain") {
        Some(len) => Ok(Delta::Retain(length(len)?, attributes)),
        None => Err(ValueError::NotA("an operation of a delta")),
    }
}

fn length(value: &Any) -> Result<u32, ValueError> {
    let error = ValueError::NotA("the length of an operation");
    let Any::Number(number) = value else {
        return Err(error);
    };
    let length = match number {
        yrs::Number::Int(length) => u32::try_from(*length).map_err(|_| error)?,
        yrs::Number::Float(length)
            if length.fract() == 0.0 && (0.0..4_294_967_296.0).contains(length) =>
        {
            *length as u32
        }
        yrs::Number::Float(_) => return Err(error),
    };
    Ok(length)
}
