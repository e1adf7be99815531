//! HTML to nodes.

use std::sync::OnceLock;

use ammonia::{Builder, UrlRelative};
use html5ever::{ParseOpts, parse_document, tendril::TendrilSink as _};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use serde_json::{Map, Value, json};

use super::{
    callout::Callout, code_block, image, item_content, link, mark_of_tag, ordered_list, push_text,
    safe_image, safe_link, trimmed,
};
use crate::{Element, Node, ParseError, form::NESTING_MAX};

/// How many levels of elements are looked into: some are not nodes.
const LEVELS_MAX: usize = 4 * NESTING_MAX;
/// Elements that need no end, so that many beginnings are not many levels.
const NO_END: [&str; 27] = [
    "area", "base", "br", "col", "colgroup", "dd", "dt", "embed", "hr", "img", "input", "li",
    "link", "meta", "optgroup", "option", "p", "param", "source", "tbody", "td", "tfoot", "th",
    "thead", "tr", "track", "wbr",
];

type Marks = Map<String, Value>;

/// The nodes of a text.
pub(crate) fn parse(input: &str) -> Result<Vec<Node>, ParseError> {
    if levels(input) > LEVELS_MAX {
        return Err(ParseError::TooDeep);
    }
    let clean = sanitizer().clean(input).to_string();
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(clean);
    let mut out = Blocks::default();
    walk(&dom.document, &Marks::new(), 0, &mut out)?;
    Ok(out.end())
}

/// How deep elements could be nested at most. A parser's work grows with the depth for each
/// element, so this is looked at first.
fn levels(input: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for (at, _) in input.match_indices('<') {
        let rest = input.get(at + 1..).unwrap_or_default();
        let (is_end, rest) = match rest.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let name = rest
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let name = name
            .get(..name.len().min(16))
            .unwrap_or_default()
            .to_ascii_lowercase();
        if NO_END.contains(&name.as_str()) {
            continue;
        }
        depth = if is_end {
            depth.saturating_sub(1)
        } else {
            depth + 1
        };
        deepest = deepest.max(depth);
    }
    deepest
}

/// What may come in: what has a place in the tree, and nothing that runs or loads by itself.
fn sanitizer() -> &'static Builder<'static> {
    static SANITIZER: OnceLock<Builder<'static>> = OnceLock::new();
    SANITIZER.get_or_init(|| {
        let tags = [
            "a",
            "article",
            "b",
            "blockquote",
            "br",
            "code",
            "dd",
            "del",
            "div",
            "dl",
            "dt",
            "em",
            "figcaption",
            "figure",
            "footer",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "hr",
            "i",
            "img",
            "input",
            "ins",
            "kbd",
            "li",
            "main",
            "nav",
            "ol",
            "p",
            "pre",
            "s",
            "samp",
            "section",
            "span",
            "strike",
            "strong",
            "table",
            "tbody",
            "td",
            "tfoot",
            "th",
            "thead",
            "tr",
            "tt",
            "u",
            "ul",
        ];
        let attributes: [(&str, &[&str]); 10] = [
            ("a", &["href", "title"]),
            ("blockquote", &["data-callout"]),
            ("code", &["class"]),
            ("img", &["src", "alt", "title", "width", "height"]),
            ("input", &["type", "checked"]),
            ("li", &["data-type", "data-checked"]),
            ("ol", &["start"]),
            ("td", &["colspan", "rowspan", "data-colwidth"]),
            ("th", &["colspan", "rowspan", "data-colwidth"]),
            ("ul", &["data-type"]),
        ];
        let attributes = attributes
            .into_iter()
            .map(|(tag, names)| (tag, names.iter().copied().collect()));
        let mut builder = Builder::empty();
        builder
            .tags(tags.into())
            .tag_attributes(attributes.collect())
            .clean_content_tags(["script", "style", "template", "title", "noscript"].into())
            .url_schemes(["http", "https", "mailto", "tel", "ftp", "sms", "data"].into())
            .url_relative(UrlRelative::PassThrough)
            .link_rel(None);
        builder
    })
}

/// Blocks as they are put together, and the text that is not in any yet.
#[derive(Default)]
struct Blocks {
    nodes: Vec<Node>,
    line: Vec<Node>,
}

impl Blocks {
    fn push(&mut self, block: impl Into<Node>) {
        self.flush();
        self.nodes.push(block.into());
    }

    fn flush(&mut self) {
        let line = trimmed(std::mem::take(&mut self.line));
        if !line.is_empty() {
            self.nodes.push(Element::new("paragraph", line).into());
        }
    }

    fn end(mut self) -> Vec<Node> {
        self.flush();
        self.nodes
    }

