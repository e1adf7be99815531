//! A local log in front of an object store.

use std::{path::Path, sync::Arc};

use bytes::Bytes;

use super::{
    append, clock, compact, copy_folder, damaged_object, files, said,
    world::{Process, World},
};
use crate::{Place, RemoteStore, Store, StoreSettings, shared::lock};

pub(super) fn spooled(world: &Arc<World>, dir: &Path) -> (StoreSettings, Process) {
    let (direct, process) = world.process();
    let Place::Direct(remote) = direct.place else {
        panic!("a process writes directly");
    };
    let mut settings = StoreSettings::spooled(dir, remote);
    settings.grace_ms = 0;
    settings.garbage_interval_ms = 0;
    settings.poll_interval_ms = 0;
    settings.adopt_after_ms = 0;
    settings.environment.now_ms = clock();
    (settings, process)
}

#[tokio::test]
async fn edits_are_durable_while_the_object_store_is_down_and_come_there_later() {
    let (world, dir) = (World::new(1), tempfile::tempdir().unwrap());
    let (mut settings, _process) = spooled(&world, dir.path());
    settings.seal_age_ms = 1;
    let store = Store::open(settings).await.unwrap();
    lock(&world.weather).is_down = true;
    append(&store, "d", "1").await;
    append(&store, "d", "2").await;
    while !store.status().is_failing {
        tokio::task::yield_now().await;
    }
    assert!(world.names(".seg").await.is_empty());
    lock(&world.weather).is_down = false;
    store.close().await.unwrap();
    assert!(files(dir.path(), ".log").is_empty(), "the spool is empty");
    let other = Store::open(world.process().0).await.unwrap();
    assert_eq!(said(&other.read("d").await.unwrap()), ["1", "2"]);
}

#[tokio::test]
async fn a_killed_process_loses_nothing_of_its_spool() {
    let (world, dir) = (World::new(2), tempfile::tempdir().unwrap());
    let mut expected = Vec::new();
    for round in 0..3 {
        let (mut settings, _process) = spooled(&world, dir.path());
        settings.seal_bytes = 200;
        let store = Store::open(settings).await.unwrap();
        assert_eq!(said(&store.read("d").await.unwrap()), expected);
        for number in 0..20 {
            append(&store, "d", &format!("{round}-{number:02}")).await;
            expected.push(format!("{round}-{number:02}"));
        }
        // Without closing.
        drop(store);
        assert!(!files(dir.path(), ".log").is_empty());
    }
    let node = std::fs::read(dir.path().join("v1/meta/node")).unwrap();
    let (settings, _process) = spooled(&world, dir.path());
    let store = Store::open(settings).await.unwrap();
    assert_eq!(said(&store.read("d").await.unwrap()), expected);
    compact(&store, "d").await;
    store.close().await.unwrap();
    assert_eq!(
        std::fs::read(dir.path().join("v1/meta/node")).unwrap(),
        node
    );
    let other = Store::open(world.process().0).await.unwrap();
    assert_eq!(said(&other.read("d").await.unwrap()), expected);
}

#[tokio::test]
async fn a_spool_with_edits_is_never_emptied_into_another_store() {
    let (world, dir) = (World::new(3), tempfile::tempdir().unwrap());
    let store = Store::open(spooled(&world, dir.path()).0).await.unwrap();
    append(&store, "d", "1").await;
    drop(store);
    let elsewhere = World::new(4);
    let (mut settings, process) = spooled(&elsewhere, dir.path());
    settings.place = Place::Spooled(RemoteStore::new(Arc::new(process), "elsewhere"));
    let error = Store::open(settings.clone()).await.unwrap_err();
    assert_eq!(damaged_object(&error), "v1/meta/place");
    assert!(error.to_string().contains("world"), "{error}");
    let store = Store::open(spooled(&world, dir.path()).0).await.unwrap();
    store.close().await.unwrap();
    // Empty it may go anywhere.
    let store = Store::open(settings).await.unwrap();
    assert!(said(&store.read("d").await.unwrap()).is_empty());
}

#[tokio::test]
async fn a_data_folder_is_no_spool_and_its_open_log_is_not_passed_over() {
    let (world, dir) = (World::new(5), tempfile::tempdir().unwrap());
    let mut settings = super::settings(dir.path());
    settings.seal_bytes = 100;
    let store = Store::open(settings).await.unwrap();
    append(&store, "d", &"1".repeat(100)).await;
    append(&store, "d", "2").await;
    while store.status().segments_sealed == 0 {
        tokio::task::yield_now().await;
    }
    drop(store);
    let error = Store::open(spooled(&world, dir.path()).0)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("not a spool"), "{error}");
    let copy = tempfile::tempdir().unwrap();
    copy_folder(dir.path(), copy.path());
    let options = crate::RemoteOptions {
        url: format!("file://{}", copy.path().display()),
        ..crate::RemoteOptions::default()
    };
    let remote = RemoteStore::connect(&options).unwrap();
    let direct = StoreSettings::direct(remote.clone());
    let error = Store::open(direct).await.unwrap_err();
    assert!(damaged_object(&error).ends_with(".log"), "{error}");
    // Closed cleanly it is an object store like any other.
    let local = super::open(copy.path()).await;
    local.close().await.unwrap();
    let store = Store::open(StoreSettings::direct(remote)).await.unwrap();
    store.append("d", Bytes::from("3")).await.unwrap();
    assert_eq!(store.read("d").await.unwrap().updates.len(), 3);
}
