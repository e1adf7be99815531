//! Opening: the index out of footers and ledger, and the logs that earlier processes left.
//!
//! Nothing is repaired. An unfinished last frame was never acknowledged and is left out; anything
//! else that is not as it was written, or not there, refuses to open and says which object it is.

use std::{collections::BTreeMap, path::Path};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    OpenError,
    frame::{self, LogEntry, Scan},
    index::Index,
    ledger::{self, Record, RecordId},
    names::{EpochKey, SegmentId, WalObject, log_object},
    objects::{Listed, ObjectError, Objects},
    sealer::{remove_log, seal},
    segment::{self, Footer},
};

/// Footers read at the same time.
const PARALLEL: usize = 16;
/// Most footers are shorter; a longer one costs a second read.
const FOOTER_GUESS_BYTES: u64 = 64 << 10;

/// What recovery found beside the index.
pub(crate) type Records = BTreeMap<RecordId, Record>;

/// Fills the index of a new epoch with everything that is there.
pub(crate) async fn recover(
    objects: &Objects,
    dir: &Path,
    index: &mut Index,
    now_ms: u64,
) -> Result<Records, OpenError> {
    let records = load_ledger(objects).await?;
    let replaced: std::collections::BTreeSet<_> = records
        .values()
        .flat_map(|record| record.replaces.clone())
        .collect();
    for (id, record) in &records {
        if !replaced.contains(id) {
            index.add_record(record);
        }
    }
    let mut segments = Vec::new();
    let mut logs: BTreeMap<EpochKey, Vec<u64>> = BTreeMap::new();
    for listed in objects.list("v1/wal").await? {
        match WalObject::parse(&listed.object) {
            Some(WalObject::Segment(id)) => segments.push((id, listed)),
            Some(WalObject::Log(key, first)) => logs.entry(key).or_default().push(first),
            None => tracing::warn!(object = listed.object, "not a log's name; ignored"),
        }
    }
    let footers = segments
        .into_iter()
        .map(|(id, listed)| read_footer(objects, id, listed));
    let footers: Vec<Footer> = stream::iter(footers)
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    footers.iter().for_each(|footer| index.add_segment(footer));
    for (key, firsts) in logs {
        adopt(objects, dir, index, &key, firsts, now_ms).await?;
        if !objects.is_read_only() {
            // Succeeds only for a folder that nothing is left in.
            let _ = std::fs::remove_dir(dir.join(key.folder()));
        }
    }
    match index.first_gap() {
        None => Ok(records),
        Some(missing) => Err(OpenError::damaged(
            missing.object(),
            format!(
                "missing: the entries {} to {} are nowhere",
                missing.first, missing.last
            ),
        )),
    }
}

async fn load_ledger(objects: &Objects) -> Result<Records, OpenError> {
    let mut records = BTreeMap::new();
    for listed in objects.list(ledger::FOLDER).await? {
        let Some(id) = ledger::record_id(&listed.object) else {
            tracing::warn!(
                object = listed.object,
                "not a ledger record's name; ignored"
            );
            continue;
        };
        let record = Record::decode(&objects.get(&listed.object).await?)
            .map_err(|problem| OpenError::damaged(listed.object, problem))?;
        records.insert(id, record);
    }
    match ledger::missing_record(&records) {
        None => Ok(records),
        Some(id) => Err(OpenError::damaged(ledger::record_object(&id), "missing")),
    }
}

async fn read_footer(
    objects: &Objects,
    id: SegmentId,
    listed: Listed,
) -> Result<Footer, OpenError> {
    let damaged = |problem| OpenError::damaged(listed.object.clone(), problem);
    if listed.bytes < segment::TAIL_BYTES as u64 {
        return Err(damaged(crate::codec::Malformed("cut short")));
    }
    let guess = FOOTER_GUESS_BYTES.min(listed.bytes);
    let mut end = objects.get_suffix(&listed.object, guess).await?;
    let both = segment::footer_and_tail_bytes(&end).map_err(damaged)? as u64;
    if both > listed.bytes {
        return Err(damaged(crate::codec::Malformed(
            "the footer's length is over the object's",
        )));
    }
    if both > guess {
        end = objects.get_suffix(&listed.object, both).await?;
    }
    let head = objects.get_range(&listed.object, 0, 12).await?;
    let mut footer = segment::decode_footer(&head, &end, listed.bytes).map_err(damaged)?;
    if !footer.id.same_numbers(&id) {
        return Err(damaged(crate::codec::Malformed(
            "it is another segment than its name says",
        )));
    }
    footer.id.revision = id.revision;
    Ok(footer)
}

