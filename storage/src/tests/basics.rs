//! What every caller relies on.

use bytes::Bytes;

use super::{append, compact, files, open, said, settings};
use crate::{AppendError, OpenError, Store};

#[tokio::test]
async fn appended_updates_are_read_in_order_before_and_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "a/é", "one").await;
    append(&store, "a/é", "two").await;
    assert_eq!(store.read("a/é").await.unwrap().updates, ["one", "two"]);
    assert!(store.read("other").await.unwrap().updates.is_empty());
    drop(store);
    let store = open(dir.path()).await;
    assert_eq!(store.read("a/é").await.unwrap().updates, ["one", "two"]);
    append(&store, "a/é", "three").await;
    store.close().await.unwrap();
    assert!(
        files(dir.path(), ".log").is_empty(),
        "a closed store has no open log"
    );
    let store = open(dir.path()).await;
    assert_eq!(
        store.read("a/é").await.unwrap().updates,
        ["one", "two", "three"]
    );
}

#[tokio::test]
async fn a_snapshot_takes_the_place_of_what_it_covers() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "d", "one").await;
    let basis = store.read("d").await.unwrap().basis;
    append(&store, "d", "two").await;
    store
        .put_snapshot("d", Bytes::from("ONE"), basis)
        .await
        .unwrap();
    for _ in 0..2 {
        let store = store.clone();
        let read = store.read("d").await.unwrap();
        assert_eq!(
            (read.snapshots, read.updates),
            (vec!["ONE".into()], vec!["two".into()])
        );
    }
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    assert_eq!(said(&store.read("d").await.unwrap()), ["ONE", "two"]);
}

#[tokio::test]
async fn two_snapshots_of_the_same_moment_are_both_read_and_both_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "d", "one").await;
    let basis = store.read("d").await.unwrap().basis;
    store
        .put_snapshot("d", Bytes::from("A"), basis.clone())
        .await
        .unwrap();
    store
        .put_snapshot("d", Bytes::from("B"), basis)
        .await
        .unwrap();
    assert_eq!(said(&store.read("d").await.unwrap()), ["A", "B"]);
    compact(&store, "d").await;
    assert_eq!(store.read("d").await.unwrap().snapshots, ["A,B"]);
}

#[tokio::test]
async fn a_second_process_is_refused_and_may_come_after_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let error = Store::open(settings(dir.path())).await.unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    store.close().await.unwrap();
    // Closed, though not dropped.
    let second = open(dir.path()).await;
    drop((store, second));
}

#[tokio::test]
async fn after_close_appends_are_refused_and_closing_again_says_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let queued = store.append("d", Bytes::from("x"));
    store.close().await.unwrap();
    queued.await.unwrap();
    let refused = store.append("d", Bytes::from("y")).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))));
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_dropped_future_does_not_cancel_its_append_and_order_is_that_of_the_calls() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    drop(store.append("d", Bytes::from("1")));
    let second = store.append("d", Bytes::from("2"));
    let third = store.append("d", Bytes::from("3"));
    third.await.unwrap();
    second.await.unwrap();
    assert_eq!(store.read("d").await.unwrap().updates, ["1", "2", "3"]);
}

#[test]
fn an_append_needs_no_runtime() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let store = runtime.block_on(open(dir.path()));
    drop(runtime);
    let append = store.append("d", Bytes::from("x"));
    let other = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    other.block_on(append).unwrap();
}

#[tokio::test]
async fn what_is_over_a_limit_is_refused_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path());
    settings.update_bytes_max = 10;
    let store = Store::open(settings).await.unwrap();
    let refused = store.append("d", Bytes::from(vec![0; 11])).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))));
    assert!(
        store
            .append(&"n".repeat(5000), Bytes::from("x"))
            .await
            .is_err()
    );
    store.append("d", Bytes::from(vec![0; 10])).await.unwrap();
    let status = store.status();
    assert_eq!(
        (
            status.appended_count,
            status.refused_count,
            status.queue_bytes
        ),
        (1, 2, 0)
    );
    assert_eq!(status.sync.count, 1);
    assert_eq!(status.append.counts.iter().sum::<u64>(), 1);
}

#[tokio::test]
async fn small_logs_become_segments_while_appends_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path());
    settings.seal_bytes = 200;
    let store = Store::open(settings).await.unwrap();
    let mut expected = Vec::new();
    for number in 0..100 {
        append(&store, &format!("d{}", number % 3), &number.to_string()).await;
        expected.push(number.to_string());
    }
    store.close().await.unwrap();
    assert!(store.status().segments > 5);
    let store = open(dir.path()).await;
    let mut found = Vec::new();
    for name in store.documents() {
        found.extend(said(&store.read(&name).await.unwrap()));
    }
    found.sort_by_key(|number| number.parse::<u32>().unwrap());
    assert_eq!(found, expected);
}

#[tokio::test]
async fn an_old_log_is_sealed_without_another_append() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path());
    settings.seal_age_ms = 1;
    let store = Store::open(settings).await.unwrap();
    append(&store, "d", "x").await;
    while store.status().segments_sealed == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(said(&store.read("d").await.unwrap()), ["x"]);
}
