//! Whatever is damaged or gone is named, and never served as empty.

use std::path::Path;

use super::{
    append, compact, copy_folder, damaged_object, damaged_part, files, open, said, settings,
};
use crate::{OpenError, Store, StoreError};

/// A store that has one of everything: two epochs, segments, a log, snapshots, a ledger.
async fn everything(dir: &Path) {
    let store = open(dir).await;
    append(&store, "gone", "g1").await;
    append(&store, "gone", "g2").await;
    append(&store, "kept", "k1").await;
    store.close().await.unwrap();
    let store = open(dir).await;
    compact(&store, "gone").await;
    compact(&store, "kept").await;
    assert_eq!(store.collect_garbage().await.unwrap().segments, 1);
    append(&store, "kept", "k2").await;
    append(&store, "other", "o1").await;
    store.close().await.unwrap();
    let store = open(dir).await;
    append(&store, "kept", "k3").await;
    append(&store, "other", "o2").await;
}

const DOCUMENTS: [(&str, &[&str]); 3] = [
    ("gone", &["g1", "g2"]),
    ("kept", &["k1", "k2", "k3"]),
    ("other", &["o1", "o2"]),
];

/// Reads all; the first error's object, or else everything must be there but what `may_lack` says.
async fn outcome(dir: &Path, may_lack: &[&str]) -> Option<String> {
    let store = match Store::open(settings(dir)).await {
        Ok(store) => store,
        Err(OpenError::NewerFormat { .. }) => return Some("v1/meta/format".to_owned()),
        Err(error) => return Some(damaged_object(&error).to_owned()),
    };
    for (name, expected) in DOCUMENTS {
        match store.read(name).await {
            Err(error) => return Some(damaged_part(&error).to_owned()),
            Ok(document) => {
                let found = said(&document);
                let expected: Vec<_> = expected
                    .iter()
                    .filter(|e| found.iter().any(|f| f == *e) || !may_lack.contains(e))
                    .collect();
                assert_eq!(
                    found.iter().collect::<Vec<_>>(),
                    expected,
                    "{name} lost something"
                );
            }
        }
    }
    None
}

fn name_in(dir: &Path, path: &Path) -> String {
    path.strip_prefix(dir)
        .unwrap()
        .to_string_lossy()
        .into_owned()
}

#[tokio::test]
async fn a_flipped_bit_in_any_file_is_reported_with_the_name_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    everything(dir.path()).await;
    assert_eq!(outcome_of_copy(dir.path(), |_| ()).await, None);
    for path in files(dir.path(), "") {
        let name = name_in(dir.path(), &path);
        if name == "lock" {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let is_log = name.ends_with(".log");
        for at in (0..bytes.len()).step_by(1 + bytes.len() / 24) {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << (at % 8);
            let found = outcome_of_copy(dir.path(), |copy| {
                std::fs::write(copy.join(&name), &bad).unwrap();
            })
            .await;
            // The last frame of the last log cannot be told from one that was never finished.
            let tolerated = is_log && found.is_none();
            assert!(
                tolerated || found.as_deref() == Some(&name),
                "{name} at {at}: {found:?}"
            );
        }
    }
}

async fn outcome_of_copy(dir: &Path, change: impl FnOnce(&Path)) -> Option<String> {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(dir, copy.path());
    change(copy.path());
    outcome(copy.path(), &["k3", "o2"]).await
}

#[tokio::test]
async fn a_missing_file_is_reported_and_never_read_as_empty() {
    let dir = tempfile::tempdir().unwrap();
    everything(dir.path()).await;
    for path in files(dir.path(), "") {
        let name = name_in(dir.path(), &path);
        let found = outcome_of_copy(dir.path(), |copy| {
            std::fs::remove_file(copy.join(&name)).unwrap();
        });
        let found = found.await;
        if name == "lock" || name.ends_with(".log") {
            // Nothing can say that the very last log was ever there.
            assert_eq!(found, None);
        } else if name.ends_with(".led") {
            // Only the newest record is named by nothing, and it alone says nothing that the
            // rest does not show: `outcome` has seen that all is there.
            assert!(found.is_none_or(|found| found.starts_with("v1/")));
        } else if name.ends_with(".snap") {
            let folder = name.rsplit_once('/').unwrap().0;
            assert!(
                found.is_some_and(|found| found.starts_with(folder)),
                "{name}"
            );
        } else {
            assert_eq!(found.as_deref(), Some(&*name));
        }
    }
}

