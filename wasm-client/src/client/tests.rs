//! Two cores and a tiny relay between them, in both dialects.

use unisson_protocol::dialect::{
    hocuspocus::{self, ClientFrame, ClientMessage},
    y_websocket,
};
use yrs::{
    GetString, ReadTxn, StateVector, Text, Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

use super::*;

const DIALECTS: [Dialect; 2] = [Dialect::YWebsocket, Dialect::Hocuspocus];

/// A server of one document, which acknowledges only when it is told that the disk is done.
struct Relay {
    dialect: Dialect,
    doc: Doc,
    /// Author and update, not yet durable.
    undurable: Vec<(usize, Bytes)>,
    durable: bool,
}

impl Relay {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            doc: Doc::with_client_id(999),
            undurable: Vec::new(),
            durable: true,
        }
    }

    fn decode(&self, frame: &Bytes) -> Option<PeerMessage> {
        match self.dialect {
            Dialect::YWebsocket => y_websocket::decode(frame).ok(),
            Dialect::Hocuspocus => match hocuspocus::decode(frame).ok()? {
                ClientFrame::Addressed(_, ClientMessage::Peer(message)) => Some(message),
                _ => None,
            },
        }
    }

    /// Answers one frame of client `from`: receivers and messages.
    fn handle(&mut self, from: usize, frame: &Bytes) -> Vec<(usize, ServerMessage)> {
        match self.decode(frame) {
            Some(PeerMessage::SyncStep1(state_vector)) => {
                let theirs = StateVector::decode_v1(&state_vector).expect("a state vector");
                let transaction = self.doc.transact();
                let own = transaction.state_vector().encode_v1();
                let missing = transaction.encode_diff_v1(&theirs);
                vec![
                    (from, ServerMessage::SyncStep1(own.into())),
                    (from, ServerMessage::SyncStep2(missing.into())),
                ]
            }
            // An answer repeats all deletions ever: one without news is not returned.
            Some(PeerMessage::SyncStep2(update))
                if self.dialect == Dialect::YWebsocket && !self.is_news(&update) =>
            {
                Vec::new()
            }
            Some(PeerMessage::SyncStep2(update) | PeerMessage::Update(update)) => {
                let decoded = Update::decode_v1(&update).expect("an update");
                self.doc
                    .transact_mut()
                    .apply_update(decoded)
                    .expect("applies");
                self.undurable.push((from, update.clone()));
                let mut out = vec![(1 - from, ServerMessage::Update(update))];
                if self.durable {
                    out.extend(self.acknowledge());
                }
                out
            }
            Some(PeerMessage::Awareness(state)) => {
                vec![
                    (0, ServerMessage::Awareness(state.clone())),
                    (1, ServerMessage::Awareness(state)),
                ]
            }
            _ => Vec::new(),
        }
    }

    fn is_news(&self, update: &Bytes) -> bool {
        let decoded = Update::decode_v1(update).expect("an update");
        let before = self.state();
        let copy = Doc::new();
        for bytes in [&before, &decoded.encode_v1()] {
            let update = Update::decode_v1(bytes).expect("an update");
            copy.transact_mut().apply_update(update).expect("applies");
        }
        let now = copy
            .transact()
            .encode_state_as_update_v1(&StateVector::default());
        now != before
    }

    fn state(&self) -> Vec<u8> {
        self.doc
            .transact()
            .encode_state_as_update_v1(&StateVector::default())
    }

    fn acknowledge(&mut self) -> Vec<(usize, ServerMessage)> {
        mem::take(&mut self.undurable)
            .into_iter()
            .map(|(author, update)| match self.dialect {
                Dialect::YWebsocket => (author, ServerMessage::Update(update)),
                Dialect::Hocuspocus => (author, ServerMessage::Accepted),
            })
            .collect()
    }
}

struct World {
    clients: Vec<Client>,
    relay: Relay,
    now: u64,
    /// Frames to this client are lost.
    deaf: Option<usize>,
    saved: Vec<ClockRange>,
}

