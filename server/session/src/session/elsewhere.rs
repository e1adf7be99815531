//! What other servers of the same store took in: durable already, and new to those who are here.

use bytes::Bytes;
use unisson_protocol::scan;

use super::{Phase, Session};
use crate::{Effects, Millis, compaction::unlimited, document::Applied};

impl Session {
    /// Such updates are neither logged nor acknowledged: their servers did both. One that misses
    /// something waits for it like any other.
    pub(super) fn elsewhere(&mut self, now: Millis, updates: Vec<Bytes>, effects: &mut Effects) {
        if self.phase != Phase::Open {
            return;
        }
        // What is durable is never refused.
        self.document.limit(&unlimited());
        for update in updates {
            let Ok(scan) = scan::update_v1(&update) else {
                continue;
            };
            let new = match self.document.apply(update, scan) {
                Ok(Applied::Integrated(new)) => new,
                Ok(Applied::Waiting(_, part) | Applied::NoRoom(part)) => part,
                // Whoever gives updates has looked at them; a document that does not wake ends.
                Err(_) => continue,
            };
            if let Some(new) = new {
                self.broadcast(now, &[], new, effects);
                self.release_waiting(now, effects);
            }
        }
        self.document.limit(&self.limits);
    }
}
