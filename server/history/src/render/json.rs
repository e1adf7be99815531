//! Trees as JSON.

use serde_json::{Map, Value, json};

use super::{is_text, is_xml};
use crate::{
    Attribution, Author,
    tree::{Attributes, Branch, Change, Kind, Leaf, Mark, Tree},
};

/// A tree as JSON: `{"roots": {name: branch}}`. With an attribution, every part says also whose it
/// is and what became of it.
pub fn json(tree: &Tree, told: Option<&Attribution>) -> Value {
    let roots = tree
        .iter()
        .map(|(name, branch)| (name.to_string(), branch_json(branch, told)));
    json!({ "roots": roots.collect::<Map<_, _>>() })
}

/// Somebody, as JSON; `null` is nobody known.
pub(crate) fn author_json(author: &Author) -> Value {
    json!({ "user": author.user.as_deref(), "name": author.name.as_deref() })
}

fn branch_json(branch: &Branch, told: Option<&Attribution>) -> Value {
    let mut object = Map::new();
    let (kind, list) = match &branch.kind {
        Kind::Element(name) => {
            object.insert("name".into(), json!(**name));
            ("element", "children")
        }
        Kind::XmlText => ("xmlText", "delta"),
        Kind::Map => ("map", "items"),
        Kind::Array => ("array", "items"),
        Kind::Unknown(kind) => {
            object.insert("kind".into(), json!(kind));
            ("unknown", "items")
        }
        _ if is_text(branch) => ("text", "delta"),
        _ if is_xml(branch) => ("xml", "children"),
        _ if branch.children.is_empty() && !branch.entries.is_empty() => ("map", "items"),
        _ => ("array", "items"),
    };
    object.insert("type".into(), json!(kind));
    let always = kind != "map";
    if always || !branch.children.is_empty() {
        let children = branch.children.iter();
        let children = children.map(|(leaf, mark)| child_json(leaf, *mark, list, told));
        object.insert(list.into(), children.collect());
    }
    if !branch.entries.is_empty() || kind == "map" {
        let name = match kind {
            "element" => "attributes",
            _ => "entries",
        };
        object.insert(name.into(), entries_json(branch, kind == "element", told));
    }
    Value::Object(object)
}

fn entries_json(branch: &Branch, bare: bool, told: Option<&Attribution>) -> Value {
    if told.is_none() {
        let entries = branch.entries.iter().map(|(key, leaf, _)| {
            let value = match leaf {
                Leaf::Value(value) if bare => value.clone(),
                leaf => leaf_json(leaf, None),
            };
            (key.to_string(), value)
        });
        return Value::Object(entries.collect());
    }
    let entries = branch.entries.iter().map(|(key, leaf, mark)| {
        let mut object = as_object(leaf_json(leaf, told));
        object.insert("key".into(), json!(**key));
        tell(&mut object, *mark, told);
        Value::Object(object)
    });
    entries.collect()
}

fn child_json(leaf: &Leaf, mark: Mark, list: &str, told: Option<&Attribution>) -> Value {
    let mut object = match (list, leaf) {
        ("delta", leaf) => delta_json(leaf, told),
        (_, leaf) => as_object(leaf_json(leaf, told)),
    };
    tell(&mut object, mark, told);
    Value::Object(object)
}

fn delta_json(leaf: &Leaf, told: Option<&Attribution>) -> Map<String, Value> {
    let mut object = Map::new();
    let (insert, attributes) = match leaf {
        Leaf::Text(text, attributes) => (json!(text), Some(attributes)),
        Leaf::Embed(value, attributes) => (value.clone(), Some(attributes)),
        leaf => (leaf_json(leaf, told), None),
    };
    object.insert("insert".into(), insert);
    if let Some(attributes) = attributes.filter(|attributes| !attributes.is_empty()) {
        object.insert("attributes".into(), attributes_json(attributes));
    }
    object
}

fn attributes_json(attributes: &Attributes) -> Value {
    let attributes = attributes.iter();
    let pairs = attributes.map(|(key, value)| (key.to_string(), value.clone()));
    Value::Object(pairs.collect())
}

fn leaf_json(leaf: &Leaf, told: Option<&Attribution>) -> Value {
    match leaf {
        Leaf::Text(text, _) => json!({ "value": text }),
        Leaf::Value(value) | Leaf::Embed(value, _) => json!({ "value": value }),
        Leaf::Subdocument => json!({ "type": "subdocument" }),
        Leaf::Branch(branch) => branch_json(branch, told),
    }
}

fn as_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

fn tell(object: &mut Map<String, Value>, mark: Mark, told: Option<&Attribution>) {
    let Some(told) = told else { return };
    if let Some(change) = mark.change {
        let change = match change {
            Change::Inserted => "inserted",
            Change::Deleted => "deleted",
            Change::Formatted => "formatted",
        };
        object.insert("change".into(), json!(change));
    }
    if let Some((author, stamp)) = mark.stamp.and_then(|stamp| told.stamp_of(stamp)) {
        object.insert("by".into(), author_json(author));
        object.insert("first_ms".into(), json!(stamp.first_ms));
        object.insert("last_ms".into(), json!(stamp.last_ms));
    }
}
