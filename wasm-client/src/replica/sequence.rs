//! Lists of values or children, and values or attributes by name.

use std::sync::Arc;

use yrs::{
    Any, Array, ArrayRef, GetString, Map, MapRef, Out, XmlFragmentRef,
    types::{ToJson, xml::XmlElementRef},
};

use super::{
    Replica, ReplicaError, check_range,
    node::{Kind, NodeError, resolve},
    value,
};

impl Replica {
    /// How many values or children there are.
    pub fn sequence_len(&self, id: &str) -> Result<u32, ReplicaError> {
        self.read(|transaction| {
            let sequence: ArrayRef = resolve(transaction, id, Kind::is_sequence)?;
            Ok(sequence.len(transaction))
        })
    }

    /// Inserts values, an encoded list.
    pub fn sequence_insert(
        &mut self,
        origin: Option<&str>,
        id: &str,
        index: u32,
        values: &[u8],
    ) -> Result<(), ReplicaError> {
        let values = value::decode_list(values)?;
        self.edit(origin, |transaction| {
            let sequence: ArrayRef = resolve(transaction, id, |kind| kind == Kind::Array)?;
            check_range(index, 0, sequence.len(transaction))?;
            if !values.is_empty() {
                sequence.insert_range(transaction, index, values.iter().cloned());
            }
            Ok(())
        })
    }

    /// Inserts an empty type and returns its encoded description. XML takes XML children only.
    pub fn sequence_insert_type(
        &mut self,
        origin: Option<&str>,
        id: &str,
        index: u32,
        kind: Kind,
        tag: &str,
    ) -> Result<Vec<u8>, ReplicaError> {
        self.edit(origin, |transaction| {
            let takes_all =
                resolve::<ArrayRef>(transaction, id, |kind| kind == Kind::Array).is_ok();
            if !takes_all && !matches!(kind, Kind::XmlElement | Kind::XmlText) {
                return Err(NodeError::OtherKind.into());
            }
            let sequence: ArrayRef = resolve(transaction, id, Kind::is_sequence)?;
            check_range(index, 0, sequence.len(transaction))?;
            let shared = sequence.insert(transaction, index, kind.new_empty(tag));
            Ok(value::encode(&value::out(&shared)))
        })
    }

    /// Deletes values or children.
    pub fn sequence_delete(
        &mut self,
        origin: Option<&str>,
        id: &str,
        index: u32,
        len: u32,
    ) -> Result<(), ReplicaError> {
        self.edit(origin, |transaction| {
            let sequence: ArrayRef = resolve(transaction, id, Kind::is_sequence)?;
            check_range(index, len, sequence.len(transaction))?;
            if len > 0 {
                sequence.remove_range(transaction, index, len);
            }
            Ok(())
        })
    }

    /// All values or children, an encoded list.
    pub fn sequence_values(&self, id: &str) -> Result<Vec<u8>, ReplicaError> {
        self.read(|transaction| {
            let sequence: ArrayRef = resolve(transaction, id, Kind::is_sequence)?;
            let values = sequence.iter(transaction).map(|item| value::out(&item));
            Ok(value::encode(&value::list(values)))
        })
    }

    /// One value or child; nothing outside the list.
    pub fn sequence_get(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, ReplicaError> {
        self.read(|transaction| {
            let sequence: ArrayRef = resolve(transaction, id, Kind::is_sequence)?;
            if index >= sequence.len(transaction) {
                return Ok(None);
            }
            let item = sequence.get(transaction, index);
            Ok(item.map(|item| value::encode(&value::out(&item))))
        })
    }

    /// Sets a value or attribute.
    pub fn map_set(
        &mut self,
        origin: Option<&str>,
        id: &str,
        key: &str,
        value: &[u8],
    ) -> Result<(), ReplicaError> {
        let value = value::decode(value)?;
        self.edit(origin, |transaction| {
            let map: MapRef = resolve(transaction, id, Kind::is_map)?;
            map.insert(transaction, key, value);
            Ok(())
        })
    }

    /// Sets an empty type under a name and returns its encoded description.
    pub fn map_set_type(
        &mut self,
        origin: Option<&str>,
        id: &str,
        key: &str,
        kind: Kind,
        tag: &str,
    ) -> Result<Vec<u8>, ReplicaError> {
        self.edit(origin, |transaction| {
            let map: MapRef = resolve(transaction, id, |kind| kind == Kind::Map)?;
            let shared = map.insert(transaction, key, kind.new_empty(tag));
            Ok(value::encode(&value::out(&shared)))
        })
    }

    /// Removes a value or attribute; says whether there was one.
    pub fn map_delete(
        &mut self,
        origin: Option<&str>,
        id: &str,
        key: &str,
    ) -> Result<bool, ReplicaError> {
        self.edit(origin, |transaction| {
            let map: MapRef = resolve(transaction, id, Kind::is_map)?;
            Ok(map.remove(transaction, key).is_some())
        })
    }

    /// A value or attribute, encoded.
    pub fn map_get(&self, id: &str, key: &str) -> Result<Option<Vec<u8>>, ReplicaError> {
        self.read(|transaction| {
            let map: MapRef = resolve(transaction, id, Kind::is_map)?;
            let item: Option<Out> = map.get(transaction, key);
            Ok(item.map(|item| value::encode(&value::out(&item))))
        })
    }

    /// All values or attributes by name, an encoded object.
    pub fn map_entries(&self, id: &str) -> Result<Vec<u8>, ReplicaError> {
        self.read(|transaction| {
            let map: MapRef = resolve(transaction, id, Kind::is_map)?;
            let entries = map
                .iter(transaction)
                .map(|(key, item)| (key.to_string(), value::out(&item)));
            Ok(value::encode(&value::object(entries)))
        })
    }

    /// A type and all in it as plain values, encoded; XML as text.
    pub fn json(&self, id: &str) -> Result<Vec<u8>, ReplicaError> {
        self.read(|transaction| {
            let json: Any = match resolve::<MapRef>(transaction, id, |kind| kind == Kind::Map) {
                Ok(map) => map.to_json(transaction),
                Err(NodeError::OtherKind) => {
                    let array: ArrayRef = resolve(transaction, id, |kind| kind == Kind::Array)?;
                    array.to_json(transaction)
                }
                Err(error) => return Err(error.into()),
            };
            Ok(value::encode(&json))
        })
    }

    /// An XML fragment or element as text.
    pub fn xml_string(&self, id: &str) -> Result<Arc<str>, ReplicaError> {
        self.read(|transaction| {
            let element =
                resolve::<XmlElementRef>(transaction, id, |kind| kind == Kind::XmlElement);
            let text = match element {
                Ok(element) => element.get_string(transaction),
                Err(_) => {
                    resolve::<XmlFragmentRef>(transaction, id, |kind| kind == Kind::XmlFragment)?
                        .get_string(transaction)
                }
            };
            Ok(Arc::from(text))
        })
    }
}
