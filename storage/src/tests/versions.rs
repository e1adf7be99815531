//! Versions stay, whatever becomes of log and snapshots, until their maker removes them.

use bytes::Bytes;

use super::{append, compact, damaged_part, files, open, settings};
use crate::{
    Basis, NOTE_BYTES_MAX, NameAfter, NewVersion, Severity, Store, StoreError, VersionId,
    check_objects,
};

async fn keep(store: &Store, name: &str, note: &str, body: &str) -> VersionId {
    let version = version(note.to_owned().into(), body.to_owned());
    let basis = store.read(name).await.unwrap().basis;
    store.put_version(name, version, &basis).await.unwrap()
}

fn version(note: Bytes, body: String) -> NewVersion {
    NewVersion {
        note,
        body: body.into(),
        at_ms: None,
    }
}

#[tokio::test]
async fn versions_are_listed_by_age_and_read_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let first = keep(&store, "notes", "first", "one").await;
    let second = keep(&store, "notes", "second", "two").await;
    keep(&store, "other", "", "not here").await;
    let listed = store.versions("notes").await.unwrap();
    let told: Vec<_> = listed
        .iter()
        .map(|version| (version.id.clone(), version.note.clone().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            (first.clone(), Bytes::from("first")),
            (second.clone(), Bytes::from("second"))
        ]
    );
    assert_eq!(
        store.version("notes", &second).await.unwrap(),
        Some((Bytes::from("second"), Bytes::from("two")))
    );
    assert_eq!(store.version("other", &second).await.unwrap(), None);
    assert_eq!(VersionId::parse(&first.to_string()), Some(first.clone()));
    assert!(first.created_ms() <= second.created_ms());
    store.remove_version("notes", &first).await.unwrap();
    store.remove_version("notes", &first).await.unwrap();
    assert_eq!(store.versions("notes").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_version_from_elsewhere_keeps_its_place_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let now = keep(&store, "notes", "now", "body").await;
    let basis = store.read("notes").await.unwrap().basis;
    let mut old = version("then".into(), "older".to_owned());
    old.at_ms = Some(1_500_000_000_123);
    let then = store.put_version("notes", old, &basis).await.unwrap();
    assert_eq!(then.created_ms(), 1_500_000_000_123);
    let listed = store.versions("notes").await.unwrap();
    let ids: Vec<_> = listed.iter().map(|version| &version.id).collect();
    assert_eq!(ids, [&then, &now]);
}

#[tokio::test]
async fn no_collection_and_no_restart_touches_a_version() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let version = keep(&store, "notes", "kept", "body").await;
    for edit in ["a", "b", "c"] {
        append(&store, "notes", edit).await;
        compact(&store, "notes").await;
        store.collect_garbage().await.unwrap();
    }
    store.close().await.unwrap();
    drop(store);
    let store = open(dir.path()).await;
    store.collect_garbage().await.unwrap();
    assert_eq!(
        store.version("notes", &version).await.unwrap(),
        Some((Bytes::from("kept"), Bytes::from("body")))
    );
}

#[tokio::test]
async fn each_flipped_byte_is_noticed_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let version = keep(&store, "notes", "note", "the body of it").await;
    let file = files(dir.path(), ".ver").remove(0);
    let good = std::fs::read(&file).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        std::fs::write(&file, &bad).unwrap();
        let error = store.version("notes", &version).await.unwrap_err();
        assert!(damaged_part(&error).ends_with(".ver"), "byte {at}");
        // The list goes on, and says what is wrong where the header is.
        assert_eq!(store.versions("notes").await.unwrap().len(), 1);
    }
    std::fs::write(&file, &good[..20]).unwrap();
    let listed = store.versions("notes").await.unwrap();
    assert!(listed[0].note.is_err());
    assert!(store.version("notes", &version).await.is_err());
}

