//! Tests of the crate as a whole, and what they share.

#![allow(clippy::unwrap_used)]

mod basics;
mod commits;
mod damage;
mod direct;
mod erase;
mod faults;
mod formats;
mod fsck;
mod garbage;
mod golden;
mod model;
mod nodes;
mod reader;
mod real;
mod reuse;
mod simulation;
mod spool;
mod versions;
mod world;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;

use crate::{OpenError, Store, StoreError, StoreSettings, StoredDocument};

/// Settings without timers, without grace, and with a clock that only tests move.
fn settings(dir: &Path) -> StoreSettings {
    let mut settings = StoreSettings::new(dir);
    settings.garbage_interval_ms = 0;
    settings.grace_ms = 0;
    settings.log_keep_ms = 0;
    settings.commit_interval_ms = 0;
    settings.environment.now_ms = clock();
    settings
}

/// A clock that ticks once for each look at it.
fn clock() -> Arc<dyn Fn() -> u64 + Send + Sync> {
    static NOW_MS: AtomicU64 = AtomicU64::new(1_700_000_000_000);
    Arc::new(|| NOW_MS.fetch_add(1, Ordering::Relaxed))
}

async fn open(dir: &Path) -> Store {
    Store::open(settings(dir)).await.unwrap()
}

async fn append(store: &Store, name: &str, update: &str) {
    store
        .append(name, Bytes::from(update.to_owned()))
        .await
        .unwrap();
}

/// Everything a document says: snapshot bodies hold updates joined by commas.
fn said(document: &StoredDocument) -> Vec<String> {
    let parts = document.snapshots.iter().chain(&document.updates);
    let text = parts.map(|part| String::from_utf8(part.to_vec()).unwrap());
    text.flat_map(|part| part.split(',').map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// Merges a document into a snapshot, as the server's compaction does.
async fn compact(store: &Store, name: &str) {
    let document = store.read(name).await.unwrap();
    let mut all = said(&document);
    all.sort();
    all.dedup();
    let body = Bytes::from(all.join(","));
    store
        .put_snapshot(name, body, document.basis)
        .await
        .unwrap();
}

/// All files below a folder whose path ends so.
fn files(dir: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, suffix));
        } else if path.to_string_lossy().ends_with(suffix) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else if let Err(error) = std::fs::copy(entry.path(), target) {
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
        }
    }
}

fn damaged_object(error: &OpenError) -> &str {
    match error {
        OpenError::Damaged { object, .. } => object,
        other => panic!("not damage: {other}"),
    }
}

fn damaged_part(error: &StoreError) -> &str {
    match error {
        StoreError::Damaged { object, .. } => object,
        other => panic!("not damage: {other}"),
    }
}
