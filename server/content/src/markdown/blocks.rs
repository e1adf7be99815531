//! Paragraphs, headings, lists, tables, code and quotes.

use serde_json::Value;

use super::inline::{self, escape, image, is, is_true, kind_of, label};
use crate::{
    html::callout,
    tree::{Element, Insert, Node, Run},
};

/// One block: its lines, and the kind of list that it is an item of.
struct Block {
    text: String,
    list: Option<List>,
    /// It is the first item of its list.
    begins: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Bullet,
    Number(u64),
    Task(bool),
}

impl List {
    fn marker(self) -> String {
        match self {
            Self::Bullet => "- ".to_owned(),
            Self::Number(number) => format!("{number}. "),
            Self::Task(done) => format!("- [{}] ", if done { 'x' } else { ' ' }),
        }
    }

    /// Whether a reader would take an item of the other for one more of this.
    fn runs_into(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Bullet | Self::Task(_), Self::Bullet | Self::Task(_))
                | (Self::Number(_), Self::Number(_))
        )
    }

    fn goes_on(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Bullet, Self::Bullet)
                | (Self::Number(_), Self::Number(_))
                | (Self::Task(_), Self::Task(_))
        )
    }
}

/// The Markdown of a whole tree.
pub(super) fn render(nodes: &[Node]) -> String {
    let mut blocks = Vec::new();
    push_all(nodes, &mut blocks);
    join(&blocks)
}

fn join(blocks: &[Block]) -> String {
    let mut text = String::new();
    let mut previous: Option<&Block> = None;
    for block in blocks {
        let of_both = |with: fn(List, List) -> bool| {
            let previous = previous.and_then(|previous| previous.list);
            let both = previous.zip(block.list);
            both.is_some_and(|(previous, list)| with(previous, list))
        };
        if previous.is_none() {
        } else if of_both(List::runs_into) && (block.begins || !of_both(List::goes_on)) {
            // A comment parts two lists, and nothing else does.
            text.push_str("\n\n<!-- -->\n\n");
        } else if of_both(List::goes_on) {
            text.push('\n');
        } else {
            text.push_str("\n\n");
        }
        match block.list {
            Some(list) => text.push_str(&item(list, &block.text)),
            None => text.push_str(&block.text),
        }
        previous = Some(block);
    }
    text
}

fn item(list: List, text: &str) -> String {
    let marker = list.marker();
    let width = if matches!(list, List::Task(_)) {
        2
    } else {
        marker.len()
    };
    let indented = text.replace('\n', &format!("\n{}", " ".repeat(width)));
    // Lines without text have no space either.
    let lines: Vec<&str> = indented.lines().map(str::trim_end).collect();
    format!("{marker}{}", lines.join("\n"))
}

fn plain_block(text: String) -> Block {
    Block {
        text,
        list: None,
        begins: false,
    }
}

fn push_all(nodes: &[Node], blocks: &mut Vec<Block>) {
    for node in nodes {
        match node {
            Node::Text(_) => push_text(&inline::render(std::slice::from_ref(node)), blocks),
            Node::Element(element) => push(element, blocks),
        }
    }
}

fn push_text(text: &str, blocks: &mut Vec<Block>) {
    if !text.is_empty() {
        blocks.push(plain_block(text.to_owned()));
    }
}

