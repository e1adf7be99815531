//! Durable documents as opaque bytes: an append-only log, immutable snapshots, recovery.
//!
//! Promises:
//! * [`Store::append`] resolves with `Ok` only after the bytes are on stable storage: on the disk,
//!   or in the object store, as [`Place`] says;
//! * nothing is overwritten: segments and snapshots are immutable, checksummed and uniquely named,
//!   and are deleted only when a newer snapshot, read back and verified, covers them;
//! * a missing or damaged object fails closed, with its name in the error.
//!
//! There is no CRDT here: callers replay and merge. The format is in `docs/storage-format.md`.

use std::{fmt, future::Future, path::PathBuf, sync::Arc};

use bytes::Bytes;

mod appender;
mod blobs;
mod bucket;
mod calendar;
mod codec;
mod committer;
mod documents;
mod envelope;
mod epochs;
mod erase;
mod flusher;
mod frame;
mod fsck;
mod garbage;
mod identity;
mod index;
mod interval;
mod journal;
mod keeper;
mod ledger;
mod log_file;
mod mark;
mod merge;
mod meter;
mod names;
mod news;
mod objects;
mod opening;
mod place;
mod probe;
mod reader;
mod recovery;
mod refresh;
mod retry;
mod sealer;
mod segment;
mod settings;
mod shared;
mod snapshot;
mod spool;
mod statistics;
mod status;
mod superseded;
#[cfg(test)]
mod tests;
mod tombstone;
mod versions;

pub use appender::{Appended, Appender};
pub use blobs::{BlobId, StoredBlob};
pub use bucket::{Bucket, BucketError, BucketObject};
pub use calendar::utc;
pub use erase::{Erased, NameAfter};
pub use fsck::{CheckedObjects, Finding, Severity, check_objects};
pub use garbage::Collected;
pub use journal::{Journal, JournalObject};
pub use log_file::{LogFile, LogFiles, SystemLogFiles};
pub use mark::Mark;
pub use meter::{KindFigures, REQUEST_KINDS, RequestFigures};
pub use names::NAME_BYTES_MAX;
pub use news::{News, Seen};
pub use place::{Encryption, PlaceError, RemoteOptions, RemoteStore};
pub use probe::{Probe, Verdict, probe};
pub use settings::{Environment, Place, StoreSettings};
pub use statistics::DocumentStatistics;
pub use status::{BUCKETS_US, Histogram, StoreStatus};
pub use versions::{NOTE_BYTES_MAX, NewVersion, StoredVersion, VersionId};

use names::{DocId, SnapshotId};
use shared::{Mode, Shared, lock};

/// An open store; cheap to clone. When the last clone goes without [`Store::close`], what is
/// queued is still written and the log stays for the next opening.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("began", &self.inner.shared.began)
            .finish_non_exhaustive()
    }
}

/// What the store has of one document.
#[derive(Debug, Clone)]
pub struct StoredDocument {
    /// Bodies of the snapshots that no other snapshot replaces, newest last.
    pub snapshots: Vec<Bytes>,
    /// Logged updates that no snapshot covers, in the order of the log.
    pub updates: Vec<Bytes>,
    /// Which log entries and snapshots this is: the basis of the next snapshot.
    pub basis: Basis,
}

/// What a snapshot merges: log intervals and parent snapshots.
#[derive(Debug, Clone, Default)]
pub struct Basis {
    document: Option<DocId>,
    covers: interval::Covers,
    parents: Vec<SnapshotId>,
}

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the data folder.
    #[error("{dir}: another process uses this data folder")]
    Locked {
        /// The data folder.
        dir: PathBuf,
    },
    /// A newer version wrote the store.
    #[error("the store has format {found}; this version reads up to format {supported}")]
    NewerFormat {
        /// The store's format.
        found: u32,
        /// The newest format this version reads.
        supported: u32,
    },
    /// An object is damaged or missing.
    #[error("{object}: {problem}")]
    Damaged {
        /// The object's name.
        object: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The folder could not be read or written.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// There is no store to read.
    #[error("{place}: no store is here")]
    NoStore {
        /// The folder or the address.
        place: String,
    },
    /// A file or folder could not be used.
    #[error("{what}: {source}")]
    Io {
        /// Which one.
        what: String,
        /// Why.
        source: std::io::Error,
    },
}

impl OpenError {
    pub(crate) fn damaged(object: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Damaged {
            object: object.into(),
            problem: problem.into(),
        }
    }
}

/// Why an append is not durable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// No space left, or over quota: nothing was written; try again later.
    #[error("the disk is full")]
    Full,
    /// The store does not answer, or its queue is full: try again later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

/// Why a document could not be read, or a snapshot not be stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Try again later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// An object is damaged or missing.
    #[error("{object}: {problem}")]
    Damaged {
        /// The object's name.
        object: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The document was erased, and its name may not be used yet.
    #[error("the document was erased; its name may be used again from {until} on",
            until = calendar::utc(*.until_ms))]
    Erased {
        /// From when on it may, in milliseconds since 1970.
        until_ms: u64,
    },
}

impl Store {
    /// Opens (or creates) a store and recovers what an earlier process left.
    pub async fn open(settings: StoreSettings) -> Result<Self, OpenError> {
        let shared = opening::open(settings).await?;
        let threads = opening::start(&shared)?;
        Ok(Self {
            inner: Arc::new(Inner { shared, threads }),
        })
    }