/// Seals the logs of an epoch whose process is gone.
async fn adopt(
    objects: &Objects,
    dir: &Path,
    index: &mut Index,
    key: &EpochKey,
    mut firsts: Vec<u64>,
    now_ms: u64,
) -> Result<(), OpenError> {
    firsts.sort_unstable();
    // From the newest on: the next log's beginning says how far this one must go.
    let mut next_first = None;
    let mut adopted = Vec::new();
    for first in firsts.into_iter().rev() {
        let object = log_object(key, first);
        let entries = read_log(dir, index, key, first, next_first)
            .await
            .map_err(|(at, problem)| at_offset(&object, at, &problem))?;
        if let Some(entries) = entries {
            next_first = Some(first);
            adopted.push((object, entries));
        } else if !objects.is_read_only() {
            remove_log(&dir.join(object));
        }
    }
    for (object, entries) in adopted.into_iter().rev() {
        if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
            let id = SegmentId::sealed(key.clone(), first.seq, last.seq);
            adopt_entries(objects, index, &id, &entries, now_ms).await?;
        }
        if !objects.is_read_only() {
            remove_log(&dir.join(object));
        }
    }
    Ok(())
}

fn at_offset(object: &str, offset: usize, problem: &str) -> OpenError {
    OpenError::damaged(object, format!("{problem} (at byte {offset})"))
}

/// A log's entries, which must reach the next log unless segments have them; `None` for one whose header was never finished.
async fn read_log(
    dir: &Path,
    index: &Index,
    key: &EpochKey,
    first: u64,
    next_first: Option<u64>,
) -> Result<Option<Vec<LogEntry>>, (usize, String)> {
    let (path, epoch) = (dir.join(log_object(key, first)), key.epoch);
    let scanned = tokio::task::spawn_blocking(move || {
        let bytes = Bytes::from(std::fs::read(path).map_err(|error| (0, error.to_string()))?);
        frame::scan(&bytes, epoch, first).map_err(|(at, problem)| (at, problem.to_string()))
    });
    // A copy made in two runs may have the old half of a log beside the segment of all of it.
    let lacks = |next: u64| {
        let later = next_first.filter(|next_first| next < *next_first);
        later.is_some_and(|later| {
            !index
                .known
                .of(key)
                .is_some_and(|k| k.contains(next, later - 1))
        })
    };
    match scanned.await.map_err(|error| (0, error.to_string()))?? {
        Scan::Unborn if !lacks(first) => Ok(None),
        Scan::Unborn => Err((
            0,
            "the header is missing, though a later log exists".to_owned(),
        )),
        Scan::Entries { entries, torn } => {
            let next = entries.last().map_or(first, |entry| entry.seq + 1);
            let cut = torn.filter(|_| lacks(next));
            if let Some(at) = cut {
                return Err((at, "a damaged frame, though a later log exists".to_owned()));
            }
            if let Some(at) = torn {
                tracing::warn!(
                    log = log_object(key, first),
                    at,
                    "an unfinished frame is left out"
                );
            }
            Ok(Some(entries))
        }
    }
}

/// Seals entries, unless a segment has them: then the crash came between sealing and removing.
async fn adopt_entries(
    objects: &Objects,
    index: &mut Index,
    id: &SegmentId,
    entries: &[LogEntry],
    now_ms: u64,
) -> Result<(), OpenError> {
    if let Some(made) = index.segment_like(id) {
        return verify_segment(objects, &made).await;
    }
    if index.ledger.retired.contains(&id.key, id.first, id.last) {
        return Ok(());
    }
    let footer = seal(objects, &id.key, entries, now_ms).await?;
    index.add_segment(&footer);
    Ok(())
}

async fn verify_segment(objects: &Objects, id: &SegmentId) -> Result<(), OpenError> {
    let object = id.object();
    let bytes = objects.get(&object).await?;
    let checked = segment::decode_footer(&bytes, &bytes, bytes.len() as u64).and_then(|footer| {
        footer.documents.iter().try_for_each(|(_, name, block)| {
            let range = block.offset as usize..(block.offset + block.bytes) as usize;
            let packed = bytes
                .get(range)
                .ok_or(crate::codec::Malformed("cut short"))?;
            segment::decode_block(packed, block, name).map(|_| ())
        })
    });
    checked.map_err(|problem| OpenError::damaged(object, problem))
}

impl From<ObjectError> for OpenError {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Missing(object) => Self::damaged(object, "missing"),
            ObjectError::Cut(object) => Self::damaged(object, "cut short"),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
