//! Several updates as one, without a CRDT: a struct (format v1) does not depend on the bytes
//! before it, so the runs of one client can be put behind one another where their clocks are.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{ClockRange, clock, delete_set, range_end, structs};
use crate::encoding::{DecodeError, Reader, Writer};

/// An update taken apart, ready to be joined with others.
#[derive(Debug, Clone)]
pub struct Parts {
    update: Bytes,
    runs: Vec<Run>,
    deletes: Vec<ClockRange>,
    /// It leaves clocks out; what stands behind a gap must not be moved.
    skips: bool,
}

/// The structs of one client.
#[derive(Debug, Clone)]
struct Run {
    client_id: u64,
    clock: u32,
    end: u32,
    structs: usize,
    /// Where they stand in the update.
    bytes: std::ops::Range<usize>,
}

impl Parts {
    /// Takes an update (format v1) apart that [`super::update_v1`] accepts.
    pub fn of(update: Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&update);
        let mut parts = Self {
            update: Bytes::new(),
            runs: Vec::new(),
            deletes: Vec::new(),
            skips: false,
        };
        let mut counts = structs::Counts::default();
        for _ in 0..reader.count(super::CLIENT_BYTES_MIN)? {
            let count = reader.count(super::STRUCT_BYTES_MIN)?;
            let client_id = reader.var_uint()?;
            let start = clock(&mut reader)?;
            let from = update.len() - reader.rest().len();
            let mut end = start;
            for _ in 0..count {
                let id = structs::Id {
                    client_id,
                    clock: end,
                };
                let walked = structs::walk(&mut reader, id, &mut counts)?;
                parts.skips |= matches!(walked, structs::Struct::Skip(_));
                end = range_end(end, walked.len())?;
            }
            parts.runs.push(Run {
                client_id,
                clock: start,
                end,
                structs: count,
                bytes: from..update.len() - reader.rest().len(),
            });
        }
        delete_set(&mut reader, &mut parts.deletes)?;
        parts.update = update;
        Ok(parts)
    }

    /// The update.
    pub fn update(&self) -> &Bytes {
        &self.update
    }
}

/// Writes updates as one that says the same as all of them in this order. `None` where that takes
/// more than putting them together: the clocks of a client do not follow on one another.
pub fn join<'a>(updates: impl IntoIterator<Item = &'a Parts>) -> Option<Bytes> {
    let mut clients: BTreeMap<u64, Vec<(&Parts, &Run)>> = BTreeMap::new();
    let mut deletes = Vec::new();
    let mut bytes = 0;
    for parts in updates {
        if parts.skips {
            return None;
        }
        bytes += parts.update.len();
        deletes.extend_from_slice(&parts.deletes);
        for run in &parts.runs {
            let runs = clients.entry(run.client_id).or_default();
            if runs.last().is_some_and(|(_, last)| last.end != run.clock) {
                return None;
            }
            runs.push((parts, run));
        }
    }
    let mut writer = Writer::with_capacity(bytes + 4 * Writer::INTEGER_BYTES_MAX);
    writer.var_uint(clients.len() as u64);
    // Yjs writes higher client ids first.
    for (client_id, runs) in clients.iter().rev() {
        let structs: usize = runs.iter().map(|(_, run)| run.structs).sum();
        let start = runs.first().map_or(0, |(_, run)| run.clock);
        writer.var_uint(structs as u64);
        writer.var_uint(*client_id);
        writer.var_uint(u64::from(start));
        for (parts, run) in runs {
            writer.bytes(parts.update.get(run.bytes.clone())?);
        }
    }
    write_deletes(deletes, &mut writer);
    Some(writer.finish())
}

fn write_deletes(mut deletes: Vec<ClockRange>, writer: &mut Writer) {
    deletes.sort_unstable();
    deletes.dedup_by(|next, last| {
        let joins = next.client_id == last.client_id && next.clock <= last.clock + last.len;
        if joins {
            let end = (last.clock + last.len).max(next.clock + next.len);
            last.len = end - last.clock;
        }
        joins
    });
    let clients = deletes.chunk_by(|a, b| a.client_id == b.client_id);
    writer.var_uint(clients.clone().count() as u64);
    for ranges in clients {
        writer.var_uint(ranges.first().map_or(0, |range| range.client_id));
        writer.var_uint(ranges.len() as u64);
        for range in ranges {
            writer.var_uint(u64::from(range.clock));
            writer.var_uint(u64::from(range.len));
        }
    }
}
