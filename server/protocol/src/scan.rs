//! A look at a Yjs update (format v1) or state vector before a CRDT library is fed with it.
//!
//! The scan walks every struct and every length without building anything, so that an update
//! that would exhaust memory, the stack or the clock arithmetic is refused with a reason.
//!
//! What Yjs 13.6 writes is accepted, with two exceptions that yrs 0.28 reads wrongly (it takes
//! other lengths than Yjs, so that everything behind them would be misread): JSON content, which
//! no Yjs since 13.0 creates, and `XmlHook`.

mod join;
mod split;
mod structs;

use self::structs::{Counts, Id, Struct};
pub use self::{
    join::{Parts, join},
    split::split_v1,
};
use crate::encoding::{DecodeError, Reader, Writer};

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
    /// How many structs name another struct, not a root, as their parent. The first child of each
    /// nested type does, so shared types of a document nest at most as deep as the sum of this
    /// over its updates. yrs deletes nested types recursively.
    pub nested: usize,
    /// The names of roots in which a struct stands that has no neighbour and is no key's: whoever
    /// wrote it saw nothing there, not even something deleted. With the client who did.
    pub begun: Vec<(u64, String)>,
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

/// The most subdocuments in one update: a few bytes each on the wire, a whole document each in
/// memory.
pub const SUBDOCUMENTS_MAX: usize = 16_384;

/// Clocks and their ends stay below this: yrs subtracts them as 32-bit signed integers.
const CLOCK_END_MAX: u64 = i32::MAX as u64;

/// Walks an update (format v1) to its end.
pub fn update_v1(bytes: &[u8]) -> Result<UpdateScan, DecodeError> {
    let mut reader = Reader::new(bytes);
    let mut scan = UpdateScan::default();
    let mut counts = Counts::default();
    let mut clients = Vec::new();
    for _ in 0..reader.count(CLIENT_BYTES_MIN)? {
        clients.push(client_structs(&mut reader, &mut scan, &mut counts)?);
    }
    refuse_repeated(&mut clients)?;
    scan.nested = counts.nested;
    scan.begun = counts.begun;
    delete_set(&mut reader, &mut scan.deletes)?;
    if !reader.is_empty() {
        return Err(DecodeError::Invalid("bytes after the end of the update"));
    }
    // Yjs writes higher client ids first; ranges of one client are in order already.
    scan.inserts.sort_unstable();
    Ok(scan)
}

/// Walks a state vector (format v1): `(client id, clock)` ordered by client id.
pub fn state_vector_v1(bytes: &[u8]) -> Result<Vec<(u64, u32)>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let count = reader.count(2)?;
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let client_id = reader.var_uint()?;
        entries.push((client_id, clock(&mut reader)?));
    }
    if !reader.is_empty() {
        return Err(DecodeError::Invalid(
            "bytes after the end of the state vector",
        ));
    }
    entries.sort_unstable();
    if entries
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.0 == b.0))
    {
        return Err(REPEATED);
    }
    Ok(entries)
}

/// Encodes a state vector (format v1) in the given order.
pub fn encode_state_vector_v1(entries: &[(u64, u32)]) -> bytes::Bytes {
    let mut writer = Writer::with_capacity((1 + 2 * entries.len()) * Writer::INTEGER_BYTES_MAX);
    writer.var_uint(entries.len() as u64);
    for (client_id, clock) in entries {
        writer.var_uint(*client_id);
        writer.var_uint(u64::from(*clock));
    }
    writer.finish()
}

/// Count, client id, clock and one struct of two bytes.
const CLIENT_BYTES_MIN: usize = 5;
/// A garbage collected struct: its type and its length.
const STRUCT_BYTES_MIN: usize = 2;

/// Of two entries Yjs keeps the later structs and all deletions, yrs all structs and the later
/// deletions: documents would differ.
const REPEATED: DecodeError = DecodeError::Invalid("a client appears twice");

/// Walks the structs of one client and returns its id.
fn client_structs(
    reader: &mut Reader<'_>,
    scan: &mut UpdateScan,
    counts: &mut Counts,
) -> Result<u64, DecodeError> {
    let count = reader.count(STRUCT_BYTES_MIN)?;
    if count == 0 {
        return Err(DecodeError::Invalid("a client without structs"));
    }
    let client_id = reader.var_uint()?;
    let mut clock = clock(reader)?;
    let mut open: Option<ClockRange> = None;
    for _ in 0..count {
        let walked = structs::walk(reader, Id { client_id, clock }, counts)?;
        let end = range_end(clock, walked.len())?;
        match (&mut open, walked) {
            (_, Struct::Skip(_)) => scan.inserts.extend(open.take()),
            (Some(range), Struct::Content(_)) => range.len = end - range.clock,
            (None, Struct::Content(_)) => {
                open = Some(ClockRange {
                    client_id,
                    clock,
                    len: end - clock,
                });
            }
        }
        clock = end;
    }
    scan.inserts.extend(open);
    scan.structs = scan.structs.saturating_add(count);
    Ok(client_id)
}

fn delete_set(reader: &mut Reader<'_>, deletes: &mut Vec<ClockRange>) -> Result<(), DecodeError> {
    let mut clients = Vec::new();
    for _ in 0..reader.count(2)? {
        let client_id = reader.var_uint()?;
        clients.push(client_id);
        for _ in 0..reader.count(2)? {
            let clock = clock(reader)?;
            let end = range_end(clock, reader.var_uint()?)?;
            deletes.push(ClockRange {
                client_id,
                clock,
                len: end - clock,
            });
        }
    }
    refuse_repeated(&mut clients)
}

fn clock(reader: &mut Reader<'_>) -> Result<u32, DecodeError> {
    let clock = reader.var_uint()?;
    if clock > CLOCK_END_MAX {
        return Err(DecodeError::OverLimit {
            what: "clock",
            max: CLOCK_END_MAX,
        });
    }
    u32::try_from(clock).map_err(|_| DecodeError::IntegerRange)
}

fn range_end(clock: u32, len: u64) -> Result<u32, DecodeError> {
    if len == 0 {
        return Err(DecodeError::Invalid("a range without clocks"));
    }
    match u32::try_from(u64::from(clock).saturating_add(len)) {
        Ok(end) if u64::from(end) <= CLOCK_END_MAX => Ok(end),
        _ => Err(DecodeError::OverLimit {
            what: "clock",
            max: CLOCK_END_MAX,
        }),
    }
}

fn refuse_repeated(clients: &mut [u64]) -> Result<(), DecodeError> {
    clients.sort_unstable();
    match clients
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
    {
        true => Err(REPEATED),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
