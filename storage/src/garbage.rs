//! Deleting what verified snapshots make superfluous; nothing else is ever deleted.
//!
//! A segment goes when each of its documents is covered by a verified snapshot; a snapshot goes
//! when a verified newer one descends from it. Both only after the grace period, and a segment
//! only when, for the same time again, the ledger said durably what the snapshots must cover.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    documents::{Found, find_snapshots, load},
    erase,
    index::Index,
    interval::Covers,
    ledger::{Record, record_object},
    names::{DocId, EpochKey, SegmentId, SnapshotId},
    objects::ObjectError,
    recovery::verify_segment,
    refresh,
    sealer::write_record_locked,
    segment::Block,
    shared::{Shared, lock},
};

/// What a collection deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Segments deleted.
    pub segments: usize,
    /// Snapshots deleted.
    pub snapshots: usize,
}

type Candidate = (Arc<SegmentId>, Vec<(DocId, Arc<str>, Block)>);

pub(crate) async fn collect(shared: &Shared) -> Result<Collected, ObjectError> {
    if shared.settings.is_shared() {
        let refreshed = refresh::refresh(shared).await;
        refreshed.map_err(|error| ObjectError::Other(error.to_string()))?;
    }
    // One collection at a time; ledger records wait for it too.
    let mut files = shared.records.lock().await;
    erase::sweep(shared, &mut files).await?;
    let now_ms = shared.now_ms();
    // Well before another process may think that it has ended.
    let left_before_ms = now_ms.saturating_sub(shared.settings.adopt_after_ms / 2);
    lock(&shared.index).own.hand_over(left_before_ms);
    let cutoff_ms = now_ms.saturating_sub(shared.settings.grace_ms);
    let mut record = Record::default();
    let mut looked_up = BTreeSet::new();
    for (segment, documents) in candidates(shared, now_ms, cutoff_ms) {
        let retired = retire(shared, &segment, &documents, cutoff_ms, &mut looked_up).await?;
        let Some(retired) = retired else { continue };
        record
            .retired
            .insert(&segment.key, segment.first, segment.last);
        record.merge(&Record {
            documents: retired,
            ..Record::default()
        });
    }
    if record != Record::default() {
        record.heads = heads_of(shared, &record.retired);
        write_record_locked(shared, &mut files, record).await?;
        lock(&shared.index).mark_retired(now_ms);
    }
    let mut collected = Collected::default();
    for segment in retired_segments(shared, cutoff_ms) {
        lock(&shared.index).retire_segment(&segment);
        shared.objects.delete(&segment.object()).await?;
        collected.segments += 1;
    }
    collected.segments += collect_superseded(shared, now_ms, cutoff_ms).await?;
    let replaced: Vec<_> = files
        .replaced
        .extract_if(.., |_, since_ms| *since_ms <= cutoff_ms)
        .collect();
    for (record, _) in replaced {
        shared.objects.delete(&record_object(&record)).await?;
    }
    collected.snapshots = collect_snapshots(shared, cutoff_ms).await?;
    let deleted = (collected.segments + collected.snapshots) as u64;
    shared.update_status(|status| status.objects_deleted += deleted);
    Ok(collected)
}

/// What there is of the epochs that lose segments: those that stay must not be missed later.
fn heads_of(shared: &Shared, retired: &Covers) -> Covers {
    let mut heads = Covers::default();
    let index = lock(&shared.index);
    for (key, _) in retired.iter() {
        let known = index.known.of(key).map_or(&[][..], |set| set.intervals());
        known
            .iter()
            .for_each(|(first, last)| heads.insert(key, *first, *last));
    }
    heads
}

