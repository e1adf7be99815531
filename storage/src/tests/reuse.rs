//! Names that an erasure freed: used at once, by a running store, and whatever happens meanwhile.

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use bytes::Bytes;

use super::{
    append, compact, copy_folder,
    erase::holds,
    faults::faulty,
    files, open, said,
    spool::spooled,
    world::{Weather, World},
};
use crate::{AppendError, NameAfter, Store, shared::lock};

const SECRET: &str = "s3cr3t-hW7tN4pZ1c";

async fn free(store: &Store, name: &str) {
    let erased = store.erase(name, NameAfter::Free).await.unwrap();
    erased.expect("there is something of it");
}

async fn says(store: &Store, name: &str) -> Vec<String> {
    said(&store.read(name).await.unwrap())
}

/// What a process finds that is started on a copy of the folder as it is now.
async fn says_after_a_crash(dir: &Path, name: &str) -> Vec<String> {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(dir, copy.path());
    let store = open(copy.path()).await;
    let found = says(&store, name).await;
    assert_eq!(says(&store, "other").await, says_of_other(found.len()));
    found
}

/// The other document is written beside the new one.
fn says_of_other(updates: usize) -> Vec<String> {
    let all = (0..=updates).map(|number| format!("o{number}"));
    all.collect()
}

async fn is_refused(store: &Store, appender: &crate::Appender) -> bool {
    let before = store.status().appended_count;
    appender.append(7, Bytes::from_static(b"stale"));
    let answers = appender.appended().await;
    let is_refused = matches!(
        answers[..],
        [crate::Appended {
            ticket: 7,
            result: Err(AppendError::Unavailable(_)),
        }]
    );
    is_refused && store.status().appended_count == before
}

#[tokio::test]
async fn a_new_document_has_the_name_at_once_and_survives_a_kill_at_any_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "other", "o0").await;
    append(&store, "d", SECRET).await;
    let stale = store.appender("d");
    assert_eq!(store.status().segments, 0, "all is in the open log");
    for round in 0..3 {
        free(&store, "d").await;
        assert!(says(&store, "d").await.is_empty());
        assert!(is_refused(&store, &stale).await);
        assert!(says_after_a_crash(dir.path(), "d").await.is_empty());
        for number in 1..=3 {
            append(&store, "d", &format!("new{round}x{number}")).await;
            append(&store, "other", &format!("o{number}")).await;
            let expected: Vec<_> = (1..=number).map(|n| format!("new{round}x{n}")).collect();
            assert_eq!(says(&store, "d").await, expected);
            assert_eq!(says_after_a_crash(dir.path(), "d").await, expected);
        }
        // What was open of the document before stays shut out, and the new one is compacted.
        assert!(is_refused(&store, &stale).await);
        compact(&store, "d").await;
        assert_eq!(
            says(&store, "d").await[..3],
            [
                format!("new{round}x1"),
                format!("new{round}x2"),
                format!("new{round}x3"),
            ]
        );
        free(&store, "other").await;
        append(&store, "other", "o0").await;
    }
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    store.collect_garbage().await.unwrap();
    assert_eq!(says(&store, "d").await[..3], ["new2x1", "new2x2", "new2x3"]);
    assert_eq!(says(&store, "other").await, ["o0"]);
    let of_old = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        [SECRET, "new0x1", "new1x1", "stale"]
            .iter()
            .any(|text| holds(&bytes, text))
    };
    let left: Vec<_> = files(dir.path(), "").into_iter().filter(of_old).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn an_erasure_that_ends_anywhere_leaves_the_old_document_or_a_free_name() {
    let filled = tempfile::tempdir().unwrap();
    let store = open(filled.path()).await;
    append(&store, "other", "o0").await;
    append(&store, "d", SECRET).await;
    compact(&store, "d").await;
    store.close().await.unwrap();
    let mut crashes = 0;
    for steps in 0.. {
        let dir = tempfile::tempdir().unwrap();
        copy_folder(filled.path(), dir.path());
        let store = open(dir.path()).await;
        let crash = &store.inner.shared.objects.crash.0;
        crash.store(steps, Ordering::SeqCst);
        let finished = store.erase("d", NameAfter::Free).await.is_ok();
        drop(store);
        let store = open(dir.path()).await;
        match steps {
            0 => assert_eq!(says(&store, "d").await, [SECRET]),
            _ => assert!(says(&store, "d").await.is_empty(), "after {steps} steps"),
        }
        free(&store, "d").await;
        append(&store, "d", "new").await;
        drop(store);
        let store = open(dir.path()).await;
        assert_eq!(says(&store, "d").await, ["new"], "after {steps} steps");
        assert_eq!(says(&store, "other").await, ["o0"]);
        crashes += usize::from(!finished);
        if finished {
            break;
        }
    }
    assert!(crashes >= 3, "only {crashes} steps");
}