#[tokio::test]
async fn a_lost_record_of_what_was_retired_shows_as_the_segment_that_is_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "d", "1").await;
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    compact(&store, "d").await;
    assert_eq!(store.collect_garbage().await.unwrap().segments, 1);
    drop(store);
    std::fs::remove_file(files(dir.path(), ".led").pop().unwrap()).unwrap();
    let error = Store::open(settings(dir.path())).await.unwrap_err();
    assert!(
        damaged_object(&error).ends_with("1-0000000000000001.seg"),
        "{error}"
    );
}

#[tokio::test]
async fn a_damaged_snapshot_is_no_loss_while_the_log_has_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "d", "1").await;
    compact(&store, "d").await;
    append(&store, "d", "2").await;
    compact(&store, "d").await;
    let newest = files(dir.path(), ".snap").pop().unwrap();
    let mut bytes = std::fs::read(&newest).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&newest, bytes).unwrap();
    assert_eq!(said(&store.read("d").await.unwrap()), ["1", "2"]);
}

#[tokio::test]
async fn a_damaged_snapshot_is_an_error_once_the_log_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    everything(dir.path()).await;
    let store = open(dir.path()).await;
    for snapshot in files(dir.path(), ".snap") {
        std::fs::write(&snapshot, b"").unwrap();
    }
    let error = store.read("gone").await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { object, .. } if object.ends_with(".snap")));
}

#[tokio::test]
async fn an_unfinished_last_frame_is_cut_at_any_byte() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "d", "acknowledged").await;
    let log = files(dir.path(), ".log").pop().unwrap();
    let acknowledged = std::fs::metadata(&log).unwrap().len();
    append(&store, "d", "unfinished").await;
    drop(store);
    let bytes = std::fs::read(&log).unwrap();
    for length in acknowledged as usize..bytes.len() {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(dir.path(), copy.path());
        std::fs::write(
            copy.path().join(name_in(dir.path(), &log)),
            &bytes[..length],
        )
        .unwrap();
        let store = open(copy.path()).await;
        assert_eq!(said(&store.read("d").await.unwrap()), ["acknowledged"]);
        append(&store, "d", "later").await;
        drop(store);
        let store = open(copy.path()).await;
        assert_eq!(
            said(&store.read("d").await.unwrap()),
            ["acknowledged", "later"]
        );
    }
}

#[tokio::test]
async fn a_bad_frame_before_good_ones_is_refused_with_its_offset() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for number in 0..3 {
        append(&store, "d", &number.to_string()).await;
    }
    drop(store);
    let log = files(dir.path(), ".log").pop().unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[60] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    let error = Store::open(settings(dir.path())).await.unwrap_err();
    assert_eq!(damaged_object(&error), name_in(dir.path(), &log));
    assert!(error.to_string().contains("at byte 40"), "{error}");
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await.unwrap();
    let lines = "format 2\nsomething new";
    let text = format!("{lines}\ncrc32c {:08x}\n", crc32c::crc32c(lines.as_bytes()));
    std::fs::write(dir.path().join("v1/meta/format"), text).unwrap();
    let error = Store::open(settings(dir.path())).await.unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::NewerFormat {
                found: 2,
                supported: 1
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_log_of_zeros_is_damage_and_not_a_log_that_never_began() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "d", "acknowledged").await;
    drop(store);
    let log = files(dir.path(), ".log").pop().unwrap();
    let length = std::fs::metadata(&log).unwrap().len() as usize;
    std::fs::write(&log, vec![0; length]).unwrap();
    let error = Store::open(settings(dir.path())).await.unwrap_err();
    assert_eq!(damaged_object(&error), name_in(dir.path(), &log));
}

#[tokio::test]
async fn a_copy_made_in_two_runs_opens_although_it_has_an_old_half_of_a_log() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut settings = settings(dir.path());
    settings.seal_bytes = 150;
    let store = Store::open(settings).await.unwrap();
    append(&store, "d", "1").await;
    copy_folder(dir.path(), copy.path());
    for number in 2..9 {
        append(&store, "d", &number.to_string()).await;
    }
    while store.status().segments_sealed == 0 {
        tokio::task::yield_now().await;
    }
    let half = files(copy.path(), ".log").pop().unwrap();
    let bytes = std::fs::read(&half).unwrap();
    copy_folder(dir.path(), copy.path());
    std::fs::write(&half, &bytes[..bytes.len() - 1]).unwrap();
    drop(store);
    let store = open(copy.path()).await;
    assert_eq!(said(&store.read("d").await.unwrap()).len(), 8);
}
