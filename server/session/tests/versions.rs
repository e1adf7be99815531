//! When a session asks for a version, and edits of the server's own.
#![allow(missing_docs, clippy::tests_outside_test_module)]

mod support;

use support::{Editor, HOCUSPOCUS, READER, World, sent_to};
use unisson_history::{Author, entry};
use unisson_session::{
    DocName, EditId, Effect, Effects, Input, Limits, Millis, PeerId, ServerMessage, Session,
    SnapshotError, StoredParts, VersionWanted, load,
};

const MINUTE_MS: u64 = 60_000;
const ZERO_MS: u64 = 1_764_000_000_000;

fn wanted(effects: &Effects) -> Vec<VersionWanted> {
    let wanted = effects.iter().filter_map(|effect| match effect {
        Effect::StoreVersion(wanted) => Some(*wanted),
        _ => None,
    });
    wanted.collect()
}

const SITTING: VersionWanted = VersionWanted {
    before_ms: None,
    leaving: false,
};

#[test]
fn a_pause_asks_for_a_version_once() {
    let mut world = World::new();
    let ann = Editor::new(11);
    world.join(1, HOCUSPOCUS);
    world.update(1, &ann.types("a"));
    world.durable();
    assert_eq!(wanted(&world.wait(9 * MINUTE_MS)), []);
    world.update(1, &ann.types("b"));
    world.durable();
    assert_eq!(wanted(&world.wait(9 * MINUTE_MS)), []);
    assert_eq!(wanted(&world.wait(MINUTE_MS)), [SITTING]);
    world.tell(Input::VersionStored(Ok(())));
    assert_eq!(wanted(&world.wait(100 * MINUTE_MS)), []);
}

#[test]
fn people_who_never_pause_get_a_version_each_hour() {
    let mut world = World::new();
    let ann = Editor::new(11);
    world.join(1, HOCUSPOCUS);
    let mut versions = 0;
    for _ in 0..170 {
        world.update(1, &ann.types("a"));
        world.durable();
        let asked = wanted(&world.wait(MINUTE_MS));
        if !asked.is_empty() {
            world.tell(Input::VersionStored(Ok(())));
        }
        versions += asked.len();
    }
    assert_eq!(versions, 2);
}

#[test]
fn a_failed_version_is_asked_for_again() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    world.update(1, &Editor::new(11).types("a"));
    world.durable();
    assert_eq!(wanted(&world.wait(10 * MINUTE_MS)), [SITTING]);
    let full = SnapshotError::Unavailable("full".into());
    world.tell(Input::VersionStored(Err(full)));
    assert_eq!(wanted(&world.wait(1_000)), []);
    assert_eq!(wanted(&world.wait(MINUTE_MS)), [SITTING]);
}

#[test]
fn nothing_that_is_not_durable_is_asked_to_be_in_a_version() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    world.update(1, &Editor::new(11).types("a"));
    assert_eq!(wanted(&world.wait(11 * MINUTE_MS)), []);
    assert_eq!(wanted(&world.durable()), [SITTING]);
}

#[test]
fn the_first_edit_after_a_closed_pause_asks_for_what_was_before() {
    let mut world = World::new();
    world.session = world.session.with_unix_zero_ms(ZERO_MS);
    world.join(1, HOCUSPOCUS);
    let ann = Editor::new(11);
    world.update(1, &ann.types("a"));
    let parts = world.stored();
    for (later_ms, before) in [(5 * MINUTE_MS, false), (11 * MINUTE_MS, true)] {
        let name = DocName::new("notes").expect("a name");
        let session = Session::new(Millis(0), name, Limits::default(), 7);
        let mut again = World::new();
        again.session = session.with_unix_zero_ms(ZERO_MS + 1_000 + later_ms);
        again.now = Millis(0);
        again.join(1, HOCUSPOCUS);
        again.tell(Input::Loaded(
            load(&parts, &Limits::default()).map_err(|_| unreachable!()),
        ));
        let bob = Editor::new(12);
        bob.applies(&ann.state());
        let effects = again.update(1, &bob.types("b"));
        let expected = VersionWanted {
            before_ms: Some(ZERO_MS + 1_000 + later_ms),
            leaving: false,
        };
        match before {
            true => assert_eq!(wanted(&effects), [expected]),
            false => assert_eq!(wanted(&effects), []),
        }
    }
}

