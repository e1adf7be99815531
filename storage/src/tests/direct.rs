//! Writing straight to an object store: what is acknowledged, and what happens when it fails.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;

use super::{
    append, compact, damaged_object, said,
    world::{Weather, World},
};
use crate::{
    AppendError, Store,
    frame::LogEntry,
    merge,
    names::WalObject,
    objects::Objects,
    segment::{self, Making},
    shared::lock,
};

/// The hands of an operator.
fn objects(world: &Arc<World>) -> Objects {
    Objects::new(Arc::new(world.process().1))
}

fn now(
    store: &Store,
    name: &str,
    update: &str,
) -> impl Future<Output = Result<(), AppendError>> + use<> {
    store.append(name, Bytes::from(update.to_owned()))
}

#[tokio::test(start_paused = true)]
async fn one_request_makes_all_documents_of_a_node_durable() {
    let world = World::new(1);
    let (settings, process) = world.process();
    let store = Store::open(settings).await.unwrap();
    let before = world.puts.load(Ordering::Relaxed);
    let appends: Vec<_> = (0..100)
        .map(|number| now(&store, &format!("d{number}"), "x"))
        .collect();
    for append in appends {
        append.await.unwrap();
    }
    assert_eq!(world.puts.load(Ordering::Relaxed) - before, 1);
    process.cut();
    let store = Store::open(world.process().0).await.unwrap();
    assert_eq!(store.documents().len(), 100);
    assert_eq!(said(&store.read("d7").await.unwrap()), ["x"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_acknowledged_while_the_store_is_down_and_all_of_it_when_it_is_back() {
    let world = World::new(2);
    let (mut settings, _process) = world.process();
    settings.queue_bytes_max = 20_000;
    let store = Store::open(settings).await.unwrap();
    append(&store, "d", "before").await;
    lock(&world.weather).is_down = true;
    let waiting: Vec<_> = (0..300)
        .map(|_| Box::pin(now(&store, "d", &"x".repeat(100))))
        .collect();
    let last = waiting.len() - 1;
    tokio::time::sleep(Duration::from_secs(120)).await;
    let status = store.status();
    assert!(
        status.is_failing && status.queue_bytes <= 20_000,
        "{status:?}"
    );
    assert!(status.requests.retried_count > 20, "{status:?}");
    assert_eq!(status.appended_count, 1);
    lock(&world.weather).is_down = false;
    let (mut durable, mut refused) = (0, 0);
    for (at, append) in waiting.into_iter().enumerate() {
        match append.await {
            Ok(()) => durable += 1,
            Err(error) => {
                assert_eq!(error, AppendError::Unavailable("queue full".to_owned()));
                refused += 1;
                assert!(at > 10);
            }
        }
    }
    assert!(durable > 10 && refused > 0 && durable + refused == last + 1);
    assert!(!store.status().is_failing);
    let other = Store::open(world.process().0).await.unwrap();
    assert_eq!(said(&other.read("d").await.unwrap()).len(), durable + 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_second_object() {
    let world = World::new(3);
    let store = Store::open(world.process().0).await.unwrap();
    lock(&world.weather).loses_answers = 700;
    for number in 0..10 {
        append(&store, "d", &number.to_string()).await;
    }
    *lock(&world.weather) = Weather::default();
    assert_eq!(world.names(".seg").await.len(), 10);
    assert!(store.status().requests.retried_count > 0);
    let other = Store::open(world.process().0).await.unwrap();
    assert_eq!(said(&other.read("d").await.unwrap()).len(), 10);
}

/// Two flushes on their way, of which the first does not arrive.
async fn a_hole(world: &Arc<World>) {
    let (settings, process) = world.process();
    let store = Store::open(settings).await.unwrap();
    append(&store, "d", "1").await;
    let down = Weather {
        is_down: true,
        ..Weather::default()
    };
    let weather = Arc::clone(world);
    process.before("v1/wal", async move { *lock(&weather.weather) = down });
    let mut lost = Box::pin(now(&store, "d", "lost"));
    // Until its first attempt fails.
    while !store.status().is_failing {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let weather = Arc::clone(world);
    let up = async move { *lock(&weather.weather) = Weather::default() };
    let last = "0000000000000003-0000000000000003";
    let segment = format!("{}/{last}", store.inner.shared.began.folder());
    process.before(&segment, up);
    let mut stored = Box::pin(now(&store, "d", "stored"));
    // The third entry's segment arrives; then the process dies before the second's does.
    let gone = process.clone();
    while world.names(&format!("{last}.seg")).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    gone.cut();
    assert!(futures_util::poll!(&mut lost).is_pending());
    assert!(
        futures_util::poll!(&mut stored).is_pending(),
        "nothing is acknowledged before what came before it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_hole_that_was_never_acknowledged_does_not_close_the_store() {
    let world = World::new(4);
    a_hole(&world).await;
    for _ in 0..2 {
        let store = Store::open(world.process().0).await.unwrap();
        assert_eq!(said(&store.read("d").await.unwrap()), ["1", "stored"]);
        // The hole stays out of what the snapshot covers, for the segment may still arrive.
        compact(&store, "d").await;
        store.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_lands_after_its_process_died_is_read() {
    let world = World::new(5);
    a_hole(&world).await;
    let store = Store::open(world.process().0).await.unwrap();
    compact(&store, "d").await;
    let third = world.names("0000000000000003-0000000000000003.seg").await;
    let Some(WalObject::Segment(mut id)) = WalObject::parse(&third[0]) else {
        panic!("not a segment's name");
    };
    (id.first, id.last) = (2, 2);
    let late = [LogEntry {
        seq: 2,
        name: "d".into(),
        update: "late".into(),
    }];
    let made = segment::make(&Making {
        key: &id.key,
        entries: &late,
        created_ms: 1,
        merged: false,
        durable: Some(1),
    });
    let objects = objects(&world);
    objects
        .put(&id.object(), made.unwrap().0.into())
        .await
        .unwrap();
    let mut found = said(&store.read("d").await.unwrap());
    found.sort();
    assert_eq!(found, ["1", "late", "stored"]);
}

#[tokio::test(start_paused = true)]
async fn a_hole_that_was_acknowledged_closes_the_store_and_is_named() {
    let world = World::new(6);
    let (settings, process) = world.process();
    let store = Store::open(settings).await.unwrap();
    for number in 0..4 {
        append(&store, "d", &number.to_string()).await;
    }
    process.cut();
    let segments = world.names(".seg").await;
    let (lost, last) = (&segments[1], &segments[3]);
    let objects = objects(&world);
    let bytes = objects.get(lost).await.unwrap();
    objects.delete(lost).await.unwrap();
    let error = Store::open(world.process().0).await.unwrap_err();
    assert_eq!(damaged_object(&error), lost);
    objects.put(lost, bytes).await.unwrap();
    let store = Store::open(world.process().0).await.unwrap();
    assert_eq!(said(&store.read("d").await.unwrap()).len(), 4);
    // The newest one of a process that did not close: once another has seen it, it is missed too.
    objects.delete(last).await.unwrap();
    let error = Store::open(world.process().0).await.unwrap_err();
    assert_eq!(damaged_object(&error), last);
}

#[tokio::test(start_paused = true)]
async fn small_segments_become_one_and_go_after_the_grace() {
    let world = World::new(7);
    let (mut settings, process) = world.process();
    settings.grace_ms = 60_000;
    let store = Store::open(settings.clone()).await.unwrap();
    for number in 0..20 {
        append(&store, "d", &format!("{number:02}")).await;
    }
    assert_eq!(world.names(".seg").await.len(), 20);
    merge::merge(&store.inner.shared).await.unwrap();
    assert_eq!(store.status().unmerged_bytes, 0);
    let segments = world.names(".seg").await;
    assert_eq!(segments.len(), 21);
    assert!(segments[20].ends_with("0000000000000014_0000000000000014.seg"));
    assert_eq!(store.collect_garbage().await.unwrap().segments, 0);
    append(&store, "d", "20").await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(store.collect_garbage().await.unwrap().segments, 20);
    assert_eq!(said(&store.read("d").await.unwrap()).len(), 21);
    process.cut();
    let store = Store::open(world.process().0).await.unwrap();
    assert_eq!(said(&store.read("d").await.unwrap()).len(), 21);
}

#[tokio::test(start_paused = true)]
async fn a_clean_close_merges_and_says_how_far_it_went() {
    let world = World::new(8);
    let store = Store::open(world.process().0).await.unwrap();
    for number in 0..3 {
        append(&store, "d", &number.to_string()).await;
    }
    let queued = now(&store, "d", "queued");
    store.close().await.unwrap();
    queued.await.unwrap();
    assert!(now(&store, "d", "late").await.is_err());
    let segments = world.names("_0000000000000004.seg").await;
    assert_eq!(segments.len(), 1, "{segments:?}");
    // Everything of the epoch is in the ledger now: not even its newest segments may go unnoticed.
    let objects = objects(&world);
    for segment in world.names(".seg").await {
        objects.delete(&segment).await.unwrap();
    }
    let error = Store::open(world.process().0).await.unwrap_err();
    assert!(damaged_object(&error).ends_with(".seg"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn closing_while_the_store_is_down_ends_and_says_so() {
    let world = World::new(9);
    let store = Store::open(world.process().0).await.unwrap();
    append(&store, "d", "safe").await;
    lock(&world.weather).is_down = true;
    let queued = now(&store, "d", "queued");
    assert!(store.close().await.is_err());
    assert!(queued.await.is_err());
}
