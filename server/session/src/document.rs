//! The CRDT and its waiting room.
//!
//! yrs integrates an update past a missing one of the same client and then does not say so
//! (`has_missing_updates` stays false). Here the CRDT never sees such a hole: an update that
//! leaves a gap waits outside, as raw bytes, until what it misses has come.

use std::collections::BTreeMap;

use bytes::Bytes;
use unisson_history::{Attribution, Written, entry};
use unisson_protocol::{
    encoding::DecodeError,
    scan::{self, ClockRange, UpdateScan},
};
use yrs::{ReadTxn, StateVector, Transact, Update, WriteTxn, updates::decoder::Decode};

use self::form::Form;
use crate::{Limits, StoredParts, answers::Answers, image::Image};

mod form;

pub(crate) use form::Unanswered;

/// A document read from its store and ready to be edited. Building one can take long: do it away
/// from the async threads, with [`load`].
#[derive(Debug)]
pub struct LoadedDocument {
    pub(crate) document: Box<Document>,
    /// What no snapshot covers yet.
    pub(crate) log_updates: usize,
    pub(crate) log_bytes: usize,
    /// What snapshots say, in format v2.
    pub(crate) state_bytes: usize,
    /// When the last edit came, in milliseconds since 1970, where the store says so.
    pub(crate) last_edit_ms: Option<u64>,
}

impl LoadedDocument {
    /// Whether nobody has ever written it.
    pub fn is_new(&self) -> bool {
        self.log_updates == 0 && self.state_bytes == 0
    }

    /// Whether it opened without building a CRDT.
    pub fn is_cold(&self) -> bool {
        self.document.is_cold()
    }

    /// When the last edit came, in milliseconds since 1970, where the store says so.
    pub fn last_edit_ms(&self) -> Option<u64> {
        self.last_edit_ms
    }
}

/// Why stored bytes are not a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A snapshot or a logged update does not decode.
    #[error("{0}")]
    Damaged(String),
}

/// Merges what the store has of a document: bodies of snapshots (as [`crate::compact`] made them)
/// and logged updates, in any order, duplicates allowed. Where one snapshot says all, no CRDT is
/// built: the document opens cold.
pub fn load(parts: &StoredParts, limits: &Limits) -> Result<LoadedDocument, LoadError> {
    let log_bytes = parts.updates.iter().map(Bytes::len).sum();
    let opened = match parts.snapshots.as_slice() {
        [] if parts.updates.is_empty() => Some((Document::new(limits), None)),
        [body] if parts.updates.is_empty() => crate::compaction::open_cold(body, limits)?,
        _ => None,
    };
    let (document, last_edit_ms) = match opened {
        Some(opened) => opened,
        None => {
            let mut document = Document::new(&crate::compaction::unlimited());
            let last_edit_ms = crate::compaction::replay(parts, &mut document)?;
            document.limit(limits);
            (document, last_edit_ms)
        }
    };
    Ok(LoadedDocument {
        document: Box::new(document),
        log_updates: parts.updates.len(),
        log_bytes,
        state_bytes: parts.snapshots.iter().map(Bytes::len).sum(),
        last_edit_ms,
    })
}

/// What became of an update.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// The document has all of it. The bytes are what was new in it, if anything was.
    Integrated(Option<Bytes>),
    /// It misses something that has not come yet and waits under this number. The bytes are the
    /// part that could be integrated, if any.
    Waiting(WaitingId, Option<Bytes>),
    /// As `Waiting`, but the waiting room is full: only this part was taken.
    NoRoom(Option<Bytes>),
}

/// Numbers the updates that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WaitingId(u64);