fn client(dialect: Dialect, client_id: u64) -> Client {
    Client::new(Settings {
        dialect,
        document: DocName::new("notes").expect("a name"),
        token: String::new(),
        client_id,
        seed: client_id,
    })
    .expect("a client")
}

impl World {
    fn new(dialect: Dialect) -> Self {
        Self {
            clients: vec![client(dialect, 1), client(dialect, 2)],
            relay: Relay::new(dialect),
            now: 1_000,
            deaf: None,
            saved: Vec::new(),
        }
    }

    fn connected(dialect: Dialect) -> Self {
        let mut world = Self::new(dialect);
        world.connect(0);
        world.connect(1);
        world
    }

    fn connect(&mut self, index: usize) {
        self.clients[index].start(self.now);
        let effects = self.clients[index].opened(self.now);
        self.run(index, effects);
    }

    fn insert(&mut self, index: usize, text: &str) {
        let target = self.clients[index].doc().get_or_insert_text("text");
        let (_, effects) = self.clients[index]
            .edit(|transaction| target.insert(transaction, 0, text))
            .expect("may edit");
        self.run(index, effects);
    }

    fn run(&mut self, from: usize, effects: Vec<Effect>) {
        let mut sent = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send(frame) => sent.push(frame),
                Effect::Saved(ranges) => self.saved.extend(ranges),
                _ => {}
            }
        }
        for frame in sent {
            let out = self.relay.handle(from, &frame);
            self.deliver(out);
        }
    }

    fn deliver(&mut self, messages: Vec<(usize, ServerMessage)>) {
        for (to, message) in messages {
            if self.deaf == Some(to) || self.clients[to].link != Link::Open {
                continue;
            }
            let frame = match (&self.clients[to].wire, &message) {
                (Wire::YWebsocket, message) => y_websocket::encode(message),
                (Wire::Hocuspocus(address), message) => Some(hocuspocus::encode(address, message)),
            };
            if let Some(frame) = frame {
                let effects = self.clients[to].received(self.now, &frame);
                self.run(to, effects);
            }
        }
    }

    fn disk_done(&mut self) {
        let out = self.relay.acknowledge();
        self.deliver(out);
    }

    fn text(&self, index: usize) -> String {
        let doc = self.clients[index].doc();
        let text = doc.get_or_insert_text("text");
        text.get_string(&doc.transact())
    }

    fn status(&self, index: usize) -> Status {
        self.clients[index].status()
    }
}

#[test]
fn two_clients_converge() {
    for dialect in DIALECTS {
        let mut world = World::connected(dialect);
        for round in 0..20 {
            world.insert(round % 2, "é😀x");
        }
        assert_eq!(world.text(0), world.text(1), "{dialect:?}");
        assert_eq!(world.text(0).chars().count(), 60);
        assert_eq!(world.status(0), Status::Saved, "{dialect:?}");
    }
}

#[test]
fn late_joiner_sees_offline_edits() {
    for dialect in DIALECTS {
        let mut world = World::new(dialect);
        world.insert(0, "written offline");
        assert!(world.clients[0].has_unsaved_edits());
        world.connect(0);
        world.connect(1);
        assert_eq!(world.text(1), "written offline");
        assert_eq!(world.status(0), Status::Saved, "{dialect:?}");
    }
}

#[test]
fn saved_is_said_only_after_the_acknowledgement() {
    for dialect in DIALECTS {
        let mut world = World::connected(dialect);
        world.relay.durable = false;
        world.insert(0, "a");
        assert_eq!(world.text(1), "a", "others see it at once");
        assert_eq!(world.status(0), Status::Saving, "{dialect:?}");
        assert!(world.saved.is_empty());
        world.disk_done();
        assert_eq!(world.status(0), Status::Saved, "{dialect:?}");
        let range = ClockRange {
            client_id: 1,
            clock: 0,
            len: 1,
        };
        assert_eq!(world.saved, [range]);
    }
}

