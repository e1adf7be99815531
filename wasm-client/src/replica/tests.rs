//! What a replica promises.
#![expect(clippy::unwrap_used, reason = "a test that fails should say where")]

use yrs::Any;

use super::*;

fn replica(client_id: u64) -> Replica {
    Replica::new(client_id).expect("a new document is free")
}

fn text(replica: &mut Replica) -> String {
    replica.root(Kind::Text, "text").expect("a text")
}

fn updates(replica: &mut Replica) -> Vec<Vec<u8>> {
    let changes = replica.take_changes();
    changes.into_iter().map(|change| change.update).collect()
}

fn any(value: impl Into<Any>) -> Vec<u8> {
    value::encode(&value.into())
}

#[test]
fn edits_of_two_replicas_meet() {
    let (mut ann, mut bob) = (replica(1), replica(2));
    let id = text(&mut ann);
    text(&mut bob);
    ann.text_insert(None, &id, 0, "Wash your hands", &[])
        .unwrap();
    for update in updates(&mut ann) {
        assert!(bob.apply(&update, "server").unwrap());
    }
    bob.text_delete(None, &id, 0, 5).unwrap();
    for change in bob.take_changes().iter().skip(1) {
        assert!(ann.apply(&change.update, "server").unwrap());
    }
    assert_eq!(ann.text_string(&id).unwrap(), "your hands");
    assert_eq!(ann.state_vector(), bob.state_vector());
}

#[test]
fn no_position_outside_a_type_reaches_yrs() {
    let mut ann = replica(1);
    let id = text(&mut ann);
    ann.text_insert(None, &id, 0, "abc", &[]).unwrap();
    let list = ann.root(Kind::Array, "list").unwrap();
    let out =
        |result: Result<(), ReplicaError>| matches!(result, Err(ReplicaError::OutOfRange { .. }));
    assert!(out(ann.text_insert(None, &id, 4, "x", &[])));
    assert!(out(ann.text_delete(None, &id, 2, 2)));
    assert!(out(ann.text_delete(None, &id, u32::MAX, u32::MAX)));
    assert!(out(ann.text_format(
        None,
        &id,
        0,
        4,
        &any(value::object([]))
    )));
    assert!(out(ann.sequence_insert(
        None,
        &list,
        1,
        &any(value::list([value::number(1)]))
    )));
    assert!(out(ann.sequence_delete(None, &list, 0, 1)));
    let beyond = value::list([value::object([("retain".into(), value::number(9))])]);
    assert!(out(ann.text_apply_delta(None, &id, &any(beyond))));
    assert!(ann.position(&id, 4, true).is_err());
    assert_eq!(
        ann.text_string(&id).unwrap(),
        "abc",
        "and nothing has changed"
    );
}

#[test]
fn what_is_deleted_or_of_another_kind_is_an_error() {
    let mut ann = replica(1);
    let map = ann.root(Kind::Map, "map").unwrap();
    ann.map_set_type(None, &map, "text", Kind::Text, "")
        .unwrap();
    let nested = "1:0";
    ann.text_insert(None, nested, 0, "abc", &[]).unwrap();
    assert!(matches!(
        ann.sequence_len(nested),
        Err(ReplicaError::Node(NodeError::OtherKind))
    ));
    ann.map_delete(None, &map, "text").unwrap();
    assert!(matches!(
        ann.text_len(nested),
        Err(ReplicaError::Node(NodeError::Gone))
    ));
    assert!(matches!(
        ann.text_len("nonsense"),
        Err(ReplicaError::Node(NodeError::BadId))
    ));
    assert!(matches!(
        ann.root(Kind::Text, "map"),
        Err(ReplicaError::Node(NodeError::OtherKind))
    ));
}

#[test]
fn an_update_behind_a_hole_is_left_out() {
    let (mut ann, mut bob) = (replica(1), replica(2));
    let id = text(&mut ann);
    for chunk in ["a", "b", "c"] {
        ann.text_insert(None, &id, 0, chunk, &[]).unwrap();
    }
    let all = updates(&mut ann);
    assert!(bob.apply(&all[0], "server").unwrap());
    assert!(!bob.apply(&all[2], "server").unwrap());
    assert!(bob.take_changes().len() == 1);
    assert!(bob.apply(&all[1], "server").unwrap());
    assert!(bob.apply(&all[2], "server").unwrap());
    text(&mut bob);
    assert_eq!(bob.text_string(&id).unwrap(), "cba");
}

