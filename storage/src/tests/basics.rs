//! What every caller relies on.

use bytes::Bytes;

use crate::{Store, StoreSettings};

fn settings(dir: &std::path::Path) -> StoreSettings {
    let mut settings = StoreSettings::new(dir);
    settings.garbage_interval_ms = 0;
    settings.grace_ms = 0;
    settings
}

#[tokio::test]
async fn appended_updates_are_read_in_order_before_and_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(settings(dir.path())).await.unwrap();
    for update in ["one", "two"] {
        store.append("a/é", Bytes::from(update)).await.unwrap();
    }
    assert_eq!(store.read("a/é").await.unwrap().updates, ["one", "two"]);
    assert!(store.read("other").await.unwrap().updates.is_empty());
    drop(store);
    let store = Store::open(settings(dir.path())).await.unwrap();
    assert_eq!(store.read("a/é").await.unwrap().updates, ["one", "two"]);
    store.append("a/é", Bytes::from("three")).await.unwrap();
    store.close().await.unwrap();
    let store = Store::open(settings(dir.path())).await.unwrap();
    assert_eq!(
        store.read("a/é").await.unwrap().updates,
        ["one", "two", "three"]
    );
}

#[tokio::test]
async fn a_snapshot_takes_the_place_of_what_it_covers() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(settings(dir.path())).await.unwrap();
    store.append("d", Bytes::from("one")).await.unwrap();
    let basis = store.read("d").await.unwrap().basis;
    store.append("d", Bytes::from("two")).await.unwrap();
    store
        .put_snapshot("d", Bytes::from("ONE"), basis)
        .await
        .unwrap();
    let read = store.read("d").await.unwrap();
    assert_eq!(
        (read.snapshots, read.updates),
        (vec!["ONE".into()], vec!["two".into()])
    );
    store.close().await.unwrap();
    let store = Store::open(settings(dir.path())).await.unwrap();
    let read = store.read("d").await.unwrap();
    assert_eq!(
        (read.snapshots, read.updates),
        (vec!["ONE".into()], vec!["two".into()])
    );
    store
        .put_snapshot("d", Bytes::from("TWO"), read.basis)
        .await
        .unwrap();
    assert_eq!(store.collect_garbage().await.unwrap().segments, 1);
    drop(store);
    let store = Store::open(settings(dir.path())).await.unwrap();
    let read = store.read("d").await.unwrap();
    assert_eq!(
        (read.snapshots, read.updates),
        (vec![Bytes::from("TWO")], vec![])
    );
    assert_eq!(store.documents(), ["d".into()]);
}
