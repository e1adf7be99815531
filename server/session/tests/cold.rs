//! A cold document says exactly what a live one says.
#![allow(missing_docs)]

mod support;

use bytes::Bytes;
use proptest::prelude::*;
use support::{Editor, HOCUSPOCUS, World, Y_WEBSOCKET, sent_to};
use unisson_protocol::scan::{self, ClockRange};
use unisson_session::{
    Effect, Image, Input, Limits, PeerId, PeerMessage, ServerMessage, StoredParts, compact,
    condense, load,
};
use yrs::{
    Any, Array, ArrayPrelim, ClientID, Doc, GetString, Map, MapPrelim, OffsetKind, Options, Text,
    Transact, Update, XmlElementPrelim, XmlFragment, XmlTextPrelim,
    types::{Attrs, ToJson, text::YChange},
    updates::decoder::Decode,
    updates::encoder::Encode,
};

/// One thing that an editor does; numbers are taken modulo what there is.
#[derive(Debug, Clone)]
enum Act {
    Type(u32, String),
    Erase(u32, u32),
    Bold(u32, u32),
    Set(u8, i64),
    Unset(u8),
    Push(Vec<u8>),
    Pull(u32),
    Element(u32),
    Prune(u32),
    Nest(u8),
    Subdocument(u8),
}

fn act() -> impl Strategy<Value = Act> {
    let any = any::<u32>;
    prop_oneof![
        4 => (any(), "[a-zé🙂 ]{1,8}").prop_map(|(at, text)| Act::Type(at, text)),
        2 => (any(), 1..6_u32).prop_map(|(at, len)| Act::Erase(at, len)),
        2 => (any(), 1..6_u32).prop_map(|(at, len)| Act::Bold(at, len)),
        1 => (0..4_u8, proptest::num::i64::ANY).prop_map(|(key, value)| Act::Set(key, value)),
        1 => (0..4_u8).prop_map(Act::Unset),
        1 => proptest::collection::vec(0..255_u8, 0..6).prop_map(Act::Push),
        1 => any().prop_map(Act::Pull),
        2 => any().prop_map(Act::Element),
        1 => any().prop_map(Act::Prune),
        1 => (0..4_u8).prop_map(Act::Nest),
        1 => (0..2_u8).prop_map(Act::Subdocument),
    ]
}

fn perform(doc: &Doc, act: &Act) -> Bytes {
    let text = doc.get_or_insert_text("t");
    let map = doc.get_or_insert_map("m");
    let array = doc.get_or_insert_array("a");
    let xml = doc.get_or_insert_xml_fragment("x");
    let mut txn = doc.transact_mut();
    let len = text.len(&txn);
    match act {
        Act::Type(at, words) => text.insert(&mut txn, at % (len + 1), words),
        Act::Erase(at, count) if len > 0 => {
            let at = at % len;
            text.remove_range(&mut txn, at, (*count).min(len - at));
        }
        Act::Bold(at, count) if len > 0 => {
            let at = at % len;
            let bold = Attrs::from([("bold".into(), Any::from(true))]);
            text.format(&mut txn, at, (*count).min(len - at), bold);
        }
        Act::Set(key, value) => {
            map.insert(&mut txn, format!("k{key}"), Any::from(*value as f64));
        }
        Act::Unset(key) => {
            map.remove(&mut txn, &format!("k{key}"));
        }
        Act::Push(bytes) => {
            array.push_back(&mut txn, Any::from(bytes.clone()));
        }
        Act::Pull(at) if array.len(&txn) > 0 => {
            let at = at % array.len(&txn);
            array.remove(&mut txn, at);
        }
        Act::Element(at) => {
            let at = at % (xml.len(&txn) + 1);
            let element = xml.insert(&mut txn, at, XmlElementPrelim::empty("p"));
            element.insert(&mut txn, 0, XmlTextPrelim::new("été"));
        }
        Act::Prune(at) if xml.len(&txn) > 0 => {
            let at = at % xml.len(&txn);
            xml.remove_range(&mut txn, at, 1);
        }
        Act::Nest(key) => {
            let nested = map.insert(&mut txn, format!("n{key}"), MapPrelim::default());
            nested.insert(&mut txn, "list", ArrayPrelim::from([1, 2]));
        }
        Act::Subdocument(key) => {
            let options = Options::with_guid_and_client_id("sub".into(), ClientID::new(5));
            map.insert(&mut txn, format!("s{key}"), Doc::with_options(options));
        }
        _ => {}
    }
    Bytes::from(txn.encode_update_v1())
}

