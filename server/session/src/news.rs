//! What other servers of a store wrote, out of what the store has of it.

use bytes::Bytes;
use unisson_history::entry;
use unisson_protocol::scan;
use yrs::{Update, updates::decoder::Decode};

use crate::{LoadError, StoredParts, compaction::unlimited, load};

/// The updates (format v1) that stored parts say, for [`crate::Input::Elsewhere`]. Where there are
/// snapshots among them it is one update that says all.
pub fn news(parts: &StoredParts) -> Result<Vec<Bytes>, LoadError> {
    if !parts.snapshots.is_empty() {
        let document = load(parts, &unlimited())?.document;
        let waiting: Vec<Bytes> = document.waiting().cloned().collect();
        return Ok(std::iter::once(document.encode_v1()?)
            .chain(waiting)
            .collect());
    }
    let updates = parts.updates.iter().map(|logged| {
        let damaged = |problem: String| LoadError::Damaged(format!("logged update: {problem}"));
        let update = entry::open(logged)
            .map_err(|error| damaged(error.to_string()))?
            .update;
        scan::update_v1(&update).map_err(|error| damaged(error.to_string()))?;
        Update::decode_v1(&update).map_err(|error| damaged(error.to_string()))?;
        Ok(update)
    });
    updates.collect()
}
