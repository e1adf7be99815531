//! Accepted means durable, refused means refused, and nothing else is said.
#![allow(missing_docs)]

mod support;

use bytes::Bytes;
use support::{Editor, HOCUSPOCUS, READER, World, Y_WEBSOCKET, sent_to};
use unisson_history::entry;
use unisson_session::{
    Access, Effect, Input, Limits, PeerId, PeerMessage, ServerMessage, StoredParts, compact, load,
};

#[test]
fn an_edit_goes_to_others_at_once_and_is_accepted_when_durable() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    world.join(2, HOCUSPOCUS);
    let edit = Editor::new(11).types("bonjour");
    let effects = world.update(1, &edit);
    assert_eq!(sent_to(&effects, 2), [ServerMessage::Update(edit)]);
    assert_eq!(sent_to(&effects, 1), []);
    assert_eq!(sent_to(&world.durable(), 1), [ServerMessage::Accepted]);
}

#[test]
fn a_y_websocket_peer_gets_its_own_update_back_when_durable() {
    let mut world = World::new();
    world.join(1, Y_WEBSOCKET);
    let edit = Editor::new(11).types("bonjour");
    assert_eq!(sent_to(&world.update(1, &edit), 1), []);
    assert_eq!(sent_to(&world.durable(), 1), [ServerMessage::Update(edit)]);
}

#[test]
fn a_repeated_edit_is_not_accepted_before_the_first_one_is_durable() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    let edit = Editor::new(11).types("bonjour");
    world.update(1, &edit);
    world.join(2, HOCUSPOCUS);
    assert_eq!(
        sent_to(&world.update(2, &edit), 2),
        [],
        "the first is in flight"
    );
    assert_eq!(world.log.len(), 1, "nothing new is logged");
    assert_eq!(sent_to(&world.durable(), 2), [ServerMessage::Accepted]);
    assert_eq!(
        sent_to(&world.update(2, &edit), 2),
        [ServerMessage::Accepted]
    );
}

#[test]
fn appends_that_finish_out_of_order_release_answers_in_order() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    let editor = Editor::new(11);
    world.update(1, &editor.types("a"));
    world.update(1, &editor.types("b"));
    let (first, second) = (world.log[0].0, world.log[1].0);
    assert_eq!(sent_to(&world.tell(Input::Appended(second, Ok(()))), 1), []);
    let effects = world.tell(Input::Appended(first, Ok(())));
    assert_eq!(
        sent_to(&effects, 1),
        [ServerMessage::Accepted, ServerMessage::Accepted]
    );
}

#[test]
fn a_failing_store_is_tried_again_and_writers_are_told() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    world.join(2, READER);
    let edit = Editor::new(11).types("bonjour");
    world.update(1, &edit);
    assert_eq!(
        sent_to(&world.store_fails(), 1),
        [],
        "no answer, neither yes nor no"
    );
    let effects = world.wait(300);
    assert!(
        matches!(effects.as_slice(), [Effect::Append(_, again)] if entry::open(again).expect("an entry").update == edit)
    );
    world.store_fails();
    let effects = world.wait(2_000);
    let told = sent_to(&effects, 1);
    assert!(
        matches!(
            told.as_slice(),
            [ServerMessage::Access(Access::ReadOnly, _)]
        ),
        "{told:?}"
    );
    assert_eq!(
        sent_to(&effects, 2),
        [],
        "a reader could not write before either"
    );
    let effects = world.durable();
    assert!(sent_to(&effects, 1).contains(&ServerMessage::Accepted));
    assert!(
        sent_to(&effects, 1).contains(&ServerMessage::Access(Access::ReadWrite, String::new()))
    );
    assert_eq!(world.text(), "bonjour");
}

#[test]
fn edits_are_refused_only_when_the_buffer_for_a_failing_store_is_full() {
    let limits = Limits {
        undurable_bytes_max: 100,
        ..Limits::default()
    };
    let mut world = World::with(&limits, &StoredParts::default());
    world.join(1, HOCUSPOCUS);
    let editor = Editor::new(11);
    world.update(1, &editor.types(&"x".repeat(60)));
    world.store_fails();
    let told = sent_to(&world.update(1, &editor.types(&"y".repeat(60))), 1);
    assert!(
        matches!(told.as_slice(), [ServerMessage::Refused(_)]),
        "{told:?}"
    );
    world.durable();
    assert_eq!(world.text(), "x".repeat(60));
}

