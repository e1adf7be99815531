//! Clients as published: what they send, what they count, what they believe.

use bytes::Bytes;
use unisson_session::{Access, Peer, PeerMessage, ServerMessage};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{ReadTxn, StateVector, Transact, Update};

use super::clocks::{ClockSet, Content};
use super::edit::Replica;
use super::presence::{self, Presence};
use crate::rng::Rng;

/// The families of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Waits for the echo of its own updates.
    YWebsocket,
    /// Counts `SyncStatus` messages.
    Hocuspocus,
}

/// One client.
#[derive(Debug)]
pub struct Client {
    /// Its Yjs client id.
    pub id: u64,
    /// Its family.
    pub kind: Kind,
    /// What it may do.
    pub access: Access,
    /// It breaks the rules.
    pub hostile: bool,
    /// Its document.
    pub replica: Replica,
    /// Who it believes is here.
    pub presence: Presence,
    /// Its socket.
    pub link: Option<usize>,
    /// Milliseconds between two messages that it reads.
    pub reading_ms: u64,
    /// Updates that would leave a clock hole; Yjs keeps them aside too.
    pub waiting: Vec<Bytes>,
    /// Hocuspocus: the provider's `unsyncedChanges`, as version 2 counts it (never clamped).
    pub unsynced: i64,
    /// y-websocket: own edits of this connection that have not come back.
    pub unconfirmed: ClockSet,
    /// When the server was last heard.
    pub heard: u64,
    /// A frame was refused: local edits are missing on the server until a new connection.
    pub refused: bool,
    /// Providers before 4.5 send each presence entry that they receive back.
    pub returns_presence: bool,
    last_update: Option<Bytes>,
}

impl Client {
    /// A client that has not connected yet.
    pub fn new(id: u64, kind: Kind, access: Access, hostile: bool, rng: &mut Rng) -> Self {
        Self {
            id,
            kind,
            access,
            hostile,
            replica: Replica::new(id),
            presence: Presence::new(id, 0),
            link: None,
            reading_ms: 1,
            waiting: Vec::new(),
            unsynced: 0,
            unconfirmed: ClockSet::default(),
            heard: 0,
            refused: false,
            returns_presence: kind == Kind::Hocuspocus && rng.chance(50),
            last_update: None,
        }
    }

    /// What the session is told of it.
    pub fn peer(&self) -> Peer {
        let y_websocket = self.kind == Kind::YWebsocket;
        let (access, wants_echo, greets) = (self.access, y_websocket, y_websocket);
        Peer {
            access,
            user: None,
            display_name: None,
            color: None,
            wants_echo,
            greets,
        }
    }

    /// A socket has opened: what the client says first.
    pub fn opened(&mut self, now: u64, rng: &mut Rng) -> Vec<PeerMessage> {
        self.heard = now;
        self.refused = false;
        self.unsynced = 1;
        self.unconfirmed = ClockSet::default();
        let vector = self.replica.doc.transact().state_vector().encode_v1();
        let mut messages = vec![PeerMessage::SyncStep1(vector.into())];
        if let Some(own) = self.presence.own() {
            messages.push(PeerMessage::Awareness(presence::encode(&[own])));
        }
        // Some applications send their last update again, to be sure.
        if let Some(update) = self.last_update.clone().filter(|_| rng.chance(25)) {
            self.unsynced += 1;
            messages.push(PeerMessage::Update(update));
        }
        messages
    }

    /// The socket is gone, and the client knows.
    pub fn closed(&mut self) {
        self.link = None;
        self.presence.disconnected();
    }

    /// One edit; the message where there is a socket to send it on.
    pub fn edit(&mut self, rng: &mut Rng) -> Option<PeerMessage> {
        let update = self.replica.edit(rng);
        let content = Content::of_update(&update)?;
        if content.is_empty() {
            return None;
        }
        self.last_update = Some(update.clone());
        self.link?;
        self.unsynced += 1;
        self.unconfirmed.merge(&content.inserts);
        Some(PeerMessage::Update(update))
    }

