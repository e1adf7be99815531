//! How a document stands, as bytes that are the same wherever the same edits were made: the state
//! vector and all deletions, in one spelling.

use std::collections::BTreeMap;

use bytes::Bytes;
use unisson_protocol::{
    encoding::{DecodeError, Writer},
    scan,
};

/// Deleted clock ranges (start, end) by client id.
type Deletions = BTreeMap<u64, Vec<(u32, u32)>>;

/// How the document of a whole state (Yjs update, format v1) stands.
pub fn standing(state: &[u8]) -> Result<Bytes, DecodeError> {
    let scan = scan::update_v1(state)?;
    let mut clocks = BTreeMap::new();
    for range in &scan.inserts {
        let clock: &mut u32 = clocks.entry(range.client_id).or_default();
        *clock = (*clock).max(range.clock + range.len);
    }
    let mut deletions = Deletions::new();
    for range in &scan.deletes {
        let ranges = deletions.entry(range.client_id).or_default();
        ranges.push((range.clock, range.clock + range.len));
    }
    Ok(encode(&clocks, &deletions))
}

/// The same of what is known already.
pub(crate) fn encode(clocks: &BTreeMap<u64, u32>, deletions: &Deletions) -> Bytes {
    let mut writer = Writer::with_capacity(16 * (clocks.len() + deletions.len() + 2));
    let clocks = clocks.iter().filter(|(_, clock)| **clock > 0);
    for (client_id, clock) in clocks {
        writer.var_uint(*client_id);
        writer.var_uint(u64::from(*clock));
    }
    for (client_id, ranges) in deletions {
        let ranges = joined(ranges);
        writer.var_uint(*client_id);
        writer.var_uint(ranges.len() as u64);
        for (start, end) in ranges {
            writer.var_uint(u64::from(start));
            writer.var_uint(u64::from(end));
        }
    }
    writer.finish()
}

/// In order, and in one piece where they touch: how a delete set is cut depends on its past.
fn joined(ranges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut sorted: Vec<(u32, u32)> = ranges.to_vec();
    sorted.sort_unstable();
    let mut out: Vec<(u32, u32)> = Vec::with_capacity(sorted.len());
    for (start, end) in sorted {
        match out.last_mut() {
            Some((_, before)) if start <= *before => *before = end.max(*before),
            _ => out.push((start, end)),
        }
    }
    out
}
