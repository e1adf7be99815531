//! The two forms of a document: live (a CRDT, about fourteen times its bytes) and cold (an image).
//!
//! An image says exactly what the document said at one version. It comes from the store, whose
//! compaction makes one anyway, and is good as long as the version is the same.

use bytes::Bytes;
use unisson_protocol::{
    encoding::DecodeError,
    scan::{self, UpdateScan},
};
use yrs::{
    ClientID, Doc, OffsetKind, Options, ReadTxn, StateVector, Transact, Update,
    updates::decoder::Decode,
};

use super::{Deletions, Document, LoadError};
use crate::{answers::Answer, image::Image};

/// What a document, its session and its task take when nothing is in them.
const DOCUMENT_BYTES: usize = 4 << 10;
/// About what the CRDT takes for each byte of an update.
const LIVE_FACTOR: usize = 14;
/// From so many bytes on, a document is handled away from the async threads.
const HEAVY_BYTES: usize = 256 << 10;

#[derive(Debug)]
pub(super) enum Form {
    Live(Doc),
    Cold(Image),
}

/// Why a question is not answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// It is not a state vector.
    Malformed,
    /// The cold document does not wake; [`Document::fault`] says why.
    Damaged,
}

impl From<DecodeError> for Unanswered {
    fn from(_: DecodeError) -> Self {
        Self::Malformed
    }
}

impl From<LoadError> for Unanswered {
    fn from(_: LoadError) -> Self {
        Self::Damaged
    }
}

pub(super) fn empty_doc() -> Doc {
    // The server writes nothing of its own: a fixed client id keeps all bytes reproducible.
    let mut options = Options::with_guid_and_client_id("unisson".into(), ClientID::new(1));
    options.offset_kind = OffsetKind::Utf16;
    options.skip_gc = false;
    // Cleaning up dead formatting would be an edit of the server's own, seen by nobody else.
    options.cleanup_formatting = false;
    Doc::with_options(options)
}

/// Integrates the whole state of a snapshot (format v2), which has no holes by construction.
pub(super) fn integrate_state(doc: &Doc, state_v2: &[u8]) -> Result<(), LoadError> {
    let damaged = |problem: String| LoadError::Damaged(format!("snapshot: {problem}"));
    let update = Update::decode_v2(state_v2).map_err(|error| damaged(error.to_string()))?;
    let mut txn = doc.transact_mut();
    txn.apply_update(update)
        .map_err(|error| damaged(error.to_string()))?;
    if txn.has_missing_updates() {
        return Err(damaged("it refers to content that it does not have".into()));
    }
    Ok(())
}

impl Document {
    /// A document that opens without a CRDT, from its only snapshot's state (format v2). `None`
    /// where the state has to be integrated to be understood.
    pub(crate) fn open_cold(state_v2: &[u8], limits: &crate::Limits) -> Option<Self> {
        let (image, full) = Image::of_state(state_v2)?;
        let mut document = Self::new(limits);
        document.clocks = scan::state_vector_v1(image.state_vector())
            .ok()?
            .into_iter()
            .collect();
        document.bytes = state_v2.len();
        document.version = 1;
        document.form = Form::Cold(image);
        // Somebody is about to ask: documents are opened for people.
        document.answers.keep_full(document.version, full);
        Some(document)
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn is_cold(&self) -> bool {
        matches!(self.form, Form::Cold(_))
    }

    /// Why the document could not be woken. Nobody may use it any more.
    pub(crate) fn fault(&self) -> Option<&LoadError> {
        self.fault.as_ref()
    }

    /// Takes an image of the version it has now. False where the image says something else: another
    /// server may have written meanwhile what nobody here was told.
    pub(crate) fn offer(&mut self, image: Image) -> bool {
        let same = *image.state_vector() == self.state_vector() && self.deletes_what(&image);
        if same && !self.is_cold() {
            self.bytes = image.state_bytes();
            self.image = Some((self.version, image));
        }
        same
    }

    fn deletes_what(&mut self, image: &Image) -> bool {
        let of_image = image.nothing_new().and_then(|update| scan_own(&update));
        let (Ok(of_image), Ok(own)) = (of_image, self.deletions()) else {
            return false;
        };
        of_scan(&of_image) == *own
    }

    /// Whether it can go cold at once.
    pub(crate) fn has_image(&self) -> bool {
        let image = self.image.as_ref();
        image.is_some_and(|(version, _)| *version == self.version)
    }

    /// Goes cold, if it has an image of what it says now and nothing waits.
    pub(crate) fn cool(&mut self) -> bool {
        if self.is_cold() || self.has_waiting() || !self.has_image() {
            return self.is_cold();
        }
        if let Some((_, image)) = self.image.take() {
            self.form = Form::Cold(image);
            self.deletions = None;
        }
        true
    }

    /// The CRDT, made from the image where there is none.
    pub(super) fn wake(&mut self) -> Result<Doc, LoadError> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let image = match &self.form {
            Form::Live(doc) => return Ok(doc.clone()),
            Form::Cold(image) => image,
        };
        let doc = empty_doc();
        let woken = image
            .state()
            .and_then(|state| integrate_state(&doc, &state));
        if let Err(fault) = woken {
            self.fault = Some(fault.clone());
            return Err(fault);
        }
        if let Form::Cold(image) = std::mem::replace(&mut self.form, Form::Live(doc.clone())) {
            self.image = Some((self.version, image));
        }
        Ok(doc)
    }

