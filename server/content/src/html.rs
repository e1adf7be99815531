//! HTML in and out.
//!
//! What comes in is sanitised before it is parsed, and only elements, attributes and addresses that
//! have a place in the tree are taken from it. What goes out is escaped, and its addresses are
//! looked at again: a document may hold whatever a client wrote.

mod address;
pub(crate) mod callout;
pub(crate) mod page;
mod read;
mod render;

use serde_json::{Map, Value, json};

use crate::{Element, Insert, Node, Run, tree::paragraph};

pub(crate) use address::{safe_image, safe_link};
pub(crate) use read::parse;
pub(crate) use render::{of_text, render};

/// The mark of a tag.
pub(crate) fn mark_of_tag(tag: &str) -> Option<&'static str> {
    Some(match tag {
        "strong" | "b" => "bold",
        "em" | "i" => "italic",
        "u" | "ins" => "underline",
        "s" | "del" | "strike" => "strike",
        "code" | "kbd" | "samp" | "tt" => "code",
        _ => return None,
    })
}

/// A link's value.
pub(crate) fn link(href: &str, title: Option<&str>) -> Value {
    match title.filter(|title| !title.is_empty()) {
        Some(title) => json!({ "href": href, "title": title }),
        None => json!({ "href": href }),
    }
}

/// An image.
pub(crate) fn image(source: String, alt: &str, title: &str) -> Node {
    let mut image = Element::new("image", Vec::new()).with("src", source);
    for (key, value) in [("alt", alt), ("title", title)] {
        if !value.is_empty() {
            image = image.with(key, value);
        }
    }
    image.into()
}

/// Code in a block of its own.
pub(crate) fn code_block(text: &str, language: Option<String>) -> Node {
    let children = match text {
        "" => Vec::new(),
        text => vec![Node::Text(vec![Run::plain(text)])],
    };
    let code = Element::new("codeBlock", children);
    match language.filter(|language| !language.is_empty()) {
        Some(language) => code.with("language", language).into(),
        None => code.into(),
    }
}

/// A numbered list.
pub(crate) fn ordered_list(items: Vec<Node>, start: u64) -> Node {
    // 1 is what a list begins with anyway, but the editors' schema stores it.
    Element::new("orderedList", items)
        .with("start", start)
        .into()
}

/// What is in a list's item: a paragraph first.
pub(crate) fn item_content(mut blocks: Vec<Node>) -> Vec<Node> {
    let begins = matches!(blocks.first(), Some(Node::Element(first)) if first.name == "paragraph");
    if !begins {
        blocks.insert(0, paragraph(""));
    }
    blocks
}

/// Adds text to the run before where the marks are the same.
pub(crate) fn push_text(nodes: &mut Vec<Node>, text: &str, marks: Map<String, Value>) {
    if let Some(Node::Text(runs)) = nodes.last_mut() {
        if let Some(Run {
            insert: Insert::Text(before),
            marks: same,
        }) = runs.last_mut()
            && *same == marks
        {
            before.push_str(text);
            return;
        }
        runs.push(Run {
            insert: Insert::Text(text.to_owned()),
            marks,
        });
        return;
    }
    nodes.push(Node::Text(vec![Run {
        insert: Insert::Text(text.to_owned()),
        marks,
    }]));
}

/// Inlines without space at their ends and around line breaks: nobody sees it, and neither form
/// keeps it.
pub(crate) fn trimmed(mut inlines: Vec<Node>) -> Vec<Node> {
    let is_break = |node: Option<&Node>| match node {
        None => true,
        Some(Node::Element(element)) => element.name == "hardBreak",
        Some(Node::Text(_)) => false,
    };
    for at in 0..inlines.len() {
        let first = at == 0 || is_break(inlines.get(at - 1));
        let last = is_break(inlines.get(at + 1));
        if let Some(Node::Text(runs)) = inlines.get_mut(at) {
            trim(runs, first, last);
        }
    }
    inlines.retain(|node| !matches!(node, Node::Text(runs) if runs.is_empty()));
    // A break at the very end breaks nothing.
    while !inlines.is_empty()
        && matches!(inlines.last(), Some(Node::Element(e)) if e.name == "hardBreak")
    {
        inlines.pop();
    }
    inlines
}

fn trim(runs: &mut Vec<Run>, start: bool, end: bool) {
    while start
        && let Some(Run {
            insert: Insert::Text(text),
            ..
        }) = runs.first_mut()
    {
        *text = text.trim_start_matches([' ', '\t', '\n']).to_owned();
        if !text.is_empty() {
            break;
        }
        runs.remove(0);
    }
    while end
        && let Some(Run {
            insert: Insert::Text(text),
            ..
        }) = runs.last_mut()
    {
        text.truncate(text.trim_end_matches([' ', '\t', '\n']).len());
        if !text.is_empty() {
            break;
        }
        runs.pop();
    }
}
