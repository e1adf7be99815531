//! What the log holds of each document, in memory.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use bytes::Bytes;

use crate::{
    epochs::OwnEpochs,
    frame::LogEntry,
    interval::Covers,
    ledger::Record,
    names::{DocId, EpochKey, SegmentId, SnapshotId},
    news::Arrivals,
    segment::{Block, Footer},
    tombstone::{Tombstone, Tombstones},
};

/// One document's part of the log.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) name: Arc<str>,
    /// Blocks in segments, in the order of the log.
    pub(crate) blocks: BTreeMap<Arc<SegmentId>, Block>,
    /// Durable entries of this process that are in no segment yet.
    pub(crate) tail: Vec<Logged>,
    /// What snapshots must cover, since the log has it no more.
    pub(crate) retired: Covers,
    /// What the newest snapshots that this process verified cover.
    pub(crate) verified: BTreeMap<SnapshotId, Arc<Covers>>,
}

/// A durable entry that is in no segment yet.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    pub(crate) key: Arc<EpochKey>,
    pub(crate) seq: u64,
    pub(crate) update: Bytes,
}

/// A sealed segment that the index knows.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) created_ms: u64,
    pub(crate) documents: Vec<DocId>,
    /// Since when a durable ledger record says that snapshots cover all of it.
    pub(crate) retired_ms: Option<u64>,
}

/// The whole index; behind one lock that nobody holds across an await.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) own: OwnEpochs,
    pub(crate) documents: HashMap<DocId, Document>,
    pub(crate) segments: BTreeMap<Arc<SegmentId>, Segment>,
    /// Segments whose entries larger ones hold, and since when; still there for who listed them.
    pub(crate) superseded: BTreeMap<Arc<SegmentId>, u64>,
    /// All entries that are in the log or retired from it.
    pub(crate) known: Covers,
    /// All entries that segments say were durable when they were written.
    pub(crate) required: Covers,
    /// The union of the ledger's records.
    pub(crate) ledger: Record,
    /// Documents that may have superfluous snapshots; `None` until all were looked at.
    pub(crate) snapshotted: Option<BTreeSet<DocId>>,
    /// What was erased. Nothing of it is in `documents`.
    pub(crate) tombstones: Tombstones,
    /// Erased documents of which snapshots may be left.
    pub(crate) unswept: BTreeSet<DocId>,
    /// A document whose tombstone is being made.
    pub(crate) burying: Option<DocId>,
    /// Documents of which others have written.
    pub(crate) arrivals: Arrivals,
}

/// Verified snapshots remembered of each document.
const VERIFIED_MAX: usize = 8;

/// A consistent copy of what one read needs.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) blocks: Vec<(Arc<SegmentId>, Block)>,
    pub(crate) tail: Vec<Logged>,
    pub(crate) retired: Covers,
    /// Everything that exists of the epochs that this document has entries of.
    pub(crate) reach: Covers,
}

impl Index {
    pub(crate) fn new(epoch: EpochKey, tombstones: Tombstones) -> Self {
        Self {
            own: OwnEpochs::of(epoch),
            unswept: tombstones.documents().collect(),
            tombstones,
            documents: HashMap::new(),
            segments: BTreeMap::new(),
            superseded: BTreeMap::new(),
            known: Covers::default(),
            required: Covers::default(),
            ledger: Record::default(),
            snapshotted: None,
            burying: None,
            arrivals: Arrivals::default(),
        }
    }

    fn document(&mut self, id: DocId, name: &Arc<str>) -> &mut Document {
        self.documents.entry(id).or_insert_with(|| Document {
            name: Arc::clone(name),
            blocks: BTreeMap::new(),
            tail: Vec::new(),
            retired: Covers::default(),
            verified: BTreeMap::new(),
        })
    }

