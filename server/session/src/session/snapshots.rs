//! When the log becomes a snapshot.

use super::{Phase, Session, Snapshotting};
use crate::Millis;

/// How long to wait before a failed snapshot is ordered again.
pub(super) const SNAPSHOT_RETRY_MS: u64 = 60_000;

impl Session {
    pub(super) fn snapshot_stored(&mut self, now: Millis, stored: bool) {
        if let Snapshotting::Ordered { updates, bytes } = self.snapshot {
            self.snapshot = Snapshotting::Ready;
            if !stored {
                self.log_updates += updates;
                self.log_bytes += bytes;
                self.snapshot = Snapshotting::NotBefore(now + SNAPSHOT_RETRY_MS);
            }
        }
    }

    pub(super) fn snapshot_due(&self) -> Option<Millis> {
        if self.phase != Phase::Open || self.draining || self.log_updates == 0 {
            return None;
        }
        let not_before = match self.snapshot {
            Snapshotting::Ordered { .. } | Snapshotting::Condensing => return None,
            Snapshotting::NotBefore(at) => at,
            Snapshotting::Ready => Millis::default(),
        };
        let updates_max = self.limits.snapshot_log_updates.max(self.state_bytes / 64);
        let bytes_max = self.limits.snapshot_log_bytes.max(self.state_bytes / 2);
        let long = self.log_updates >= updates_max || self.log_bytes >= bytes_max;
        let far_too_long = self.log_updates / 2 >= updates_max || self.log_bytes / 2 >= bytes_max;
        if !self.ledger.is_empty() && !far_too_long {
            // What is read back while nothing is in flight is also the document's cold form.
            return None;
        }
        let patience = if self.has_much_to_compact() { 1 } else { 10 };
        let quiet = self.last_edit + self.limits.snapshot_idle_ms.saturating_mul(patience);
        let alone = self
            .empty_since
            .map(|since| since + self.limits.unload_idle_ms);
        let due = if long || self.cooling.is_short() && alone.is_some() {
            self.last_edit
        } else {
            quiet.min(alone.unwrap_or(quiet))
        };
        Some(due.max(not_before))
    }
}
