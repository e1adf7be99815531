//! Orders that a session gives.

use bytes::Bytes;
use unisson_protocol::{CloseReason, ServerMessage};

use crate::{AppendSeq, EditId, PeerId};

/// Orders, to be carried out in this order.
pub type Effects = Vec<Effect>;

/// Which version is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionWanted {
    /// Of the document as it was before this moment, in milliseconds since 1970.
    pub before_ms: Option<u64>,
    /// Only because everybody has left: not wanted where the newest version is younger than the
    /// pause that ends a sitting.
    pub leaving: bool,
}

/// An order to the shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send one message to some peers (encoded once, shared by all).
    Send {
        /// Whom to; never empty.
        to: Vec<PeerId>,
        /// What.
        message: ServerMessage,
    },
    /// End a peer's part in this document. The session has forgotten the peer already and needs
    /// no [`crate::Input::Left`].
    Close(PeerId, CloseReason),
    /// Read the document's snapshots and log, [`crate::load`] them, answer
    /// [`crate::Input::Loaded`].
    Load,
    /// Make an update durable, answer [`crate::Input::Appended`] with the same number.
    /// The same number may be ordered again after a failure.
    Append(AppendSeq, Bytes),
    /// Read the document back from the store, [`crate::condense`] it, store the snapshot, answer
    /// [`crate::Input::SnapshotStored`].
    StoreSnapshot,
    /// Read the document back from the store, [`crate::condense`] it, answer
    /// [`crate::Input::Condensed`].
    Condense,
    /// Keep the document as it is as a version, unless the newest one says the same; answer
    /// [`crate::Input::VersionStored`].
    StoreVersion(VersionWanted),
    /// An edit of the server's own is durable, or is refused for this reason.
    Edited(EditId, Result<(), String>),
    /// Everything is durable and nobody is here: drop this session. Always the last order.
    Stop,
}
