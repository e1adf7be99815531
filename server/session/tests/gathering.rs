//! Many edits and cursors for many people: fewer messages, nothing lost, nothing said too early.
#![allow(missing_docs)]

mod support;

use std::collections::BTreeMap;

use bytes::Bytes;
use support::{Editor, HOCUSPOCUS, World, Y_WEBSOCKET, sent_to};
use unisson_protocol::awareness::{self, AwarenessEntry};
use unisson_session::{
    Effect, Effects, Input, Limits, PeerId, PeerMessage, ServerMessage, StoredParts,
};

/// A world in which each sending to somebody is followed by a wait.
fn busy_world() -> World {
    let limits = Limits {
        edit_deliveries_per_s: 1,
        edit_wait_ms_max: 500,
        ..Limits::default()
    };
    World::with(&limits, &StoredParts::default())
}

fn updates_to(effects: &Effects, id: u64) -> Vec<Bytes> {
    let updates = sent_to(effects, id).into_iter();
    updates
        .filter_map(|message| match message {
            ServerMessage::Update(update) => Some(update),
            _ => None,
        })
        .collect()
}

#[test]
fn edits_that_come_fast_go_to_readers_as_one_message() {
    let mut world = busy_world();
    world.join(1, HOCUSPOCUS);
    world.join(2, Y_WEBSOCKET);
    let (writer, reader) = (Editor::new(11), Editor::new(22));
    let first = writer.types("a");
    let at_once = updates_to(&world.update(1, &first), 2);
    assert_eq!(at_once, std::slice::from_ref(&first));
    for _ in 0..10 {
        assert_eq!(updates_to(&world.update(1, &writer.types("b")), 2), [""; 0]);
    }
    let due = world.session.next_wakeup().expect("it wants to be woken");
    let effects = world.wait(due.0 - world.now.0);
    let [joined] = updates_to(&effects, 2).try_into().expect("one message");
    reader.applies(&first);
    reader.applies(&joined);
    assert_eq!(reader.text(), "abbbbbbbbbb");
    assert_eq!(updates_to(&effects, 1), [""; 0], "the author has them");
    let accepted = sent_to(&world.durable(), 1);
    assert_eq!(
        accepted,
        vec![ServerMessage::Accepted; 11],
        "one for each edit"
    );
}

#[test]
fn each_author_gets_what_the_others_made_and_nothing_of_its_own() {
    let mut world = busy_world();
    let editors = [Editor::new(11), Editor::new(22), Editor::new(33)];
    for id in 1..=4 {
        world.join(id, Y_WEBSOCKET);
    }
    world.update(4, &Editor::new(44).types("first"));
    for (id, editor) in (1..).zip(&editors) {
        for _ in 0..3 {
            world.update(id, &editor.types("x"));
        }
    }
    let effects = world.wait(500);
    for (id, editor) in (1..).zip(&editors) {
        let [update] = updates_to(&effects, id).try_into().expect("one message");
        let scan = unisson_protocol::scan::update_v1(&update).expect("sound");
        let own = editor.0.client_id().get();
        assert_eq!(scan.structs, 6);
        assert!(scan.inserts.iter().all(|range| range.client_id != own));
    }
    let [all] = updates_to(&effects, 4).try_into().expect("one message");
    let scan = unisson_protocol::scan::update_v1(&all).expect("sound");
    assert_eq!(scan.structs, 9);
}

#[test]
fn a_reader_that_begins_to_lag_is_caught_up_with_what_was_not_sent_yet() {
    let mut world = busy_world();
    world.join(1, HOCUSPOCUS);
    world.join(2, HOCUSPOCUS);
    let (writer, reader) = (Editor::new(11), Editor::new(22));
    let first = writer.types("a");
    reader.applies(&first);
    world.update(1, &first);
    world.update(1, &writer.types("b"));
    world.tell(Input::Lagging(PeerId(2)));
    let effects = world.wait(1_000);
    assert_eq!(updates_to(&effects, 2), [""; 0], "it lags");
    let messages = sent_to(&world.tell(Input::Drained(PeerId(2))), 2);
    let [ServerMessage::SyncStep2(diff)] = messages.as_slice() else {
        panic!("{messages:?}");
    };
    reader.applies(diff);
    assert_eq!(reader.text(), "ab");
}

#[test]
fn what_gathers_is_sent_before_everybody_is_sent_away() {
    let mut world = busy_world();
    world.join(1, HOCUSPOCUS);
    world.join(2, HOCUSPOCUS);
    let writer = Editor::new(11);
    world.update(1, &writer.types("a"));
    let second = writer.types("b");
    world.update(1, &second);
    world.tell(Input::Draining);
    let effects = world.durable();
    assert_eq!(updates_to(&effects, 2), [second]);
    assert_eq!(effects.last(), Some(&Effect::Stop));
}

#[test]
fn the_message_of_many_edits_stays_small() {
    let mut world = busy_world();
    world.join(1, HOCUSPOCUS);
    world.join(2, HOCUSPOCUS);
    let writer = Editor::new(11);
    let mut messages = 0;
    for _ in 0..40 {
        let effects = world.update(1, &writer.types(&"x".repeat(5_000)));
        messages += updates_to(&effects, 2).len();
    }
    assert!((3..=6).contains(&messages), "{messages} of at most 64 KiB");
}

fn moves(world: &mut World, id: u64, clock: u64) -> Effects {
    let entry = AwarenessEntry {
        client_id: 1_000 + id,
        clock,
        state: Some(format!("{{\"cursor\":{clock}}}").into()),
    };
    world.send(id, PeerMessage::Awareness(awareness::encode(&[entry])))
}

fn seen(effects: &Effects, last: &mut BTreeMap<u64, u64>) -> usize {
    let messages = sent_to(effects, 1).into_iter();
    let mut frames = 0;
    for message in messages {
        if let ServerMessage::Awareness(update) = message {
            frames += 1;
            for entry in awareness::decode(&update, 1_000).expect("decodes") {
                last.insert(entry.client_id, entry.clock);
            }
        }
    }
    frames
}

#[test]
fn five_hundred_people_who_move_each_second_cost_a_few_messages_a_second() {
    let mut world = World::new();
    let people = 500;
    for id in 1..=people {
        world.join(id, HOCUSPOCUS);
    }
    let (mut last, mut frames) = (BTreeMap::new(), 0);
    for second in 1..=10 {
        for slot in 0..100 {
            for id in (1..=people).filter(|id| id % 100 == slot) {
                frames += seen(&moves(&mut world, id, second), &mut last);
            }
            frames += seen(&world.wait(10), &mut last);
        }
        let late = last.values().filter(|clock| **clock + 1 < second).count();
        assert_eq!(late, 0, "nobody is shown more than a second late");
    }
    frames += seen(&world.wait(1_000), &mut last);
    assert_eq!(last.len() as u64, people);
    assert!(
        last.values().all(|clock| *clock == 10),
        "all end up to date"
    );
    assert!((40..=46).contains(&frames), "{frames} messages in 11 s");
}

#[test]
fn five_people_see_each_other_move_at_once() {
    let mut world = World::new();
    for id in 1..=5 {
        world.join(id, HOCUSPOCUS);
    }
    let mut last = BTreeMap::new();
    for clock in 1..=50 {
        for id in 1..=5 {
            let frames = seen(&moves(&mut world, id, clock), &mut last);
            assert_eq!(frames, 1, "at once");
        }
        world.wait(100);
    }
}
