//! Earlier states of a document that keeps what is deleted.

use yrs::{
    ReadTxn, Snapshot, StateVector, Transact,
    updates::{
        decoder::Decode,
        encoder::{Encode, Encoder, EncoderV1},
    },
};

use super::{Replica, ReplicaError};

impl Replica {
    /// What the document holds now, in the bytes of Yjs: small, and to be shown later.
    pub fn snapshot(&self) -> Result<Vec<u8>, ReplicaError> {
        self.read(|transaction| Ok(transaction.snapshot().encode_v1()))
    }

    /// The document at a snapshot, as an update for an empty one.
    pub fn state_at(&self, snapshot: &[u8]) -> Result<Vec<u8>, ReplicaError> {
        if !self.doc().skip_gc() {
            return Err(ReplicaError::NoPast);
        }
        let malformed = ReplicaError::Malformed("snapshot");
        let Ok(mut snapshot) = Snapshot::decode_v1(snapshot) else {
            return Err(malformed);
        };
        let transaction = self.doc().try_transact().map_err(|_| ReplicaError::Busy)?;
        let known = transaction.state_vector();
        // yrs panics at a clock of zero, and would show half of what has not arrived yet.
        let mut reached = StateVector::default();
        for (client, clock) in snapshot.state_map.iter() {
            if *clock > known.get(client) {
                return Err(malformed);
            }
            if *clock > 0 {
                reached.set_max(*client, *clock);
            }
        }
        snapshot.state_map = reached;
        let mut encoder = EncoderV1::new();
        transaction
            .encode_state_from_snapshot(&snapshot, &mut encoder)
            .map_err(|_| malformed)?;
        Ok(encoder.to_vec())
    }
}