    /// Entries became durable in the open log; `ids` are those of their documents.
    pub(crate) fn commit(&mut self, entries: &[LogEntry], ids: impl Iterator<Item = DocId>) {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return;
        };
        let key = Arc::clone(&self.own.current);
        self.known.insert(&key, first.seq, last.seq);
        for (entry, id) in entries.iter().zip(ids) {
            // Only for one that was on its way when its document was erased.
            if self.tombstones.erases_epoch(id, key.epoch) {
                continue;
            }
            let document = self.document(id, &entry.name);
            document.tail.push(Logged {
                key: Arc::clone(&key),
                seq: entry.seq,
                update: entry.update.clone(),
            });
        }
    }

    /// A segment is durable; it takes the place of the tail or of the segments it was made of.
    pub(crate) fn add_segment(&mut self, footer: &Footer) {
        let id = Arc::new(footer.id.clone());
        self.known.insert(&id.key, id.first, id.last);
        self.required.insert(&id.key, 1, footer.durable);
        if !self.supersede(&id, footer.created_ms) {
            return;
        }
        for (document, name, block) in &footer.documents {
            if self.tombstones.erases_epoch(*document, id.key.epoch) {
                continue;
            }
            let document = self.document(*document, name);
            document.blocks.insert(Arc::clone(&id), block.clone());
            if !document.tail.is_empty() {
                let is_in = |logged: &Logged| *logged.key == id.key && logged.seq <= id.last;
                document.tail.retain(|logged| !is_in(logged));
                document.tail.shrink_to_fit();
            }
        }
        let documents = footer
            .documents
            .iter()
            .map(|(document, ..)| *document)
            .collect();
        self.segments.insert(
            id,
            Segment {
                created_ms: footer.created_ms,
                documents,
                retired_ms: None,
            },
        );
    }

    /// A ledger record is durable.
    pub(crate) fn add_record(&mut self, record: &Record) {
        self.known.merge(&record.retired);
        for (id, (name, covers)) in &record.documents {
            let alive = self.tombstones.alive(*id, covers);
            if alive != Covers::default() || !self.tombstones.has(*id) {
                self.document(*id, name).retired.merge(&alive);
            }
        }
        self.ledger.merge(record);
    }

    /// A snapshot was read back whole.
    pub(crate) fn snapshot_verified(
        &mut self,
        id: DocId,
        name: &str,
        snapshot: SnapshotId,
        covers: Arc<Covers>,
    ) {
        let document = self.document(id, &Arc::from(name));
        document.verified.insert(snapshot, covers);
        if document.verified.len() > VERIFIED_MAX {
            document.verified.pop_first();
        }
    }

    /// A snapshot was stored and read back whole.
    pub(crate) fn snapshot_stored(
        &mut self,
        id: DocId,
        name: &str,
        snapshot: SnapshotId,
        covers: Arc<Covers>,
    ) {
        self.snapshot_verified(id, name, snapshot, covers);
        if let Some(snapshotted) = &mut self.snapshotted {
            snapshotted.insert(id);
        }
        if self.tombstones.has(id) {
            self.unswept.insert(id);
        }
    }

    /// A document's tombstone is durable: nothing of it is to be seen any more.
    pub(crate) fn bury(&mut self, tombstone: Tombstone) {
        let id = tombstone.document;
        self.tombstones.insert(tombstone);
        self.unswept.insert(id);
        let Some(document) = self.documents.get_mut(&id) else {
            return;
        };
        self.arrivals.note(id, &document.name);
        let tombstones = &self.tombstones;
        let erased = |key: &EpochKey| tombstones.erases_epoch(id, key.epoch);
        document.blocks.retain(|segment, _| !erased(&segment.key));
        document.tail.retain(|logged| !erased(&logged.key));
        document.retired = tombstones.alive(id, &document.retired);
        document
            .verified
            .retain(|snapshot, covers| !tombstones.erases_snapshot(id, snapshot, Some(covers)));
        let nothing = document.blocks.is_empty()
            && document.tail.is_empty()
            && document.retired == Covers::default()
            && document.verified.is_empty();
        if nothing {
            self.documents.remove(&id);
        }
    }

    /// The segment that has these numbers, in whichever revision.
    pub(crate) fn segment_like(&self, id: &SegmentId) -> Option<Arc<SegmentId>> {
        let found = self.segments.keys().find(|other| other.same_numbers(id));
        found.cloned()
    }

    /// Segments that hold entries of erased documents.
    pub(crate) fn with_erased(&self) -> Vec<Arc<SegmentId>> {
        if self.tombstones.is_empty() {
            return Vec::new();
        }
        let found = self.segments.iter().filter(|(id, segment)| {
            let epoch = id.key.epoch;
            let mut documents = segment.documents.iter();
            documents.any(|document| self.tombstones.erases_epoch(*document, epoch))
        });
        found.map(|(id, _)| Arc::clone(id)).collect()
    }

    /// A segment's erased documents were taken out of it.
    pub(crate) fn replace_segment(&mut self, old: &SegmentId, footer: &Footer) {
        let retired_ms = self.segments.get(old).and_then(|old| old.retired_ms);
        self.add_segment(footer);
        if let Some(new) = self.segments.get_mut(&footer.id) {
            new.retired_ms = retired_ms;
        }
        self.retire_segment(old);
    }

    /// Marks segments that the ledger has retired; they stay for the grace period, so that a copy
    /// of the folder that is being made finds either them or the record.
    pub(crate) fn mark_retired(&mut self, now_ms: u64) {
        for (id, segment) in &mut self.segments {
            if self.ledger.retired.contains(&id.key, id.first, id.last) {
                segment.retired_ms.get_or_insert(now_ms);
            }
        }
    }

    /// Forgets a segment whose entries a durable ledger record has retired.
    pub(crate) fn retire_segment(&mut self, id: &SegmentId) {
        let Some(segment) = self.segments.remove(id) else {
            return;
        };
        for document in &segment.documents {
            if let Some(document) = self.documents.get_mut(document) {
                document.blocks.remove(id);
            }
        }
    }

    pub(crate) fn view(&self, id: DocId) -> View {
        let mut view = View {
            blocks: Vec::new(),
            tail: Vec::new(),
            retired: Covers::default(),
            reach: Covers::default(),
        };
        let Some(document) = self.documents.get(&id) else {
            return view;
        };
        view.blocks = document
            .blocks
            .iter()
            .map(|(id, b)| (Arc::clone(id), b.clone()))
            .collect();
        // Two revisions of a segment hold the same entries of a document that both have.
        view.blocks
            .dedup_by(|(later, _), (earlier, _)| later.same_numbers(earlier));
        view.tail = document.tail.clone();
        view.retired = document.retired.clone();
        let of_blocks = document.blocks.keys().map(|id| &id.key);
        let of_tail = document.tail.iter().map(|logged| logged.key.as_ref());
        for key in of_blocks.chain(of_tail).collect::<BTreeSet<_>>() {
            for &(first, last) in self.known.of(key).map_or(&[][..], |set| set.intervals()) {
                view.reach.insert(key, first, last);
            }
        }
        view
    }

    /// What there is of each epoch, for the ledger.
    pub(crate) fn heads(&self) -> Covers {
        self.known.clone()
    }

    /// Entries that should be there and are not. What nobody ever called durable need not be: a
    /// process may die while its last flushes are on their way.
    pub(crate) fn first_gap(&self) -> Option<SegmentId> {
        let none = crate::interval::IntervalSet::default();
        let required = self.required.iter().chain(self.ledger.heads.iter());
        required.into_iter().find_map(|(key, set)| {
            let known = self.known.of(key).unwrap_or(&none);
            let mut gaps = set.intervals().iter();
            let (first, last) = gaps.find_map(|&(first, last)| known.first_gap(first, last))?;
            Some(SegmentId::sealed(key.clone(), first, last))
        })
    }
}
