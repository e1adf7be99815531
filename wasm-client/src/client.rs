//! The state machine of one document connection.

use std::{mem, sync::Arc};

use bytes::Bytes;
use unisson_protocol::{
    Access, DocName, PeerMessage, ServerMessage, awareness, dialect::Dialect,
    encoding::DecodeError, scan::ClockRange,
};
use yrs::{Doc, TransactionMut};

use crate::{
    Incoming, PresenceState, Reconnect, Status, Wire, after_close,
    backoff::Backoff,
    document::{Document, Received, UpdateError},
    ledger::{Content, Ledger},
    presence::{Presence, RENEW_MS},
};

/// A server that said nothing for so long is taken for dead.
const SILENCE_MAX_MS: u64 = 30_000;
/// A connection that was in sync for so long resets the backoff.
const STABLE_MS: u64 = 10_000;
/// Wait before asking again after an answer that itself had a hole.
const RESYNC_MS: u64 = 1_000;
/// Presence entries in one frame.
const PRESENCE_ENTRIES_MAX: usize = 10_000;

/// What a client is made from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The protocol of the server.
    pub dialect: Dialect,
    /// The document.
    pub document: DocName,
    /// Presented to a Hocuspocus server in a frame; `y-websocket` has it in the URL.
    pub token: String,
    /// The Yjs client id: below 2^53 and never used by another client of the document.
    pub client_id: u64,
    /// Spreads the reconnections.
    pub seed: u64,
}

/// What the shell has to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Open a socket after this time, then call [`Client::opened`].
    Connect {
        /// The delay in milliseconds.
        after_ms: u64,
    },
    /// Send a binary frame.
    Send(Bytes),
    /// Close the socket, then call [`Client::closed`].
    Close,
    /// [`Client::status`] changed.
    StatusChanged(Status),
    /// Remote edits became part of the document: the clock ranges of their inserts.
    Integrated(Vec<ClockRange>),
    /// These local inserts are durable now.
    Saved(Vec<ClockRange>),
    /// [`Client::presence`] changed.
    PresenceChanged,
    /// A message of the application.
    Stateless(String),
}

/// Why a local edit did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// An edit that can never be sent would let the document diverge.
    #[error("the document is read-only")]
    ReadOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// Nothing, or a connection ordered that is due at this time.
    Down {
        connect_at: Option<u64>,
    },
    Opening,
    Open,
}

/// One document on one connection. See the crate's promises.
pub struct Client {
    wire: Wire,
    token: String,
    document: Document,
    ledger: Ledger,
    presence: Presence,
    backoff: Backoff,
    link: Link,
    access: Access,
    refusal: Option<String>,
    failure: Option<u16>,
    /// The server's state vector was answered, on this connection.
    told: bool,
    /// The server answered ours, on this connection.
    heard_at: Option<u64>,
    /// A `SyncStep1` is on its way and will be answered by what is missing.
    asked: bool,
    /// How many questions of the server come with the answers to ours. Only what we answer to those
    /// is acknowledged: a question about a hole is not.
    handshakes: usize,
    resync_at: Option<u64>,
    /// Edits wait for room, or for the right to write.
    held: bool,
    received_at: u64,
    renew_at: u64,
    reported: Status,
    effects: Vec<Effect>,
}

impl Client {
    /// A client that is offline until [`Client::start`].
    pub fn new(settings: Settings) -> Result<Self, DecodeError> {
        Ok(Self {
            wire: Wire::new(settings.dialect, &settings.document)?,
            token: settings.token,
            document: Document::new(settings.client_id),
            ledger: Ledger::new(settings.dialect),
            presence: Presence::new(settings.client_id),
            backoff: Backoff::new(settings.seed),
            link: Link::Down { connect_at: None },
            access: Access::ReadWrite,
            refusal: None,
            failure: None,
            told: false,
            heard_at: None,
            asked: false,
            handshakes: 0,
            resync_at: None,
            held: false,
            received_at: 0,
            renew_at: 0,
            reported: Status::Offline,
            effects: Vec::new(),
        })
    }

