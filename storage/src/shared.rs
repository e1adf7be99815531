//! What the store's handle and its two threads share.

use std::{
    collections::VecDeque,
    fs::File,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::watch;

use crate::{
    AppendError,
    appender::{self, Pending},
    frame::LogEntry,
    index::Index,
    ledger::Files,
    names::{DocId, EpochKey},
    objects::Objects,
    settings::StoreSettings,
    status::{Figures, StoreStatus},
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
    pub(crate) epoch: EpochKey,
    pub(crate) queue: Mutex<Queue>,
    pub(crate) queue_ready: Condvar,
    pub(crate) seal: Mutex<SealQueue>,
    pub(crate) seal_ready: Condvar,
    pub(crate) sealed_logs: Mutex<VecDeque<SealedLog>>,
    pub(crate) index: Mutex<Index>,
    pub(crate) figures: Mutex<Figures>,
    /// The ledger's records; held while one is written and while garbage is collected.
    pub(crate) records: tokio::sync::Mutex<Files>,
    pub(crate) closed: watch::Sender<Option<Result<(), AppendError>>>,
    pub(crate) lock_file: Mutex<Option<File>>,
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
        } else if self.is_erased(pending.id()) {
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
    }

    /// Whether entries of this epoch may not be taken for a document: it is erased, or its
    /// tombstone is newer than the epoch, so that they would count as erased.
    fn is_erased(&self, id: DocId) -> bool {
        let index = lock(&self.index);
        if index.tombstones.is_empty() {
            return false;
        }
        index.tombstones.erases_epoch(id, self.epoch.epoch)
            || index.tombstones.blocked_until(id, self.now_ms()).is_some()
    }

    /// Ends the committer once it has written what is queued.
    pub(crate) fn end(&self, mode: Mode) {
        let mut queue = lock(&self.queue);
        if queue.mode == Mode::Running || mode == Mode::Abandoned {
            queue.mode = mode;
        }
        self.queue_ready.notify_all();
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
