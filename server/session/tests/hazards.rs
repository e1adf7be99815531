//! The known hazards of the CRDT library, each kept away from peers and from the store.
#![allow(missing_docs)]

mod support;

use bytes::Bytes;
use support::{Editor, HOCUSPOCUS, World, sent_to};
use unisson_session::{Limits, PeerMessage, ServerMessage, StoredParts, compact};
use yrs::{GetString, ReadTxn, Text, Transact, Update, updates::decoder::Decode};

#[test]
fn yrs_itself_integrates_past_a_hole_and_does_not_say_so() {
    let editor = Editor::new(11);
    // Two roots, so that the second edit does not name the first as its origin.
    let lost = editor.types("lost");
    let root = editor.0.get_or_insert_text("other");
    let mut txn = editor.0.transact_mut();
    root.push(&mut txn, "seen");
    let after = txn.encode_update_v1();
    drop(txn);
    let doc = Editor::new(99).0;
    let root = doc.get_or_insert_text("other");
    let mut txn = doc.transact_mut();
    txn.apply_update(Update::decode_v1(&after).expect("decodes"))
        .expect("applies");
    assert_eq!(root.get_string(&txn), "seen");
    assert!(
        !txn.has_missing_updates(),
        "if this changes, the waiting room may go"
    );
    drop(lost);
}

#[test]
fn an_update_after_a_hole_waits_is_asked_for_and_is_accepted_with_what_it_missed() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    world.join(2, HOCUSPOCUS);
    let editor = Editor::new(11);
    let (first, second) = (editor.types("a"), editor.types("b"));
    let effects = world.update(1, &second);
    assert!(matches!(
        sent_to(&effects, 1).as_slice(),
        [ServerMessage::SyncStep1(_)]
    ));
    assert_eq!(sent_to(&effects, 2), [], "others see no hole");
    assert_eq!(
        sent_to(&world.durable(), 1),
        [],
        "durable, but not part of the document"
    );
    assert_eq!(world.text(), "");
    // The answer to the extra question is not counted by the client, so it is not acknowledged.
    world.send(1, PeerMessage::SyncStep2(editor.state()));
    assert_eq!(sent_to(&world.durable(), 1), [ServerMessage::Accepted]);
    assert_eq!(world.text(), "ab");
    drop(first);
}

#[test]
fn what_waits_survives_a_restart_and_a_compaction() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    let editor = Editor::new(11);
    let (first, second) = (editor.types("a"), editor.types("b"));
    world.update(1, &second);
    let parts = world.stored();
    let body = compact(&parts).expect("compacts");
    for parts in [
        parts,
        StoredParts {
            snapshots: vec![body],
            updates: Vec::new(),
        },
    ] {
        let mut world = World::with(&Limits::default(), &parts);
        assert_eq!(world.text(), "");
        world.join(1, HOCUSPOCUS);
        world.update(1, &first);
        assert_eq!(world.text(), "ab");
    }
}

#[test]
fn an_edit_on_somebody_elses_missing_text_waits_for_it() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    world.join(2, HOCUSPOCUS);
    let (ann, bob) = (Editor::new(11), Editor::new(22));
    let base = ann.types("a");
    bob.applies(&base);
    let on_top = bob.types("b");
    assert!(!sent_to(&world.update(2, &on_top), 2).contains(&ServerMessage::Accepted));
    assert_eq!(world.text(), "");
    let effects = world.update(1, &base);
    assert!(
        sent_to(&effects, 1)
            .iter()
            .any(|m| matches!(m, ServerMessage::Update(_)))
    );
    assert_eq!(world.text(), "ab");
    assert_eq!(sent_to(&world.durable(), 2), [ServerMessage::Accepted]);
}

#[test]
fn a_deletion_of_text_that_has_not_come_waits() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    let editor = Editor::new(11);
    let (text, deletion) = (editor.types("abc"), editor.deletes(0, 2));
    world.update(1, &deletion);
    world.durable();
    assert_eq!(world.text(), "");
    world.update(1, &text);
    assert_eq!(world.text(), "c");
    let accepted = sent_to(&world.durable(), 1);
    assert_eq!(accepted, [ServerMessage::Accepted, ServerMessage::Accepted]);
}