    /// The CRDT document, for reading. Edit through [`Client::edit`] only: an edit made elsewhere
    /// is neither sent nor counted.
    pub fn doc(&self) -> &Doc {
        self.document.doc()
    }

    /// Everybody else's presence, ordered by client id.
    pub fn presence(&self) -> impl Iterator<Item = PresenceState> {
        self.presence.others()
    }

    /// The status at this moment.
    pub fn status(&self) -> Status {
        if let Some(code) = self.failure {
            return Status::Failed(code);
        }
        if let Some(reason) = &self.refusal {
            return Status::Refused(reason.clone());
        }
        match self.link {
            Link::Down { .. } => Status::Offline,
            Link::Opening => Status::Connecting,
            Link::Open if !self.told || self.heard_at.is_none() => Status::Syncing,
            Link::Open if self.access == Access::ReadOnly => Status::ReadOnly,
            Link::Open if self.ledger.is_clear() && self.resync_at.is_none() => Status::Saved,
            Link::Open => Status::Saving,
        }
    }

    /// Whether the server has not yet acknowledged some local edit, connected or not.
    pub fn has_unsaved_edits(&self) -> bool {
        !self.ledger.unsaved().is_empty()
    }

    /// Starts, or starts again after a failure or refusal.
    pub fn start(&mut self, now: u64) -> Vec<Effect> {
        self.failure = None;
        self.refusal = None;
        if matches!(self.link, Link::Down { .. }) {
            self.order_connection(now, 0);
        }
        self.settle()
    }

    /// The socket is open.
    pub fn opened(&mut self, now: u64) -> Vec<Effect> {
        self.link = Link::Open;
        self.received_at = now;
        if let Some(frame) = self.wire.token(&self.token) {
            self.effects.push(Effect::Send(frame));
        }
        self.ask();
        self.announce(now);
        self.settle()
    }

    /// A binary frame came in.
    pub fn received(&mut self, now: u64, frame: &Bytes) -> Vec<Effect> {
        if self.link != Link::Open {
            return Vec::new();
        }
        self.received_at = now;
        match self.wire.decode(frame) {
            Ok(Incoming::Message(message)) => self.received_message(now, message),
            Ok(Incoming::TokenRequested) => {
                if let Some(frame) = self.wire.token(&self.token) {
                    self.effects.push(Effect::Send(frame));
                }
            }
            Ok(Incoming::Denied(reason)) => self.refusal = Some(reason),
            // A detached document must not go on sending into the void: start from a new socket.
            Ok(Incoming::Detached(_)) | Err(_) => self.effects.push(Effect::Close),
            Ok(Incoming::Ping) => self.effects.push(Effect::Send(Wire::pong())),
            Ok(Incoming::Nothing) => {}
        }
        self.settle()
    }

    /// The socket is closed, or could not be opened (1006).
    pub fn closed(&mut self, now: u64, code: u16) -> Vec<Effect> {
        if let Some(since) = self.heard_at
            && now.saturating_sub(since) >= STABLE_MS
        {
            self.backoff.reset();
        }
        self.told = false;
        self.heard_at = None;
        self.asked = false;
        self.handshakes = 0;
        self.resync_at = None;
        self.held = false;
        self.ledger.disconnected();
        if self.presence.forget_others() {
            self.effects.push(Effect::PresenceChanged);
        }
        self.link = Link::Down { connect_at: None };
        match after_close(self.wire.dialect(), code) {
            Reconnect::Never => self.failure = Some(code),
            _ if self.refusal.is_some() => {}
            again => {
                let after_ms = self.backoff.next_ms(again == Reconnect::Later);
                self.order_connection(now, after_ms);
            }
        }
        self.settle()
    }

    /// Time passed: due at [`Client::next_wakeup`], harmless earlier.
    pub fn tick(&mut self, now: u64) -> Vec<Effect> {
        match self.link {
            Link::Down {
                connect_at: Some(at),
            } if now >= at => self.link = Link::Opening,
            Link::Open => self.tick_open(now),
            _ => {}
        }
        self.settle()
    }

