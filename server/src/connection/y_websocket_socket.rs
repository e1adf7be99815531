//! A y-websocket socket: one document, known from the URL, authenticated at the upgrade.

use bytes::Bytes;
use tokio::time::Instant;
use unisson_protocol::{
    CloseReason, DocName,
    dialect::{hocuspocus::Address, y_websocket},
};
use unisson_session::{Peer, PeerId};

use super::{Dialect, Door};
use crate::{
    auth::Grant,
    doc_task::{DocInbox, DocMessage, Sink},
};

/// A y-websocket client's part of a socket.
pub(crate) struct YWebsocketSocket {
    door: Door,
    id: PeerId,
    /// What the URL and the token came to.
    admission: Result<(DocName, Grant), CloseReason>,
    document: Option<DocInbox>,
}

impl YWebsocketSocket {
    pub(crate) fn new(door: Door, admission: Result<(DocName, Grant), CloseReason>) -> Self {
        let id = door.registry.shared().draw_peer_id();
        Self {
            door,
            id,
            admission,
            document: None,
        }
    }
}

impl Dialect for YWebsocketSocket {
    const NAME: &'static str = "y-websocket";
    const KEEPALIVE: &'static [u8] = y_websocket::KEEPALIVE;

    async fn opened(&mut self) -> Result<(), CloseReason> {
        let (name, grant) = self.admission.clone()?;
        let peer = Peer {
            access: grant.access,
            user: grant.user,
            display_name: grant.display_name,
            wants_echo: true,
            greets: true,
        };
        let sink = Sink {
            outbox: self.door.outbox.clone(),
            address: None,
        };
        let join = DocMessage::Join(self.id, peer, sink);
        self.document = Some(self.door.registry.join(&name, join)?);
        Ok(())
    }

    async fn received(&mut self, frame: Bytes) -> Result<(), CloseReason> {
        let message = y_websocket::decode(&frame).map_err(|_| CloseReason::Malformed)?;
        let Some(document) = &self.document else {
            return Err(CloseReason::Reset);
        };
        let message = DocMessage::Message(self.id, message);
        document.send(message).await.map_err(|_| CloseReason::Reset)
    }

    fn detached(&mut self, _address: &Address) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn farewell(&self, reason: CloseReason) -> Option<Bytes> {
        (!reason.is_transient()).then(|| y_websocket::denied(reason.text()))
    }

    async fn closed(&mut self) {
        if let Some(document) = self.document.take() {
            // A document that has ended has no peers to forget.
            let _ = document.send(DocMessage::Leave(self.id)).await;
        }
    }
}
