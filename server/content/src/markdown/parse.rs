//! Markdown to nodes, by the names of TipTap's schema.

use std::collections::BTreeMap;

use comrak::{
    Arena, Options,
    nodes::{AstNode, ListType, NodeLink, NodeList, NodeValue},
    parse_document,
};
use serde_json::{Map, Value, json};

use crate::{
    Element, Insert, Node, ParseError, Run,
    form::NESTING_MAX,
    html::{self, callout::Callout, safe_image, safe_link},
    tree::paragraph,
};

type Marks = Map<String, Value>;

/// The nodes of a text.
pub(crate) fn parse(input: &str) -> Result<Vec<Node>, ParseError> {
    if input.lines().any(|line| markers(line) > NESTING_MAX) {
        return Err(ParseError::TooDeep);
    }
    let arena = Arena::new();
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.tasklist = true;
    options.extension.alerts = true;
    let root = parse_document(&arena, input, &options);
    blocks(root, 0)
}

/// How many quotes and lists a line begins or goes on with, at most: a parser's work grows with them
/// for each other one, so this is looked at first.
fn markers(line: &str) -> usize {
    let mut count = 0;
    let mut rest = line.trim_start();
    loop {
        let behind = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let behind = match behind.len() == rest.len() {
            true => rest.strip_prefix(['>', '-', '*', '+']),
            false => behind.strip_prefix(['.', ')']),
        };
        let quote = rest.starts_with('>');
        let item = |behind: &&str| quote || behind.is_empty() || behind.starts_with([' ', '\t']);
        let Some(behind) = behind.filter(item) else {
            return count;
        };
        (rest, count) = (behind.trim_start(), count + 1);
    }
}

fn blocks<'a>(parent: &'a AstNode<'a>, depth: usize) -> Result<Vec<Node>, ParseError> {
    if depth > NESTING_MAX {
        return Err(ParseError::TooDeep);
    }
    let mut nodes = Vec::new();
    for child in parent.children() {
        push_block(child, depth + 1, &mut nodes)?;
    }
    Ok(nodes)
}

fn push_block<'a>(
    node: &'a AstNode<'a>,
    depth: usize,
    nodes: &mut Vec<Node>,
) -> Result<(), ParseError> {
    let value = node.data.borrow().value.clone();
    match value {
        NodeValue::Paragraph => {
            let base = Element::new("paragraph", Vec::new());
            nodes.extend(with_inlines(base, inlines(node)?));
        }
        NodeValue::Heading(heading) => {
            let base = Element::new("heading", Vec::new()).with("level", heading.level);
            nodes.extend(with_inlines(base, inlines(node)?));
        }
        NodeValue::BlockQuote | NodeValue::MultilineBlockQuote(_) => {
            let children = or_empty(blocks(node, depth)?);
            nodes.push(Element::new("blockquote", children).into());
        }
        NodeValue::Alert(alert) => {
            let mut children = blocks(node, depth)?;
            // GitHub takes a title in the place of its own words; here it is a line like any other.
            if let Some(title) = &alert.title {
                children.insert(0, paragraph(title));
            }
            let quote = Element::new("blockquote", or_empty(children));
            nodes.push(Callout::of_alert(alert.alert_type).around(quote).into());
        }
        NodeValue::List(list) => nodes.push(to_list(node, &list, depth)?),
        NodeValue::CodeBlock(code) => {
            let language = code.info.split_whitespace().next().map(str::to_owned);
            let text = code.literal.strip_suffix('\n').unwrap_or(&code.literal);
            nodes.push(html::code_block(text, language));
        }
        NodeValue::HtmlBlock(block) => nodes.extend(html::parse(&block.literal)?),
        NodeValue::ThematicBreak => nodes.push(Element::new("horizontalRule", Vec::new()).into()),
        NodeValue::Table(_) => {
            let rows: Result<Vec<Node>, ParseError> = node.children().map(row).collect();
            nodes.push(Element::new("table", rows?).into());
        }
        _ => nodes.extend(blocks(node, depth)?),
    }
    Ok(())
}

/// A block that holds blocks holds at least an empty paragraph.
fn or_empty(blocks: Vec<Node>) -> Vec<Node> {
    match blocks.is_empty() {
        true => vec![paragraph("")],
        false => blocks,
    }
}

fn to_list<'a>(node: &'a AstNode<'a>, list: &NodeList, depth: usize) -> Result<Node, ParseError> {
    let is_task =
        |item: &'a AstNode<'a>| matches!(item.data.borrow().value, NodeValue::TaskItem(_));
    let tasks = node.children().any(is_task);
    let mut items = Vec::new();
    for item in node.children() {
        let children = html::item_content(blocks(item, depth)?);
        let done = match item.data.borrow().value {
            NodeValue::TaskItem(task) => task.symbol.is_some(),
            _ => false,
        };
        items.push(match tasks {
            true => Element::new("taskItem", children)
                .with("checked", done)
                .into(),
            false => Element::new("listItem", children).into(),
        });
    }
    Ok(match (tasks, list.list_type) {
        (true, _) => Element::new("taskList", items).into(),
        (false, ListType::Bullet) => Element::new("bulletList", items).into(),
        (false, ListType::Ordered) => html::ordered_list(items, list.start as u64),
    })
}

