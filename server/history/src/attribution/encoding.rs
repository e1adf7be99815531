//! An attribution as bytes: tables of authors and stamps, then the ranges in columns, which
//! compress well.

use unisson_protocol::{
    encoding::{DecodeError, Reader, Writer},
    scan::ClockRange,
};

use super::{Attribution, Stamp};
use crate::{
    entry::{read_author, write_author},
    ranges::{StampId, StampedRanges},
};

impl Attribution {
    /// Everything, for a snapshot's body.
    pub fn encode(&self) -> bytes::Bytes {
        let mut writer = Writer::default();
        writer.var_uint(self.authors.len() as u64);
        for author in &self.authors {
            write_author(&mut writer, author);
        }
        let mut order: Vec<usize> = (0..self.stamps.len()).collect();
        let begins = |at: &usize| {
            let stamp = self.stamps.get(*at);
            stamp.map(|stamp| (stamp.first_ms, stamp.author))
        };
        order.sort_by_key(begins);
        let mut places = vec![0; order.len()];
        let mut before_ms = 0;
        writer.var_uint(order.len() as u64);
        for (place, at) in order.iter().enumerate() {
            if let (Some(stamp), Some(slot)) = (self.stamps.get(*at), places.get_mut(*at)) {
                *slot = place as u64;
                writer.var_uint(stamp.first_ms - before_ms);
                writer.var_uint(stamp.last_ms - stamp.first_ms);
                writer.var_uint(u64::from(stamp.author));
                before_ms = stamp.first_ms;
            }
        }
        write_ranges(&mut writer, &self.inserted, &places);
        write_ranges(&mut writer, &self.deleted, &places);
        writer.finish()
    }

    /// Reads what [`Attribution::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let mut attribution = Self::default();
        for _ in 0..reader.count(1)? {
            let author = read_author(&mut reader)?;
            attribution.author_id(&author);
        }
        let mut before_ms = 0_u64;
        for _ in 0..reader.count(3)? {
            let first_ms = before_ms.saturating_add(reader.var_uint()?);
            let last_ms = first_ms.saturating_add(reader.var_uint()?);
            let author = reader.var_uint()?;
            if author >= attribution.authors.len() as u64 {
                return Err(DecodeError::Invalid("a stamp of no author"));
            }
            let stamps = attribution.stamps.len();
            attribution.stamp(author as u32, first_ms, last_ms);
            if attribution.stamps.len() == stamps {
                return Err(DecodeError::Invalid("a stamp appears twice"));
            }
            before_ms = first_ms;
        }
        attribution.inserted = read_ranges(&mut reader, &attribution.stamps)?;
        attribution.deleted = read_ranges(&mut reader, &attribution.stamps)?;
        if !reader.is_empty() {
            return Err(DecodeError::Invalid("bytes after the end"));
        }
        Ok(attribution)
    }
}

/// Per client: its id, how many spans, then how far each begins behind the one before, their
/// lengths, and their stamps as differences.
fn write_ranges(writer: &mut Writer, ranges: &StampedRanges, places: &[u64]) {
    let clients = ranges.clients();
    writer.var_uint(clients.len() as u64);
    for (client_id, spans) in clients {
        writer.var_uint(client_id);
        writer.var_uint(spans.len() as u64);
        let mut end = 0;
        for (first, span) in spans {
            writer.var_uint(u64::from(first - end));
            end = span.end;
        }
        for (first, span) in spans {
            writer.var_uint(u64::from(span.end - first));
        }
        let mut before = 0_i64;
        for span in spans.values() {
            let place = places.get(span.stamp.0 as usize).copied().unwrap_or(0) as i64;
            writer.var_uint(zigzag(place - before));
            before = place;
        }
    }
}

fn read_ranges(reader: &mut Reader<'_>, stamps: &[Stamp]) -> Result<StampedRanges, DecodeError> {
    let mut ranges = StampedRanges::default();
    for _ in 0..reader.count(2)? {
        let client_id = reader.var_uint()?;
        let count = reader.count(3)?;
        let gaps = read_column(reader, count)?;
        let lens = read_column(reader, count)?;
        let places = read_column(reader, count)?;
        let (mut end, mut place) = (0_u64, 0_i64);
        for ((gap, len), step) in gaps.into_iter().zip(lens).zip(places) {
            let clock = end.saturating_add(gap);
            end = clock.saturating_add(len);
            place = place.saturating_add(unzigzag(step));
            let stamp = u32::try_from(place).ok();
            let stamp = stamp.filter(|place| (*place as usize) < stamps.len());
            let stamp = stamp.ok_or(DecodeError::Invalid("a range of no stamp"))?;
            if len == 0 || end > i32::MAX as u64 {
                return Err(DecodeError::Invalid("a range is empty or too far out"));
            }
            let range = ClockRange {
                client_id,
                clock: clock as u32,
                len: len as u32,
            };
            ranges.claim(range, StampId(stamp), |_, _| false);
        }
    }
    Ok(ranges)
}

fn read_column(reader: &mut Reader<'_>, count: usize) -> Result<Vec<u64>, DecodeError> {
    (0..count).map(|_| reader.var_uint()).collect()
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}
