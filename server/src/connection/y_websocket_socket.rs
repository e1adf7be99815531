//! A y-websocket socket: one document, known from the URL, authenticated at the upgrade.

use bytes::Bytes;
use tokio::time::Instant;
use unisson_protocol::{
    CloseReason, DocName,
    dialect::{hocuspocus::Address, y_websocket},
};
use unisson_session::{Peer, PeerId};

use super::{Backlog, Decided, Dialect, Door};
use crate::{
    auth::Grant,
    doc_task::{DocInbox, DocMessage, Joining, Sink},
};

/// A y-websocket client's part of a socket.
pub(crate) struct YWebsocketSocket {
    door: Door,
    id: PeerId,
    /// What the URL and the token came to; taken when the socket opens.
    admission: Result<Box<(DocName, Grant)>, CloseReason>,
    document: Option<DocInbox>,
}

impl YWebsocketSocket {
    pub(crate) fn new(door: Door, admission: Result<(DocName, Grant), CloseReason>) -> Self {
        let id = door.registry.shared().draw_peer_id();
        Self {
            door,
            id,
            admission: admission.map(Box::new),
            document: None,
        }
    }
}

impl Dialect for YWebsocketSocket {
    const NAME: &'static str = "y-websocket";
    const KEEPALIVE: &'static [u8] = y_websocket::KEEPALIVE;

    fn opened(&mut self, backlog: &mut Backlog) -> Result<(), CloseReason> {
        let admission = std::mem::replace(&mut self.admission, Err(CloseReason::Reset));
        let (name, grant) = *admission?;
        let peer = Peer {
            access: grant.access,
            user: grant.user,
            wants_echo: true,
            greets: true,
        };
        let sink = Sink {
            outbox: self.door.outbox.clone(),
            address: None,
        };
        let id = self.id;
        let joining = Joining { id, peer, sink };
        self.document = Some(self.door.registry.join(&name, joining, backlog)?);
        Ok(())
    }

    fn received(&mut self, frame: Bytes, backlog: &mut Backlog) -> Result<(), CloseReason> {
        let message = y_websocket::decode(&frame).map_err(|_| CloseReason::Malformed)?;
        let Some(document) = &self.document else {
            return Err(CloseReason::Reset);
        };
        let message = DocMessage::Message(self.id, message);
        backlog.send(document, message)
    }

    fn detached(&mut self, _address: &Address) {}

    fn decided(&mut self, _decided: Decided, _backlog: &mut Backlog) -> Result<(), CloseReason> {
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn farewell(&self, reason: CloseReason) -> Option<Bytes> {
        (!reason.is_transient()).then(|| y_websocket::denied(reason.text()))
    }

    fn closed(&mut self, backlog: &mut Backlog) {
        if let Some(document) = self.document.take() {
            // A document that has ended has no peers to forget.
            let _ = backlog.send(&document, DocMessage::Leave(self.id));
        }
    }
}