/// Plays acts of several editors who see each other's work now and then; gives all updates in the
/// order in which they came to the server, and a state vector from the middle.
fn play(acts: &[(u8, bool, Act)]) -> (Vec<Bytes>, Bytes) {
    let editors: Vec<Editor> = (0..3).map(|n| Editor::new(11 + n)).collect();
    let mut updates: Vec<Bytes> = Vec::new();
    let mut middle = Editor::new(99).state_vector();
    for (at, (who, sync, act)) in acts.iter().enumerate() {
        let editor = &editors[usize::from(*who) % editors.len()];
        if *sync {
            updates.iter().for_each(|update| editor.applies(update));
        }
        updates.push(perform(&editor.0, act));
        if at == acts.len() / 2 {
            middle = editor.state_vector();
        }
    }
    (updates, middle)
}

fn snapshot(updates: &[Bytes]) -> StoredParts {
    let parts = StoredParts {
        snapshots: Vec::new(),
        updates: updates.to_vec(),
    };
    StoredParts {
        snapshots: vec![compact(&parts).expect("compacts")],
        updates: Vec::new(),
    }
}

/// A world whose document is cold, and one whose document is live, with the same content.
fn both(updates: &[Bytes]) -> (World, World) {
    let limits = Limits::default();
    let cold = World::with(&limits, &snapshot(updates));
    let mut live = World::with(&limits, &StoredParts::default());
    live.join(1, HOCUSPOCUS);
    for update in updates {
        live.update(1, update);
    }
    live.durable();
    (cold, live)
}

/// An editor that does not erase formats that have become void: that would be an edit of its own.
fn tidy_no_formats(client_id: u64) -> Editor {
    let mut options = Options::with_client_id(ClientID::new(client_id));
    options.offset_kind = OffsetKind::Utf16;
    options.cleanup_formatting = false;
    Editor(Doc::with_options(options))
}

/// What a stranger with this state vector is told, as one state.
fn told(world: &mut World, question: &Bytes) -> Vec<ServerMessage> {
    world.join(50, HOCUSPOCUS);
    let effects = world.send(50, PeerMessage::SyncStep1(question.clone()));
    world.tell(Input::Left(PeerId(50)));
    sent_to(&effects, 50)
}

/// Messages as bytes. A struct with a neighbour carries a bit that says that it is a value of a map,
/// which all readers ignore, and which is lost where an update is decoded and encoded: so all are.
/// The library writes the options of a subdocument in the order of a randomly
/// seeded map, so with one of them only what is written is compared, not in which order.
fn comparable(messages: &[ServerMessage], acts: &[(u8, bool, Act)]) -> Vec<(String, Vec<u8>)> {
    let any_order = acts
        .iter()
        .any(|(.., act)| matches!(act, Act::Subdocument(_)));
    let bytes = |update: &Bytes| {
        let update = Update::decode_v1(update).expect("an update");
        let mut bytes = update.encode_v1();
        if any_order {
            bytes.sort_unstable();
        }
        bytes
    };
    let parts = messages.iter().map(|message| match message {
        ServerMessage::SyncStep1(vector) => ("asked".to_owned(), vector.to_vec()),
        ServerMessage::SyncStep2(update) => ("answered".to_owned(), bytes(update)),
        ServerMessage::Update(update) => ("told".to_owned(), bytes(update)),
        other => (format!("{other:?}"), Vec::new()),
    });
    parts.collect()
}

/// Clock ranges that are told. A document that was woken has joined neighbouring structs that
/// another one may still hold apart: the same content in other pieces.
fn ranges(messages: &[ServerMessage]) -> Vec<(Vec<ClockRange>, Vec<ClockRange>)> {
    let scans = messages.iter().filter_map(|message| match message {
        ServerMessage::SyncStep2(update) | ServerMessage::Update(update) => {
            Some(scan::update_v1(update).expect("an update"))
        }
        _ => None,
    });
    scans.map(|scan| (scan.inserts, scan.deletes)).collect()
}

