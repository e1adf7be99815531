//! A y-websocket socket: one document, known from the URL, authenticated at the upgrade.

use std::sync::Arc;

use bytes::Bytes;
use tokio::{task::AbortHandle, time::Instant};
use unisson_protocol::{
    Access, CloseReason, DocName,
    dialect::{hocuspocus::Address, y_websocket},
};
use unisson_session::{Peer, PeerId};

use super::{
    Backlog, Decided, Dialect, Door, Watched,
    lifetime::{Due, Lifetime},
};
use crate::{
    auth::{Credential, Grant},
    doc_task::{DocInbox, DocMessage, Joining, Sink},
};

/// A y-websocket client's part of a socket.
pub(crate) struct YWebsocketSocket {
    door: Door,
    id: PeerId,
    /// What the URL and the token came to; taken when the socket opens.
    admission: Result<Box<(DocName, Grant)>, CloseReason>,
    document: Option<DocInbox>,
    user: Option<Arc<str>>,
    lifetime: Option<Box<Lived>>,
    access: Access,
    watched: Option<Box<Watched>>,
}

/// A grant that ends.
struct Lived {
    lifetime: Lifetime,
    name: DocName,
    user: Option<Arc<str>>,
    /// What the portal is asked again with.
    again: Option<Credential>,
    /// Being asked again.
    asking: Option<AbortHandle>,
}

impl Drop for Lived {
    fn drop(&mut self) {
        if let Some(asking) = &self.asking {
            asking.abort();
        }
    }
}

impl YWebsocketSocket {
    pub(crate) fn new(door: Door, admission: Result<(DocName, Grant), CloseReason>) -> Self {
        let id = door.registry.shared().draw_peer_id();
        Self {
            door,
            id,
            admission: admission.map(Box::new),
            document: None,
            user: None,
            lifetime: None,
            access: Access::ReadOnly,
            watched: None,
        }
    }

    /// The portal is asked in a task of its own, and answers by way of the outbox.
    fn ask_again(&mut self) {
        let Some(lived) = &mut self.lifetime else {
            return;
        };
        let Some(again) = lived.again.clone() else {
            return;
        };
        let shared = self.door.registry.shared().clone();
        let outbox = self.door.outbox.clone();
        let name = lived.name.clone();
        let asking = tokio::spawn(async move {
            let result = shared.authenticator.authenticate(&again, &name).await;
            outbox.decide(Decided {
                address: None,
                name,
                attempt: 0,
                result,
            });
        });
        if let Some(before) = lived.asking.replace(asking.abort_handle()) {
            before.abort();
        }
    }
}

impl Dialect for YWebsocketSocket {
    const NAME: &'static str = "y-websocket";
    const KEEPALIVE: &'static [u8] = y_websocket::KEEPALIVE;

    fn opened(&mut self, backlog: &mut Backlog) -> Result<(), CloseReason> {
        let admission = std::mem::replace(&mut self.admission, Err(CloseReason::Reset));
        let (name, grant) = *admission?;
        self.access = grant.access;
        self.user.clone_from(&grant.user);
        self.watched = Watched::new(grant.standing, &self.door.outbox);
        self.lifetime = grant.expires.map(|ends| {
            Box::new(Lived {
                lifetime: Lifetime::new(Instant::now(), ends),
                name: name.clone(),
                user: grant.user.clone(),
                again: grant.again,
                asking: None,
            })
        });
        let peer = Peer {
            access: grant.access,
            user: grant.user.clone(),
            display_name: grant.display_name,
            color: grant.color,
            wants_echo: true,
            greets: true,
        };
        let sink = Sink {
            outbox: self.door.outbox.clone(),
            address: None,
        };
        let id = self.id;
        let joining = Joining {
            id,
            peer,
            sink,
            place: None,
        };
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

    fn decided(&mut self, decided: Decided, backlog: &mut Backlog) -> Result<(), CloseReason> {
        let (Some(lived), Some(document)) = (&mut self.lifetime, &self.document) else {
            return Ok(());
        };
        let grant = match decided.result {
            // What was granted before holds for as long as it was to hold.
            Err(CloseReason::Undecided) => return Ok(()),
            result => result?,
        };
        if grant.user != lived.user {
            return Err(CloseReason::Forbidden);
        }
        if let Some(ends) = grant.expires.filter(|ends| lived.lifetime.differs(*ends)) {
            lived.lifetime = Lifetime::new(Instant::now(), ends);
        }
        self.access = grant.access;
        self.watched = Watched::new(grant.standing, &self.door.outbox);
        backlog.send(document, DocMessage::Access(self.id, grant.access))
    }

    fn look_again(&mut self, backlog: &mut Backlog) -> Result<(), CloseReason> {
        let (Some(watched), Some(document)) = (&self.watched, &self.document) else {
            return Ok(());
        };
        let access = watched.standing.access_now()?;
        if access == self.access {
            return Ok(());
        }
        self.access = access;
        backlog.send(document, DocMessage::Access(self.id, access))
    }

    fn user(&self) -> Option<&Arc<str>> {
        self.user.as_ref()
    }

    fn next_due(&self) -> Option<Instant> {
        self.lifetime.as_ref().map(|lived| lived.lifetime.next())
    }

    /// A token's end sends the client away so that it comes back: with a fresh token it goes on,
    /// with the old one it is refused for good.
    fn due(&mut self, now: Instant, _backlog: &mut Backlog) -> Result<(), CloseReason> {
        let Some(lived) = &mut self.lifetime else {
            return Ok(());
        };
        match lived.lifetime.due(now) {
            // The portal has not answered in time: that is no denial.
            Some(Due::Ended) if lived.again.is_some() => Err(CloseReason::Undecided),
            Some(Due::Ended) => Err(CloseReason::Expired),
            Some(Due::Ask) => {
                self.ask_again();
                Ok(())
            }
            None => Ok(()),
        }
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
