//! When a document gives up its CRDT, and when encoded answers are forgotten.

use super::{Session, Snapshotting, snapshots::SNAPSHOT_RETRY_MS};
use crate::{Effect, Effects, Image, Millis, SnapshotError, session::Phase};

/// With memory short, a document without edits for so long counts as quiet.
const SHORT_QUIET_MS: u64 = 1_000;
/// How often the patience doubles with each time that the document had to wake up.
const DOUBLINGS_MAX: u32 = 4;
/// So many logged updates make a snapshot worth its writing whatever the document's size.
const WORTHWHILE_UPDATES: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Cooling {
    /// The version that the ordered image is to have, where it can have it.
    ordered: Option<u64>,
    /// How often the document went cold.
    naps: u32,
    /// The process is short of memory.
    short: bool,
    not_before: Millis,
    answered: Millis,
}

impl Cooling {
    /// Somebody has asked.
    pub(super) fn answered(&mut self, now: Millis) {
        self.answered = now;
    }

    pub(super) fn edited(&mut self) {
        self.short = false;
    }

    pub(super) fn is_short(&self) -> bool {
        self.short
    }
}

impl Session {
    /// When to give up the CRDT.
    pub(super) fn cool_due(&self) -> Option<Millis> {
        let ordered = matches!(
            self.snapshot,
            Snapshotting::Ordered { .. } | Snapshotting::Condensing
        );
        let busy = self.phase != Phase::Open
            || self.draining
            || ordered
            || self.document.is_cold()
            || self.document.has_waiting()
            || !self.ledger.is_empty()
            // It is about to be closed.
            || self.peers.is_empty();
        if busy || self.document.bytes() < self.limits.cool_bytes_min {
            return None;
        }
        let quiet = self.last_edit + self.cool_patience_ms();
        Some(match self.snapshot {
            _ if self.document.has_image() => quiet,
            Snapshotting::NotBefore(at) => quiet.max(self.cooling.not_before).max(at),
            _ => quiet.max(self.cooling.not_before),
        })
    }

    fn cool_patience_ms(&self) -> u64 {
        if self.cooling.short {
            return SHORT_QUIET_MS.min(self.limits.cool_idle_ms);
        }
        let idle_ms = self.limits.cool_idle_ms;
        let of_size = idle_ms.saturating_mul(self.document.bytes() as u64) >> 20;
        idle_ms.saturating_add(of_size) << self.cooling.naps.min(DOUBLINGS_MAX)
    }

    pub(super) fn answers_due(&self) -> Option<Millis> {
        self.document
            .has_answers()
            .then(|| self.cooling.answered + self.limits.answers_idle_ms)
    }

    /// Whether a snapshot now would replace a good part of the log.
    pub(super) fn has_much_to_compact(&self) -> bool {
        self.log_updates >= WORTHWHILE_UPDATES.min(self.limits.snapshot_log_updates)
            || self.log_bytes > self.state_bytes / 8
    }

    /// Forgets what nobody asked for lately; cools what was quiet for long enough.
    pub(super) fn settle_temperature(&mut self, now: Millis, effects: &mut Effects) {
        if self.answers_due().is_some_and(|due| due <= now) {
            self.document.forget_answers();
        }
        if self.cool_due().is_none_or(|due| due > now) {
            return;
        }
        if self.document.cool() {
            self.cooling.naps = self.cooling.naps.saturating_add(1);
            self.cooling.short = false;
            return;
        }
        // Both read the document back; storing the result is the smaller part.
        if self.log_updates >= WORTHWHILE_UPDATES {
            self.order_snapshot(effects);
        } else {
            self.snapshot = Snapshotting::Condensing;
            self.cooling.ordered = Some(self.document.version());
            effects.push(Effect::Condense);
        }
    }

    pub(super) fn order_snapshot(&mut self, effects: &mut Effects) {
        self.snapshot = Snapshotting::Ordered {
            updates: self.log_updates,
            bytes: self.log_bytes,
        };
        self.log_updates = 0;
        self.log_bytes = 0;
        // What is read back is what is durable.
        let exact = self.ledger.is_empty() && !self.document.has_waiting();
        self.cooling.ordered = exact.then(|| self.document.version());
        effects.push(Effect::StoreSnapshot);
    }

    /// The document was read back.
    pub(super) fn condensed(&mut self, now: Millis, result: Result<Option<Image>, SnapshotError>) {
        let ordered = self.cooling.ordered.take();
        let Ok(Some(image)) = result else {
            self.cooling.not_before = now + SNAPSHOT_RETRY_MS;
            return;
        };
        self.state_bytes = image.state_bytes();
        let same = ordered == Some(self.document.version())
            && self.ledger.is_empty()
            && !self.document.has_waiting();
        if same && !self.document.offer(image) {
            self.cooling.not_before = now + SNAPSHOT_RETRY_MS;
        }
    }

    /// The process is short of memory: what is quiet goes sooner.
    pub(super) fn memory_short(&mut self) {
        self.cooling.short = true;
        self.document.forget_answers();
    }
}
