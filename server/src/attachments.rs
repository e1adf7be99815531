//! Files that people attach to documents.
//!
//! The bytes are blobs of the document in the store ([`unisson_storage::BlobId`]); what they are
//! called and who added them stands in a record beside the document ([`crate::records`]). What this
//! promises:
//! * a file is there once its entry in the record is durable, and its bytes are durable before: an
//!   upload that was cut short leaves nothing that anybody sees;
//! * the same bytes again are the same file: its id is their hash;
//! * a deleted file can be brought back for a while, and bytes go only when they are old and no
//!   entry names them ([`tidy`]);
//! * a document's files are its own: whoever reads the document reads them and nobody else, and they
//!   are erased, copied and moved with it.
//!
//! Deliberately missing: one copy of what many documents have. See
//! `docs/decisions/0034-attachments.md`.

mod carry;
mod kinds;
pub(crate) mod portable;
mod ticket;
mod tidy;
pub(crate) mod uploads;

use std::sync::Arc;

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use unisson_history::Author;
use unisson_protocol::DocName;
use unisson_session::Entries;
use unisson_storage::{BlobId, Store, StoreError};

use crate::{
    quota,
    records::{ChangeError, RecordError, RecordHandle},
    registry::{Registry, Shared},
    versions::unix_now_ms,
};

pub(crate) use self::{
    carry::carry,
    kinds::{Kind, KindError, is_shown, kind_of},
    ticket::Ticket,
    tidy::keep_tidy,
};

/// Where the records are.
const FOLDER: &str = ".unisson/attachments/";
/// How an entry of a record begins that is a file; its id follows.
const FILE: &str = "file:";
/// The most files of one document, deleted ones included: all of a record is in memory.
pub(crate) const FILES_MAX: usize = 1_000;
/// The longest name of a file, in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 200;
/// What all that comes in at a time takes of memory.
pub(crate) const MEMORY_BYTES_MAX: usize = 256 << 20;
/// In this many bytes.
const MEMORY_STEP: usize = 1 << 20;

/// What all files of a server share.
#[derive(Debug)]
pub(crate) struct Attachments {
    memory: Arc<Semaphore>,
}

impl Default for Attachments {
    fn default() -> Self {
        Self {
            memory: Arc::new(Semaphore::new(MEMORY_BYTES_MAX / MEMORY_STEP)),
        }
    }
}

/// Memory that a file may take while this lives.
#[derive(Debug, Default)]
pub(crate) struct Room {
    permits: Option<OwnedSemaphorePermit>,
    bytes: usize,
}

impl Attachments {
    /// Makes room for a file of so many bytes; false where there is none now.
    pub(crate) fn make_room(&self, room: &mut Room, bytes: usize) -> bool {
        let missing = bytes.saturating_sub(room.bytes).div_ceil(MEMORY_STEP);
        if missing == 0 {
            return true;
        }
        let Ok(steps) = u32::try_from(missing) else {
            return false;
        };
        let Ok(permits) = self.memory.clone().try_acquire_many_owned(steps) else {
            return false;
        };
        room.bytes += missing * MEMORY_STEP;
        match &mut room.permits {
            Some(held) => held.merge(permits),
            none => *none = Some(permits),
        }
        true
    }
}

/// A file of a document, as its record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct File {
    /// What people call it.
    pub(crate) name: String,
    /// Its media type: one of those that are let in.
    #[serde(rename = "type")]
    pub(crate) media_type: String,
    pub(crate) bytes: u64,
    /// Its bytes in the store.
    pub(crate) blob: String,
    /// When it was added, in milliseconds since 1970.
    pub(crate) added_ms: u64,
    pub(crate) user: Option<String>,
    pub(crate) user_name: Option<String>,
    /// When it was deleted, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deleted_ms: Option<u64>,
}

impl File {
    pub(crate) fn blob(&self) -> Option<BlobId> {
        BlobId::parse(&self.blob)
    }
}

/// A file to be.
#[derive(Debug, Clone)]
pub(crate) struct NewFile {
    pub(crate) name: String,
    pub(crate) kind: &'static Kind,
    pub(crate) body: Bytes,
}

/// Why a file is not added, or not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("there is no such file")]
    Missing,
    #[error("the file was deleted")]
    Deleted,
    #[error("a document has at most {FILES_MAX} files")]
    TooMany,
    #[error("{}", quota::FULL)]
    Full,
    #[error("the file's entry does not read: {0}")]
    Damaged(String),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ChangeError<FileError>> for FileError {
    fn from(error: ChangeError<FileError>) -> Self {
        match error {
            ChangeError::Declined(error) => error,
            ChangeError::Failed(error) => error.into(),
        }
    }
}

/// The name of the record of a document's files.
pub(crate) fn record_of(name: &DocName) -> Result<DocName, FileError> {
    record_of_key(&Store::document_key(name.as_str()))
}

fn record_of_key(key: &str) -> Result<DocName, FileError> {
    let record = DocName::new(&format!("{FOLDER}{key}"));
    record.map_err(|error| FileError::Damaged(error.to_string()))
}

async fn open(shared: &Shared, name: &DocName) -> Result<RecordHandle, FileError> {
    let record = record_of(name)?;
    Ok(shared.records.open(&shared.store, &record).await?)
}

/// The id of a file with these bytes: half of their hash, which nobody finds twice.
pub(crate) fn id_of(body: &[u8]) -> String {
    let hash = blake3::hash(body).to_hex();
    hash.get(..32).unwrap_or_default().to_owned()
}

