//! Reading a document and storing its snapshots.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use crate::{
    Basis, StoreError, StoredDocument,
    index::View,
    interval::Covers,
    names::{DocId, EpochKey, SegmentId, SnapshotId},
    objects::ObjectError,
    refresh::refresh,
    retry::backoff,
    segment::{self, Block},
    shared::{Shared, lock},
    snapshot::{self, Contents, Header},
};

/// Readings that garbage collection may disturb before it counts as an error.
const ATTEMPTS: u32 = 5;
/// The same where lists may lag behind: with the waits between them some six seconds.
const ATTEMPTS_SHARED: u32 = 7;
/// Blocks of one document read at the same time.
const PARALLEL: usize = 16;

/// A snapshot and what was found of it.
pub(crate) struct Found {
    pub(crate) id: SnapshotId,
    pub(crate) object: String,
    pub(crate) header: Result<Header, String>,
}

enum Failed {
    /// Something listed was gone when it was read.
    Moved(String),
    Final(StoreError),
}

impl From<ObjectError> for Failed {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Missing(object) => Self::Moved(object),
            ObjectError::Cut(object) => Self::Final(damaged(object, "cut short")),
            other => Self::Final(StoreError::Unavailable(other.to_string())),
        }
    }
}

fn damaged(object: impl Into<String>, problem: impl Into<String>) -> StoreError {
    StoreError::Damaged {
        object: object.into(),
        problem: problem.into(),
    }
}

pub(crate) async fn read(shared: &Shared, name: &str) -> Result<StoredDocument, StoreError> {
    refuse_erased(shared, DocId::of(name))?;
    let mut moved = String::new();
    let attempts = match shared.settings.is_shared() {
        true => ATTEMPTS_SHARED,
        false => ATTEMPTS,
    };
    for attempt in 0..attempts {
        if attempt > 0 && shared.settings.is_shared() {
            let random = (shared.settings.environment.random)();
            tokio::time::sleep(backoff(attempt, random)).await;
        }
        match read_once(shared, name).await {
            Ok(document) => return Ok(document),
            Err(Failed::Final(error)) => return Err(error),
            Err(Failed::Moved(object)) => moved = object,
        }
    }
    Err(damaged(moved, "missing, though the store's index names it"))
}

pub(crate) fn refuse_erased(shared: &Shared, id: DocId) -> Result<(), StoreError> {
    match lock(&shared.index)
        .tombstones
        .blocked_until(id, shared.now_ms())
    {
        Some(until_ms) => Err(StoreError::Erased { until_ms }),
        None => Ok(()),
    }
}

/// The log's index first, the snapshots second: an entry that the first look misses was deleted
/// because of a snapshot that the second then sees.
async fn read_once(shared: &Shared, name: &str) -> Result<StoredDocument, Failed> {
    let id = DocId::of(name);
    #[cfg(test)]
    let too_early = match shared.settings.environment.snapshots_first {
        true => Some(find_snapshots(shared, id).await?),
        false => None,
    };
    if shared.settings.is_shared() {
        refresh(shared).await.map_err(Failed::Final)?;
        refuse_erased(shared, id).map_err(Failed::Final)?;
    }
    let view = lock(&shared.index).view(id);
    #[cfg(not(test))]
    let mut found = find_snapshots(shared, id).await?;
    #[cfg(test)]
    let mut found = match too_early {
        Some(found) => found,
        None => find_snapshots(shared, id).await?,
    };
    let bodies = load_newest(shared, name, id, &mut found).await?;
    let mut covers = Covers::default();
    bodies
        .iter()
        .for_each(|(_, header, _)| covers.merge(&header.covers));
    check_complete(id, &view, &covers, &found)?;
    let updates = read_updates(shared, name, &view, &covers).await?;
    covers.merge(&view.reach);
    let parents = bodies.iter().map(|(id, ..)| id.clone()).collect();
    Ok(StoredDocument {
        snapshots: bodies.into_iter().map(|(.., body)| body).collect(),
        updates,
        basis: Basis {
            document: Some(id),
            covers,
            parents,
        },
    })
}

