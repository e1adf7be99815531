//! Changes of the server's own, or that somebody asks it to make: handed to the document like any
//! edit, and durable when they are answered.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::oneshot, time::timeout};
use unisson_history::{Author, server_client_id};
use unisson_protocol::{CloseReason, DocName, scan};
use unisson_session::{Condition, NOT_SO};

use crate::{
    doc_task::{ConditionalEdit, DocMessage},
    registry::Registry,
    versions::{HistoryError, unix_now_ms},
};

/// How long a change may take to be handed over, and how long to be durable.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// Nothing was done: try again later.
    #[error("{0}")]
    Busy(String),
    /// The document is not to be had.
    #[error("{}", .0.text())]
    Closed(CloseReason),
    /// It does not take the change.
    #[error("{0}")]
    Refused(String),
    /// It is not as expected.
    #[error("{NOT_SO}")]
    NotSo,
    /// It may be made.
    #[error("the change may be made, but is not known to be durable: look before trying again")]
    Unknown,
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] HistoryError),
}

/// A change that a document has been handed.
pub(crate) struct Handed(oneshot::Receiver<Result<(), String>>);

/// Hands a change to a document, which is opened where it is not open.
pub(crate) async fn hand_over(
    registry: &Registry,
    name: &DocName,
    author: Author,
    update: Bytes,
    condition: Option<Condition>,
) -> Result<Handed, ChangeError> {
    let (done, answer) = oneshot::channel();
    let message = match condition {
        None => DocMessage::Edit(author, update, done),
        Some(condition) => DocMessage::EditIf(Box::new(ConditionalEdit {
            author,
            update,
            condition,
            done,
        })),
    };
    registry.hand(name, message).await.map_err(closed)?;
    Ok(Handed(answer))
}

impl Handed {
    /// Waits until the change is durable.
    pub(crate) async fn durable(self) -> Result<(), ChangeError> {
        match self.0.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) if reason == NOT_SO => Err(ChangeError::NotSo),
            Ok(Err(reason)) if reason == CloseReason::Trashed.text() => {
                Err(ChangeError::Closed(CloseReason::Trashed))
            }
            Ok(Err(reason)) => Err(ChangeError::Refused(reason)),
            Err(_) => Err(ChangeError::Unknown),
        }
    }
}

/// Makes a change, if the document is as expected.
pub(crate) async fn make(
    registry: &Registry,
    name: &DocName,
    author: &Author,
    update: Bytes,
    condition: Option<Condition>,
) -> Result<(), ChangeError> {
    let handing = hand_over(registry, name, author.clone(), update, condition);
    let Ok(handed) = timeout(PATIENCE, handing).await else {
        let text = "the document has too much to do: try again";
        return Err(ChangeError::Busy(text.into()));
    };
    match timeout(PATIENCE, handed?.durable()).await {
        Ok(made) => made,
        Err(_) => Err(ChangeError::Unknown),
    }
}

fn closed(reason: CloseReason) -> ChangeError {
    match reason {
        CloseReason::Erased | CloseReason::Trashed => ChangeError::Closed(reason),
        other => ChangeError::Busy(other.text().into()),
    }
}

/// A client id of the server's that nobody has used in this document (Yjs update, format v1).
pub(crate) fn draw_client_id(state: &[u8]) -> Result<u64, HistoryError> {
    let used = scan::update_v1(state)?.inserts;
    let seed = draw_seed();
    let mut drawn = (0..).map(|step: u64| server_client_id(seed.wrapping_add(step)));
    let unused = |id: &u64| used.iter().all(|range| range.client_id != *id);
    // A document has not four thousand million clients, so this ends.
    Ok(drawn.find(unused).unwrap_or_default())
}

/// A number that no other edit of the server's own has started from: the standard library keys
/// each hasher from the system's randomness.
pub(crate) fn draw_seed() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(unix_now_ms());
    hasher.finish()
}
