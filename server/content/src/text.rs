//! Plain text: a block is a paragraph, with a blank line between two; a line break is a line break.

use crate::{Element, Insert, Node, Run, markdown::is, tree::paragraph};

/// The text of blocks.
pub(crate) fn of_nodes(nodes: &[Node]) -> String {
    let blocks: Vec<String> = nodes.iter().map(of_block).collect();
    let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
    blocks.join("\n\n").trim_end_matches('\n').to_owned()
}

/// The text of one block; of blocks inside it each has a line.
pub(crate) fn of_block(node: &Node) -> String {
    let mut text = String::new();
    push(node, &mut text);
    text
}

fn push(node: &Node, text: &mut String) {
    match node {
        Node::Text(runs) => text.push_str(&of_runs(runs)),
        Node::Element(element) if is(element, "hardbreak") => text.push('\n'),
        Node::Element(element) => {
            let mut previous = None;
            for child in &element.children {
                if previous.is_some_and(|before| is_block(before) || is_block(child)) {
                    text.push('\n');
                }
                push(child, text);
                previous = Some(child);
            }
        }
    }
}

/// Blocks are what holds something; what stands among text is empty or a break.
fn is_block(node: &Node) -> bool {
    match node {
        Node::Text(_) => false,
        Node::Element(element) => !element.children.is_empty() || is(element, "paragraph"),
    }
}

/// The characters of runs.
pub(crate) fn of_runs(runs: &[Run]) -> String {
    let parts = runs.iter().map(|run| match &run.insert {
        Insert::Text(text) => text.clone(),
        Insert::Embed(_) => String::new(),
        Insert::Node(node) => of_block(node),
    });
    parts.collect()
}

/// Paragraphs out of text.
pub(crate) fn parse(input: &str) -> Vec<Node> {
    let input = input
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\0', "\u{fffd}");
    let input = input.trim_matches('\n');
    if input.is_empty() {
        return Vec::new();
    }
    let mut nodes = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in input.split('\n') {
        if line.is_empty() && !lines.is_empty() {
            nodes.push(lines_of(&std::mem::take(&mut lines)));
        } else if !line.is_empty() {
            lines.push(line);
        }
    }
    if !lines.is_empty() {
        nodes.push(lines_of(&lines));
    }
    nodes
}

fn lines_of(lines: &[&str]) -> Node {
    let [line] = lines else {
        let mut children = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            if at > 0 {
                children.push(Element::new("hardBreak", Vec::new()).into());
            }
            children.push(Node::Text(vec![Run::plain(*line)]));
        }
        return Element::new("paragraph", children).into();
    };
    paragraph(line)
}
