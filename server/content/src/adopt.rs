//! Names as the document spells them.
//!
//! Markdown, HTML and plain text know kinds of blocks and marks, not the names of a schema. A
//! document that has `bullet_list` and `strong` gets more of these, not `bulletList` and `bold`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    Element, Node,
    markdown::{Mark, kind_of, mark_of},
    prosemirror::without_hash,
};

/// The names of a document.
#[derive(Debug, Default)]
pub(crate) struct Names {
    elements: BTreeMap<String, String>,
    marks: BTreeMap<u8, String>,
    /// The document spells as prosemirror-schema-basic does.
    is_basic: bool,
    /// Whether it calls the language of code `params`.
    has_params: bool,
}

const BASIC_MARKS: [(u8, &str); 2] = [(1, "strong"), (2, "em")];

fn number_of(mark: &Mark) -> u8 {
    match mark {
        Mark::Link(..) => 0,
        Mark::Bold => 1,
        Mark::Italic => 2,
        Mark::Strike => 3,
        Mark::Underline => 4,
        Mark::Code => 5,
    }
}

/// Whether the forms that are not exact have a word for a mark.
pub(crate) fn is_known_mark(key: &str) -> bool {
    // A link is one only with an address.
    let sample = Value::String(String::new());
    mark_of(key, &sample).is_some()
}

/// Whether a mark says what is wanted, as far as the forms that are not exact can say it.
pub(crate) fn same_mark(key: &str, there: &Value, wanted: &Value) -> bool {
    let off = matches!(there, Value::Null | Value::Bool(false));
    match (mark_of(key, there), mark_of(key, wanted)) {
        (Some(there), Some(wanted)) => !off && there == wanted,
        _ => there == wanted,
    }
}

impl Names {
    pub(crate) fn of(nodes: &[Node]) -> Self {
        let mut names = Self::default();
        names.learn(nodes);
        names
    }

    fn learn(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Element(element) => {
                    self.is_basic |= element.name.contains('_');
                    self.has_params |= element.attributes.contains_key("params");
                    let kind = kind_of(element);
                    self.elements
                        .entry(kind)
                        .or_insert_with(|| element.name.clone());
                    self.learn(&element.children);
                }
                Node::Text(runs) => {
                    for (name, value) in runs.iter().flat_map(|run| &run.marks) {
                        self.is_basic |= matches!(name.as_str(), "strong" | "em");
                        if let Some(mark) = mark_of(name, value) {
                            let name = without_hash(name).to_owned();
                            self.marks.entry(number_of(&mark)).or_insert(name);
                        }
                    }
                }
            }
        }
    }

    /// Nodes with the document's names.
    pub(crate) fn adopt(&self, nodes: Vec<Node>) -> Vec<Node> {
        nodes.into_iter().map(|node| self.node(node)).collect()
    }

    fn node(&self, node: Node) -> Node {
        match node {
            Node::Element(element) => Node::Element(self.element(element)),
            Node::Text(mut runs) => {
                for run in &mut runs {
                    run.marks = self.marks(std::mem::take(&mut run.marks));
                }
                Node::Text(runs)
            }
        }
    }

    fn element(&self, element: Element) -> Element {
        let known = self.elements.get(&kind_of(&element)).cloned();
        let name = known.unwrap_or_else(|| match self.is_basic {
            true => snake(&element.name),
            false => element.name.clone(),
        });
        let mut attributes = element.attributes;
        if self.has_params || self.is_basic {
            for (ours, theirs) in [("language", "params"), ("start", "order")] {
                if let Some(value) = attributes.remove(ours) {
                    attributes.insert(theirs.to_owned(), value);
                }
            }
        }
        Element {
            name,
            attributes,
            children: self.adopt(element.children),
        }
    }

    fn marks(&self, marks: Map<String, Value>) -> Map<String, Value> {
        let renamed = marks.into_iter().map(|(name, value)| {
            let number = mark_of(&name, &value).map(|mark| number_of(&mark));
            let known = number.and_then(|number| self.marks.get(&number).cloned());
            let basic = BASIC_MARKS
                .iter()
                .find(|(basic, _)| self.is_basic && Some(*basic) == number);
            let basic = basic.map(|(_, name)| (*name).to_owned());
            (known.or(basic).unwrap_or(name), value)
        });
        renamed.collect()
    }
}

fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Marks of which a document has several of a kind keep the names that it has for them.
pub(crate) fn adopt_hashes(present: &[Node], wanted: &mut [Node]) {
    let mut known = BTreeMap::new();
    collect_hashes(present, &mut known);
    if !known.is_empty() {
        rename(wanted, &known);
    }
}

type Hashes = BTreeMap<(String, String), String>;

fn collect_hashes(nodes: &[Node], known: &mut Hashes) {
    for node in nodes {
        match node {
            Node::Element(element) => collect_hashes(&element.children, known),
            Node::Text(runs) => {
                for (name, value) in runs.iter().flat_map(|run| &run.marks) {
                    let kind = without_hash(name);
                    if kind != name {
                        known.insert((kind.to_owned(), value.to_string()), name.clone());
                    }
                }
            }
        }
    }
}

fn rename(nodes: &mut [Node], known: &Hashes) {
    for node in nodes {
        match node {
            Node::Element(element) => rename(&mut element.children, known),
            Node::Text(runs) => {
                for run in runs {
                    let marks = std::mem::take(&mut run.marks).into_iter();
                    let renamed = marks.map(|(name, value)| {
                        let key = (without_hash(&name).to_owned(), value.to_string());
                        (known.get(&key).cloned().unwrap_or(name), value)
                    });
                    run.marks = renamed.collect();
                }
            }
        }
    }
}
