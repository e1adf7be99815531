//! Text with marks, inside one paragraph.

use serde_json::{Map, Value};

use crate::tree::{Element, Insert, Node, Run};

/// A mark as Markdown writes it. In the order in which they are opened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Its target and its title.
    Link(String, String),
    /// Strong.
    Bold,
    /// Emphasis.
    Italic,
    /// Struck through.
    Strike,
    /// Underlined.
    Underline,
    /// Code within a line.
    Code,
}

impl Mark {
    fn open(&self) -> &'static str {
        match self {
            Self::Link(..) => "[",
            Self::Bold => "**",
            Self::Italic => "*",
            Self::Strike => "~~",
            Self::Underline => "<u>",
            Self::Code => "`",
        }
    }

    fn close(&self) -> String {
        match self {
            Self::Link(target, title) => format!("]({}{})", destination(target), quoted(title)),
            Self::Underline => "</u>".to_owned(),
            other => other.open().to_owned(),
        }
    }
}

/// One line of text as it grows. Marks that go on from one run to the next stay open.
#[derive(Debug, Default)]
struct Line {
    text: String,
    open: Vec<Mark>,
}

impl Line {
    fn set(&mut self, marks: &[Mark]) {
        let same = self
            .open
            .iter()
            .zip(marks)
            .take_while(|(a, b)| a == b)
            .count();
        while self.open.len() > same {
            let Some(mark) = self.open.pop() else { break };
            // A closing mark after a space would not close anything.
            let end = self.text.trim_end_matches([' ', '\t']).len();
            let space = self.text.split_off(end);
            self.text.push_str(&mark.close());
            self.text.push_str(&space);
        }
        for mark in marks.iter().skip(same) {
            self.text.push_str(mark.open());
            self.open.push(mark.clone());
        }
    }

    fn push(&mut self, text: &str, marks: &[Mark]) {
        let rest = text.trim_start_matches([' ', '\t']);
        let kept = marks
            .iter()
            .zip(&self.open)
            .take_while(|(a, b)| a == b)
            .count();
        if rest.is_empty() {
            // Space takes no new mark.
            self.set(marks.get(..kept).unwrap_or_default());
            self.text.push_str(text);
            return;
        }
        self.set(marks.get(..kept).unwrap_or_default());
        self.text.push_str(&text[..text.len() - rest.len()]);
        if marks.last() == Some(&Mark::Code) {
            self.set(marks.split_last().map_or(&[], |(_, others)| others));
            self.text.push_str(&code_span(rest));
        } else {
            self.set(marks);
            self.text.push_str(&escape(rest));
        }
    }
}

/// Text between backquotes is not escaped, so there are more of them around than in it.
fn code_span(text: &str) -> String {
    let text = text.replace('\n', " ");
    let fence = "`".repeat(longest_fence(&text) + 1);
    let ticks = text.starts_with('`') || text.ends_with('`');
    let spaces = text.starts_with(' ') && text.ends_with(' ') && !text.trim().is_empty();
    match ticks || spaces {
        true => format!("{fence} {text} {fence}"),
        false => format!("{fence}{text}{fence}"),
    }
}

/// The longest row of backquotes.
pub(super) fn longest_fence(text: &str) -> usize {
    let rows = text.split(|character| character != '`');
    rows.map(str::len).max().unwrap_or(0)
}

/// The Markdown of everything inside a paragraph or heading.
pub(super) fn render(nodes: &[Node]) -> String {
    let mut line = Line::default();
    nodes
        .iter()
        .for_each(|node| push_node(&mut line, node, &[]));
    line.set(&[]);
    escape_start(line.text.trim())
}

/// The Markdown of runs.
pub(super) fn render_runs(runs: &[Run]) -> String {
    let mut line = Line::default();
    runs.iter().for_each(|run| push_run(&mut line, run));
    line.set(&[]);
    escape_start(line.text.trim())
}

/// The characters alone, without escapes and marks.
pub(super) fn plain(runs: &[Run]) -> String {
    runs.iter()
        .map(|run| match &run.insert {
            Insert::Text(text) => text.clone(),
            Insert::Embed(value) => embed(value),
            Insert::Node(node) => plain_nodes(std::slice::from_ref(node)),
        })
        .collect()
}

/// The characters of everything in a tree.
pub(super) fn plain_nodes(nodes: &[Node]) -> String {
    nodes
        .iter()
        .map(|node| match node {
            Node::Text(runs) => plain(runs),
            Node::Element(element) if is(element, "hardbreak") => "\n".to_owned(),
            Node::Element(element) => plain_nodes(&element.children),
        })
        .collect()
}

fn push_node(line: &mut Line, node: &Node, marks: &[Mark]) {
    match node {
        Node::Text(runs) => runs.iter().for_each(|run| push_run(line, run)),
        Node::Element(element) if is(element, "hardbreak") => {
            line.set(&[]);
            line.text.push_str("\\\n");
        }
        Node::Element(element) if is(element, "image") => {
            line.set(marks);
            line.text.push_str(&image(&element.attributes));
        }
        Node::Element(element) if element.children.is_empty() => {
            line.push(&label(&element.attributes), marks);
        }
        Node::Element(element) => {
            let children = element.children.iter();
            children.for_each(|child| push_node(line, child, marks));
        }
    }
}

