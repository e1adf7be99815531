//! What is news in a page, edit by edit.

use unisson_content::{Content, Form, Root, facts};

use super::*;

fn facts_of(markdown: &str) -> Facts {
    let nodes = Form::Markdown.parse(markdown).expect("Markdown");
    let roots = [("default".to_owned(), Root::Tree(nodes))].into();
    facts(&Content { roots })
}

/// A page through its edits, and what each of them is told as.
fn told(edits: &[&str]) -> Vec<Vec<String>> {
    let mut memory = Memory::default();
    let mut all = Vec::new();
    for (at, markdown) in (1..).zip(edits) {
        let (now, found) = compare(&memory, &facts_of(markdown), at);
        let lines = found.iter().map(|found| match &found.kind {
            Kind::Named { person } => format!("named {person}"),
            Kind::Assigned { now, before, .. } => format!(
                "{}/{} was {}/{}",
                shown(now.assignee.as_ref()),
                shown(now.due.as_ref()),
                shown(before.assignee.as_ref()),
                shown(before.due.as_ref())
            ),
            Kind::Done { now, .. } => format!("{} did", shown(now.assignee.as_ref())),
        });
        all.push(lines.collect());
        // Found again, it is told again, under the same keys; looked at once more, it is no news.
        assert_eq!(compare(&memory, &facts_of(markdown), at).1, found);
        assert_eq!(
            compare(&now, &facts_of(markdown), at + 1),
            (now.clone(), Vec::new())
        );
        memory = now;
    }
    all
}

fn shown(text: Option<&String>) -> &str {
    text.map_or("-", String::as_str)
}

const ANN: &str = "[@Ann](/-/people/ann)";
const BOB: &str = "[@Bob](/-/people/bob)";
const FIRST: &str = "[1 December](/-/tasks?due=2026-12-01)";
const SECOND: &str = "[2 December](/-/tasks?due=2026-12-02)";

#[test]
fn a_task_is_news_when_it_gets_a_person_another_one_a_day_or_is_done() {
    let edits = [
        "- [ ] order leek\n".to_owned(),
        format!("- [ ] order leek {ANN}\n"),
        format!("- [ ] order leek {ANN} {FIRST}\n"),
        format!("- [ ] order leek {BOB} {FIRST}\n"),
        format!("- [ ] order more leek {BOB} {SECOND}\n"),
        format!("- [ ] order many leeks {BOB} {SECOND}\n"),
        format!("- [x] order many leeks {BOB} {SECOND}\n"),
        format!("- [ ] order many leeks {BOB} {SECOND}\n"),
        "- [ ] order many leeks\n".to_owned(),
    ];
    let edits: Vec<&str> = edits.iter().map(String::as_str).collect();
    let wanted: [&[&str]; 9] = [
        &[],
        &["named ann", "ann/- was -/-"],
        &["ann/2026-12-01 was ann/-"],
        &["named bob", "bob/2026-12-01 was ann/2026-12-01"],
        &["bob/2026-12-02 was bob/2026-12-01"],
        &[],
        &["bob did"],
        &[],
        &[],
    ];
    assert_eq!(told(&edits), wanted);
}

#[test]
fn each_of_several_tasks_is_itself_wherever_it_stands() {
    let before = format!("- [ ] wash {ANN}\n- [ ] cook {BOB}\n- [ ] wash\n");
    let after = format!("- [ ] shop\n- [x] cook {BOB}\n- [ ] wash {ANN}\n- [ ] wash {BOB}\n");
    let told = told(&[&before, &after]);
    assert_eq!(told[1], ["bob did", "bob/- was -/-"]);
}

#[test]
fn naming_somebody_is_news_once_for_as_long_as_they_stay_named() {
    let edits = [
        format!("Ask {ANN}.\n"),
        format!("Ask {ANN}, and {ANN} again.\n"),
        "Ask nobody.\n".to_owned(),
        format!("Ask {ANN} all the same.\n"),
    ];
    let edits: Vec<&str> = edits.iter().map(String::as_str).collect();
    let wanted: [&[&str]; 4] = [&["named ann"], &[], &[], &["named ann"]];
    assert_eq!(told(&edits), wanted);
}

#[test]
fn what_comes_again_has_another_key() {
    let open = facts_of(&format!("- [ ] wash {ANN}\n"));
    let done = facts_of(&format!("- [x] wash {ANN}\n"));
    let (memory, _) = compare(&Memory::default(), &open, 1);
    let (memory, first) = compare(&memory, &done, 2);
    let (memory, none) = compare(&memory, &open, 3);
    let (_, second) = compare(&memory, &done, 4);
    assert_eq!((first.len(), none.len(), second.len()), (1, 0, 1));
    assert_ne!(first[0].key, second[0].key);
}

#[test]
fn a_list_that_is_pasted_as_done_was_done_by_nobody_here() {
    assert_eq!(told(&["- [x] wash\n"])[0], Vec::<String>::new());
}