/// The id in an address of a text: `attachments/{id}/{name}`.
pub(crate) fn id_in(address: &str) -> Option<&str> {
    let (id, _) = address.strip_prefix("attachments/")?.split_once('/')?;
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (id.len() == 32 && id.bytes().all(is_hex)).then_some(id)
}

/// What comes before an address in a text of this document, where the text is shown elsewhere.
/// `root`: the path below which the server is reached.
pub(crate) fn folder(root: &str, name: &DocName) -> String {
    let name = utf8_percent_encode(name.as_str(), NON_ALPHANUMERIC);
    format!("{root}/api/v1/documents/{name}/")
}

fn key_of(id: &str) -> String {
    format!("{FILE}{id}")
}

fn read(entries: &Entries, id: &str) -> Result<Option<File>, FileError> {
    let text = entries.get(&key_of(id));
    text.map(|text| parse(text)).transpose()
}

fn parse(text: &str) -> Result<File, FileError> {
    serde_json::from_str(text).map_err(|error| FileError::Damaged(error.to_string()))
}

fn entry(id: &str, file: &File) -> Result<unisson_session::Change, FileError> {
    let text = serde_json::to_string(file);
    let text = text.map_err(|error| FileError::Damaged(error.to_string()))?;
    Ok((key_of(id), Some(text)))
}

/// All files of a document by their ids, deleted ones as well.
pub(crate) async fn list(
    shared: &Shared,
    name: &DocName,
) -> Result<Vec<(String, File)>, FileError> {
    // Documents without files cost no look at the store.
    if !shared.store.knows(record_of(name)?.as_str()) {
        return Ok(Vec::new());
    }
    let record = open(shared, name).await?.read();
    let files = record.entries().iter().filter_map(|(key, text)| {
        let id = key.strip_prefix(FILE)?;
        Some(parse(text).map(|file| (id.to_owned(), file)))
    });
    let mut files: Vec<_> = files.collect::<Result<_, _>>()?;
    files.sort_by(|(_, a), (_, b)| (a.added_ms, &a.name).cmp(&(b.added_ms, &b.name)));
    Ok(files)
}

/// A file that is there and was not deleted.
pub(crate) async fn find(shared: &Shared, name: &DocName, id: &str) -> Result<File, FileError> {
    if !shared.store.knows(record_of(name)?.as_str()) {
        return Err(FileError::Missing);
    }
    let record = open(shared, name).await?.read();
    match read(record.entries(), id)? {
        None => Err(FileError::Missing),
        Some(File {
            deleted_ms: Some(_),
            ..
        }) => Err(FileError::Deleted),
        Some(file) => Ok(file),
    }
}

/// Adds a file, durably; the same bytes again are the file that is there, and one that was deleted
/// comes back.
pub(crate) async fn add(
    registry: &Registry,
    name: &DocName,
    author: &Author,
    new: NewFile,
) -> Result<(String, File), FileError> {
    let shared = registry.shared();
    let id = id_of(&new.body);
    match find(shared, name, &id).await {
        Ok(file) => return Ok((id, file)),
        Err(FileError::Missing | FileError::Deleted) => {}
        Err(error) => return Err(error),
    }
    let allowance = shared.quotas.allowance(name);
    if allowance.is_full() {
        return Err(FileError::Full);
    }
    let bytes = new.body.len();
    let blob = shared.store.put_blob(name.as_str(), new.body).await?;
    allowance.written(bytes);
    let file = File {
        name: new.name,
        media_type: new.kind.media_type.to_owned(),
        bytes: bytes as u64,
        blob: blob.to_string(),
        added_ms: unix_now_ms(),
        user: author.user.as_deref().map(str::to_owned),
        user_name: author.name.as_deref().map(str::to_owned),
        deleted_ms: None,
    };
    let record = open(shared, name).await?;
    let added = record.change(registry, author.clone(), |entries| {
        match read(entries, &id)? {
            // Somebody added the same meanwhile; nobody names the second copy.
            Some(known) if known.deleted_ms.is_none() => return Ok((Vec::new(), known)),
            Some(_) => {}
            None if entries.len() >= FILES_MAX => return Err(FileError::TooMany),
            None => {}
        }
        Ok((vec![entry(&id, &file)?], file.clone()))
    });
    let file = added.await?;
    Ok((id, file))
}

/// Deletes a file (`Some`: at this time), or brings it back.
pub(crate) async fn bury(
    registry: &Registry,
    name: &DocName,
    author: &Author,
    (id, deleted_ms): (&str, Option<u64>),
) -> Result<File, FileError> {
    let shared = registry.shared();
    if !shared.store.knows(record_of(name)?.as_str()) {
        return Err(FileError::Missing);
    }
    let record = open(shared, name).await?;
    let changed = record.change(registry, author.clone(), |entries| {
        let file = read(entries, id)?.ok_or(FileError::Missing)?;
        let file = File {
            deleted_ms: deleted_ms.and(file.deleted_ms.or(deleted_ms)),
            ..file
        };
        Ok((vec![entry(id, &file)?], file))
    });
    Ok(changed.await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_as_a_file_grows_and_given_back_with_it() {
        let files = Attachments::default();
        let mut room = Room::default();
        assert!(files.make_room(&mut room, 1));
        assert!(files.make_room(&mut room, MEMORY_BYTES_MAX));
        let mut other = Room::default();
        assert!(!files.make_room(&mut other, 1));
        drop(room);
        assert!(files.make_room(&mut other, 1));
    }
}
