//! What the store's handle and its two threads share.

use std::{
    collections::VecDeque,
    fs::File,
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tokio::sync::{Notify, watch};

use crate::{
    AppendError,
    appender::{self, Pending},
    frame::LogEntry,
    index::Index,
    ledger::Files,
    merge::Recent,
    names::{DocId, EpochKey},
    objects::Objects,
    refresh::Looks,
    settings::StoreSettings,
    status::{Figures, StoreStatus},
    tombstone::TombstoneId,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Running,
    /// Write what is queued, seal, stop.
    Closing,
    /// Write what is queued, stop.
    Abandoned,
}

/// What the committer sleeps for; it is woken for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sleep {
    /// It is awake, or will be by itself.
    No,
    /// Any update.
    Update,
    /// A full batch: the next commit is not due yet.
    FullBatch,
}

/// The way to the committer.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) items: VecDeque<Pending>,
    /// Weight of what waits and of what is being written.
    pub(crate) weight: usize,
    pub(crate) count: usize,
    pub(crate) sleep: Sleep,
    pub(crate) mode: Mode,
    pub(crate) stopped: Option<String>,
}

/// A log that takes no more entries.
#[derive(Debug)]
pub(crate) struct SealJob {
    pub(crate) key: EpochKey,
    pub(crate) path: PathBuf,
    pub(crate) entries: Vec<LogEntry>,
    pub(crate) bytes: u64,
}

/// A log whose segment is durable. It stays a while: a copy of the folder that listed it, but not
/// yet its segment, must be able to read it.
#[derive(Debug)]
pub(crate) struct SealedLog {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) sealed: Instant,
}

/// The way to the sealer.
#[derive(Debug, Default)]
pub(crate) struct SealQueue {
    /// Bounded by `unsealed_bytes_max`: the committer refuses appends over it.
    pub(crate) jobs: VecDeque<Arc<SealJob>>,
    /// How the committer ended.
    pub(crate) ended: Option<Mode>,
    /// The last attempt to seal found no space.
    pub(crate) full: bool,
}

pub(crate) struct Shared {
    pub(crate) settings: StoreSettings,
    pub(crate) objects: Objects,
    /// The epoch that this process began with, which no other process has.
    pub(crate) began: EpochKey,
    pub(crate) queue: Mutex<Queue>,
    pub(crate) queue_ready: Condvar,
    /// The same for the flusher, which is no thread.
    pub(crate) queued: Notify,
    pub(crate) seal: Mutex<SealQueue>,
    pub(crate) seal_ready: Condvar,
    pub(crate) sealed_logs: Mutex<VecDeque<SealedLog>>,
    pub(crate) index: Mutex<Index>,
    /// Whether the index may have tombstones: appends do not wait for the index to learn that.
    pub(crate) has_tombstones: AtomicBool,
    pub(crate) figures: Mutex<Figures>,
    /// The ledger's records; held while one is written and while garbage is collected.
    pub(crate) records: tokio::sync::Mutex<Files>,
    pub(crate) closed: watch::Sender<Option<Result<(), AppendError>>>,
    pub(crate) lock_file: Mutex<Option<File>>,
    /// Own segments in the object store that are not merged yet.
    pub(crate) recent: Mutex<Recent>,
    pub(crate) merging: tokio::sync::Mutex<()>,
    pub(crate) looks: Looks,
    /// Turns true when the last handle goes: nobody waits for the object store any more.
    pub(crate) abandoned: watch::Sender<bool>,
}