    /// A change of the own presence, as a message.
    pub fn show(&mut self, state: Option<String>, now: u64) -> PeerMessage {
        let entry = self.presence.set_own(state, now);
        PeerMessage::Awareness(presence::encode(&[entry]))
    }

    /// Hears the server; answers, or tells which promise was broken.
    pub fn hear(&mut self, message: ServerMessage, now: u64) -> Result<Vec<PeerMessage>, String> {
        self.heard = now;
        if self.hostile {
            return Ok(Vec::new());
        }
        match message {
            ServerMessage::SyncStep1(vector) => {
                let vector =
                    StateVector::decode_v1(&vector).map_err(|e| format!("bad step 1: {e}"))?;
                let missing = self
                    .replica
                    .doc
                    .transact()
                    .encode_state_as_update_v1(&vector);
                return Ok(vec![PeerMessage::SyncStep2(missing.into())]);
            }
            ServerMessage::SyncStep2(update) | ServerMessage::Update(update) => {
                let content = Content::of_update(&update).ok_or("an update that is none")?;
                self.unconfirmed.remove(&content.inserts);
                self.waiting.push(update);
                self.integrate()?;
            }
            ServerMessage::Awareness(bytes) => {
                let entries = presence::decode(&bytes).ok_or("presence that is none")?;
                let news = self.presence.apply(&entries, now);
                if self.returns_presence && !news.is_empty() {
                    return Ok(vec![PeerMessage::Awareness(presence::encode(&news))]);
                }
            }
            ServerMessage::Accepted => self.unsynced -= 1,
            ServerMessage::Refused(_) => self.refused = true,
            ServerMessage::Access(..) | ServerMessage::Stateless(_) => {}
        }
        let counts = self.kind == Kind::Hocuspocus && self.access == Access::ReadWrite;
        if counts && self.unsynced < 0 {
            return Err(
                "unsyncedChanges went below zero: more acknowledgements than changes".into(),
            );
        }
        Ok(Vec::new())
    }

    /// Applies what has no predecessor missing, as often as that helps.
    fn integrate(&mut self) -> Result<(), String> {
        while let Some(at) = self.waiting.iter().position(|update| self.fits(update)) {
            let update = self.waiting.remove(at);
            let update = Update::decode_v1(&update).map_err(|e| format!("bad update: {e}"))?;
            let applied = self.replica.doc.transact_mut().apply_update(update);
            applied.map_err(|e| format!("update not applied: {e}"))?;
        }
        Ok(())
    }

    fn fits(&self, update: &[u8]) -> bool {
        let Ok(update) = Update::decode_v1(update) else {
            return true;
        };
        let known = self.replica.doc.transact().state_vector();
        let lower = update.state_vector_lower();
        lower
            .iter()
            .all(|(client, clock)| *clock <= known.get(client))
    }

    /// Something that no honest client would send.
    pub fn mischief(&mut self, victim: (u64, u64), limit: usize, rng: &mut Rng) -> PeerMessage {
        let update = self.replica.edit(rng);
        match rng.below(9) {
            // The edit before this one was perhaps never sent: a clock hole.
            0..=2 => PeerMessage::Update(update),
            3 => PeerMessage::Update(update.slice(..rng.index(update.len()))),
            4 => PeerMessage::SyncStep2(Bytes::from(vec![0xff; rng.index(40)])),
            5 => PeerMessage::Update(Bytes::from(vec![1; limit + 1])),
            6 => {
                // Somebody else's cursor.
                let state = rng.chance(50).then(|| "{\"x\":1}".to_owned());
                let entry = (victim.0, victim.1 + rng.below(3), state);
                PeerMessage::Awareness(presence::encode(&[entry]))
            }
            7 => PeerMessage::Awareness(Bytes::from(vec![0xff; rng.index(30)])),
            _ => PeerMessage::SyncStep1(Bytes::from(vec![0xfe; rng.index(20)])),
        }
    }
}
