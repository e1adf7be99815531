//! Several nodes on one prefix.

use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use super::{append, compact, erase::holds, said, world::World};
use crate::{NameAfter, Seen, Store, StoreError, merge, objects::Objects, shared::lock};

async fn node(world: &Arc<World>) -> Store {
    Store::open(world.process().0).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_one_node_acknowledged_the_other_reads() {
    let world = World::new(1);
    let (a, b) = (node(&world).await, node(&world).await);
    for number in 0..5 {
        append(&a, "d", &format!("a{number}")).await;
        append(&b, "d", &format!("b{number}")).await;
        assert_eq!(said(&a.read("d").await.unwrap()).len(), 2 * number + 2);
        assert_eq!(said(&b.read("d").await.unwrap()).len(), 2 * number + 2);
    }
    merge::merge(&a.inner.shared).await.unwrap();
    a.collect_garbage().await.unwrap();
    assert_eq!(said(&b.read("d").await.unwrap()).len(), 10);
    compact(&b, "d").await;
    a.collect_garbage().await.unwrap();
    b.collect_garbage().await.unwrap();
    a.collect_garbage().await.unwrap();
    assert_eq!(said(&a.read("d").await.unwrap()).len(), 10);
    assert_eq!(a.documents(), b.documents());
}

#[tokio::test(start_paused = true)]
async fn two_compactors_at_once_lose_nothing() {
    let world = World::new(2);
    let (a, b) = (node(&world).await, node(&world).await);
    append(&a, "d", "1").await;
    let of_a = a.read("d").await.unwrap();
    append(&b, "d", "2").await;
    let of_b = b.read("d").await.unwrap();
    append(&a, "d", "3").await;
    let (first, second) = tokio::join!(
        a.put_snapshot("d", "1".into(), of_a.basis),
        b.put_snapshot("d", "1,2".into(), of_b.basis)
    );
    first.unwrap();
    second.unwrap();
    for store in [&a, &b] {
        store.collect_garbage().await.unwrap();
        let mut found = said(&store.read("d").await.unwrap());
        found.sort();
        found.dedup();
        assert_eq!(found, ["1", "2", "3"]);
    }
    compact(&a, "d").await;
    for _ in 0..2 {
        a.collect_garbage().await.unwrap();
        b.collect_garbage().await.unwrap();
    }
    let snapshots = world.names(".snap").await.len();
    assert_eq!(snapshots, 2, "the newest two stay");
    assert_eq!(said(&b.read("d").await.unwrap()), ["1", "2", "3"]);
}

/// A compaction and two collections by `other`, right before the reader's next request for `at`.
async fn read_while_another_collects(
    world: &Arc<World>,
    at: &str,
    snapshots_first: bool,
) -> Result<Vec<String>, StoreError> {
    let writer = node(world).await;
    append(&writer, "d", "1").await;
    append(&writer, "d", "2").await;
    merge::merge(&writer.inner.shared).await.unwrap();
    let (mut settings, process) = world.process();
    settings.environment.snapshots_first = snapshots_first;
    let reader = Store::open(settings).await.unwrap();
    let done = Arc::new(Mutex::new(false));
    let noted = Arc::clone(&done);
    process.before(at, async move {
        compact(&writer, "d").await;
        // Retired first, deleted by the next.
        tokio::time::sleep(Duration::from_millis(5)).await;
        writer.collect_garbage().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        writer.collect_garbage().await.unwrap();
        *lock(&noted) = true;
    });
    let read = reader.read("d").await;
    assert!(*lock(&done), "the collection came in between");
    assert!(world.names(".seg").await.is_empty());
    read.map(|document| said(&document))
}

#[tokio::test(start_paused = true)]
async fn a_segment_that_goes_between_the_lists_is_found_in_a_snapshot() {
    let world = World::new(3);
    let read = read_while_another_collects(&world, "v1/doc", false).await;
    assert_eq!(read.unwrap(), ["1", "2"]);
}

/// The order of the lists is what makes reading safe. Turned round, the same moment loses edits;
/// only the ledger still tells that there must have been a snapshot.
#[tokio::test(start_paused = true)]
async fn with_the_lists_the_other_way_round_the_same_moment_loses_edits() {
    let world = World::new(4);
    let read = read_while_another_collects(&world, "v1/wal", true).await;
    let error = read.unwrap_err().to_string();
    assert!(error.contains("a snapshot is missing"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_segment_that_goes_while_it_is_read_starts_the_reading_again() {
    let world = World::new(5);
    let writer = node(&world).await;
    append(&writer, "d", "1").await;
    append(&writer, "d", "2").await;
    merge::merge(&writer.inner.shared).await.unwrap();
    let (settings, process) = world.process();
    let reader = Store::open(settings).await.unwrap();
    let folder = writer.inner.shared.began.folder();
    process.before(&format!("{folder}/"), async move {
        compact(&writer, "d").await;
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            writer.collect_garbage().await.unwrap();
        }
    });
    assert_eq!(said(&reader.read("d").await.unwrap()), ["1", "2"]);
    assert!(world.names(".seg").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dead_process_is_cleaned_up_after_by_any_node_and_only_of_what_is_covered() {
    let world = World::new(6);
    let (settings, process) = world.process();
    let dead = Store::open(settings).await.unwrap();
    for number in 0..3 {
        append(&dead, "covered", &number.to_string()).await;
    }
    append(&dead, "bare", "x").await;
    process.cut();
    let (mut settings, _process) = world.process();
    settings.adopt_after_ms = 600_000;
    let store = Store::open(settings).await.unwrap();
    compact(&store, "covered").await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    for _ in 0..2 {
        assert_eq!(
            store.collect_garbage().await.unwrap().segments,
            0,
            "it may live"
        );
    }
    tokio::time::sleep(Duration::from_secs(601)).await;
    let mut deleted = 0;
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        deleted += store.collect_garbage().await.unwrap().segments;
    }
    assert_eq!(deleted, 3, "the one with the uncovered document stays");
    assert_eq!(said(&store.read("bare").await.unwrap()), ["x"]);
    let again = node(&world).await;
    assert_eq!(said(&again.read("covered").await.unwrap()).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn polling_brings_footers_before_anybody_asks() {
    let world = World::new(7);
    let a = node(&world).await;
    let (mut settings, _process) = world.process();
    settings.poll_interval_ms = 1_000;
    let b = Store::open(settings).await.unwrap();
    append(&a, "d", "1").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(b.documents(), ["d".into()]);
}

/// Objects that hold a text, in whichever form.
async fn holding(world: &Arc<World>, text: &str) -> Vec<String> {
    let objects = Objects::new(Arc::new(world.process().1));
    let mut found = Vec::new();
    for name in world.names("").await {
        if holds(&objects.get(&name).await.unwrap(), text) {
            found.push(name);
        }
    }
    found
}

#[tokio::test(start_paused = true)]
async fn what_one_node_erases_is_gone_for_all_and_from_the_store() {
    const SECRET: &str = "s3cr3t-kQ9vX2mB7w";
    let world = World::new(8);
    let (mut settings, _process) = world.process();
    // The other node lives: its segments are its own to rewrite.
    settings.adopt_after_ms = 600_000;
    let a = Store::open(settings.clone()).await.unwrap();
    let b = Store::open(settings).await.unwrap();
    for store in [&a, &b] {
        append(store, "secret", SECRET).await;
        append(store, "other", "o").await;
        append(store, "secret", SECRET).await;
    }
    merge::merge(&b.inner.shared).await.unwrap();
    append(&b, "secret", SECRET).await;
    compact(&b, "secret").await;
    for store in [&a, &b, &a, &b] {
        tokio::time::sleep(Duration::from_millis(5)).await;
        store.collect_garbage().await.unwrap();
    }
    assert!(holding(&world, SECRET).await.len() >= 4);
    assert!(
        a.erase("secret", NameAfter::Blocked)
            .await
            .unwrap()
            .is_some()
    );
    for store in [&a, &b] {
        let read = store.read("secret").await;
        assert!(matches!(read, Err(StoreError::Erased { .. })), "{read:?}");
        let refused = store.append("secret", "again".into()).await;
        assert!(refused.unwrap_err().to_string().contains("erased"));
        assert_eq!(said(&store.read("other").await.unwrap()), ["o", "o"]);
    }
    // B rewrites its own, and what it merges later has nothing of it.
    append(&b, "other", "o").await;
    merge::merge(&b.inner.shared).await.unwrap();
    for store in [&b, &a, &b, &a] {
        tokio::time::sleep(Duration::from_millis(5)).await;
        store.collect_garbage().await.unwrap();
    }
    assert_eq!(holding(&world, SECRET).await, [""; 0]);
    assert_eq!(holding(&world, "secret").await, [""; 0]);
    for store in [a, b, node(&world).await] {
        assert_eq!(said(&store.read("other").await.unwrap()), ["o", "o", "o"]);
        assert!(store.read("secret").await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn looking_into_a_store_changes_nothing() {
    let world = World::new(9);
    let (settings, process) = world.process();
    let nothing = Store::open_read_only(settings.clone()).await;
    assert!(
        nothing
            .unwrap_err()
            .to_string()
            .contains("no store is here")
    );
    let writer = Store::open(settings).await.unwrap();
    append(&writer, "d", "1").await;
    process.cut();
    let before = (world.names("").await, world.puts.load(Ordering::Relaxed));
    let (settings, _process) = world.process();
    let reader = Store::open_read_only(settings.clone()).await.unwrap();
    assert_eq!(said(&reader.read("d").await.unwrap()), ["1"]);
    assert!(reader.append("d", "2".into()).await.is_err());
    let checked = crate::check_objects(&settings, |_, _| {}).await.unwrap();
    assert_eq!((checked.segments, checked.findings.len()), (1, 0));
    assert!(reader.check_references(&checked).is_empty());
    assert_eq!(
        (world.names("").await, world.puts.load(Ordering::Relaxed)),
        before
    );
}

/// What is new, and what the follower knows then.
async fn follow(store: &Store, seen: &mut Seen) -> Vec<String> {
    store.look().await.unwrap();
    let Some(news) = store.news("d", seen).await.unwrap() else {
        return Vec::new();
    };
    *seen = news.seen;
    let parts = news.snapshots.iter().chain(&news.updates);
    let mut said: Vec<String> = parts
        .flat_map(|part| {
            let text = String::from_utf8(part.to_vec()).unwrap();
            text.split(',').map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    said.sort();
    said
}

#[tokio::test(start_paused = true)]
async fn whoever_follows_a_document_gets_what_others_write_once() {
    let world = World::new(71);
    let (a, b) = (node(&world).await, node(&world).await);
    append(&a, "d", "1").await;
    let mut seen = Seen::from(&b.read("d").await.unwrap().basis);
    assert_eq!(follow(&b, &mut seen).await, [""; 0]);
    append(&a, "d", "2").await;
    append(&a, "other", "x").await;
    append(&b, "d", "mine").await;
    append(&a, "d", "3").await;
    assert_eq!(follow(&b, &mut seen).await, ["2", "3"]);
    let mut arrived = b.arrivals();
    arrived.sort();
    assert_eq!(arrived, ["d".into(), "other".into()]);
    assert!(b.arrivals().is_empty());
    // Merging says nothing new.
    merge::merge(&a.inner.shared).await.unwrap();
    assert_eq!(follow(&b, &mut seen).await, [""; 0]);
    append(&a, "d", "4").await;
    merge::merge(&a.inner.shared).await.unwrap();
    assert_eq!(follow(&b, &mut seen).await, ["4"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_slept_while_the_log_was_deleted_is_told_all() {
    let world = World::new(72);
    let (a, b) = (node(&world).await, node(&world).await);
    append(&a, "d", "1").await;
    let mut seen = Seen::from(&b.read("d").await.unwrap().basis);
    append(&a, "d", "2").await;
    merge::merge(&a.inner.shared).await.unwrap();
    compact(&a, "d").await;
    // The ledger's record, the grace period, and the segments are gone.
    for _ in 0..3 {
        a.collect_garbage().await.unwrap();
        tokio::time::sleep(Duration::from_secs(3_600)).await;
    }
    assert!(world.names(".seg").await.is_empty(), "the log is deleted");
    let told = follow(&b, &mut seen).await;
    assert!(told.contains(&"2".to_owned()), "{told:?}");
    assert_eq!(follow(&b, &mut seen).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn whoever_follows_an_erased_document_hears_of_it() {
    let world = World::new(73);
    let (a, b) = (node(&world).await, node(&world).await);
    append(&a, "d", "1").await;
    let mut seen = Seen::from(&b.read("d").await.unwrap().basis);
    follow(&b, &mut seen).await;
    b.arrivals();
    a.erase("d", NameAfter::Blocked).await.unwrap();
    b.look().await.unwrap();
    assert_eq!(b.arrivals(), ["d".into()]);
    let gone = b.news("d", &seen).await.unwrap_err();
    assert!(matches!(gone, StoreError::Erased { .. }), "{gone}");
}
