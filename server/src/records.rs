//! Records: documents that only the server writes, in the same store as all others, under names
//! that begin with `.unisson/` and that no client may open.
//!
//! A record is a map of texts ([`unisson_session::Record`]). Its owner keeps JSON in it. What this
//! promises:
//! * [`RecordHandle::read`] gives what is durable, at once and without IO;
//! * [`RecordHandle::change`] decides on the latest state, one change at a time on this server,
//!   and returns when the change is durable. It goes through the document's task, so it has an
//!   author, a history and snapshots like any edit. A caller that goes away loses nothing: what was
//!   decided is carried to its end;
//! * [`RecordHandle::subscribe`] wakes after each change, whoever made it. What other servers of
//!   the same store write is seen within [`crate::following::LOOK_EVERY`] after it is durable.
//!
//! Two servers may change a record at the same time: entries merge, and of two values of one entry
//! one is kept. Owners must read whatever comes of that; see `docs/decisions/0022-records.md`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OnceCell, OwnedMutexGuard, watch},
    time::timeout,
};
use unisson_history::Author;
use unisson_protocol::DocName;
use unisson_session::{Change, Entries, Record};
use unisson_storage::{Mark, Store, StoreError};

use crate::{changes, crdt, registry::Registry};

/// How long a change may take to be durable before the answer is "perhaps".
const PATIENCE: Duration = Duration::from_secs(20);
/// How many records are held; those that nobody holds go first.
const RECORDS_MAX: usize = 10_000;

/// Why a record cannot be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordError {
    /// Nothing was changed: try again later.
    #[error("{0}")]
    Unavailable(String),
    /// Only an operator can help.
    #[error("the record {name} is damaged: {problem}")]
    Damaged { name: DocName, problem: String },
    /// The change was made and is not durable yet, or nobody knows.
    #[error("the change may be made, but is not durable yet: look before trying again")]
    Unknown,
}

/// Why a change was not made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ChangeError<E> {
    /// Whoever decides has said no.
    Declined(E),
    /// It could not be made.
    Failed(RecordError),
}

impl<E> From<RecordError> for ChangeError<E> {
    fn from(error: RecordError) -> Self {
        Self::Failed(error)
    }
}

/// The name of a record, all of which begin alike.
pub(crate) fn name_of(name: &str) -> Result<DocName, RecordError> {
    DocName::new(name).map_err(|error| RecordError::Unavailable(error.to_string()))
}

/// The name of one record of many, each of which is about something else: a hash of it, so that
/// erasing both leaves it in no object in clear text.
pub(crate) fn name_by_hash(folder: &str, of: blake3::Hash) -> Result<DocName, RecordError> {
    let hash = of.to_hex();
    // Forty letters are 160 bits: nobody finds two things for them.
    name_of(&format!("{folder}{}", hash.get(..40).unwrap_or_default()))
}

/// The records that are in use.
#[derive(Debug, Default)]
pub(crate) struct Records {
    cells: Mutex<HashMap<DocName, Arc<OnceCell<RecordHandle>>>>,
}

/// One record; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct RecordHandle(Arc<Held>);

#[derive(Debug)]
struct Held {
    name: DocName,
    latest: watch::Sender<Arc<Record>>,
    writing: Arc<tokio::sync::Mutex<Writing>>,
}

/// What only one change or look at a time may touch.
#[derive(Debug)]
struct Writing {
    /// The Yjs client that this process writes as.
    client_id: u64,
    mark: Mark,
    /// The document's task, if it is open, may not have what other servers wrote.
    has_others: bool,
    /// An edit was handed over of which nobody knows what became.
    is_stale: bool,
}

impl Records {
    /// The record of this name, read from the store where it is not held yet. A record that was
    /// never written is empty.
    pub(crate) async fn open(
        &self,
        store: &Store,
        name: &DocName,
    ) -> Result<RecordHandle, RecordError> {
        debug_assert!(name.is_reserved());
        let cell = self.cell(name)?;
        let handle = cell.get_or_try_init(|| load(store, name)).await?;
        Ok(handle.clone())
    }

    /// Lets go of a record that was erased: what comes under its name begins anew.
    pub(crate) fn forget(&self, name: &DocName) {
        self.cells().remove(name);
    }

    fn cell(&self, name: &DocName) -> Result<Arc<OnceCell<RecordHandle>>, RecordError> {
        let mut cells = self.cells();
        if let Some(cell) = cells.get(name) {
            return Ok(cell.clone());
        }
        if cells.len() >= RECORDS_MAX {
            cells.retain(|_, cell| Arc::strong_count(cell) > 1 || cell.get().is_some_and(is_held));
        }
        if cells.len() >= RECORDS_MAX {
            let problem = "too many records are in use".to_owned();
            return Err(RecordError::Unavailable(problem));
        }
        Ok(cells.entry(name.clone()).or_default().clone())
    }

    /// Whether any record is held.
    pub(crate) fn are_held(&self) -> bool {
        !self.cells().is_empty()
    }

    /// Reads again what other servers have changed, as far as the last look at the store saw.
    pub(crate) async fn renew(&self, store: &Store) {
        let held: Vec<RecordHandle> = {
            let cells = self.cells();
            let loaded = cells.values().filter_map(|cell| cell.get().cloned());
            loaded.collect()
        };
        for record in held {
            // One that is being changed looks for itself.
            let Ok(mut writing) = record.0.writing.clone().try_lock_owned() else {
                continue;
            };
            if let Err(error) = record.renew(store, &mut writing).await {
                tracing::warn!(record = %record.0.name, %error, "cannot read a record again");
            }
        }
    }