    /// Queues one update. It is in the log's order as soon as this returns; the future resolves
    /// once it is durable. Dropping the future does not cancel the append.
    pub fn append(
        &self,
        name: &str,
        update: Bytes,
    ) -> impl Future<Output = Result<(), AppendError>> + Send + 'static + use<> {
        let appender = self.appender(name);
        appender.append(0, update);
        async move {
            let answer = appender.appended().await.pop();
            answer.expect("answers come at least one at a time").result
        }
    }

    /// For many updates to one document: cheaper than [`Store::append`].
    pub fn appender(&self, name: &str) -> Appender {
        Appender::new(Arc::clone(&self.inner.shared), name)
    }

    /// Everything durable of one document; empty for one that was never written. Sees every
    /// append whose future resolved before the call.
    pub async fn read(&self, name: &str) -> Result<StoredDocument, StoreError> {
        documents::read(&self.inner.shared, name).await
    }

    /// Stores a snapshot that says all that `basis` says. Once it is read back and verified, and
    /// old enough, what it covers may be deleted.
    pub async fn put_snapshot(
        &self,
        name: &str,
        body: Bytes,
        basis: Basis,
    ) -> Result<(), StoreError> {
        documents::put_snapshot(&self.inner.shared, name, body, basis).await
    }

    /// Keeps a state of a document for people: a body that says at most what `basis` says, and a
    /// note that is read without it.
    pub async fn put_version(
        &self,
        name: &str,
        version: NewVersion,
        basis: &Basis,
    ) -> Result<VersionId, StoreError> {
        versions::put(&self.inner.shared, name, version, basis).await
    }

    /// The versions of a document, oldest first.
    pub async fn versions(&self, name: &str) -> Result<Vec<StoredVersion>, StoreError> {
        versions::list(&self.inner.shared, name).await
    }

    /// The note and the body of a version; `None` where there is no such version.
    pub async fn version(
        &self,
        name: &str,
        id: &VersionId,
    ) -> Result<Option<(Bytes, Bytes)>, StoreError> {
        versions::get(&self.inner.shared, name, id).await
    }

    /// Deletes a version.
    pub async fn remove_version(&self, name: &str, id: &VersionId) -> Result<(), StoreError> {
        versions::remove(&self.inner.shared, name, id).await
    }

    /// Keeps a version of one document as one of another, of the same time, with a basis of the
    /// other. `None` where there is no such version.
    pub async fn copy_version(
        &self,
        from: &str,
        id: &VersionId,
        to: &str,
        basis: &Basis,
    ) -> Result<Option<VersionId>, StoreError> {
        versions::copy(&self.inner.shared, from, id, to, basis).await
    }

    /// Whether there is anything of a document, as far as this process knows: what another one
    /// wrote is known some seconds later.
    pub fn has(&self, name: &str) -> bool {
        let index = lock(&self.inner.shared.index);
        index.documents.contains_key(&DocId::of(name))
    }

    /// Flushes, seals the open segment and stops the committer. An error means that the log could
    /// not be sealed; what was acknowledged is safe all the same.
    pub async fn close(&self) -> Result<(), AppendError> {
        let mut closed = self.inner.shared.closed.subscribe();
        self.inner.shared.end(Mode::Closing);
        let result = closed
            .wait_for(Option::is_some)
            .await
            .map(|result| result.clone());
        let gone = AppendError::Unavailable("the store ended".to_owned());
        result.ok().flatten().unwrap_or(Err(gone))
    }

    /// Erases a document: from when this returns nobody can read it, and its content is gone from
    /// every object but the open log and those sealed in the last minutes. `None` where there is
    /// nothing of it. The document must not be open.
    pub async fn erase(&self, name: &str, after: NameAfter) -> Result<Option<Erased>, StoreError> {
        erase::erase(&self.inner.shared, name, after).await
    }

    /// The names of all documents with anything in the store, sorted.
    pub fn documents(&self) -> Vec<Arc<str>> {
        let index = lock(&self.inner.shared.index);
        let mut names: Vec<_> = index
            .documents
            .values()
            .map(|d| Arc::clone(&d.name))
            .collect();
        drop(index);
        names.sort_unstable();
        names
    }

    /// Deletes what verified snapshots made superfluous, now instead of at the next interval.
    pub async fn collect_garbage(&self) -> Result<Collected, StoreError> {
        let collected = garbage::collect(&self.inner.shared).await;
        collected.map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// Figures for metrics and health.
    pub fn status(&self) -> StoreStatus {
        let shared = &self.inner.shared;
        let (queue_count, queue_bytes) = {
            let queue = lock(&shared.queue);
            (queue.count, queue.weight)
        };
        let (segments, documents) = {
            let index = lock(&shared.index);
            (index.segments.len(), index.documents.len())
        };
        let figures = lock(&shared.figures);
        let oldest = figures
            .oldest
            .map_or(0, |oldest| oldest.elapsed().as_millis() as u64);
        StoreStatus {
            queue_count,
            queue_bytes,
            segments,
            documents,
            unmerged_bytes: lock(&shared.recent).bytes,
            requests: shared.objects.figures(),
            oldest_undurable_ms: oldest,
            ..figures.status.clone()
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.end(Mode::Abandoned);
        for thread in self.threads.drain(..) {
            // A panic there was reported by the panic hook; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}
