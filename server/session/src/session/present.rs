//! Who is here, for whoever asks from outside.

use std::sync::Arc;

use unisson_protocol::Access;

use super::Session;
use crate::{Millis, Peer, PeerId};

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

    /// Whether others are told of somebody who may do this.
    pub(super) fn shows(&self, access: Access) -> bool {
        self.limits.shows_readers || access == Access::ReadWrite
    }

    /// What an editor says of itself. Of one that is not shown nothing is kept.
    pub(super) fn awareness(&mut self, now: Millis, id: PeerId, update: &[u8]) {
        if let Some(here) = self.peers.get(&id)
            && self.shows(here.peer.access)
        {
            let (peer, limits) = (&here.peer, &self.limits);
            self.presence.receive(now, id, peer, update, limits);
        }
    }

    /// Everybody who has the document open, as far as they are shown.
    pub fn present(&self) -> Vec<Present> {
        let shown = self.peers.iter();
        let shown = shown.filter(|(_, here)| self.shows(here.peer.access));
        let peers = shown.map(|(id, here)| Present {
            access: here.peer.access,
            user: here.peer.user.clone(),
            display_name: here.peer.display_name.clone(),
            color: here.peer.color.clone(),
            states: self.presence.of(*id).collect(),
        });
        peers.collect()
    }
}
