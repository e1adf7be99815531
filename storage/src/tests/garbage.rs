//! What is deleted, what is kept, and copies made meanwhile.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::{append, compact, copy_folder, files, open, said, settings};
use crate::{Collected, Store};

#[tokio::test]
async fn a_segment_stays_while_one_of_its_documents_is_not_covered() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "a", "1").await;
    append(&store, "b", "2").await;
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    compact(&store, "a").await;
    assert_eq!(store.collect_garbage().await.unwrap(), Collected::default());
    compact(&store, "b").await;
    assert_eq!(store.collect_garbage().await.unwrap().segments, 1);
    assert!(files(dir.path(), ".seg").is_empty());
    drop(store);
    let store = open(dir.path()).await;
    assert_eq!(said(&store.read("a").await.unwrap()), ["1"]);
    assert_eq!(said(&store.read("b").await.unwrap()), ["2"]);
    assert_eq!(store.documents(), ["a".into(), "b".into()]);
}

#[tokio::test]
async fn snapshots_from_an_earlier_process_are_verified_before_a_segment_goes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "a", "1").await;
    compact(&store, "a").await;
    store.close().await.unwrap();
    let snapshot = files(dir.path(), ".snap").pop().unwrap();
    let good = std::fs::read(&snapshot).unwrap();
    std::fs::write(&snapshot, &good[..good.len() - 1]).unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.collect_garbage().await.unwrap().segments, 0);
    std::fs::write(&snapshot, &good).unwrap();
    assert_eq!(store.collect_garbage().await.unwrap().segments, 1);
}

#[tokio::test]
async fn the_last_two_snapshots_and_everything_in_grace_stay() {
    let dir = tempfile::tempdir().unwrap();
    let now_ms = Arc::new(AtomicU64::new(1_700_000_000_000));
    let mut settings = settings(dir.path());
    settings.grace_ms = 1000;
    let clock = Arc::clone(&now_ms);
    settings.environment.now_ms = Arc::new(move || clock.load(Ordering::Relaxed));
    let store = Store::open(settings).await.unwrap();
    for number in 0..5 {
        append(&store, "d", &number.to_string()).await;
        compact(&store, "d").await;
        now_ms.fetch_add(1, Ordering::Relaxed);
    }
    assert_eq!(store.collect_garbage().await.unwrap().snapshots, 0);
    now_ms.fetch_add(2000, Ordering::Relaxed);
    assert_eq!(store.collect_garbage().await.unwrap().snapshots, 3);
    assert_eq!(store.collect_garbage().await.unwrap().snapshots, 0);
    assert_eq!(files(dir.path(), ".snap").len(), 2);
    assert_eq!(
        said(&store.read("d").await.unwrap()),
        ["0", "1", "2", "3", "4"]
    );
}

#[tokio::test]
async fn many_collections_leave_few_ledger_records_and_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..40 {
        let store = open(dir.path()).await;
        append(&store, "d", &format!("{number:02}")).await;
        store.close().await.unwrap();
        let store = open(dir.path()).await;
        compact(&store, "d").await;
        store.collect_garbage().await.unwrap();
        drop(store);
    }
    assert!(files(dir.path(), ".led").len() <= 40, "records are merged");
    assert!(files(dir.path(), ".seg").len() <= 1);
    assert_eq!(
        said(&open(dir.path()).await.read("d").await.unwrap()).len(),
        40
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_copy_at_any_time_opens_with_everything_acknowledged_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path());
    settings.seal_bytes = 500;
    // As by default, what is replaced stays for longer than a copy takes.
    settings.log_keep_ms = 60_000;
    settings.environment.now_ms = crate::Environment::default().now_ms;
    settings.grace_ms = 60_000;
    let store = Store::open(settings).await.unwrap();
    let acknowledged = Arc::new(AtomicU64::new(0));
    let (writer, count) = (store.clone(), Arc::clone(&acknowledged));
    let writing = tokio::spawn(async move {
        for number in 0..400_u64 {
            append(&writer, "d", &number.to_string()).await;
            count.store(number + 1, Ordering::SeqCst);
            if number % 50 == 49 {
                compact(&writer, "d").await;
                writer.collect_garbage().await.unwrap();
            }
        }
    });
    let mut copies = 0;
    while !writing.is_finished() {
        let copy = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().to_path_buf(), copy.path().to_path_buf());
        let before = acknowledged.load(Ordering::SeqCst);
        tokio::task::spawn_blocking(move || copy_folder(&from, &to))
            .await
            .unwrap();
        let copied = open(copy.path()).await;
        let mut numbers: Vec<u64> = said(&copied.read("d").await.unwrap())
            .iter()
            .filter(|n| !n.is_empty())
            .map(|n| n.parse().unwrap())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert!(
            numbers.len() as u64 >= before,
            "{} of {before}",
            numbers.len()
        );
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
        copies += 1;
    }
    writing.await.unwrap();
    assert!(copies > 0);
}