#[tokio::test]
async fn a_full_disk_refuses_what_takes_a_new_epoch_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (settings, faults) = faulty(dir.path());
    let store = Store::open(settings).await.unwrap();
    append(&store, "other", "o0").await;
    append(&store, "d", SECRET).await;
    free(&store, "d").await;
    // Room for a frame, not for another file's header and a frame.
    *lock(&faults.space) = Some(0);
    let refused = store.append("d", "early".into()).await;
    assert_eq!(refused, Err(AppendError::Full));
    assert!(store.status().is_full);
    *lock(&faults.space) = None;
    append(&store, "other", "o1").await;
    append(&store, "d", "new").await;
    assert_eq!(says_after_a_crash(dir.path(), "d").await, ["new"]);
    drop(store);
    let store = open(dir.path()).await;
    assert_eq!(says(&store, "other").await, ["o0", "o1"]);
    assert_eq!(says(&store, "d").await, ["new"]);
}

#[tokio::test]
async fn a_new_document_never_has_the_mark_of_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "d", "old").await;
    let old = store.mark("d");
    free(&store, "d").await;
    append(&store, "d", "new").await;
    assert_ne!(store.mark("d"), old);
}

/// Writes, erases and writes again while flushes are under way and answers are lost.
#[tokio::test(start_paused = true)]
async fn straight_to_an_object_store_the_name_is_free_at_once_for_all_nodes() {
    let world = World::new(11);
    let store = Store::open(world.process().0).await.unwrap();
    let other = Store::open(world.process().0).await.unwrap();
    append(&store, "other", "o0").await;
    append(&other, "other", "o1").await;
    append(&store, "d", SECRET).await;
    append(&other, "d", "of the other").await;
    let stale = other.appender("d");
    free(&store, "d").await;
    lock(&world.weather).loses_answers = 300;
    for number in 0..5 {
        let waiting = store.append("other", Bytes::from(format!("p{number}")));
        append(&store, "d", &format!("new{number}")).await;
        waiting.await.unwrap();
        if number == 2 {
            *lock(&world.weather) = Weather::default();
            crate::merge::merge(&store.inner.shared).await.unwrap();
            lock(&world.weather).loses_answers = 300;
        }
    }
    *lock(&world.weather) = Weather::default();
    // The other node knows of it since it looked, and may write the new document, too.
    assert_eq!(says(&other, "d").await.len(), 5);
    assert!(is_refused(&other, &stale).await);
    append(&other, "d", "too").await;
    for store in [&store, &other] {
        store.collect_garbage().await.unwrap();
        assert_eq!(says(store, "d").await.len(), 6);
        assert_eq!(says(store, "other").await.len(), 7);
    }
    store.close().await.unwrap();
    drop(other);
    let store = Store::open(world.process().0).await.unwrap();
    let mut all = says(&store, "d").await;
    all.sort();
    assert_eq!(all, ["new0", "new1", "new2", "new3", "new4", "too"]);
    assert_eq!(says(&store, "other").await.len(), 7);
}

#[tokio::test]
async fn through_a_spool_old_and_new_document_arrive_apart() {
    let (world, dir) = (World::new(12), tempfile::tempdir().unwrap());
    let (settings, _process) = spooled(&world, dir.path());
    let store = Store::open(settings).await.unwrap();
    append(&store, "other", "o0").await;
    append(&store, "d", SECRET).await;
    free(&store, "d").await;
    append(&store, "d", "new1").await;
    drop(store);
    let (settings, _process) = spooled(&world, dir.path());
    let store = Store::open(settings).await.unwrap();
    assert_eq!(says(&store, "d").await, ["new1"]);
    free(&store, "d").await;
    append(&store, "d", "new2").await;
    store.close().await.unwrap();
    let elsewhere: Arc<Store> = Arc::new(Store::open(world.process().0).await.unwrap());
    assert_eq!(says(&elsewhere, "d").await, ["new2"]);
    assert_eq!(says(&elsewhere, "other").await, ["o0"]);
}
