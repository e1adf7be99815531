//! What a Hocuspocus socket does with its frames: a pure state machine over addresses.
//!
//! Each address (a document, or a document and a provider's session) is on its own: it
//! authenticates, may be refused and try again, and may detach, while the others go on.

use bytes::Bytes;
use unisson_protocol::{
    CloseReason, DocName, PeerMessage, ServerMessage,
    dialect::hocuspocus::{
        Address, ClientFrame, ClientMessage, Control, decode, encode, encode_control,
    },
};

use super::address_map::AddressMap;
use crate::auth::{Credential, Grant};

/// What may be kept for addresses that have not authenticated, for the whole socket.
const EARLY_BYTES_MAX: usize = 5 << 20;
const EARLY_MESSAGES_MAX: usize = 1_000;
const EARLY_ADDRESSES_MAX: usize = 100;
/// How many documents one socket may have open.
const ADDRESSES_MAX: usize = 1_000;
/// The only byte of a provider's pong, and of our answer to its ping.
const PONG: &[u8] = &[0x0a];

/// An order to the socket's task, to be carried out in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Check this token for this document, then call [`Connection::authenticated`].
    Authenticate(Address, DocName, Credential),
    /// Write this frame.
    Send(Bytes),
    /// Let the client into the document, under this address.
    Join(Address, DocName, Grant),
    /// Hand this to the document.
    Forward(Address, PeerMessage),
    /// What the client may do with the document has changed.
    Change(Address, Grant),
    /// The client leaves the document.
    Leave(Address),
    /// Send the client away, from all its documents.
    Close(CloseReason),
}

#[derive(Debug)]
enum Attachment {
    /// Frames have come, no token yet.
    Early(Vec<PeerMessage>),
    /// A token is being checked.
    Checking(Vec<PeerMessage>),
    /// The client is in the document.
    Open,
    /// The client has left, or its document has ended; only a new token or handshake opens the
    /// address again.
    Ended,
    /// The client was refused. Providers send their handshake right behind a token, so only a new
    /// token is a new attempt.
    Denied,
}

/// One socket's addresses.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    attachments: AddressMap<Attachment>,
    /// Announced by providers from version 4 on: they, and only they, are sent `CLOSE`.
    version_announced: bool,
    early_bytes: usize,
    early_messages: usize,
    has_authenticated: bool,
}

impl Connection {
    /// Whether any document of this socket has ever authenticated.
    pub(crate) fn has_authenticated(&self) -> bool {
        self.has_authenticated
    }

    /// Takes a frame.
    pub(crate) fn received(&mut self, frame: &Bytes) -> Result<Vec<Action>, CloseReason> {
        match decode(frame).map_err(|_| CloseReason::Malformed)? {
            ClientFrame::Ping => Ok(vec![Action::Send(Bytes::from_static(PONG))]),
            ClientFrame::Pong => Ok(Vec::new()),
            ClientFrame::Addressed(address, message) => self.addressed(address.detached(), message),
        }
    }

    fn addressed(
        &mut self,
        address: Address,
        message: ClientMessage,
    ) -> Result<Vec<Action>, CloseReason> {
        match message {
            ClientMessage::Token { token, version } => {
                self.version_announced |= version.is_some();
                self.token(address, &token)
            }
            ClientMessage::Close => Ok(self.close(address)),
            ClientMessage::Peer(message) => self.peer(address, message),
        }
    }

    fn token(&mut self, address: Address, token: &str) -> Result<Vec<Action>, CloseReason> {
        let credential = Credential::of_token(token);
        let name = match address.doc_name() {
            Ok(name) => name,
            Err(_) => return Ok(self.deny(&address, CloseReason::Forbidden)),
        };
        if matches!(self.attachments.get(&address), Some(Attachment::Open)) {
            return Ok(vec![Action::Authenticate(address, name, credential)]);
        }
        let early = match self.attachments.remove(&address) {
            Some(Attachment::Early(early) | Attachment::Checking(early)) => early,
            Some(Attachment::Ended | Attachment::Denied | Attachment::Open) | None => Vec::new(),
        };
        self.insert(address.clone(), Attachment::Checking(early))?;
        Ok(vec![Action::Authenticate(address, name, credential)])
    }

    fn peer(&mut self, address: Address, message: PeerMessage) -> Result<Vec<Action>, CloseReason> {
        let handshake = matches!(message, PeerMessage::SyncStep1(_));
        match self.attachments.get(&address) {
            Some(Attachment::Open) => return Ok(vec![Action::Forward(address, message)]),
            Some(Attachment::Denied) => return Ok(Vec::new()),
            Some(Attachment::Ended) if !handshake => return Ok(Vec::new()),
            // A handshake before any token: a provider of version 2 that has none.
            None | Some(Attachment::Early(_) | Attachment::Ended) if handshake => {
                let actions = self.token(address.clone(), "")?;
                self.keep(&address, message)?;
                return Ok(actions);
            }
            Some(Attachment::Early(_) | Attachment::Checking(_) | Attachment::Ended) => {}
            None => self.insert(address.clone(), Attachment::Early(Vec::new()))?,
        }
        self.keep(&address, message)?;
        Ok(Vec::new())
    }