#[test]
fn deletions_are_acknowledged_too() {
    for dialect in DIALECTS {
        let mut world = World::connected(dialect);
        world.insert(0, "abc");
        world.relay.durable = false;
        let text = world.clients[0].doc().get_or_insert_text("text");
        let (_, effects) = world.clients[0]
            .edit(|transaction| text.remove_range(transaction, 0, 2))
            .expect("may edit");
        world.run(0, effects);
        assert_eq!(world.status(0), Status::Saving, "{dialect:?}");
        world.disk_done();
        assert_eq!(world.status(0), Status::Saved, "{dialect:?}");
        assert_eq!(world.text(1), "c");
    }
}

#[test]
fn a_lost_socket_does_not_save_what_was_in_flight() {
    for dialect in DIALECTS {
        let mut world = World::connected(dialect);
        world.relay.durable = false;
        world.insert(0, "a");
        world.clients[0].closed(world.now, 1006);
        world.relay.undurable.clear();
        assert_eq!(world.status(0), Status::Offline);
        // The server's memory already holds the edit, but no disk does.
        world.connect(0);
        assert_eq!(world.status(0), Status::Saving, "{dialect:?}");
        world.disk_done();
        assert_eq!(world.status(0), Status::Saved, "{dialect:?}");
    }
}

#[test]
fn a_deletion_that_the_server_has_already_is_saved_after_a_reconnection() {
    for dialect in DIALECTS {
        let mut world = World::connected(dialect);
        world.insert(0, "abc");
        world.relay.durable = false;
        let text = world.clients[0].doc().get_or_insert_text("text");
        let (_, effects) = world.clients[0]
            .edit(|transaction| text.remove_range(transaction, 0, 2))
            .expect("may edit");
        world.run(0, effects);
        world.clients[0].closed(world.now, 1006);
        world.relay.undurable.clear();
        world.connect(0);
        assert_eq!(world.status(0), Status::Saving, "{dialect:?}");
        world.disk_done();
        assert_eq!(world.status(0), Status::Saved, "{dialect:?}");
        assert_eq!(world.text(1), "c");
    }
}

#[test]
fn the_answer_to_a_question_about_a_hole_is_not_waited_for() {
    let mut world = World::connected(Dialect::Hocuspocus);
    world.insert(0, "a");
    let question = ServerMessage::SyncStep1(Bytes::from_static(&[0]));
    let frame = hocuspocus::encode(
        match &world.clients[0].wire {
            Wire::Hocuspocus(address) => address,
            Wire::YWebsocket => panic!("another dialect"),
        },
        &question,
    );
    // The server takes the answer and does not acknowledge it.
    let effects = world.clients[0].received(world.now, &frame);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Send(_)))
    );
    assert_eq!(world.status(0), Status::Saved);
    // The next acknowledgement is that of the next edit, and of nothing before it.
    world.relay.durable = false;
    world.insert(0, "b");
    assert_eq!(world.status(0), Status::Saving);
    world.disk_done();
    assert_eq!(world.status(0), Status::Saved);
}

#[test]
fn what_a_reader_could_not_send_is_never_called_saved_and_goes_out_when_it_may_write() {
    let mut world = World::new(Dialect::Hocuspocus);
    world.insert(0, "offline");
    let allow = |access| (0, ServerMessage::Access(access, String::new()));
    world.clients[0].start(world.now);
    let effects = world.clients[0].opened(world.now);
    world.deliver(vec![allow(Access::ReadOnly)]);
    world.run(0, effects);
    assert_eq!(world.status(0), Status::ReadOnly);
    assert!(world.clients[0].has_unsaved_edits());
    assert!(world.saved.is_empty());
    world.connect(1);
    assert_eq!(world.text(1), "");
    world.deliver(vec![allow(Access::ReadWrite)]);
    assert_eq!(world.text(1), "offline");
    assert_eq!(world.status(0), Status::Saved);
    assert!(!world.clients[0].has_unsaved_edits());
}

