//! The bytes of an open log: a header, then one checksummed frame for each durable batch.
//!
//! A batch is one frame because it is what one `fdatasync` covers: at most the last frame of a
//! log can be unfinished, so a bad frame that good ones follow is damage, never a crash. The
//! checksum is keyed by the header, whose epoch no client knows, so an update that looks like a
//! frame does not pass for one.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    codec::{Malformed, Reader, put_bytes, put_varint},
    names::{Epoch, NAME_BYTES_MAX},
};

const MAGIC: &[u8; 8] = b"UNISLOG\0";
const VERSION: u32 = 1;
/// The length of a log's header.
pub(crate) const HEADER_BYTES: usize = 40;
/// The length of a frame before its payload.
const FRAME_HEAD_BYTES: usize = 8;
/// The longest update that any setting may allow.
pub(crate) const UPDATE_BYTES_MAX: usize = 256 << 20;
const PAYLOAD_BYTES_MAX: usize = 2 * UPDATE_BYTES_MAX;

/// One update in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogEntry {
    pub(crate) seq: u64,
    pub(crate) name: Arc<str>,
    pub(crate) update: Bytes,
}

/// The first bytes of the log that starts with entry `first`.
pub(crate) fn header(epoch: Epoch, first: u64) -> [u8; HEADER_BYTES] {
    let mut out = Vec::with_capacity(HEADER_BYTES);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&epoch.to_bytes());
    out.extend_from_slice(&first.to_le_bytes());
    out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
    out.try_into()
        .expect("the fields add up to the header's length")
}

/// Encodes one batch and hands back its entries, whose updates are slices of the frame: they
/// pin nothing but the frame itself.
pub(crate) fn encode(
    header: &[u8; HEADER_BYTES],
    first: u64,
    batch: &[(Arc<str>, Bytes)],
) -> (Bytes, Vec<LogEntry>) {
    let bytes: usize = batch
        .iter()
        .map(|(name, update)| name.len() + update.len() + 10)
        .sum();
    let mut out = Vec::with_capacity(bytes + 32);
    out.extend_from_slice(&[0; FRAME_HEAD_BYTES]);
    out.extend_from_slice(&first.to_le_bytes());
    put_varint(&mut out, batch.len() as u64);
    let mut places = Vec::with_capacity(batch.len());
    for (name, update) in batch {
        put_bytes(&mut out, name.as_bytes());
        put_bytes(&mut out, update);
        places.push(out.len() - update.len()..out.len());
    }
    let length = ((out.len() - FRAME_HEAD_BYTES) as u32).to_le_bytes();
    let crc = checksum(header, length, &out[FRAME_HEAD_BYTES..]).to_le_bytes();
    out[..4].copy_from_slice(&length);
    out[4..8].copy_from_slice(&crc);
    let frame = Bytes::from(out);
    let entries = batch
        .iter()
        .zip(places)
        .zip(first..)
        .map(|(((name, _), place), seq)| LogEntry {
            seq,
            name: Arc::clone(name),
            update: frame.slice(place),
        });
    let entries = entries.collect();
    (frame, entries)
}

fn checksum(header: &[u8], length: [u8; 4], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(
        crc32c::crc32c_append(crc32c::crc32c(header), &length),
        payload,
    )
}

/// What a log holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    /// The header was never finished, so no entry was ever acknowledged from this file.
    Unborn,
    /// Entries without a gap from the header's first number on; `torn` tells where an unfinished
    /// frame begins.
    Entries {
        entries: Vec<LogEntry>,
        torn: Option<usize>,
    },
}

/// Reads a whole log. The error names the offset of the damage.
pub(crate) fn scan(bytes: &Bytes, epoch: Epoch, first: u64) -> Result<Scan, (usize, Malformed)> {
    let expected = header(epoch, first);
    let Some(found) = bytes.get(..HEADER_BYTES) else {
        // A crash leaves a prefix of the header, perhaps with blocks that were never written.
        let unfinished = bytes
            .iter()
            .zip(&expected)
            .all(|(byte, want)| byte == want || *byte == 0);
        return if unfinished {
            Ok(Scan::Unborn)
        } else {
            Err((0, Malformed("bad log header")))
        };
    };
    if found != expected {
        // The header is durable before a frame is written, so zeros with something after them are
        // no unfinished file.
        if bytes.len() == HEADER_BYTES && bytes.iter().all(|byte| *byte == 0) {
            return Ok(Scan::Unborn);
        }
        return Err((0, header_problem(found)));
    }
    let (mut entries, mut offset, mut next) = (Vec::new(), HEADER_BYTES, first);
    while offset < bytes.len() {
        let Some(length) = frame_at(bytes, offset, &expected) else {
            if let Some(later) = later_frame(bytes, offset + 1, &expected, next) {
                tracing::error!(offset, later, "a damaged frame with good ones after it");
                return Err((offset, Malformed("a damaged frame with good ones after it")));
            }
            return Ok(Scan::Entries {
                entries,
                torn: Some(offset),
            });
        };
        let payload = bytes.slice(offset + FRAME_HEAD_BYTES..offset + length);
        next = decode(&payload, next, &mut entries).map_err(|problem| (offset, problem))?;
        offset += length;
    }
    Ok(Scan::Entries {
        entries,
        torn: None,
    })
}

fn header_problem(found: &[u8]) -> Malformed {
    let mut reader = Reader::new(found);
    match (reader.array::<8>(), reader.u32()) {
        (Ok(magic), Ok(version)) if &magic == MAGIC && version > VERSION => {
            Malformed("the log has a newer version")
        }
        _ => Malformed("bad log header"),
    }
}

/// The whole length of the good frame at `offset`, if there is one.
fn frame_at(bytes: &[u8], offset: usize, header: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(bytes.get(offset..)?);
    let length = reader.array::<4>().ok()?;
    let crc = reader.u32().ok()?;
    let payload_bytes = u32::from_le_bytes(length) as usize;
    if !(9..=PAYLOAD_BYTES_MAX).contains(&payload_bytes) {
        return None;
    }
    let payload = reader.take(payload_bytes).ok()?;
    (checksum(header, length, payload) == crc).then_some(FRAME_HEAD_BYTES + payload_bytes)
}

/// A good frame at or after `from`. The sequence number is looked at before the checksum, which
/// keeps this linear on anything but a forgery.
fn later_frame(bytes: &[u8], from: usize, header: &[u8], next: u64) -> Option<usize> {
    let plausible = next..=next.saturating_add(bytes.len() as u64);
    (from..bytes.len().saturating_sub(FRAME_HEAD_BYTES)).find(|&offset| {
        let first = bytes
            .get(offset + FRAME_HEAD_BYTES..)
            .map(Reader::new)
            .map(|mut r| r.u64());
        matches!(first, Some(Ok(first)) if plausible.contains(&first))
            && frame_at(bytes, offset, header).is_some()
    })
}

fn decode(payload: &Bytes, next: u64, entries: &mut Vec<LogEntry>) -> Result<u64, Malformed> {
    let mut reader = Reader::new(payload);
    if reader.u64()? != next {
        return Err(Malformed(
            "a frame is missing: the sequence numbers have a gap",
        ));
    }
    let count = reader.count(2)?;
    for seq in next..next.saturating_add(count as u64) {
        let name = Arc::from(reader.text(NAME_BYTES_MAX)?);
        let update = payload.slice_ref(reader.bytes(UPDATE_BYTES_MAX)?);
        entries.push(LogEntry { seq, name, update });
    }
    reader.finish()?;
    Ok(next.saturating_add(count as u64))
}
