//! What a check of all objects finds, and what it does not take for damage.

use std::path::Path;

use super::{append, compact, copy_folder, files, open, settings};
use crate::{CheckedObjects, NameAfter, Severity, Store, check_objects};

async fn check(dir: &Path) -> CheckedObjects {
    check_objects(&settings(dir), |_, _| {}).await.unwrap()
}

/// Objects that are damaged, or the one at which the store does not open or a reference fails.
async fn damaged(dir: &Path) -> Vec<String> {
    let mut checked = check(dir).await;
    match Store::open_read_only(settings(dir)).await {
        Ok(store) => checked.findings.extend(store.check_references(&checked)),
        Err(error) => return vec![super::damaged_object(&error).to_owned()],
    }
    let bad = checked
        .findings
        .into_iter()
        .filter(|f| f.severity == Severity::Damage);
    bad.map(|finding| finding.object).collect()
}

/// A store with an object of every kind.
async fn filled(dir: &Path) {
    for round in 0..3 {
        let store = open(dir).await;
        for name in ["a", "b", "secret"] {
            append(&store, name, &format!("{name}{round}")).await;
        }
        compact(&store, "a").await;
        if round == 1 {
            store.erase("secret", NameAfter::Free).await.unwrap();
        }
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_healthy_store_has_no_findings_while_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let store = open(dir.path()).await;
    append(&store, "a", "more").await;
    let mut last = (0, 0);
    let progress = |done, total| last = (done, total);
    let checked = check_objects(&settings(dir.path()), progress)
        .await
        .unwrap();
    assert_eq!(checked.findings, []);
    assert_eq!(
        (checked.segments, checked.logs, checked.tombstones),
        (3, 1, 1)
    );
    assert_eq!((checked.snapshots, checked.bytes), (3, last.1));
    assert_eq!(last.0, last.1);
    let reader = Store::open_read_only(settings(dir.path())).await.unwrap();
    assert_eq!(reader.check_references(&checked), []);
}

#[tokio::test]
async fn a_changed_byte_in_any_object_is_found_in_that_object() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let store = open(dir.path()).await;
    append(&store, "a", "more").await;
    drop(store);
    for path in files(&dir.path().join("v1"), "") {
        let good = std::fs::read(&path).unwrap();
        let object = path.strip_prefix(dir.path()).unwrap().display().to_string();
        // In a log, what is after the last good frame may be unfinished: change its beginning.
        let positions = if object.ends_with(".log") {
            vec![20]
        } else {
            vec![0, good.len() / 2, good.len() - 1]
        };
        for at in positions {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            std::fs::write(&path, &bad).unwrap();
            let checked = check(dir.path()).await;
            let found: Vec<_> = checked
                .findings
                .iter()
                .map(|f| (f.severity, &*f.object))
                .collect();
            assert_eq!(found, [(Severity::Damage, &*object)], "byte {at}");
        }
        std::fs::write(&path, &good).unwrap();
    }
}

#[tokio::test]
async fn a_missing_segment_or_newest_log_is_found() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let store = open(dir.path()).await;
    append(&store, "b", "in the log only").await;
    append(&store, "a", "too").await;
    compact(&store, "a").await;
    drop(store);
    assert_eq!(damaged(dir.path()).await, [""; 0]);
    for kind in [".seg", ".log"] {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(dir.path(), copy.path());
        let gone = files(copy.path(), kind).pop().unwrap();
        std::fs::remove_file(&gone).unwrap();
        assert_eq!(damaged(copy.path()).await.len(), 1, "{}", gone.display());
    }
}

#[tokio::test]
async fn an_object_in_the_place_of_another_is_found_and_a_foreign_file_is_only_noted() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let store = open(dir.path()).await;
    compact(&store, "b").await;
    store.close().await.unwrap();
    let snapshots = files(dir.path(), ".snap");
    let of = |name: &str| {
        let id = crate::names::DocId::of(name).as_text();
        snapshots
            .iter()
            .find(|path| path.to_string_lossy().contains(&id))
            .unwrap()
    };
    let copied = std::fs::read(of("a")).unwrap();
    std::fs::write(of("b"), copied).unwrap();
    std::fs::write(dir.path().join("v1/README"), "hello").unwrap();
    let checked = check(dir.path()).await;
    let found: Vec<_> = checked
        .findings
        .iter()
        .map(|f| (f.severity, &*f.problem))
        .collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(
        found.iter().filter(|(s, _)| *s == Severity::Note).count(),
        1
    );
    assert!(
        found
            .iter()
            .any(|(_, problem)| problem.contains("another document"))
    );
}

#[tokio::test]
async fn statistics_count_what_each_document_takes() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let store = open(dir.path()).await;
    append(&store, "b", "12345").await;
    let all = store.statistics().await.unwrap();
    let names: Vec<_> = all
        .iter()
        .map(|d| d.name.as_deref().unwrap_or("?"))
        .collect();
    assert_eq!(names, ["a", "b", "secret"]);
    assert_eq!((all[0].snapshots, all[0].log_updates), (3, 3));
    assert_eq!((all[1].snapshots, all[1].log_updates), (0, 4));
    assert_eq!(all[2].log_updates, 1, "what was erased is gone");
    let snapshots = files(dir.path(), ".snap");
    let bytes: u64 = snapshots
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum();
    assert_eq!(all[0].snapshot_bytes, bytes);
    assert!(all[1].log_bytes >= 5 && all[1].bytes() == all[1].log_bytes);
    assert!(all.iter().all(|document| document.stored_ms.is_some()));
}