#[test]
fn a_clock_hole_is_healed_by_asking_again() {
    for dialect in DIALECTS {
        let mut world = World::connected(dialect);
        world.deaf = Some(1);
        world.insert(0, "lost");
        world.deaf = None;
        world.insert(0, "kept");
        assert_eq!(world.text(1), "keptlost", "{dialect:?}");
        assert_eq!(world.clients[1].status(), Status::Saved);
    }
}

#[test]
fn a_reader_cannot_edit() {
    let mut world = World::connected(Dialect::Hocuspocus);
    world.deliver(vec![(
        1,
        ServerMessage::Access(Access::ReadOnly, String::new()),
    )]);
    assert_eq!(world.status(1), Status::ReadOnly);
    let refused = world.clients[1].edit(|_| ()).map(|_| ());
    assert_eq!(refused, Err(EditError::ReadOnly));
}

#[test]
fn a_refused_edit_is_never_called_saved() {
    let mut world = World::connected(Dialect::Hocuspocus);
    world.relay.durable = false;
    world.insert(0, "too much");
    world.deliver(vec![(0, ServerMessage::Refused(String::new()))]);
    assert!(matches!(world.status(0), Status::Refused(_)));
    assert!(world.clients[0].has_unsaved_edits());
}

#[test]
fn a_permanent_close_stops_and_a_transient_one_comes_back() {
    let mut client = client(Dialect::YWebsocket, 1);
    assert_eq!(
        client.start(0),
        [
            Effect::Connect { after_ms: 0 },
            Effect::StatusChanged(Status::Connecting)
        ]
    );
    let effects = client.closed(0, 1012);
    let Some(Effect::Connect { after_ms }) = effects.first() else {
        panic!("no attempt: {effects:?}");
    };
    assert_eq!(client.next_wakeup(), Some(*after_ms));
    assert_eq!(client.status(), Status::Offline);
    client.tick(*after_ms);
    assert_eq!(client.status(), Status::Connecting);
    let effects = client.closed(*after_ms, 4403);
    assert_eq!(effects, [Effect::StatusChanged(Status::Failed(4403))]);
    assert_eq!(client.next_wakeup(), None);
}

#[test]
fn a_silent_server_is_given_up_after_thirty_seconds() {
    let mut world = World::connected(Dialect::YWebsocket);
    assert!(
        !world.clients[0]
            .tick(world.now + 29_999)
            .contains(&Effect::Close)
    );
    assert!(
        world.clients[0]
            .tick(world.now + 30_000)
            .contains(&Effect::Close)
    );
}

#[test]
fn presence_reaches_the_other_and_is_renewed() {
    for dialect in DIALECTS {
        let mut world = World::connected(dialect);
        let effects = world.clients[0].set_presence(world.now, Some("{\"name\":\"Ada\"}".into()));
        world.run(0, effects);
        let seen: Vec<_> = world.clients[1].presence().collect();
        assert_eq!(seen.len(), 1, "{dialect:?}");
        assert_eq!(&*seen[0].state, "{\"name\":\"Ada\"}");
        for _ in 0..4 {
            world.now += 15_000;
            for index in 0..2 {
                let effects = world.clients[index].tick(world.now);
                world.run(index, effects);
            }
        }
        assert_eq!(
            world.clients[1].presence().count(),
            1,
            "renewed, so not expired"
        );
    }
}

#[test]
fn random_bytes_from_a_server_never_panic() {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for dialect in DIALECTS {
        let mut world = World::connected(dialect);
        for round in 0..5_000_usize {
            let frame: Vec<u8> = (0..round % 40)
                .map(|_| {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    (random >> 32) as u8 & 0x1f
                })
                .collect();
            world.clients[0].received(world.now, &frame.into());
        }
    }
}
