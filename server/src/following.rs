//! What other servers of the same store write reaches the documents and records that are open here.
//!
//! The store is the only thing that servers share, so this is as fast as looking: an edit is seen
//! some [`LOOK_EVERY`] after it is durable.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use tokio::sync::mpsc::error::TrySendError;
use unisson_protocol::{CloseReason, DocName};
use unisson_session::{StoredParts, news};
use unisson_storage::{Seen, StoreError};

use crate::{
    crdt,
    doc_task::DocMessage,
    registry::{Registry, Shared},
    trash,
};

/// How often it is looked what other servers wrote.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(2);
/// When reading that is tried again.
pub(crate) const RETRY: Duration = Duration::from_secs(5);

/// Tells whoever has a document or a record open what others wrote. Never ends.
pub(crate) async fn follow(registry: &Registry) {
    let shared = registry.shared();
    // Documents that were too busy to hear it.
    let mut untold: BTreeSet<DocName> = BTreeSet::new();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if !shared.records.are_held() && registry.documents() == 0 {
            continue;
        }
        if let Err(error) = shared.store.look().await {
            tracing::debug!(%error, "cannot look what other servers wrote");
            continue;
        }
        shared.records.renew(&shared.store).await;
        let arrivals = shared.store.arrivals();
        untold.extend(arrivals.iter().filter_map(|name| DocName::new(name).ok()));
        if untold.iter().any(trash::is_record) {
            withdraw_trashed(registry, &untold).await;
        }
        untold.retain(|name| match registry.open_document(name) {
            Some(inbox) => matches!(
                inbox.try_send(DocMessage::Elsewhere),
                Err(TrySendError::Full(_))
            ),
            None => false,
        });
    }
}

/// Another server has put documents into the trash: nobody here may go on writing in them.
async fn withdraw_trashed(registry: &Registry, arrived: &BTreeSet<DocName>) {
    for name in registry.names() {
        let record = trash::record_of(&name).ok();
        if record.is_none_or(|record| !arrived.contains(&record)) {
            continue;
        }
        match trash::entry(registry.shared(), &name).await {
            Ok(Some(_)) => {
                if let Some(inbox) = registry.open_document(&name) {
                    // One that has ended meanwhile needs no telling.
                    let _ = inbox.send(DocMessage::Withdraw(CloseReason::Trashed)).await;
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(document = %name, %error, "the trash could not be read"),
        }
    }
}

/// Why it is not known what others wrote.
pub(crate) enum Unread {
    /// The document is no more.
    Erased,
    Failed(String),
}

/// What others have written of a document and the session does not have, and how far that goes.
pub(crate) async fn read(
    name: &DocName,
    shared: &Shared,
    seen: &Seen,
) -> Result<(Vec<Bytes>, Seen), Unread> {
    let found = shared.store.news(name.as_str(), seen).await;
    let found = found.map_err(|error| match error {
        StoreError::Erased { .. } => Unread::Erased,
        error => Unread::Failed(error.to_string()),
    })?;
    let Some(found) = found else {
        return Ok((Vec::new(), seen.clone()));
    };
    let parts = StoredParts {
        snapshots: found.snapshots,
        updates: found.updates,
    };
    let updates = crdt::run(move || news(&parts)).await;
    Ok((updates.map_err(Unread::Failed)?, found.seen))
}