    /// Keeps a message of an address that has not authenticated.
    fn keep(&mut self, address: &Address, message: PeerMessage) -> Result<(), CloseReason> {
        let Some(Attachment::Early(early) | Attachment::Checking(early)) =
            self.attachments.get_mut(address)
        else {
            return Ok(());
        };
        self.early_bytes += message.payload_bytes();
        self.early_messages += 1;
        early.push(message);
        if self.early_bytes > EARLY_BYTES_MAX || self.early_messages > EARLY_MESSAGES_MAX {
            return Err(CloseReason::Reset);
        }
        Ok(())
    }

    fn insert(&mut self, address: Address, attachment: Attachment) -> Result<(), CloseReason> {
        self.attachments.insert(address, attachment);
        let early = self.attachments.values().filter(|attachment| {
            matches!(attachment, Attachment::Early(_) | Attachment::Checking(_))
        });
        if early.count() > EARLY_ADDRESSES_MAX {
            return Err(CloseReason::Reset);
        }
        self.forget_ended();
        if self.attachments.len() > ADDRESSES_MAX {
            return Err(CloseReason::Reset);
        }
        Ok(())
    }

    /// Makes room where a client has gone through many addresses.
    fn forget_ended(&mut self) {
        if self.attachments.len() > ADDRESSES_MAX {
            self.attachments
                .retain(|attachment| !matches!(attachment, Attachment::Ended | Attachment::Denied));
        }
    }

    /// The client detaches a document. A provider of version 2 would throw on an answer.
    fn close(&mut self, address: Address) -> Vec<Action> {
        let was_open = matches!(self.attachments.get(&address), Some(Attachment::Open));
        self.end(&address);
        let mut actions = Vec::new();
        if self.version_announced {
            let closed = Control::Close("provider_initiated".into());
            actions.push(Action::Send(encode_control(&address, &closed)));
        }
        if was_open {
            actions.push(Action::Leave(address));
        }
        actions
    }

    /// Takes what a token came to.
    pub(crate) fn authenticated(
        &mut self,
        address: &Address,
        name: DocName,
        result: Result<Grant, CloseReason>,
    ) -> Vec<Action> {
        let was_open = match self.attachments.get(address) {
            Some(Attachment::Open) => true,
            Some(Attachment::Checking(_)) => false,
            // The client has gone from the document while its token was being checked.
            Some(Attachment::Early(_) | Attachment::Ended | Attachment::Denied) | None => {
                return Vec::new();
            }
        };
        let grant = match result {
            // Nobody knows: what was granted before holds as long as it was to hold, and whoever
            // comes in tries again. Published providers do that only on a new socket.
            Err(CloseReason::Undecided) if was_open => return Vec::new(),
            Err(reason @ CloseReason::Undecided) => return vec![Action::Close(reason)],
            Ok(grant) if was_open => return vec![Action::Change(address.clone(), grant)],
            Ok(grant) => grant,
            Err(reason) => {
                let mut actions = self.deny(address, reason);
                if was_open {
                    actions.push(Action::Leave(address.clone()));
                }
                return actions;
            }
        };
        self.has_authenticated = true;
        let early = match self.attachments.insert(address.clone(), Attachment::Open) {
            Some(Attachment::Early(early) | Attachment::Checking(early)) => early,
            Some(Attachment::Open | Attachment::Ended | Attachment::Denied) | None => Vec::new(),
        };
        self.release(&early);
        let hello = ServerMessage::Access(grant.access, String::new());
        let mut actions = vec![
            Action::Send(encode(address, &hello)),
            Action::Join(address.clone(), name, grant),
        ];
        actions.extend(
            early
                .into_iter()
                .map(|message| Action::Forward(address.clone(), message)),
        );
        actions
    }

    /// The document is refused; the socket and its other documents go on.
    pub(crate) fn deny(&mut self, address: &Address, reason: CloseReason) -> Vec<Action> {
        self.leave_behind(address, Attachment::Denied);
        let denied = Control::PermissionDenied(reason.text().into());
        vec![Action::Send(encode_control(address, &denied))]
    }

    /// A fresh token is wanted. Providers of version 2 do not know this, and ignore it.
    pub(crate) fn ask(&self, address: &Address) -> Action {
        Action::Send(encode_control(address, &Control::RequestToken))
    }

    /// The client's time in a document is over. `CLOSE` is not sent: published providers then go on
    /// writing, to nobody, while they look connected.
    pub(crate) fn expired(&mut self, address: &Address) -> Vec<Action> {
        let mut actions = self.deny(address, CloseReason::Expired);
        actions.push(Action::Leave(address.clone()));
        actions
    }

    /// Nothing more is taken for an address until it starts anew.
    pub(crate) fn end(&mut self, address: &Address) {
        self.leave_behind(address, Attachment::Ended);
    }

    fn leave_behind(&mut self, address: &Address, attachment: Attachment) {
        let early = match self.attachments.insert(address.clone(), attachment) {
            Some(Attachment::Early(early) | Attachment::Checking(early)) => early,
            Some(Attachment::Open | Attachment::Ended | Attachment::Denied) | None => Vec::new(),
        };
        self.release(&early);
        self.forget_ended();
    }

    fn release(&mut self, early: &[PeerMessage]) {
        self.early_messages -= early.len();
        self.early_bytes -= early.iter().map(PeerMessage::payload_bytes).sum::<usize>();
    }
}

#[cfg(test)]
mod tests;
