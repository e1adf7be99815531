//! Who wrote what reaches the log, survives compaction, and is nobody's claim but the server's.
#![allow(missing_docs, clippy::tests_outside_test_module)]

mod support;

use bytes::Bytes;
use support::{Editor, HOCUSPOCUS, READER, World};
use unisson_history::{Attribution, Author, entry};
use unisson_protocol::{encoding::Reader, scan::ClockRange};
use unisson_session::{
    Effect, Input, Limits, Peer, PeerId, PeerMessage, StoredParts, chronicle, compact, condense,
    load,
};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

fn person(user: &str) -> Peer {
    Peer {
        user: Some(user.into()),
        display_name: Some(format!("{user} of the team").into()),
        ..HOCUSPOCUS
    }
}

fn known(parts: &StoredParts) -> Result<Attribution, unisson_session::LoadError> {
    chronicle(parts, None).map(|chronicle| chronicle.attribution)
}

fn range(client_id: u64, clock: u32, len: u32) -> ClockRange {
    ClockRange {
        client_id,
        clock,
        len,
    }
}

fn user(of: &Attribution, parts: &[(u32, Option<unisson_history::StampId>)]) -> Vec<(u32, String)> {
    let told = |stamp| {
        let (author, _) = of.stamp_of(stamp).expect("a stamp");
        author.user.as_deref().unwrap_or("anonymous").to_owned()
    };
    let parts = parts.iter();
    parts
        .map(|(end, stamp)| (*end, stamp.map_or("unknown".to_owned(), told)))
        .collect()
}

fn inserted(of: &Attribution, range: ClockRange) -> Vec<(u32, String)> {
    user(of, &of.inserted(range))
}

fn deleted(of: &Attribution, range: ClockRange) -> Vec<(u32, String)> {
    user(of, &of.deleted(range))
}

/// Ann types "hello world", Bob deletes "hello", somebody without a name types "!".
fn three_authors() -> World {
    let mut world = World::new();
    let (ann, bob, guest) = (Editor::new(11), Editor::new(12), Editor::new(13));
    world.join(1, person("ann"));
    world.join(2, person("bob"));
    world.join(3, HOCUSPOCUS);
    let hello = ann.types("hello world");
    world.update(1, &hello);
    bob.applies(&hello);
    world.update(2, &bob.deletes(0, 5));
    guest.applies(&bob.state());
    world.update(3, &guest.types("!"));
    world
}

fn check_three_authors(parts: &StoredParts) {
    let known = known(parts).expect("reads");
    let whole = |user: &str| vec![(11, user.to_owned())];
    assert_eq!(inserted(&known, range(11, 0, 11)), whole("ann"));
    assert_eq!(
        deleted(&known, range(11, 0, 11)),
        [(5, "bob".to_owned()), (11, "unknown".to_owned())]
    );
    assert_eq!(
        inserted(&known, range(13, 0, 1)),
        [(1, "anonymous".to_owned())]
    );
}

#[test]
fn authors_come_from_the_connection_and_survive_compaction() {
    let parts = three_authors().stored();
    check_three_authors(&parts);
    let body = compact(&parts).expect("compacts");
    let compacted = StoredParts {
        snapshots: vec![body.clone()],
        updates: Vec::new(),
    };
    check_three_authors(&compacted);
    // Twice, and together with what it covers: nothing is counted again.
    let again = StoredParts {
        snapshots: vec![compact(&compacted).expect("compacts"), body],
        updates: parts.updates,
    };
    check_three_authors(&again);
}

#[test]
fn the_log_says_who_and_when_in_the_time_of_the_shell() {
    let mut world = World::new();
    let zero_ms = 1_764_000_000_000;
    world.session = world.session.with_unix_zero_ms(zero_ms);
    world.join(1, person("ann"));
    world.wait(500);
    world.update(1, &Editor::new(11).types("a"));
    let entry = entry::open(&world.log[0].1).expect("an entry");
    let written = entry.written.expect("written");
    assert_eq!(
        written.author,
        Author {
            user: Some("ann".into()),
            name: Some("ann of the team".into()),
        }
    );
    assert_eq!(written.at_ms, zero_ms + 1_500);
    let body = compact(&world.stored()).expect("compacts");
    let mut reader = Reader::new(&body);
    assert_eq!(reader.var_uint(), Ok(2), "the version of the body");
    assert_eq!(reader.var_uint(), Ok(zero_ms + 1_500), "the last edit");
}

#[test]
fn whoever_brings_back_what_is_known_wrote_nothing() {
    let mut world = World::new();
    let (ann, bob) = (Editor::new(11), Editor::new(12));
    world.join(1, person("ann"));
    world.join(2, person("bob"));
    world.update(1, &ann.types("hello"));
    world.update(1, &ann.deletes(1, 1));
    bob.applies(&ann.state());
    world.wait(10 * MINUTE_MS);
    bob.types(" world");
    // Bob's answer to a handshake: the whole document, of which only the end is new.
    world.send(2, PeerMessage::SyncStep2(bob.state()));
    let known = known(&world.stored()).expect("reads");
    assert_eq!(inserted(&known, range(11, 0, 5)), [(5, "ann".to_owned())]);
    assert_eq!(deleted(&known, range(11, 1, 1)), [(2, "ann".to_owned())]);
    assert_eq!(inserted(&known, range(12, 0, 6)), [(6, "bob".to_owned())]);
}