    /// When [`Client::tick`] is due.
    pub fn next_wakeup(&self) -> Option<u64> {
        match self.link {
            Link::Down { connect_at } => connect_at,
            Link::Opening => None,
            Link::Open => [
                Some(self.received_at + SILENCE_MAX_MS),
                Some(self.renew_at),
                self.resync_at,
                self.presence.next_expiry(),
            ]
            .into_iter()
            .flatten()
            .min(),
        }
    }

    /// Makes a local edit in one transaction, connected or not.
    pub fn edit<T>(
        &mut self,
        edit: impl FnOnce(&mut TransactionMut<'_>) -> T,
    ) -> Result<(T, Vec<Effect>), EditError> {
        if self.access == Access::ReadOnly {
            return Err(EditError::ReadOnly);
        }
        let (result, update) = self.document.edit(edit);
        if let Some((update, content)) = update {
            self.ledger.edited(&content);
            // Before the server's state vector is answered, the answer will carry the edit.
            if self.told && self.ledger.has_room() {
                self.ledger.sent(content);
                self.send(PeerMessage::Update(update.into()));
            } else {
                self.held |= self.told;
            }
        }
        Ok((result, self.settle()))
    }

    /// Sets the own presence (JSON text), or leaves with `None`.
    pub fn set_presence(&mut self, now: u64, state: Option<Arc<str>>) -> Vec<Effect> {
        self.presence.set_own(state);
        if self.link == Link::Open {
            let entry = self.presence.announce();
            self.send(PeerMessage::Awareness(awareness::encode(&[entry])));
            self.renew_at = now + RENEW_MS;
        }
        self.settle()
    }

    fn received_message(&mut self, now: u64, message: ServerMessage) {
        match message {
            ServerMessage::SyncStep1(state_vector) => self.tell(&state_vector),
            ServerMessage::SyncStep2(update) => {
                self.asked = false;
                match self.integrate(&update) {
                    Some(true) => self.heard_at = self.heard_at.or(Some(now)),
                    Some(false) => self.resync_at = Some(now + RESYNC_MS),
                    None => {}
                }
            }
            ServerMessage::Update(update) => {
                if self.integrate(&update) == Some(false) {
                    self.ask();
                }
                // The echo acknowledges even where the document has a hole elsewhere.
                if let Ok(scan) = unisson_protocol::scan::update_v1(&update) {
                    let saved = self.ledger.echoed(&scan);
                    self.report_saved(saved);
                }
            }
            ServerMessage::Awareness(bytes) => self.received_presence(now, &bytes),
            ServerMessage::Accepted => {
                let saved = self.ledger.accepted();
                self.report_saved(saved);
                self.send_held();
            }
            ServerMessage::Refused(reason) => {
                let lost = self.ledger.refused() || self.wire.dialect() == Dialect::YWebsocket;
                if lost && self.access == Access::ReadWrite {
                    self.refusal = Some(reason);
                }
            }
            ServerMessage::Access(access, _) => self.allow(access),
            ServerMessage::Stateless(payload) => self.effects.push(Effect::Stateless(payload)),
        }
    }

    /// Whether the update could be taken in: `Some(false)` for a hole, `None` for a bad update.
    fn integrate(&mut self, update: &[u8]) -> Option<bool> {
        match self.document.receive(update) {
            Ok(Received::Integrated(scan)) => {
                if !scan.is_empty() {
                    self.effects.push(Effect::Integrated(scan.inserts));
                }
                Some(true)
            }
            Ok(Received::Hole) => Some(false),
            Err(UpdateError::Decode(_) | UpdateError::Apply) => {
                self.effects.push(Effect::Close);
                None
            }
        }
    }

    fn received_presence(&mut self, now: u64, bytes: &[u8]) {
        let Ok(entries) = awareness::decode(bytes, PRESENCE_ENTRIES_MAX) else {
            return;
        };
        let changes = self.presence.received(now, entries);
        if changes.others {
            self.effects.push(Effect::PresenceChanged);
        }
        if changes.renew {
            self.announce(now);
        }
    }

    /// Asks for what is missing, once until the answer is there.
    fn ask(&mut self) {
        if !self.asked {
            self.asked = true;
            if self.wire.dialect() == Dialect::Hocuspocus {
                self.handshakes += 1;
            }
            let state_vector = self.document.state_vector_v1();
            self.send(PeerMessage::SyncStep1(state_vector.into()));
        }
    }

    /// Answers the server's state vector.
    fn tell(&mut self, state_vector: &[u8]) {
        let counted = self.handshakes > 0 || self.wire.dialect() == Dialect::YWebsocket;
        self.handshakes = self.handshakes.saturating_sub(1);
        let unsaved = self.ledger.unsaved().clone();
        let may_write = self.access == Access::ReadWrite;
        let update = match may_write {
            false => Ok(vec![0, 0]),
            true => self.document.diff_v1(state_vector, &unsaved),
        };
        let Ok(update) = update else {
            self.effects.push(Effect::Close);
            return;
        };
        if counted {
            // What a reader leaves out is not saved by the answer.
            self.ledger.sent(match may_write {
                false => Content::default(),
                true => unsaved.clone(),
            });
        }
        self.send(PeerMessage::SyncStep2(update.into()));
        self.told = true;
        self.held = !may_write && !unsaved.is_empty();
        if self.wire.dialect() == Dialect::YWebsocket && may_write && !unsaved.is_empty() {
            // A server returns an `Update`, but an answer only if something in it is new.
            self.send_again(&unsaved);
        }
    }

    /// Sends the edits that waited, merged.
    fn send_held(&mut self) {
        if !self.held || !self.told || self.access == Access::ReadOnly || !self.ledger.has_room() {
            return;
        }
        self.held = false;
        let unsaved = self.ledger.unsaved().clone();
        if !unsaved.is_empty() {
            self.send_again(&unsaved);
            self.ledger.sent(unsaved);
        }
    }

    /// Everything unsaved as one update.
    fn send_again(&mut self, unsaved: &Content) {
        let own = self.document.state_vector_v1();
        match self.document.diff_v1(&own, unsaved) {
            Ok(update) => self.send(PeerMessage::Update(update.into())),
            // The own state vector can be read: without it nothing could be sent any more.
            Err(_) => self.effects.push(Effect::Close),
        }
    }

    fn allow(&mut self, access: Access) {
        self.access = access;
        if access == Access::ReadWrite && self.told {
            self.held |= self.ledger.has_unsent();
            self.send_held();
        }
    }

    /// Says the own presence; a client without one asks instead, so that the server hears it.
    fn announce(&mut self, now: u64) {
        self.renew_at = now + RENEW_MS;
        if self.presence.has_own() {
            let entry = self.presence.announce();
            self.send(PeerMessage::Awareness(awareness::encode(&[entry])));
        } else {
            self.send(PeerMessage::QueryAwareness);
        }
    }

    fn tick_open(&mut self, now: u64) {
        if now >= self.received_at + SILENCE_MAX_MS {
            self.effects.push(Effect::Close);
            // Once per silence: the shell answers with `closed`.
            self.received_at = now;
            return;
        }
        if self.presence.expire(now) {
            self.effects.push(Effect::PresenceChanged);
        }
        if self.resync_at.is_some_and(|at| now >= at) {
            self.resync_at = None;
            self.ask();
        }
        if now >= self.renew_at {
            self.announce(now);
        }
    }

    fn order_connection(&mut self, now: u64, after_ms: u64) {
        self.link = match after_ms {
            0 => Link::Opening,
            _ => Link::Down {
                connect_at: Some(now + after_ms),
            },
        };
        self.effects.push(Effect::Connect { after_ms });
    }

    fn send(&mut self, message: PeerMessage) {
        if let Some(frame) = self.wire.encode(message) {
            self.effects.push(Effect::Send(frame));
        }
    }

    fn report_saved(&mut self, saved: Vec<ClockRange>) {
        if !saved.is_empty() {
            self.effects.push(Effect::Saved(saved));
        }
    }

    /// Reports a changed status last, when everything else of the step is settled.
    fn settle(&mut self) -> Vec<Effect> {
        let status = self.status();
        if status != self.reported {
            self.reported = status.clone();
            self.effects.push(Effect::StatusChanged(status));
        }
        mem::take(&mut self.effects)
    }
}

#[cfg(test)]
mod tests;
