//! Tombstones: which documents were erased, and from when on their names are free again.
//!
//! A tombstone's ULID is newer than every epoch and snapshot that existed when it was made. So
//! everything of its document in an older epoch or snapshot is erased, whenever it turns up, and
//! whatever comes later is a new document of the same name. It holds no name, only the hash of it.

use std::collections::BTreeMap;

use bytes::Bytes;
use ulid::Ulid;

use crate::{
    OpenError,
    codec::{Malformed, Reader},
    interval::Covers,
    names::{DocId, Epoch, SnapshotId},
    objects::Objects,
};

const MAGIC: &[u8; 8] = b"UNISTOMB";
const VERSION: u32 = 1;
/// The folder of the tombstones.
pub(crate) const FOLDER: &str = "v1/tomb";

/// A tombstone's name: a ULID and the node, like a snapshot's.
pub(crate) type TombstoneId = SnapshotId;

/// One tombstone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tombstone {
    pub(crate) document: DocId,
    pub(crate) id: TombstoneId,
    pub(crate) created_ms: u64,
    /// Until when nobody may use the name; 0 where it may be used again at once.
    pub(crate) blocked_until_ms: u64,
}

impl Tombstone {
    pub(crate) fn object(&self) -> String {
        format!("{FOLDER}/{}/{}.tomb", self.document.as_text(), self.id)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(self.document.as_bytes());
        out.extend_from_slice(&self.created_ms.to_le_bytes());
        out.extend_from_slice(&self.blocked_until_ms.to_le_bytes());
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        out
    }

    /// Decodes an object, whose name says what it should be of.
    pub(crate) fn decode(object: &str, bytes: &[u8]) -> Result<Self, Malformed> {
        let (document, id) = parse_object(object).ok_or(Malformed("not a tombstone's name"))?;
        let at = bytes.len().checked_sub(4).ok_or(Malformed("cut short"))?;
        let (checked, crc) = bytes.split_at(at);
        let mut reader = Reader::new(checked);
        if reader.array::<8>()? != *MAGIC {
            return Err(Malformed("not a tombstone"));
        }
        if reader.u32()? > VERSION {
            return Err(Malformed("the tombstone has a newer version"));
        }
        if crc32c::crc32c(checked).to_le_bytes() != crc {
            return Err(Malformed("the checksum does not match"));
        }
        if reader.array()? != *document.as_bytes() {
            return Err(Malformed("it is of another document than its name says"));
        }
        let (created_ms, blocked_until_ms) = (reader.u64()?, reader.u64()?);
        reader.finish()?;
        Ok(Self {
            document,
            id,
            created_ms,
            blocked_until_ms,
        })
    }
}

/// What the name of a file under `v1/tomb/` says it is.
pub(crate) fn parse_object(object: &str) -> Option<(DocId, TombstoneId)> {
    let (document, file) = object
        .strip_prefix(FOLDER)?
        .strip_prefix('/')?
        .split_once('/')?;
    let id = TombstoneId::parse(file.strip_suffix(".tomb")?)?;
    Some((DocId::parse(document)?, id))
}

/// All tombstones of a store, by document, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tombstones(BTreeMap<DocId, Vec<Tombstone>>);

impl Tombstones {
    /// Reads them all. A damaged one refuses: without it what was erased could come back.
    pub(crate) async fn load(objects: &Objects) -> Result<Self, OpenError> {
        let mut tombstones = Self::default();
        for listed in objects.list(FOLDER).await? {
            let bytes: Bytes = objects.get(&listed.object).await?;
            let tombstone = Tombstone::decode(&listed.object, &bytes)
                .map_err(|problem| OpenError::damaged(listed.object, problem))?;
            tombstones.insert(tombstone);
        }
        Ok(tombstones)
    }

    pub(crate) fn insert(&mut self, tombstone: Tombstone) {
        let all = self.0.entry(tombstone.document).or_default();
        all.retain(|other| other.id != tombstone.id);
        all.push(tombstone);
        all.sort_by(|a, b| a.id.cmp(&b.id));
    }

    pub(crate) fn remove(&mut self, tombstone: &Tombstone) {
        if let Some(all) = self.0.get_mut(&tombstone.document) {
            all.retain(|other| other.id != tombstone.id);
            if all.is_empty() {
                self.0.remove(&tombstone.document);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a document has any.
    pub(crate) fn has(&self, document: DocId) -> bool {
        self.0.contains_key(&document)
    }

    /// Whether this one is known.
    pub(crate) fn contains(&self, document: DocId, id: &TombstoneId) -> bool {
        let mut all = self.0.get(&document).into_iter().flatten();
        all.any(|tombstone| tombstone.id == *id)
    }

    /// The documents that have any.
    pub(crate) fn documents(&self) -> impl Iterator<Item = DocId> {
        self.0.keys().copied()
    }

    /// Tombstones whose time is over.
    pub(crate) fn expired(&self, document: DocId, cutoff_ms: u64) -> Vec<Tombstone> {
        let all = self.0.get(&document).into_iter().flatten();
        all.filter(|tombstone| tombstone.created_ms <= cutoff_ms)
            .cloned()
            .collect()
    }

    /// The newest of a document.
    pub(crate) fn newest(&self, document: DocId) -> Option<&Tombstone> {
        self.0.get(&document)?.last()
    }

    /// A ULID that is newer than all tombstones, so that what begins now is not erased by one
    /// even where the clock was set back.
    pub(crate) fn newer(&self, drawn: Ulid) -> Ulid {
        let newest = self.0.values().flatten().map(|t| t.id.ulid).max();
        newest.map_or(drawn, |newest| after(drawn, newest))
    }

    /// Whether what a document has in this epoch is erased.
    pub(crate) fn erases_epoch(&self, document: DocId, epoch: Epoch) -> bool {
        self.erases(document, epoch.ulid())
    }

    /// Whether a snapshot is erased: it is older, or was made of what is.
    pub(crate) fn erases_snapshot(
        &self,
        document: DocId,
        id: &SnapshotId,
        covers: Option<&Covers>,
    ) -> bool {
        let mut epochs = covers.into_iter().flat_map(Covers::iter);
        self.erases(document, id.ulid)
            || epochs.any(|(key, _)| self.erases_epoch(document, key.epoch))
    }

    /// Whether what began then is erased.
    pub(crate) fn erases(&self, document: DocId, began: Ulid) -> bool {
        self.newest(document)
            .is_some_and(|tombstone| began < tombstone.id.ulid)
    }

    /// Covers without the epochs that are erased.
    pub(crate) fn alive(&self, document: DocId, covers: &Covers) -> Covers {
        let mut alive = Covers::default();
        for (key, set) in covers.iter() {
            if !self.erases_epoch(document, key.epoch) {
                for &(first, last) in set.intervals() {
                    alive.insert(key, first, last);
                }
            }
        }
        alive
    }

    /// Until when a document must not be used, if it must not be now.
    pub(crate) fn blocked_until(&self, document: DocId, now_ms: u64) -> Option<u64> {
        let until_ms = self.newest(document)?.blocked_until_ms;
        (now_ms < until_ms).then_some(until_ms)
    }
}

/// `drawn`, or the next after `previous` where that is not older.
pub(crate) fn after(drawn: Ulid, previous: Ulid) -> Ulid {
    if drawn > previous {
        drawn
    } else {
        // The random part would have to be at its end; then the next millisecond begins.
        previous
            .increment()
            .unwrap_or_else(|| Ulid::from_parts(previous.timestamp_ms() + 1, 0))
    }
}