    /// White space is one space, and none after another one.
    fn text(&mut self, text: &str, marks: &Marks) {
        let mut collapsed = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                ' ' | '\t' | '\n' | '\r' | '\u{c}' => {
                    if !collapsed.ends_with(' ') {
                        collapsed.push(' ');
                    }
                }
                '\0' => collapsed.push('\u{fffd}'),
                other => collapsed.push(other),
            }
        }
        if collapsed.starts_with(' ') && self.ends_with_space() {
            collapsed.remove(0);
        }
        if !collapsed.is_empty() {
            push_text(&mut self.line, &collapsed, marks.clone());
        }
    }

    fn ends_with_space(&self) -> bool {
        match self.line.last() {
            Some(Node::Text(runs)) => runs.last().is_some_and(
                |run| matches!(&run.insert, crate::Insert::Text(text) if text.ends_with(' ')),
            ),
            Some(Node::Element(_)) | None => true,
        }
    }
}

fn walk(node: &Handle, marks: &Marks, depth: usize, out: &mut Blocks) -> Result<(), ParseError> {
    if depth > LEVELS_MAX {
        return Err(ParseError::TooDeep);
    }
    for child in node.children.borrow().iter() {
        match &child.data {
            NodeData::Text { contents } => out.text(&contents.borrow(), marks),
            NodeData::Element { name, .. } => element(child, &name.local, marks, depth + 1, out)?,
            _ => walk(child, marks, depth + 1, out)?,
        }
    }
    Ok(())
}

fn element(
    node: &Handle,
    tag: &str,
    marks: &Marks,
    depth: usize,
    out: &mut Blocks,
) -> Result<(), ParseError> {
    let inside = |marks: &Marks| -> Result<Vec<Node>, ParseError> {
        let mut blocks = Blocks::default();
        walk(node, marks, depth, &mut blocks)?;
        Ok(blocks.end())
    };
    let none = Marks::new();
    match tag {
        "br" => out.line.push(Element::new("hardBreak", Vec::new()).into()),
        "hr" => out.push(Element::new("horizontalRule", Vec::new())),
        "img" => match to_image(node) {
            Some(image) => out.push(image),
            None => out.text(&attribute(node, "alt").unwrap_or_default(), marks),
        },
        "pre" => out.push(preformatted(node)),
        "p" | "dt" | "dd" | "figcaption" => {
            out.flush();
            let blocks = inside(marks)?;
            match blocks.is_empty() {
                true if tag == "p" => out.push(crate::tree::paragraph("")),
                _ => out.nodes.extend(blocks),
            }
        }
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
            let level = tag.trim_start_matches('h').parse().unwrap_or(1_u64);
            out.flush();
            for block in inside(marks)? {
                out.nodes.push(match block {
                    Node::Element(line) if line.name == "paragraph" => {
                        let heading = Element::new("heading", line.children);
                        heading.with("level", level).into()
                    }
                    other => other,
                });
            }
        }
        "blockquote" => {
            let mut children = inside(&none)?;
            if children.is_empty() {
                children.push(crate::tree::paragraph(""));
            }
            let quote = Element::new("blockquote", children);
            let kind = attribute(node, "data-callout");
            let kind = kind.as_deref().and_then(Callout::of_name);
            out.push(match kind {
                Some(kind) => kind.around(quote),
                None => quote,
            });
        }
        "ul" | "ol" => {
            if let Some(list) = list(node, tag, depth)? {
                out.push(list);
            }
        }
        "table" => {
            let mut rows = Vec::new();
            push_rows(node, depth, &mut rows)?;
            if !rows.is_empty() {
                out.push(Element::new("table", rows));
            }
        }
        "a" => match attribute(node, "href").as_deref().and_then(safe_link) {
            Some(href) => {
                let title = attribute(node, "title");
                let marks = marked(marks, "link", link(&href, title.as_deref()));
                walk(node, &marks, depth, out)?;
            }
            None => walk(node, marks, depth, out)?,
        },
        "div" | "section" | "article" | "main" | "header" | "footer" | "nav" | "figure" | "dl"
        | "li" | "body" | "html" => {
            out.flush();
            walk(node, marks, depth, out)?;
            out.flush();
        }
        tag => match mark_of_tag(tag) {
            Some(mark) => walk(node, &marked(marks, mark, json!({})), depth, out)?,
            None => walk(node, marks, depth, out)?,
        },
    }
    Ok(())
}

fn marked(marks: &Marks, name: &str, value: Value) -> Marks {
    let mut marks = marks.clone();
    marks.insert(name.to_owned(), value);
    marks
}

fn tag_of(node: &Handle) -> String {
    match &node.data {
        NodeData::Element { name, .. } => name.local.to_string(),
        _ => String::new(),
    }
}

fn attribute(node: &Handle, key: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else {
        return None;
    };
    let attrs = attrs.borrow();
    let found = attrs
        .iter()
        .find(|attribute| &*attribute.name.local == key)?;
    Some(found.value.to_string())
}

