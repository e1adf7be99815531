//! A Hocuspocus socket: carries out what its pure [`Connection`] orders.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;
use unisson_protocol::{
    CloseReason, DocName,
    dialect::hocuspocus::{Address, KEEPALIVE},
};
use unisson_session::{Peer, PeerId};

use super::{
    Dialect, Door,
    hocuspocus::{Action, Connection},
};
use crate::{
    auth::Grant,
    doc_task::{DocInbox, DocMessage, Sink},
    outbox::Kind,
};

/// How long a socket may be open without any document authenticated.
const AUTHENTICATION: Duration = Duration::from_secs(60);

/// A Hocuspocus client's socket, with any number of documents.
pub(crate) struct HocuspocusSocket {
    door: Door,
    connection: Connection,
    peers: BTreeMap<Address, (PeerId, DocInbox)>,
    deadline: Instant,
}

impl HocuspocusSocket {
    pub(crate) fn new(door: Door) -> Self {
        Self {
            door,
            connection: Connection::default(),
            peers: BTreeMap::new(),
            deadline: Instant::now() + AUTHENTICATION,
        }
    }

    async fn carry_out(&mut self, actions: Vec<Action>) -> Result<(), CloseReason> {
        let mut actions = VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Authenticate(address, name, token) => {
                    let shared = self.door.registry.shared();
                    let result = shared.authenticator.authenticate(&token, &name);
                    if let Err(reason) = result {
                        shared.metrics.refuse(reason.text());
                    }
                    let next = self.connection.authenticated(&address, name, result);
                    for action in next.into_iter().rev() {
                        actions.push_front(action);
                    }
                }
                Action::Send(frame) => {
                    self.door.outbox.push(frame, Kind::Answer);
                }
                Action::Join(address, name, grant) => self.join(address, &name, grant)?,
                Action::Forward(address, message) => {
                    if let Some((id, document)) = self.peers.get(&address) {
                        let message = DocMessage::Message(*id, message);
                        document
                            .send(message)
                            .await
                            .map_err(|_| CloseReason::Reset)?;
                    }
                }
                Action::Change(address, grant) => {
                    if let Some((id, document)) = self.peers.get(&address) {
                        let change = DocMessage::Access(*id, grant.access);
                        document
                            .send(change)
                            .await
                            .map_err(|_| CloseReason::Reset)?;
                    }
                }
                Action::Leave(address) => self.leave(&address).await,
            }
        }
        Ok(())
    }

    fn join(&mut self, address: Address, name: &DocName, grant: Grant) -> Result<(), CloseReason> {
        let id = self.door.registry.shared().draw_peer_id();
        let peer = Peer {
            access: grant.access,
            user: grant.user,
            display_name: grant.display_name,
            wants_echo: false,
            greets: false,
        };
        let sink = Sink {
            outbox: self.door.outbox.clone(),
            address: Some(address.clone()),
        };
        let document = self
            .door
            .registry
            .join(name, DocMessage::Join(id, peer, sink))?;
        self.peers.insert(address, (id, document));
        Ok(())
    }

    async fn leave(&mut self, address: &Address) {
        if let Some((id, document)) = self.peers.remove(address) {
            // A document that has ended has no peers to forget.
            let _ = document.send(DocMessage::Leave(id)).await;
        }
    }
}

impl Dialect for HocuspocusSocket {
    const NAME: &'static str = "hocuspocus";
    const KEEPALIVE: &'static [u8] = KEEPALIVE;

    async fn opened(&mut self) -> Result<(), CloseReason> {
        Ok(())
    }

    async fn received(&mut self, frame: Bytes) -> Result<(), CloseReason> {
        let actions = self.connection.received(&frame)?;
        self.carry_out(actions).await
    }

    fn detached(&mut self, address: &Address) {
        self.connection.end(address);
        self.peers.remove(address);
    }

    fn deadline(&self) -> Option<Instant> {
        (!self.connection.has_authenticated()).then_some(self.deadline)
    }

    fn farewell(&self, _reason: CloseReason) -> Option<Bytes> {
        None
    }

    async fn closed(&mut self) {
        while let Some((_, (id, document))) = self.peers.pop_first() {
            let _ = document.send(DocMessage::Leave(id)).await;
        }
    }
}
