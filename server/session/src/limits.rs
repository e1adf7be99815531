//! The limits of one session, with their reasons.

/// Limits of one document. All sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The largest update that a peer may send. A paste of a long report is about 1 MiB; the first
    /// sync of an offline client carries its whole document.
    pub update_bytes_max: usize,
    /// The largest document, measured by the bytes of its updates since the last encoding.
    pub document_bytes_max: usize,
    /// How many shared types inside other shared types may be added while a document is open.
    /// yrs deletes nested types recursively: each level takes about 250 bytes of stack.
    pub nested_types_max: usize,
    /// What may wait for missing predecessors, in bytes of updates.
    pub waiting_bytes_max: usize,
    /// How many updates may wait for missing predecessors (each arrival looks at all of them).
    pub waiting_updates_max: usize,
    /// How much may be accepted while the store does not answer; then edits are refused.
    pub undurable_bytes_max: usize,
    /// The largest awareness message, and the largest state of one client in it.
    pub awareness_bytes_max: usize,
    /// How many client ids one peer may own in presence.
    pub awareness_clients_per_peer_max: usize,
    /// The longest stateless message.
    pub stateless_bytes_max: usize,
    /// How many peers one document may have.
    pub peers_max: usize,
    /// How many messages of one peer are kept while the document loads.
    pub early_messages_max: usize,
    /// How many bytes of messages of one peer are kept while the document loads.
    pub early_bytes_max: usize,
    /// A snapshot is ordered when this many bytes of log have come since the last one.
    pub snapshot_log_bytes: usize,
    /// A snapshot is ordered when this many updates have come since the last one.
    pub snapshot_log_updates: usize,
    /// A snapshot is ordered when the document has been quiet for so long.
    pub snapshot_idle_ms: u64,
    /// A version is kept when nobody has edited for so long: a sitting has ended.
    pub version_pause_ms: u64,
    /// A version is kept at least so often while people go on editing.
    pub version_every_ms: u64,
    /// How many edits of the server's own may wait while the document loads; each is asked for by
    /// somebody who waits for the answer.
    pub early_edits_max: usize,
    /// The session stops when nobody has been here for so long.
    pub unload_idle_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const KIB: usize = 1024;
        const MIB: usize = 1024 * KIB;
        Self {
            update_bytes_max: 32 * MIB,
            document_bytes_max: 64 * MIB,
            nested_types_max: 500_000,
            waiting_bytes_max: 4 * MIB,
            waiting_updates_max: 256,
            undurable_bytes_max: 16 * MIB,
            awareness_bytes_max: 16 * KIB,
            awareness_clients_per_peer_max: 8,
            stateless_bytes_max: 64 * KIB,
            peers_max: 5_000,
            early_messages_max: 256,
            early_bytes_max: 40 * MIB,
            snapshot_log_bytes: 256 * KIB,
            snapshot_log_updates: 4_096,
            snapshot_idle_ms: 30_000,
            version_pause_ms: 600_000,
            version_every_ms: 3_600_000,
            early_edits_max: 16,
            unload_idle_ms: 15_000,
        }
    }
}