/// Why an update is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("malformed update: {0}")]
    Malformed(#[from] DecodeError),
    #[error("malformed update: {0}")]
    Undecodable(String),
    /// Not the update's fault: [`Document::fault`].
    #[error("{0}")]
    Damaged(#[from] LoadError),
}

/// An update of the waiting room that was integrated, wholly or in part.
pub(crate) struct Released {
    pub(crate) id: WaitingId,
    /// It has left the waiting room.
    pub(crate) complete: bool,
    /// What was new in it.
    pub(crate) new: Option<Bytes>,
}

/// Whether all of an update is in the document now, and what was new.
struct Integration {
    complete: bool,
    new: Option<Bytes>,
}

fn decode(bytes: &Bytes) -> Result<Update, Refusal> {
    Update::decode_v1(bytes).map_err(|error| Refusal::Undecodable(error.to_string()))
}

fn clocks_of(txn: &impl ReadTxn) -> BTreeMap<u64, u32> {
    let state_vector = txn.state_vector();
    let entries = state_vector.iter();
    entries.map(|(id, clock)| (id.get(), *clock)).collect()
}

#[derive(Debug)]
struct Waiting {
    update: Bytes,
    scan: UpdateScan,
    written: Option<Written>,
}

/// Deleted clock ranges (start, end) by client id.
type Deletions = BTreeMap<u64, Vec<(u32, u32)>>;

/// A document without holes, and the updates that would make some.
#[derive(Debug)]
pub(crate) struct Document {
    form: Form,
    /// What a live document could go back to, and the version that it is good for.
    image: Option<(u64, Image)>,
    fault: Option<LoadError>,
    clocks: BTreeMap<u64, u32>,
    waiting: BTreeMap<WaitingId, Waiting>,
    waiting_bytes: usize,
    waiting_bytes_max: usize,
    waiting_updates_max: usize,
    next_waiting: u64,
    /// Counts changes, one by one.
    version: u64,
    bytes: usize,
    nested_types: usize,
    /// Bytes of updates since the document was last measured.
    grown: usize,
    answers: Answers,
    deletions: Option<(u64, Deletions)>,
    /// Who brought what is being applied, and when.
    written: Option<Written>,
    /// Who did what; kept only where somebody asks for it.
    attribution: Option<Box<Attribution>>,
}

impl Document {
    /// An empty one; it gets a CRDT with the first edit.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            form: Form::Cold(Image::empty()),
            image: None,
            fault: None,
            clocks: BTreeMap::new(),
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            waiting_bytes_max: limits.waiting_bytes_max,
            waiting_updates_max: limits.waiting_updates_max,
            next_waiting: 0,
            version: 0,
            bytes: 0,
            nested_types: 0,
            grown: 0,
            answers: Answers::default(),
            deletions: None,
            written: None,
            attribution: None,
        }
    }

    /// From now on it is kept who did what.
    pub(crate) fn attribute(&mut self) {
        self.attribution.get_or_insert_default();
    }

    pub(crate) fn attribution_mut(&mut self) -> Option<&mut Attribution> {
        self.attribution.as_deref_mut()
    }

    /// Who brought what is applied from now on.
    pub(crate) fn written_by(&mut self, written: Option<Written>) {
        self.written = written;
    }

    pub(crate) fn limit(&mut self, limits: &Limits) {
        self.waiting_bytes_max = limits.waiting_bytes_max;
        self.waiting_updates_max = limits.waiting_updates_max;
    }

    /// About how many bytes the document weighs.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many nested types were added since the document was opened; at least as many as levels
    /// of nesting were.
    pub(crate) fn nested_types(&self) -> usize {
        self.nested_types
    }

    /// Counts anew: bytes and nested types are sums over updates and so grow with every keystroke,
    /// while the document does not. Only where that can make a difference: it encodes everything.
    pub(crate) fn measure(&mut self) {
        if self.grown < self.bytes / 4 {
            return;
        }
        // Waking up will say what is wrong.
        let Ok(state) = self.encode_v1() else { return };
        self.bytes = state.len();
        if let Ok(scan) = scan::update_v1(&state) {
            self.nested_types = scan.nested;
        }
        self.grown = 0;
    }

    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What waits.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Bytes> {
        self.waiting.values().map(|waiting| &waiting.update)
    }

    /// What waits, as the log had it.
    pub(crate) fn waiting_entries(&self) -> impl Iterator<Item = Bytes> {
        self.waiting.values().map(|waiting| match &waiting.written {
            Some(written) => entry::seal(written, &waiting.update),
            None => waiting.update.clone(),
        })
    }

    /// Takes an update (format v1): integrates it, or lets it wait.
    pub(crate) fn apply(&mut self, update: Bytes, scan: UpdateScan) -> Result<Applied, Refusal> {
        if self.leaves_gap(&scan) {
            // Decoded now, so that what waits is known to be an update.
            decode(&update)?;
            return Ok(self.wait(update, scan, None));
        }
        // Whoever comes repeats what it has: no reason to wake.
        if self.is_cold() && self.contains(&scan)? {
            return Ok(Applied::Integrated(None));
        }
        Ok(match self.integrate(&update, &scan)? {
            Integration {
                complete: true,
                new,
            } => Applied::Integrated(new),
            Integration {
                complete: false,
                new,
            } => self.wait(update, scan, new),
        })
    }

    /// Integrates what waits and can be integrated now. Each update that leaves no gap is tried:
    /// whether it misses an origin of another client cannot be told from outside.
    pub(crate) fn release(&mut self) -> Vec<Released> {
        let mut released = Vec::new();
        let mut partly = Vec::new();
        loop {
            let ready: Vec<WaitingId> = self
                .waiting
                .iter()
                .filter(|(_, waiting)| !self.leaves_gap(&waiting.scan))
                .map(|(id, _)| *id)
                .collect();
            let before = released.len();
            for id in ready {
                let Some(waiting) = self.waiting.remove(&id) else {
                    continue;
                };
                self.written.clone_from(&waiting.written);
                // Decoding succeeded when the update came, so a refusal cannot happen now; were it
                // to, the update would stay out, unacknowledged, as it was.
                match self.integrate(&waiting.update, &waiting.scan) {
                    Ok(Integration {
                        complete: true,
                        new,
                    }) => {
                        self.waiting_bytes -= waiting.update.len();
                        released.push(Released {
                            id,
                            complete: true,
                            new,
                        });
                    }
                    Ok(Integration {
                        complete: false,
                        new,
                    }) => {
                        self.waiting.insert(id, waiting);
                        if new.is_some() {
                            partly.push(Released {
                                id,
                                complete: false,
                                new,
                            });
                        }
                    }
                    Err(_) => {
                        self.waiting.insert(id, waiting);
                    }
                }
            }
            if released.len() == before {
                released.append(&mut partly);
                return released;
            }
        }
    }

    /// The state vector (lib0 v1), ordered by client id.
    pub(crate) fn state_vector(&self) -> Bytes {
        let entries: Vec<(u64, u32)> = self
            .clocks
            .iter()
            .map(|(id, clock)| (*id, *clock))
            .collect();
        scan::encode_state_vector_v1(&entries)
    }

    /// The whole document in format v2 and what somebody is told who has all structs; without
    /// what waits.
    pub(crate) fn encode_v2(&mut self) -> Result<(Bytes, Bytes), LoadError> {
        match &self.form {
            Form::Live(doc) => {
                let txn = doc.transact();
                let state = txn.encode_state_as_update_v2(&StateVector::default());
                let nothing_new = txn.encode_diff_v1(&txn.state_vector());
                Ok((state.into(), nothing_new.into()))
            }
            Form::Cold(image) => Ok((image.state()?, image.nothing_new()?)),
        }
    }

    /// The clocks that the document has reached.
    pub(crate) fn clocks(&self) -> &BTreeMap<u64, u32> {
        &self.clocks
    }

    /// The whole document in format v1, without what waits.
    pub(crate) fn encode_v1(&self) -> Result<Bytes, LoadError> {
        match &self.form {
            Form::Live(doc) => {
                let nothing = StateVector::default();
                Ok(doc.transact().encode_diff_v1(&nothing).into())
            }
            Form::Cold(image) => image.full(),
        }
    }

    /// Integrates the whole state of a snapshot (format v2), which has no holes by construction.
    pub(crate) fn integrate_v2(&mut self, state: &[u8]) -> Result<(), LoadError> {
        let doc = self.wake()?;
        form::integrate_state(&doc, state)?;
        self.clocks = clocks_of(&doc.transact());
        self.bytes += state.len();
        self.version += 1;
        self.answers.forget();
        Ok(())
    }

    /// Whether the document has everything that an update says.
    pub(crate) fn contains(&mut self, scan: &UpdateScan) -> Result<bool, LoadError> {
        let inserted = scan
            .inserts
            .iter()
            .all(|range| range.clock + range.len <= self.clock(range.client_id));
        if !inserted || scan.deletes.is_empty() {
            return Ok(inserted);
        }
        let deletions = self.deletions()?;
        Ok(scan.deletes.iter().all(|range| {
            let known = deletions
                .get(&range.client_id)
                .map_or(&[][..], Vec::as_slice);
            let after = known.partition_point(|(start, _)| *start <= range.clock);
            let around = after.checked_sub(1).and_then(|at| known.get(at));
            around.is_some_and(|(_, end)| range.clock + range.len <= *end)
        }))
    }

    fn clock(&self, client_id: u64) -> u32 {
        self.clocks.get(&client_id).copied().unwrap_or(0)
    }

    fn leaves_gap(&self, scan: &UpdateScan) -> bool {
        let mut reached: BTreeMap<u64, u32> = BTreeMap::new();
        for ClockRange {
            client_id,
            clock,
            len,
        } in &scan.inserts
        {
            let end = reached
                .entry(*client_id)
                .or_insert_with(|| self.clock(*client_id));
            if *clock > *end {
                return true;
            }
            *end = (*end).max(clock + len);
        }
        scan.deletes.iter().any(
            |ClockRange {
                 client_id,
                 clock,
                 len,
             }| {
                let end = reached
                    .get(client_id)
                    .copied()
                    .unwrap_or_else(|| self.clock(*client_id));
                clock + len > end
            },
        )
    }

    fn integrate(&mut self, bytes: &Bytes, scan: &UpdateScan) -> Result<Integration, Refusal> {
        let update = decode(bytes)?;
        let known: Vec<u32> = scan
            .inserts
            .iter()
            .map(|range| self.clock(range.client_id))
            .collect();
        let all_new = scan
            .inserts
            .iter()
            .zip(&known)
            .all(|(range, known)| range.clock >= *known);
        let doc = self.wake()?;
        let mut txn = doc.transact_mut();
        txn.apply_update(update)
            .map_err(|error| Refusal::Undecodable(error.to_string()))?;
        let complete = !txn.has_missing_updates();
        if complete {
            for range in &scan.inserts {
                let clock = self.clocks.entry(range.client_id).or_insert(0);
                *clock = (*clock).max(range.clock + range.len);
            }
        } else {
            // The raw bytes wait with us; yrs keeps nothing back.
            let _ = txn.prune_pending();
            self.clocks = clocks_of(&txn);
        }
        let inserted = scan
            .inserts
            .iter()
            .zip(&known)
            .any(|(range, known)| self.clocks.get(&range.client_id).is_some_and(|c| c > known));
        let changed = inserted || !txn.delete_set().is_empty();
        if let (Some(attribution), Some(written)) = (&mut self.attribution, &self.written) {
            let inserts = news(scan, &known, &self.clocks);
            attribution.record(written, &inserts, &deleted_ranges(txn.delete_set()));
        }
        let new = changed.then(|| {
            if complete && all_new {
                bytes.clone()
            } else {
                Bytes::from(txn.encode_update_v1())
            }
        });
        drop(txn);
        if let Some(new) = &new {
            self.version += 1;
            self.image = None;
            self.answers.changed(new);
            self.bytes += new.len();
            self.grown += new.len();
            if inserted {
                self.nested_types += scan.nested;
            }
        }
        Ok(Integration { complete, new })
    }

    fn wait(&mut self, update: Bytes, scan: UpdateScan, part: Option<Bytes>) -> Applied {
        if let Some((id, _)) = self
            .waiting
            .iter()
            .find(|(_, other)| other.update == update)
        {
            return Applied::Waiting(*id, part);
        }
        if self.waiting.len() >= self.waiting_updates_max
            || self.waiting_bytes.saturating_add(update.len()) > self.waiting_bytes_max
        {
            return Applied::NoRoom(part);
        }
        let id = WaitingId(self.next_waiting);
        self.next_waiting += 1;
        self.waiting_bytes += update.len();
        let written = self.written.clone();
        let waiting = Waiting {
            update,
            scan,
            written,
        };
        self.waiting.insert(id, waiting);
        Applied::Waiting(id, part)
    }
}

/// What of an update's insertions was not `known` before and is there now.
fn news(scan: &UpdateScan, known: &[u32], clocks: &BTreeMap<u64, u32>) -> Vec<ClockRange> {
    let news = scan.inserts.iter().zip(known).filter_map(|(range, known)| {
        let reached = clocks.get(&range.client_id).copied().unwrap_or(0);
        let clock = range.clock.max(*known);
        let end = (range.clock + range.len).min(reached);
        let len = end.checked_sub(clock).filter(|len| *len > 0)?;
        Some(ClockRange {
            clock,
            len,
            ..*range
        })
    });
    news.collect()
}

fn deleted_ranges(deleted: &yrs::IdSet) -> Vec<ClockRange> {
    let ranges = deleted.iter().flat_map(|(client_id, ranges)| {
        ranges.iter().map(|range| ClockRange {
            client_id: client_id.get(),
            clock: range.start,
            len: range.end - range.start,
        })
    });
    ranges.collect()
}
