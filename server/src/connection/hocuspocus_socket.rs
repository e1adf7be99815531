//! A Hocuspocus socket: carries out what its pure [`Connection`] orders.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;
use unisson_protocol::{
    CloseReason, DocName,
    dialect::hocuspocus::{Address, KEEPALIVE},
};
use unisson_session::{Peer, PeerId};

use super::{
    Backlog, Dialect, Door,
    address_map::AddressMap,
    hocuspocus::{Action, Connection},
};
use crate::{
    auth::Grant,
    doc_task::{DocInbox, DocMessage, Joining, Sink},
    frame::Frame,
    outbox::Kind,
};

/// How long a socket may be open without any document authenticated.
const AUTHENTICATION: Duration = Duration::from_secs(60);

/// A Hocuspocus client's socket, with any number of documents.
pub(crate) struct HocuspocusSocket {
    door: Door,
    connection: Connection,
    peers: AddressMap<(PeerId, DocInbox)>,
    deadline: Instant,
}

impl HocuspocusSocket {
    pub(crate) fn new(door: Door) -> Self {
        Self {
            door,
            connection: Connection::default(),
            peers: AddressMap::default(),
            deadline: Instant::now() + AUTHENTICATION,
        }
    }

    fn carry_out(
        &mut self,
        actions: Vec<Action>,
        backlog: &mut Backlog,
    ) -> Result<(), CloseReason> {
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
                    self.door.outbox.push(Frame::message(&frame), Kind::Answer);
                }
                Action::Join(address, name, grant) => self.join(address, &name, grant, backlog)?,
                Action::Forward(address, message) => {
                    if let Some((id, document)) = self.peers.get(&address) {
                        backlog.send(document, DocMessage::Message(*id, message))?;
                    }
                }
                Action::Change(address, grant) => {
                    if let Some((id, document)) = self.peers.get(&address) {
                        backlog.send(document, DocMessage::Access(*id, grant.access))?;
                    }
                }
                Action::Leave(address) => {
                    if let Some((id, document)) = self.peers.remove(&address) {
                        backlog.send(&document, DocMessage::Leave(id))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn join(
        &mut self,
        address: Address,
        name: &DocName,
        grant: Grant,
        backlog: &mut Backlog,
    ) -> Result<(), CloseReason> {
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
            .join(name, Joining { id, peer, sink }, backlog)?;
        self.peers.insert(address, (id, document));
        Ok(())
    }
}

impl Dialect for HocuspocusSocket {
    const NAME: &'static str = "hocuspocus";
    const KEEPALIVE: &'static [u8] = KEEPALIVE;

    fn opened(&mut self, _backlog: &mut Backlog) -> Result<(), CloseReason> {
        Ok(())
    }

    fn received(&mut self, frame: Bytes, backlog: &mut Backlog) -> Result<(), CloseReason> {
        let actions = self.connection.received(&frame)?;
        self.carry_out(actions, backlog)
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

    fn closed(&mut self, backlog: &mut Backlog) {
        for (id, document) in self.peers.drain() {
            // A document that has ended has no peers to forget.
            let _ = backlog.send(&document, DocMessage::Leave(id));
        }
    }
}