#[test]
fn malformed_bytes_are_errors() {
    let mut ann = replica(1);
    let id = text(&mut ann);
    assert!(ann.apply(&[1, 2, 3], "server").is_err());
    assert!(ann.apply_v2(&[9, 9, 9], "server").is_err());
    assert!(ann.diff(&[200]).is_err());
    assert!(ann.resolve_position(&[255]).is_err());
    assert!(ann.text_embed(None, &id, 0, &[1], &[]).is_err());
    assert!(
        ann.text_apply_delta(None, &id, &any(value::number(1)))
            .is_err()
    );
}

#[test]
fn undo_takes_back_own_edits_only_and_joins_those_of_one_moment() {
    let (mut ann, mut bob) = (replica(1), replica(2));
    let id = text(&mut ann);
    let undo = ann
        .undo_manager(std::slice::from_ref(&id), &[], 500)
        .unwrap();
    ann.set_time(1_000);
    ann.text_insert(None, &id, 0, "ab", &[]).unwrap();
    ann.text_insert(None, &id, 2, "c", &[]).unwrap();
    text(&mut bob);
    for update in updates(&mut ann) {
        bob.apply(&update, "server").unwrap();
    }
    bob.take_changes();
    bob.text_insert(None, &id, 0, "bob ", &[]).unwrap();
    for update in updates(&mut bob) {
        ann.apply(&update, "server").unwrap();
    }
    ann.set_time(9_000);
    ann.text_insert(None, &id, 7, "!", &[]).unwrap();
    assert_eq!(
        ann.undo_sizes(undo).unwrap(),
        UndoSizes { undo: 2, redo: 0 }
    );
    assert!(ann.undo(undo, false).unwrap());
    assert_eq!(ann.text_string(&id).unwrap(), "bob abc");
    assert!(ann.undo(undo, false).unwrap());
    assert_eq!(ann.text_string(&id).unwrap(), "bob ");
    assert!(ann.undo(undo, true).unwrap());
    assert_eq!(ann.text_string(&id).unwrap(), "bob abc");
    assert!(ann.undo(99, false).is_err());
}

#[test]
fn events_wait_until_they_are_fetched() {
    let mut ann = replica(1);
    let id = text(&mut ann);
    ann.observe(&id, 7).unwrap();
    ann.text_insert(None, &id, 0, "abc", &[]).unwrap();
    let events = ann.take_events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].observer, 7);
    assert!(value::decode_list(&events[0].bytes).is_ok());
    assert!(ann.take_events().is_empty());
    ann.unobserve(&id, 7).unwrap();
    ann.text_insert(None, &id, 0, "d", &[]).unwrap();
    assert!(ann.take_events().is_empty());
}

#[test]
fn a_position_stays_with_its_text() {
    let mut ann = replica(1);
    let id = text(&mut ann);
    let empty = ann.position(&id, 0, true).unwrap();
    assert!(ann.resolve_position(&empty).unwrap().is_some());
    ann.text_insert(None, &id, 0, "abc", &[]).unwrap();
    let after_b = ann.position(&id, 2, true).unwrap();
    ann.text_insert(None, &id, 0, "more ", &[]).unwrap();
    let found = value::decode_list(&ann.resolve_position(&after_b).unwrap().unwrap()).unwrap();
    assert_eq!(found[1], value::number(7));
}

#[test]
fn half_of_a_surrogate_pair_does_no_harm() {
    let mut ann = replica(1);
    let id = text(&mut ann);
    ann.text_insert(None, &id, 0, "a🙂b", &[]).unwrap();
    ann.text_insert(None, &id, 2, "x", &[]).unwrap();
    ann.text_delete(None, &id, 1, 1).unwrap();
    let mut bob = replica(2);
    text(&mut bob);
    for update in updates(&mut ann) {
        assert!(bob.apply(&update, "server").unwrap());
    }
    assert_eq!(ann.text_string(&id).unwrap(), bob.text_string(&id).unwrap());
}