fn number(node: &Handle, key: &str) -> Option<u64> {
    attribute(node, key)?.trim().parse().ok()
}

fn to_image(node: &Handle) -> Option<Node> {
    let source = safe_image(&attribute(node, "src")?)?;
    let alt = attribute(node, "alt").unwrap_or_default();
    let title = attribute(node, "title").unwrap_or_default();
    let Node::Element(mut image) = image(source, &alt, &title) else {
        return None;
    };
    for key in ["width", "height"] {
        if let Some(length) = number(node, key) {
            image = image.with(key, length);
        }
    }
    Some(image.into())
}

fn preformatted(node: &Handle) -> Node {
    let mut text = String::new();
    let mut language = None;
    let mut waiting = vec![node.clone()];
    while let Some(next) = waiting.pop() {
        if tag_of(&next) == "code" && language.is_none() {
            let class = attribute(&next, "class").unwrap_or_default();
            let mut classes = class.split_whitespace();
            language = classes.find_map(|class| Some(class.strip_prefix("language-")?.to_owned()));
        }
        if tag_of(&next) == "br" {
            text.push('\n');
        }
        if let NodeData::Text { contents } = &next.data {
            text.push_str(&contents.borrow());
        }
        waiting.extend(next.children.borrow().iter().rev().cloned());
    }
    code_block(text.strip_suffix('\n').unwrap_or(&text), language)
}

fn list(node: &Handle, tag: &str, depth: usize) -> Result<Option<Node>, ParseError> {
    let items: Vec<Handle> = node
        .children
        .borrow()
        .iter()
        .filter(|child| matches!(child.data, NodeData::Element { .. }))
        .cloned()
        .collect();
    let tasks = attribute(node, "data-type").as_deref() == Some("taskList")
        || (!items.is_empty() && items.iter().all(|item| checkbox(item).is_some()));
    let mut nodes = Vec::new();
    for item in &items {
        let mut blocks = Blocks::default();
        walk(item, &Marks::new(), depth + 1, &mut blocks)?;
        let children = item_content(blocks.end());
        nodes.push(match tasks {
            true => {
                let of_item = attribute(item, "data-checked").map(|checked| checked == "true");
                let checked = of_item.or_else(|| checkbox(item)).unwrap_or(false);
                Element::new("taskItem", children)
                    .with("checked", checked)
                    .into()
            }
            false => Element::new("listItem", children).into(),
        });
    }
    Ok(match (nodes.is_empty(), tasks, tag) {
        (true, ..) => None,
        (false, true, _) => Some(Element::new("taskList", nodes).into()),
        (false, false, "ol") => Some(ordered_list(nodes, number(node, "start").unwrap_or(1))),
        (false, false, _) => Some(Element::new("bulletList", nodes).into()),
    })
}

/// Whether the box at the beginning of an item is ticked, where there is one.
fn checkbox(item: &Handle) -> Option<bool> {
    let children = item.children.borrow();
    let first = children.iter().find(|child| match &child.data {
        NodeData::Element { .. } => true,
        NodeData::Text { contents } => !contents.borrow().trim().is_empty(),
        _ => false,
    })?;
    match tag_of(first).as_str() {
        "input" => Some(attribute(first, "checked").is_some()),
        "p" | "label" => checkbox(first),
        _ => None,
    }
}

fn push_rows(node: &Handle, depth: usize, rows: &mut Vec<Node>) -> Result<(), ParseError> {
    if depth > LEVELS_MAX {
        return Err(ParseError::TooDeep);
    }
    for child in node.children.borrow().iter() {
        if tag_of(child) != "tr" {
            push_rows(child, depth + 1, rows)?;
            continue;
        }
        let mut cells = Vec::new();
        for cell in child.children.borrow().iter() {
            let name = match tag_of(cell).as_str() {
                "td" => "tableCell",
                "th" => "tableHeader",
                _ => continue,
            };
            let mut blocks = Blocks::default();
            walk(cell, &Marks::new(), depth + 2, &mut blocks)?;
            let mut children = blocks.end();
            if children.is_empty() {
                children.push(crate::tree::paragraph(""));
            }
            cells.push(with_spans(cell, Element::new(name, children)).into());
        }
        rows.push(Element::new("tableRow", cells).into());
    }
    Ok(())
}

fn with_spans(cell: &Handle, mut element: Element) -> Element {
    for key in ["colspan", "rowspan"] {
        if let Some(span) = number(cell, key).filter(|span| (2..=1_000).contains(span)) {
            element = element.with(key, span);
        }
    }
    let widths = attribute(cell, "data-colwidth").unwrap_or_default();
    let widths: Result<Vec<u64>, _> = widths.split(',').map(str::parse).collect();
    match widths {
        Ok(widths) => element.with("colwidth", widths),
        Err(_) => element,
    }
}
