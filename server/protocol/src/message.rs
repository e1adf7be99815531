//! What a peer and the server say to each other about one document, whatever the dialect.

use bytes::Bytes;

/// What a peer may do with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Receives everything; its updates are refused.
    ReadOnly,
    /// Receives and writes.
    ReadWrite,
}

/// One message of a client about one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerMessage {
    /// The client's state vector (lib0 v1): "send me what I miss".
    SyncStep1(Bytes),
    /// The answer to the server's `SyncStep1`: an update (format v1).
    SyncStep2(Bytes),
    /// An edit, or several merged: an update (format v1).
    Update(Bytes),
    /// Presence: an awareness update, not yet decoded.
    Awareness(Bytes),
    /// "Tell me everybody's presence."
    QueryAwareness,
    /// An opaque message of the application, for all peers of the document.
    Stateless(String),
}

impl PeerMessage {
    /// The bytes it carries: what keeping it costs.
    pub fn payload_bytes(&self) -> usize {
        match self {
            Self::SyncStep1(bytes)
            | Self::SyncStep2(bytes)
            | Self::Update(bytes)
            | Self::Awareness(bytes) => bytes.len(),
            Self::Stateless(text) => text.len(),
            Self::QueryAwareness => 0,
        }
    }
}

/// One message of the server to a client about one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    /// The server's state vector: "send me what I miss".
    SyncStep1(Bytes),
    /// What the client misses: an update (format v1).
    SyncStep2(Bytes),
    /// Somebody's edit, or the receiver's own edit once it is durable.
    Update(Bytes),
    /// Presence: an encoded awareness update.
    Awareness(Bytes),
    /// One unanswered `SyncStep2` or `Update` of the receiver is durable. Exactly one `Accepted`
    /// or `Refused` answers each of them; clients count answers, they do not match them.
    Accepted,
    /// One unanswered `SyncStep2` or `Update` of the receiver is not part of the document.
    Refused(String),
    /// What the receiver may do from now on, and why in a few words (empty: no reason to give).
    Access(Access, String),
    /// An opaque message of the application.
    Stateless(String),
}
