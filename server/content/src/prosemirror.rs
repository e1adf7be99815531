//! Documents of ProseMirror and TipTap as JSON, as `Node.toJSON()` writes them.
//!
//! Between a ProseMirror document and a Yjs one stands the convention of y-prosemirror: an element's
//! name is the node's type, its attributes are the node's without those that are null, text is an
//! `XmlText` with the marks as formats. Several marks of one type have a hash at their names.

use serde_json::{Map, Value, json};

use crate::{
    Content, Element, Insert, Node, ParseError, Root, Run, form::NESTING_MAX, normal::values,
};

/// How many characters the hash of a mark has.
const HASH_LETTERS: usize = 8;
/// What stands in the place of a character and is no node.
const EMBED: &str = "yjsEmbed";

/// The document of these nodes.
pub(crate) fn document(nodes: &[Node]) -> Value {
    let mut content = Vec::new();
    push_all(nodes, &mut content);
    json!({ "type": "doc", "content": content })
}

/// All roots of a document by their names: trees as ProseMirror documents, texts as text where they
/// have no marks and as a list of runs where they have, lists and maps as they are.
pub fn json_of_content(content: &Content) -> Value {
    let roots = content.roots.iter().map(|(name, root)| {
        let value = match root {
            Root::Tree(nodes) => document(nodes),
            Root::Text(runs) => text_value(runs),
            Root::Json(value) => value.clone(),
        };
        (name.clone(), value)
    });
    Value::Object(roots.collect())
}

fn text_value(runs: &[Run]) -> Value {
    let plain = |run: &Run| match (&run.insert, run.marks.is_empty()) {
        (Insert::Text(text), true) => Some(text.clone()),
        _ => None,
    };
    if let Some(texts) = runs.iter().map(plain).collect::<Option<Vec<String>>>() {
        return Value::String(texts.concat());
    }
    let run = |run: &Run| {
        let mut object = Map::new();
        let insert = match &run.insert {
            Insert::Text(text) => Value::String(text.clone()),
            Insert::Embed(value) => value.clone(),
            Insert::Node(node) => document(std::slice::from_ref(node)),
        };
        object.insert("insert".into(), insert);
        if !run.marks.is_empty() {
            object.insert("attributes".into(), Value::Object(run.marks.clone()));
        }
        Value::Object(object)
    };
    Value::Array(runs.iter().map(run).collect())
}

fn push_all(nodes: &[Node], content: &mut Vec<Value>) {
    for node in nodes {
        match node {
            Node::Element(element) => content.push(of_element(element)),
            Node::Text(runs) => runs.iter().for_each(|run| push_run(run, content)),
        }
    }
}

fn of_element(element: &Element) -> Value {
    let mut node = Map::new();
    node.insert("type".into(), Value::String(element.name.clone()));
    let attributes = values(&element.attributes);
    if !attributes.is_empty() {
        node.insert("attrs".into(), Value::Object(attributes));
    }
    let mut content = Vec::new();
    push_all(&element.children, &mut content);
    if !content.is_empty() {
        node.insert("content".into(), Value::Array(content));
    }
    Value::Object(node)
}

fn push_run(run: &Run, content: &mut Vec<Value>) {
    let mut node = match &run.insert {
        Insert::Text(text) if text.is_empty() => return,
        Insert::Text(text) => json!({ "type": "text", "text": text }),
        Insert::Embed(value) => json!({ "type": EMBED, "attrs": { "value": value } }),
        Insert::Node(node) => return push_all(std::slice::from_ref(node), content),
    };
    let marks: Vec<Value> = values(&run.marks)
        .into_iter()
        .map(|(name, value)| of_mark(&name, value))
        .collect();
    if let Some(object) = node.as_object_mut().filter(|_| !marks.is_empty()) {
        object.insert("marks".into(), Value::Array(marks));
    }
    content.push(node);
}

fn of_mark(name: &str, value: Value) -> Value {
    let name = without_hash(name);
    match value {
        Value::Object(attributes) if !attributes.is_empty() => {
            json!({ "type": name, "attrs": attributes })
        }
        Value::Object(_) | Value::Bool(true) => json!({ "type": name }),
        other => json!({ "type": name, "attrs": { "value": other } }),
    }
}

