//! A Hocuspocus socket: carries out what its pure [`Connection`] orders.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::{task::AbortHandle, time::Instant};
use unisson_protocol::{
    Access, CloseReason, DocName,
    dialect::hocuspocus::{Address, KEEPALIVE},
};
use unisson_session::{Peer, PeerId};

use super::{
    Backlog, Decided, Dialect, Door, Watched,
    address_map::AddressMap,
    hocuspocus::{Action, Connection},
    lifetime::{Due, Lifetimes},
};
use crate::{
    auth::{Credential, Grant},
    doc_task::{DocInbox, DocMessage, Joining, Sink},
    frame::Frame,
    outbox::Kind,
};

/// A Hocuspocus client's socket, with any number of documents.
pub(crate) struct HocuspocusSocket {
    door: Door,
    connection: Connection,
    peers: AddressMap<Seat>,
    lifetimes: Lifetimes,
    /// Whose token was the first to count.
    user: Option<Arc<str>>,
    /// What the handshake showed: for providers that show nothing themselves.
    credential: Credential,
    /// Checks under way.
    checks: AddressMap<Check>,
    last_attempt: u64,
    deadline: Instant,
}

/// The client's part in one document.
struct Seat {
    id: PeerId,
    document: DocInbox,
    user: Option<Arc<str>>,
    /// What the portal is asked again with.
    again: Option<Credential>,
    access: Access,
    watched: Option<Box<Watched>>,
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
        let traffic = &door.registry.shared().settings.traffic;
        let patience = Duration::from_millis(traffic.sign_in_ms_max);
        Self {
            door,
            connection: Connection::default(),
            peers: AddressMap::default(),
            lifetimes: Lifetimes::default(),
            user: None,
            credential,
            checks: AddressMap::default(),
            last_attempt: 0,
            deadline: Instant::now() + patience,
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
                    if let Some(seat) = self.peers.get(&address) {
                        let message = DocMessage::Message(seat.id, message);
                        backlog.send(&seat.document, message)?;
                    }
                }
                Action::Change(address, grant) => {
                    if let Some(seat) = self.peers.get_mut(&address) {
                        seat.access = grant.access;
                        seat.watched = Watched::new(grant.standing, &self.door.outbox);
                        let message = DocMessage::Access(seat.id, grant.access);
                        backlog.send(&seat.document, message)?;
                        self.lifetimes
                            .granted(Instant::now(), &address, grant.expires);
                    }
                }
                Action::Leave(address) => {
                    self.lifetimes.forget(&address);
                    self.checks.remove(&address);
                    if let Some(seat) = self.peers.remove(&address) {
                        backlog.send(&seat.document, DocMessage::Leave(seat.id))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Checks a credential, here and now where nobody has to be asked.
    fn check(&mut self, address: Address, name: DocName, shown: Credential) -> Vec<Action> {
        let credential = shown.over(&self.credential);
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
                address: Some(to),
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
        mut result: Result<Grant, CloseReason>,
    ) -> Vec<Action> {
        let audit = &self.door.registry.shared().audit;
        audit.access(self.credential.address(), name.as_str(), &result);
        if let (Ok(grant), Some(seat)) = (&result, self.peers.get_mut(address)) {
            seat.again.clone_from(&grant.again);
            // Cursor and authorship are one person's for as long as the document is open.
            if grant.user != seat.user {
                result = Err(CloseReason::Forbidden);
            }
        }
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
        self.user = self.user.take().or_else(|| grant.user.clone());
        self.lifetimes
            .granted(Instant::now(), &address, grant.expires);
        let peer = Peer {
            access: grant.access,
            user: grant.user.clone(),
            display_name: grant.display_name,
            color: grant.color,
            wants_echo: false,
            greets: false,
        };
        let sink = Sink {
            outbox: self.door.outbox.clone(),
            address: Some(address.clone()),
        };
        let document = self.door.registry.join(
            name,
            Joining {
                id,
                peer,
                sink,
                place: None,
            },
            backlog,
        )?;
        let seat = Seat {
            id,
            document,
            user: grant.user,
            again: grant.again,
            access: grant.access,
            watched: Watched::new(grant.standing, &self.door.outbox),
        };
        self.peers.insert(address, seat);
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
        self.lifetimes.forget(address);
    }

    fn decided(&mut self, decided: Decided, backlog: &mut Backlog) -> Result<(), CloseReason> {
        let Decided {
            address,
            name,
            attempt,
            result,
        } = decided;
        let Some(address) = address else {
            return Ok(());
        };
        let latest = self.checks.get(&address).map(|check| check.attempt);
        if latest != Some(attempt) {
            return Ok(());
        }
        self.checks.remove(&address);
        let actions = self.checked(&address, name, result);
        self.carry_out(actions, backlog)
    }

    fn look_again(&mut self, backlog: &mut Backlog) -> Result<(), CloseReason> {
        let mut actions = Vec::new();
        for (address, seat) in self.peers.iter_mut() {
            let Some(watched) = &seat.watched else {
                continue;
            };
            match (watched.standing.access_now(), address.doc_name()) {
                (Ok(access), _) if access != seat.access => {
                    seat.access = access;
                    backlog.send(&seat.document, DocMessage::Access(seat.id, access))?;
                }
                (Err(reason), Ok(name)) => {
                    let gone = self.connection.authenticated(address, name, Err(reason));
                    actions.extend(gone);
                }
                (Ok(_), _) | (Err(_), Err(_)) => {}
            }
        }
        self.carry_out(actions, backlog)
    }

    fn user(&self) -> Option<&Arc<str>> {
        self.user.as_ref()
    }

    fn deadline(&self) -> Option<Instant> {
        (!self.connection.has_authenticated()).then_some(self.deadline)
    }

    fn next_due(&self) -> Option<Instant> {
        self.lifetimes.next()
    }

    fn due(&mut self, now: Instant, backlog: &mut Backlog) -> Result<(), CloseReason> {
        let mut actions = Vec::new();
        for (address, due) in self.lifetimes.due(now) {
            let again = self.peers.get(&address).and_then(|seat| seat.again.clone());
            actions.extend(match (due, again, address.doc_name()) {
                // The portal has not answered in time: that is no denial.
                (Due::Ended, Some(_), _) => return Err(CloseReason::Undecided),
                (Due::Ended, None, _) => self.connection.expired(&address),
                (Due::Ask, Some(again), Ok(name)) => self.check(address, name, again),
                (Due::Ask, ..) => vec![self.connection.ask(&address)],
            });
        }
        self.carry_out(actions, backlog)
    }

    fn farewell(&self, _reason: CloseReason) -> Option<Bytes> {
        None
    }

    fn closed(&mut self, backlog: &mut Backlog) {
        self.checks = AddressMap::default();
        for seat in self.peers.drain() {
            // A document that has ended has no peers to forget.
            let _ = backlog.send(&seat.document, DocMessage::Leave(seat.id));
        }
    }
}