/// Deletes segments whose entries a larger segment has, which was read back whole, or which the
/// ledger has retired.
pub(crate) async fn collect_superseded(
    shared: &Shared,
    now_ms: u64,
    cutoff_ms: u64,
) -> Result<usize, ObjectError> {
    let old: Vec<(_, Option<(_, bool)>)> = {
        let index = lock(&shared.index);
        let old = index.superseded.iter().filter(|(id, since_ms)| {
            **since_ms <= cutoff_ms && may_collect(shared, &index, &id.key, now_ms)
        });
        let holder = |id| {
            let holder = index.holder_of(id)?;
            let is_own = index.own.has(&holder.key);
            Some((holder, is_own))
        };
        let old = old.map(|(id, _)| (Arc::clone(id), holder(id)));
        old.collect()
    };
    let mut verified = BTreeSet::new();
    let mut deleted = 0;
    for (part, holder) in old {
        let safe = match holder {
            // This process read its own back when it made them.
            Some((holder, is_own)) if is_own || verified.contains(&holder) => true,
            Some((holder, _)) => match verify_segment(&shared.objects, &holder).await {
                Ok(()) => verified.insert(holder),
                Err(error) => {
                    tracing::error!(%error, "a merged segment; its parts stay");
                    false
                }
            },
            None => {
                let index = lock(&shared.index);
                index
                    .ledger
                    .retired
                    .contains(&part.key, part.first, part.last)
            }
        };
        if safe {
            shared.objects.delete(&part.object()).await?;
            lock(&shared.index).superseded.remove(&part);
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// Its own segments are every process's business; those of others when they ended long ago. Two
/// that think so at once do the same twice, which is harmless.
pub(crate) fn may_collect(shared: &Shared, index: &Index, key: &EpochKey, now_ms: u64) -> bool {
    let adopted_ms = index
        .newest_ms(key)
        .saturating_add(shared.settings.adopt_after_ms);
    !shared.settings.is_shared() || index.own.has(key) || adopted_ms <= now_ms
}

fn retired_segments(shared: &Shared, cutoff_ms: u64) -> Vec<Arc<SegmentId>> {
    let index = lock(&shared.index);
    let retired = index.segments.iter().filter(|(_, segment)| {
        segment
            .retired_ms
            .is_some_and(|retired_ms| retired_ms <= cutoff_ms)
    });
    retired.map(|(id, _)| Arc::clone(id)).collect()
}

fn candidates(shared: &Shared, now_ms: u64, cutoff_ms: u64) -> Vec<Candidate> {
    let index = lock(&shared.index);
    let old = index
        .segments
        .iter()
        .filter(|(_, segment)| segment.retired_ms.is_none() && segment.created_ms <= cutoff_ms)
        .filter(|(id, _)| may_collect(shared, &index, &id.key, now_ms));
    old.map(|(id, segment)| {
        let documents = segment.documents.iter().filter_map(|document| {
            let entry = index.documents.get(document)?;
            Some((
                *document,
                Arc::clone(&entry.name),
                entry.blocks.get(id)?.clone(),
            ))
        });
        (Arc::clone(id), documents.collect())
    })
    .collect()
}

/// What the ledger must say of a segment's documents before it may go, if it may.
async fn retire(
    shared: &Shared,
    segment: &SegmentId,
    documents: &[(DocId, Arc<str>, Block)],
    cutoff_ms: u64,
    looked_up: &mut BTreeSet<DocId>,
) -> Result<Option<BTreeMap<DocId, (Arc<str>, Covers)>>, ObjectError> {
    let mut retired = BTreeMap::new();
    for (document, name, block) in documents {
        let mut start = covered_from(shared, *document, segment, block, cutoff_ms);
        if start.is_none() && looked_up.insert(*document) {
            verify_newest(shared, *document, name, cutoff_ms).await?;
            start = covered_from(shared, *document, segment, block, cutoff_ms);
        }
        let Some(start) = start else { return Ok(None) };
        let mut covers = Covers::default();
        covers.insert(&segment.key, start, block.last);
        retired.insert(*document, (Arc::clone(name), covers));
    }
    Ok(Some(retired))
}

/// Where the interval begins with which a verified, old enough snapshot covers a block.
/// Requiring that whole interval of later snapshots is no loss, since each covers what its
/// parents did, and it keeps the ledger at one interval per epoch and document.
fn covered_from(
    shared: &Shared,
    document: DocId,
    segment: &SegmentId,
    block: &Block,
    cutoff_ms: u64,
) -> Option<u64> {
    let index = lock(&shared.index);
    let verified = &index.documents.get(&document)?.verified;
    let old_enough = verified
        .iter()
        .filter(|(id, _)| id.created_ms() <= cutoff_ms);
    old_enough
        .filter_map(|(_, covers)| covers.of(&segment.key)?.around(block.first, block.last))
        .map(|(start, _)| start)
        .min()
}

/// Reads and verifies the newest snapshot of a document that is old enough.
async fn verify_newest(
    shared: &Shared,
    document: DocId,
    name: &str,
    cutoff_ms: u64,
) -> Result<(), ObjectError> {
    let found = match find_snapshots(shared, document).await {
        // Another node deletes here just now; the next collection sees what is left.
        Err(ObjectError::Missing(_)) if shared.settings.is_shared() => return Ok(()),
        found => found?,
    };
    let newest = found
        .iter()
        .rev()
        .find(|f| f.header.is_ok() && f.id.created_ms() <= cutoff_ms);
    let Some(newest) = newest else { return Ok(()) };
    match load(shared, name, &newest.object).await? {
        Ok((header, _)) => {
            let covers = Arc::new(header.covers);
            lock(&shared.index).snapshot_verified(document, name, newest.id.clone(), covers);
        }
        Err(problem) => tracing::error!(object = newest.object, problem, "damaged snapshot"),
    }
    Ok(())
}

async fn collect_snapshots(shared: &Shared, cutoff_ms: u64) -> Result<usize, ObjectError> {
    // Taken out first, so that snapshots stored meanwhile are looked at the next time.
    let known = lock(&shared.index).snapshotted.as_mut().map(std::mem::take);
    let documents = match known {
        Some(documents) => documents,
        None => {
            let documents = list_documents(shared).await?;
            lock(&shared.index).snapshotted.get_or_insert_default();
            documents
        }
    };
    let collected = collect_from(shared, &documents, cutoff_ms).await;
    let again = collected.as_ref().map_or(&documents, |(_, again)| again);
    lock(&shared.index)
        .snapshotted
        .get_or_insert_default()
        .extend(again);
    collected.map(|(deleted, _)| deleted)
}

async fn collect_from(
    shared: &Shared,
    documents: &BTreeSet<DocId>,
    cutoff_ms: u64,
) -> Result<(usize, BTreeSet<DocId>), ObjectError> {
    let (mut deleted, mut again) = (0, BTreeSet::new());
    for document in documents {
        let looked = async {
            let found = find_snapshots(shared, *document).await?;
            let superfluous = superfluous(shared, &found, cutoff_ms).await?;
            Ok((found.len(), superfluous))
        };
        let (found, superfluous) = match looked.await {
            // Another node deletes here just now.
            Err(ObjectError::Missing(_)) if shared.settings.is_shared() => {
                again.insert(*document);
                continue;
            }
            looked => looked?,
        };
        if found - superfluous.len() > shared.settings.snapshots_kept_min {
            again.insert(*document);
        }
        // Oldest first: what stays always names what it descends from.
        for snapshot in superfluous {
            shared.objects.delete(&snapshot).await?;
            deleted += 1;
        }
    }
    Ok((deleted, again))
}

async fn list_documents(shared: &Shared) -> Result<BTreeSet<DocId>, ObjectError> {
    let listed = shared.objects.list("v1/doc").await?;
    Ok(listed
        .iter()
        .filter_map(|listed| DocId::of_object(&listed.object))
        .collect())
}

/// Snapshots from which a verified newer one descends, oldest first.
async fn superfluous(
    shared: &Shared,
    found: &[Found],
    cutoff_ms: u64,
) -> Result<Vec<String>, ObjectError> {
    let old = found
        .len()
        .saturating_sub(shared.settings.snapshots_kept_min);
    let old = found.get(..old).unwrap_or_default();
    let old: Vec<_> = old
        .iter()
        .filter(|f| f.id.created_ms() <= cutoff_ms)
        .collect();
    if old.is_empty() {
        return Ok(Vec::new());
    }
    let good: BTreeMap<&SnapshotId, _> = found
        .iter()
        .filter_map(|f| Some((&f.id, f.header.as_ref().ok()?)))
        .collect();
    let Some((newest, header)) = good.last_key_value() else {
        return Ok(Vec::new());
    };
    let Some(object) = found.iter().find(|f| f.id == **newest) else {
        return Ok(Vec::new());
    };
    let Ok((verified, _)) = load(shared, &header.name, &object.object).await? else {
        return Ok(Vec::new());
    };
    let mut ancestors = BTreeSet::new();
    let mut next: Vec<&SnapshotId> = header.parents.iter().collect();
    while let Some(ancestor) = next.pop() {
        if ancestors.insert(ancestor) {
            next.extend(good.get(ancestor).iter().flat_map(|header| &header.parents));
        }
    }
    let replaced = old.into_iter().filter(|f| {
        let covers = f.header.as_ref().map(|header| &header.covers);
        ancestors.contains(&f.id)
            && covers.is_ok_and(|covers| verified.covers.missing_from(covers).is_none())
    });
    Ok(replaced.map(|found| found.object.clone()).collect())
}