/// A mark's type, of the name under which a document may keep it.
pub(crate) fn without_hash(name: &str) -> &str {
    match name.rsplit_once("--") {
        Some((kind, hash)) if hash.len() == HASH_LETTERS && !kind.is_empty() => kind,
        _ => name,
    }
}

/// The nodes of a document.
pub(crate) fn parse(input: &str) -> Result<Vec<Node>, ParseError> {
    let value: Value = serde_json::from_str(input).map_err(|error| {
        // The reader's own bound, which it has no kind of error for.
        match error.to_string().contains("recursion limit") {
            true => ParseError::TooDeep,
            false => ParseError::Malformed(format!("not JSON: {error}")),
        }
    })?;
    of_value(&value)
}

/// The same, of JSON that was read already.
pub(crate) fn of_value(value: &Value) -> Result<Vec<Node>, ParseError> {
    if value["type"] != "doc" {
        return Err(ParseError::Malformed(
            "a document has \"type\": \"doc\" and a list \"content\"".into(),
        ));
    }
    children(value, "doc", 0)
}

fn children(node: &Value, place: &str, depth: usize) -> Result<Vec<Node>, ParseError> {
    if depth > NESTING_MAX {
        return Err(ParseError::TooDeep);
    }
    let content = match &node["content"] {
        Value::Null => return Ok(Vec::new()),
        Value::Array(content) => content,
        _ => return Err(ParseError::Malformed(format!("{place}: content is a list"))),
    };
    let mut nodes: Vec<Node> = Vec::with_capacity(content.len());
    for child in content {
        let Some(kind) = child["type"].as_str().filter(|kind| !kind.is_empty()) else {
            return Err(ParseError::Malformed(format!("{place}: a node has a type")));
        };
        let insert = match kind {
            "text" => {
                let text = child["text"].as_str();
                let text = text.ok_or_else(|| {
                    ParseError::Malformed(format!("{place}: a text node has a text"))
                })?;
                Insert::Text(text.to_owned())
            }
            EMBED => Insert::Embed(child["attrs"]["value"].clone()),
            _ => {
                nodes.push(Node::Element(Element {
                    name: kind.to_owned(),
                    attributes: values(&attributes(&child["attrs"], kind)?),
                    children: children(child, kind, depth + 1)?,
                }));
                continue;
            }
        };
        let run = Run {
            insert,
            marks: marks(&child["marks"], place)?,
        };
        match nodes.last_mut() {
            Some(Node::Text(runs)) => runs.push(run),
            _ => nodes.push(Node::Text(vec![run])),
        }
    }
    Ok(nodes)
}

fn attributes(value: &Value, place: &str) -> Result<Map<String, Value>, ParseError> {
    match value {
        Value::Null => Ok(Map::new()),
        Value::Object(attributes) => Ok(attributes.clone()),
        _ => Err(ParseError::Malformed(format!(
            "{place}: attrs is an object"
        ))),
    }
}

fn marks(value: &Value, place: &str) -> Result<Map<String, Value>, ParseError> {
    let list = match value {
        Value::Null => return Ok(Map::new()),
        Value::Array(list) => list,
        _ => return Err(ParseError::Malformed(format!("{place}: marks is a list"))),
    };
    let mut marks = Map::new();
    for mark in list {
        let Some(kind) = mark["type"].as_str().filter(|kind| !kind.is_empty()) else {
            return Err(ParseError::Malformed(format!("{place}: a mark has a type")));
        };
        let value = Value::Object(values(&attributes(&mark["attrs"], kind)?));
        let name = match marks.get(kind) {
            Some(known) if *known != value => format!("{kind}--{}", hash(&value)),
            _ => kind.to_owned(),
        };
        marks.insert(name, value);
    }
    Ok(marks)
}

/// Tells marks of one type apart. Readers take it for what it is: any eight letters.
fn hash(value: &Value) -> String {
    // FNV-1a.
    let bytes = value.to_string();
    let hash = bytes.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("{:08x}", hash >> 32)
}