    /// What somebody with this state vector (lib0 v1) misses, as an update (format v1) and those
    /// that follow it.
    pub(crate) fn answer(&mut self, state_vector: &Bytes) -> Result<Answer, Unanswered> {
        let known = scan::state_vector_v1(state_vector)?;
        if known
            .iter()
            .all(|(id, clock)| *clock == 0 || self.clock(*id) == 0)
        {
            return Ok(self.full()?);
        }
        if let Some(answer) = self.answers.last(self.version, state_vector) {
            return Ok(Answer::of(answer));
        }
        let body = self.part(&known)?;
        self.answers
            .keep_last(self.version, state_vector.clone(), body.clone());
        Ok(Answer::of(body))
    }

    fn full(&mut self) -> Result<Answer, LoadError> {
        if let Some(answer) = self.answers.full(self.version) {
            return Ok(answer);
        }
        let body = self.encode_v1();
        let body = body.inspect_err(|fault| self.fault = Some(fault.clone()))?;
        self.answers.keep_full(self.version, body.clone());
        Ok(Answer::of(body))
    }

    fn part(&mut self, known: &[(u64, u32)]) -> Result<Bytes, LoadError> {
        if let Form::Cold(image) = &self.form
            && self.adds_nothing_to(known)
        {
            return image.nothing_new().inspect_err(|fault| {
                self.fault = Some(fault.clone());
            });
        }
        let remote: StateVector = known
            .iter()
            .map(|(id, clock)| (ClientID::new(*id), *clock))
            .collect();
        let doc = self.wake()?;
        Ok(doc.transact().encode_diff_v1(&remote).into())
    }

    /// Whether somebody who has reached these clocks has every struct.
    fn adds_nothing_to(&self, known: &[(u64, u32)]) -> bool {
        self.clocks.iter().all(|(id, clock)| {
            let at = known.binary_search_by_key(id, |entry| entry.0).ok();
            at.and_then(|at| known.get(at))
                .is_some_and(|(_, known)| known >= clock)
        })
    }

    /// The changes since a version, if they are at hand.
    pub(crate) fn since(&self, version: u64) -> Option<Vec<Bytes>> {
        self.answers.since(version)
    }

    pub(crate) fn has_answers(&self) -> bool {
        !self.answers.is_empty()
    }

    pub(crate) fn forget_answers(&mut self) {
        self.answers.forget();
        self.deletions = None;
    }

    /// Whether answering a question takes long.
    pub(crate) fn is_heavy_to_ask(&self, state_vector: &Bytes) -> bool {
        let known =
            self.answers.has_full() || self.answers.last(self.version, state_vector).is_some();
        self.bytes >= HEAVY_BYTES && !known
    }

    /// Whether taking an update takes long.
    pub(crate) fn is_heavy_to_edit(&self, update_bytes: usize) -> bool {
        update_bytes >= HEAVY_BYTES || self.bytes >= HEAVY_BYTES && self.is_cold()
    }

    /// Whether making or dropping the CRDT takes long.
    pub(crate) fn is_heavy(&self) -> bool {
        self.bytes >= HEAVY_BYTES
    }

    /// About how much memory it takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let form = match &self.form {
            Form::Live(_) => self.bytes.saturating_mul(LIVE_FACTOR),
            Form::Cold(image) => image.bytes(),
        };
        let image = self.image.as_ref().map_or(0, |(_, image)| image.bytes());
        let deletions = self.deletions.as_ref().map_or(0, |(_, deletions)| {
            deletions.values().map(|ranges| 64 + ranges.len() * 8).sum()
        });
        DOCUMENT_BYTES
            + form
            + image
            + deletions
            + self.clocks.len() * 24
            + self.waiting_bytes
            + self.answers.bytes()
    }

    /// What is deleted, by client, in order.
    pub(super) fn deletions(&mut self) -> Result<&Deletions, LoadError> {
        let known = self.deletions.as_ref();
        if known.is_none_or(|(version, _)| *version != self.version) {
            let deletions = match &self.form {
                Form::Live(doc) => {
                    let snapshot = doc.transact().snapshot();
                    let clients = snapshot.delete_set.iter().map(|(id, ranges)| {
                        (id.get(), ranges.iter().map(|r| (r.start, r.end)).collect())
                    });
                    joined(clients.collect())
                }
                Form::Cold(image) => of_scan(&scan_own(&image.nothing_new()?)?),
            };
            self.deletions = Some((self.version, deletions));
        }
        Ok(&self.deletions.get_or_insert_with(Default::default).1)
    }
}

fn scan_own(update: &[u8]) -> Result<UpdateScan, LoadError> {
    scan::update_v1(update).map_err(|error| LoadError::Damaged(format!("cold state: {error}")))
}

fn of_scan(scan: &UpdateScan) -> Deletions {
    let mut deletions = Deletions::new();
    for range in &scan.deletes {
        let ranges = deletions.entry(range.client_id).or_default();
        ranges.push((range.clock, range.clock + range.len));
    }
    joined(deletions)
}

/// In order, and without borders inside a range: two of the same deletions are equal.
fn joined(mut deletions: Deletions) -> Deletions {
    for ranges in deletions.values_mut() {
        ranges.sort_unstable();
        ranges.dedup_by(|next, range| {
            let touches = next.0 <= range.1;
            if touches {
                range.1 = range.1.max(next.1);
            }
            touches
        });
    }
    deletions
}
