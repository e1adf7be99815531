//! The names of things on disk: nodes, epochs, documents, objects.
//!
//! Object names hold only `[0-9a-z/._-]`; a document's name never appears in one.

use std::{fmt, sync::Arc};

use object_store::path::Path;
use ulid::Ulid;

use crate::versions::VersionId;

/// The longest node name.
pub(crate) const NODE_BYTES_MAX: usize = 64;
/// The longest document name, in bytes.
pub const NAME_BYTES_MAX: usize = 4096;

/// Lower-case letters, digits and `_`, so that it is safe in a path and parts names at `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(Arc<str>);

impl NodeId {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let good = !text.is_empty() && text.len() <= NODE_BYTES_MAX && text.chars().all(allowed);
        good.then(|| Self(text.into()))
    }

    /// A new name out of 40 random bits.
    pub(crate) fn from_random(random: u128) -> Self {
        let text = base32(&random.to_le_bytes()[..5]);
        Self(format!("n{text}").into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// One start of one process, or what it begins anew where a name is free again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Epoch(Ulid);

impl Epoch {
    pub(crate) fn new(ulid: Ulid) -> Self {
        Self(ulid)
    }

    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Ulid::from_bytes(bytes))
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0.to_bytes()
    }

    pub(crate) fn ulid(self) -> Ulid {
        self.0
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        parse_ulid(text).map(Self)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&ulid_text(self.0))
    }
}

/// Who numbered a log entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EpochKey {
    pub(crate) epoch: Epoch,
    pub(crate) node: NodeId,
}

impl EpochKey {
    pub(crate) fn folder(&self) -> String {
        format!("v1/wal/{}/{}", self.node.as_str(), self.epoch)
    }
}

/// A sealed segment, by what it holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SegmentId {
    pub(crate) key: EpochKey,
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Made of smaller ones, which it replaces.
    pub(crate) merged: bool,
    /// 0 as it was sealed; else the hash of what it became when erased documents were taken out,
    /// so that one name has one content for ever.
    pub(crate) revision: u64,
}

impl SegmentId {
    /// A segment as it was sealed or flushed.
    pub(crate) fn sealed(key: EpochKey, first: u64, last: u64) -> Self {
        Self {
            key,
            first,
            last,
            merged: false,
            revision: 0,
        }
    }

    /// Whether both hold the same numbers of the same epoch.
    pub(crate) fn same_numbers(&self, other: &Self) -> bool {
        self.key == other.key && self.first == other.first && self.last == other.last
    }

    /// Whether this segment has all numbers of `other`, and more.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        self.key == other.key
            && self.first <= other.first
            && other.last <= self.last
            && !self.same_numbers(other)
    }

    /// A merged segment's name sorts after those of its parts, so that a list which is taken in
    /// pages, while parts go, has it or them.
    pub(crate) fn object(&self) -> String {
        let (folder, first, last) = (self.key.folder(), self.first, self.last);
        let name = if self.merged {
            let count = last - first + 1;
            format!("{folder}/{last:016x}_{count:016x}")
        } else {
            format!("{folder}/{last:016x}-{first:016x}")
        };
        match self.revision {
            0 => format!("{name}.seg"),
            revision => format!("{name}-{revision:016x}.seg"),
        }
    }

    fn parse(key: EpochKey, stem: &str) -> Option<Self> {
        let (last, rest) = stem.split_at_checked(16)?;
        let (numbers, revision) = match rest.split_at_checked(17)? {
            (numbers, "") => (numbers, 0),
            (numbers, hash) => (numbers, parse_hex(hash.strip_prefix('-')?)?),
        };
        if revision == 0 && rest.len() > 17 {
            return None;
        }
        let last = parse_hex(last)?;
        let (first, merged) = match numbers.split_at_checked(1)? {
            ("_", count) => (last.checked_sub(parse_hex(count)?)?.checked_add(1)?, true),
            ("-", first) => (parse_hex(first)?, false),
            _ => return None,
        };
        (1 <= first && first <= last).then_some(Self {
            key,
            first,
            last,
            merged,
            revision,
        })
    }
}

/// What the name of a file under `v1/wal/` says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WalObject {
    Segment(SegmentId),
    Log(EpochKey, u64),
}

