//! Edits that are made only where the document is as expected, and documents that are taken away.
#![allow(missing_docs, clippy::tests_outside_test_module)]

mod support;

use bytes::Bytes;
use support::{Editor, HOCUSPOCUS, World, sent_to};
use unisson_history::Author;
use unisson_protocol::CloseReason;
use unisson_session::{
    Condition, EditId, Effect, Effects, Input, Limits, NOT_SO, Peer, PeerId, ServerMessage,
    compact, standing,
};

fn answers(effects: &Effects) -> Vec<(u64, Result<(), String>)> {
    let answers = effects.iter().filter_map(|effect| match effect {
        Effect::Edited(id, result) => Some((id.0, result.clone())),
        _ => None,
    });
    answers.collect()
}

fn edit_if(world: &mut World, id: u64, update: Bytes, condition: Condition) -> Effects {
    let author = Author {
        user: Some("portal".into()),
        name: None,
    };
    world.tell(Input::EditIf(EditId(id), author, update, condition))
}

fn refused() -> Vec<(u64, Result<(), String>)> {
    vec![(2, Err(NOT_SO.to_owned()))]
}

#[test]
fn of_two_who_create_a_document_one_does() {
    let mut world = World::new();
    edit_if(&mut world, 1, Editor::new(11).types("one"), Condition::New);
    let effects = edit_if(&mut world, 2, Editor::new(12).types("two"), Condition::New);
    assert_eq!(answers(&effects), refused());
    assert_eq!(answers(&world.durable()), [(1, Ok(()))]);
    assert_eq!(world.text(), "one");
}

#[test]
fn what_was_emptied_is_blank_and_not_new() {
    let mut world = World::new();
    let ann = Editor::new(11);
    world.join(1, HOCUSPOCUS);
    world.update(1, &ann.types("gone"));
    world.update(1, &ann.deletes(0, 4));
    let effects = edit_if(&mut world, 2, Editor::new(12).types("x"), Condition::New);
    assert_eq!(answers(&effects), refused());
    edit_if(
        &mut world,
        3,
        Editor::new(13).types("filled"),
        Condition::Blank,
    );
    assert_eq!(world.text(), "filled");
    let effects = edit_if(
        &mut world,
        2,
        Editor::new(14).types("again"),
        Condition::Blank,
    );
    assert_eq!(answers(&effects), refused());
}

#[test]
fn an_editor_that_fills_the_document_at_the_same_time_keeps_its_own() {
    let mut world = World::new();
    let ann = Editor::new(11);
    let greeting = ann.types("from the editor");
    world.join(1, HOCUSPOCUS);
    edit_if(
        &mut world,
        1,
        Editor::new(12).types("from the portal"),
        Condition::Blank,
    );
    let effects = world.update(1, &greeting);
    // Who filled it is told what became of it.
    let told = sent_to(&effects, 1);
    let updates = told
        .iter()
        .filter(|message| matches!(message, ServerMessage::Update(_)));
    assert_eq!(updates.count(), 1, "{told:?}");
    assert_eq!(world.text(), "from the editor");
    // What is durable says the same.
    let stored = world.stored();
    let mut again = World::with(&Limits::default(), &stored);
    assert_eq!(again.text(), "from the editor");
}

#[test]
fn who_has_seen_the_filling_adds_to_it() {
    let mut world = World::new();
    let portal = Editor::new(12);
    let filling = portal.types("Dear all");
    let ann = Editor::new(11);
    ann.applies(&filling);
    world.join(1, HOCUSPOCUS);
    edit_if(&mut world, 1, filling, Condition::Blank);
    world.update(1, &ann.types(", hello"));
    assert_eq!(world.text(), "Dear all, hello");
    // And once it is built on, it stays whoever comes.
    let late = Editor::new(13);
    world.update(1, &late.types("late"));
    assert!(world.text().contains("Dear all, hello"));
}

#[test]
fn the_same_filling_from_two_servers_is_there_once() {
    let filling = Editor::new(12).types("template");
    let mut world = World::new();
    edit_if(&mut world, 1, filling.clone(), Condition::Blank);
    // The other server's log comes by another way, without conditions.
    world.tell(Input::Edit(EditId(2), Author::default(), filling));
    assert_eq!(world.text(), "template");
}

#[test]
fn a_document_stands_the_same_live_stored_and_cold() {
    let mut world = World::new();
    let ann = Editor::new(11);
    world.join(1, HOCUSPOCUS);
    world.update(1, &ann.types("one two three"));
    world.update(1, &ann.deletes(0, 4));
    world.update(1, &ann.deletes(4, 2));
    world.update(1, &ann.deletes(0, 1));
    let expected = standing(&ann.state()).expect("a state");
    let right = Condition::Standing(expected.clone());
    let nothing = Bytes::from_static(&[0, 0]);
    let effects = edit_if(&mut world, 1, nothing.clone(), right.clone());
    assert!(answers(&effects).iter().all(|(_, result)| result.is_ok()));
    let stored = world.stored();
    let body = compact(&stored).expect("a snapshot");
    let cold = unisson_session::StoredParts {
        snapshots: vec![body],
        updates: Vec::new(),
    };
    for parts in [stored, cold] {
        let whole = unisson_session::whole(&parts).expect("a document");
        assert_eq!(standing(&whole.state).expect("a state"), expected);
        let mut again = World::with(&Limits::default(), &parts);
        let effects = edit_if(&mut again, 2, nothing.clone(), right.clone());
        assert_ne!(answers(&effects), refused());
        again.join(1, HOCUSPOCUS);
        again.update(1, &Editor::new(13).types("!"));
        let effects = edit_if(&mut again, 2, nothing.clone(), right.clone());
        assert_eq!(answers(&effects), refused());
    }
}

#[test]
fn a_document_that_is_taken_away_first_makes_its_edits_durable() {
    let mut world = World::new();
    let ann = Editor::new(11);
    world.join(1, HOCUSPOCUS);
    world.update(1, &ann.types("last words"));
    let effects = world.tell(Input::Withdrawn(CloseReason::Trashed));
    assert!(!effects.contains(&Effect::Stop), "{effects:?}");
    let effects = world.join(2, HOCUSPOCUS);
    assert_eq!(effects, [Effect::Close(PeerId(2), CloseReason::Trashed)]);
    let effects = world.durable();
    let acknowledged = sent_to(&effects, 1).contains(&ServerMessage::Accepted);
    assert!(acknowledged, "{effects:?}");
    assert!(effects.contains(&Effect::Close(PeerId(1), CloseReason::Trashed)));
    assert_eq!(effects.last(), Some(&Effect::Stop));
}

#[test]
fn who_is_here_is_told() {
    let mut world = World::new();
    let zoe = Peer {
        user: Some("zoe".into()),
        display_name: Some("Zoé".into()),
        ..HOCUSPOCUS
    };
    world.join(1, zoe);
    let present = world.session.present();
    assert_eq!(present.len(), 1);
    assert_eq!(present[0].user.as_deref(), Some("zoe"));
    assert_eq!(present[0].states.len(), 0);
}
