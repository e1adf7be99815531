//! What a person may be told about the connection and about their edits.

/// The state of one document, truthful at every moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// No connection; the next attempt is due later.
    Offline,
    /// A connection is being made.
    Connecting,
    /// Connected; client and server have not yet exchanged what the other one misses.
    Syncing,
    /// In sync, and some local edit is not yet acknowledged as durable.
    Saving,
    /// In sync, and every local edit is acknowledged as durable.
    Saved,
    /// In sync; local edits are not possible.
    ReadOnly,
    /// The server refuses this client or an edit of it, for the reason given.
    Refused(String),
    /// The connection was closed for good, with this close code.
    Failed(u16),
}
