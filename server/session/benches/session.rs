//! Hot paths of a session, for `scripts/instructions.mjs`: `session CASE COUNT`, or `--list`.
#![allow(missing_docs)]

use std::hint::black_box;

use bytes::Bytes;
use unisson_protocol::awareness::{self, Presence};
use unisson_session::{
    Access, DocName, Effect, Input, Limits, Millis, Peer, PeerId, PeerMessage, Session,
    StoredParts, load,
};
use yrs::{Doc, Text, Transact};

const CASES: [&str; 5] = [
    "update to 1 peer",
    "update to 10 peers",
    "update to 200 peers",
    "update of 5 writers to 200 peers, gathered",
    "move of 1 of 500 people",
];
/// All cases prepare so much, whatever they measure: it cancels out between two counts.
const COUNT_MAX: usize = 1_500;

struct Bench {
    now: Millis,
    session: Session,
}

impl Bench {
    fn of(peers: u64) -> Self {
        let limits = Limits {
            snapshot_log_updates: usize::MAX,
            ..Limits::default()
        };
        let name = DocName::new("bench").expect("a name");
        let mut bench = Self {
            now: Millis(1_000),
            session: Session::new(Millis(1_000), name, limits.clone(), 1),
        };
        for id in 1..=peers {
            let peer = Peer {
                display_name: None,
                access: Access::ReadWrite,
                user: None,
                color: None,
                wants_echo: id % 2 == 0,
                greets: id % 2 == 0,
            };
            bench.tell(Input::Joined(PeerId(id), peer));
        }
        bench.tell(Input::Loaded(Ok(
            load(&StoredParts::default(), &limits).expect("an empty document")
        )));
        bench
    }

    /// Tells a fact; what is to be appended is durable at once.
    fn tell(&mut self, input: Input) {
        let effects = self.session.handle(self.now, input);
        for effect in &effects {
            if let Effect::Append(seq, _) = effect {
                black_box(self.session.handle(self.now, Input::Appended(*seq, Ok(()))));
            }
        }
        black_box(self.session.next_wakeup());
        black_box(effects);
    }

    /// An edit after a pause.
    fn update(&mut self, peer: u64, update: &Bytes, pause_ms: u64) {
        self.now = self.now + pause_ms;
        self.tell(Input::Received(
            PeerId(peer),
            PeerMessage::Update(update.clone()),
        ));
    }

    fn moves(&mut self, turn: usize) {
        let client_id = 1 + turn as u64 % 500;
        let state = format!(
            r##"{{"user":{{"name":"Ann","color":"#aabbcc"}},"cursor":{{"anchor":{turn}}}}}"##
        );
        let entry = Presence {
            client_id,
            clock: 1 + turn as u64,
            state: Some(&state),
        };
        self.now = self.now + 2;
        let message = PeerMessage::Awareness(awareness::write(&[entry]));
        self.tell(Input::Received(PeerId(client_id), message));
    }
}

/// Keystrokes of five people, in turns.
fn keystrokes() -> Vec<Bytes> {
    let docs: Vec<Doc> = (1..=5)
        .map(|id| Doc::with_client_id((1 << 31) + id))
        .collect();
    let texts: Vec<_> = docs.iter().map(|doc| doc.get_or_insert_text("t")).collect();
    (0..COUNT_MAX)
        .map(|turn| {
            let mut txn = docs[turn % 5].transact_mut();
            texts[turn % 5].push(&mut txn, "x");
            Bytes::from(txn.encode_update_v1())
        })
        .collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, count] = arguments.as_slice() else {
        CASES.iter().for_each(|case| println!("{case}"));
        return;
    };
    let count: usize = count.parse().expect("a number");
    let keys = keystrokes();
    let (peers, pause_ms) = match case.as_str() {
        "update to 1 peer" => (2, 1_000),
        "update to 10 peers" => (11, 1_000),
        "update to 200 peers" => (201, 1_000),
        "update of 5 writers to 200 peers, gathered" => (205, 3),
        "move of 1 of 500 people" => (500, 2),
        other => panic!("no case {other}"),
    };
    let mut bench = Bench::of(peers);
    for (turn, key) in keys.iter().enumerate().take(count) {
        if case.starts_with("move") {
            bench.moves(turn);
        } else if pause_ms == 3 {
            bench.update(1 + turn as u64 % 5, key, pause_ms);
        } else {
            bench.update(1, key, pause_ms);
        }
    }
}
