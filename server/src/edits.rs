//! Edits of the server's own, from outside the document's task: handed over, and durable when they
//! are answered.

use bytes::Bytes;
use tokio::sync::oneshot;
use unisson_history::Author;
use unisson_protocol::DocName;

use crate::{doc_task::DocMessage, registry::Registry};

/// Why an edit was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    /// Nothing was done: try again later.
    #[error("{0}")]
    Busy(String),
    /// The document refuses it.
    #[error("{0}")]
    Refused(String),
    /// Nobody knows whether it is durable: the document ended while it was on its way.
    #[error("the document was closing: look whether the change is there before trying again")]
    Unknown,
}

/// An edit that a document has been handed.
pub(crate) struct Handed(oneshot::Receiver<Result<(), String>>);

/// Hands an edit to a document, which is opened where it is not open.
pub(crate) async fn hand_over(
    registry: &Registry,
    name: &DocName,
    author: Author,
    update: Bytes,
) -> Result<Handed, EditError> {
    let (done, answer) = oneshot::channel();
    let edit = DocMessage::Edit(author, update, done);
    let handed = registry.hand(name, edit).await;
    handed.map_err(|reason| EditError::Busy(reason.text().to_owned()))?;
    Ok(Handed(answer))
}

impl Handed {
    /// Waits until the edit is durable.
    pub(crate) async fn durable(self) -> Result<(), EditError> {
        match self.0.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => Err(EditError::Refused(reason)),
            Err(_) => Err(EditError::Unknown),
        }
    }
}
