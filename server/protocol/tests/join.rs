//! Joined updates say what the single ones said.

mod support;

use bytes::Bytes;
use proptest::prelude::*;
use support::{fixture, hex, list};
use unisson_protocol::scan::{self, Parts, join};
use yrs::{
    Any, Array, ClientID, Doc, GetString, Map, OffsetKind, Options, ReadTxn, Snapshot, Text,
    Transact, Update, types::ToJson, updates::decoder::Decode,
};

/// One edit of one of several people.
#[derive(Debug, Clone)]
enum Edit {
    Type(usize, u32, String),
    Delete(usize, u32),
    Set(usize, u8, String),
    Push(usize, i64),
}

fn edit() -> impl Strategy<Value = Edit> {
    let text = "[a-zé🙂]{1,6}";
    prop_oneof![
        (0..3_usize, any::<u32>(), text).prop_map(|(who, at, text)| Edit::Type(who, at, text)),
        (0..3_usize, any::<u32>()).prop_map(|(who, at)| Edit::Delete(who, at)),
        (0..3_usize, 0..3_u8, text).prop_map(|(who, key, text)| Edit::Set(who, key, text)),
        (0..3_usize, any::<i64>()).prop_map(|(who, value)| Edit::Push(who, value)),
    ]
}

fn doc(client_id: u64) -> Doc {
    let mut options = Options::with_client_id(ClientID::new(client_id));
    options.offset_kind = OffsetKind::Utf16;
    let doc = Doc::with_options(options);
    doc.get_or_insert_text("t");
    doc.get_or_insert_map("m");
    doc.get_or_insert_array("a");
    doc
}

fn perform(people: &[Doc], edit: &Edit) -> Bytes {
    let (Edit::Type(who, ..) | Edit::Delete(who, ..) | Edit::Set(who, ..) | Edit::Push(who, ..)) =
        edit;
    let doc = &people[*who];
    let text = doc.get_or_insert_text("t");
    let map = doc.get_or_insert_map("m");
    let array = doc.get_or_insert_array("a");
    let mut txn = doc.transact_mut();
    let len = text.len(&txn);
    match edit {
        // At the ends only: an offset inside a pair of surrogates is no place.
        Edit::Type(_, at, content) if at % 2 == 0 => text.push(&mut txn, content),
        Edit::Type(_, _, content) => text.insert(&mut txn, 0, content),
        Edit::Delete(..) if len == 0 => {}
        Edit::Delete(_, at) if at % 3 == 0 => text.remove_range(&mut txn, 0, len),
        Edit::Delete(..) => {
            let len = array.len(&txn).min(1);
            array.remove_range(&mut txn, 0, len);
        }
        Edit::Set(_, key, value) => {
            map.insert(&mut txn, key.to_string(), value.as_str());
        }
        Edit::Push(_, value) => {
            array.push_back(&mut txn, *value);
        }
    }
    Bytes::from(txn.encode_update_v1())
}

fn apply(doc: &Doc, update: &[u8]) {
    let update = Update::decode_v1(update).expect("an update");
    doc.transact_mut().apply_update(update).expect("applies");
}

/// What a document says, however its structs are put together in memory: its clocks, its deletions,
/// and the contents that a person sees.
fn said(doc: &Doc) -> (Snapshot, String, Any, Any) {
    let text = doc.get_or_insert_text("t");
    let map = doc.get_or_insert_map("m");
    let array = doc.get_or_insert_array("a");
    let txn = doc.transact();
    (
        txn.snapshot(),
        text.get_string(&txn),
        map.to_json(&txn),
        array.to_json(&txn),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_document_ends_the_same_whether_updates_come_joined_or_single(
        edits in prop::collection::vec((edit(), any::<bool>()), 1..40),
        cuts in prop::collection::vec(1..9_usize, 40),
    ) {
        let people = [doc(3), doc(1 << 40), doc(77)];
        let mut updates: Vec<Bytes> = Vec::new();
        let mut known = [0; 3];
        for (edit, exchanges) in &edits {
            updates.push(perform(&people, edit));
            if *exchanges {
                for (person, known) in people.iter().zip(&mut known) {
                    updates[*known..].iter().for_each(|update| apply(person, update));
                    *known = updates.len();
                }
            }
        }
        let (single, joined) = (doc(1), doc(1));
        updates.iter().for_each(|update| apply(&single, update));
        let mut rest = &updates[..];
        for cut in cuts {
            let (batch, later) = rest.split_at(cut.min(rest.len()));
            rest = later;
            let parts: Vec<Parts> = batch.iter().map(|u| Parts::of(u.clone()).expect("parts")).collect();
            let update = join(&parts).expect("the clocks follow on one another");
            let scan = scan::update_v1(&update).expect("a sound update");
            let structs: usize = batch.iter().map(|u| scan::update_v1(u).expect("sound").structs).sum();
            prop_assert_eq!(scan.structs, structs);
            apply(&joined, &update);
            prop_assert!(!joined.transact().has_missing_updates());
        }
        updates[updates.len() - rest.len()..].iter().for_each(|update| apply(&joined, update));
        prop_assert_eq!(said(&joined), said(&single));
    }
}

#[test]
fn an_update_of_yjs_joined_with_nothing_says_the_same() {
    for case in list(&fixture("updates")) {
        let update = hex(&case["hex"]);
        let parts = Parts::of(update.clone()).expect("an update of Yjs");
        let Some(joined) = join([&parts]) else {
            continue;
        };
        let (before, after) = (scan::update_v1(&update), scan::update_v1(&joined));
        let (before, after) = (before.expect("sound"), after.expect("sound"));
        assert_eq!(before.inserts, after.inserts);
        assert_eq!(before.structs, after.structs);
        let (one, other) = (doc(1), doc(1));
        apply(&one, &update);
        apply(&other, &joined);
        assert_eq!(said(&one), said(&other));
    }
}

#[test]
fn what_does_not_follow_on_is_not_joined() {
    let people = [doc(3)];
    let type_one = || perform(&people, &Edit::Type(0, 0, "a".into()));
    let [first, second, third] = [type_one(), type_one(), type_one()];
    let parts = |update: &Bytes| Parts::of(update.clone()).expect("parts");
    let [first, second, third] = [&first, &second, &third].map(parts);
    assert_eq!(join([&first, &third]), None, "a hole");
    assert_eq!(join([&second, &first]), None, "the wrong order");
    assert_eq!(join([&first, &first]), None, "the same again");
    assert!(join([&first, &second, &third]).is_some());
}
