//! Erasing a document for good.
//!
//! First its tombstone becomes durable: from then on no reader and no later start knows the
//! document. Then everything of it goes: its snapshots and versions, its blocks in segments,
//! which are written anew without them, and its name in the ledger. Each step can be repeated, so
//! a crash between any two only leaves work for the next sweep, which every garbage collection
//! begins with.

use std::sync::Arc;

use bytes::Bytes;
use ulid::Ulid;

use crate::{
    StoreError, blobs,
    documents::read_header,
    epochs::Burial,
    garbage,
    interval::Covers,
    ledger::{self, Record, record_object},
    merge,
    names::{DocId, SegmentId, parse_ulid},
    objects::ObjectError,
    refresh::refresh,
    segment,
    shared::{Shared, lock},
    tombstone::{Tombstone, TombstoneId, after},
    versions,
};

/// What may become of an erased document's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameAfter {
    /// Nobody may use it while the tombstone is kept.
    Blocked,
    /// A new document may have it at once.
    Free,
}

/// What an erasure did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Segments that were written anew without the document.
    pub segments: usize,
    /// Snapshots and versions that were deleted.
    pub snapshots: usize,
    /// Ledger records that were written anew.
    pub records: usize,
}

pub(crate) async fn erase(
    shared: &Shared,
    name: &str,
    after: NameAfter,
) -> Result<Option<Erased>, StoreError> {
    if shared.settings.is_shared() {
        refresh(shared).await?;
    }
    // One at a time, and not beside a garbage collection.
    let mut files = shared.records.lock().await;
    let id = DocId::of(name);
    let unavailable = |error: ObjectError| StoreError::Unavailable(error.to_string());
    let burial = Burial::of(shared, id);
    let Some(newest) = newest_of(shared, id).await.map_err(unavailable)? else {
        return Ok(None);
    };
    let tombstone = new_tombstone(shared, id, newest, after);
    let body = Bytes::from(tombstone.encode());
    let put = shared.objects.put_verified(&tombstone.object(), body).await;
    put.map_err(unavailable)?;
    lock(&shared.index).bury(tombstone);
    drop(burial);
    sweep(shared, &mut files)
        .await
        .map(Some)
        .map_err(unavailable)
}

/// The newest thing of a document or of the store that a tombstone must be newer than; `None` if
/// there is nothing of the document.
async fn newest_of(shared: &Shared, id: DocId) -> Result<Option<Ulid>, ObjectError> {
    let listed = shared.objects.list(&id.folder()).await?;
    let index = lock(&shared.index);
    let nothing = listed.is_empty()
        && !index.documents.contains_key(&id)
        && !index.tombstones.has(id)
        && !index.ledger.documents.contains_key(&id);
    if nothing {
        return Ok(None);
    }
    let snapshots = listed.iter().filter_map(|listed| ulid_of(&listed.object));
    let epochs = index.known.iter().map(|(key, _)| key.epoch.ulid());
    let tombstone = index.tombstones.newest(id).map(|t| t.id.ulid);
    let own = [index.own.newest().ulid()];
    Ok(snapshots.chain(epochs).chain(tombstone).chain(own).max())
}

fn new_tombstone(shared: &Shared, document: DocId, newest: Ulid, name: NameAfter) -> Tombstone {
    let now_ms = shared.now_ms();
    Tombstone {
        document,
        id: TombstoneId {
            ulid: after(shared.settings.environment.ulid(), newest),
            node: shared.began.node.clone(),
        },
        created_ms: now_ms,
        blocked_until_ms: match name {
            NameAfter::Blocked => now_ms.saturating_add(shared.settings.tombstone_keep_ms),
            NameAfter::Free => 0,
        },
    }
}

/// The time in the name of a snapshot or version.
fn ulid_of(object: &str) -> Option<Ulid> {
    parse_ulid(object.rsplit('/').next()?.get(..26)?)
}