#[tokio::test]
async fn a_note_that_is_too_long_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let note = Bytes::from(vec![0; NOTE_BYTES_MAX + 1]);
    let basis = Basis::default();
    let put = store.put_version("notes", version(note, String::new()), &basis);
    let put = put.await;
    assert!(put.is_err());
    let note = Bytes::from(vec![7; NOTE_BYTES_MAX]);
    store
        .put_version("notes", version(note.clone(), String::new()), &basis)
        .await
        .unwrap();
    assert_eq!(store.versions("notes").await.unwrap()[0].note, Ok(note));
}

#[tokio::test]
async fn erasing_a_document_takes_its_versions_and_no_others() {
    for after in [NameAfter::Free, NameAfter::Blocked] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        append(&store, "secret", "a").await;
        let version = keep(&store, "secret", "note", "body").await;
        keep(&store, "other", "note", "body").await;
        let basis = store.read("secret").await.unwrap().basis;
        store.erase("secret", after).await.unwrap();
        assert_eq!(files(dir.path(), ".ver").len(), 1);
        assert_eq!(store.versions("other").await.unwrap().len(), 1);
        // One that was read before and comes only now brings nothing back.
        let late = self::version("late".into(), "body".to_owned());
        let late = store.put_version("secret", late, &basis).await;
        if after == NameAfter::Blocked {
            assert!(matches!(late, Err(StoreError::Erased { .. })));
            assert!(matches!(
                store.version("secret", &version).await,
                Err(StoreError::Erased { .. })
            ));
            continue;
        }
        let late = late.unwrap();
        assert_eq!(store.version("secret", &late).await.unwrap(), None);
        assert_eq!(store.versions("secret").await.unwrap(), []);
        store.close().await.unwrap();
        drop(store);
        let store = open(dir.path()).await;
        store.collect_garbage().await.unwrap();
        assert_eq!(files(dir.path(), ".ver").len(), 1, "swept");
        append(&store, "secret", "new").await;
        keep(&store, "secret", "new", "body").await;
        store.collect_garbage().await.unwrap();
        assert_eq!(store.versions("secret").await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_check_reads_versions_whole_and_statistics_count_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "notes", "a").await;
    keep(&store, "notes", "note", "the body of it").await;
    keep(&store, "only versions", "note", "body").await;
    let statistics = store.statistics().await.unwrap();
    let counted: Vec<_> = statistics
        .iter()
        .map(|of| (of.name.as_deref().unwrap_or("?"), of.versions))
        .collect();
    assert_eq!(counted, [("notes", 1), ("only versions", 1)]);
    assert_eq!(store.count_versions("notes").await.unwrap(), 1);
    let good = check_objects(&settings(dir.path()), |_, _| {})
        .await
        .unwrap();
    assert_eq!((good.versions, good.findings.len()), (2, 0));
    for file in files(dir.path(), ".ver") {
        let bytes = std::fs::read(&file).unwrap();
        let mut bad = bytes.clone();
        *bad.last_mut().unwrap() ^= 1;
        std::fs::write(&file, bad).unwrap();
        let checked = check_objects(&settings(dir.path()), |_, _| {})
            .await
            .unwrap();
        let found: Vec<_> = checked.findings.iter().map(|f| f.severity).collect();
        assert_eq!(found, [Severity::Damage]);
        std::fs::write(&file, bytes).unwrap();
    }
    let [one, other] = <[_; 2]>::try_from(files(dir.path(), ".ver")).unwrap();
    std::fs::copy(one, other).unwrap();
    let checked = check_objects(&settings(dir.path()), |_, _| {})
        .await
        .unwrap();
    assert_eq!(checked.findings.len(), 1, "it is of another document");
}

#[test]
fn only_the_spelling_that_is_written_names_a_version() {
    for text in [
        "",
        "x",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV-n1",
        "../../etc-n1",
        "01arz3ndektsv4rrffq69g5fav",
    ] {
        assert_eq!(VersionId::parse(text), None, "{text}");
    }
    assert!(VersionId::parse("01arz3ndektsv4rrffq69g5fav-n1").is_some());
}