/// All snapshots of a document but erased ones, oldest first, with their headers.
pub(crate) async fn find_snapshots(shared: &Shared, id: DocId) -> Result<Vec<Found>, ObjectError> {
    let mut found = Vec::new();
    for listed in shared.objects.list(&id.snapshot_folder()).await? {
        let file = listed.object.rsplit('/').next().unwrap_or_default();
        let Some(snapshot) = SnapshotId::from_file(file) else {
            tracing::warn!(object = listed.object, "not a snapshot's name; ignored");
            continue;
        };
        let header = read_header(shared, &listed.object).await?;
        found.push(Found {
            id: snapshot,
            object: listed.object,
            header,
        });
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    let index = lock(&shared.index);
    found.retain(
        |Found {
             id: snapshot,
             header,
             ..
         }| {
            let covers = header.as_ref().ok().map(|header| &header.covers);
            !index.tombstones.erases_snapshot(id, snapshot, covers)
        },
    );
    Ok(found)
}

pub(crate) async fn read_header(
    shared: &Shared,
    object: &str,
) -> Result<Result<Header, String>, ObjectError> {
    let start = snapshot::KIND.read_start(shared, object).await?;
    Ok(start
        .and_then(|start| snapshot::decode_header(&start).map_err(|problem| problem.to_string())))
}

type Loaded = (SnapshotId, Header, Bytes);

/// Loads the snapshots that no other good one replaces. One that turns out damaged is marked so,
/// which brings its parents back.
async fn load_newest(
    shared: &Shared,
    name: &str,
    id: DocId,
    found: &mut [Found],
) -> Result<Vec<Loaded>, ObjectError> {
    loop {
        let replaced: BTreeSet<&SnapshotId> = found
            .iter()
            .filter_map(|f| f.header.as_ref().ok())
            .flat_map(|h| &h.parents)
            .collect();
        let newest: Vec<usize> = (0..found.len())
            .filter(|&at| {
                found
                    .get(at)
                    .is_some_and(|f| f.header.is_ok() && !replaced.contains(&f.id))
            })
            .collect();
        let mut loaded = Vec::new();
        let mut bad = None;
        for at in newest {
            let Some(snapshot) = found.get(at) else {
                continue;
            };
            match load(shared, name, &id.snapshot_object(&snapshot.id)).await? {
                Ok((header, body)) => loaded.push((snapshot.id.clone(), header, body)),
                Err(problem) => bad = Some((at, problem)),
            }
        }
        match bad.and_then(|(at, problem)| Some((found.get_mut(at)?, problem))) {
            Some((snapshot, problem)) => snapshot.header = Err(problem),
            None => return Ok(loaded),
        }
    }
}

/// Reads and verifies one snapshot.
pub(crate) async fn load(
    shared: &Shared,
    name: &str,
    object: &str,
) -> Result<Result<(Header, Bytes), String>, ObjectError> {
    let bytes = shared.objects.get(object).await?;
    let decoded = blocking(move || snapshot::decode(&bytes)).await?;
    Ok(match decoded {
        Ok((header, _)) if header.name != name => Err("it is of another document".to_owned()),
        other => other.map_err(|problem| problem.to_string()),
    })
}

/// Runs what takes a processor for long away from the runtime's workers.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ObjectError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ObjectError::Other(error.to_string()))
}

/// Everything ever appended is in the log or in the ledger's list of what snapshots must cover.
/// So if the good snapshots cover that list nothing is missing, whatever the bad ones were.
fn check_complete(id: DocId, view: &View, covers: &Covers, found: &[Found]) -> Result<(), Failed> {
    let bad = found
        .iter()
        .find_map(|f| Some((&f.object, f.header.as_ref().err()?)));
    let missing = covers.missing_from(&view.retired);
    match (bad, missing) {
        (None, None) => Ok(()),
        (Some((object, problem)), None) => {
            tracing::error!(
                object,
                problem,
                "a damaged snapshot; older snapshots and the log have all of the document"
            );
            Ok(())
        }
        (Some((object, problem)), Some(_)) => Err(Failed::Final(damaged(object, problem))),
        (None, Some((key, first, last))) => Err(Failed::Final(damaged(
            format!("{}/", id.snapshot_folder()),
            format!(
                "a snapshot is missing: none covers the entries {first} to {last} of epoch {}",
                key.epoch
            ),
        ))),
    }
}

