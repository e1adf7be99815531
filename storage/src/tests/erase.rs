//! Erased documents: who sees what, what is left on the disk, and crashes between any two steps.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{append, compact, copy_folder, files, open, said, settings};
use crate::{NameAfter, Store, StoreError, names::SegmentId};

/// Text that compression leaves as it is, so that it can be searched for in files.
const SECRET: &str = "s3cr3t-kQ9vX2mB7w";

async fn is_erased(store: &Store, name: &str) -> bool {
    matches!(store.read(name).await, Err(StoreError::Erased { .. }))
}

/// Whether an object holds a text, in whichever form.
pub(super) fn holds(bytes: &[u8], text: &str) -> bool {
    let has = |bytes: &[u8]| bytes.windows(text.len()).any(|p| p == text.as_bytes());
    let mut packed = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, magic)| *magic == [0x28, 0xb5, 0x2f, 0xfd]);
    let unpacks = |at: usize| {
        let mut raw = Vec::new();
        let frame = zstd::stream::read::Decoder::new(&bytes[at..]).map(|d| d.single_frame());
        frame.is_ok_and(|mut frame| std::io::Read::read_to_end(&mut frame, &mut raw).is_ok())
            && has(&raw)
    };
    has(bytes) || packed.any(|(at, _)| unpacks(at))
}

/// Files of the folder that hold a text, in whichever form.
fn holding(dir: &Path, text: &str) -> Vec<String> {
    let found = files(dir, "")
        .into_iter()
        .filter(|path| holds(&std::fs::read(path).unwrap(), text));
    found.map(|path| path.display().to_string()).collect()
}

/// A store with the document "secret" in a log, a segment, two snapshots and the ledger, beside
/// "other"; closed.
async fn filled(dir: &Path) {
    let store = open(dir).await;
    append(&store, "secret", &format!("{SECRET}1")).await;
    store.close().await.unwrap();
    let store = open(dir).await;
    compact(&store, "secret").await;
    store.collect_garbage().await.unwrap();
    store.collect_garbage().await.unwrap();
    append(&store, "secret", &format!("{SECRET}2")).await;
    append(&store, "other", "o1").await;
    compact(&store, "secret").await;
    store.close().await.unwrap();
    let store = open(dir).await;
    append(&store, "other", "o2").await;
    append(&store, "secret", &format!("{SECRET}3")).await;
    drop(store);
    assert!(
        holding(dir, SECRET).len() >= 4,
        "{:?}",
        holding(dir, SECRET)
    );
    assert!(!holding(dir, "secret").is_empty());
}

#[tokio::test]
async fn nothing_of_an_erased_document_is_left_in_any_file() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let store = open(dir.path()).await;
    let erased = store
        .erase("secret", NameAfter::Blocked)
        .await
        .unwrap()
        .unwrap();
    assert!(
        erased.segments >= 2 && erased.snapshots == 2 && erased.records >= 1,
        "{erased:?}"
    );
    assert_eq!(holding(dir.path(), SECRET), [""; 0]);
    assert_eq!(holding(dir.path(), "secret"), [""; 0]);
    assert!(is_erased(&store, "secret").await);
    assert_eq!(store.documents(), ["other".into()]);
    assert_eq!(said(&store.read("other").await.unwrap()), ["o1", "o2"]);
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    assert!(is_erased(&store, "secret").await);
    assert_eq!(said(&store.read("other").await.unwrap()), ["o1", "o2"]);
    compact(&store, "other").await;
    store.collect_garbage().await.unwrap();
    store.collect_garbage().await.unwrap();
    drop(store);
    let store = open(dir.path()).await;
    assert_eq!(said(&store.read("other").await.unwrap()), ["o1", "o2"]);
}

