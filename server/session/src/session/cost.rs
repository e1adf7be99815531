//! What a session takes, and what takes long: the shell decides where and when by it.

use bytes::Bytes;

use super::{Here, Session};
use crate::{Input, LoadError, PeerMessage};

impl Session {
    /// About how much memory the session takes.
    pub fn memory_bytes(&self) -> usize {
        let early: usize = self.peers.values().map(|here| here.early_bytes).sum();
        let peers = self.peers.len() * size_of::<Here>();
        self.document.memory_bytes() + self.ledger.bytes() + peers + early
    }

    /// Whether the document is held without a CRDT.
    pub fn is_cold(&self) -> bool {
        self.document.is_cold()
    }

    /// Whether encoded answers are kept for those who ask next.
    pub fn has_answers(&self) -> bool {
        self.document.has_answers()
    }

    /// Why the session stopped, where it was the document's fault.
    pub fn fault(&self) -> Option<&LoadError> {
        self.document.fault()
    }

    /// Whether a fact means so much work that it should be told away from the async threads.
    pub fn is_heavy(&self, input: &Input) -> bool {
        match input {
            Input::Received(_, message) => self.is_heavy_message(message),
            Input::Edit(_, _, update) | Input::EditIf(_, _, update, _) => {
                self.is_heavy_edit(update.len())
            }
            Input::Elsewhere(updates) => self.is_heavy_edit(updates.iter().map(Bytes::len).sum()),
            Input::Drained(_) => self.is_heavy_to_catch_up(),
            Input::Loaded(Ok(loaded)) => loaded.document.is_heavy() && !loaded.document.is_cold(),
            Input::Condensed(_) | Input::SnapshotStored(_) => {
                self.document.is_heavy() && !self.document.is_cold()
            }
            _ => false,
        }
    }

    /// As [`Self::is_heavy`], of a message of a peer.
    pub fn is_heavy_message(&self, message: &PeerMessage) -> bool {
        match message {
            PeerMessage::SyncStep1(question) => self.document.is_heavy_to_ask(question),
            PeerMessage::Update(update) | PeerMessage::SyncStep2(update) => {
                self.is_heavy_edit(update.len())
            }
            _ => false,
        }
    }

    /// As [`Self::is_heavy`], of an edit of so many bytes.
    pub fn is_heavy_edit(&self, update_bytes: usize) -> bool {
        self.document.is_heavy_to_edit(update_bytes)
    }

    /// As [`Self::is_heavy`], of a lagging peer that catches up.
    pub fn is_heavy_to_catch_up(&self) -> bool {
        self.document.is_heavy()
    }
}
