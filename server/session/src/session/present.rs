//! Who is here, for whoever asks from outside.

use std::sync::Arc;

use unisson_protocol::Access;

use super::Session;
use crate::{Peer, PeerId};

/// Somebody who has the document open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// What they may do.
    pub access: Access,
    /// Who they are, where authentication said so.
    pub user: Option<Arc<str>>,
    /// The name to show for them, where authentication said so.
    pub display_name: Option<Arc<str>>,
    /// The colour of their cursor, where authentication said so.
    pub color: Option<Arc<str>>,
    /// What their editors say of themselves (JSON); none where they say nothing.
    pub states: Vec<Arc<str>>,
}

impl Session {
    /// Every peer, in the order in which they came.
    pub fn here(&self) -> impl Iterator<Item = (PeerId, &Peer)> {
        self.peers.iter().map(|(id, here)| (*id, &here.peer))
    }

    /// Everybody who has the document open.
    pub fn present(&self) -> Vec<Present> {
        let peers = self.peers.iter().map(|(id, here)| Present {
            access: here.peer.access,
            user: here.peer.user.clone(),
            display_name: here.peer.display_name.clone(),
            color: here.peer.color.clone(),
            states: self.presence.of(*id).collect(),
        });
        peers.collect()
    }
}