#[tokio::test]
async fn a_crash_between_any_two_steps_erases_all_or_nothing_and_is_finished_later() {
    let filled_dir = tempfile::tempdir().unwrap();
    filled(filled_dir.path()).await;
    let mut crashes = 0;
    for steps in 0.. {
        let dir = tempfile::tempdir().unwrap();
        copy_folder(filled_dir.path(), dir.path());
        let store = open(dir.path()).await;
        let crash = &store.inner.shared.objects.crash.0;
        crash.store(steps, Ordering::SeqCst);
        let result = store.erase("secret", NameAfter::Blocked).await;
        let finished = result.is_ok();
        assert_eq!(is_erased(&store, "secret").await, steps > 0);
        drop(store);

        let store = open(dir.path()).await;
        assert_eq!(said(&store.read("other").await.unwrap()), ["o1", "o2"]);
        if steps == 0 {
            let document = store.read("secret").await.unwrap();
            assert_eq!(said(&document).len(), 3);
        } else {
            assert!(is_erased(&store, "secret").await, "after {steps} steps");
            store.collect_garbage().await.unwrap();
            assert_eq!(holding(dir.path(), SECRET), [""; 0], "after {steps} steps");
            store.collect_garbage().await.unwrap();
            assert_eq!(
                holding(dir.path(), "secret"),
                [""; 0],
                "after {steps} steps"
            );
            assert_eq!(said(&store.read("other").await.unwrap()), ["o1", "o2"]);
        }
        drop(store);
        drop(open(dir.path()).await);
        crashes += usize::from(!finished);
        if finished {
            break;
        }
    }
    assert!(crashes >= 8, "only {crashes} steps");
}

#[tokio::test]
async fn a_running_store_erases_what_is_still_in_its_log_once_that_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path());
    settings.seal_bytes = 1;
    let store = Store::open(settings).await.unwrap();
    append(&store, "other", "o1").await;
    append(&store, "secret", &format!("{SECRET}1")).await;
    store
        .erase("secret", NameAfter::Blocked)
        .await
        .unwrap()
        .unwrap();
    assert!(is_erased(&store, "secret").await);
    let refused = store.append("secret", "more".into()).await.unwrap_err();
    assert!(refused.to_string().contains("erased"), "{refused}");
    append(&store, "other", "o2").await;
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    store.collect_garbage().await.unwrap();
    assert_eq!(holding(dir.path(), SECRET), [""; 0]);
    assert_eq!(said(&store.read("other").await.unwrap()), ["o1", "o2"]);
}

#[tokio::test]
async fn a_name_can_be_used_again_and_has_nothing_of_the_old_document() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let store = open(dir.path()).await;
    store
        .erase("secret", NameAfter::Free)
        .await
        .unwrap()
        .unwrap();
    assert!(said(&store.read("secret").await.unwrap()).is_empty());
    append(&store, "secret", "early").await;
    store.close().await.unwrap();
    for number in 0..3 {
        let store = open(dir.path()).await;
        append(&store, "secret", &format!("new{number}")).await;
        compact(&store, "secret").await;
        store.collect_garbage().await.unwrap();
        store.close().await.unwrap();
    }
    let store = open(dir.path()).await;
    assert_eq!(
        said(&store.read("secret").await.unwrap()),
        ["early", "new0", "new1", "new2"]
    );
    assert_eq!(holding(dir.path(), SECRET), [""; 0]);
}

#[tokio::test]
async fn segments_and_snapshots_that_turn_up_late_are_erased_too() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    open(dir.path()).await.close().await.unwrap();
    let old = tempfile::tempdir().unwrap();
    copy_folder(dir.path(), old.path());
    let store = open(dir.path()).await;
    store
        .erase("secret", NameAfter::Blocked)
        .await
        .unwrap()
        .unwrap();
    store.close().await.unwrap();
    // A backup is put back over the folder, as somebody might who misses a file.
    copy_folder(old.path(), dir.path());
    assert!(!holding(dir.path(), SECRET).is_empty());
    let store = open(dir.path()).await;
    assert!(is_erased(&store, "secret").await);
    store.collect_garbage().await.unwrap();
    assert_eq!(holding(dir.path(), SECRET), [""; 0]);
    assert_eq!(store.documents(), ["other".into()]);
}

