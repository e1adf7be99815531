//! Positions that stay with what they point at, in the bytes of Yjs.

use yrs::{
    Any, ArrayRef, Assoc, IndexedSequence, ReadTxn, StickyIndex, TextRef,
    branch::Branch,
    updates::{decoder::Decode, encoder::Encode},
};

use super::{
    Replica, ReplicaError, check_range,
    node::{self, Kind, resolve},
    value,
};

impl Replica {
    /// The position `index` in a text or list. Like Yjs, `after` holds to what follows, else to what
    /// is before.
    pub fn position(&self, id: &str, index: u32, after: bool) -> Result<Vec<u8>, ReplicaError> {
        let assoc = if after { Assoc::After } else { Assoc::Before };
        self.read(|transaction| {
            if let Ok(text) = resolve::<TextRef>(transaction, id, Kind::is_text) {
                check_range(index, 0, yrs::Text::len(&text, transaction))?;
                return Ok(sticky(transaction, &text, index, assoc).encode_v1());
            }
            let list: ArrayRef = resolve(transaction, id, Kind::is_sequence)?;
            check_range(index, 0, yrs::Array::len(&list, transaction))?;
            Ok(sticky(transaction, &list, index, assoc).encode_v1())
        })
    }

    /// Where a position is now: the encoded pair of type and index, or nothing where it is gone.
    pub fn resolve_position(&self, position: &[u8]) -> Result<Option<Vec<u8>>, ReplicaError> {
        let position =
            StickyIndex::decode_v1(position).map_err(|_| ReplicaError::Malformed("position"))?;
        self.read(|transaction| {
            let Some(offset) = position.get_offset(transaction) else {
                return Ok(None);
            };
            let target = node::describe_branch(&offset.branch).map(|(kind, id, tag)| {
                let described: [Any; 4] = [
                    value::number(1),
                    value::number(kind.code()),
                    value::text(id),
                    value::text(tag),
                ];
                value::list(described)
            });
            Ok(target
                .map(|target| value::encode(&value::list([target, value::number(offset.index)]))))
        })
    }
}

/// yrs has no position behind the end or in what is empty; Yjs points at the type itself there.
fn sticky<S: IndexedSequence + AsRef<Branch>>(
    transaction: &impl ReadTxn,
    shared: &S,
    index: u32,
    assoc: Assoc,
) -> StickyIndex {
    shared
        .sticky_index(transaction, index, assoc)
        .unwrap_or_else(|| StickyIndex::from_type(transaction, shared, assoc))
}
