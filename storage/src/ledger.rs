//! The ledger: what must exist, so that "never written" and "lost" differ.
//!
//! Records are immutable and their union is the truth. A record is made durable before anything
//! it mentions is deleted. It says how far each finished epoch went, which log entries are only
//! in snapshots now, and for each document what its snapshots must therefore cover.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    codec::{Malformed, Reader, compress, decompress, put_bytes, put_varint},
    interval::Covers,
    names::{DocId, NAME_BYTES_MAX, SnapshotId},
};

const MAGIC: &[u8; 8] = b"UNISLEDG";
const VERSION: u32 = 1;
const BODY_BYTES_MAX: u64 = 1 << 30;
/// More records than this are merged into one.
pub(crate) const RECORDS_MAX: usize = 16;
/// The folder of the records.
pub(crate) const FOLDER: &str = "v1/ledger";

/// A record's name: a ULID and the node, like a snapshot's.
pub(crate) type RecordId = SnapshotId;

pub(crate) fn record_object(id: &RecordId) -> String {
    format!("{FOLDER}/{id}.led")
}

pub(crate) fn record_id(object: &str) -> Option<RecordId> {
    let file = object.strip_prefix(FOLDER)?.strip_prefix('/')?;
    RecordId::parse(file.strip_suffix(".led")?)
}

/// One record, or the union of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// Records that this one says everything of.
    pub(crate) replaces: BTreeSet<RecordId>,
    /// Records that existed beside it.
    pub(crate) requires: BTreeSet<RecordId>,
    /// For each epoch the entries it had, as one interval from 1.
    pub(crate) heads: Covers,
    /// Entries whose segments may be gone.
    pub(crate) retired: Covers,
    /// Per document, what the snapshots must cover.
    pub(crate) documents: BTreeMap<DocId, (Arc<str>, Covers)>,
}

impl Record {
    /// Adds what `other` says of the store; its relations to records stay its own.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.heads.merge(&other.heads);
        self.retired.merge(&other.retired);
        for (document, (name, covers)) in &other.documents {
            let entry = self.documents.entry(*document);
            entry
                .or_insert_with(|| (Arc::clone(name), Covers::default()))
                .1
                .merge(covers);
        }
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, Malformed> {
        let mut raw = Vec::new();
        for set in [&self.replaces, &self.requires] {
            put_varint(&mut raw, set.len() as u64);
            for id in set {
                put_bytes(&mut raw, id.to_string().as_bytes());
            }
        }
        self.heads.encode(&mut raw);
        self.retired.encode(&mut raw);
        put_varint(&mut raw, self.documents.len() as u64);
        for (name, covers) in self.documents.values() {
            put_bytes(&mut raw, name.as_bytes());
            covers.encode(&mut raw);
        }
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&(raw.len() as u64).to_le_bytes());
        let packed = compress(&raw).map_err(|_| Malformed("the record does not compress"))?;
        out.extend_from_slice(&packed);
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        Ok(out)
    }

    pub(crate) fn decode(object: &[u8]) -> Result<Self, Malformed> {
        let at = object.len().checked_sub(4).ok_or(Malformed("cut short"))?;
        let (checked, crc) = object.split_at(at);
        let mut reader = Reader::new(checked);
        if reader.array::<8>()? != *MAGIC {
            return Err(Malformed("not a ledger record"));
        }
        if reader.u32()? > VERSION {
            return Err(Malformed("the record has a newer version"));
        }
        if crc32c::crc32c(checked).to_le_bytes() != crc {
            return Err(Malformed("the checksum does not match"));
        }
        let raw_bytes = reader.u64()?;
        if raw_bytes > BODY_BYTES_MAX {
            return Err(Malformed("the record is over its limit"));
        }
        let packed = reader.take(reader.remaining())?;
        let raw = decompress(packed, raw_bytes as usize)?;
        Self::decode_body(&raw)
    }

    fn decode_body(raw: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(raw);
        let mut record = Self::default();
        for set in [&mut record.replaces, &mut record.requires] {
            for _ in 0..reader.count(2)? {
                let id = RecordId::parse(reader.text(128)?);
                set.insert(id.ok_or(Malformed("a record's name is not valid"))?);
            }
        }
        record.heads = Covers::decode(&mut reader)?;
        record.retired = Covers::decode(&mut reader)?;
        for _ in 0..reader.count(2)? {
            let name: Arc<str> = reader.text(NAME_BYTES_MAX)?.into();
            let covers = Covers::decode(&mut reader)?;
            record.documents.insert(DocId::of(&name), (name, covers));
        }
        reader.finish()?;
        Ok(record)
    }
}

/// The records that are there.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// Those whose union is the truth.
    pub(crate) live: BTreeSet<RecordId>,
    /// Those that a live one replaces, and since when.
    pub(crate) replaced: BTreeMap<RecordId, u64>,
}

impl Files {
    pub(crate) fn of(records: &BTreeMap<RecordId, Record>) -> Self {
        let mut files = Self::default();
        for (id, record) in records {
            for replaced in record.replaces.iter().filter(|id| records.contains_key(id)) {
                files.replaced.insert(replaced.clone(), id.created_ms());
            }
        }
        let live = records.keys().filter(|id| !files.replaced.contains_key(id));
        files.live = live.cloned().collect();
        files
    }
}

/// A record that another names and that is not there.
pub(crate) fn missing_record(records: &BTreeMap<RecordId, Record>) -> Option<RecordId> {
    let replaced: BTreeSet<&RecordId> = records
        .values()
        .flat_map(|record| &record.replaces)
        .collect();
    let live = records.iter().filter(|(id, _)| !replaced.contains(id));
    let mut required = live.flat_map(|(_, record)| &record.requires);
    required
        .find(|id| !records.contains_key(id) && !replaced.contains(id))
        .cloned()
}