    fn cells(&self) -> MutexGuard<'_, HashMap<DocName, Arc<OnceCell<RecordHandle>>>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_held(record: &RecordHandle) -> bool {
    Arc::strong_count(&record.0) > 1
}

async fn load(store: &Store, name: &DocName) -> Result<RecordHandle, RecordError> {
    let mark = store.mark(name.as_str());
    let record = read(store, name).await?;
    Ok(RecordHandle(Arc::new(Held {
        name: name.clone(),
        latest: watch::Sender::new(Arc::new(record)),
        writing: Arc::new(tokio::sync::Mutex::new(Writing {
            client_id: draw_client_id()?,
            mark,
            // Its task may be open since before.
            has_others: store.is_shared(),
            is_stale: false,
        })),
    })))
}

async fn read(store: &Store, name: &DocName) -> Result<Record, RecordError> {
    let damaged = |problem: String| RecordError::Damaged {
        name: name.clone(),
        problem,
    };
    let stored = store.read(name.as_str()).await;
    let stored = stored.map_err(|error| match error {
        StoreError::Unavailable(problem) => RecordError::Unavailable(problem),
        error => damaged(error.to_string()),
    })?;
    let (parts, _) = crdt::parts(stored);
    crdt::run(move || Record::load(&parts))
        .await
        .map_err(damaged)
}

/// 32 bits, as Yjs draws them.
fn draw_client_id() -> Result<u64, RecordError> {
    let mut bytes = [0; 4];
    let drawn = aws_lc_rs::rand::fill(&mut bytes);
    drawn.map_err(|_| RecordError::Unavailable("the system has no randomness".into()))?;
    Ok(u64::from(u32::from_le_bytes(bytes)))
}

impl RecordHandle {
    /// What is durable.
    pub(crate) fn read(&self) -> Arc<Record> {
        self.0.latest.borrow().clone()
    }

    /// Hears of each change from now on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Record>> {
        self.0.latest.subscribe()
    }

    /// Changes the record: `decide` sees the latest entries and says what to change. Returns when
    /// that is durable.
    pub(crate) async fn change<T, E>(
        &self,
        registry: &Registry,
        author: Author,
        decide: impl FnOnce(&Entries) -> Result<(Vec<Change>, T), E>,
    ) -> Result<T, ChangeError<E>> {
        let store = &registry.shared().store;
        let waiting = timeout(PATIENCE, self.0.writing.clone().lock_owned()).await;
        let busy = |_| RecordError::Unavailable("the record has too much to do".into());
        let mut writing = waiting.map_err(busy)?;
        store.look().await.map_err(|error| {
            RecordError::Unavailable(format!("the store is unavailable: {error}"))
        })?;
        self.renew(store, &mut writing).await?;
        let record = self.read();
        let (changes, answer) = decide(record.entries()).map_err(ChangeError::Declined)?;
        if changes.is_empty() {
            return Ok(answer);
        }
        let (this, registry) = (self.clone(), registry.clone());
        // A task of its own: a caller that goes away must not leave a change half made.
        let writing =
            tokio::spawn(async move { this.write(&registry, author, writing, changes).await });
        match timeout(PATIENCE, writing).await {
            Ok(Ok(written)) => Ok(written.map(|()| answer)?),
            Ok(Err(_)) | Err(_) => Err(RecordError::Unknown.into()),
        }
    }

    async fn write(
        &self,
        registry: &Registry,
        author: Author,
        mut writing: OwnedMutexGuard<Writing>,
        changes: Vec<Change>,
    ) -> Result<(), RecordError> {
        let name = &self.0.name;
        let (record, client_id) = (self.read(), writing.client_id);
        let before = record.state().clone();
        let changed = crdt::run(move || record.changed(client_id, &changes)).await;
        let (update, changed) = changed.map_err(|problem| RecordError::Damaged {
            name: name.clone(),
            problem,
        })?;
        let hand_over = |author, update| changes::hand_over(registry, name, author, update, None);
        // Until it is known what became of the edit, nothing may be built on either state.
        writing.is_stale = true;
        let outcome = async {
            if std::mem::take(&mut writing.has_others) {
                // What others wrote has its authors in their logs; here it only has to be there.
                hand_over(Author::default(), before)
                    .await?
                    .durable()
                    .await?;
            }
            hand_over(author, update).await?.durable().await
        };
        match outcome.await {
            Ok(()) => {
                writing.is_stale = false;
                self.0.latest.send_replace(Arc::new(changed));
                Ok(())
            }
            Err(error) => {
                tracing::warn!(record = %name, %error, "a change of a record was not made");
                self.renew(&registry.shared().store, &mut writing).await?;
                // It may still become durable: the next look reads once more.
                writing.is_stale = matches!(error, changes::ChangeError::Unknown);
                Err(match error {
                    changes::ChangeError::Unknown => RecordError::Unknown,
                    error => RecordError::Unavailable(error.to_string()),
                })
            }
        }
    }

    /// Reads the record again where something may be new.
    async fn renew(&self, store: &Store, writing: &mut Writing) -> Result<(), RecordError> {
        let mark = store.mark(self.0.name.as_str());
        let moved = store.is_shared() && mark != writing.mark;
        if !moved && !writing.is_stale {
            return Ok(());
        }
        let record = read(store, &self.0.name).await?;
        if writing.is_stale {
            // Clocks of the old one may have been used for something else.
            writing.client_id = draw_client_id()?;
            writing.has_others = true;
        }
        writing.mark = mark;
        writing.is_stale = false;
        if record.entries() != self.read().entries() {
            writing.has_others = true;
            self.0.latest.send_replace(Arc::new(record));
        }
        Ok(())
    }
}