#[test]
fn the_waiting_room_is_bounded() {
    let limits = Limits {
        waiting_updates_max: 3,
        ..Limits::default()
    };
    let mut world = World::with(&limits, &StoredParts::default());
    world.join(1, HOCUSPOCUS);
    let editor = Editor::new(11);
    editor.types("never sent");
    let told: Vec<ServerMessage> = (0..5)
        .flat_map(|_| {
            let edit = editor.types("x");
            sent_to(&world.update(1, &edit), 1)
        })
        .filter(|message| matches!(message, ServerMessage::Refused(_)))
        .collect();
    assert_eq!(told.len(), 2);
    assert_eq!(world.log.len(), 3);
}

#[test]
fn what_is_not_an_update_is_refused_with_a_reason() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    let deep = {
        // One map value nested 100,000 deep: yrs would decode it recursively.
        let mut bytes = vec![1, 1, 11, 0, 0x28, 1, 1, b'm', 1, b'k', 1];
        bytes.extend(std::iter::repeat_n([117, 1], 100_000).flatten());
        bytes.extend([126, 0]);
        Bytes::from(bytes)
    };
    let huge = Bytes::from_static(&[1, 1, 11, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
    let cut = Editor::new(11).types("bonjour").slice(..10);
    for bytes in [deep, huge, cut, Bytes::from_static(b"hello"), Bytes::new()] {
        let effects = world.update(1, &bytes);
        assert!(matches!(
            sent_to(&effects, 1).as_slice(),
            [ServerMessage::Refused(_)]
        ));
    }
    assert_eq!(world.log.len(), 0);
    world.update(1, &Editor::new(12).types("fine"));
    assert_eq!(world.text(), "fine");
}

#[test]
fn a_document_at_its_limit_still_takes_deletions() {
    let limits = Limits {
        document_bytes_max: 200,
        ..Limits::default()
    };
    let mut world = World::with(&limits, &StoredParts::default());
    world.join(1, HOCUSPOCUS);
    let editor = Editor::new(11);
    world.update(1, &editor.types(&"x".repeat(150)));
    let offline = Editor::new(12).types(&"y".repeat(150));
    assert!(matches!(
        sent_to(&world.update(1, &offline), 1).as_slice(),
        [ServerMessage::Refused(_)]
    ));
    world.update(1, &editor.deletes(0, 150));
    assert_eq!(world.text(), "");
}

#[test]
fn the_size_limit_is_about_the_document_not_about_how_often_it_was_edited() {
    let limits = Limits {
        document_bytes_max: 2_000,
        ..Limits::default()
    };
    let mut world = World::with(&limits, &StoredParts::default());
    world.join(1, HOCUSPOCUS);
    let editor = Editor::new(11);
    for _ in 0..500 {
        world.update(1, &editor.types("x"));
    }
    assert_eq!(
        world.text().len(),
        500,
        "500 updates of 20 bytes, a document of 520"
    );
}

#[test]
fn offsets_count_utf_16_units_so_that_emoji_do_not_shift_the_text() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    let editor = Editor::new(11);
    world.update(1, &editor.types("🙂é🙂!"));
    world.update(1, &editor.deletes(2, 1));
    assert_eq!(world.text(), "🙂🙂!");
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let run = || {
        let mut world = World::new();
        world.join(1, HOCUSPOCUS);
        for client in 11..40 {
            let editor = Editor::new(client);
            world.update(1, &editor.types("été"));
            world.update(1, &editor.deletes(1, 1));
        }
        world.join(2, HOCUSPOCUS);
        world.send(2, PeerMessage::SyncStep1(Bytes::from_static(&[0])));
        (
            world.effects,
            compact(&StoredParts::default()).expect("compacts"),
        )
    };
    assert_eq!(run(), run());
}

#[test]
fn nesting_is_bounded_because_the_library_deletes_recursively() {
    use yrs::{Array, ArrayPrelim, ArrayRef, Transact};
    let limits = Limits {
        nested_types_max: 50,
        ..Limits::default()
    };
    let mut world = World::with(&limits, &StoredParts::default());
    world.join(1, HOCUSPOCUS);
    let editor = Editor::new(11);
    let mut parent: ArrayRef = editor.0.get_or_insert_array("a");
    let mut refused = None;
    for level in 0..60 {
        let mut txn = editor.0.transact_mut();
        parent = parent.push_back(&mut txn, ArrayPrelim::default());
        let update = Bytes::from(txn.encode_update_v1());
        drop(txn);
        let told = sent_to(&world.update(1, &update), 1);
        if told
            .iter()
            .any(|message| matches!(message, ServerMessage::Refused(_)))
        {
            refused.get_or_insert(level);
        }
    }
    assert_eq!(
        refused,
        Some(51),
        "the first level is in a root, not in a type"
    );
}
