//! The CRDT document behind a fence: nothing reaches it before it was scanned.

use unisson_protocol::{
    encoding::DecodeError,
    scan::{self, UpdateScan},
};
use yrs::{
    Doc, OffsetKind, Options, ReadTxn, StateVector, Transact, TransactionMut, Update,
    block::ClientID,
    updates::{decoder::Decode, encoder::Encode},
};

use crate::ledger::Content;

/// What became of a received update.
#[derive(Debug)]
pub(crate) enum Received {
    /// It is part of the document now.
    Integrated(UpdateScan),
    /// Something before it is missing: it was left out, ask again.
    Hole,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum UpdateError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error("the update cannot be applied")]
    Apply,
}

pub(crate) struct Document {
    doc: Doc,
}

impl Document {
    pub(crate) fn new(client_id: u64) -> Self {
        Self::with_deleted(client_id, false)
    }

    /// With `keeps_deleted`, what was deleted stays readable for snapshots.
    pub(crate) fn with_deleted(client_id: u64, keeps_deleted: bool) -> Self {
        let options = Options {
            // Editors in browsers count UTF-16 units; yrs counts bytes unless told.
            offset_kind: OffsetKind::Utf16,
            skip_gc: keeps_deleted,
            // Cleaning up after edits of others would be an edit of this copy alone: it is counted as
            // received, so nobody else would be sent it.
            cleanup_formatting: false,
            ..Options::with_client_id(ClientID::new(client_id))
        };
        Self {
            doc: Doc::with_options(options),
        }
    }

    pub(crate) fn doc(&self) -> &Doc {
        &self.doc
    }

    /// Runs a local edit; the update and its content, or `None` if it changed nothing.
    pub(crate) fn edit<T>(
        &self,
        edit: impl FnOnce(&mut TransactionMut<'_>) -> T,
    ) -> (T, Option<(Vec<u8>, Content)>) {
        let mut transaction = self.doc.transact_mut();
        let result = edit(&mut transaction);
        transaction.commit();
        let content = Content {
            inserts: transaction.insert_set().clone(),
            deletes: transaction.delete_set().clone(),
        };
        if content.is_empty() {
            return (result, None);
        }
        (result, Some((transaction.encode_update_v1(), content)))
    }

    pub(crate) fn receive(&self, bytes: &[u8]) -> Result<Received, UpdateError> {
        self.receive_from(bytes, "server")
    }

    /// Takes an update in under an origin: undo must not take it for an edit of this client.
    pub(crate) fn receive_from(&self, bytes: &[u8], origin: &str) -> Result<Received, UpdateError> {
        let scan = scan::update_v1(bytes)?;
        if scan.is_empty() {
            return Ok(Received::Integrated(scan));
        }
        if self.leaves_hole(&scan) {
            return Ok(Received::Hole);
        }
        let update = Update::decode_v1(bytes).map_err(|_| UpdateError::Apply)?;
        let mut transaction = self
            .doc
            .try_transact_mut_with(origin)
            .map_err(|_| UpdateError::Apply)?;
        transaction
            .apply_update(update)
            .map_err(|_| UpdateError::Apply)?;
        Ok(Received::Integrated(scan))
    }

    pub(crate) fn state_vector_v1(&self) -> Vec<u8> {
        self.doc.transact().state_vector().encode_v1()
    }

    /// What a server with `server` (an encoded state vector) misses, and everything in `unsaved`
    /// even if the server knows it: only the answer to it says that it is durable.
    pub(crate) fn diff_v1(&self, server: &[u8], unsaved: &Content) -> Result<Vec<u8>, DecodeError> {
        let mut from = StateVector::default();
        for (client_id, clock) in scan::state_vector_v1(server)? {
            from.set_max(ClientID::new(client_id), clock);
        }
        for (client, ranges) in unsaved.inserts.iter() {
            if let Some(first) = ranges.iter().next()
                && from.contains_client(client)
            {
                from.set_min(*client, first.start);
            }
        }
        Ok(self.doc.transact().encode_diff_v1(&from))
    }

    /// The scan's ranges are ordered by client and clock, so one pass finds each gap.
    fn leaves_hole(&self, scan: &UpdateScan) -> bool {
        let known = self.doc.transact().state_vector();
        let mut end_of: Option<(u64, u32)> = None;
        for range in &scan.inserts {
            let end = match end_of {
                Some((client_id, end)) if client_id == range.client_id => end,
                _ => known.get(&ClientID::new(range.client_id)),
            };
            if range.clock > end {
                return true;
            }
            end_of = Some((
                range.client_id,
                end.max(range.clock.saturating_add(range.len)),
            ));
        }
        false
    }
}
