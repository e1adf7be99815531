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
    /// Whether those who may not write are shown among those who are here.
    pub shows_readers: bool,
    /// How many edits, counted once for each receiver, are sent each for itself in a second. Over
    /// it edits gather and go as one message. Sending one takes 5 to 10 us of a
    /// processor, so this is at most a fifth of one; 200 people get 75 messages a second, however
    /// many of them type.
    pub edit_deliveries_per_s: usize,
    /// The longest time that edits gather, however many people read: eyes do not notice it.
    pub edit_wait_ms_max: u64,
    /// The same for presence: 5 people see each other move at
    /// once, 50 people 40 times a second, 500 people 4 times a second.
    pub presence_deliveries_per_s: usize,
    /// The longest time that presence gathers. A cursor that moves once a second still tells where
    /// somebody is.
    pub presence_wait_ms_max: u64,
    /// The longest stateless message.
    pub stateless_bytes_max: usize,
    /// How many peers one document may have.
    pub peers_max: usize,
    /// How many messages of one peer are kept while the document loads.
    pub early_messages_max: usize,
    /// How many bytes of messages of one peer are kept while the document loads.
    pub early_bytes_max: usize,
    /// A snapshot is ordered when this many bytes of log have come since the last one, and at
    /// least half of what it has: rewriting costs as much as the document is large, so all
    /// rewriting together stays in proportion to all writing.
    pub snapshot_log_bytes: usize,
    /// A snapshot is ordered when this many updates have come since the last one, and at least one
    /// for each 64 bytes of it. Replaying so many takes a third of what opening it takes.
    pub snapshot_log_updates: usize,
    /// A snapshot is ordered when the document has been quiet for so long; ten times as long where
    /// little was written.
    pub snapshot_idle_ms: u64,
    /// A version is kept when nobody has edited for so long: a sitting has ended.
    pub version_pause_ms: u64,
    /// A version is kept at least so often while people go on editing.
    pub version_every_ms: u64,
    /// How many edits of the server's own may wait while the document loads; each is asked for by
    /// somebody who waits for the answer.
    pub early_edits_max: usize,
    /// A document without edits for so long, and for so long again for each MiB and each time that
    /// it did so before (doubling, 16 times at most), gives up its CRDT. Waking a document of 2 MiB
    /// costs about 200 ms.
    pub cool_idle_ms: u64,
    /// Smaller documents stay as they are: reading them back costs more than their CRDT.
    pub cool_bytes_min: usize,
    /// Encoded answers are kept for so long after the last question.
    pub answers_idle_ms: u64,
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
            shows_readers: true,
            edit_deliveries_per_s: 15_000,
            edit_wait_ms_max: 25,
            presence_deliveries_per_s: 2_000,
            presence_wait_ms_max: 1_000,
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
            cool_idle_ms: 5_000,
            cool_bytes_min: 2 * KIB,
            answers_idle_ms: 5_000,
            unload_idle_ms: 15_000,
        }
    }
}
