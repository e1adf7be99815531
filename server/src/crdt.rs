//! Work of the CRDT library: what it takes out of what the store gives, and where it runs.

use unisson_session::StoredParts;
use unisson_storage::{Basis, StoredDocument};

/// What the store has of a document, as the session's crate takes it, and its basis.
pub(crate) fn parts(stored: StoredDocument) -> (StoredParts, Basis) {
    let parts = StoredParts {
        snapshots: stored.snapshots,
        updates: stored.updates,
    };
    (parts, stored.basis)
}

/// Runs what may take long on a thread with room for it. A panic in there means the same as bytes
/// that the library refuses.
pub(crate) async fn run<T: Send + 'static, E: ToString + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(format!("the CRDT library failed: {error}")),
    }
}