impl WalObject {
    pub(crate) fn parse(object: &str) -> Option<Self> {
        let mut parts = object.strip_prefix("v1/wal/")?.split('/');
        let node = NodeId::parse(parts.next()?)?;
        let epoch = Epoch::parse(parts.next()?)?;
        let (file, key) = (parts.next()?, EpochKey { epoch, node });
        if parts.next().is_some() {
            return None;
        }
        if let Some(first) = file.strip_suffix(".log") {
            return Some(Self::Log(key, parse_hex(first)?));
        }
        SegmentId::parse(key, file.strip_suffix(".seg")?).map(Self::Segment)
    }
}

fn parse_hex(text: &str) -> Option<u64> {
    (text.len() == 16)
        .then(|| u64::from_str_radix(text, 16).ok())
        .flatten()
}

/// The name of a log file.
pub(crate) fn log_object(key: &EpochKey, first: u64) -> String {
    format!("{}/{first:016x}.log", key.folder())
}

/// A document's place in the store: a hash of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DocId([u8; 26]);

impl DocId {
    pub(crate) fn of(name: &str) -> Self {
        let text = base32(&blake3::hash(name.as_bytes()).as_bytes()[..17]);
        let mut id = [b'a'; 26];
        for (to, from) in id.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        Self(id)
    }

    pub(crate) fn from_bytes(bytes: [u8; 26]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 26] {
        &self.0
    }

    /// From the name of one of the document's objects.
    pub(crate) fn of_object(object: &str) -> Option<Self> {
        let id = object.strip_prefix("v1/doc/")?.split('/').nth(1)?;
        id.as_bytes().try_into().ok().map(Self)
    }

    /// The document id as text, if it is one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let letter = |byte: u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte);
        let bytes: [u8; 26] = text.as_bytes().try_into().ok()?;
        bytes
            .iter()
            .all(|byte| letter(*byte))
            .then_some(Self(bytes))
    }

    pub(crate) fn as_text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// The folder of everything of the document but its log.
    pub(crate) fn folder(&self) -> String {
        let id = self.as_text();
        format!("v1/doc/{}/{id}", id.get(..2).unwrap_or("__"))
    }

    /// The folder of the document's snapshots.
    pub(crate) fn snapshot_folder(&self) -> String {
        format!("{}/s", self.folder())
    }

    /// The folder of the document's versions.
    pub(crate) fn version_folder(&self) -> String {
        format!("{}/v", self.folder())
    }

    pub(crate) fn version_object(&self, id: &VersionId) -> String {
        format!("{}/{id}.ver", self.version_folder())
    }

    pub(crate) fn snapshot_object(&self, id: &SnapshotId) -> String {
        format!("{}/{id}.snap", self.snapshot_folder())
    }
}

/// A snapshot's name inside its document; sorts by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SnapshotId {
    pub(crate) ulid: Ulid,
    pub(crate) node: NodeId,
}

impl SnapshotId {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (ulid, node) = text.split_once('-')?;
        Some(Self {
            ulid: parse_ulid(ulid)?,
            node: NodeId::parse(node)?,
        })
    }

    /// From the last part of an object's name.
    pub(crate) fn from_file(file: &str) -> Option<Self> {
        Self::parse(file.strip_suffix(".snap")?)
    }

    pub(crate) fn created_ms(&self) -> u64 {
        self.ulid.timestamp_ms()
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", ulid_text(self.ulid), self.node.as_str())
    }
}

/// A ULID as it stands in names: lower case.
pub(crate) fn ulid_text(ulid: Ulid) -> String {
    ulid.to_string().to_ascii_lowercase()
}

/// Only the one spelling that [`ulid_text`] writes.
pub(crate) fn parse_ulid(text: &str) -> Option<Ulid> {
    Ulid::from_string(text)
        .ok()
        .filter(|ulid| ulid_text(*ulid) == text)
}

/// An object's path; the names this crate makes are always valid ones.
pub(crate) fn object_path(object: &str) -> Path {
    Path::from(object)
}

fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let (mut text, mut bits, mut held) = (String::new(), 0_u32, 0_u32);
    for &byte in bytes {
        bits = (bits << 8) | u32::from(byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(ALPHABET[(bits >> held) as usize & 31]));
        }
    }
    // A whole number of bytes need not be a whole number of letters: 17 bytes give 27 with the
    // rest, of which the caller takes 26; five bytes give eight and no rest.
    text
}