#[tokio::test]
async fn a_tombstone_is_kept_for_its_time_and_then_frees_the_name() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let now_ms = Arc::new(AtomicU64::new(1_900_000_000_000));
    let at = |settings: &mut crate::StoreSettings| {
        let clock = Arc::clone(&now_ms);
        settings.environment.now_ms = Arc::new(move || clock.load(Ordering::Relaxed));
    };
    let mut settings = settings(dir.path());
    at(&mut settings);
    let store = Store::open(settings.clone()).await.unwrap();
    store
        .erase("secret", NameAfter::Blocked)
        .await
        .unwrap()
        .unwrap();
    now_ms.fetch_add(settings.tombstone_keep_ms - 1, Ordering::Relaxed);
    store.collect_garbage().await.unwrap();
    assert!(is_erased(&store, "secret").await);
    now_ms.fetch_add(1, Ordering::Relaxed);
    store.collect_garbage().await.unwrap();
    assert_eq!(files(dir.path(), ".tomb").len(), 0);
    assert!(said(&store.read("secret").await.unwrap()).is_empty());
    append(&store, "secret", "new").await;
    drop(store);
    let store = Store::open(settings).await.unwrap();
    assert_eq!(said(&store.read("secret").await.unwrap()), ["new"]);
}

#[tokio::test]
async fn a_clock_that_is_set_back_after_an_erasure_erases_nothing_new() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let store = open(dir.path()).await;
    store
        .erase("secret", NameAfter::Free)
        .await
        .unwrap()
        .unwrap();
    store.close().await.unwrap();
    let mut settings = settings(dir.path());
    settings.environment.now_ms = Arc::new(|| 1_000_000_000_000);
    let store = Store::open(settings.clone()).await.unwrap();
    append(&store, "secret", "new").await;
    compact(&store, "secret").await;
    store.close().await.unwrap();
    let store = Store::open(settings).await.unwrap();
    store.collect_garbage().await.unwrap();
    assert_eq!(said(&store.read("secret").await.unwrap()), ["new"]);
}

#[tokio::test]
async fn a_document_that_never_was_is_not_erased_and_leaves_no_tombstone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "other", "o1").await;
    assert_eq!(
        store.erase("nothing", NameAfter::Blocked).await.unwrap(),
        None
    );
    assert_eq!(files(dir.path(), ".tomb").len(), 0);
}

#[tokio::test]
async fn a_damaged_tombstone_refuses_to_open() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let store = open(dir.path()).await;
    store
        .erase("secret", NameAfter::Blocked)
        .await
        .unwrap()
        .unwrap();
    store.close().await.unwrap();
    let tombstone = files(dir.path(), ".tomb").pop().unwrap();
    let mut bytes = std::fs::read(&tombstone).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&tombstone, bytes).unwrap();
    let error = Store::open(settings(dir.path())).await.unwrap_err();
    assert!(super::damaged_object(&error).ends_with(".tomb"), "{error}");
}

#[tokio::test]
async fn taking_documents_out_in_either_order_gives_the_same_object() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for name in ["a", "b", "c"] {
        append(&store, name, name).await;
    }
    store.close().await.unwrap();
    let other = tempfile::tempdir().unwrap();
    copy_folder(dir.path(), other.path());
    let mut objects = Vec::new();
    for (dir, order) in [(dir.path(), ["a", "b"]), (other.path(), ["b", "a"])] {
        let store = open(dir).await;
        for name in order {
            store
                .erase(name, NameAfter::Blocked)
                .await
                .unwrap()
                .unwrap();
        }
        let index = crate::shared::lock(&store.inner.shared.index);
        let segments: Vec<SegmentId> = index.segments.keys().map(|id| (**id).clone()).collect();
        objects.push(segments);
    }
    assert_eq!(objects[0], objects[1]);
    assert_eq!(objects[0].len(), 1);
}
