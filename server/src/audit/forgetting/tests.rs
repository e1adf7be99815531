//! People leave the log, nothing else does, and two who forget at once lose nothing.

use std::collections::BTreeMap;

use unisson_storage::StoreSettings;

use super::*;
use crate::audit::{
    check::check,
    line::{Content, Head, Personal, Verdict},
};

fn content(at_ms: u64, person: &str) -> Content {
    Content {
        at_ms,
        action: "access",
        verdict: Verdict::Done,
        document: Some("menus".into()),
        space: None,
        detail: BTreeMap::new(),
        who: Some(Personal {
            salt: "5a".into(),
            id: Some(person.into()),
            name: None,
            address: None,
        }),
        about: None,
    }
}

async fn put(journal: &Journal, head: &mut Head, people: &[(u64, &str)]) -> (Segment, Bytes) {
    let (mut text, mut lines) = (Vec::new(), Vec::new());
    for (at_ms, person) in people {
        let line = head.append(content(*at_ms, person));
        lines.push((line.seq, line.at_ms));
        text.extend_from_slice(&line.text());
        text.push(b'\n');
    }
    let segment = Segment::of("n/e", &lines, text.len() as u64);
    let body = Bytes::from(text);
    journal
        .put(&segment.name(), body.clone())
        .await
        .expect("put");
    (segment, body)
}

async fn whole(journal: &Journal) -> String {
    let mut text = String::new();
    for object in journal.list().await.expect("listed") {
        let body = journal.get(&object.name).await.expect("read");
        text += std::str::from_utf8(&body.expect("there")).expect("text");
    }
    text
}

fn of(people: &[&str], at_ms: u64) -> Passed {
    let demands = people.iter().map(|person| Demand::new(person, at_ms));
    Passed {
        demands: demands.map(|demand| demand.expect("randomness")).collect(),
        clean: BTreeSet::new(),
    }
}

async fn log() -> (tempfile::TempDir, Store, Journal) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(StoreSettings::new(folder.path())).await;
    let store = store.expect("opened");
    let journal = store.journal("audit");
    (folder, store, journal)
}

#[tokio::test]
async fn a_person_leaves_lines_of_their_time_and_nobody_else_does() {
    let (_folder, store, journal) = log().await;
    let mut head = Head::default();
    put(&journal, &mut head, &[(1, "ann"), (2, "bob")]).await;
    put(&journal, &mut head, &[(3, "bob"), (9, "ann")]).await;
    let mut passed = of(&["ann"], 5);
    let counted = pass(&journal, &mut passed, 0).await.expect("forgotten");
    assert_eq!((counted.lines, counted.objects), (1, 1));
    let text = whole(&journal).await;
    assert_eq!(text.matches("\"ann\"").count(), 1, "what came later stays");
    assert_eq!(text.matches("\"bob\"").count(), 2);
    let report = check(&journal, &[]).await.expect("read");
    assert!(report.findings.is_empty(), "{report:?}");
    assert_eq!((report.lines, report.forgotten), (4, 1));
    // Once more finds nothing to do.
    let again = pass(&journal, &mut passed, 0).await.expect("looked");
    assert_eq!(again, Counted::default());
    store.close().await.expect("closed");
}

#[tokio::test]
async fn two_who_forget_at_once_end_with_neither_person() {
    let (_folder, store, journal) = log().await;
    let mut head = Head::default();
    let (segment, before) = put(&journal, &mut head, &[(1, "ann"), (2, "bob")]).await;
    pass(&journal, &mut of(&["ann", "bob"], 5), 0)
        .await
        .expect("forgotten");
    // The other one has read before, knew of one person, and writes now.
    journal.put(&segment.name(), before).await.expect("put");
    let mut late = of(&["ann"], 5);
    pass(&journal, &mut late, 0).await.expect("forgotten");
    late = of(&["ann", "bob"], 5);
    pass(&journal, &mut late, 0).await.expect("forgotten");
    let text = whole(&journal).await;
    assert!(
        !text.contains("\"ann\"") && !text.contains("\"bob\""),
        "{text}"
    );
    let report = check(&journal, &[]).await.expect("read");
    assert!(report.findings.is_empty(), "{report:?}");
    assert_eq!(report.lines, 2);
    store.close().await.expect("closed");
}

#[tokio::test]
async fn what_a_larger_object_holds_goes_and_a_damaged_one_stays_with_it() {
    let (_folder, store, journal) = log().await;
    let mut head = Head::default();
    let (_, first) = put(&journal, &mut head, &[(1, "ann")]).await;
    let (_, second) = put(&journal, &mut head, &[(2, "bob")]).await;
    let merged = Segment::of("n/e", &[(1, 1), (2, 2)], 0);
    let body = [first, second].concat();
    let damaged = [b"x".as_slice(), &body].concat();
    journal
        .put(&merged.name(), Bytes::from(damaged))
        .await
        .expect("put");
    let outcome = pass(&journal, &mut of(&["ann"], 5), 0).await;
    assert!(matches!(outcome, Err(ForgetError::Broken(object, _)) if object == merged.name()));
    assert_eq!(journal.list().await.expect("listed").len(), 3, "evidence");

    journal
        .put(&merged.name(), Bytes::from(body))
        .await
        .expect("put");
    let counted = pass(&journal, &mut of(&["ann"], 5), 0).await;
    assert_eq!(counted.expect("forgotten").objects, 1);
    assert_eq!(journal.list().await.expect("listed").len(), 1);
    assert!(!whole(&journal).await.contains("\"ann\""));
    store.close().await.expect("closed");
}

#[test]
fn a_demand_names_nobody_and_goes_after_its_time() {
    let demand = Demand::new("agent-4711", 1_000).expect("randomness");
    let changes = added(&Entries::new(), &demand, 1_000).expect("room");
    let entries: Entries = changes
        .into_iter()
        .map(|(key, text)| (key, text.expect("JSON")))
        .collect();
    assert!(!format!("{entries:?}").contains("agent-4711"));
    assert_eq!(read(&entries), std::slice::from_ref(&demand));
    let other = Demand::new("bob", KEPT_MS + 1_000).expect("randomness");
    let changes = added(&entries, &other, KEPT_MS + 1_000).expect("room");
    assert_eq!(changes.len(), 2);
    assert!(changes.contains(&(format!("{KEY}{}", demand.salt), None)));
}
