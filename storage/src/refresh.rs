//! What other nodes did since the last look: their segments and ledger records.
//!
//! The order is the whole safety: first the segments are listed, then the ledger, and whoever
//! reads a document lists its snapshots after that. A segment goes only after a record that says
//! so, and that record only comes after a snapshot of all it had. So what an earlier list misses,
//! a later one shows.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use crate::{
    OpenError, StoreError,
    index::Index,
    ledger::{self, Record, RecordId},
    names::{SegmentId, WalObject},
    objects::{Listed, ObjectError, Objects},
    recovery::{PARALLEL, Records, read_footer},
    retry::backoff,
    segment::Footer,
    settings::Environment,
    shared::{Shared, lock},
    tombstone::{self, Tombstone},
};

/// Looks that may find the store changing under them, or a list that lags behind. With the waits
/// between them this is the time, some six seconds, after which missing means lost.
pub(crate) const LOOKS_MAX: u32 = 7;

/// What is known of the ledger, and which callers a look has served.
#[derive(Debug)]
pub(crate) struct Seen {
    /// How the records stand to each other, without what they say.
    pub(crate) records: Records,
    served: u64,
    /// Which callers the last look would have served that could not reach the store, and why not.
    failed: Option<(u64, String)>,
}

impl Seen {
    /// This process made a record that the index knows.
    pub(crate) fn note(&mut self, id: RecordId, record: Record) {
        self.records.insert(id, relations(record));
    }
}

/// How a record stands to others.
fn relations(record: Record) -> Record {
    Record {
        replaces: record.replaces,
        requires: record.requires,
        ..Record::default()
    }
}

/// The way to one look at a time, shared by all who wait.
#[derive(Debug)]
pub(crate) struct Looks {
    pub(crate) seen: tokio::sync::Mutex<Seen>,
    asked: AtomicU64,
}

impl Looks {
    pub(crate) fn of(records: Records) -> Self {
        Self {
            seen: Seen {
                records,
                served: 0,
                failed: None,
            }
            .into(),
            asked: AtomicU64::new(0),
        }
    }
}

/// Why a look did not succeed.
#[derive(Debug)]
enum Failed {
    /// Something listed or named was gone when it was read.
    Moved(String),
    /// Entries that were durable are in no segment that was listed.
    Gap(SegmentId),
    Damaged {
        object: String,
        problem: String,
    },
    Unavailable(String),
}

