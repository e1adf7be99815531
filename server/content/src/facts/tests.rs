//! What is found, in pages as they are written.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Form, tree::paragraph};

fn of(markdown: &str) -> Facts {
    let nodes = Form::Markdown.parse(markdown).expect("Markdown");
    of_nodes(nodes)
}

fn of_nodes(nodes: Vec<Node>) -> Facts {
    let roots = [("default".to_owned(), Root::Tree(nodes))].into();
    facts(&Content { roots })
}

const PAGE: &str = "\
Intro with [Soups](/s/canteens/soups \"Soups\") and **[Bread](/s/canteens/-/new?title=Bread)**.

# Menus

## Soup & bread

- [ ] [@Ann Lee](/-/people/u1) orders leek by [1 December](/-/tasks?due=2026-12-01)

  [@Bob](/-/people/u2) helps
- [x] wash
- [ ] wash

[elsewhere](https://example.org/s/canteens/x), [a note](/d/notes/one)
";

#[test]
fn a_page_tells_its_headings_links_people_and_tasks() {
    let facts = of(PAGE);
    assert_eq!(facts.title.as_deref(), Some("Menus"));
    let headings: Vec<(u8, &str, &str)> = facts
        .headings
        .iter()
        .map(|heading| (heading.level, heading.id.as_str(), heading.text.as_str()))
        .collect();
    let wanted = [(1, "h-menus", "Menus"), (2, "h-soup-bread", "Soup & bread")];
    assert_eq!(headings, wanted);
    let links: Vec<(String, &str)> = facts
        .links
        .iter()
        .map(|link| (link.to.address(), link.text.as_str()))
        .collect();
    let wanted = [
        ("/s/canteens/soups".to_owned(), "Soups"),
        ("/s/canteens/-/new?title=Bread".to_owned(), "Bread"),
        ("/d/notes/one".to_owned(), "a note"),
    ];
    assert_eq!(links, wanted);
    let mentions: Vec<(&str, &str, &str)> = facts
        .mentions
        .iter()
        .map(|mention| {
            (
                mention.person.as_str(),
                mention.name.as_str(),
                mention.line.as_str(),
            )
        })
        .collect();
    let wanted = [
        ("u1", "Ann Lee", "@Ann Lee orders leek by 1 December"),
        ("u2", "Bob", "@Bob helps"),
    ];
    assert_eq!(mentions, wanted);
    let task = facts.tasks.first().expect("a task");
    assert_eq!(task.text, "@Ann Lee orders leek by 1 December");
    assert_eq!(task.bare, "orders leek by");
    assert_eq!(task.assignee.as_deref(), Some("u1"));
    assert_eq!(task.due.as_deref(), Some("2026-12-01"));
    let done: Vec<bool> = facts.tasks.iter().map(|task| task.done).collect();
    assert_eq!(done, [false, true, false]);
    assert!(facts.text.contains("wash"));
}

#[test]
fn a_task_keeps_its_id_when_others_come_before_it() {
    let before = of("- [ ] wash\n- [ ] cook\n- [ ] wash\n");
    let after = of("- [ ] shop\n- [x] cook\n- [ ] wash\n- [ ] wash\n");
    let ids = |facts: &Facts, words: &str| -> Vec<String> {
        let tasks = facts.tasks.iter().filter(|task| task.text == words);
        tasks.map(|task| task.id.clone()).collect()
    };
    assert_eq!(ids(&before, "wash"), ids(&after, "wash"));
    assert_eq!(ids(&before, "cook"), ids(&after, "cook"));
    let all: std::collections::BTreeSet<&String> =
        before.tasks.iter().map(|task| &task.id).collect();
    assert_eq!(all.len(), 3, "each has its own");
}

#[test]
fn a_page_without_headings_is_called_by_its_first_line() {
    assert_eq!(
        of("\n\nFirst\\\nline\n\nmore\n").title.as_deref(),
        Some("First")
    );
    assert_eq!(of("").title, None);
}

#[test]
fn a_mention_with_a_bold_part_is_one_mention() {
    let run = |text: &str, bold: bool| {
        let mut marks = serde_json::Map::new();
        marks.insert("link".into(), json!({ "href": "/-/people/u1" }));
        if bold {
            marks.insert("bold".into(), json!({}));
        }
        Run {
            marks,
            ..Run::plain(text)
        }
    };
    let text = Node::Text(vec![run("@An", false), run("n", true)]);
    let facts = of_nodes(vec![Element::new("paragraph", vec![text]).into()]);
    assert_eq!(facts.mentions.len(), 1);
    assert_eq!(facts.mentions[0].name, "Ann");
}

#[test]
fn what_is_found_is_bounded() {
    let item = |at: usize| {
        let text = paragraph(&format!("task {at}"));
        Node::from(Element::new("taskItem", vec![text]))
    };
    let list = Element::new("taskList", (0..EACH_MAX + 10).map(item).collect());
    let long = paragraph(&"é".repeat(TEXT_BYTES_MAX));
    let facts = of_nodes(vec![long, list.into()]);
    assert_eq!(facts.tasks.len(), EACH_MAX);
    assert_eq!(facts.text.len(), TEXT_BYTES_MAX);
    assert!(facts.title.expect("a line").len() <= LINE_BYTES_MAX);
}

proptest! {
    #[test]
    fn any_markdown_has_facts(text in "[-a-c#\\[\\]()x@/s?= \n]{0,80}") {
        let facts = of(&text);
        for heading in &facts.headings {
            prop_assert!(heading.id.starts_with("h-"));
        }
    }
}
