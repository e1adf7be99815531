//! Small changes of a tree, for whoever does not want to send all of it.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::{
    Element, Insert, Node, Run,
    markdown::{is, kind_of},
    normal::normal_runs,
    text,
};

/// Where the blocks below a heading are: from behind it to the next heading of its level or above.
/// The heading is the first that reads so, whatever its case and the space around it.
pub fn section(nodes: &[Node], heading: &str) -> Option<Range<usize>> {
    let reads = |text: &str| {
        text.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase()
    };
    let wanted = reads(heading);
    let level_of = |node: &Node| match node {
        Node::Element(element) if is(element, "heading") => {
            let level = element.attributes.get("level").and_then(Value::as_u64);
            Some(level.unwrap_or(1))
        }
        _ => None,
    };
    let at = nodes
        .iter()
        .position(|node| level_of(node).is_some() && reads(&text::of_block(node)) == wanted)?;
    let level = nodes.get(at).and_then(level_of)?;
    let ends = |node: &Node| level_of(node).is_some_and(|other| other <= level);
    let length = nodes.iter().skip(at + 1).position(ends);
    Some(at + 1..length.map_or(nodes.len(), |length| at + 1 + length))
}

/// Replaces a text wherever it stands in one piece; how often.
pub fn replace_text(nodes: &mut [Node], find: &str, with: &str, all: bool) -> usize {
    let mut count = 0;
    for node in nodes {
        if count > 0 && !all {
            break;
        }
        count += match node {
            Node::Element(Element { children, .. }) => replace_text(children, find, with, all),
            Node::Text(runs) => replace_in_runs(runs, find, with, all),
        };
    }
    count
}

/// The same in one text. What comes has the marks of the first letter of what goes.
pub fn replace_in_runs(runs: &mut Vec<Run>, find: &str, with: &str, all: bool) -> usize {
    if find.is_empty() {
        return 0;
    }
    let (mut out, mut count) = (Vec::new(), 0);
    let mut stretch: Vec<(char, &Map<String, Value>)> = Vec::new();
    let mut end = |stretch: &mut Vec<(char, &Map<String, Value>)>, out: &mut Vec<Run>| {
        let whole: String = stretch.iter().map(|(character, _)| character).collect();
        let (mut from, mut at) = (0, 0);
        let mut places = whole.match_indices(find).map(|(place, _)| place);
        let letters = find.chars().count();
        while let Some(place) = places.next().filter(|_| all || count == 0) {
            let before = whole.get(from..place).unwrap_or_default().chars().count();
            push(&stretch[at..at + before], out);
            at += before;
            let marks = stretch.get(at).map(|(_, marks)| (*marks).clone());
            out.push(Run {
                insert: Insert::Text(with.to_owned()),
                marks: marks.unwrap_or_default(),
            });
            (at, from) = (at + letters, place + find.len());
            count += 1;
        }
        push(stretch.get(at..).unwrap_or_default(), out);
        stretch.clear();
    };
    for run in runs.iter() {
        match &run.insert {
            Insert::Text(text) => {
                stretch.extend(text.chars().map(|character| (character, &run.marks)));
            }
            _ => {
                end(&mut stretch, &mut out);
                out.push(run.clone());
            }
        }
    }
    end(&mut stretch, &mut out);
    if count > 0 {
        *runs = normal_runs(&out);
    }
    count
}

fn push(stretch: &[(char, &Map<String, Value>)], out: &mut Vec<Run>) {
    let each = stretch.iter().map(|(character, marks)| Run {
        insert: Insert::Text(character.to_string()),
        marks: (*marks).clone(),
    });
    out.extend(normal_runs(&each.collect::<Vec<_>>()));
}

/// Whether somebody who opens the document sees nothing in these nodes: an empty paragraph is what
/// editors begin with.
pub fn is_blank(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| match node {
        Node::Text(runs) => normal_runs(runs).is_empty(),
        Node::Element(element) => {
            let holds = matches!(
                kind_of(element).as_str(),
                "paragraph" | "blockgroup" | "blockcontainer"
            );
            holds && is_blank(&element.children)
        }
    })
}