#[test]
fn what_waits_for_a_missing_update_stays_its_authors() {
    let mut world = World::new();
    let ann = Editor::new(11);
    world.join(1, person("ann"));
    world.join(2, person("bob"));
    let (first, second) = (ann.types("a"), ann.types("b"));
    world.update(1, &second);
    let body = compact(&world.stored()).expect("compacts");
    world.update(2, &first);
    for parts in [
        world.stored(),
        StoredParts {
            snapshots: vec![body],
            updates: vec![world.log[1].1.clone()],
        },
    ] {
        let known = known(&parts).expect("reads");
        assert_eq!(
            inserted(&known, range(11, 0, 2)),
            [(1, "bob".to_owned()), (2, "ann".to_owned())]
        );
    }
}

#[test]
fn logs_and_snapshots_from_before_authorship_still_read() {
    let ann = Editor::new(11);
    let update = ann.types("hello");
    // Body version 1: the state in format v2, nothing that waits.
    let state = {
        use yrs::{ReadTxn, StateVector, Transact};
        let txn = ann.0.transact();
        txn.encode_state_as_update_v2(&StateVector::default())
    };
    let body = [&[1, state.len() as u8][..], &state, &[0]].concat();
    for parts in [
        StoredParts {
            snapshots: Vec::new(),
            updates: vec![update.clone()],
        },
        StoredParts {
            snapshots: vec![Bytes::from(body)],
            updates: Vec::new(),
        },
    ] {
        assert!(known(&parts).expect("reads").is_empty());
        let mut world = World::with(&Limits::default(), &parts);
        assert_eq!(world.text(), "hello");
        world.join(1, person("bob"));
        let bob = Editor::new(12);
        bob.applies(&update);
        world.update(1, &bob.types("!"));
        let all = StoredParts {
            updates: [parts.updates, world.stored().updates].concat(),
            ..parts
        };
        let known = known(&all).expect("reads");
        assert_eq!(
            inserted(&known, range(11, 0, 5)),
            [(5, "unknown".to_owned())]
        );
        assert_eq!(inserted(&known, range(12, 0, 1)), [(1, "bob".to_owned())]);
    }
}

#[test]
fn authorship_outlives_what_is_garbage_collected() {
    let mut world = World::new();
    let ann = Editor::new(11);
    world.join(1, person("ann"));
    world.join(2, person("bob"));
    let hello = ann.types("hello");
    world.update(1, &hello);
    let bob = Editor::new(12);
    bob.applies(&hello);
    world.update(2, &bob.deletes(0, 5));
    let mut parts = world.stored();
    for _ in 0..3 {
        parts = StoredParts {
            snapshots: vec![compact(&parts).expect("compacts")],
            updates: Vec::new(),
        };
    }
    load(&parts, &Limits::default()).expect("loads");
    let known = known(&parts).expect("reads");
    assert_eq!(inserted(&known, range(11, 0, 5)), [(5, "ann".to_owned())]);
    assert_eq!(deleted(&known, range(11, 0, 5)), [(5, "bob".to_owned())]);
}

#[test]
fn a_reader_leaves_no_trace() {
    let mut world = World::new();
    world.join(1, READER);
    world.update(1, &Editor::new(11).types("a"));
    world.tell(Input::Left(PeerId(1)));
    assert!(world.log.is_empty());
}

/// Reads the document back, as the shell does, and lets it go cold.
fn cool(world: &mut World) {
    let condensed = condense(&world.stored()).expect("condenses");
    let ordered = world.wait(HOUR_MS);
    if ordered.contains(&Effect::StoreSnapshot) {
        world.tell(Input::SnapshotStored(Ok(condensed.image)));
    } else {
        assert!(ordered.contains(&Effect::Condense), "{ordered:?}");
        world.tell(Input::Condensed(Ok(condensed.image)));
    }
    if ordered
        .iter()
        .any(|order| matches!(order, Effect::StoreVersion(_)))
    {
        world.tell(Input::VersionStored(Ok(())));
    }
    world.wait(HOUR_MS);
    assert!(world.session.is_cold());
}

#[test]
fn who_edits_a_cold_document_is_its_author_and_who_repeats_it_is_not() {
    let limits = Limits {
        cool_bytes_min: 0,
        ..Limits::default()
    };
    let mut world = World::with(&limits, &StoredParts::default());
    let (ann, bob) = (Editor::new(11), Editor::new(12));
    world.join(1, person("ann"));
    world.join(2, person("bob"));
    world.update(1, &ann.types("hello"));
    world.durable();
    cool(&mut world);
    bob.applies(&ann.state());
    // Bob says again what Ann wrote: nothing is new, nothing is logged, nothing wakes.
    let logged = world.log.len();
    world.update(2, &ann.state());
    assert_eq!(world.log.len(), logged);
    assert!(world.session.is_cold());
    // Then a gap of Bob's waits beside the cold document until what it misses comes.
    let (first, second) = (bob.types("!"), bob.types("?"));
    world.update(2, &second);
    world.update(1, &first);
    world.update(2, &bob.deletes(0, 2));
    world.durable();
    cool(&mut world);
    let parts = world.stored();
    let compacted = StoredParts {
        snapshots: vec![compact(&parts).expect("compacts")],
        updates: Vec::new(),
    };
    for parts in [parts, compacted] {
        let known = known(&parts).expect("reads");
        assert_eq!(inserted(&known, range(11, 0, 5)), [(5, "ann".to_owned())]);
        assert_eq!(
            inserted(&known, range(12, 0, 2)),
            [(1, "ann".to_owned()), (2, "bob".to_owned())]
        );
        assert_eq!(deleted(&known, range(11, 0, 2)), [(2, "bob".to_owned())]);
        let loaded = load(&parts, &Limits::default()).expect("loads");
        assert!(loaded.last_edit_ms().is_some_and(|at_ms| at_ms >= HOUR_MS));
    }
}
