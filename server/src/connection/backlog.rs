//! What a socket has for documents whose inboxes are full: in order, until there is room.

use std::collections::VecDeque;

use tokio::sync::mpsc::error::TrySendError;
use unisson_protocol::CloseReason;

use crate::doc_task::{DocInbox, DocMessage};

/// Messages that wait for room. A socket with a backlog is not read, so it never holds more than
/// one frame (or all addresses of the socket, once) has come to.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    waiting: VecDeque<(DocInbox, DocMessage)>,
}

impl Backlog {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Hands a message over, now or once there is room.
    pub(crate) fn send(
        &mut self,
        document: &DocInbox,
        message: DocMessage,
    ) -> Result<(), CloseReason> {
        if !self.is_empty() {
            self.waiting.push_back((document.clone(), message));
            return Ok(());
        }
        match document.try_send(message) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(message)) => {
                self.waiting.push_back((document.clone(), message));
                Ok(())
            }
            Err(TrySendError::Closed(message)) => lost(&message),
        }
    }

    /// Waits until everything is handed over.
    pub(crate) async fn clear(&mut self) -> Result<(), CloseReason> {
        let mut outcome = Ok(());
        while let Some((document, message)) = self.waiting.pop_front() {
            if let Err(error) = document.send(message).await {
                outcome = outcome.and(lost(&error.0));
            }
        }
        self.waiting = VecDeque::new();
        outcome
    }
}

/// A document that has ended has no peers to forget or to catch up; but what a client says to it
/// must not get lost in silence.
fn lost(message: &DocMessage) -> Result<(), CloseReason> {
    match message {
        DocMessage::Leave(_)
        | DocMessage::Drained(_)
        | DocMessage::MemoryShort
        | DocMessage::Withdraw(_)
        | DocMessage::Who(_)
        | DocMessage::Attendance(_)
        | DocMessage::Dismiss(_)
        | DocMessage::Tell(_)
        | DocMessage::Elsewhere
        | DocMessage::Drain => Ok(()),
        DocMessage::Join(_)
        | DocMessage::Message(..)
        | DocMessage::Edit(..)
        | DocMessage::EditIf(_)
        | DocMessage::Access(..) => Err(CloseReason::Reset),
    }
}
