//! When commits happen, and how their answers come back.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::future::join_all;

use super::settings;
use crate::{AppendError, Appended, LogFile, LogFiles, Store, StoreSettings, SystemLogFiles};

/// So long that no test sees its end.
const HOUR_MS: u64 = 3_600_000;

/// The system's files, which count their syncs.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicUsize>);

struct CountedFile(Counted, Box<dyn LogFile>);

impl LogFiles for Counted {
    fn create(&self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        let file = SystemLogFiles.create(path)?;
        Ok(Box::new(CountedFile(self.clone(), file)))
    }
}

impl LogFile for CountedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.1.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        self.1.sync()
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.1.truncate(bytes)
    }
}

impl Counted {
    fn settings(&self, dir: &Path, commit_interval_ms: u64) -> StoreSettings {
        let mut settings = settings(dir);
        settings.commit_interval_ms = commit_interval_ms;
        settings.environment.log_files = Arc::new(self.clone());
        settings
    }

    fn syncs(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn update(text: &str) -> Bytes {
    Bytes::from(text.to_owned())
}

#[tokio::test]
async fn after_a_pause_a_commit_is_made_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let counted = Counted::default();
    let store = Store::open(counted.settings(dir.path(), HOUR_MS))
        .await
        .unwrap();
    // With a wait this would take an hour.
    store.append("d", update("first")).await.unwrap();
}

#[tokio::test]
async fn updates_that_follow_share_one_sync() {
    let dir = tempfile::tempdir().unwrap();
    let counted = Counted::default();
    let mut settings = counted.settings(dir.path(), HOUR_MS);
    settings.batch_bytes_max = 20_000;
    let store = Store::open(settings).await.unwrap();
    store.append("d", update("first")).await.unwrap();
    let before = counted.syncs();
    let waiting: Vec<_> = (0..40).map(|_| store.append("d", update("x"))).collect();
    assert_eq!(counted.syncs(), before, "they wait for their time");
    // A full batch does not.
    let full = store.append("e", Bytes::from(vec![b'x'; 20_000]));
    for result in join_all(waiting).await {
        result.unwrap();
    }
    store.close().await.unwrap();
    full.await.unwrap();
    assert!(counted.syncs() - before <= 2, "one or two batches");
}

#[tokio::test]
async fn a_store_that_closes_writes_what_waits_for_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let counted = Counted::default();
    let store = Store::open(counted.settings(dir.path(), HOUR_MS))
        .await
        .unwrap();
    store.append("d", update("first")).await.unwrap();
    let second = store.append("d", update("second"));
    store.close().await.unwrap();
    second.await.unwrap();
    drop(store);
    let store = super::open(dir.path()).await;
    let updates = store.read("d").await.unwrap().updates;
    assert_eq!(updates, ["first", "second"]);
}

#[tokio::test]
async fn answers_of_an_appender_carry_their_tickets_and_come_together() {
    let dir = tempfile::tempdir().unwrap();
    let counted = Counted::default();
    let store = Store::open(counted.settings(dir.path(), HOUR_MS))
        .await
        .unwrap();
    let appender = store.appender("d");
    appender.append(7, update("first"));
    let durable = |ticket| Appended {
        ticket,
        result: Ok(()),
    };
    assert_eq!(appender.appended().await, [durable(7)]);
    for ticket in [8, 9, 10] {
        appender.append(ticket, update("x"));
    }
    store.close().await.unwrap();
    assert_eq!(appender.appended().await, [8, 9, 10].map(durable));
    appender.append(11, update("late"));
    let refused = appender.appended().await;
    assert!(matches!(
        refused.as_slice(),
        [Appended { ticket: 11, result: Err(AppendError::Unavailable(why)) }] if why == "the store is closed"
    ));
}

#[tokio::test]
async fn an_abandoned_store_answers_what_it_was_given() {
    let dir = tempfile::tempdir().unwrap();
    let counted = Counted::default();
    let store = Store::open(counted.settings(dir.path(), HOUR_MS))
        .await
        .unwrap();
    let appender = store.appender("d");
    appender.append(1, update("first"));
    appender.appended().await;
    appender.append(2, update("second"));
    drop(store);
    let answers = appender.appended().await;
    assert_eq!(answers.len(), 1);
    assert!(answers[0].result.is_ok(), "what is queued is still written");
}
