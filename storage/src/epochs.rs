//! The epochs of one running process: one, and another each time that a name is used again which
//! an erasure has freed.
//!
//! Everything that a document has in an epoch older than its tombstone is erased. So the first
//! update to such a name begins a new epoch, which is newer than all tombstones. Two things are
//! kept apart by that: what was written of the old document, wherever and whenever it turns up, and
//! the new one. What somebody still has open of the old document writes nothing any more.

use std::{collections::BTreeMap, sync::Arc};

use ulid::Ulid;

use crate::{
    appender::Pending,
    index::Index,
    names::{DocId, Epoch, EpochKey},
    shared::{Shared, lock},
    tombstone::{TombstoneId, after},
};

/// The epochs in which this process writes and has written.
#[derive(Debug, Clone)]
pub(crate) struct OwnEpochs {
    first: Epoch,
    /// The newest that was drawn; its log may not be there yet.
    newest: Epoch,
    pub(crate) current: Arc<EpochKey>,
    /// Earlier ones, and when they were left.
    left: BTreeMap<Arc<EpochKey>, u64>,
    /// Those that were left before this are everybody's business.
    handed_over_ms: u64,
}

impl OwnEpochs {
    pub(crate) fn of(key: EpochKey) -> Self {
        Self {
            first: key.epoch,
            newest: key.epoch,
            current: Arc::new(key),
            left: BTreeMap::new(),
            handed_over_ms: 0,
        }
    }

    /// Whether this process knows an epoch's segments better than any list does.
    pub(crate) fn has(&self, key: &EpochKey) -> bool {
        let left_ms = self.left.get(key).copied();
        *self.current == *key || left_ms.is_some_and(|left_ms| left_ms > self.handed_over_ms)
    }

    /// Whether this process wrote what is in an epoch.
    pub(crate) fn wrote(&self, key: &EpochKey) -> bool {
        *self.current == *key || self.left.contains_key(key)
    }

    /// The newest, for tombstones to be newer.
    pub(crate) fn newest(&self) -> Epoch {
        self.newest
    }

    /// From now on others may clean up in the epochs that were left before: they are looked at
    /// like those of others.
    pub(crate) fn hand_over(&mut self, left_before_ms: u64) {
        self.handed_over_ms = left_before_ms;
    }
}

/// What becomes of a batch.
#[derive(Debug, Default)]
pub(crate) struct Admitted {
    pub(crate) taken: Vec<Pending>,
    /// Their documents were erased after they had been queued.
    pub(crate) refused: Vec<Pending>,
    /// Some of what is taken would count as erased in the current epoch.
    pub(crate) needs_epoch: bool,
}

/// Looks once more, before anything is written: what was queued may have been erased since.
pub(crate) fn admit(shared: &Shared, batch: Vec<Pending>) -> Admitted {
    if !shared.may_have_tombstones() {
        return Admitted {
            taken: batch,
            ..Admitted::default()
        };
    }
    let now_ms = shared.now_ms();
    let index = lock(&shared.index);
    let (taken, refused): (Vec<_>, Vec<_>) = batch.into_iter().partition(|pending| {
        let opened = pending.opened_after();
        index.admits(pending.id(), opened, now_ms)
    });
    let needs_epoch = taken.iter().any(|pending| index.is_too_late(pending.id()));
    Admitted {
        taken,
        refused,
        needs_epoch,
    }
}

/// Parts those that only a new epoch could take from the others.
pub(crate) fn without_too_late(
    shared: &Shared,
    batch: Vec<Pending>,
) -> (Vec<Pending>, Vec<Pending>) {
    let index = lock(&shared.index);
    let is_too_late = |pending: &Pending| index.is_too_late(pending.id());
    batch.into_iter().partition(|pending| !is_too_late(pending))
}

impl Index {
    /// Whether a document may be written by somebody who opened it when `opened` was its newest
    /// tombstone.
    pub(crate) fn admits(
        &self,
        document: DocId,
        opened: Option<&TombstoneId>,
        now_ms: u64,
    ) -> bool {
        if self.burying == Some(document) {
            return false;
        }
        let Some(newest) = self.tombstones.newest(document) else {
            return true;
        };
        let is_free = newest.blocked_until_ms <= now_ms;
        // One that came late from elsewhere erases nothing that this process wrote.
        let is_older = newest.id.ulid < self.own.first.ulid();
        is_free && (is_older || opened == Some(&newest.id))
    }

    /// Whether what a document gets in the current epoch counts as erased.
    fn is_too_late(&self, document: DocId) -> bool {
        let epoch = self.own.current.epoch;
        self.tombstones.erases_epoch(document, epoch)
    }

    /// A new epoch, newer than this process's others and than all tombstones; and tombstones are
    /// made newer than it from now on.
    pub(crate) fn draw_epoch(&mut self, drawn: Ulid) -> EpochKey {
        let drawn = self.tombstones.newer(drawn);
        let epoch = Epoch::new(after(drawn, self.own.newest.ulid()));
        self.own.newest = epoch;
        EpochKey {
            epoch,
            node: self.own.current.node.clone(),
        }
    }

    /// From now on everything is written in this epoch.
    pub(crate) fn begin_epoch(&mut self, key: EpochKey, now_ms: u64) {
        let old = std::mem::replace(&mut self.own.current, Arc::new(key));
        self.own.left.insert(old, now_ms);
    }
}

/// While a document's tombstone is being made nothing is written to it: not even in an epoch that
/// begins meanwhile and might be newer than the tombstone.
pub(crate) struct Burial<'a>(&'a Shared);

impl<'a> Burial<'a> {
    /// One at a time: whoever erases holds the ledger's records.
    pub(crate) fn of(shared: &'a Shared, document: DocId) -> Self {
        lock(&shared.index).burying = Some(document);
        shared.expect_tombstones();
        Self(shared)
    }
}

impl Drop for Burial<'_> {
    fn drop(&mut self) {
        lock(&self.0.index).burying = None;
    }
}
