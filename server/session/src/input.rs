//! Facts that a session is told.

use std::sync::Arc;

use bytes::Bytes;
use unisson_history::Author;
use unisson_protocol::{Access, CloseReason, PeerMessage};

use crate::{Image, LoadedDocument};

/// One connection's part in this document; unique in the life of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u64);

/// Numbers the appends of one session, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AppendSeq(pub u64);

/// Names an edit of the server's own; unique in the life of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EditId(pub u64);

/// What the session must know of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// What it may do.
    pub access: Access,
    /// Who it is, where authentication said so.
    pub user: Option<Arc<str>>,
    /// The name to show for that user, where authentication said so.
    pub display_name: Option<Arc<str>>,
    /// The colour of that user's cursor, where authentication said so.
    pub color: Option<Arc<str>>,
    /// The peer waits for its own updates to come back (y-websocket): the echo is its
    /// acknowledgement, so it is sent when the update is durable.
    pub wants_echo: bool,
    /// The server speaks first: it sends `SyncStep1` as soon as the document is open, before the
    /// peer asked for anything (y-websocket). Others get it with the answer to their `SyncStep1`.
    pub greets: bool,
}

impl Peer {
    /// As whom the peer writes.
    pub(crate) fn author(&self) -> Author {
        Author {
            user: self.user.clone(),
            name: self.display_name.clone(),
        }
    }
}

/// A fact.
#[derive(Debug)]
pub enum Input {
    /// A peer has joined. The first one makes the session order [`crate::Effect::Load`].
    Joined(PeerId, Peer),
    /// A peer has sent a message.
    Received(PeerId, PeerMessage),
    /// Somebody has asked the server to edit: the update (format v1) is of a client of its own.
    /// Answered by [`crate::Effect::Edited`].
    Edit(EditId, Author, Bytes),
    /// The same, to be done only if the document is so when it is done; else it is refused with
    /// [`crate::NOT_SO`].
    EditIf(EditId, Author, Bytes, Condition),
    /// Other servers of the store have made these updates (format v1) durable; see [`crate::news`].
    Elsewhere(Vec<Bytes>),
    /// What a peer may do has changed.
    AccessChanged(PeerId, Access),
    /// A peer's outbox is over its limit: it gets no more updates until [`Input::Drained`].
    Lagging(PeerId),
    /// A lagging peer's outbox is empty again: it gets one merged catch-up.
    Drained(PeerId),
    /// A peer has gone.
    Left(PeerId),
    /// The order to load was carried out.
    Loaded(Result<LoadedDocument, OpenError>),
    /// The order to append was carried out: `Ok` means durable.
    Appended(AppendSeq, Result<(), AppendError>),
    /// The order to store a snapshot was carried out. The document's cold form comes with it,
    /// where it has one.
    SnapshotStored(Result<Option<Image>, SnapshotError>),
    /// The order to condense was carried out.
    Condensed(Result<Option<Image>, SnapshotError>),
    /// The order to store a version was carried out, or none was wanted after all.
    VersionStored(Result<(), SnapshotError>),
    /// The process holds more than it should: give back what can be done without.
    MemoryShort,
    /// The moment that [`crate::Session::next_wakeup`] asked for has come.
    Woke,
    /// The document is taken away: what was accepted becomes durable, then peers are sent away for
    /// this reason, and the session stops.
    Withdrawn(CloseReason),
    /// The server stops: peers are sent away, and the session stops once all is durable.
    Draining,
}

/// How a document must be for an edit to be made. Looked at in the moment in which it is made, with
/// everything that was accepted before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Nothing was ever written in it.
    New,
    /// Who opens it sees nothing. Where an editor fills the document at the same time, because it
    /// saw nothing either, this edit is taken back.
    Blank,
    /// It stands exactly so: [`crate::standing`].
    Standing(Bytes),
}

/// Why a document could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The store did not answer; trying again later may help.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// An object is missing or damaged; the text names it. Only an operator can help.
    #[error("the document is damaged: {0}")]
    Damaged(String),
    /// The document was erased on purpose; the text says until when its name is not free.
    #[error("{0}")]
    Erased(String),
    /// The document is in the trash.
    #[error("the document was deleted")]
    Trashed,
}

/// Why an append is not durable (yet).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The store is full or away. The session keeps the update and orders the append again.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

/// Why a snapshot was not stored. Nothing is lost: the log still has everything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The store is full or away.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What was read back could not be merged.
    #[error("the document is damaged: {0}")]
    Damaged(String),
}