/// What a newcomer sees who was told this.
fn seen(messages: &[ServerMessage]) -> String {
    let reader = tidy_no_formats(3);
    for message in messages {
        if let ServerMessage::SyncStep2(update) | ServerMessage::Update(update) = message {
            reader.applies(update);
        }
    }
    let text = reader.0.get_or_insert_text("t");
    let map = reader.0.get_or_insert_map("m");
    let array = reader.0.get_or_insert_array("a");
    let xml = reader.0.get_or_insert_xml_fragment("x");
    let txn = reader.0.transact();
    let chunks: Vec<String> = text
        .diff(&txn, YChange::identity)
        .into_iter()
        .map(|chunk| format!("{}{:?}", chunk.insert.to_string(&txn), chunk.attributes))
        .collect();
    let mut keys: Vec<String> = map.keys(&txn).map(str::to_owned).collect();
    keys.sort_unstable();
    let values: Vec<_> = keys
        .iter()
        .map(|key| {
            let text = map.get(&txn, key).map(|value| value.to_string(&txn));
            text.map(|text| text.len())
        })
        .collect();
    let array = array.to_json(&txn);
    format!(
        "{chunks:?} {keys:?} {values:?} {array:?} {}",
        xml.get_string(&txn)
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cold_and_live_documents_give_the_same_answers(
        acts in proptest::collection::vec((any::<u8>(), any::<bool>(), act()), 1..40)
    ) {
        let (updates, middle) = play(&acts);
        let (mut cold, mut live) = both(&updates);
        prop_assert!(cold.session.is_cold());
        let everything = told(&mut live, &Editor::new(1).state_vector());
        let current = match everything.first() {
            Some(ServerMessage::SyncStep1(current)) => current.clone(),
            other => panic!("{other:?}"),
        };
        let same = |cold: Vec<ServerMessage>, live: Vec<ServerMessage>| {
            prop_assert_eq!(comparable(&cold, &acts), comparable(&live, &acts));
            Ok(())
        };
        for question in [&Editor::new(1).state_vector(), &current, &Editor::new(1).state_vector()] {
            same(told(&mut cold, question), told(&mut live, question))?;
        }
        // What an editor sends when it comes back says nothing new: no reason to wake.
        let whole = tidy_no_formats(2);
        updates.iter().for_each(|update| whole.applies(update));
        cold.join(60, HOCUSPOCUS);
        cold.send(60, PeerMessage::SyncStep2(whole.state()));
        prop_assert!(cold.session.is_cold());
        // An edit wakes it, and all goes on as if it had never slept.
        let edit = whole.types("!");
        cold.update(60, &edit);
        live.update(1, &edit);
        prop_assert_eq!(cold.session.is_cold(), edit.as_ref() == [0, 0]);
        let question = Editor::new(1).state_vector();
        let (all_of_cold, all_of_live) = (told(&mut cold, &question), told(&mut live, &question));
        prop_assert_eq!(seen(&all_of_cold), seen(&all_of_live));
        prop_assert_eq!(ranges(&all_of_cold), ranges(&all_of_live));
        prop_assert_eq!(ranges(&told(&mut cold, &middle)), ranges(&told(&mut live, &middle)));
    }

    #[test]
    fn an_image_is_what_the_snapshot_beside_it_opens_as(
        acts in proptest::collection::vec((any::<u8>(), any::<bool>(), act()), 1..30)
    ) {
        let (updates, _) = play(&acts);
        let parts = StoredParts { snapshots: Vec::new(), updates: updates.clone() };
        let condensed = condense(&parts).expect("condenses");
        let image: Image = condensed.image.expect("nothing waits");
        let mut opened = World::with(&Limits::default(), &snapshot(&updates));
        let mut cooled = World::new();
        cooled.join(1, HOCUSPOCUS);
        updates.iter().for_each(|update| drop(cooled.update(1, update)));
        cooled.durable();
        cool(&mut cooled, Some(&image));
        let question = Editor::new(1).state_vector();
        let (opened, cooled) = (told(&mut opened, &question), told(&mut cooled, &question));
        prop_assert_eq!(comparable(&opened, &acts), comparable(&cooled, &acts));
    }
}

/// Waits until the session orders its document to be read back, and gives it the result.
fn cool(world: &mut World, image: Option<&Image>) {
    for _ in 0..4 {
        let ordered = world.wait(60_000);
        if ordered.contains(&Effect::StoreSnapshot) {
            world.tell(Input::SnapshotStored(Ok(image.cloned())));
        } else if ordered.contains(&Effect::Condense) {
            world.tell(Input::Condensed(Ok(image.cloned())));
        }
    }
}

fn image_of(world: &World) -> Option<Image> {
    condense(&world.stored()).expect("condenses").image
}

/// A world with one durable text of some length.
fn written(len: usize) -> (World, Editor) {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    let editor = Editor::new(11);
    world.update(1, &editor.types(&"x".repeat(len)));
    world.durable();
    (world, editor)
}

#[test]
fn a_quiet_document_goes_cold_and_an_edit_wakes_it() {
    let (mut world, editor) = written(5_000);
    let image = image_of(&world);
    cool(&mut world, image.as_ref());
    assert!(world.session.is_cold());
    let effects = world.update(1, &editor.types("!"));
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Append(..)))
    );
    assert!(!world.session.is_cold());
    assert_eq!(world.text(), "x".repeat(5_000) + "!");
}