fn push(element: &Element, blocks: &mut Vec<Block>) {
    match kind_of(element).as_str() {
        "heading" => {
            let level = number(element, "level").clamp(1, 6) as usize;
            let text = inline::render(&element.children).replace("\\\n", " ");
            push_text(format!("{} {text}", "#".repeat(level)).trim_end(), blocks);
        }
        "bulletlist" | "tasklist" => list(element, List::Bullet, blocks),
        "orderedlist" => {
            let start = ["start", "order"]
                .iter()
                .find(|key| element.attributes.contains_key(**key));
            let start = start.map_or(1, |key| number(element, key));
            list(element, List::Number(start), blocks);
        }
        "blockquote" | "quote" | "callout" => {
            let kind = callout::of(element).map(|kind| format!("[!{}]\n", kind.in_markdown()));
            let inside = format!("{}{}", kind.unwrap_or_default(), inside(element));
            let lines = inside
                .lines()
                .map(|line| format!("> {line}").trim_end().to_owned());
            let lines: Vec<String> = lines.collect();
            push_text(&lines.join("\n"), blocks);
        }
        "codeblock" | "code" => blocks.push(plain_block(code(element))),
        "horizontalrule" | "divider" => push_text("---", blocks),
        "table" => push_text(&table(element), blocks),
        "image" => push_text(&image(&element.attributes), blocks),
        "blockgroup" => push_group(element, blocks),
        "bulletlistitem" | "numberedlistitem" | "checklistitem" => {
            let list = note_list(element, blocks).unwrap_or(List::Bullet);
            let text = inline::render(&element.children);
            blocks.push(Block {
                text,
                list: Some(list),
                begins: false,
            });
        }
        _ if has_text(element) => push_text(&inline::render(&element.children), blocks),
        _ if element.children.is_empty() => push_text(&escape(&label(&element.attributes)), blocks),
        _ => push_all(&element.children, blocks),
    }
}

/// Whether an element holds text itself, and not blocks.
fn has_text(element: &Element) -> bool {
    element.children.iter().any(|child| match child {
        Node::Text(_) => true,
        Node::Element(child) => is(child, "hardbreak"),
    })
}

fn inside(element: &Element) -> String {
    if has_text(element) {
        inline::render(&element.children)
    } else {
        render(&element.children)
    }
}

fn list(element: &Element, kind: List, blocks: &mut Vec<Block>) {
    let mut kind = kind;
    let mut begins = true;
    for child in &element.children {
        let Node::Element(item) = child else {
            push_all(std::slice::from_ref(child), blocks);
            continue;
        };
        let done = item.attributes.get("checked").map(is_true);
        let list = match (kind, is(item, "taskitem"), done) {
            (_, true, done) => List::Task(done.unwrap_or(false)),
            (List::Bullet, _, Some(done)) => List::Task(done),
            _ => kind,
        };
        let text = inside(item);
        blocks.push(Block {
            text,
            list: Some(list),
            begins: std::mem::take(&mut begins),
        });
        if let List::Number(number) = &mut kind {
            *number += 1;
        }
    }
}

/// BlockNote: containers of one block each, which may have a group of more below it.
fn push_group(group: &Element, blocks: &mut Vec<Block>) {
    for child in &group.children {
        let Node::Element(container) = child else {
            push_all(std::slice::from_ref(child), blocks);
            continue;
        };
        let before = blocks.len();
        for part in &container.children {
            match part {
                Node::Element(nested) if is(nested, "blockgroup") => {
                    let mut below = Vec::new();
                    push_group(nested, &mut below);
                    push_below(below, before, blocks);
                }
                other => push_all(std::slice::from_ref(other), blocks),
            }
        }
    }
}

/// What is below a list's item belongs into it; below anything else it follows.
fn push_below(below: Vec<Block>, owner: usize, blocks: &mut Vec<Block>) {
    match blocks.get_mut(owner..).and_then(<[Block]>::last_mut) {
        Some(block) if block.list.is_some() => {
            let tight = below.first().is_some_and(|first| first.list.is_some());
            block.text.push_str(if tight { "\n" } else { "\n\n" });
            block.text.push_str(&join(&below));
        }
        _ => blocks.extend(below),
    }
}

/// The list that a block of BlockNote is an item of; numbers go on from the block before.
fn note_list(element: &Element, blocks: &[Block]) -> Option<List> {
    match kind_of(element).as_str() {
        "bulletlistitem" => Some(List::Bullet),
        "checklistitem" => Some(List::Task(
            element.attributes.get("checked").is_some_and(is_true),
        )),
        "numberedlistitem" => {
            let before = blocks.last().and_then(|block| block.list);
            Some(List::Number(match before {
                Some(List::Number(number)) => number + 1,
                _ => number(element, "start").max(1),
            }))
        }
        _ => None,
    }
}

