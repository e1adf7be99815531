//! Random operations against a plain map, with crashes that cut the newest log anywhere after
//! what was acknowledged.

use std::{collections::BTreeMap, path::Path};

use proptest::prelude::*;

use super::{append, compact, copy_folder, files, said, settings};
use crate::{Store, StoreSettings};

#[derive(Debug, Clone)]
enum Operation {
    Append(u8),
    Compact(u8),
    CollectGarbage,
    Close,
    /// The process dies; an unacknowledged write leaves this many bytes of junk or zeros.
    Crash {
        junk: Vec<u8>,
    },
    /// The process dies having sealed, but not removed, its log.
    CrashBetweenSealAndRemove,
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        8 => (0_u8..3).prop_map(Operation::Append),
        3 => (0_u8..3).prop_map(Operation::Compact),
        2 => Just(Operation::CollectGarbage),
        1 => Just(Operation::Close),
        1 => prop::collection::vec(any::<u8>(), 0..60).prop_map(|junk| Operation::Crash { junk }),
        1 => Just(Operation::CrashBetweenSealAndRemove),
    ]
}

fn model_settings(dir: &Path) -> StoreSettings {
    let mut settings = settings(dir);
    settings.seal_bytes = 150;
    settings
}

async fn check(store: &Store, expected: &BTreeMap<u8, Vec<String>>) {
    for (document, updates) in expected {
        let mut found = said(&store.read(&document.to_string()).await.unwrap());
        found.sort();
        assert_eq!(&found, updates, "document {document}");
    }
    assert_eq!(store.documents().len(), expected.len());
}

async fn run(operations: Vec<Operation>) {
    let mut dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(model_settings(dir.path())).await.unwrap();
    let mut expected: BTreeMap<u8, Vec<String>> = BTreeMap::new();
    for (number, operation) in operations.into_iter().enumerate() {
        match operation {
            Operation::Append(document) => {
                let update = format!("{number:05}");
                append(&store, &document.to_string(), &update).await;
                expected.entry(document).or_default().push(update);
            }
            Operation::Compact(document) if expected.contains_key(&document) => {
                compact(&store, &document.to_string()).await;
            }
            Operation::Compact(_) => {}
            Operation::CollectGarbage => {
                store.collect_garbage().await.unwrap();
            }
            Operation::Close => {
                store.close().await.unwrap();
                store = Store::open(model_settings(dir.path())).await.unwrap();
            }
            Operation::Crash { junk } => {
                let copy = tempfile::tempdir().unwrap();
                drop(store);
                copy_folder(dir.path(), copy.path());
                // Names sort by epoch, then by the first entry.
                let newest = files(copy.path(), ".log").pop().unwrap();
                let mut bytes = std::fs::read(&newest).unwrap();
                bytes.extend(junk);
                std::fs::write(newest, bytes).unwrap();
                dir = copy;
                store = Store::open(model_settings(dir.path())).await.unwrap();
            }
            Operation::CrashBetweenSealAndRemove => {
                drop(store);
                let copy = tempfile::tempdir().unwrap();
                copy_folder(dir.path(), copy.path());
                let store_once = Store::open(model_settings(dir.path())).await.unwrap();
                drop(store_once);
                // The segments of the reopened store, and the logs of before.
                for log in files(copy.path(), ".log") {
                    let back = dir.path().join(log.strip_prefix(copy.path()).unwrap());
                    std::fs::create_dir_all(back.parent().unwrap()).unwrap();
                    std::fs::copy(log, back).unwrap();
                }
                store = Store::open(model_settings(dir.path())).await.unwrap();
            }
        }
        check(&store, &expected).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn acknowledged_updates_survive_any_history(
        operations in prop::collection::vec(operation(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(operations));
    }
}