#[test]
fn a_reader_gets_a_real_diff_and_cannot_write() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    world.update(1, &Editor::new(11).types("bonjour"));
    world.join(2, READER);
    let reader = Editor::new(22);
    let effects = world.send(2, PeerMessage::SyncStep1(reader.state_vector()));
    let messages = sent_to(&effects, 2);
    let [ServerMessage::SyncStep1(_), ServerMessage::SyncStep2(diff)] = messages.as_slice() else {
        panic!("{messages:?}");
    };
    reader.applies(diff);
    assert_eq!(reader.text(), "bonjour");
    let nothing_new = world.send(2, PeerMessage::SyncStep2(Bytes::from_static(&[0, 0])));
    assert_eq!(sent_to(&nothing_new, 2), [ServerMessage::Accepted]);
    let refused = world.update(2, &reader.types("!"));
    assert!(matches!(
        sent_to(&refused, 2).as_slice(),
        [ServerMessage::Refused(_)]
    ));
    world.send(2, PeerMessage::SyncStep1(reader.state_vector()));
    let refused = world.send(2, PeerMessage::SyncStep2(reader.state()));
    assert!(matches!(
        sent_to(&refused, 2).as_slice(),
        [ServerMessage::Refused(_)]
    ));
    assert_eq!(world.text(), "bonjour");
}

#[test]
fn a_lagging_reader_gets_one_catch_up_in_place_of_all_it_missed() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    world.join(2, Y_WEBSOCKET);
    let (writer, reader) = (Editor::new(11), Editor::new(22));
    let first = writer.types("a");
    world.update(1, &first);
    reader.applies(&first);
    world.tell(Input::Lagging(PeerId(2)));
    for _ in 0..50 {
        let edit = writer.types("b");
        assert_eq!(sent_to(&world.update(1, &edit), 2), []);
    }
    world.update(1, &writer.deletes(0, 1));
    let messages = sent_to(&world.tell(Input::Drained(PeerId(2))), 2);
    let [ServerMessage::SyncStep2(diff)] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    reader.applies(diff);
    assert_eq!(reader.text(), "b".repeat(50));
    let next = writer.types("c");
    assert_eq!(
        sent_to(&world.update(1, &next), 2),
        [ServerMessage::Update(next)]
    );
}

#[test]
fn what_was_logged_is_there_after_a_restart_compacted_or_not() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    let editor = Editor::new(11);
    for word in ["un ", "deux ", "été 🙂 "] {
        world.update(1, &editor.types(word));
    }
    world.update(1, &editor.deletes(0, 3));
    let parts = world.stored();
    let body = compact(&parts).expect("compacts");
    let compacted = StoredParts {
        snapshots: vec![body.clone()],
        updates: Vec::new(),
    };
    let both = StoredParts {
        snapshots: vec![body.clone(), body],
        updates: parts.updates.clone(),
    };
    for parts in [parts, compacted, both] {
        assert_eq!(
            World::with(&Limits::default(), &parts).text(),
            "deux été 🙂 "
        );
    }
}

#[test]
fn damaged_parts_do_not_load() {
    let garbage = Bytes::from_static(&[1, 2, 3, 4]);
    for parts in [
        StoredParts {
            snapshots: vec![garbage.clone()],
            updates: Vec::new(),
        },
        StoredParts {
            snapshots: Vec::new(),
            updates: vec![garbage],
        },
    ] {
        assert!(load(&parts, &Limits::default()).is_err());
        assert!(compact(&parts).is_err());
    }
}

#[test]
fn the_session_compacts_then_stops_when_nobody_is_here_and_all_is_durable() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    world.update(1, &Editor::new(11).types("bonjour"));
    world.tell(Input::Left(PeerId(1)));
    assert!(
        world
            .wait(60_000)
            .iter()
            .all(|effect| *effect != Effect::Stop),
        "still undurable"
    );
    world.durable();
    let effects = world.wait(60_000);
    assert!(!effects.contains(&Effect::Stop));
    assert!(world.effects.contains(&Effect::StoreSnapshot));
    world.tell(Input::SnapshotStored(Ok(None)));
    assert!(!world.effects.contains(&Effect::Stop), "a version first");
    world.tell(Input::VersionStored(Ok(())));
    assert!(world.effects.contains(&Effect::Stop));
}

#[test]
fn draining_answers_what_is_in_flight_before_it_sends_peers_away() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    world.update(1, &Editor::new(11).types("bonjour"));
    assert_eq!(world.tell(Input::Draining), []);
    let effects = world.durable();
    let accepted = effects.iter().position(|effect| {
        matches!(
            effect,
            Effect::Send {
                message: ServerMessage::Accepted,
                ..
            }
        )
    });
    let closed = effects
        .iter()
        .position(|effect| matches!(effect, Effect::Close(PeerId(1), _)));
    assert!(accepted.is_some() && accepted < closed);
    assert_eq!(effects.last(), Some(&Effect::Stop));
}