fn code(element: &Element) -> String {
    let text = inline::plain_nodes(&element.children);
    let keys = ["language", "params", "lang"];
    let mut languages = keys
        .iter()
        .filter_map(|key| element.attributes.get(*key)?.as_str());
    let language = languages.next().unwrap_or_default();
    fence(&text, language)
}

/// A fence that the code cannot end.
fn fence(text: &str, language: &str) -> String {
    let fence = "`".repeat(inline::longest_fence(text).max(2) + 1);
    let language = language.replace(['`', '\n'], "");
    format!(
        "{fence}{language}\n{}\n{fence}",
        text.trim_end_matches('\n')
    )
}

fn table(element: &Element) -> String {
    let elements = |nodes: &[Node]| -> Vec<Element> {
        let elements = nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element.clone()),
            Node::Text(_) => None,
        });
        elements.collect()
    };
    let rows: Vec<Vec<String>> = elements(&element.children)
        .iter()
        .map(|row| elements(&row.children).iter().map(cell).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let line = |cells: &[String]| {
        let missing = vec![String::new(); columns - cells.len()];
        format!("| {} |", [cells, &missing].concat().join(" | "))
    };
    let rule = vec!["---".to_owned(); columns];
    let mut lines: Vec<String> = rows.iter().map(|row| line(row)).collect();
    if columns > 0 {
        lines.insert(1.min(lines.len()), line(&rule));
    }
    lines.join("\n")
}

fn cell(element: &Element) -> String {
    let text = inside(element).replace('|', "\\|").replace("\\\n", "<br>");
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    lines.join("<br>")
}

fn number(element: &Element, key: &str) -> u64 {
    match element.attributes.get(key) {
        Some(Value::Number(number)) => number.as_u64().unwrap_or(1),
        Some(Value::String(text)) => text.parse().unwrap_or(1),
        _ => 1,
    }
}

/// A text of Quill: the marks of each line end say what the line is.
pub(super) fn of_text(runs: &[Run]) -> String {
    let mut blocks: Vec<Block> = Vec::new();
    let mut line: Vec<Run> = Vec::new();
    let mut code: Vec<String> = Vec::new();
    for run in runs {
        let Insert::Text(text) = &run.insert else {
            line.push(run.clone());
            continue;
        };
        for part in text.split_inclusive('\n') {
            let ended = part.ends_with('\n');
            let insert = Insert::Text(part.trim_end_matches('\n').to_owned());
            line.push(Run {
                insert,
                marks: run.marks.clone(),
            });
            if ended {
                end_line(&line, &run.marks, &mut code, &mut blocks);
                line.clear();
            }
        }
    }
    end_line(&line, &serde_json::Map::new(), &mut code, &mut blocks);
    join(&blocks)
}

fn end_line(
    line: &[Run],
    marks: &serde_json::Map<String, Value>,
    code: &mut Vec<String>,
    blocks: &mut Vec<Block>,
) {
    let of = |key: &str| marks.get(key).filter(|value| !value.is_null());
    if of("code-block").is_some_and(|value| *value != Value::Bool(false)) {
        return code.push(inline::plain(line));
    }
    if !code.is_empty() {
        blocks.push(plain_block(fence(&std::mem::take(code).join("\n"), "")));
    }
    let text = inline::render_runs(line);
    let list = match of("list").and_then(Value::as_str) {
        Some("ordered") => Some(List::Number(
            match blocks.last().and_then(|block| block.list) {
                Some(List::Number(number)) => number + 1,
                _ => 1,
            },
        )),
        Some("checked") => Some(List::Task(true)),
        Some("unchecked") => Some(List::Task(false)),
        Some(_) => Some(List::Bullet),
        None => None,
    };
    if let Some(level) = of("header").and_then(Value::as_u64) {
        push_text(
            format!("{} {text}", "#".repeat(level.clamp(1, 6) as usize)).trim_end(),
            blocks,
        );
    } else if of("blockquote").is_some_and(|value| *value != Value::Bool(false)) {
        push_text(&format!("> {text}"), blocks);
    } else if list.is_some() {
        blocks.push(Block {
            text,
            list,
            begins: false,
        });
    } else {
        push_text(&text, blocks);
    }
}
