//! A look at a Yjs update (format v1) or state vector before a CRDT library is fed with it.
//!
//! The scan walks every struct and every length without building anything, so that an update
//! that would exhaust memory, the stack or the clock arithmetic is refused with a reason.

use crate::encoding::DecodeError;

/// What an update contains.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpdateScan {
    /// Clock ranges of new structs, ordered by client then clock, adjacent ranges joined,
    /// `Skip` structs left out (so a gap between two ranges of one client is a hole).
    pub inserts: Vec<ClockRange>,
    /// Clock ranges that are deleted, in the order of the update.
    pub deletes: Vec<ClockRange>,
    /// How many structs.
    pub structs: usize,
}

/// `len` clocks of one client, from `clock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClockRange {
    /// The Yjs client id.
    pub client_id: u64,
    /// The first clock.
    pub clock: u32,
    /// How many clocks; never zero, and `clock + len` is at most `i32::MAX`.
    pub len: u32,
}

impl UpdateScan {
    /// Whether the update says nothing at all (the two bytes `00 00`).
    pub fn is_empty(&self) -> bool {
        self.inserts.is_empty() && self.deletes.is_empty()
    }
}

/// The deepest nesting of arrays and maps inside one value of an update (yrs decodes recursively).
pub const NESTING_MAX: usize = 64;

/// Walks an update (format v1) to its end.
pub fn update_v1(_bytes: &[u8]) -> Result<UpdateScan, DecodeError> {
    unimplemented!()
}

/// Walks a state vector (format v1): `(client id, clock)` ordered by client id.
pub fn state_vector_v1(_bytes: &[u8]) -> Result<Vec<(u64, u32)>, DecodeError> {
    unimplemented!()
}

/// Encodes a state vector (format v1) in the given order.
pub fn encode_state_vector_v1(_entries: &[(u64, u32)]) -> bytes::Bytes {
    unimplemented!()
}