fn row<'a>(node: &'a AstNode<'a>) -> Result<Node, ParseError> {
    let is_header = matches!(node.data.borrow().value, NodeValue::TableRow(true));
    let name = if is_header {
        "tableHeader"
    } else {
        "tableCell"
    };
    let mut cells = Vec::new();
    for cell in node.children() {
        let content = with_inlines(Element::new("paragraph", Vec::new()), inlines(cell)?);
        cells.push(Element::new(name, or_empty(content)).into());
    }
    Ok(Element::new("tableRow", cells).into())
}

/// A block around its inlines. An image is a block of its own, so it parts what it stands in.
fn with_inlines(base: Element, inlines: Vec<Node>) -> Vec<Node> {
    let is_image = |node: &Node| matches!(node, Node::Element(element) if element.name == "image");
    if !inlines.iter().any(is_image) {
        let children = html::trimmed(inlines);
        return vec![Element { children, ..base }.into()];
    }
    let mut blocks = Vec::new();
    let mut around = Vec::new();
    for node in inlines {
        if is_image(&node) {
            push_around(&base, std::mem::take(&mut around), &mut blocks);
            blocks.push(node);
        } else {
            around.push(node);
        }
    }
    push_around(&base, around, &mut blocks);
    blocks
}

fn push_around(base: &Element, inlines: Vec<Node>, blocks: &mut Vec<Node>) {
    let children = html::trimmed(inlines);
    if !children.is_empty() {
        let block = Element {
            children,
            ..base.clone()
        };
        blocks.push(block.into());
    }
}

/// Text as it is put together, and the HTML tags that are open in it.
#[derive(Default)]
struct Line {
    nodes: Vec<Node>,
    tags: BTreeMap<&'static str, usize>,
}

impl Line {
    fn push(&mut self, text: &str, marks: &Marks) {
        if text.is_empty() {
            return;
        }
        let mut marks = marks.clone();
        for (mark, _) in self.tags.iter().filter(|(_, open)| **open > 0) {
            marks.insert((*mark).to_owned(), json!({}));
        }
        html::push_text(&mut self.nodes, text, marks);
    }

    fn tag(&mut self, tag: &str) {
        let name = tag.trim_matches(['<', '>', '/']).split_whitespace().next();
        let name = name
            .unwrap_or_default()
            .trim_end_matches('/')
            .to_ascii_lowercase();
        if name == "br" {
            return self
                .nodes
                .push(Element::new("hardBreak", Vec::new()).into());
        }
        let Some(mark) = html::mark_of_tag(&name) else {
            return;
        };
        let open = self.tags.entry(mark).or_default();
        *open = match tag.starts_with("</") {
            true => open.saturating_sub(1),
            false => *open + 1,
        };
    }
}

fn inlines<'a>(parent: &'a AstNode<'a>) -> Result<Vec<Node>, ParseError> {
    let mut line = Line::default();
    push_inlines(parent, &Marks::new(), 0, &mut line)?;
    Ok(line.nodes)
}

fn push_inlines<'a>(
    parent: &'a AstNode<'a>,
    marks: &Marks,
    depth: usize,
    line: &mut Line,
) -> Result<(), ParseError> {
    if depth > NESTING_MAX {
        return Err(ParseError::TooDeep);
    }
    let marked = |name: &str, value: Value| {
        let mut marks = marks.clone();
        marks.insert(name.to_owned(), value);
        marks
    };
    for node in parent.children() {
        let value = node.data.borrow().value.clone();
        let within = match value {
            NodeValue::Text(text) => {
                line.push(&text, marks);
                continue;
            }
            NodeValue::SoftBreak => {
                line.push(" ", marks);
                continue;
            }
            NodeValue::LineBreak => {
                line.nodes
                    .push(Element::new("hardBreak", Vec::new()).into());
                continue;
            }
            NodeValue::Code(code) => {
                line.push(&code.literal, &marked("code", json!({})));
                continue;
            }
            NodeValue::HtmlInline(tag) => {
                line.tag(&tag);
                continue;
            }
            NodeValue::Image(link) => {
                line.nodes.push(to_image(node, &link));
                continue;
            }
            NodeValue::Emph => marked("italic", json!({})),
            NodeValue::Strong => marked("bold", json!({})),
            NodeValue::Strikethrough => marked("strike", json!({})),
            NodeValue::Link(link) => match safe_link(&link.url) {
                Some(href) => marked("link", html::link(&href, Some(&link.title))),
                None => marks.clone(),
            },
            _ => marks.clone(),
        };
        push_inlines(node, &within, depth + 1, line)?;
    }
    Ok(())
}

fn to_image<'a>(node: &'a AstNode<'a>, link: &NodeLink) -> Node {
    let mut alt = String::new();
    for part in node.descendants() {
        match &part.data.borrow().value {
            NodeValue::Text(text) => alt.push_str(text),
            NodeValue::Code(code) => alt.push_str(&code.literal),
            NodeValue::SoftBreak | NodeValue::LineBreak => alt.push(' '),
            _ => {}
        }
    }
    match safe_image(&link.url) {
        Some(source) => html::image(source, &alt, &link.title),
        // An address that may not be loaded leaves the words.
        None => Node::Text(vec![Run {
            insert: Insert::Text(alt),
            marks: Marks::new(),
        }]),
    }
}
