//! What a document says, as plain values: trees of nodes, runs of text, JSON.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value};

/// How deep nodes and values may be nested. Editors make a few dozen levels; each one takes stack
/// here and in whatever reads what is made of it.
pub const DEPTH_MAX: usize = 500;

/// What a document says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// Each root by its name, in the order of their names. Empty ones are left out.
    pub roots: BTreeMap<String, Root>,
}

/// One shared type at the top.
#[derive(Debug, Clone, PartialEq)]
pub enum Root {
    /// A tree, as ProseMirror, TipTap and BlockNote make it.
    Tree(Vec<Node>),
    /// A text, as Quill and CodeMirror make it.
    Text(Vec<Run>),
    /// A list or a map, with all that is in it.
    Json(Value),
}

/// A part of a tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text between elements.
    Text(Vec<Run>),
}

/// An element of a tree.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Element {
    /// What it is: `paragraph`, `heading`…
    pub name: String,
    /// Its attributes.
    pub attributes: JsonMap<String, Value>,
    /// What is in it.
    pub children: Vec<Node>,
}

/// Text with the same marks throughout, or something in the place of a character.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What stands there.
    pub insert: Insert,
    /// Its marks.
    pub marks: JsonMap<String, Value>,
}

/// What a run consists of.
#[derive(Debug, Clone, PartialEq)]
pub enum Insert {
    /// Characters.
    Text(String),
    /// A value, such as an image.
    Embed(Value),
    /// A nested tree.
    Node(Box<Node>),
}

impl Element {
    /// An element without attributes.
    pub fn new(name: impl Into<String>, children: Vec<Node>) -> Self {
        Self {
            name: name.into(),
            children,
            ..Self::default()
        }
    }

    /// The same with one attribute more.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(key.to_owned(), value.into());
        self
    }
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}

impl Run {
    /// Text without marks.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            insert: Insert::Text(text.into()),
            marks: JsonMap::new(),
        }
    }
}

/// A paragraph of text without marks; an empty one has no text at all.
pub fn paragraph(text: &str) -> Node {
    let children = match text {
        "" => Vec::new(),
        text => vec![Node::Text(vec![Run::plain(text)])],
    };
    Element::new("paragraph", children).into()
}