/// Removes all that is left of erased documents, then the tombstones whose time is over.
pub(crate) async fn sweep(
    shared: &Shared,
    files: &mut ledger::Files,
) -> Result<Erased, ObjectError> {
    let mut erased = Erased::default();
    let has_work = !lock(&shared.index).unswept.is_empty();
    if shared.settings.is_shared() && has_work {
        // What was flushed and is not merged yet would be merged with what is erased now.
        merge::merge(shared).await?;
    }
    let segments = lock(&shared.index).with_erased();
    for segment in segments {
        erased.segments += unless_moved(shared, rewrite_segment(shared, &segment).await)?;
    }
    let unswept = lock(&shared.index).unswept.clone();
    for document in &unswept {
        let deleted = delete_snapshots(shared, *document).await;
        erased.snapshots += unless_moved(shared, deleted)?;
    }
    if shared.settings.is_shared() {
        erased.records = rewrite_shared_ledger(shared, files).await?;
        if !unswept.is_empty() {
            let now_ms = shared.now_ms();
            garbage::collect_superseded(shared, now_ms, now_ms).await?;
        }
    } else {
        erased.records = rewrite_ledger(shared, files).await?;
    }
    lock(&shared.index)
        .unswept
        .retain(|document| !unswept.contains(document));
    delete_expired(shared).await?;
    let deleted = (erased.segments + erased.snapshots) as u64;
    shared.update_status(|status| status.objects_deleted += deleted);
    Ok(erased)
}

/// Where nodes share the objects, another one may be sweeping too; what it took away needs no
/// more work.
fn unless_moved(shared: &Shared, done: Result<usize, ObjectError>) -> Result<usize, ObjectError> {
    match done {
        Err(ObjectError::Missing(_)) if shared.settings.is_shared() => Ok(0),
        done => done,
    }
}

/// Stores a segment without its erased documents, and only then deletes the one with them. A
/// process that lives does that with its own, which it knows by their names.
async fn rewrite_segment(shared: &Shared, id: &Arc<SegmentId>) -> Result<usize, ObjectError> {
    if !garbage::may_collect(shared, &lock(&shared.index), &id.key, shared.now_ms()) {
        return Ok(0);
    }
    let object = id.object();
    let bytes = shared.objects.get(&object).await?;
    let tombstones = lock(&shared.index).tombstones.clone();
    let decoded = segment::decode_footer(&bytes, &bytes, bytes.len() as u64);
    let rewritten = decoded.and_then(|mut footer| {
        footer.id.merged = id.merged;
        segment::without(&bytes, footer, |document| {
            tombstones.erases_epoch(*document, id.key.epoch)
        })
    });
    let (bytes, footer) =
        rewritten.map_err(|problem| ObjectError::Other(format!("{object}: {problem}")))?;
    shared
        .objects
        .put_verified(&footer.id.object(), bytes.into())
        .await?;
    lock(&shared.index).replace_segment(id, &footer);
    shared.objects.delete(&object).await?;
    Ok(1)
}

