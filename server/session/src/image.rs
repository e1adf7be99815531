//! The cold form of a document: its whole state as compact bytes, without a CRDT.
//!
//! Most people who come to a quiet page ask for all of it or for nothing. Both are answered from
//! these bytes; only an edit, or an unusual question, needs the CRDT again.

use std::fmt;

use bytes::Bytes;
use unisson_protocol::scan::{self, ClockRange, UpdateScan};
use yrs::{
    Update,
    updates::{decoder::Decode, encoder::Encode},
};

use crate::{LoadError, packed::Packed};

/// The update (format v1) that says nothing.
const NOTHING: &[u8] = &[0, 0];

/// A document's state at one moment. Made away from the async threads, by [`crate::condense`].
#[derive(Clone)]
pub struct Image {
    /// Format v2.
    state: Packed,
    /// Format v1: no structs and all deletions, as somebody is told who has every struct.
    nothing_new: Packed,
    state_vector: Bytes,
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({} of {} bytes)", self.bytes(), self.state_bytes())
    }
}

impl Image {
    /// The image of a document in which nothing was ever written.
    pub(crate) fn empty() -> Self {
        Self {
            state: Packed::new(Update::EMPTY_V2),
            nothing_new: Packed::new(NOTHING),
            state_vector: scan::encode_state_vector_v1(&[]),
        }
    }

    pub(crate) fn new(state_v2: &[u8], nothing_new: &[u8], state_vector: Bytes) -> Self {
        Self {
            state: Packed::new(state_v2),
            nothing_new: Packed::new(nothing_new),
            state_vector,
        }
    }

    /// Takes the state of a snapshot (format v2) as it is; gives its format v1 too. `None` where it
    /// is not plainly the state of a document without holes: a CRDT has to say what it is then.
    pub(crate) fn of_state(state_v2: &[u8]) -> Option<(Self, Bytes)> {
        let update = Update::decode_v2(state_v2).ok()?;
        let full = Bytes::from(update.encode_v1());
        let clocks = clocks_without_holes(&scan::update_v1(&full).ok()?)?;
        let mut nothing_new = vec![0];
        nothing_new.extend(update.delete_set().encode_v1());
        let state_vector = scan::encode_state_vector_v1(&clocks);
        Some((Self::new(state_v2, &nothing_new, state_vector), full))
    }

    /// The state in format v2.
    pub(crate) fn state(&self) -> Result<Bytes, LoadError> {
        self.state.unpack()
    }

    /// The state in format v1: what a newcomer is told.
    pub(crate) fn full(&self) -> Result<Bytes, LoadError> {
        let update = Update::decode_v2(&self.state()?)
            .map_err(|error| LoadError::Damaged(format!("cold state: {error}")))?;
        Ok(Bytes::from(update.encode_v1()))
    }

    pub(crate) fn nothing_new(&self) -> Result<Bytes, LoadError> {
        self.nothing_new.unpack()
    }

    pub(crate) fn state_vector(&self) -> &Bytes {
        &self.state_vector
    }

    /// How many bytes the state has in format v2.
    pub(crate) fn state_bytes(&self) -> usize {
        self.state.raw_bytes()
    }

    /// How many bytes the image takes.
    pub(crate) fn bytes(&self) -> usize {
        self.state.bytes() + self.nothing_new.bytes() + self.state_vector.len()
    }
}

/// Where each client's clock stands, if its structs begin at zero and have no gap, and nothing is
/// deleted that is not there.
fn clocks_without_holes(scan: &UpdateScan) -> Option<Vec<(u64, u32)>> {
    let mut clocks: Vec<(u64, u32)> = Vec::new();
    for range in &scan.inserts {
        let follows = clocks.last().is_none_or(|last| last.0 < range.client_id);
        if range.clock != 0 || !follows {
            return None;
        }
        clocks.push((range.client_id, range.len));
    }
    let is_there = |range: &ClockRange| {
        clocks
            .binary_search_by_key(&range.client_id, |entry| entry.0)
            .ok()
            .and_then(|at| clocks.get(at))
            .is_some_and(|(_, clock)| range.clock + range.len <= *clock)
    };
    scan.deletes.iter().all(is_there).then_some(clocks)
}