fn carl() -> Author {
    Author {
        user: Some("carl".into()),
        name: Some("Carl".into()),
    }
}

#[test]
fn an_edit_of_the_servers_own_reaches_everybody_and_is_answered_when_durable() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    world.join(2, READER);
    let update = Editor::new(11).types("restored");
    let effects = world.tell(Input::Edit(EditId(1), carl(), update.clone()));
    for peer in [1, 2] {
        let expected = [ServerMessage::Update(update.clone())];
        assert_eq!(sent_to(&effects, peer), expected);
    }
    let logged = entry::open(&world.log[0].1).expect("an entry");
    assert_eq!(logged.written.expect("written").author, carl());
    assert!(!effects.contains(&Effect::Edited(EditId(1), Ok(()))));
    assert!(world.durable().contains(&Effect::Edited(EditId(1), Ok(()))));
    assert_eq!(world.text(), "restored");
}

#[test]
fn what_is_no_update_or_too_large_is_refused_and_harms_nobody() {
    let limits = Limits {
        document_bytes_max: 100,
        ..Limits::default()
    };
    let mut world = World::with(&limits, &StoredParts::default());
    let garbage = bytes::Bytes::from_static(b"\xff\xff");
    let large = Editor::new(11).types(&"x".repeat(200));
    for (id, update) in [(1, garbage), (2, large)] {
        let effects = world.tell(Input::Edit(EditId(id), carl(), update));
        assert!(
            matches!(effects.as_slice(), [Effect::Edited(EditId(of), Err(_))] if *of == id),
            "{effects:?}"
        );
    }
    assert_eq!(world.text(), "");
}

#[test]
fn an_edit_opens_a_document_that_nobody_has_open() {
    let name = DocName::new("notes").expect("a name");
    let mut world = World::new();
    world.session = Session::new(Millis(0), name, Limits::default(), 7);
    let update = Editor::new(11).types("a");
    let effects = world.tell(Input::Edit(EditId(1), carl(), update));
    assert_eq!(effects, [Effect::Load]);
    let loaded = load(&StoredParts::default(), &Limits::default());
    world.tell(Input::Loaded(loaded.map_err(|_| unreachable!())));
    assert!(world.durable().contains(&Effect::Edited(EditId(1), Ok(()))));
    // And it closes by itself.
    world.tell(Input::Left(PeerId(1)));
    let effects = world.wait(MINUTE_MS);
    assert_eq!(effects.len(), 2, "{effects:?}");
    world.tell(Input::SnapshotStored(Ok(None)));
    assert_eq!(world.tell(Input::VersionStored(Ok(()))), [Effect::Stop]);
}

#[test]
fn edits_that_wait_for_a_document_are_bounded_and_answered_if_it_does_not_open() {
    let name = DocName::new("notes").expect("a name");
    let mut world = World::new();
    let limits = Limits {
        early_edits_max: 1,
        ..Limits::default()
    };
    world.session = Session::new(Millis(0), name, limits, 7);
    let update = Editor::new(11).types("a");
    world.tell(Input::Edit(EditId(1), carl(), update.clone()));
    let effects = world.tell(Input::Edit(EditId(2), carl(), update));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Edited(EditId(2), Err(_))]
    ));
    let away = unisson_session::OpenError::Unavailable("away".into());
    let effects = world.tell(Input::Loaded(Err(away)));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Edited(EditId(1), Err(_)), Effect::Stop]
    ));
}