#[test]
fn an_image_that_came_too_late_is_not_used() {
    let (mut world, editor) = written(5_000);
    let image = image_of(&world);
    let ordered = world.wait(60_000);
    assert!(ordered.contains(&Effect::StoreSnapshot) || ordered.contains(&Effect::Condense));
    world.update(1, &editor.types("!"));
    world.durable();
    world.tell(Input::SnapshotStored(Ok(image.clone())));
    world.tell(Input::Condensed(Ok(image)));
    assert!(!world.session.is_cold());
    assert_eq!(world.text(), "x".repeat(5_000) + "!");
}

#[test]
fn an_image_of_something_else_is_not_used() {
    let (mut world, _) = written(5_000);
    let (other, _) = written(4_000);
    let image = image_of(&other);
    cool(&mut world, image.as_ref());
    assert!(!world.session.is_cold());
    assert_eq!(world.text().len(), 5_000);
}

#[test]
fn what_is_not_durable_or_waits_keeps_a_document_live() {
    let (mut world, editor) = written(5_000);
    let image = image_of(&world);
    world.update(1, &editor.types("y"));
    cool(&mut world, image.as_ref());
    assert!(!world.session.is_cold(), "an edit is in flight");
    let (mut world, editor) = written(5_000);
    editor.types("missing");
    world.update(1, &editor.types("early"));
    world.durable();
    let image = image_of(&world);
    assert!(image.is_none(), "something waits");
    cool(&mut world, image.as_ref());
    assert!(!world.session.is_cold());
}

#[test]
fn a_document_that_is_woken_often_rests_less_often() {
    let (mut world, editor) = written(5_000);
    let mut rests = Vec::new();
    for _ in 0..4 {
        let image = image_of(&world);
        let quiet_since = world.now;
        while !world.session.is_cold() {
            let due = world.session.next_wakeup().expect("something is due");
            world.now = due.max(world.now);
            let ordered = world.tell(Input::Woke);
            if ordered.contains(&Effect::StoreSnapshot) {
                world.tell(Input::SnapshotStored(Ok(image.clone())));
            } else if ordered.contains(&Effect::Condense) {
                world.tell(Input::Condensed(Ok(image.clone())));
            }
        }
        rests.push(world.now.0 - quiet_since.0);
        world.update(1, &editor.types("!"));
        world.durable();
    }
    assert!(
        rests.windows(2).all(|pair| pair[0] * 2 <= pair[1] + 1_000),
        "{rests:?}"
    );
}

#[test]
fn short_memory_cools_the_quiet_and_closes_the_empty() {
    let (mut world, _) = written(5_000);
    let image = image_of(&world);
    world.wait(2_000);
    assert!(!world.session.is_cold());
    let ordered = world.tell(Input::MemoryShort);
    assert!(ordered.contains(&Effect::Condense), "{ordered:?}");
    world.tell(Input::Condensed(Ok(image.clone())));
    assert!(world.session.is_cold());
    world.tell(Input::Left(PeerId(1)));
    let ordered = world.tell(Input::MemoryShort);
    assert!(ordered.contains(&Effect::StoreSnapshot), "{ordered:?}");
    assert!(ordered.iter().any(|e| matches!(e, Effect::StoreVersion(_))));
    let ordered = world.tell(Input::SnapshotStored(Ok(image)));
    assert_eq!(ordered, [], "a version first");
    let ordered = world.tell(Input::VersionStored(Ok(())));
    assert_eq!(ordered.last(), Some(&Effect::Stop));
}

#[test]
fn one_keystroke_does_not_rewrite_a_large_document_while_people_are_here() {
    let editor = Editor::new(11);
    let text = editor.types(&"abcdefgh".repeat(100_000));
    let mut world = World::with(&Limits::default(), &snapshot(&[text]));
    world.join(1, HOCUSPOCUS);
    for _ in 0..5 {
        world.update(1, &editor.types("!"));
        world.durable();
        let effects = world.wait(40_000);
        assert!(!effects.contains(&Effect::StoreSnapshot));
        world.tell(Input::Condensed(Ok(None)));
    }
    world.tell(Input::Left(PeerId(1)));
    world.effects.clear();
    world.wait(20_000);
    assert!(
        world.effects.contains(&Effect::StoreSnapshot),
        "the last one closes the door"
    );
}

