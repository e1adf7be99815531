//! What a store can be told, with defaults.

use std::{fmt, path::PathBuf, sync::Arc, time::SystemTime};

use crate::log_file::{LogFiles, SystemLogFiles};

/// Where and how to store.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The data folder; created where it is missing.
    pub dir: PathBuf,
    /// The open log becomes a segment at this size.
    pub seal_bytes: u64,
    /// The open log becomes a segment when its first entry is this old.
    pub seal_age_ms: u64,
    /// One sync makes at most this much durable (or one larger update).
    pub batch_bytes_max: usize,
    /// While commits follow one another, so much time passes from one to the next. After a pause
    /// the next is made at once. A sync costs about 0.2 ms of processor and 1 to 4 ms of waiting,
    /// however much it takes, so a hundred a second are cheap and five hundred are not.
    pub commit_interval_ms: u64,
    /// Updates waiting for a sync; over it, appends are refused.
    pub queue_bytes_max: usize,
    /// The longest update; longer ones are refused.
    pub update_bytes_max: usize,
    /// Logged bytes that could not be made segments yet; over it, appends are refused.
    pub unsealed_bytes_max: u64,
    /// A log stays so long after it became a segment, for copies of the folder being made.
    pub log_keep_ms: u64,
    /// Such logs together take at most this much.
    pub log_keep_bytes_max: u64,
    /// Segments and snapshots younger than this are never deleted.
    pub grace_ms: u64,
    /// So many of the newest snapshots of a document are never deleted.
    pub snapshots_kept_min: usize,
    /// How long the tombstone of an erased document is kept: longer than any backup or machine may
    /// have been away and then bring parts of it back.
    pub tombstone_keep_ms: u64,
    /// How often superfluous segments and snapshots are looked for; 0: only when asked.
    pub garbage_interval_ms: u64,
    /// What the snapshot's header says of the body's encoding; 2 is Yjs update encoding v2.
    pub body_format: u8,
    /// Clock, randomness, files and the way to stop.
    pub environment: Environment,
}

impl StoreSettings {
    /// The defaults for a data folder.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            seal_bytes: 8 << 20,
            seal_age_ms: 60_000,
            batch_bytes_max: 1 << 20,
            commit_interval_ms: 8,
            queue_bytes_max: 64 << 20,
            update_bytes_max: 64 << 20,
            unsealed_bytes_max: 256 << 20,
            log_keep_ms: 300_000,
            log_keep_bytes_max: 256 << 20,
            grace_ms: 3_600_000,
            snapshots_kept_min: 2,
            tombstone_keep_ms: 90 * 24 * 3_600_000,
            garbage_interval_ms: 300_000,
            body_format: 2,
            environment: Environment::default(),
        }
    }
}

/// What the store takes from outside, so that tests can decide it.
#[derive(Clone)]
pub struct Environment {
    /// Milliseconds since 1970.
    pub now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// Random bits for names.
    pub random: Arc<dyn Fn() -> u128 + Send + Sync>,
    /// The files of the open log.
    pub log_files: Arc<dyn LogFiles>,
    /// Called when a sync failed. What was acknowledged may then be lost with the machine's
    /// memory, so the default ends the process; if it returns, the store refuses all appends.
    pub on_fatal: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            now_ms: Arc::new(|| {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                since.map_or(0, |since| since.as_millis() as u64)
            }),
            random: Arc::new(|| {
                let mut bytes = [0; 16];
                getrandom::fill(&mut bytes).expect("the system gives random bytes");
                u128::from_le_bytes(bytes)
            }),
            log_files: Arc::new(SystemLogFiles),
            on_fatal: Arc::new(|problem| {
                tracing::error!(problem, "stopping the process");
                eprintln!("unisson: {problem}; stopping, because durability is unknown");
                std::process::abort();
            }),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

impl Environment {
    pub(crate) fn ulid(&self) -> ulid::Ulid {
        ulid::Ulid::from_parts((self.now_ms)(), (self.random)())
    }
}