/// A panic elsewhere leaves these structures whole: each change to them is one step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn now_ms(&self) -> u64 {
        (self.settings.environment.now_ms)()
    }

    /// Queues an update or says why not.
    pub(crate) fn enqueue(&self, pending: Pending) {
        let mut queue = lock(&self.queue);
        let refusal = if let Some(problem) = &queue.stopped {
            Some(problem.clone())
        } else if queue.mode != Mode::Running {
            Some("the store is closed".to_owned())
        } else if pending.name().len() > crate::NAME_BYTES_MAX {
            Some("the document's name is too long".to_owned())
        } else if self.is_erased(&pending) {
            Some("the document was erased".to_owned())
        } else if pending.update.len() > self.settings.update_bytes_max {
            Some("the update is too large".to_owned())
        } else if queue.weight > 0
            && queue.weight + pending.weight() > self.settings.queue_bytes_max
        {
            Some("queue full".to_owned())
        } else {
            None
        };
        if let Some(problem) = refusal {
            drop(queue);
            self.update_status(|status| status.refused_count += 1);
            pending.answer(Err(AppendError::Unavailable(problem)));
            return;
        }
        queue.weight += pending.weight();
        queue.count += 1;
        queue.items.push_back(pending);
        let wakes = match queue.sleep {
            Sleep::No => false,
            Sleep::Update => true,
            Sleep::FullBatch => queue.weight >= self.settings.batch_bytes_max,
        };
        if wakes {
            queue.sleep = Sleep::No;
            self.queue_ready.notify_one();
        }
        drop(queue);
        // The flusher does not say what it sleeps for.
        self.queued.notify_one();
    }

    /// Whether an update is to a document that was erased: its name is blocked, or whoever writes
    /// has still the old document open.
    fn is_erased(&self, pending: &Pending) -> bool {
        let opened = pending.opened_after();
        self.may_have_tombstones() && !lock(&self.index).admits(pending.id(), opened, self.now_ms())
    }

    pub(crate) fn may_have_tombstones(&self) -> bool {
        self.has_tombstones.load(Ordering::Acquire)
    }

    pub(crate) fn expect_tombstones(&self) {
        self.has_tombstones.store(true, Ordering::Release);
    }

    /// A document's newest tombstone, as far as this process knows.
    pub(crate) fn newest_tombstone(&self, id: DocId) -> Option<TombstoneId> {
        if !self.may_have_tombstones() {
            return None;
        }
        let index = lock(&self.index);
        Some(index.tombstones.newest(id)?.id.clone())
    }

    /// Ends the committer once it has written what is queued.
    pub(crate) fn end(&self, mode: Mode) {
        let mut queue = lock(&self.queue);
        if queue.mode == Mode::Running || mode == Mode::Abandoned {
            queue.mode = mode;
        }
        drop(queue);
        self.queue_ready.notify_all();
        self.queued.notify_one();
        if mode == Mode::Abandoned {
            self.abandoned.send_replace(true);
        }
    }

    /// A sync failed: nothing written since the last good one may be trusted.
    pub(crate) fn stop(&self, problem: &str) {
        self.update_status(|status| {
            status.is_stopped = true;
            status.last_error = Some(problem.to_owned());
        });
        (self.settings.environment.on_fatal)(problem);
        let mut queue = lock(&self.queue);
        queue.stopped = Some(problem.to_owned());
        let items = std::mem::take(&mut queue.items);
        queue.weight = 0;
        queue.count = 0;
        drop(queue);
        let error = AppendError::Unavailable(problem.to_owned());
        appender::answer(items.into(), Err(&error));
        self.closed.send_replace(Some(Err(error)));
    }

    /// Resolves once the last handle is gone.
    pub(crate) async fn until_abandoned(&self) {
        let mut abandoned = self.abandoned.subscribe();
        // The sender is in `self`, so waiting cannot fail.
        let _ = abandoned.wait_for(|abandoned| *abandoned).await;
    }

    pub(crate) fn update_status(&self, change: impl FnOnce(&mut StoreStatus)) {
        change(&mut lock(&self.figures).status);
    }

    pub(crate) fn note_error(&self, problem: &str, full: bool) {
        self.update_status(|status| {
            status.last_error = Some(problem.to_owned());
            status.is_full |= full;
        });
    }
}
