//! BlockNote: one group of containers, each with one block and perhaps a group of more below it.
//! Lists are items without a list around them.

use serde_json::Value;

use crate::{Element, Node, align, markdown::is, text, tree::paragraph};

/// Whether these are the nodes of a document of BlockNote; then its containers.
pub fn of_group(nodes: &[Node]) -> Option<&Element> {
    match nodes {
        [Node::Element(group)] if group.name == "blockGroup" => Some(group),
        _ => None,
    }
}

/// Blocks in their containers.
pub fn containers(nodes: Vec<Node>) -> Vec<Node> {
    let mut out = Vec::new();
    for node in nodes {
        push(node, &mut out);
    }
    out
}

fn push(node: Node, out: &mut Vec<Node>) {
    let Node::Element(element) = node else {
        return out.push(container(
            Element::new("paragraph", vec![node]),
            Vec::new(),
            out.len(),
        ));
    };
    match element.name.as_str() {
        "blockContainer" => out.push(element.into()),
        "bulletList" => items(element, "bulletListItem", out),
        "orderedList" => items(element, "numberedListItem", out),
        "taskList" => items(element, "checkListItem", out),
        "blockquote" => {
            for child in element.children {
                match child {
                    Node::Element(line) if line.name == "paragraph" => {
                        let quote = Element {
                            name: "quote".into(),
                            ..line
                        };
                        out.push(container(quote, Vec::new(), out.len()));
                    }
                    other => push(other, out),
                }
            }
        }
        "horizontalRule" => out.push(container(
            Element::new("divider", Vec::new()),
            Vec::new(),
            out.len(),
        )),
        "image" => {
            let mut image = Element::new("image", Vec::new());
            for (ours, theirs) in [("src", "url"), ("alt", "name"), ("title", "caption")] {
                if let Some(value) = element.attributes.get(ours) {
                    image = image.with(theirs, value.clone());
                }
            }
            out.push(container(image, Vec::new(), out.len()));
        }
        "table" => out.push(container(table(element), Vec::new(), out.len())),
        _ => out.push(container(element, Vec::new(), out.len())),
    }
}

fn items(list: Element, name: &str, out: &mut Vec<Node>) {
    let start = list
        .attributes
        .get("start")
        .and_then(Value::as_u64)
        .filter(|start| *start != 1);
    for (at, item) in list.children.into_iter().enumerate() {
        let Node::Element(item) = item else { continue };
        let mut children = item.children.into_iter();
        let first = match children.next() {
            Some(Node::Element(first)) if is(&first, "paragraph") => first.children,
            Some(other) => vec![other],
            None => Vec::new(),
        };
        let mut block = Element::new(name, first);
        if let Some(checked) = item.attributes.get("checked") {
            block = block.with("checked", checked.clone());
        }
        if let Some(start) = start.filter(|_| at == 0) {
            block = block.with("start", start);
        }
        let below = containers(children.collect());
        out.push(container(block, below, out.len()));
    }
}

/// Cells hold one paragraph of another name there.
fn table(mut table: Element) -> Element {
    for row in &mut table.children {
        let Node::Element(row) = row else { continue };
        for cell in &mut row.children {
            let Node::Element(cell) = cell else { continue };
            let lines: Vec<String> = cell.children.iter().map(text::of_block).collect();
            let single = std::mem::take(&mut cell.children);
            let mut content = match single.as_slice() {
                [Node::Element(line)] if line.name == "paragraph" => line.children.clone(),
                _ => match paragraph(&lines.join(" ")) {
                    Node::Element(line) => line.children,
                    Node::Text(_) => Vec::new(),
                },
            };
            cell.children =
                vec![Element::new("tableParagraph", std::mem::take(&mut content)).into()];
        }
    }
    table
}

/// A container with an id of its own: made of what is in it and where it stands, as there is no
/// randomness here.
fn container(block: Element, below: Vec<Node>, at: usize) -> Node {
    let mut hasher = align::hasher();
    hasher.write(&(at, format!("{block:?}"), below.len()));
    let id = format!("{:016x}", hasher.end());
    let mut children = vec![block.into()];
    if !below.is_empty() {
        children.push(Element::new("blockGroup", below).into());
    }
    Element::new("blockContainer", children)
        .with("id", id)
        .into()
}