/// Deletes a document's erased snapshots and versions. While nobody may use the name, nothing of
/// its folder can be anything else.
async fn delete_snapshots(shared: &Shared, document: DocId) -> Result<usize, ObjectError> {
    let blocked = {
        let index = lock(&shared.index);
        index
            .tombstones
            .blocked_until(document, shared.now_ms())
            .is_some()
    };
    let mut deleted = 0;
    for listed in shared.objects.list(&document.folder()).await? {
        if blocked || is_erased(shared, document, &listed.object).await? {
            shared.objects.delete(&listed.object).await?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

async fn is_erased(shared: &Shared, document: DocId, object: &str) -> Result<bool, ObjectError> {
    let Some(ulid) = ulid_of(object) else {
        tracing::warn!(
            object,
            "its name has no time; whether it was erased is not known"
        );
        return Ok(false);
    };
    let erases = |began: Ulid| lock(&shared.index).tombstones.erases(document, began);
    if erases(ulid) {
        return Ok(true);
    }
    if blobs::parse_object(object).is_some() {
        // It is made of nothing older.
        return Ok(false);
    }
    let oldest = if object.starts_with(&document.version_folder()) {
        let header = versions::read_header(shared, object).await?;
        header.ok().and_then(|header| header.oldest)
    } else {
        let header = read_header(shared, object).await?;
        let covers = header.map(|header| header.covers).unwrap_or_default();
        covers.iter().map(|(key, _)| key.epoch).min()
    };
    Ok(oldest.is_some_and(|oldest| erases(oldest.ulid())))
}

/// Writes the ledger anew where it names an erased document, and deletes the records that do.
async fn rewrite_ledger(shared: &Shared, files: &mut ledger::Files) -> Result<usize, ObjectError> {
    let Some((_, record)) = write_without_erased(shared, files).await? else {
        return Ok(0);
    };
    files.replaced.clear();
    for old in &record.replaces {
        shared.objects.delete(&record_object(old)).await?;
    }
    Ok(record.replaces.len())
}

/// The same where other nodes may just now write a record that requires one of the old ones: they
/// stay for the grace period.
async fn rewrite_shared_ledger(
    shared: &Shared,
    files: &mut ledger::Files,
) -> Result<usize, ObjectError> {
    // Nobody learns of a new record while this one is made of those that are known.
    let mut seen = shared.looks.seen.lock().await;
    *files = ledger::Files::of(&seen.records);
    let Some((id, record)) = write_without_erased(shared, files).await? else {
        return Ok(0);
    };
    let replaced = record.replaces.len();
    seen.note(id, record);
    Ok(replaced)
}

/// Writes a record that replaces all others and names no erased document, if one of them does.
async fn write_without_erased(
    shared: &Shared,
    files: &mut ledger::Files,
) -> Result<Option<(ledger::RecordId, Record)>, ObjectError> {
    let Some(mut record) = without_erased(shared) else {
        return Ok(None);
    };
    record.replaces = files
        .live
        .iter()
        .chain(files.replaced.keys())
        .cloned()
        .collect();
    let encoded = record.encode();
    let bytes = encoded.map_err(|problem| ObjectError::Other(problem.to_string()))?;
    let newest = record.replaces.iter().map(|id| id.ulid).max();
    let drawn = shared.settings.environment.ulid();
    let id = ledger::RecordId {
        ulid: newest.map_or(drawn, |newest| after(drawn, newest)),
        node: shared.began.node.clone(),
    };
    shared
        .objects
        .put_verified(&record_object(&id), bytes.into())
        .await?;
    lock(&shared.index).ledger = Record {
        replaces: std::collections::BTreeSet::new(),
        ..record.clone()
    };
    let replaced = std::mem::take(&mut files.live).into_iter();
    files
        .replaced
        .extend(replaced.map(|old| (old, id.created_ms())));
    files.live = [id.clone()].into();
    Ok(Some((id, record)))
}

/// What the ledger says without what it says of erased documents, if it says anything of them.
fn without_erased(shared: &Shared) -> Option<Record> {
    let index = lock(&shared.index);
    let mut record = index.ledger.clone();
    let mut changed = false;
    for document in index.tombstones.documents() {
        let Some((_, covers)) = record.documents.get_mut(&document) else {
            continue;
        };
        let alive = index.tombstones.alive(document, covers);
        changed |= alive != *covers;
        if alive == Covers::default() {
            record.documents.remove(&document);
        } else {
            *covers = alive;
        }
    }
    changed.then_some(record)
}

/// Nothing of the document is left, and no copy of the store may be so old any more.
async fn delete_expired(shared: &Shared) -> Result<(), ObjectError> {
    let now_ms = shared.now_ms();
    let cutoff_ms = now_ms.saturating_sub(shared.settings.tombstone_keep_ms);
    let expired: Vec<Tombstone> = {
        let index = lock(&shared.index);
        let documents = index.tombstones.documents();
        documents
            .filter(|document| index.tombstones.blocked_until(*document, now_ms).is_none())
            .flat_map(|document| index.tombstones.expired(document, cutoff_ms))
            .collect()
    };
    for tombstone in expired {
        shared.objects.delete(&tombstone.object()).await?;
        lock(&shared.index).tombstones.remove(&tombstone);
    }
    Ok(())
}
