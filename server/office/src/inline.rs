//! What stands in a line: text with marks, line breaks, pictures on their way to a block of their own.

use serde_json::{Map, Value, json};
use unisson_content::{Element, Insert, Mark, Node, Run, kind_of, label, marks_of};

/// How a piece of text looks.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Look {
    pub(crate) bold: bool,
    pub(crate) italic: bool,
    pub(crate) underline: bool,
    pub(crate) strike: bool,
    pub(crate) code: bool,
}

/// A link's target and title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) target: String,
    pub(crate) title: String,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Text(String, Look, Option<Link>),
    Break,
    /// A picture, which the editor has as a block.
    Block(Node),
}

/// The pieces of a block's inline content.
pub(crate) fn pieces(nodes: &[Node]) -> Vec<Piece> {
    let mut out = Vec::new();
    for node in nodes {
        match node {
            Node::Text(runs) => runs.iter().for_each(|run| push_run(run, &mut out)),
            Node::Element(element) => push_element(element, &mut out),
        }
    }
    out
}

fn push_run(run: &Run, out: &mut Vec<Piece>) {
    match &run.insert {
        Insert::Text(text) => {
            let (mut look, mut link) = (Look::default(), None);
            for mark in marks_of(&run.marks) {
                match mark {
                    Mark::Bold => look.bold = true,
                    Mark::Italic => look.italic = true,
                    Mark::Underline => look.underline = true,
                    Mark::Strike => look.strike = true,
                    Mark::Code => look.code = true,
                    Mark::Link(target, title) => link = Some(Link { target, title }),
                }
            }
            out.push(Piece::Text(text.clone(), look, link));
        }
        Insert::Embed(value) => out.push(plain(value.as_str().unwrap_or_default())),
        Insert::Node(node) => out.extend(pieces(std::slice::from_ref(node))),
    }
}

fn push_element(element: &Element, out: &mut Vec<Piece>) {
    match kind_of(element).as_str() {
        "hardbreak" => out.push(Piece::Break),
        "image" => out.push(Piece::Block(element.clone().into())),
        // A mention, or whatever it is: what it shows.
        _ if element.children.is_empty() => out.push(plain(&label(&element.attributes))),
        _ => out.extend(pieces(&element.children)),
    }
}

fn plain(text: &str) -> Piece {
    Piece::Text(text.to_owned(), Look::default(), None)
}

/// Inline content of pieces, text in as few runs as there are looks. Pictures must be out of it.
pub(crate) fn nodes(pieces: &[Piece]) -> Vec<Node> {
    let mut out: Vec<Node> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text, ..) if text.is_empty() => {}
            Piece::Text(text, look, link) => {
                let marks = marks(look, link.as_ref());
                let runs = match out.last_mut() {
                    Some(Node::Text(runs)) => runs,
                    _ => {
                        out.push(Node::Text(Vec::new()));
                        let Some(Node::Text(runs)) = out.last_mut() else {
                            continue;
                        };
                        runs
                    }
                };
                match runs.last_mut() {
                    Some(Run {
                        insert: Insert::Text(before),
                        marks: same,
                    }) if *same == marks => before.push_str(text),
                    _ => runs.push(Run {
                        insert: Insert::Text(text.clone()),
                        marks,
                    }),
                }
            }
            Piece::Break => out.push(Element::new("hardBreak", Vec::new()).into()),
            Piece::Block(_) => {}
        }
    }
    out
}

fn marks(look: &Look, link: Option<&Link>) -> Map<String, Value> {
    let mut marks = Map::new();
    for (name, is_on) in [
        ("bold", look.bold),
        ("italic", look.italic),
        ("underline", look.underline),
        ("strike", look.strike),
        ("code", look.code),
    ] {
        if is_on {
            marks.insert(name.to_owned(), json!({}));
        }
    }
    if let Some(link) = link {
        let value = match link.title.as_str() {
            "" => json!({ "href": link.target }),
            title => json!({ "href": link.target, "title": title }),
        };
        marks.insert("link".to_owned(), value);
    }
    marks
}

/// All letters of code, line breaks among them.
pub(crate) fn code(nodes: &[Node]) -> String {
    let mut text = String::new();
    for piece in pieces(nodes) {
        match piece {
            Piece::Text(more, ..) => text.push_str(&more),
            Piece::Break => text.push('\n'),
            Piece::Block(_) => {}
        }
    }
    text
}
