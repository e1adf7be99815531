//! Full disks, failing disks, slow disks.

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;

use super::{append, open, said, settings};
use crate::{AppendError, LogFile, LogFiles, Store, StoreSettings, SystemLogFiles, shared::lock};

/// Log files that fail as told.
#[derive(Default)]
pub(super) struct Faulty {
    /// Bytes that still fit; a write past them is cut short.
    pub(super) space: Mutex<Option<usize>>,
    fail_sync: AtomicBool,
    fail_truncate: AtomicBool,
    syncs: AtomicUsize,
    /// While held, syncs wait.
    gate: Mutex<()>,
}

struct FaultyFiles(Arc<Faulty>);

struct FaultyFile {
    faults: Arc<Faulty>,
    file: Box<dyn LogFile>,
}

impl LogFiles for FaultyFiles {
    fn create(&self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        let file = SystemLogFiles.create(path)?;
        Ok(Box::new(FaultyFile {
            faults: Arc::clone(&self.0),
            file,
        }))
    }
}

impl LogFile for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let space = *lock(&self.faults.space);
        match space {
            Some(space) if space < bytes.len() => {
                self.file.append(&bytes[..space])?;
                *lock(&self.faults.space) = Some(0);
                Err(io::ErrorKind::StorageFull.into())
            }
            _ => self.file.append(bytes),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        drop(lock(&self.faults.gate));
        self.faults.syncs.fetch_add(1, Ordering::SeqCst);
        if self.faults.fail_sync.load(Ordering::SeqCst) {
            return Err(io::Error::other("injected"));
        }
        self.file.sync()
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        if self.faults.fail_truncate.load(Ordering::SeqCst) {
            return Err(io::Error::other("injected"));
        }
        self.file.truncate(bytes)
    }
}

pub(super) fn faulty(dir: &Path) -> (StoreSettings, Arc<Faulty>) {
    let faults = Arc::new(Faulty::default());
    let mut settings = settings(dir);
    settings.environment.log_files = Arc::new(FaultyFiles(Arc::clone(&faults)));
    (settings, faults)
}

async fn try_append(store: &Store, update: &str) -> Result<(), AppendError> {
    store.append("d", Bytes::from(update.to_owned())).await
}

#[tokio::test]
async fn a_full_disk_refuses_and_appends_resume_when_space_returns() {
    for fail_truncate in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let (settings, faults) = faulty(dir.path());
        let store = Store::open(settings).await.unwrap();
        append(&store, "d", "before").await;
        *lock(&faults.space) = Some(7);
        faults.fail_truncate.store(fail_truncate, Ordering::SeqCst);
        assert_eq!(try_append(&store, "lost").await, Err(AppendError::Full));
        assert!(try_append(&store, "lost too").await.is_err());
        assert!(store.status().is_full);
        assert_eq!(said(&store.read("d").await.unwrap()), ["before"]);
        *lock(&faults.space) = None;
        faults.fail_truncate.store(false, Ordering::SeqCst);
        append(&store, "d", "after").await;
        assert!(!store.status().is_full);
        drop(store);
        let store = open(dir.path()).await;
        assert_eq!(said(&store.read("d").await.unwrap()), ["before", "after"]);
    }
}

#[tokio::test]
async fn a_disk_that_is_full_at_the_end_of_a_log_keeps_the_log_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let (mut settings, faults) = faulty(dir.path());
    settings.seal_bytes = 100;
    let store = Store::open(settings).await.unwrap();
    append(&store, "d", &"1".repeat(100)).await;
    *lock(&faults.space) = Some(3);
    assert_eq!(try_append(&store, "lost").await, Err(AppendError::Full));
    *lock(&faults.space) = None;
    append(&store, "d", "2").await;
    append(&store, "d", "3").await;
    drop(store);
    let store = open(dir.path()).await;
    assert_eq!(said(&store.read("d").await.unwrap())[1..], ["2", "3"]);
}

#[tokio::test]
async fn a_failed_sync_stops_the_store_and_is_never_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let (mut settings, faults) = faulty(dir.path());
    let told = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&told);
    settings.environment.on_fatal = Arc::new(move |problem| lock(&record).push(problem.to_owned()));
    let store = Store::open(settings).await.unwrap();
    append(&store, "d", "safe").await;
    faults.fail_sync.store(true, Ordering::SeqCst);
    let syncs = faults.syncs.load(Ordering::SeqCst);
    assert!(matches!(
        try_append(&store, "x").await,
        Err(AppendError::Unavailable(_))
    ));
    faults.fail_sync.store(false, Ordering::SeqCst);
    assert!(try_append(&store, "y").await.is_err());
    assert!(store.close().await.is_err());
    assert_eq!(faults.syncs.load(Ordering::SeqCst), syncs + 1);
    assert_eq!(lock(&told).len(), 1);
    assert!(lock(&told)[0].contains("fsync"));
    assert!(store.status().is_stopped);
}

#[tokio::test]
async fn while_one_sync_runs_the_next_batch_gathers_within_the_queues_limit() {
    let dir = tempfile::tempdir().unwrap();
    let (mut settings, faults) = faulty(dir.path());
    settings.queue_bytes_max = 20_000;
    let store = Store::open(settings).await.unwrap();
    let gate = lock(&faults.gate);
    let first = store.append("d", Bytes::from("first"));
    let syncs = faults.syncs.load(Ordering::SeqCst);
    let mut waiting: Vec<_> = (0..300)
        .map(|_| store.append("d", Bytes::from(vec![b'x'; 100])))
        .collect();
    let status = store.status();
    assert!(
        status.queue_bytes <= 20_000 && status.queue_count > 10,
        "{status:?}"
    );
    drop(gate);
    first.await.unwrap();
    let refused = waiting.pop().unwrap().await;
    assert_eq!(
        refused,
        Err(AppendError::Unavailable("queue full".to_owned()))
    );
    let mut durable = 0;
    for append in waiting {
        durable += usize::from(append.await.is_ok());
    }
    assert_eq!(durable + 1, status.queue_count);
    assert!(
        faults.syncs.load(Ordering::SeqCst) - syncs <= 3,
        "one batch gathered"
    );
    assert_eq!(store.status().queue_bytes, 0);
}

/// Appends until the file system is full, frees some of it, and goes on.
#[tokio::test]
async fn a_real_full_file_system_refuses_and_resumes() {
    let mount = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::tmpfs(mount.path()) else {
        eprintln!("skipped: a tmpfs cannot be mounted here");
        return;
    };
    let ballast = mount.path().join("ballast");
    std::fs::write(&ballast, vec![0; 256 << 10]).unwrap();
    let dir = mount.path().join("data");
    let store = Store::open(settings(&dir)).await.unwrap();
    let mut durable = 0;
    let update = "x".repeat(10_000);
    let error = loop {
        match try_append(&store, &update).await {
            Ok(()) => durable += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, AppendError::Full);
    assert!(durable > 10 && store.status().is_full);
    std::fs::remove_file(ballast).unwrap();
    append(&store, "d", "resumed").await;
    store.close().await.unwrap();
    drop(store);
    let store = Store::open(settings(&dir)).await.unwrap();
    let updates = store.read("d").await.unwrap().updates;
    assert_eq!(updates.len(), durable + 1);
    assert_eq!(updates.last().unwrap(), "resumed");
    drop(store);
}

struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn tmpfs(at: &'a Path) -> Option<Self> {
        let mut mount = std::process::Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(at);
        let done = mount.stderr(std::process::Stdio::null()).status().ok()?;
        done.success().then_some(Self(at))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // A left-over mount of one megabyte is all that failing here costs.
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(self.0)
            .status();
    }
}