#[test]
fn compaction_costs_in_proportion_to_what_was_written() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    let editor = Editor::new(11);
    let mut read_back = 0;
    for _ in 0..40_000 {
        world.update(1, &editor.types("word "));
        let effects = world.durable();
        world.log.clear();
        if effects.contains(&Effect::StoreSnapshot) {
            let state = editor.state();
            read_back += state.len();
            let parts = StoredParts {
                snapshots: Vec::new(),
                updates: vec![state],
            };
            let image = condense(&parts).expect("condenses").image;
            world.tell(Input::SnapshotStored(Ok(image)));
        }
    }
    let written = 40_000 * 20;
    assert!(
        read_back > 0 && read_back < 3 * written,
        "{read_back} for {written}"
    );
}

#[test]
fn many_who_join_share_one_answer_and_edits_follow_it() {
    let (mut world, editor) = written(500_000);
    let question = Editor::new(1).state_vector();
    let body = |messages: &[ServerMessage]| match &messages[1] {
        ServerMessage::SyncStep2(body) | ServerMessage::Update(body) => body.clone(),
        other => panic!("{other:?}"),
    };
    let first = body(&told(&mut world, &question));
    for edits in 0..30 {
        let messages = told(&mut world, &question);
        assert_eq!(body(&messages).as_ptr(), first.as_ptr(), "the same bytes");
        let expected = if edits == 0 { 2 } else { 3 + edits };
        assert_eq!(messages.len(), expected, "then one update for each edit");
        let answers = messages
            .iter()
            .filter(|m| matches!(m, ServerMessage::SyncStep2(_)));
        assert_eq!(answers.count(), 1, "one answer to one question");
        assert!(
            matches!(messages.last(), Some(ServerMessage::SyncStep2(_))),
            "who is synced has everything"
        );
        let newcomer = Editor::new(77);
        for message in &messages {
            if let ServerMessage::SyncStep2(update) | ServerMessage::Update(update) = message {
                newcomer.applies(update);
            }
        }
        assert_eq!(newcomer.text(), editor.text());
        world.update(1, &editor.types("!"));
    }
    assert!(world.session.has_answers());
    world.wait(6_000);
    assert!(!world.session.has_answers(), "nobody has asked for a while");
}

#[test]
fn a_writer_that_asks_again_does_not_get_its_own_edit_before_it_is_durable() {
    let (mut world, editor) = written(500_000);
    let question = Editor::new(1).state_vector();
    told(&mut world, &question);
    world.join(2, Y_WEBSOCKET);
    let author = Editor::new(22);
    author.applies(&editor.state());
    let edit = author.types("mine");
    world.update(2, &edit);
    let effects = world.send(2, PeerMessage::SyncStep1(question.clone()));
    for message in sent_to(&effects, 2) {
        if let ServerMessage::SyncStep2(update) | ServerMessage::Update(update) = message {
            let update = Update::decode_v1(&update).expect("an update");
            assert_eq!(
                update.state_vector().get(&ClientID::new(22)),
                0,
                "not yet durable"
            );
        }
    }
    assert_eq!(sent_to(&world.durable(), 2), [ServerMessage::Update(edit)]);
    assert_eq!(world.text(), author.text());
}

#[test]
fn a_lagging_reader_catches_up_with_the_edits_that_joiners_get_too() {
    let (mut world, editor) = written(500_000);
    let question = Editor::new(1).state_vector();
    told(&mut world, &question);
    world.join(2, Y_WEBSOCKET);
    world.update(1, &editor.types("a"));
    world.tell(Input::Lagging(PeerId(2)));
    let missed = [editor.types("b"), editor.types("c")];
    missed.iter().for_each(|edit| drop(world.update(1, edit)));
    let caught_up = sent_to(&world.tell(Input::Drained(PeerId(2))), 2);
    assert_eq!(caught_up, missed.map(ServerMessage::Update));
}

#[test]
fn a_snapshot_that_opens_cold_is_checked_for_holes() {
    let hole = Editor::new(11);
    hole.types("one");
    let second = hole.types("two");
    let update = Update::decode_v1(&second).expect("an update");
    let state = update.encode_v2();
    let mut body = vec![1];
    body.push(u8::try_from(state.len()).expect("short"));
    body.extend(&state);
    body.push(0);
    let parts = StoredParts {
        snapshots: vec![body.into()],
        updates: Vec::new(),
    };
    let opened = load(&parts, &Limits::default());
    assert!(opened.is_err() || opened.is_ok_and(|document| !document.is_cold()));
}
