//! A document, its editors and its store, driven step by step.
#![allow(dead_code, missing_docs, unreachable_pub)]

use bytes::Bytes;
use unisson_session::{
    Access, AppendError, AppendSeq, DocName, Effect, Effects, Input, Limits, Millis, OpenError,
    Peer, PeerId, PeerMessage, ServerMessage, Session, StoredParts, load,
};
use yrs::{
    ClientID, Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

pub const HOCUSPOCUS: Peer = Peer {
    access: Access::ReadWrite,
    user: None,
    display_name: None,
    color: None,
    wants_echo: false,
    greets: false,
};
pub const Y_WEBSOCKET: Peer = Peer {
    access: Access::ReadWrite,
    user: None,
    display_name: None,
    color: None,
    wants_echo: true,
    greets: true,
};
pub const READER: Peer = Peer {
    access: Access::ReadOnly,
    user: None,
    display_name: None,
    color: None,
    wants_echo: false,
    greets: false,
};

/// An editor's own document.
pub struct Editor(pub Doc);

impl Editor {
    pub fn new(client_id: u64) -> Self {
        let mut options = Options::with_client_id(ClientID::new(client_id));
        options.offset_kind = OffsetKind::Utf16;
        // Each document would clean up on its own, and they would differ.
        options.cleanup_formatting = false;
        Self(Doc::with_options(options))
    }

    /// Types at the end; gives the update of this edit.
    pub fn types(&self, text: &str) -> Bytes {
        let root = self.0.get_or_insert_text("t");
        let mut txn = self.0.transact_mut();
        root.push(&mut txn, text);
        Bytes::from(txn.encode_update_v1())
    }

    pub fn deletes(&self, index: u32, len: u32) -> Bytes {
        let root = self.0.get_or_insert_text("t");
        let mut txn = self.0.transact_mut();
        root.remove_range(&mut txn, index, len);
        Bytes::from(txn.encode_update_v1())
    }

    pub fn applies(&self, update: &[u8]) {
        let update = Update::decode_v1(update).expect("an update");
        self.0.transact_mut().apply_update(update).expect("applies");
    }

    pub fn text(&self) -> String {
        let root = self.0.get_or_insert_text("t");
        root.get_string(&self.0.transact())
    }

    pub fn state_vector(&self) -> Bytes {
        Bytes::from(self.0.transact().state_vector().encode_v1())
    }

    pub fn state(&self) -> Bytes {
        Bytes::from(
            self.0
                .transact()
                .encode_state_as_update_v1(&StateVector::default()),
        )
    }
}

/// A session with the orders it gave.
pub struct World {
    pub now: Millis,
    pub session: Session,
    pub log: Vec<(AppendSeq, Bytes)>,
    pub effects: Effects,
}

impl World {
    pub fn new() -> Self {
        Self::with(&Limits::default(), &StoredParts::default())
    }

    pub fn with(limits: &Limits, parts: &StoredParts) -> Self {
        let name = DocName::new("notes").expect("a name");
        let session = Session::new(Millis(1_000), name, limits.clone(), 7);
        let mut world = Self {
            now: Millis(1_000),
            session,
            log: Vec::new(),
            effects: Vec::new(),
        };
        let opener = PeerId(u64::MAX);
        world.tell(Input::Joined(opener, READER));
        world.tell(Input::Loaded(
            load(parts, limits).map_err(|error| OpenError::Damaged(error.to_string())),
        ));
        world.tell(Input::Left(opener));
        world
    }

    pub fn tell(&mut self, input: Input) -> Effects {
        let effects = self.session.handle(self.now, input);
        for effect in &effects {
            if let Effect::Append(seq, update) = effect {
                self.log.push((*seq, update.clone()));
            }
        }
        self.effects.extend(effects.iter().cloned());
        effects
    }

    pub fn join(&mut self, id: u64, peer: Peer) -> Effects {
        self.tell(Input::Joined(PeerId(id), peer))
    }

    pub fn send(&mut self, id: u64, message: PeerMessage) -> Effects {
        self.tell(Input::Received(PeerId(id), message))
    }

    pub fn update(&mut self, id: u64, update: &Bytes) -> Effects {
        self.send(id, PeerMessage::Update(update.clone()))
    }

    /// Makes all that was ordered so far durable.
    pub fn durable(&mut self) -> Effects {
        let mut effects = Effects::new();
        for (seq, _) in self.log.clone() {
            effects.extend(self.tell(Input::Appended(seq, Ok(()))));
        }
        effects
    }

    pub fn store_fails(&mut self) -> Effects {
        let seq = self.log.last().expect("an append").0;
        self.tell(Input::Appended(
            seq,
            Err(AppendError::Unavailable("full".into())),
        ))
    }

    pub fn wait(&mut self, millis: u64) -> Effects {
        self.now = self.now + millis;
        self.tell(Input::Woke)
    }

    /// What the store has, were the process to die now with everything ordered durable.
    pub fn stored(&self) -> StoredParts {
        let updates = self.log.iter().map(|(_, update)| update.clone()).collect();
        StoredParts {
            snapshots: Vec::new(),
            updates,
        }
    }

    /// The text as a newcomer sees it.
    pub fn text(&mut self) -> String {
        let editor = Editor::new(999);
        let id = 1_000_000;
        self.join(id, HOCUSPOCUS);
        let effects = self.send(id, PeerMessage::SyncStep1(editor.state_vector()));
        for message in sent_to(&effects, id) {
            if let ServerMessage::SyncStep2(update) | ServerMessage::Update(update) = message {
                editor.applies(&update);
            }
        }
        self.tell(Input::Left(PeerId(id)));
        editor.text()
    }
}

/// The messages of some orders that go to a peer.
pub fn sent_to(effects: &Effects, id: u64) -> Vec<ServerMessage> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send { to, message } if to.contains(&PeerId(id)) => Some(message.clone()),
            _ => None,
        })
        .collect()
}
