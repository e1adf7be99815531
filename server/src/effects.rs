//! The only place where a session's orders become IO, and the store's answers become facts.

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use unisson_protocol::DocName;
use unisson_session::{
    AppendError, AppendSeq, LoadError, LoadedDocument, OpenError, SnapshotError, StoredParts,
    VersionWanted, compact, load,
};
use unisson_storage::StoreError;

use crate::{
    registry::Shared,
    versions::{self, HistoryError},
};

/// What became of an order.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Of a load.
    Loaded(Box<Result<LoadedDocument, OpenError>>),
    /// Of an append.
    Appended(AppendSeq, Result<(), AppendError>),
    /// Of a snapshot.
    SnapshotStored(Result<(), SnapshotError>),
    /// Of a version.
    VersionStored(Result<(), SnapshotError>),
}

type Order = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// The orders of one document that are under way.
pub(crate) struct Io {
    name: DocName,
    shared: Arc<Shared>,
    orders: FuturesUnordered<Order>,
}

impl Io {
    pub(crate) fn new(name: DocName, shared: Arc<Shared>) -> Self {
        Self {
            name,
            shared,
            orders: FuturesUnordered::new(),
        }
    }

    /// The next outcome; `None` while nothing is under way.
    pub(crate) fn next(&mut self) -> impl Future<Output = Option<Outcome>> {
        self.orders.next()
    }

    pub(crate) fn load(&self) {
        let (name, shared) = (self.name.clone(), self.shared.clone());
        self.order(async move {
            let result = read_and_load(&name, &shared).await;
            if let Err(error) = &result {
                tracing::error!(document = %name, %error, "document does not open");
            }
            Outcome::Loaded(Box::new(result))
        });
    }

    pub(crate) fn append(&self, seq: AppendSeq, update: Bytes) {
        // Queued in the log's order here and now; only the waiting is left for later.
        let durable = self.shared.store.append(self.name.as_str(), update);
        self.order(async move {
            let result = durable.await;
            let unavailable =
                |error: unisson_storage::AppendError| AppendError::Unavailable(error.to_string());
            Outcome::Appended(seq, result.map_err(unavailable))
        });
    }

    pub(crate) fn store_snapshot(&self) {
        let (name, shared) = (self.name.clone(), self.shared.clone());
        self.order(async move {
            let result = read_and_compact(&name, &shared).await;
            if let Err(error) = &result {
                shared.metrics.snapshots_failed.inc();
                tracing::warn!(document = %name, %error, "snapshot was not stored");
            }
            Outcome::SnapshotStored(result)
        });
    }

    pub(crate) fn store_version(&self, wanted: VersionWanted) {
        let (name, shared) = (self.name.clone(), self.shared.clone());
        self.order(async move {
            let result = versions::keep_wanted(&name, &shared, wanted).await;
            if let Err(error) = &result {
                shared.metrics.versions_failed.inc();
                tracing::warn!(document = %name, %error, "version was not kept");
            }
            Outcome::VersionStored(result.map_err(|error| match error {
                HistoryError::Unavailable(problem) => SnapshotError::Unavailable(problem),
                error => SnapshotError::Damaged(error.to_string()),
            }))
        });
    }

    fn order(&self, order: impl Future<Output = Outcome> + Send + 'static) {
        self.orders.push(Box::pin(order));
    }
}

async fn read_and_load(name: &DocName, shared: &Shared) -> Result<LoadedDocument, OpenError> {
    let _permit = shared.loads.acquire().await;
    let stored = shared
        .store
        .read(name.as_str())
        .await
        .map_err(|error| match error {
            StoreError::Unavailable(problem) => OpenError::Unavailable(problem),
            error @ StoreError::Damaged { .. } => OpenError::Damaged(error.to_string()),
        })?;
    let parts = StoredParts {
        snapshots: stored.snapshots,
        updates: stored.updates,
    };
    let limits = shared.settings.limits.clone();
    let loaded = tokio::task::spawn_blocking(move || load(&parts, &limits)).await;
    flatten(loaded).map_err(OpenError::Damaged)
}

async fn read_and_compact(name: &DocName, shared: &Shared) -> Result<(), SnapshotError> {
    let _permit = shared.compactions.acquire().await;
    let of_store = |error: StoreError| match error {
        StoreError::Unavailable(problem) => SnapshotError::Unavailable(problem),
        error @ StoreError::Damaged { .. } => SnapshotError::Damaged(error.to_string()),
    };
    let stored = shared.store.read(name.as_str()).await.map_err(of_store)?;
    let basis = stored.basis;
    let parts = StoredParts {
        snapshots: stored.snapshots,
        updates: stored.updates,
    };
    let body = tokio::task::spawn_blocking(move || compact(&parts)).await;
    let body = flatten(body).map_err(SnapshotError::Damaged)?;
    shared
        .store
        .put_snapshot(name.as_str(), body, basis)
        .await
        .map_err(of_store)
}

/// A panic inside the CRDT library means the same as bytes that it refuses.
fn flatten<T>(result: Result<Result<T, LoadError>, tokio::task::JoinError>) -> Result<T, String> {
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(format!("the CRDT library failed: {error}")),
    }
}