fn push_run(line: &mut Line, run: &Run) {
    let marks = marks_of(&run.marks);
    match &run.insert {
        Insert::Text(text) => {
            let mut parts = text.split('\n');
            line.push(parts.next().unwrap_or_default(), &marks);
            for part in parts {
                line.set(&[]);
                line.text.push_str("\\\n");
                line.push(part, &marks);
            }
        }
        Insert::Embed(value) => {
            line.set(&marks);
            line.text.push_str(&embed(value));
        }
        Insert::Node(node) => push_node(line, node, &marks),
    }
}

/// An image of Quill, or whatever else stands in the place of a character.
fn embed(value: &Value) -> String {
    match value.get("image").and_then(Value::as_str) {
        Some(source) => format!("![]({})", destination(source)),
        None => escape(&value.to_string()),
    }
}

/// `![alt](source "title")` of whatever a schema calls these.
pub(super) fn image(attributes: &Map<String, Value>) -> String {
    let alt = first_text(attributes, &["alt", "caption", "name"]);
    let source = first_text(attributes, &["src", "url"]);
    let title = first_text(attributes, &["title"]);
    format!(
        "![{}]({}{})",
        escape(&alt),
        destination(&source),
        quoted(&title)
    )
}

/// A title as it stands after an address.
fn quoted(title: &str) -> String {
    match title {
        "" => String::new(),
        title => format!(" \"{}\"", escape(title).replace(['"', '\n'], "'")),
    }
}

/// What a node without content shows: a mention its name, a file its address.
pub fn label(attributes: &Map<String, Value>) -> String {
    first_text(
        attributes,
        &[
            "label", "text", "title", "name", "caption", "url", "href", "src",
        ],
    )
}

/// Whether an attribute is set, however it is written.
pub(crate) fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value.as_str() == Some("true")
}

/// The first of these attributes that is a text and not empty.
pub fn first_text(attributes: &Map<String, Value>, keys: &[&str]) -> String {
    let mut texts = keys.iter().filter_map(|key| attributes.get(*key)?.as_str());
    texts
        .find(|text| !text.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// The marks that Markdown and HTML have words for, in their order.
pub fn marks_of(marks: &Map<String, Value>) -> Vec<Mark> {
    let set = marks
        .iter()
        .filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)));
    let mut found: Vec<Mark> = set
        .filter_map(|(name, value)| mark_of(name, value))
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The mark that Markdown and HTML have a word for.
pub(crate) fn mark_of(name: &str, value: &Value) -> Option<Mark> {
    // y-prosemirror adds a hash to the name of a mark that may overlap itself.
    let name = name.split_once("--").map_or(name, |(name, _)| name);
    Some(match name.to_lowercase().as_str() {
        "bold" | "strong" => Mark::Bold,
        "italic" | "em" => Mark::Italic,
        "strike" | "strikethrough" | "s" => Mark::Strike,
        "underline" | "u" => Mark::Underline,
        "code" => Mark::Code,
        "link" | "a" => {
            let target = value.as_str().or_else(|| value.get("href")?.as_str());
            let title = value.get("title").and_then(Value::as_str);
            Mark::Link(target?.to_owned(), title.unwrap_or_default().to_owned())
        }
        _ => return None,
    })
}

/// A link's target between its brackets.
fn destination(target: &str) -> String {
    let mut text = String::with_capacity(target.len());
    for character in target.chars() {
        match character {
            ' ' => text.push_str("%20"),
            '(' => text.push_str("%28"),
            ')' => text.push_str("%29"),
            '<' => text.push_str("%3C"),
            '>' => text.push_str("%3E"),
            '\\' => text.push_str("%5C"),
            control if control.is_control() => {}
            other => text.push(other),
        }
    }
    text
}

/// Characters that would mean something to Markdown.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek();
        let means = match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '~' => true,
            // An entity, or an image where a link follows.
            '&' => next.is_some_and(|next| next.is_ascii_alphanumeric() || *next == '#'),
            '!' => next.is_none(),
            _ => false,
        };
        if means {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// What would make something else of a paragraph by how one of its lines begins.
fn escape_start(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(escape_line_start).collect();
    lines.join("\n")
}

fn escape_line_start(line: &str) -> String {
    let rest = line.trim_start_matches(|character: char| character.is_ascii_digit());
    let is_number = rest.len() < line.len() && rest.starts_with(['.', ')']);
    if line.starts_with(['#', '>', '+', '-', '=']) {
        format!("\\{line}")
    } else if is_number {
        let digits = &line[..line.len() - rest.len()];
        format!("{digits}\\{rest}")
    } else {
        line.to_owned()
    }
}

/// Whether an element is of this kind, however its schema spells it.
pub(crate) fn is(element: &Element, kind: &str) -> bool {
    kind_of(element) == kind
}

/// `bulletList`, `bullet_list` and `bullet-list` are one.
pub fn kind_of(element: &Element) -> String {
    let letters = element
        .name
        .chars()
        .filter(|character| !matches!(character, '_' | '-'));
    letters.flat_map(char::to_lowercase).collect()
}