#[test]
fn a_step_of_undo_is_told_when_it_comes_and_when_it_is_taken() {
    let mut ann = replica(1);
    let id = text(&mut ann);
    ann.set_time(1);
    let manager = ann
        .undo_manager(std::slice::from_ref(&id), &["mine".to_owned()], 0)
        .unwrap();
    ann.text_insert(None, &id, 0, "theirs", &[]).unwrap();
    assert_eq!(ann.undo_steps(manager).unwrap(), []);
    ann.text_insert(Some("mine"), &id, 0, "a", &[]).unwrap();
    assert_eq!(ann.undo_steps(manager).unwrap(), [UndoStep::Added(1)]);
    assert!(ann.undo(manager, false).unwrap());
    assert_eq!(
        ann.undo_steps(manager).unwrap(),
        [UndoStep::Added(2), UndoStep::Taken(1)]
    );
    assert!(ann.undo(manager, true).unwrap());
    assert_eq!(
        ann.undo_steps(manager).unwrap(),
        [UndoStep::Added(3), UndoStep::Taken(2)]
    );
}

#[test]
fn an_earlier_state_is_shown_from_its_snapshot() {
    let mut ann = Replica::keeping_deleted(1).unwrap();
    let id = text(&mut ann);
    ann.text_insert(None, &id, 0, "before", &[]).unwrap();
    let snapshot = ann.snapshot().unwrap();
    ann.text_delete(None, &id, 0, 6).unwrap();
    ann.text_insert(None, &id, 0, "after", &[]).unwrap();
    let mut then = replica(2);
    then.apply(&ann.state_at(&snapshot).unwrap(), "past")
        .unwrap();
    let id = text(&mut then);
    assert_eq!(then.text_string(&id).unwrap(), "before");
}

#[test]
fn no_snapshot_ends_a_document() {
    let mut ann = Replica::keeping_deleted(1).unwrap();
    let id = text(&mut ann);
    ann.text_insert(None, &id, 0, "abc", &[]).unwrap();
    let malformed = |result| matches!(result, Err(ReplicaError::Malformed("snapshot")));
    assert!(malformed(ann.state_at(&[255, 255])));
    // An empty set of deletions, then clients and clocks: more than is there, and none.
    assert!(malformed(ann.state_at(&[0, 1, 1, 99])));
    assert!(ann.state_at(&[0, 1, 1, 0]).is_ok());
    assert!(ann.state_at(&[0, 1, 7, 0]).is_ok());
    assert!(matches!(
        replica(2).state_at(&[0, 0]),
        Err(ReplicaError::NoPast)
    ));
}

#[test]
fn a_type_says_what_it_is_inside_of() {
    let mut ann = replica(1);
    let kind_and_id = |bytes: &[u8]| match value::decode(bytes).unwrap() {
        Any::Array(parts) => match (&parts[1], &parts[2]) {
            (Any::Number(kind), Any::String(id)) => (format!("{kind:?}"), id.to_string()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let fragment = ann.root(Kind::XmlFragment, "page").unwrap();
    let element = ann
        .sequence_insert_type(None, &fragment, 0, Kind::XmlElement, "paragraph")
        .unwrap();
    let (_, element) = kind_and_id(&element);
    let map = ann.root(Kind::Map, "map").unwrap();
    let list = ann
        .map_set_type(None, &map, "list", Kind::Array, "")
        .unwrap();
    let (_, list) = kind_and_id(&list);
    let inner = ann
        .sequence_insert_type(None, &list, 0, Kind::Text, "")
        .unwrap();
    let (_, inner) = kind_and_id(&inner);
    let parent = |id: &str| {
        let parent = ann.parent(id).unwrap();
        parent.map(|bytes| kind_and_id(&bytes).1)
    };
    assert_eq!(parent(&fragment), None);
    assert_eq!(parent(&element), Some(fragment.clone()));
    assert_eq!(parent(&inner), Some(list.clone()));
    assert_eq!(parent(&list), Some(map.clone()));
    assert!(ann.parent("9:9").is_err());
}