impl From<ObjectError> for Failed {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Missing(object) => Self::Moved(object),
            ObjectError::Cut(object) => Self::Damaged {
                object,
                problem: "cut short".to_owned(),
            },
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// Brings the index up to everything that was durable when this was called.
pub(crate) async fn refresh(shared: &Shared) -> Result<(), StoreError> {
    let looks = &shared.looks;
    let ticket = looks.asked.fetch_add(1, Ordering::SeqCst) + 1;
    let mut seen = looks.seen.lock().await;
    if seen.served >= ticket {
        // A look that began after this call has ended meanwhile.
        return Ok(());
    }
    if let Some((serves, problem)) = &seen.failed
        && *serves >= ticket
    {
        // Not each of many who wait for a store that is away tries for itself.
        return Err(StoreError::Unavailable(problem.clone()));
    }
    let serves = looks.asked.load(Ordering::SeqCst);
    let environment = &shared.settings.environment;
    let looked = settle(
        &shared.objects,
        &shared.index,
        &mut seen.records,
        environment,
        0,
    );
    match looked.await {
        Ok(()) => {}
        Err(OpenError::Damaged { object, problem }) => {
            return Err(StoreError::Damaged { object, problem });
        }
        Err(other) => {
            let problem = other.to_string();
            seen.failed = Some((serves, problem.clone()));
            return Err(StoreError::Unavailable(problem));
        }
    }
    let has_tombstones = !lock(&shared.index).tombstones.is_empty();
    let known = &shared.has_tombstones;
    known.fetch_or(has_tombstones, Ordering::AcqRel);
    seen.served = serves;
    Ok(())
}

/// Looks until the store holds together, or for long enough to say that it does not. Requests
/// that fail are made again so many times; each time goes on where the last one ended.
pub(crate) async fn settle(
    objects: &Objects,
    index: &Mutex<Index>,
    records: &mut Records,
    environment: &Environment,
    retries: u32,
) -> Result<(), OpenError> {
    let mut failures = 0;
    loop {
        let failed = match look(objects, index, records, (environment.now_ms)()).await {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        failures += 1;
        match failed {
            Failed::Moved(_) | Failed::Gap(_) if failures < LOOKS_MAX => {
                tokio::time::sleep(backoff(failures, (environment.random)())).await;
            }
            Failed::Moved(object) => return Err(OpenError::damaged(object, "missing")),
            Failed::Gap(gap) => return Err(gap_error(&gap)),
            Failed::Damaged { object, problem } => {
                return Err(OpenError::damaged(object, problem));
            }
            Failed::Unavailable(problem) if failures <= retries => {
                tracing::warn!(
                    problem,
                    failures,
                    "the store could not be read; trying again"
                );
                tokio::time::sleep(backoff(failures, (environment.random)())).await;
            }
            Failed::Unavailable(problem) => return Err(OpenError::Unavailable(problem)),
        }
    }
}

pub(crate) fn gap_error(gap: &SegmentId) -> OpenError {
    let (first, last) = (gap.first, gap.last);
    let problem = format!("missing: the entries {first} to {last} are nowhere");
    OpenError::damaged(gap.object(), problem)
}

async fn look(
    objects: &Objects,
    index: &Mutex<Index>,
    records: &mut Records,
    now_ms: u64,
) -> Result<(), Failed> {
    look_at_tombstones(objects, index).await?;
    let listed = list_segments(objects, index).await?;
    look_at_ledger(objects, index, records).await?;
    let there: BTreeSet<SegmentId> = listed.iter().map(|(id, _)| id.clone()).collect();
    let new: Vec<_> = {
        let index = lock(index);
        let new = listed.into_iter().filter(|(id, _)| !index.has_segment(id));
        new.collect()
    };
    let footers: Vec<_> = new
        .into_iter()
        .map(|(id, listed)| footer_of(objects, id, listed).boxed())
        .collect();
    let mut footers = stream::iter(footers).buffered(PARALLEL);
    let mut gone = Vec::new();
    // What was read stays known where a later one cannot be: the next look has less to do.
    while let Some(footer) = footers.try_next().await? {
        match footer {
            Ok(footer) => {
                let mut index = lock(index);
                index.add_segment(&footer);
                let documents = footer.documents.iter();
                documents.for_each(|(id, name, _)| index.arrivals.note(*id, name));
            }
            Err(id) => gone.push(id),
        }
    }
    let mut index = lock(index);
    // Only now all the larger ones are known.
    if let Some(id) = gone.iter().find(|id| !index.can_miss(id)) {
        return Err(Failed::Moved(id.object()));
    }
    index.forget_gone(&there);
    index.mark_retired(now_ms);
    index
        .first_gap()
        .map_or(Ok(()), |gap| Err(Failed::Gap(gap)))
}

/// What others erased. A tombstone is durable before anything of its document goes.
async fn look_at_tombstones(objects: &Objects, index: &Mutex<Index>) -> Result<(), Failed> {
    for listed in objects.list(tombstone::FOLDER).await? {
        let known = tombstone::parse_object(&listed.object);
        if known.is_some_and(|(document, id)| lock(index).tombstones.contains(document, &id)) {
            continue;
        }
        let bytes = objects.get(&listed.object).await?;
        let tombstone = Tombstone::decode(&listed.object, &bytes);
        let tombstone = tombstone.map_err(|problem| Failed::Damaged {
            object: listed.object,
            problem: problem.to_string(),
        })?;
        lock(index).bury(tombstone);
    }
    Ok(())
}

/// All segments but those of this process, which knows its own better than any list.
async fn list_segments(
    objects: &Objects,
    index: &Mutex<Index>,
) -> Result<Vec<(SegmentId, Listed)>, Failed> {
    let own = lock(index).own.clone();
    let mut segments = Vec::new();
    for listed in objects.list("v1/wal").await? {
        match WalObject::parse(&listed.object) {
            Some(WalObject::Segment(id)) if !own.has(&id.key) => segments.push((id, listed)),
            Some(WalObject::Segment(_)) => {}
            Some(WalObject::Log(..)) => {
                let problem = "an open log, whose edits are nowhere else: open the folder it is \
                               in as a data folder first";
                return Err(Failed::Damaged {
                    object: listed.object,
                    problem: problem.to_owned(),
                });
            }
            None => tracing::warn!(object = listed.object, "not a segment's name; ignored"),
        }
    }
    Ok(segments)
}

/// A footer, or the name of a segment that was listed and is gone.
async fn footer_of(
    objects: &Objects,
    id: SegmentId,
    listed: Listed,
) -> Result<Result<Footer, SegmentId>, Failed> {
    let object = listed.object.clone();
    match read_footer(objects, id.clone(), listed).await {
        Ok(Ok(footer)) => Ok(Ok(footer)),
        Ok(Err(problem)) => Err(Failed::Damaged {
            object,
            problem: problem.to_string(),
        }),
        Err(ObjectError::Missing(_)) => Ok(Err(id)),
        Err(error) => Err(error.into()),
    }
}

async fn look_at_ledger(
    objects: &Objects,
    index: &Mutex<Index>,
    records: &mut Records,
) -> Result<(), Failed> {
    let mut there = BTreeSet::new();
    for listed in objects.list(ledger::FOLDER).await? {
        let Some(id) = ledger::record_id(&listed.object) else {
            tracing::warn!(object = listed.object, "not a ledger record's name");
            continue;
        };
        if !records.contains_key(&id) {
            take_record(objects, index, records, &id).await?;
        }
        there.insert(id);
    }
    let replaced: BTreeSet<RecordId> = records
        .values()
        .flat_map(|record| record.replaces.clone())
        .collect();
    records.retain(|id, _| there.contains(id) || !replaced.contains(id));
    // A list may lag behind; the record itself does not.
    while let Some(id) = ledger::missing_record(records) {
        take_record(objects, index, records, &id).await?;
    }
    Ok(())
}

async fn take_record(
    objects: &Objects,
    index: &Mutex<Index>,
    records: &mut Records,
    id: &RecordId,
) -> Result<(), Failed> {
    let object = ledger::record_object(id);
    let record = Record::decode(&objects.get(&object).await?);
    let record = record.map_err(|problem| Failed::Damaged {
        object,
        problem: problem.to_string(),
    })?;
    {
        let mut index = lock(index);
        index.add_record(&record);
        let documents = record.documents.iter();
        documents.for_each(|(id, (name, _))| index.arrivals.note(*id, name));
    }
    records.insert(id.clone(), relations(record));
    Ok(())
}

impl Index {
    fn has_segment(&self, id: &SegmentId) -> bool {
        self.segments.contains_key(id) || self.superseded.contains_key(id)
    }

    /// Whether nothing is lost with a segment: the list lags behind, and it was superfluous.
    fn can_miss(&self, id: &SegmentId) -> bool {
        self.ledger.retired.contains(&id.key, id.first, id.last)
            || self.holder_of(id).is_some()
            || self.has_other_revision(id)
    }

    /// Forgets the segments of others that are not listed any more and need not be. One that the
    /// ledger has not retired stays: the list may lag behind, and if not, reading it will tell.
    fn forget_gone(&mut self, there: &BTreeSet<SegmentId>) {
        let own = self.own.clone();
        let gone = |id: &SegmentId| !own.has(&id.key) && !there.contains(id);
        self.superseded.retain(|id, _| !gone(id));
        let of_others = self.segments.keys().filter(|id| gone(id));
        let superfluous: Vec<_> = of_others
            .filter(|id| {
                self.ledger.retired.contains(&id.key, id.first, id.last)
                    || self.has_other_revision(id)
            })
            .cloned()
            .collect();
        for id in superfluous {
            self.retire_segment(&id);
        }
    }
}
