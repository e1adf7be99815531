//! A Hocuspocus socket: carries out what its pure [`Connection`] orders.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::{task::AbortHandle, time::Instant};
use unisson_protocol::{
    CloseReason, DocName,
    dialect::hocuspocus::{Address, KEEPALIVE},
};
use unisson_session::{Peer, PeerId};

use super::{
    Backlog, Decided, Dialect, Door,
    address_map::AddressMap,
    hocuspocus::{Action, Connection},
};
use crate::{
    auth::{Credential, Grant},
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
    /// What the handshake showed: for providers that show nothing themselves.
    credential: Credential,
    /// Checks under way.
    checks: AddressMap<Check>,
    last_attempt: u64,
    deadline: Instant,
}

/// The check of a credential that has to ask somebody; dropped, it ends.
struct Check {
    attempt: u64,
    task: AbortHandle,
}

impl Drop for Check {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl HocuspocusSocket {
    pub(crate) fn new(door: Door, credential: Credential) -> Self {
        Self {
            door,
            connection: Connection::default(),
            peers: AddressMap::default(),
            credential,
            checks: AddressMap::default(),
            last_attempt: 0,
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
                Action::Authenticate(address, name, credential) => {
                    let next = self.check(address, name, credential);
                    for action in next.into_iter().rev() {
                        actions.push_front(action);
                    }
                }
                Action::Close(reason) => return Err(reason),
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

    /// Checks a credential, here and now where nobody has to be asked.
    fn check(&mut self, address: Address, name: DocName, shown: Credential) -> Vec<Action> {
        let credential = match shown.is_empty() {
            true => self.credential.clone(),
            false => shown,
        };
        let shared = self.door.registry.shared().clone();
        let document = name.clone();
        let mut checking = Box::pin(async move {
            let authenticator = &shared.authenticator;
            authenticator.authenticate(&credential, &document).await
        });
        // An earlier check of the same document does not count any more.
        self.checks.remove(&address);
        if let Some(result) = checking.as_mut().now_or_never() {
            return self.checked(&address, name, result);
        }
        self.last_attempt += 1;
        let attempt = self.last_attempt;
        let outbox = self.door.outbox.clone();
        let to = address.clone();
        let task = tokio::spawn(async move {
            let decided = Decided {
                address: to,
                name,
                attempt,
                result: checking.await,
            };
            outbox.decide(decided);
        });
        let task = task.abort_handle();
        self.checks.insert(address, Check { attempt, task });
        Vec::new()
    }

    fn checked(
        &mut self,
        address: &Address,
        name: DocName,
        result: Result<Grant, CloseReason>,
    ) -> Vec<Action> {
        if let Err(reason) = result {
            self.door.registry.shared().metrics.refuse(reason.text());
        }
        self.connection.authenticated(address, name, result)
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
        self.checks.remove(address);
    }

    fn decided(&mut self, decided: Decided, backlog: &mut Backlog) -> Result<(), CloseReason> {
        let Decided {
            address,
            name,
            attempt,
            result,
        } = decided;
        let latest = self.checks.get(&address).map(|check| check.attempt);
        if latest != Some(attempt) {
            return Ok(());
        }
        self.checks.remove(&address);
        let actions = self.checked(&address, name, result);
        self.carry_out(actions, backlog)
    }

    fn deadline(&self) -> Option<Instant> {
        (!self.connection.has_authenticated()).then_some(self.deadline)
    }

    fn farewell(&self, _reason: CloseReason) -> Option<Bytes> {
        None
    }

    fn closed(&mut self, backlog: &mut Backlog) {
        self.checks = AddressMap::default();
        for (id, document) in self.peers.drain() {
            // A document that has ended has no peers to forget.
            let _ = backlog.send(&document, DocMessage::Leave(id));
        }
    }
}