async fn read_updates(
    shared: &Shared,
    name: &str,
    view: &View,
    covers: &Covers,
) -> Result<Vec<Bytes>, Failed> {
    let needed = view
        .blocks
        .iter()
        .filter(|(segment, block)| !covers.contains(&segment.key, block.first, block.last));
    let blocks: Vec<_> = needed
        .map(|(segment, block)| read_block(shared, name, segment, block).boxed())
        .collect();
    let blocks: Vec<_> = stream::iter(blocks)
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    let mut updates = Vec::new();
    for (key, entries) in blocks {
        let uncovered = entries
            .into_iter()
            .filter(|(seq, _)| !covers.contains(key, *seq, *seq));
        updates.extend(uncovered.map(|(_, update)| update));
    }
    let tail = view
        .tail
        .iter()
        .filter(|logged| !covers.contains(&logged.key, logged.seq, logged.seq));
    updates.extend(tail.map(|logged| logged.update.clone()));
    Ok(updates)
}

/// The updates of a view that `covers` does not have; `None` where the log lost some to snapshots
/// in this moment.
pub(crate) async fn updates_beyond(
    shared: &Shared,
    name: &str,
    view: &View,
    covers: &Covers,
) -> Result<Option<Vec<Bytes>>, StoreError> {
    match read_updates(shared, name, view, covers).await {
        Ok(updates) => Ok(Some(updates)),
        Err(Failed::Moved(_)) => Ok(None),
        Err(Failed::Final(error)) => Err(error),
    }
}

async fn read_block<'a>(
    shared: &Shared,
    name: &str,
    segment_id: &'a SegmentId,
    block: &Block,
) -> Result<(&'a EpochKey, Vec<(u64, Bytes)>), Failed> {
    let object = segment_id.object();
    let packed = shared
        .objects
        .get_range(&object, block.offset, block.bytes)
        .await?;
    let entries = segment::decode_block(&packed, block, name)
        .map_err(|problem| Failed::Final(damaged(object, problem)))?;
    Ok((&segment_id.key, entries))
}

pub(crate) async fn put_snapshot(
    shared: &Shared,
    name: &str,
    body: Bytes,
    basis: Basis,
) -> Result<(), StoreError> {
    let id = DocId::of(name);
    if name.len() > crate::NAME_BYTES_MAX || basis.document.is_some_and(|document| document != id) {
        return Err(StoreError::Unavailable(
            "the basis is of another document".to_owned(),
        ));
    }
    refuse_erased(shared, id)?;
    let unavailable = |error: ObjectError| StoreError::Unavailable(error.to_string());
    let environment = &shared.settings.environment;
    let mut snapshot = SnapshotId {
        ulid: environment.ulid(),
        node: shared.began.node.clone(),
    };
    // A clock that was set back must not make a snapshot look older than its parents.
    if let Some(newest) = basis
        .parents
        .iter()
        .max()
        .filter(|newest| **newest >= snapshot)
    {
        let next = newest.ulid.increment().unwrap_or(snapshot.ulid);
        snapshot.ulid = next;
    }
    // Nor like one that was erased before it was made.
    snapshot.ulid = lock(&shared.index).tombstones.newer(snapshot.ulid);
    let (owned_name, body_format) = (name.to_owned(), shared.settings.body_format);
    let created_ms = snapshot.created_ms();
    let encoded = blocking(move || {
        let Basis {
            covers, parents, ..
        } = basis;
        let contents = Contents {
            name: &owned_name,
            body_format,
            created_ms,
            covers,
            parents,
        };
        snapshot::encode(contents, &body)
    });
    let (bytes, header) = encoded
        .await
        .map_err(unavailable)?
        .map_err(|problem| StoreError::Unavailable(problem.to_string()))?;
    let object = id.snapshot_object(&snapshot);
    shared
        .objects
        .put_verified(&object, bytes.into())
        .await
        .map_err(unavailable)?;
    lock(&shared.index).snapshot_stored(id, name, snapshot, Arc::new(header.covers));
    shared.update_status(|status| status.snapshots_stored += 1);
    Ok(())
}
